"""The text of an answer as clauses: some words, and the Device IDs and codes among them.

A sentence is a clause, and so is an item of a list; a line that begins with a Device ID or a code begins one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from daemon.rules.answers.codes import Spelled, Wanted
from daemon.rules.answers.outcomes import Stated
from daemon.rules.answers.spots import Spot, spots, without
from daemon.rules.identifiers import DeviceId
from daemon.rules.sense.forms import BLANK, Lines, own, plain

_WRAPPED = 45
"""A line at least so long goes on in the next: mail programs break lines, and people write short ones."""
_ITEM = re.compile(
    r"[ \t]*(?:[-*\u2022\u00b7o>]+[ \t]+|\(?[0-9]{1,3}[.)][ \t]*|[A-Za-z ]{1,14}(?: id)?[ \t]*[:#=-][ \t]*)?"
)
_END = re.compile(r"[.?!;](?=\s)|,? \b(?:but|however|whereas|while|and for|as for)\b")
_ASKS = re.compile(
    r"\b(?:please|(?:can|could|would) you|we (?:need|require|request))\b.{0,80}\b(?:send|provide|supply|need|require|share|let)\b|\?\W*\Z"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """Some words and the Device IDs and codes among them. `text`: those taken out, `#` for each."""

    line: int
    text: str
    spots: tuple[Spot, ...]
    is_row: bool = False
    """It was read as a row of a table: it only parts what stands above from what stands below."""
    stated: Stated | None = None

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        """Each once, in order."""
        return tuple(dict.fromkeys(spot.device for spot in self.spots if spot.device is not None))

    @property
    def codes(self) -> tuple[Spelled, ...]:
        """In order."""
        return tuple(spot.spelled for spot in self.spots if spot.spelled is not None)

    @property
    def asks(self) -> bool:
        """It asks us for something."""
        return bool(_ASKS.search(self.text.casefold()))

    @property
    def partial(self) -> bool:
        """A Device ID in it is only the end of one."""
        return any(spot.partial for spot in self.spots)


def clauses_of(text: str, wanted: Wanted, rows: set[int]) -> list[Clause]:
    """The clauses of `text` in order; lines in `rows` (from 0) are empty ones."""
    bare = own(plain(text))
    found = spots(text, wanted)
    masked = without(bare, found)
    lines = Lines(masked)
    starts = [spot.start for spot in found]
    at = 0
    clauses = []
    for start, end in _spans(masked, frozenset(starts)):
        first = at
        while at < len(found) and found[at].start < end:
            at += 1
        line = lines.of(found[first].start if at > first else start)
        words = " ".join(re.sub(f"{BLANK}+", " # ", masked[start:end]).split())
        clauses.append(Clause(line, words, tuple(found[first:at]), is_row=lines.of(start) in rows))
    return [replace(c, spots=(), text="") if c.is_row else c for c in clauses]


def _spans(masked: str, starts: frozenset[int]) -> Iterator[tuple[int, int]]:
    """Where clauses begin and end. A line that begins with a Device ID or a code begins one, and a list's item does."""
    begin, before = 0, ""
    offset = 0
    units = []
    for line in masked.split("\n"):
        item = _ITEM.match(line)
        marked = item is not None and bool(item[0].strip(" "))
        heads = marked or (offset + (item.end() if item else 0)) in starts
        goes_on = (
            len(before.rstrip(" ")) >= _WRAPPED
            and not re.search(r"[.?!:;] *\Z", before)
            and line.strip(" ")
            and not heads
            and not (before.rstrip(" ").endswith(BLANK) and line.lstrip(" ")[:1].isupper())
        )
        if offset and not goes_on:
            units.append((begin, offset))
            begin = offset
        before = line
        offset += len(line) + 1
    units.append((begin, len(masked)))
    for start, end in units:
        if masked[start:end].strip(" \n"):
            yield from _split(masked, start, end)


def _split(masked: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The clauses of a unit: its sentences, and what "but" parts where Device IDs or codes stand on both sides."""
    at = start
    for match in _END.finditer(masked, start, end):
        if match[0][-1] not in ".?!;" and not (
            BLANK in masked[at : match.start()] and BLANK in masked[match.end() : end]
        ):
            continue
        cut = match.end() if match[0][-1] in ".?!;" else match.start() + 1
        yield at, cut
        at = cut
    if masked[at:end].strip(" \n"):
        yield at, end
