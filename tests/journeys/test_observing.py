"""Mode `observe`: everything is worked out and told to ops; suppliers hear nothing, and the mailbox stays as it is."""

from daemon.embedded.stamps import Verdict
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import A0, A1, ANN, COMMISSIONED, OPS, SOUTH, WEST, World, flat, subject_of, text_of, written
from tests.servers.scripted_smtp import ScriptedSmtp

REQUEST = written(ANN, f"Please send the code of {A0}", subject="first")
MAILS = (
    REQUEST,
    written(SOUTH, f"Please send the codes of\n{A1}\n{COMMISSIONED}", subject="mixed"),
    written(ANN, "Please send the install code for serial E6S12345678922", subject="no device"),
    written(ANN, f"Please send the code of {A1}", subject="forged", verdict=Verdict.FAIL),
)


async def observing(make_world: MakeWorld) -> World:
    """A world in its default mode, past its first start."""
    world = await make_world(mode="observe")
    await world.settle_down()
    return world


def sending(toml: str) -> str:
    """The configuration after somebody has come to trust it."""
    return toml.replace('mode = "observe"', 'mode = "send"')


async def test_nothing_is_sent_to_suppliers_and_nothing_moves(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """People go on answering by hand: every mail lies where it came, unread, for days; ops are told of each."""
    world = await observing(make_world)
    for mail in MAILS:
        await world.arrives(mail)
    before = await world.lying("INBOX")
    await world.settle_down()
    world.pass_time(days=2)
    await world.settle_down()

    assert before == await world.lying("INBOX")
    assert [frozenset()] * len(MAILS) == [mail.flags for mail in before]
    assert await world.lying("Install codes/Held") == []
    assert {f"<{OPS}>"} == {copy["To"] for copy in await world.folder("Sent")}
    assert {OPS} == {letter.recipient for letter in relay.taken}
    told = "\n".join(flat(letter.content) for letter in relay.taken)
    assert "the mail lies where it arrived" in told
    assert "we would have answered CODE" in told
    assert {s: n for s, n in world.overview().letters.items() if s != "accepted"} == {"observed": 3}


async def test_going_to_send_releases_nothing_of_before(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Old decisions stay where they are, whatever time goes by; the next request is answered and filed."""
    world = await observing(make_world)
    await world.arrives(REQUEST)
    await world.settle_down()
    await world.restart(sending)
    assert (world.overview().mode, world.overview().working_mode) == ("send", "observe")
    await world.settle_down()
    assert world.overview().working_mode == "send"
    world.pass_time(hours=2)
    await world.settle_down()
    assert {OPS} == {letter.recipient for letter in relay.taken}
    assert [mail.subject for mail in await world.lying("INBOX")] == ["first"]

    await world.arrives(written(SOUTH, f"Please send the code of {A1}", subject="second", at=world.now))
    await world.settle_down()

    assert [letter.recipient for letter in relay.taken if letter.recipient != OPS] == [SOUTH]
    assert [mail.subject for mail in await world.lying("Install codes/Done")] == ["second"]
    assert [mail.subject for mail in await world.lying("INBOX")] == ["first"]


async def test_an_observed_mail_is_answered_once_somebody_orders_it(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """After the change of mode, a drag to Requests has it answered, with the due date of its arrival."""
    world = await observing(make_world)
    await world.arrives(REQUEST)
    await world.settle_down()
    world.pass_time(days=1)
    await world.restart(sending)
    await world.drag("INBOX", "Install codes/Requests")
    await world.settle_down()

    (letter,) = [letter for letter in relay.taken if letter.recipient != OPS]
    assert letter.recipient == ANN
    assert "83FE D340" in text_of(letter.content)
    assert world.one("SELECT due_end FROM item") == "2024-03-18"
    assert len(await world.lying("Install codes/Done")) == 1
    assert await world.lying("Install codes/Requests") == []


async def test_a_mail_dragged_to_requests_while_observing_is_taken_in(
    make_world: MakeWorld, relay: ScriptedSmtp
) -> None:
    """It was handed over by a person: it is decided, told to ops, and filed, so that the folder empties."""
    world = await observing(make_world)
    await world.arrives(REQUEST)
    await world.drag("INBOX", "Install codes/Requests")
    await world.settle_down()

    assert {OPS} == {letter.recipient for letter in relay.taken}
    assert await world.lying("Install codes/Requests") == []
    assert len(await world.lying("Install codes/Held")) == 1


async def test_one_supplier_may_be_answered_while_the_others_are_observed(
    make_world: MakeWorld, relay: ScriptedSmtp
) -> None:
    """`[policy.modes]` by party: each in its own mode, folders and all."""
    world = await make_world(mode="observe", more=("[policy.modes]", '"West Energy" = "send"'))
    await world.settle_down()
    await world.arrives(REQUEST)
    await world.arrives(written(WEST, f"Please send the code of {A1}", subject="from the west"))
    await world.settle_down()

    assert [letter.recipient for letter in relay.taken if letter.recipient != OPS] == [WEST]
    assert [mail.subject for mail in await world.lying("INBOX")] == ["first"]
    assert [mail.subject for mail in await world.lying("Install codes/Done")] == ["from the west"]


async def test_reminders_go_on_while_observing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """The clock runs: nobody can see from here whether a person has answered."""
    world = await observing(make_world)
    await world.arrives(REQUEST)
    await world.settle_down()
    world.pass_time(days=3)
    await world.settle_down()

    first, reminder = relay.taken
    assert subject_of(first.content).startswith("[install codes] Held: 1 device from South Power: observing only")
    assert subject_of(reminder.content).startswith("[install codes] Still waiting: 1 device from South Power")
