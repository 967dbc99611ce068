"""Orders that only look: HELP, STATUS, LIST, TEAM, and by their own modules REPORT and EVIDENCE. They show pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import RowMapping

from daemon.commanding import inquiries
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.commanding.evidence import evidence
from daemon.commanding.reporting import report
from daemon.commanding.showing import (
    ago,
    at,
    device_pages,
    find_mail,
    find_thread,
    mail_pages,
    number,
    number_in,
    present,
    proposal_pages,
    thread_pages,
)
from daemon.edge import contacts, inventory, threads
from daemon.edge.pictures import dossier, figures
from daemon.edge.team import standing_orders
from daemon.edge.threads import holds, lists
from daemon.report import Overview, overview
from daemon.rules.commands import help_text
from daemon.rules.commands.orders import Help, Listing, ListOf, Status, Team
from daemon.rules.decision import Page
from daemon.rules.explain import cause
from daemon.rules.identifiers import DeviceId
from daemon.rules.overdue import Hold, matter
from daemon.rules.phrases import day
from daemon.rules.policy import Member, Role
from daemon.rules.team.standing import StandingKind, StandingOrder, person_of
from daemon.rules.workdays import Calendar, local_day

__all__ = ["evidence", "help_", "help_page", "list_of", "report", "status", "team"]

MOST_ROWS = 100
MOST_URGENT = 10
SOON_WORKING_DAYS = 2


def help_(desk: OpsDesk, _: Help) -> str:
    """What can be ordered."""
    desk.pages.append(help_page())
    return "what you can write is shown below"


def help_page() -> Page:
    """What can be said, on one phone screen."""
    lines: list[str] = []
    for line in help_text.HELP_TEXT.splitlines():
        if line.startswith("    "):
            lines[-1] += f" {line.strip()}"
        else:
            lines += [line.strip()] if line.startswith(" ") else ["", line]
    return Page("What you can write", tuple(lines))


# STATUS ─────────────────────────────────────────────────────────────────────────────────────────────


def status(desk: OpsDesk, order: Status) -> str:
    """How all stands, or one matter, or one device."""
    if order.device is not None:
        return _device(desk, order.device)
    if not order.ref:
        return _all(desk)
    if (mail_id := number_in(order.ref, "mail")) is not None:
        return _mail(desk, mail_id)
    if (proposal := number_in(order.ref, "proposal")) is not None:
        return _proposal(desk, proposal)
    if (inquiry := inquiries.called(desk, order.ref)) is not None:
        return inquiries.status(desk, inquiry)
    thread = find_thread(desk, order.ref)
    desk.pages += thread_pages(desk, thread)
    return f"how {thread.reference} from {thread.party} stands is shown below"


def _mail(desk: OpsDesk, mail_id: int) -> str:
    mail = find_mail(desk, mail_id)
    desk.pages += mail_pages(desk, mail)
    return f"what became of mail {mail_id} is shown below"


def _proposal(desk: OpsDesk, number_of: int) -> str:
    pages = proposal_pages(desk, number_of)
    if not pages:
        raise NotDone(f"there is no proposal {number_of}; reply to the letter about it, or order it anew")
    desk.pages += pages
    return f"how proposal {number_of} stands is shown below"


def _device(desk: OpsDesk, one: DeviceId) -> str:
    cases = dossier.cases_with(desk.connection, one)
    known = inventory.lookup(desk.connection, [one])
    wanted = inquiries.of_device(desk, one)
    desk.pages += wanted
    if wanted and not (cases or known):
        return f"how {one} stands, which we want the code of, is shown below"
    if not (cases or known):
        near = [n for n in dossier.neighbours(desk.connection, one) if _differ(one, n) <= 2]
        hint = f"the nearest in our inventory is {min(near, key=lambda n: _differ(one, n))}" if near else ""
        raise NotDone(f"nothing is known of {one}; {hint or 'no request names it, and our inventory does not have it'}")
    loaded = threads.load(desk.connection, cases[:MOST_ROWS])
    desk.pages += device_pages(desk, one, [loaded[case] for case in cases[:MOST_ROWS]])
    return f"what we know of {one} is shown below"


def _differ(one: DeviceId, other: DeviceId) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


def _all(desk: OpsDesk) -> str:
    box = desk.parts.settings.mailbox
    picture = overview(desk.connection, desk.parts.policy, box.address, desk.now, box.folder)
    rows = (*_matters(desk, picture), *_traffic(desk, picture), *_lists(desk))
    desk.pages.append(Page(f"Status, {at(desk.now)}", rows=present(rows)))
    urgent = _lines(desk, Listing.OPEN, MOST_URGENT)
    if urgent:
        desk.pages.append(Page("Most urgent", (), _COLUMNS, tuple(_row(line, desk.today) for line in urgent)))
    return "how all stands is shown below"


def _matters(desk: OpsDesk, picture: Overview) -> list[tuple[str, ...]]:
    soon = Calendar.of(desk.parts.policy).due(desk.today, SOON_WORKING_DAYS).end
    due_soon = figures.open_between(desk.connection, desk.today, soon)
    oldest = figures.oldest_open(desk.connection)
    devices = sum(count for state, count in picture.items.items() if state in ("held", "pending"))
    waiting = picture.items.get("pending", 0)
    queued = f"{waiting:,} of them {'waits for its' if waiting == 1 else 'wait for their'} turn" if waiting else ""
    modes = (f"{party}: {mode}" for party, mode in picture.modes_by_party.items())
    untold = f"your team was not told of {picture.holds_untold} yet" if picture.holds_untold else ""
    return [
        ("Mode", picture.mode, *modes),
        ("Stopped", *(_stopped(order) for order in _in_force(desk, StandingKind.PAUSE, StandingKind.INCIDENT))),
        ("Open", f"{number(picture.threads_open, 'request')} with {number(devices, 'open device')}", queued),
        ("Held", f"{picture.holds:,} devices and mails" if picture.holds else "nothing", untold),
        ("Overdue", f"{picture.breached:,} of what is held" if picture.breached else "nothing"),
        ("Due soon", f"{number(due_soon, 'device')} by {day(soon)}" if due_soon else "nothing"),
        inquiries.standing(desk),
        ("Oldest", f"{oldest.reference}, {oldest.party}, {at(oldest.received_at)}" if oldest else ""),
    ]


def _in_force(desk: OpsDesk, *kinds: StandingKind) -> list[StandingOrder]:
    found = standing_orders.load(desk.connection)
    return [order for order in found if order.kind in kinds and order.in_force(desk.today)]


def _stopped(order: StandingOrder) -> str:
    whom = {"": "all letters to suppliers", "codes": "letters with codes"}.get(order.subject, order.subject)
    what = "frozen" if order.kind is StandingKind.INCIDENT else "paused"
    until = f" until {day(order.last)}" if order.last else ""
    return f"{whom}: {what} by {order.member} {day(local_day(order.at))}{until}"


def _traffic(desk: OpsDesk, picture: Overview) -> list[tuple[str, ...]]:
    mail, sent = figures.last_settled(desk.connection), figures.last_sent(desk.connection)
    waiting = sum(picture.letters.get(state, 0) for state in ("pending", "deferred", "sending", "unknown"))
    troubles = [f"{name}, {words}" for name, words in picture.troubles.items()]
    lost = f"{number(picture.letters_lost, 'letter')} to our own team reached nobody" if picture.letters_lost else ""
    return [
        ("Last look", at(picture.last_round) if picture.last_round else "none yet"),
        ("Last mail", f"read {at(mail)}" if mail else "none yet"),
        (
            "Last letter",
            f"sent {at(sent)}" if sent else "none yet",
            f"{number(waiting, 'letter')} to go" if waiting else "",
        ),
        ("Trouble", *([*troubles, lost] if troubles or lost else ["none"])),
    ]


def _lists(desk: OpsDesk) -> list[tuple[str, ...]]:
    listed, known = contacts.size(desk.connection), inventory.size(desk.connection)
    taken = (contacts.taken_at(desk.connection), inventory.taken_at(desk.connection))
    of_contacts, of_devices = (
        f"of {at(t)} ({ago(local_day(t), desk.today)})" if t else "never imported" for t in taken
    )
    limit = desk.parts.policy.inventory_max_age_days
    old = taken[1] is None or (desk.now - taken[1]).days > limit
    return [
        (
            "Contacts",
            of_contacts,
            f"{listed} address{'' if listed == 1 else 'es'} of {number(len(desk.book), 'supplier')}",
        ),
        ("Inventory", of_devices, number(known, "device"), f"older than {limit} days: a no is held" if old else ""),
    ]


# LIST ───────────────────────────────────────────────────────────────────────────────────────────────

_COLUMNS = ("Reference", "Due", "Supplier", "What and why")


def list_of(desk: OpsDesk, order: ListOf) -> str:
    """All that is held, open or overdue, the most urgent first."""
    found = _lines(desk, order.which, MOST_ROWS + 1)
    asked = inquiries.listed(desk, order.which)
    if not found:
        desk.pages += asked
        return (
            f"nothing that others ask of us is {order.which}; what we ask is shown below"
            if asked
            else f"nothing is {order.which}"
        )
    more = (f"The {MOST_ROWS} most urgent are shown; {_in_all(desk, order.which)}.",) if len(found) > MOST_ROWS else ()
    rows = tuple(_row(line, desk.today) for line in found[:MOST_ROWS])
    desk.pages.append(Page(f"What is {order.which}", more, _COLUMNS, rows))
    desk.pages += asked
    return f"what is {order.which} is shown below, the most urgent first"


@dataclass(frozen=True, slots=True)
class _Line:
    """One matter in a list."""

    due: date
    reference: str
    party: str
    what: str


def _row(line: _Line, today: date) -> tuple[str, ...]:
    late = ", overdue" if line.due < today else ""
    return (line.reference, f"{line.due:%a %-d %b}{late}", line.party, line.what)


def _lines(desk: OpsDesk, which: Listing, limit: int) -> list[_Line]:
    held = holds.most_urgent(desk.connection, limit)
    if which is Listing.HELD:
        return [_Line(hold.due, _name(hold), hold.party or hold.sender, matter(hold).what) for hold in held]
    causes: dict[str, list[str]] = {}
    for hold in held:
        causes.setdefault(hold.reference, []).append(cause(hold.reason))
    found = [_open_line(row, causes.get(row["reference"], [])) for row in lists.open_summary(desk.connection, limit)]
    found += [_Line(h.due, _name(h), h.party or h.sender, matter(h).what) for h in held if not h.case_id]
    if which is Listing.OVERDUE:
        found = [line for line in found if line.due < desk.today]
    return sorted(found, key=lambda line: (line.due, line.reference))[:limit]


def _name(hold: Hold) -> str:
    return hold.reference or f"mail {hold.mail_id}"


def _open_line(row: RowMapping, causes: Sequence[str]) -> _Line:
    held, waiting = int(row["held"]), int(row["pending"])
    because = f": {'; '.join(dict.fromkeys(causes))}" if causes else ""
    parts = [f"{number(held, 'device')} held{because}"] if held else []
    parts += [f"{number(waiting, 'device')} waiting for {'its' if waiting == 1 else 'their'} turn"] if waiting else []
    return _Line(row["due"], row["reference"], row["party"], "; ".join(parts))


def _in_all(desk: OpsDesk, which: Listing) -> str:
    held = holds.counts(desk.connection, desk.today)
    if which is Listing.HELD:
        return f"{held.held:,} devices and mails are held in all"
    if which is Listing.OVERDUE:
        late = figures.open_between(desk.connection, date.min, desk.today - timedelta(days=1))
        return f"{late:,} devices are overdue in all"
    return f"{lists.open_count(desk.connection):,} requests are open in all"


# TEAM ───────────────────────────────────────────────────────────────────────────────────────────────

_MAY = (
    (Role.READER, "read"),
    (Role.OPERATOR, "act"),
    (Role.APPROVER, "approve"),
    (Role.CODE_RECIPIENT, "be sent codes"),
    (Role.MANAGER, "manage"),
)


def team(desk: OpsDesk, _: Team) -> str:
    """Who may do what, who is away, and whether there are enough to approve."""
    policy = desk.parts.policy
    away = {order.subject.casefold(): order for order in _in_force(desk, StandingKind.AWAY)}
    rows = tuple(_member_row(member, away.get(member.address.casefold())) for member in policy.team)
    manager = (f"Alarms go to {policy.manager} too.",) if policy.manager else ()
    needed = policy.approvals_needed
    who = "1 person needs" if needed == 1 else f"{needed} different persons need"
    lines = (f"To let go what is held, {who} to approve.", *manager, *_warnings(desk))
    desk.pages.append(Page("Our team", lines, ("Who", "May"), rows))
    return "who may do what is shown below"


def _member_row(member: Member, away: StandingOrder | None) -> tuple[str, str]:
    may = ", ".join(word for role, word in _MAY if member.may(role)) or "nothing"
    until = f"; away until {day(away.last)}" if away and away.last else "; away" if away else ""
    name = f"{member.name}, " if member.name else ""
    return f"{name}{member.address}", f"{may}{until}"


def _warnings(desk: OpsDesk) -> tuple[str, ...]:
    policy = desk.parts.policy
    able = [member for member in policy.team if member.may(Role.APPROVER)]
    people = {person_of(member) for member in able}
    here = {person_of(member) for member in able if member.address not in policy.away}
    if len(people) < policy.approvals_needed:
        only = "1 person" if len(people) == 1 else f"{len(people)} persons"
        return (f"WARNING: only {only} can approve, so nothing that is held can be let go by mail.",)
    if len(here) < policy.approvals_needed:
        is_here = "is" if len(here) == 1 else "are"
        return (f"WARNING: only {len(here)} of the {len(people)} who can approve {is_here} here today.",)
    return ()
