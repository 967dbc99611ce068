"""kill -9 between any two steps of sending: nothing is lost, and a copy goes only where nobody could know."""

import asyncio
import multiprocessing
import random
import re
from collections import Counter
from multiprocessing.context import ForkServerContext

import pytest

from daemon.edge.database import Database
from daemon.edge.vault import Vault
from daemon.rules.thread import Outcome
from tests.sending import TO, Time, World, drive, free_lease
from tests.servers.scripted_smtp import ScriptedSmtp

KEYS = (bytes(range(32)), bytes(range(32, 64)))
SURE = ("after-send-claim", "after-freeze", "after-rcpt")
"""The first time that one of these is passed, no letter has been said: a copy would be our fault."""
POINTS = (*SURE, "after-dot-mark", "after-354", "after-dot", "after-250", "after-outcome")
LETTERS = 6


@pytest.fixture(scope="module")
def forks() -> ForkServerContext:
    """Processes forked from one that has imported everything, before any thread or loop."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.sending"])
    return context


@pytest.fixture
def url(database_url: str) -> str:
    """A database with letters waiting."""
    store = Database(database_url)
    world = World(store, Vault({"k1": KEYS[0]}, KEYS[1]), port=1)
    world.listed(TO)
    with world.at_once():
        for n in range(LETTERS):
            world.asked(Outcome.CODE if n % 2 else Outcome.NOT_INSTALLER)
    store.close()
    return database_url


async def killed(forks: ForkServerContext, url: str, port: int, armed: str) -> bool:
    """Send in a process of its own; whether the failpoint killed it."""
    process = forks.Process(target=drive, args=(url, KEYS, port, armed))
    process.start()
    await asyncio.to_thread(process.join, 60)
    assert process.exitcode in (0, -9)
    free_lease(url)
    return process.exitcode == -9


async def finished(url: str, port: int) -> tuple[World, Database]:
    """A new instance takes over and works until every letter has come to its end."""
    store = Database(url)
    world = World(store, Vault({"k1": KEYS[0]}, KEYS[1]), port, time=Time())
    world.begin()
    for _ in range(6):
        await world.until_quiet()
        world.time.on(minutes=16)
    await world.relay.close()
    return world, store


def copies(server: ScriptedSmtp) -> dict[str, set[bytes]]:
    """By Message-ID, the distinct contents that arrived."""
    found: dict[str, set[bytes]] = {}
    for taken in server.taken:
        found.setdefault(message_id(taken.content), set()).add(taken.content)
    return found


def message_id(content: bytes) -> str:
    """The Message-ID of a letter that arrived."""
    found = re.search(rb"(?im)^Message-ID:\s*(<[^>]+>)", content)
    assert found is not None
    return found[1].decode()


def check(world: World, server: ScriptedSmtp) -> int:
    """All were accepted; none was lost or altered; each copy is on record as unknown. How many copies there were."""
    assert world.states() == ["accepted"] * LETTERS
    arrived = copies(server)
    assert len(arrived) == LETTERS
    assert all(len(contents) == 1 for contents in arrived.values())
    counts = Counter(message_id(taken.content) for taken in server.taken)
    trail = world.trail()
    extra = sum(counts.values()) - LETTERS
    assert extra <= trail.count("letter-resent") <= trail.count("letter-unknown")
    return extra


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_at_any_step_loses_nothing(forks: ForkServerContext, url: str, point: str) -> None:
    """0 lost; no copy before the first letter is said; then only of what was unknown, at most one letter a link."""
    async with ScriptedSmtp() as server:
        assert await killed(forks, url, server.port, f"{point}:kill" if point in SURE else f"{point}:kill:2")
        world, store = await finished(url, server.port)
        extra = check(world, server)
        assert world.trail().count("letter-unknown") <= world.relay.account.connections < LETTERS
        store.close()
    assert extra <= (0 if point in SURE else world.relay.account.connections)


@pytest.mark.trials
@pytest.mark.parametrize("seed", range(200))
async def test_kills_at_random_lose_nothing(forks: ForkServerContext, url: str, seed: int) -> None:
    """Three kills at random steps, one after the other."""
    dice = random.Random(seed)  # noqa: S311  # repeatable, not secret
    async with ScriptedSmtp() as server:
        for _ in range(3):
            await killed(forks, url, server.port, f"{dice.choice(POINTS)}:kill:{dice.randint(1, LETTERS)}")
        world, store = await finished(url, server.port)
        check(world, server)
        store.close()


async def test_the_kills_are_real(forks: ForkServerContext, url: str) -> None:
    """Without a failpoint the process ends well and all letters are gone; an armed one ends it."""
    async with ScriptedSmtp() as server:
        assert await killed(forks, url, server.port, "after-freeze:kill")
        assert server.taken == []
        assert not await killed(forks, url, server.port, "")
        assert len(server.taken) == LETTERS
