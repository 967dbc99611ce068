"""What is gathered while the parts of a mail are read: its four kinds of text, its tables, what went wrong."""

import re
from dataclasses import dataclass, field
from itertools import islice

from daemon.mail.attachments.sheets import MAX_CELLS, MAX_ROWS, BadSheet
from daemon.mail.message import Attachment, Source, Table
from daemon.mail.structure import Leaf
from daemon.mail.text import markup, quoting
from daemon.mail.text.charsets import text_of
from daemon.mail.text.quoting import Manner, Split

MAX_TEXT = 2 * 1024 * 1024
MAX_LINES = 100_000
MAX_HTML = 8 * 1024 * 1024
_TOO_LONG = "its text is longer than 2 MB or 100,000 lines: the rest was not read"
_HTML_TOO_LONG = "its HTML is longer than 8 MB or has too many elements: the rest was not read"
_DECLARED = re.compile(rb"charset\s*=\s*[\"']?([A-Za-z0-9_-]{1,40})", re.IGNORECASE)


@dataclass(slots=True)
class Body:
    """Gathered in reading order. `texts` are the parts as they were decoded, for the semantic key."""

    manner: Manner
    texts: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    quoted: list[str] = field(default_factory=list)
    signature: list[str] = field(default_factory=list)
    forwarded: list[str] = field(default_factory=list)
    woven: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    """Lines of what is struck through in new and forwarded text."""
    tables: list[Table] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    """The HTML as it came, in which a link to a protected message may stand."""
    protected: bool = False
    _text_left: int = MAX_TEXT
    """Of all parts together: two hundred of the longest would hold up everybody's mail."""
    _html_tables: int = 0
    _rows: int = 0
    _cells: int = 0

    def defect(self, text: str) -> None:
        """Note it once."""
        if text not in self.defects:
            self.defects.append(text)

    def add_table(self, table: Table) -> None:
        """Take a table in. Raises BadSheet where all tables together are beyond the limits of one."""
        self._rows += len(table.rows)
        self._cells += sum(map(len, table.rows))
        if self._rows > MAX_ROWS or self._cells > MAX_CELLS:
            raise BadSheet(f"the sheets of this mail have more than {MAX_ROWS:,} rows or {MAX_CELLS:,} cells together")
        self.tables.append(table)

    def read_text(self, leaf: Leaf) -> None:
        """A text part."""
        text = text_of(leaf.content, leaf.charset)
        self.texts.append(text)
        self._take(quoting.split(self._shortened(text), self._manner_of(leaf)), leaf)

    def read_html(self, leaf: Leaf, *, text_too: bool) -> None:
        """An HTML part: its tables and what is struck through always, its text where no text part says the same."""
        html = html_of(leaf)
        self.looks.append(html)
        is_short = len(leaf.content) <= MAX_HTML
        if not text_too and is_short and markup.surely_has_no_table(html) and markup.strikes_nothing(html):
            return
        page = markup.read_html(html)
        if len(leaf.content) > MAX_HTML or not page.whole:
            self.defect(_HTML_TOO_LONG)
        if not (text_too or page.tables or markup.struck_in(page.text)):
            return
        parts = quoting.split(self._shortened(page.text) if text_too else page.text, self._manner_of(leaf))
        self._take_struck(parts)
        if page.tables:
            self._place_tables(parts, page.tables, leaf)
        if text_too:
            self.texts.append(page.text)
            self._take(_without_markers(parts), leaf)

    def _take_struck(self, parts: Split) -> None:
        """What is struck through is said no more; in what is quoted others may have struck it."""
        for lines in (parts.new, parts.forwarded):
            if struck := markup.struck_in("\n".join(lines)):
                self.struck.extend(self._shortened(struck).split("\n"))
                lines[:] = map(markup.without_struck, lines)
        parts.woven[:] = map(markup.without_struck, parts.woven)
        for lines in (parts.quoted, parts.signature):
            lines[:] = map(markup.without_struck_marks, lines)

    def _manner_of(self, leaf: Leaf) -> Manner:
        """A mail within is read by its own subject; whatever it answers is below it."""
        return self.manner if leaf.within is None else quoting.manner_of(leaf.within.subject, answers=True)

    def _shortened(self, text: str) -> str:
        left, self._text_left = self._text_left, max(0, self._text_left - len(text))
        if len(text) > left or text.count("\n") >= MAX_LINES:
            self.defect(_TOO_LONG)
            return "\n".join(islice(text[:left].split("\n"), MAX_LINES))
        return text

    def _place_tables(self, parts: Split, tables: tuple[markup.Rows, ...], leaf: Leaf) -> None:
        """Tables of what is new or handed on; those under the writer's name are part of the signature."""
        if leaf.within is not None and leaf.within.answered:
            return
        new = Source.HTML if leaf.within is None else Source.FORWARDED
        for source, lines in ((new, parts.new), (Source.FORWARDED, parts.forwarded)):
            for number in markup.tables_in("\n".join(lines)):
                self._html_tables += 1
                try:
                    self.add_table(Table(source, f"table {self._html_tables}", tables[number]))
                except BadSheet as error:
                    self.defect(str(error))
        for number in markup.tables_in("\n".join(parts.signature)):
            parts.signature.extend(self._rows_of(tables[number]))
        # People write their answers into the table that they quote: its rows are text there, and where they stood.
        for lines in (parts.quoted, parts.woven):
            lines[:] = [text for line in lines for text in (line, *self._rows_in(line, tables))]

    def _rows_in(self, line: str, tables: tuple[markup.Rows, ...]) -> list[str]:
        return [row for number in markup.tables_in(line) for row in self._rows_of(tables[number])]

    def _rows_of(self, table: markup.Rows) -> list[str]:
        return self._shortened("\n".join("   ".join(row) for row in table)).split("\n")

    def _take(self, parts: Split, leaf: Leaf) -> None:
        self.quoted.extend(parts.quoted)
        if leaf.within is None:
            self.new.extend(parts.new)
            self.woven.extend(parts.woven)
            self.signature.extend(parts.signature)
            self.forwarded.extend(parts.forwarded)
        else:
            target = self.quoted if leaf.within.answered else self.forwarded
            for lines in (parts.new, parts.signature, parts.forwarded):
                target.extend(lines)


def html_of(leaf: Leaf) -> str:
    """The HTML of a part as text; it may itself say in which charset it is."""
    charset = leaf.charset
    if not charset and (declared := _DECLARED.search(leaf.content[:2048])):
        charset = declared[1].decode("ascii")
    return text_of(leaf.content[:MAX_HTML], charset)


def _without_markers(parts: Split) -> Split:
    def clean(lines: list[str]) -> list[str]:
        return markup.without_markers("\n".join(lines)).split("\n") if lines else []

    return Split(*map(clean, (parts.new, parts.quoted, parts.signature, parts.forwarded, parts.woven)))
