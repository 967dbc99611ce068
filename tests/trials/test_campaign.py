"""Random kills and a moody relay, on a morning's mail, seed after seed: every invariant after each.

`ICD_TRIALS` is the number of seeds on each database. One trial again: `pytest -m trials -k 'sqlite-17'`.
"""

import os
import random
import time

import pytest

from tests.servers.scripted_smtp import DROP, RESET, Act, say
from tests.whole.conftest import Make
from tests.whole.installation import Installation
from tests.whole.invariants import assert_invariants, assert_rest
from tests.whole.story import Mail, morning, now
from tests.whole.test_kills import ROWS

TRIALS = int(os.environ.get("ICD_TRIALS", "100"))
STEPS = sorted({point.partition(":")[0] for row in ROWS for point in row})
MOODS: tuple[tuple[str, Act], ...] = (
    ("CONNECT", DROP),
    ("EHLO", say("421 4.3.2 not now")),
    ("AUTH", say("454 4.7.0 try later")),
    ("MAIL", say("451 4.3.0 try later")),
    ("MAIL", say("550 5.7.1 not you")),
    ("MAIL", RESET),
    ("RCPT", say("450 4.2.0 greylisted")),
    ("DATA", say("451 4.3.0 try later")),
    ("DATA", DROP),
    ("BODY", say("452 4.3.1 full")),
)


def moody(dice: random.Random, world: Installation, kills: int) -> None:
    """Script the relay. A letter is sent three times at most, so that one lost word and one kill are all it bears."""
    for verb, act in dice.sample(MOODS, dice.randint(0, 3)):
        world.relay.server.next(verb, act)
    if kills == 1 and dice.random() < 0.5:
        world.relay.server.unsaid = 1
    elif kills == 1:
        world.relay.server.next("BODY", dice.choice((DROP, RESET)))


def killed_somewhere(dice: random.Random, world: Installation) -> None:
    """A run that is killed at some step, or at some moment."""
    step = dice.choice(STEPS)
    nth = dice.randint(1, 80) if "commit" in step else dice.choice((1, 1, 2, 3, 5, 8))
    running = world.run(f"{step}:kill:{nth}")
    end = time.monotonic() + dice.uniform(0.2, 3)
    while running.lives and time.monotonic() < end:
        world.pass_waits()
        time.sleep(0.02)
    running.kill()
    assert running.leaves_nobody()
    world.pass_lease()


@pytest.mark.trials
@pytest.mark.parametrize("seed", range(TRIALS))
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_random_kills(request: pytest.FixtureRequest, kind: str, seed: int) -> None:
    """One or two kills anywhere: a third crash within one mail's reading would rightly set it aside."""
    make: Make = request.getfixturevalue(f"on_{kind}")
    dice = random.Random(seed)  # noqa: S311  # repeatable, not secret
    world = make(mailbox={"idle": dice.random() < 0.5})
    mails = morning(world.address, now())
    later = dice.randint(0, len(mails) - 1)
    kills = dice.randint(1, 2)
    moody(dice, world, kills)
    _delivered(world, mails[:later])
    for number in range(kills):
        if number:
            _delivered(world, mails[later:])
        killed_somewhere(dice, world)
    if kills == 1:
        _delivered(world, mails[later:])
    running = world.run()
    world.until_quiet(running, limit_s=90)
    running.stop()
    before = assert_invariants(world, mails, generations=None)
    world.change("DELETE FROM cursor", "DELETE FROM place")
    running = world.run()
    world.until_quiet(running)
    running.stop()
    assert_rest(world, before)


def _delivered(world: Installation, mails: list[Mail]) -> None:
    if mails:
        world.deliver(*(mail.raw for mail in mails))
