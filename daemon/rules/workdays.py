"""Working-day arithmetic that can show its sum.

A Working Day is any day other than Saturday, Sunday or a bank holiday of the nation set
(guidance: ten working days; the nation is a setting because no text names it). All days
are days in Europe/London.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from daemon.rules.policy import Nation, Policy

LONDON = ZoneInfo("Europe/London")
_SUBDIVISIONS = {
    Nation.ENGLAND_AND_WALES: ("ENG",),
    Nation.SCOTLAND: ("SCT",),
    Nation.GB_UNION: ("ENG", "SCT"),
}


def in_words(day: date) -> str:
    """A day as people here write it: Fri 4 Dec 2026."""
    return f"{day:%a} {day.day} {day:%b %Y}"


@dataclass(frozen=True, slots=True)
class DueDate:
    """A due date with the sum that led to it: `start` is not counted, `skipped` are holidays in between."""

    start: date
    working_days: int
    end: date
    skipped: tuple[tuple[date, str], ...]
    nation: Nation

    def explain(self) -> str:
        """The sum in words, weekends left unsaid."""
        days = "; ".join(f"{in_words(day)} {name}" for day, name in self.skipped)
        over = f", over {days}" if days else ""
        sum_of_days = f"{in_words(self.start)} + {self.working_days} working days ({self.nation}){over}"
        return f"{sum_of_days} = {in_words(self.end)}"


class Calendar:
    """The working days of one nation, with an operator's extra holidays."""

    def __init__(self, nation: Nation, extra: tuple[tuple[date, str], ...] = ()) -> None:
        import holidays  # noqa: PLC0415  # 10 MB, which the children that read mail do without

        self.nation = nation
        self._published = [holidays.country_holidays("GB", subdiv=s) for s in _SUBDIVISIONS[nation]]
        self._extra = dict(extra)

    @staticmethod
    def of(policy: Policy) -> "Calendar":
        """The calendar that our own answers go by."""
        return _calendar(policy.calendar, policy.extra_holidays)

    def holiday(self, day: date) -> str | None:
        """The bank holiday on `day`, or None. A weekend is no holiday here."""
        if day in self._extra:
            return self._extra[day]
        return next((str(names[day]) for names in self._published if day in names), None)

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday and no bank holiday."""
        return day.weekday() < 5 and self.holiday(day) is None

    def due(self, start: date, working_days: int) -> DueDate:
        """`start` + n working days, `start` not counted; n >= 0, and 0 is `start` itself."""
        day, left, skipped = start, working_days, []
        while left:
            day += timedelta(days=1)
            if self.is_working_day(day):
                left -= 1
            elif day.weekday() < 5:
                skipped.append((day, self.holiday(day) or ""))
        return DueDate(start, working_days, day, tuple(skipped), self.nation)

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; 0 where `end` is not later."""
        days = (start + timedelta(days=n) for n in range(1, (end - start).days + 1))
        return sum(self.is_working_day(day) for day in days)


@lru_cache(maxsize=8)
def _calendar(nation: Nation, extra: tuple[tuple[date, str], ...]) -> Calendar:
    return Calendar(nation, extra)


def local_day(moment: datetime) -> date:
    """The day in London on which `moment` (with a zone) falls."""
    return moment.astimezone(LONDON).date()
