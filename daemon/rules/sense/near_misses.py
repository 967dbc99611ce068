"""What a person would take for a Device ID and is none: what is wrong with it, in words for its writer.

Nothing here guesses what was meant. A fault that is not `sure` may well be something else (a serial number), and
counts only on a line where no Device ID stands.
"""

import re
import string
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from daemon.rules.sense.forms import COMBINING, DEVICE, HEX, TURNING, Lines, blanked, kinds_table

SHORTENED = "a spreadsheet changed this number: format the column as text, or write the Device ID with hyphens"
FOREIGN = "it holds characters that are not the plain digits 0-9 and letters A-F, though they may look like them"
LETTERS = "it holds something other than the digits 0-9 and the letters A-F (a letter O for a 0, or I or l for a 1?)"
ALL_DIGITS = "it may be a Device ID or just numbers: please write it with hyphens"

ODD_GROUPS = "its digits are grouped or separated in a way that we do not read: please write eight pairs with hyphens"
NO_GAP = "a word stands right before it: please write the Device ID alone"
TOO_NARROW = "a spreadsheet shows # where a column is too narrow: widen it and copy the Device ID again"

_SCIENTIFIC = re.compile(r"(?<![\w.,])[0-9](?:(?:[.,][0-9]{1,16})?[eE]\+|[.,][0-9]{1,16}[eE])([0-9]{1,3})(?!\w)")
_HASHES = re.compile(r"^[ \t]*#{5,24}[ \t]*$", re.MULTILINE)
_PAIRS = re.compile(r"(?<![^\W_])(?<![\-:])[^\W_]{2}(?:([\-:])[^\W_]{2}(?:(?=\1)|(?![^\W_]))){5,9}(?![^\W_])")
LEAST_JOINTS = 5
"""So many hyphens or colons stand in whatever is nearly a Device ID and has no digit."""
_SPACED = re.compile(rf"(?<![^\W_])(?={HEX})(?<!{HEX} ){HEX}{{2}}(?: {HEX}{{2}}){{6,9}}(?!\w| {HEX}{{2}}(?!\w))")
_BARE = re.compile(r"(?<![\w\-])(?:0[xX])?[^\W_]{14,17}(?![\w\-])")
_ODD = re.compile(
    rf"(?<![^\W_])(?<!{HEX}[\-:./])(?={HEX}{{1,16}}[ \-:./\\_~|,]){HEX}{{1,16}}(?: ?[\-:./\\_~|,] ?{HEX}{{1,16}}| {{1,2}}{HEX}{{1,16}}){{1,17}}(?![^\W_]|[\-:./]{HEX})"
)
"""Hex digits in groups of any size; whether they are sixteen or nearly is counted."""
_GLUED = re.compile(rf"(?<![\w\-])(?=[A-Fa-f]{{0,9}}[G-Zg-z])[A-Za-z]{{2,10}}?({HEX}{{16}})(?![\w\-])")
_OTHER_FOURTEEN = re.compile(r"(?:0|(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2]))[0-9]+\Z")
"""A telephone number, or a time down to the second; a number that lost its leading zeros begins with none."""
_NAMED_OTHERWISE = re.compile(
    r"\b(?:serials?|s/n|sn|msns?|mp[ar]ns?|mpxns?|refs?|reference|tel|telephone|phone|mob|mobile|fax|orders?|tickets?|cases?|accounts?|jobs?"
    r"|invoices?|po|imei|iccid|sim|vat|company|card|uuid|hash|sha|mac|ip|version|firmware)\b",
    re.IGNORECASE,
)
"""In a line with one of these, what is unlike a Device ID is something else."""
_IN_GROUPS = kinds_table(o=string.hexdigits + "xXOoIlL|-:. \n?_/\\~,")
"""Of these all Device IDs and codes in groups are made, and what looks like one; `?` stands for all that is not ASCII."""
_BARE_ONES = kinds_table(o=string.ascii_letters + string.digits + "|?")
_IN_FEW_GROUPS, _HEX_ONES = kinds_table(o=string.hexdigits + "-:./\\_~|, "), kinds_table(o=string.hexdigits)
"""Sixteen in two or three groups, and fourteen in one, are shorter than the others: of fewer characters, as words and telephone numbers are not."""
_LEAST_IN_GROUPS, _LEAST_BARE, _LEAST_IN_FEW, _LEAST_HEX = b"o" * 19, b"o" * 15, b"o" * 17, b"o" * 14
_LEAST_DIGITS, _LEAST_DIGITS_BARE = 4, 8
"""So many true digits has what is taken for a near miss: one with joints, and one without."""
_LOOKALIKE = frozenset("OoIlL")


@dataclass(frozen=True, slots=True)
class Fault:
    """A near miss, and its line, from 0."""

    line: int
    why: str
    token: str = field(repr=False)
    sure: bool = True

    @property
    def shaped(self) -> bool:
        """It has the form of a Device ID: nothing else can have been meant, whatever the words around it."""
        return self.sure and self.why != SHORTENED


class _Fold(dict[int, str | None]):
    """Foreign characters to the hex digit that they look like or stand for; what turns or adorns is left out."""

    def __missing__(self, point: int) -> str | None:
        self[point] = value = _fold(chr(point))
        return value


_HOMOGLYPHS = dict(zip("АВСЕасеΑΒΕѕԁОоΟο", "ABCEaceABE5dOoOo", strict=True))
_ADORNING = re.compile(f"[{COMBINING}{TURNING}]")
_FOLD = _Fold()
_LETTERS = str.maketrans("OoIlL|", "001111")


def _fold(character: str) -> str | None:
    if character.isascii():
        return character
    if _ADORNING.match(character):
        return None
    if (digit := unicodedata.digit(character, None)) is not None:
        return str(digit)
    base = unicodedata.normalize("NFKD", character)[:1]
    return base if re.fullmatch(HEX, base) else _HOMOGLYPHS.get(character, character)


def may_hold_any(text: str) -> bool:
    """Whether a Device ID, a code or a near miss can stand in a plain text, by what they all have, which is told fast."""
    if text.count("-") + text.count(":") >= LEAST_JOINTS or "#####" in text or _holds_power(text):
        return True
    octets = text.encode("ascii", "replace")
    if _LEAST_IN_GROUPS in octets.translate(_IN_GROUPS) or _LEAST_BARE in octets.translate(_BARE_ONES):
        return True
    return _LEAST_IN_FEW in octets.translate(_IN_FEW_GROUPS) or _LEAST_HEX in octets.translate(_HEX_ONES)


def near_misses(text: str, lines: Lines) -> Iterator[Fault]:
    """The faults of a plain text from which Device IDs and codes were taken out; `lines` are its lines."""
    folded = text if text.isascii() else text.translate(_FOLD)
    if folded != text:
        yield from _looks_like(folded, folded, FOREIGN)
    digits = sum(map(folded.count, "0123456789"))  # told much faster than any pattern is tried
    if digits >= _LEAST_DIGITS:
        folded = DEVICE.sub(blanked, folded)
        yield from _looks_like(folded.translate(_LETTERS), folded, LETTERS)
    if text.count("-") + text.count(":") >= LEAST_JOINTS:
        yield from _wrong_pairs(text, lines)
    if digits:
        yield from _wrongly_spaced(text, lines)
    if digits >= _LEAST_DIGITS_BARE:
        yield from _wrong_tokens(text, lines)
        yield from _oddly_grouped(text, lines)
    if _holds_power(text):
        yield from _shortened(text, lines)


def _holds_power(text: str) -> bool:
    """One of these stands in each shortened number that may have been a Device ID."""
    return "E+" in text or "e+" in text or "E1" in text or "e1" in text  # any() costs three times as much


def hashes(text: str) -> Iterator[Fault]:
    """The lines in which a spreadsheet showed nothing of a number."""
    if "#####" in text:
        lines = Lines(text)
        for match in _HASHES.finditer(text):
            yield Fault(lines.of(match.end()), TOO_NARROW, match[0].strip(), sure=False)


def _looks_like(folded: str, text: str, why: str) -> Iterator[Fault]:
    """What has become a Device ID by folding `text`, as long, and has some true digits: no word has."""
    lines = Lines(folded)
    for match in DEVICE.finditer(folded):
        if len(re.findall("[0-9]", text[match.start() : match.end()])) >= _LEAST_DIGITS:
            yield Fault(lines.of(match.start()), why, match[0])


def _wrong_pairs(text: str, lines: Lines) -> Iterator[Fault]:
    for match in _PAIRS.finditer(text):
        pairs = re.split(r"[\-:]", match[0])
        odd = re.sub(rf"{HEX}|[\-:]", "", match[0])
        if not odd and len(pairs) != 8:
            yield Fault(lines.of(match.start()), _so_many_pairs(len(pairs)), match[0], sure=len(pairs) in (7, 9))
        elif 0 < len(odd) <= 4 and len(pairs) == 8 and not set(odd) <= _LOOKALIKE:
            yield Fault(lines.of(match.start()), LETTERS if odd.isascii() else FOREIGN, match[0])


def _wrongly_spaced(text: str, lines: Lines) -> Iterator[Fault]:
    for match in _SPACED.finditer(text):
        if re.search("[A-Fa-f]", match[0]) and re.search("[0-9]", match[0]):
            yield Fault(lines.of(match.start()), _so_many_pairs(len(match[0].split())), match[0], sure=False)


def _wrong_tokens(text: str, lines: Lines) -> Iterator[Fault]:
    for match in _BARE.finditer(text):
        token = match[0][2:] if match[0][1] in "xX" else match[0]
        why = _wrong_bare(token)
        if why and (len(token) > 14 or not _NAMED_OTHERWISE.search(_line_of(text, match))):
            yield Fault(lines.of(match.start()), why, match[0], sure=False)
    for match in _GLUED.finditer(text):
        if _true_digits(match[1]) >= _LEAST_DIGITS_BARE:
            yield Fault(lines.of(match.start()), NO_GAP, match[0], sure=False)


def _oddly_grouped(text: str, lines: Lines) -> Iterator[Fault]:
    for match in _ODD.finditer(text):
        token = re.sub(r"\A(?:[A-Fa-f]+[ ,]+)+|(?:[ ,]+[A-Fa-f]+)+\Z", "", match[0])
        why, sure = _wrong_groups(token)
        if why and (sure or not _NAMED_OTHERWISE.search(_line_of(text, match))):
            yield Fault(lines.of(match.start()), why, match[0], sure=sure)


def _wrong_groups(token: str) -> tuple[str, bool]:
    """(what is wrong with so many groups of hex digits, whether nothing else can have been meant); ("", False): they are none."""
    groups = re.findall(rf"{HEX}+", token)
    sizes, total = set(map(len, groups)), sum(map(len, groups))
    joints = set(re.sub(rf"{HEX}", "", token))
    odd = sum(len(group) % 2 for group in groups)
    alike = len(joints - {" "}) <= 1 and (odd <= 1 or sizes == {1}) and ", " not in token
    letters = re.search("[A-Fa-f]", token)
    if not (
        14 <= total <= 18
        and len(token) >= len(_LEAST_IN_FEW)
        and alike
        and letters
        and _true_digits(token) >= _LEAST_DIGITS_BARE
    ):
        return "", False
    sure = total == 16 and " " not in joints and sizes <= {2, 4, 6, 8} and len(groups) > 2
    return (ODD_GROUPS if total == 16 else wrong_length(total)), sure


def _line_of(text: str, match: re.Match[str]) -> str:
    start, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.end())
    return text[max(start, match.start() - 60) : match.end() + 20 if end < 0 else min(end, match.end() + 20)]


def _true_digits(token: str) -> int:
    return sum(map(token.count, "0123456789"))


def _shortened(text: str, lines: Lines) -> Iterator[Fault]:
    for match in _SCIENTIFIC.finditer(text):
        if int(match[1]) >= 13:
            yield Fault(lines.of(match.start()), SHORTENED, match[0])


def _so_many_pairs(number: int) -> str:
    return f"it has {number} pairs of digits; a Device ID has 8"


def _wrong_bare(token: str) -> str:
    odd = re.sub(HEX, "", token)
    digits = _true_digits(token)
    if len(token) == 16 and 0 < len(odd) <= 2 and digits >= _LEAST_DIGITS_BARE and not set(odd) <= _LOOKALIKE:
        return LETTERS if odd.isascii() else FOREIGN
    if len(token) == 14 and _OTHER_FOURTEEN.match(token):
        return ""
    return wrong_length(len(token)) if len(token) in (14, 15, 17) and not odd and digits >= _LEAST_DIGITS_BARE else ""


def wrong_length(number: int) -> str:
    """What is wrong with so many digits."""
    return f"it has {number} digits; a Device ID has 16"
