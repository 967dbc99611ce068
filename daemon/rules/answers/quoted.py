"""Answers typed into the letter that is quoted: what was added to the lines of asked devices, and nothing else.

Our letters name the devices that we ask for alone on their lines, and never hold one of their codes. So a line that holds
more, or a code right below one, is theirs; all other lines are ours, or history, and are not read.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from daemon.rules.answers import outcomes as answer_outcomes
from daemon.rules.answers.codes import Wanted
from daemon.rules.answers.prose import MAX_TEXT, Prose, Reader, Remarked
from daemon.rules.answers.spots import Spot, masked, spots
from daemon.rules.answers.statements import Reach
from daemon.rules.identifiers import DeviceId
from daemon.rules.sense.forms import BLANK, Lines, one_kind_of_line_break, own, plain
from daemon.rules.thread import Outcome

_FIELD = re.compile(r"\s*\*?(?:from|von|de)\s*:\s*\S", re.IGNORECASE)
_OTHER_FIELD = re.compile(r"\s*\*?(?:sent|date|to|cc|subject|importance)\s*:", re.IGNORECASE)
_WROTE = re.compile(r".{0,300}\bwrote\s*:\s*\Z", re.IGNORECASE)
_RULE = re.compile(r"\s*-{2,}\s*(?:original|forwarded) ", re.IGNORECASE)
_LABELS = re.compile(
    r"(?:[\W_]|\b(?:device|id|guid|eui|meter|esme|gsme|ppmid|no|number|install|code|outcome|note|and|type)\b|[0-9])*",
    re.IGNORECASE,
)
_KEPT = (Outcome.NOT_INSTALLER, Outcome.NO_CODE_HELD, Outcome.TYPE_HAS_NO_CODE, Outcome.REFUSED, Outcome.PENDING)


def first_level(text: str) -> str:
    """The letter that is quoted first, without its marks; what it quotes in its turn is left empty. Lines stay."""
    lines = [line[:2000] for line in one_kind_of_line_break(text[:MAX_TEXT]).split("\n")]
    kept: list[str] = []
    content = False
    for number, line in enumerate(lines):
        bare = re.sub(r"^[ \t\xa0]*> ?", "", line)
        if content and _begins_mail(bare, lines[number + 1 : number + 7]):
            break
        head = _FIELD.match(bare) or _OTHER_FIELD.match(bare) or _WROTE.match(bare) or _RULE.match(bare)
        deeper = bare.lstrip().startswith(">")
        kept.append("" if head or deeper else bare)
        content = content or bool(kept[-1].strip())
    return "\n".join(kept)


def _begins_mail(line: str, following: list[str]) -> bool:
    if _RULE.match(line) or _WROTE.match(line):
        return True
    fields = (re.sub(r"^[ \t\xa0]*> ?", "", other) for other in following)
    return bool(_FIELD.match(line)) and any(_OTHER_FIELD.match(other) for other in fields)


@dataclass(frozen=True, slots=True)
class Quoted:
    """What was added to the quoted letter, and the lines typed between its own that were read for it."""

    prose: Prose
    typed: frozenset[str] = field(default=frozenset(), repr=False)

    def without_typed(self, text: str) -> str:
        """`text`, in which those lines stand as well, with them emptied."""
        if not self.typed:
            return text
        lines = one_kind_of_line_break(text).split("\n")
        return "\n".join("" if line.strip() in self.typed else line for line in lines)


def read(quoted: str, woven: str, reader: Reader) -> Quoted:
    """What was added to the quoted letter, or typed between its lines. Of devices that we did not ask for nothing is read."""
    prose, typed = Prose(), frozenset[str]()
    if quoted.strip():
        _read(_Letter(quoted, reader).added(), reader, prose)
    if woven.strip():
        text, typed = _Letter(woven, reader).typed(_typed_among(woven))
        for device in _read(text, reader, prose):
            prose.remarks.setdefault(device, Remarked("between the lines that they quote"))
    return Quoted(prose, typed)


def _read(added: str, reader: Reader, into: Prose) -> Iterable[DeviceId]:
    """Add what it answers; the asked devices that it names."""
    if not added.strip():
        return ()
    prose = reader.read(added, lambda line: f"line {line + 1} of what they quote")
    into.said += [one for one in prose.said if one.device in reader.terms.wanted]
    into.remarks |= prose.remarks
    into.loose += [one for one in prose.loose if one.reach in (Reach.REST, Reach.EXCEPT)]
    return prose.named


def _typed_among(text: str) -> frozenset[int]:
    """The lines (from 0) that were typed between marked ones."""
    marked = [line.lstrip(" \t\xa0").startswith(">") for line in one_kind_of_line_break(text[:MAX_TEXT]).split("\n")]
    first = marked.index(True) if True in marked else len(marked)
    return frozenset(number for number in range(first, len(marked)) if not marked[number])


class _Letter:
    """The letter that is quoted, line by line."""

    def __init__(self, text: str, reader: Reader) -> None:
        letter = first_level(text)
        found = spots(letter, reader.terms.wanted)
        self._lines, self._rest = letter.split("\n"), masked(letter, found).split("\n")
        self._reader = reader
        at = Lines(own(plain(letter)))
        self._held: dict[int, list[Spot]] = {}
        for spot in found:
            self._held.setdefault(at.of(spot.start), []).append(spot)

    def added(self) -> str:
        """The lines of asked devices that hold more, and the lone ones with the code or the answer below them."""
        kept: set[int] = set()
        above, gap = -1, False
        for number, line in enumerate(self._lines):
            held = self._held.get(number, [])
            if _names(held, self._reader.terms.wanted):
                above, gap = number, False
                if not self._is_lone(number):
                    kept.add(number)
            elif above >= 0 and line.strip():
                if _answers(self._rest[number].replace(BLANK, " "), held, self._reader, gap=gap):
                    kept |= {above, number}
                elif held or gap:
                    above = -1
            else:
                gap = gap or not line.strip()
        return self._only(kept)

    def typed(self, typed: frozenset[int]) -> tuple[str, frozenset[str]]:
        """(the lone devices with what was typed right below them, the lines that were)."""
        below = list(self._below(typed))
        text = self._only({number for above, run in below for number in (above, *run)})
        return text, frozenset(self._lines[number].strip() for _, run in below for number in run)

    def _only(self, kept: set[int]) -> str:
        return "\n".join(line if number in kept else "" for number, line in enumerate(self._lines))

    def _is_lone(self, number: int) -> bool:
        """It names an asked device and holds nothing else."""
        held = self._held.get(number, [])
        bare = _LABELS.fullmatch(self._rest[number].replace(BLANK, ""))
        return _names(held, self._reader.terms.wanted) and not any(spot.spelled for spot in held) and bare is not None

    def _below(self, typed: frozenset[int]) -> Iterator[tuple[int, list[int]]]:
        """(the line of a lone device, the lines typed right below it, to a gap): what stands below a list is said of no one device."""
        if self._may_stand_above(typed):
            return
        above, listed, parted = -1, 0, False
        run: list[int] = []
        for number, line in enumerate((*self._lines, "the end")):
            if number in typed or not line.strip():
                parted = parted or (bool(run) and not line.strip())
                run += [number] if above >= 0 and line.strip() and not parted else []
                continue
            lone = self._is_lone(number) if number < len(self._lines) else False
            if run and (listed == 1 or lone):
                yield above, run
            listed = (0 if run else listed) + 1 if lone else 0
            above, run, parted = (number if lone else -1), [], False

    def _may_stand_above(self, typed: frozenset[int]) -> bool:
        """Something is typed right above the first device: whoever does so may answer each above its line."""
        first = next((n for n in range(len(self._lines)) if n not in typed and self._is_lone(n)), 0)
        above = next((n for n in range(first - 1, -1, -1) if self._lines[n].strip()), -1)
        return above in typed


def _names(held: list[Spot], wanted: Wanted) -> bool:
    return any(spot.device in wanted and not spot.partial for spot in held)


def _answers(rest: str, held: list[Spot], reader: Reader, *, gap: bool) -> bool:
    """A code with hardly a word beside it, one of our outcomes, or words right below the device's line that answer."""
    if held:
        return len(rest.split()) <= 6 and not any(spot.device for spot in held)
    if answer_outcomes.canonical(rest.strip()) is not None:
        return True
    stated = answer_outcomes.stated(rest.strip(), reader.terms.today) if not gap and len(rest) < 150 else None
    return stated is not None and stated.outcome in _KEPT
