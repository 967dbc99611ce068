"""Station: time passed: tell ops what is held, remind them, alarm them, and give waiting items their turn.

What is told and its mark "told" are one commit: a crash leaves both or neither. A hold that nobody was told of
counts as lost, so news that the relay will not take are put into the mailbox itself. Counterparties are not chased:
this release asks nobody for codes.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy import Connection

from daemon import casework
from daemon.casework import PROOF
from daemon.commanding.desk import TOKEN_LIVES
from daemon.edge import audit, contacts, inbox, outbox, remembered, threads
from daemon.edge.audit import Entry
from daemon.edge.failpoints import failpoint
from daemon.edge.outbox import undelivered
from daemon.edge.outbox.undelivered import Undelivered
from daemon.edge.team import proposals, tokens
from daemon.edge.threads import holds, lately, turns
from daemon.edge.threads.turns import Queue
from daemon.errors import Refused, Unavailable
from daemon.gatekeeper import gate_of_mail
from daemon.parts import Parts
from daemon.rules import disclosure, overdue
from daemon.rules.counterparties import AddressBook
from daemon.rules.decide.turns import take_turn
from daemon.rules.facts import Suspension
from daemon.rules.letters import LetterKind
from daemon.rules.overdue import Hold, Notice
from daemon.rules.reasons import Reason
from daemon.rules.thread import State
from daemon.rules.workdays import Calendar, local_day
from daemon.troubles import UNFETCHED, Troubles

log = structlog.get_logger()

_SAID = "reminded_on"
_AT_SEND = frozenset({Reason.GATE_AT_SEND, Reason.REFUSED_BY_RELAY, Reason.OUTCOME_UNKNOWN})
_SUSPENDED = {
    Suspension.TIME_SUSPECT: "the clock of this machine jumped; reminders, turns under the daily limit and letters with "
    "codes wait until it is right and the daemon was started anew",
    Suspension.SELF_TEST_FAILED: "at its start the daemon believed a forged mail in its own test; letters with codes wait "
    "until [mailbox] authserv_id and profile are right and it was started anew",
}


@dataclass(frozen=True, slots=True)
class _Round:
    """What one look at the holds goes by."""

    now: datetime
    calendar: Calendar


class Chase:
    """The holds and the waiting items -> letters to our team, answers whose turn has come."""

    def __init__(self, parts: Parts, troubles: Troubles) -> None:
        self._parts = parts
        self._troubles = troubles

    async def once(self) -> bool:
        """Do all that is due; True while more turns may follow at once."""
        now, suspect = self._parts.clock.now(), self._parts.clock.suspect()
        queued = await self._parts.write(lambda c: self._notices(c, now, suspect=suspect))
        if not suspect:
            await self._drop_lapsed(now)
        if queued:
            failpoint("after-notices")
        moved = 0 if suspect else await self._turns(now)
        if queued or moved:
            self._parts.wakes.send.ring()
        await self._bring_undelivered()
        await self._tell_suspensions()
        await self._tell_unfetched()
        return moved > 0

    async def _tell_suspensions(self) -> None:
        """Whatever keeps codes from leaving is a trouble that ops hear of."""
        suspended = self._parts.surroundings().suspensions
        for suspension, words in _SUSPENDED.items():
            if suspension in suspended:
                await self._troubles.met(suspension, Unavailable(words))
            else:
                await self._troubles.over(suspension)

    async def _tell_unfetched(self) -> None:
        """A mail that cannot be had may be a request: nobody else would know of it."""
        words = await self._parts.read(lambda c: remembered.get(c, UNFETCHED))
        if words:
            await self._troubles.met(UNFETCHED, Unavailable(words))
        else:
            await self._troubles.over(UNFETCHED)

    async def _drop_lapsed(self, now: datetime) -> None:
        """Proposals that nobody can decide any more: what they hold, which may be codes, is erased."""

        def drop(connection: Connection) -> None:
            for number in proposals.lapsed(connection, now - TOKEN_LIVES):
                proposals.end(connection, number, done=False)
                audit.append(connection, self._parts.vault, [Entry(now, "lapsed", f"proposal:{number}")])

        if await self._parts.read(lambda c: proposals.lapsed(c, now - TOKEN_LIVES)):
            await self._parts.write(drop)

    # News of holds ──────────────────────────────────────────────────────────────────────────────────

    def _notices(self, connection: Connection, now: datetime, *, suspect: bool) -> int:
        """Queue what ops must hear of now; the number of letters."""
        around = _Round(now, Calendar.of(self._parts.policy))
        letters = self._first_news(connection, around)
        if not suspect:
            letters += self._reminders(connection, around)
        return letters

    def _first_news(self, connection: Connection, around: _Round) -> int:
        policy, today = self._parts.policy, local_day(around.now)
        oldest = holds.oldest_untold(connection)
        ripe = oldest is not None and oldest <= overdue.gathered_since(around.now, policy)
        found = holds.untold(connection) if ripe else holds.set_aside(connection)
        letters = 0
        for notice in overdue.first_notices(found, around.now, policy):
            letters += self._queue(connection, notice, around)
            for hold in notice.holds:
                day = overdue.reached(hold.start, today, around.calendar, policy)
                holds.told(connection, hold, around.now, day)
        return letters

    def _reminders(self, connection: Connection, around: _Round) -> int:
        """At most one gathered letter of each kind a day, so that a bad day brings no flood."""
        policy, today = self._parts.policy, local_day(around.now)
        said: dict[str, str] = remembered.get(connection, _SAID) or {}
        open_hours = overdue.in_office_hours(around.now, around.calendar)
        bands = overdue.bands(today, around.calendar, policy) if open_hours else ()
        letters = 0
        for notice in overdue.reminders(holds.due(connection, bands, today), around.now, policy):
            if said.get(notice.kind) == today.isoformat():
                continue
            letters += self._queue(connection, notice, around)
            for hold in notice.holds:
                holds.reminded(connection, hold, overdue.rung(hold, around.now, around.calendar, policy))
            said = {**said, notice.kind: today.isoformat()}
            remembered.put(connection, _SAID, said, around.now)
        return letters

    def _queue(self, connection: Connection, notice: Notice, around: _Round) -> int:
        """Queue the letters of `notice` under derived names; raises Unavailable where nobody would hear of it."""
        parts = self._parts
        name = parts.vault.derive("ops", notice.kind, *(hold.key for hold in notice.holds)).hex()
        book = contacts.address_book(connection)
        shown = [self._with_evidence(connection, h, book, around.now) for h in notice.holds[: overdue.MOST_MATTERS]]
        notice = replace(notice, holds=(*shown, *notice.holds[overdue.MOST_MATTERS :]))
        letters = overdue.letters(notice, name, parts.policy, local_day(around.now))
        plans = [tokens.with_typed(parts.vault, letter) for letter in letters]
        if not plans:
            raise Unavailable("nobody is listed under [company] to be told of what is held")
        outbox.queue(connection, parts.vault, plans, mailbox=parts.settings.mailbox.address, now=around.now)
        audit.append(connection, parts.vault, [_entry(notice, name, len(plans), around.now)])
        log.info("ops to be told", kind=notice.kind, holds=len(notice.holds), letters=len(plans))
        return len(plans)

    def _with_evidence(self, connection: Connection, hold: Hold, book: AddressBook, now: datetime) -> Hold:
        """`hold` with what did not hold of it: the gate's conditions, or the relay's words."""
        if not hold.case_id:
            return replace(hold, evidence=self._of_mail(connection, hold, book, now))
        if hold.reason not in _AT_SEND:
            return hold
        refusal = holds.last_refusal(connection, hold.case_id)
        if refusal is None:
            return hold
        failed = tuple(f"{gate}: {evidence}" for gate, evidence in refusal.failed)
        relays = "" if hold.reason is Reason.GATE_AT_SEND else "the relay said: "  # else they are the gate's own words
        said = (f"{relays}{refusal.reply}",) if refusal.reply and (relays or not failed) else ()
        return replace(hold, evidence=(*failed, *said))

    def _of_mail(self, connection: Connection, hold: Hold, book: AddressBook, now: datetime) -> tuple[str, ...]:
        stored = inbox.proof(connection, hold.mail_id)
        if stored is None:
            return ()
        gate = gate_of_mail(PROOF.validate_json(stored), book, self._parts, now)
        return tuple(f"{condition.gate}: {condition.evidence}" for condition in disclosure.failures(gate))

    # Turns under the cap ────────────────────────────────────────────────────────────────────────────

    async def _turns(self, now: datetime) -> int:
        """Give each party's waiting items today's number, in order of arrival; the threads that moved."""
        moved = 0
        for queue in await self._parts.read(turns.queues):
            for case in await self._parts.read(lambda c, q=queue: self._cases_in_turn(c, q, now)):  # type: ignore[misc]
                moved += await self._parts.write(lambda c, case=case: self._take_turn(c, case, now))  # type: ignore[misc]
                failpoint("after-turn")
        return moved

    def _cases_in_turn(self, connection: Connection, queue: Queue, now: datetime) -> list[str]:
        """The threads that today's number reaches, and those in which a due date would break without it."""
        rates, limits = lately.rates(connection, queue.party, "", now), self._parts.policy.limits
        left = min(
            limits.codes_per_counterparty_per_day - rates.codes_today_to_party, limits.codes_per_day - rates.codes_today
        )
        cases = list(turns.queue_head(connection, queue.party, left)) if left > 0 else []
        if queue.earliest_due <= local_day(now):
            cases += turns.queue_due(connection, queue.party, local_day(now))
        return list(dict.fromkeys(cases))

    def _take_turn(self, connection: Connection, case: str, now: datetime) -> bool:
        """Whether something of this thread moved."""
        thread = threads.load(connection, [case])[case]
        waiting = [item.device_id for item in thread.items if item.state is State.PENDING]
        facts = casework.turn_facts(connection, thread, waiting, now)
        decision = take_turn(thread, facts, self._parts.policy)
        if decision is None:
            return False
        casework.write_turn(connection, self._parts, thread, decision, now)
        left = sum(item.state is State.PENDING for changed in decision.threads for item in changed.items)
        codes = sum(len(plan.code_devices) for plan in decision.plans)
        detail = {"reason": decision.reason, "codes": codes, "letters": len(decision.plans), "left": left}
        audit.append(connection, self._parts.vault, [Entry(now, "turn-taken", f"case:{case}", detail)])
        log.info("turn taken", reference=thread.reference, codes=codes, left=left)
        return left < sum(item.state is State.PENDING for item in thread.items)

    # News that the relay would not take ─────────────────────────────────────────────────────────────

    async def _bring_undelivered(self) -> None:
        """Put such news into the mailbox, once each; where that fails too, the next look tries again."""
        for news in await self._parts.read(undelivered.find):
            if news.reached:
                log.warning("a member of the team cannot be reached", addresses=news.addresses, reply=news.reply)
            elif not await self._brought(news):
                return
            failpoint("after-brought")
            await self._parts.write(lambda c, news=news: self._settle_news(c, news))  # type: ignore[misc]

    async def _brought(self, news: Undelivered) -> bool:
        try:
            await self._troubles.bring(news)
        except (Unavailable, Refused) as failure:
            log.warning("news for ops reach nobody: the relay refuses them, the mailbox too", why=str(failure))
            return False
        log.error("the relay refuses our team's addresses; the news lie in the mailbox", addresses=news.addresses)
        return True

    def _settle_news(self, connection: Connection, news: Undelivered) -> None:
        undelivered.settle(connection, news.letter_ids)
        what = "ops-told-otherwise" if not news.reached else "member-not-reached"
        detail = {"kind": news.plan.kind, "letters": len(news.letter_ids)}
        audit.append(connection, self._parts.vault, [Entry(self._parts.clock.now(), what, _about(news), detail)])


def _about(news: Undelivered) -> str:
    return f"notice:{news.plan.case_id}"


def _entry(notice: Notice, name: str, letters: int, now: datetime) -> Entry:
    what = {LetterKind.REMINDER: "ops-reminded", LetterKind.BREACH: "ops-alarmed"}.get(notice.kind, "ops-told")
    of = [hold.reference or f"mail:{hold.mail_id}" for hold in notice.holds]
    return Entry(now, what, f"notice:{name}", {"kind": notice.kind, "of": of, "letters": letters})
