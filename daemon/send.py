"""Station: send what the outbox holds.

The order of steps is the law of this file. A letter is claimed and committed; the gate is asked again;
its bytes are frozen and committed; then, for each letter on its own link: MAIL, RCPT, the mark that
DATA begins (committed), DATA, and the outcome (committed). Nothing that cannot be told apart from
"sent" is ever sent again before somebody looked for proof.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from daemon.edge import audit, outbox
from daemon.edge.audit import Entry
from daemon.edge.commits import GroupCommit, Write
from daemon.edge.failpoints import failpoint
from daemon.edge.outbox import LetterState, Queued
from daemon.edge.smtp import Relay
from daemon.errors import Deferred, OutcomeUnknown, Refused, SealBroken, Unavailable
from daemon.parts import Parts
from daemon.rules.reasons import Reason
from daemon.sealing import End, envelope_of, hold_back, prepare

log = structlog.get_logger()

CLAIM_BATCH = 200
MOST_ATTEMPTS = 245
"""Five days of "not now" at the ladder's pace (5 attempts in the first half hour, then two an hour)."""
MOST_RESENDS = 2
"""After an unknown outcome without proof: a copy is no leak, a third would be a nuisance."""
LONGEST_PAUSE_S = 30.0

ProofOf = Callable[[str], Awaitable[bool]]
"""Whether a Message-ID is found in the mailbox's Sent folder. Raises Unavailable."""


@dataclass(slots=True)
class _Batch:
    """What one round sends. `trouble`: why the rest was not tried."""

    waiting: deque[Queued]
    untried: list[Queued] = field(default_factory=list)
    trouble: Unavailable | None = None
    over: bool = False


class Sending:
    """The outbox -> the relay. One batch at a time, on several links."""

    def __init__(self, parts: Parts, relay: Relay, proof_of: ProofOf) -> None:
        self._parts = parts
        self._relay = relay
        self._proof_of = proof_of
        self._commit = GroupCommit(parts.database, parts.fence, partial(_audited, parts))
        self._batch = _Batch(deque())
        self._stopping = False
        self._tidy_gen = 0
        """The generation in which the last round ended as it should: nothing of it was cut off."""

    async def once(self) -> bool:
        """Send one batch; True while there may be more. Raises Unavailable when the relay is in trouble."""
        self._stopping = False
        await self._look_for_proof(self._parts.clock.now())
        now, tidy_gen, self._tidy_gen = self._parts.clock.now(), self._tidy_gen, 0
        claimed = await self._parts.write(lambda c: self._claim(c, now, tidy=tidy_gen == self._parts.gen))
        if claimed:
            failpoint("after-send-claim")
            ready = await self._parts.write(lambda c: prepare(c, self._parts, claimed, now))
            failpoint("after-freeze")
            await self._send(ready)
        self._tidy_gen = self._parts.gen
        return bool(claimed)

    def interrupt(self) -> None:
        """Begin no further letter of the round in hand; those on a link are finished. Call it in the event loop."""
        self._stopping = self._batch.over = True

    def _claim(self, connection: Connection, now: datetime, *, tidy: bool) -> list[Queued]:
        """The batch. Whatever is `sending` before it was cut off, for no batch is in hand at this point."""
        if not tidy:
            unknown = outbox.unknown_after_crash(connection, now + self._unknown_wait)
            entries = [Entry(now, "letter-unknown", f"letter:{letter}", {"why": "cut off"}) for letter in unknown]
            audit.append(connection, self._parts.vault, entries)
            outbox.started_after_crash(connection, self._parts.gen, now)
        return outbox.claim(connection, self._parts.gen, now, CLAIM_BATCH)

    @property
    def _unknown_wait(self) -> timedelta:
        return timedelta(minutes=self._parts.policy.unknown_wait_minutes)

    # The batch ──────────────────────────────────────────────────────────────────────────────────────

    async def _send(self, ready: Sequence[Queued]) -> None:
        """Each letter on its own link; where our side is in trouble, the rest is given back uncounted."""
        batch = self._batch = _Batch(deque(ready), over=self._stopping)
        links = min(len(ready), self._relay.account.connections)
        ends = await asyncio.gather(*(self._work(batch) for _ in range(links)), return_exceptions=True)
        left = [queued.id for queued in (*batch.untried, *batch.waiting)]
        if left:
            now = self._parts.clock.now()
            await self._parts.write(lambda c: outbox.give_back(c, left, now))
        for bell in (self._parts.wakes.filing, self._parts.wakes.chase):
            bell.ring()
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        if batch.trouble is not None:
            raise batch.trouble

    async def _work(self, batch: _Batch) -> None:
        """One link's share: the next letter while there is one and nothing is wrong."""
        sound = False
        try:
            while batch.waiting and not batch.over:
                await self._attempt_or_give_up(batch, batch.waiting.popleft())
            sound = True
        finally:
            batch.over = batch.over or not sound

    async def _attempt_or_give_up(self, batch: _Batch, queued: Queued) -> None:
        try:
            await self._attempt(queued)
        except Unavailable as trouble:
            batch.trouble, batch.over = batch.trouble or trouble, True
            batch.untried.append(queued)

    async def _attempt(self, queued: Queued) -> None:
        """Hand one letter over and write down what became of it. Raises Unavailable: it was not sent."""
        began_s = time.monotonic()
        try:
            envelope = envelope_of(self._parts, queued)
            reply = await self._relay.send(envelope, partial(self._mark_dot, queued))
        except SealBroken as failure:
            end = End(LetterState.HELD, Reason.GATE_AT_SEND, str(failure))
            outcome, said = self._ended(queued, end), "held"
        except Refused as failure:
            end = End(LetterState.REJECTED, Reason.REFUSED_BY_RELAY, str(failure))
            outcome, said = self._ended(queued, end), "refused"
        except Deferred as failure:
            outcome, said = partial(self._deferred, queued, str(failure)), "deferred"
        except OutcomeUnknown as failure:
            outcome, said = partial(self._unknown, queued, str(failure)), "unknown"
        else:
            failpoint("after-250")
            outcome, said = partial(self._accepted, queued, reply), "accepted"
        await self._write_down(outcome)
        failpoint("after-outcome")
        took_ms = round((time.monotonic() - began_s) * 1000)
        log.info("letter", letter=queued.id, kind=queued.plan.kind, outcome=said, attempt=queued.attempts, ms=took_ms)

    async def _mark_dot(self, queued: Queued) -> None:
        """The commit that DATA waits for, and the fence before it: a taken-over instance does not get past.

        The wait for the relay's word may outlast the lease (10 minutes against 30 seconds, renewed all the time), so
        no lease can cover it. What covers it: whoever takes over finds this mark, makes the letter `unknown`, and
        looks for proof only after `unknown_wait_minutes`, when that wait is over. Here it is enough that our own
        steady clock says that we held the mailbox when the mark was made: a process that slept stops here.
        """
        await self._commit(partial(self._dot, queued))
        failpoint("after-dot-mark")
        if self._parts.lease.remaining_s() <= 0:
            raise Unavailable("our hold on the mailbox ran out before DATA")

    def _dot(self, queued: Queued, connection: Connection) -> None:
        outbox.mark_dot(connection, queued.id, self._parts.gen)

    async def _write_down(self, outcome: Write) -> None:
        """Make an outcome durable, however long the database takes: without it a letter that went is unknown."""
        pause_s = 0.5
        while True:
            try:
                await self._commit(outcome)
            except Unavailable as trouble:
                log.warning("an outcome waits for the database", why=str(trouble))
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            else:
                return

    # Outcomes ───────────────────────────────────────────────────────────────────────────────────────

    def _accepted(self, queued: Queued, reply: str, connection: Connection) -> Sequence[Entry]:
        now = self._parts.clock.now()
        outbox.finish(connection, queued.id, LetterState.ACCEPTED, now, reply=reply)
        detail = {
            "case": queued.plan.case_id,
            "kind": queued.plan.kind,
            "party": queued.plan.party,
            "codes": len(queued.plan.code_devices),
            "message_id": queued.message_id,
        }
        return [Entry(now, "letter-accepted", f"letter:{queued.id}", detail)]

    def _deferred(self, queued: Queued, words: str, connection: Connection) -> Sequence[Entry] | None:
        if queued.attempts >= MOST_ATTEMPTS:
            return self._ended(queued, End(LetterState.HELD, Reason.REFUSED_BY_RELAY, words))(connection)
        now = self._parts.clock.now()
        later = outbox.retry_at(now, queued.attempts)
        outbox.finish(connection, queued.id, LetterState.DEFERRED, now, reply=words, next_at=later)
        return None

    def _unknown(self, queued: Queued, words: str, connection: Connection) -> Sequence[Entry]:
        now = self._parts.clock.now()
        look_at = now + self._unknown_wait
        outbox.finish(connection, queued.id, LetterState.UNKNOWN, now, reply=words, next_at=look_at)
        return [Entry(now, "letter-unknown", f"letter:{queued.id}", {"message_id": queued.message_id})]

    def _ended(self, queued: Queued, end: End) -> Write:
        return lambda connection: hold_back(connection, self._parts, queued, end, self._parts.clock.now())

    # Unknown outcomes ───────────────────────────────────────────────────────────────────────────────

    async def _look_for_proof(self, now: datetime) -> None:
        """Each unknown letter whose wait is over: accepted where proof is found; else once more, or held."""
        for queued in await self._parts.read(lambda c: outbox.unknown_due(c, now)):
            try:
                found = await self._proof_of(queued.message_id)
            except Unavailable as trouble:
                log.warning("no look for proof: the mailbox is away", letter=queued.id, why=str(trouble))
                return
            failpoint("after-proof")
            await self._commit(partial(self._resolve, queued, found))
            failpoint("after-resolve")
            log.info("unknown letter looked up", letter=queued.id, proof=found, resends=queued.resends)

    def _resolve(self, queued: Queued, found: bool, connection: Connection) -> Sequence[Entry] | None:
        if found:
            return self._accepted(queued, "found in Sent", connection)
        if queued.resends >= MOST_RESENDS:
            words = "sent three times; no proof that it arrived"
            return self._ended(queued, End(LetterState.HELD, Reason.OUTCOME_UNKNOWN, words))(connection)
        now = self._parts.clock.now()
        outbox.resend(connection, queued.id, now)
        return [Entry(now, "letter-resent", f"letter:{queued.id}", {"resend": queued.resends + 1})]


def _audited(parts: Parts, connection: Connection, entries: Sequence[Entry]) -> None:
    audit.append(connection, parts.vault, entries)
