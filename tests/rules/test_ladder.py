"""The chase ladder, day by day: across Christmas, Easter, Scottish holidays, changes of the clock, and our own downtime."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.rules.asking.ladder import Chase, Foresight, HandOver, Step, chases, is_chase_day, may_chase, next_rung
from daemon.rules.asking.routing import asked, chase_calendar, due
from daemon.rules.identifiers import DeviceId
from daemon.rules.policy import ChaseKind, Contact, ContactKind, Counterparty, Nation, Policy, Rung, Weekday
from daemon.rules.wanting import WAITING, Want, WantEvent, WantState
from daemon.rules.workdays import LONDON, local_day
from tests.rules.cases import MEMBER, A, B, C, D, device, policy
from tests.rules.test_workdays import day

CODES, DESK, BOSS = "codes@north.example", "desk@north.example", "boss@north.example"
NORTH = Counterparty(
    "Northern Energy",
    contacts=(
        Contact(CODES, ContactKind.MP121),
        Contact(DESK, ContactKind.OPERATIONS),
        Contact(BOSS, ContactKind.ESCALATION),
    ),
)
SOUTH = Counterparty("Southern Power", contacts=(Contact("codes@south.example", ContactKind.MP121),))
BOOK = (NORTH, SOUTH)
TO = {"C": CODES, "D": DESK, "B": BOSS}


def at(text: str, hour: int = 10, minute: int = 0) -> datetime:
    """A moment by the clock on London's walls, in UTC."""
    return datetime.combine(day(text), time(hour, minute), LONDON).astimezone(UTC)


def want(asked_at: datetime, number: DeviceId = A, party: Counterparty = NORTH, **changes: Any) -> Want:
    """A device that `party` was asked for at that moment."""
    ordered = Want(
        device_id=number, ordered_by=MEMBER, ordered_at=asked_at, order_mail_id=7, losing_supplier=party.party
    )
    return replace(asked(ordered, party, "ab" * 32, asked_at, policy()), **changes)


@dataclass
class World:
    """What a station would do: look, send, note; nobody answers."""

    wants: list[Want]
    by: Policy = field(default_factory=policy)
    book: tuple[Counterparty, ...] = BOOK
    log: list[tuple[datetime, Step]] = field(default_factory=list)
    chased: list[tuple[date, str]] = field(default_factory=list)

    def look(self, now: datetime, dead: Collection[str] = ()) -> list[Step]:
        """One look at this moment."""
        today = [to for when, to in self.chased if when == local_day(now)]
        steps = chases(self.wants, self.book, now, self.by, chased_today=today, dead=dead)
        for step in steps:
            self.log.append((now, step))
            self._keep(step.changed if isinstance(step, Chase) else step.wants)
            if isinstance(step, Chase):
                self.chased.append((local_day(now), step.to))
        return steps

    def _keep(self, changed: Iterable[Want]) -> None:
        new = {one.device_id: one for one in changed}
        self.wants = [new.get(one.device_id, one) for one in self.wants]

    def run(self, first: date, days: int, hours: Iterable[int] = (6, 9, 12, 17, 19)) -> "World":
        """Look on every day at these hours."""
        for moment in moments(first, days, hours):
            self.look(moment)
        return self

    def story(self) -> list[str]:
        """What happened, a line each: the day, the kind, C(odes), D(esk), B(oss) that got a letter."""
        lines: dict[tuple[date, str], str] = {}
        for now, step in self.log:
            kind, to = told(step)
            lines[local_day(now), kind] = lines.get((local_day(now), kind), "") + to
        return [f"{when:%a} {when} {kind} {to}".rstrip() for (when, kind), to in lines.items()]


def told(step: Step) -> tuple[str, str]:
    """A step in a word, and who got a letter."""
    match step:
        case Chase():
            return step.kind.value, next((letter for letter, to in TO.items() if to == step.to), "?")
        case Foresight():
            return f"foretold for {step.day:%a}", ""
        case HandOver():
            return "ops", ""


def moments(first: date, days: int, hours: Iterable[int]) -> Iterator[datetime]:
    """These hours of so many days, by the clock in London."""
    for n in range(days):
        for hour in hours:
            yield datetime.combine(first + timedelta(days=n), time(hour), LONDON).astimezone(UTC)


# The default ladder, day by day ─────────────────────────────────────────────────────────────────────

STORIES = {
    "an ordinary month": (
        "Mon 2026-03-02",  # day 9: Fri 13; due Mon 16; 11: Tue 17; 13: Thu 19; 16: Tue 24
        ["Tue 2026-03-17 overdue CD", "Wed 2026-03-18 foretold for Thu", "Thu 2026-03-19 escalation B", "Tue 2026-03-24 ops"],
    ),
    "asked on a Wednesday": (
        "Wed 2026-02-25",  # 9: Tue 10; due Wed 11; 11: Thu 12; 13: Mon 16; 16: Thu 19
        [
            "Tue 2026-03-10 due-tomorrow C",
            "Thu 2026-03-12 overdue CD",
            "Mon 2026-03-16 foretold for Tue",
            "Tue 2026-03-17 escalation B",
            "Thu 2026-03-19 ops",
        ],
    ),
    "asked on a Thursday: the day after due is a Friday": (
        "Thu 2026-02-26",  # 9: Wed 11; due Thu 12; 11: Fri 13; 13: Tue 17; 16: Fri 20
        [
            "Thu 2026-03-12 due-tomorrow C",
            "Fri 2026-03-13 overdue CD",
            "Mon 2026-03-16 foretold for Tue",
            "Tue 2026-03-17 escalation B",
            "Fri 2026-03-20 ops",
        ],
    ),
    "asked on a Saturday": (
        "Sat 2026-02-28",  # 9: Thu 12; due Fri 13; 11: Mon 16; 13: Wed 18; 16: Mon 23
        [
            "Thu 2026-03-12 due-tomorrow C",
            "Mon 2026-03-16 overdue CD",
            "Wed 2026-03-18 foretold for Thu",
            "Thu 2026-03-19 escalation B",
            "Mon 2026-03-23 ops",
        ],
    ),
    "Christmas 2026": (
        # off: Fri 25, Mon 28 Dec, Fri 1, Mon 4 Jan (Scotland). 9: Wed 6; due Thu 7; 11: Fri 8; 13: Tue 12; 16: Fri 15
        "Fri 2026-12-18",
        [
            "Thu 2027-01-07 due-tomorrow C",
            "Fri 2027-01-08 overdue CD",
            "Mon 2027-01-11 foretold for Tue",
            "Tue 2027-01-12 escalation B",
            "Fri 2027-01-15 ops",
        ],
    ),
    "due before Christmas, late after it": (
        # 9: Mon 21; due Tue 22; 11: Wed 23; 13: Tue 29, whose day before is Thu 24; 16: Tue 5 Jan
        "Tue 2026-12-08",
        [
            "Tue 2026-12-22 due-tomorrow C",
            "Wed 2026-12-23 overdue CD",
            "Thu 2026-12-24 foretold for Tue",
            "Tue 2026-12-29 escalation B",
            "Tue 2027-01-05 ops",
        ],
    ),
    "Easter 2027": (
        # off: Fri 26 and Mon 29 Mar. 9: Fri 2; due Mon 5; 11: Tue 6; 13: Thu 8; 16: Tue 13 Apr
        "Thu 2027-03-18",
        ["Tue 2027-04-06 overdue CD", "Wed 2027-04-07 foretold for Thu", "Thu 2027-04-08 escalation B", "Tue 2027-04-13 ops"],
    ),
    "St Andrew's day, Monday 30 November 2026": (
        # 9: Thu 26; due Fri 27; 11: Tue 1 Dec, and Monday is no day after due; 13: Thu 3; 16: Tue 8
        "Fri 2026-11-13",
        [
            "Thu 2026-11-26 due-tomorrow C",
            "Tue 2026-12-01 overdue CD",
            "Wed 2026-12-02 foretold for Thu",
            "Thu 2026-12-03 escalation B",
            "Tue 2026-12-08 ops",
        ],
    ),
    "2 January 2026, a Friday in Scotland": (
        # off: Thu 25, Fri 26 Dec, Thu 1, Fri 2 Jan. 9: Tue 30; due Wed 31; 11: Mon 5; 13: Wed 7; 16: Mon 12
        "Mon 2025-12-15",
        [
            "Tue 2025-12-30 due-tomorrow C",
            "Mon 2026-01-05 overdue CD",
            "Wed 2026-01-07 foretold for Thu",
            "Thu 2026-01-08 escalation B",
            "Mon 2026-01-12 ops",
        ],
    ),
    "the clock goes forward, Sunday 29 March 2026": (
        # off: Fri 3, Mon 6 Apr. 9: Fri 27; due Mon 30; 11: Tue 31; 13: Thu 2 Apr; 16: Thu 9
        "Mon 2026-03-16",
        ["Tue 2026-03-31 overdue CD", "Wed 2026-04-01 foretold for Thu", "Thu 2026-04-02 escalation B", "Thu 2026-04-09 ops"],
    ),
    "the clock goes back, Sunday 25 October 2026": (
        # 9: Fri 23; due Mon 26; 11: Tue 27; 13: Thu 29; 16: Tue 3 Nov
        "Mon 2026-10-12",
        ["Tue 2026-10-27 overdue CD", "Wed 2026-10-28 foretold for Thu", "Thu 2026-10-29 escalation B", "Tue 2026-11-03 ops"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked_on", "story"), STORIES.values(), ids=STORIES)
def test_the_default_ladder_day_by_day(asked_on: str, story: list[str]) -> None:
    """Nobody answers: reminded on a chase day, late on the day after due, escalated as foretold, handed to ops."""
    world = World([want(at(asked_on))]).run(day(asked_on), 45)

    assert world.story() == story
    assert [w.state for w in world.wants] == [WantState.WITH_OPS]


def test_what_is_needed_by_a_day_is_reminded_of_on_day_five() -> None:
    """The other rungs are everybody's: nobody is late any sooner."""
    one = want(at("Wed 2026-02-25"), needed_by=day("Thu 2026-03-05"))
    world = World([one]).run(day("Wed 2026-02-25"), 45)

    assert world.story()[:2] == ["Thu 2026-03-05 due-tomorrow C", "Thu 2026-03-12 overdue CD"]
    assert next_rung(one, day("Tue 2026-03-03"), policy()) is None
    assert next_rung(one, day("Wed 2026-03-04"), policy()) == policy().ladder[0]


@pytest.mark.parametrize("state", [WantState.QUERIED, WantState.PROMISED])
def test_a_promise_or_a_query_stops_nothing(state: WantState) -> None:
    """Our own clock runs on, whatever day they named."""
    asked_at = at("Wed 2026-02-25")
    promised = want(asked_at, state=state, promised_for=day("Fri 2026-04-10"))

    assert World([promised]).run(day("Wed 2026-02-25"), 45).story() == STORIES["asked on a Wednesday"][1]


@pytest.mark.parametrize("state", sorted(set(WantState) - WAITING))
def test_only_what_waits_for_a_party_is_chased(state: WantState) -> None:
    """Ordered, moved on, with ops, answered or over: no letter, however old."""
    one = want(at("Mon 2026-03-02"), state=state)

    assert World([one]).run(day("Mon 2026-03-02"), 60).log == []
    assert next_rung(one, day("Tue 2026-03-17"), policy()) is None


def test_the_next_party_has_its_own_ten_days() -> None:
    """A device that moved on is late by the clock of the party that was asked last."""
    moved = want(at("Mon 2026-03-02"), rung="overdue 11").move(WantEvent.MOVE_ON)
    again = asked(moved, SOUTH, "cd" * 32, at("Wed 2026-03-18"), policy())

    assert next_rung(again, day("Mon 2026-03-30"), policy()) is None
    assert next_rung(again, day("Tue 2026-03-31"), policy()) == policy().ladder[0]


# Holidays at short notice, downtime, WAIT ───────────────────────────────────────────────────────────


def test_a_holiday_at_short_notice_moves_every_rung() -> None:
    """What was reckoned when it was asked is too early by now: nobody is called late by the old sum."""
    one = want(at("Wed 2026-02-25"))
    funeral = policy(extra_holidays=((day("Wed 2026-03-11"), "State funeral"),))

    assert one.late_from == day("Wed 2026-03-11")
    assert World([one], funeral).run(day("Wed 2026-02-25"), 45).story() == [
        "Tue 2026-03-10 due-tomorrow C",
        "Fri 2026-03-13 overdue CD",
        "Mon 2026-03-16 foretold for Tue",
        "Tue 2026-03-17 escalation B",
        "Fri 2026-03-20 ops",
    ]


def test_nobody_is_late_before_the_day_that_was_reckoned() -> None:
    """Where the later day of the two is the one that was told, it stands: day 11 is Thu 12, late from Tue 17."""
    one = want(at("Wed 2026-02-25"), late_from=day("Mon 2026-03-16"))

    assert World([one]).run(day("Wed 2026-02-25"), 45).story()[:3] == [
        "Tue 2026-03-10 due-tomorrow C",
        "Mon 2026-03-16 foretold for Tue",
        "Tue 2026-03-17 escalation B",
    ]


@pytest.mark.parametrize(
    ("back_on", "story"),
    [
        # day 9 was Tue 10, day 11 Thu 12, day 13 Mon 16, day 16 Thu 19
        ("Wed 2026-03-11", ["Thu 2026-03-12 overdue CD", "Mon 2026-03-16 foretold for Tue", "Tue 2026-03-17 escalation B", "Thu 2026-03-19 ops"]),
        ("Fri 2026-03-13", ["Mon 2026-03-16 foretold for Tue", "Tue 2026-03-17 escalation B", "Thu 2026-03-19 ops"]),
        ("Tue 2026-03-17", ["Tue 2026-03-17 overdue CD", "Thu 2026-03-19 ops"]),
        ("Wed 2026-03-18", ["Thu 2026-03-19 ops"]),
        ("Wed 2026-03-25", ["Wed 2026-03-25 ops"]),
    ],
)  # fmt: skip
def test_nothing_is_made_up_for_after_downtime(back_on: str, story: list[str]) -> None:
    """One letter of the highest rung reached; after three weeks our own team has it at once. No escalation unforetold."""
    world = World([want(at("Wed 2026-02-25"))])

    assert world.run(day(back_on), 45).story() == story


def test_wait_silences_until_its_day() -> None:
    """Neither chased, escalated, foretold nor handed over before; then the highest rung, foretold anew."""
    world = World([want(at("Wed 2026-02-25"))]).run(day("Wed 2026-02-25"), 20)
    assert world.story()[-1] == "Mon 2026-03-16 foretold for Tue"

    world.wants = [replace(w, wait_until=day("Thu 2026-03-19")) for w in world.wants]
    later = policy(ladder=(*policy().ladder[:3], Rung(20, ChaseKind.HAND_OVER)))
    world.by, world.log = later, []

    assert world.run(day("Mon 2026-03-16"), 30).story() == [
        "Wed 2026-03-18 foretold for Thu",
        "Thu 2026-03-19 escalation B",
        "Wed 2026-03-25 ops",
    ]


def test_wait_beyond_the_ladder_ends_with_ops() -> None:
    """On the day that they named, and not before."""
    one = want(at("Wed 2026-02-25"), wait_until=day("Mon 2026-04-20"))

    assert World([one]).run(day("Wed 2026-02-25"), 90).story() == ["Mon 2026-04-20 ops"]


def test_what_waits_on_a_member_s_word_stands_in_no_letter() -> None:
    """The party is chased for the rest alone."""
    silent = want(at("Mon 2026-03-02"), B, wait_until=day("Mon 2026-04-20"))
    (letter, _) = World([want(at("Mon 2026-03-02")), silent]).look(at("Tue 2026-03-17"))

    assert isinstance(letter, Chase)
    assert [w.device_id for w in letter.wants] == [A]


# One look ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_letter_lists_all_that_is_missing() -> None:
    """Those not yet due too, longest asked first, and nothing that is settled or with ops; its kind is the firmest of
    those due; each due rung is used, each state moved by its own.
    """
    wants = [
        want(at("Wed 2026-02-25"), device(9), state=WantState.WITH_OPS),
        want(at("Wed 2026-02-25"), device(8), state=WantState.ANSWERED),
        want(at("Mon 2026-03-02")),  # overdue
        want(at("Wed 2026-03-04"), B),  # day 9
        want(at("Mon 2026-03-16"), C),  # day 1
        want(at("Mon 2026-03-02"), D, SOUTH),
    ]
    steps = World(wants[::-1]).look(at("Tue 2026-03-17"))

    assert [(s.party, s.to, s.kind) for s in steps if isinstance(s, Chase)] == [
        ("Northern Energy", CODES, ChaseKind.OVERDUE),
        ("Northern Energy", DESK, ChaseKind.OVERDUE),
        ("Southern Power", "codes@south.example", ChaseKind.OVERDUE),
    ]
    first, copy = steps[0], steps[1]
    assert isinstance(first, Chase)
    assert isinstance(copy, Chase)
    stands = [(w.device_id, w.state, w.rung, w.rung_on) for w in first.wants]
    assert stands == [
        (A, WantState.OVERDUE, "overdue 11", day("Tue 2026-03-17")),
        (B, WantState.ASKED, "due-tomorrow 9", day("Tue 2026-03-17")),
        (C, WantState.ASKED, "", None),
    ]
    assert copy.wants == first.wants
    assert (first.changed, copy.changed) == (first.wants[:2], ())


def test_the_letter_of_one_device_s_day_after_due_gathers_what_else_is_due() -> None:
    """No letter on the next chase day for what stood in it already; the day after that is the other one's."""
    late = want(at("Tue 2026-02-24"))  # due Tue 10, so late on Wed 11
    soon = want(at("Thu 2026-02-26"), B)  # day 9 on Wed 11
    world = World([late, soon]).run(day("Wed 2026-03-11"), 1)

    assert [w.rung for w in world.wants] == ["overdue 11", "due-tomorrow 9"]
    assert world.run(day("Thu 2026-03-12"), 2).story() == [
        "Wed 2026-03-11 overdue CD",
        "Thu 2026-03-12 foretold for Fri",
        "Fri 2026-03-13 overdue CD",
        "Fri 2026-03-13 escalation B",
    ]


def test_each_address_gets_the_firmest_letter_that_is_meant_for_it() -> None:
    """One device late, another escalated on one day: three letters, and where no escalation contact is listed two."""
    escalated = want(at("Thu 2026-02-26"), rung="overdue 11", foretold_for=day("Tue 2026-03-17"))
    wants = [escalated, want(at("Mon 2026-03-02"), B)]
    modest = replace(NORTH, contacts=NORTH.contacts[:2])

    for book, expected in (
        ((NORTH,), {CODES: "overdue", DESK: "overdue", BOSS: "escalation"}),
        ((modest,), {CODES: "overdue", DESK: "escalation"}),
    ):
        letters = [s for s in chases(wants, book, at("Tue 2026-03-17"), policy()) if isinstance(s, Chase)]

        assert {s.to: s.kind for s in letters} == expected
        assert [w.state for s in letters for w in s.changed] == [WantState.ESCALATED, WantState.OVERDUE]


def test_a_second_rung_of_one_kind_chases_again() -> None:
    """An operator's own ladder may be longer; what is overdue already only notes the rung."""
    ladder = (
        Rung(11, ChaseKind.OVERDUE, (ContactKind.MP121,)),
        Rung(12, ChaseKind.OVERDUE, (ContactKind.OPERATIONS,)),
        Rung(14, ChaseKind.HAND_OVER),
    )
    world = World([want(at("Tue 2026-02-24"))], policy(ladder=ladder)).run(day("Tue 2026-02-24"), 30)

    assert world.story() == ["Wed 2026-03-11 overdue C", "Thu 2026-03-12 overdue D", "Mon 2026-03-16 ops"]


def test_a_used_rung_is_not_used_again_where_the_ladder_was_changed() -> None:
    """Its place is known by kind and day: only what stands above it is left."""
    one = want(at("Mon 2026-03-02"), rung="overdue 11")
    sooner = policy(ladder=(*policy().ladder[:1], replace(policy().ladder[1], day=11), Rung(15, ChaseKind.HAND_OVER)))

    assert next_rung(one, day("Thu 2026-03-19"), sooner) is None
    assert next_rung(replace(one, rung="escalation 12"), day("Mon 2026-03-23"), sooner) == sooner.ladder[-1]


def test_a_party_without_address_is_ops_matter() -> None:
    """None listed, none in force, all dead, or the party gone from the list: handed over when a rung is due, not before."""
    nameless = replace(NORTH, contacts=())
    for book, dead in (((nameless,), ()), ((), ()), ((NORTH,), (CODES, DESK.upper()))):
        world = World([want(at("Wed 2026-02-25"))], book=book)

        assert world.look(at("Mon 2026-03-09"), dead) == []
        (step,) = world.look(at("Tue 2026-03-10"), dead)
        assert isinstance(step, HandOver)
        assert [(w.state, w.reason) for w in step.wants] == [
            (WantState.WITH_OPS, "Northern Energy has no address that we may write to")
        ]


def test_what_was_handed_over_is_not_foretold_as_well() -> None:
    """One step a device: no word of tomorrow's escalation of what ops have from now on."""
    daily = policy(chase_days=tuple(Weekday))
    steps = chases([want(at("Wed 2026-02-25"))], (), at("Fri 2026-03-13"), daily)

    assert [type(step) for step in steps] == [HandOver]


def test_ops_are_told_of_an_escalation_once() -> None:
    """Not at every look of the day before."""
    world = World([want(at("Wed 2026-02-25"), rung="overdue 11", state=WantState.OVERDUE)])

    (step,) = world.look(at("Mon 2026-03-16", 9))
    assert isinstance(step, Foresight)
    assert (step.party, step.day, [w.foretold_for for w in step.wants]) == (
        "Northern Energy",
        day("Tue 2026-03-17"),
        [day("Tue 2026-03-17")],
    )
    assert world.look(at("Mon 2026-03-16", 12)) == []


def test_a_dead_address_passes_its_letter_on() -> None:
    """The next listed contact gets it."""
    (letter, *_) = World([want(at("Wed 2026-02-25"))]).look(at("Tue 2026-03-10"), (CODES,))

    assert isinstance(letter, Chase)
    assert letter.to == DESK


@pytest.mark.parametrize("mark", ["Northern Energy", CODES.upper(), BOSS])
def test_nobody_is_chased_twice_in_a_day(mark: str) -> None:
    """By the party's name or any address of it; its rung stays unused, and is used on the next chase day."""
    wants = [want(at("Mon 2026-03-02"))]
    steps = chases(wants, BOOK, at("Tue 2026-03-17"), policy(), chased_today=[mark])

    assert steps == []
    assert isinstance(chases(wants, BOOK, at("Thu 2026-03-19"), policy())[0], Chase)


def test_a_paused_party_is_left_alone_and_ops_are_not() -> None:
    """No rung is used while its letters wait; the last one is our own team's."""
    one = want(at("Wed 2026-02-25"))

    assert World([one], policy(paused=frozenset({"Northern Energy"}))).run(day("Wed 2026-02-25"), 45).story() == [
        "Thu 2026-03-19 ops"
    ]


def test_an_escalation_that_ops_did_not_see_is_not_sent() -> None:
    """Foretold for a day to come, or before a longer WAIT, is not foretold."""
    one = want(at("Wed 2026-02-25"), rung="overdue 11", state=WantState.OVERDUE)
    today = day("Tue 2026-03-17")
    foretold = replace(one, foretold_for=today)

    assert next_rung(one, today, policy()) is None
    assert next_rung(replace(one, foretold_for=day("Wed 2026-03-18")), today, policy()) is None
    assert next_rung(replace(foretold, wait_until=today), today, policy()) == policy().ladder[2]
    assert next_rung(replace(foretold, wait_until=day("Wed 2026-03-18")), day("Wed 2026-03-18"), policy()) is None


# Days and hours ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("utc", "may"),
    [
        ("2026-03-27T07:59:59", False),  # Friday, winter time
        ("2026-03-27T08:00:00", True),
        ("2026-03-27T17:59:59", True),
        ("2026-03-27T18:00:00", False),
        ("2026-03-28T10:00:00", False),  # Saturday
        ("2026-03-29T10:00:00", False),  # Sunday, the clock goes forward
        ("2026-03-30T06:59:59", False),
        ("2026-03-30T07:00:00", True),  # summer time
        ("2026-03-30T17:00:00", False),
        ("2026-10-23T07:00:00", True),
        ("2026-10-26T07:30:00", False),  # the clock went back on Sunday 25 October
        ("2026-10-26T17:59:00", True),
        ("2026-11-30T10:00:00", False),  # St Andrew
        ("2026-01-02T10:00:00", False),  # 2 January, a holiday in Scotland alone
        ("2026-04-03T10:00:00", False),  # Good Friday
        ("2026-12-28T10:00:00", False),  # Boxing Day's substitute
    ],
)
def test_office_hours_in_london(utc: str, may: bool) -> None:
    """08:00 to 18:00 by the clock on the wall, on days that are nobody's holiday; else no step of any kind is taken."""
    now = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    old = want(now - timedelta(days=200))

    assert may_chase(now, policy()) is may
    assert bool(chases([old], BOOK, now, policy())) is may


@pytest.mark.parametrize(
    ("text", "chase_day"),
    [
        ("Mon 2026-03-02", False), ("Tue 2026-03-03", True), ("Wed 2026-03-04", False), ("Thu 2026-03-05", True),
        ("Fri 2026-03-06", False), ("Sat 2026-03-07", False), ("Sun 2026-03-08", False),
        ("Thu 2026-12-24", True), ("Tue 2027-12-28", False), ("Thu 2026-01-01", False),
    ],
)  # fmt: skip
def test_chase_days(text: str, chase_day: bool) -> None:
    """Tuesday and Thursday, as far as they are working days."""
    assert is_chase_day(day(text), policy()) is chase_day


def test_the_day_after_due_is_a_chase_day_too() -> None:
    """The first working day after it, and no later one."""
    one = want(at("Thu 2026-03-19"))  # due on Maundy Thursday, 2 April
    days = {
        d
        for n in range(30)
        if is_chase_day(d := day("Mon 2026-03-23") + timedelta(days=n), policy(chase_days=()), [one])
    }

    assert one.late_from == day("Thu 2026-04-02")
    assert days == {day("Tue 2026-04-07")}


def test_an_operator_s_own_days() -> None:
    """`chase_days` and `chase_calendar` are settings."""
    ours = policy(chase_days=(Weekday.MONDAY,), chase_calendar=Nation.ENGLAND_AND_WALES)

    assert is_chase_day(day("Mon 2026-11-30"), ours)
    assert not is_chase_day(day("Mon 2026-11-30"), policy(chase_days=(Weekday.MONDAY,)))
    assert not is_chase_day(day("Tue 2026-12-01"), ours)


# Laws ───────────────────────────────────────────────────────────────────────────────────────────────

_FIRST, _DAYS = date(2026, 1, 1), 700


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Up to six devices of two parties, asked within a month of any day of 2026 or 2027."""
    begin = draw(st.integers(0, _DAYS))
    wants = []
    for number in range(draw(st.integers(1, 6))):
        asked_at = datetime.combine(_FIRST, time(12), UTC) + timedelta(days=begin + draw(st.integers(0, 30)))
        today = local_day(asked_at)
        wait = draw(st.sampled_from([None, None, 10, 17, 30]))
        wants.append(
            want(
                asked_at,
                device(number + 1),
                draw(st.sampled_from(BOOK)),
                needed_by=draw(st.sampled_from([None, today])),
                state=draw(st.sampled_from([WantState.ASKED, WantState.QUERIED, WantState.PROMISED])),
                wait_until=wait and today + timedelta(days=wait),
            )
        )
    return World(wants)


@settings(max_examples=60)
@given(world=worlds(), data=st.data())
def test_the_laws_of_the_ladder(world: World, data: st.DataObject) -> None:
    """Nobody twice a day, nothing on a day off, firmness never falls, nobody late too soon, everything ends with ops."""
    calendar = chase_calendar(world.by)
    first = min(local_day(w.asked[-1].at) for w in world.wants)
    down_from = data.draw(st.integers(0, 60))
    down_for = data.draw(st.sampled_from([0, 3, 21]))
    start = {w.device_id: w for w in world.wants}
    for now in moments(first, 120, (7, 9, 17)):
        if not down_from <= (local_day(now) - first).days < down_from + down_for:
            world.look(now)

    assert len(world.chased) == len(set(world.chased))
    assert all(calendar.is_working_day(local_day(now)) for now, _ in world.log)
    assert {w.state for w in world.wants} == {WantState.WITH_OPS}
    told_of: dict[DeviceId, list[int]] = {}
    foretold: dict[DeviceId, date] = {}
    for now, step in world.log:
        today = local_day(now)
        changed = step.changed if isinstance(step, Chase) else step.wants
        for one in changed:
            before = start[one.device_id]
            assert before.wait_until is None or today >= before.wait_until or isinstance(step, Foresight)
            if isinstance(step, Chase):
                kind = ChaseKind(one.rung.rpartition(" ")[0])
                told_of.setdefault(one.device_id, []).append(kind.firmness)
                assert not kind.calls_late or today > due(local_day(before.asked[-1].at), world.by)[1]
                assert kind is not ChaseKind.ESCALATION or foretold[one.device_id] < today
            elif isinstance(step, Foresight):
                foretold[one.device_id] = today
            else:
                told_of.setdefault(one.device_id, []).append(ChaseKind.HAND_OVER.firmness)
    assert all(lower < upper for rungs in told_of.values() for lower, upper in pairwise(rungs))
    assert all(rungs[-1] == ChaseKind.HAND_OVER.firmness for rungs in told_of.values())


@settings(max_examples=40)
@given(world=worlds())
def test_what_runs_undisturbed_is_with_ops_when_the_last_rung_is_reached(world: World) -> None:
    """On its sixteenth working day, or the first working day after a WAIT that runs longer."""
    calendar = chase_calendar(world.by)
    asked_on = {w.device_id: w for w in world.wants}
    world.run(min(local_day(w.asked[-1].at) for w in world.wants), 120, (9,))
    handed = {w.device_id: local_day(now) for now, step in world.log if isinstance(step, HandOver) for w in step.wants}
    for number, one in asked_on.items():
        reached = calendar.due(local_day(one.asked[-1].at), 16).end
        if one.wait_until and one.wait_until > reached:
            reached = calendar.due(one.wait_until - timedelta(days=1), 1).end

        assert handed[number] == reached
