"""Threads as they are kept, found again, and counted; on both databases."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from daemon.edge import outbox, threads
from daemon.edge.database import Database
from daemon.edge.outbox import attempts, releases
from daemon.edge.tables import letter
from daemon.edge.threads import lately, still_open, turns
from daemon.edge.threads.lately import Lately
from daemon.edge.threads.turns import Queue
from daemon.edge.vault import Vault
from daemon.rules.facts import Rates
from daemon.rules.letters import Answer, AnswerRow, LetterKind, LetterPlan
from daemon.rules.policy import Nation
from daemon.rules.reasons import Reason
from daemon.rules.thread import MailThread, Outcome, State
from daemon.rules.workdays import Calendar
from tests.edge import rows
from tests.edge.plans import walks
from tests.edge.rows import NOW, OTHER, PARTY, device

MAILBOX = "codes@losing.example"


def save(database: Database, number: int, *items: object, **changes: object) -> MailThread:
    """A thread, saved."""
    with database.write() as connection:
        one = rows.thread(connection, number, *items, **changes)  # type: ignore[arg-type]
        threads.save(connection, [one])
    return one


def loaded(database: Database, one: MailThread) -> MailThread:
    """The thread as the database has it."""
    with database.read() as connection:
        return threads.load(connection, [one.case_id])[one.case_id]


def answer(database: Database, vault: Vault, one: MailThread, *numbers: int, seq: int = 1, at: datetime = NOW) -> int:
    """A letter to the thread's party that carries the codes of these devices; its id."""
    table = tuple(AnswerRow(device(n), Outcome.CODE) for n in numbers)
    plan = LetterPlan(one.case_id, LetterKind.ANSWER, seq, one.reply_to, "Re", Answer(table), party=one.party)
    with database.write() as connection:
        return outbox.queue(connection, vault, [plan], mailbox=MAILBOX, now=at)[0]


# Keeping ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_thread_comes_back_as_it_was_saved(database: Database) -> None:
    """Every field survives, the sum of the due date over Christmas and the order of the items included."""
    over_christmas = Calendar(Nation.SCOTLAND).due(date(2026, 12, 18), 10)
    held = rows.item(
        7,
        due=over_christmas,
        note="installer: LOSE",
        promised_for=date(2026, 12, 30),
        told_ops_at=NOW + timedelta(microseconds=1),
        reminded_day=3,
    )
    one = save(
        database, 1, held, rows.item(2, State.PENDING), rows.item(5, State.ANSWERED), their_reference="IC-THEIRS01"
    )

    assert loaded(database, one) == one
    assert held.due.skipped


def test_a_thread_saved_again_is_changed_not_doubled(database: Database) -> None:
    """Items change in place and keep their order; new ones stand at the end."""
    one = save(database, 1, rows.item(1), rows.item(2))
    answered = rows.item(1, State.ANSWERED, reason=Reason.ANSWERED, outcome=Outcome.CODE)
    changed = replace(one.with_items([answered, rows.item(3)]), letters_queued=2, reply_to="ops@northern.example")

    with database.write() as connection:
        threads.save(connection, [changed, changed])

    assert loaded(database, one) == changed
    assert [device(n) for n in (1, 2, 3)] == [item.device_id for item in loaded(database, one).items]


def test_a_thread_of_many_devices_is_saved_and_found_whole(database: Database) -> None:
    """A list of 6,000 devices is more than one statement's worth of look-ups."""
    one = save(database, 1, *(rows.item(n, State.PENDING) for n in range(6000)))
    devices = [device(n) for n in range(6000)]

    with database.read() as connection:
        elsewhere = threads.open_elsewhere(connection, PARTY, devices, "another")
        others = threads.asked_by_others(connection, OTHER, devices)

    assert set(devices) == set(elsewhere) == others
    assert loaded(database, one) == one


def test_threads_that_do_not_exist_are_left_out(database: Database) -> None:
    """Loading asks for nothing and invents nothing."""
    one = save(database, 1)

    with database.read() as connection:
        assert threads.load(connection, []) == {}
        assert threads.load(connection, ["no such case", one.case_id]) == {one.case_id: one}


# Finding ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("by", ["their Message-ID", "our Message-ID", "reference", "several"])
def test_a_mail_finds_its_thread(database: Database, vault: Vault, by: str) -> None:
    """By a mail of theirs that it answers, by a letter of ours, or by our reference in its words."""
    one = save(database, 1, rows.item(1))
    save(database, 2, rows.item(2))
    letter_id = answer(database, vault, one, 1)
    with database.read() as connection:
        ours = connection.execute(sa.select(letter.c.message_id).where(letter.c.id == letter_id)).scalar_one()
        ids, references = {
            "their Message-ID": (["<unknown@x>", one.root_message_id], []),
            "our Message-ID": ([ours], []),
            "reference": ([], [one.reference]),
            "several": ([ours, one.root_message_id], [one.reference]),
        }[by]
        found = threads.find_home(connection, PARTY, ids, references)

    assert found == one


def test_nobody_finds_another_partys_thread(database: Database, vault: Vault) -> None:
    """Attack row 24: a reference or a Message-ID of another supplier's thread opens nothing (durability §2.4)."""
    one = save(database, 1, rows.item(1))
    letter_id = answer(database, vault, one, 1)

    with database.read() as connection:
        ours = connection.execute(sa.select(letter.c.message_id).where(letter.c.id == letter_id)).scalar_one()
        assert threads.find_home(connection, OTHER, [ours, one.root_message_id], [one.reference]) is None
        assert threads.find_home(connection, PARTY, [], []) is None
        assert threads.find_home(connection, PARTY, ["<unknown@x>"], ["IC-ZZZZZZZZ"]) is None


def test_of_two_threads_the_younger_is_home(database: Database) -> None:
    """A mail that names several threads of its party belongs to the one that began last."""
    old, young = save(database, 1), save(database, 2)

    with database.read() as connection:
        assert threads.find_home(connection, PARTY, [], [young.reference, old.reference]) == young


def test_a_reference_has_one_owner(database: Database) -> None:
    """Whoever wants to give a new thread a reference can see that it is taken."""
    one = save(database, 1)

    with database.read() as connection:
        assert threads.owner_of_reference(connection, one.reference) == one.case_id
        assert threads.owner_of_reference(connection, "IC-ZZZZZZZZ") is None


def test_devices_open_elsewhere(database: Database) -> None:
    """Only open items count, of the same party, in other threads; of other parties in their own question."""
    held = save(database, 1, rows.item(1), rows.item(2, State.ANSWERED))
    pending = save(database, 2, rows.item(3, State.PENDING), rows.item(4, State.WITHDRAWN))
    save(database, 3, rows.item(5), rows.item(6, State.CLOSED), party=OTHER)
    devices = [device(n) for n in range(1, 8)]

    with database.read() as connection:
        assert threads.open_elsewhere(connection, PARTY, devices, "new") == {device(1): held, device(3): pending}
        assert threads.open_elsewhere(connection, PARTY, devices, held.case_id) == {device(3): pending}
        assert threads.asked_by_others(connection, PARTY, devices) == {device(5)}
        assert threads.asked_by_others(connection, OTHER, devices) == {device(1), device(3)}
        assert threads.asked_by_others(connection, PARTY, []) == frozenset()


def test_open_threads_are_those_not_settled(database: Database) -> None:
    """Oldest first, of one party; a thread without an open item is settled."""
    second = save(database, 2, rows.item(1))
    first = save(database, 1, rows.item(2, State.PENDING), rows.item(3, State.ANSWERED))
    save(database, 3, rows.item(4, State.ANSWERED))
    save(database, 4, rows.item(5), party=OTHER)

    with database.read() as connection:
        assert threads.open_threads(connection, PARTY) == (first, second)
        assert still_open.open_count(connection) == 3


# What left us ───────────────────────────────────────────────────────────────────────────────────────


def test_releases_are_what_left_or_will(database: Database, vault: Vault) -> None:
    """Queued codes count at once, dropped ones no more; `but` leaves out the letter in hand."""
    one, two = save(database, 1), save(database, 2, party=OTHER)
    first = answer(database, vault, one, 1, 2, at=NOW - timedelta(days=40))
    second = answer(database, vault, one, 1, seq=2)
    third = answer(database, vault, two, 1, at=NOW + timedelta(hours=1))
    dropped = answer(database, vault, one, 3, seq=3)

    with database.write() as connection:
        attempts.finish(connection, dropped, outbox.LetterState.REJECTED, NOW)
        attempts.finish(connection, second, outbox.LetterState.ACCEPTED, NOW)
    with database.read() as connection:
        since = NOW - timedelta(days=30)
        devices = [device(n) for n in (1, 2, 3)]
        since_then = releases.of_devices(connection, devices, since)
        ever = releases.of_devices(connection, devices, NOW - timedelta(days=60), but=third)

    assert {device(1): [PARTY, OTHER]} == {d: [r.party for r in several] for d, several in since_then.items()}
    assert {device(1): 2, device(2): 1} == {d: len(several) for d, several in ever.items()}
    assert first


@pytest.mark.parametrize(
    ("queued_at", "now", "today"),
    [
        (datetime(2026, 6, 8, 22, 59, tzinfo=UTC), datetime(2026, 6, 8, 23, 1, tzinfo=UTC), 0),  # midnight in London
        (datetime(2026, 6, 8, 23, 1, tzinfo=UTC), datetime(2026, 6, 9, 22, 59, tzinfo=UTC), 1),
        (datetime(2026, 12, 8, 23, 1, tzinfo=UTC), datetime(2026, 12, 8, 23, 59, tzinfo=UTC), 1),
    ],
)
def test_a_day_is_a_london_day(
    database: Database, vault: Vault, queued_at: datetime, now: datetime, today: int
) -> None:
    """The caps count from midnight to midnight by the clocks in London, in summer too."""
    answer(database, vault, save(database, 1), 1, at=queued_at)

    with database.read() as connection:
        assert lately.rates(connection, PARTY, "", now).codes_today == today


def test_rates_count_what_left_and_what_waits(database: Database, vault: Vault) -> None:
    """Codes of the day in all and to the party, its waiting items, letters on the thread and of the hour."""
    one = save(database, 1, rows.item(1, State.PENDING), rows.item(2, State.PENDING), rows.item(3))
    two = save(database, 2, party=OTHER)
    answer(database, vault, one, 10, 11, seq=1, at=NOW - timedelta(hours=3))
    answer(database, vault, one, 12, seq=2)
    answer(database, vault, two, 13)
    dropped = answer(database, vault, two, 14, seq=2)
    with database.write() as connection:
        attempts.finish(connection, dropped, outbox.LetterState.REJECTED, NOW)

    with database.read() as connection:
        all_of_it = lately.rates(connection, PARTY, one.case_id, NOW)
        tomorrow = lately.rates(connection, PARTY, one.case_id, NOW + timedelta(days=2))

    assert Rates(4, 3, 2, 2, 1) == all_of_it
    assert Rates(codes_waiting_for_party=2) == tomorrow


@pytest.mark.parametrize("state", ["cancelled", "observed", "held"])
def test_letters_that_nobody_got_brake_nothing(database: Database, vault: Vault, state: str) -> None:
    """The loop brake counts letters that went or will, not those that were taken back."""
    one = save(database, 1)
    letter_id = answer(database, vault, one, 1)
    with database.write() as connection:
        connection.execute(sa.update(letter).where(letter.c.id == letter_id).values(state=state))

    with database.read() as connection:
        found = lately.rates(connection, PARTY, one.case_id, NOW)

    assert (found.letters_on_thread_24h, found.letters_to_party_1h) == (0, 0)


def test_who_was_asked_for_device_ids_lately_is_the_one_who_asked(database: Database, vault: Vault) -> None:
    """A colleague of theirs who names no device either begins a matter of their own."""
    one = save(database, 1, asked_by="maya@gaining.example")
    answer(database, vault, one)

    with database.read() as connection:
        found = [
            threads.lately_answered(connection, PARTY, who, [], NOW - timedelta(days=1))
            for who in ("maya@gaining.example", "ole@gaining.example")
        ]

    assert found == [loaded(database, one), None]


def test_the_parties_of_a_batch_are_counted_as_each_alone(database: Database, vault: Vault) -> None:
    """Then what is queued to one of them counts, and whose items moved otherwise is counted anew."""
    one = save(database, 1, rows.item(1, State.PENDING), rows.item(2))
    two = save(database, 2, rows.item(3, State.PENDING), rows.item(4, State.PENDING), party=OTHER)
    answer(database, vault, one, 10, 11, at=NOW - timedelta(hours=3))
    answer(database, vault, one, 12, seq=2)
    answer(database, vault, two, 13)
    held = answer(database, vault, two, 14, seq=2)
    parties = [PARTY, OTHER, "Nobody"]
    with database.write() as connection:
        connection.execute(sa.update(letter).where(letter.c.id == held).values(state="held"))

    with database.read() as connection:
        alone = {party: lately.rates(connection, party, "", NOW) for party in parties}
        counted = Lately(connection, parties, NOW)
        together = {party: counted.of(connection, party, "", NOW, begun=False) for party in parties}
        plan = LetterPlan("", LetterKind.ANSWER, 3, "", "", Answer((AnswerRow(device(5), Outcome.CODE),)), party=OTHER)
        counted.queued(plan)
        queued = counted.of(connection, OTHER, "", NOW, begun=False)
        counted.forget(OTHER)
        anew = counted.of(connection, OTHER, "", NOW, begun=False)

    assert alone == together
    assert {party: (found.codes_waiting_for_party, found.letters_to_party_1h) for party, found in together.items()} == {
        PARTY: (1, 1),
        OTHER: (2, 1),
        "Nobody": (0, 0),
    }
    assert (
        queued.codes_today - together[OTHER].codes_today,
        queued.codes_today_to_party - together[OTHER].codes_today_to_party,
        queued.letters_to_party_1h - together[OTHER].letters_to_party_1h,
    ) == (1, 1, 1)
    assert anew.letters_to_party_1h == together[OTHER].letters_to_party_1h


# Turns, and what ops see ────────────────────────────────────────────────────────────────────────────


def test_the_queue_keeps_the_order_of_arrival(database: Database) -> None:
    """Across threads, by the moment each device was first asked for; parties by their longest wait."""
    save(database, 1, rows.item(1, State.PENDING), rows.item(2, State.PENDING, asked_at=NOW + timedelta(hours=2)))
    save(database, 2, rows.item(3, State.PENDING, asked_at=NOW + timedelta(hours=1)), rows.item(4))
    early = rows.CALENDAR.due(date(2026, 6, 1), 10)
    other = save(database, 3, rows.item(5, State.PENDING, asked_at=NOW - timedelta(hours=1), due=early), party=OTHER)

    with database.read() as connection:
        assert turns.queues(connection) == [Queue(OTHER, 1, early.end), Queue(PARTY, 3, date(2026, 6, 22))]
        assert turns.queue_head(connection, PARTY, 2) == {f"{1:064x}": [device(1)], f"{2:064x}": [device(3)]}
        assert turns.queue_head(connection, PARTY, 9) == {
            f"{1:064x}": [device(1), device(2)],
            f"{2:064x}": [device(3)],
        }
        assert turns.queue_due(connection, OTHER, early.end) == {other.case_id: [device(5)]}
        assert turns.queue_due(connection, OTHER, early.end - timedelta(days=1)) == {}


def test_the_summary_shows_the_most_urgent_first(database: Database) -> None:
    """Each unsettled thread once, with its counts and the earliest due date of what is still open."""
    early = rows.CALENDAR.due(date(2026, 5, 25), 10)
    late = save(database, 1, rows.item(1), rows.item(2, State.PENDING), rows.item(3, State.ANSWERED, due=early))
    urgent = save(database, 2, rows.item(4, due=early), rows.item(5, due=early))
    save(database, 3, rows.item(6, State.ANSWERED))

    with database.read() as connection:
        summary = still_open.open_summary(connection)
        first = still_open.open_summary(connection, limit=1)
        counts = still_open.counts(connection)

    assert [(urgent.reference, early.end, 2, 0, 0), (late.reference, date(2026, 6, 22), 1, 1, 1)] == [
        (row["reference"], row["due"], row["held"], row["pending"], row["answered"]) for row in summary
    ]
    assert [urgent.reference] == [row["reference"] for row in first]
    assert counts == {"held": 3, "pending": 1, "answered": 2}


def test_no_question_of_every_mail_walks_over_a_table(database: Database, vault: Vault) -> None:
    """With a million threads each of these must still be a look into an index."""
    one = save(database, 1, rows.item(1), rows.item(2, State.PENDING))
    answer(database, vault, one, 3)
    devices = [device(1), device(2)]

    for look in (
        lambda c: threads.load(c, [one.case_id]),
        lambda c: threads.find_home(c, PARTY, ["<a@b>", "<c@d>"], ["IC-00000001"]),
        lambda c: threads.owner_of_reference(c, "IC-00000001"),
        lambda c: threads.open_elsewhere(c, PARTY, devices, "x"),
        lambda c: threads.open_threads(c, PARTY),
        lambda c: threads.asked_by_others(c, OTHER, devices),
        lambda c: releases.of_devices(c, devices, NOW),
        lambda c: lately.rates(c, PARTY, one.case_id, NOW),
        lambda c: Lately(c, [PARTY, OTHER], NOW),
        turns.queues,
        lambda c: turns.queue_head(c, PARTY, 5),
        lambda c: turns.queue_due(c, PARTY, NOW.date()),
        still_open.open_summary,
    ):
        assert walks(database, look) == []
