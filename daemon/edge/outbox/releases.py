"""Codes that left us, or are queued to: one row a device and letter."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import among, chunks, eui_to_int, int_to_eui, micros, moment, run_for_each
from daemon.edge.tables import (
    release,
)
from daemon.rules.facts import Release
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import LetterPlan

_RESERVE = sa.insert(release)
ROWS_AT_A_TIME = 2000
"""A sheet has tens of thousands."""


def reserve(connection: Connection, added: Sequence[tuple[int, LetterPlan]], now: datetime) -> None:
    """Count the codes of these letters as leaving us, from now on."""
    shared = {"at": micros(now), "state": "queued"}
    rows = (
        {"device_id": eui_to_int(device), "party": plan.party, "letter_id": letter_id, **shared}
        for letter_id, plan in added
        for device in plan.code_devices
    )
    while some := list(islice(rows, ROWS_AT_A_TIME)):
        run_for_each(connection, _RESERVE, some)


_BY_LETTER = (
    sa.select(release.c.device_id, release.c.letter_id, release.c.party, release.c.at)
    .where(
        release.c.device_id.in_(among("devices")),
        release.c.at >= sa.bindparam("since"),
        release.c.state != "dropped",
    )
    .order_by(release.c.at)
)


def by_letter(
    connection: Connection, devices: Sequence[DeviceId], since: datetime
) -> dict[DeviceId, list[tuple[int, Release]]]:
    """Codes of `devices` that left us, or are queued to, since then, each with the letter that carries it."""
    found: dict[DeviceId, list[tuple[int, Release]]] = {}
    of_letter: dict[int, tuple[int, Release]] = {}  # one for all of its codes: they were queued together
    for some in chunks([eui_to_int(device) for device in devices]):
        rows = connection.execute(_BY_LETTER, {"devices": some, "since": micros(since)}).all()
        for number, letter_id, party, at in rows:
            entry = of_letter.get(letter_id) or of_letter.setdefault(letter_id, (letter_id, Release(party, moment(at))))
            found.setdefault(int_to_eui(number), []).append(entry)
    return found


_OF_DEVICES = (
    sa.select(release.c.device_id, release.c.party, release.c.at)
    .where(
        release.c.device_id.in_(among("devices")),
        release.c.at >= sa.bindparam("since"),
        release.c.state != "dropped",
        release.c.letter_id != sa.bindparam("but_letter"),
    )
    .order_by(release.c.at)
)


def of_devices(
    connection: Connection, devices: Sequence[DeviceId], since: datetime, *, but: int = 0
) -> dict[DeviceId, tuple[Release, ...]]:
    """Codes of `devices` that left us, or are queued to, since then; `but`: a letter that does not count."""
    found: dict[DeviceId, list[Release]] = {}
    for some in chunks([eui_to_int(d) for d in devices]):
        for row in connection.execute(_OF_DEVICES, {"devices": some, "since": micros(since), "but_letter": but}):
            found.setdefault(int_to_eui(row.device_id), []).append(Release(row.party, moment(row.at)))
    return {device: tuple(several) for device, several in found.items()}
