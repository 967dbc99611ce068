"""Where Device IDs and codes stand in what another supplier answers, right or wrong: in a text, or in a cell of a table."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from daemon.rules.answers.codes import (
    CHECK_CALLED_SO,
    JOINTS,
    MANGLED,
    NOT_HEX,
    SCIENTIFIC,
    TWO_CODES,
    Spelled,
    Wanted,
    spelled,
    with_check,
)
from daemon.rules.identifiers import DeviceId, canonical
from daemon.rules.sense.forms import BLANK, DEVICE, HEX, LOOSE_CODE, blanked, own, plain
from daemon.rules.sense.scanning import code_spans, exact, whole_cell

_LABEL = re.compile(
    rf"(?:\bZ:|\$A:)(?P<device>{HEX}{{16}})(?:\$[A-HJ-Z]:[^$\s]{{0,60}}){{0,4}}\$I:(?P<code>{HEX}{{8,64}})(?:[$%][^\s]{{0,80}})?"
)
"""The text of a QR code on a device: Z:<EUI>$I:<code and check>, G$M:...$A:<EUI>$I:<code>."""
_LABEL_HEAD = re.compile(r"\bG\$M:[^$\s]{0,60}")
_NEARLY = re.compile(
    r"(?<![^\W_])(?:[0-9A-Za-z]{32}(?:[0-9A-Za-z]{4})?|[0-9A-Za-z]{4}(?:(?P<joint>[ \-:])[0-9A-Za-z]{4})(?:(?P=joint)[0-9A-Za-z]{4}){6,7})"
    r"(?![^\W_])"
)
_CODE_BEFORE = re.compile(
    r"\b(?:code|key|ic)\b(?: (?:for|of) [^\n]{0,40}\x1f)?[ \t]{0,3}(?:is|was|=|:|-)?[ \t:]{0,3}\Z", re.IGNORECASE
)
_TAIL = re.compile(
    rf"(?P<sign>\.{{2,12}} ?-?|\u2026 ?-?|(?<![^\W_])[xX*]{{2,12}}[-: ]?|\b(?:ending|ends|ended)(?: (?:in|with))? ?[:\-]? ?[\"']?"
    rf"|\blast (?:two|four|six|eight|[2468])(?: (?:digits|characters|hex))?(?: (?:are|is|of))? ?:? ?)?"
    rf"(?<![^\W_])(?P<tail>{HEX}{{2}}(?:[\-:]?{HEX}{{2}}){{0,6}})(?![^\W_]|[\-:.,/][0-9A-Za-z])"
)
"""The end of a Device ID, with or without a sign that it is one."""
_CHECK_BEHIND = re.compile(
    rf"[ \t]{{0,3}}[,;(\[]?[ \t]{{0,3}}(?:\n[ \t\n]{{0,3}})?{CHECK_CALLED_SO}[)\]]?", re.IGNORECASE
)
_MAY_BE_CHECK = re.compile(
    rf"[ \t]{{0,3}}(?:[,;/(\[][ \t]{{0,3}}|\n[ \t]{{0,3}})(?P<check>{HEX}{{2}} ?{HEX}{{2}})[)\]]?(?![0-9A-Za-z])"
)
"""Four digits that are not called a check: they are one where they fit."""
_WORD_BEFORE = re.compile(r"[A-Fa-f]{1,8}[ \-:./_|]+")
_WORD_BEHIND = re.compile(r"[ \-:./_|]+[A-Fa-f]{1,8}\Z")
_BARE = re.compile(rf"(?<![\w\-:]){HEX}{{10,15}}(?![\w\-:])")


@dataclass(frozen=True, slots=True)
class Spot:
    """A Device ID (`partial`: only its end stood there), a code, or both (a label), at [start, end) of a text."""

    start: int
    end: int
    device: DeviceId | None = None
    spelled: Spelled | None = None
    partial: bool = False


def masked(text: str, found: list[Spot]) -> str:
    """Plain `text` with every spot and all that is not ours blanked out; as long as `own(plain(text))`."""
    return without(own(plain(text)), found)


def without(text: str, found: Iterable[Spot]) -> str:
    """`text` with the spots, which stand in order, blanked out; line breaks stay."""
    pieces, done = [], 0
    for spot in found:
        pieces += [text[done : spot.start], re.sub(r"[^\n]", BLANK, text[spot.start : spot.end])]
        done = max(done, spot.end)
    return "".join((*pieces, text[done:]))


def spots(text: str, wanted: Wanted) -> list[Spot]:
    """All Device IDs and codes of `text`, right or wrong, in order. Offsets are those of `own(plain(text))`.

    Each search takes what it finds out of the text: labels, asked devices, codes, other devices, what is nearly a code,
    the ends of asked devices' IDs.
    """
    taker = _Taker(own(plain(text)))
    taker.take(_LABEL, lambda m: Spot(m.start(), m.end(), canonical(m["device"]), spelled(m["code"])))
    taker.take(_LABEL_HEAD, lambda m: Spot(m.start(), m.end()))
    taker.take(DEVICE, lambda m: Spot(m.start(), m.end(), d) if (d := _canonical(m[0])) in wanted else None)
    taker.take_codes(code_spans(taker.text))
    taker.take_codes(_halves(taker.text))
    taker.take(DEVICE, _device_or_short_code)
    taker.take(_NEARLY, _nearly)
    taker.take(LOOSE_CODE, _loose)
    taker.take(SCIENTIFIC, lambda m: Spot(*m.span(), spelled=Spelled(fault=MANGLED)) if int(m[1]) >= 20 else None)
    if wanted.devices:
        taker.take(_BARE, lambda m: _bare(m, wanted))
        taker.take(_TAIL, lambda m: _tail(m, wanted))
    return sorted((spot for spot in taker.found if spot.device or spot.spelled), key=lambda spot: spot.start)


class _Taker:
    """A text that gets emptier with every find."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Spot] = []

    def take_codes(self, spans: Iterable[tuple[int, int]]) -> None:
        """Take the codes at `spans` out, which stand in order."""
        codes = [self._code(start, end) for start, end in spans]
        self.found.extend(codes)
        self.text = without(self.text, codes)

    def _code(self, start: int, end: int) -> Spot:
        """The code at [start, end), held against the check behind it where one stands there."""
        one = spelled(self.text[start:end])
        if one.code is None or one.checked:
            return Spot(start, end, spelled=one)
        if (behind := _CHECK_BEHIND.match(self.text, end)) is not None:
            return Spot(start, behind.end(), spelled=with_check(one, behind["check"]))
        behind = _MAY_BE_CHECK.match(self.text, end)
        checked = with_check(one, behind["check"]) if behind else one
        return Spot(
            start, behind.end() if behind and checked.checked else end, spelled=checked if checked.checked else one
        )

    def take(self, pattern: re.Pattern[str], spot_of: Callable[[re.Match[str]], Spot | None]) -> None:
        """Take out whatever `pattern` finds and `spot_of` makes a spot of."""

        def blank(match: re.Match[str]) -> str:
            spot = spot_of(match)
            if spot is None:
                return match[0]
            self.found.append(spot)
            before, behind = spot.start - match.start(), match.end() - spot.end
            gap = BLANK * (spot.end - spot.start) if "\n" not in match[0] else blanked(match)
            return (
                f"{match[0][:before]}{gap}{match[0][len(match[0]) - behind :]}" if before or behind else blanked(match)
            )

        self.text = pattern.sub(blank, self.text)


def _canonical(token: str) -> DeviceId:
    digits = re.sub(r"[^0-9A-Fa-fxX]", "", token)
    return canonical(digits[2:] if digits[1] in "xX" else digits)


def _halves(text: str) -> Iterator[tuple[int, int]]:
    """Codes that a mail program broke in the middle: the halves have the form of Device IDs, one below the other."""
    matches = [m for m in DEVICE.finditer(text) if " " in m[0] or "-" in m[0][:5]]
    last_end = -1
    for first, second in pairwise(matches):
        between = text[first.end() : second.start()]
        alike = re.sub(HEX, "", first[0]) == re.sub(HEX, "", second[0])
        if first.start() < last_end or not alike or between.strip(" -\n") or between.count("\n") != 1:
            continue
        start = text.rfind("\n", 0, first.start()) + 1
        if text[max(start, first.start() - 80) : first.start()].strip(" -\u2022*"):
            last_end = second.end()
            yield first.start(), last_end


def _device_or_short_code(match: re.Match[str]) -> Spot:
    """A device that was not asked for; sixteen digits that are called a code are one of the wrong length."""
    before = match.string[max(0, match.start() - 90) : match.start()]
    if _CODE_BEFORE.search(before.rpartition("\n")[2]):
        return Spot(*match.span(), spelled=spelled(match[0]))
    return Spot(*match.span(), device=_canonical(match[0]))


def _nearly(match: re.Match[str]) -> Spot | None:
    """As long as a code, and nearly all of it hexadecimal: no run of words is."""
    token = JOINTS.sub("", match[0])
    odd = len(re.sub(HEX, "", token))
    if not 0 < odd <= 6 or len(re.sub("[^0-9]", "", token)) < 8:
        return None
    return Spot(*match.span(), spelled=Spelled(fault=NOT_HEX))


def _loose(match: re.Match[str]) -> Spot | None:
    """Twenty digits and more in a row that are no code. Words of hexadecimal letters and telephone numbers are none."""
    text, start, end = match.string, *match.span()
    if text[end : end + 1].isalnum():
        end = max((text.rfind(joint, start, end) for joint in " -:./_|"), default=start)
    while (word := _WORD_BEFORE.match(text, start, max(start, end))) and not _is_of(
        word, text[word.end() : word.end() + 40]
    ):
        start = word.end()
    while (word := _WORD_BEHIND.search(text, max(start, end - 12), max(start, end))) and not _is_of(
        word, text[max(start, word.start() - 40) : word.start()]
    ):
        end = word.start()
    token = text[start : max(start, end)]
    digits = JOINTS.sub("", token)
    called = _CODE_BEFORE.search(text[max(0, start - 90) : start])
    if len(digits) < 20 or not (called or re.search("[A-Fa-f]", digits)) or not re.search("[0-9]", digits):
        return None
    return Spot(start, end, spelled=spelled(token))


def _is_of(word: re.Match[str], digits: str) -> bool:
    """Letters beside `digits` are of the same code, not a word: written large like its own, or one alone that is no "a"."""
    letters, own = re.sub("[^A-Za-z]", "", word[0]), re.sub("[^A-Za-z]", "", digits)
    return (letters.isupper() and own.isupper()) or (len(letters) == 1 and letters.upper() != "A")


def _bare(match: re.Match[str], wanted: Wanted) -> Spot | None:
    device = wanted.without_zeros(match[0])
    return Spot(*match.span(), device=device) if device else None


def _tail(match: re.Match[str], wanted: Wanted) -> Spot | None:
    """One pair of digits is enough only behind a sign; without one, three pairs are, or two joined with a letter in them."""
    tail, sign = match["tail"], match["sign"] or ""
    digits = re.sub("[^0-9A-Fa-f]", "", tail)
    joined = len(tail) > len(digits)
    if not sign and not (joined and (len(digits) >= 6 or (len(digits) == 4 and re.search("[A-Fa-f]", digits)))):
        return None
    if sign.endswith(" ") and not sign[0].isalpha() and len(digits) < 4:
        return None
    device = wanted.by_tail(digits)
    return Spot(*match.span(), device=device, partial=True) if device else None


# Cells ──────────────────────────────────────────────────────────────────────────────────────────────


def in_cell(cell: str, *, expected: bool) -> Spelled | None:
    """The code of a table's cell. `expected`: the cell is meant for one, so anything like it is one, right or wrong."""
    text = plain(cell).strip()
    if re.fullmatch(r"(?:0[xX])?[0-9A-Fa-f\s\-:._|/]+", text):
        count = len(JOINTS.sub("", text))
        if count >= 20 or (expected and count >= 8):
            return spelled(text)
        return None
    if (match := SCIENTIFIC.fullmatch(text)) is not None:
        return Spelled(fault=MANGLED) if expected or int(match[1]) >= 18 else None
    if len(text) < 20:
        return None
    found = [spot.spelled for spot in spots(text, Wanted(())) if spot.spelled is not None]
    good = [one for one in found if one.code is not None]
    if len(found) == 1 or (good and len(good) == len(found) and all(one.code == good[0].code for one in good)):
        return found[0]
    return Spelled(fault=TWO_CODES) if found else None


def devices_in_cell(cell: str, wanted: Wanted, *, expected: bool) -> list[tuple[DeviceId, bool]]:
    """The Device IDs of a cell, each with whether only its end stood there."""
    text = cell.strip()
    device = exact(text)
    if device is None and 16 <= len(text) <= 60:
        device = whole_cell(text)
    if device is not None:
        return [(device, False)]
    if expected and 16 < len(text) <= 200:
        found = spots(text, wanted)
        return [(spot.device, spot.partial) for spot in found if spot.device is not None]
    digits = JOINTS.sub("", plain(text[:60]).strip(" .*xX\u2026"))
    if not re.fullmatch(f"{HEX}{{4,15}}", digits) or not (expected or len(digits) >= 8):
        return []
    device = wanted.without_zeros(digits)
    partial = device is None
    device = device or wanted.by_tail(digits)
    return [(device, partial)] if device is not None else []
