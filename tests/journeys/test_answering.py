from daemon.embedded.stamps import Verdict
from tests.journeys.world import A0, ANN, CODES, COMMISSIONED, GPF, NO_CODE, OPS, SOUTH, THEIRS, World, text_of, written
from tests.servers.scripted_smtp import ScriptedSmtp


async def test_a_good_request_is_answered_and_filed(world: World, relay: ScriptedSmtp) -> None:
    """A listed, proven contact gets the code at its own address; the mail moves to Done, a masked copy to Sent."""
    await world.settle_down()
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.settle_down()

    (letter,) = relay.taken
    assert ANN == letter.recipient
    assert "83FE D340 7A93 9723 A5C6 39B2 6916 D505" in text_of(letter.content)
    assert [] == await world.folder("INBOX")
    assert 1 == len(await world.folder("Install codes/Done"))
    (copy,) = await world.folder("Sent")
    assert b"83FE" not in copy.as_bytes()
    assert "answered" == world.one("SELECT state FROM item")
