"""What one cell of a table says: a device, what is wrong with it, an answer, a remark that it is not wanted."""

import re
from collections.abc import Sequence
from functools import lru_cache

from daemon.rules.identifiers import DeviceId
from daemon.rules.sense.scanning import scan, what_is_wrong, whole_cell

MISSING = "the Device ID is missing"
SHORTEST = 12
"""Characters below which a cell holds no Device ID, and nothing that is nearly one but a shortened number."""
_NOT_WANTED = re.compile(
    r"(?:codes? |device |meter )?(?:is |are )?(?:no longer|not) (?:needed|required|wanted|necessary)\b.*|do(?: not|n't) send(?: (?:the |its )?(?:install )?codes?)?"
    r"|(?:please )?(?:ignore|disregard|delete|skip)(?: (?:this|row|device|one))*|withdrawn"
    r"|(?:already |now |since |meter |device )*(?:commissioned|exchanged|removed)(?: (?:on )?[0-9].*)?|(?:install )?code (?:already )?(?:received|obtained)(?: (?:on )?[0-9].*)?"
    r"|already (?:received|have|held|got)(?: (?:the |its )?(?:install )?codes?)?(?: (?:on )?[0-9].*)?",
    re.IGNORECASE,
)
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
