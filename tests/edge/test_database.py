from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from daemon.edge.database import Database, eui_to_int, int_to_eui
from daemon.edge.tables import metadata
from daemon.errors import Unavailable
from daemon.rules.identifiers import DeviceId
from tests.servers.postgres import Postgres


def test_migrations_make_the_tables_that_the_code_uses(database: Database) -> None:
    """After all migrations no difference to `tables.py` is left, and none is pending."""
    with database.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert differences == []
    assert database.pending() is False


def test_a_failed_write_leaves_nothing(database: Database) -> None:
    """An exception inside `write` rolls the whole transaction back."""

    def write_and_fail() -> None:
        with database.write() as connection:
            connection.execute(sa.text("INSERT INTO fact (name, value, at) VALUES ('x', '1', 0)"))
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()

    with database.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM fact")).scalar() == 0


def test_all_writes_to_a_file_go_by_one_connection(tmp_path: Path) -> None:
    """Whatever is read meanwhile, and by whichever thread: what belongs to the connection is still there."""
    store = Database(f"sqlite:///{tmp_path / 'one.db'}")

    def count() -> None:
        with store.read(), store.write() as connection:
            connection.execute(sa.text("CREATE TEMP TABLE IF NOT EXISTS mine (x)"))
            connection.execute(sa.text("INSERT INTO mine VALUES (1)"))

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(count) for _ in range(8)]:
            done.result()

    with store.write() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM mine")).scalar() == 8
    store.close()


@pytest.mark.parametrize("device", ["00-00-00-00-00-00-00-00", "FF-FF-FF-FF-FF-FF-FF-FF", "80-00-00-00-00-00-00-01"])
def test_a_device_id_survives_as_a_number(device: str) -> None:
    """A Device ID and its signed 64-bit number stand for each other."""
    assert device == int_to_eui(eui_to_int(DeviceId(device)))


def test_a_database_without_tables_is_unavailable_on_both_kinds(tmp_path: Path, postgres_cluster: Postgres) -> None:
    """Before `migrate` a question ends in one sentence, not in a driver's failure."""
    for url in (f"sqlite:///{tmp_path / 'empty.db'}", postgres_cluster.create()):
        store = Database(url)
        with pytest.raises(Unavailable, match="table"), store.read() as connection:
            connection.execute(sa.text("SELECT 1 FROM fact"))
        store.close()
