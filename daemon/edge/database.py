"""One engine, two kinds of transaction, and how times and device ids are kept.

SQLite: WAL, synchronous FULL, and BEGIN IMMEDIATE for every write, because a deferred transaction that
reads and then writes fails at once under a second writer. PostgreSQL: READ COMMITTED; uniqueness rests
on constraints, never on the isolation level.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from daemon.edge import migrations
from daemon.edge.failpoints import failpoint
from daemon.errors import ConfigError, Unavailable
from daemon.rules.identifiers import DeviceId

T = TypeVar("T")
BUSY_S = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "trusted_schema=OFF",
    f"busy_timeout={BUSY_S * 1000}",
)
_WRITER_PRAGMAS = (
    "cache_size=-8000",  # KiB: a hundred mails change more pages than the 2 MB hold that are the default
    "temp_store=MEMORY",  # what a savepoint may have to undo; in a file it is half of all that is written
    "wal_autocheckpoint=4000",  # pages: those that change with each letter are copied into the file a quarter as often
)
_UNDEFINED_TABLE = "42P01"
"""PostgreSQL's; SQLite counts it among its operational errors."""
_NETWORK_FILE_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs")


def micros(moment: datetime) -> int:
    """UTC microseconds since 1970, as times are kept. `moment` must carry a zone."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(value: int) -> datetime:
    """The time in UTC that `value` microseconds since 1970 name."""
    return _EPOCH + timedelta(microseconds=value)


@lru_cache(maxsize=4096)  # each device of a batch is asked about seven times
def eui_to_int(device: DeviceId) -> int:
    """A Device ID as the signed 64-bit number that is its primary key."""
    return int.from_bytes(bytes.fromhex(device.replace("-", "")), signed=True)


@lru_cache(maxsize=4096)
def int_to_eui(number: int) -> DeviceId:
    """The Device ID that a signed 64-bit number stands for."""
    return DeviceId(number.to_bytes(8, signed=True).hex("-").upper())


def insert(connection: Connection, table: sa.Table) -> Any:
    """An INSERT that knows ON CONFLICT, in the connection's dialect (Any: both dialects' classes have it)."""
    return insert_in(connection.dialect.name, table)


def insert_in(dialect: str, table: sa.Table) -> Any:
    """The same for statements that are built once a dialect: building one costs four times what running it does."""
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)


def among(name: str) -> sa.BindParameter[Any]:
    """A list that is bound under `name` when the statement runs: for `column.in_()` in one that is built once."""
    return sa.bindparam(name, expanding=True)


def run_for_each(connection: Connection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run `statement` once a row, in the driver alone: SQLAlchemy's own look at each row costs as much as SQLite's work.

    All rows bear the same names, and no other value is bound in the statement, which is built once: it is the key of its SQL.
    """
    if not rows:
        return
    sql, in_order = _sql(statement, connection.dialect, tuple(rows[0]))
    values = list(map(in_order, rows))
    one = f"VALUES ({', '.join('?' * len(values[0]))})"
    if one in sql and len(values) >= TOGETHER:
        rest = len(values) % TOGETHER
        many = sql.replace(one, one + one.replace("VALUES", ",") * (TOGETHER - 1))
        runs = chunks(values[: len(values) - rest], TOGETHER)
        connection.exec_driver_sql(many, [tuple(chain.from_iterable(run)) for run in runs])
        values = values[len(values) - rest :]
    if values:
        connection.exec_driver_sql(sql, values)


TOGETHER = 50
"""Rows in one INSERT into SQLite: whenever it has done with one, other threads take their turn."""


@lru_cache(maxsize=256)
def _sql(statement: Any, dialect: sa.Dialect, names: tuple[str, ...]) -> tuple[str, Callable[[Mapping[str, Any]], Any]]:
    """The SQL of a statement with these parameters, and what makes of a row what the driver takes."""
    compiled = statement.compile(dialect=dialect, column_keys=list(names), for_executemany=True)
    return str(compiled), itemgetter(*compiled.positiontup) if dialect.positional else dict


sqlite3.register_adapter(date, date.isoformat)
"""As SQLAlchemy spells a day; the driver's own way to do so is on its way out."""


def chunks(values: Sequence[T], size: int = 5000) -> Iterator[Sequence[T]]:
    """`values` in runs that fit one statement's bound parameters."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


class Database:
    """The engine behind every edge that stores. Safe to use from several threads."""

    def __init__(self, url: str, idle_s: int = BUSY_S) -> None:
        """`idle_s`: how long PostgreSQL bears a transaction in which nothing happens.

        A process that was stopped in the middle of one, or a machine that fell off the net, would else hold its
        locks, the lease's row among them, and keep the standby from taking over.
        """
        self._url = sa.make_url(url)
        self._idle_s = idle_s
        self._writing = threading.Lock()
        self.dialect = self._url.get_backend_name()
        if self.dialect not in ("sqlite", "postgresql"):
            raise ConfigError("database.url: use sqlite:///path/to/file.db or postgresql://user@host/name")
        self._engine = self._sqlite(_PRAGMAS) if self.dialect == "sqlite" else self._postgresql()
        # A commit empties the page cache of every other connection to an SQLite file: one of them writes, and keeps its own.
        self._writer = self._sqlite(_PRAGMAS + _WRITER_PRAGMAS) if self.dialect == "sqlite" else self._engine

    @property
    def file(self) -> Path | None:
        """The database's file; None on PostgreSQL."""
        return Path(self._url.database) if self.dialect == "sqlite" and self._url.database else None

    def _sqlite(self, pragmas: Sequence[str]) -> sa.Engine:
        if self.file is None:
            raise ConfigError("database.url: name a file, as in sqlite:////var/lib/install-code-daemon/daemon.db")
        _usable_folder(self.file)
        engine = sa.create_engine(
            self._url, hide_parameters=True, connect_args={"check_same_thread": False, "timeout": BUSY_S}
        )
        event.listen(engine, "connect", partial(_prepare_sqlite, pragmas))
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _postgresql(self) -> sa.Engine:
        url = self._url.set(drivername="postgresql+psycopg")
        limits = {
            "statement_timeout": 600,
            "lock_timeout": BUSY_S,
            "idle_in_transaction_session_timeout": self._idle_s,
        }
        options = " ".join(f"-c {name}={seconds}s" for name, seconds in limits.items())
        return sa.create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={"options": options, "connect_timeout": 10},
        )

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that writes: committed at the end, rolled back on any exception."""
        with self._turn(), _translated(), self._writer.begin() as connection:
            yield connection
            failpoint("before-commit")
        failpoint("after-commit")

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """SQLite has one writer: our own threads take turns, for its wait for a lock is a sleep of up to 100 ms."""
        if self.file is None:
            yield
            return
        if not self._writing.acquire(timeout=BUSY_S):
            raise Unavailable("database: another writer does not come to an end")
        try:
            yield
        finally:
            self._writing.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent look; writes nothing."""
        with _translated(), self._engine.connect() as connection:
            quiet = connection.execution_options(write=False)
            with quiet.begin() as transaction:
                yield quiet
                transaction.rollback()

    @contextmanager
    def bulk(self) -> Iterator[Connection]:
        """A connection of its own for a bulk load: the caller begins transactions; temporary tables end with it."""
        with _translated(), self._engine.connect() as connection:
            connection.detach()
            if self.file is not None:  # in a container /tmp is small; beside the database there is room
                folder = str(self.file.absolute().parent).replace("'", "''")
                connection.connection.cursor().execute(f"PRAGMA temp_store_directory = '{folder}'")
            try:
                yield connection
            except self._engine.dialect.loaded_dbapi.OperationalError as error:  # the driver's own, past SQLAlchemy
                raise Unavailable(f"database: {str(error).partition(chr(10))[0][:120]}") from None

    def raw(self) -> Any:
        """A driver connection of its own, for bulk loading and for locks; the caller closes it."""
        with _translated():
            return self._engine.raw_connection()

    def migrate(self) -> None:
        """Bring the tables to this release's shape; does nothing where they have it. It takes as long as it takes."""
        with self.write() as connection:
            if self.dialect == "postgresql":
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            migrations.upgrade(connection)
        if self.file is not None:
            self.file.chmod(0o600)

    def pending(self) -> bool:
        """Whether `migrate` has something to do."""
        with self.read() as connection:
            return not migrations.is_current(connection)

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()
        self._writer.dispose()


def _prepare_sqlite(pragmas: Sequence[str], connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy, not sqlite3, begins transactions
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    """Driver failures leave as Unavailable, whose text names the kind and never a value."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) or error.connection_invalidated:
            raise Unavailable(f"database: {_first_line(error)}") from None
        if getattr(error.orig, "sqlstate", None) == _UNDEFINED_TABLE:
            raise Unavailable("database: it has no tables yet; run `migrate`") from None
        if _damaged(error.orig):
            raise Unavailable(_damage_told(error)) from None
        raise
    except SQLAlchemyError as error:
        if isinstance(error, sa.exc.TimeoutError):
            raise Unavailable("database: no free connection") from None
        raise


def _damaged(fault: BaseException | None) -> bool:
    """SQLite's file is broken, or is none of its own: no fault of the mail in hand, and no operational error to the driver."""
    return getattr(fault, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _damage_told(error: DBAPIError) -> str:
    return f"database: {_first_line(error)}; if database.url names the right file, put back a copy of it"


_HINTS = {
    sqlite3.SQLITE_IOERR: "is the disk full?",
    sqlite3.SQLITE_READONLY: "the file, those beside it (-wal, -shm) and their folder must be this process's to write",
}
"""Where SQLite says no more than that: on a disk that is full while it opens a file, and where another user was here."""


def _first_line(error: DBAPIError) -> str:
    if hint := _HINTS.get(getattr(error.orig, "sqlite_errorcode", 0) & 0xFF):
        return f"{error.orig}; {hint}"
    return str(error.orig).splitlines()[0][:200] if str(error.orig) else type(error.orig).__name__


def _usable_folder(file: Path) -> None:
    folder = file.absolute().parent
    if not folder.is_dir():
        raise ConfigError(f"database.url: the folder {folder} does not exist; create it, owned by the daemon's user")
    kind = file_system(folder)
    if kind in _NETWORK_FILE_SYSTEMS:
        raise ConfigError(
            f"database.url: {folder} is on {kind}, where SQLite locks fail; use a local disk or PostgreSQL"
        )


def file_system(folder: Path) -> str:
    """The kind of file system that a folder lies on, as `ext4`; empty where that is not known."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return ""
    entries = [line.split() for line in mounts.read_text("utf-8", "replace").splitlines()]
    inside = [entry for entry in entries if len(entry) > 2 and folder.is_relative_to(entry[1])]
    return max(inside, key=lambda entry: len(entry[1]))[2] if inside else ""
