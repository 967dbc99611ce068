"""An Answer as its template gets it: groups by outcome, counts, the tables that marks stand for, the sheet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from daemon.mail.message import Sheet
from daemon.rules.identifiers import DeviceId, InstallCode, crc, grouped
from daemon.rules.letters import Answer, AnswerRow, LetterPlan
from daemon.rules.meaning import BadLine
from daemon.rules.phrases import day, note_value, plain, safe, sentence
from daemon.rules.thread import Outcome
from daemon.rules.wording import layout
from daemon.rules.wording.layout import DEVICE, Column, Table, device_table

SHEET_HEADING = ("device_id", "outcome", "install_code", "note")
MASKED = " ".join(["****"] * 8)
"""ASCII, so that a masked copy travels as the letter did."""
_BOTH_MASKED = MASKED, MASKED[:4]
LONGEST_LETTER, LONGEST_GROUP = 200, 20
"""A letter on more devices than the first shows only groups up to the second; the sheet has them all."""
_ORDER = (
    Outcome.CODE,
    Outcome.NEED_MORE,
    Outcome.PENDING,
    Outcome.NOT_INSTALLER,
    Outcome.NO_CODE_HELD,
    Outcome.TYPE_HAS_NO_CODE,
    Outcome.REFUSED,
)
"""The order of the groups: what they can use first, then what is still to come, then what we cannot help with."""
_NOTE_TITLE = {
    Outcome.NOT_INSTALLER: "Installing Supplier",
    Outcome.TYPE_HAS_NO_CODE: "GSME on our records",
    Outcome.PENDING: "Answer by",
}
_CODE_COLUMNS = (DEVICE, Column("Install code", exact=True), Column("Check", exact=True))

Shown = Mapping[DeviceId, tuple[str, str]]
"""Of each device that gets its code: the code as it is shown, and its check; or both masked."""


class CodeMissing(Exception):
    """A bug of ours: a letter that promises a code was to be written without it."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a template is filled with, and what is set into its words afterwards."""

    values: Mapping[str, Any]
    tables: tuple[layout.Set, ...]
    sheet: Sheet | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """The devices of one outcome. `notes`: what their notes say, each once; `bare`: how many have none.

    `table` is empty where the list stands in the sheet only.
    """

    outcome: str
    count: int
    notes: tuple[str, ...]
    bare: int
    table: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A line or a file of theirs that we could not use."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class SentBefore:
    """Devices that we answered on one day not long ago."""

    day: str
    count: int
    table: str


@dataclass(slots=True)
class _Tables:
    """The tables of one letter, in the order of their marks."""

    made: list[Table | layout.Particulars] = field(default_factory=list)

    def add(self, table: Table) -> str:
        self.made.append(table)
        return layout.mark(len(self.made) - 1)


def answer_words(plan: LetterPlan, answer: Answer, codes: Mapping[DeviceId, InstallCode] | None) -> Written:
    """The values of `answer.txt`. `codes` None: masked. Raises CodeMissing."""
    tables = _Tables()
    promised = plan.code_devices
    shown = {device: code_and_check(device, codes) for device in promised}
    longest = LONGEST_LETTER if len(answer.rows) <= LONGEST_LETTER else LONGEST_GROUP
    groups = tuple(_groups(answer.rows, shown, tables, longest))
    before = tuple(_sent_before(answer, tables))
    sheet = _sheet(plan, answer, shown)
    values = {
        "party": plain(plan.party),
        "asked_by": plain(answer.asked_by),
        "their_reference": plain(plan.mark_reference) if plan.mark_reference != plan.reference else "",
        "asked": len(answer.rows) + len(answer.sent_before),
        "codes": len(promised),
        "groups": groups,
        "all_shown": all(group.table for group in groups),
        "sent_before": before,
        "withdrawn": len(answer.withdrawn),
        "withdrawn_table": tables.add(device_table(answer.withdrawn)) if answer.withdrawn else "",
        "left_out": len(answer.left_out),
        "left_out_table": tables.add(device_table(answer.left_out)) if answer.left_out else "",
        "several": len(groups) + len(before) + bool(answer.withdrawn) + bool(answer.left_out) > 1,
        "bad_lines": _faults(answer.bad_lines),
        "unreadable": _faults(answer.unreadable),
        "personal_data": answer.personal_data,
        "nothing_found": answer.nothing_found,
        "only_quoted": answer.only_quoted,
        "which_request": answer.which_request,
        "fill_in": bool(_to_fill(answer)),
        "repeat": answer.repeat,
        "chase": answer.chase,
        "capped_at": answer.capped_at,
        "sheet": sheet.name if sheet else "",
        "masked": codes is None and bool(promised),
    }
    return Written(values, tuple(tables.made), sheet)


def _groups(rows: Sequence[AnswerRow], codes: Shown, tables: _Tables, longest: int) -> Iterable[Group]:
    by_outcome: dict[Outcome, list[AnswerRow]] = {}
    for row in rows:
        by_outcome.setdefault(row.outcome, []).append(row)
    for outcome in _ORDER:
        if some := by_outcome.get(outcome):
            values = [note_value(row.note) for row in some]
            notes = tuple(dict.fromkeys(v for v in values if v))
            bare = values.count("")
            table = tables.add(_table(outcome, some, values, codes)) if len(some) <= longest else ""
            yield Group(outcome.value, len(some), notes, bare, table)


def _table(outcome: Outcome, rows: Sequence[AnswerRow], notes: Sequence[str], codes: Shown) -> Table:
    if outcome is Outcome.CODE:
        return Table(_CODE_COLUMNS, tuple([(row.device_id, *codes[row.device_id]) for row in rows]))
    told_in_words = outcome in (Outcome.PENDING, Outcome.NOT_INSTALLER) and len(set(notes)) == 1
    if told_in_words or not any(notes):
        return device_table(tuple(row.device_id for row in rows))
    title = Column(_NOTE_TITLE.get(outcome, "Note"), exact=outcome is Outcome.TYPE_HAS_NO_CODE)
    cells = tuple(
        (row.device_id, note or ("overdue" if outcome is Outcome.PENDING else "not known"))
        for row, note in zip(rows, notes, strict=True)
    )
    return Table((DEVICE, title), cells)


def code_and_check(device: DeviceId, codes: Mapping[DeviceId, InstallCode] | None) -> tuple[str, str]:
    """The code in groups of four, and its check; both masked where `codes` is None."""
    if codes is None:
        return _BOTH_MASKED
    code = codes.get(device)
    if code is None:
        raise CodeMissing(f"no code was opened for {device}")
    return grouped(code), crc(code.reveal()).hex().upper()


def _sent_before(answer: Answer, tables: _Tables) -> Iterable[SentBefore]:
    by_day: dict[str, list[DeviceId]] = {}
    for device, sent in answer.sent_before:
        by_day.setdefault(day(sent), []).append(device)
    for sent_on, ids in by_day.items():
        yield SentBefore(sent_on, len(ids), tables.add(device_table(tuple(ids))))


def _faults(lines: Sequence[BadLine]) -> tuple[Fault, ...]:
    return tuple(Fault(safe(line.where), sentence(line.why)) for line in lines)


# The sheet ──────────────────────────────────────────────────────────────────────────────────────────


def _sheet(plan: LetterPlan, answer: Answer, codes: Shown) -> Sheet | None:
    """The answers in the order of their mail, and a line to fill in for each that we could not use; None: neither."""
    reference = f"-{plan.reference}" if plan.reference else ""
    answers = [_sheet_row(row, codes) for row in answer.rows]
    to_fill = _to_fill(answer)
    name = f"install-codes{reference}.csv" if answers else f"device-ids{reference}.csv"
    return Sheet(name, (SHEET_HEADING, *answers, *to_fill)) if answers or to_fill else None


def _to_fill(answer: Answer) -> tuple[tuple[str, str, str, str], ...]:
    """Lines for them to fill in and send back; none beside codes, which should not travel once more."""
    if any(row.outcome is Outcome.CODE for row in answer.rows):
        return ()
    lines = tuple(("", "", "", f"{safe(line.where)}: {plain(line.why)}") for line in answer.bad_lines)
    return lines or (("", "", "", "please write one Device ID a line"),) * (
        answer.nothing_found or answer.which_request
    )


def _sheet_row(row: AnswerRow, codes: Shown) -> tuple[str, str, str, str]:
    if row.outcome is not Outcome.CODE:
        return row.device_id, row.outcome.value, "", plain(row.note)
    code, check = codes[row.device_id]
    return row.device_id, row.outcome.value, code, plain(row.note) or f"check: {check}"
