"""Pages about one matter: a thread, a mail, a device, a proposal. Small turns of phrase that all pages share."""

import difflib
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from daemon.commanding.desk import NotDone, OpsDesk
from daemon.edge import inventory, threads
from daemon.edge.outbox import LetterState
from daemon.edge.team import notes, proposals
from daemon.edge.threads import holds, still_open
from daemon.edge.views import dossier
from daemon.edge.views.dossier import LetterOut, MailIn
from daemon.errors import SealBroken
from daemon.rules import counterparties, disclosure
from daemon.rules.explain import cause, next_step, why
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import Page
from daemon.rules.phrases import day, note_value, number
from daemon.rules.reasons import Reason
from daemon.rules.sense.personal import safe_subject
from daemon.rules.thread import Item, MailThread, State
from daemon.rules.workdays import LONDON

MOST_DEVICES = 200
"""Of one thread on a page; the sheet of its letter has them all."""
Row = tuple[str, ...]


# Words ──────────────────────────────────────────────────────────────────────────────────────────────


def at(moment: datetime) -> str:
    """Day and time in London."""
    local = moment.astimezone(LONDON)
    return f"{day(local)}, {local:%H:%M}"


def ago(since: date, today: date) -> str:
    """How many days lie between."""
    days = (today - since).days
    return "today" if days <= 0 else "yesterday" if days == 1 else f"{days} days ago"


def hashed(digest: str) -> str:
    """A SHA-256 in groups of eight, so that it can be read out, and breaks on a phone."""
    return " ".join(digest[i : i + 8] for i in range(0, len(digest), 8))


def present(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows that say something beside their name."""
    kept = ((row[0], *(value for value in row[1:] if value)) for row in rows)
    return tuple(row for row in kept if len(row) > 1)


def state_of(item: Item) -> str:
    """What became of a device, in words."""
    outcome = item.outcome.value if item.outcome else ""
    because = cause(item.reason) if item.reason else ""
    if item.state is State.HELD:
        return f"held: {because or 'a person must look'}"
    if item.state is State.PENDING:
        by = f", by {day(item.promised_for)}" if item.promised_for else ""
        return f"waits for its turn{by}"
    if item.state is State.ANSWERED:
        return " ".join(part for part in (f"answered {outcome}", note_value(item.note)) if part)
    return f"{item.state}: {because}" if because else str(item.state.value)


# Finding ────────────────────────────────────────────────────────────────────────────────────────────


def number_in(ref: str, kind: str) -> int | None:
    """The number of "mail 12" or "proposal 3", where `ref` is of that kind."""
    match = re.fullmatch(rf"{kind} ([0-9]{{1,18}})", ref)
    return int(match[1]) if match else None


def find_thread(desk: OpsDesk, ref: str) -> MailThread:
    """The thread of a reference. Raises NotDone with the nearest one that there is."""
    case = threads.owner_of_reference(desk.connection, ref)
    if case is not None:
        return threads.load(desk.connection, [case])[case]
    known = [row["reference"] for row in still_open.open_summary(desk.connection)]
    near = difflib.get_close_matches(ref, [*known, *dossier.references_like(desk.connection, ref[:5])], 1, 0.7)
    raise NotDone(f"there is no {ref}; {f'did you mean {near[0]}?' if near else 'LIST open shows what is open'}")


def find_mail(desk: OpsDesk, mail_id: int) -> dossier.MailIn:
    """The mail of that number. Raises NotDone with the numbers that there are."""
    found = dossier.mails(desk.connection, mail_id=mail_id)
    if found:
        return found[0]
    last = dossier.last_mail_id(desk.connection)
    raise NotDone(f"there is no mail {mail_id}; {f'the latest is mail {last}' if last else 'none came yet'}")


# Pages ──────────────────────────────────────────────────────────────────────────────────────────────


def thread_pages(desk: OpsDesk, thread: MailThread) -> list[Page]:
    """One request: whose, by when, each device, each letter."""
    letters = dossier.letters(desk.connection, desk.parts.vault, [thread.case_id])
    paused = desk.parts.policy.is_paused(thread.party)
    waits = {hold.wait_until for hold in holds.of_case(desk.connection, thread.case_id) if hold.wait_until}
    rows = present(
        (
            ("Supplier", thread.party, "its letters wait: paused" if paused else ""),
            ("Asked by", thread.asked_by),
            ("Answers to", thread.reply_to),
            ("Arrived", at(thread.received_at)),
            ("Due", *dict.fromkeys(item.due.explain() for item in thread.items)),
            ("Reminders", *(f"none before {day(until)}" for until in sorted(waits))),
            ("Subject", thread.subject),
            ("Their ref", thread.their_reference),
            ("Mail", f"mail {thread.mail_id}"),
        )
    )
    return [
        Page(f"{thread.reference}: {number(len(thread.items), 'device')}", rows=rows),
        devices_page(thread),
        *([Page("Our letters", rows=tuple(letter_row(letter) for letter in letters))] if letters else []),
        *notes_pages(desk, thread.reference),
    ]


def devices_page(thread: MailThread) -> Page:
    """Each device of a thread and what became of it."""
    rows = tuple((item.device_id, _state_and_due(thread, item)) for item in thread.items[:MOST_DEVICES])
    more = len(thread.items) - MOST_DEVICES
    lines = (f"The first {MOST_DEVICES} are shown; there are {more:,} more.",) if more > 0 else ()
    return Page("Devices", lines, ("Device ID", "State"), rows)


def _state_and_due(thread: MailThread, item: Item) -> str:
    several = len({one.due.end for one in thread.items}) > 1
    due = f"; due {day(item.due.end)}" if several and item.open else ""
    return f"{state_of(item)}{due}"


def letter_row(letter: LetterOut) -> Row:
    """One letter: when it was written, what it is, what became of it."""
    codes = len(letter.plan.code_devices)
    with_codes = f", with {number(codes, 'code')}" if codes else ""
    when = f" {at(letter.finished_at)}" if letter.finished_at else ""
    said = f"; the relay said: {letter.reply}" if letter.reply and letter.state != LetterState.ACCEPTED else ""
    became = f"{fate_of(letter)}{when}{said}"
    return (_short(letter.written_at), f"{letter.plan.kind} to {letter.plan.to}{with_codes}", became)


def _short(moment: datetime) -> str:
    return f"{moment.astimezone(LONDON):%-d %b %Y}"


def fate_of(letter: LetterOut) -> str:
    """What became of a letter, in words."""
    if letter.state == LetterState.DEFERRED and not letter.reply:
        return _FATES["pending"]  # no relay said anything: it waits while letters are stopped, or the relay is away
    return _FATES.get(letter.state, letter.state)


_FATES = {
    "pending": "waits to be sent",
    "sending": "is being sent",
    "accepted": "taken by the relay",
    "deferred": "the relay asked us to come back",
    "rejected": "refused by the relay",
    "unknown": "nobody can say yet whether it arrived",
    "held": "held back",
    "cancelled": "taken back before it was sent",
    "observed": "not sent: the mode is observe",
}


def notes_pages(desk: OpsDesk, ref: str) -> list[Page]:
    """What members noted about a matter; personal data and codes masked."""
    try:
        found = notes.of(desk.connection, desk.parts.vault, ref)
    except SealBroken:
        return [Page("Notes", ("One of them does not open: its seal is broken.",))]
    rows = tuple((_short(note.at), safe_subject(note.words), note.member) for note in found)
    return [Page("Notes", rows=rows)] if rows else []


def mail_pages(desk: OpsDesk, mail: MailIn) -> list[Page]:
    """One mail: whose, what became of it and why, what to do."""
    reason = Reason(mail.reason) if mail.reason else None
    held = mail.fate in ("held", "poison")
    reference = dossier.reference_of(desk.connection, mail.case_id) if mail.case_id else ""
    rows = present(
        (
            ("From", mail.sender),
            ("Supplier", mail.party),
            ("Subject", mail.subject),
            ("Arrived", at(mail.arrived)),
            ("Became", f"{mail.fate}: {cause(reason)}" if reason else "not read yet"),
            ("Due", mail.held_due_sum if held else ""),
            ("Filed in", mail.folder),
            ("Request", reference),
        )
    )
    lines = (why(reason), next_step(reason)) if reason and held else ()
    return [Page(f"mail {mail.id}", lines, rows=rows), *notes_pages(desk, f"mail {mail.id}")]


def proposal_pages(desk: OpsDesk, number_of: int) -> list[Page]:
    """A proposal: what, whose, whether it waits; none where there is no such proposal."""
    found = proposals.load(desk.connection, desk.parts.vault, number_of)
    if found is None:
        return []
    state = "waits to be approved" if found.open else "decided"
    rows = (("What", found.title), ("Ordered by", found.member), ("When", at(found.at)), ("State", state))
    return [Page(f"proposal {number_of}", rows=rows)]


def device_pages(desk: OpsDesk, one: DeviceId, found: Sequence[MailThread]) -> list[Page]:
    """One device: what our inventory says, every request for it, every release of its code."""
    requests = tuple(
        (thread.reference, f"{thread.party}, {day(thread.received_at.astimezone(LONDON))}: {state_of(item)}")
        for thread in found
        for item in thread.items
        if item.device_id == one
    )
    sent = tuple(
        (_short(release.at), f"to {release.party}: {_RELEASES.get(release.state, release.state)}")
        for release in dossier.releases(desk.connection, one)
    )
    return [
        Page(str(one), rows=_record_rows(desk, one)),
        *([Page("Requests", (), ("Reference", "Who asked, and what became of it"), requests)] if requests else []),
        *([Page("Its code", rows=sent)] if sent else []),
    ]


_RELEASES = {"queued": "in a letter that waits to go", "released": "sent", "dropped": "not sent"}


def _record_rows(desk: OpsDesk, one: DeviceId) -> tuple[Row, ...]:
    record = inventory.lookup(desk.connection, [one]).get(one)
    if record is None:
        return (("Inventory", "does not have it"),)
    ours = disclosure.is_ours(record, counterparties.own_names(desk.parts.policy))
    return present(
        (
            ("Type", record.device_type or "not said"),
            ("Installed by", "us" if ours else record.installing_supplier),
            ("Status", record.status or "not commissioned"),
            ("Gaining", record.gaining_supplier),
            ("Code", "held" if record.has_code else "not held"),
            ("Its GSME", record.linked_gsme),
        )
    )
