"""Alarms: troubles of the stations, told to ops once, and "recovered" once.

An alarm goes by a route that the trouble does not touch. The relay is the first route; the other is the mailbox
itself: a mail put into its INBOX, where the team works. A trouble is remembered over restarts, so that a daemon that
dies and comes back every minute neither stays silent for ever nor sends an alarm each time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from daemon.edge import outbox, remembered
from daemon.edge.database import micros
from daemon.edge.outbox.undelivered import Undelivered
from daemon.errors import DaemonError, LoginRefused, Unavailable
from daemon.mail.compose import compose
from daemon.mail.message import Envelope
from daemon.parts import Parts
from daemon.rules.facts import Suspension
from daemon.rules.letters import LetterKind, LetterPlan, Matter, OpsNews
from daemon.rules.overdue import hears
from daemon.rules.wording import write

log = structlog.get_logger()

Route = Callable[[Envelope], Awaitable[None]]
"""Brings one letter to its recipient, or raises a DaemonError."""

RELAY = "relay"
"""The trouble of this name touches the relay; all others leave it alone."""
UNFETCHED = "unfetched"
"""Mail that is there and cannot be had, as intake remembers it by the same name; empty: none."""
FACT = "troubles"
_TITLES: dict[str, str] = {
    RELAY: "Letters do not go out",
    "mailbox": "The mailbox cannot be read",
    UNFETCHED: "A mail cannot be fetched from the mailbox",
    "settling": "Mail is kept, but not worked on",
    "filing": "Mail is not filed into its folders",
    "overseeing": "Holds are not chased",
    Suspension.TIME_SUSPECT: "The clock of our machine is wrong: no code leaves",
    Suspension.SELF_TEST_FAILED: "Forged mail would be believed: no code leaves",
}
_KEPT = "Nothing is lost: what waits is kept, its clocks run, and work goes on by itself once this is mended."
_LOGIN = (
    "A server refuses our login. Let whoever looks after this service renew the password or token, then restart it. "
    "We try again every few minutes, slowly, so that the account is not locked."
)


@dataclass(slots=True)
class Trouble:
    """Something that does not work, since when, why, and whether ops were told."""

    since: datetime
    why: str
    alarmed: bool = False


class Troubles:
    """Troubles by name: how long each lasts, and who was told."""

    def __init__(self, parts: Parts, by_relay: Route, by_mailbox: Route) -> None:
        self._parts = parts
        self._by_relay = by_relay
        self._by_mailbox = by_mailbox
        self._known: dict[str, Trouble] | None = None
        self._worked: set[str] = set()
        """What worked since we were started: one refused login after that may be a bad moment of the server."""
        self._saving = asyncio.Lock()

    async def met(self, name: str, failure: Unavailable) -> None:
        """Note a failure; tell ops at once of a refused login (where it was good before: at the second), of others when they last."""
        if failure.got_on:
            await self.over(name)
        now, known = self._parts.clock.now(), await self._all()
        trouble = known.get(name)
        refused = isinstance(failure, LoginRefused)
        at_once = refused and (trouble is not None or name not in self._worked)
        if trouble is None:
            trouble = known[name] = Trouble(now, str(failure))
            await self._save()
        patience = timedelta(minutes=self._parts.settings.health.alarm_after_minutes)
        if trouble.alarmed or not (at_once or now - trouble.since >= patience):
            return
        trouble.why = str(failure)
        if any(other.alarmed and other.why == trouble.why for other in known.values()):
            return  # one server that is down troubles several stations: one alarm says it
        trouble.alarmed = True
        trouble.alarmed = await self._tell(name, _alarm(name, trouble, _LOGIN if refused else _KEPT))
        await self._save()

    async def over(self, name: str) -> None:
        """It works again; ops hear so if they heard of the trouble."""
        known = await self._all()
        self._worked.add(name)
        trouble = known.pop(name, None)
        if trouble is None:
            return
        log.info("works again", station=name, since=trouble.since.isoformat())
        await self._save()
        if trouble.alarmed:
            await self._tell(name, _recovered(name, trouble))

    async def bring(self, news: Undelivered) -> None:
        """Put news that the relay would not take into the mailbox itself. Raises Unavailable or Refused."""
        plan, content = news.plan, news.plan.content
        said = f' It said: "{news.reply}".' if news.reply else ""
        first = Matter(
            what="The letter below could not be sent to the team",
            why=f"The mail relay did not take it for {', '.join(news.addresses)}.{said}",
            next_step="Check the addresses under [company] in the configuration, and the relay; until then, look here.",
        )
        matters = content.matters if isinstance(content, OpsNews) else ()
        told = OpsNews(f"Not sent to the team: {plan.subject}", (first, *matters))
        name = self._parts.vault.derive("ops", "brought", plan.case_id, plan.kind).hex()
        await self._by_mailbox(self._envelope(name, LetterKind.ALARM, told, self._parts.settings.mailbox.address))

    # Telling ────────────────────────────────────────────────────────────────────────────────────────

    async def _tell(self, name: str, news: OpsNews) -> bool:
        """Whether it reached somebody, by the first route that works."""
        routes = [self._tell_by_relay, self._tell_by_mailbox]
        for route in reversed(routes) if name == RELAY else routes:
            if await route(name, news):
                log.warning("ops told", headline=news.headline)
                return True
        log.error("an alarm reached nobody, by neither route", headline=news.headline)
        return False

    async def _tell_by_relay(self, name: str, news: OpsNews) -> bool:
        told = False
        for address in hears(self._parts.policy, LetterKind.ALARM):
            try:
                await self._by_relay(self._alarm_envelope(name, news, address))
                told = True
            except Unavailable as failure:
                log.warning("alarm not sent", why=str(failure))
                break
            except DaemonError as failure:
                log.warning("alarm not sent", to=address, why=str(failure))
        return told

    async def _tell_by_mailbox(self, name: str, news: OpsNews) -> bool:
        try:
            await self._by_mailbox(self._alarm_envelope(name, news, self._parts.settings.mailbox.address))
        except DaemonError as failure:
            log.warning("alarm not put into the mailbox", why=str(failure))
            return False
        return True

    def _alarm_envelope(self, name: str, news: OpsNews, address: str) -> Envelope:
        since = news.matters[0].arrived
        derived = self._parts.vault.derive("alarm", name, news.headline, str(micros(since)) if since else "", address)
        return self._envelope(derived.hex(), LetterKind.ALARM, news, address)

    def _envelope(self, name: str, kind: LetterKind, news: OpsNews, address: str) -> Envelope:
        parts, mailbox = self._parts, self._parts.settings.mailbox.address
        plan = LetterPlan(case_id=name, kind=kind, seq=1, to=address, subject=news.headline, content=news)
        return compose(
            write(plan, None, parts.words),
            sender=mailbox,
            sender_name=parts.policy.company,
            message_id=outbox.message_id(parts.vault, plan, mailbox),
            written_at=parts.clock.now().replace(microsecond=0),
        )

    # Remembering ────────────────────────────────────────────────────────────────────────────────────

    async def _all(self) -> dict[str, Trouble]:
        if self._known is None:
            try:
                stored = await self._parts.read(lambda c: remembered.get(c, FACT))
            except Unavailable:
                stored = None  # the database is the trouble
            if self._known is None:
                self._known = {name: _from_json(value) for name, value in (stored or {}).items()}
        return self._known

    async def _save(self) -> None:
        now = self._parts.clock.now()
        async with self._saving:  # one after the other, or an older picture could be written over a newer one
            values = {name: _to_json(trouble) for name, trouble in (await self._all()).items()}
            try:
                await self._parts.write(lambda c: remembered.put(c, FACT, values, now))
            except Unavailable as failure:
                log.warning("a trouble is not written down", why=str(failure))


def _alarm(name: str, trouble: Trouble, next_step: str) -> OpsNews:
    title = _TITLES.get(name, f"Trouble: {name}")
    why = trouble.why[:1].upper() + trouble.why[1:]
    return OpsNews(title, (Matter(what=title, why=why, arrived=trouble.since, next_step=next_step),))


def _recovered(name: str, trouble: Trouble) -> OpsNews:
    title = f"Recovered: {_TITLES.get(name, name)}"
    why = "It works again. Whatever waited meanwhile is being done now."
    return OpsNews(
        title, (Matter(what=title, why=why, arrived=trouble.since, next_step="There is nothing left to do."),)
    )


def _to_json(trouble: Trouble) -> dict[str, Any]:
    return {"since": trouble.since.isoformat(), "why": trouble.why, "alarmed": trouble.alarmed}


def _from_json(value: dict[str, Any]) -> Trouble:
    return Trouble(datetime.fromisoformat(value["since"]), value["why"], value["alarmed"])
