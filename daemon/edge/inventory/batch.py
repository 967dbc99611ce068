"""Checked rows of an inventory held against our record: which are new, which say something else, and the codes to seal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import int_to_eui
from daemon.edge.inventory.rows import COMMISSIONED, Device
from daemon.edge.vault import Vault

SAME, CHANGED, NEW, LEFT = range(4)
"""What becomes of a row."""
_LOCK = 7_221_403
COLUMNS = (
    "device_id, device_type, installing_supplier, installed_on, status, gaining_supplier, linked_gsme, install_code"
)
_HELD = {
    "sqlite": f"SELECT {COLUMNS} FROM device WHERE device_id IN (SELECT value FROM json_each(?))",
    "postgresql": f"SELECT {COLUMNS.replace('installed_on', 'installed_on::text')} FROM device"
    " WHERE device_id = ANY(%s)",
}

Stored = tuple[int, str, str, str | None, str, str, int | None, bytes | None]
"""A row in the order of `COLUMNS`; the code sealed."""
NOTHING = (None,) * 7
Plain = tuple[str, str, str | None, str, str, int | None]


def lock(connection: Connection) -> None:
    """Let no other import of devices end before this transaction does."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def held(connection: Connection, numbers: Sequence[int]) -> dict[int, Stored]:
    """What we hold of the devices with these numbers."""
    dialect = connection.dialect.name
    asked = f"[{','.join(map(str, numbers))}]" if dialect == "sqlite" else list(numbers)
    driver: Any = connection.connection.dbapi_connection
    return {row[0]: row for row in driver.execute(_HELD[dialect], (asked,))}


def named_twice(number: int, places: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Rows about one device, by their lines: nobody can say which is right."""
    for line in places:
        others = ", ".join(str(other) for other in places if other != line)
        yield line, f"device_id {int_to_eui(number)} stands on line {others} too"


@dataclass(slots=True)
class Batch:
    """Rows for `incoming`, without the codes that are still to be sealed."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    to_seal: list[tuple[int, bytes]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    """Where in `rows` each of `to_seal` belongs."""
    dropped: int = 0
    """Codes left out because their device is commissioned."""

    def sealed(self, vault: Vault) -> list[tuple[Any, ...]]:
        """The rows, whole."""
        values = vault.seal_many(self.to_seal, table="device", column="install_code")
        for place, value in zip(self.places, values, strict=True):
            self.rows[place] = (*self.rows[place][:-1], value)
        return self.rows

    def add(self, device: Device, fate: int, plain: Plain, *, code: bytes | None, kept: bytes | None) -> None:
        """One row; `kept`: the sealed code that stays, else `code` is to be sealed."""
        if kept is None and code:
            self.places.append(len(self.rows))
            self.to_seal.append((device.number, code))
        self.rows.append((device.line, fate, device.number, *plain, kept))


def weighed(vault: Vault, devices: Sequence[Device], stored: dict[int, Stored]) -> Batch:
    """What is to be done with a run of rows. Of a row that says what we hold, only its number is written out."""
    batch, known = Batch(), []
    for device in devices:
        old = stored.get(device.number)
        if old is not None:
            known.append((device, old))
            continue
        code = device.install_code
        if device.status == COMMISSIONED and code:
            batch.dropped, code = batch.dropped + 1, None
        batch.add(device, NEW, _plain(device, _BLANK), code=code, kept=None)
    _compare(vault, batch, known)
    return batch


def _compare(vault: Vault, batch: Batch, known: Sequence[tuple[Device, Stored]]) -> None:
    """Hold rows against what we have of their devices."""
    asked = [(d.number, old[7], d.install_code) for d, old in known if old[7] and d.install_code]
    answers = iter(vault.holds_many(asked, table="device", column="install_code"))
    for device, old in known:
        plain, code, sealed = _plain(device, old), device.install_code, old[7]
        kept = sealed if code is None or (code and sealed and next(answers)) else None
        if plain[3] == COMMISSIONED:
            batch.dropped += bool(code)
            code = kept = None
        if plain == old[1:7] and kept == sealed and (kept or not code):
            batch.rows.append((device.line, SAME, device.number, *NOTHING))
        else:
            batch.add(device, CHANGED, plain, code=code, kept=kept)


def _plain(device: Device, old: Stored) -> Plain:
    """The row without its code: the file's word where the file has that column, else what we hold."""
    _, _, kind, _, installer, day, status, gaining, linked = device
    return (
        old[1] if kind is None else kind,
        old[2] if installer is None else installer,
        old[3] if day is None else day or None,
        old[4] if status is None else status,
        old[5] if gaining is None else gaining,
        old[6] if linked is None else linked or None,
    )


_BLANK: Stored = (0, "", "", None, "", "", None, None)
