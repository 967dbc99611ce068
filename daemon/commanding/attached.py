"""The sheet that comes with a command mail: the one meant, read whole, and kept with a proposal as the cells that count."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from daemon.commanding.desk import NotDone, OpsDesk
from daemon.edge.sheets import imports
from daemon.edge.sheets.cells import bare
from daemon.edge.sheets.imports import Columns, Row, Sheet
from daemon.errors import BadRow, ImportRefused
from daemon.mail.message import IncomingMail, Reading, Source, Table
from daemon.rules.letters import Page
from daemon.rules.phrases import number, safe

MOST_SHOWN = 200
"""Rows of a table in an answer; a longer one says how many more there are."""
_SHEETS = (Source.CSV, Source.XLSX)


@dataclass(frozen=True, slots=True)
class Attached:
    """The sheet meant. `passed_over`: other sheets of the mail, which have not its headings."""

    name: str
    sheet: Sheet
    rows: tuple[Row, ...] = field(repr=False)
    passed_over: tuple[str, ...] = ()

    def payload(self, before: str) -> dict[str, Any]:
        """What a proposal keeps: its cells, and `before`, a digest of what they were held against."""
        return {"sha": self.sheet.sha, "present": self.sheet.present, "rows": self.rows, "before": before}

    def remarks(self) -> Iterator[str]:
        """What was left aside, each a sentence."""
        if self.sheet.ignored:
            yield f"Columns that mean nothing here: {_some(self.sheet.ignored)}."
        if self.passed_over:
            yield f"Not read, for want of these headings: {_some(self.passed_over)}."


def opened(desk: OpsDesk, columns: Columns, most: int, example: str) -> Attached:
    """The one attached sheet with the headings of `columns`. Raises NotDone. `example`: headings that would do."""
    by_hand = f"`import {columns.kind} FILE` on the command line takes any file"
    if not desk.mail.complete:
        raise NotDone(f"your mail could not be read whole ({_unread(desk.mail)}); send it again, or else {by_hand}")
    sheets = [table for table in desk.mail.tables if table.source in _SHEETS]
    how = f"attach it as a CSV or Excel file whose first row is, for instance, {example}"
    table = _meant(sheets, columns, how, [a.name for a in desk.mail.attachments if a.name])
    if len(table.rows) - 1 > most:
        raise NotDone(
            f"{safe(table.name)} has {len(table.rows) - 1:,} rows, by mail at most {most:,} are taken; {by_hand}"
        )
    try:
        sheet = imports.sheet_of(table, _sha(desk.mail, table), columns)
        rows = tuple(sheet.rows)
    except ImportRefused as refusal:
        hint = "" if imports.is_headed(table, columns) else f"; {how}"
        raise NotDone(f"{safe(table.name)}: {refusal}{hint}") from None
    others = tuple(other.name for other in sheets if other is not table)
    return Attached(safe(table.name), replace(sheet, rows=iter(rows)), rows, others)


def kept(payload: dict[str, Any]) -> Sheet:
    """The sheet that a proposal kept, to be checked once more by today's rules."""
    rows = [(int(line), list(map(str, cells))) for line, cells in payload["rows"]]
    return imports.picked_before(payload["sha"], payload["present"], rows)


def _unread(mail: IncomingMail) -> str:
    """What is missing of the mail, in words."""
    unread = [f"{safe(a.name)}: {a.why}" for a in mail.attachments if a.reading is Reading.UNREADABLE]
    return [*mail.defects, *unread][0]


def _meant(sheets: Sequence[Table], columns: Columns, how: str, files: Sequence[str]) -> Table:
    """The sheet with the headings; where there is one sheet alone, that one, whatever its headings. `files`: all attached."""
    fitting = [table for table in sheets if imports.is_headed(table, columns)]
    if len(fitting) == 1 or len(sheets) == 1:
        return (fitting or sheets)[0]
    if not fitting:
        other = f" ({_some(files)}: not CSV or Excel)" if files else ""
        none = "none of the attached sheets has the headings" if sheets else f"no sheet is attached{other}"
        raise NotDone(f"{none}; {how}")
    names = " and ".join(safe(table.name) for table in fitting[:3])
    raise NotDone(f"your mail holds {len(fitting)} such sheets ({names}); send the one that is meant, alone")


def _sha(mail: IncomingMail, table: Table) -> str:
    """The SHA-256 of the attached file, by which people find it again; of its cells, where it came in an archive."""
    for attachment in mail.attachments:
        if attachment.name and (table.name == attachment.name or table.name.startswith(f"{attachment.name}, ")):
            return attachment.sha256
    return hashlib.sha256(json.dumps(table.rows).encode()).hexdigest()


# Rows that cannot be taken ──────────────────────────────────────────────────────────────────────────


def refuse_bad(attached: Attached, bad: Sequence[BadRow]) -> None:
    """Raise NotDone where there are any, with each of them by line and reason: nothing of such a sheet is proposed."""
    if not bad:
        return
    lines = tuple(f"{row.line}" for row in bad[:5])
    more = " and more" if len(bad) > len(lines) else ""
    rows = tuple((str(row.line), row.reason) for row in bad)
    page = shown(f"Rows to mend in {attached.name}", (), ("Row", "What is wrong"), rows)
    raise NotDone(
        f"{number(len(bad), 'row')} of {attached.name} cannot be taken ({'line' if len(bad) == 1 else 'lines'} "
        f"{', '.join(lines)}{more}), so nothing is proposed; mend what is listed below and send the whole sheet again",
        pages=(page,),
    )


def shown(title: str, lines: Sequence[str], columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Page:
    """A page with as much of the table as people read."""
    more = len(rows) - MOST_SHOWN
    rest = (f"The first {MOST_SHOWN} are shown, and {more:,} more are not.",) if more > 0 else ()
    return Page(title, (*lines, *rest), columns, tuple(rows[:MOST_SHOWN]))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(map(bare, names[:10])) + more
