"""What a counterparty's answer does to the devices that we want: findings and wants -> changed wants, and a query.

Nothing is guessed. A code that comes without its check digits, out of free words, is used only after a person looked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from daemon.mail.message import IncomingMail, MarkedKind
from daemon.rules.answers import Finding
from daemon.rules.asking import routing
from daemon.rules.asking.routing import Ask, ToOps, Unlisted, Why
from daemon.rules.decision import Decision, Fate
from daemon.rules.facts import Facts
from daemon.rules.identifiers import DeviceId, InstallCode
from daemon.rules.letters import AskedRow, Asking, LetterKind, LetterPlan
from daemon.rules.meaning import Correspondence, Meaning
from daemon.rules.policy import Counterparty, Policy
from daemon.rules.reasons import Reason
from daemon.rules.sense import cautions, wishes
from daemon.rules.sense.scanning import holds_code, scan
from daemon.rules.thread import Outcome
from daemon.rules.wanting import Inquiry, Want, WantEvent, WantState
from daemon.rules.workdays import local_day

NOT_CHECKED = "came in free text without check digits: compare with their mail (in Install codes/Answers) before use"
DOUBTFUL = "its check digits fit, and it may not be meant for this device: compare with their mail (in Install codes/Answers) before use"
NOT_RELIED_ON = (
    "their mail says itself that something there is not to be relied on, so its code was not taken: please read it, speak to "
    "them, and have them send the code once more"
)
NO_CODE = "they installed it, and hold no code for it"
_WITH_OPS = {
    Outcome.TYPE_HAS_NO_CODE: "they say that this type of device has no code: order the GSME's Device ID instead",
    Outcome.NEED_MORE: "they ask something before they answer",
    Outcome.REFUSED: "they refuse it",
}
_WHY = {
    Why.OURSELVES: "they name us as its installer: look it up in our own inventory",
    Why.CIRCLE: "they name a supplier that was asked already",
    Why.NOBODY: "they did not install it, and we find no supplier named that did: please read their mail",
}


def beside(meaning: Meaning, facts: Facts) -> Meaning:
    """What a mail wants beside what it answers.

    Whoever answers us, or writes in an inquiry of ours, asks for a device by words, not by naming it; and never for
    one that we ask them for: that is our own letter, handed on or sent back.
    """
    findings, mark = facts.findings, facts.mail.origin.mark
    spoken = meaning if isinstance(meaning, Correspondence) else Correspondence()
    if not findings and (facts.inquired is None or meaning is not spoken):
        return meaning
    if not findings and mark is not None:
        return spoken if mark.kind is not MarkedKind.ANSWER else _without_news(spoken, facts.mail)
    said = {finding.device for finding in findings} | {one for f in findings for one in scan(f.note).devices}
    more = tuple(asked for asked in spoken.asked if asked.device_id not in said | _of_ours(facts))
    left = more if spoken.wants_codes or spoken.chase or spoken.withdraws else ()
    warned = spoken.no_plain_request and (bool(left) or cautions.warn(wishes.sentences(facts.mail.new_text)))
    return replace(
        spoken,
        asked=left,
        left_out=spoken.left_out if left else (),
        doubted=spoken.doubted if left else (),
        withdraws=spoken.withdraws and bool(left or not (spoken.asked or findings)),
        named=() if left else tuple(asked.device_id for asked in more),
        bad_lines=spoken.bad_lines if left else (),
        wants_codes=spoken.wants_codes and bool(left),
        brings_codes=all(finding.unasked for finding in findings) if findings else spoken.brings_codes,
        needs_thread=spoken.needs_thread and not findings,
        no_plain_request=warned if findings else spoken.no_plain_request,
    )


def named_besides(facts: Facts) -> tuple[DeviceId, ...]:
    """What the words of a mail that answers us name, and neither answer nor may answer: "A was wrong, B is ..."."""
    if not facts.findings:
        return ()
    known = {finding.device for finding in facts.findings} | facts.wanted.keys()
    return tuple(dict.fromkeys(one for one in scan(facts.mail.new_text).devices if one not in known))


def corrected(facts: Facts, settled: Mapping[DeviceId, Want]) -> tuple[DeviceId, ...]:
    """Those of `settled` that the mail's party had answered itself: it may take back what it sent."""
    party = facts.writer.counterparty
    theirs = (want for want in settled.values() if party and want.party == party.party)
    return tuple(want.device_id for want in theirs if want.state in (WantState.ANSWERED, WantState.CLOSED))


def _without_news(meaning: Correspondence, mail: IncomingMail) -> Correspondence:
    """An answer of another copy to what is settled, or taken back: it is to be looked at where it does bring a code."""
    cells = (cell for table in mail.tables for row in table.rows for cell in row)
    return replace(meaning, brings_codes=any(holds_code(text) for text in (mail.new_text, *cells)))


def _of_ours(facts: Facts) -> frozenset[DeviceId]:
    """The devices that we ask its party for, or asked in this inquiry."""
    return frozenset(facts.wanted) | (facts.inquired or frozenset())


def crossed(meaning: Meaning, facts: Facts) -> tuple[Want, ...]:
    """What the party asks us for while we ask them."""
    asked = meaning.asked if isinstance(meaning, Correspondence) else ()
    found = (facts.wanted.get(one.device_id) for one in asked)
    return tuple(want for want in found if want is not None and want.open)


def taken(decision: Decision, findings: Sequence[Finding], received: "Received") -> Decision:
    """What becomes of the mail: it answered us, whatever else it wants; it is filed where codes are kept.

    Of one that brings nothing but codes that our team took back no copy of ours is kept.
    """
    codes = any(finding.code is not None or finding.fault or finding.unasked for finding in findings)
    if decision.fate is Fate.IGNORED:
        decision = Decision(
            Fate.DECIDED, Reason.ANSWER_RECEIVED, keep_content=True, moves_mail=True, verdict=decision.verdict
        )
    elif decision.fate is Fate.DECIDED and not decision.plans:
        decision = replace(decision, reason=Reason.ANSWER_RECEIVED)
    keep = decision.keep_content and not (decision.reason is Reason.ANSWER_RECEIVED and received.brings_only_late)
    return replace(decision, holds_codes=decision.holds_codes or codes, keep_content=keep)


@dataclass(frozen=True, slots=True)
class Received:
    """What one mail led to. `codes`: by the want's row, to be sealed. `unused`: codes that we did not ask for."""

    changed: tuple[Want, ...] = ()
    codes: Mapping[int, InstallCode] = field(default_factory=dict, repr=False)
    faulty: tuple[AskedRow, ...] = ()
    """To be asked again, each with what is wrong."""
    unused: tuple[DeviceId, ...] = ()
    untouched: tuple[DeviceId, ...] = ()
    """Words that name no device may be about these, too: they keep the promise or the query that they have."""
    late: tuple[DeviceId, ...] = ()
    """Codes of devices that our team took back: used by nobody, and not taken into our records."""

    remarked: Mapping[DeviceId, str] = field(default_factory=dict)
    """What is said of them that we cannot take for an answer: they stay as they are."""

    @property
    def brings_only_late(self) -> bool:
        """Nothing in it is needed any more."""
        return bool(self.late) and not (self.changed or self.faulty or self.unused or self.untouched or self.remarked)


def receive(facts: Facts, policy: Policy) -> Received:
    """Apply what the mail of a party that was asked says of each device."""
    changed: list[Want] = []
    codes: dict[int, InstallCode] = {}
    faulty: list[AskedRow] = []
    unused: list[DeviceId] = []
    untouched: list[DeviceId] = []
    late: list[DeviceId] = []
    remarked: dict[DeviceId, str] = {}
    warns = any(f.code is not None for f in facts.findings) and cautions.warn(wishes.sentences(facts.mail.new_text))
    for finding in facts.findings:
        want = facts.wanted.get(finding.device)
        if want is not None and want.state is WantState.WITHDRAWN:
            late += [finding.device] if finding.code is not None else []
        elif want is None or not _counts(finding, want, facts):
            unused += [finding.device] if finding.unasked or finding.code is not None else []
        elif finding.remark:
            remarked[finding.device] = finding.note
        elif _is_unsure(finding) and _has_word_of_its_own(want):
            untouched.append(finding.device)
        else:
            relied_on = finding.code is None or not warns
            after = _after(finding, want, facts, policy) if relied_on else _handed_over(want, NOT_RELIED_ON, "")
            if finding.fault:
                faulty.append(_faulty(finding, want))
            if finding.code is not None and after.state is WantState.ANSWERED:
                codes[want.id] = finding.code
            changed += [after] if after != want else []
    return Received(tuple(changed), codes, tuple(faulty), tuple(unused), tuple(untouched), tuple(late), remarked)


def _counts(finding: Finding, want: Want, facts: Facts) -> bool:
    """Whether what they say of it changes anything: a party that was asked before may still find the code, no more."""
    party = facts.writer.counterparty
    now_asked = party is not None and want.party == party.party and want.state not in _ON_THE_WAY
    return now_asked or (finding.code is not None and want.state is not WantState.ORDERED)


def _is_unsure(finding: Finding) -> bool:
    """It names no device, and settles none: a question back, or words with two readings. A new day is always welcome."""
    asks = finding.outcome is Outcome.NEED_MORE
    return finding.vague and (asks or (finding.needs_look and finding.outcome is not Outcome.PENDING))


def _has_word_of_its_own(want: Want) -> bool:
    """They promised it, or sent it with a fault: what is said of nothing in particular does not take that back."""
    late_and_faulty = want.state in (WantState.OVERDUE, WantState.ESCALATED) and bool(want.note)
    return want.promised_for is not None or want.state in (WantState.PROMISED, WantState.QUERIED) or late_and_faulty


_ON_THE_WAY = (WantState.ORDERED, WantState.MOVED_ON, WantState.WAITING_CONTACT)


def _after(finding: Finding, want: Want, facts: Facts, policy: Policy) -> Want:
    if finding.fault:
        return want if want.state is WantState.WITH_OPS else want.move(WantEvent.QUERY, note=finding.fault)
    said = _said(want, facts, finding)
    settled = {"answered_at": facts.now, "answer_mail_id": facts.mail_id}
    match finding.outcome:
        case Outcome.CODE:
            doubt = DOUBTFUL if finding.checked else NOT_CHECKED
            return said.move(WantEvent.ANSWER, **settled, note=doubt if finding.needs_look else "")
        case Outcome.NOT_INSTALLER if finding.needs_look:
            named = f" ({finding.note})" if finding.note else ""
            return _handed_over(
                said, f"they seem to say that they did not install it{named}: please read their mail", ""
            )
        case Outcome.NOT_INSTALLER:
            return _moved_on(said, finding.note, facts.counterparties, policy)
        case Outcome.PENDING:
            return _promised(said, finding.note)
        case Outcome.NO_CODE_HELD if finding.needs_look:
            return _handed_over(said, "they seem to say that they hold no code for it: please read their mail", "")
        case Outcome.NO_CODE_HELD:
            return said.move(WantEvent.CLOSE, **settled, reason=NO_CODE)
        case Outcome.TYPE_HAS_NO_CODE | Outcome.NEED_MORE | Outcome.REFUSED as outcome:
            return _handed_over(said, _WITH_OPS[outcome], finding.note)
        case None:
            return _handed_over(said, "their answer can be read in more than one way: please read their mail", "")


def _said(want: Want, facts: Facts, finding: Finding) -> Want:
    """`want` with what the mail's party said beside that party, which may be one that was asked before the present."""
    party = facts.writer.counterparty
    name = party.party if party is not None else ""
    said = (replace(a, outcome=finding.outcome, note=finding.note) if a.party == name else a for a in want.asked)
    return replace(want, asked=tuple(said))


def _moved_on(want: Want, note: str, book: tuple[Counterparty, ...], policy: Policy) -> Want:
    match routing.next_party(want, note, book, policy):
        case Ask(party):
            return want.move(WantEvent.MOVE_ON, party=party.party, case_id="")
        case Unlisted(name):
            return want.move(WantEvent.MOVE_ON, party=name, case_id="", note=f"{name} is not in the contact list")
        case ToOps(why, parties):
            named = f" ({', '.join(parties)})" if parties else ""
            return _handed_over(want, f"{_WHY[why]}{named}", "")


def _handed_over(want: Want, reason: str, note: str) -> Want:
    words = f"{reason}: {note.rstrip(' .')}" if note else reason
    return (
        replace(want, reason=words)
        if want.state is WantState.WITH_OPS
        else want.move(WantEvent.HAND_OVER, reason=words)
    )


def _promised(want: Want, note: str) -> Want:
    """They said by when. Our own clock runs on."""
    day = note.removeprefix("by:").strip()
    promised = date.fromisoformat(day) if day else None
    if want.state is WantState.WITH_OPS:
        return replace(want, promised_for=promised)
    return want.move(WantEvent.PROMISE, promised_for=promised)


def _faulty(finding: Finding, want: Want) -> AskedRow:
    asked_on = local_day(want.asked[-1].at) if want.asked else None
    return AskedRow(
        want.device_id,
        asked_on=asked_on,
        due=want.due.end if want.due else None,
        fault=f"{finding.where}: {finding.fault}" if finding.where else finding.fault,
    )


def query(inquiry: Inquiry, faulty: Sequence[AskedRow], to: str, in_reply_to: str) -> tuple[Inquiry, LetterPlan]:
    """The letter that names the faulty lines, in their thread; and the inquiry with one letter more."""
    inquiry = replace(inquiry, letters_queued=inquiry.letters_queued + 1)
    rows = tuple(replace(row, reference=inquiry.reference) for row in faulty)
    plan = LetterPlan(
        case_id=inquiry.case_id,
        kind=LetterKind.QUERY,
        seq=inquiry.letters_queued,
        to=to,
        subject=inquiry.subject,
        content=Asking(rows),
        party=inquiry.party,
        reference=inquiry.reference,
        in_reply_to=in_reply_to,
        references=(*inquiry.message_ids, *inquiry.references)[-20:],
        mark=MarkedKind.CHASE,
        mark_reference=inquiry.reference,
    )
    return inquiry, plan
