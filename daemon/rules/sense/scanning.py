"""Device IDs, install codes and references in what people write.

The law of the file: never guess. Codes are found first and taken out, so that no half of one is ever read as a
Device ID. What looks like a Device ID and is none becomes a fault that says what is wrong with it.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from daemon.rules.identifiers import CROCKFORD, DeviceId, canonical, device_id
from daemon.rules.sense.forms import (
    BLANK,
    CODE,
    DEVICE,
    FOURS,
    HEX,
    Lines,
    blanked,
    emptied_but_near,
    lines_of_note,
    own,
    plain,
)
from daemon.rules.sense.near_misses import (
    ALL_DIGITS,
    LEAST_JOINTS,
    SHORTENED,
    Fault,
    hashes,
    may_hold_any,
    near_misses,
    wrong_length,
)

PLACEHOLDER = "it is a placeholder, not a Device ID"
NO_DEVICE = "this is not a Device ID (16 digits 0-9 and letters A-F)"
_WHOLE = re.compile("-".join([HEX * 2] * 8))  # written out: a repeated group takes half as long again
_BARE = re.compile(rf"{HEX}{{16}}")
_REFERENCE = re.compile(r"(?<![0-9A-Za-z])IC[\- ]([0-9A-Za-z]{8})(?![0-9A-Za-z])", re.IGNORECASE)
_IN_REFERENCES = ("C-", "c-", "C ", "c ")
"""One of these stands in each of them: to look for that is much faster."""
_CODE_BEFORE = re.compile(r"\bcode\b\W{0,4}(?:is\W{0,4})?\Z", re.IGNORECASE)
_ASKED_BEFORE = re.compile(r"\b(?:please|send|need|requests?|require|provide|for)\b", re.IGNORECASE)
_DEVICE_ABOVE = re.compile(
    rf"(?<![^\W_])(?<!{BLANK})(?:{BLANK}{{16}}|{BLANK}{{23}}|{HEX}{{16}}|{'[-:]'.join([HEX * 2] * 8)}) ?\n[ \n]{{0,4}}\Z"
)
"""Where it stands alone it was blanked out before."""
_UNUSABLE = frozenset((DeviceId("-".join(["00"] * 8)), DeviceId("-".join(["FF"] * 8))))
Spot = tuple[int, DeviceId | None]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A Device ID, or (`device` None) an install code, and its line, from 0. Of a code only the place is kept."""

    line: int
    device: DeviceId | None


@dataclass(frozen=True, slots=True)
class Found:
    """What stands in one text, in its order. A Device ID may stand there twice; a line has at most one fault."""

    sightings: tuple[Sighting, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        """The Device IDs, in order."""
        return tuple(s.device for s in self.sightings if s.device is not None)

    @property
    def holds_code(self) -> bool:
        """Whether an install code stands in it."""
        return any(s.device is None for s in self.sightings)


# Text ───────────────────────────────────────────────────────────────────────────────────────────────


def scan(text: str) -> Found:
    """Everything of ours in `text`."""
    text = plain(text)
    if not may_hold_any(text):
        return Found()
    parted = _part(text)
    alone = [Sighting(line, device) for line, device in parted.alone.items()]
    found = _search(own(parted.rest)) if parted.searched else Found()
    sightings = tuple(sorted((*found.sightings, *alone), key=lambda sighting: sighting.line))
    return Found(sightings, (*found.faults, *hashes(text)))


def _search(rest: str) -> Found:
    """Everything in a plain text of our own tokens."""
    lines = Lines(rest)
    places, rest = _take_codes(rest)
    spots, faults = _devices(rest, lines)
    spots = sorted((*spots, *((at, None) for at in places)), key=lambda spot: spot[0])
    sightings = tuple(Sighting(lines.of(at), device) for at, device in spots)
    faults.extend(near_misses(DEVICE.sub(blanked, rest), lines))
    return Found(sightings, _one_a_line(faults, {s.line for s in sightings if s.device is not None}))


def _one_a_line(faults: list[Fault], with_device: set[int]) -> tuple[Fault, ...]:
    """The surest fault of each line, with all that is surely wrong in it; beside a Device ID only sure ones."""
    chosen: dict[int, Fault] = {}
    for fault in sorted(faults, key=lambda fault: not fault.sure):
        first = chosen.get(fault.line)
        if first is None:
            if fault.sure or fault.line not in with_device:
                chosen[fault.line] = fault
        elif fault.sure and fault.why not in first.why:
            chosen[fault.line] = replace(first, why=f"{first.why}; and another one: {fault.why}")
    return tuple(chosen[line] for line in sorted(chosen))


@dataclass(frozen=True, slots=True)
class _Parted:
    """A plain text, of which little is left to search: most lines are words, and most Device IDs stand alone."""

    alone: dict[int, DeviceId]
    """Line -> the Device ID that is all of it, in one of the two usual forms, and goes with no other line."""
    rest: str
    """All else that is of note; a line of `alone` is blanked."""
    searched: bool
    """Something may be found in `rest`."""


def _part(text: str) -> _Parted:
    lines = text.split("\n")
    noted = lines_of_note(text)
    alone: dict[int, DeviceId] = {}
    before = -1  # of note, and no Device ID alone: the next line may be its end
    for number in noted:
        continues = before == number - 1 and before >= 0
        continues = continues or (number > 0 and lines[number - 1].endswith("-"))
        device = None if continues else exact(lines[number])
        if device is None:
            before = number
        else:
            alone[number] = device
    kept = emptied_but_near(lines, noted, beside=1)
    for number in alone:
        kept[number] = BLANK * len(kept[number])
    rest = "\n".join(kept)
    beside = len(noted) > len(alone) or rest.count("-") + rest.count(":") >= LEAST_JOINTS
    return _Parted(alone, rest, beside and may_hold_any(rest))


def without_identifiers(text: str) -> str:
    """What is of note in a plain text, with Device IDs, codes, other identifiers and web and mail addresses blanked out."""
    parted = _part(text)
    rest = own(parted.rest)
    return DEVICE.sub(blanked, _take_codes(rest)[1]) if parted.searched else rest


def without_codes(text: str) -> str:
    """Plain `text` with every install code blanked out, its length kept."""
    return _take_codes(text)[1]


def holds_code(text: str) -> bool:
    """Whether an install code stands in `text`."""
    return bool(_take_codes(own(plain(text)))[0])


def code_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Where install codes begin and end in plain `text`, in order; those broken over lines between groups included."""
    spans = [match.span() for match in CODE.finditer(text)]
    return tuple(sorted((*spans, *_wrapped_fours(CODE.sub(blanked, text)))))


def references(text: str) -> tuple[str, ...]:
    """Our references (IC-XXXXXXXX) in `text`, in canonical form: O is read as 0, I and L as 1 (Crockford)."""
    text = plain(text)
    if not any(sign in text for sign in _IN_REFERENCES):
        return ()
    found = (m[1].upper().translate(str.maketrans("OIL", "011")) for m in _REFERENCE.finditer(text))
    return tuple(dict.fromkeys(f"IC-{name}" for name in found if all(c in CROCKFORD for c in name)))[:20]


# Codes ──────────────────────────────────────────────────────────────────────────────────────────────


def _take_codes(text: str) -> tuple[list[int], str]:
    """(where codes begin, the text without them), those broken over lines between groups of four included."""
    places: list[int] = []

    def take(match: re.Match[str]) -> str:
        places.append(match.start())
        return blanked(match)

    text = CODE.sub(take, text)
    pieces, done = [], 0
    for start, end in _wrapped_fours(text):
        places.append(start)
        pieces += [text[done:start], re.sub(r"[^\n]", BLANK, text[start:end])]
        done = end
    return places, "".join((*pieces, text[done:]))


def _wrapped_fours(text: str) -> Iterator[tuple[int, int]]:
    """Spans of eight or nine groups of four on several lines; four and four may be two Device IDs, and are mostly left."""
    for match in FOURS.finditer(text):
        if "\n" not in match[0]:
            continue
        lines = [(m.start() + match.start(), m.end() + match.start()) for m in re.finditer(r"[^\n]+", match[0])]
        counts = [len(text[start:end].split()) for start, end in lines]
        if counts in ([4, 4], [4, 4, 1], [4, 5]) and _stands_below_device(match):
            yield match.span()
            continue
        first = 0
        while first < len(lines):
            last = _code_lines(counts, first)
            if last:
                yield lines[first][0], lines[last][1]
            first = (last or first) + 1


def _stands_below_device(fours: re.Match[str]) -> bool:
    """Two lines right below a Device ID that is written otherwise, and that do not begin alike, as one maker's IDs do."""
    first, second = (line.split()[0] for line in fours[0].split("\n")[:2])
    return first != second and bool(_DEVICE_ABOVE.search(fours.string, max(0, fours.start() - 60), fours.start()))


def _code_lines(counts: list[int], first: int) -> int:
    """The last line of the wrapped code that begins on line `first`; 0: none does."""
    total = counts[first]
    if total >= 8 or counts[first : first + 2] == [4, 4]:
        return 0
    for last in range(first + 1, len(counts)):
        total += counts[last]
        if total >= 8:
            return last if total in (8, 9) else 0
    return 0


# Device IDs ─────────────────────────────────────────────────────────────────────────────────────────


def _devices(text: str, lines: Lines) -> tuple[list[Spot], list[Fault]]:
    """(Device IDs and wrapped codes with their offsets, what has the form of a Device ID and cannot be one)."""
    matches = list(DEVICE.finditer(text))
    halves = _halves(matches, text)
    spots: list[Spot] = [(matches[first].start(), None) for first in halves]
    faults = []
    for number, match in enumerate(matches):
        if number in halves or number - 1 in halves:
            continue
        device = canonical_of(match[0])
        if why := _doubt(match, device, text):
            faults.append(Fault(lines.of(match.start()), why, match[0], sure=why != ALL_DIGITS))
        else:
            spots.append((match.start(), device))
    return spots, faults


def canonical_of(token: str) -> DeviceId:
    """The Device ID of a text that has the form of one (`forms.DEVICE`)."""
    digits = re.sub(r"[^0-9A-Fa-fxX]", "", token)
    return canonical(digits[2:] if digits[1] in "xX" else digits)


def _doubt(match: re.Match[str], device: DeviceId, text: str) -> str:
    """Why something in the form of a Device ID cannot be taken for one; empty: it can."""
    token = match[0]
    if device in _UNUSABLE:
        return PLACEHOLDER
    if not re.fullmatch(r"[0-9 ]+", token):
        return ""
    if " " in token:
        return ALL_DIGITS
    before, behind = text[max(0, match.start() - 2) : match.start()], text[match.end() : match.end() + 2]
    fraction = re.fullmatch(r"[0-9][.,]", before) or re.fullmatch(r"[.,][0-9]", behind)
    return SHORTENED if fraction or _rounded(token) else ""


def _rounded(digits: str) -> bool:
    """Sixteen decimal digits as a spreadsheet leaves them: no leading zero, and only fifteen digits are kept."""
    return digits[0] != "0" and digits[-1] == "0"


def _halves(matches: list[re.Match[str]], text: str) -> set[int]:
    """The first of each two matches that are the two lines of one code, by what stands before the first."""
    halves: set[int] = set()
    for number, (first, second) in enumerate(itertools.pairwise(matches)):
        between = text[first.end() : second.start()]
        if number - 1 in halves or between.count("\n") != 1 or between.strip() or not _alone(second, text):
            continue
        start = text.rfind("\n", 0, first.start()) + 1
        before = text[max(start, first.start() - 80) : first.start()]
        after_device = number > 0 and matches[number - 1].start() >= start
        named = _CODE_BEFORE.search(before) and not _ASKED_BEFORE.search(before)
        if (after_device or named) and re.sub(HEX, "", first[0]) == re.sub(HEX, "", second[0]):
            halves.add(number)
    return halves


def _alone(match: re.Match[str], text: str) -> bool:
    end = text.find("\n", match.end())
    return not text[match.end() : end if end >= 0 else len(text)].strip()


# One cell ───────────────────────────────────────────────────────────────────────────────────────────


def exact(cell: str) -> DeviceId | None:
    """The Device ID that a cell holds in one of the two usual forms and nothing else; fast, for large sheets."""
    if len(cell) == 23:
        device = DeviceId(cell.upper()) if _WHOLE.fullmatch(cell) else None
    elif len(cell) == 16 and _BARE.fullmatch(cell) and not (cell.isdigit() and _rounded(cell)):
        device = canonical(cell)
    else:
        return None
    return None if device in _UNUSABLE else device


def whole_cell(cell: str) -> DeviceId | None:
    """The Device ID of a cell that is meant for one: it may be broken over lines, and grouped in any way."""
    text = plain(cell).strip()
    device = device_id(text)
    if device is None or device in _UNUSABLE:
        return None
    if re.search("[A-Fa-f]", text) or re.fullmatch(r"0[0-9]{15}|[0-9]{15}[1-9]", text):
        return device
    return device if DEVICE.fullmatch(text) and not text.isdigit() else None


def what_is_wrong(cell: str) -> str:
    """Why a cell that is meant for a Device ID holds none, in words for its writer."""
    text = plain(cell).strip()
    digits = re.sub(r"[\s\-:.]", "", text)
    if re.fullmatch(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,3}|[0-9]+[.,][0-9]+|[1-9][0-9]{14,}0", text):
        return SHORTENED
    if re.fullmatch(r"[0-9]{13}", digits):
        return "this looks like an MPAN; please send the Device ID only"
    if re.fullmatch(r"[0-9]{10,15}", digits):
        return f"{wrong_length(len(digits))} (format the column as text: a spreadsheet drops leading zeros)"
    if re.fullmatch(rf"{HEX}{{8,}}", digits) and len(digits) != 16:
        return wrong_length(len(digits))
    faults = scan(text).faults
    return faults[0].why if faults else NO_DEVICE
