"""LIST: all that is held, open or overdue, the most urgent first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import RowMapping

from daemon.commanding.asking import inquiries
from daemon.commanding.desk import OpsDesk
from daemon.edge.threads import holds, still_open
from daemon.edge.views import figures
from daemon.rules.commands.orders import Listing, ListOf
from daemon.rules.explain import cause
from daemon.rules.letters import Page
from daemon.rules.overdue import Hold, matter
from daemon.rules.phrases import number

MOST_ROWS = 100
COLUMNS = ("Reference", "Due", "Supplier", "What and why")


def list_of(desk: OpsDesk, order: ListOf) -> str:
    """All that is held, open or overdue, the most urgent first."""
    found = most_urgent(desk, order.which, MOST_ROWS + 1)
    asked = inquiries.listed(desk, order.which)
    if not found:
        desk.pages += asked
        return (
            f"nothing that others ask of us is {order.which}; what we ask is shown below"
            if asked
            else f"nothing is {order.which}"
        )
    more = (f"The {MOST_ROWS} most urgent are shown; {_in_all(desk, order.which)}.",) if len(found) > MOST_ROWS else ()
    rows = tuple(row_of(line, desk.today) for line in found[:MOST_ROWS])
    desk.pages.append(Page(f"What is {order.which}", more, COLUMNS, rows))
    desk.pages += asked
    return f"what is {order.which} is shown below, the most urgent first"


@dataclass(frozen=True, slots=True)
class Line:
    """One matter in a list."""

    due: date
    reference: str
    party: str
    what: str


def row_of(line: Line, today: date) -> tuple[str, ...]:
    """Its row under `COLUMNS`."""
    late = ", overdue" if line.due < today else ""
    return (line.reference, f"{line.due:%a %-d %b}{late}", line.party, line.what)


def most_urgent(desk: OpsDesk, which: Listing, limit: int) -> list[Line]:
    """The first of what is held, open or overdue, at most so many."""
    held = holds.most_urgent(desk.connection, limit)
    if which is Listing.HELD:
        return [Line(hold.due, _name(hold), hold.party or hold.sender, matter(hold).what) for hold in held]
    causes: dict[str, list[str]] = {}
    for hold in held:
        causes.setdefault(hold.reference, []).append(cause(hold.reason))
    found = [
        _open_line(row, causes.get(row["reference"], [])) for row in still_open.open_summary(desk.connection, limit)
    ]
    found += [Line(h.due, _name(h), h.party or h.sender, matter(h).what) for h in held if not h.case_id]
    if which is Listing.OVERDUE:
        found = [line for line in found if line.due < desk.today]
    return sorted(found, key=lambda line: (line.due, line.reference))[:limit]


def _name(hold: Hold) -> str:
    return hold.reference or f"mail {hold.mail_id}"


def _open_line(row: RowMapping, causes: Sequence[str]) -> Line:
    held, waiting = int(row["held"]), int(row["pending"])
    because = f": {'; '.join(dict.fromkeys(causes))}" if causes else ""
    parts = [f"{number(held, 'device')} held{because}"] if held else []
    parts += [f"{number(waiting, 'device')} waiting for {'its' if waiting == 1 else 'their'} turn"] if waiting else []
    return Line(row["due"], row["reference"], row["party"], "; ".join(parts))


def _in_all(desk: OpsDesk, which: Listing) -> str:
    held = holds.counts(desk.connection, desk.today)
    if which is Listing.HELD:
        return f"{held.held:,} devices and mails are held in all"
    if which is Listing.OVERDUE:
        late = figures.open_between(desk.connection, date.min, desk.today - timedelta(days=1))
        return f"{late:,} devices are overdue in all"
    return f"{still_open.open_count(desk.connection):,} requests are open in all"
