"""What a member does with one matter: NOTE, WAIT, CLOSE, REPLAY."""

import re
from collections import Counter

from daemon.commanding.asking import inquiries
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.edge import threads
from daemon.edge.inbox import kept_mail, whereabouts
from daemon.edge.inbox.kept_mail import MailRow
from daemon.edge.outbox import attempts, thread_letters
from daemon.edge.team import notes
from daemon.edge.threads import holds
from daemon.rules.commands.orders import Close, Note, Replay, Wait
from daemon.rules.decide.filed import folder_for
from daemon.rules.decision import Fate, folder_path
from daemon.rules.explain import cause
from daemon.rules.letters import Answer, LetterPlan
from daemon.rules.phrases import devices as devices_in_words
from daemon.rules.reasons import Reason
from daemon.rules.thread import Event, Item, MailThread, Outcome, State
from daemon.rules.workdays import in_words, local_day

_MAIL = re.compile(r"mail ([0-9]{1,12})", re.IGNORECASE)


# Which matter ───────────────────────────────────────────────────────────────────────────────────────


def _mail_row(desk: OpsDesk, ref: str) -> MailRow | None:
    """The mail that `ref` names; None: it names a thread. Raises NotDone."""
    if ref.lower().startswith("proposal"):
        raise NotDone(f"{ref} is decided by APPROVE or REJECT, as a reply to our letter about it")
    match = _MAIL.fullmatch(ref)
    if match is None:
        return None
    row = kept_mail.look(desk.connection, int(match[1]))
    if row is None:
        raise NotDone(f"there is no {ref}; LIST held shows the numbers")
    return row


def _subject(row: MailRow | None, thread: MailThread | None) -> str:
    """What the audit trail calls it."""
    return f"case:{thread.case_id}" if thread is not None else f"mail:{row.id if row else 0}"


def _found(desk: OpsDesk, ref: str) -> tuple[MailRow | None, MailThread | None]:
    """The mail or the thread; just one of them. Raises NotDone."""
    row = _mail_row(desk, ref)
    return row, None if row is not None else desk.thread(ref)


def _not_held(ref: str, row: MailRow) -> NotDone:
    if row.fate is None or row.reason is None or row.settled_at is None:
        return NotDone(f"{ref} is being read at this moment; please write again in a minute")
    return NotDone(f"{ref} is not held: it was settled on {in_words(local_day(row.settled_at))} ({cause(row.reason)})")


# NOTE ───────────────────────────────────────────────────────────────────────────────────────────────


def note(desk: OpsDesk, order: Note) -> str:
    """Keep the words with the matter, sealed."""
    ref = desk.ref(order.ref)
    inquiry = inquiries.called(desk, ref)
    row, thread = (None, None) if inquiry is not None else _found(desk, ref)
    number = notes.add(desk.connection, desk.parts.vault, ref, order.text, desk.member.address, desk.now)
    desk.record("noted", f"case:{inquiry.case_id}" if inquiry else _subject(row, thread), note=number)
    return f"your note is kept with {ref}; EVIDENCE {ref} shows it"


# WAIT ───────────────────────────────────────────────────────────────────────────────────────────────


def wait(desk: OpsDesk, order: Wait) -> str:
    """No reminder of what is held before that day; its clock runs on, and the alarm comes all the same."""
    ref = desk.ref(order.ref)
    if order.until <= desk.today:
        raise NotDone(f"{in_words(order.until)} is not after today; give a day to come")
    inquiry = inquiries.called(desk, ref)
    if inquiry is not None:
        return inquiries.wait(desk, inquiry, order.until)
    row, thread = _found(desk, ref)
    if row is not None:
        one = holds.of_mail(desk.connection, row.id)
        held = [one] if one is not None else []
    else:
        held = holds.of_case(desk.connection, thread.case_id) if thread else []
    if not held:
        raise _not_held(ref, row) if row else NotDone(f"nothing of {ref} is held, so nobody is reminded of it")
    for hold in held:
        holds.wait(desk.connection, hold, order.until)
    desk.record("waits", _subject(row, thread), until=order.until.isoformat())
    due = min(hold.due for hold in held)
    late = f"; mind that it is due before then, on {in_words(due)}" if due < order.until else f" (due {in_words(due)})"
    return f"nobody is reminded of {ref} before {in_words(order.until)}; its clock runs on{late}"


# CLOSE ──────────────────────────────────────────────────────────────────────────────────────────────


def close(desk: OpsDesk, order: Close) -> str:
    """It was dealt with otherwise: nothing more is said or asked about it. The reason is kept as a note."""
    ref = desk.ref(order.ref)
    inquiry = inquiries.called(desk, ref)
    if inquiry is not None:
        return inquiries.close(desk, inquiry, order.reason)
    row, thread = _found(desk, ref)
    if thread is not None:
        said = _thread_closed(desk, thread)
    elif row is not None and holds.close_whole(desk.connection, row.id, desk.now):
        desk.record("closed", f"mail:{row.id}")
        said = f"{ref} is closed; nobody was answered"
    elif row is not None:
        raise _not_held(ref, row)
    if order.reason:
        notes.add(desk.connection, desk.parts.vault, ref, f"Closed: {order.reason}", desk.member.address, desk.now)
    return said


def _thread_closed(desk: OpsDesk, thread: MailThread) -> str:
    taken_back = thread_letters.untried(desk.connection, thread.case_id)
    closing = _closing(thread, taken_back)
    if not closing and not taken_back:
        raise NotDone(_why_settled(desk, thread))
    promised = sum(item.state is State.PENDING for item in closing)
    attempts.cancel(desk.connection, [thread.case_id], desk.now)
    closed = [item.move(Event.CLOSE, reason=Reason.CLOSED_BY_OPS, promised_for=None) for item in closing]
    changed = thread.with_items(closed)
    threads.save(desk.connection, [changed])
    whereabouts.want_folder(desk.connection, thread.case_id, folder_path(folder_for(changed)))
    desk.record(
        "closed", f"case:{thread.case_id}", devices=[i.device_id for i in closed], letters_cancelled=len(taken_back)
    )
    return "; ".join(_closed_in_words(desk, thread, len(closed), len(taken_back), promised))


def _closing(thread: MailThread, taken_back: list[LetterPlan]) -> list[Item]:
    """What is open, and what only a letter that never goes would have answered."""
    unsaid = {
        row.device_id
        for plan in taken_back
        if isinstance(plan.content, Answer)
        for row in plan.content.rows
        if row.outcome is not Outcome.PENDING
    }
    return [i for i in thread.items if i.open or (i.state is State.ANSWERED and i.device_id in unsaid)]


def _closed_in_words(desk: OpsDesk, thread: MailThread, closed: int, letters: int, promised: int) -> list[str]:
    said = [f"{thread.reference} is closed ({devices_in_words(closed)}); {thread.party} hears nothing more about it"]
    if letters:
        said.append(f"{'a letter' if letters == 1 else f'{letters} letters'} that had not gone yet will not go")
    if promised:
        said.append(f"{devices_in_words(promised)} had been promised an answer, so please see that they get one")
    if thread_letters.waiting(desk.connection, thread.case_id):
        said.append("a letter that was tried already may still arrive")
    return said


def _why_settled(desk: OpsDesk, thread: MailThread) -> str:
    states = Counter(item.state for item in thread.items)
    kinds = ", ".join(f"{devices_in_words(count)} {state}" for state, count in sorted(states.items()))
    last = thread_letters.last_event(desk.connection, thread.case_id)
    since = f"has been open since {in_words(local_day(last))}" if last else "is open"
    return f"nothing of {thread.reference} {since}: {kinds or 'no device was asked for'}"


# REPLAY ─────────────────────────────────────────────────────────────────────────────────────────────


def replay(desk: OpsDesk, order: Replay) -> str:
    """A mail that was held or set aside is read and decided once more; its first arrival, and so its clock, is kept."""
    ref = desk.ref(order.ref)
    row, thread = _found(desk, ref)
    if row is None and thread is not None:
        row = kept_mail.look(desk.connection, thread.mail_id)
        if not any(item.state is State.HELD for item in thread.items):
            raise NotDone(_why_settled(desk, thread) if thread.settled else _pending(ref))
    if row is None:
        raise NotDone(f"the mail that began {ref} is not kept any more")
    if thread is None and not _may_be_replayed(row):
        raise _not_held(ref, row)
    if not kept_mail.reopen(desk.connection, row.id):
        drag = "drag it to Install codes/Requests, and it is taken in anew"
        raise NotDone(f"the content of {ref} is not kept; if the mail still lies in the mailbox, {drag}")
    desk.record("replayed", _subject(row, thread), reason=row.reason)
    return f"{ref} is being read and decided once more, with its first due date"


def _may_be_replayed(row: MailRow) -> bool:
    """Held, set aside unread, or older than our start. Nothing that was decided, least of all an order of our team's."""
    return row.held or (row.fate is Fate.IGNORED and row.reason is Reason.BEFORE_START)


def _pending(ref: str) -> str:
    return f"nothing of {ref} is held: what is open waits for its turn under the daily limit"
