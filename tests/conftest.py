"""What all tests share: real databases, keys, and real servers on loopback."""

import fcntl
import gc
import logging
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from hypothesis import settings
from sqlalchemy import event

from daemon.edge.database import Database
from daemon.edge.vault import Vault
from tests.servers import dovecot as dovecot_server
from tests.servers import postfix as postfix_server
from tests.servers import postgres
from tests.servers.ports import missing
from tests.servers.scripted_smtp import ScriptedSmtp


def pytest_configure() -> None:
    """Tracebacks are logged without their values: to draw those takes longer than the test. No example has to be quick."""
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])
    settings.register_profile("unhurried", deadline=None)  # a busy machine proves nothing
    settings.load_profile("unhurried")


def pytest_collection_finish() -> None:
    """Nine thousand tests and all modules stay to the end: the collector need not walk through them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Makes a folder of that name for all processes of a run: the first that asks fills it, the others wait for it."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, fill: Callable[[Path], None]) -> Path:
        folder, half = root / name, root / f"{name}-half"
        with (root / f"{name}-lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                shutil.rmtree(half, ignore_errors=True)
                half.mkdir()
                fill(half)
                half.rename(folder)
        return folder

    return made


@pytest.fixture
def log_as_before() -> Iterator[None]:
    """For tests that configure the log, as every command does: other tests' logging is left as it was."""
    handlers, level, ours = logging.root.handlers[:], logging.root.level, structlog.get_config()
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.configure(**ours)


# ── databases ───────────────────────────────────────────────────────────────────────────────────────

COMPILED: dict[str, tuple[sa.Dialect, dict[Any, Any]]] = {}
"""Of each kind of database the dialect, and every statement that was compiled for it."""


@event.listens_for(sa.Engine, "engine_connect")
def _compile_once(connection: sa.Connection) -> None:
    """Each test has engines of its own; to compile each statement for each of them anew is a quarter of what it costs."""
    connection.dialect, compiled = COMPILED.setdefault(connection.dialect.name, (connection.dialect, {}))
    connection.execution_options(compiled_cache=compiled)


@pytest.fixture(scope="session")
def vault() -> Vault:
    """Keys of a throw-away installation."""
    return Vault({"k1": os.urandom(32)}, os.urandom(32))


@pytest.fixture(scope="session")
def migrated_file(once: Once) -> Path:
    """An SQLite file that `migrate` has made, to be copied."""

    def migrate(folder: Path) -> None:
        store = Database(f"sqlite:///{folder}/daemon.db")
        store.migrate()
        with store.read() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        store.close()

    return once("migrated", migrate) / "daemon.db"


def own_copy(migrated_file: Path, folder: Path) -> str:
    """The address of a copy of `migrated_file` in `folder`."""
    path = folder / "daemon.db"
    shutil.copyfile(migrated_file, path)
    path.chmod(0o600)
    return f"sqlite:///{path}"


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """The address of a migrated SQLite file of this test's own."""
    return own_copy(migrated_file, tmp_path)


@pytest.fixture(scope="session")
def postgres_cluster(once: Once) -> Iterator[postgres.Postgres]:
    """A PostgreSQL cluster with a migrated database to copy, a copy itself."""
    if not postgres.present():
        missing("PostgreSQL", "postgresql")
    cluster = postgres.Postgres()
    try:
        cluster.start_as(once("cluster", _migrated_cluster))
        yield cluster
    finally:
        cluster.stop()


def _migrated_cluster(folder: Path) -> None:
    cluster = postgres.Postgres()
    try:
        cluster.start()
        store = Database(cluster.create())
        store.migrate()
        store.close()
        cluster.keep(folder)
    finally:
        cluster.stop()


@pytest.fixture
def postgres_url(postgres_cluster: postgres.Postgres) -> str:
    """The address of a migrated PostgreSQL database that nobody else uses, empty again."""
    url = postgres_cluster.url("t1")
    postgres_cluster.clean(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database: each test that asks runs on both kinds."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The store behind `database_url`."""
    store = Database(database_url)
    yield store
    store.close()


# ── mail servers ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def dovecot() -> Iterator[dovecot_server.Dovecot]:
    """A Dovecot of this test's own, with `tests.servers.dovecot.USERS`; for other options call `dovecot_server`."""
    with dovecot_server.dovecot() as server:
        yield server


@pytest.fixture
def postfix(dovecot: dovecot_server.Dovecot) -> Iterator[postfix_server.Postfix]:
    """A Postfix that delivers to `dovecot` and lets its users log in; 2 seconds to start."""
    with postfix_server.postfix(dovecot) as server:
        yield server


@pytest.fixture
async def relay() -> AsyncIterator[ScriptedSmtp]:
    """A relay that takes every letter, until a test says otherwise; `taken` holds them."""
    async with ScriptedSmtp() as server:
        yield server
