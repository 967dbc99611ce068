"""A Result as its template gets it: codes that were answered, to our own code recipients, and what to do about the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from daemon.mail.message import Sheet
from daemon.rules.identifiers import DeviceId, InstallCode
from daemon.rules.letters import Result, ResultRow
from daemon.rules.phrases import day, note_value, plain, safe, sentence
from daemon.rules.thread import Outcome
from daemon.rules.wording import layout
from daemon.rules.wording.answer_words import LONGEST_LETTER, Shown, Written, code_and_check
from daemon.rules.wording.layout import DEVICE, Column, Table, device_table

RESULT_HEADING = ("device_id", "outcome", "install_code", "supplier", "asked_on", "answered_on", "note")
SHEET_NAME = "codes.csv"
_CODE_COLUMNS = (DEVICE, Column("Install code", exact=True), Column("Check", exact=True))
_NOTE_TITLE = {Outcome.NOT_INSTALLER: "Installing Supplier", Outcome.TYPE_HAS_NO_CODE: "GSME on their records"}


@dataclass(frozen=True, slots=True)
class Batch:
    """The devices of one outcome that one supplier answered on one day. `noted`: a note stands beside some.

    `table` is empty where the devices stand in the sheet only.
    """

    outcome: str
    supplier: str
    count: int
    asked_on: str
    answered_on: str
    noted: bool
    table: str
    warning: str = ""
    """What to do before the codes are used."""


def result_words(result: Result, codes: Mapping[DeviceId, InstallCode] | None) -> Written:
    """The values of `result.txt`. `codes` None: masked. Raises CodeMissing."""
    shown = {row.device_id: code_and_check(row.device_id, codes) for row in result.rows if row.outcome is Outcome.CODE}
    batches = _batches(result.rows)
    whole = len(result.rows) <= LONGEST_LETTER
    values: dict[str, Any] = {
        "batches": tuple(_batch(rows, layout.mark(number) if whole else "") for number, rows in enumerate(batches)),
        "answered": len(result.rows),
        "codes": len(shown),
        "missing": result.missing,
        "all_shown": whole,
        "sheet": SHEET_NAME,
        "masked": codes is None and bool(shown),
    }
    tables = tuple(_table(rows, shown) for rows in batches) if whole else ()
    return Written(values, tables, Sheet(SHEET_NAME, (RESULT_HEADING, *(_line(row, shown) for row in result.rows))))


# What was answered ──────────────────────────────────────────────────────────────────────────────────


def _batches(rows: Sequence[ResultRow]) -> list[tuple[ResultRow, ...]]:
    """The rows by outcome, supplier, days and warning; codes first, the other outcomes in the order they came in."""
    found: dict[tuple[Outcome, str, date | None, date, str], list[ResultRow]] = {}
    for row in rows:
        warning = row.note if row.outcome is Outcome.CODE else ""
        found.setdefault((row.outcome, row.supplier, row.asked_on, row.answered_on, warning), []).append(row)
    return sorted(map(tuple, found.values()), key=lambda some: some[0].outcome is not Outcome.CODE)


def _batch(rows: Sequence[ResultRow], table: str) -> Batch:
    first = rows[0]
    return Batch(
        first.outcome.value,
        plain(first.supplier),
        len(rows),
        day(first.asked_on) if first.asked_on else "",
        day(first.answered_on),
        any(row.note for row in rows),
        table,
        sentence(first.note) if first.outcome is Outcome.CODE and first.note else "",
    )


def _table(rows: Sequence[ResultRow], codes: Shown) -> Table:
    outcome = rows[0].outcome
    if outcome is Outcome.CODE:
        return Table(_CODE_COLUMNS, tuple((row.device_id, codes[row.device_id][0], _check(row, codes)) for row in rows))
    if not any(row.note for row in rows):
        return device_table(tuple(row.device_id for row in rows))
    title = Column(_NOTE_TITLE.get(outcome, "Note"), exact=outcome is Outcome.TYPE_HAS_NO_CODE)
    return Table((DEVICE, title), tuple((row.device_id, safe(note_value(row.note))) for row in rows))


def _check(row: ResultRow, codes: Shown) -> str:
    """Our own sum beside a code; none beside one that came without its sender's, which it would vouch for falsely."""
    return "" if row.note else codes[row.device_id][1]


def _line(row: ResultRow, codes: Shown) -> tuple[str, ...]:
    coded = row.outcome is Outcome.CODE and row.device_id in codes
    code, check = (codes[row.device_id][0], _check(row, codes)) if coded else ("", "")
    note = safe(row.note) or (f"check: {check}" if check else "")
    asked = row.asked_on.isoformat() if row.asked_on else ""
    return row.device_id, row.outcome.value, code, plain(row.supplier), asked, row.answered_on.isoformat(), note
