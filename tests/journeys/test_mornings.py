"""The letter of a working morning, as the team gets it."""

from datetime import UTC, datetime

import pytest

from daemon.edge import failpoints
from daemon.errors import Unavailable
from tests.journeys.conftest import MakeWorld, on_dovecot
from tests.journeys.world import A0, ANN, COMMISSIONED, OPS, flat, subject_of, written
from tests.servers.scripted_smtp import ScriptedSmtp


@on_dovecot
async def test_a_team_is_told_each_morning_what_to_do(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """A request on Monday: half answered, half held; it is told on Tuesday, is for today from Thursday on, then late."""
    world = await make_world(digest_at="07:30")
    await world.settle_down()
    await world.arrives(written(ANN, f"Please send the codes of\n{A0}\n{COMMISSIONED}"))
    await world.settle_down()
    said = []
    for day in range(5, 21):
        world.move_to(datetime(2024, 3, day, 7, 30, tzinfo=UTC))
        world.import_inventory(world.home.joinpath("inventory.csv").read_text("utf-8"))
        relay.taken.clear()
        await world.settle_down()
        digests = [taken.content for taken in relay.taken if b"Nothing" in taken.content or b"To do" in taken.content]
        said += [subject_of(content).removeprefix("[install codes] ") for content in digests]
        assert all(taken.recipient == OPS for taken in relay.taken)
        if day == 5:
            assert "Nothing has to be done today." in flat(digests[0])
            assert "1 device: 1 CODE. - All on the day they were asked for." in flat(digests[0])

    assert said == [
        *(f"{name} Mar: nothing to do today; 1 open" for name in ("Tue 5", "Wed 6")),
        *(
            f"{name} Mar: 1 thing to do today; 1 open"
            for name in ("Thu 7", "Fri 8", "Mon 11", "Tue 12", "Wed 13", "Thu 14", "Fri 15", "Mon 18")
        ),
        *(f"{name} Mar: 1 thing to do today; 1 open, 1 overdue" for name in ("Tue 19", "Wed 20")),
    ]


@on_dovecot
async def test_a_crash_after_the_digest_was_queued_tells_it_once(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Letter and mark are one commit: the next look finds both."""
    world = await make_world(digest_at="07:30")
    await world.settle_down()
    world.move_to(datetime(2024, 3, 5, 7, 30, tzinfo=UTC))
    failpoints.arm("after-digest:fail")
    try:
        with pytest.raises(Unavailable):
            await world.mornings.once()
    finally:
        failpoints.arm("")
    await world.settle_down()

    assert len([one for one in relay.taken if one.recipient == OPS and b"5 Mar" in one.content]) == 1
