"""What is new in a mail, what is quoted, what is handed on for us to read, and what is a signature.

Nothing quoted may ever become new. Where a line could be either, it is new: a device asked for twice
costs a repeated answer, a device overlooked costs a meter. Source: the reply habits of Outlook, Gmail,
Apple Mail, Thunderbird and Lotus Notes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

MAX_PATTERN_LINE = 1_000
"""A longer line is no header, no attribution and no marker; it is kept whole."""
_MAX_UNMARKED_RUNS = 20
_ATTRIBUTION = re.compile(
    r"\s*(?:(?:on|am|le|el|il|op|den|em)\b(?=.*[0-9@]).{4,300}?\b(?:wrote|writes|schrieb|a écrit|escribió|ha scritto|schreef|skrev|"
    r"escreveu)\b.{0,60}?:|.{3,200}<[^<>@\s]+@[^<>\s]+>\s+wrote:)\s*",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"\s*(?:-{2,}|_{2,})\s*(?:original message|original appointment|ursprüngliche nachricht|message d'origine|"
    r"mensaje original|reply message|reply to message)\s*(?:-{2,}|_{2,})\s*",
    re.IGNORECASE,
)
ORIGINAL = "-----Original Message-----"
"""The line that stands where HTML shows by its markup alone that a quotation begins."""
_FORWARD = re.compile(
    r"\s*(?:-{2,}\s*(?:forwarded (?:message|by .{0,200})|weitergeleitete nachricht|message transféré)\s*-*.{0,40}"
    r"|begin forwarded message:|start of forwarded message)\s*",
    re.IGNORECASE,
)
_FROM = re.compile(r"\s*\*?(?:from|von|de|da|van|från|fra)\s*:\s*\*?\s*\S.*", re.IGNORECASE)
_OTHER_FIELDS = re.compile(
    r"\s*\*?(?:sent|date|to|cc|bcc|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|para|asunto|importance|reply-to)"
    r"\s*:.*",
    re.IGNORECASE,
)
_FORWARD_SUBJECT = re.compile(r"\s*(?:\[[^\]]{0,40}\]\s*)?(?:fwd?|fw|wg|tr|rv|i|enc)\s*:", re.IGNORECASE)
_REPLY_SUBJECT = re.compile(
    r"\s*(?:\[[^\]]{0,40}\]\s*)?(?:re|aw|sv|antw|rép|ré|r|odp)\s*(?:\[[0-9]+\])?\s*:", re.IGNORECASE
)
_SIGN_OFF = re.compile(
    r"\s*(?:(?:kind|kindest|best|warm|warmest|many)?\s*regards|(?:many|with) thanks|thanks(?: again| in advance)?|thank you|"
    r"(?:thanks|thank you) (?:and|&) (?:kind |best )?regards|best wishes|all the best|best|cheers|yours (?:sincerely|faithfully)|"
    r"kr|br|rgds|sincerely)\s*[,.!]?\s*",
    re.IGNORECASE,
)
_SENT_FROM = re.compile(r"\s*(?:sent from my |get outlook for )", re.IGNORECASE)
_DEVICE_LIKE = re.compile(
    r"[0-9A-Fa-f][0-9A-Fa-f][\-: .\u2010-\u2015]?(?:[0-9A-Fa-f]{2}[\-: .\u2010-\u2015]?){6}[0-9A-Fa-f]{2}"
)
"""The first digit stands apart: only then does a search run from digit to digit."""
_OF_A_DEVICE = bytes(ord("o" if chr(octet) in "0123456789ABCDEFabcdef-: .?" else "\n") for octet in range(256))
"""For `bytes.translate`: what of a line may be part of one; `?` stands for the dashes that are not ASCII."""
_LEAST_OF_A_DEVICE = b"o" * 16
_SIGNATURE_LINES = 25


class Manner(Enum):
    """How a mail stands to others, by its subject and its In-Reply-To."""

    FRESH = auto()
    FORWARD = auto()
    REPLY = auto()
    FOLLOW_UP = auto()
    """It names a mail that it answers, yet its subject is its own."""


@dataclass(slots=True)
class Split:
    """The four kinds of text; each holds whole lines in their order."""

    new: list[str] = field(default_factory=list)
    quoted: list[str] = field(default_factory=list)
    signature: list[str] = field(default_factory=list)
    forwarded: list[str] = field(default_factory=list)
    woven: list[str] = field(default_factory=list)
    """Marked lines and what was typed between them, each where it stood; empty where nothing was."""


def manner_of(subject: str, *, answers: bool) -> Manner:
    """`subject` is decoded; `answers`: the mail names another one in In-Reply-To or References."""
    if _FORWARD_SUBJECT.match(subject):
        return Manner.FORWARD
    if _REPLY_SUBJECT.match(subject):
        return Manner.REPLY
    return Manner.FOLLOW_UP if answers else Manner.FRESH


def split(text: str, manner: Manner) -> Split:
    """`text` in its four kinds."""
    result = _Splitter(text, manner).run()
    result.new, result.signature = _cut_signature(result.new)
    return result


class _Splitter:
    """Walks over the lines once. `_target` takes what is not quoted: the new text, then what was handed on."""

    def __init__(self, text: str, manner: Manner) -> None:
        self._lines = text.split("\n")
        self._of_note = _of_note(text)
        self._manner = manner
        self._at = 0
        self._result = Split()
        self._target = self._result.new
        self._attributed = False
        """The last thing read says whose words follow."""
        self._unmarked_runs = 0
        self._woven: list[str] = []
        self._typed_from = 0
        """How many lines were new when the last marked one was quoted."""

    def run(self) -> Split:
        while self._at < len(self._lines):
            if self._attributed or self._of_note[self._at]:
                self._step()
            else:
                self._take_plain()
        self._weave()
        return self._result

    def _weave(self) -> None:
        """Note what was typed since the last marked line."""
        typed = self._result.new[self._typed_from :] if self._woven else []
        self._woven += typed
        if any(line.strip() for line in typed):
            self._result.woven = self._woven

    def _take_plain(self) -> None:
        """A run of lines at which nothing begins: most of a mail."""
        end = self._of_note.find(1, self._at)
        end = len(self._lines) if end < 0 else end
        self._target.extend(self._lines[self._at : end])
        self._at = end

    def _step(self) -> None:
        line = self._lines[self._at]
        if line.lstrip(" \t\xa0").startswith(">"):
            self._take_marked()
        elif not line or line.isspace() or len(line) > MAX_PATTERN_LINE:
            self._target.append(line)
            self._at += 1
        elif _FORWARD.fullmatch(line):
            self._begin_handed_on()
        elif length := self._attribution():
            self._take_attribution(length)
        elif _ORIGINAL.fullmatch(line) or self._field_block():
            self._take_headed()
        else:
            self._target.append(line)
            self._at += 1
            self._attributed = False

    def _quote(self, count: int) -> None:
        self._result.quoted.extend(self._lines[self._at : self._at + count])
        self._at += count

    def _quote_rest(self) -> None:
        self._quote(len(self._lines) - self._at)

    def _take_marked(self) -> None:
        """A run of lines marked ">": quoted, unless it is a mail handed on whole (Apple Mail marks those)."""
        length = 1
        while self._at + length < len(self._lines) and self._lines[self._at + length].lstrip(" \t\xa0").startswith(">"):
            length += 1
        run = self._lines[self._at : self._at + length]
        bare = [_unmarked(line) for line in run] if self._may_hand_on() else []
        first = next((line for line in bare if line.strip()), "")
        if len(first) <= MAX_PATTERN_LINE and _FORWARD.fullmatch(first):
            self._unmarked_runs += 1
            self._lines[self._at : self._at + length] = bare
        else:
            self._weave()
            self._woven += run
            self._typed_from = len(self._result.new)
            self._quote(length)
            self._attributed = False

    def _may_hand_on(self) -> bool:
        return self._manner is not Manner.REPLY and not self._attributed and self._unmarked_runs < _MAX_UNMARKED_RUNS

    def _take_attribution(self, length: int) -> None:
        """Ann's words follow: those marked, or where nothing is marked all that is left."""
        self._quote(length)
        self._attributed = True
        following = [line for line in self._lines[self._at : self._at + 50] if line.strip()][:3]
        if following and not any(line.lstrip().startswith(">") for line in following):
            self._quote_rest()

    def _take_headed(self) -> None:
        """A mail under its header block: handed on, or in a reply what it answers, down to the end."""
        nothing_new = not any(line.strip() for line in self._result.new)
        if (
            self._manner in (Manner.FRESH, Manner.FORWARD)
            or (self._manner is Manner.FOLLOW_UP and nothing_new)
            or self._target is self._result.forwarded
        ):
            self._begin_handed_on()
        else:
            self._quote_rest()

    def _begin_handed_on(self) -> None:
        """Its heading is for people, and set aside as quoted; what stands below is to be read.

        So is what that mail has below it in its turn: whoever hands on a conversation wants it read.
        """
        self._target = self._result.forwarded
        self._attributed = False
        self._quote(1)
        while self._at < len(self._lines) and self._heads_on():
            self._quote(1)

    def _heads_on(self) -> bool:
        """This line still belongs to the heading: a field, its continuation, or a blank before another field."""
        line = self._lines[self._at]
        if _is_field(line) or _ORIGINAL.fullmatch(line[:MAX_PATTERN_LINE]):
            return True
        if not line.strip():
            following = self._lines[self._at + 1 : self._at + 3]
            return any(_is_field(after) for after in following)
        return line[:1] in (" ", "\t") and _is_field(self._lines[self._at - 1])

    def _attribution(self) -> int:
        """How many lines an attribution ("On ..., Ann wrote:") takes here; 0: none stands here.

        It is the shortest run that ends so: what stands above it is not part of it.
        """
        for length in (1, 2, 3):
            lines = self._lines[self._at : self._at + length]
            if not lines[-1].strip():
                return 0
            if lines[-1].rstrip().endswith(":") and _attributes(lines):
                return 0 if any(_attributes(lines[above:]) for above in range(1, length)) else length
        return 0

    def _field_block(self) -> bool:
        """Outlook's block: From:, then at least two of Sent, To, Cc, Subject, within the next lines."""
        if not _FROM.fullmatch(self._lines[self._at]):
            return False
        following = [line for line in self._lines[self._at + 1 : self._at + 12] if line.strip()][:6]
        return sum(bool(_OTHER_FIELDS.fullmatch(line[:MAX_PATTERN_LINE])) for line in following) >= 2


def _of_note(text: str) -> bytearray:
    """1 for each line of `text` that must be asked what begins there: it holds a sign that all patterns look for, or may lead to one.

    An attribution ends in a colon, at most two lines below the one it begins at.
    """
    of_note = bytearray(text.count("\n") + 1)
    for line in _lines_with(":", text):
        for above in range(max(0, line - 2), line + 1):
            of_note[above] = 1
    for sign in (">", "--", "__"):
        for line in _lines_with(sign, text):
            of_note[line] = 1
    for line in _lines_with("orward", text.lower()):
        of_note[line] = 1
    return of_note


def _lines_with(sign: str, text: str) -> Iterator[int]:
    """The lines (from 0) in which it stands: most stand in few, and to look for it in the whole text is much faster."""
    line = before = 0
    at = text.find(sign)
    while at >= 0:
        line += text.count("\n", before, at)
        yield line
        before = text.find("\n", at)
        at = text.find(sign, before) if before >= 0 else -1


def _attributes(lines: list[str]) -> bool:
    joined = " ".join(line.strip() for line in lines)
    return len(joined) < 500 and bool(_ATTRIBUTION.fullmatch(joined)) and not _DEVICE_LIKE.search(joined)


def _is_field(line: str) -> bool:
    line = line[:MAX_PATTERN_LINE]
    return bool(_FROM.fullmatch(line) or _OTHER_FIELDS.fullmatch(line))


def _unmarked(line: str) -> str:
    return re.sub(r"^[ \t\xa0]*> ?", "", line)


def _cut_signature(lines: list[str]) -> tuple[list[str], list[str]]:
    """(above, signature): at the "-- " line, else at a sign-off near the end; no sign-off stands above Device IDs."""
    for index, line in enumerate(lines):
        if line in ("-- ", "--") and index:
            return lines[:index], lines[index:]
    at = _sign_off(lines)
    if at is None:
        at = next((i for i, line in enumerate(lines) if _SENT_FROM.match(line)), None)
    if at is None or _holds_device_like("\n".join(lines[at:])):
        return lines, []
    return lines[:at], lines[at:]


def _holds_device_like(text: str) -> bool:
    """Whether a line holds one: only where its characters stand in a row, which is told much faster."""
    return _LEAST_OF_A_DEVICE in text.encode("ascii", "replace").translate(_OF_A_DEVICE) and bool(
        _DEVICE_LIKE.search(text)
    )


def _sign_off(lines: list[str]) -> int | None:
    """Where "Kind regards" stands near the end; of two close together ("Thanks", "Kind regards") the upper."""
    filled = 0
    for index in range(len(lines) - 1, -1, -1):
        filled += bool(lines[index].strip())
        if filled > _SIGNATURE_LINES:
            return None
        if _signs_off(lines[index]) and not any(map(_signs_off, lines[max(0, index - 4) : index])):
            return index
    return None


def _signs_off(line: str) -> bool:
    return len(line) < 60 and bool(_SIGN_OFF.fullmatch(line))
