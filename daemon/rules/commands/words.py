"""The small words of an order: its verb, references, row numbers, and what of a line may be shown afterwards.

Lines come here plain (`forms.plain`). Patterns begin where a word begins and have bounded repeats: all are linear.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from daemon.rules.commands.orders import Rows, Verb
from daemon.rules.identifiers import CROCKFORD
from daemon.rules.sense import personal
from daemon.rules.sense.forms import BLANK, DEVICE, HEX
from daemon.rules.sense.scanning import without_codes

MAX_LINE = 2_000
"""Of a line no more is read."""
MAX_ROW = 9_999
MAX_ROWS = 1_000
REMOVED = "[removed]"


class Unfit(ValueError):
    """Why a line is no order, in words for its writer; never a code out of it."""


# Verbs ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Opening:
    """A line whose first word is a verb. `loud`: in capitals. `question`: a question mark ends it."""

    verb: Verb
    rest: str
    loud: bool
    question: bool = False

    @property
    def lone(self) -> bool:
        """Nothing but the verb."""
        return not self.rest


_DECORATION = "*_`\"'“”‘’«"
_BULLETS = re.compile(rf"(?:[{_DECORATION}•·‣▪◦-]{{1,4}} ?|[0-9]{{1,2}}[.)] )+")
_VERB = re.compile(rf"([A-Za-z]{{4,9}})(?=[\s.,:;!?…{_DECORATION})]|\Z)(?!['’][A-Za-z])[\s.,:;!…{_DECORATION}-]*")
_POLITE = re.compile(
    r"(?:\A|[ ,.;!-]+)(?:please|pls|plz|many thanks|thanks|thank you|thx|ta|cheers)[ .!,]*\Z", re.IGNORECASE
)


def tidy(line: str) -> str:
    """`line` with single blanks, without a bullet or bold marks about it."""
    text = " ".join(line[: MAX_LINE + 1].split())
    bullet = _BULLETS.match(text)
    return text[bullet.end() if bullet else 0 :].rstrip(f" {_DECORATION}")


def opening(line: str) -> Opening | None:
    """The verb that a tidied line begins with, and the rest without punctuation at its ends; None: no verb."""
    match = _VERB.match(line)
    if match is None or match[1].upper() not in Verb.__members__:
        return None
    rest = line[match.end() :]
    end = rest.rstrip(f" .,;!…{_DECORATION}")
    return Opening(Verb(match[1].upper()), end.rstrip("? "), match[1].isupper(), end.endswith("?"))


def without_manners(text: str) -> str:
    """`text` without "please" or "thanks" at its ends."""
    return without_thanks(re.sub(r"\A(?:please|pls|plz)\b[ ,]*", "", text, flags=re.IGNORECASE))


def without_thanks(text: str) -> str:
    """`text` without "please" or "thanks" behind it."""
    for _ in range(3):
        text = _POLITE.sub("", text)
    return text


# References and rows ────────────────────────────────────────────────────────────────────────────────

_FILLER = re.compile(
    r"(?:(?:the|for|of|on|about|with|to|please|ref|reference|matter|request|case|thread|hold)\b[.:#]*[ ]*|[#:,.=-]+ ?)+",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"IC ?-? ?([0-9A-Za-z]{8})(?![0-9A-Za-z])[ :,.;-]*", re.IGNORECASE)
_MAIL = re.compile(
    r"mail[ :#]{0,3}(?:no\.? ?|number )?#?0{0,9}([1-9][0-9]{0,9})(?![0-9A-Za-z])[ :,.;-]*", re.IGNORECASE
)
_NEARLY_REFERENCE = re.compile(
    r"(?:IC ?- ?[0-9A-Za-z]|IC ?(?=[A-Za-z]*[0-9])[0-9A-Za-z]{6,10}\b|mail ?#? ?[0-9])", re.IGNORECASE
)
_CROCKFORD = str.maketrans("OIL", "011")


def without_filler(text: str) -> str:
    """`text` without words like "for the" before what counts."""
    match = _FILLER.match(text)
    return text[match.end() if match else 0 :]


def take_ref(text: str) -> tuple[str, str]:
    """(the reference that `text` begins with, canonical, what follows); empty where it begins with none. Raises Unfit."""
    after = without_filler(text)
    if match := _MAIL.match(after):
        return f"mail {match[1]}", after[match.end() :]
    match = _REFERENCE.match(after)
    name = match[1].upper().translate(_CROCKFORD) if match else ""
    if match and all(c in CROCKFORD for c in name):
        return f"IC-{name}", after[match.end() :]
    if match or _NEARLY_REFERENCE.match(after):
        raise Unfit("that reference is none of ours: they look like IC-7F3K2Q9D or mail 12")
    return "", text


def holds_ref(text: str) -> bool:
    """Whether something that is meant for a reference stands in `text`."""
    return bool(re.search(rf"\b{_NEARLY_REFERENCE.pattern}", text, re.IGNORECASE))


_ITEM = r"(?:#|no\.? ?)?[0-9]{1,6}(?: ?(?:-|to|through) ?#?[0-9]{1,6})?(?![0-9A-Za-z/])"
_ROWS = re.compile(
    r"(?:(?:all |everything |those )?,? ?(?P<but>except(?: for)?|but(?: not)?|excluding|without|apart from)[ :]*|(?:only|just)[ :]*)?"
    rf"(?:the )?(?:rows?|items?|lines?|numbers?|nos?\.?)?[ :]*"
    rf"(?P<list>{_ITEM}(?:(?: ?,? ?(?:and|&|\+) ?| ?, ?| ){_ITEM}){{0,200}})[ :,.;-]*",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"(?:all(?: of (?:them|it))?|everything|it|this|them|these|both|whole)\b(?: rows| items)?[ ,.:]*", re.IGNORECASE
)
ROW_WORDS = re.compile(r"(?:\A|\b(?:except|only|rows?|but)\b(?: for| not| rows?)?[ :#]*)[0-9]", re.IGNORECASE)
"""Words that show that rows are meant."""


def take_rows(text: str) -> tuple[Rows | None, str]:
    """(the rows that `text` begins with, what follows); None where it begins with none. Raises Unfit."""
    if match := _ROWS.match(text):
        numbers = _numbers(match["list"])
        return (Rows(but=numbers) if match["but"] else Rows(only=numbers)), text[match.end() :]
    if match := _ALL.match(text):
        return Rows(), text[match.end() :]
    return None, text


def _numbers(text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for match in re.finditer(r"([0-9]+)(?: ?(?:-|to|through) ?#?([0-9]+))?", text, re.IGNORECASE):
        first = int(match[1])
        last = int(match[2] or first)
        if not 1 <= first <= last <= MAX_ROW or last - first >= MAX_ROWS:
            raise Unfit("those row numbers cannot be right: write them as 3, 7 or 1-4")
        found.update(range(first, last + 1))
    return tuple(sorted(found))


# Typed codes ────────────────────────────────────────────────────────────────────────────────────────

_TYPED = re.compile(r"(?:code[ :]*)?([0-9A-Za-z]{4})([- ]?)([0-9A-Za-z]{4})(?![0-9A-Za-z])[ :,.;-]*", re.IGNORECASE)


def take_typed(text: str) -> tuple[str, str]:
    """(the code of one of our letters that `text` begins with, what follows); empty where it begins with none.

    Letters alone count only in capitals or with the hyphen of our letter, so that no plain word is taken for one.
    """
    match = _TYPED.match(text)
    typed = (match[1] + match[3]).upper().translate(_CROCKFORD) if match else ""
    if match is None or any(c not in CROCKFORD for c in typed):
        return "", text
    figures = [bool(re.search("[0-9]", half)) for half in (match[1], match[3])]
    sure = all(figures) if match[2] == " " else any(figures) or match[2] == "-" or (match[1] + match[3]).isupper()
    return (typed, text[match.end() :]) if sure else ("", text)


# Spelling ───────────────────────────────────────────────────────────────────────────────────────────


def apart(one: str, other: str, most: int = 2) -> int:
    """How many letters must be added, dropped, changed or swapped; `most` + 1 where it is more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    above = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, above = above, row
    return min(above[-1], most + 1)


def nearest(word: str, choices: Iterable[str], most: int = 2) -> str:
    """The choice that `word` is nearest to, at most `most` letters away, case apart; empty: none."""
    word = word[:60].casefold()
    near = min(((apart(word, choice.casefold(), most), choice) for choice in choices), default=(most + 1, ""))
    return near[1] if near[0] <= most else ""


_ORDINARY = re.compile(
    r"about|accident|adapt|cause|chose|closer|contact|contract|contracts|ease|export|heap|hell|hello|held|lapse"
    r"|last|lease|lost|loose|mist|none|nope|nose|noted|notes|object|pass|phase|please|present|project|recent"
    r"|relay|repay|reply|resent|reset|resort|support|tear|term|those|vote|want|ways|what|always|teams|steam"
    r"|sway|lest|least|mostly|presume|assume|eject|inject|replace",
    re.IGNORECASE,
)
"""Words of their own right that stand near a verb: people answer each other with them."""


def misspelt(word: str) -> str:
    """The verb that a word is nearly; empty: it is another word, or the verb itself."""
    bare = re.sub(r"\A\W+|\W+\Z", "", word[:30])
    if len(bare) < 4 or _ORDINARY.fullmatch(bare) or bare.upper() in Verb.__members__:
        return ""
    return nearest(bare, Verb.__members__, 1 if len(bare) <= 5 else 2)


# What may be shown ──────────────────────────────────────────────────────────────────────────────────

_LOOSE = re.compile(rf"(?<![^\W_])(?:0[xX])?{HEX}(?:[ \-:./_|,]{{0,3}}{HEX}){{19,}}")
_RUN = re.compile(rf"(?<![^\W_])(?:0[xX])?{HEX}(?:[ \-:.]{{0,2}}{HEX}){{5,}}(?![^\W_])")
_TYPED_LIKE = re.compile(
    r"(?<!\bIC[- ])(?<![0-9A-Za-z-])[0-9A-Za-z]{4}[- ]?[0-9A-Za-z]{4}(?![0-9A-Za-z])", re.IGNORECASE
)
_MIXED = re.compile(r"(?<![0-9A-Za-z-])[0-9A-Za-z]{1,40}(?:-[0-9A-Za-z]{1,40}){0,9}(?![0-9A-Za-z])")
"""Words, joined by hyphens or not, among which a code of our letters may be, or a part of one."""
_DATE = re.compile(
    r"(?:20)[0-9]{2}-[0-9]{2}-[0-9]{2}\Z|[0-9]{1,2}[/.-][0-9]{1,2}[/.-](?:20)?[0-9]{2}\Z"
    r"|[0-9]{1,2} (?:feb|dec) 20[0-9]{2}\Z",  # the months that are spelled in hexadecimal digits
    re.IGNORECASE,
)
_AFTER_CODE = re.compile(r"(?<!\bno[ _-])(\bcode\b[ :=-]{0,4}).*", re.IGNORECASE)
_PAIRS = re.compile(rf"{HEX}{{2}}(?:-{HEX}{{2}}){{7}}")
_DEVICES = re.compile(rf"{_PAIRS.pattern}(?:[ ,/|]{{1,3}}{_PAIRS.pattern})+")


def without_secrets(text: str) -> str:
    """Words to keep, every install code in them masked."""
    return _LOOSE.sub(_masked, re.sub(f"{BLANK}+", REMOVED, without_codes(text)))


def _masked(match: re.Match[str]) -> str:
    """A long run of digits, but for Device IDs side by side; behind them the beginning of a word may look like digits."""
    devices = _DEVICES.match(match[0])
    return match[0] if devices and len(match[0]) - devices.end() < 6 else REMOVED


def shown(line: str, verb: Verb | None, *, fits: bool) -> str:
    """`line` as it may be repeated to the team: no install code or half of one, no code of our letters, no personal
    data; at most 120 characters. Where the line does not fit, no long number is shown at all.
    """
    text = _LOOSE.sub(_masked, unicodedata.normalize("NFKC", " ".join(line[:MAX_LINE].split())))
    if verb is Verb.ANSWER:
        text = _AFTER_CODE.sub(rf"\1{REMOVED}", text, count=1)
    if not fits or verb in (Verb.APPROVE, Verb.REJECT):
        text = _MIXED.sub(_hidden_word, _TYPED_LIKE.sub(lambda match: _hidden(match, verb), text))
    if not fits or verb is Verb.ANSWER:
        kept = DEVICE if fits else _PAIRS if verb else None
        text = _RUN.sub(lambda match: _kept(match, kept), text)
    return personal.safe_subject(text)


def _hidden(match: re.Match[str], verb: Verb | None) -> str:
    """Whatever may be a code of our letters: letters alone only in capitals, or where such a code is looked for."""
    token = match[0]
    if token.upper() in Verb.__members__:
        return token  # INCIDENT, WITHDRAW and EVIDENCE have as many letters as a code
    if " " in token and not all(re.search("[0-9]", half) for half in token.split()):
        return token
    if re.search("[0-9]", token):
        return token if _DATE.fullmatch(token) or re.fullmatch("IC[0-9A-Z]{8}", token, re.IGNORECASE) else REMOVED
    return REMOVED if verb is Verb.APPROVE or token.isupper() else token


def _hidden_word(match: re.Match[str]) -> str:
    """A word of letters and digits mixed, but for references and device IDs."""
    token = match[0]
    mixed = len(token) > 4 and re.search("[0-9]", token) and re.search("[A-Za-z]", token)
    harmless = re.fullmatch("IC-?[0-9A-Z]{8}", token, re.IGNORECASE) or _PAIRS.fullmatch(token)
    return REMOVED if mixed and not harmless else token


def _kept(match: re.Match[str], pattern: re.Pattern[str] | None) -> str:
    token = match[0]
    harmless = _DATE.fullmatch(token) or not re.search("[0-9]", token)
    return token if harmless or (pattern and pattern.fullmatch(token)) else REMOVED
