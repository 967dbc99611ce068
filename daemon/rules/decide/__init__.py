"""A mail arrived: Facts and Meaning to a Decision. Every kind of meaning is handled, or the types do not check."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from daemon.mail.message import Evidence, IncomingMail, Machine, Reading
from daemon.rules import disclosure
from daemon.rules.answers import receipts
from daemon.rules.counterparties import reply_address
from daemon.rules.decide import answering, brake, promised
from daemon.rules.decide.desk import Desk, due_from
from daemon.rules.decide.left_or_held import (
    held_of_thread,
    held_too,
    held_with_what_waits,
    hold_whole,
    leave,
    ordered_in_vain,
    quiet,
)
from daemon.rules.decision import Decision, Fate
from daemon.rules.facts import Facts, Standing
from daemon.rules.gate import Condition
from daemon.rules.identifiers import DeviceId
from daemon.rules.meaning import Correspondence, MachineMail, Meaning, NotOurs, OpsMail, OwnMail
from daemon.rules.policy import Counterparty, Policy
from daemon.rules.reasons import Reason
from daemon.rules.thread import MailThread, State

_MACHINES = {
    Machine.BOUNCE: Reason.BOUNCE,
    Machine.AUTO_REPLY: Reason.AUTO_REPLY,
    Machine.RECEIPT: Reason.RECEIPT,
    Machine.ROBOT: Reason.ROBOT,
}


def decide(facts: Facts, meaning: Meaning, policy: Policy) -> Decision:
    """What `facts.mail` leads to. Pure: the same facts, the same decision."""
    decision = _decided(facts, meaning, policy)
    return ordered_in_vain(facts, decision, policy) if facts.ordered else decision


def _decided(facts: Facts, meaning: Meaning, policy: Policy) -> Decision:
    match meaning:
        case NotOurs() if _is_reply(facts):
            return _correspondence(facts, Correspondence(), policy)
        case NotOurs(reason):
            return leave(reason)
        case MachineMail(kind, sign):
            return leave(_MACHINES[kind], sign)
        case OwnMail():
            return leave(Reason.OWN_MAIL)
        case OpsMail():
            return leave(Reason.OPS_MAIL)
        case Correspondence(needs_thread=True) if facts.home is None and not _belongs_to_us(facts, meaning):
            return leave(Reason.NOT_OURS)
        case Correspondence():
            return _correspondence(facts, meaning, policy)
        case _:
            assert_never(meaning)


def _belongs_to_us(facts: Facts, meaning: Correspondence) -> bool:
    """Though it is in no thread of theirs: it chases what is open, or replies to what we ask of them."""
    return (meaning.of_what_is_open and bool(facts.open_threads)) or _is_reply(facts)


def devices_to_look_up(meaning: Correspondence, home: MailThread | None) -> tuple[DeviceId, ...]:
    """The devices of which `Facts` must hold records, releases and other askers.

    Those named in the mail, wanted or not, and in a chase that names none, those of its thread.
    """
    if meaning.asked or not meaning.chase or home is None:
        return (*(asked.device_id for asked in meaning.asked), *meaning.left_out)
    return tuple(item.device_id for item in home.items)


# Who asks ───────────────────────────────────────────────────────────────────────────────────────────


def _correspondence(facts: Facts, meaning: Correspondence, policy: Policy) -> Decision:
    recipient = reply_address(facts.writer, facts.now)
    verdict = disclosure.mail_gate(facts.proof, facts.writer, recipient, facts.surroundings, policy, facts.now)
    party = facts.writer.counterparty
    if party is None:
        return _stranger(facts, meaning, policy, verdict)
    verdict = disclosure.waived(verdict, facts.waiver)
    failed = [c.reason for c in disclosure.failures(verdict) if c.reason is not None]
    firm = [reason for reason in failed if reason not in disclosure.LEAVES_NO_DOUBT_WHO]
    if firm or recipient is None:
        return _unproven(facts, meaning, policy, firm[0] if firm else Reason.NO_REPLY_ADDRESS, verdict)
    if facts.proof.from_junk:
        return _unproven(facts, meaning, policy, Reason.JUNK_FOLDER, verdict)
    some = Reason.SOME_NOT_WANTED if meaning.leaves_some_out else None
    desk = Desk(
        facts=facts,
        meaning=meaning,
        policy=policy,
        party=party,
        recipient=recipient,
        due=due_from(facts.proof.arrived, policy),
        verdict=verdict,
        home=home_of(facts.home, facts.open_elsewhere, meaning, party),
        hold=some if some and _APPROVABLE.issuperset(failed) else _first_of(failed),
    )
    return _as_promised(desk, _finished(desk, _worked(desk)))


_APPROVABLE = frozenset((Reason.COLLEAGUE, Reason.STALE_MAIL))
"""Failures that an approval ends: what else a person must see of the mail is said before them."""


def _first_of(failed: Sequence[Reason]) -> Reason | None:
    return next((reason for reason in failed if reason is not Reason.CANNOT_READ), failed[0] if failed else None)


def _stranger(facts: Facts, meaning: Correspondence, policy: Policy, verdict: tuple[Condition, ...]) -> Decision:
    """Silence for what is unproven, so that nobody gets mail for what a forger wrote; a hold for the rest."""
    writer, evidence = facts.writer, facts.proof.evidence
    if not _wants_something(meaning):
        return leave(Reason.NOT_OURS)
    if evidence is Evidence.AMBIGUOUS:
        return hold_whole(facts, meaning, policy, Reason.AMBIGUOUS_SENDER, verdict)
    if writer.standing is Standing.LISTED_DOMAIN and evidence is Evidence.UNPROVEN:
        return hold_whole(facts, meaning, policy, Reason.UNPROVEN_SENDER, verdict)
    if writer.standing is not Standing.LISTED_DOMAIN and writer.looks_like:
        note = f"its domain looks like {writer.looks_like}"
        return replace(hold_whole(facts, meaning, policy, Reason.LOOKALIKE_DOMAIN, verdict), notes=(note,))
    if evidence >= Evidence.SPF_ONLY:
        return hold_whole(facts, meaning, policy, Reason.UNLISTED_SENDER, verdict)
    return leave(Reason.STRANGER)


def _wants_something(meaning: Correspondence) -> bool:
    """It is more than thanks."""
    return bool(
        meaning.asked
        or meaning.wants_codes
        or meaning.brings_codes
        or meaning.bad_lines
        or meaning.chase
        or meaning.withdraws
    )


def _unproven(
    facts: Facts, meaning: Correspondence, policy: Policy, reason: Reason, verdict: tuple[Condition, ...]
) -> Decision:
    """A listed name that nothing stands behind: held, and no letter to anybody. Mere thanks are left where they lie."""
    said_nothing = (
        receipts.needs_nobody(facts.mail.new_text, _names(facts)) if _is_reply(facts) else meaning.acknowledgement
    )
    idle = said_nothing and not _wants_something(meaning)
    return leave(Reason.ACKNOWLEDGEMENT) if idle else hold_whole(facts, meaning, policy, reason, verdict)


def home_of(
    home: MailThread | None,
    open_elsewhere: Mapping[DeviceId, MailThread],
    meaning: Correspondence,
    party: Counterparty,
) -> MailThread | None:
    """The thread of this party that the mail belongs to: a reference known to another party opens nothing.

    A new mail that asks only for what is open already is about that matter.
    """
    if home is not None and home.party == party.party:
        return home
    open_in = [open_elsewhere.get(asked.device_id) for asked in meaning.asked] if open_elsewhere else []
    return open_in[0] if open_in and all(open_in) else None


# What they want ─────────────────────────────────────────────────────────────────────────────────────


def _worked(desk: Desk) -> Decision:
    facts, meaning, policy = desk.facts, desk.meaning, desk.policy
    devices = [asked.device_id for asked in meaning.asked]
    if desk.hold not in (None, Reason.CANNOT_READ) and not (devices and not meaning.withdraws):
        return _held_whole(desk, desk.hold or Reason.CANNOT_READ)
    if _is_reply(facts) and not _is_about_theirs(desk):
        return _reply(desk)
    if (in_doubt := _in_doubt(desk)) is not None:
        return in_doubt
    if meaning.withdraws:
        return answering.withdraw(desk)
    if meaning.chase and not _asks_of_nothing(desk):
        return answering.chase(desk)
    if devices:
        return answering.request(desk, devices, Reason.REQUEST)
    if meaning.brings_codes and not promised.quotes_us(desk):
        return hold_whole(facts, meaning, policy, Reason.UNASKED_ANSWER, desk.verdict)
    if meaning.bad_lines or meaning.wants_codes:
        return answering.need_more(desk)
    if not facts.mail.complete or facts.mail.links_to_protected:
        return hold_whole(facts, meaning, policy, Reason.CANNOT_READ, desk.verdict)
    return _asks_nothing(desk)


def _in_doubt(desk: Desk) -> Decision | None:
    """Nothing is done before a person has read the mail; an approval ends all doubt but that something is wrong."""
    approved = desk.facts.waiver is not None
    complains = promised.is_mere_complaint(desk)
    if desk.meaning.no_plain_request and not approved:
        waits = _names_what_is_open(desk)
        if not waits and (complains or promised.leaves_open(desk)):
            return held_of_thread(desk, Reason.COMPLAINT if complains else Reason.NOT_UNDERSTOOD)
        return held_with_what_waits(desk, Reason.NO_PLAIN_REQUEST if _wants_something(desk.meaning) else Reason.WARNING)
    if _may_take_back(desk) and not approved:
        return held_of_thread(desk, Reason.SOME_NOT_WANTED)
    return held_of_thread(desk, Reason.COMPLAINT) if complains else None


def _asks_of_nothing(desk: Desk) -> bool:
    """A mail that answers us asks something else in passing ("commissioned yet?"), while nothing of theirs is open."""
    return bool(desk.facts.findings) and not (desk.meaning.asked or desk.home or desk.facts.open_threads)


def _names_what_is_open(desk: Desk) -> bool:
    """One of the devices that it asks for waits in its thread."""
    return not _open_in_thread(desk).isdisjoint(one.device_id for one in desk.meaning.asked)


def _may_take_back(desk: Desk) -> bool:
    """It may take back what is open, or asks for nothing but what it may not want."""
    doubted = frozenset(desk.meaning.doubted)
    if not doubted:
        return False
    asked = {one.device_id for one in desk.meaning.asked}
    is_open = _open_in_thread(desk) | desk.facts.open_elsewhere.keys()
    return not doubted.isdisjoint(is_open) or (bool(asked) and asked <= doubted)


def _open_in_thread(desk: Desk) -> set[DeviceId]:
    return {item.device_id for item in desk.home.items if item.open} if desk.home else set()


def _asks_nothing(desk: Desk) -> Decision:
    """Thanks are filed with their thread. What else answers a letter of ours is looked at, as our letters promise."""
    if desk.home is None:
        return leave(Reason.NOT_OURS)
    if desk.meaning.acknowledgement or promised.is_mere_thanks(desk):
        return quiet(desk, Fate.DECIDED, Reason.ACKNOWLEDGEMENT)
    return held_of_thread(desk, Reason.NOT_UNDERSTOOD) if promised.is_due(desk) else leave(Reason.NOT_OURS)


def _is_reply(facts: Facts) -> bool:
    """A person's mail in the thread of a letter in which we ask its party, and nothing that we asked for is answered in it."""
    return bool(facts.inquiry) and not facts.findings and facts.mail.origin.mark is None


def _is_about_theirs(desk: Desk) -> bool:
    """It asks us for something, or brings what we did not ask for.

    A chase or a withdrawal must name a device or stand in a thread of theirs: "sorry, wrong supplier" and "when can
    we expect your answer?" speak of ours.
    """
    meaning = desk.meaning
    if meaning.withdraws or meaning.chase:
        return bool(meaning.asked or desk.home)
    return bool(meaning.asked or meaning.brings_codes or meaning.bad_lines or meaning.wants_codes)


def _reply(desk: Desk) -> Decision:
    """What they say instead of an answer is never dropped: a person reads it, unless it is a mere receipt.

    It stops nothing: our clock runs on, and our letters say that they wrote.
    """
    facts, text = desk.facts, desk.facts.mail.new_text
    if not facts.mail.complete or facts.mail.links_to_protected:
        return hold_whole(facts, desk.meaning, desk.policy, Reason.CANNOT_READ, desk.verdict)
    if receipts.is_receipt(text, _names(facts)) and not _says_more(facts.mail):
        return quiet(desk, Fate.DECIDED, Reason.ACKNOWLEDGEMENT)
    if receipts.is_absence(text) and not _says_more(facts.mail):
        return quiet(desk, Fate.DECIDED, Reason.AUTO_REPLY)
    if desk.meaning.named:  # `receiving` tells our team of it
        return quiet(desk, Fate.DECIDED, Reason.UNREAD_REPLY)
    return hold_whole(facts, desk.meaning, desk.policy, Reason.UNREAD_REPLY, desk.verdict)


def _names(facts: Facts) -> frozenset[str]:
    origin, party = facts.mail.origin, facts.writer.counterparty
    companies = (party.party, *party.aliases) if party else ()
    return receipts.names_of(origin.display_name, origin.sender or "", *companies)


def _says_more(mail: IncomingMail) -> bool:
    """Than its own words: it hands something on, or brings a table or a document."""
    documents = any(one.reading is Reading.NOT_TEXT for one in mail.attachments)
    return documents or bool(mail.forwarded_text.strip() or mail.tables)


def _held_whole(desk: Desk, reason: Reason) -> Decision:
    """Nothing in it can become an item: held, or left where it is mere thanks."""
    return _unproven(desk.facts, desk.meaning, desk.policy, reason, desk.verdict)


# What is wrong with what we sent ────────────────────────────────────────────────────────────────────


def _as_promised(desk: Desk, decision: Decision) -> Decision:
    """All that was decided, and a person looks at what is said to be wrong, or what a reply says of a device answered."""
    if decision.fate is Fate.HELD:
        return decision
    complains = promised.complains_to_us(desk)
    if complains or promised.passes_some_by(desk):
        reason = Reason.COMPLAINT if complains else Reason.SOME_NOT_WANTED
        return replace(held_too(desk, decision, reason), keep_content=True, moves_mail=True)
    unclear = decision.reason in (Reason.ASKED_TOO_SOON, Reason.REQUEST) and promised.leaves_open(desk)
    return held_of_thread(desk, Reason.NOT_UNDERSTOOD) if unclear else decision


def _finished(desk: Desk, decision: Decision) -> Decision:
    """The decision under the brake, and with a person told wherever no item tells one."""
    if desk.facts.waiver is not None:
        return replace(decision, plans=tuple(replace(plan, waiver=desk.facts.waiver) for plan in decision.plans))
    if decision.plans and not decision.observed and brake.is_on(desk):
        return brake.braked(desk)
    if decision.plans and not decision.observed and brake.said_enough(desk, decision):
        return brake.unsaid(desk)
    if brake.would_go_stale(desk, decision):
        return quiet(desk, Fate.DECIDED, decision.reason)
    if desk.meaning.brings_codes and decision.fate is Fate.DECIDED:
        ours = promised.quotes_us(desk)
        return replace(decision, holds_codes=True) if ours else held_too(desk, decision, Reason.UNASKED_ANSWER)
    held = any(item.state is State.HELD for thread in decision.threads for item in thread.items)
    return held_too(desk, decision, Reason.OBSERVE_ONLY) if decision.observed and not held else decision
