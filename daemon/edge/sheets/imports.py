"""Files that an operator imports: CSV read as a stream, XLSX whole; headings in any order, case and spelling.

A sheet gives rows as lists of cells in the order of the columns asked for, each with its line in the file.
"""

import csv
import difflib
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from daemon.edge.audit import Entry
from daemon.edge.sheets.cells import bare, shown
from daemon.errors import BadRow, ImportRefused
from daemon.mail.attachments.sheets import BadSheet, read_xlsx
from daemon.mail.message import Table
from daemon.rules.phrases import number

MAX_BAD_ROWS = 100_000
"""So many are listed; a file with more is no file of this kind, and is refused as a whole."""
GONE_SHARE = 0.02
_DELIMITERS = ",;\t|"
_WORKBOOKS = (".xlsx", ".xlsm")
_BLOCK = 1024 * 1024

Row = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class Columns:
    """What a file of one kind may hold. `mapped`: an operator's own heading -> ours."""

    kind: str
    known: tuple[str, ...]
    needed: tuple[str, ...]
    mapped: Mapping[str, str] = field(default_factory=dict)

    def place(self, heading: str) -> str | None:
        """Our column for a heading, or None."""
        key = spelled(heading)
        mapped = {spelled(theirs): ours for theirs, ours in self.mapped.items()}
        return mapped.get(key) or next((name for name in self.known if spelled(name) == key), None)


@dataclass(frozen=True, slots=True)
class Sheet:
    """An opened file. `present`: the known columns that it has, `ignored`: headings that mean nothing to us."""

    sha: str
    present: tuple[str, ...]
    ignored: tuple[str, ...]
    rows: Iterator[Row]
    """(line in the file, cells in the order of `present`); blank rows left out, short ones filled up."""
    faults: "Faults"
    """Where rows that cannot be taken are noted, by this sheet and by who checks its rows."""


@dataclass(slots=True)
class Faults:
    """The rows that cannot be taken, as they are met."""

    rows: list[BadRow] = field(default_factory=list)

    def add(self, line: int, reason: str) -> None:
        """Note one. Raises ImportRefused when there are far too many."""
        self.rows.append(BadRow(line, reason))
        if len(self.rows) >= MAX_BAD_ROWS:
            raise ImportRefused(f"{MAX_BAD_ROWS:,} rows cannot be taken and reading stopped there", self.sorted())

    def sorted(self) -> tuple[BadRow, ...]:
        """All of them by line."""
        return tuple(sorted(self.rows, key=lambda row: row.line))

    def settle(self, *, skip_bad: bool) -> None:
        """Raise ImportRefused where there are any and they are not to be skipped."""
        if self.rows and not skip_bad:
            raise ImportRefused(f"{number(len(self.rows), 'row')} cannot be taken; nothing was imported", self.sorted())


@dataclass(frozen=True, slots=True)
class Summary:
    """What an import did, in rows of our record."""

    rows: int
    added: int
    changed: int
    unchanged: int
    gone: int
    skipped: tuple[BadRow, ...] = ()
    ignored: tuple[str, ...] = ()
    codes_dropped: int = 0
    """Codes of commissioned devices, which are not kept."""
    suppliers: frozenset[str] = frozenset()
    """Suppliers that the file names."""
    own: int = 0
    """Rows about ourselves, left out of a contact list."""


def refuse_many_gone(sheet: Sheet, gone: int, held: int, *, confirm: bool, noun: str) -> None:
    """Raise ImportRefused where more than 2% of what we hold would go and nobody said so.

    It names the rows left out as bad, too: they may be why so much would go.
    """
    if gone > held * GONE_SHARE and not confirm:
        share = 100 * gone / held
        raise ImportRefused(
            f"{gone:,} of {number(held, noun)} ({share:.1f}%) would go; nothing was imported. "
            "Is the file complete? If so, give --confirm",
            sheet.faults.sorted(),
        )


def nothing_to_take(sheet: Sheet, own: int = 0) -> ImportRefused:
    """The failure of a file without a single row that can be taken. `own`: rows about ourselves, which are left out."""
    words = f"the file has no row that can be taken{but_ourselves(own)}; nothing was imported"
    return ImportRefused(words, sheet.faults.sorted())


def but_ourselves(own: int) -> str:
    """Why rows about ourselves are none, where there are any: a contact list is of the others."""
    return f" ({number(own, 'row')} about ourselves: a contact list is of other suppliers)" if own else ""


def audited(kind: str, sheet: Sheet, summary: Summary, now: datetime) -> Entry:
    """The audit entry of an import."""
    detail = {
        "file_sha": sheet.sha,
        "rows": summary.rows,
        "added": summary.added,
        "changed": summary.changed,
        "unchanged": summary.unchanged,
        "gone": summary.gone,
        "skipped": len(summary.skipped),
        "codes_dropped": summary.codes_dropped,
    }
    return Entry(now, "import", kind, detail)


def spelled(heading: str) -> str:
    """A heading without what people vary: case, blanks, underscores, hyphens."""
    return re.sub(r"[\s_\-]+", "", heading).casefold()


def open_sheet(path: Path, columns: Columns) -> Sheet:
    """The sheet in the file at `path`. Raises ImportRefused where it is wrong as a whole."""
    try:
        with path.open("rb") as file:
            begin = file.read(4)
        if begin == b"\xd0\xcf\x11\xe0":
            raise ImportRefused(f"{path.name} is an old (.xls) or locked workbook; save it as .xlsx or CSV")
        sha, rows = _workbook(path, columns) if begin == b"PK\x03\x04" else _csv(path, columns)
        _, heading = next(rows, (0, []))
    except OSError as error:
        raise ImportRefused(f"cannot read {path} ({error.strerror})") from None
    if not heading:
        raise ImportRefused(f"{path.name} is empty")
    return _opened(sha, heading, rows, columns)


def sheet_of(table: Table, sha: str, columns: Columns) -> Sheet:
    """The sheet in a table of a mail. Raises ImportRefused where it is wrong as a whole."""
    rows = ((line, list(cells)) for line, cells in enumerate(table.rows, table.first_line))
    _, heading = next(rows, (0, []))
    return _opened(sha, heading, rows, columns)


def picked_before(sha: str, present: Sequence[str], rows: Sequence[Row]) -> Sheet:
    """A sheet whose cells were picked before and kept: its rows are checked once more by who reads them."""
    return Sheet(sha, tuple(present), (), iter(rows), Faults())


def _opened(sha: str, heading: list[str], rows: Iterator[Row], columns: Columns) -> Sheet:
    layout, faults = _layout(heading, columns), Faults()
    return Sheet(sha, layout.present, layout.ignored, _picked(rows, layout, faults), faults)


def _picked(rows: Iterator[Row], layout: "_Layout", faults: Faults) -> Iterator[Row]:
    width, straight = layout.width, layout.straight
    for line, cells in rows:
        if straight and len(cells) == width and cells[0]:
            yield line, cells
        elif any(cells[width:]):
            faults.add(line, "it has more cells than the heading (a delimiter inside a cell needs quotes around it)")
        elif any(cell.strip() for cell in cells):
            yield line, layout.pick(cells)


# CSV ────────────────────────────────────────────────────────────────────────────────────────────────


def _csv(path: Path, columns: Columns) -> tuple[str, Iterator[Row]]:
    encoding, sha = _examined(path)
    first, second = _first_lines(path, encoding)
    declared = re.fullmatch(r"\"?sep=(.)\"?\s*", first)
    heading = second if declared else first
    delimiter = declared[1] if declared else _delimiter(heading, columns)
    rows = _csv_rows(path, encoding, delimiter)
    if declared:
        next(rows)
    return sha, rows


def _first_lines(path: Path, encoding: str) -> tuple[str, str]:
    with path.open(encoding=encoding, newline="") as file:
        try:
            return file.readline(_BLOCK), file.readline(_BLOCK)
        except UnicodeError as error:
            raise _irregular(path, 1, error) from None


def _irregular(path: Path, line: int, error: Exception) -> ImportRefused:
    if isinstance(error, UnicodeError) and path.suffix.lower() in _WORKBOOKS:
        return ImportRefused(f"{path.name} is no Excel workbook, whatever it is called; save it as .xlsx or CSV")
    why = "not all of it is text" if isinstance(error, UnicodeError) else error
    return ImportRefused(f"{path.name}, line {line}: no regular CSV ({why}); save it as CSV in UTF-8")


def _examined(path: Path) -> tuple[str, str]:
    """The encoding of a text file (by its mark; else UTF-8 where it is that, else Windows-1252) and its SHA-256."""
    digest, strict = hashlib.sha256(), True
    with path.open("rb") as file:
        begin = file.read(2)
        file.seek(0)
        while block := file.read(_BLOCK) + file.readline(_BLOCK):  # cut at a line's end, never inside a character
            digest.update(block)
            strict = strict and _is_utf8(block)
    if begin in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16", digest.hexdigest()
    return ("utf-8-sig" if strict else "cp1252"), digest.hexdigest()


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(heading: str, columns: Columns) -> str:
    """The delimiter under which most headings mean something; a comma where none does."""

    def known(delimiter: str) -> int:
        return sum(columns.place(cell.strip('"')) is not None for cell in heading.split(delimiter))

    return max(_DELIMITERS, key=known)


def _csv_rows(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(_BLOCK)
    with path.open(encoding=encoding, newline="", buffering=_BLOCK) as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                yield reader.line_num, cells
        except (csv.Error, UnicodeError) as error:
            raise _irregular(path, reader.line_num, error) from None


# XLSX ───────────────────────────────────────────────────────────────────────────────────────────────


def _workbook(path: Path, columns: Columns) -> tuple[str, Iterator[Row]]:
    content = path.read_bytes()
    try:
        tables = read_xlsx(content, path.name)
    except BadSheet as fault:
        raise ImportRefused(f"{path.name}: {fault}; save it as CSV, which may have any number of rows") from None
    chosen = next((table for table in tables if is_headed(table, columns)), tables[0] if tables else None)
    rows = enumerate(chosen.rows, chosen.first_line) if chosen else iter(())
    return hashlib.sha256(content).hexdigest(), ((line, list(cells)) for line, cells in rows)


def is_headed(table: Table, columns: Columns) -> bool:
    """Whether the first row names every column that is needed."""
    found = {columns.place(cell) for cell in table.rows[0]} if table.rows else set()
    return found.issuperset(columns.needed)


# Headings ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Layout:
    present: tuple[str, ...]
    indexes: tuple[int, ...]
    ignored: tuple[str, ...]
    width: int
    straight: bool
    """The file's columns are just ours, one after the other."""

    def pick(self, cells: Sequence[str]) -> list[str]:
        """The cells that we know, in the order of `present`."""
        width = len(cells)
        return [cells[i] if i < width else "" for i in self.indexes]


def _layout(heading: list[str], columns: Columns) -> _Layout:
    placed = [(columns.place(cell), cell.strip()) for cell in heading]
    present = tuple(name for name, _ in placed if name is not None)
    _refuse_twice(present, columns)
    _refuse_missing(present, heading, columns)
    ignored = tuple(cell for name, cell in placed if name is None and cell)
    _refuse_near(ignored, present, columns)
    indexes = tuple(i for i, (name, _) in enumerate(placed) if name is not None)
    return _Layout(present, indexes, ignored, len(heading), straight=len(present) == len(heading))


def _refuse_twice(present: tuple[str, ...], columns: Columns) -> None:
    twice = sorted({name for name in present if present.count(name) > 1})
    if twice:
        raise ImportRefused(f"two columns of this {columns.kind} file are {twice[0]}; keep one of them")


def _refuse_missing(present: tuple[str, ...], heading: list[str], columns: Columns) -> None:
    missing = [name for name in columns.needed if name not in present]
    if missing:
        found = ", ".join(bare(cell) for cell in heading[:12] if cell.isprintable() and cell.strip())
        raise ImportRefused(
            f"the first row has no column {missing[0]}; this {columns.kind} file needs {', '.join(columns.needed)}. "
            f"Found: {found or 'nothing'}"
        )


def _refuse_near(ignored: tuple[str, ...], present: tuple[str, ...], columns: Columns) -> None:
    """A heading that is nearly one of ours is a typing error, and its cells would pass silently."""
    free = {spelled(name): name for name in columns.known if name not in present}
    for heading in ignored:
        near = difflib.get_close_matches(spelled(heading), free, n=1, cutoff=0.85)
        if near:
            raise ImportRefused(f"the column {shown(heading)} means nothing here; did you mean {free[near[0]]}?")
