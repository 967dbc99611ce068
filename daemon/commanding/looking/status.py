"""STATUS: how all stands, or one matter, or one device."""

from daemon.commanding.asking import inquiries
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.commanding.looking.lists import COLUMNS, MOST_ROWS, most_urgent, row_of
from daemon.commanding.pages import (
    ago,
    at,
    device_pages,
    find_mail,
    find_thread,
    mail_pages,
    number_in,
    present,
    proposal_pages,
    thread_pages,
)
from daemon.edge import contacts, inventory, threads
from daemon.edge.views import dossier, figures
from daemon.report import Overview, overview
from daemon.rules.commands.orders import Listing, Status
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import Page
from daemon.rules.phrases import day, number, things
from daemon.rules.team.standing import StandingKind, StandingOrder
from daemon.rules.workdays import Calendar, local_day

MOST_URGENT = 10
SOON_WORKING_DAYS = 2


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
    urgent = most_urgent(desk, Listing.OPEN, MOST_URGENT)
    if urgent:
        desk.pages.append(Page("Most urgent", (), COLUMNS, tuple(row_of(line, desk.today) for line in urgent)))
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
        ("Stopped", *(_stopped(order) for order in desk.in_force(StandingKind.PAUSE, StandingKind.INCIDENT))),
        ("Open", f"{number(picture.threads_open, 'request')} with {number(devices, 'open device')}", queued),
        ("Held", things(picture.holds) if picture.holds else "nothing", untold),
        ("Overdue", f"{picture.breached:,} of what is held" if picture.breached else "nothing"),
        ("Due soon", f"{number(due_soon, 'device')} by {day(soon)}" if due_soon else "nothing"),
        inquiries.standing(desk),
        ("Oldest", f"{oldest.reference}, {oldest.party}, {at(oldest.received_at)}" if oldest else ""),
    ]


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
