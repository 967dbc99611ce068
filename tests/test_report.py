"""How we are: one line for a probe, and the whole picture for `status`."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import TypeAdapter

from daemon.edge import inbox, remembered
from daemon.edge import tables as t
from daemon.edge.database import Database, micros
from daemon.edge.inbox import keeping
from daemon.edge.outbox import undelivered, unsent
from daemon.edge.team import standing_orders
from daemon.edge.threads import holds
from daemon.edge.vault import Vault
from daemon.errors import LoginRefused
from daemon.report import Overview, health, overview
from daemon.rules.reasons import Reason
from daemon.rules.team.standing import StandingKind, StandingOrder
from daemon.rules.thread import State
from tests.edge.plans import walks
from tests.edge.rows import raw
from tests.overseeing import MAILBOX, MONDAY, PARTY, Office
from tests.servers.scripted_smtp import ScriptedSmtp


@pytest.fixture
async def office(database: Database, vault: Vault, relay: ScriptedSmtp) -> AsyncIterator[Office]:
    """We hold the mailbox, and a full round ended just now."""
    async with Office.opened(database, vault, relay) as made:
        round_ended(made)
        yield made


def round_ended(office: Office) -> None:
    """Intake looked at every folder."""
    now = office.time.clock.now()
    with office.parts.database.write() as connection:
        remembered.put(connection, "last_round", now.isoformat(), now)


def line(office: Office) -> tuple[bool, str]:
    """What a probe sees now."""
    state = health(office.parts.database, office.time.clock.now(), 300)
    assert "\n" not in state.line
    return state.well, state.line


# Health ─────────────────────────────────────────────────────────────────────────────────────────────


def test_before_the_first_round_we_are_not_well(database: Database) -> None:
    """A daemon that never reached its mailbox is no healthy daemon."""
    state = health(database, MONDAY, 300)

    assert (state.well, state.line.partition(":")[0]) == (False, "no full round yet")


def test_after_a_round_with_nothing_to_do_we_are_well(office: Office) -> None:
    """For as long as the limit says, and not a second longer."""
    office.time.on(seconds=300)
    assert line(office) == (True, "last full round 300 s ago, nothing waits too long")
    office.time.on(seconds=1)
    assert line(office) == (False, "last full round 301 s old (limit 300 s)")
    office.time.on(minutes=40)
    assert line(office) == (False, "last full round 45 min old (limit 300 s)")
    office.time.on(minutes=22 * 60)
    assert line(office) == (False, "last full round 22 h old (limit 300 s)")


def test_a_mail_that_nobody_settles_is_seen(office: Office) -> None:
    """Kept, and not decided for longer than the limit."""
    with office.parts.database.write() as connection:
        keeping.keep(connection, office.parts.vault, [raw()], office.time.clock.now())
    office.time.on(seconds=301)
    round_ended(office)

    assert line(office) == (False, "oldest unsettled mail 301 s old (limit 300 s)")


def test_a_letter_that_nobody_tries_is_seen(office: Office) -> None:
    """Queued, and no attempt begun for longer than the limit."""
    office.asked(*office.codes(1))
    office.time.on(seconds=301)
    round_ended(office)

    assert line(office) == (False, "oldest untried letter 301 s old (limit 300 s)")


@pytest.mark.parametrize(("minutes", "well"), [(60, True), (61, False)])
def test_a_relay_that_asks_us_to_come_back_is_given_an_hour(office: Office, minutes: int, *, well: bool) -> None:
    """Greylisting is no illness; a letter that still waits after an hour is."""
    office.asked(*office.codes(1))
    later = micros(MONDAY + timedelta(days=1))
    office.change(t.letter, t.letter.c.state == "pending", state="deferred", attempts=3, next_at=later)
    office.time.on(minutes=minutes)
    round_ended(office)

    assert line(office)[0] is well


@pytest.mark.parametrize(
    ("kind", "subject", "well"),
    [
        (StandingKind.PAUSE, "", True),
        (StandingKind.PAUSE, "codes", True),
        (StandingKind.PAUSE, PARTY, True),
        (StandingKind.INCIDENT, PARTY, True),
        (StandingKind.PAUSE, "Southern Power", False),
        (StandingKind.AWAY, PARTY, False),
    ],
)
def test_a_letter_that_a_standing_order_keeps_back_is_no_fault(
    office: Office, kind: StandingKind, subject: str, *, well: bool
) -> None:
    """However long it waits; one that nothing keeps back is as ill as ever."""
    office.asked(*office.codes(1))
    office.change(t.letter, t.letter.c.state == "pending", state="deferred")
    with office.parts.database.write() as connection:
        standing_orders.put(connection, StandingOrder(kind, subject, MONDAY.date(), None, "", "ann", MONDAY))
    office.time.on(minutes=61)
    round_ended(office)

    assert line(office)[0] is well


@pytest.mark.parametrize(("minutes", "well"), [(15, True), (45, True), (46, False)])
def test_a_hold_that_ops_were_not_told_of_is_seen(office: Office, minutes: int, *, well: bool) -> None:
    """Beyond the time for which holds are gathered: a hold that nobody was told of counts as lost."""
    office.request(1)
    office.time.on(minutes=minutes)
    round_ended(office)

    assert line(office)[0] is well
    assert well or "oldest hold that ops were not told of" in line(office)[1]


async def test_a_standing_alarm_is_seen(office: Office) -> None:
    """While a trouble lasts that ops were told of, a probe says so too."""
    await office.troubles.met("mailbox", LoginRefused("the server refuses us"))
    assert line(office) == (False, "trouble: mailbox")
    await office.troubles.over("mailbox")
    assert line(office)[0]


def test_everything_wrong_stands_in_one_line(office: Office) -> None:
    """One line, all reasons."""
    office.asked(*office.codes(1))
    office.request(1)
    office.time.on(hours=2)

    well, text = line(office)

    assert not well
    assert [part.partition(" ")[0] for part in text.split("; ")] == ["last", "oldest", "oldest", "oldest"]


# Overview ───────────────────────────────────────────────────────────────────────────────────────────


def picture(office: Office) -> Overview:
    """The overview of this moment."""
    with office.parts.database.read() as connection:
        return overview(connection, office.parts.policy, MAILBOX, office.time.clock.now())


def test_an_empty_house(database: Database, office: Office) -> None:
    """Nothing held, nothing waiting: zeros and Nones, and who holds the mailbox."""
    shown = picture(office)

    assert (shown.mode, shown.holder, shown.generation, shown.last_round) == ("send", "test", 1, MONDAY)
    assert (shown.threads, shown.holdings, shown.items, shown.letters, shown.today) == ((), (), {}, {}, {})
    assert (shown.holds, shown.holds_untold, shown.breached, shown.uid_gaps, shown.letters_lost) == (0, 0, 0, 0, 0)
    with database.read() as connection:
        assert overview(connection, office.parts.policy, "other@x.example", MONDAY).holder == ""


async def test_the_whole_picture(office: Office) -> None:
    """Threads, items, holds with due date, sum and reason, outbox, waits, tallies and troubles."""
    office.request(2)
    office.time.on(minutes=15)
    await office.chase.once()
    office.request(1, State.PENDING)
    office.mail(Reason.UNPROVEN_SENDER)
    with office.parts.database.write() as connection:
        keeping.keep(connection, office.parts.vault, [raw()], office.time.clock.now())
    await office.troubles.met("filing", LoginRefused("no"))

    shown = picture(office)

    assert [(o.reference, o.held, o.pending) for o in shown.threads] == [("IC-00000001", 2, 0), ("IC-00000002", 0, 1)]
    assert (shown.threads_open, shown.items) == (2, {"held": 2, "pending": 1})
    assert (shown.holds, shown.holds_untold, shown.breached) == (3, 1, 0)
    first, second = shown.holdings
    assert (first.name, first.devices, first.reason, first.due) == (
        "IC-00000001",
        2,
        "device-status",
        date(2026, 6, 22),
    )
    assert first.due_sum == "Mon 8 Jun 2026 + 10 working days (england-and-wales) = Mon 22 Jun 2026"
    assert (second.name.partition(" ")[0], second.party, second.told_ops_at) == ("mail", PARTY, None)
    assert shown.letters == {"pending": 2}
    assert shown.mails["held"] == 1
    assert shown.mails["kept"] == 1
    assert shown.oldest_unsettled == shown.at
    assert shown.oldest_unsent == MONDAY + timedelta(minutes=15)
    assert shown.troubles["filing"].endswith("no")


def test_overdue_holds_stand_first(office: Office) -> None:
    """The most urgent matter first, and those past their date marked."""
    office.mail(Reason.UNLISTED_SENDER)
    office.request(1, due=office.due_from(date(2026, 5, 20)))
    shown = picture(office)

    assert [holding.overdue for holding in shown.holdings] == [True, False]
    assert shown.breached == 1


def test_the_picture_is_plain_json(office: Office) -> None:
    """For scripts: times with their zone, days as days, and no code."""
    office.request(1)

    shown = json.loads(TypeAdapter(Overview).dump_json(picture(office)))

    assert datetime.fromisoformat(shown["at"]).astimezone(UTC) == MONDAY
    assert shown["holdings"][0]["due"] == "2026-06-22"
    assert shown["holdings"][0]["next_step"]


def test_a_probe_walks_over_no_table(office: Office) -> None:
    """A container asks every few seconds."""
    office.request(1)
    for look in (
        inbox.oldest_unsettled,
        unsent.oldest_untried,
        unsent.oldest_unsent,
        lambda connection: unsent.oldest_unsent(connection, {"", "codes", PARTY}),
        holds.oldest_untold,
        undelivered.count,
    ):
        assert walks(office.parts.database, look) == []
