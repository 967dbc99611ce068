"""Some devices out of a mail's sheet into our record, in the caller's transaction. Codes are sealed before SQL sees them.

An inventory is as old as the last file that told of all devices. So what a mail brings makes it fresh only where the
sheet names every device that we hold; else those that it does not name would pass for looked after.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge import inventory
from daemon.edge.database import insert, int_to_eui, micros
from daemon.edge.inventory import batch as inventory_batch
from daemon.edge.inventory.batch import SAME, Batch, Plain, Stored
from daemon.edge.inventory.rows import Checker, Device
from daemon.edge.sheets.imports import Sheet
from daemon.edge.tables import device, import_run
from daemon.edge.vault import Vault
from daemon.rules.identifiers import DeviceId
from daemon.rules.team.differences import Differences, Record, differences

CODE = "install_code"
_COLUMNS = ("device_type", "installing_supplier", "installed_on", "status", "gaining_supplier", "linked_gsme")
_HELD, _ANOTHER = "held", "another one"


@dataclass(frozen=True, slots=True)
class Update:
    """A sheet held against our record. `before`: a digest of what we hold of its devices."""

    found: Differences[DeviceId]
    devices: int
    codes_dropped: int
    """Codes of commissioned devices, which are not kept."""
    suppliers: frozenset[str]
    complete: bool
    """It names every device that we hold, so that the inventory is fresh by it."""
    before: str
    batch: Batch = field(repr=False)


def weighed(connection: Connection, vault: Vault, sheet: Sheet) -> Update:
    """What the sheet does to our record. Rows that cannot be taken are noted in `sheet.faults`, and left out."""
    inventory_batch.lock(connection)
    checker = Checker(sheet.present, sheet.faults)
    devices = _checked(checker, sheet)
    stored = inventory_batch.held(connection, [one.number for one in devices])
    batch = inventory_batch.weighed(vault, devices, stored)
    found = _differences(batch, stored)
    return Update(
        found=found,
        devices=len(devices),
        codes_dropped=batch.dropped,
        suppliers=checker.suppliers,
        complete=len(devices) == inventory.size(connection) + len(found.added),
        before=hashlib.sha256(repr(sorted(stored.items())).encode()).hexdigest(),
        batch=batch,
    )


def _checked(checker: Checker, sheet: Sheet) -> list[Device]:
    devices = [one for line, cells in sheet.rows if (one := checker.check(line, cells)) is not None]
    lines: dict[int, list[int]] = {}
    for line, number in (*checker.spoiled, *((one.line, one.number) for one in devices)):
        lines.setdefault(number, []).append(line)
    twice = {number: sorted(places) for number, places in lines.items() if len(places) > 1}
    for number, places in twice.items():
        for line, reason in inventory_batch.named_twice(number, places):
            sheet.faults.add(line, reason)
    return [one for one in devices if one.number not in twice]


# In words, for people ───────────────────────────────────────────────────────────────────────────────


def _differences(batch: Batch, stored: dict[int, Stored]) -> Differences[DeviceId]:
    sealing = set(batch.places)
    old = {int_to_eui(number): _record(row[1:7], _HELD if row[7] else "") for number, row in stored.items()}
    new: dict[DeviceId, Record] = {}
    for place, (_, fate, number, *plain, kept) in enumerate(batch.rows):
        name = int_to_eui(number)
        had = bool(old.get(name, {}).get(CODE))
        code = (_ANOTHER if had else _HELD) if place in sealing else _HELD if kept else ""
        new[name] = old[name] if fate == SAME else _record(tuple(plain), code)
    return differences(old, new)


def _record(plain: Plain, code: str) -> Record:
    """A device in words; of its code no more than whether there is one."""
    *words, linked = plain
    cells = (*(word or "" for word in words), int_to_eui(linked) if linked else "")
    return {**dict(zip(_COLUMNS, cells, strict=True)), CODE: code}


# Done ───────────────────────────────────────────────────────────────────────────────────────────────


def take(connection: Connection, vault: Vault, update: Update, file_sha: str, now: datetime) -> None:
    """Put it into our record."""
    rows = [_row(row) for row in update.batch.sealed(vault) if row[1] != SAME]
    if rows:
        statement = insert(connection, device)
        names = [column.name for column in device.c if column.name != "device_id"]
        news = {name: statement.excluded[name] for name in names}
        connection.execute(statement.on_conflict_do_update(index_elements=["device_id"], set_=news), rows)
    kind = inventory.INVENTORY if update.complete else inventory.UPDATE
    run = {"kind": kind, "at": micros(now), "file_sha": file_sha, "rows": update.devices}
    connection.execute(sa.insert(import_run).values(**run))


def _row(row: tuple[object, ...]) -> dict[str, object]:
    _, _, number, kind, installer, day, status, gaining, linked, code = row
    return {
        "device_id": number,
        "device_type": kind,
        "installing_supplier": installer,
        "installed_on": date.fromisoformat(day) if isinstance(day, str) else None,
        "status": status,
        "gaining_supplier": gaining,
        "linked_gsme": linked,
        "install_code": code,
    }
