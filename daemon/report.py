"""Station: what ops and the platform must know of ourselves: troubles, alarms, health.

An alarm goes out once, by a route that the trouble does not touch, and then "recovered" once.
The relay is the first route; the mailbox itself (a mail put into it) is the other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from daemon.edge import database, inbox, outbox
from daemon.edge.database import Database
from daemon.errors import DaemonError, LoginRefused, Unavailable
from daemon.mail.compose import compose
from daemon.mail.message import Envelope
from daemon.parts import Parts
from daemon.rules.decision import LetterKind, LetterPlan, Matter, OpsNews
from daemon.rules.wording import write

log = structlog.get_logger()

Route = Callable[[Envelope], Awaitable[None]]


@dataclass(slots=True)
class _Trouble:
    since: datetime
    alarmed: bool = False


class Troubles:
    """Troubles of the stations: how long each lasts, and whether ops were told.

    `routes` are ways to reach ops, best first; each is tried until one works.
    """

    def __init__(self, parts: Parts, routes: Sequence[Route]) -> None:
        self._parts = parts
        self._routes = routes
        self._known: dict[str, _Trouble] = {}

    async def met(self, station: str, failure: Unavailable) -> None:
        """Note a failure; tell ops at once of a refused login, of others when they last."""
        now = self._parts.clock.now()
        trouble = self._known.setdefault(station, _Trouble(since=now))
        patience = timedelta(minutes=self._parts.settings.health.alarm_after_minutes)
        ripe = isinstance(failure, LoginRefused) or now - trouble.since >= patience
        if ripe and not trouble.alarmed:
            trouble.alarmed = await self._tell(
                f"Trouble: {station}", str(failure), trouble.since,
                "Nothing is lost: what waits is kept, its clocks run, and work goes on by itself once this is mended.",
            )

    async def over(self, station: str) -> None:
        """The station works again; ops hear so if they heard of the trouble."""
        trouble = self._known.pop(station, None)
        if trouble is None:
            return
        log.info("station works again", station=station)
        if trouble.alarmed:
            await self._tell(
                f"Recovered: {station}", "It works again.", trouble.since, "Nothing is left to do."
            )

    async def _tell(self, headline: str, why: str, since: datetime, next_step: str) -> bool:
        matter = Matter(what=headline, why=why, arrived=since, next_step=next_step)
        told = [await self._deliver(self._envelope(headline, matter, address)) for address in self._addresses()]
        return any(told)

    def _addresses(self) -> list[str]:
        return [member.address for member in self._parts.policy.team]

    def _envelope(self, headline: str, matter: Matter, address: str) -> Envelope:
        parts, now = self._parts, self._parts.clock.now().replace(microsecond=0)
        name = parts.vault.derive("alarm", headline, str(database.micros(now)), address).hex()
        plan = LetterPlan(
            case_id=name, kind=LetterKind.ALARM, seq=1, to=address,
            subject=f"[install codes] {headline}", content=OpsNews(headline, (matter,)),
        )
        mailbox = parts.settings.mailbox.address
        return compose(
            write(plan, None, parts.words),
            sender=mailbox, sender_name=parts.policy.company,
            message_id=outbox.message_id(parts.vault, plan, mailbox), written_at=now,
        )

    async def _deliver(self, envelope: Envelope) -> bool:
        for route in self._routes:
            try:
                await route(envelope)
            except DaemonError as failure:
                log.warning("alarm not delivered by this route", why=str(failure))
            else:
                return True
        return False


@dataclass(frozen=True, slots=True)
class Health:
    """One line for a probe: well or not, and the reason."""

    well: bool
    line: str


def health(store: Database, now: datetime, max_age_s: int) -> Health:
    """Well when a full round ended, and no mail or letter has waited, longer than `max_age_s`."""
    with store.read() as connection:
        last_round = inbox.fact(connection, "last_round")
        unsettled = inbox.oldest_unsettled(connection)
        unsent = outbox.oldest_unsent(connection)
    ages = {
        "last full round": _age(last_round and datetime.fromisoformat(last_round), now),
        "oldest unsettled mail": _age(unsettled, now),
        "oldest unsent letter": _age(unsent, now),
    }
    if ages["last full round"] is None:
        return Health(False, "no full round yet: is `run` going, and can it reach the mailbox?")
    late = [f"{what} {age} s old" for what, age in ages.items() if age is not None and age > max_age_s]
    if late:
        return Health(False, "; ".join(late) + f" (limit {max_age_s} s)")
    return Health(True, f"last full round {ages['last full round']} s ago, nothing waits too long")


def _age(moment: datetime | None, now: datetime) -> int | None:
    return None if moment is None else max(0, int((now - moment).total_seconds()))
