"""One station's loop: who rings, and how often it looks."""

import asyncio
import time
from typing import cast

from daemon.parts import Wake
from daemon.service import Station
from daemon.troubles import Troubles

GAP_S = 0.2


class NoTroubles:
    """Nothing is wrong, and nobody is told."""

    async def over(self, name: str) -> None:
        """Station `name` works."""


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
