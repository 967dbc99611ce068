"""What other suppliers answer: item by item, from the party that was asked alone, sealed until its recipients get it."""

from datetime import timedelta
from email import message_from_bytes

from daemon.embedded.stamps import Verdict
from daemon.rules.identifiers import crc
from tests.journeys.conftest import MakeWorld, on_dovecot
from tests.journeys.world import ANN, WEST, World, flat, text_of, written
from tests.servers.scripted_smtp import ScriptedSmtp, Taken

pytestmark = on_dovecot
BOB, KEY = "bob@north.test", "keys@north.test"
TEAM = {BOB: "operator", KEY: "code_recipients"}
D1, D2, D3 = (f"00-DB-99-88-77-66-55-0{n}" for n in (1, 2, 3))
CODE, BARE = "83FE D340 7A93 9723 A5C6 39B2 6916 D505", "83FED3407A939723A5C639B26916D505"
CRC = "C3B5"
OTHER = "3031 3233 3435 3637 3839 4142 4344 4546"
THIRD = "0011 2233 4455 6677 8899 AABB CCDD EEFF"


async def ordered(make_world: MakeWorld, *devices: str, supplier: str = "SOUT") -> World:
    """A world in which our team has ordered these devices, and the supplier was asked."""
    world = await make_world(team=TEAM)
    await world.settle_down()
    rows = "\n".join(f"{device} {supplier}" for device in devices)
    await world.arrives(written(BOB, f"REQUEST NOW\n{rows}\n", subject="order", at=world.now))
    await world.settle_down()
    return world


def letters(relay: ScriptedSmtp, to: str, saying: str = "") -> list[Taken]:
    """The letters to one address."""
    return [one for one in relay.taken if one.recipient == to and saying in flat(one.content)]


def checked(code: str) -> str:
    """A code with its check digits."""
    return f"{code} {crc(bytes.fromhex(code)).hex().upper()}"


async def answers(world: World, sender: str, body: str, **more: object) -> None:
    """A supplier writes, and all that follows happens."""
    world.pass_time(minutes=5)
    await world.arrives(written(sender, body, subject="Re: Install code request", at=world.now, **more))
    await world.settle_down()


def state(world: World) -> dict[str, str]:
    """Of each wanted device its state, by the last two digits of its ID."""
    rows = world.rows("SELECT device_id, state FROM want ORDER BY id")
    return {f"{row.device_id & 0xFF:02X}": row.state for row in rows}


async def test_a_code_reaches_its_recipients_and_nobody_else(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Sealed in our store, sent to the code recipients alone; the mail that brought it lies in Answers."""
    world = await ordered(make_world, D1)
    assert letters(relay, ANN, D1)
    await answers(world, ANN, f"Hi, the code:\n{D1}  {CODE} {CRC}\n")
    assert state(world) == {"01": "answered"}
    assert [one.recipient for one in relay.taken if CODE in text_of(one.content)] == [KEY]
    assert BARE not in (world.home / "daemon.toml").read_text("utf-8")
    assert [mail.subject for mail in await world.lying("Install codes/Answers")] == ["Re: Install code request"]
    assert world.one("SELECT count(*) FROM audit WHERE what = 'code-received'") == 1


async def test_the_rest_stays_asked(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """A partial answer shrinks what is missing; a faulty line goes back to them by its number."""
    world = await ordered(make_world, D1, D2, D3)
    await answers(world, ANN, f"{D1}: {CODE} {CRC}\n{D2}: {BARE[:30]}\n")
    assert state(world) == {"01": "answered", "02": "queried", "03": "asked"}
    (query,) = letters(relay, ANN, "30 digits")
    assert D2 in text_of(query.content)
    assert D1 not in text_of(query.content)
    assert BARE[:8] not in text_of(query.content)


async def test_not_the_installer_moves_on(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """The supplier that their answer names is asked, of an urgent order at once; nobody is asked twice."""
    world = await ordered(make_world, D1)
    await answers(world, ANN, f"We were not the installing supplier for {D1}, please contact WEST.")
    assert state(world) == {"01": "asked"}
    assert letters(relay, WEST, D1)
    await answers(world, WEST, f"Not installed by us: {D1}. Please contact SOUT.")
    assert state(world) == {"01": "with-ops"}
    assert letters(relay, BOB, "asked already")
    assert len(letters(relay, ANN, D1)) == 1


async def test_only_the_party_that_was_asked_counts(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Another supplier's code, an unproven one and a stranger's change nothing and are held (attack row 27)."""
    world = await ordered(make_world, D1)
    await answers(world, WEST, f"{D1}: {CODE} {CRC}")
    await answers(world, ANN, f"{D1}: {CODE} {CRC}", verdict=Verdict.FAIL)
    assert state(world) == {"01": "asked"}
    assert not any(CODE in text_of(one.content) for one in relay.taken)
    assert {row.reason for row in world.rows("SELECT reason FROM mail WHERE fate = 'held'")} == {
        "unasked-answer",
        "unproven-sender",
    }


async def test_a_promise_and_an_out_of_office_stop_nothing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """A promise is shown with its day; an automatic reply changes nothing."""
    world = await ordered(make_world, D1)
    await answers(world, ANN, "I am out of the office.", headers={"Auto-Submitted": "auto-replied"})
    assert state(world) == {"01": "asked"}
    day = (world.now + timedelta(days=4)).date()
    await answers(world, ANN, f"We will send the code for {D1} by {day:%d/%m/%Y}.")
    assert state(world) == {"01": "promised"}
    assert world.one("SELECT promised_for FROM want") == day.isoformat()


async def test_a_code_that_does_not_work_is_asked_for_again(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """In their thread, with a clock of its own; another code is handed over as the first was, the same one with a warning."""
    world = await ordered(make_world, D1, D2)
    both = f"{D1}: {CODE} {CRC}\n{D2}: {checked(THIRD)}\n"
    await answers(world, ANN, both)
    (request,) = letters(relay, ANN)
    world.pass_time(days=3)
    await answers(world, BOB, f"REQUEST AGAIN {D1} the engineer says it refuses it\n")

    query = letters(relay, ANN)[-1]
    assert "does not take the code that you sent on" in flat(query.content)
    assert message_from_bytes(query.content)["In-Reply-To"] == message_from_bytes(request.content)["Message-ID"]
    assert D1 in text_of(query.content)
    assert D2 not in text_of(query.content)
    assert "engineer" not in flat(query.content)
    assert "Install-Code-Message" not in message_from_bytes(query.content)
    assert [row.state for row in world.rows("SELECT state FROM want ORDER BY id")] == ["closed", "answered", "queried"]
    assert (
        world.one("SELECT due_end FROM want ORDER BY id DESC LIMIT 1")
        > (world.now + timedelta(days=9)).date().isoformat()
    )

    await answers(world, ANN, f"Sorry, the right one: {D1}: {checked(OTHER)}")
    result = letters(relay, KEY)[-1]
    assert OTHER in text_of(result.content)
    assert "came before already" not in flat(result.content)

    await answers(world, BOB, f"REQUEST AGAIN\n{D1}\n")
    await answers(world, ANN, f"{D1}: {checked(OTHER)}")
    assert "It came before already, and did not work then" in flat(letters(relay, KEY)[-1].content)
    assert len(letters(relay, KEY)) == 3
    assert not any(OTHER in text_of(one.content) for one in relay.taken if one.recipient != KEY)


async def test_a_correction_beside_an_answer_is_told_of(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """That a code which came before was wrong is never lost beside the next code, and nothing is written to them for it."""
    world = await ordered(make_world, D1, D2)
    await answers(world, ANN, f"{D1}: {CODE} {CRC}")
    before = len(letters(relay, ANN))
    await answers(world, ANN, f"Please disregard the code for {D1} that I sent, wrong meter. {D2} is {OTHER}.")
    assert state(world) == {"01": "answered", "02": "answered"}
    (told,) = letters(relay, BOB, "had answered")
    assert D1 in text_of(told.content)
    assert D2 not in text_of(told.content)
    assert len(letters(relay, ANN)) == before


async def test_words_beside_an_answer_are_shown(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """What they say of another device, and we cannot read, stops nothing, and our team reads it in our letter."""
    world = await ordered(make_world, D1, D2)
    await answers(world, ANN, f"{D1}: {CODE} {CRC}\n\nThe customer at {D2} has complained, do not commission it.")
    assert state(world) == {"01": "answered", "02": "asked"}
    (told,) = letters(relay, BOB, "They write")
    assert "The customer at the device has complained" in flat(told.content)
    assert BARE[:8] not in text_of(told.content)


async def test_a_request_beside_an_answer_is_answered_too(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """One mail may answer and ask: the code is used, and what it asks for goes out."""
    world = await ordered(make_world, D1)
    asked = "00-DB-12-34-56-78-90-A1"
    await answers(world, ANN, f"{D1}: {CODE} {CRC}\n\nCould you please send us the install code of {asked}?")
    assert state(world) == {"01": "answered"}
    assert letters(relay, ANN, OTHER)


async def test_a_late_code_for_what_was_taken_back_is_destroyed(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """WITHDRAW tells them in one line; what still comes is used by nobody, no copy of ours is kept, and the team hears of it."""
    world = await ordered(make_world, D1)
    await world.arrives(written(BOB, f"WITHDRAW {D1} customer left\n", subject="x", at=world.now))
    await world.settle_down()
    assert state(world) == {"01": "withdrawn"}
    await answers(world, ANN, f"{D1}: {CODE} {CRC}")
    assert world.one("SELECT install_code FROM want") is None
    assert not any(CODE in text_of(one.content) for one in relay.taken)
    assert letters(relay, BOB, "not needed any more")
    assert letters(relay, BOB, "please delete it there")
    mail_id = world.one("SELECT max(id) FROM mail")
    assert world.one(f"SELECT count(*) FROM mail_content WHERE mail_id = {mail_id}") == 0
