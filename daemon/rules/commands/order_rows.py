"""The rows of a REQUEST, out of a mail's text, a table in it or a sheet with headings: four columns and no more.

Whatever else stands in a sheet is not looked at, so that it can be neither kept nor sent (product notes §4).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from daemon.mail.message import Source, Table
from daemon.rules.commands.orders import OrderedRow
from daemon.rules.phrases import safe
from daemon.rules.sense.forms import DEVICE, plain

_HEADING_WITHIN = 15
_HEADINGS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "device": re.compile(r"(?:the )?(?:device|meter|asset|esme|gsme)?(?: ?(?:id|guid|identifier|eui ?64?))|device"),
        "losing": re.compile(
            r"(?:(?:losing|old|previous|former|prior|outgoing|other) )?(?:supplier|mpid)(?: (?:name|mpid|id))?|losing"
        ),
        "installing": re.compile(
            r"(?:installing|installation|original) (?:supplier|mpid)(?: (?:name|mpid|id))?"
            r"|installer(?: (?:name|mpid))?|installed by|installing"
        ),
        "needed_by": re.compile(
            r"(?:need(?:ed)?|required?|wanted|due) ?by(?: date)?|deadline|date (?:needed|required)"
        ),
        "asked_on": re.compile(
            r"(?:first )?(?:asked|requested|sent|emailed)(?: on| date)|(?:request|date) (?:date|asked|requested|sent)"
        ),
    }
)
"""What people write above our columns, in lower-case words."""
_REMARK = re.compile(
    r"(?:[ ,;.!(-]+(?:please|pls|many thanks|thanks|thank you|urgent(?:ly)?|asap)\b)+[ .!)]*\Z", re.IGNORECASE
)
"""What people put behind the last cell of a line, and is part of none."""
_BULLET = re.compile(r"\s*(?:[*•·‣▪◦-]{1,2}|[0-9]{1,3}[.)])\s+(?=[0-9A-Fa-f]{2})")
_SEPARATORS = re.compile(r" *[,;|] *|\t+| {2,}")


# Sheets ─────────────────────────────────────────────────────────────────────────────────────────────


def sheet_rows(tables: Iterable[Table]) -> list[OrderedRow]:
    """The rows of those sheets that have a heading for devices and one for suppliers."""
    found: list[OrderedRow] = []
    for table in tables:
        if table.source in (Source.CSV, Source.XLSX):
            numbered = list(enumerate(table.rows, table.first_line))
            found += _headed(numbered, f"{safe(table.name)}, row")
    return found


# Tables of the text ─────────────────────────────────────────────────────────────────────────────────


def with_pasted(text: Sequence[OrderedRow], tables: Iterable[Table]) -> list[OrderedRow]:
    """The rows of the text and of the tables pasted into it. What both hold is the table's: of the text part a mail
    program makes a line a cell as likely as a line a row.
    """
    pasted: list[OrderedRow] = []
    cells: set[str] = set()
    for table in tables:
        if table.source is Source.HTML and (found := _pasted(table)):
            pasted += found
            cells.update(_bare(cell) for row in table.rows for cell in row)
    return [*(row for row in text if not {_bare(row.device), _bare(f"{row.device}{row.losing}")} & cells), *pasted]


def _pasted(table: Table) -> list[OrderedRow]:
    """The rows below its headings, or in our order where its first row is one of them."""
    numbered = list(enumerate(table.rows, table.first_line))
    where = f"{safe(table.name)}, row"
    if headed := list(_headed(numbered, where)):
        return headed
    if not (table.rows and table.rows[0] and is_row(table.rows[0][0])):
        return []
    found = ((number, (*cells, "", "", "")) for number, cells in numbered if any(cells))
    return [OrderedRow(f"{where} {number}", cells[0], cells[1], cells[2], cells[3]) for number, cells in found]


def _bare(cell: str) -> str:
    return re.sub(r"[\W_]", "", cell).casefold()


def _headed(rows: Sequence[tuple[int, Sequence[str]]], where: str) -> Iterator[OrderedRow]:
    """The rows below the heading; nothing where there is none. `where`: what stands before the row's number."""
    for number, (_, cells) in enumerate(rows[:_HEADING_WITHIN]):
        places = _places(cells)
        if "device" in places and "losing" in places:
            yield from _below(rows[number + 1 :], places, where)
            return


def _places(cells: Sequence[str]) -> dict[str, int]:
    """Our columns by their places. Two columns that may both be meant are none: nobody guesses which."""
    found: dict[str, list[int]] = {}
    for index, cell in enumerate(cells):
        for name, pattern in _HEADINGS.items():
            if len(cell) <= 60 and pattern.fullmatch(_words(cell)):
                found.setdefault(name, []).append(index)
                break
    return {name: places[0] for name, places in found.items() if len(places) == 1}


def _words(heading: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading)
    return " ".join(re.findall(r"[a-z0-9]+", spaced.lower()))


def _below(rows: Iterable[tuple[int, Sequence[str]]], places: Mapping[str, int], where: str) -> Iterator[OrderedRow]:
    for number, cells in rows:
        row = {name: cells[index] if index < len(cells) else "" for name, index in places.items()}
        if any(row.values()):
            yield OrderedRow(
                f"{where} {number}",
                row["device"],
                row["losing"],
                row.get("installing", ""),
                row.get("needed_by", ""),
                row.get("asked_on", ""),
            )


# Text ───────────────────────────────────────────────────────────────────────────────────────────────


def text_rows(lines: Sequence[tuple[int, str]]) -> tuple[OrderedRow, ...]:
    """The rows in numbered lines of plain text: with separators or a heading as in a sheet, else blanks alone."""
    lines = [(number, _BULLET.sub("", line, count=1)) for number, line in lines]
    split = [(number, _SEPARATORS.split(line.strip())) for number, line in lines]
    headed = tuple(_headed(split, "line"))
    return headed or tuple(_row(number, line.strip()) for number, line in lines)


def _row(number: int, line: str) -> OrderedRow:
    where, match = f"line {number}", DEVICE.match(line)
    if match is None:
        first, _, rest = line.partition(" ") if not _SEPARATORS.search(line) else _parted(line)
        return _cells(where, first, rest)
    return _cells(where, match[0], line[match.end() :])


def _parted(line: str) -> tuple[str, str, str]:
    joint = _SEPARATORS.search(line)
    return (line[: joint.start()], "", line[joint.end() :]) if joint else (line, "", "")


def _cells(where: str, device: str, rest: str) -> OrderedRow:
    """`rest`: what follows the device, its separator perhaps before it."""
    rest = _REMARK.sub("", re.sub(r"\A *(?:[,;|:\t]|->|=>|- |from |at ) *", "", rest).strip())
    cells = [cell.strip() for cell in _SEPARATORS.split(rest)]
    if len(cells) == 1:
        return OrderedRow(where, device, rest, loose=True)
    losing, installing, needed_by = (*cells, "", "", "")[:3]
    return OrderedRow(where, device, losing, installing, needed_by)


def is_row(line: str) -> bool:
    """Whether a line begins as a row of an order does: with a Device ID, a bullet perhaps before it."""
    return DEVICE.match(_BULLET.sub("", plain(line), count=1).strip()) is not None
