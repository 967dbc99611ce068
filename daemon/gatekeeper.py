"""The gate asked again when a letter is about to go: today's contact book, records, rates and surroundings.

For a whole batch at once, so that the cost of a letter is not a dozen queries. What it rules is carried out by `sealing`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum
from typing import assert_never

from sqlalchemy import Connection

from daemon.casework import PROOF, RELEASE_MEMORY
from daemon.edge import contacts, inbox, inventory, threads, wants
from daemon.edge.outbox import Queued, releases
from daemon.edge.threads.lately import CodesToday
from daemon.parts import Parts
from daemon.rules import counterparties, disclosure
from daemon.rules.counterparties import AddressBook
from daemon.rules.disclosure import Records, asking_gate, failures, result_gate, send_gate
from daemon.rules.facts import DeviceRecord, Proof, Rates, Release, Surroundings
from daemon.rules.gate import Condition, Gate
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import Answer, Asking, Digest, LetterKind, LetterPlan, OpsNews, Relisted, Result, Transcript
from daemon.rules.policy import Mode
from daemon.rules.reasons import Reason
from daemon.rules.workdays import local_day

MOST_TRIES_AT_WRITING = 3
"""A letter that ended the process this often before it had its bytes is held."""


_TAKEN_BACK = Condition(
    Gate.DEVICE_ENTITLED, False, "a device in the letter was taken back by its asker meanwhile", Reason.GATE_AT_SEND
)


class Go(Enum):
    """What becomes of a letter now."""

    SEND = "send"
    HOLD = "hold"
    WAIT = "wait"
    """A letter with codes, while something is suspended; any letter to a party that is paused."""
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
    book: AddressBook
    surroundings: Surroundings
    first_mails: Mapping[str, int]
    """Of those threads whose letter names no mail itself."""
    taken_back: Mapping[str, frozenset[DeviceId]]
    proofs: Mapping[int, str]
    records: Mapping[DeviceId, DeviceRecord]
    releases: Mapping[DeviceId, Sequence[tuple[int, Release]]]
    rates: Mapping[tuple[str, date], Rates]
    wanted: frozenset[DeviceId]
    """Devices of the letters in which we ask, of which the code is still wanted."""


def gate_of_mail(proof: Proof, book: AddressBook, parts: Parts, now: datetime) -> tuple[Condition, ...]:
    """The gate for a mail that asked, without what it asks for: by the contact list, policy and surroundings of now."""
    writer = counterparties.identify(proof.origin, book, parts.policy, now)
    recipient = counterparties.reply_address(writer, now)
    return disclosure.mail_gate(proof, writer, recipient, parts.surroundings(), parts.policy, now)


def rule(connection: Connection, parts: Parts, claimed: Sequence[Queued], now: datetime) -> list[Ruling]:
    """One ruling a letter, in their order. Reads and writes nothing down."""
    desk = _gather(connection, parts, claimed, now)
    return [_rule(desk, queued) for queued in claimed]


def _gather(connection: Connection, parts: Parts, claimed: Sequence[Queued], now: datetime) -> _Desk:
    answers = [queued for queued in claimed if isinstance(queued.plan.content, Answer)]
    first_mails = threads.first_mails(connection, [q.plan.case_id for q in answers if not q.mail_id])
    mails = {q.mail_id for q in answers if q.mail_id} | {*first_mails.values()}
    devices = list(dict.fromkeys(device for q in answers for device in q.plan.code_devices))
    days = dict.fromkeys((q.plan.party, local_day(q.written_at)) for q in answers if q.plan.code_devices)
    codes = CodesToday()  # counted once a batch, not once a party
    return _Desk(
        parts=parts,
        now=now,
        book=contacts.address_book(connection),
        surroundings=parts.surroundings(),
        first_mails=first_mails,
        taken_back=threads.taken_back(connection, list(dict.fromkeys(q.plan.case_id for q in answers))),
        proofs=inbox.proofs(connection, sorted(mails)),
        records=inventory.lookup(connection, devices),
        releases=releases.by_letter(connection, devices, now - RELEASE_MEMORY),
        rates={(party, day): Rates(*codes.of(connection, day, party)) for party, day in days},
        wanted=_wanted(connection, claimed),
    )


def _wanted(connection: Connection, claimed: Sequence[Queued]) -> frozenset[DeviceId]:
    asking = [q.plan.content for q in claimed if isinstance(q.plan.content, Asking)]
    devices = list(dict.fromkeys(row.device_id for one in asking for row in one.rows))
    return frozenset(wants.open_for(connection, devices)) if devices else frozenset()


def _rule(desk: _Desk, queued: Queued) -> Ruling:
    if queued.content is None and queued.attempts > MOST_TRIES_AT_WRITING:
        return Ruling(Go.HOLD, words="writing it failed three times")
    match queued.plan.content:
        case Answer() as answer:
            return _rule_answer(desk, queued, answer)
        case Asking() as asking:
            return _rule_asking(desk, queued, asking)
        case Result():
            return _ruled(result_gate(queued.plan, desk.surroundings, desk.parts.policy))
        case Relisted() as news:
            return _rule_relisted(desk, queued.plan, news)
        case OpsNews() | Transcript() | Digest():
            return _rule_news(desk, queued.plan)
        case content:
            assert_never(content)


def _ruled(verdict: tuple[Condition, ...], otherwise: str = "") -> Ruling:
    """What the gate's conditions lead to; a letter with codes waits while something is suspended."""
    failed = failures(verdict)
    if any(condition.gate is Gate.NOT_SUSPENDED for condition in failed):
        return Ruling(Go.WAIT, verdict)
    if failed or not verdict:
        return Ruling(Go.HOLD, verdict, words=failed[0].evidence if failed else otherwise)
    return Ruling(Go.SEND, verdict)


def _rule_answer(desk: _Desk, queued: Queued, answer: Answer) -> Ruling:
    withdrawn = _taken_back(queued, answer, desk.taken_back.get(queued.plan.case_id, frozenset()))
    if answer.rows and withdrawn.issuperset(row.device_id for row in answer.rows):
        return Ruling(Go.CANCEL, words="everything in it was taken back")
    if desk.parts.policy.is_paused(queued.plan.party):
        return Ruling(Go.WAIT)
    if desk.parts.policy.mode_for(queued.plan.party) is Mode.OBSERVE:
        return Ruling(Go.HOLD, reason=Reason.OBSERVE_ONLY, words="the mode sends nothing")
    if withdrawn.intersection(queued.plan.code_devices):
        return _ruled((_TAKEN_BACK,))
    return _ruled(_verdict(desk, queued), "no proof of who asked is kept")


def _rule_asking(desk: _Desk, queued: Queued, asking: Asking) -> Ruling:
    """It is asked again what it is for: what was answered while the relay was away is not chased."""
    plan, policy = queued.plan, desk.parts.policy
    if policy.is_paused(plan.party):
        return Ruling(Go.WAIT)
    if plan.party and policy.mode_for(plan.party) is Mode.OBSERVE:
        return Ruling(Go.CANCEL, words="the mode sends nothing")
    first = queued.attempts <= 1 and not queued.resends
    if first and plan.kind in _ABOUT_WHAT_IS_OPEN and not any(row.device_id in desk.wanted for row in asking.rows):
        return Ruling(Go.CANCEL, words="everything in it was settled meanwhile")
    return _ruled(asking_gate(plan, desk.book.parties, desk.surroundings, policy, desk.now))


_ABOUT_WHAT_IS_OPEN = (LetterKind.REQUEST, LetterKind.CHASE, LetterKind.QUERY)


def _rule_news(desk: _Desk, plan: LetterPlan) -> Ruling:
    """News of what is held goes to nobody but who is on the team today."""
    policy = desk.parts.policy
    team = {address.casefold() for address in (policy.manager, *(m.address for m in policy.team)) if address}
    return Ruling(Go.SEND) if plan.to.casefold() in team else Ruling(Go.CANCEL, words="no longer on the team")


def _rule_relisted(desk: _Desk, plan: LetterPlan, news: Relisted) -> Ruling:
    """It goes to the address that was listed when the change was decided, listed today or not: it can hold no code."""
    policy = desk.parts.policy
    if plan.kind is not LetterKind.CHANGED or plan.to != news.listed or not plan.party:
        return Ruling(Go.HOLD, words="not to the address that was listed")
    if policy.is_paused(plan.party):
        return Ruling(Go.WAIT)
    if policy.mode_for(plan.party) is Mode.OBSERVE:
        return Ruling(Go.CANCEL, words="the mode sends nothing")
    return Ruling(Go.SEND)


def _taken_back(queued: Queued, answer: Answer, withdrawn: frozenset[DeviceId]) -> frozenset[DeviceId]:
    """Of a letter that cannot have arrived, the devices that were taken back since: a relay that was busy changes nothing."""
    if queued.resends or not withdrawn:
        return frozenset()
    return withdrawn.intersection(row.device_id for row in answer.rows)


def _verdict(desk: _Desk, queued: Queued) -> tuple[Condition, ...]:
    """Every condition of the gate for this letter; empty where no proof is kept of the mail that it answers."""
    kept = desk.proofs.get(queued.mail_id or desk.first_mails.get(queued.plan.case_id, 0))
    if not kept:
        return ()
    plan, policy, proof = queued.plan, desk.parts.policy, PROOF.validate_json(kept)
    writer = counterparties.identify(proof.origin, desk.book, policy, desk.now)
    records = _records(desk, queued)
    return send_gate(plan, proof, writer, records, desk.book.parties, desk.surroundings, policy, desk.now)


def _records(desk: _Desk, queued: Queued) -> Records:
    """What bears on its codes, the letter itself not counted.

    Rates are those of the day on which it was queued and took its number: a day without relay costs nobody the next.
    """
    plan = queued.plan
    devices = plan.code_devices
    if not devices:
        return Records({}, {}, Rates())
    others: dict[DeviceId, tuple[Release, ...]] = {}
    for device in devices:
        if of_others := [release for letter, release in desk.releases.get(device, ()) if letter != queued.id]:
            others[device] = tuple(of_others)
    rates = desk.rates[plan.party, local_day(queued.written_at)]
    own = len(devices)
    rates = replace(rates, codes_today=rates.codes_today - own, codes_today_to_party=rates.codes_today_to_party - own)
    return Records(desk.records, others, rates)
