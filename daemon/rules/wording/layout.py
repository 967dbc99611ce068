r"""From a template's words to blocks, and from blocks to plain text. The HTML page is laid out from the same blocks.

So a letter's words stand in one template, and its text and its HTML can never say different things. What a
template may write, line by line:

    a blank line            ends a paragraph; other line ends are blanks
    a line that ends in \    breaks the line there
    # words                 a heading
    - words                 an item of a list
    {{ table }}             alone on its line: a table, by the mark that stands for it
    ---                     what follows is small print
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from markupsafe import Markup, escape

from daemon.rules.identifiers import DeviceId

WIDTH = 72
_GAP = "   "
_MARK = re.compile("\x02([0-9]+)\x03")
_SIGNS = "\x02#-"
"""With one of these begins what may be no paragraph."""
_SHADES = {"dark": "#", "light": "="}
_LONGEST_BAR = 24
_NARROWEST = 14
"""Characters that a column of words needs."""
_WIDEST_INDENT = 24
_CODE_GAPS = 7

Frame = tuple[str, str, str]
"""HTML around a cell: what stands before it, between its unbreakable parts (a blank: it has none), and behind it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading, and whether its cells are read character by character."""

    title: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings. Cells are single lines; the last column may be long."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    def grid(self) -> tuple[tuple[tuple[bool, tuple[str, ...]], ...], ...]:
        """The rows for a page that frames each cell itself: of each whether it is exact, and its unbreakable parts."""
        exact = [column.exact for column in self.columns]
        return tuple(
            tuple([(e, _parts(cell) if e else (cell,)) for e, cell in zip(exact, row, strict=True)])
            for row in self.rows
        )

    def rows_in(self, exact: Frame, words: Frame, last: Frame) -> Markup:
        """The rows in HTML: every cell escaped, and in the frame `exact` or `words`; in `last` where words end a row."""
        frames = [exact if column.exact else words for column in self.columns]
        if not self.columns[-1].exact:
            frames[-1] = last
        behind = ["<tr>\n", *(f"{frame[2]}\n" for frame in frames)]
        seams = [f"{end}{frame[0]}" for end, frame in zip(behind, frames, strict=False)]
        gaps = [str(frame[1]) for frame in frames]
        pieces: list[str] = []
        for row in _escaped(self.rows):
            for seam, gap, cell in zip(seams, gaps, row, strict=True):
                pieces += seam, cell if cell.count(" ") != _CODE_GAPS else gap.join(_parts(cell))
            pieces.append(f"{behind[-1]}</tr>\n")
        return Markup("".join(pieces))  # noqa: S704  # what is not the template's own is escaped


DEVICE = Column("Device ID", exact=True)


def device_table(ids: tuple[DeviceId, ...]) -> Table:
    """Device IDs alone, one a row."""
    return Table((DEVICE,), tuple((device,) for device in ids))


@dataclass(frozen=True, slots=True)
class Particulars:
    """Names and values, one below the other; a value may have several lines."""

    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart, in two shades. `line`: words between this bar and the one above it."""

    label: str
    dark: int
    light: int
    line: str = ""

    @property
    def count(self) -> str:
        """How much it stands for, as it is shown; a point for nothing."""
        return f"{self.dark + self.light:,}" if self.dark or self.light else "."


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars below each other, their numbers beside them; `dark` and `light` say what the shades are."""

    bars: tuple[Bar, ...]
    dark: str
    light: str

    @property
    def shades(self) -> tuple[tuple[str, str], ...]:
        """Those that occur, each with its name."""
        named = (
            ("dark", self.dark, sum(b.dark for b in self.bars)),
            ("light", self.light, sum(b.light for b in self.bars)),
        )
        return tuple((shade, name) for shade, name, total in named if total)

    def scaled(self, longest: int, unit: int) -> tuple[tuple[Bar, int, int], ...]:
        """Each bar with the lengths of its shades: `unit` a thing, or less, so that no bar is longer than `longest`."""
        most = max((bar.dark + bar.light for bar in self.bars), default=0)
        scale = min(unit, longest / max(most, 1))

        def length(count: int) -> int:
            return max(1, int(count * scale)) if count else 0

        return tuple((bar, length(bar.dark), length(bar.light)) for bar in self.bars)


Set = Table | Particulars | Chart
"""What is set into the words at a mark."""


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, heading, list, table, set of particulars or chart."""

    kind: Literal["paragraph", "heading", "list", "table", "particulars", "chart"]
    lines: tuple[str, ...] = ()
    small: bool = False
    table: Table | None = None
    particulars: Particulars | None = None
    chart: Chart | None = None


def _escaped(rows: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    """The rows with their cells escaped for HTML; mostly there is nothing to escape in any, which one look tells."""
    text = "".join(map("".join, rows))
    return rows if escape(text) == text else tuple(tuple([str(escape(cell)) for cell in row]) for row in rows)


def _parts(cell: str) -> tuple[str, ...]:
    """A code in two parts, between which a narrow screen may break the line; anything else whole."""
    if cell.count(" ") != _CODE_GAPS:
        return (cell,)
    groups = cell.split(" ")
    return " ".join(groups[:4]), " ".join(groups[4:])


def mark(number: int) -> str:
    """What stands in the words for the table with this number. No value that is filled in can hold it."""
    return f"\x02{number}\x03"


def blocks(words: str, tables: Sequence[Set]) -> tuple[Block, ...]:
    """The blocks that `words` spell, the tables in the places of their marks."""
    found: list[Block] = []
    small = False
    for chunk in re.split(r"\n[ \t]*\n", words):
        lines = [line for raw in chunk.split("\n") if (line := " ".join(raw.split()))]
        if lines == ["---"]:
            small = True
        elif len(lines) == 1 and lines[0][0] not in _SIGNS and lines[0][-1] != "\\":
            found.append(Block("paragraph", (lines[0],), small))  # as most are: one line of the template
        else:
            found += _chunk(lines, tables, small=small)
    return tuple(found)


def _chunk(lines: Sequence[str], tables: Sequence[Set], *, small: bool) -> Iterator[Block]:
    """The blocks of lines with no blank line among them."""
    kind: Literal["paragraph", "list"] = "paragraph"
    held: list[str] = []
    for line in lines:
        marked = _MARK.fullmatch(line)
        heading = line.startswith("# ")
        item = line.startswith("- ")
        if held and (marked or heading or (item and kind == "paragraph")):
            yield _words(kind, held, small=small)
            held = []
        if marked:
            yield _set(tables[int(marked[1])])
        elif heading:
            yield Block("heading", (line[2:],))
        else:
            kind = "list" if item or (held and kind == "list") else "paragraph"
            held.append(line)
    if held:
        yield _words(kind, held, small=small)


def _words(kind: Literal["paragraph", "list"], lines: Sequence[str], *, small: bool) -> Block:
    if kind == "list":
        items = " ".join(f"\n{line[2:]}" if line.startswith("- ") else line for line in lines)
        return Block("list", tuple(item.strip() for item in items.split("\n") if item.strip()), small)
    joined = " ".join(f"{line[:-1].rstrip()}\n" if line.endswith("\\") else line for line in lines)
    return Block("paragraph", tuple(bare for line in joined.split("\n") if (bare := line.strip())) or ("",), small)


def _set(table: Set) -> Block:
    if isinstance(table, Table):
        return Block("table", table=table)
    if isinstance(table, Chart):
        return Block("chart", chart=table)
    return Block("particulars", particulars=table)


# Plain text ─────────────────────────────────────────────────────────────────────────────────────────


def text(letter: Sequence[Block]) -> str:
    """The letter as plain text: lines of at most 72 characters where words allow, one blank line between blocks."""
    return "\n\n".join(["\n".join(_text_lines(block)) for block in letter]) + "\n"


def _text_lines(block: Block) -> Iterable[str]:
    if block.table is not None:
        return _table_lines(block.table)
    if block.particulars is not None:
        return _particular_lines(block.particulars)
    if block.chart is not None:
        return _chart_lines(block.chart)
    if block.kind == "list":
        return [line for item in block.lines for line in wrap(item, "- ", "  ")]
    return map(folded, block.lines)


@lru_cache(maxsize=1024)
def folded(line: str) -> str:
    """`line` on lines of at most 72 characters. Most of what a letter says, the next one says too; a code it never is."""
    return "\n".join(wrap(line))


def _table_lines(table: Table) -> list[str]:
    rows = (tuple([column.title for column in table.columns]), *table.rows)
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)][:-1]
    room = WIDTH - sum(widths) - len(_GAP) * len(widths)
    if (
        room < _NARROWEST
        and not table.columns[-1].exact
        and room < max((len(row[-1]) for row in table.rows), default=0)
    ):
        return _two_storeyed(rows, widths)
    lines: list[str] = []
    for row in rows:
        start = _GAP.join((*map(str.ljust, row, widths), ""))
        lines += wrap(row[-1], start, " " * len(start))
    return lines


def _two_storeyed(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """The last cell of each row below the others, where it would be a pillar of single words beside them."""
    indent = " " * (widths[0] if widths[0] <= _WIDEST_INDENT else 1) + _GAP
    lines: list[str] = []
    for row in rows:
        lines.append(_GAP.join(map(str.ljust, row, widths)).rstrip())
        lines += wrap(row[-1], indent, indent) if row[-1] else ()
    return lines


def _particular_lines(particulars: Particulars) -> Iterator[str]:
    width = max((len(name) for name, _ in particulars.rows), default=0) + len(_GAP)
    for name, values in particulars.rows:
        start = name.ljust(width)
        for value in values:
            yield from wrap(value, start, " " * width)
            start = " " * width


def _chart_lines(chart: Chart) -> Iterator[str]:
    """The numbers stand before the bars, so that these begin alike in letters of any width too."""
    label = max((len(bar.label) for bar in chart.bars), default=0)
    count = max((len(bar.count) for bar in chart.bars), default=0)
    yield "   ".join(f"{_SHADES[shade]} {name}" for shade, name in chart.shades)
    for bar, dark, light in chart.scaled(_LONGEST_BAR, 1):
        if bar.line:
            yield f"{'-' * (label + count + len(_GAP))}{_GAP}{bar.line}"
        shades = _SHADES["dark"] * dark + _SHADES["light"] * light
        yield f"{bar.label:>{label}}{_GAP}{bar.count:>{count}}{_GAP}{shades}".rstrip()


def wrap(words: str, first: str = "", rest: str = "") -> list[str]:
    """`words` as lines of at most 72 characters; `first` and `rest` begin them. A longer word stands alone."""
    if len(first) + len(words) <= WIDTH:
        return [(first + words).rstrip()]
    lines: list[str] = []
    start, at = first, 0
    while len(start) + len(words) - at > WIDTH:
        end = words.rfind(" ", at, at + max(WIDTH - len(start), 0) + 1)
        if end < 0 and (end := words.find(" ", at)) < 0:
            break
        lines.append((start + words[at:end]).rstrip())
        start, at = rest, end + 1
    return [*lines, (start + words[at:]).rstrip()]
