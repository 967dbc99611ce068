"""More than sixty answers, as people write them, go the whole way: mail server, reader, decision, database, letters."""

from collections import Counter

from daemon.edge import wants
from daemon.rules.thread import Outcome
from tests.journeys.conftest import MakeWorld, on_dovecot
from tests.journeys.counterparty import LISTED, Known, Letter, known, order_sheet, posted
from tests.journeys.world import World, flat, written
from tests.rules.answer_mails import CODES, CRC_X, X
from tests.servers.scripted_smtp import ScriptedSmtp
from tests.whole.canaries import in_bytes, readable, spellings

pytestmark = on_dovecot
BOB, KEY = "bob@north.test", "keys@north.test"
FEWEST = 60
ASKS_TOO = {
    "answers and asks", "a robot's request", "older history in the quoted letter", "none of them, and a request below",
}  # fmt: skip
"""What is no answer alone, and gets an answer of ours; whatever else we write back says which line is faulty."""


def party_of(answer: Known) -> str:
    """Who answers so."""
    return f"Supplier {answer.number:X}"


def address_of(answer: Known) -> str:
    """Where they are asked."""
    return f"mp121@s{answer.number:x}.test"


def listed_at(name: str) -> str:
    """Where an installer is asked whom others name."""
    return f"codes@{name.split(' ', maxsplit=1)[0].lower()}.test"


async def asked_all(make_world: MakeWorld, answers: tuple[Known, ...]) -> World:
    """A world whose team has ordered the devices of each answer from a supplier of its own."""
    world = await make_world(team={BOB: "operator", KEY: "code_recipients"})
    listed = [f"{party_of(answer)},,mp121,{address_of(answer)}\n" for answer in answers]
    listed += [
        f"{name},{mpid if mpid.isalpha() and mpid.isupper() else ''},mp121,{listed_at(name)}\n"
        for mpid, name in LISTED.items()
    ]
    world.import_contacts("".join(("party,mpid,kind,email\n", *listed)))
    await world.settle_down()
    rows = [(device, party_of(answer)) for answer in answers for device in answer.devices]
    await world.arrives(written(BOB, "REQUEST NOW\n", subject="order", at=world.now, attachment=order_sheet(rows)))
    await world.settle_down()
    return world


def stand(world: World) -> dict[str, tuple[str, str]]:
    """State and party of every wanted device."""
    with world.parts.database.read() as connection:
        found = wants.latest_for(connection, [d for answer in known() for d in answer.devices])
    return {device: (want.state.value, want.party) for device, want in found.items()}


async def test_every_answer_goes_the_whole_way(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Each device stands where the answer puts it; its code is kept, and goes to the code recipients alone."""
    answers = known()
    assert len(answers) >= FEWEST
    world = await asked_all(make_world, answers)
    letters = {taken.recipient: Letter(taken) for taken in relay.taken if "@s4" in taken.recipient}
    assert letters.keys() == {address_of(answer) for answer in answers}
    world.pass_time(hours=2)
    for answer in answers:
        letter = letters[address_of(answer)]
        assert set(letter.devices) == set(answer.devices)
        await world.arrives(posted(letter, address_of(answer), answer.written(letter), world.now))
    await world.settle_down()

    written_to = {taken.recipient for taken in relay.taken[len(letters) :]}
    assert {a.specimen.name for a in answers if address_of(a) in written_to} - ASKS_TOO == {
        a.specimen.name for a in answers if any("fault:" in found for found in a.specimen.found)
    }
    stands = stand(world)
    wrong = {
        answer.specimen.name: found
        for answer in answers
        if (found := {d: stands[d] for d, then in answer.after(party_of(answer)).items() if stands[d] != then})
    }
    assert wrong == {}
    assert world.rows("SELECT id, reason FROM mail WHERE fate = 'poison' OR crashes > 1") == []
    kept = {device: number for answer in answers for device, number in answer.codes().items()}
    with world.parts.database.read() as connection:
        latest = wants.latest_for(connection, list(kept))
        opened = wants.open_codes(connection, world.parts.vault, [want.id for want in latest.values()])
    assert opened == {device: CODES[number] for device, number in kept.items()}
    needles = {spelled for code in CODES.values() for spelled in spellings(code.reveal().hex())}
    holders = {taken.recipient for taken in relay.taken if in_bytes(readable(taken.content), needles)}
    assert holders == {KEY}


async def test_the_second_round_says_nothing_new(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """The same answers once more, as a nervous supplier sends them: no supplier hears more than two letters a day."""
    answers = known()[::4]
    world = await asked_all(make_world, answers)
    letters = {taken.recipient: Letter(taken) for taken in relay.taken}
    for _ in range(3):
        world.pass_time(minutes=30)
        for answer in answers:
            letter = letters[address_of(answer)]
            await world.arrives(posted(letter, address_of(answer), answer.written(letter), world.now))
        await world.settle_down()

    heard = Counter(taken.recipient for taken in relay.taken if not taken.recipient.endswith("north.test"))
    listed = {listed_at(name) for name in LISTED.values()}
    assert {who: times for who, times in heard.items() if times > 2 and who not in listed} == {}
    assert world.rows("SELECT id, reason FROM mail WHERE fate = 'poison' OR crashes > 1") == []


async def test_a_late_code_is_credited_to_who_sent_it(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """The first party sent us on, and finds the code after all: the result names it, not the one that is asked now."""
    moved = next(answer for answer in known() if answer.specimen.name == "this device, one asked")
    world = await asked_all(make_world, (moved,))
    letter = next(Letter(taken) for taken in relay.taken if taken.recipient == address_of(moved))
    await world.arrives(posted(letter, address_of(moved), moved.written(letter), world.now))
    await world.settle_down()
    world.pass_time(hours=1)
    (device,) = moved.devices
    assert stand(world) == {device: ("asked", "Lose Energy")}
    late = {"text": f"{device}: {X} {CRC_X}", "subject": f"RE: {letter.subject}"}
    await world.arrives(posted(letter, address_of(moved), late, world.now))
    await world.settle_down()

    with world.parts.database.read() as connection:
        (want,) = wants.latest_for(connection, [device]).values()
    assert [(asked.party, asked.outcome) for asked in want.asked] == [
        (party_of(moved), Outcome.CODE),
        ("Lose Energy", None),
    ]
    (result,) = [taken for taken in relay.taken if taken.recipient == KEY]
    assert party_of(moved) in flat(result.content)
