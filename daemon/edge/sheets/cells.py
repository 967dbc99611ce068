"""Single cells of an imported sheet: text in, exact values out, or the fault in words that never show a code."""

import re
from collections.abc import Iterable
from datetime import date

from daemon.rules.sense.personal import safe_subject

MAX_NAME = 100
_WRITTEN_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_BRITISH_DAY = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_NOT_SHOWN = "(not shown)"
_MUCH_OF_A_CODE = re.compile(r"[0-9A-Fa-f]{12}")
_CODE = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9A-Fa-f][\s:\-])[0-9A-Fa-f](?:[\s:\-]?[0-9A-Fa-f]){31,35}(?![\s:\-]?[0-9A-Fa-f])(?![0-9A-Za-z])"
)
"""32 to 36 digits and no more: a longer run is a certificate's fingerprint."""
_MANGLED = re.compile(r"[0-9][.,]?[0-9]*[eE]\+?[0-9]{1,3}")


class Fault(ValueError):
    """Why a cell cannot be taken, in words for people; never a code."""


def together(faults: Iterable[str]) -> str:
    """All that is wrong with one row."""
    return "; and ".join(faults)


def holds_code(cell: str) -> bool:
    """Whether the digits of an install code, its CRC perhaps with them, stand in a cell."""
    return _CODE.search(cell) is not None


def is_mangled(cell: str) -> bool:
    """Whether a spreadsheet made a number out of what was text (`1.2E+15`)."""
    return _MANGLED.fullmatch(cell) is not None


def shown(cell: str) -> str:
    """A cell in a message: short, printable, and left out where it may be a code in the wrong column."""
    text = bare(cell)
    return text if text == _NOT_SHOWN else repr(text)


def bare(cell: str) -> str:
    """The same without quotes. Personal data in the wrong column is masked."""
    text = "".join(c if c.isprintable() else "?" for c in cell.strip())
    if _MUCH_OF_A_CODE.search(re.sub(r"[\s:\-]", "", text)):
        return _NOT_SHOWN
    text = safe_subject(text)
    return text[:30] + "…" if len(text) > 30 else text


def day(cell: str, column: str) -> str:
    """An ISO day, from ISO or British spelling; empty for an empty cell. Raises Fault."""
    text = cell.strip()
    if not text:
        return ""
    if written := _WRITTEN_DAY.fullmatch(text):
        year, month, number = written.groups()
    elif british := _BRITISH_DAY.fullmatch(text):
        number, month, year = british.groups()
    else:
        raise Fault(f"{column} {shown(text)} is no day; write 2026-01-31 or 31/01/2026")
    try:
        return date(int(year), int(month), int(number)).isoformat()
    except ValueError:
        raise Fault(f"{column} {shown(text)} is no day that exists") from None


def line(cell: str, column: str, most: int = MAX_NAME) -> str:
    """One line of text, blanks at its ends off. Raises Fault."""
    text = cell.strip()
    if len(text) > most:
        raise Fault(f"{column} has more than {most} characters")
    if not text.isprintable():
        raise Fault(f"{column} has control characters or a line break in it")
    if holds_code(text):
        raise Fault(f"{column} holds what looks like an install code; is it in the wrong column?")
    return text


def lines(cell: str, column: str) -> tuple[str, ...]:
    """Several names in one cell, `;` between. Raises Fault."""
    parts = (line(part, column) for part in cell.split(";"))
    return tuple(dict.fromkeys(part for part in parts if part))


def one_of(cell: str, column: str, words: tuple[str, ...]) -> str:
    """One of `words`, in any case; empty for an empty cell. Raises Fault."""
    word = cell.strip().lower()
    if word and word not in words:
        raise Fault(f"{column} {shown(cell)} is none of {', '.join(words)}")
    return word


def yes(cell: str, column: str) -> bool:
    """Whether a cell says yes; empty says no. Raises Fault."""
    word = one_of(cell, column, ("yes", "no", "true", "false", "y", "n", "1", "0", "x"))
    return word in ("yes", "true", "y", "1", "x")
