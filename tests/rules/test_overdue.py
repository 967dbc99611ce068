"""When ops hear of a hold, who of them, and in which words."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from daemon.rules import explain, overdue
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import LetterKind, OpsNews
from daemon.rules.overdue import BREACH, MOST_MATTERS, Hold, Notice
from daemon.rules.policy import Member, Nation, Policy, Role
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome
from daemon.rules.wording import write
from daemon.rules.workdays import Calendar, DueDate
from tests.letters import our_words

LONDON = ZoneInfo("Europe/London")
POLICY = Policy("Losing Energy", "codes@losing.example", team=(Member("jo@losing.example", frozenset(Role)),))
CALENDAR = Calendar.of(POLICY)
DEVICES = (DeviceId("00-DB-12-34-00-00-00-01"), DeviceId("00-DB-12-34-00-00-00-02"))


def day(text: str) -> date:
    """A day written with the name of its weekday, which has to be right: `Mon 2026-06-08`."""
    name, _, iso = text.partition(" ")
    found = date.fromisoformat(iso)
    assert f"{found:%a}" == name
    return found


def at(text: str, clock: str = "09:30") -> datetime:
    """That day at that time by the clocks in London."""
    hour, minute = map(int, clock.split(":"))
    local = datetime.combine(day(text), datetime.min.time(), LONDON).replace(hour=hour, minute=minute)
    return local.astimezone(UTC)


def hold(start: str = "Mon 2026-06-08", **changes: Any) -> Hold:
    """Two devices of Northern Energy, held on that day for the state of our inventory."""
    due: DueDate = CALENDAR.due(day(start), 10)
    fields: dict[str, Any] = {
        "mail_id": 1,
        "case_id": "ab" * 32,
        "party": "Northern Energy",
        "reason": Reason.INVENTORY_STALE,
        "sender": "codes@northern.example",
        "subject": "Install codes",
        "arrived": at(start),
        "held_at": at(start),
        "start": due.start,
        "due": due.end,
        "due_sum": due.explain(),
        "reference": "IC-0000000A",
        "devices": DEVICES,
    }
    return Hold(**(fields | changes))


def whole(reason: Reason = Reason.UNPROVEN_SENDER, **changes: Any) -> Hold:
    """A mail held whole."""
    return hold(reason=reason, case_id="", reference="", devices=(), **changes)


# Gathering ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("waited", "told"), [(0, 0), (14, 0), (15, 1), (16, 1), (60 * 24 * 5, 1)])
def test_a_hold_is_gathered_for_a_quarter_of_an_hour(waited: int, told: int) -> None:
    """Ops hear of a hold 15 minutes after it, however late we look."""
    now = hold().held_at + timedelta(minutes=waited)

    assert told == len(overdue.first_notices([hold()], now, POLICY))


def test_a_group_goes_whole_when_its_oldest_is_ripe() -> None:
    """What came a minute ago from the same supplier for the same cause goes with what waited long enough."""
    old, young = hold(), hold(case_id="cd" * 32, held_at=hold().held_at + timedelta(minutes=14))

    [notice] = overdue.first_notices([young, old], old.held_at + timedelta(minutes=15), POLICY)

    assert {old, young} == set(notice.holds)


def test_suppliers_and_causes_are_told_apart() -> None:
    """Another supplier, or another cause, is another letter; what is not ripe waits on."""
    now = hold().held_at + timedelta(minutes=15)
    holds = [
        hold(),
        hold(party="Southern Power"),
        hold(reason=Reason.DEVICE_STATUS),
        whole(),
        whole(party="", reason=Reason.UNLISTED_SENDER),
        hold(reason=Reason.REPEAT_LIMIT, held_at=now),
    ]

    notices = overdue.first_notices(holds, now, POLICY)

    assert len(notices) == 5
    assert all(len({(h.party, h.reason) for h in notice.holds}) == 1 for notice in notices)
    assert Reason.REPEAT_LIMIT not in {h.reason for notice in notices for h in notice.holds}


def test_a_mail_set_aside_is_told_at_once() -> None:
    """A poison mail waits for no gathering, and has its own kind of letter."""
    poison = whole(Reason.POISON)

    [notice] = overdue.first_notices([poison, hold()], poison.held_at, POLICY)

    assert (LetterKind.QUARANTINE, (poison,)) == (notice.kind, notice.holds)


def test_a_flood_goes_in_several_letters_and_nothing_is_left_out() -> None:
    """New holds are each listed: beyond a hundred in a group there are more letters, most urgent first."""
    holds = [hold(case_id=f"{n:064x}", arrived=hold().arrived + timedelta(seconds=n)) for n in range(250)]

    notices = overdue.first_notices(reversed(holds), hold().held_at + timedelta(hours=1), POLICY)

    assert [len(notice.holds) for notice in notices] == [MOST_MATTERS, MOST_MATTERS, 50]
    assert holds == [h for notice in notices for h in notice.holds]


# Reminding ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("start", "third", "seventh", "ninth", "last"),
    [
        ("Mon 2026-06-08", "Thu 2026-06-11", "Wed 2026-06-17", "Fri 2026-06-19", "Mon 2026-06-22"),
        # Saturday's mail counts from Saturday: Monday is its first working day.
        ("Sat 2026-06-06", "Wed 2026-06-10", "Tue 2026-06-16", "Thu 2026-06-18", "Fri 2026-06-19"),
        # over Christmas: Friday 25 December, Boxing Day's substitute on Monday 28, New Year's Day on Friday
        ("Fri 2026-12-18", "Wed 2026-12-23", "Thu 2026-12-31", "Tue 2027-01-05", "Wed 2027-01-06"),
        # over Easter: Good Friday 26 and Easter Monday 29 March, and the clocks go forward on Sunday 28
        ("Fri 2027-03-19", "Wed 2027-03-24", "Thu 2027-04-01", "Mon 2027-04-05", "Tue 2027-04-06"),
        # over the end of summer time, Sunday 25 October
        ("Mon 2026-10-19", "Thu 2026-10-22", "Wed 2026-10-28", "Fri 2026-10-30", "Mon 2026-11-02"),
    ],
)
def test_reminders_come_on_working_days_three_seven_and_nine(
    start: str, third: str, seventh: str, ninth: str, last: str
) -> None:
    """Walked through day by day at half past nine, a hold is reminded of three times, and the alarm comes once."""
    one, said = hold(start), {}
    for n in range(40):
        now = at(start) + timedelta(days=n)
        step = overdue.rung(one, now, CALENDAR, POLICY)
        if step:
            said[step] = now.astimezone(LONDON).date()
            one = replace(one, reminded_day=step)

    assert {3: day(third), 7: day(seventh), 9: day(ninth), BREACH: day(last) + timedelta(days=1)} == said
    assert day(last) == one.due


@pytest.mark.parametrize(
    ("now", "step"),
    [
        (at("Thu 2026-06-11", "07:59"), 0),
        (at("Thu 2026-06-11", "08:00"), 3),
        (at("Thu 2026-06-11", "17:59"), 3),
        (at("Thu 2026-06-11", "18:00"), 0),
        (at("Sat 2026-06-13"), 0),
        (datetime(2026, 6, 11, 7, 30, tzinfo=UTC), 3),  # half past eight in London: summer time
        (at("Mon 2026-06-22", "23:59"), 0),
        (at("Tue 2026-06-23", "00:00"), BREACH),  # an alarm waits for no office hours
        (datetime(2026, 6, 22, 22, 59, tzinfo=UTC), 0),
        (datetime(2026, 6, 22, 23, 0, tzinfo=UTC), BREACH),  # midnight in London
    ],
)
def test_reminders_keep_office_hours_in_london(now: datetime, step: int) -> None:
    """Reminders are written from 08:00 to 18:00 on working days by the clocks in London; a breach is told at once."""
    assert step == overdue.rung(hold(), now, CALENDAR, POLICY)


@pytest.mark.parametrize(
    ("now", "reminded", "step"),
    [
        ("Fri 2026-06-12", 0, 3),  # the third day was missed by one
        ("Wed 2026-06-17", 0, 7),  # the third was missed altogether: never made up for
        ("Wed 2026-06-17", 3, 7),
        ("Thu 2026-06-18", 7, 0),
        ("Mon 2026-06-22", 0, 9),
        ("Mon 2026-06-22", 9, 0),
        ("Tue 2026-06-23", 0, BREACH),
        ("Wed 2026-07-29", 3, BREACH),  # weeks later: the alarm alone
        ("Wed 2026-07-29", BREACH, 0),
    ],
)
def test_after_downtime_only_the_highest_reminder_goes(now: str, reminded: int, step: int) -> None:
    """What was passed over while we were down is dropped, and nothing is ever said twice."""
    assert step == overdue.rung(hold(reminded_day=reminded), at(now), CALENDAR, POLICY)


def test_a_nations_own_holidays_count() -> None:
    """Under the Scottish calendar the first Monday of August is no day for a reminder, and no working day."""
    scottish = replace(POLICY, calendar=Nation.SCOTLAND)
    one = hold("Wed 2026-07-29")

    assert overdue.rung(one, at("Mon 2026-08-03"), CALENDAR, POLICY) == 3
    assert overdue.rung(one, at("Mon 2026-08-03"), Calendar.of(scottish), scottish) == 0
    assert overdue.rung(one, at("Tue 2026-08-04"), Calendar.of(scottish), scottish) == 3


@pytest.mark.parametrize("start", [f"{d:%a %Y-%m-%d}" for d in (date(2026, 12, 14) + timedelta(n) for n in range(25))])
def test_the_bands_find_exactly_what_is_due(start: str) -> None:
    """Over Christmas, whatever day the clock began and whatever was said: the search finds what the rule wants."""
    for n in range(1, 22):
        today = day(start) + timedelta(days=n)
        now = datetime.combine(today, datetime.min.time(), LONDON).replace(hour=10)
        for reminded in (0, 3, 5, 7, 9):
            one = hold(start, reminded_day=reminded)
            if not CALENDAR.is_working_day(today) or today > one.due:
                continue
            found = any(
                band.reminded_from <= reminded < band.reminded_below and one.start <= band.started_by
                for band in overdue.bands(today, CALENDAR, POLICY)
            )
            assert found == bool(overdue.rung(one, now, CALENDAR, POLICY)), (today, reminded)


def test_a_day_brings_one_letter_a_kind() -> None:
    """All reminders of a day are one letter and all alarms another, the most urgent matter first."""
    late, early = hold("Mon 2026-06-01"), hold("Fri 2026-05-29", party="Southern Power")
    waiting = [hold("Mon 2026-06-08"), whole(start="Fri 2026-06-05")]

    notices = overdue.reminders([*waiting, late, early], at("Thu 2026-06-18"), POLICY)

    assert [(LetterKind.BREACH, (early, late)), (LetterKind.REMINDER, (waiting[1], waiting[0]))] == [
        (notice.kind, notice.holds) for notice in notices
    ]


# Who hears ──────────────────────────────────────────────────────────────────────────────────────────


def _team(**roles: Role) -> Policy:
    members = tuple(Member(f"{name}@losing.example", frozenset({role})) for name, role in roles.items())
    return replace(POLICY, team=members, manager="boss@losing.example")


@pytest.mark.parametrize(
    ("kind", "who"),
    [
        (LetterKind.HELD, ["ann", "ben", "cy"]),
        (LetterKind.REMINDER, ["ann", "ben", "cy"]),
        (LetterKind.QUARANTINE, ["ann", "ben", "cy"]),
        (LetterKind.BREACH, ["ann", "ben", "cy", "dee", "eve", "boss"]),
        (LetterKind.ALARM, ["ann", "ben", "cy", "dee", "eve", "boss"]),
    ],
)
def test_those_who_may_act_hear_and_of_alarms_everybody(kind: LetterKind, who: list[str]) -> None:
    """Operators, approvers and managers get the news; readers and code recipients, and the manager, the alarms too."""
    roles = {
        "ann": Role.OPERATOR,
        "ben": Role.APPROVER,
        "cy": Role.MANAGER,
        "dee": Role.READER,
        "eve": Role.CODE_RECIPIENT,
    }

    assert [f"{name}@losing.example" for name in who] == list(overdue.hears(_team(**roles), kind))


def test_somebody_always_hears() -> None:
    """Where nobody may act readers are told; where nobody is on the team at all, the manager."""
    assert overdue.hears(_team(dee=Role.READER), LetterKind.HELD) == ("dee@losing.example",)
    assert overdue.hears(_team(), LetterKind.HELD) == ("boss@losing.example",)


# Words ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("notice", "today", "line"),
    [
        (
            Notice(LetterKind.HELD, (hold(),)),
            "Mon 2026-06-08",
            "Held: 2 devices from Northern Energy: our inventory is too old, answer by Mon 22 Jun",
        ),
        (
            Notice(LetterKind.HELD, (whole(party=""),)),
            "Mon 2026-06-08",
            "Held: 1 mail: sender not proven, due Mon 22 Jun",
        ),
        (
            Notice(LetterKind.REMINDER, (hold(), whole(party=""))),
            "Mon 2026-06-22",
            "Still waiting: 2 devices and 1 mail, due today",
        ),
        (
            Notice(LetterKind.BREACH, (hold(),)),
            "Tue 2026-06-23",
            "OVERDUE: 2 devices from Northern Energy: our inventory is too old, was due Mon 22 Jun",
        ),
        (
            Notice(LetterKind.QUARANTINE, (whole(Reason.POISON, party=""),)),
            "Mon 2026-06-08",
            "Set aside: 1 mail: cannot be processed, due Mon 22 Jun",
        ),
    ],
)
def test_the_headline_says_how_much_whose_why_and_by_when(notice: Notice, today: str, line: str) -> None:
    """The subject of a letter to ops can be acted on without opening it."""
    assert line == overdue.headline(notice, day(today))


def test_a_letter_to_each_with_the_same_name_and_their_own_number() -> None:
    """Letters of one notice share the derived name; the number tells the members apart."""
    policy = _team(ann=Role.OPERATOR, ben=Role.APPROVER)

    plans = overdue.letters(Notice(LetterKind.HELD, (hold(),)), "name", policy, day("Mon 2026-06-08"))

    assert [(plan.case_id, plan.seq, plan.to) for plan in plans] == [
        ("name", 1, "ann@losing.example"),
        ("name", 2, "ben@losing.example"),
    ]


@pytest.mark.parametrize(
    ("role", "decides", "acts"),
    [
        (Role.READER, False, False),
        (Role.CODE_RECIPIENT, False, False),
        (Role.OPERATOR, False, True),
        (Role.APPROVER, True, True),
        (Role.MANAGER, True, True),
    ],
)
def test_nobody_is_offered_what_their_role_does_not_allow(role: Role, *, decides: bool, acts: bool) -> None:
    """Of an alarm everybody hears; a decision is asked of those who may take it, and the others are told who they are."""
    policy = replace(_team(jo=Role.APPROVER, sam=role), manager="")
    plans = overdue.letters(Notice(LetterKind.BREACH, (hold(),)), "name", policy, day("Mon 2026-06-29"))
    told = next(plan.content for plan in plans if plan.to == "sam@losing.example")
    assert isinstance(told, OpsNews)
    (matter,) = told.matters
    assert bool(matter.on_approve or matter.on_reject) is decides
    assert matter.decidable is acts
    assert told.decided_by == (() if decides else ("jo@losing.example",))
    shown = write(next(plan for plan in plans if plan.to == "sam@losing.example"), None, our_words()).text
    assert ("begin with one of these lines" in " ".join(shown.split())) is decides
    assert shown.startswith("For your information: jo@losing.example must decide") is not acts


def test_a_matter_can_be_decided_by_itself() -> None:
    """Each matter says what, why, by when with its sum, which devices, from whom, and what to do."""
    matter = overdue.matter(replace(hold(), evidence=("G5: no",)))

    assert matter.what == "2 devices held: our inventory is too old"
    assert matter.devices == DEVICES
    assert (day("Mon 2026-06-22"), "IC-0000000A", "codes@northern.example") == (
        matter.due,
        matter.reference,
        matter.sender,
    )
    assert matter.due_sum.endswith("= Mon 22 Jun 2026")
    assert "Import a fresh inventory" in matter.next_step
    assert matter.evidence == ("G5: no",)


def test_a_mail_held_whole_is_named_as_status_names_it() -> None:
    """So that a mail of which nothing could be read can be found all the same."""
    assert overdue.matter(whole(Reason.POISON, mail_id=12)).reference == "mail 12"


def test_in_observe_mode_ops_read_what_would_have_been_answered() -> None:
    """So that a team can hold the daemon's answers against its own."""
    matter = overdue.matter(hold(reason=Reason.OBSERVE_ONLY, outcome=Outcome.CODE))

    assert matter.what == "2 devices held: observing only; we would have answered CODE"


def test_a_long_reminder_counts_what_it_does_not_list() -> None:
    """A reminder of more than a hundred matters is one letter all the same, and hides nothing."""
    holds = tuple(hold(case_id=f"{n:064x}") for n in range(MOST_MATTERS + 7))

    [plan] = overdue.letters(Notice(LetterKind.REMINDER, holds), "name", POLICY, day("Thu 2026-06-11"))

    assert "Still waiting: 214 devices" in plan.subject
    assert len(plan.content.matters) == MOST_MATTERS + 1  # type: ignore[union-attr]
    assert "7 further matters" in plan.content.matters[-1].what  # type: ignore[union-attr]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words(reason: Reason) -> None:
    """A reason without words would stop the letter that tells of it."""
    assert explain.cause(reason)
    assert explain.why(reason).endswith(".")
    assert explain.next_step(reason).endswith((".", "?"))
    assert len(explain.cause(reason)) <= 45


def test_the_same_hold_has_the_same_key_and_the_next_hold_another() -> None:
    """Letters are named by their holds: a rerun finds the same name, a new hold of the same device never does."""
    assert hold().key == hold(told_ops_at=at("Mon 2026-06-08")).key
    others = [
        hold(held_at=at("Mon 2026-06-08", "10:00")),
        hold(reason=Reason.DEVICE_STATUS),
        hold(reminded_day=3),
        hold(outcome=Outcome.CODE),
        whole(Reason.INVENTORY_STALE),
    ]
    assert len({hold().key, *(other.key for other in others)}) == 6


def test_what_only_the_mode_holds_is_never_called_a_breach() -> None:
    """In mode observe people answer by hand unseen: reminders go, an alarm to the manager would be a false one."""
    late = at("Wed 2026-07-29")

    assert overdue.rung(hold(reason=Reason.OBSERVE_ONLY), late, CALENDAR, POLICY) == 0
    assert overdue.rung(hold(reason=Reason.DEVICE_STATUS), late, CALENDAR, POLICY) == BREACH


def test_a_flood_of_forgeries_is_one_letter() -> None:
    """Thousands of mails in one supplier's name make one letter that says how many; proven mails all stand in letters."""
    now = at("Tue 2026-06-09")
    flood = [hold(reason=Reason.UNPROVEN_SENDER, mail_id=n, reference="", devices=()) for n in range(MOST_MATTERS * 3)]
    proven = [hold(mail_id=n) for n in range(MOST_MATTERS * 3)]

    assert [len(notice.holds) for notice in overdue.first_notices(flood, now, POLICY)] == [MOST_MATTERS * 3]
    assert [len(notice.holds) for notice in overdue.first_notices(proven, now, POLICY)] == [MOST_MATTERS] * 3
