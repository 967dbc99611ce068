"""What stands of our team's orders: calendars that move deadlines, pauses in words, who is meant."""

from datetime import UTC, date, datetime, timedelta

import pytest

from daemon.rules import moving
from daemon.rules.counterparties import nearest
from daemon.rules.letters import LetterKind, LetterPlan, OpsNews
from daemon.rules.policy import Member, Nation, Role
from daemon.rules.team.standing import (
    CODES,
    StandingKind,
    StandingOrder,
    applied,
    approvers_left,
    called,
    headline,
    is_about,
    person_of,
)
from daemon.rules.workdays import Calendar
from tests.rules.cases import BOOK, policy

NOW = datetime(2026, 6, 8, 9, 30, tzinfo=UTC)
TODAY = NOW.date()


def day(text: str) -> date:
    """`Mon 2026-06-08`, its weekday checked."""
    name, iso = text.split()
    found = date.fromisoformat(iso)
    assert f"{found:%a}" == name
    return found


def order(kind: StandingKind, subject: str, first: date = TODAY, last: date | None = None) -> StandingOrder:
    """One that Ann gave now."""
    return StandingOrder(kind, subject, first, last, "a holiday", "ann@losing.example", NOW)


# The calendar ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("start", "holiday", "before", "after"),
    [
        ("Mon 2026-06-08", "Wed 2026-06-10", "Mon 2026-06-22", "Tue 2026-06-23"),  # announced two days ahead
        ("Mon 2026-06-08", "Mon 2026-06-22", "Mon 2026-06-22", "Tue 2026-06-23"),  # the very due date
        ("Fri 2026-06-05", "Fri 2026-06-19", "Fri 2026-06-19", "Mon 2026-06-22"),  # over a weekend
        ("Mon 2026-12-14", "Thu 2026-12-24", "Wed 2026-12-30", "Thu 2026-12-31"),  # across Christmas
        ("Mon 2026-12-14", "Wed 2026-12-30", "Wed 2026-12-30", "Thu 2026-12-31"),
        ("Wed 2026-12-16", "Thu 2026-12-31", "Mon 2027-01-04", "Tue 2027-01-05"),  # and New Year
        ("Mon 2026-06-08", "Mon 2026-06-08", "Mon 2026-06-22", "Mon 2026-06-22"),  # its start is not counted
        ("Mon 2026-06-08", "Tue 2026-06-23", "Mon 2026-06-22", "Mon 2026-06-22"),  # after its end
        ("Mon 2026-06-08", "Mon 2026-12-28", "Mon 2026-06-22", "Mon 2026-06-22"),
    ],
)
def test_a_holiday_moves_what_counts_over_it(start: str, holiday: str, before: str, after: str) -> None:
    """Both for a device, whose sum is kept, and for a mail, of which only the two ends are."""
    ours = policy()
    due = Calendar.of(ours).due(day(start), 10)
    changed = policy(extra_holidays=((day(holiday), "Coronation"),))

    assert due.end == day(before)
    assert moving.moved(due, changed).end == day(after)
    assert moving.mail_moved(due.start, due.end, ours, changed) == moving.moved(due, changed)
    back = moving.moved(moving.moved(due, changed), ours)
    assert back == due


def test_the_sum_names_the_new_holiday() -> None:
    """What is shown to people says over which day it counted."""
    changed = policy(extra_holidays=((day("Wed 2026-06-10"), "Coronation"),))
    due = moving.moved(Calendar.of(policy()).due(day("Mon 2026-06-08"), 10), changed)

    assert due.explain() == (
        "Mon 8 Jun 2026 + 10 working days (england-and-wales), over Wed 10 Jun 2026 Coronation = Tue 23 Jun 2026"
    )


def test_each_due_date_keeps_its_own_nation() -> None:
    """A Scottish sum is counted anew by Scotland's holidays, whatever the configuration says since."""
    scottish = Calendar.of(policy(calendar=Nation.SCOTLAND)).due(day("Thu 2026-12-24"), 5)
    changed = policy(extra_holidays=((day("Tue 2026-12-29"), "Snow"),))

    assert scottish.end == day("Wed 2027-01-06")
    assert moving.moved(scottish, changed).end == day("Thu 2027-01-07")
    assert moving.moved(scottish, changed).nation is Nation.SCOTLAND


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("Sun 2026-06-07", "is over"),
        ("Sat 2026-06-13", "is a Saturday"),
        ("Sun 2026-06-14", "is a Sunday"),
        ("Mon 2026-08-31", "is no working day already"),
        ("Fri 2026-12-25", "is no working day already"),
        ("Thu 2026-06-18", "is no working day already: Founders' day"),
        ("Mon 2026-06-08", ""),
        ("Wed 2026-06-10", ""),
        ("Thu 2026-12-24", ""),
    ],
)
def test_which_days_can_become_holidays(when: str, why: str) -> None:
    """Today or later, Monday to Friday, and no holiday yet."""
    ours = policy(extra_holidays=((day("Thu 2026-06-18"), "Founders' day"),))
    said = moving.why_no_holiday(day(when), TODAY, ours)

    assert why in said
    assert bool(why) == bool(said)


# What is in force ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "first", "last", "counts"),
    [
        (StandingKind.PAUSE, "Mon 2026-06-08", None, True),
        (StandingKind.AWAY, "Mon 2026-06-08", "Mon 2026-06-08", True),
        (StandingKind.AWAY, "Tue 2026-06-09", "Fri 2026-06-12", False),
        (StandingKind.AWAY, "Mon 2026-06-01", "Sun 2026-06-07", False),
        (StandingKind.WAIVE, "Mon 2026-06-01", "Mon 2026-06-08", True),
        (StandingKind.WAIVE, "Mon 2026-06-01", "Sun 2026-06-07", False),
    ],
)
def test_an_order_counts_from_its_first_day_to_its_last(
    kind: StandingKind, first: str, last: str | None, counts: bool
) -> None:
    """Both included."""
    one = order(kind, "x@y.example", day(first), day(last) if last else None)
    found = applied(policy(), [one], TODAY)

    assert ("x@y.example" in found.paused | found.away | found.accept_spf_only) is counts


def test_pauses_and_incidents_keep_letters_back() -> None:
    """A party's, all, or those with codes; a holiday counts whenever it is."""
    incident = order(StandingKind.INCIDENT, "Northern Energy")
    everything = applied(policy(), [order(StandingKind.PAUSE, "")], TODAY)
    codes = applied(policy(), [order(StandingKind.PAUSE, CODES)], TODAY)
    later = order(StandingKind.HOLIDAY, "2027-05-05", day("Wed 2027-05-05"), day("Wed 2027-05-05"))

    assert applied(policy(), [incident], TODAY).is_paused("Northern Energy")
    assert not applied(policy(), [incident], TODAY).is_paused("Southern Power")
    assert everything.is_paused("Southern Power")
    assert not codes.is_paused("Southern Power")
    assert not Calendar.of(applied(policy(), [later], TODAY)).is_working_day(day("Wed 2027-05-05"))


def told(one: StandingOrder, **changes: object) -> LetterPlan:
    """The news of a pause to Ann."""
    fields = {"kind": LetterKind.NOTICE, "subject": headline(one), "content": OpsNews(headline(one), ())} | changes
    return LetterPlan(case_id="ab" * 32, seq=1, to="ann@losing.example", **fields)  # type: ignore[arg-type]


def test_a_letter_is_about_the_pause_whose_news_it_brought() -> None:
    """Not about another pause, nor about the same one ordered anew, nor where it only speaks of it."""
    one, other = order(StandingKind.PAUSE, "Northern Energy"), order(StandingKind.PAUSE, CODES)

    assert is_about(told(one), NOW, one)
    assert not is_about(told(one), NOW, other)
    assert not is_about(told(one), NOW - timedelta(seconds=1), one)
    assert not is_about(told(one, kind=LetterKind.HELD), NOW, one)
    assert headline(order(StandingKind.INCIDENT, "Northern Energy")).startswith("INCIDENT: ")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Nothern Energy", "Northern Energy"),
        ("NORTH", "Northern Energy"),
        ("southrn", "Southern Power"),
        ("SUOT", "Southern Power"),
        ("qqqqqqq", ""),
        ("", ""),
    ],
)
def test_the_nearest_supplier_is_named(name: str, near: str) -> None:
    """By name, alias or MPID; nothing where nothing is near."""
    assert nearest(name, BOOK) == near


# People ─────────────────────────────────────────────────────────────────────────────────────────────

APPROVER = frozenset({Role.APPROVER})
ANN = Member("ann@losing.example", APPROVER, "Ann Archer")
PHONE = Member("ann.phone@losing.example", APPROVER, "Ann Archer")
BEN = Member("ben@losing.example", APPROVER, "Ben Archer")
JO = Member("jo+work@losing.example", frozenset({Role.OPERATOR}))
TEAM = (ANN, PHONE, BEN, JO)


@pytest.mark.parametrize(
    ("who", "found"),
    [
        ("ann@losing.example", (ANN, PHONE)),
        ("ANN@LOSING.EXAMPLE", (ANN, PHONE)),
        ("ben", (BEN,)),
        ("ann", (ANN, PHONE)),
        ("Ann Archer", (ANN, PHONE)),
        ("archer", (ANN, PHONE, BEN)),
        ("jo+work", (JO,)),
        ("jo", ()),
        ("nobody", ()),
        ("", ()),
        (" Ben ", (BEN,)),
    ],
)
def test_whom_a_name_means(who: str, found: tuple[Member, ...]) -> None:
    """All addresses of the person meant; of several persons where a name is shared."""
    assert called(who, TEAM) == found


def test_one_person_is_one_whatever_the_address() -> None:
    """By the name set for them, else by the address without its +tag."""
    assert person_of(ANN) == person_of(PHONE) != person_of(BEN)
    assert person_of(JO) == person_of(Member("JO@losing.example", APPROVER))


@pytest.mark.parametrize(
    ("away", "left"),
    [
        ([], {"ann archer", "ben archer"}),
        ([(BEN, "Mon 2026-06-15", "Tue 2026-06-16")], {"ann archer"}),
        ([(BEN, "Mon 2026-06-22", "Tue 2026-06-23")], {"ann archer", "ben archer"}),
        ([(BEN, "Fri 2026-06-19", None)], {"ann archer"}),
        ([(ANN, "Mon 2026-06-15", "Mon 2026-06-15")], {"ann archer", "ben archer"}),  # she has another address
        ([(m, "Mon 2026-06-15", "Fri 2026-06-19") for m in TEAM], set()),
    ],
)
def test_who_is_left_to_approve(away: list[tuple[Member, str, str | None]], left: set[str]) -> None:
    """Of the week from Monday 15 to Friday 19 June 2026."""
    orders = [order(StandingKind.AWAY, m.address, day(first), day(last) if last else None) for m, first, last in away]

    assert approvers_left(TEAM, orders, day("Mon 2026-06-15"), day("Fri 2026-06-19")) == left
