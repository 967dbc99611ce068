"""What is held, as the database finds it; on both databases."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from daemon.edge import outbox, threads
from daemon.edge.database import Database, micros
from daemon.edge.outbox import undelivered
from daemon.edge.tables import letter, mail
from daemon.edge.threads import holds
from daemon.edge.threads.holds import Counts
from daemon.edge.vault import Vault
from daemon.rules import overdue
from daemon.rules.letters import LetterKind, LetterPlan, OpsNews
from daemon.rules.policy import Policy
from daemon.rules.reasons import Reason
from daemon.rules.thread import Item, Outcome, State
from tests.edge import rows
from tests.edge.plans import walks
from tests.edge.rows import CALENDAR, NOW, OTHER, PARTY, device

POLICY = Policy("Losing Energy", "codes@losing.example")
TODAY = NOW.date()


def save(database: Database, number: int, *items: Item, **changes: object) -> None:
    """A thread, saved."""
    with database.write() as connection:
        threads.save(connection, [rows.thread(connection, number, *items, **changes)])  # type: ignore[arg-type]


def held_mail(database: Database, number: int, **changes: object) -> int:
    """A mail held whole on Monday; its id."""
    due = CALENDAR.due(TODAY, 10)
    values = {
        "raw_sha": str(number),
        "fate": "held",
        "reason": Reason.UNPROVEN_SENDER,
        "settled_at": micros(NOW),
        "held_due": due.end,
        "held_due_sum": due.explain(),
    } | changes
    with database.write() as connection:
        return rows.mail_row(connection, **values)  # type: ignore[arg-type]


def test_devices_held_alike_are_one_hold(database: Database) -> None:
    """By thread, reason, outcome, clock and moment; in the order of the request."""
    save(
        database,
        1,
        rows.item(3),
        rows.item(1),
        rows.item(2, State.PENDING),
        rows.item(4, reason=Reason.REPEAT_LIMIT),
        rows.item(5, outcome=Outcome.NOT_INSTALLER),
        rows.item(6, held_at=NOW + timedelta(seconds=1)),
        rows.item(7, due=CALENDAR.due(date(2026, 6, 1), 10)),
    )
    save(database, 2, rows.item(1))

    with database.read() as connection:
        found = holds.untold(connection)

    assert [(device(3), device(1)), (device(4),), (device(5),), (device(6),), (device(7),), (device(1),)] == [
        hold.devices for hold in found
    ]
    assert len({hold.key for hold in found}) == 6
    first = found[0]
    assert (first.reference, first.party, first.sender) == ("IC-00000001", PARTY, "ann@northern.example")
    assert (first.start, first.due, first.held_at) == (TODAY, date(2026, 6, 22), NOW)
    assert first.due_sum == CALENDAR.due(TODAY, 10).explain()


def test_a_mail_held_whole_is_one_hold(database: Database) -> None:
    """With what is known of it; a mail set aside unread is known by its number and moment alone."""
    held = held_mail(database, 1, sender="a@b.example", party=OTHER, subject="Codes")
    poison = held_mail(database, 2, fate="poison", reason=Reason.POISON)
    held_mail(database, 3, fate="decided", held_due=None)

    with database.read() as connection:
        first, second = holds.untold(connection)
        [aside] = holds.set_aside(connection)

    assert (first.mail_id, first.party, first.sender, first.subject, first.devices) == (
        held,
        OTHER,
        "a@b.example",
        "Codes",
        (),
    )
    assert (second.mail_id, second.party, second.sender, second.reason) == (poison, "", "", Reason.POISON)
    assert (aside, first.start, first.due) == (second, TODAY, date(2026, 6, 22))


def test_the_longest_untold_wait_is_found(database: Database) -> None:
    """Over devices and mails alike; told ones count no more."""
    with database.read() as connection:
        assert holds.oldest_untold(connection) is None
    save(database, 1, rows.item(1, held_at=NOW + timedelta(minutes=2)))
    held_mail(database, 1, settled_at=micros(NOW + timedelta(minutes=1)))
    with database.read() as connection:
        assert holds.oldest_untold(connection) == NOW + timedelta(minutes=1)
    with database.write() as connection:
        for hold in holds.untold(connection):
            holds.told(connection, hold, NOW, 3)
        assert holds.oldest_untold(connection) is None
        assert holds.untold(connection) == []
        assert [hold.reminded_day for hold in holds.most_urgent(connection, 10)] == [3, 3]


def test_telling_touches_its_own_devices_alone(database: Database) -> None:
    """Another hold of the same thread, and a device that was settled meanwhile, stay as they are."""
    save(database, 1, rows.item(1), rows.item(2), rows.item(3, reason=Reason.REPEAT_LIMIT))
    with database.write() as connection:
        first, second = holds.untold(connection)
        [thread] = threads.load(connection, [first.case_id]).values()
        threads.save(connection, [thread.with_items([rows.item(2, State.WITHDRAWN)])])
        holds.told(connection, first, NOW, 0)

    with database.read() as connection:
        assert holds.untold(connection) == [second]
        [thread] = threads.load(connection, [first.case_id]).values()
        assert [item.told_ops_at for item in thread.items] == [NOW, None, None]


@pytest.mark.parametrize("today", [date(2026, 6, 8) + timedelta(days=n) for n in range(0, 21, 2)])
def test_the_search_finds_what_the_rule_wants(database: Database, today: date) -> None:
    """Whatever day a clock began and whatever was said of it: all that is due is found, and nothing twice."""
    with database.write() as connection:
        for number in range(1, 26):
            start = date(2026, 5, 20) + timedelta(days=number)
            told = rows.item(1, due=CALENDAR.due(start, 10), told_ops_at=NOW)
            one = rows.thread(
                connection, number, *(replace(told, device_id=device(d), reminded_day=d) for d in (0, 3, 7, 9))
            )
            threads.save(connection, [one])
    now = datetime.combine(today, datetime.min.time(), ZoneInfo("Europe/London")).replace(hour=10)

    with database.read() as connection:
        everything = holds.most_urgent(connection, 1000)
        bands = overdue.bands(today, CALENDAR, POLICY) if overdue.in_office_hours(now, CALENDAR) else ()
        found = holds.due(connection, bands, today)

    wanted = {hold.key for hold in everything if overdue.rung(hold, now, CALENDAR, POLICY)}
    assert wanted <= {hold.key for hold in found}
    assert {hold.key for hold in found if overdue.rung(hold, now, CALENDAR, POLICY)} == wanted
    assert len(found) == len({hold.key for hold in found})
    assert len(everything) == 100


def test_what_was_not_told_is_not_reminded_of(database: Database) -> None:
    """First the news, then the reminder; and what had its alarm is never found again."""
    old = CALENDAR.due(date(2026, 5, 1), 10)
    save(database, 1, rows.item(1, due=old), rows.item(2, due=old, told_ops_at=NOW, reminded_day=overdue.BREACH))
    held_mail(database, 1)
    held_mail(database, 2, told_ops_at=1, reminded_day=overdue.BREACH)

    with database.read() as connection:
        assert holds.due(connection, overdue.bands(TODAY, CALENDAR, POLICY), TODAY) == []


def test_counting(database: Database) -> None:
    """Devices and mails: held, untold, past their due date."""
    save(database, 1, rows.item(1), rows.item(2, told_ops_at=NOW), rows.item(3, State.PENDING))
    held_mail(database, 1, held_due=date(2026, 6, 5))
    held_mail(database, 2, told_ops_at=1)

    with database.read() as connection:
        assert holds.counts(connection, TODAY) == Counts(held=4, untold=2, breached=1)
        assert holds.counts(connection, date(2026, 6, 23)) == Counts(held=4, untold=2, breached=4)


def test_the_most_urgent_are_bounded(database: Database) -> None:
    """The picture shows what falls due first, however much is held."""
    for number in range(1, 8):
        save(database, number, rows.item(1, due=CALENDAR.due(date(2026, 6, 8) - timedelta(days=number), 10)))

    with database.read() as connection:
        assert [hold.reference for hold in holds.most_urgent(connection, 2)] == ["IC-00000007", "IC-00000006"]


@pytest.mark.parametrize("state", ["rejected", "held", "cancelled"])
def test_news_that_did_not_go_are_found_once(database: Database, vault: Vault, state: str) -> None:
    """Only letters to our team, only when none of the same news still waits, and until somebody has them."""
    queue(database, vault, "news", "ann@losing.example", "ben@losing.example")
    queue(database, vault, "other", "ann@losing.example")
    with database.write() as connection:
        connection.execute(sa.update(letter).where(letter.c.case_id == "news").values(state=state, reply="550 no"))
        connection.execute(sa.update(letter).where(letter.c.seq == 2).values(state="deferred"))
        assert undelivered.find(connection) == []
        connection.execute(sa.update(letter).where(letter.c.seq == 2).values(state=state))
        [news] = undelivered.find(connection)
        assert (news.plan.case_id, news.reached, news.reply) == ("news", False, "550 no")
        assert news.addresses == ("ann@losing.example", "ben@losing.example")
        assert undelivered.count(connection) == 2
        connection.execute(sa.update(letter).where(letter.c.seq == 2).values(state="accepted"))
        assert [one.reached for one in undelivered.find(connection)] == [True]
        undelivered.settle(connection, news.letter_ids)
        assert undelivered.find(connection) == []
        assert undelivered.count(connection) == 0


def queue(database: Database, vault: Vault, name: str, *addresses: str) -> None:
    """News to these members."""
    plans = [
        LetterPlan(name, LetterKind.HELD, number, address, "Held", OpsNews("Held", ()))
        for number, address in enumerate(addresses, 1)
    ]
    with database.write() as connection:
        outbox.queue(connection, vault, plans, mailbox="codes@losing.example", now=NOW)


def test_a_refused_answer_is_not_news_for_the_team(database: Database, vault: Vault) -> None:
    """A letter to a supplier that was refused is told through its held devices."""
    queue(database, vault, "news", "ann@losing.example")
    with database.write() as connection:
        connection.execute(sa.update(letter).values(party=PARTY, state="rejected"))
        assert undelivered.find(connection) == []


def test_no_look_walks_over_a_table(database: Database, vault: Vault) -> None:
    """The station looks every half minute: with a million open threads it must go straight to what is due."""
    save(database, 1, rows.item(1), rows.item(2, told_ops_at=NOW), rows.item(3, State.PENDING))
    held_mail(database, 1)
    queue(database, vault, "news", "ann@losing.example")
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(mail)).scalar() == 2
    bands = overdue.bands(date(2026, 6, 18), CALENDAR, POLICY)
    for look in (
        holds.oldest_untold,
        holds.untold,
        holds.set_aside,
        undelivered.find,
        undelivered.count,
        lambda c: holds.due(c, bands, date(2026, 6, 18)),
        lambda c: holds.most_urgent(c, 10),
        lambda c: holds.last_refusal(c, f"{1:064x}"),
    ):
        assert walks(database, look) == []
