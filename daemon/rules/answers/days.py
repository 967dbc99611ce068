"""The day to come that words of an answer name: "by Friday", "12/06", "the end of next week"."""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

from daemon.rules.sense.written_days import BadDay, coming, take_day

MAX_TEXT = 600
"""Characters that are read."""
_DAY_MONTH = re.compile(r"(?<![0-9/.\-])([0-9]{1,2})/([0-9]{1,2})(?![0-9/]|[.\-][0-9])")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEK_END = re.compile(r"\b(?:end of (?:this |the )?week|eow|later this week|this week)\b")
_MONTH_END = re.compile(
    rf"\b(?:end of (?:the |this )?(?:month|(?P<month>{'|'.join(_MONTHS)})[a-z]*)|month[ -]end|eom)\b"
)
_NEXT_WEEK = re.compile(r"\b(?:(?:end of )?next week)\b")
_DAY_END = re.compile(
    r"\b(?:eod|end of (?:the )?(?:day|play)|cop|close of (?:play|business)|later today|this (?:afternoon|evening))\b"
)
_NO_WORD = re.compile(r"[^0-9a-z]")


def day_in(text: str, today: date) -> date | None:
    """The one day to come that a clause names; None: it names none, or several."""
    days = set(_days(text[:MAX_TEXT], today))
    return days.pop() if len(days) == 1 else None


def _days(text: str, today: date) -> Iterator[date]:
    friday = today + timedelta(days=(4 - today.weekday()) % 7)
    if _DAY_END.search(text):
        yield today
    at = 0
    while at < len(text):
        day, end = _day_at(text, at, today)
        if day is not None:
            yield day
        following = _NO_WORD.search(text, end)
        at = following.end() if following else len(text)
    for match in _DAY_MONTH.finditer(text):
        day, _ = (
            _day_at(f"{match[1]} {_MONTHS[int(match[2]) - 1]}", 0, today) if 1 <= int(match[2]) <= 12 else (None, 0)
        )
        if day is not None:
            yield day
    if _WEEK_END.search(text):
        yield friday
    if _NEXT_WEEK.search(text):
        yield friday + timedelta(days=7)
    for match in _MONTH_END.finditer(text):
        month = _MONTHS.index(match["month"]) + 1 if match["month"] else today.month
        year = today.year + (month < today.month)
        yield date(year, month, monthrange(year, month)[1])


def _day_at(text: str, at: int, today: date) -> tuple[date | None, int]:
    """(the day that stands at `at`, where it ends)."""
    piece = text[at : at + 60]
    try:
        taken = take_day(piece, today)
        return (coming(taken[0], today), at + len(piece) - len(taken[1])) if taken else (None, at)
    except BadDay:
        return None, at
