"""The contact list and the inventory are changed by mail: proposed by one, confirmed by two, and told to who was listed."""

from email import message_from_bytes
from email.message import Message

from daemon.embedded.stamps import Verdict
from tests.journeys.conftest import MakeWorld, on_dovecot
from tests.journeys.test_approving import BOB, CAT, READER, letters, says, state, team_world
from tests.journeys.world import (
    A1,
    ANN,
    CODES,
    CONTACTS,
    INVENTORY,
    SOUTH,
    WEST,
    World,
    flat,
    subject_of,
    text_of,
    written,
)
from tests.servers.scripted_smtp import ScriptedSmtp, Taken

pytestmark = on_dovecot
NEW = "install-codes@south.test"
MOVED = CONTACTS.replace(SOUTH, NEW)
A1_CODE = "3031 3233 3435 3637 3839 4142 4344 4546"
FRESH_CODE = "5EC2E7C0DE5EC2E7C0DE5EC2E7C0DE55"


async def orders(world: World, member: str, words: str, name: str, sheet: str, **more: object) -> None:
    """A member sends an order with a file, and everything that follows happens."""
    world.pass_time(minutes=5)
    raw = written(member, f"{words}\n", subject="a list", at=world.now, attachment=(name, sheet.encode()), **more)
    await world.arrives(raw)
    await world.settle_down()


def transcript(relay: ScriptedSmtp, to: str) -> str:
    """The latest answer to a member's own mail."""
    return flat([one for one in letters(relay, to) if "Re:" in subject_of(one.content)][-1].content)


def proposal(relay: ScriptedSmtp, to: str) -> Taken:
    """The latest letter to confirm by."""
    return letters(relay, to, "If approved")[-1]


async def confirmed(world: World, relay: ScriptedSmtp) -> None:
    """Two persons approve, each by their own letter."""
    for who in (BOB, CAT):
        await says(world, who, proposal(relay, who), "APPROVE")


def to_outsiders(relay: ScriptedSmtp) -> list[Taken]:
    """What went to anybody but our team."""
    return [one for one in relay.taken if one.recipient not in (BOB, CAT, READER)]


async def test_a_contact_changed_by_mail_gets_codes_after_three_days(
    make_world: MakeWorld, relay: ScriptedSmtp
) -> None:
    """Shown, confirmed by two, the old addresses told; the new one is held for 72 hours, then answered (row 32)."""
    world = await team_world(make_world)
    await orders(world, BOB, "CONTACTS", "contacts.csv", MOVED)
    shown = transcript(relay, BOB)
    assert "1 added, none changed, 1 gone, 2 unchanged" in shown
    assert f"NEW ADDRESS for South Power, whom we know: {NEW}" in shown
    assert world.one("SELECT count(*) FROM contact WHERE email = :new", new=NEW) == 0
    assert "NEW ADDRESS for South Power" in flat(proposal(relay, CAT).content)
    assert to_outsiders(relay) == []

    await says(world, BOB, proposal(relay, BOB), "APPROVE")
    assert world.one("SELECT count(*) FROM contact WHERE email = :new", new=NEW) == 0
    await says(world, CAT, proposal(relay, CAT), "APPROVE")
    assert world.one("SELECT count(*) FROM contact WHERE email = :new", new=NEW) == 1
    told = {one.recipient: flat(one.content) for one in to_outsiders(relay)}
    assert set(told) == {ANN, SOUTH}
    assert "in place of mp121@south.test" in told[SOUTH]
    assert NEW in told[ANN]
    assert "No install code goes to the new address before Thu 7 Mar 2024" in told[SOUTH]
    assert f"{BOB} proposed it, {BOB} and {CAT} approved" in flat(letters(relay, READER)[-1].content)

    world.pass_time(hours=71)
    await world.arrives(written(NEW, f"Please send the install code of {A1}", at=world.now))
    await world.settle_down()
    assert len(to_outsiders(relay)) == 2
    world.pass_time(hours=1)
    await world.drag("Install codes/Held", "Install codes/Requests")
    await world.settle_down()
    answered = [one for one in relay.taken if A1_CODE in text_of(one.content)]
    assert [one.recipient for one in answered] == [NEW]
    assert state(world) == [("answered", "CODE")]


async def test_a_forged_list_changes_nothing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """From outside in a member's name: no proposal, nobody outside hears of it, the team does."""
    world = await team_world(make_world)
    await orders(world, BOB, "CONTACTS", "contacts.csv", MOVED, verdict=Verdict.FAIL)

    assert world.one("SELECT count(*) FROM proposal") == 0
    assert to_outsiders(relay) == []
    assert "was not obeyed" in subject_of(letters(relay, CAT)[-1].content)


async def test_one_bad_row_and_the_member_reads_which(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """The transcript lists the row to mend; no other line of the mail is done either."""
    world = await team_world(make_world)
    sheet = f"{CONTACTS}East Gas,EAST,mp121,Desk,{WEST}\nNorth,,mp122,,x@y.test\n"
    await orders(world, BOB, "CONTACTS\nHELP", "contacts.csv", sheet)

    said = transcript(relay, BOB)
    assert "Nothing was done" in said
    assert f"email {WEST} is listed for 'East Gas' on line 5 too" in said
    assert "6 kind 'mp122' is none of mp121, operations, escalation" in said
    assert world.one("SELECT count(*) FROM proposal") == 0


async def test_a_rejected_list_changes_nothing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """One REJECT drops it, and its letters approve nothing any more."""
    world = await team_world(make_world)
    await orders(world, BOB, "CONTACTS", "contacts.csv", MOVED)
    await says(world, CAT, proposal(relay, CAT), "REJECT")
    await says(world, BOB, proposal(relay, BOB), "APPROVE")

    assert world.one("SELECT count(*) FROM contact WHERE email = :new", new=NEW) == 0
    assert to_outsiders(relay) == []


async def test_a_code_that_comes_by_mail_goes_out_and_stands_nowhere_else(
    make_world: MakeWorld, relay: ScriptedSmtp
) -> None:
    """A new device by mail, confirmed, is answered; its code is in that answer alone, and the mail is filed apart."""
    world = await team_world(make_world)
    device = "00-DB-12-34-56-78-90-C1"
    heading = INVENTORY.partition("\n")[0]
    await orders(world, BOB, "INVENTORY", "devices.csv", f"{heading}\n{device},ESME,{FRESH_CODE},,,,\n")
    assert "1 added, none changed, none unchanged" in transcript(relay, BOB)
    assert [mail.subject for mail in await world.lying("Install codes/Answers")] == ["a list"]
    await confirmed(world, relay)
    await world.arrives(written(ANN, f"Please send the install code of {device}", at=world.now))
    await world.settle_down()

    spaced = " ".join(FRESH_CODE[i : i + 4] for i in range(0, 32, 4))
    assert [one.recipient for one in relay.taken if spaced in text_of(one.content)] == [ANN]
    assert [one for one in relay.taken if FRESH_CODE in _squeezed(one.content)] == [
        one for one in relay.taken if one.recipient == ANN
    ]
    assert FRESH_CODE not in str(world.rows("SELECT what, subject, detail FROM audit"))
    assert all(code not in str(world.rows("SELECT plan FROM letter")) for code in (FRESH_CODE, *CODES.values()))


def _squeezed(content: bytes) -> str:
    """All that a letter says, its parts decoded, blanks left out."""
    message: Message = message_from_bytes(content)
    parts = (part.get_payload(decode=True) for part in message.walk() if not part.is_multipart())
    return "".join(part.decode("utf-8", "replace") for part in parts if isinstance(part, bytes)).replace(" ", "")
