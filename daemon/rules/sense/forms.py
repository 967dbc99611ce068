"""How Device IDs, codes and what must not be taken for them are written: plain text, and the patterns.

Each pattern begins only where a token begins and has bounded repeats, so that all of them are linear.

Source: the textual forms of the domain notes §1 and §2.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence

TURNING = "\u202b\u202e\u2067"
"""Characters after which digits are shown in another order than they stand."""
COMBINING = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_DASHES = "\u02d7\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u2796\ufe58\ufe63\uff0d"
_BLANKS = "\t\r\u00a0\u1680\u202f\u205f\u3000"
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u200b\u200c\u200d\u200e\u200f"
    "\u202a\u202c\u202d\u2060\u2061\u2062\u2063\u2064\u2066\u2068\u2069\u3164\ufeff\uffa0"
)
_PLAIN: dict[int, str | None] = {
    **dict.fromkeys(map(ord, _DASHES), "-"),
    **dict.fromkeys(map(ord, _BLANKS), " "),
    **dict.fromkeys(range(0x2000, 0x200B), " "),
    **dict.fromkeys(map(ord, "\x0b\x0c\x85\u2028\u2029"), "\n"),
    **dict.fromkeys(map(ord, "\ua789\u2236\ufe55\uff1a"), ":"),
    **dict.fromkeys(map(ord, "\u00b7\u2024\u2027\uff0e"), "."),
    **dict.fromkeys(map(ord, _INVISIBLE), None),
    **dict.fromkeys(range(0xFE00, 0xFE10), None),
    **dict.fromkeys(range(0xE0000, 0xE0080), None),
}


def plain(text: str) -> str:
    """`text` with the dashes, blanks and invisible characters that mail programs put in made plain. Lines stay."""
    if text.isascii() and not ("\t" in text or "\r" in text or "\x0b" in text or "\x0c" in text):
        return text
    return text.translate(_PLAIN)


def one_kind_of_line_break(text: str) -> str:
    """`text` with whatever else breaks a line in `plain` made a line feed, all else as it is: its lines are those of `plain`."""
    return re.sub("[\x0b\x0c\x85\u2028\u2029]", "\n", text)


HEX = "[0-9A-Fa-f]"


def kinds_table(**kinds: str) -> bytes:
    """For `bytes.translate`: each of these characters becomes the letter named, a line end stays, any other is a blank."""
    named = {character: kind for kind, characters in kinds.items() for character in characters}
    return bytes(ord(named.get(chr(octet), "\n" if octet == 10 else " ")) for octet in range(256))


_KINDS = kinds_table(d="0123456789", h="ABCDEFabcdef", j="-:. ")
"""Digits, the letters that stand beside them, joints."""
_LETTERS_ALONE = re.compile(rb"hh(?:h{8}|j{1,3}(?:hhj{1,3}){2}|hhj{1,3}h{4})")
"""What stands in every Device ID, code or near miss that is written without one digit, by `_KINDS`."""


def of_note(text: str, *, beside: int) -> str:
    """Plain `text`, its lines kept, but those emptied in which nothing of ours can stand, nor so many lines off.

    Most lines of most mails are words: no pattern needs to look at them, and each look costs more than all of this.
    """
    return "\n".join(emptied_but_near(text.split("\n"), lines_of_note(text), beside))


def lines_of_note(text: str) -> list[int]:
    """In which lines (from 0) of a plain text something of ours may stand.

    Its kinds of characters are looked at: to have them of the whole text costs less than to ask a pattern of one line.
    """
    kinds = text.encode("ascii", "replace").translate(_KINDS)
    lines = enumerate(kinds.split(b"\n"))
    if text.isascii() and not _LETTERS_ALONE.search(kinds):  # most mail
        return [number for number, kind in lines if b"d" in kind]
    plain_ascii = [line.isascii() for line in text.split("\n")]
    return [n for n, kind in lines if b"d" in kind or not plain_ascii[n] or _LETTERS_ALONE.search(kind)]


def emptied_but_near(lines: Sequence[str], noted: Sequence[int], beside: int) -> list[str]:
    """`lines`, all emptied but those noted and so many beside each of them."""
    kept = [""] * len(lines)
    for number in noted:
        near = slice(max(0, number - beside), number + beside + 1)
        kept[near] = lines[near]
    return kept


_START = rf"(?={HEX}[0-9A-Fa-fxX])(?<![^\W_])(?<![{TURNING}])"
_END = rf"(?![^\W_]|[{TURNING}{COMBINING}])"
_JOINTS = {"-": r"-\n? {0,4}", ":": ":", r"\.": r"\.", " ": " ", " - ": " - "}
"""Separator -> what stands between two groups. Only a hyphen may be followed by a line break: it says "goes on"."""


def _groups(size: int, *counts: int) -> str:
    """Exactly so many groups of `size` hex digits, all joined alike, and no group more before or behind."""
    one = f"{HEX}{{{size}}}"
    more = {separator: one if size == 2 or " " in separator else f"{HEX}{{1,40}}" for separator in _JOINTS}
    return "|".join(
        rf"(?<!(?<![^\W_]){one}{separator}){one}(?:{joint}{one}){{{count - 1}}}(?!{separator}{more[separator]}{_END})"
        for separator, joint in _JOINTS.items()
        for count in counts
    )


_IN_A_CODE = r"[0-9A-Fa-fxX \-:.]"
_LONG = rf"(?={_IN_A_CODE}{{32}}|{_IN_A_CODE}*+(?<=-)\n)"
"""What begins no run as long as a code, nor one that goes on in the next line: told before any form is tried."""
CODE = re.compile(
    rf"{_START}{_LONG}(?:0[xX])?(?:{HEX}{{36}}|{HEX}{{32}}(?:[ \-]{HEX}{{4}})?|{_groups(4, 9, 8)}|{_groups(2, 18, 16)}"
    rf"|{HEX}{{8}}(?P<eight>[ \-:.])(?:{HEX}{{8}}(?P=eight)){{2}}{HEX}{{8}}(?:(?P=eight){HEX}{{4}})?){_END}"
)
"""An install code of 32 hex digits, or 36 with its check."""
DEVICE = re.compile(rf"{_START}(?:0[xX])?(?:{HEX}{{16}}|{_groups(2, 8)}|{_groups(4, 4)}){_END}")
"""A Device ID, in a text from which codes were taken out."""
SPOT = "§"
"""Stands for a Device ID where clauses are read that say something of one."""
NAMED_DEVICE = rf"(?:{SPOT}|[0-9a-f]{{2}}(?:[\-: ]?[0-9a-f]{{2}}){{7}})"
"""Within a pattern that is looked for in small letters: a Device ID, or what stands for one."""
FOURS = re.compile(rf"{_START}{HEX}{{4}}(?:(?: | ?\n {{0,4}}){HEX}{{4}})+{_END}")
"""Groups of four over one or several lines."""
LOOSE_CODE = re.compile(rf"(?<![^\W_]){HEX}(?:[ \-:./_|]?{HEX}){{19,}}")
"""Twenty hex digits and more, however they are strung together: for masking, where too much does no harm."""

_EUI = rf"(?:{HEX}{{2}}(?:-{HEX}{{2}}){{7}}|{HEX}{{16}})"
_LINK = re.compile(r"https?://[^\s<>\"]+")
_WEB = re.compile(r"www\.[^\s<>\"]+")
_UUID = re.compile(rf"{_START}{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}{_END}")
_REQUEST_ID = re.compile(rf"{_START}{_EUI}:\n?{_EUI}:\n?[0-9]{{1,20}}{_END}")
_LOCAL = r"[^\s<>@,;:()\"\[\]]"
_ADDRESS = re.compile(rf"(?<!{_LOCAL})(?:{_LOCAL}*+@[\w.\-]*+)+")
_NOT_OURS = ((_LINK, "://", 1), (_WEB, "www.", 1), (_UUID, "-", 4), (_REQUEST_ID, ":", 2), (_ADDRESS, "@", 1))
"""With what stands in each of them, and how often: to look for that is much faster."""
BLANK = "\x1f"


def blanked(match: re.Match[str]) -> str:
    """As long as the match, its line breaks kept."""
    token = match[0]
    return BLANK * len(token) if "\n" not in token else re.sub(r"[^\n]", BLANK, token)


def own(text: str) -> str:
    """Plain `text` without web and mail addresses, Message-IDs, UUIDs and DUIS RequestIDs: none of them is ours."""
    for pattern, sign, times in _NOT_OURS:
        if sign in text and text.count(sign) >= times:
            text = pattern.sub(blanked, text)
    return text


class Lines:
    """Which line (from 0) an offset of a text lies in."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(m.end() for m in re.finditer("\n", text))]

    def of(self, offset: int) -> int:
        """The line of `offset`."""
        return bisect_right(self._starts, offset) - 1
