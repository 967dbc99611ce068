"""Two instances on one database: one works, one waits warm; what is late of the one that lost is fenced."""

import signal

import pytest

from tests.whole.conftest import Make
from tests.whole.installation import Installation
from tests.whole.invariants import assert_invariants
from tests.whole.process import Running
from tests.whole.story import Mail, morning, now

WARM, HOLDING = "waiting warm, ready to take over", "holding the mailbox"


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest) -> Installation:
    """An installation on either database."""
    make: Make = request.getfixturevalue(f"on_{request.param}")
    return make()


def says(world: Installation, running: Running, words: str, times: int = 1) -> None:
    """Wait until the log has `words` so often."""
    world.until(running, lambda: world.said().count(words) >= times, words)


def arrives(world: Installation) -> list[Mail]:
    """The morning's mail."""
    mails = morning(world.address, now())
    world.deliver(*(mail.raw for mail in mails))
    return mails


def test_a_second_instance_waits_warm_and_takes_over(world: Installation) -> None:
    """It says that it waits; after kill -9 of the first it holds the mailbox, with the next generation, by itself."""
    first = world.run()
    says(world, first, HOLDING)
    second = world.run()
    says(world, second, WARM)
    world.until_quiet(first)
    first.kill()
    mails = arrives(world)
    says(world, second, HOLDING, times=2)
    world.until_quiet(second)
    second.stop()

    assert '"generation": 2' in world.said()
    assert_invariants(world, mails)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param("after-read", marks=pytest.mark.trials),
        "before-commit:freeze:9",
        pytest.param("after-rcpt", marks=pytest.mark.trials),
        "after-dot-mark",
        "after-354",
        "after-dot",
    ],
)
def test_what_comes_late_is_fenced(on_postgresql: Make, step: str) -> None:
    """An instance that is stopped for longer than its lease, and then goes on, changes nothing and sends nothing.

    Not one that was stopped within DATA either: it looks at its clock before the first octet of a letter. What it had
    said before it slept is unknown by then, and a copy of it is on record. One that was stopped within a transaction
    keeps its locks no longer than its lease.
    """
    world = on_postgresql()
    mails = arrives(world)
    sleeper = world.run(step if ":" in step else f"{step}:freeze")
    says(world, sleeper, HOLDING)
    world.until(sleeper, lambda: _sleeps(sleeper), "its sleep")
    heir = world.run()
    says(world, heir, HOLDING, times=2)  # at once where the lease ran out while it started
    world.until_quiet(heir)
    taken, waited = len(world.relay.server.taken), world.said().count(WARM)
    sleeper.send(signal.SIGCONT)
    says(world, sleeper, WARM, times=waited + 1)
    sleeper.stop()
    heir.stop()

    picture = assert_invariants(world, mails)
    assert len(picture.taken) == taken


def _sleeps(running: Running) -> bool:
    return running.state == "T"


def test_a_clean_stop_hands_over_at_once(on_sqlite: Make) -> None:
    """SIGTERM gives the mailbox up: the warm instance has it at its next look, and works."""
    world = on_sqlite()
    first = world.run()
    says(world, first, HOLDING)
    second = world.run()
    says(world, second, WARM)
    first.stop()
    says(world, second, HOLDING, times=2)
    mails = arrives(world)
    world.until_quiet(second)
    second.stop()

    assert_invariants(world, mails)
