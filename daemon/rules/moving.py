"""A changed calendar: which days can be made holidays, and where deadlines move to."""

from dataclasses import replace
from datetime import date

from daemon.rules.policy import Policy
from daemon.rules.workdays import Calendar, DueDate, in_words


def why_no_holiday(day: date, today: date, policy: Policy) -> str:
    """Why `day` cannot become a holiday, in words; empty: it can."""
    if day < today:
        return f"{in_words(day)} is over; only today and days to come can be made holidays"
    if day.weekday() >= 5:
        return f"{in_words(day)} is a {day:%A}, which is no working day anyway"
    known = Calendar.of(policy).holiday(day)
    return f"{in_words(day)} is no working day already: {known}" if known else ""


def moved(due: DueDate, policy: Policy) -> DueDate:
    """`due` counted anew from its own start over as many working days of its own nation, by `policy`'s holidays."""
    return Calendar.of(replace(policy, calendar=due.nation)).due(due.start, due.working_days)


def mail_moved(start: date, end: date, before: Policy, after: Policy) -> DueDate:
    """The due date of a mail held whole, of which only its two ends are kept: the same number of working days."""
    return Calendar.of(after).due(start, Calendar.of(before).working_days_between(start, end))
