"""What a person must look at: told once, gathered, reminded of on working days, and decided again on order."""

from datetime import UTC, datetime, timedelta

from daemon.rules.workdays import LONDON
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import (
    A0,
    A1,
    ANN,
    COMMISSIONED,
    CONTACTS,
    INVENTORY,
    OPS,
    SOUTH,
    START,
    THEIRS,
    WEST,
    World,
    flat,
    subject_of,
    text_of,
    written,
)
from tests.servers.scripted_smtp import ScriptedSmtp, Taken

NOBODYS = "00-DB-12-34-56-78-90-FF"
"""A device that our inventory does not know."""
NEWCOMER = "install.codes@newcomer.test"


def to_ops(relay: ScriptedSmtp) -> list[Taken]:
    """The letters to our own team."""
    return [letter for letter in relay.taken if letter.recipient == OPS]


def to_suppliers(relay: ScriptedSmtp) -> list[Taken]:
    """All others."""
    return [letter for letter in relay.taken if letter.recipient != OPS]


async def test_a_no_from_an_old_inventory_is_held(world: World, relay: ScriptedSmtp) -> None:
    """After 8 days without a fresh inventory no NOT-INSTALLER goes out; a code that we hold still does."""
    world.pass_time(days=8)
    await world.arrives(written(ANN, f"Please send the codes of\n{A0}\n{NOBODYS}\n{THEIRS}", at=world.now))
    await world.settle_down()

    (answer,) = to_suppliers(relay)
    assert "83FE D340" in text_of(answer.content)
    assert "did not install" not in flat(answer.content)
    assert "A colleague is looking into these 2 devices" in flat(answer.content)
    assert [tuple(row) for row in world.rows("SELECT reason, outcome FROM item WHERE state = 'held'")] == [
        ("inventory-stale", "NOT-INSTALLER")
    ] * 2
    assert "our inventory is too old" in subject_of(to_ops(relay)[0].content)


async def test_a_fresh_inventory_and_a_drag_answer_what_was_held(world: World, relay: ScriptedSmtp) -> None:
    """What the letter to ops asks for works: import, drag the mail to Requests, and the rest is answered, once."""
    world.pass_time(days=8)
    await world.arrives(written(ANN, f"Please send the codes of\n{A0}\n{NOBODYS}", at=world.now))
    await world.settle_down()
    world.pass_time(days=1)
    world.import_inventory(INVENTORY)
    assert await world.drag("Install codes/Held", "Install codes/Requests") == 1
    await world.settle_down()

    second = to_suppliers(relay)[1].content
    assert "We did not install this device" in flat(second)
    assert "83FE D340" not in text_of(second)
    assert [row.state for row in world.rows("SELECT state FROM item")] == ["answered", "answered"]
    assert world.one("SELECT due_end FROM item WHERE outcome = 'NOT-INSTALLER'") == "2024-03-26"
    assert len(await world.lying("Install codes/Done")) == 1
    assert len(to_ops(relay)) == 1


async def test_a_mended_contact_list_and_a_drag_answer_a_held_mail(world: World, relay: ScriptedSmtp) -> None:
    """An unlisted sender is held; once listed, and dragged to Requests, it is answered by its first due date."""
    await world.arrives(written(NEWCOMER, f"Please send the install code of {A1}", subject="Hello from Newcomer"))
    await world.settle_down()
    assert to_suppliers(relay) == []
    world.pass_time(days=2)
    world.import_contacts(CONTACTS + f"Newcomer,NEWC,mp121,Desk,{NEWCOMER}\n")
    await world.settle_down()
    assert to_suppliers(relay) == [], "an import alone answers nothing"

    await world.drag("Install codes/Held", "Install codes/Requests")
    await world.settle_down()
    world.pass_time(days=1)
    await world.settle_down()

    (answer,) = to_suppliers(relay)
    assert answer.recipient == NEWCOMER
    assert "3031 3233" in text_of(answer.content)
    assert world.one("SELECT due_end FROM item") == "2024-03-18"
    assert world.overview().holds == 0
    assert len(await world.lying("Install codes/Done")) == 1


async def test_ops_hear_of_holds_gathered_by_supplier_and_cause(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Nothing for 15 minutes; then one letter a supplier and cause, however many mails there were."""
    world = await make_world(hold_gather_minutes=15)
    await world.settle_down()
    for number, sender in enumerate((ANN, SOUTH, ANN, WEST)):
        await world.arrives(written(sender, f"Please send the code of {COMMISSIONED}", subject=f"number {number}"))
    await world.arrives(written("pat@meterworks.test", f"Please send the install code of {A0}"))
    await world.settle_down()
    world.pass_time(minutes=14)
    await world.settle_down()
    assert to_ops(relay) == []

    world.pass_time(minutes=1)
    await world.settle_down()
    world.pass_time(minutes=60)
    await world.settle_down()

    subjects = sorted(subject_of(letter.content) for letter in to_ops(relay))
    assert subjects == [
        "[install codes] Held: 1 device from South Power: commissioned, removed or suspended, answer by Mon 18 Mar",
        "[install codes] Held: 1 device from West Energy: commissioned, removed or suspended, answer by Mon 18 Mar",
        "[install codes] Held: 1 mail: sender not in the contact list, due Mon 18 Mar",
    ]


async def test_reminders_come_on_working_days_three_seven_and_nine_and_one_alarm(
    make_world: MakeWorld, relay: ScriptedSmtp
) -> None:
    """Over Easter 2024: days by the calendar of England and Wales; then silence, once it was said to be overdue."""
    world = await make_world(team={OPS: "operator"})
    world.move_to(datetime(2024, 3, 25, 9, 30, tzinfo=UTC))
    await world.settle_down()
    await world.arrives(written(ANN, f"Please send the code of {COMMISSIONED}", at=world.now))
    await world.settle_down()
    said: dict[str, list[str]] = {}
    for _ in range(30):
        before = len(to_ops(relay))
        await world.settle_down()
        if new := [subject_of(letter.content).split(":")[0] for letter in to_ops(relay)[before:]]:
            said[f"{world.now.astimezone(LONDON):%a %-d %b}"] = new
        world.pass_time(days=1)

    assert said == {
        "Thu 28 Mar": ["[install codes] Still waiting"],
        "Fri 5 Apr": ["[install codes] Still waiting"],
        "Tue 9 Apr": ["[install codes] Still waiting"],
        "Thu 11 Apr": ["[install codes] OVERDUE"],
    }


async def test_news_go_to_those_who_may_act_and_alarms_to_all(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """A reader hears nothing of a hold; of a breach everybody does, and the manager."""
    world = await make_world(
        team={"op@north.test": "operator", "read@north.test": "reader", "boss@north.test": "manager"}
    )
    await world.settle_down()
    await world.arrives(written(ANN, f"Please send the code of {COMMISSIONED}"))
    await world.settle_down()
    assert {ANN, "op@north.test", "boss@north.test"} == {letter.recipient for letter in relay.taken}
    before = len(relay.taken)
    world.move_to(START + timedelta(days=15))
    await world.settle_down()

    alarms = [letter for letter in relay.taken[before:] if "OVERDUE" in subject_of(letter.content)]
    assert sorted(letter.recipient for letter in alarms) == ["boss@north.test", "op@north.test", "read@north.test"]


async def test_what_another_supplier_asked_for_is_not_betrayed(world: World, relay: ScriptedSmtp) -> None:
    """Asked by two suppliers: the second is told that somebody looks, in the same words as for any hold."""
    await world.arrives(written(ANN, f"Please send the code of {A1}"))
    await world.settle_down()
    await world.arrives(written(WEST, f"Please send the codes of\n{A1}\n{COMMISSIONED}"))
    await world.settle_down()

    west = next(letter for letter in to_suppliers(relay) if letter.recipient == WEST)
    assert "A colleague is looking into these 2 devices" in flat(west.content)
    assert "South" not in west.content.decode()
    assert "3031" not in text_of(west.content)
