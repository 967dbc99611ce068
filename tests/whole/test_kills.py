"""kill -9 between any two durable steps of the whole daemon: nothing lost, nothing leaked, nothing twice unrecorded.

Each named step is killed at once, several in a row on the same morning's mail, then the daemon is let alone and every
invariant must hold. Long campaigns of random kills stand in tests/trials.
"""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.whole.conftest import Make
from tests.whole.installation import Installation
from tests.whole.invariants import (
    assert_invariants,
    assert_no_cursor_beyond_what_is_kept,
    assert_rest,
    codes_in,
    sqlite_is_whole,
)
from tests.whole.process import ROOT
from tests.whole.story import GOOD, OPS, PERSONAL, Mail, morning, now

ROWS = (
    ("after-lease", "before-keep", "after-keep"),
    ("after-cursor", "after-claim"),
    ("after-read", "after-settle"),
    ("after-send-claim", "after-freeze"),
    ("after-rcpt:kill:2", "after-dot-mark:kill:2"),
    ("after-354:kill:3", "after-proof"),
    ("after-dot", "after-resolve"),
    ("after-250:kill:2", "after-outcome"),
    ("after-move", "after-moved", "after-filed"),
    ("after-flag", "after-append", "after-sent-filed"),
    ("after-notices", "after-commit:kill:46"),
    ("before-commit:kill:41",),
)
"""Steps, each killed once (`:kill:2`: the second time that it is passed), in the order of one world's runs."""
ELSEWHERE = {"after-turn", "after-brought"}
"""Steps of other stories, below."""
GIVEN_CLOCK = {"after-asked", "after-chased", "after-handed-over", "after-digest"}
"""Steps that are taken at certain hours alone: in tests/test_asking_kills.py and tests/journeys/test_mornings.py."""


def armed(point: str) -> str:
    """What ICD_FAILPOINTS is set to."""
    return point if ":" in point else f"{point}:kill"


def interrupted(world: Installation, *points: str) -> list[Mail]:
    """A morning's mail, one of it read by a person already, and a daemon that is killed at each of `points` in turn."""
    mails = morning(world.address, now())
    world.deliver(*(mail.raw for mail in mails))
    with world.hands() as person:
        person.select_folder("INBOX")
        person.add_flags([1], ["\\Seen"])
    for point in points:
        running = world.run(armed(point))
        world.until_killed(running)
        assert running.leaves_nobody()
        assert_no_cursor_beyond_what_is_kept(world)
    return mails


def recovers(world: Installation, mails: list[Mail]) -> None:
    """A new start brings all to its end, and every invariant holds."""
    world.pass_lease()
    running = world.run()
    world.until_quiet(running)
    running.stop()
    assert running.leaves_nobody()
    assert_invariants(world, mails)


@pytest.mark.parametrize("points", ROWS, ids=" ".join)
def test_a_kill_at_any_step_loses_and_leaks_nothing(on_sqlite: Make, points: tuple[str, ...]) -> None:
    """Killed once at each step, started again: every invariant holds."""
    world = on_sqlite()
    recovers(world, interrupted(world, *points))
    sqlite_is_whole(world)


@pytest.mark.parametrize(
    "points", [("after-settle", "after-dot:kill:2"), ("after-250",), ("after-moved",)], ids=" ".join
)
def test_the_same_on_postgresql(on_postgresql: Make, points: tuple[str, ...]) -> None:
    """Where the lease of the dead instance must first run out."""
    world = on_postgresql()
    recovers(world, interrupted(world, *points))


def test_a_letter_that_was_taken_without_a_word(on_sqlite: Make) -> None:
    """The link goes after the dot, the letter went: it is sent again, the same bytes, and the doubt is on record."""
    world = on_sqlite()
    world.relay.server.unsaid = 2
    recovers(world, interrupted(world))

    assert sum(row["n"] for row in world.rows("SELECT count(*) AS n FROM audit WHERE what = 'letter-unknown'")) == 2


def test_a_second_run_and_a_whole_new_look_send_nothing(on_sqlite: Make) -> None:
    """I8: with every cursor and place forgotten, and every mail in its folder, nothing is sent, no mail changes."""
    world = on_sqlite()
    mails = interrupted(world, "after-dot")
    recovers(world, mails)
    before = assert_invariants(world, mails)
    world.change("DELETE FROM cursor", "DELETE FROM place")
    running = world.run()
    world.until_quiet(running)
    running.stop()
    assert_rest(world, before)


def test_a_kill_between_two_turns_gives_no_code_twice(on_sqlite: Make) -> None:
    """Over the day's cap a code waits for the next day; killed when its turn was given, it goes out, and once."""
    world = on_sqlite(**{"policy.limits": {"codes_per_counterparty_per_day": 1}})
    mails = [mail for mail in morning(world.address, now()) if mail.codes in ({GOOD}, {PERSONAL})]
    world.deliver(*(mail.raw for mail in mails))
    running = world.run()
    world.until_quiet(running)
    running.stop()
    assert world.rows("SELECT codes FROM letter ORDER BY codes") == [{"codes": 0}, {"codes": 1}]

    world.change("UPDATE letter SET codes_day = date(codes_day, '-1 day')")
    world.change("UPDATE release SET at = at - 86400000000")
    running = world.run("after-turn:kill")
    world.until_killed(running)
    running = world.run()
    world.until_quiet(running)
    running.stop()
    opened = Counter(device for taken in world.relay.server.taken for device in codes_in(taken.content))
    assert opened == {GOOD: 1, PERSONAL: 1}
    assert world.one("SELECT count(*) FROM item WHERE state = 'answered'") == 2


def test_news_that_the_relay_refuses_are_brought_once(on_sqlite: Make) -> None:
    """The team's address is gone: its news lie in the mailbox itself, once, although the daemon died in between."""
    world = on_sqlite()
    world.relay.server.refused = frozenset({OPS})
    mails = [mail for mail in morning(world.address, now()) if mail.message_id == "<live@south.test>"]
    world.deliver(*(mail.raw for mail in mails))
    running = world.run("after-brought:kill")
    world.until_killed(running)
    running = world.run()
    world.until_quiet(running)
    running.stop()

    assert [row["recipient"] for row in world.rows("SELECT recipient FROM letter WHERE state = 'rejected'")] == [OPS]
    assert sum(b"Not sent to the team" in lying.content for lying in world.mailbox()) == 1


def test_every_step_has_its_kill() -> None:
    """No failpoint of the daemon is left out above."""
    sources = (path.read_text("utf-8") for path in (Path(ROOT) / "daemon").rglob("*.py"))
    named = {name for text in sources for name in re.findall(r'failpoint\("([a-z0-9-]+)"\)', text)}

    assert named == {point.partition(":")[0] for row in ROWS for point in row} | ELSEWHERE | GIVEN_CLOCK
