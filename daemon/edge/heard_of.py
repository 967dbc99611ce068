"""Of which names anything is written at all: most mail is news, and of what is news nothing more need be asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import chunks, eui_to_int, int_to_eui, micros
from daemon.edge.tables import item, mail, release, signature, thread
from daemon.rules.identifiers import DeviceId

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Names:
    """Names that some mails bring or would be given."""

    devices: Sequence[DeviceId]
    semantic_keys: Sequence[str]
    digests: Sequence[str]
    case_ids: Sequence[str]
    references: Sequence[str]


def heard_of(connection: Connection, names: Names, since: datetime) -> set[str]:
    """Those of a settled mail, of a signature, of a thread; and devices that somebody asked for, or whose code left us since then."""
    numbers = [eui_to_int(device) for device in names.devices]
    found = {
        *_found(connection, mail.c.semantic_key, names.semantic_keys, mail.c.state == "settled"),
        *_found(connection, signature.c.digest, names.digests),
        *_found(connection, thread.c.case_id, names.case_ids),
        *_found(connection, thread.c.reference, names.references),
    }
    busy = (
        *_found(connection, item.c.device_id, numbers),
        *_found(connection, release.c.device_id, numbers, release.c.at >= micros(since)),
    )
    return {*found, *map(int_to_eui, busy)}


def _found(connection: Connection, column: sa.Column[T], names: Sequence[T], *where: sa.ColumnElement[bool]) -> list[T]:
    found: list[T] = []
    for some in chunks(names):
        found += connection.execute(sa.select(column).where(column.in_(some), *where)).scalars()
    return found
