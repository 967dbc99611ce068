"""A Transcript as its template gets it: each line with what became of it, then what was asked for. Never a code."""

import re
from dataclasses import dataclass

from daemon.rules.letters import Page, Transcript
from daemon.rules.phrases import plain, sentence
from daemon.rules.wording import layout
from daemon.rules.wording.answer_words import Written
from daemon.rules.wording.layout import Column, Particulars, Table

_EXACT = re.compile(r"(?:[0-9A-F]{2}-){7}[0-9A-F]{2}|IC-[0-9A-Z]{8}|mail [0-9]+|G[0-9]{1,2} \w+")
"""What is read character by character and never broken: a Device ID, a reference, a condition of the gate."""


@dataclass(frozen=True, slots=True)
class SaidLine:
    """One line of the command mail and what became of it."""

    line: str
    result: str


@dataclass(frozen=True, slots=True)
class ShownPage:
    """One page: paragraphs of lines, and the mark of its table; empty: it has none."""

    title: str
    paragraphs: tuple[tuple[str, ...], ...]
    table: str


def transcript_words(transcript: Transcript) -> Written:
    """The values of `transcript.txt`."""
    with_table = [page for page in transcript.pages if page.rows]
    marks = {id(page): layout.mark(number) for number, page in enumerate(with_table)}
    pages = tuple(
        ShownPage(_line(page.title), _paragraphs(page.lines), marks.get(id(page), "")) for page in transcript.pages
    )
    values = {
        "near_miss": plain(transcript.near_miss),
        "refused": transcript.refused,
        "said": tuple(SaidLine(_line(said.line), _said(said.result)) for said in transcript.said),
        "pages": pages,
    }
    return Written(values, tuple(_table(page) for page in with_table))


def _line(words: str) -> str:
    """One line in which nothing is taken for a sign of the layout."""
    return plain(words).rstrip("\\").lstrip("#- ").rstrip()


def _said(result: str) -> str:
    """A result as a sentence of its own: with a capital, unless its first word is an address or a name of ours."""
    words = sentence(_line(result))
    first = words.partition(" ")[0].rstrip(",;:.")
    return words[:1].upper() + words[1:] if first.replace("'", "").isalpha() else words


def _paragraphs(lines: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Lines that follow each other, an empty one between paragraphs."""
    found: list[list[str]] = [[]]
    for line in map(_line, lines):
        if line:
            found[-1].append(line)
        else:
            found.append([])
    return tuple(tuple(some) for some in found if some)


def _table(page: Page) -> Table | Particulars:
    """Without columns the first cell of a row names what the others say. A column in which nothing stands is left out."""
    rows = tuple(tuple(plain(cell) for cell in row) for row in page.rows)
    if not page.columns:
        return Particulars(tuple((row[0], row[1:]) for row in rows))
    kept = [at for at, cells in enumerate(zip(*rows, strict=True)) if any(cells)]
    rows, titles = tuple(tuple(row[at] for at in kept) for row in rows), [page.columns[at] for at in kept]
    exact = [all(_EXACT.fullmatch(cell) for cell in cells if cell) for cells in zip(*rows, strict=True)]
    columns = (Column(plain(title), is_exact) for title, is_exact in zip(titles, exact, strict=True))
    return Table(tuple(columns), rows)
