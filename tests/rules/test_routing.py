"""Whom we ask, whom next, where and by when."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rules.asking.routing import (
    Ask,
    Mail,
    Next,
    NoAddress,
    Portal,
    ToOps,
    Unlisted,
    Why,
    address,
    addresses,
    asked,
    due,
    first_party,
    next_party,
)
from daemon.rules.policy import Channel, Contact, ContactKind, Counterparty, Nation
from daemon.rules.thread import IllegalMove
from daemon.rules.wanting import AskedParty, Want, WantEvent, WantState
from tests.rules.cases import MEMBER, NOW, A, policy
from tests.rules.test_workdays import day

MP121, OPERATIONS, ESCALATION = ContactKind.MP121, ContactKind.OPERATIONS, ContactKind.ESCALATION
NORTH = Counterparty("Northern Energy", frozenset({"NRTH"}), frozenset({"Northern"}), frozenset({"Old Mill", "OLDM"}))
SOUTH = Counterparty("Southern Power", frozenset({"SOUT"}))
HARBOUR = Counterparty("Harbour Power Ltd", frozenset({"HRBR"}), frozenset({"Harbour, the power people"}))
BOOK = (HARBOUR, NORTH, SOUTH)
NOBODY = ToOps(Why.NOBODY)


def want(losing: str = "Northern Energy", *parties: str, **changes: Any) -> Want:
    """A device; `parties` were asked for it so far, the last one is the present one."""
    fields: dict[str, Any] = {
        "device_id": A,
        "ordered_by": MEMBER,
        "ordered_at": NOW,
        "order_mail_id": 7,
        "losing_supplier": losing,
        "state": WantState.ASKED if parties else WantState.ORDERED,
        "party": parties[-1] if parties else "",
        "asked": tuple(AskedParty(party, NOW) for party in parties),
    }
    return Want(**(fields | changes))


# Whom ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("losing", "installing", "expected"),
    [
        ("Northern Energy", "", Ask(NORTH)),
        ("northern energy", "Southern Power", Ask(NORTH)),
        ("NRTH", "", Ask(NORTH)),
        ("Northern", "", Ask(NORTH)),
        ("OLDM", "", Ask(NORTH)),
        ("Old Mill", "", Ask(NORTH)),
        ("", "SOUT", Ask(SOUTH)),
        ("  - ", "SOUT", Ask(SOUTH)),
        ("Our Company", "SOUT", Ask(SOUTH)),
        ("Our Company", "", ToOps(Why.OURSELVES)),
        ("OLDC", "", ToOps(Why.OURSELVES)),
        ("", "Our Company", ToOps(Why.OURSELVES)),
        ("", "", NOBODY),
        ("Brightspark", "SOUT", Unlisted("Brightspark")),
        ("", "Bright \n spark", Unlisted("Bright spark")),
        ("Bright" * 20, "", Unlisted(("Bright" * 20)[:60])),
    ],
)
def test_whom_a_device_is_asked_of_first(losing: str, installing: str, expected: Next) -> None:
    """The losing supplier by any name of it or of one it took over; else the installing one; never we ourselves."""
    assert first_party(want(losing, installing_supplier=installing), BOOK, policy()) == expected


@pytest.mark.parametrize(
    ("installing", "note", "expected"),
    [
        ("SOUT", "", Ask(SOUTH)),
        ("SOUT", "installer: HRBR", Ask(SOUTH)),
        ("", "installer: HRBR", Ask(HARBOUR)),
        ("", "Installer : Southern Power", Ask(SOUTH)),
        ("", "installer: southern-power", Ask(SOUTH)),
        ("", "installer: Harbour, the power people", Ask(HARBOUR)),
        ("", "installer: SOUT, as far as we know", Ask(SOUTH)),
        ("", "installer: SOUT (Southern Power)", Ask(SOUTH)),
        ("", "installer: SOUT (yourselves)", Ask(SOUTH)),
        ("", "installer: Southern Power (since 2019)", Ask(SOUTH)),
        ("", "installer: SOUT\nby: 2026-06-12", Ask(SOUTH)),
        ("", "installer: Brightspark", Unlisted("Brightspark")),
        ("Brightspark", "installer: SOUT", Unlisted("Brightspark")),
        ("", "", NOBODY),
        ("", "installer:", NOBODY),
        ("", "installer: ?", NOBODY),
        ("", "not our installer, ask around", NOBODY),
        ("", "device: 00-DB-12-34-00-00-00-02", NOBODY),
        ("", "installer: OURS", ToOps(Why.OURSELVES)),
        ("", "installer: OLDC", ToOps(Why.OURSELVES)),
        ("Our Company", "installer: SOUT", ToOps(Why.OURSELVES)),
        ("", "installer: NRTH", ToOps(Why.CIRCLE, ("Northern Energy", "Northern Energy"))),
        ("", "installer: OLDM", ToOps(Why.CIRCLE, ("Northern Energy", "Northern Energy"))),
        ("NRTH", "installer: SOUT", Ask(SOUTH)),
        ("Old Mill", "", NOBODY),
    ],
)
def test_where_a_device_moves_on_to(installing: str, note: str, expected: Next) -> None:
    """Northern was asked and is not the installer: what ops named goes first, then the name in the answer."""
    one = want("Northern Energy", "Northern Energy", installing_supplier=installing)

    assert next_party(one, note, BOOK, policy()) == expected


def test_a_circle_goes_to_ops_with_both_parties() -> None:
    """Northern named Southern, Southern names Northern, by whatever name: nobody is asked twice."""
    one = want("Northern Energy", "Northern Energy", "Southern Power")
    circle = ToOps(Why.CIRCLE, ("Northern Energy", "Southern Power"))

    assert [next_party(one, f"installer: {name}", BOOK, policy()) for name in ("NRTH", "Northern", "OLDM")] == [
        circle
    ] * 3
    assert next_party(replace(one, installing_supplier="NRTH"), "", BOOK, policy()) == NOBODY


def test_a_party_that_was_listed_by_another_name_then_was_asked_all_the_same() -> None:
    """The contact list may be replaced while we wait: the old name is an alias of the new."""
    one = want("Old Mill", "Old Mill", "Southern Power")

    assert next_party(one, "installer: NRTH", BOOK, policy()) == ToOps(
        Why.CIRCLE, ("Northern Energy", "Southern Power")
    )


@given(
    names=st.lists(
        st.sampled_from(["NRTH", "OLDM", "SOUT", "HRBR", "Harbour Power Ltd", "OURS", "Nobody's", ""]), max_size=12
    )
)
def test_no_party_is_ever_asked_twice(names: list[str]) -> None:
    """Whatever the answers name: each listed party once at most, so that every device comes to an end."""
    one, asked_so_far = want(), []
    step = first_party(one, BOOK, policy())
    for name in names:
        if not isinstance(step, Ask):
            break
        asked_so_far.append(step.party.party)
        one = asked(one, step.party, "ab" * 32, NOW, policy()).move(WantEvent.MOVE_ON)
        step = next_party(one, f"installer: {name}", BOOK, policy())

    assert len(asked_so_far) == len(set(asked_so_far)) <= len(BOOK)
    assert [a.party for a in one.asked] == asked_so_far


def test_asking_begins_the_clock_and_the_ladder_anew() -> None:
    """What was used, promised and waited for at the party before says nothing of the next one."""
    before = want(
        "Northern Energy", "Northern Energy",
        state=WantState.MOVED_ON, rung="overdue 11", rung_on=date(2026, 6, 1), foretold_for=date(2026, 6, 2),
        promised_for=date(2026, 6, 5), wait_until=date(2026, 7, 1), note="installer: SOUT", reason="x",
    )  # fmt: skip
    after = asked(before, SOUTH, "cd" * 32, NOW, policy())

    assert (after.state, after.party, after.case_id) == (WantState.ASKED, "Southern Power", "cd" * 32)
    assert after.asked == (*before.asked, AskedParty("Southern Power", NOW))
    assert (after.rung, after.rung_on, after.foretold_for, after.promised_for, after.wait_until) == (
        "",
        None,
        None,
        None,
        None,
    )
    assert after.due is not None
    assert (after.due.start, after.due.end, after.late_from) == (
        day("Mon 2026-06-08"), day("Mon 2026-06-22"), day("Tue 2026-06-23"),
    )  # fmt: skip
    with pytest.raises(IllegalMove):
        asked(after, SOUTH, "cd" * 32, NOW, policy())


# Where ──────────────────────────────────────────────────────────────────────────────────────────────

PORTAL = Contact("form@p.example", MP121, channel=Channel.PORTAL)
CODES = Contact("codes@p.example", MP121)
DESK = Contact("desk@p.example", OPERATIONS)
BOSS = Contact("boss@p.example", ESCALATION)
LATER = Contact("new@p.example", MP121, counts_from=NOW + timedelta(hours=72))


@pytest.mark.parametrize(
    ("contacts", "dead", "expected"),
    [
        ((DESK, CODES, BOSS), (), Mail("codes@p.example")),
        ((DESK, BOSS), (), Mail("desk@p.example")),
        ((BOSS,), (), NoAddress()),
        ((), (), NoAddress()),
        ((LATER, DESK), (), Mail("desk@p.example")),
        ((LATER,), (), NoAddress()),
        ((PORTAL, DESK), (), Portal(PORTAL)),
        ((PORTAL, CODES), (), Mail("codes@p.example")),
        ((replace(DESK, channel=Channel.PORTAL),), (), Portal(replace(DESK, channel=Channel.PORTAL))),
        ((CODES, DESK), ("CODES@p.example",), Mail("desk@p.example")),
        ((CODES, replace(CODES, email="more@p.example")), ("codes@p.example",), Mail("more@p.example")),
        ((CODES,), ("codes@p.example",), NoAddress()),
    ],
)
def test_where_a_party_is_asked(contacts: tuple[Contact, ...], dead: tuple[str, ...], expected: object) -> None:
    """mp121 before operations, in force, reachable; a portal is a person's work; an escalation contact is not asked."""
    assert address(Counterparty("P", contacts=contacts), NOW, dead=dead) == expected


@pytest.mark.parametrize(
    ("contacts", "kinds", "dead", "expected"),
    [
        ((CODES, DESK, BOSS), (MP121, OPERATIONS), (), ("codes@p.example", "desk@p.example")),
        ((CODES, DESK, BOSS), (ESCALATION,), (), ("boss@p.example",)),
        ((CODES, DESK), (ESCALATION,), (), ("desk@p.example",)),
        ((CODES,), (ESCALATION,), (), ("codes@p.example",)),
        ((CODES,), (MP121, OPERATIONS), (), ("codes@p.example",)),
        ((DESK,), (MP121, OPERATIONS), (), ("desk@p.example",)),
        ((BOSS,), (MP121, OPERATIONS), (), ()),
        ((PORTAL, DESK), (MP121,), (), ("desk@p.example",)),
        ((PORTAL,), (MP121,), (), ()),
        ((CODES, DESK, BOSS), (ESCALATION,), ("boss@p.example",), ("desk@p.example",)),
        ((CODES, DESK, BOSS), (ESCALATION,), ("boss@p.example", "desk@p.example"), ("codes@p.example",)),
    ],
)
def test_who_gets_a_chase(contacts: Any, kinds: Any, dead: Any, expected: tuple[str, ...]) -> None:
    """Each kind's address, or that of the next gentler kind; each address once; never a portal."""
    assert addresses(Counterparty("P", contacts=contacts), kinds, NOW, dead=dead) == expected


# By when ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked_on", "expected", "late_from"),
    [
        ("Mon 2026-03-02", "Mon 2026-03-16", "Mon 2026-03-16"),
        ("Fri 2026-06-05", "Fri 2026-06-19", "Mon 2026-06-22"),  # Scotland's World Cup day
        ("Fri 2026-11-20", "Fri 2026-12-04", "Mon 2026-12-07"),  # St Andrew, Mon 30 Nov
        ("Fri 2026-12-18", "Wed 2027-01-06", "Thu 2027-01-07"),  # Christmas, and Scotland's 2 January (Mon 4)
        ("Fri 2027-03-19", "Tue 2027-04-06", "Tue 2027-04-06"),  # Good Friday, Easter Monday
    ],
)
def test_what_we_expect_and_what_we_call_late(asked_on: str, expected: str, late_from: str) -> None:
    """Ten working days of our own calendar, and of the one with every nation's holidays."""
    when, lenient = due(day(asked_on), policy())

    assert (when.start, when.working_days, when.nation) == (day(asked_on), 10, Nation.ENGLAND_AND_WALES)
    assert (when.end, lenient) == (day(expected), day(late_from))


def test_nobody_is_late_before_the_day_that_we_told_them() -> None:
    """Where the chase calendar is the stricter one, our own date stands."""
    scots = policy(calendar=Nation.SCOTLAND, chase_calendar=Nation.ENGLAND_AND_WALES)
    when, lenient = due(day("Fri 2026-11-20"), scots)

    assert (when.end, lenient) == (day("Mon 2026-12-07"), day("Mon 2026-12-07"))


def test_our_own_deadline_does_not_shorten_theirs() -> None:
    """`answer_within_working_days` is a promise of ours."""
    assert due(day("Mon 2026-03-02"), policy(answer_within_working_days=3))[0].end == day("Mon 2026-03-16")
