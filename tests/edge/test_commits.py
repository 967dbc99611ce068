"""Group commits: one fsync for many, durable before anybody is told so, and nobody pays for another's fault."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge import audit, commits, remembered
from daemon.edge.audit import Entry
from daemon.edge.commits import GroupCommit, Write
from daemon.edge.database import Database
from daemon.edge.tables import fact
from daemon.edge.vault import Vault
from daemon.errors import LeaseLost, Refused, Unavailable

NOW = datetime(2026, 6, 8, 9, 30, tzinfo=UTC)


def put(connection: Connection, names: Sequence[str]) -> None:
    """One small write each."""
    for name in names:
        remembered.put(connection, name, 1, NOW)


class Rig:
    """A GroupCommit over a real database that counts its transactions and may be fenced off."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database = database
        self.vault = vault
        self.transactions = 0
        self.fenced = False
        self.gate = threading.Event()
        self.gate.set()
        self.commit = GroupCommit(database, self._fence, lambda c, entries: audit.append(c, vault, entries))

    def _fence(self, _connection: Connection) -> None:
        assert self.gate.wait(timeout=30)
        if self.fenced:
            raise LeaseLost("another instance")
        self.transactions += 1

    async def put(self, name: str) -> None:
        """One small write."""
        await self.commit.hand_in(put, name)

    async def written(self, write: Write[str], thing: str) -> None:
        """Hand in and wait."""
        await self.commit.hand_in(write, thing)

    def names(self) -> set[str]:
        """What a second connection sees."""
        with self.database.read() as connection:
            return set(connection.execute(sa.select(fact.c.name)).scalars()) - {"audit_head"}

    async def gathered(self, *writes: asyncio.Task[None]) -> list[BaseException | None]:
        """Let `writes` pile up behind a first one, then let all go; how each ended."""
        for _ in range(5):
            await asyncio.sleep(0)
        self.gate.set()
        return await asyncio.gather(*writes, return_exceptions=True)


@pytest.fixture
def rig(database: Database, vault: Vault) -> Rig:
    """One on each kind of database."""
    return Rig(database, vault)


async def test_what_is_confirmed_is_durable(rig: Rig) -> None:
    """When the call returns another connection sees the write."""
    await rig.put("one")
    assert rig.names() == {"one"}


async def test_writes_that_wait_share_one_commit(rig: Rig) -> None:
    """A hundred writes that come while a commit runs make one transaction more, and all are there."""
    rig.gate.clear()
    tasks = [asyncio.create_task(rig.put(f"n{n}")) for n in range(100)]
    assert await rig.gathered(*tasks) == [None] * 100
    assert rig.transactions <= 2
    assert len(rig.names()) == 100


async def test_a_commit_waits_a_moment_for_writes_that_are_about_to_come(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of several links that are heard of in one breath does not commit alone."""
    monkeypatch.setattr(commits, "GATHER_S", 0.3)
    first = rig.commit.hand_in(put, "first")
    await asyncio.sleep(0.02)
    assert not first.done()
    await asyncio.gather(first, rig.commit.hand_in(put, "second"))
    assert rig.transactions == 1
    assert rig.names() == {"first", "second"}


async def test_a_write_that_fails_fails_alone(rig: Rig) -> None:
    """Its caller hears of it, what it had written before its fault is gone, and the others are durable."""

    def faulty(connection: Connection, things: Sequence[str]) -> None:
        put(connection, things)
        raise Refused("no")

    def twice(connection: Connection, things: Sequence[str]) -> None:
        connection.execute(sa.insert(fact), [{"name": name, "value": "1", "at": 0} for name in things])

    rig.gate.clear()
    writes = ((put, "good"), (faulty, "half"), (twice, "good"), (put, "last"))
    tasks = [asyncio.create_task(rig.written(*one)) for one in writes]
    ends = await rig.gathered(*tasks)
    assert [type(end) for end in ends] == [type(None), Refused, sa.exc.IntegrityError, type(None)]
    assert rig.names() == {"good", "last"}


async def test_a_lost_lease_stops_all_of_them(rig: Rig) -> None:
    """The fence stands before every write of the group: none is written, each caller is told."""
    rig.fenced = True
    ends = await asyncio.gather(*(rig.put(f"n{n}") for n in range(5)), return_exceptions=True)
    assert {type(end) for end in ends} == {LeaseLost}
    assert rig.names() == set()


async def test_a_cancelled_caller_takes_nobody_with_it(rig: Rig) -> None:
    """The first caller, who began the commit, is cancelled while it runs: the others' writes are confirmed."""
    rig.gate.clear()
    first, *others = [asyncio.create_task(rig.put(f"n{n}")) for n in range(4)]
    await asyncio.sleep(0)
    first.cancel()
    ends = await rig.gathered(first, *others)
    assert isinstance(ends[0], asyncio.CancelledError)
    assert ends[1:] == [None, None, None]
    assert rig.names() >= {"n1", "n2", "n3"}


async def test_after_a_failure_the_next_write_goes_on(rig: Rig) -> None:
    """A database that was away for one commit does not silence those that follow."""

    def away(connection: Connection, things: Sequence[str]) -> None:
        raise Unavailable("busy")

    with pytest.raises(Unavailable):
        await rig.written(away, "before")
    await rig.put("after")
    assert rig.names() == {"after"}


async def test_the_trail_is_in_the_same_commit(rig: Rig) -> None:
    """Entries of good writes are appended, in order and once; those of a failed write are not."""

    def tells(_: Connection, names: Sequence[str]) -> Sequence[Entry]:
        return [Entry(NOW, "test", name) for name in names]

    def fails(connection: Connection, names: Sequence[str]) -> Sequence[Entry]:
        raise Refused("no")

    rig.gate.clear()
    tasks = [asyncio.create_task(rig.written(tells, f"s{n}")) for n in range(3)]
    tasks.append(asyncio.create_task(rig.written(fails, "s3")))
    await rig.gathered(*tasks)
    with rig.database.read() as connection:
        subjects = [row["subject"] for row in audit.export(connection)]
        assert audit.verify(connection, rig.vault).broken_at is None
    assert subjects == ["s0", "s1", "s2"]


async def test_many_of_a_kind_are_one_call(rig: Rig) -> None:
    """What one kind of write has to write down in a commit it is given all at once, in the order it was handed in."""
    calls: list[list[str]] = []

    def counted(connection: Connection, names: Sequence[str]) -> None:
        calls.append(list(names))
        put(connection, names)

    rig.gate.clear()
    tasks = [asyncio.create_task(rig.written(counted, f"n{n}")) for n in range(100)]
    assert await rig.gathered(*tasks) == [None] * 100
    assert len(calls) <= 2
    assert [name for names in calls for name in names] == [f"n{n}" for n in range(100)]


async def test_what_is_handed_in_first_is_durable_no_later(rig: Rig) -> None:
    """Whoever waits for the second finds the first written, though nobody waited for that one."""
    for n in range(50):
        first = rig.commit.hand_in(put, f"first{n}")
        await rig.commit.hand_in(put, f"second{n}")
        assert first.done()
        assert {f"first{n}", f"second{n}"} <= rig.names()
