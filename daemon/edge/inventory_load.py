"""An inventory file into our record of devices: all of it at once, or nothing.

Rows are checked, held against what we have, sealed, and gathered in a temporary table of this connection,
in batches and without any lock that others would feel. One transaction at the end makes them the record;
its length goes by what differs, not by the size of the file: on SQLite, where nobody else writes meanwhile, some
three seconds for a million new or changed rows. Memory does not grow with the file.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge import audit, imports
from daemon.edge.database import Database, int_to_eui, micros
from daemon.edge.imports import Faults, Sheet, Summary
from daemon.edge.inventory import INVENTORY
from daemon.edge.inventory_rows import COMMISSIONED, Checker, Device
from daemon.edge.tables import import_run
from daemon.edge.vault import Vault
from daemon.errors import ImportRefused

BATCH = 10_000
_LOCK = 7_221_403
_SAME, _CHANGED, _NEW, _LEFT = range(4)
_COLUMNS = (
    "device_id, device_type, installing_supplier, installed_on, status, gaining_supplier, linked_gsme, install_code"
)
_INCOMING = """CREATE TEMP TABLE incoming (line bigint NOT NULL, fate smallint NOT NULL, device_id bigint NOT NULL,
    device_type text, installing_supplier text, installed_on {day}, status text, gaining_supplier text,
    linked_gsme bigint, install_code {octets})"""
_TYPES = {"sqlite": {"day": "text", "octets": "blob"}, "postgresql": {"day": "date", "octets": "bytea"}}
_HELD = {
    "sqlite": f"SELECT {_COLUMNS} FROM device WHERE device_id IN (SELECT value FROM json_each(?))",
    "postgresql": f"SELECT {_COLUMNS.replace('installed_on', 'installed_on::text')} FROM device"
    " WHERE device_id = ANY(%s)",
}
_TWICE = """SELECT i.device_id, i.line FROM incoming i WHERE i.device_id IN
    (SELECT device_id FROM incoming GROUP BY device_id HAVING count(*) > 1) ORDER BY i.device_id, i.line"""
_GONE = """CREATE TEMP TABLE gone AS SELECT d.device_id FROM device d
    WHERE NOT EXISTS (SELECT 1 FROM incoming i WHERE i.device_id = d.device_id)"""
_TAKE = f"""INSERT INTO device ({_COLUMNS}) SELECT {_COLUMNS} FROM incoming WHERE fate IN ({_CHANGED}, {_NEW})
    ORDER BY device_id ON CONFLICT (device_id) DO UPDATE SET device_type = excluded.device_type,
    installing_supplier = excluded.installing_supplier, installed_on = excluded.installed_on,
    status = excluded.status, gaining_supplier = excluded.gaining_supplier, linked_gsme = excluded.linked_gsme,
    install_code = excluded.install_code"""

Stored = tuple[int, str, str, str | None, str, str, int | None, bytes | None]
"""A row in the order of `_COLUMNS`; the code sealed."""
_Plain = tuple[str, str, str | None, str, str, int | None]
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """How the operator wants a file taken."""

    replace: bool = False
    """The file is the complete inventory: what it does not name goes."""
    skip_bad: bool = False
    confirm: bool = False
    """More than 2% of what we hold may go."""


def load(store: Database, vault: Vault, sheet: Sheet, wish: Wish, *, now: datetime, progress: Progress) -> Summary:
    """Take the file in. `progress` hears how many rows are read. Raises ImportRefused, with nothing imported."""
    with store.bulk() as connection:
        before = _begin(connection)
        checker = Checker(sheet.present, sheet.faults)
        dropped = _gather(connection, vault, checker, sheet.rows, progress)
        _refuse_twice(connection, sheet.faults)
        sheet.faults.settle(skip_bad=wish.skip_bad)
        gone = _gone(connection, wish)
        summary = _summary(connection, sheet, checker, gone=gone, dropped=dropped)
        with connection.execution_options(write=True).begin():
            _refuse_crossed(connection, before)
            _make_it_so(connection, summary)
            _record(connection, vault, sheet, summary, now)
    return summary


# Gathering ──────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _quietly(connection: Connection) -> Iterator[Any]:
    """The driver's connection in a transaction that takes no lock on the record."""
    with connection.execution_options(write=False).begin():
        yield connection.connection.dbapi_connection


def _begin(connection: Connection) -> int:
    """Make the temporary table. Returns the id of the last inventory import, 0 before the first."""
    with _quietly(connection):
        connection.exec_driver_sql(_INCOMING.format(**_TYPES[connection.dialect.name]))
        return _newest(connection)


def _newest(connection: Connection) -> int:
    runs = sa.select(sa.func.coalesce(sa.func.max(import_run.c.id), 0)).where(import_run.c.kind == INVENTORY)
    return int(connection.execute(runs).scalar_one())


def _gather(
    connection: Connection, vault: Vault, checker: Checker, rows: Iterable[imports.Row], progress: Progress
) -> int:
    """Every row into `incoming`. Returns how many codes were dropped, their devices being commissioned."""
    done = dropped = 0
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        devices = [device for line, cells in batch if (device := checker.check(line, cells)) is not None]
        with _quietly(connection) as driver:
            taken = _batch(vault, devices, _held(connection, driver, devices))
            left = [(line, _LEFT, number, *_NOTHING) for line, number in checker.spoiled]
            _put(connection, driver, [*taken.sealed(vault), *left])
        checker.spoiled.clear()
        done += len(batch)
        dropped += taken.dropped
        progress(done)
    with _quietly(connection):
        connection.exec_driver_sql("CREATE INDEX ix_incoming ON incoming (device_id)")
        connection.exec_driver_sql("ANALYZE incoming")
    return dropped


_NOTHING = (None,) * 7


def _held(connection: Connection, driver: Any, devices: Sequence[Device]) -> dict[int, Stored]:
    numbers = [device.number for device in devices]
    dialect = connection.dialect.name
    asked = f"[{','.join(map(str, numbers))}]" if dialect == "sqlite" else numbers
    return {row[0]: row for row in driver.execute(_HELD[dialect], (asked,))}


@dataclass(slots=True)
class _Batch:
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

    def add(self, device: Device, fate: int, plain: _Plain, *, code: bytes | None, kept: bytes | None) -> None:
        """One row; `kept`: the sealed code that stays, else `code` is to be sealed."""
        if kept is None and code:
            self.places.append(len(self.rows))
            self.to_seal.append((device.number, code))
        self.rows.append((device.line, fate, device.number, *plain, kept))


def _batch(vault: Vault, devices: Sequence[Device], held: dict[int, Stored]) -> _Batch:
    """What is to be done with a run of rows. Of a row that says what we hold, only its number is written out."""
    batch, known = _Batch(), []
    for device in devices:
        old = held.get(device.number)
        if old is not None:
            known.append((device, old))
            continue
        code = device.install_code
        if device.status == COMMISSIONED and code:
            batch.dropped, code = batch.dropped + 1, None
        batch.add(device, _NEW, _plain(device, _BLANK), code=code, kept=None)
    _compare(vault, batch, known)
    return batch


def _compare(vault: Vault, batch: _Batch, known: Sequence[tuple[Device, Stored]]) -> None:
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
            batch.rows.append((device.line, _SAME, device.number, *_NOTHING))
        else:
            batch.add(device, _CHANGED, plain, code=code, kept=kept)


def _plain(device: Device, old: Stored) -> _Plain:
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


def _put(connection: Connection, driver: Any, rows: Sequence[tuple[Any, ...]]) -> None:
    if connection.dialect.name == "sqlite":
        driver.executemany("INSERT INTO incoming VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
        return
    with driver.cursor() as cursor, cursor.copy("COPY incoming FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


# Judging what was gathered ──────────────────────────────────────────────────────────────────────────


def _refuse_twice(connection: Connection, faults: Faults) -> None:
    """Rows about one device: nobody can say which is right, so none is taken."""
    with _quietly(connection):
        lines: dict[int, list[int]] = {}
        for number, line in connection.exec_driver_sql(_TWICE):
            lines.setdefault(number, []).append(line)
            if len(lines) > imports.MAX_BAD_ROWS:
                break
        for number, places in lines.items():
            for line in places:
                others = ", ".join(str(other) for other in places if other != line)
                faults.add(line, f"device_id {int_to_eui(number)} stands on line {others} too")
        twice = f"UPDATE incoming SET fate = {_LEFT} WHERE device_id IN (SELECT device_id FROM incoming"
        if lines:
            connection.exec_driver_sql(f"{twice} GROUP BY device_id HAVING count(*) > 1)")


def _gone(connection: Connection, wish: Wish) -> int:
    """How many devices go; they stand in the temporary table `gone`. Raises ImportRefused when too many do."""
    if not wish.replace:
        return 0
    with _quietly(connection):
        connection.exec_driver_sql(_GONE)
        gone = connection.exec_driver_sql("SELECT count(*) FROM gone").scalar_one()
        held = connection.exec_driver_sql("SELECT count(*) FROM device").scalar_one()
    imports.refuse_many_gone(gone, held, confirm=wish.confirm, noun="device")
    return int(gone)


def _summary(connection: Connection, sheet: Sheet, checker: Checker, *, gone: int, dropped: int) -> Summary:
    with _quietly(connection):
        found = connection.exec_driver_sql("SELECT fate, count(*) FROM incoming GROUP BY fate")
        fates = {fate: int(count) for fate, count in found}
    new, changed, same = (fates.get(fate, 0) for fate in (_NEW, _CHANGED, _SAME))
    if not new + changed + same:
        raise imports.nothing_to_take(sheet)
    return Summary(
        rows=new + changed + same,
        added=new,
        changed=changed,
        unchanged=same,
        gone=gone,
        skipped=sheet.faults.sorted(),
        ignored=sheet.ignored,
        codes_dropped=dropped,
        suppliers=checker.suppliers,
    )


# The one transaction that others see ────────────────────────────────────────────────────────────────


def _refuse_crossed(connection: Connection, before: int) -> None:
    """What was gathered was held against the record as it stood when this import began."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    if _newest(connection) != before:
        raise ImportRefused("another inventory import ended while this one ran; nothing was imported, run it again")


def _make_it_so(connection: Connection, summary: Summary) -> None:
    connection.exec_driver_sql(_TAKE)
    if summary.gone:
        connection.exec_driver_sql("DELETE FROM device WHERE device_id IN (SELECT device_id FROM gone)")


def _record(connection: Connection, vault: Vault, sheet: Sheet, summary: Summary, now: datetime) -> None:
    run = {"kind": INVENTORY, "at": micros(now), "file_sha": sheet.sha, "rows": summary.rows}
    connection.execute(sa.insert(import_run).values(**run))
    audit.append(connection, vault, [imports.audited(INVENTORY, sheet, summary, now)])
