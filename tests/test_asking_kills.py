"""kill -9 between any two steps of the station that asks: each letter is queued once, with what it changes, or neither is."""

import asyncio
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext

import pytest

from daemon.edge import failpoints
from daemon.edge.contacts import Listing
from daemon.edge.database import Database
from daemon.edge.vault import Vault
from daemon.rules.policy import ContactKind, Member, Role
from tests.desks import TEAM
from tests.overseeing import PARTY, TO
from tests.sending import free_lease
from tests.test_asking import CARA, LISTED, A, B, Room

KEYS = (bytes(range(32)), bytes(range(32, 64)))
SOUTHERN, SOUTH = "Southern Power", "codes@southern-power.example"
BOTH = (*LISTED, Listing(6, SOUTHERN, ContactKind.MP121, SOUTH))
TUESDAY, DAY_NINE = "Tue 2026-06-09 09:00", "Tue 2026-06-23 09:00"
COMMITS = [f"{side}-commit:kill:{n}" for side in ("before", "after") for n in (1, 2, 3, 4)]


@pytest.fixture(scope="module")
def forks() -> ForkServerContext:
    """Processes forked from one that has imported everything, before any thread or loop."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.test_asking_kills"])
    return context


@contextmanager
def opened(url: str) -> Iterator[Room]:
    """An instance that takes the mailbox, and gives it back."""
    free_lease(url)
    database = Database(url)
    room = Room(database, Vault({"k1": KEYS[0]}, KEYS[1]))
    room.lists(*BOTH)
    room.office.with_policy(team=(*TEAM, Member(CARA, frozenset({Role.CODE_RECIPIENT}))))
    yield room
    room.parts.lease.release()
    database.close()


@pytest.fixture
def url(sqlite_url: str) -> str:
    """A database with one device ordered of each of two suppliers."""
    with opened(sqlite_url) as room:
        room.orders((A, PARTY), (B, SOUTHERN))
    return sqlite_url


def look(url: str, when: str, armed: str) -> None:
    """In a process of its own: one look of the station at that time, until a failpoint kills it."""
    with opened(url) as room:
        room.office.until(when)
        failpoints.arm(armed)
        asyncio.run(room.look())


async def killed(forks: ForkServerContext, url: str, when: str, armed: str) -> bool:
    """Whether that look was killed."""
    process = forks.Process(target=look, args=(url, when, armed))
    process.start()
    await asyncio.to_thread(process.join, 60)
    assert process.exitcode in (0, -9)
    return process.exitcode == -9


async def then(url: str, when: str) -> tuple[Counter[tuple[str, str]], list[str]]:
    """A new instance looks twice: all letters by kind and recipient, and where each device stands."""
    with opened(url) as room:
        await room.look(when)
        await room.look()
        return Counter((one.kind.value, one.to) for one in room.letters()), room.states()


def handed_over(url: str) -> list[bool]:
    """Whether the code recipients have the code of each device."""
    with opened(url) as room:
        return [want.handed_over for want in room.wants()]


REQUESTS = {("request", TO): 1, ("request", SOUTH): 1}


@pytest.mark.parametrize("point", ["after-asked:kill", "after-asked:kill:2", *COMMITS])
async def test_a_kill_asks_nobody_twice(forks: ForkServerContext, url: str, point: str) -> None:
    """One request each, and both devices are asked for."""
    assert await killed(forks, url, TUESDAY, point)

    assert await then(url, TUESDAY) == (REQUESTS, ["asked", "asked"])


@pytest.mark.parametrize("point", ["after-chased:kill", "after-chased:kill:2", *COMMITS])
async def test_a_kill_chases_nobody_twice(forks: ForkServerContext, url: str, point: str) -> None:
    """One reminder each on that day."""
    await then(url, TUESDAY)
    assert await killed(forks, url, DAY_NINE, point)

    letters, states = await then(url, DAY_NINE)
    assert letters == REQUESTS | {("chase", TO): 1, ("chase", SOUTH): 1}
    assert states == ["asked", "asked"]


@pytest.mark.parametrize("point", ["after-handed-over:kill", "before-commit:kill:2", "after-commit:kill:2"])
async def test_a_kill_hands_nothing_over_twice(forks: ForkServerContext, url: str, point: str) -> None:
    """The codes are in one letter, and stand as handed over."""
    await then(url, TUESDAY)
    with opened(url) as room:
        room.office.until(TUESDAY)
        for want in room.wants():
            room.answered(want)
    assert await killed(forks, url, TUESDAY, point)

    assert await then(url, TUESDAY) == (REQUESTS | {("result", CARA): 1}, ["answered", "answered"])
    assert handed_over(url) == [True, True]


async def test_the_kills_are_real(forks: ForkServerContext, url: str) -> None:
    """Without a failpoint the look ends well, and all is asked."""
    assert not await killed(forks, url, TUESDAY, "")
    assert await then(url, TUESDAY) == (REQUESTS, ["asked", "asked"])
