"""A mail arrived: Facts and Meaning to a Decision. Every kind of meaning is handled, or the types do not check."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from daemon.mail.message import Evidence, Machine
from daemon.rules import disclosure
from daemon.rules.answers import receipts
from daemon.rules.counterparties import reply_address
from daemon.rules.decide import answering, promised
from daemon.rules.decide.desk import Desk, due_from, has_remarks, quiet
from daemon.rules.decide.turns import held_after_send, is_kept_back, take_turn
from daemon.rules.decision import Answer, Condition, Decision, Fate, Folder, MailHold
from daemon.rules.facts import Facts, Standing
from daemon.rules.identifiers import DeviceId
from daemon.rules.meaning import Correspondence, MachineMail, Meaning, NotOurs, OpsMail, OwnMail
from daemon.rules.policy import Counterparty, Policy
from daemon.rules.reasons import Reason
from daemon.rules.thread import MailThread, Outcome, State

__all__ = [
    "decide",
    "devices_to_look_up",
    "due_from",
    "folder_for",
    "folder_of",
    "held_after_send",
    "home_of",
    "take_turn",
]

AUTOMATIC_LETTERS_PER_CASE = 2
"""Two copies of this daemon facing each other: letters a day on one thread that answer automatic mail."""
LETTERS_WITHOUT_NEWS = 2
"""A robot without manners looks like a person: letters a day on one thread, beyond which only news are told."""
NOT_DELIVERED = frozenset((Reason.REFUSED_BY_RELAY, Reason.GATE_AT_SEND, Reason.OUTCOME_UNKNOWN))
"""An item is held because its letter did not reach the asker, or may not have."""
_MACHINES = {
    Machine.BOUNCE: Reason.BOUNCE,
    Machine.AUTO_REPLY: Reason.AUTO_REPLY,
    Machine.RECEIPT: Reason.RECEIPT,
    Machine.ROBOT: Reason.ROBOT,
}


def decide(facts: Facts, meaning: Meaning, policy: Policy) -> Decision:
    """What `facts.mail` leads to. Pure: the same facts, the same decision."""
    decision = _decided(facts, meaning, policy)
    return _ordered_in_vain(facts, decision, policy) if facts.ordered else decision


def _decided(facts: Facts, meaning: Meaning, policy: Policy) -> Decision:
    match meaning:
        case NotOurs() if _is_reply(facts):
            return _correspondence(facts, Correspondence(), policy)
        case NotOurs(reason):
            return _leave(reason)
        case MachineMail(kind, sign):
            return _leave(_MACHINES[kind], sign)
        case OwnMail():
            return _leave(Reason.OWN_MAIL)
        case OpsMail():
            return _leave(Reason.OPS_MAIL)
        case Correspondence(needs_thread=True) if facts.home is None and not _belongs_to_us(facts, meaning):
            return _leave(Reason.NOT_OURS)
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


# Where a mail is filed ──────────────────────────────────────────────────────────────────────────────


def folder_for(thread: MailThread) -> Folder:
    """Where the mails of a thread lie, as a picture of its state."""
    states = {item.state for item in thread.items}
    if State.HELD in states:
        return Folder.HELD
    return Folder.WAITING if State.PENDING in states else Folder.DONE


def folder_of(decision: Decision, home: MailThread | None) -> Folder | None:
    """Where the mail itself goes; None: it stays. `home`: the thread that `decision.joins`, where it is unchanged."""
    if not decision.moves_mail:
        return None
    if decision.holds_codes:
        return Folder.ANSWERS
    if decision.hold is not None:
        return Folder.HELD
    thread = next((t for t in decision.threads if t.case_id == decision.joins), home)
    return folder_for(thread) if thread else Folder.DONE


# Left alone, or held whole ──────────────────────────────────────────────────────────────────────────


def _leave(reason: Reason, note: str = "") -> Decision:
    """It stays where and as it is; of it we keep a hash."""
    return Decision(Fate.IGNORED, reason, keep_content=False, moves_mail=False, notes=(note,) if note else ())


def _hold(
    facts: Facts, meaning: Correspondence, policy: Policy, reason: Reason, verdict: tuple[Condition, ...]
) -> Decision:
    """The mail is held whole: nobody but our own ops hears of it, and no thread changes."""
    return Decision(
        Fate.HELD,
        reason,
        keep_content=True,
        moves_mail=True,
        hold=_mail_hold(facts, policy, reason),
        verdict=verdict,
        holds_codes=meaning.brings_codes,
    )


_SAYS_NOTHING_OF_WHY = frozenset(
    (Reason.NOT_OURS, Reason.ACKNOWLEDGEMENT, Reason.CHASE, Reason.WITHDRAWAL, Reason.REQUEST)
)


def _ordered_in_vain(facts: Facts, decision: Decision, policy: Policy) -> Decision:
    """A person's order that would change nothing and say nothing is told to the team, with what stands in its way."""
    if decision.fate is Fate.HELD or decision.plans or decision.threads or facts.findings:
        return decision
    if facts.home is not None and any(map(is_kept_back, facts.home.items)):
        return decision  # its answer is decided, and waits
    reason = Reason.ORDERED_IN_VAIN if decision.reason in _SAYS_NOTHING_OF_WHY else decision.reason
    return replace(
        decision,
        fate=Fate.HELD,
        reason=reason,
        keep_content=True,
        moves_mail=True,
        hold=_mail_hold(facts, policy, reason),
        notes=(*decision.notes, f"ordered in vain: {decision.reason}"),
    )


def _mail_hold(facts: Facts, policy: Policy, reason: Reason) -> MailHold:
    due = due_from(facts.proof.arrived, policy)
    return MailHold(reason, due.explain(), due.end)


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
        return _leave(Reason.NOT_OURS)
    if evidence is Evidence.AMBIGUOUS:
        return _hold(facts, meaning, policy, Reason.AMBIGUOUS_SENDER, verdict)
    if writer.standing is Standing.LISTED_DOMAIN and evidence is Evidence.UNPROVEN:
        return _hold(facts, meaning, policy, Reason.UNPROVEN_SENDER, verdict)
    if writer.standing is not Standing.LISTED_DOMAIN and writer.looks_like:
        note = f"its domain looks like {writer.looks_like}"
        return replace(_hold(facts, meaning, policy, Reason.LOOKALIKE_DOMAIN, verdict), notes=(note,))
    if evidence >= Evidence.SPF_ONLY:
        return _hold(facts, meaning, policy, Reason.UNLISTED_SENDER, verdict)
    return _leave(Reason.STRANGER)


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
    said_nothing = receipts.needs_nobody(facts.mail.new_text) if _is_reply(facts) else meaning.acknowledgement
    idle = said_nothing and not _wants_something(meaning)
    return _leave(Reason.ACKNOWLEDGEMENT) if idle else _hold(facts, meaning, policy, reason, verdict)


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
    if (in_doubt := _is_in_doubt(desk)) or promised.is_mere_complaint(desk):
        return _held_of_thread(desk, Reason.SOME_NOT_WANTED if in_doubt else Reason.COMPLAINT)
    if meaning.withdraws:
        return answering.withdraw(desk)
    if meaning.chase:
        return answering.chase(desk)
    if devices:
        return answering.request(desk, devices, Reason.REQUEST)
    if meaning.brings_codes and not promised.quotes_us(desk):
        return _hold(facts, meaning, policy, Reason.UNASKED_ANSWER, desk.verdict)
    if meaning.bad_lines or meaning.wants_codes:
        return answering.need_more(desk)
    if not facts.mail.complete or facts.mail.links_to_protected:
        return _hold(facts, meaning, policy, Reason.CANNOT_READ, desk.verdict)
    return _asks_nothing(desk)


def _is_in_doubt(desk: Desk) -> bool:
    """It may take back what is open, or asks for nothing but what it may not want; an approval ends the doubt."""
    doubted, home = frozenset(desk.meaning.doubted), desk.home
    if not doubted or desk.facts.waiver is not None:
        return False
    is_open = {item.device_id for item in home.items if item.open} if home else set()
    asked = {one.device_id for one in desk.meaning.asked}
    return not doubted.isdisjoint(is_open | desk.facts.open_elsewhere.keys()) or (bool(asked) and asked <= doubted)


def _asks_nothing(desk: Desk) -> Decision:
    """Thanks are filed with their thread. What else answers a letter of ours is looked at, as our letters promise."""
    if desk.home is None:
        return _leave(Reason.NOT_OURS)
    if desk.meaning.acknowledgement or promised.is_mere_thanks(desk):
        return quiet(desk, Fate.DECIDED, Reason.ACKNOWLEDGEMENT)
    return _held_of_thread(desk, Reason.NOT_UNDERSTOOD) if promised.is_due(desk) else _leave(Reason.NOT_OURS)


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
        return _hold(facts, desk.meaning, desk.policy, Reason.CANNOT_READ, desk.verdict)
    if receipts.is_receipt(text):
        return quiet(desk, Fate.DECIDED, Reason.ACKNOWLEDGEMENT)
    if receipts.is_absence(text):
        return quiet(desk, Fate.DECIDED, Reason.AUTO_REPLY)
    if desk.meaning.named:  # `receiving` tells our team of it
        return quiet(desk, Fate.DECIDED, Reason.UNREAD_REPLY)
    return _hold(facts, desk.meaning, desk.policy, Reason.UNREAD_REPLY, desk.verdict)


def _held_whole(desk: Desk, reason: Reason) -> Decision:
    """Nothing in it can become an item: held, or left where it is mere thanks."""
    return _unproven(desk.facts, desk.meaning, desk.policy, reason, desk.verdict)


# What is wrong with what we sent ────────────────────────────────────────────────────────────────────


def _held_of_thread(desk: Desk, reason: Reason) -> Decision:
    """Held whole, and found with its thread."""
    held = _hold(desk.facts, desk.meaning, desk.policy, reason, desk.verdict)
    return replace(held, joins=desk.home.case_id if desk.home else "")


def _as_promised(desk: Desk, decision: Decision) -> Decision:
    """All that was decided, and a person looks at what is said to be wrong, or what a reply says of a device answered."""
    if decision.fate is Fate.HELD:
        return decision
    if promised.complains_to_us(desk):
        return replace(_held_too(desk, decision, Reason.COMPLAINT), keep_content=True, moves_mail=True)
    unclear = decision.reason in (Reason.ASKED_TOO_SOON, Reason.REQUEST) and promised.leaves_open(desk)
    return _held_of_thread(desk, Reason.NOT_UNDERSTOOD) if unclear else decision


def _finished(desk: Desk, decision: Decision) -> Decision:
    """The decision under the brake, and with a person told wherever no item tells one."""
    if desk.facts.waiver is not None:
        return replace(decision, plans=tuple(replace(plan, waiver=desk.facts.waiver) for plan in decision.plans))
    if decision.plans and not decision.observed and _brake(desk):
        return _braked(desk)
    if decision.plans and not decision.observed and _said_enough(desk, decision):
        return _unsaid(desk)
    if _would_go_stale(desk, decision):
        return quiet(desk, Fate.DECIDED, decision.reason)
    if desk.meaning.brings_codes and decision.fate is Fate.DECIDED:
        ours = promised.quotes_us(desk)
        return replace(decision, holds_codes=True) if ours else _held_too(desk, decision, Reason.UNASKED_ANSWER)
    held = any(item.state is State.HELD for thread in decision.threads for item in thread.items)
    return _held_too(desk, decision, Reason.OBSERVE_ONLY) if decision.observed and not held else decision


def _held_too(desk: Desk, decision: Decision, reason: Reason) -> Decision:
    """All that was decided, and the mail itself is held for a person."""
    return replace(
        decision,
        fate=Fate.HELD,
        reason=reason,
        hold=_mail_hold(desk.facts, desk.policy, reason),
        holds_codes=desk.meaning.brings_codes,
        notes=(*decision.notes, f"beside that: {decision.reason}"),
    )


# The brake ──────────────────────────────────────────────────────────────────────────────────────────


def _brake(desk: Desk) -> bool:
    """Enough letters went to them lately; an automatic counterpart is braked sooner than a person."""
    limits, rates = desk.policy.limits, desk.facts.rates
    per_thread = AUTOMATIC_LETTERS_PER_CASE if desk.automatic else limits.letters_per_thread_per_day
    on_thread = desk.home is not None and rates.letters_on_thread_24h >= per_thread
    return on_thread or rates.letters_to_party_1h >= limits.letters_per_counterparty_per_hour


def _braked(desk: Desk) -> Decision:
    """An automatic chase is just counted; what may be somebody's request is held for a person."""
    meaning = desk.meaning
    if desk.automatic and not (meaning.asked or meaning.wants_codes or meaning.brings_codes or meaning.bad_lines):
        return quiet(desk, Fate.IGNORED, Reason.LOOP_BRAKE)
    return _hold(desk.facts, meaning, desk.policy, Reason.LOOP_BRAKE, desk.verdict)


def _said_enough(desk: Desk, decision: Decision) -> bool:
    """Two letters went out on this thread within a day, and this one would tell nothing that has changed since."""
    if _tells_news(desk, decision) or _owes_what_came_back(decision):
        return False
    return desk.facts.rates.letters_on_thread_24h >= LETTERS_WITHOUT_NEWS


def _tells_news(desk: Desk, decision: Decision) -> bool:
    before = {t.case_id: t.items for t in (*desk.facts.open_threads, *((desk.home,) if desk.home else ()))}
    changed = any(before.get(t.case_id) != t.items for t in decision.threads)
    return changed or any(plan.code_devices for plan in decision.plans)


def _would_go_stale(desk: Desk, decision: Decision) -> bool:
    """Letters to them are paused, and this one says only that something is open: it would go beside the very answer."""
    if not desk.policy.is_paused(desk.party.party) or desk.meaning.brings_codes or _tells_news(desk, decision):
        return False
    said = [plan.content for plan in decision.plans if isinstance(plan.content, Answer)]
    rows = [row for answer in said for row in answer.rows]
    return bool(rows) and all(r.outcome is Outcome.PENDING for r in rows) and not any(map(has_remarks, said))


def _owes_what_came_back(decision: Decision) -> bool:
    """They ask for what a letter answered that never reached them: what went to them since says nothing of it."""
    told = {row.device_id for plan in decision.plans if isinstance(plan.content, Answer) for row in plan.content.rows}
    items = (item for thread in decision.threads for item in thread.items)
    return any(item.device_id in told and item.open and item.reason in NOT_DELIVERED for item in items)


def _unsaid(desk: Desk) -> Decision:
    """What is open is known to ops and has its date. What could not be read is known to nobody: a person looks."""
    meaning = desk.meaning
    unread = meaning.bad_lines or not desk.facts.mail.complete or (meaning.wants_codes and not meaning.asked)
    if unread and not meaning.chase and not meaning.withdraws:
        return _hold(desk.facts, meaning, desk.policy, Reason.SAID_TWICE, desk.verdict)
    return quiet(desk, Fate.DECIDED, Reason.ASKED_TOO_SOON)
