"""HTML to text in which quoting shows, and its tables as rows.

Text of a quoting element gets "> " before each line, so that one set of rules (`quoting`) tells new from
quoted for text and HTML alike. Where a table of data stood, the text holds a marker line; whichever part
of the text keeps the marker keeps the table. What is struck through stands between marks of its own.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from daemon.mail.text.quoting import ORIGINAL

MAX_NODES = 300_000
MAX_DEPTH = 2_000
"""Word alone leaves some 400 tags of its own open, in comments."""
MAX_CELL = 1_000
MAX_SPAN = 100
MAX_CELLS = 2_000_000
_SENTENCE_WORDS = 12
_FEW_TAGS = 500
"""Of so many tags the parser makes no more nodes than are read, and no deeper tree, however they are nested: fewer than their square."""
_MAX_COLUMNS = 2_000
_MAX_QUOTES = 50
_SKIPPED = frozenset(("script", "style", "head", "title", "template", "noscript", "svg", "object"))
_BLOCKS = frozenset(
    (
        "p", "div", "br", "tr", "li", "ul", "ol", "table", "blockquote", "hr", "pre", "section", "article",
        "h1", "h2", "h3", "h4", "h5", "h6", "header", "footer", "dl", "dt", "dd", "center", "body", "caption",
    )
)  # fmt: skip
_QUOTING_CLASS = "yahoo_quoted"
"""A div that quotes without a blockquote within. Gmail's gmail_quote has one, or is a mail handed on."""
_ANSWERED_IDS = frozenset(("divrplyfwdmsg", "mail-editor-reference-message-container"))
_OUTLOOK_RULE = re.compile(r"border:\s*none;\s*border-top:\s*solid #(?:e1e1e1|b5c4df) 1\.0pt", re.IGNORECASE)
"""The line that desktop Outlook draws above what is answered or handed on."""
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px|pt)?\s*(?:;|$)", re.IGNORECASE)
_STRUCK_TAGS = frozenset(("s", "del", "strike"))
_STRUCK_STYLE = re.compile(r"text-decoration[^;]*line-through", re.IGNORECASE)
_SIGNS_OF_STRIKING = ("line-through", "<s>", "<s ", "<del", "<strike")
_SIGNS_OF_HIDING = ("display", "hidden", "&#")
_SIZED_NOTHING = re.compile(r"font-size\s*:\s*0")
"""In small letters, one of these stands in each page of which not all is there to be read; styles may be spelled in entities."""
_ID_CELL = re.compile(r"(?:0x)?[0-9A-Fa-f]{2}(?:[\-: .\u2010-\u2015]?[0-9A-Fa-f]{2}){6,19}", re.IGNORECASE)
_BREAKING = re.compile(r"<(?:p|div|br|li|[uo]l|hr|pre|h[1-6]|d[dt]|center|style|script|section|article)\b")
_LONE = re.compile(
    r"^[^<]*(?:<(?!/?(?:p|div)\b)[^>]*>[^<]*)*</t[dh]>$|^\s*<(?:p|div)\b.*</(?:p|div)>\s*</t[dh]>$", re.DOTALL
)
_NESTING = re.compile(
    r"<(?!/?(?:p|br|img|hr|li|t[dhr]|tbody|thead|meta|link|input|col|wbr|area|option|d[dt]|o:p)\b)(/(?=[a-z])|[a-z])",
    re.IGNORECASE,
)
"""A tag that opens or closes an element which may hold another of its kind."""
_MARKERS = re.compile(r"[\ue000-\ue003]")
_STRUCK = re.compile(r"\ue002([^\ue003]*)\ue003")
_MARKER_LINE = re.compile(r"^[> ]*\ue000([0-9]+)\ue001$", re.MULTILINE)

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """HTML as text with quote marks and table markers, and the tables that the markers stand for."""

    text: str = field(repr=False)
    tables: tuple[Rows, ...] = field(repr=False)
    whole: bool = True
    """False: it has more elements than are read."""


def read_html(html: str) -> Page:
    """What a person sees of `html`."""
    if _depth(html) > MAX_DEPTH:
        return Page("", (), whole=False)
    body = LexborHTMLParser(_without_own_markers(html)).body
    if body is None:
        return Page("", ())
    writer = _Writer(all_shows=_all_shows(html))
    whole = writer.write(body)
    return Page(writer.text(), tuple(writer.tables), whole)


def surely_has_no_table(html: str) -> bool:
    """Whether `html`, which is read whole, holds no table: told without reading it, for most mails come as text, too."""
    return html.count("<") < _FEW_TAGS and "<table" not in _without_own_markers(html).lower()


def strikes_nothing(html: str) -> bool:
    """Whether nothing is struck through in `html`, told without reading it."""
    return not _holds_any(html.lower(), _SIGNS_OF_STRIKING)


def _all_shows(html: str) -> bool:
    """Whether nothing of `html` is hidden or struck through, told without reading it."""
    folded = html.lower()
    return not (_holds_any(folded, (*_SIGNS_OF_STRIKING, *_SIGNS_OF_HIDING)) or _SIZED_NOTHING.search(folded))


def _holds_any(folded: str, signs: tuple[str, ...]) -> bool:
    return bool([sign for sign in signs if sign in folded])  # any() costs three times as much


def _without_own_markers(html: str) -> str:
    """Neither as it came nor as it is read: a marker may be written as an entity."""
    return html if html.isascii() else _MARKERS.sub("", html)


def _depth(html: str) -> int:
    """At least how deep the elements are nested: the parser's time grows with its square."""
    if html.count("<") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for tag in _NESTING.findall(html):
        if tag != "/":
            depth += 1
            deepest = max(deepest, depth)
        elif depth:
            depth -= 1
    return deepest


def tables_in(text: str) -> tuple[int, ...]:
    """The numbers (from 0) of the tables whose markers stand in `text`."""
    return tuple(int(number) for number in _MARKER_LINE.findall(text)) if "\ue000" in text else ()


def without_markers(text: str) -> str:
    """`text` with every table marker line emptied."""
    return _MARKER_LINE.sub("", text) if "\ue000" in text else text


def without_struck(text: str) -> str:
    """`text` without what is struck through in it."""
    return _STRUCK.sub("", text) if "\ue002" in text else text


def without_struck_marks(text: str) -> str:
    """`text` as if nothing were struck through in it."""
    return _STRUCK.sub(r"\1", text) if "\ue002" in text else text


def struck_in(text: str) -> str:
    """What is struck through in `text`, in its lines."""
    if "\ue002" not in text:
        return ""
    return "\n".join("".join(_STRUCK.findall(line)) for line in text.split("\n") if "\ue002" in line)


class _Writer:
    """Walks the tree without recursion: twenty thousand nested tags are a mail like any other."""

    def __init__(self, *, all_shows: bool) -> None:
        self.tables: list[Rows] = []
        self._all_shows = all_shows
        self._struck = 0
        self._lines: list[str] = []
        self._words: list[str] = []
        self._quotes = 0
        self._preformatted = 0
        self._cells = 0

    def text(self) -> str:
        self._break()
        return "\n".join(self._lines)

    def write(self, root: LexborNode) -> bool:
        """Take in all under `root`; False when there was too much."""
        stack: list[LexborNode | _Opened] = [root]
        seen = 0
        while stack:
            seen += 1
            if seen > MAX_NODES:
                return False
            node = stack.pop()
            if isinstance(node, _Opened):
                self._close(node)
            elif opened := self._open(node):
                stack.append(opened)
                stack.extend(list(node.iter(include_text=True))[::-1])
        return True

    def _open(self, node: LexborNode) -> "_Opened | None":
        """Take `node` in; what is to be closed again after its children, None where they do not follow."""
        tag = node.tag or ""
        if tag == "-text":
            self._add_text(_without_own_markers(node.text_content or ""))
            return None
        if tag in _SKIPPED or tag.startswith(("-", "!", "_")):
            return None
        attributes = node.attributes
        if attributes and _hidden(attributes):
            return None
        if tag == "table":
            self._break()
            rows = self._data_rows(node)
            if rows is not None:
                self._place_table(rows, node)
                return None
        if tag in _BLOCKS:
            self._break(empty=tag == "br")
        if tag == "div" and attributes and _answers(attributes):
            self._lines.append(self._mark() + ORIGINAL)
        if tag in ("td", "th"):
            self._words.append("  ")
        opened = _Opened(tag, _quotes(tag, attributes), not self._all_shows and _is_struck(tag, attributes))
        self._quotes += opened.quotes
        self._struck += opened.strikes
        self._preformatted += tag == "pre"
        return opened

    def _close(self, opened: "_Opened") -> None:
        if opened.tag in _BLOCKS and opened.tag != "br":
            self._break()
        self._quotes -= opened.quotes
        self._struck -= opened.strikes
        self._preformatted -= opened.tag == "pre"

    def _add_text(self, text: str) -> None:
        if not self._preformatted:
            words = _closed_up(text)
            self._words.append(self._as_it_is(words) if self._struck else words)
            return
        first, *others = text.split("\n")
        self._words.append(self._as_it_is(first))
        for line in others:
            self._break(empty=True)
            self._words.append(self._as_it_is(line))

    def _as_it_is(self, words: str) -> str:
        return f"\ue002{words}\ue003" if self._struck and words.strip() else words

    def _data_rows(self, table: LexborNode) -> Rows | None:
        if self._struck:
            return None
        rows = data_rows(table, all_shows=self._all_shows)
        if rows is not None:
            self._cells += sum(map(len, rows))
        return rows if self._cells <= MAX_CELLS else None

    def _place_table(self, rows: Rows, table: LexborNode) -> None:
        self._lines.append(f"{self._mark()}\ue000{len(self.tables)}\ue001")
        self.tables.append(rows)
        if not self._all_shows:
            struck = (_words(cell, struck=True) for cell in table.css("td, th"))
            self._lines.extend(f"{self._mark()}\ue002{words}\ue003" for words in struck if words)

    def _mark(self) -> str:
        return "> " * min(self._quotes, _MAX_QUOTES)

    def _break(self, *, empty: bool = False) -> None:
        line = "".join(self._words).strip(" \t\n\r\f")
        self._words.clear()
        if line or (empty and self._lines and self._lines[-1].strip("> ")):
            self._lines.append(self._mark() + line)


class _Opened(NamedTuple):
    """An element whose children are being read."""

    tag: str
    quotes: bool
    strikes: bool


def _closed_up(text: str) -> str:
    """`text` with each run of blanks as one: by its words, for a pattern would replace every blank by itself."""
    words = " ".join(text.split())
    if not words:
        return " " if text else ""
    return f"{' ' if text[0].isspace() else ''}{words}{' ' if text[-1].isspace() else ''}"


def _hidden(attributes: dict[str, str | None]) -> bool:
    return "hidden" in attributes or bool(_HIDDEN.search(attributes.get("style") or ""))


def _is_struck(tag: str, attributes: dict[str, str | None]) -> bool:
    return tag in _STRUCK_TAGS or bool(_STRUCK_STYLE.search(attributes.get("style") or ""))


def _answers(attributes: dict[str, str | None]) -> bool:
    """A div by which Outlook shows that what it answers or hands on begins here."""
    style = attributes.get("style") or ""
    return (attributes.get("id") or "").lower().removeprefix("x_") in _ANSWERED_IDS or bool(_OUTLOOK_RULE.match(style))


def _quotes(tag: str, attributes: dict[str, str | None]) -> bool:
    return tag == "blockquote" or (tag == "div" and _QUOTING_CLASS in (attributes.get("class") or ""))


# Tables ─────────────────────────────────────────────────────────────────────────────────────────────


def data_rows(table: LexborNode, *, all_shows: bool) -> Rows | None:
    """The rows of a table; None where it only lays out a page. `all_shows`: nothing of it is hidden or struck through.

    That is one with another table or a quotation in it, or with sentences and no Device ID standing alone.
    """
    found: list[LexborNode] = []
    for node in islice(table.traverse(), 1, None):
        if node.tag in ("table", "blockquote"):
            return None  # at the first: so no element is looked at for two tables
        if node.tag == "tr":
            found.append(node)
    rows = tuple(_rows(found, all_shows=all_shows))
    if not rows or any(len(cell) > MAX_CELL for row in rows for cell in row):
        return None
    return rows if _holds_data(rows) else None


def _holds_data(rows: Rows) -> bool:
    if any(_ID_CELL.fullmatch(cell) for row in rows for cell in row):
        return True
    sentences = any(cell.count(" ") >= _SENTENCE_WORDS for row in rows for cell in row)
    return len(rows) > 1 and not sentences


def _rows(found: list[LexborNode], *, all_shows: bool) -> Iterator[tuple[str, ...]]:
    """Rows of cells; a cell that spans columns is followed by blanks, one that spans rows stands in each.

    A row whose Device ID is struck through is left out with all that it says.
    """
    hanging: dict[int, tuple[str, int]] = {}
    for row in found:
        cells: list[str] = []
        for child in row.iter():
            if child.tag in ("td", "th"):
                _hang(cells, hanging)
                _add_cell(cells, hanging, child, all_shows=all_shows)
        _hang(cells, hanging)
        if any(cells) and (all_shows or not _strikes_device(row)):
            yield tuple(cells)


def _hang(cells: list[str], hanging: dict[int, tuple[str, int]]) -> None:
    """Add the cells that hang down from the rows above, as far as they come next."""
    while len(cells) in hanging:
        text, more = hanging.pop(len(cells))
        if more > 1:
            hanging[len(cells)] = (text, more - 1)
        cells.append(text)


def _strikes_device(row: LexborNode) -> bool:
    return any(_ID_CELL.fullmatch(_words(cell, struck=True)) for cell in row.css("td, th"))


def _add_cell(cells: list[str], hanging: dict[int, tuple[str, int]], cell: LexborNode, *, all_shows: bool) -> None:
    text, attributes = _cell_text(cell) if all_shows else _words(cell, struck=False), cell.attributes
    if "colspan" not in attributes and "rowspan" not in attributes:
        cells.append(text)
        return
    columns, rows = _span(attributes.get("colspan")), _span(attributes.get("rowspan"))
    if len(cells) > _MAX_COLUMNS:
        columns = rows = 1
    if rows > 1:
        hanging[len(cells)] = (text, rows - 1)
    cells.append(text)
    cells.extend("" for _ in range(columns - 1))


def _span(value: str | None) -> int:
    return min(int(value), MAX_SPAN) if value and value.isascii() and value.isdigit() and len(value) < 7 else 1


def _cell_text(cell: LexborNode) -> str:
    """The words of a cell: a run of text broken by mere formatting stays whole, lines become blanks."""
    only = cell.first_child
    if only is not None and only.next is None and only.tag == "-text":
        return " ".join((only.text_content or "").split())
    inner = (cell.html or "").partition(">")[2]
    if len(_BREAKING.findall(inner)) <= inner.lstrip().startswith(("<p", "<div")) and _LONE.search(inner):
        return " ".join((cell.text(separator="") or "").split())
    return _words(cell, struck=False)


def _words(cell: LexborNode, *, struck: bool) -> str:
    """What is struck through of the words of a cell, or what is not; never what is hidden."""
    above = list(_up_to_table(cell))
    if any(_hidden(one.attributes) for one in above):
        return ""
    words: list[str] = []
    stack: list[tuple[LexborNode | None, bool]] = [
        (cell, any(_is_struck(one.tag or "", one.attributes) for one in above))
    ]
    while stack:
        node, within = stack.pop()
        tag = (node.tag or "") if node else ""
        if node is None:
            words.append(" ")
        elif tag == "-text":
            words.append(node.text_content or "" if within is struck else "")
        elif tag not in _SKIPPED and not tag.startswith(("-", "!", "_")) and not _hidden(node.attributes):
            if tag in _BLOCKS:
                words.append(" ")
                stack.append((None, within))
            within = within or _is_struck(tag, node.attributes)
            stack.extend((child, within) for child in list(node.iter(include_text=True))[::-1])
    return " ".join("".join(words).split())


def _up_to_table(cell: LexborNode) -> Iterator[LexborNode]:
    """What a cell stands in: its row, and the part of the table."""
    node = cell.parent
    while node is not None and node.tag in ("tr", "tbody", "thead", "tfoot"):
        yield node
        node = node.parent
