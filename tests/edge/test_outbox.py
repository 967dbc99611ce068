"""The outbox: names that a rebuild derives again, an order, and moves that only happen from where they may."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from daemon.edge import outbox
from daemon.edge import tables as t
from daemon.edge.database import Database, micros
from daemon.edge.outbox import LetterState, Queued, attempts, releases, sent_copies
from daemon.edge.outbox.attempts import FARTHEST
from daemon.edge.vault import Vault
from daemon.errors import LeaseLost
from daemon.rules.letters import LetterKind, LetterPlan, Matter, OpsNews
from daemon.rules.thread import Outcome
from daemon.rules.wording import specimens
from tests.sending import MAILBOX, MEMBER, NOW, World

GEN = 7


@pytest.fixture
def world(database: Database, vault: Vault) -> Iterator[World]:
    """Only its way of queueing is used here."""
    return World(database, vault, port=1)


def plan(case: str = "aa", kind: LetterKind = LetterKind.HELD, seq: int = 1) -> LetterPlan:
    """A letter to ops."""
    return LetterPlan(case * 32, kind, seq, MEMBER, "Held", OpsNews("Held", (Matter("a device", "because"),)))


def claim(world: World, limit: int = 10, **passed: float) -> list[Queued]:
    """Claim what is due after some time has passed."""
    with world.parts.database.write() as connection:
        return attempts.claim(connection, GEN, NOW + timedelta(**passed), limit)


def ids(queued: list[Queued]) -> list[int]:
    """Their ids, in order."""
    return [one.id for one in queued]


# Names ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_letters_name_is_the_same_after_a_rebuild(vault: Vault) -> None:
    """The Message-ID depends on the plan's name and our key alone, and on nothing that chance or time gives."""
    assert outbox.message_id(vault, plan(), MAILBOX) == outbox.message_id(vault, plan(), MAILBOX)


def test_every_letter_has_a_name_of_its_own(vault: Vault) -> None:
    """Case, kind and number tell them apart; so does the installation."""
    plans = [plan(), plan("bb"), plan(kind=LetterKind.BREACH), plan(seq=2)]
    names = {outbox.message_id(vault, one, MAILBOX) for one in plans}
    names.add(outbox.message_id(Vault({"k": bytes(32)}, bytes(32)), plan(), MAILBOX))
    assert len(names) == 5
    assert all(name.endswith("@losing.example>") and name.isascii() and " " not in name for name in names)


def test_a_letter_is_queued_once(world: World, vault: Vault) -> None:
    """Queued again, by a rerun of the same decision: left as it is, its codes counted once."""
    world.asked(Outcome.CODE, Outcome.CODE)
    with world.parts.database.write() as connection:
        again = outbox.PLAN.validate_json(connection.execute(sa.select(t.letter.c.plan)).scalar_one())
        assert outbox.queue(connection, vault, [again], mailbox=MAILBOX, now=NOW + timedelta(days=1)) == []
    assert world.states() == ["pending"]
    assert world.releases() == ["queued"] * 2


def test_what_is_only_observed_takes_no_number(world: World) -> None:
    """A letter that the mode keeps back reserves no code under the caps."""
    world.asked(Outcome.CODE, letter_state=LetterState.OBSERVED)
    assert world.releases() == []


def test_a_plan_comes_back_as_it_was(world: World) -> None:
    """Through JSON and the database, whatever kind of letter."""
    world.queue(plan())
    world.asked(Outcome.CODE, Outcome.NOT_INSTALLER)
    news, answer = sorted(claim(world), key=lambda q: q.id)
    assert news.plan == plan()
    assert [row.outcome for row in answer.plan.content.rows] == [Outcome.CODE, Outcome.NOT_INSTALLER]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", specimens.BY_NAME)
def test_every_plan_is_read_back_by_its_name(name: str) -> None:
    """Each shape of content tells which it is; one that nobody knows is none."""
    written = outbox.PLAN.dump_json(specimens.BY_NAME[name])
    assert outbox.PLAN.validate_json(written) == specimens.BY_NAME[name]
    with pytest.raises(ValidationError):
        outbox.PLAN.validate_json(written.replace(b'"about":"', b'"about":"un'))


def test_the_codes_of_a_sheet_are_counted_each(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few are written at a time."""
    monkeypatch.setattr(releases, "ROWS_AT_A_TIME", 2)
    world.asked(*[Outcome.CODE] * 5)
    assert world.releases() == ["queued"] * 5


def test_a_letter_is_loaded_bare(world: World) -> None:
    """For a masked copy: all but its bytes, in the order asked for."""
    first, second = world.queue(plan()), world.queue(plan("bb"))
    with world.parts.database.write() as connection:
        connection.execute(sa.update(t.letter).values(state="accepted", sent_filed=False))
        attempts.freeze(
            connection, [(replace(one, content=b"sealed"), ()) for one in outbox.load(connection, [first, second])]
        )
        whole, bare = (sent_copies.to_file_in_sent(connection, 9, bare=bare) for bare in (False, True))
    assert ids(whole) == [first, second]
    assert [one.content for one in whole] == [b"sealed"] * 2
    assert bare == [replace(one, content=None) for one in whole]


# Claims ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_earliest_due_date_is_claimed_first(world: World) -> None:
    """By due date, then by age; letters without a due date last; no more than asked for."""
    order = [world.asked(Outcome.CODE, due_in=days) for days in (5, 1, 9, 1)]
    with world.parts.database.write() as connection:
        [undated] = outbox.queue(connection, world.parts.vault, [plan()], mailbox=MAILBOX, now=NOW)
    expected = [order[1], order[3], order[0], order[2], undated]
    assert ids(claim(world, limit=2)) == expected[:2]
    assert ids(claim(world)) == expected[2:]
    assert claim(world) == []


def test_a_claim_is_counted_and_marked(world: World) -> None:
    """The attempt is on record, with its generation, before anything is done."""
    letter = world.asked(Outcome.CODE)
    [queued] = claim(world)
    row = world.letter(letter)
    assert queued.attempts == row["attempts"] == 1
    assert (row["state"], row["stage"], row["claimed_gen"]) == ("sending", "started", GEN)


@pytest.mark.parametrize("state", sorted(set(LetterState) - {LetterState.PENDING, LetterState.DEFERRED}))
def test_nothing_else_is_ever_claimed(world: World, state: LetterState) -> None:
    """In hand, finished, held, unknown or observed: not to be sent."""
    world.asked(Outcome.CODE)
    world.change(t.letter, sa.true(), state=state)
    assert claim(world, days=300) == []


@pytest.mark.parametrize(
    ("ahead", "due"), [(timedelta(0), True), (timedelta(seconds=1), False), (FARTHEST, False), (FARTHEST * 2, True)]
)
def test_a_letter_waits_for_its_time_unless_no_clock_could_mean_it(world: World, ahead: timedelta, due: bool) -> None:
    """Later is later; absurdly later was set by a wrong clock, and is now."""
    world.asked(Outcome.CODE)
    world.change(t.letter, sa.true(), next_at=micros(NOW + ahead))
    assert bool(claim(world)) is due


def test_at_most_one_suspect_is_claimed_and_last(world: World) -> None:
    """Letters that were claimed before and have no bytes come one at a time, behind the others."""
    suspects = [world.asked(Outcome.CODE, due_in=1) for _ in range(2)]
    good = [world.asked(Outcome.CODE, due_in=5), world.asked(Outcome.CODE, due_in=6)]
    for letter in (*suspects, good[1]):
        world.change(t.letter, t.letter.c.id == letter, attempts=1)
    with world.parts.database.write() as connection:
        connection.execute(sa.insert(t.frozen).values(letter_id=good[1], content=b"bytes"))
        connection.execute(sa.insert(t.frozen).values(letter_id=suspects[1], verdict="[]"))
    claimed = claim(world)
    assert ids(claimed) == [*good, suspects[0]]
    assert [one.suspect for one in claimed] == [False, False, True]


def test_of_suspects_the_least_tried_goes_first(world: World) -> None:
    """A crash of another cause takes a different letter each time; ours, which ends each try, is alone at last."""
    first, second, third = (world.asked(Outcome.CODE, due_in=days) for days in (1, 2, 3))
    for letter, tries in ((first, 3), (second, 1), (third, 2)):
        world.change(t.letter, t.letter.c.id == letter, attempts=tries)
    order = []
    for _ in range(3):
        (suspect,) = claim(world)
        order.append(suspect.id)
        world.change(t.letter, t.letter.c.id == suspect.id, state="accepted")
    assert order == [second, third, first]


# Attempts ───────────────────────────────────────────────────────────────────────────────────────────


def test_given_back_is_as_if_never_claimed(world: World) -> None:
    """Due again at once, and the attempt does not count."""
    letter = world.asked(Outcome.CODE)
    claim(world)
    with world.parts.database.write() as connection:
        attempts.give_back(connection, [letter], NOW)
    [again] = claim(world)
    assert again.attempts == 1


@pytest.mark.parametrize("change", [{"claimed_gen": GEN + 1}, {"state": "deferred"}, {"stage": "dot"}, {"stage": None}])
def test_only_a_letter_in_our_hands_is_marked(world: World, change: dict[str, object]) -> None:
    """Claimed by another generation, given back, or marked already: no mark, so no DATA."""
    letter = world.asked(Outcome.CODE)
    claim(world)
    world.change(t.letter, sa.true(), **change)
    with world.parts.database.write() as connection, pytest.raises(LeaseLost):
        attempts.mark_dot(connection, [letter], GEN)


def _cut_off(world: World, gen: int) -> list[int]:
    """Two letters in hand, one of them marked, and the process gone; recovered under `gen`."""
    marked, started = world.asked(Outcome.CODE), world.asked(Outcome.CODE)
    claim(world)
    with world.parts.database.write() as connection:
        attempts.mark_dot(connection, [marked], GEN)
    with world.parts.database.write() as connection:
        assert attempts.unknown_after_crash(connection, NOW + timedelta(minutes=15)) == [marked]
        assert attempts.started_after_crash(connection, gen, NOW) == 1
    return [marked, started]


def test_what_was_cut_off_in_data_is_unknown(world: World) -> None:
    """Not sent again: looked at when the relay's longest wait is over."""
    marked, _ = _cut_off(world, GEN + 1)
    assert (world.letter(marked)["state"], world.wait_s(marked)) == ("unknown", 900)
    with world.parts.database.read() as connection:
        assert attempts.unknown_due(connection, NOW) == []
        assert ids(attempts.unknown_due(connection, NOW + timedelta(minutes=15))) == [marked]


def test_a_marked_letter_is_never_taken_for_an_unsent_one(world: World) -> None:
    """Whichever of the two recoveries runs first, DATA may have begun for this one."""
    letter = world.asked(Outcome.CODE)
    claim(world)
    with world.parts.database.write() as connection:
        attempts.mark_dot(connection, [letter], GEN)
        assert attempts.started_after_crash(connection, GEN + 1, NOW) == 0
    assert world.letter(letter)["state"] == "sending"


@pytest.mark.parametrize(("gen", "attempts"), [(GEN, 1), (GEN + 1, 2)])
def test_what_was_cut_off_before_data_was_not_sent(world: World, gen: int, attempts: int) -> None:
    """Due at once; the attempt counts only where it may have ended the process."""
    _, started = _cut_off(world, gen)
    [again] = claim(world)
    assert (again.id, again.attempts) == (started, attempts)


@pytest.mark.parametrize(
    ("state", "maybe_sent", "release"),
    [
        (LetterState.ACCEPTED, False, "released"),
        (LetterState.REJECTED, False, "dropped"),
        (LetterState.REJECTED, True, "released"),
        (LetterState.HELD, False, "dropped"),
        (LetterState.HELD, True, "released"),
        (LetterState.CANCELLED, False, "dropped"),
        (LetterState.DEFERRED, False, "queued"),
        (LetterState.UNKNOWN, False, "queued"),
    ],
)
def test_codes_count_until_they_surely_did_not_leave(
    world: World, state: LetterState, maybe_sent: bool, release: str
) -> None:
    """A number under the caps is free again only when the letter certainly carried nothing out."""
    letter = world.asked(Outcome.CODE)
    claim(world)
    with world.parts.database.write() as connection:
        attempts.finish(connection, letter, state, NOW, next_at=NOW, maybe_sent=maybe_sent)
    assert world.releases() == [release]


@pytest.mark.parametrize(
    ("changes", "cancelled"),
    [
        ({}, 1),
        ({"state": "deferred"}, 1),
        ({"attempts": 1}, 0),
        ({"resends": 1}, 0),
        ({"state": "sending"}, 0),
        ({"state": "unknown"}, 0),
        ({"state": "accepted"}, 0),
    ],
)
def test_only_what_was_never_tried_is_cancelled(world: World, changes: dict[str, object], cancelled: int) -> None:
    """A letter that may be on its way is not called back."""
    letter = world.asked(Outcome.CODE)
    if changes:
        world.change(t.letter, sa.true(), **changes)
    with world.parts.database.write() as connection:
        assert attempts.cancel(connection, [world.letter(letter)["case_id"]], NOW) == cancelled


def test_the_ladder_of_retries() -> None:
    """One minute, doubling, never more than thirty."""
    minutes = [(attempts.retry_at(NOW, attempt) - NOW).total_seconds() / 60 for attempt in (1, 2, 3, 4, 5, 6, 7, 200)]
    assert minutes == [1, 2, 4, 8, 16, 30, 30, 30]


# Cost ───────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_due_is_found_by_its_index(sqlite_url: str, vault: Vault) -> None:
    """A million letters long gone cost the search for the next one nothing."""
    database = Database(sqlite_url)
    seen: list[str] = []

    def explain(connection: sa.Connection, _cursor: object, statement: str, values: object, *_: object) -> None:
        if statement.startswith("SELECT letter.id"):
            plans = connection.connection.driver_connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)  # type: ignore[union-attr]
            seen.extend(row[3] for row in plans)

    sa.event.listen(database._writer, "before_cursor_execute", explain)
    with database.write() as connection:
        attempts.claim(connection, GEN, NOW, 10)
        attempts.unknown_due(connection, NOW)
    database.close()
    searches = [step for step in seen if step.startswith(("SEARCH letter", "SCAN letter"))]
    assert searches
    assert all("ix_letter_waiting" in step for step in searches)


def test_whether_copies_may_wait_costs_the_same_however_many_do(sqlite_url: str, vault: Vault) -> None:
    """It is asked after every batch, and meanwhile thousands may wait."""
    database = Database(sqlite_url)
    world = World(database, vault, port=1)
    letters = [world.asked(Outcome.NOT_INSTALLER) for _ in range(41)]
    accepted = t.letter.c.id.in_(letters[1:])

    def steps() -> int:
        taken = 0

        def count() -> None:
            nonlocal taken
            taken += 1

        with database.read() as connection:
            driver = connection.connection.driver_connection
            driver.set_progress_handler(count, 1)  # type: ignore[union-attr]
            assert sent_copies.copies_may_wait(connection, NOW, timedelta(minutes=1))
            driver.set_progress_handler(None, 0)  # type: ignore[union-attr]
        return taken

    world.change(t.letter, t.letter.c.id == letters[1], state="accepted", finished_at=micros(NOW))
    of_one = steps()
    world.change(t.letter, accepted, state="accepted", finished_at=micros(NOW))
    assert steps() == of_one > 10
    database.close()
