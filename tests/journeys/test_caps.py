"""More codes than a day allows: in order of arrival, over several days, nobody asked twice."""

import csv
import io
from email import message_from_bytes

from tests.journeys.conftest import MakeWorld
from tests.journeys.world import A0, A1, A2, A5, ANN, INVENTORY, OPS, SOUTH, WEST, World, flat, subject_of, written
from tests.servers.scripted_smtp import ScriptedSmtp, Taken

MORE = [f"00-DB-12-34-56-78-91-{number:02X}" for number in range(20)]


def outcomes(letter: Taken) -> dict[str, tuple[str, str]]:
    """Outcome and note by device, as the sheet of a letter has it."""
    parts = [p for p in message_from_bytes(letter.content).walk() if p.get_content_type() == "text/csv"]
    rows = csv.DictReader(io.StringIO(parts[0].get_payload(decode=True).decode("utf-8-sig")))
    return {row["device_id"]: (row["outcome"], row["note"] if row["outcome"] == "PENDING" else "") for row in rows}


async def capped(make_world: MakeWorld, a_day: int, **limits: int) -> World:
    """A world that sends a supplier so many codes a day, with plenty of devices."""
    lines = ("[policy.limits]", f"codes_per_counterparty_per_day = {a_day}")
    world = await make_world(more=(*lines, *(f"{name} = {count}" for name, count in limits.items())))
    rows = (f"{device},ESME,{number:032X},,Pending,," for number, device in enumerate(MORE, 1))
    world.import_inventory("\n".join((INVENTORY, *rows)))
    await world.settle_down()
    return world


async def test_codes_over_the_cap_go_out_day_by_day_in_order_of_arrival(
    make_world: MakeWorld, relay: ScriptedSmtp
) -> None:
    """Two a day: five devices of two mails take three days, the first mail's first; each promise is kept to the day."""
    world = await capped(make_world, 2)
    await world.arrives(written(ANN, f"Please send the codes of\n{A0}\n{A1}\n{A2}", subject="first"))
    await world.settle_down()
    world.pass_time(minutes=5)
    await world.arrives(written(SOUTH, f"Please send the codes of\n{A5}\n{MORE[0]}", subject="second", at=world.now))
    await world.settle_down()

    first, second = relay.taken
    assert outcomes(first) == {A0: ("CODE", ""), A1: ("CODE", ""), A2: ("PENDING", "by: 2024-03-05")}
    assert {A5: ("PENDING", "by: 2024-03-05"), MORE[0]: ("PENDING", "by: 2024-03-06")} == outcomes(second)
    assert "at most 2 install codes a day. The rest follow" in flat(first.content)
    assert "at most 2 install codes a day. Yours follow" in flat(second.content)
    assert len(await world.lying("Install codes/Waiting")) == 2

    world.pass_time(days=1)
    await world.settle_down()
    assert [(letter.recipient, outcomes(letter)) for letter in relay.taken[2:]] == [
        (ANN, {A2: ("CODE", "")}),
        (SOUTH, {A5: ("CODE", "")}),
    ]
    assert [mail.subject for mail in await world.lying("Install codes/Done")] == ["first"]
    world.pass_time(days=1)
    await world.settle_down()
    assert [(SOUTH, {MORE[0]: ("CODE", "")})] == [(letter.recipient, outcomes(letter)) for letter in relay.taken[4:]]
    assert len(await world.lying("Install codes/Done")) == 2
    world.pass_time(days=5)
    await world.settle_down()
    assert len(relay.taken) == 5, "and ops heard nothing of it"


async def test_another_supplier_is_not_kept_waiting(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """The cap is a supplier's own; what waits for one takes nothing from the next."""
    world = await capped(make_world, 1)
    await world.arrives(written(ANN, f"Please send the codes of\n{A0}\n{A1}"))
    await world.arrives(written(WEST, f"Please send the code of {A2}"))
    await world.settle_down()

    assert next(outcomes(letter) for letter in relay.taken if letter.recipient == WEST) == {A2: ("CODE", "")}


async def test_ops_are_asked_only_where_a_due_date_would_break(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """One a day and twenty devices: fifteen get their day, for codes go out on any day; five need a person now."""
    world = await capped(make_world, 1)
    await world.arrives(written(ANN, "Please send the codes of\n" + "\n".join(MORE)))
    await world.settle_down()

    letter, news = relay.taken
    assert letter.recipient == ANN
    said = outcomes(letter)
    assert said[MORE[0]] == ("CODE", "")
    assert said[MORE[14]] == ("PENDING", "by: 2024-03-18")
    assert {("PENDING", "by: 2024-03-18")} == {said[device] for device in MORE[15:]}
    assert news.recipient == OPS
    assert "Held: 5 devices from South Power: daily limit would break the due date" in subject_of(news.content)

    for _ in range(14):
        world.pass_time(days=1)
        await world.settle_down()
    assert dict(world.overview().items) == {"answered": 15, "held": 5}


async def test_a_withdrawn_device_gives_its_place_to_the_next(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Who takes a request back frees its turn."""
    world = await capped(make_world, 1)
    await world.arrives(written(ANN, f"Please send the codes of\n{A0}\n{A1}\n{A2}"))
    await world.settle_down()
    await world.arrives(written(ANN, f"Please ignore our request for {A1}, the customer left.", subject="withdraw"))
    await world.settle_down()
    world.pass_time(days=1)
    await world.settle_down()

    assert outcomes(relay.taken[-1]) == {A2: ("CODE", "")}
    assert dict(world.overview().items) == {"answered": 2, "withdrawn": 1}


async def test_the_cap_of_all_suppliers_together_asks_a_person(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Somebody may be harvesting: what is over the day's global number is held."""
    world = await capped(make_world, 5, codes_per_day=2)
    await world.arrives(written(ANN, f"Please send the codes of\n{A0}\n{A1}"))
    await world.arrives(written(WEST, f"Please send the code of {A2}"))
    await world.settle_down()

    assert next(outcomes(t) for t in relay.taken if t.recipient == WEST) == {A2: ("PENDING", "by: 2024-03-18")}
    assert "today's limit for all suppliers reached" in subject_of(relay.taken[-1].content)
