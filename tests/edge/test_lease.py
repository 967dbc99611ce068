"""One active instance a mailbox, and a fence that the one who lost it does not get past."""

import threading
from pathlib import Path

import pytest

from daemon.edge import remembered
from daemon.edge.database import Database
from daemon.edge.lease import Lease, fence, worker
from daemon.errors import LeaseLost
from tests.edge.test_commits import NOW
from tests.servers.postgres import Postgres

MAILBOX = "codes@losing.example"
OVER_S = -1
"""A duration that has run out when it begins: stands for an instance that slept through its lease."""


@pytest.fixture
def twin(database_url: str) -> Database:
    """The store as another instance opens it."""
    return Database(database_url)


def lease(store: Database, holder: str, duration_s: int = 30, mailbox: str = MAILBOX) -> Lease:
    """A right on the mailbox, not acquired yet."""
    return Lease(store, mailbox, holder, duration_s)


def write(store: Database, gen: int, name: str) -> None:
    """A write as every station makes it: behind the fence."""
    with store.write() as connection:
        fence(connection, MAILBOX, gen)
        remembered.put(connection, name, 1, NOW)


def test_the_second_waits_and_takes_over_at_once_after_a_release(database: Database, twin: Database) -> None:
    """While one holds, the other gets nothing; what is given up is free, under the next generation."""
    first, second = lease(database, "a"), lease(twin, "b")
    assert first.acquire() == 1
    assert second.acquire() is None
    first.release()
    assert second.acquire() == 2
    assert first.acquire() is None


def test_whether_anybody_works_is_told_without_a_mailbox(database: Database, twin: Database) -> None:
    """Of whatever mailbox: whoever would change the tables must know of everybody, and takes nothing by asking."""
    assert worker(twin) == ""
    first = lease(database, "a", mailbox="other@losing.example")
    first.acquire()
    assert worker(twin) == ("another process" if database.file else "a")
    first.release()
    assert worker(twin) == ""
    assert lease(twin, "b").acquire() == 1


def test_a_dead_instance_and_an_empty_database_have_no_worker(tmp_path: Path, postgres_cluster: Postgres) -> None:
    """On PostgreSQL the row of who died is left behind, run out; on SQLite the kernel frees the lock."""
    for url in (f"sqlite:///{tmp_path / 'new.db'}", postgres_cluster.create()):
        store = Database(url)
        assert worker(store) == ""
        store.migrate()
        dead = lease(store, "dead", OVER_S)
        dead.acquire()
        dead._drop_lock()
        assert worker(store) == ""
        store.close()


def test_who_holds_it_still_holds_it_after_a_renewal(database: Database, twin: Database) -> None:
    """Renewing keeps the generation and keeps the other out."""
    first = lease(database, "a")
    first.acquire()
    first.renew()
    assert lease(twin, "b").acquire() is None
    assert 0 < first.remaining_s() <= 30


def test_who_was_taken_over_writes_nothing_more(database: Database, twin: Database) -> None:
    """A lease that ran out is taken over, and neither a write nor a renewal of the old holder gets through."""
    old = lease(database, "sleeper", OVER_S)
    gen = old.acquire()
    assert gen == 1
    write(database, gen, "before")
    if database.file is not None:  # the kernel frees a dead process's lock; here its owner lives, so we free it
        old._drop_lock()
    new = lease(twin, "b")
    assert new.acquire() == 2
    with pytest.raises(LeaseLost):
        write(database, gen, "after")
    with pytest.raises(LeaseLost):
        old.renew()
    write(twin, 2, "new")
    with twin.read() as connection:
        found = [remembered.get(connection, name) for name in ("before", "after", "new")]
    assert found == [1, None, 1]


def test_a_fence_holds_off_the_take_over_until_its_commit(database: Database, twin: Database) -> None:
    """A write behind the fence and a take-over exclude each other: one of them waits for the other."""
    old = lease(database, "a", OVER_S)
    gen = old.acquire()
    assert gen is not None
    if database.file is not None:
        old._drop_lock()
    taken: list[int | None] = []
    rival = threading.Thread(target=lambda: taken.append(lease(twin, "b").acquire()))
    with database.write() as connection:
        fence(connection, MAILBOX, gen)
        rival.start()
        rival.join(timeout=0.3)
        assert taken == []
        remembered.put(connection, "written", 1, NOW)
    rival.join(timeout=30)
    assert taken == [2]


def test_two_mailboxes_share_a_database(postgres_url: str) -> None:
    """On PostgreSQL a lease is one mailbox's."""
    store = Database(postgres_url)
    try:
        assert lease(store, "a").acquire() == 1
        assert lease(store, "b", mailbox="other@losing.example").acquire() == 1
    finally:
        store.close()


def test_a_lock_file_is_its_owners_alone(sqlite_url: str) -> None:
    """The lock beside an SQLite file is not for others to read, and outlives the lease."""
    store = Database(sqlite_url)
    assert store.file is not None
    lease(store, "a").acquire()
    lock = Path(f"{store.file}.lock")
    assert lock.stat().st_mode & 0o077 == 0
    store.close()


def test_races_for_a_new_mailbox_have_one_winner(database: Database, database_url: str) -> None:
    """Eight instances that start together: one generation, one holder."""
    stores = [Database(database_url) for _ in range(8)]
    got: list[int | None] = []
    start = threading.Barrier(8)

    def race(store: Database, name: str) -> None:
        mine = lease(store, name)
        start.wait()
        got.append(mine.acquire())

    threads = [threading.Thread(target=race, args=(store, str(n))) for n, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    for store in stores:
        store.close()
    assert sorted(got, key=str) == [1, *[None] * 7]
