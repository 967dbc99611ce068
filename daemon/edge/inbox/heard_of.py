"""Of which names anything is written at all: most mail is news, and of what is news nothing more need be asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import among, chunks, eui_to_int, int_to_eui, micros
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


def _which(column: sa.Column[Any], *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(column).where(column.in_(among("names")), *where)


_SETTLED = _which(mail.c.semantic_key, mail.c.state == "settled")
_SIGNED = _which(signature.c.digest)
_CASES = _which(thread.c.case_id)
_REFERENCES = _which(thread.c.reference)
_ASKED_FOR = _which(item.c.device_id)
_RELEASED = _which(release.c.device_id, release.c.at >= sa.bindparam("since"))


def heard_of(connection: Connection, names: Names, since: datetime) -> set[str]:
    """Those of a settled mail, of a signature, of a thread; and devices that somebody asked for, or whose code left us since then."""
    numbers = [eui_to_int(device) for device in names.devices]
    found = {
        *_found(connection, _SETTLED, names.semantic_keys),
        *_found(connection, _SIGNED, names.digests),
        *_found(connection, _CASES, names.case_ids),
        *_found(connection, _REFERENCES, names.references),
    }
    busy = (
        *_found(connection, _ASKED_FOR, numbers),
        *_found(connection, _RELEASED, numbers, since=micros(since)),
    )
    return {*found, *map(int_to_eui, busy)}


def _found(connection: Connection, which: sa.Select[Any], names: Sequence[T], **values: int) -> list[T]:
    found: list[T] = []
    for some in chunks(names):
        found += connection.execute(which, {"names": some, **values}).scalars()
    return found
