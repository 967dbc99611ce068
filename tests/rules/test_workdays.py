"""Working days: the tables of the domain notes, and the sums that a due date shows."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.rules.policy import Nation
from daemon.rules.workdays import Calendar, local_day
from tests.rules.cases import policy

EW, SCOT, UNION = (Calendar(n) for n in (Nation.ENGLAND_AND_WALES, Nation.SCOTLAND, Nation.GB_UNION))


def day(text: str) -> date:
    """A day written with its weekday, which must be right."""
    weekday, iso = text.split()
    found = date.fromisoformat(iso)
    assert f"{found:%a}" == weekday, f"{iso} is a {found:%A}"
    return found


@pytest.mark.parametrize(
    ("received", "england", "union", "scotland"),
    [
        ("Fri 2026-06-05", "Fri 2026-06-19", "Mon 2026-06-22", "Mon 2026-06-22"),
        ("Fri 2026-07-24", "Fri 2026-08-07", "Mon 2026-08-10", "Mon 2026-08-10"),
        ("Fri 2026-11-20", "Fri 2026-12-04", "Mon 2026-12-07", "Mon 2026-12-07"),
        ("Fri 2026-12-18", "Wed 2027-01-06", "Thu 2027-01-07", "Thu 2027-01-07"),
        ("Fri 2027-03-19", "Tue 2027-04-06", "Tue 2027-04-06", "Mon 2027-04-05"),
        ("Fri 2027-12-17", "Wed 2028-01-05", "Thu 2028-01-06", "Thu 2028-01-06"),
        ("Mon 2028-04-10", "Wed 2028-04-26", "Wed 2028-04-26", "Tue 2028-04-25"),
    ],
)
def test_ten_working_days_on(received: str, england: str, union: str, scotland: str) -> None:
    """Domain notes §3: the day of receipt is not counted, and each nation has its own holidays."""
    start = day(received)

    assert EW.due(start, 10).end == day(england)
    assert UNION.due(start, 10).end == day(union)
    assert SCOT.due(start, 10).end == day(scotland)


BANK_HOLIDAYS = {
    2024: "Mon-01-01 Fri-03-29 Mon-04-01 Mon-05-06 Mon-05-27 Mon-08-26 Wed-12-25 Thu-12-26",
    2025: "Wed-01-01 Fri-04-18 Mon-04-21 Mon-05-05 Mon-05-26 Mon-08-25 Thu-12-25 Fri-12-26",
    2026: "Thu-01-01 Fri-04-03 Mon-04-06 Mon-05-04 Mon-05-25 Mon-08-31 Fri-12-25 Mon-12-28",
    2027: "Fri-01-01 Fri-03-26 Mon-03-29 Mon-05-03 Mon-05-31 Mon-08-30 Mon-12-27 Tue-12-28",
    2028: "Mon-01-03 Fri-04-14 Mon-04-17 Mon-05-01 Mon-05-29 Mon-08-28 Mon-12-25 Tue-12-26",
}


@pytest.mark.parametrize("year", BANK_HOLIDAYS)
def test_the_bank_holidays_of_england_and_wales(year: int) -> None:
    """Every weekday that is no working day, by the list of GOV.UK, substitute days included."""
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
    found = [d for d in days if d.year == year and d.weekday() < 5 and not EW.is_working_day(d)]

    assert found == [day(f"{text[:3]} {year}{text[3:]}") for text in BANK_HOLIDAYS[year].split()]


@pytest.mark.parametrize(
    ("text", "scottish"),
    [
        ("Fri 2026-01-02", True), ("Mon 2027-01-04", True), ("Tue 2028-01-04", True), ("Mon 2026-08-03", True),
        ("Mon 2024-12-02", True), ("Mon 2025-12-01", True), ("Mon 2026-11-30", True), ("Tue 2027-11-30", True),
        ("Thu 2028-11-30", True), ("Mon 2026-06-15", True), ("Mon 2026-04-06", False), ("Mon 2026-08-31", False),
    ],
)  # fmt: skip
def test_where_scotland_differs(text: str, scottish: bool) -> None:
    """2 January, early August, St Andrew, the World Cup day; and no Easter Monday. The union keeps both."""
    one = day(text)

    assert (SCOT.holiday(one) is not None) is scottish
    assert (EW.holiday(one) is not None) is not scottish
    assert UNION.holiday(one) is not None
    assert not UNION.is_working_day(one)


def test_a_due_date_shows_its_sum() -> None:
    """Start, number, nation, each holiday passed over by name, end; weekends go without saying."""
    due = EW.due(day("Fri 2026-12-18"), 10)

    boxing_day = EW.holiday(day("Mon 2026-12-28"))

    assert boxing_day is not None
    assert "Boxing Day" in boxing_day
    assert due.explain() == (
        "Fri 18 Dec 2026 + 10 working days (england-and-wales), over Fri 25 Dec 2026 Christmas Day; "
        f"Mon 28 Dec 2026 {boxing_day}; Fri 1 Jan 2027 New Year's Day = Wed 6 Jan 2027"
    )
    assert [d for d, _ in due.skipped] == [day("Fri 2026-12-25"), day("Mon 2026-12-28"), day("Fri 2027-01-01")]


def test_a_sum_without_holidays_is_short() -> None:
    """Nothing to pass over."""
    assert EW.due(day("Mon 2026-06-08"), 10).explain() == (
        "Mon 8 Jun 2026 + 10 working days (england-and-wales) = Mon 22 Jun 2026"
    )


def test_what_arrives_on_a_weekend_or_holiday_counts_from_that_day() -> None:
    """Saturday, Sunday and Good Friday start the count without being counted."""
    ends = {EW.due(day(text), 1).end for text in ("Fri 2026-04-03", "Sat 2026-04-04", "Sun 2026-04-05")}

    assert ends == {day("Tue 2026-04-07")}
    assert EW.due(day("Sat 2026-06-06"), 0).end == day("Sat 2026-06-06")


def test_an_operator_s_own_holiday_counts() -> None:
    """One announced at short notice; it goes before the published name."""
    extra = ((day("Tue 2026-06-09"), "State funeral"), (day("Fri 2026-12-25"), "Ours"))
    calendar = Calendar.of(policy(extra_holidays=extra))

    assert calendar.due(day("Mon 2026-06-08"), 1).end == day("Wed 2026-06-10")
    assert "Tue 9 Jun 2026 State funeral" in calendar.due(day("Mon 2026-06-08"), 1).explain()
    assert calendar.holiday(day("Fri 2026-12-25")) == "Ours"
    assert Calendar.of(policy()).holiday(day("Tue 2026-06-09")) is None


@pytest.mark.parametrize(
    ("utc", "london"),
    [
        ("2026-06-07T22:59:59", "Sun 2026-06-07"),
        ("2026-06-07T23:00:00", "Mon 2026-06-08"),
        ("2026-12-07T23:59:59", "Mon 2026-12-07"),
        ("2026-03-29T00:59:59", "Sun 2026-03-29"),
        ("2026-10-24T23:30:00", "Sun 2026-10-25"),
        ("2026-10-25T23:30:00", "Sun 2026-10-25"),
    ],
)
def test_the_day_of_a_moment_is_london_s(utc: str, london: str) -> None:
    """In summer an hour ahead of UTC; around the changes of the clock too."""
    assert local_day(datetime.fromisoformat(utc).replace(tzinfo=UTC)) == day(london)


@settings(max_examples=60)
@given(start=st.dates(date(2024, 1, 1), date(2029, 12, 31)), days=st.integers(0, 40), nation=st.sampled_from(Nation))
def test_a_sum_and_its_count_agree(start: date, days: int, nation: Nation) -> None:
    """Between start and end lie just that many working days; the end is one of them; none is both counted and skipped."""
    calendar = Calendar.of(policy(calendar=nation))
    due = calendar.due(start, days)

    assert calendar.working_days_between(start, due.end) == days
    assert days == 0 or calendar.is_working_day(due.end)
    assert all(start < d < due.end and not calendar.is_working_day(d) and d.weekday() < 5 for d, _ in due.skipped)


def test_no_working_days_lie_between_a_day_and_an_earlier_one() -> None:
    """Nor between a day and itself."""
    assert EW.working_days_between(day("Mon 2026-06-08"), day("Mon 2026-06-08")) == 0
    assert EW.working_days_between(day("Mon 2026-06-08"), day("Fri 2026-06-05")) == 0
