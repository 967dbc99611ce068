"""What every station is handed: the parts that `__main__` built, and the facts about now."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import Connection

from daemon.edge.database import Database
from daemon.edge.lease import Lease, fence
from daemon.edge.team import standing_orders
from daemon.edge.vault import Vault
from daemon.rules.facts import Surroundings, Suspension
from daemon.rules.policy import Policy
from daemon.rules.team.standing import CODES, StandingOrder, applied
from daemon.rules.wording import Words
from daemon.rules.workdays import local_day
from daemon.settings import Settings

T = TypeVar("T")
SUSPECT_DRIFT_S = 120
"""Wall clock and monotonic clock apart by more than this: the time is not to be relied on."""


class Clock:
    """The wall clock, held against a clock that nobody can set."""

    def __init__(self, now: Callable[[], datetime], elapsed_s: Callable[[], float]) -> None:
        self._now = now
        self._elapsed_s = elapsed_s
        self._began, self._began_s = now(), elapsed_s()

    def now(self) -> datetime:
        """The time in UTC."""
        return self._now()

    def suspect(self) -> bool:
        """The wall clock jumped since we started."""
        wall = (self._now() - self._began).total_seconds()
        return abs(wall - (self._elapsed_s() - self._began_s)) > SUSPECT_DRIFT_S


class Wake:
    """A bell for one station: rung by another station, a tick, or the stop."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake the station, or make its next wait return at once."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return when rung, and at the latest after `seconds`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        self._event.clear()


@dataclass(slots=True)
class Wakes:
    """One bell a station."""

    intake: Wake = field(default_factory=Wake)
    settle: Wake = field(default_factory=Wake)
    send: Wake = field(default_factory=Wake)
    filing: Wake = field(default_factory=Wake)
    chase: Wake = field(default_factory=Wake)
    asking: Wake = field(default_factory=Wake)

    def ring_all(self) -> None:
        """Wake everybody."""
        for bell in (self.intake, self.settle, self.send, self.filing, self.chase, self.asking):
            bell.ring()


@dataclass(slots=True)
class Parts:
    """The parts, built once. `gen` is the lease's generation, 0 until it is held."""

    settings: Settings
    configured: Policy
    """The policy as the configuration has it; `policy` is the one in force."""
    words: Words
    database: Database
    vault: Vault
    lease: Lease
    clock: Clock
    self_test_failures: tuple[str, ...] = ()
    gen: int = 0
    wakes: Wakes = field(default_factory=Wakes)
    standing: tuple[StandingOrder, ...] = ()
    """What our team ordered by mail and still stands; read anew when the mailbox is taken and after each command."""
    _applied: tuple[Policy, tuple[StandingOrder, ...], date, Policy] | None = field(
        default=None, init=False, repr=False
    )
    """The policy last made out of these orders on this day: it is asked for ten times a mail."""

    @property
    def policy(self) -> Policy:
        """The policy in force: the configured one, and what stands of our team's orders today."""
        if not self.standing:
            return self.configured
        today = local_day(self.clock.now())
        if self._applied is not None:
            configured, standing, day, policy = self._applied
            if configured is self.configured and standing is self.standing and day == today:
                return policy
        policy = applied(self.configured, self.standing, today)
        self._applied = self.configured, self.standing, today, policy
        return policy

    async def refresh(self) -> None:
        """Read the standing orders anew, so that they count from this moment on."""
        self.standing = await self.read(standing_orders.load)

    def fence(self, connection: Connection) -> None:
        """Raise LeaseLost unless this instance still holds the mailbox."""
        fence(connection, self.settings.mailbox.address, self.gen)

    async def read(self, look: Callable[[Connection], T]) -> T:
        """What `look` finds, in a worker thread and a transaction that writes nothing."""

        def run() -> T:
            with self.database.read() as connection:
                return look(connection)

        return await asyncio.to_thread(run)

    async def write(self, change: Callable[[Connection], T]) -> T:
        """What `change` returns, in a worker thread and one fenced transaction, committed when this returns."""

        def run() -> T:
            with self.database.write() as connection:
                self.fence(connection)
                return change(connection)

        return await asyncio.to_thread(run)

    def surroundings(self) -> Surroundings:
        """How mail reaches us and letters leave us, and what is suspended right now."""
        suspended = set()
        if self.self_test_failures:
            suspended.add(Suspension.SELF_TEST_FAILED)
        if self.clock.suspect():
            suspended.add(Suspension.TIME_SUSPECT)
        if self.policy.paused & {"", CODES}:
            suspended.add(Suspension.PAUSED)
        # A plain connection is accepted by Settings for loopback addresses alone.
        return Surroundings(mailbox_secure=True, relay_secure=True, suspensions=frozenset(suspended))
