"""What an answer says of each device, what must be said of the mail itself, and the letter that says it."""

from dataclasses import replace
from datetime import date, datetime

from daemon.mail.message import MarkedKind, Reading
from daemon.rules.counterparties import same_address
from daemon.rules.decide.desk import MAX_REFERENCES, Desk
from daemon.rules.decide.judge import Judgement
from daemon.rules.decision import Decision, Fate
from daemon.rules.facts import Facts
from daemon.rules.letters import Answer, AnswerRow, LetterKind, LetterPlan
from daemon.rules.meaning import BadLine
from daemon.rules.reasons import Reason
from daemon.rules.thread import Event, Item, MailThread, Outcome, after

_LINK = BadLine(
    "the protected message", "we do not open links; please put the Device IDs into the mail itself, or a CSV"
)
_LOST = BadLine("the attachment that you mention", "nothing was attached to your mail when it reached us")


def settle_item(item: Item, judgement: Judgement, now: datetime, *, observed: bool) -> Item:
    """`item` after `judgement`, which names an event; in observe mode what would be said is held for a person to say."""
    event, reason = judgement.event or Event.HOLD, judgement.reason
    if observed and event is not Event.HOLD:
        event, reason = Event.HOLD, Reason.OBSERVE_ONLY
    held = event is Event.HOLD
    return Item(  # all but three of its values are new
        device_id=item.device_id,
        due=item.due,
        asked_at=item.asked_at,
        state=after(item.state, event),
        outcome=judgement.outcome,
        reason=reason,
        note=judgement.note,
        promised_for=None if held else judgement.promised_for,
        held_at=now if held else None,
    )


def row(item: Item, judgement: Judgement, today: date) -> AnswerRow:
    """What the asker reads of a judged item; a held one reads the same whatever holds it."""
    if judgement.event is not Event.ANSWER or judgement.outcome is None:
        return _pending(item, judgement.promised_for, today)
    return AnswerRow(item.device_id, judgement.outcome, judgement.note)


def pending_row(item: Item, today: date) -> AnswerRow:
    """An open item: a person is looking, or its turn comes; by when, and no day where it is overdue."""
    return _pending(item, item.promised_for, today)


def _pending(item: Item, promised: date | None, today: date) -> AnswerRow:
    """A day that has passed is never promised."""
    by = next((day for day in (promised, item.due.end) if day is not None and day >= today), None)
    return AnswerRow(item.device_id, Outcome.PENDING, f"by: {by.isoformat()}" if by else "")


def remarks(desk: Desk) -> Answer:
    """An answer without rows: what we must say of the mail itself."""
    writer = desk.facts.writer
    return Answer(
        rows=(),
        bad_lines=desk.meaning.bad_lines,
        unreadable=_unread(desk),
        personal_data=bool(desk.meaning.personal_data),
        asked_by="" if same_address(writer.address, desk.recipient) else writer.address,
        chase=desk.meaning.chase,
    )


def has_remarks(answer: Answer) -> bool:
    """Whether there is anything to say beside rows."""
    said = answer.bad_lines or answer.unreadable or answer.personal_data
    return bool(said or answer.withdrawn or answer.left_out)


def _unread(desk: Desk) -> tuple[BadLine, ...]:
    mail = desk.facts.mail
    unread = (a for a in mail.attachments if a.reading in (Reading.UNREADABLE, Reading.NOT_TEXT))
    link = (_LINK,) if mail.links_to_protected else ()
    lost = (_LOST,) if desk.meaning.nothing_attached and not mail.links_to_protected else ()
    return (*(BadLine(a.name, a.why) for a in unread), *link, *lost)


def answered(desk: Desk, thread: MailThread, answer: Answer, reason: Reason) -> Decision:
    """The thread with one letter more, and that letter."""
    facts = desk.facts
    thread = replace(
        thread,
        reply_to=desk.recipient,
        letters_queued=thread.letters_queued + 1,
        references=_with_reference(thread.references, facts.mail.message_id),
        their_reference=_reference_of(facts) or thread.their_reference,
    )
    return Decision(
        Fate.DECIDED,
        reason,
        keep_content=True,
        moves_mail=True,
        threads=(thread,),
        plans=(answer_plan(thread, answer, in_reply_to=facts.mail.message_id),),
        observed=desk.observed,
        verdict=desk.verdict,
        joins=thread.case_id,
    )


def answer_plan(thread: MailThread, answer: Answer, *, in_reply_to: str = "") -> LetterPlan:
    """The letter number `thread.letters_queued` of a thread."""
    return LetterPlan(
        case_id=thread.case_id,
        kind=LetterKind.ANSWER,
        seq=thread.letters_queued,
        to=thread.reply_to,
        subject=thread.subject,
        content=answer,
        party=thread.party,
        reference=thread.reference,
        in_reply_to=in_reply_to or thread.root_message_id,
        references=thread.references,
        mark=MarkedKind.ANSWER,
        mark_reference=thread.their_reference or thread.reference,
    )


def _with_reference(known: tuple[str, ...], message_id: str) -> tuple[str, ...]:
    return (*(m for m in known if m != message_id), *((message_id,) if message_id else ()))[-MAX_REFERENCES:]


def _reference_of(facts: Facts) -> str:
    """The asker's own reference; empty: they gave none."""
    mark = facts.mail.origin.mark
    return (mark.reference or "") if mark and mark.kind is not MarkedKind.ANSWER else ""
