"""One active instance a mailbox, fenced by a generation that rises with every take-over.

SQLite: a lock on a file beside the database, which the kernel frees when its holder dies. PostgreSQL: a row
whose expiry is judged by the database's own clock. On both the row's `gen` is the fence.
"""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import Database, insert, micros
from daemon.edge.tables import lease
from daemon.errors import LeaseLost, Unavailable

_GENERATION = sa.select(lease.c.gen).where(lease.c.mailbox == sa.bindparam("of_mailbox")).with_for_update()


def fence(connection: Connection, mailbox: str, gen: int) -> None:
    """Raise LeaseLost unless `gen` is still the mailbox's generation; holds off a take-over until the commit.

    The row is locked for this transaction alone: our own stations write one after the other, so that none overwrites
    a thread that another has changed since it was read (READ COMMITTED would let it; SQLite has one writer anyway).
    """
    if connection.execute(_GENERATION, {"of_mailbox": mailbox}).scalar() != gen:
        raise LeaseLost(f"another instance holds {mailbox} now")


def worker(database: Database) -> str:
    """Who works with this database now, whatever the mailbox: its name, where that is known. Empty: nobody."""
    if database.file is not None:
        handle = _lock(database.file)
        if handle is None:
            return "another process"
        os.close(handle)
        return ""
    with database.read() as connection:
        if not sa.inspect(connection).has_table(lease.name):
            return ""
        at_work = sa.select(lease.c.holder).where(lease.c.expires > _now(connection)).limit(1)
        return connection.execute(at_work).scalar() or ""


def _lock(file: Path) -> int | None:
    """The lock on the file beside a database in SQLite; None: another process has it."""
    handle = os.open(f"{file}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _now(connection: Connection) -> int:
    """By the database's own clock, where it has one."""
    if connection.dialect.name == "postgresql":
        return micros(connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one())
    return int(time.time() * 1_000_000)


class Lease:
    """The right to act on one mailbox. Not thread-safe: one caller at a time."""

    def __init__(self, database: Database, mailbox: str, holder: str, duration_s: int = 30) -> None:
        self._database = database
        self._mailbox = mailbox
        self._holder = holder
        self.duration_s = duration_s
        self._gen: int | None = None
        self._until_s = 0.0
        self._lock_file: int | None = None

    def acquire(self) -> int | None:
        """The new generation, or None while another instance holds the mailbox."""
        if not self._take_lock():
            return None
        asked_s = time.monotonic()
        with self._database.write() as connection:
            gen = self._take_row(connection)
        if gen is None:
            return None
        self._gen, self._until_s = gen, asked_s + self.duration_s
        return gen

    def renew(self) -> None:
        """Hold on for another duration. Raises LeaseLost when it was taken over."""
        asked_s = time.monotonic()
        mine = sa.and_(lease.c.mailbox == self._mailbox, lease.c.gen == self._gen)
        with self._database.write() as connection:
            expires = _now(connection) + self.duration_s * 1_000_000
            if connection.execute(sa.update(lease).where(mine).values(expires=expires)).rowcount != 1:
                raise LeaseLost(f"another instance holds {self._mailbox} now")
        self._until_s = asked_s + self.duration_s

    def remaining_s(self) -> float:
        """Seconds for which nobody else may act, by our own steady clock."""
        return max(0.0, self._until_s - time.monotonic())

    def release(self) -> None:
        """Give the mailbox up at once, so that a warm instance need not wait."""
        if self._gen is not None:
            mine = sa.and_(lease.c.mailbox == self._mailbox, lease.c.gen == self._gen)
            with suppress(Unavailable), self._database.write() as connection:
                connection.execute(sa.update(lease).where(mine).values(expires=0))
        self._gen, self._until_s = None, 0.0
        self._drop_lock()

    def _take_lock(self) -> bool:
        if self._database.file is None or self._lock_file is not None:
            return True
        self._lock_file = _lock(self._database.file)
        return self._lock_file is not None

    def _drop_lock(self) -> None:
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def _take_row(self, connection: Connection) -> int | None:
        now = _now(connection)
        query = sa.select(lease).where(lease.c.mailbox == self._mailbox).with_for_update()
        row = connection.execute(query).mappings().first()
        expires = now + self.duration_s * 1_000_000
        if row is None:
            values = {"mailbox": self._mailbox, "holder": self._holder, "gen": 1, "expires": expires}
            first = insert(connection, lease).values(**values).on_conflict_do_nothing().returning(lease.c.gen)
            return connection.execute(first).scalar()  # None: another instance was first
        if self._database.file is None and row["expires"] > now:
            return None
        gen = int(row["gen"]) + 1
        where = lease.c.mailbox == self._mailbox
        connection.execute(sa.update(lease).where(where).values(holder=self._holder, gen=gen, expires=expires))
        return gen
