"""We ask: our team orders, one letter a supplier goes at its time, what is late is chased, codes go to who may have them."""

import sqlite3
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any

from daemon.edge import wants
from daemon.rules.identifiers import InstallCode
from daemon.rules.wanting import WantEvent
from tests.journeys.conftest import MakeWorld, on_dovecot
from tests.journeys.world import A0, ANN, GPF, SOUTH, WEST, World, flat, subject_of, text_of, written
from tests.servers.scripted_smtp import ScriptedSmtp, Taken

pytestmark = on_dovecot
OLA, CARA, BOSS = "ola@north.test", "cara@north.test", "boss@north.test"
TEAM = {OLA: "operator", CARA: "code_recipients"}
W1, W2, W3, W4 = (f"00-DB-77-00-00-00-00-0{n}" for n in range(1, 5))
MPAN, ADDRESS = "2000012345672", "12 High Street, AB1 2CD"
CODE = "83FED3407A939723A5C639B26916D505"


async def team_world(make_world: MakeWorld, **settings: Any) -> World:
    """A world with an operator and a code recipient, past its first start: Monday 4 March 2024, 09:00."""
    world = await make_world(**({"team": TEAM} | settings))
    await world.settle_down()
    return world


async def says(world: World, words: str, **more: Any) -> None:
    """The operator writes, and everything that follows happens."""
    world.pass_time(minutes=1)
    await world.arrives(written(OLA, words, subject="order", at=world.now, **more))
    await world.settle_down()


def letters(relay: ScriptedSmtp, to: str, saying: str = "") -> list[Taken]:
    """The letters to one address, newest last."""
    return [one for one in relay.taken if one.recipient == to and saying in flat(one.content)]


def to_suppliers(relay: ScriptedSmtp) -> list[Taken]:
    """All that did not go to our own team."""
    return [one for one in relay.taken if not one.recipient.endswith("@north.test")]


async def on(world: World, day: str, clock: str = "09:00") -> None:
    """That day and time have come (London winter time), and every station looked."""
    world.move_to(datetime.fromisoformat(f"{day}T{clock}+00:00").astimezone(UTC))
    await world.settle_down()


async def test_two_orders_become_one_letter_at_the_sending_time(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Nothing goes before; then one letter a supplier with the devices of both orders, in the sheet and in the text."""
    world = await team_world(make_world)
    await says(world, f"REQUEST\n{W1} SOUT\n{W2} West Energy\n")
    await says(world, f"REQUEST\n{W3} South Power\n\nSTATUS\n")
    assert to_suppliers(relay) == []
    receipt = flat(letters(relay, OLA)[0].content)
    assert "2 devices are ordered" in receipt
    assert f"{ANN} is asked Tue 5 Mar 2024, 09:00" in receipt

    await on(world, "2024-03-05")
    await on(world, "2024-03-05", "15:00")

    south, west = sorted(to_suppliers(relay), key=lambda one: one.recipient != ANN)
    assert (south.recipient, west.recipient) == (ANN, WEST)
    assert subject_of(south.content).startswith("Install code request: 2 devices [IC-")
    text, raw = text_of(south.content), south.content
    assert W1 in text
    assert W3 in text
    assert W2 not in text
    assert "by Tue 19 Mar 2024" in flat(raw)
    assert message_from_bytes(raw)["Install-Code-Message"].startswith("request")
    assert [tuple(row) for row in world.rows("SELECT state, party FROM want ORDER BY id")] == [
        ("asked", "South Power"),
        ("asked", "West Energy"),
        ("asked", "South Power"),
    ]


async def test_request_now_goes_at_once(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """REQUEST NOW waits for no sending time; the plain order beside it does."""
    world = await team_world(make_world)
    await says(world, f"REQUEST\n{W1} SOUT\n")
    await says(world, f"REQUEST NOW\n{W2} SOUT\n")

    (letter,) = to_suppliers(relay)
    assert W2 in text_of(letter.content)
    assert W1 not in text_of(letter.content)


async def test_no_letter_goes_on_a_day_off(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Ordered on Maundy Thursday 2024: nothing on Good Friday, at the weekend and on Easter Monday, but on Tuesday."""
    world = await team_world(make_world)
    await on(world, "2024-03-28", "10:00")
    await says(world, f"REQUEST\n{W1} SOUT\n")
    for day in ("2024-03-29", "2024-03-30", "2024-03-31", "2024-04-01"):
        await on(world, day, "12:00")
    assert to_suppliers(relay) == []

    await on(world, "2024-04-02", "09:30")
    assert [one.recipient for one in to_suppliers(relay)] == [ANN]


async def test_personal_data_of_an_order_goes_nowhere(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Columns beside ours are in no letter, not even in the receipt, and in no byte of the database."""
    world = await team_world(make_world)
    sheet = (
        "MPAN,Device ID,Customer,Losing supplier,Supply address,Needed by\n"
        f'{MPAN},{W1},Mrs Ada Bloggs,SOUT,"{ADDRESS}",2024-03-20\n'
        f'{MPAN},{W2},Mrs Ada Bloggs,West Energy {MPAN},"{ADDRESS}",\n'
    )
    await says(world, "REQUEST\n", attachment=("orders.csv", sheet.encode()))
    await says(world, f"REQUEST\n{W3} SOUT {MPAN}\n{W4} Mrs Bloggs {ADDRESS}\n")
    await on(world, "2024-03-05")

    receipts = " ".join(flat(one.content) for one in letters(relay, OLA))
    assert "orders.csv, row 3" in receipts
    assert "holds more than a name" in receipts
    assert [tuple(r) for r in world.rows("SELECT state, needed_by FROM want ORDER BY id")] == [
        ("asked", "2024-03-20"),
        ("asked", None),
    ]
    file = world.parts.database.file
    assert file is not None
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stored = file.read_bytes()
    assert world.rows("SELECT id FROM mail JOIN mail_content ON mail_id = id WHERE reason = 'command'") == []
    for secret in (MPAN, "Bloggs", "High Street", "AB1 2CD"):
        assert all(secret not in flat(one.content) for one in relay.taken), secret
        assert all(secret.encode() not in one.content for one in relay.taken), secret
        assert secret.encode() not in stored, secret


async def test_every_bad_row_is_named_by_itself(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """A bad id, a duplicate, our own device, a GPF, one asked already, ourselves, a stranger: each with its why."""
    world = await team_world(make_world)
    await says(world, f"REQUEST NOW\n{W4} SOUT\n")
    rows = (
        f"{W1} Nowhere Energy",
        f"{W1} SOUT",
        "00-DB-77 SOUT",
        f"{A0} SOUT",
        f"{GPF} SOUT",
        f"{W4} SOUT",
        f"{W2} NRTH",
    )
    await says(world, "\n".join(("REQUEST", *rows)))

    receipt = flat(letters(relay, OLA)[-1].content)
    for words in (
        "1 device is ordered",
        "nobody of that name is listed",
        "line 3",
        "stands on line 2 already, with another supplier",
        "it is in our own inventory: we installed it, and we hold its code",
        "it is a GPF, which has no install code; its GSME is 00-DB-12-34-56-78-90-B2",
        "South Power has been asked for it since Mon 4 Mar 2024 in IC-",
        "the supplier named is ourselves",
    ):
        assert words in receipt, words
    assert world.one("SELECT state FROM want WHERE party = 'Nowhere Energy'") == "waiting-contact"


async def test_the_ladder_to_its_end(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Asked on Tuesday 5 March: reminded, called late only after the day, escalated as foretold, handed over with proof."""
    world = await team_world(make_world)
    contacts = "party,mpid,kind,name,email\n" + "".join(
        f"South Power,SOUT,{kind},Desk,{to}\n"
        for kind, to in (("mp121", SOUTH), ("operations", "ops@south.test"), ("escalation", "boss@south.test"))
    )
    world.import_contacts(contacts)
    await says(world, f"REQUEST\n{W1} SOUT\n{W2} SOUT\n")
    said: dict[str, list[str]] = {}
    for day in range(5, 32):
        before = len(relay.taken)
        await on(world, f"2024-03-{day:02}", "09:05")
        new = relay.taken[before:]
        if new:
            said[f"{world.now:%a %-d %b}"] = [
                f"{one.recipient}: {subject_of(one.content).split(' [')[0]}" for one in new
            ]

    due = "install code request, 2 devices, due Tue 19 Mar 2024"
    ops = f"{OLA}: [install codes]"
    assert said == {
        "Tue 5 Mar": [f"{SOUTH}: Install code request: 2 devices"],
        "Tue 19 Mar": [f"{SOUTH}: Reminder: install code request, 2 devices, answer by Tue 19 Mar 2024"],
        "Wed 20 Mar": [f"{SOUTH}: Overdue: {due}", f"ops@south.test: Overdue: {due}"],
        "Mon 25 Mar": [f"{ops} On Tue 26 Mar 2024 we escalate to South Power: 2 devices"],
        "Tue 26 Mar": [f"boss@south.test: Escalation: {due}"],
        "Wed 27 Mar": [f"{ops} With you now: 2 devices that South Power has not settled"],
    }
    evidence = flat(letters(relay, OLA)[-1].content)
    assert f"Tue 5 Mar 2024, 09:05: our request to {SOUTH}: taken by the mail server" in evidence
    assert "Tue 26 Mar 2024, 09:05: our chase to boss@south.test" in evidence


async def test_an_answered_code_goes_to_the_code_recipient_alone(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """The code stands in one letter, to the recipient; the operator's letters and the copies in Sent hold none."""
    world = await team_world(make_world)
    await says(world, f"REQUEST NOW\n{W1} SOUT\n{W2} SOUT\n")
    answer(world, W1)
    await world.settle_down()

    (result,) = letters(relay, CARA)
    assert "83FE D340 7A93 9723" in text_of(result.content)
    assert all("83FE" not in text_of(one.content) for one in relay.taken if one.recipient != CARA)
    assert world.one("SELECT handed_over FROM want ORDER BY id LIMIT 1") == 1
    world.pass_time(minutes=10)
    await world.settle_down()
    assert len(letters(relay, CARA)) == 1


def answer(world: World, device: str) -> None:
    """As if the supplier's answer had been taken in."""
    with world.parts.database.write() as connection:
        one = wants.open_for(connection, [device])[device]
        answered = one.move(WantEvent.ANSWER, answered_at=world.now)
        wants.save(connection, [answered])
        wants.keep_code(connection, world.parts.vault, answered, InstallCode(bytes.fromhex(CODE)))
