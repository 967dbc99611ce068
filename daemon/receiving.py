"""A counterparty's mail that answers us: what it brings is kept sealed, what it says moves the devices that we want.

In the transaction in which the mail is settled. `casework` has read the answers, and only a proven mail of the very
party that was asked has any; whatever else brings codes is held as `decide` has it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from daemon import inquirywork
from daemon.casework import Case
from daemon.edge import outbox, wants
from daemon.edge.audit import Entry
from daemon.edge.threads import lately
from daemon.parts import Parts
from daemon.rules import counterparties
from daemon.rules.asking import again, asking_news, receiving
from daemon.rules.asking.receiving import Received
from daemon.rules.decision import Decision
from daemon.rules.facts import Facts
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import AskedRow, LetterPlan, Matter, OpsNews
from daemon.rules.meaning import Correspondence, Meaning
from daemon.rules.phrases import devices
from daemon.rules.policy import Mode
from daemon.rules.reasons import Reason
from daemon.rules.wanting import Want, WantState

MOST_QUERIES = 2
"""Letters a day on one inquiry that say what is wrong with an answer: two systems must not write for ever."""

_LEFT_ALONE = (Reason.DUPLICATE, Reason.BEFORE_START)
"""A mail that was delivered twice answers once."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the mail, and entries for the audit trail."""

    decision: Decision
    entries: tuple[Entry, ...]


def take(connection: Connection, parts: Parts, case: Case) -> Taken | None:
    """Use what `case`'s mail answers; None: it answers nothing."""
    facts = case.facts
    if case.decision.reason in _LEFT_ALONE:
        return None
    _tell_crossed(connection, parts, case)
    if not facts.findings:
        _tell_team(connection, parts, case, Received())
        return Taken(replace(case.decision, joins=facts.inquiry), ()) if _is_of_inquiry(case) else None
    received = receiving.receive(facts, parts.policy)
    for one in wants.save(connection, _with_same_codes_told(connection, parts, received)):
        if one.id in received.codes:
            wants.keep_code(connection, parts.vault, one, received.codes[one.id])
    decision = _joined(receiving.taken(case.decision, facts.findings, received), facts, received)
    plans = _queries(connection, parts, case, received)
    outbox.queue(
        connection, parts.vault, plans, mailbox=parts.settings.mailbox.address, now=facts.now, mail_id=facts.mail_id
    )
    _tell_team(connection, parts, case, received)
    return Taken(decision, tuple(_entries(case, received)))


def _with_same_codes_told(connection: Connection, parts: Parts, received: Received) -> list[Want]:
    """What changed; a code that came before, and did not work, is told where it comes again."""
    brought = {want.device_id: received.codes[want.id] for want in received.changed if want.id in received.codes}
    given_up = wants.closed_codes(connection, parts.vault, list(brought)) if brought else {}
    same = {device for device, code in given_up.items() if code == brought[device]}
    return [again.with_same_code(want) if want.device_id in same else want for want in received.changed]


def _joined(decision: Decision, facts: Facts, received: Received) -> Decision:
    """The mail belongs to the inquiry that it answers, where it belongs to nothing else."""
    touched = {want.device_id for want in received.changed} | {row.device_id for row in received.faulty}
    case_id = next((want.case_id for want in facts.wanted.values() if want.device_id in touched), facts.inquiry)
    return decision if decision.joins else replace(decision, joins=case_id)


def _is_of_inquiry(case: Case) -> bool:
    """A mail that answers nothing, and is kept: it stands with the inquiry, so that nobody says that they did not write."""
    return case.facts.inquired is not None and case.decision.keep_content and not case.decision.joins


# What was wrong with it ─────────────────────────────────────────────────────────────────────────────


def _queries(connection: Connection, parts: Parts, case: Case, received: Received) -> list[LetterPlan]:
    """One letter an inquiry, back to the listed address, with all faulty lines; none where enough was said today."""
    facts = case.facts
    to = counterparties.reply_address(facts.writer, facts.now)
    party = facts.writer.counterparty
    if not received.faulty or to is None or party is None or parts.policy.mode_for(party.party) is Mode.OBSERVE:
        return []
    by_case: dict[str, list[AskedRow]] = {}
    for row in received.faulty:
        by_case.setdefault(facts.wanted[row.device_id].case_id, []).append(row)
    found = wants.inquiries(connection, list(by_case))
    plans = []
    for case_id, rows in by_case.items():
        rates = lately.rates(connection, party.party, case_id, facts.now)
        if case_id in found and rates.letters_on_thread_24h < MOST_QUERIES:
            inquiry, plan = receiving.query(found[case_id], rows, to, facts.mail.message_id)
            wants.save_inquiry(connection, inquiry)
            plans.append(plan)
    return plans


# What our team hears ────────────────────────────────────────────────────────────────────────────────


def _tell_team(connection: Connection, parts: Parts, case: Case, received: Received) -> None:
    """What is theirs to decide from now on, and codes that nobody asked for."""
    facts = case.facts
    party = facts.writer.counterparty
    with_ops = [want for want in received.changed if want.state is WantState.WITH_OPS]
    found = wants.inquiries(connection, list({want.case_id for want in with_ops}))
    references = {case: inquiry.reference for case, inquiry in found.items()}
    matters = _with_ops(with_ops, references) + _unsure(received.untouched)
    matters += _remarked(received.remarked)
    matters += _strange(received.unused, received.late)
    besides = receiving.named_besides(facts)
    matters += _corrected(receiving.corrected(facts, wants.latest_for(connection, besides)) if besides else ())
    matters += _named(case.meaning)
    if party is None or not matters:
        return
    # Told with the mail, so that they find it.
    matters = [
        replace(one, sender=facts.writer.address, subject=facts.mail.subject, arrived=facts.proof.arrived)
        for one in matters
    ]
    title = f"{party.party} answered: {len(matters)} for you to look at"
    news = OpsNews(title, tuple(matters), party=party.party)
    inquirywork.tell(connection, parts, ("answered", str(facts.mail_id)), news, facts.now)


def _tell_crossed(connection: Connection, parts: Parts, case: Case) -> None:
    """What they ask us for while we ask them is one matter: our team hears of it, once for each of our letters."""
    party, both = case.facts.writer.counterparty, receiving.crossed(case.meaning, case.facts)
    if party is None or not both:
        return
    found = wants.inquiries(connection, list({want.case_id for want in both}))
    references = ", ".join(sorted(inquiry.reference for inquiry in found.values()))
    matter = Matter(
        what=f"We ask {party.party} for what they ask us for",
        why=f"We asked them in {references}; now they ask us, and get what our records say. One of the two has the code.",
        devices=tuple(want.device_id for want in both),
        next_step="Please speak to them; WITHDRAW what is not needed any more.",
    )
    news = OpsNews(f"Crossed with {party.party}: {devices(len(both))}", (matter,), party=party.party)
    name = ("crossed", *(str(want.id) for want in both))
    inquirywork.tell(connection, parts, name, news, case.facts.now)


def _with_ops(theirs: Iterable[Want], references: Mapping[str, str]) -> list[Matter]:
    """One matter a reason and inquiry, however many devices. `references`: of the inquiries, by case id."""
    alike: dict[tuple[str, str, str, bool], list[DeviceId]] = {}
    for want in theirs:
        key = (want.party, want.reason, references.get(want.case_id, ""), want.asked_back)
        alike.setdefault(key, []).append(want.device_id)
    return [
        Matter(
            what=f"{some[0] if len(some) == 1 else devices(len(some))} {'is' if len(some) == 1 else 'are'} with you now",
            why=f"{party} was asked for {'its code' if len(some) == 1 else 'their codes'}; {reason}",
            reference=reference,
            devices=tuple(some),
            next_step=_TO_FILL_IN.format(ref=reference) if asked_back else _TO_DECIDE,
        )
        for (party, reason, reference, asked_back), some in alike.items()
    ]


_TO_DECIDE = (
    "Order again from another supplier (REQUEST), or say WITHDRAW and why. A late answer of theirs is still taken."
)
_TO_FILL_IN = (
    "Nobody chases them until you answer: send CHASE {ref} SAYING and your words (no MPxN, no address), and we send that and "
    "put what they asked about back on our clock. Or reply to their mail by hand, from the shared mailbox, and then send "
    "CHASE {ref}. What they send in the thread is taken in by itself. Or order from another supplier (REQUEST), or say "
    "WITHDRAW and why."
)


def _unsure(untouched: Sequence[DeviceId]) -> list[Matter]:
    """What they said of nothing in particular, beside devices that they promised or sent with a fault before."""
    if not untouched:
        return []
    why = (
        "Their mail asks or says something that names no device. These were promised before, or came with a fault, so they "
        "stay as they are, and our chases go on."
    )
    step = "Please read their mail, and answer it by hand from the shared mailbox, with Device IDs only."
    return [Matter(f"Words that may be about {devices(len(untouched))}", why, devices=tuple(untouched), next_step=step)]


def _remarked(remarked: Mapping[DeviceId, str]) -> list[Matter]:
    """Nothing that stands beside an answer is passed by in silence."""
    if not remarked:
        return []
    one = len(remarked) == 1
    why = (
        f"Their mail answers, and says something of {'this device' if one else 'these devices'} besides that we cannot take for an "
        f"answer. {'It stays as it is' if one else 'They stay as they are'}, and our chases go on."
    )
    step = (
        "Please read their mail. If it settles the matter, say WITHDRAW and why, or order from another supplier (REQUEST); if "
        "it asks something, answer it by hand from the shared mailbox, with Device IDs only."
    )
    return [
        Matter(
            f"Words about {devices(len(remarked))} that we cannot read",
            why,
            devices=tuple(remarked),
            evidence=tuple(dict.fromkeys(filter(None, remarked.values())))[: asking_news.MOST_TOLD],
            evidence_title="They write",
            next_step=step,
        )
    ]


_LIES = "The mail lies in Install codes/Answers, or where it arrived while the mode is observe"


def _strange(unused: Sequence[DeviceId], late: Sequence[DeviceId]) -> list[Matter]:
    matters = []
    if unused:
        why = (
            "Their mail brings codes of devices that we do not ask them for, or have from them already. These are not in our "
            "records and go to nobody; whatever else it answers was taken."
        )
        step = (
            f"{_LIES}. Where a code differs from what they sent before, REQUEST AGAIN and the Device ID asks them which is "
            "right; if it is not for us, tell them, and delete the mail there."
        )
        matters.append(Matter("Codes that we did not ask for", why, devices=tuple(unused), next_step=step))
    if late:
        why = "A code came for what you had taken back. It is not in our records and goes to nobody."
        step = (
            f"{_LIES}, with the code in it: please delete it there, and from the bin, unless you need the rest of it."
        )
        matters.append(Matter("Codes that are not needed any more", why, devices=tuple(late), next_step=step))
    return matters


def _corrected(named: Sequence[DeviceId]) -> list[Matter]:
    """A code that is wrong was perhaps handed over already."""
    if not named:
        return []
    why = (
        "Their mail names them once more, and says nothing of them that we could use. It may correct what they answered "
        "before; their codes stay as they came."
    )
    step = (
        "Please read their mail before these codes are used. If one is wrong, stop whoever was sent it; REQUEST AGAIN and the "
        "Device ID asks them for the right one."
    )
    return [
        Matter(
            f"They speak again of {devices(len(named))} that they had answered",
            why,
            devices=tuple(named),
            next_step=step,
        )
    ]


def _named(meaning: Meaning) -> list[Matter]:
    """Somebody's request may stand in it, in words that we do not know: nobody loses it."""
    if not isinstance(meaning, Correspondence) or not meaning.named:
        return []
    why = "Their mail names devices that we did not ask them for, and we cannot tell what they want. Nothing was done."
    step = "Please read their mail: if they want these codes, answer by hand, or ask them to write again just for that."
    return [Matter(f"They name {devices(len(meaning.named))} more", why, devices=meaning.named, next_step=step)]


def _entries(case: Case, received: Received) -> Iterable[Entry]:
    """One for the mail, one for each code that is kept. Never a digit of a code."""
    facts = case.facts
    party = facts.writer.counterparty
    detail = {
        "party": party.party if party else "",
        "changed": {want.device_id: want.state for want in received.changed},
        "faulty": [row.device_id for row in received.faulty],
        "untouched": [*received.untouched, *received.remarked],
        "unused": [*received.unused, *received.late],
    }
    yield Entry(facts.now, "answer-received", f"mail:{facts.mail_id}", detail)
    for want in received.changed:
        if want.id in received.codes:
            yield Entry(facts.now, "code-received", f"device:{want.device_id}", {"mail": facts.mail_id})
