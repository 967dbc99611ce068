"""The gate asked again when a letter is about to go: today's contact book, records, rates and surroundings.

For a whole batch at once, so that the cost of a letter is not a dozen queries. What it rules is carried out by `sealing`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum

from sqlalchemy import Connection

from daemon.casework import PROOF, RELEASE_MEMORY
from daemon.edge import contacts, inbox, inventory, outbox, threads
from daemon.edge.outbox import Queued
from daemon.edge.threads import CodesToday
from daemon.parts import Parts
from daemon.rules import counterparties
from daemon.rules.decision import Answer, Condition, Gate, LetterPlan, OpsNews
from daemon.rules.disclosure import Records, failures, send_gate
from daemon.rules.facts import DeviceRecord, Rates, Release, Surroundings
from daemon.rules.identifiers import DeviceId
from daemon.rules.policy import Counterparty, Mode
from daemon.rules.reasons import Reason
from daemon.rules.thread import MailThread, State
from daemon.rules.workdays import local_day

MOST_TRIES_AT_WRITING = 3
"""A letter that ended the process this often before it had its bytes is held."""


class Go(Enum):
    """What becomes of a letter now."""

    SEND = "send"
    HOLD = "hold"
    WAIT = "wait"
    """A letter with codes, while something is suspended."""
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of one letter, on which conditions, and in words for whoever looks at it later."""

    go: Go
    verdict: tuple[Condition, ...] = ()
    reason: Reason = Reason.GATE_AT_SEND
    words: str = ""


@dataclass(frozen=True, slots=True)
class _Desk:
    """What the whole batch is judged by, as it stands at this moment."""

    parts: Parts
    now: datetime
    book: tuple[Counterparty, ...]
    surroundings: Surroundings
    threads: Mapping[str, MailThread]
    proofs: Mapping[int, str]
    records: Mapping[DeviceId, DeviceRecord]
    releases: Mapping[DeviceId, Sequence[tuple[int, Release]]]
    rates: Mapping[tuple[str, date], Rates]


def rule(connection: Connection, parts: Parts, claimed: Sequence[Queued], now: datetime) -> list[Ruling]:
    """One ruling a letter, in their order. Reads and writes nothing down."""
    desk = _gather(connection, parts, claimed, now)
    return [_rule(desk, queued) for queued in claimed]


def _gather(connection: Connection, parts: Parts, claimed: Sequence[Queued], now: datetime) -> _Desk:
    answers = [queued for queued in claimed if isinstance(queued.plan.content, Answer)]
    found = threads.load(connection, list(dict.fromkeys(q.plan.case_id for q in answers)))
    mails = {q.mail_id for q in answers if q.mail_id} | {thread.mail_id for thread in found.values()}
    devices = list(dict.fromkeys(device for q in answers for device in q.plan.code_devices))
    days = {(q.plan.party, local_day(q.written_at)): q for q in answers if q.plan.code_devices}
    codes = CodesToday()  # counted once a batch, not once a party
    return _Desk(
        parts=parts,
        now=now,
        book=contacts.book(connection),
        surroundings=parts.surroundings(),
        threads=found,
        proofs=inbox.proofs(connection, sorted(mails)),
        records=inventory.lookup(connection, devices),
        releases=outbox.releases_by_letter(connection, devices, now - RELEASE_MEMORY),
        rates={
            key: threads.rates(connection, key[0], q.plan.case_id, q.written_at, codes=codes) for key, q in days.items()
        },
    )


def _rule(desk: _Desk, queued: Queued) -> Ruling:
    if queued.content is None and queued.attempts > MOST_TRIES_AT_WRITING:
        return Ruling(Go.HOLD, words="writing it failed three times")
    if isinstance(queued.plan.content, OpsNews):
        return _rule_news(desk, queued.plan)
    thread = desk.threads.get(queued.plan.case_id)
    if desk.parts.policy.mode_for(queued.plan.party) is Mode.OBSERVE:
        return Ruling(Go.HOLD, reason=Reason.OBSERVE_ONLY, words="the mode sends nothing")
    if thread is not None and _taken_back(queued, queued.plan.content, thread):
        return Ruling(Go.CANCEL, words="everything in it was taken back")
    verdict = _verdict(desk, queued, thread)
    if any(not c.holds and c.gate is Gate.NOT_SUSPENDED for c in verdict):
        return Ruling(Go.WAIT, verdict)
    failed = failures(verdict)
    if failed or not verdict:
        return Ruling(Go.HOLD, verdict, words=failed[0].evidence if failed else "no proof of who asked is kept")
    return Ruling(Go.SEND, verdict)


def _rule_news(desk: _Desk, plan: LetterPlan) -> Ruling:
    """News of what is held goes to nobody but who is on the team today."""
    policy = desk.parts.policy
    team = {address.casefold() for address in (policy.manager, *(m.address for m in policy.team)) if address}
    return Ruling(Go.SEND) if plan.to.casefold() in team else Ruling(Go.CANCEL, words="no longer on the team")


def _taken_back(queued: Queued, answer: Answer, thread: MailThread) -> bool:
    """Never tried, and each of its devices was withdrawn since; a letter that confirms this is none of these."""
    if queued.attempts > 1 or queued.resends or not answer.rows:
        return False
    items = thread.by_device()
    states = [items[row.device_id].state if row.device_id in items else None for row in answer.rows]
    return all(state is State.WITHDRAWN for state in states)


def _verdict(desk: _Desk, queued: Queued, thread: MailThread | None) -> tuple[Condition, ...]:
    """Every condition of the gate for this letter; empty where no proof is kept of the mail that it answers."""
    kept = desk.proofs.get(queued.mail_id or (thread.mail_id if thread else 0))
    if not kept:
        return ()
    plan, policy, proof = queued.plan, desk.parts.policy, PROOF.validate_json(kept)
    writer = counterparties.identify(proof.origin, desk.book, policy, desk.now)
    return send_gate(plan, proof, writer, _records(desk, queued), desk.book, desk.surroundings, policy, desk.now)


def _records(desk: _Desk, queued: Queued) -> Records:
    """What bears on its codes, the letter itself not counted.

    Rates are those of the day on which it was queued and took its number: a day without relay costs nobody the next.
    """
    plan = queued.plan
    own = len(plan.code_devices)
    if not own:
        return Records({}, {}, Rates())
    others = {
        device: tuple(release for letter, release in desk.releases.get(device, ()) if letter != queued.id)
        for device in plan.code_devices
    }
    rates = desk.rates[plan.party, local_day(queued.written_at)]
    rates = replace(rates, codes_today=rates.codes_today - own, codes_today_to_party=rates.codes_today_to_party - own)
    return Records(desk.records, others, rates)
