"""Days as people write them in orders and answers: 2026-12-24, 24 Dec, 24/12/2026 (day first), Friday, tomorrow."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

MAX_AHEAD = 366
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = r"(?P<weekday>mon|tues?|wed(?:s|nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b"
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})(?![0-9:])"
_BEFORE = rf"(?:on )?(?:the )?(?:{_WEEKDAY}\.?,? (?:the )?)?"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_BEFORE}(?P<year>[0-9]{{4}})[-/.](?P<number>[0-9]{{1,2}})[-/.](?P<day>[0-9]{{1,2}})(?![0-9])",
        rf"{_BEFORE}(?P<day>[0-9]{{1,2}})[-/.](?P<number>[0-9]{{1,2}})[-/.]{_YEAR}",
        rf"{_BEFORE}{_DAY}[ -]?(?:of )?{_MONTH}(?:,?[ -]?{_YEAR})?",
        rf"{_BEFORE}{_MONTH} {_DAY}\b(?:,? (?P<year>[0-9]{{4}}))?",
        rf"(?:on |this )?{_WEEKDAY}",
        r"(?P<word>today|tomorrow)\b",
    )
)
_SHARED_MONTH = re.compile(
    rf"(?P<first>[0-9]{{1,2}})(?:st|nd|rd|th)? ?(?:-|to|till|until) ?(?={_DAY} (?:of )?{_MONTH})", re.IGNORECASE
)


class BadDay(ValueError):
    """Why words are no day that an order can use, in words for people."""


def holds_day(text: str) -> bool:
    """Whether a day stands anywhere in `text`."""
    starts = [0, *(m.end() for m in re.finditer(r"[^0-9A-Za-z]", text[:500]))]
    return any(pattern.match(text, start) for start in starts for pattern in _PATTERNS)


def take_day(text: str, today: date) -> tuple[date, str] | None:
    """(the day that `text` begins with, what follows); None: it begins with none. Raises BadDay.

    A day without a year, or a weekday, is the next such day; a weekday that is today's means in a week.
    """
    for pattern in _PATTERNS:
        if match := pattern.match(text):
            return _day(match, today), text[match.end() :].lstrip(" ,.")
    return None


def coming(day: date, today: date, *, most: int = MAX_AHEAD) -> date:
    """`day`, where it is today or later and not more than `most` days away. Raises BadDay."""
    if day < today:
        raise BadDay(f"{day.isoformat()} is past")
    if (day - today).days > most:
        raise BadDay(f"{day.isoformat()} is more than {most // 365} year{'s' * (most > 731)} away")
    return day


def with_both_months(text: str) -> str:
    """`24-28 Dec` as `24 Dec to 28 Dec`; any other text as it is."""
    match = _SHARED_MONTH.match(text)
    return f"{match['first']} {match['month']} to {text[match.end() :]}" if match else text


def _day(match: re.Match[str], today: date) -> date:
    said = match.groupdict()
    if word := said.get("word"):
        return today + timedelta(days=word.lower() == "tomorrow")
    weekday = _WEEKDAYS.index(said["weekday"][:3].lower()) if said.get("weekday") else None
    if not said.get("day"):
        ahead = ((weekday or 0) - today.weekday() - 1) % 7 + 1
        return today + timedelta(days=ahead)
    found = next(_candidates(said, today), None)
    if found is None:
        raise BadDay("there is no such day")
    if weekday is not None and found.weekday() != weekday:
        raise BadDay(f"{found.isoformat()} is a {found:%A}")
    return found


def _candidates(said: dict[str, str], today: date) -> Iterator[date]:
    """The days that may be meant, nearest first: of the year named, else of this one and those to come."""
    number = said.get("number")
    month = int(number) if number else _MONTHS.index(said["month"][:3].lower()) + 1
    year = said.get("year")
    years = [int(year) + (2000 if len(year) == 2 else 0)] if year else range(today.year, today.year + 9)
    for one in years:
        try:
            day = date(one, month, int(said["day"]))
        except ValueError:
            continue
        if year or day >= today:
            yield day
