"""CSV and Excel to rows of text, within limits that hold before the reader runs.

Sheets are read whole or not at all: half a sheet would look like a whole request.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from daemon.mail.attachments import archives, compound
from daemon.mail.attachments.archives import BadArchive
from daemon.mail.message import Source, Table
from daemon.mail.text.charsets import text_of

MAX_ROWS = 200_000
MAX_CELLS = 2_000_000
MAX_COLUMNS = 2_000
MAX_SHEETS = 50
MAX_CSV_OCTETS = 24 * 1024 * 1024
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_DAMAGED = "it is no regular Excel workbook, or it is damaged"
_DELIMITERS = "\t;|,"
_FILLED_CELL = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,8})([0-9]{1,12})["'](?:[^>]*[^/>])?>""")

csv.field_size_limit(1024 * 1024)


class BadSheet(Exception):
    """Why a sheet cannot be read, in words for its sender."""


def read_csv(content: bytes, name: str, charset: str = "") -> Table:
    """The rows of a CSV file: any of four delimiters, `sep=` and byte order mark understood. Raises BadSheet."""
    if len(content) > MAX_CSV_OCTETS:
        raise BadSheet(f"it is larger than {MAX_CSV_OCTETS // 2**20} MB")
    text = text_of(content, charset).lstrip("\ufeff")
    named = re.match(r"\"?sep=(.)\"?[ \t]*(?:\n|$)", text, re.IGNORECASE)
    delimiter = named[1] if named else _vote(text.split("\n", 20)[:20])
    rows = csv.reader(io.StringIO(text[named.end() :] if named else text), delimiter=delimiter)
    try:
        cells = tuple(_bounded(tuple(cell.strip() for cell in row) for row in rows))
    except csv.Error:
        raise BadSheet("it is no regular CSV file") from None
    return Table(Source.CSV, name, cells, 2 if named else 1)


def _bounded(rows: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """`rows` as long as they are within the limits. Raises BadSheet beyond."""
    cells = 0
    for number, row in enumerate(rows, 1):
        cells += len(row)
        if number > MAX_ROWS:
            raise BadSheet(f"it has more than {MAX_ROWS:,} rows")
        if cells > MAX_CELLS or len(row) > MAX_COLUMNS:
            raise BadSheet(f"it has more than {MAX_CELLS:,} cells, or rows of more than {MAX_COLUMNS:,}")
        yield row


def _vote(lines: list[str]) -> str:
    """The delimiter that gives most lines the same number of cells; a comma where none does."""
    filled = [line for line in lines if line.strip()]
    best, best_score = ",", (0, 0)
    for delimiter in _DELIMITERS:
        counts = [line.count(delimiter) for line in filled]
        usual = max(set(counts), key=counts.count, default=0)
        score = (counts.count(usual), usual) if usual else (0, 0)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def read_xlsx(content: bytes, name: str) -> tuple[Table, ...]:
    """The rows of every sheet of a workbook, numbers as a person sees them. Raises BadSheet."""
    if content.startswith(compound.SIGNATURE):
        raise BadSheet("it is locked with a password" if _LOCKED in content else "it is no regular Excel workbook")
    try:
        return _tables(_rebuilt(content), name)
    except BadArchive as error:
        raise BadSheet(str(error)) from None


def read_xls(content: bytes, name: str) -> tuple[Table, ...]:
    """As `read_xlsx`, of the format before 2007. Raises BadSheet."""
    if _LOCKED in content:
        raise BadSheet("it is locked with a password")
    if len(content) > compound.MAX_OCTETS:
        raise BadSheet(f"an Excel workbook of the old kind, and of more than {compound.MAX_OCTETS // 2**20} MB")
    if not compound.is_sound(content):
        raise BadSheet(_DAMAGED)
    return _tables(content, name)


def _tables(content: bytes, name: str) -> tuple[Table, ...]:
    try:
        return tuple(_sheets(content, name))
    except BadSheet:
        raise
    except (CalamineError, ValueError, KeyError, IndexError, TypeError, OSError):
        raise BadSheet(_DAMAGED) from None
    except BaseException as error:  # the reader's own panic class is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise BadSheet(_DAMAGED) from None


def _sheets(content: bytes, name: str) -> Iterator[Table]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    names = [sheet.name for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    if not names:
        raise BadSheet("it is an Excel workbook without sheets")
    if len(names) > MAX_SHEETS:
        raise BadSheet(f"it has more than {MAX_SHEETS} sheets")
    for sheet_name in names:
        sheet = book.get_sheet_by_name(sheet_name)
        if sheet.start is None:
            continue
        rows = tuple(_bounded(tuple(map(cell_text, row)) for row in sheet.to_python(skip_empty_area=True)))
        label = f"{name}, sheet {sheet_name}" if len(names) > 1 else name
        yield Table(Source.XLSX, label, rows, sheet.start[0] + 1)


def _rebuilt(content: bytes) -> bytes:
    """The workbook packed anew from what we unpacked and checked.

    The reader keeps a dense grid: two far corners in a file of 1.4 KB would take all memory.
    """
    packed = io.BytesIO()
    with archives.opened(content) as archive, zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as copy:
        for member in archive.infolist():
            part = archives.unpack(archive, member)
            _check_part(part, member.filename)
            copy.writestr(zipfile.ZipInfo(member.filename), part)
    return packed.getvalue()


def _check_part(part: bytes, filename: str) -> None:
    if not filename.endswith((".xml", ".rels", ".vml")):
        return
    # A declaration stands before the first element, in whatever encoding.
    opening = part[:4096].replace(b"\x00", b"")
    if b"<!DOCTYPE" in opening or b"<!ENTITY" in opening:
        raise BadSheet("it holds entity definitions, which no spreadsheet needs")
    if "worksheets/" in filename:
        _check_grid(part)


def _check_grid(xml: bytes) -> None:
    """Raise BadSheet where the rectangle around all filled cells is beyond the limits."""
    found = _FILLED_CELL.findall(xml)
    rows = max((int(digits) for digits in {digits for _, digits in found}), default=0)
    columns = max((_column(letters) for letters in {letters for letters, _ in found}), default=0)
    if rows > MAX_ROWS or columns > MAX_COLUMNS or rows * columns > MAX_CELLS:
        raise BadSheet(f"it spans {rows:,} rows and {columns:,} columns; {MAX_ROWS:,} rows are the most that are read")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def cell_text(value: object) -> str:
    """A cell as a spreadsheet shows it: 5.0 is "5", a number too long for it "1.23457E+15"."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float | int):
        return str(int(value)) if abs(value) < 1e15 and float(value).is_integer() else _long_number(value)
    if isinstance(value, datetime) and value.time() == time(0):
        return value.date().isoformat()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value).strip()


def _long_number(value: float) -> str:
    """Beyond 15 digits a spreadsheet has lost some: shown as it shows them, so that a mangled ID is seen."""
    return f"{value:.5E}" if abs(value) >= 1e15 else f"{value:.15g}"
