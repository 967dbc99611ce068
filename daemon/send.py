"""Station: send what the outbox holds.

The order of steps is the law of this file. A letter is claimed and committed; the gate is asked again;
its bytes are frozen and committed; then, for each letter on its own link: the mark that DATA may begin
(committed); MAIL, RCPT and DATA, in one go where the relay takes it; the letter; and the outcome. That one
rides with the mark of the next letter on the link, and is committed before anything of that letter is said:
at most one letter a link is ever in doubt. Nothing that cannot be told apart from "sent" is ever sent again
before somebody looked for proof.
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

from daemon.edge import audit
from daemon.edge.audit import Entry
from daemon.edge.commits import GroupCommit, Write
from daemon.edge.failpoints import failpoint
from daemon.edge.outbox import LetterState, Queued, attempts
from daemon.edge.smtp import Relay
from daemon.errors import Deferred, OutcomeUnknown, Refused, SealBroken, Unavailable
from daemon.parts import Parts
from daemon.rules.reasons import Reason
from daemon.rules.refusals import Nos, Whose, of_us, whose
from daemon.sealing import End, envelope_of, hold_back, judge, set_down

log = structlog.get_logger()

CLAIM_BATCH = 150
FEW = 50
"""When no more than these are ready, more are made ready: 200 letters at most lie between the gate and the relay."""
MOST_ATTEMPTS = 245
"""Five days of "not now" at the ladder's pace (5 attempts in the first half hour, then two an hour)."""
MOST_RESENDS = 2
"""After an unknown outcome without proof: a copy is no leak, a third would be a nuisance."""
LONGEST_PAUSE_S = 30.0

ProofOf = Callable[[str], Awaitable[bool]]
"""Whether a Message-ID is found in the mailbox's Sent folder. Raises Unavailable."""


_Said = tuple[Queued, str]
"""A letter, and the relay's words on it or ours."""


@dataclass(slots=True, eq=False)
class _Outcome:
    """What became of a letter: handed in to be committed, and perhaps not durable yet."""

    kind: str
    write: Write[_Said]
    said: _Said
    took_ms: int
    durable: asyncio.Future[None]


@dataclass(slots=True)
class _Batch:
    """What one round sends. `whole`: no more will be made ready; `trouble`: why the rest was not tried."""

    waiting: deque[Queued]
    untried: list[Queued] = field(default_factory=list)
    outcomes: set[_Outcome] = field(default_factory=set)
    """Those of which nobody has heard yet that they are durable: one a link at the most."""
    trouble: Unavailable | None = None
    got_on: bool = False
    """A letter for another company was taken."""
    whole: bool = False
    over: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _few: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, ready: Sequence[Queued]) -> None:
        """These may go, too."""
        self.waiting.extend(ready)
        self._news.set()

    def take(self) -> Queued:
        """The next that goes."""
        if len(self.waiting) <= FEW + 1:
            self._few.set()
        return self.waiting.popleft()

    def no_more(self) -> None:
        """Nothing will be added."""
        self.whole = True
        self._news.set()

    def end(self) -> None:
        """Begin no further letter."""
        self.over = True
        self._news.set()
        self._few.set()

    async def any_more(self) -> bool:
        """Whether there is a letter to take; waits while some are being made ready."""
        while not (self.waiting or self.whole or self.over):
            self._news.clear()
            await self._news.wait()
        return bool(self.waiting) and not self.over

    async def few(self) -> bool:
        """True once few are left, False where it is over."""
        while len(self.waiting) > FEW and not self.over:
            self._few.clear()
            await self._few.wait()
        return not self.over


class Sending:
    """The outbox -> the relay. One batch at a time, on several links."""

    def __init__(self, parts: Parts, relay: Relay, proof_of: ProofOf) -> None:
        self._parts = parts
        self._relay = relay
        self._proof_of = proof_of
        self._commits = GroupCommit(parts.database, parts.fence, partial(_audited, parts))
        self._batch = _Batch(deque())
        self._stopping = False
        self._nos = Nos(parts.settings.mailbox.address.rpartition("@")[2].casefold())
        self._tidy_gen = 0
        """The generation in which the last round ended as it should: nothing of it was cut off."""

    async def once(self) -> bool:
        """Send one batch; True while there may be more. Raises Unavailable when the relay is in trouble."""
        self._stopping = False
        await self._look_for_proof(self._parts.clock.now())
        tidy_gen, self._tidy_gen = self._tidy_gen, 0
        ready = await self._made_ready(tidy=tidy_gen == self._parts.gen)
        if ready is not None:
            await self._send(ready)
        self._tidy_gen = self._parts.gen
        await self._say_what_stands()
        return ready is not None

    async def _say_what_stands(self) -> None:
        """Raise Unavailable while the relay has something against us: until it takes a letter, or none waits that heard it."""
        if not self._nos.against_us:
            return
        if await self._parts.read(attempts.any_put_off):
            raise _against_us(self._nos.last)

    def interrupt(self) -> None:
        """Begin no further letter of the round in hand; those on a link are finished. Call it in the event loop."""
        self._stopping = True
        self._batch.end()

    # Made ready ─────────────────────────────────────────────────────────────────────────────────────

    async def _made_ready(self, *, tidy: bool = True, suspects: int = 1) -> list[Queued] | None:
        """Letters that are due, claimed, and those of them that may go frozen; None: none is due."""
        now = self._parts.clock.now()
        claimed = await self._parts.write(lambda c: self._claim(c, now, tidy=tidy, suspects=suspects))
        if not claimed:
            return None
        failpoint("after-send-claim")
        judged = await self._parts.read(lambda c: judge(c, self._parts, claimed, now))
        ready = await self._parts.write(lambda c: set_down(c, self._parts, judged, now))
        failpoint("after-freeze")
        return ready

    def _claim(self, connection: Connection, now: datetime, *, tidy: bool, suspects: int) -> list[Queued]:
        """Letters for the batch. Unless all is `tidy`, whatever is `sending` before it was cut off: none is in hand."""
        if not tidy:
            unknown = attempts.unknown_after_crash(connection, now + self._unknown_wait)
            entries = [Entry(now, "letter-unknown", f"letter:{letter}", {"why": "cut off"}) for letter in unknown]
            audit.append(connection, self._parts.vault, entries)
            attempts.started_after_crash(connection, self._parts.gen, now)
        return attempts.claim(connection, self._parts.gen, now, CLAIM_BATCH, suspects=suspects)

    @property
    def _unknown_wait(self) -> timedelta:
        return timedelta(minutes=self._parts.policy.unknown_wait_minutes)

    # The batch ──────────────────────────────────────────────────────────────────────────────────────

    async def _send(self, ready: Sequence[Queued]) -> None:
        """Each letter on its own link; where our side is in trouble, the rest is given back uncounted."""
        batch = self._batch = _Batch(deque(ready), over=self._stopping)
        links = [self._work(batch) for _ in range(self._relay.account.connections)]
        ends = await asyncio.gather(self._feed(batch), *links, return_exceptions=True)
        last = [self._made_durable(batch, outcome) for outcome in batch.outcomes]
        ends += await asyncio.gather(*last, return_exceptions=True)
        left = [queued.id for queued in (*batch.untried, *batch.waiting)]
        if left:
            now = self._parts.clock.now()
            await self._parts.write(lambda c: attempts.give_back(c, left, now))
        self._ring()
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        if batch.trouble is not None:
            batch.trouble.got_on = batch.got_on
            raise batch.trouble

    def _ring(self) -> None:
        for bell in (self._parts.wakes.filing, self._parts.wakes.chase):
            bell.ring()

    async def _feed(self, batch: _Batch) -> None:
        """Make more letters ready while others are on their way, until none is due."""
        try:
            while await batch.few():
                ready = await self._made_ready(suspects=0)
                if ready is None:
                    break
                batch.add(ready)
                self._ring()
        except BaseException:
            batch.end()
            raise
        finally:
            batch.no_more()

    async def _work(self, batch: _Batch) -> None:
        """One link's share: the next letter while there is one and nothing is wrong."""
        last: _Outcome | None = None
        try:
            while not batch.over:
                if batch.waiting:
                    last = await self._attempt_or_give_up(batch, batch.take(), last)
                    continue
                await self._made_durable(batch, last)
                last = None
                if not await batch.any_more():
                    break
        except BaseException:
            batch.end()
            raise

    async def _attempt_or_give_up(self, batch: _Batch, queued: Queued, last: _Outcome | None) -> _Outcome | None:
        try:
            return await self._attempt(batch, queued, last)
        except Unavailable as trouble:
            batch.trouble = batch.trouble or trouble
            batch.untried.append(queued)
            batch.end()
            return None

    async def _attempt(self, batch: _Batch, queued: Queued, last: _Outcome | None) -> _Outcome:
        """Hand one letter over, and in what became of it. Raises Unavailable: it was not sent.

        `last`: the outcome of the letter that went before on this link.
        """
        began_s = time.monotonic()
        write: Write[_Said]
        try:
            envelope = envelope_of(self._parts, queued)
            mark_dot = partial(self._mark_dot, batch, queued, last)
            words = await self._relay.send(envelope, mark_dot, self._still_ours)
        except SealBroken as failure:
            kind, write, words = "held", self._held, str(failure)
        except Refused as failure:
            words = str(failure)
            kind, write = self._put_off_or_refused(batch, queued, words)
        except Deferred as failure:
            kind, write, words = "deferred", self._deferred, str(failure)
            self._hear_no(batch, queued, words, stop=of_us(words))
        except OutcomeUnknown as failure:
            kind, write, words = "unknown", self._unknown, str(failure)
        else:
            failpoint("after-250")
            kind, write = "accepted", self._accepted
            self._nos = self._nos.taken(queued.plan.to)
            batch.got_on |= self._nos.leaves(queued.plan.to)
        took_ms, said = round((time.monotonic() - began_s) * 1000), (queued, words)
        outcome = _Outcome(kind, write, said, took_ms, self._commits.hand_in(write, said))
        batch.outcomes.add(outcome)
        return outcome

    def _put_off_or_refused(self, batch: _Batch, queued: Queued, words: str) -> tuple[str, Write[_Said]]:
        """What a final no means for the letter: its end, or, where the relay may have something against us, that it waits."""
        which = whose(self._nos.heard(queued.plan.to, words), words, first=queued.attempts <= 1)
        if which is Whose.LETTER:
            return "refused", self._refused
        self._hear_no(batch, queued, words, stop=which is Whose.RELAY)
        return "deferred", self._deferred

    def _hear_no(self, batch: _Batch, queued: Queued, words: str, *, stop: bool) -> None:
        """Remember a no that may concern more than its letter; `stop`: the next would hear it too, so none begins."""
        self._nos = self._nos.heard(queued.plan.to, words)
        if stop:
            batch.trouble = batch.trouble or _against_us(words)
            batch.end()

    async def _mark_dot(self, batch: _Batch, queued: Queued, last: _Outcome | None) -> None:
        """The commit that DATA waits for, and the fence before it: a taken-over instance does not get past.

        The outcome of the letter before it on this link is in the same commit or was in an earlier one; else it is waited
        for here, so that a crash never leaves two letters of a link in doubt.

        The wait for the relay's word may outlast the lease (10 minutes against 30 seconds, renewed all the time), so
        no lease can cover it. What covers it: whoever takes over finds this mark, makes the letter `unknown`, and
        looks for proof only after `unknown_wait_minutes`, when that wait is over. Here it is enough that our own
        steady clock says that we hold the mailbox when the mark was made, and again before the first octet of the
        letter: a process that slept stops there.
        """
        await self._commits.hand_in(self._dot, queued.id)
        failpoint("after-dot-mark")
        await self._made_durable(batch, last)
        self._still_ours()

    def _still_ours(self) -> None:
        if self._parts.lease.remaining_s() <= 0:
            raise Unavailable("our hold on the mailbox ran out before the letter was said")

    async def _made_durable(self, batch: _Batch, outcome: _Outcome | None) -> None:
        """Return when it is, however long the database takes: without it a letter that went is unknown."""
        if outcome is None or outcome not in batch.outcomes:
            return
        pause_s = 0.5
        while True:
            try:
                await outcome.durable
            except Unavailable as trouble:
                log.warning("an outcome waits for the database", why=str(trouble))
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                outcome.durable = self._commits.hand_in(outcome.write, outcome.said)
            else:
                break
        batch.outcomes.discard(outcome)
        failpoint("after-outcome")
        queued, kind = outcome.said[0], outcome.said[0].plan.kind
        attempt, took_ms = queued.attempts, outcome.took_ms
        log.info("letter", letter=queued.id, kind=kind, outcome=outcome.kind, attempt=attempt, ms=took_ms)

    # Outcomes ───────────────────────────────────────────────────────────────────────────────────────

    def _dot(self, connection: Connection, letters: Sequence[int]) -> None:
        attempts.mark_dot(connection, letters, self._parts.gen)

    def _accepted(self, connection: Connection, taken: Sequence[_Said]) -> Sequence[Entry]:
        now = self._parts.clock.now()
        attempts.accept(connection, {queued.id: reply for queued, reply in taken}, now)
        return [self._of_accepted(queued, now) for queued, _ in taken]

    @staticmethod
    def _of_accepted(queued: Queued, now: datetime) -> Entry:
        detail = {
            "case": queued.plan.case_id,
            "kind": queued.plan.kind,
            "party": queued.plan.party,
            "codes": len(queued.plan.code_devices),
            "message_id": queued.message_id,
        }
        return Entry(now, "letter-accepted", f"letter:{queued.id}", detail)

    def _deferred(self, connection: Connection, put_off: Sequence[_Said]) -> Sequence[Entry]:
        now = self._parts.clock.now()
        entries: list[Entry] = []
        for queued, words in put_off:
            if queued.attempts >= MOST_ATTEMPTS:
                entries += self._ended(connection, [(queued, words)], LetterState.HELD, Reason.REFUSED_BY_RELAY)
            else:
                later = attempts.retry_at(now, queued.attempts)
                attempts.finish(connection, queued.id, LetterState.DEFERRED, now, reply=words, next_at=later)
        return entries

    def _unknown(self, connection: Connection, unheard: Sequence[_Said]) -> Sequence[Entry]:
        now = self._parts.clock.now()
        look_at = now + self._unknown_wait
        for queued, words in unheard:
            attempts.finish(connection, queued.id, LetterState.UNKNOWN, now, reply=words, next_at=look_at)
        return [Entry(now, "letter-unknown", f"letter:{q.id}", {"message_id": q.message_id}) for q, _ in unheard]

    def _held(self, connection: Connection, broken: Sequence[_Said]) -> Sequence[Entry]:
        return self._ended(connection, broken, LetterState.HELD, Reason.GATE_AT_SEND)

    def _refused(self, connection: Connection, refused: Sequence[_Said]) -> Sequence[Entry]:
        return self._ended(connection, refused, LetterState.REJECTED, Reason.REFUSED_BY_RELAY)

    def _ended(
        self, connection: Connection, ended: Sequence[_Said], state: LetterState, reason: Reason
    ) -> Sequence[Entry]:
        now, entries = self._parts.clock.now(), list[Entry]()
        for queued, words in ended:
            entries += hold_back(connection, self._parts, queued, End(state, reason, words), now)
        return entries

    # Unknown outcomes ───────────────────────────────────────────────────────────────────────────────

    async def _look_for_proof(self, now: datetime) -> None:
        """Each unknown letter whose wait is over: accepted where proof is found; else once more, or held."""
        for queued in await self._parts.read(lambda c: attempts.unknown_due(c, now)):
            try:
                found = await self._proof_of(queued.message_id)
            except Unavailable as trouble:
                log.warning("no look for proof: the mailbox is away", letter=queued.id, why=str(trouble))
                return
            failpoint("after-proof")
            await self._commits.hand_in(self._resolved, (queued, found))
            failpoint("after-resolve")
            log.info("unknown letter looked up", letter=queued.id, proof=found, resends=queued.resends)

    def _resolved(self, connection: Connection, looked_up: Sequence[tuple[Queued, bool]]) -> Sequence[Entry]:
        return [entry for queued, found in looked_up for entry in self._resolve(connection, queued, found)]

    def _resolve(self, connection: Connection, queued: Queued, found: bool) -> Sequence[Entry]:
        if found:
            return self._accepted(connection, [(queued, "found in Sent")])
        if queued.resends >= MOST_RESENDS:
            words = "sent three times; no proof that it arrived"
            return self._ended(connection, [(queued, words)], LetterState.HELD, Reason.OUTCOME_UNKNOWN)
        now = self._parts.clock.now()
        attempts.resend(connection, queued.id, now)
        return [Entry(now, "letter-resent", f"letter:{queued.id}", {"resend": queued.resends + 1})]


def _against_us(words: str) -> Unavailable:
    return Unavailable(f"the relay takes no letter of ours now, and all are kept. It said: {words}")


def _audited(parts: Parts, connection: Connection, entries: Sequence[Entry]) -> None:
    audit.append(connection, parts.vault, entries)
