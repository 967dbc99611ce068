"""What our team decides of what is held: what a reply may decide, and what comes of it. Pure.

An approval waives what `_WAIVES` says and nothing else; the rest of the gate is asked again, now and when the letter goes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from daemon.rules.commands.orders import Rows
from daemon.rules.counterparties import Names
from daemon.rules.decide import judge as judging
from daemon.rules.decide.drafting import answer_plan, row, settle_item
from daemon.rules.decide.judge import Allowance, Judgement
from daemon.rules.decide.turns import recipient_of
from daemon.rules.decision import Decision, Fate
from daemon.rules.disclosure import TYPES_WITHOUT_CODE, is_ours
from daemon.rules.explain import cause
from daemon.rules.facts import DeviceRecord, TurnFacts
from daemon.rules.gate import Gate, Waiver
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import Answer, AnswerRow, LetterPlan, Matter, OpsNews
from daemon.rules.policy import Counterparty, Policy
from daemon.rules.reasons import Reason
from daemon.rules.thread import Event, Item, MailThread, Outcome, State
from daemon.rules.workdays import local_day

_WAIVES: Mapping[Reason, tuple[Gate, ...]] = MappingProxyType(
    {
        # of the mail
        Reason.STALE_MAIL: (Gate.FRESH,),
        Reason.REPLAYED_SIGNATURE: (Gate.FRESH,),
        Reason.SPF_ONLY_SENDER: (Gate.DKIM_ALIGNED,),
        Reason.PARTIAL_SIGNATURE: (Gate.DKIM_ALIGNED,),
        Reason.UNPROVEN_SENDER: (Gate.DMARC_ALIGNED, Gate.DKIM_ALIGNED),
        Reason.COLLEAGUE: (),
        Reason.LOOP_BRAKE: (),
        Reason.SAID_TWICE: (),
        Reason.JUNK_FOLDER: (),
        # of the device
        Reason.SOME_NOT_WANTED: (),
        Reason.NO_PLAIN_REQUEST: (),
        Reason.INVENTORY_STALE: (),
        Reason.DEVICE_STATUS: (Gate.DEVICE_ENTITLED,),
        Reason.OTHER_SUPPLIER_RECORDED: (Gate.DEVICE_ENTITLED,),
        Reason.ASKED_BY_ANOTHER: (Gate.WITHIN_LIMITS,),
        Reason.REPEAT_LIMIT: (Gate.WITHIN_LIMITS,),
        Reason.CAP_BREAKS_DUE_DATE: (Gate.WITHIN_LIMITS,),
        Reason.GLOBAL_CAP: (Gate.WITHIN_LIMITS,),
        # of the letter: it is judged anew
        Reason.REFUSED_BY_RELAY: (),
        Reason.GATE_AT_SEND: (),
        Reason.OUTCOME_UNKNOWN: (Gate.WITHIN_LIMITS,),
    }
)
"""The holds that a person may end by approving, and what each approval waives."""
_DECIDED_ALREADY = frozenset({Reason.OBSERVE_ONLY, Reason.KEPT_BACK})
_IN_WORDS: Mapping[Gate, str] = MappingProxyType(
    {
        Gate.DMARC_ALIGNED: "that the sender's domain is confirmed (G4)",
        Gate.DKIM_ALIGNED: "that its own signature vouches for all of it (G5)",
        Gate.FRESH: "that the mail is fresh (G8)",
        Gate.DEVICE_ENTITLED: "that our records allow it for this device and supplier (G9)",
        Gate.WITHIN_LIMITS: "the limits on codes (G10)",
    }
)
REFUSALS: Mapping[str, tuple[Outcome, str]] = MappingProxyType(
    {
        "removed": (Outcome.REFUSED, "our records show it as removed"),
        "commissioned": (Outcome.REFUSED, "our records show it as commissioned"),
        "not-confirmed": (Outcome.REFUSED, "we could not confirm that you are its registered supplier"),
        "ask-again": (Outcome.NEED_MORE, "please ask again in a new mail, with each Device ID written as text"),
    }
)
"""What REJECT tells the asker, by the reason given: fixed words, so that nothing slips out."""


def refusal(reason: str) -> str:
    """The fixed words of a REFUSED, by its reason as it is ordered: "not confirmed"."""
    return REFUSALS[reason.replace(" ", "-")][1]


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One numbered thing of a letter to our team that a reply decides: a device, a whole mail, or a proposal."""

    number: int
    place: int
    """Where its matter stands in the letter, from 0."""
    matter: Matter
    device: DeviceId | None = None


def rows_of(news: OpsNews) -> tuple[HeldRow, ...]:
    """The things of a letter that can be decided, numbered from 1 as the letter shows them."""
    found: list[HeldRow] = []
    for place, matter in enumerate(news.matters):
        for device in (matter.devices or (None,)) if matter.decidable else ():
            found.append(HeldRow(len(found) + 1, place, matter, device))
    return tuple(found)


def chosen(rows: Sequence[HeldRow], which: Rows) -> tuple[HeldRow, ...]:
    """Those that an order means. Empty where it names a number that is not there."""
    numbers = {row.number for row in rows}
    if not set(which.only) | set(which.but) <= numbers:
        return ()
    return tuple(r for r in rows if (not which.only or r.number in which.only) and r.number not in which.but)


def waives(reason: Reason) -> tuple[Gate, ...] | None:
    """What approving a hold for this reason waives; None: no approval ends it."""
    return _WAIVES.get(reason)


# What a person would have us say ────────────────────────────────────────────────────────────────────


def belies(outcome: Outcome, record: DeviceRecord | None, ours: Names) -> str:
    """What our own inventory says against this outcome; empty: nothing."""
    if outcome not in (Outcome.NOT_INSTALLER, Outcome.NO_CODE_HELD, Outcome.TYPE_HAS_NO_CODE):
        return ""
    if record is None:
        return "our inventory does not know this device" if outcome is Outcome.NO_CODE_HELD else ""
    by_us = is_ours(record, ours)
    if outcome is Outcome.NOT_INSTALLER:
        return f"our inventory says that we installed it{_and_its_code(record)}" if by_us else ""
    if outcome is Outcome.TYPE_HAS_NO_CODE:
        has_one = record.device_type and record.device_type not in TYPES_WITHOUT_CODE
        return f"our inventory says that it is of type {record.device_type}, which has a code" if has_one else ""
    if not by_us:
        return f"our inventory says that {record.installing_supplier} installed it"
    return "our inventory holds its code" if record.has_code else ""


def _and_its_code(record: DeviceRecord) -> str:
    return ", and holds its code" if record.has_code else ""


# In words ───────────────────────────────────────────────────────────────────────────────────────────


def on_approve(reason: Reason, outcome: Outcome | None, party: str, devices: int) -> str:
    """What APPROVE does with such a hold, and what it waives; empty: it cannot be approved. `devices` 0: a whole mail."""
    gates = waives(reason)
    if gates is None:
        return ""
    waived = f" You waive {' and '.join(_IN_WORDS[gate] for gate in gates)}." if gates else ""
    if not devices:
        return f"The mail is decided as if it had not been held; all other checks stay in force.{waived}"
    told = outcome or Outcome.CODE
    what = (
        ("the install code" if devices == 1 else "the install codes") if told is Outcome.CODE else f"the answer {told}"
    )
    return f"{party}'s listed address is sent {what}; all other checks stay in force.{waived}"


def on_reject(reason: Reason, devices: int) -> str:
    """What REJECT does; empty where it does nothing. `devices` 0: a mail held whole, whose writer is never answered."""
    if reason in _DECIDED_ALREADY:
        return ""
    if not devices:
        return "The mail is closed, and nobody is answered."
    return "No code is sent, and the supplier is told why, in fixed words."


# What comes of it ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What an approval led to. `still_held`: by device, why it could not go all the same."""

    decision: Decision | None
    still_held: Mapping[DeviceId, Reason]


def approve(
    thread: MailThread,
    devices: Iterable[DeviceId],
    facts: TurnFacts,
    policy: Policy,
    others: frozenset[DeviceId] = frozenset(),
) -> Outcomes:
    """Judge the held `devices` of a thread with what `facts.waiver` waives, and answer those that pass.

    `others`: those for which another party has an open item.
    """
    party = next((p for p in facts.counterparties if p.party == thread.party), None)
    recipient = recipient_of(thread, party, facts.now)
    held = _held(thread, devices)
    if party is None or recipient is None:
        return Outcomes(None, {item.device_id: Reason.NO_REPLY_ADDRESS for item in held})
    changed: list[Item] = []
    rows: list[AnswerRow] = []
    still: dict[DeviceId, Reason] = {}
    for item, judgement in zip(held, _judged(held, party, facts, policy, others), strict=True):
        if judgement.event is Event.HOLD:
            still[item.device_id] = judgement.reason or Reason.GATE_AT_SEND
            continue
        said = replace(judgement, event=judgement.event or Event.ANSWER, reason=judgement.reason or Reason.ANSWERED)
        changed.append(settle_item(item, said, facts.now, observed=False))
        if judgement.sent_on is None:
            rows.append(row(item, said, local_day(facts.now)))
    if not changed:
        return Outcomes(None, still)
    return Outcomes(_answered(thread, recipient, changed, rows, facts.waiver), still)


def _held(thread: MailThread, devices: Iterable[DeviceId]) -> list[Item]:
    wanted = set(devices)
    return [item for item in thread.items if item.device_id in wanted and item.state is State.HELD]


def _judged(
    held: Sequence[Item], party: Counterparty, facts: TurnFacts, policy: Policy, others: frozenset[DeviceId]
) -> list[Judgement]:
    docket = judging.docket(party, facts, policy, others)
    allowance = Allowance(docket, first_in_line=True)
    return [judging.judge(item.device_id, docket, item.due, allowance) for item in held]


def tell(
    thread: MailThread,
    devices: Iterable[DeviceId],
    outcome: Outcome,
    note: str,
    facts: TurnFacts,
) -> Decision | None:
    """Answer the open `devices` of a thread with what a person says: an outcome without code. None: none is open."""
    party = next((p for p in facts.counterparties if p.party == thread.party), None)
    recipient = recipient_of(thread, party, facts.now)
    wanted = set(devices)
    items = [item for item in thread.items if item.device_id in wanted and item.open]
    if recipient is None or not items:
        return None
    said = Judgement(Event.ANSWER, outcome=outcome, reason=Reason.ANSWERED, note=note)
    changed = [settle_item(item, said, facts.now, observed=False) for item in items]
    return _answered(thread, recipient, changed, [row(item, said, local_day(facts.now)) for item in items], None)


def promise(thread: MailThread, devices: Iterable[DeviceId], day: date, facts: TurnFacts) -> Decision | None:
    """Tell the asker again that a person is looking, and by when; the items stay as they are. None: none is open."""
    wanted = set(devices)
    items = [item for item in thread.items if item.device_id in wanted and item.open]
    party = next((p for p in facts.counterparties if p.party == thread.party), None)
    recipient = recipient_of(thread, party, facts.now)
    if recipient is None or not items:
        return None
    rows = [AnswerRow(item.device_id, Outcome.PENDING, f"by: {day.isoformat()}") for item in items]
    return _answered(thread, recipient, [replace(item, promised_for=day) for item in items], rows, None)


def _answered(
    thread: MailThread, recipient: str, changed: Sequence[Item], rows: Sequence[AnswerRow], waiver: Waiver | None
) -> Decision:
    letter = bool(rows)
    thread = replace(thread.with_items(changed), reply_to=recipient, letters_queued=thread.letters_queued + letter)
    plan: tuple[LetterPlan, ...] = ()
    if letter:
        plan = (replace(answer_plan(thread, Answer(rows=tuple(rows))), waiver=waiver),)
    return Decision(
        Fate.DECIDED,
        Reason.COMMAND,
        keep_content=True,
        moves_mail=True,
        threads=(thread,),
        plans=plan,
        joins=thread.case_id,
    )


def why_still_held(still: Mapping[DeviceId, Reason]) -> str:
    """In words, for the transcript: what could not go all the same, why, and what would work."""
    said = "; ".join(f"{device} is still held: {cause(reason)}" for device, reason in still.items())
    return (
        f"{said}. That is not what the approval waives: mend the cause that was held before (with a new INVENTORY, for "
        "instance) and drag the mail to Install codes/Requests, to have the other decided; or REJECT it"
    )
