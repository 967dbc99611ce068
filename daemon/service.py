"""The stations side by side: who wakes whom, how they stop, how they come back after trouble.

    mailbox ──collect──▶ kept ──settle──▶ threads, outbox ──send──▶ relay
                                              │                │
                                            chase            filing ──▶ mailbox (folders, Sent)

Stations share nothing but the database. A bell only saves waiting: each looks at start and at least
every `tick_seconds`, whether or not anybody rang.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from daemon.edge.failpoints import failpoint
from daemon.errors import LeaseLost, LoginRefused, Unavailable
from daemon.parts import Parts, Wake
from daemon.troubles import Troubles

log = structlog.get_logger()

FIRST_WAIT_S, LONGEST_WAIT_S, LOGIN_WAIT_S = 1.0, 60.0, 300.0
LONGEST_ASKED_S = 1800.0
"""A server that asks us to stay away for longer (Exchange Online: mostly five minutes, seen: fifty) is asked again."""
GRACE_S = 8.0
"""How long a stop waits for the step in hand; what is still in DATA then is looked up at the next start."""

HELD_BY_OTHER = "another instance holds the mailbox"
WARM = (logging.INFO, "waiting warm, ready to take over")
NOT_YET = (logging.WARNING, "waiting for the database")
"""How it is said that we have no hold on the mailbox yet. The second is a fault: nobody may be at work."""


class Station:
    """One station's loop: do what is due, wait for its bell, come back after Unavailable."""

    def __init__(
        self, name: str, once: Callable[[], Awaitable[bool]], bell: Wake, troubles: Troubles, gap_s: float = 0.0
    ) -> None:
        """`gap_s`: so long at least from the start of one round to the next; who rings meanwhile is heard together."""
        self.name = name
        self._gap_s = gap_s
        self._once = once
        self._bell = bell
        self._troubles = troubles
        self._wait_s = FIRST_WAIT_S

    async def run(self, stop: asyncio.Event, tick_s: float) -> None:
        """Until `stop`. `once` says whether there may be more to do at once."""
        while not stop.is_set():
            began_s = time.monotonic()
            try:
                more = await self._once()
            except Unavailable as trouble:
                if not stop.is_set():
                    await self._rest(trouble, stop)
                continue
            self._wait_s = FIRST_WAIT_S
            await self._troubles.over(self.name)
            if not more and not stop.is_set():
                await self._bell.wait(tick_s)
                left_s = began_s + self._gap_s - time.monotonic()
                if left_s > 0:
                    await _pause(stop, left_s)

    async def _rest(self, trouble: Unavailable, stop: asyncio.Event) -> None:
        """Wait longer each time; no bell cuts it short, so that a refused login is not said at every tick."""
        if trouble.got_on:
            self._wait_s = FIRST_WAIT_S
        wait_s = LOGIN_WAIT_S if isinstance(trouble, LoginRefused) else self._wait_s
        wait_s = max(wait_s, min(trouble.wait_s, LONGEST_ASKED_S))
        log.warning("station waits", station=self.name, why=str(trouble), wait_s=round(wait_s, 1))
        await self._troubles.met(self.name, trouble)
        self._wait_s = min(self._wait_s * 2, LONGEST_WAIT_S)
        await _pause(stop, wait_s)


class Service:
    """All stations of one mailbox, under its lease."""

    def __init__(self, parts: Parts, stations: list[Station], interrupt: Callable[[], None]) -> None:
        self._parts = parts
        self._stations = stations
        self._interrupt = interrupt

    async def run(self, stop: asyncio.Event) -> None:
        """Hold the mailbox and work until `stop`; while another instance holds it, wait warm."""
        while not stop.is_set():
            if await self._take_lease(stop):
                with suppress(LeaseLost):
                    await self._work(stop)
                await asyncio.to_thread(self._parts.lease.release)

    async def _take_lease(self, stop: asyncio.Event) -> bool:
        said = ""
        while not stop.is_set():
            gen, why = await self._ask_for_lease()
            if gen is not None:
                self._parts.gen = gen
                await self._parts.refresh()
                failpoint("after-lease")
                log.info("holding the mailbox", mailbox=self._parts.settings.mailbox.address, generation=gen)
                return True
            if why != said:
                log.log(*(WARM if why == HELD_BY_OTHER else NOT_YET), why=why)
                said = why
            await _pause(stop, self._parts.lease.duration_s / 3)
        return False

    async def _ask_for_lease(self) -> tuple[int | None, str]:
        """The new generation; or None, and why not yet."""
        try:
            return await asyncio.to_thread(self._parts.lease.acquire), HELD_BY_OTHER
        except Unavailable as trouble:
            return None, str(trouble)

    async def _work(self, stop: asyncio.Event) -> None:
        tick_s = self._parts.settings.health.tick_seconds
        scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        scheduler.add_job(self._tick, "interval", seconds=tick_s, id="ticks")
        scheduler.start()
        over = asyncio.Event()  # at the stop, and when the lease is lost
        tasks = [asyncio.create_task(s.run(over, tick_s), name=s.name) for s in self._stations]
        tasks.append(asyncio.create_task(self._keep_lease(over), name="lease"))
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            scheduler.shutdown(wait=False)
            over.set()
            self._interrupt()
            self._parts.wakes.ring_all()
            await self._wind_up(tasks, stopping)
        for task in done - {stopping}:
            task.result()

    async def _tick(self) -> None:
        """Ring every bell; a coroutine, for APScheduler runs plain functions in a thread, where no bell may be rung."""
        self._parts.wakes.ring_all()

    async def _wind_up(self, tasks: list[asyncio.Task[None]], stopping: asyncio.Task[bool]) -> None:
        """Let every station finish the step in hand, within the grace; then end what is left."""
        stopping.cancel()
        _, late = await asyncio.wait(tasks, timeout=GRACE_S)
        for task in late:
            log.warning(
                "station did not finish in time; its step is looked up at the next start",
                station=task.get_name(),
            )
            task.cancel()
        await asyncio.gather(*tasks, stopping, return_exceptions=True)

    async def _keep_lease(self, over: asyncio.Event) -> None:
        """Renew the lease until `over`. Raises LeaseLost when another has it, or may have it by our steady clock."""
        lease = self._parts.lease
        while not over.is_set():
            await _pause(over, lease.duration_s / 3)
            if over.is_set():
                return
            try:
                await asyncio.to_thread(lease.renew)
            except Unavailable as trouble:
                log.warning("our hold on the mailbox was not renewed", why=str(trouble))
                if lease.remaining_s() <= 0:
                    raise LeaseLost("our hold on the mailbox ran out") from None


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
