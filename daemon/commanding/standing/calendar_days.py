"""HOLIDAY: a day becomes no working day, or one again, and the open deadlines that count over it move."""

from dataclasses import dataclass
from datetime import date

from daemon.commanding.desk import NotDone, OpsDesk
from daemon.edge.team import standing_orders
from daemon.edge.threads import deadlines
from daemon.rules import moving
from daemon.rules.commands.orders import Holiday
from daemon.rules.letters import Matter, Page
from daemon.rules.phrases import devices as devices_in_words
from daemon.rules.policy import Policy
from daemon.rules.team.standing import StandingKind, StandingOrder, applied
from daemon.rules.workdays import DueDate, in_words

NONE = "none"
"""`HOLIDAY day none` takes a holiday back that a member announced."""
MOST_LISTED = 200
_COLUMNS = ("Matter", "Supplier", "Devices", "Due until now", "Due from now on")

Row = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class _Moved:
    """What a changed calendar moved: how many devices and mails, and the first rows of them."""

    devices: int
    mails: int
    rows: tuple[Row, ...]
    more: int

    @property
    def in_words(self) -> str:
        """What it did, as a sentence."""
        parts = [devices_in_words(self.devices)] * bool(self.devices)
        parts += ["1 mail" if self.mails == 1 else f"{self.mails:,} mails"] * bool(self.mails)
        if not parts:
            return "No due date moves."
        one = self.devices + self.mails == 1
        return f"The due date{'' if one else 's'} of {' and '.join(parts)} move{'s' if one else ''}."


def holiday(desk: OpsDesk, order: Holiday) -> str:
    """Announce a holiday, or with the name "none" take it back; deadlines that count over the day move at once."""
    stands = standing_orders.load(desk.connection)
    before = applied(desk.parts.configured, stands, desk.today)
    if order.name.strip().casefold() == NONE:
        return _taken_back(desk, order.day, before)
    why_not = moving.why_no_holiday(order.day, desk.today, before)
    if why_not:
        raise NotDone(why_not)
    day = order.day.isoformat()
    one = StandingOrder(StandingKind.HOLIDAY, day, order.day, order.day, order.name, desk.member.address, desk.now)
    standing_orders.put(desk.connection, one)
    what = f"{in_words(order.day)} is no working day: {order.name}"
    return _effects(desk, order.day, before, what, f"If that is wrong, write: HOLIDAY {day} {NONE}")


def _taken_back(desk: OpsDesk, day: date, before: Policy) -> str:
    if day < desk.today:
        raise NotDone(f"{in_words(day)} is over; a holiday is taken back before it comes")
    if not standing_orders.drop(desk.connection, StandingKind.HOLIDAY, day.isoformat()):
        raise NotDone(f"nobody announced a holiday on {in_words(day)} by mail, so there is none to take back")
    return _effects(desk, day, before, f"{in_words(day)} is a working day again", "")


def _effects(desk: OpsDesk, day: date, before: Policy, what: str, next_step: str) -> str:
    """Move what is open, show it, tell the team."""
    after = applied(desk.parts.configured, standing_orders.load(desk.connection), desk.today)
    moved = _move(desk, day, before, after)
    desk.changed_standing = True
    works = not next_step
    desk.record(
        "calendar-changed", f"day:{day.isoformat()}", working_day=works, devices=moved.devices, mails=moved.mails
    )
    effect, who = moved.in_words, f"{desk.member.address} changed the calendar."
    desk.tell_team(what, (Matter(what=what, why=f"{who} {effect}", evidence=_first_few(moved), next_step=next_step),))
    if moved.rows:
        more = (f"And {moved.more:,} more like these.",) if moved.more else ()
        desk.pages.append(Page(f"Due dates that move because of {in_words(day)}", more, _COLUMNS, moved.rows))
    undo = f" ({next_step[0].lower()}{next_step[1:]})" if next_step else ""
    return f"{what}; {effect[0].lower()}{effect[1:-1]}{undo}"


def _first_few(moved: _Moved) -> tuple[str, ...]:
    """For the team's letter; the transcript has them all."""
    few = moved.rows[:20]
    left = len(moved.rows) - len(few) + moved.more
    lines = (f"{name}{f', {party}' if party else ''}: from {old} to {new}" for name, party, _, old, new in few)
    return (*lines, *([f"and {left:,} more"] if left else []))


# Moving ─────────────────────────────────────────────────────────────────────────────────────────────


def _move(desk: OpsDesk, day: date, before: Policy, after: Policy) -> _Moved:
    """Every open deadline that counts over `day`, anew. What is past due does not: its days are over."""
    listed = deadlines.affected(desk.connection, day, MOST_LISTED)
    rows = [
        (one.reference, one.party, f"{one.devices:,}", in_words(one.due.end), in_words(new.end))
        for one in listed
        if (new := moving.moved(one.due, after)).end != one.due.end
    ]
    devices = matters = 0
    for old in deadlines.sums_over(desk.connection, day):
        new = moving.moved(old, after)
        if new != old:
            matters += deadlines.threads_with(desk.connection, old)
            devices += deadlines.move(desk.connection, old, new)
    mails = _move_mails(desk, day, before, after)
    of_mails = [_mail_row(one, new) for new, some in mails.items() for one in some]
    shown = (*rows, *of_mails)[:MOST_LISTED]
    return _Moved(devices, len(of_mails), shown, matters + len(of_mails) - len(shown))


def _move_mails(desk: OpsDesk, day: date, before: Policy, after: Policy) -> dict[DueDate, list[deadlines.HeldMail]]:
    """The mails held whole whose due date moves, by the new one."""
    found: dict[DueDate, list[deadlines.HeldMail]] = {}
    for one in deadlines.held_mails_over(desk.connection, day):
        new = moving.mail_moved(one.start, one.end, before, after)
        if new.end != one.end:
            found.setdefault(new, []).append(one)
    for new, some in found.items():
        deadlines.move_mails(desk.connection, [one.id for one in some], new)
    return found


def _mail_row(one: deadlines.HeldMail, new: DueDate) -> Row:
    return (f"mail {one.id}", one.party, "", in_words(one.end), in_words(new.end))
