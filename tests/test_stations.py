"""One station's loop: who rings, and how often it looks; and what is said before any may work."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from daemon.errors import Unavailable
from daemon.parts import Wake
from daemon.service import LONGEST_ASKED_S, Service, Station
from daemon.troubles import Troubles

GAP_S = 0.2


class NoTroubles:
    """Nothing is wrong, and nobody is told."""

    async def over(self, name: str) -> None:
        """Station `name` works."""

    async def met(self, name: str, failure: Unavailable) -> None:
        """It does not."""


async def started(gap_s: float, rounds: int) -> list[float]:
    """When each of `rounds` began, by the steady clock, of a station whose bell is rung in each of them."""
    bell, stop, began = Wake(), asyncio.Event(), list[float]()

    async def once() -> bool:
        began.append(time.monotonic())
        bell.ring()
        if len(began) == rounds:
            stop.set()
        return False

    await Station("overseeing", once, bell, cast("Troubles", NoTroubles()), gap_s).run(stop, tick_s=60)
    return began


def test_rounds_keep_their_gap_however_often_somebody_rings() -> None:
    """Whatever rings in the gap is heard in the one round after it."""
    one, two, three = asyncio.run(started(GAP_S, 3))

    assert min(two - one, three - two) >= GAP_S - 0.01


def test_a_stop_cuts_the_gap_short() -> None:
    """Nobody waits an hour for a station that has nothing in hand."""
    asyncio.run(asyncio.wait_for(_stopped_in_the_gap(), 30))


async def _stopped_in_the_gap() -> None:
    bell, stop = Wake(), asyncio.Event()

    async def once() -> bool:
        bell.ring()
        asyncio.get_running_loop().call_later(0.05, stop.set)
        return False

    await Station("overseeing", once, bell, cast("Troubles", NoTroubles()), 3600).run(stop, tick_s=60)


@pytest.mark.parametrize(("asked_s", "waits_s"), [(0, 1), (299.961, 300), (3000, LONGEST_ASKED_S)])
def test_a_server_gets_the_pause_that_it_asks_for(asked_s: float, waits_s: float) -> None:
    """Exchange Online says for how long it throttles; half an hour at the most, then it is asked again."""
    with capture_logs() as said:
        asyncio.run(_told_to_wait(asked_s))
    assert [line["wait_s"] for line in said if line["event"] == "station waits"] == [waits_s]


async def _told_to_wait(asked_s: float) -> None:
    stop = asyncio.Event()

    async def once() -> bool:
        asyncio.get_running_loop().call_soon(stop.set)
        trouble = Unavailable("throttled")
        trouble.wait_s = asked_s
        raise trouble

    async def unless_stopped() -> None:
        await Station("mailbox", once, Wake(), cast("Troubles", NoTroubles())).run(stop, tick_s=60)

    await asyncio.wait_for(unless_stopped(), 30)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("", ("info", "waiting warm, ready to take over", "another instance holds the mailbox")),
        ("database: attempt to write a readonly database", ("warning", "waiting for the database")),
    ],
)
def test_a_fault_is_not_told_as_another_instance_at_work(trouble: str, said: tuple[str, ...]) -> None:
    """Where nobody can hold the mailbox nobody works: a warning, once, and not the words of a healthy standby."""

    async def waits() -> None:
        stop = asyncio.Event()

        def acquire() -> None:
            asked.append(None)
            if len(asked) > 2:
                stop_soon(stop.set)
            if trouble:
                raise Unavailable(trouble)

        asked: list[None] = []
        stop_soon = asyncio.get_running_loop().call_soon_threadsafe
        parts = SimpleNamespace(lease=SimpleNamespace(acquire=acquire, duration_s=0.03))
        await asyncio.wait_for(Service(cast("Any", parts), [], lambda: None).run(stop), 30)

    with capture_logs() as logs:
        asyncio.run(waits())

    assert [(line["log_level"], line["event"], line["why"]) for line in logs] == [(*said[:2], trouble or said[2])]
