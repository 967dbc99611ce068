"""What a member does with an inquiry of ours: CHASE, ESCALATE, WITHDRAW, WAIT, CLOSE, STATUS."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from daemon import inquirywork
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.commanding.pages import notes_pages
from daemon.edge import wants
from daemon.edge.outbox import attempts, thread_letters
from daemon.edge.team import notes
from daemon.edge.wants import inquiry_trail
from daemon.rules import counterparties
from daemon.rules.asking import inquiring, ladder, routing
from daemon.rules.asking.asking_news import how_it_stands
from daemon.rules.commands.orders import ChaseNow, Escalate, Listing, Withdraw
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import Page
from daemon.rules.phrases import day, moment
from daemon.rules.phrases import devices as devices_in_words
from daemon.rules.policy import ChaseKind, ContactKind, Mode
from daemon.rules.wanting import OPEN, WAITING, Inquiry, Want, WantEvent, WantState
from daemon.rules.workdays import local_day

MOST_DEVICES = 200


def called(desk: OpsDesk, ref: str) -> Inquiry | None:
    """The inquiry of ours that `ref` names; None: it names something else."""
    return wants.inquiry_of_reference(desk.connection, ref)


def _named(desk: OpsDesk, given: str) -> Inquiry:
    ref = desk.ref(given)
    inquiry = called(desk, ref)
    if inquiry is None:
        raise NotDone(f"{ref} is no inquiry of ours: only what we ask of others can be chased; STATUS {ref} shows it")
    return inquiry


# CHASE and ESCALATE ─────────────────────────────────────────────────────────────────────────────────


def chase(desk: OpsDesk, order: ChaseNow) -> str:
    """A reminder today, as firm as the day allows; the ladder goes on from there.

    What they asked back is on our clock again: whoever says CHASE has answered their question.
    """
    inquiry = _named(desk, order.ref)
    found = wants.of_inquiry(desk.connection, inquiry.case_id)
    waiting = [w.move(WantEvent.ASK, reason="") if w.asked_back else w for w in found]
    theirs = [w for w in waiting if w.state in WAITING] or _owed(desk, inquiry)
    _must_be_chasable(desk, inquiry.party)
    late = all(w.late_from is not None and w.late_from < desk.today for w in theirs)
    kind = ChaseKind.OVERDUE if late else ChaseKind.DUE_TOMORROW
    to = address(desk, inquiry.party, ContactKind.MP121)
    changed = [_called_late(w) if late else w for w in theirs]
    return _written(desk, inquiry, to, kind, [replace(w, rung_on=desk.today) for w in changed], order.saying)


def escalate(desk: OpsDesk, order: Escalate) -> str:
    """The escalation contact is written to today."""
    inquiry = _named(desk, order.ref)
    theirs = _owed(desk, inquiry)
    _must_be_chasable(desk, inquiry.party)
    to = address(desk, inquiry.party, ContactKind.ESCALATION)
    used = next((r.name for r in desk.parts.policy.ladder if r.kind is ChaseKind.ESCALATION), "")
    moved = [w.move(WantEvent.ESCALATE, rung=used or w.rung, rung_on=desk.today) for w in theirs]
    return _written(desk, inquiry, to, ChaseKind.ESCALATION, moved)


def _owed(desk: OpsDesk, inquiry: Inquiry) -> list[Want]:
    theirs = [w for w in wants.of_inquiry(desk.connection, inquiry.case_id) if w.state in WAITING]
    if not theirs:
        raise NotDone(f"{inquiry.party} owes us nothing in {inquiry.reference}; STATUS {inquiry.reference} shows why")
    return theirs


def must_be_writable(desk: OpsDesk, party: str) -> None:
    """Raise NotDone where no letter goes to `party` now."""
    policy = desk.parts.policy
    if policy.is_paused(party):
        raise NotDone(f"letters to {party} are paused; RESUME {party} first")
    if policy.mode_for(party) is Mode.OBSERVE:
        raise NotDone(f"the mode for {party} is observe, so nothing is sent; write to them by hand")
    if desk.parts.clock.suspect():
        raise NotDone("the clock of this machine jumped, so nobody is reminded until it is right")


def _must_be_chasable(desk: OpsDesk, party: str) -> None:
    must_be_writable(desk, party)
    if party in wants.last_chased(desk.connection, desk.today):
        raise NotDone(f"{party} was chased today already; tomorrow it can be again")


def address(desk: OpsDesk, party: str, kind: ContactKind) -> str:
    """Where `party` is written to. Raises NotDone where it has no address in force."""
    listed = counterparties.resolve(party, desk.book)
    dead = inquirywork.dead(desk.connection, desk.now)
    to = routing.addresses(listed, (kind,), desk.now, dead=dead) if listed else ()
    if not to:
        raise NotDone(f"{party} has no address that we may write to; send the contact list with one (CONTACTS)")
    return to[0]


def _called_late(want: Want) -> Want:
    return want if want.state in (WantState.OVERDUE, WantState.ESCALATED) else want.move(WantEvent.LATE)


def _written(  # noqa: PLR0917  # the parts of a letter
    desk: OpsDesk, inquiry: Inquiry, to: str, kind: ChaseKind, changed: list[Want], saying: str = ""
) -> str:
    one = ladder.Chase(inquiry.party, to, kind, tuple(changed), tuple(changed), saying)
    entry = inquirywork.chase(desk.connection, desk.parts, one, desk.now)
    desk.record(entry.what, entry.subject, rung=kind.value, devices=len(changed))
    said = "is asked to see to" if kind is ChaseKind.ESCALATION else "is reminded of"
    words = ", with your words" if saying else ""
    return f"{to} {said} {devices_in_words(len(changed))} of {inquiry.reference} now{words}"


# WITHDRAW ───────────────────────────────────────────────────────────────────────────────────────────


def withdraw(desk: OpsDesk, order: Withdraw) -> str:
    """We need it no more: whoever was asked gets one line, and a late code is used by nobody."""
    want = wants.open_for(desk.connection, [order.device]).get(order.device)
    if want is None:
        raise NotDone(_not_open(desk, order.device))
    taken = want.move(WantEvent.WITHDRAW, reason=f"withdrawn by {desk.member.address}: {order.reason}")
    wants.change(desk.connection, [taken])
    wants.drop_codes(desk.connection, [taken.id])
    desk.record("withdrawn", f"device:{order.device}")
    inquiry = wants.inquiries(desk.connection, [want.case_id]).get(want.case_id) if want.asked else None
    if inquiry is None or want.state not in (*WAITING, WantState.WITH_OPS):
        return f"{order.device} is withdrawn; nobody owed us an answer for it"
    return _told(desk, inquiry, taken)


def _not_open(desk: OpsDesk, device: DeviceId) -> str:
    before = wants.latest_for(desk.connection, [device]).get(device)
    if before is None:
        return f"{device} was never ordered, so nothing is to be withdrawn"
    return f"{device} is not open any more: it is {before.state}"


def _told(desk: OpsDesk, inquiry: Inquiry, want: Want) -> str:
    """One line to the address that was asked, where it is listed still."""
    policy, party = desk.parts.policy, inquiry.party
    listed = counterparties.resolve(party, desk.book)
    ends = f"{want.device_id} is withdrawn from {inquiry.reference}"
    if policy.mode_for(party) is Mode.OBSERVE or listed is None:
        return f"{ends}; {party} is not told, for nothing is sent to them"
    if not inquiry.message_ids:
        return f"{ends}; it was asked for by hand, so please tell {party} by hand"
    way = routing.address(listed, desk.now, dead=inquirywork.dead(desk.connection, desk.now))
    to = inquiry.to if counterparties.is_listed(inquiry.to, listed, desk.now) else getattr(way, "to", "")
    if not to:
        return f"{ends}; {party} has no address any more at which it could be told"
    inquirywork.queue(desk.connection, desk.parts, inquiry, inquiring.taken_back(inquiry, want, to), desk.now)
    return f"{ends}; {to} is told in one line; a code that still comes is not used, and you hear where its mail lies"


# WAIT and CLOSE ─────────────────────────────────────────────────────────────────────────────────────


def wait(desk: OpsDesk, inquiry: Inquiry, until: date) -> str:
    """No chase of this inquiry before that day; what was foretold must be foretold anew."""
    theirs = _owed(desk, inquiry)
    wants.change(desk.connection, [replace(w, wait_until=until) for w in theirs])
    desk.record("waits", f"case:{inquiry.case_id}", until=until.isoformat())
    return f"{inquiry.party} is not chased for {inquiry.reference} before {day(until)}; the clock runs on"


def close(desk: OpsDesk, inquiry: Inquiry, reason: str) -> str:
    """It was dealt with otherwise: nobody is chased for it any more."""
    theirs = [w for w in wants.of_inquiry(desk.connection, inquiry.case_id) if w.open]
    if not theirs:
        raise NotDone(f"nothing of {inquiry.reference} is open; STATUS {inquiry.reference} shows how it ended")
    words = f"closed by {desk.member.address}" + (f": {reason}" if reason else "")
    wants.change(desk.connection, [w.move(WantEvent.CLOSE, reason=words) for w in theirs])
    cancelled = attempts.cancel(desk.connection, [inquiry.case_id], desk.now)
    if reason:
        notes.add(
            desk.connection, desk.parts.vault, inquiry.reference, f"Closed: {reason}", desk.member.address, desk.now
        )
    desk.record("closed", f"case:{inquiry.case_id}", devices=[w.device_id for w in theirs], letters_cancelled=cancelled)
    gone = "; a letter that had not gone yet will not go" if cancelled else ""
    return (
        f"{inquiry.reference} is closed ({devices_in_words(len(theirs))}); {inquiry.party} is not chased for it{gone}"
    )


# STATUS ─────────────────────────────────────────────────────────────────────────────────────────────


def status(desk: OpsDesk, inquiry: Inquiry) -> str:
    """How an inquiry stands: its devices, and what went and came."""
    theirs = wants.of_inquiry(desk.connection, inquiry.case_id)
    desk.pages += [_head(desk, inquiry, theirs), devices_page(theirs), _trail(desk, inquiry)]
    desk.pages += notes_pages(desk, inquiry.reference)
    return f"how {inquiry.reference}, which we asked of {inquiry.party}, stands is shown below"


def _head(desk: OpsDesk, inquiry: Inquiry, theirs: Iterable[Want]) -> Page:
    states = Counter(want.state for want in theirs)
    stand = ", ".join(f"{devices_in_words(count)} {how_it_stands(state)}" for state, count in sorted(states.items()))
    waiting = thread_letters.waiting(desk.connection, inquiry.case_id)
    rows: list[tuple[str, ...]] = [
        ("Asked of", f"{inquiry.party}, {inquiry.to}"),
        ("Asked", moment(inquiry.asked_at)),
        ("Stands", stand or "no device is in it any more"),
    ]
    if waiting:
        rows.append(("Letters", f"{waiting} still to go"))
    return Page(f"{inquiry.reference}, asked of {inquiry.party}", rows=tuple(rows))


def devices_page(theirs: Sequence[Want]) -> Page:
    """Its devices and how each stands."""
    more = len(theirs) - MOST_DEVICES
    lines = (f"The first {MOST_DEVICES} are shown, and {more:,} more are not.",) if more > 0 else ()
    rows = tuple((w.device_id, how_it_stands(w.state), _when(w), w.reason) for w in theirs[:MOST_DEVICES])
    return Page("Devices", lines, ("Device ID", "Stands", "Due", "Why"), rows)


_LISTED: Mapping[Listing, Collection[WantState]] = MappingProxyType(
    {
        Listing.HELD: (WantState.WAITING_CONTACT, WantState.WITH_OPS),
        Listing.OPEN: OPEN,
        Listing.OVERDUE: (WantState.OVERDUE, WantState.ESCALATED, WantState.WITH_OPS),
    }
)


def listed(desk: OpsDesk, which: Listing) -> list[Page]:
    """What we ask of others and is open, overdue, or waits for a person; nothing where nothing is."""
    found = inquiry_trail.open_summary(desk.connection, _LISTED[which], MOST_DEVICES)
    rows = tuple(
        (
            one.reference,
            day(one.due) if one.due else "",
            one.party,
            f"{devices_in_words(one.devices)} {how_it_stands(one.state)}",
        )
        for one in found
    )
    return [Page("What we ask of others", (), ("Reference", "Due", "Supplier", "How it stands"), rows)] if rows else []


def standing(desk: OpsDesk) -> tuple[str, ...]:
    """How what we ask of others stands, a row of the page of STATUS."""
    found = inquiry_trail.standing(desk.connection)
    lines = (
        f"{devices_in_words(count)} {how_it_stands(state)}, {parties} supplier{'' if parties == 1 else 's'}"
        for state in WantState
        for count, parties in [found.get(state, (0, 0))]
        if count
    )
    return ("We ask", *lines)


def of_device(desk: OpsDesk, device: DeviceId) -> list[Page]:
    """What we asked others about a device; nothing where we never wanted it."""
    want = wants.latest_for(desk.connection, [device]).get(device)
    if want is None:
        return []
    inquiry = wants.inquiries(desk.connection, [want.case_id]).get(want.case_id)
    rows: list[tuple[str, ...]] = [
        ("Ordered", f"by {want.ordered_by}, {moment(want.ordered_at)}"),
        ("Stands", how_it_stands(want.state), want.reason),
        ("Supplier", want.party, inquiry.reference if inquiry else ""),
        ("Due", _when(want)),
        *(
            ("Asked", f"{a.party}, {day(local_day(a.at))}", *((f"answered {a.outcome}",) if a.outcome else ()))
            for a in want.asked
        ),
    ]
    shown = (tuple(cell for cell in row if cell) for row in rows)
    return [Page(f"{device}, which we want the code of", rows=tuple(row for row in shown if len(row) > 1))]


def _when(want: Want) -> str:
    if want.answered_at is not None:
        return f"answered {day(local_day(want.answered_at))}"
    if want.promised_for is not None:
        return f"promised for {day(want.promised_for)}"
    return day(want.due.end) if want.due else ""


def _trail(desk: OpsDesk, inquiry: Inquiry) -> Page:
    return Page("What happened", inquirywork.trail(desk.connection, inquiry.case_id))
