"""An inventory file into our record of devices: all of it at once, or nothing.

Rows are checked, held against what we have, sealed, and gathered in a temporary table of this connection,
in batches and without any lock that others would feel. One transaction at the end makes them the record;
its length goes by what differs, not by the size of the file: on SQLite, where nobody else writes meanwhile, some
three seconds for a million new or changed rows. Memory does not grow with the file.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge import audit
from daemon.edge.database import Database, micros
from daemon.edge.inventory import INVENTORY, UPDATE
from daemon.edge.inventory.batch import CHANGED, COLUMNS, LEFT, NEW, NOTHING, SAME, held, lock, named_twice, weighed
from daemon.edge.inventory.rows import Checker
from daemon.edge.sheets import imports
from daemon.edge.sheets.imports import Faults, Sheet, Summary
from daemon.edge.tables import import_run
from daemon.edge.vault import Vault
from daemon.errors import ImportRefused

BATCH = 10_000
_INCOMING = """CREATE TEMP TABLE incoming (line bigint NOT NULL, fate smallint NOT NULL, device_id bigint NOT NULL,
    device_type text, installing_supplier text, installed_on {day}, status text, gaining_supplier text,
    linked_gsme bigint, install_code {octets})"""
_TYPES = {"sqlite": {"day": "text", "octets": "blob"}, "postgresql": {"day": "date", "octets": "bytea"}}
_TWICE = """SELECT i.device_id, i.line FROM incoming i WHERE i.device_id IN
    (SELECT device_id FROM incoming GROUP BY device_id HAVING count(*) > 1) ORDER BY i.device_id, i.line"""
_GONE = """CREATE TEMP TABLE gone AS SELECT d.device_id FROM device d
    WHERE NOT EXISTS (SELECT 1 FROM incoming i WHERE i.device_id = d.device_id)"""
_TAKE = f"""INSERT INTO device ({COLUMNS}) SELECT {COLUMNS} FROM incoming WHERE fate IN ({CHANGED}, {NEW})
    ORDER BY device_id ON CONFLICT (device_id) DO UPDATE SET device_type = excluded.device_type,
    installing_supplier = excluded.installing_supplier, installed_on = excluded.installed_on,
    status = excluded.status, gaining_supplier = excluded.gaining_supplier, linked_gsme = excluded.linked_gsme,
    install_code = excluded.install_code"""

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
        gone = _gone(connection, sheet, wish)
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
    runs = sa.select(sa.func.coalesce(sa.func.max(import_run.c.id), 0)).where(
        import_run.c.kind.in_((INVENTORY, UPDATE))
    )
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
            taken = weighed(vault, devices, held(connection, [device.number for device in devices]))
            left = [(line, LEFT, number, *NOTHING) for line, number in checker.spoiled]
            _put(connection, driver, [*taken.sealed(vault), *left])
        checker.spoiled.clear()
        done += len(batch)
        dropped += taken.dropped
        progress(done)
    with _quietly(connection):
        connection.exec_driver_sql("CREATE INDEX ix_incoming ON incoming (device_id)")
        connection.exec_driver_sql("ANALYZE incoming")
    return dropped


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
            for line, reason in named_twice(number, places):
                faults.add(line, reason)
        twice = f"UPDATE incoming SET fate = {LEFT} WHERE device_id IN (SELECT device_id FROM incoming"
        if lines:
            connection.exec_driver_sql(f"{twice} GROUP BY device_id HAVING count(*) > 1)")


def _gone(connection: Connection, sheet: Sheet, wish: Wish) -> int:
    """How many devices go; they stand in the temporary table `gone`. Raises ImportRefused when too many do."""
    if not wish.replace:
        return 0
    with _quietly(connection):
        connection.exec_driver_sql(_GONE)
        gone = connection.exec_driver_sql("SELECT count(*) FROM gone").scalar_one()
        held = connection.exec_driver_sql("SELECT count(*) FROM device").scalar_one()
    imports.refuse_many_gone(sheet, gone, held, confirm=wish.confirm, noun="device")
    return int(gone)


def _summary(connection: Connection, sheet: Sheet, checker: Checker, *, gone: int, dropped: int) -> Summary:
    with _quietly(connection):
        found = connection.exec_driver_sql("SELECT fate, count(*) FROM incoming GROUP BY fate")
        fates = {fate: int(count) for fate, count in found}
    new, changed, same = (fates.get(fate, 0) for fate in (NEW, CHANGED, SAME))
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
    lock(connection)
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
