"""What one cell of a table says: a device, what is wrong with it, an answer, a remark that it is not wanted."""

import re
from collections.abc import Sequence
from functools import lru_cache

from daemon.rules.identifiers import DeviceId
from daemon.rules.sense.scanning import scan, what_is_wrong, whole_cell
from daemon.rules.sense.sought import words_of

MISSING = "the Device ID is missing"
SHORTEST = 12
"""Characters below which a cell holds no Device ID, and nothing that is nearly one but a shortened number."""
_NOT_WANTED = re.compile(
    r"(?:codes? |device |meter )?(?:is |are )?(?:no longer|not) (?:needed|required|wanted|necessary)\b.*|do(?: not|n't) send(?: (?:the |its )?(?:install )?codes?)?"
    r"|(?:please )?(?:ignore|disregard|delete|skip)(?: (?:this|row|device|one))*|withdrawn"
    r"|(?:already |now |since |meter |device )*(?:commissioned|exchanged|removed)(?: (?:on )?[0-9](?:(?! - |,).)*)?|(?:install )?code (?:already )?(?:received|obtained)(?: (?:on )?[0-9](?:(?! - |,).)*)?"
    r"|already (?:received|have|held|got)(?: (?:the |its )?(?:install )?codes?)?(?: (?:on )?[0-9](?:(?! - |,).)*)?",
    re.IGNORECASE,
)
_SUBJECT = (
    r"(?:(?:the|this|that|we|it|one|all|now|already|since|just|n/?a|(?:install )?codes?|devices?|meters?|rows?|lines?|requests?|of|our"
    r"|customers?|cx|supply|site|switch|cos|is|are|was|were|has|have|had|been)[ :,\-]+)*"
)
_OVER = (
    r"(?:cancell?ed|withdrawn|dup(?:licate[ds]?)?|repeat|obsolete|void|done|completed?|closed|resolved|sorted(?! by)|received|obtained|removed|exchanged|scrapped"
    r"|(?:de)?commissioned|churned|lost(?: (?:the |this )?(?:customer|supply|site))?|loss|left(?: us)?"
    r"|(?:sent|entered|added|listed|raised) (?:in error|by mistake)|wrong (?:device|meter)|erroneous (?:transfer|switch|gain)"
    r"|(?:not|no longer) (?:ours?|our (?:customer|device|meter|site)|on supply|with us)|no (?:further )?action|(?:have|got|found) (?:it|them|this(?: one| code)?|(?:the )?code))"
)
_OF_NOTHING_ELSE = r"(?=\W*\Z| ?[^\w ]| (?:[0-9]|(?:on|by|at|in|from|as|because|since|to|of|with|due|via|now|already|ok|above|any|today|yesterday|thanks|thx|ta)\b))"
"""No noun follows: "removed IHD" and "completed survey" speak of another matter."""
_IS_OVER = re.compile(rf"{_SUBJECT}{_OVER}{_OF_NOTHING_ELSE}(?P<more>.*)", re.IGNORECASE)
_WENT = re.compile(
    r"(?:(?:our|the) )?(?:customers?|cx|supply|site) (?:(?:has|have|is|was|now) )*(?:moved|switched|gone|went) (?:elsewhere|away|(?:back )?to (?!(?:us|our|pre\w*|credit|smart|new|an? new)\b)\w).*",
    re.IGNORECASE,
)
"""The customer is another's."""
_NOT_TO_DO = re.compile(
    r"(?:please )?(?:(?:do not|don't) (?:send|action)|remove|ignore|disregard)(?: (?:codes?|the|it|this|one|row|from|list))*(?: ?[,\-] .*)?",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\b(?:but|not(?! (?:needed|required))|never|yet|still|no code|fail\w*|new|again|re-?commission\w*|rebook\w*|wrong|incorrect|invalid|old|previous|last|by you(?:rselves)?|appointment|visit|job"
    r"|please(?! (?:remove|ignore|disregard|cancel|close|delete)\b)|(?<!not )(?<!action )(?:need(?:s|ed)?|required?)|ready|from (?!you\b|(?:the )?(?:site|premises|property|wall)\b))\b|n't\b|\?",
    re.IGNORECASE,
)
"""Behind a word that says that all is over: it is not, or not for the code ("received, not working"; "cancelled, rebooked")."""
_WORDS_OF_IT = (*words_of(_OVER), *words_of(_WENT.pattern), *words_of(_NOT_TO_DO.pattern))
_ONE_TOKEN = re.compile(r"[0-9A-Za-z.,+]{0,22}")
_FOUR_DIGITS = re.compile(r"(?:[^0-9]*[0-9]){4}")
_OUTCOMES = frozenset(("CODE", "NOT-INSTALLER", "NO-CODE-HELD", "TYPE-HAS-NO-CODE", "NEED-MORE", "PENDING", "REFUSED"))
_ANSWERED = re.compile(
    r"\b(?:not ours|unknown device|attached|provided|supplied|sent|refused|completed?|done)\b", re.IGNORECASE
)
_STILL_OPEN = re.compile(
    r"\b(?:not|never|yet|no|none|nothing|await\w*|outstanding|to be|please|requests?|requested|chas\w+|required|needed)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\bnot (?:the |our |an? )?(?:install\w*|device|meter|asset|ours|held|found|known)|(?:did|have)(?:n't| not) (?:install|got)"
    r"|\bno (?:install )?code|\bno record",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def is_unwanted(cell: str) -> bool:
    """A remark that its row is not wanted; what people remark, they remark many times."""
    return _NOT_WANTED.fullmatch(cell.strip()) is not None


def may_say_it_is_over(folded: str) -> bool:
    """Whether a remark that does stands anywhere in a text in small letters."""
    return any(word in folded for word in _WORDS_OF_IT)


@lru_cache(maxsize=1024)
def is_over(cell: str) -> bool:
    """A remark that nothing is left to do for its row: received, cancelled, a duplicate, the customer lost."""
    said = " ".join(cell.replace("’", "'").split())
    over = _IS_OVER.fullmatch(said)
    if over is not None:
        return _GOES_ON.search(over["more"]) is None
    return (_WENT.fullmatch(said) or _NOT_TO_DO.fullmatch(said)) is not None


def may_hold_code(cell: str) -> bool:
    """Whether an install code can stand in it, by its length and digits."""
    return len(cell) >= 32 and _FOUR_DIGITS.match(cell) is not None


def is_worth_a_search(cell: str) -> bool:
    """Whether a Device ID, a code or a near miss can stand in it, by what they all have."""
    if len(cell) < SHORTEST:
        return "E+" in cell or "e+" in cell
    return bool(_FOUR_DIGITS.match(cell)) or not cell.isascii() or cell.count("-") > 5 or cell.count(":") > 5


def devices_in(cell: str) -> tuple[DeviceId, ...]:
    """The Device IDs of a cell that is meant for one: most often one, written in an unusual way."""
    device = whole_cell(cell)
    if device is not None:
        return (device,)
    return () if _ONE_TOKEN.fullmatch(cell) else scan(cell).devices


def why_unusable(cell: str, row: Sequence[str], *, found: bool) -> str:
    """What is wrong with a device cell; empty for a remark, for a sum under a list, for "N/A" beside another ID."""
    text = cell.strip()
    if not re.search("[0-9]", text):
        alone = sum(bool(other.strip()) for other in row) == 1
        return "" if alone or found else MISSING
    if len(text) > 200 or re.match(r"(?:sub)?total\b|count\b|notes?\b", text, re.IGNORECASE):
        return ""
    return what_is_wrong(text)


def is_answer(cell: str) -> bool:
    """Whether an answer column is filled with an answer, and not with the wish for one ("required", "TBC")."""
    text = cell.strip()
    if text in _OUTCOMES:
        return True
    if len(re.findall("[0-9A-Fa-f]", text)) >= 12 and re.fullmatch(r"[0-9A-Fa-fxX\s\-:.]+", text):
        return True
    if _DENIED.search(text):
        return True
    return bool(_ANSWERED.search(text)) and not _STILL_OPEN.search(text)
