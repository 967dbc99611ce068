"""Station: settle what was kept: read it, decide, write it down.

The claim is counted and committed before the mail is read, so that a mail which kills its reader three times is
set aside. Reading happens in children that hold no keys. What is decided is written in one transaction a batch,
with its letters and its audit entries; a mail that our own code fails on is set aside alone.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

import structlog
from sqlalchemy import Connection

from daemon import bouncing, casework
from daemon.casework import Case, Worked
from daemon.commanding.obey import obey
from daemon.edge import audit, inbox, outbox, remembered, threads
from daemon.edge.failpoints import failpoint
from daemon.edge.inbox import KeptMail, Settled, seen_before, whereabouts
from daemon.edge.outbox import LetterState, ToQueue, attempts
from daemon.edge.reader.frames import ReadMail
from daemon.edge.reader.pool import Readers
from daemon.errors import DaemonError, Unreadable
from daemon.parts import Parts
from daemon.receiving import take
from daemon.rules.counterparties import AddressBook
from daemon.rules.decide.filed import folder_for, folder_of
from daemon.rules.decision import Decision, Fate, Folder, folder_path
from daemon.rules.policy import Mode, Policy
from daemon.rules.reasons import Reason
from daemon.rules.sense.personal import safe_subject
from daemon.rules.thread import MailThread, State
from daemon.rules.workdays import Calendar, local_day

log = structlog.get_logger()

_Pair = tuple[KeptMail, ReadMail]
CLAIM_BATCH = 100
SETTLED = "mail-settled"
"""What an audit entry of a mail's fate is called."""
CUT = "the mail is larger than we take in; only its beginning was read"


class Settling:
    """The kept mails -> threads, letters, fates."""

    def __init__(self, parts: Parts, readers: Readers) -> None:
        self._parts = parts
        self._readers = readers
        self._orders_changed = False
        self._tidy = False
        """The last round ended as it should: nothing of it was cut off."""

    async def once(self) -> bool:
        """Settle one batch; True while there may be more."""
        now = self._parts.clock.now()
        tidy, self._tidy = self._tidy, False
        claimed = await self._parts.write(lambda c: self._claim(c, now, tidy=tidy))
        if not claimed:
            self._tidy = True
            return False
        failpoint("after-claim")
        read = await self._read(claimed)
        failpoint("after-read")
        settled = await self._parts.write(lambda c: self._settle(c, list(zip(claimed, read, strict=True)), now))
        failpoint("after-settle")
        if self._orders_changed:
            await self._parts.refresh()
            self._orders_changed = False
        for bell in (self._parts.wakes.send, self._parts.wakes.filing, self._parts.wakes.chase):
            bell.ring()
        self._tidy = True
        await asyncio.to_thread(_log, settled)
        return True

    def _claim(self, connection: Connection, now: datetime, *, tidy: bool) -> list[KeptMail]:
        if not tidy:
            inbox.take_back(connection, self._parts.gen)
        for mail_id in inbox.poisonous(connection, self._parts.gen):
            self._quarantine(connection, mail_id, now)
        side = frozenset(remembered.get(connection, "side_folders") or ())
        return inbox.claim(connection, self._parts.vault, self._parts.gen, CLAIM_BATCH, side)

    def _quarantine(self, connection: Connection, mail_id: int, now: datetime) -> None:
        policy = self._parts.policy
        due = Calendar.of(policy).due(local_day(inbox.arrived(connection, mail_id)), policy.answer_within_working_days)
        fate = Settled(
            fate=Fate.POISON,
            reason=Reason.POISON,
            keep_content=True,
            wanted_folder=folder_path(Folder.QUARANTINE),
            held_due=due.end,
            held_due_sum=due.explain(),
        )
        inbox.settle(connection, {mail_id: fate}, now)
        audit.append(connection, self._parts.vault, [audit.Entry(now, "quarantined", f"mail:{mail_id}")])
        log.error("mail set aside: reading it failed three times", mail=mail_id)

    async def _read(self, claimed: Sequence[KeptMail]) -> list[ReadMail | None]:
        """Each mail as read by a child; None where the child died of it."""
        outcomes = await self._readers.read_each([kept.content for kept in claimed])
        return [_whole(kept, outcome) for kept, outcome in zip(claimed, outcomes, strict=True)]

    def _settle(
        self, connection: Connection, pairs: Sequence[tuple[KeptMail, ReadMail | None]], now: datetime
    ) -> list[audit.Entry]:
        """All in one go; where one mail is too much for us, anew one by one, so that it alone is set aside."""
        inbox.give_back(connection, [kept.id for kept, read in pairs if read is None], uncounted=False)
        whole = [(kept, read) for kept, read in pairs if read is not None]
        entries = self._together(connection, whole, now)
        audit.append(connection, self._parts.vault, entries)
        return entries

    def _together(self, connection: Connection, pairs: Sequence[_Pair], now: datetime) -> list[audit.Entry]:
        try:
            with connection.begin_nested():
                return self._each(connection, pairs, now)
        except DaemonError:
            raise
        except Exception:  # one mail must never stop the next: count, set aside, go on
            if len(pairs) == 1:
                kept, _ = pairs[0]
                inbox.give_back(connection, [kept.id], uncounted=False)
                # The log shows the fault's type and place, never its text, which may quote the mail (`logs`).
                log.exception("our own fault in settling", mail=kept.id, crashes=kept.crashes)
                return []
        return [entry for pair in pairs for entry in self._together(connection, [pair], now)]

    def _each(self, connection: Connection, pairs: Sequence[_Pair], now: datetime) -> list[audit.Entry]:
        def write(decided: Sequence[Worked]) -> None:
            write_down(connection, self._parts, decided, now)

        reads = [read for _, read in pairs]
        among = casework.a_round(connection, self._parts, reads, write)
        entries: list[audit.Entry] = []
        for number, (kept, read) in enumerate(pairs, 1):
            case = casework.work(connection, self._parts, kept, read, among=among)
            led_to: list[audit.Entry] = []
            if case.may_lead_on:
                among.catch_up()
                case, led_to = self._led_on(connection, case, among.book)
            entries += [*led_to, _entry(kept, case, now)]
            among.decided(kept, case)
            if led_to:  # an order or an answer may have changed whatever was asked of the database for those after it
                among.catch_up()
                among = casework.a_round(connection, self._parts, reads[number:], write)
        among.catch_up()
        return entries

    def _led_on(self, connection: Connection, case: Case, book: AddressBook) -> tuple[Case, list[audit.Entry]]:
        """The case once an order of our team was obeyed, an answer to us used, or a report of a letter; what to audit."""
        obeyed = obey(connection, self._parts, case, book)
        if obeyed is not None:
            self._orders_changed |= obeyed.changed_standing
            return replace(case, decision=obeyed.decision), list(obeyed.entries)
        taken = take(connection, self._parts, case)
        if taken is not None:
            return replace(case, decision=taken.decision), list(taken.entries)
        reported = bouncing.hear(connection, self._parts, case)
        if reported is not None:
            return replace(case, decision=reported.decision), list(reported.entries)
        return case, []


def _whole(kept: KeptMail, outcome: ReadMail | Unreadable) -> ReadMail | None:
    """What was read, and that it was cut where it was; None where it was not read."""
    if isinstance(outcome, Unreadable):
        log.warning("a reader died", mail=kept.id, crashes=kept.crashes, why=str(outcome))
        return None
    return replace(outcome, mail=replace(outcome.mail, defects=(*outcome.mail.defects, CUT))) if kept.cut else outcome


def _log(entries: Sequence[audit.Entry]) -> None:
    """A line each mail that was settled: when that is durable, and no other writer waits for us."""
    for entry in (one for one in entries if one.what == SETTLED):
        told = entry.detail
        mail = int(entry.subject.removeprefix("mail:"))
        log.info("settled", mail=mail, fate=told["fate"], reason=told["reason"], letters=len(told["letters"]))


def write_down(connection: Connection, parts: Parts, decided: Sequence[Worked], now: datetime) -> None:
    """Everything that these decisions lead to, in the caller's transaction; a few statements, however many they are."""
    changed = [thread for _, case in decided for thread in case.decision.threads]
    threads.save(connection, changed)
    attempts.cancel(connection, [thread.case_id for thread in changed if _is_all_taken_back(thread)], now)
    letters = [letter for kept, case in decided for letter in _letters(kept, case.decision)]
    outbox.queue_all(connection, parts.vault, letters, mailbox=parts.settings.mailbox.address, now=now)
    mails = {kept.id: case.facts.mail for kept, case in decided}
    seen = [(digest, mail.semantic_key) for mail in mails.values() for digest in casework.signature_digests(mail)]
    seen_before.remember_signatures(connection, seen, now)
    inbox.settle(connection, {kept.id: _settled(case, parts.policy) for kept, case in decided}, now)
    for kept, case in decided:
        _file_with_others(connection, kept, case)


def _is_all_taken_back(thread: MailThread) -> bool:
    """What waits to be sent of it goes to nobody, and at once, for its devices may be asked for anew."""
    return bool(thread.items) and all(item.state is State.WITHDRAWN for item in thread.items)


def _letters(kept: KeptMail, decision: Decision) -> Iterator[ToQueue]:
    state = LetterState.OBSERVED if decision.observed else LetterState.PENDING
    due = _earliest_due(decision.threads)
    return (ToQueue(plan, kept.id, due, state) for plan in decision.plans)


def _file_with_others(connection: Connection, kept: KeptMail, case: Case) -> None:
    """A second copy goes to the first, and the other mails of a thread that moved go with it."""
    facts, decision = case.facts, case.decision
    if decision.reason is Reason.DUPLICATE:
        seen_before.follow(connection, kept.id, facts.mail.semantic_key, facts.mail.origin.evidence)
    for thread in decision.threads:
        if thread.case_id == facts.case_id and facts.home is None:
            continue  # of a new thread there is no other mail
        whereabouts.want_folder(connection, thread.case_id, folder_path(folder_for(thread)))


def _earliest_due(changed: Sequence[MailThread]) -> date | None:
    return min((item.due.end for thread in changed for item in thread.items), default=None)


def _settled(case: Case, policy: Policy) -> Settled:
    """The row of a mail; of one that is none of ours, nothing but what tells it from another."""
    facts, decision = case.facts, case.decision
    bare = Settled(
        fate=decision.fate,
        reason=decision.reason,
        keep_content=decision.keep_content,
        semantic_key=facts.mail.semantic_key,
        evidence=facts.mail.origin.evidence,
    )
    if not decision.keep_content and not decision.moves_mail:
        return bare
    party = facts.writer.counterparty
    return replace(
        bare,
        message_id=facts.mail.message_id,
        sender=facts.writer.address,
        party=party.party if party else None,
        subject=safe_subject(facts.mail.subject),
        proof=casework.PROOF.dump_json(facts.proof).decode(),
        case_id=decision.joins or None,
        wanted_folder=_wanted_folder(case, policy),
        held_due=decision.hold.due if decision.hold else None,
        held_due_sum=decision.hold.due_sum if decision.hold else None,
    )


def _wanted_folder(case: Case, policy: Policy) -> str | None:
    """Where the mail goes; None: it stays. In mode observe it stays where people look, for they answer it by hand.

    What a person dragged to `Requests` was handed over to us, and is filed in every mode, so that they see it taken in.
    """
    party = case.facts.writer.counterparty
    if policy.mode_for(party.party if party else "") is Mode.OBSERVE and not case.facts.ordered:
        return None
    folder = folder_of(case.decision, case.facts.home)
    return folder_path(folder) if folder else None


def _entry(kept: KeptMail, case: Case, now: datetime) -> audit.Entry:
    decision = case.decision
    detail = {
        "fate": decision.fate,
        "reason": decision.reason,
        "case": decision.joins,
        "letters": [plan.kind for plan in decision.plans],
        "failed": [condition.gate for condition in decision.verdict if not condition.holds],
        "notes": list(decision.notes),
    }
    return audit.Entry(now, SETTLED, f"mail:{kept.id}", detail)
