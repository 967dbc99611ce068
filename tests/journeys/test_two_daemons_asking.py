"""Two copies of the daemon ask each other: they settle it between them, in few mails, and never for ever."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import pytest

from daemon.edge import wants
from daemon.embedded.stamps import Verdict, stamped
from daemon.rules.identifiers import DeviceId
from daemon.rules.thread import State
from tests.conftest import own_copy
from tests.journeys.conftest import PASSWORD
from tests.journeys.counterparty import Letter, posted
from tests.journeys.reading import ReadingRoom
from tests.journeys.world import AUTHSERV, CODES, US, World, config, flat, text_of, written
from tests.rules.answer_mails import BARE_X, CRC_X, CRC_Y, X
from tests.servers.dovecot import Dovecot
from tests.servers.scripted_smtp import ScriptedSmtp, Taken

SOUTH_AT, WEST_AT = "codes@south.test", "codes@west.test"
OLA, KEY = "ola@north.test", "keys@north.test"
OTTO, DORA = "otto@south.test", "dora@south.test"
NORTH_KNOWS = f"party,mpid,kind,email\nSouth Power,SOUT,mp121,{SOUTH_AT}\nWest Energy,WEST,mp121,{WEST_AT}\n"
SOUTH_KNOWS = f"party,mpid,kind,email\nNorth Energy,NRTH,mp121,{US}\nWest Energy,WEST,mp121,{WEST_AT}\n"
D1, D2, D3, NONE, GPF, GSME, REMOVED, BOTH = (DeviceId(f"00-DB-55-00-00-00-00-0{n}") for n in range(1, 9))
CODE_1, CODE_2, *_ = CODES.values()
HEADING = "device_id,device_type,install_code,installing_supplier,status,linked_gsme"
SOUTH_HAS = "\n".join(
    (
        HEADING,
        f"{D1},ESME,{CODE_1},,Pending,",
        f"{D2},ESME,{CODE_2},,Pending,",
        f"{D3},ESME,,WEST,,",
        f"{NONE},ESME,,,,",
        f"{GPF},GPF,,,,{GSME}",
        f"{REMOVED},ESME,{CODE_2},,Commissioned,",
        "",
    )
)
ROUNDS = 8
MOST = 2
"""Automatic mails to somebody who does nothing but send mail back."""


class Pair:
    """North and South, each the other's counterparty, each with a clock, a mailbox and a relay of its own."""

    def __init__(self, north: World, south: World, relays: dict[str, ScriptedSmtp]) -> None:
        self.north, self.south, self.relays = north, south, relays
        self._brought = dict.fromkeys(relays, 0)
        self.on_the_way: Callable[[bytes], bytes] = bytes
        """What a gateway between them does to each mail."""

    async def settle(self) -> int:
        """Bring the letters to and fro until nobody writes any more; how many rounds that took."""
        for number in range(ROUNDS):
            for world in (self.north, self.south):
                await world.settle_down()
            if not await self._bring():
                return number
        pytest.fail(f"still writing after {ROUNDS} rounds: {self.between()}")

    async def _bring(self) -> int:
        brought = 0
        for address, relay in self.relays.items():
            fresh = relay.taken[self._brought[address] :]
            self._brought[address] += len(fresh)
            for letter in fresh:
                brought += await self._hand_over(letter)
        return brought

    async def _hand_over(self, letter: Taken) -> bool:
        world = {US: self.north, SOUTH_AT: self.south}.get(letter.recipient)
        if world is not None:
            raw = self.on_the_way(letter.content)
            raw = stamped(
                raw, recipient=letter.recipient, authserv_id=AUTHSERV, verdict=Verdict.PASS, arrived=world.now
            )
            await world.arrives(raw)
        return world is not None

    def pass_time(self, **delta: float) -> None:
        """For both."""
        self.north.pass_time(**delta)
        self.south.pass_time(**delta)

    async def order(self, *rows: str) -> None:
        """North's team orders at once, and all that follows happens."""
        await says(self.north, OLA, "\n".join(("REQUEST NOW", *rows, "")))
        await self.settle()

    def between(self) -> Counter[str]:
        """How many letters each side has sent to the other so far."""
        return Counter(
            address
            for address, relay in self.relays.items()
            for letter in relay.taken
            if letter.recipient in {US, SOUTH_AT}
        )

    def sent(self, sender: str, to: str, saying: str = "") -> list[Letter]:
        """Letters of one side to an address, oldest first."""
        return [Letter(one) for one in self.relays[sender].taken if one.recipient == to and saying in flat(one.content)]


async def says(world: World, member: str, words: str) -> None:
    """A member of the team writes."""
    us = world.parts.settings.mailbox.address
    raw = written(member, words, subject="order", at=world.now).replace(US.encode(), us.encode())
    await world.arrives(raw)


def stand(world: World) -> dict[DeviceId, str]:
    """The state of each device that is wanted."""
    with world.parts.database.read() as connection:
        devices = (D1, D2, D3, NONE, GPF, REMOVED, BOTH)
        return {device: str(want.state) for device, want in wants.latest_for(connection, devices).items()}


@pytest.fixture
async def pair(
    tmp_path: Path,
    migrated_file: Path,
    shared_dovecot: tuple[Dovecot, Iterator[str]],
    reading_room: ReadingRoom,
) -> AsyncIterator[Pair]:
    """Both in mode `send`, past their first start; South holds most of what North wants."""
    server, unused = shared_dovecot
    async with AsyncExitStack() as stack:
        worlds, relays = [], {}
        for us, team in (
            (US, {OLA: "operator", KEY: "code_recipients"}),
            (SOUTH_AT, {OTTO: "approver", DORA: "code_recipients"}),
        ):
            relays[us] = await stack.enter_async_context(ScriptedSmtp())
            folder = tmp_path / us
            folder.mkdir()
            url = own_copy(migrated_file, folder)
            toml = config(
                folder, url, server.imap_port, relays[us].port, username=next(unused), password=PASSWORD, team=team
            )
            if us == SOUTH_AT:
                toml = toml.replace(US, us).replace("North Energy", "South Power").replace("NRTH", "SOUT")
            world = await World.build(folder, toml, make_readers=reading_room.readers_of)
            stack.push_async_callback(world.close)
            worlds.append(world)
        north, south = worlds
        north.import_contacts(NORTH_KNOWS)
        south.import_contacts(SOUTH_KNOWS)
        south.import_inventory(SOUTH_HAS)
        pair = Pair(north, south, relays)
        await pair.settle()
        yield pair


async def test_a_mixed_request_is_settled_in_two_mails(pair: Pair) -> None:
    """Codes, a device of a third supplier, one without a code, a gas proxy: one request, one answer, and West is asked."""
    await pair.order(*(f"{device} SOUT" for device in (D1, D2, D3, NONE, GPF)))

    assert pair.between() == {US: 1, SOUTH_AT: 1}
    assert stand(pair.north) == {
        D1: "answered",
        D2: "answered",
        D3: "asked",
        NONE: "closed",
        GPF: "with-ops",
    }
    (west,) = pair.sent(US, WEST_AT)
    assert west.devices == (D3,)
    (ops,) = pair.sent(US, OLA, "is with you now")
    assert GSME in text_of(ops.taken.content)
    (result,) = pair.sent(US, KEY)
    for code in (CODE_1, CODE_2):
        assert code in re.sub(r"\s", "", text_of(result.taken.content))


async def test_pending_is_waited_for(pair: Pair) -> None:
    """South's team must look at one: it is promised, and its answer settles it; three mails in all."""
    await pair.order(f"{D1} SOUT", f"{REMOVED} SOUT")
    assert stand(pair.north) == {D1: "answered", REMOVED: "promised"}
    pair.pass_time(days=1)
    await says(pair.south, OTTO, f"ANSWER {REMOVED} REFUSED commissioned\n")
    await pair.settle()

    assert stand(pair.north)[REMOVED] == "with-ops"
    assert pair.between() == {US: 1, SOUTH_AT: 2}
    assert pair.sent(US, OLA, "they refuse it")


async def test_what_is_broken_on_the_way_is_asked_again(pair: Pair) -> None:
    """A gateway breaks a code: North says so, South sends it once more; where it breaks each time, both fall silent."""
    pair.on_the_way = _spoilt
    await pair.order(f"{D1} SOUT")
    assert stand(pair.north) == {D1: "queried"}
    assert max(pair.between().values()) <= MOST

    pair.on_the_way = bytes
    pair.pass_time(days=2)
    (query,) = pair.sent(US, SOUTH_AT, "once more")
    await pair.south.arrives(
        stamped(
            _again(query.taken.content),
            recipient=SOUTH_AT,
            authserv_id=AUTHSERV,
            verdict=Verdict.PASS,
            arrived=pair.south.now,
        )
    )
    await pair.settle()
    assert stand(pair.north) == {D1: "answered"}


def _spoilt(raw: bytes) -> bytes:
    """One digit of the code is another one, wherever it stands."""
    mail = message_from_bytes(raw)
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            text = part.get_payload(decode=True).replace(CODE_1[:4].encode(), CODE_1[:3].encode() + b"0")  # type: ignore[union-attr]
            part.set_payload(text, "utf-8")
    return mail.as_bytes(policy=SMTP)


def _again(raw: bytes) -> bytes:
    """The same words as another mail."""
    return raw.replace(b"Message-ID: <", b"Message-ID: <again.").replace(b"Thank you", b"Many thanks")


async def test_what_is_taken_back_is_taken_back_there(pair: Pair) -> None:
    """North's team needs it no more: South's item is withdrawn, that is confirmed, and nobody writes again."""
    await pair.order(f"{REMOVED} SOUT")
    pair.pass_time(hours=1)
    await says(pair.north, OLA, f"WITHDRAW {REMOVED} customer left\n")
    await pair.settle()

    assert stand(pair.north) == {REMOVED: "withdrawn"}
    assert pair.south.one("SELECT state FROM item") == State.WITHDRAWN
    assert pair.north.rows("SELECT reason FROM mail WHERE fate = 'held'") == []
    assert pair.between() == {US: 2, SOUTH_AT: 2}
    pair.pass_time(days=20)
    await pair.settle()
    assert pair.between() == {US: 2, SOUTH_AT: 2}


async def test_crossed_requests_become_one_matter(pair: Pair) -> None:
    """Each asks the other for one device at the same time: an answer each, both teams are told, and all is quiet."""
    await says(pair.north, OLA, f"REQUEST NOW\n{BOTH} SOUT\n")
    await says(pair.south, OTTO, f"REQUEST NOW\n{BOTH} NRTH\n")
    await pair.settle()

    assert pair.between() == {US: 2, SOUTH_AT: 2}
    for world, sender, member in ((pair.north, US, OLA), (pair.south, SOUTH_AT, OTTO)):
        assert stand(world) == {BOTH: "with-ops"}
        assert len(pair.sent(sender, member, "for what they ask us for")) == 1
    pair.pass_time(days=25)
    await pair.settle()
    assert pair.between() == {US: 2, SOUTH_AT: 2}


async def test_what_they_ask_us_for_is_not_ordered_beside_it(pair: Pair) -> None:
    """South's request waits with North's team: an order for the same device is refused, and says where it stands."""
    pair.north.import_inventory(f"{HEADING}\n{BOTH},ESME,,SOUT,,\n")
    pair.pass_time(days=8)  # North's inventory is too old for a "no": the request is held
    await says(pair.south, OTTO, f"REQUEST NOW\n{BOTH} NRTH\n")
    await pair.settle()
    await says(pair.north, OLA, f"REQUEST NOW\n{BOTH} SOUT\n")
    await pair.settle()

    assert stand(pair.north) == {}
    (receipt,) = pair.sent(US, OLA, "Not ordered")
    assert "South Power asks us for it in IC-" in flat(receipt.taken.content)
    assert pair.between() == {US: 1, SOUTH_AT: 1}


async def test_a_silent_copy_is_chased_to_the_end_and_no_further(pair: Pair) -> None:
    """South holds it for ever: North's ladder ends with North's team, each chase gets one answer, then all is quiet."""
    await pair.order(f"{REMOVED} SOUT")
    for _ in range(40):
        pair.pass_time(days=1)
        await pair.settle()
    assert stand(pair.north) == {REMOVED: "with-ops"}
    chases = [letter for letter in pair.sent(US, SOUTH_AT) if letter.kind == "chase"]
    assert 2 <= len(chases) <= 3
    assert pair.between()[SOUTH_AT] <= 1 + len(chases)


# Robots ─────────────────────────────────────────────────────────────────────────────────────────────

Manner = Callable[[Letter, DeviceId], str]
"""The letter that it got, and the device that it was asked for first."""


def thanks(_letter: Letter, _device: DeviceId) -> str:
    """A receipt that does not say it is one."""
    return "Thank you for your mail. It has been passed to the team, who will come back to you."


def echo(letter: Letter, _device: DeviceId) -> str:
    """Our own words, sent back as if they were new."""
    return text_of(letter.taken.content)


def asks_for_the_same(_letter: Letter, device: DeviceId) -> str:
    """It asks us for what we ask it for."""
    return f"Please send us the install code of {device}."


def breaks_each_code(_letter: Letter, device: DeviceId) -> str:
    """A code that cannot be right, after each of our letters."""
    return f"{device}: {BARE_X[:30]}"


def breaks_each_check(_letter: Letter, device: DeviceId) -> str:
    """A code that was typed wrongly, the same each time."""
    return f"{device}: {X} {CRC_Y}"


def knows_two_codes(_letter: Letter, device: DeviceId) -> str:
    """One that is right, and another one."""
    return f"{device}: {X} {CRC_X}\n{device}: {'AB' * 16}"


def needs_more(_letter: Letter, _device: DeviceId) -> str:
    """It never has enough."""
    return "Please confirm the supply start date for these devices."


def chases(letter: Letter, device: DeviceId) -> str:
    """It chases us."""
    return f"Any update on {letter.reference}? We still wait for the code of {device}."


def promises(_letter: Letter, _device: DeviceId) -> str:
    """Tomorrow, always."""
    return "We will send the codes by tomorrow."


def is_away(_letter: Letter, _device: DeviceId) -> str:
    """An automatic reply that does not say so in its headers."""
    return "I am out of the office until Monday. For urgent matters please contact the service desk."


MANNERS: tuple[Manner, ...] = (
    thanks, echo, asks_for_the_same, breaks_each_code, breaks_each_check, knows_two_codes, needs_more, chases, promises, is_away,
)  # fmt: skip


@pytest.mark.parametrize("threaded", [True, False], ids=["in our thread", "anew"])
async def test_robots_without_manners_get_two_letters(pair: Pair, threaded: bool) -> None:
    """Whatever they send back to each of our letters, they soon hear no more: our request, and two letters after it."""
    robots = {f"codes@{manner.__name__.replace('_', '-')}.test": manner for manner in MANNERS}
    rows = "".join(f"{manner.__name__},mp121,{robot}\n" for robot, manner in robots.items())
    pair.north.import_contacts(f"party,kind,email\n{rows}")
    wanted = {manner: DeviceId(f"00-DB-66-00-00-00-00-{number:02X}") for number, manner in enumerate(MANNERS)}
    await pair.order(*(f"{device} {manner.__name__}" for manner, device in wanted.items()))
    heard: Counter[str] = Counter()
    for _ in range(ROUNDS):
        fresh = [Letter(one) for one in pair.relays[US].taken if one.recipient in robots][heard.total() :]
        heard.update(one.taken.recipient for one in fresh)
        pair.pass_time(minutes=7)
        for letter in fresh:
            robot = letter.taken.recipient
            how = {
                "text": robots[robot](letter, wanted[robots[robot]]),
                "subject": f"RE: {letter.subject}" if threaded else "Install codes",
            }
            await pair.north.arrives(posted(letter, robot, how, pair.north.now))
        if not fresh:
            break
        await pair.settle()

    assert {robot: times for robot, times in heard.items() if times > 1 + MOST} == {}
    assert heard.keys() == robots.keys()
    assert pair.north.rows("SELECT id, reason FROM mail WHERE fate = 'poison' OR crashes > 1") == []
