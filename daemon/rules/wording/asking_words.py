"""An Asking as its templates get it: what we ask of another supplier, chase, query or take back. Device IDs only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from daemon.mail.message import Sheet
from daemon.rules.letters import AskedRow, Asking, LetterKind, LetterPlan
from daemon.rules.phrases import day, plain, safe, sentence
from daemon.rules.wording import layout
from daemon.rules.wording.answer_words import SHEET_HEADING, Written
from daemon.rules.wording.layout import DEVICE, Column, Table, device_table

LONGEST = 500
"""Devices that a letter shows; where there are more, they stand in the sheet alone."""
ASKING_TEMPLATES: Mapping[LetterKind, str] = MappingProxyType(
    {
        LetterKind.REQUEST: "request.txt",
        LetterKind.CHASE: "chase.txt",
        LetterKind.QUERY: "query.txt",
        LetterKind.TAKEN_BACK: "withdrawal.txt",
        LetterKind.HELPDESK: "helpdesk.txt",
    }
)
_FILLED_IN = (LetterKind.REQUEST, LetterKind.CHASE, LetterKind.QUERY)
"""Letters that bring a sheet to fill in and send back."""


@dataclass(frozen=True, slots=True)
class Inquired:
    """Devices that were asked for in one letter of ours, days in words. `promised`: one day that they named for all.

    `table` is empty where the devices stand in the sheet only.
    """

    reference: str
    count: int
    asked_on: str
    due: str
    promised: str
    table: str


def asking_words(plan: LetterPlan, asking: Asking) -> Written:
    """The values of the template of `plan.kind`. A letter to the Helpdesk names the party, and no device."""
    rows = asking.rows if plan.kind is not LetterKind.HELPDESK else ()
    inquiries = _inquiries(rows) if plan.kind is LetterKind.CHASE else [rows] if rows else []
    shown = len(rows) <= LONGEST
    tables = tuple(_table(plan.kind, some) for some in inquiries) if shown else ()
    sheet = _sheet(plan, rows) if plan.kind in _FILLED_IN or not shown else None
    dues = [row.due for row in rows if row.due]
    values = {
        "party": plain(plan.party),
        "asked": len(rows),
        "expected": day(asking.expected) if asking.expected else "",
        "due": day(min(dues)) if dues else "",
        "several_days": len(set(dues)) > 1,
        "rung": asking.rung,
        "asked_of": plain(asking.asked_of) if asking.asked_of != plan.to else "",
        "said": sentence(asking.said),
        "wrote": tuple(plain(line) for line in asking.wrote),
        "inquiries": tuple(
            _inquired(some, layout.mark(number) if shown else "") for number, some in enumerate(inquiries)
        ),
        "all_shown": shown,
        "sheet": sheet.name if sheet else "",
        "outcomes": plan.kind is not LetterKind.QUERY,
        "codes": 0,
        "masked": False,
        "their_reference": "",
    }
    return Written(values, tables, sheet)


# The devices ────────────────────────────────────────────────────────────────────────────────────────


def _inquiries(rows: Sequence[AskedRow]) -> list[tuple[AskedRow, ...]]:
    """The rows by the letter in which they were asked for, longest asked first."""
    found: dict[tuple[str, date | None, date | None], list[AskedRow]] = {}
    for row in rows:
        found.setdefault((row.reference, row.asked_on, row.due), []).append(row)
    return sorted(map(tuple, found.values()), key=lambda some: some[0].asked_on or date.max)


def _inquired(rows: Sequence[AskedRow], table: str) -> Inquired:
    first = rows[0]
    promises = {row.promised_for for row in rows}
    promised = next(iter(promises)) if len(promises) == 1 else None
    return Inquired(
        plain(first.reference),
        len(rows),
        day(first.asked_on) if first.asked_on else "",
        day(first.due) if first.due else "",
        day(promised) if promised else "",
        table,
    )


def _table(kind: LetterKind, rows: Sequence[AskedRow]) -> Table:
    if kind is LetterKind.QUERY:
        return Table((DEVICE, Column("What is wrong")), tuple((row.device_id, _fault(row.fault)) for row in rows))
    if len({row.promised_for for row in rows}) > 1:
        cells = ((row.device_id, day(row.promised_for) if row.promised_for else "") for row in rows)
        return Table((DEVICE, Column("Promised for")), tuple(cells))
    return device_table(tuple(row.device_id for row in rows))


def _fault(fault: str) -> str:
    """`place: what is wrong`, each masked by itself, so that a file's long name cuts nothing off what is wrong."""
    place, joint, rest = plain(fault).replace(" of their mail", " of your mail").partition(": ")
    return sentence(f"{safe(place)}{joint}{safe(rest)}")


def _sheet(plan: LetterPlan, rows: Sequence[AskedRow]) -> Sheet:
    """A line to fill in for each device, with its fault where the letter is too short for them; of what we need no
    more, the Device IDs alone.
    """
    reference = f"-{plan.reference}" if plan.reference else ""
    if plan.kind not in _FILLED_IN:
        return Sheet(f"device-ids{reference}.csv", (SHEET_HEADING[:1], *((row.device_id,) for row in rows)))
    faults = plan.kind is LetterKind.QUERY and len(rows) > LONGEST
    heading = (*SHEET_HEADING, "what_is_wrong") if faults else SHEET_HEADING
    lines = ((row.device_id, "", "", "", *((_fault(row.fault),) if faults else ())) for row in rows)
    return Sheet(f"install-code-request{reference}.csv", (heading, *lines))
