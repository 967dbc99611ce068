"""Answers typed into the letter that is quoted: what was added to the lines of asked devices, and nothing else.

Our letters name the devices that we ask for alone on their lines, and never hold one of their codes. So a line that holds
more, or a code right below one, is theirs; all other lines are ours, or history, and are not read.
"""

import re

from daemon.rules.answers import outcomes as answer_outcomes
from daemon.rules.answers.codes import Wanted
from daemon.rules.answers.prose import MAX_TEXT, Prose, Reader
from daemon.rules.answers.spots import Spot, masked, spots
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


def read(text: str, reader: Reader) -> Prose:
    """What was added to the quoted letter. Of devices that we did not ask for nothing is read."""
    if not text.strip():
        return Prose()
    letter = first_level(text)
    added = _added(letter, reader)
    if not added.strip():
        return Prose()
    prose = reader.read(added, lambda line: f"line {line + 1} of what they quote")
    said = [one for one in prose.said if one.device in reader.terms.wanted]
    return Prose(said=said)


def _added(letter: str, reader: Reader) -> str:
    """The lines of asked devices that hold more, and the lone ones with the code or the answer below them."""
    found = spots(letter, reader.terms.wanted)
    lines, rest = letter.split("\n"), masked(letter, found).split("\n")
    at = Lines(own(plain(letter)))
    by_line: dict[int, list[Spot]] = {}
    for spot in found:
        by_line.setdefault(at.of(spot.start), []).append(spot)
    kept = dict.fromkeys(range(0))
    above, gap = -1, False
    for number, line in enumerate(lines):
        held = by_line.get(number, [])
        if _names(held, reader.terms.wanted):
            above, gap = number, False
            if any(spot.spelled for spot in held) or not _LABELS.fullmatch(rest[number].replace(BLANK, "")):
                kept[number] = None
        elif above >= 0 and line.strip():
            if _answers(rest[number].replace(BLANK, " "), held, reader, gap=gap):
                kept[above] = kept[number] = None
            elif held or gap:
                above = -1
        else:
            gap = gap or not line.strip()
    return "\n".join(line if number in kept else "" for number, line in enumerate(lines))


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
