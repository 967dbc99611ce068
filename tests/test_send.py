"""The sending station against a real database and an SMTP server whose every word is scripted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import fields, replace
from typing import ClassVar, TypeVar

import pytest
import sqlalchemy as sa

from daemon.edge import audit
from daemon.edge import tables as t
from daemon.edge.database import Database, eui_to_int
from daemon.edge.lease import Lease
from daemon.edge.outbox import LetterState
from daemon.edge.smtp import Relay
from daemon.edge.threads import holds
from daemon.edge.vault import Vault
from daemon.errors import LeaseLost, LoginRefused, Unavailable
from daemon.mail.message import Envelope
from daemon.parts import Parts
from daemon.rules.facts import Suspension
from daemon.rules.identifiers import InstallCode, grouped
from daemon.rules.letters import Answer
from daemon.rules.policy import Limits
from daemon.rules.thread import Outcome, State
from daemon.send import CLAIM_BATCH, MOST_ATTEMPTS, Sending
from tests.sending import MAILBOX, MEMBER, PARTY, TO, World, code_of, device, files_of
from tests.servers.scripted_smtp import DROP, RESET, SILENCE, Act, ScriptedSmtp, say

T = TypeVar("T")
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For tables of cases in which the kind of database plays no part."""
CODE, NOT_OURS, PENDING = Outcome.CODE, Outcome.NOT_INSTALLER, Outcome.PENDING


@pytest.fixture
async def server() -> AsyncIterator[ScriptedSmtp]:
    """A relay that takes everything, until a test says otherwise."""
    async with ScriptedSmtp() as running:
        yield running


@pytest.fixture
async def world(database: Database, vault: Vault, server: ScriptedSmtp) -> AsyncIterator[World]:
    """We hold the mailbox, and one counterparty is listed."""
    made = World(database, vault, server.port)
    made.begin()
    made.listed(TO)
    yield made
    await made.relay.close()


# The straight way ───────────────────────────────────────────────────────────────────────────────────


async def test_an_answer_goes_out_with_its_code(world: World, server: ScriptedSmtp) -> None:
    """Sent once to the listed address; accepted, released, audited, its verdict kept, filing woken."""
    letter = world.asked(CODE)
    assert await world.station.once()
    assert not await world.station.once()
    [taken] = server.taken
    row = world.letter(letter)
    assert taken.recipient == TO
    assert grouped(InstallCode(code_of(device(1000)))).encode() in taken.content
    assert (row["state"], row["stage"], row["attempts"]) == ("accepted", None, 1)
    assert "queued as" in row["reply"]
    assert row["finished_at"] is not None
    assert world.releases() == ["released"]
    assert world.trail() == ["codes-opened", "letter-accepted"]
    assert "G14" in row["verdict"]
    await asyncio.wait_for(world.parts.wakes.filing.wait(60), 5)


async def test_no_code_is_kept_in_the_clear(sqlite_url: str, vault: Vault, server: ScriptedSmtp) -> None:
    """Rows 59 and 60: after sending no spelling of the code stands in any file of the database."""
    database = Database(sqlite_url)
    world = World(database, vault, server.port)
    world.begin()
    world.listed(TO)
    letter = world.asked(CODE)
    await world.until_quiet()
    await world.relay.close()
    code = code_of(device(1000))
    octets = b"".join(path.read_bytes() for path in files_of(database))
    shown = [code, code.hex().encode(), code.hex().upper().encode(), grouped(InstallCode(code)).encode()]
    assert world.letter(letter)["message_id"].encode() in octets
    assert [spelling for spelling in shown if spelling in octets] == []
    database.close()


async def test_the_earliest_due_goes_first(world: World, server: ScriptedSmtp) -> None:
    """Due dates are the order of the queue, not the order of arrival."""
    world.relay = type(world.relay)(replace(world.relay.account, connections=1))
    world.station = Sending(world.parts, world.relay, world.proof_of)
    order = [world.letter(world.asked(NOT_OURS, due_in=days))["message_id"] for days in (9, 3, 7)]
    await world.until_quiet()
    came = [next(m for m in order if m.encode() in taken.content) for taken in server.taken]
    assert came == [order[1], order[2], order[0]]


async def test_a_letter_that_is_only_observed_is_never_sent(world: World, server: ScriptedSmtp) -> None:
    """What the mode kept back stays back, whatever the mode is later."""
    letter = world.asked(CODE, letter_state=LetterState.OBSERVED)
    assert not await world.station.once()
    assert world.letter(letter)["state"] == "observed"
    assert server.connections == 0


async def test_many_letters_arrive_once_each(world: World, server: ScriptedSmtp) -> None:
    """Two hundred and twenty letters over four links: each is accepted and none arrives twice."""
    with world.at_once():
        ids = [world.asked(CODE if n % 3 else NOT_OURS) for n in range(220)]
    world.with_policy(limits=Limits(codes_per_counterparty_per_day=10**6))
    await world.until_quiet()
    assert world.states() == ["accepted"] * len(ids)
    assert len({taken.content for taken in server.taken}) == len(server.taken) == len(ids)
    assert server.connections <= 4 + len(ids) // 100


# Faults of the relay ────────────────────────────────────────────────────────────────────────────────

OUTCOMES: list[tuple[str, Act, str, float, int]] = [
    ("RCPT", say("550 5.1.1 no such user"), "rejected", 0, 1),
    ("RCPT", say("450 4.2.1 greylisted"), "deferred", 60, 1),
    ("RCPT", DROP, "deferred", 60, 1),
    ("RCPT", say("552 5.2.2 mailbox full"), "rejected", 0, 1),
    ("DATA", say("554 5.7.1 no"), "deferred", 60, 1),
    ("DATA", say("451 4.3.0 later"), "deferred", 60, 1),
    ("DATA", DROP, "deferred", 60, 1),
    ("BODY", say("554 5.7.1 spam"), "deferred", 60, 1),
    ("BODY", say("451 4.3.0 later"), "deferred", 60, 1),
    ("BODY", DROP, "unknown", 900, 1),
    ("BODY", RESET, "unknown", 900, 1),
    ("BODY", SILENCE, "unknown", 900, 1),
    ("BODY", Act(b"2", then="drop"), "unknown", 900, 1),
    ("BODY", Act(b"250 Ok\r\n", then="reset"), "accepted", 0, 1),
]


@pytest.mark.parametrize(("verb", "act", "state", "wait_s", "attempts"), OUTCOMES)
async def test_what_the_relay_does_decides_the_state(  # noqa: PLR0917  # a row of the table
    world: World, server: ScriptedSmtp, verb: str, act: Act, state: str, wait_s: float, attempts: int
) -> None:
    """Each fault of one letter at each stage, and when the letter is looked at again."""
    letter = world.asked(CODE)
    server.always(verb, act)
    await world.station.once()
    row = world.letter(letter)
    assert (row["state"], row["stage"], row["attempts"]) == (state, None, attempts)
    if wait_s:
        assert world.wait_s(letter) == wait_s
    held = {"held": "refused-by-relay"} if state == "rejected" else {"answered": "answered"}
    assert world.items(letter) == held
    assert world.releases() == [{"rejected": "dropped", "accepted": "released"}.get(state, "queued")]


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "BODY"])
async def test_a_final_no_that_may_be_meant_for_all_is_believed_the_second_time(
    world: World, server: ScriptedSmtp, verb: str
) -> None:
    """Its words do not say whom they concern, and no other company was told the same."""
    letter = world.asked(CODE)
    server.always(verb, say("554 5.7.1 no"))
    await world.station.once()
    world.time.on(minutes=1)
    await world.station.once()
    row = world.letter(letter)
    assert (row["state"], row["attempts"]) == ("rejected", 2)
    assert world.items(letter) == {"held": "refused-by-relay"}
    assert world.releases() == ["dropped"]


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "BODY"])
async def test_a_relay_that_closes_puts_the_letter_off_and_stops_those_behind_it(
    world: World, server: ScriptedSmtp, verb: str
) -> None:
    """421 is said of the relay (RFC 5321 4.2.2): the other letters are not tried now, and none of theirs is counted."""
    with world.at_once():
        ids = [world.asked(CODE) for _ in range(12)]
    server.always(verb, say("421 4.3.2 closing"))
    with pytest.raises(Unavailable, match="closing"):
        await world.station.once()
    assert world.states() == ["deferred"] * 12
    tried = [i for i in ids if world.letter(i)["attempts"]]
    assert 1 <= len(tried) <= 4
    assert {world.wait_s(i) for i in tried} == {60}
    assert world.releases() == ["queued"] * 12


OUR_SIDE: list[tuple[str, Act]] = [
    ("CONNECT", say("421 4.3.2 busy")),
    ("CONNECT", DROP),
    ("EHLO", say("421 4.3.2 busy")),
    ("MAIL", say("451 4.3.0 later")),
    ("MAIL", say("530 5.7.0 log in first")),
    ("MAIL", say("550 5.1.8 not you")),
    ("MAIL", DROP),
]


@ON_SQLITE
@pytest.mark.parametrize(("verb", "act"), OUR_SIDE)
async def test_our_sides_trouble_rejects_nothing(world: World, server: ScriptedSmtp, verb: str, act: Act) -> None:
    """Twelve letters wait, few try, none is counted or refused; when it is mended all go, in order, once each."""
    with world.at_once():
        ids = [world.asked(CODE) for _ in range(12)]
    server.always(verb, act)
    with pytest.raises(Unavailable):
        await world.station.once()
    assert world.states() == ["deferred"] * 12
    assert {world.letter(i)["attempts"] for i in ids} == {0}
    assert {world.wait_s(i) for i in ids} == {0}
    assert sum(line.startswith("MAIL") for line in server.heard) <= 4
    server.always(verb, None)
    await world.until_quiet()
    assert world.states() == ["accepted"] * 12
    assert len(server.taken) == 12


async def test_a_refused_login_is_told_apart(database: Database, vault: Vault) -> None:
    """The station raises LoginRefused, so that ops hear at once and no account is locked."""
    async with ScriptedSmtp(login=("codes", "right")) as server:
        world = World(database, vault, server.port)
        account = replace(world.relay.account, username="codes", password=lambda: "wrong")
        world.station = Sending(world.parts, type(world.relay)(account), world.proof_of)
        world.begin()
        world.listed(TO)
        world.asked(CODE)
        with pytest.raises(LoginRefused):
            await world.station.once()
        assert world.states() == ["deferred"]
        assert server.bodies == []


async def test_one_bad_recipient_does_not_hold_up_the_rest(world: World, server: ScriptedSmtp) -> None:
    """The letter whose recipient is refused is rejected alone."""
    for _ in range(5):
        world.asked(CODE)
    server.next("RCPT", say("550 5.1.1 no such user"))
    await world.until_quiet()
    assert sorted(world.states()) == ["accepted"] * 4 + ["rejected"]


async def test_a_deferred_letter_climbs_the_ladder_and_at_last_is_held(world: World, server: ScriptedSmtp) -> None:
    """1, 2, 4, 8, 16, then 30 minutes apart; after five days of that a person gets it."""
    letter = world.asked(CODE)
    server.always("RCPT", say("450 4.2.1 later"))
    waits = []
    for _ in range(7):
        await world.until_quiet()
        waits.append(world.wait_s(letter) / 60)
        world.time.on(minutes=waits[-1])
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    world.change(t.letter, t.letter.c.id == letter, attempts=MOST_ATTEMPTS - 1)
    await world.until_quiet()
    assert world.letter(letter)["state"] == "held"
    assert world.items(letter) == {"held": "refused-by-relay"}


async def test_a_letter_put_off_by_a_wrong_clock_is_due(world: World, server: ScriptedSmtp) -> None:
    """A next look a month ahead can only come from a clock that was wrong: it is not waited for."""
    letter = world.asked(NOT_OURS)
    server.next("RCPT", say("450 4.2.1 later"))
    world.time.jump(days=30)
    await world.until_quiet()
    world.time.jump(days=-30)
    await world.until_quiet()
    assert world.letter(letter)["state"] == "accepted"


# The gate, asked again ──────────────────────────────────────────────────────────────────────────────


def _commissioned(world: World) -> None:
    world.change(t.device, sa.true(), status="Commissioned")


def _code_gone(world: World) -> None:
    world.change(t.device, sa.true(), install_code=None)


def _other_gainer(world: World) -> None:
    world.change(t.device, sa.true(), gaining_supplier="SOMEBODY ELSE")


def _proof_gone(world: World) -> None:
    world.change(t.mail, sa.true(), proof=None)


def _code_broken(world: World) -> None:
    world.change(t.device, sa.true(), install_code=b"\x01\x02k1" + bytes(60))


CLOSED = {
    "contact no longer listed": lambda w: w.listed("operations@elsewhere.example"),
    "contact listed for another party": lambda w: w.listed(TO, party="Another Party"),
    "device commissioned": _commissioned,
    "code no longer held": _code_gone,
    "another gaining supplier": _other_gainer,
    "no proof kept": _proof_gone,
    "code does not open": _code_broken,
    "cap lowered": lambda w: w.with_policy(limits=Limits(codes_per_day=0)),
    "mode sends nothing": lambda w: w.observe(),
}


@ON_SQLITE
@pytest.mark.parametrize("how", CLOSED)
async def test_what_changed_since_the_decision_closes_the_gate(world: World, server: ScriptedSmtp, how: str) -> None:
    """Decided yesterday, closed today: nothing is said to the relay, the item is held, no code was opened."""
    letter = world.asked(CODE)
    CLOSED[how](world)
    await world.until_quiet()
    assert world.letter(letter)["state"] == "held"
    assert world.letter(letter)["content"] is None
    reason = "observe-only" if how == "mode sends nothing" else "gate-at-send"
    assert world.items(letter) == {"held": reason}
    assert world.trail() == ["letter-held"]
    assert world.releases() == ["dropped"]
    assert server.connections == 0
    await asyncio.wait_for(world.parts.wakes.chase.wait(60), 5)


@ON_SQLITE
@pytest.mark.parametrize("how", ["contact no longer listed", "contact listed for another party"])
async def test_letters_without_codes_go_to_listed_addresses_alone(world: World, server: ScriptedSmtp, how: str) -> None:
    """Also a plain NOT-INSTALLER is held when its address is no longer its party's."""
    letter = world.asked(NOT_OURS)
    CLOSED[how](world)
    await world.until_quiet()
    assert world.items(letter) == {"held": "gate-at-send"}
    assert server.connections == 0


async def test_the_gate_is_asked_at_every_attempt(world: World, server: ScriptedSmtp) -> None:
    """Deferred by the relay, and the contact revoked meanwhile: the frozen letter stays here."""
    letter = world.asked(CODE)
    server.next("RCPT", say("450 4.2.1 later"))
    await world.until_quiet()
    world.listed("operations@elsewhere.example")
    world.time.on(minutes=2)
    await world.until_quiet()
    assert world.items(letter) == {"held": "gate-at-send"}
    assert server.bodies == []


async def test_one_closed_letter_stops_no_other(world: World, server: ScriptedSmtp) -> None:
    """Of five letters in a batch the one whose device was commissioned is held, and four go."""
    ids = [world.asked(CODE) for _ in range(5)]
    world.change(t.device, t.device.c.device_id == eui_to_int(device(3000)), status="Commissioned")
    await world.until_quiet()
    assert [world.letter(i)["state"] for i in ids] == ["accepted", "accepted", "held", "accepted", "accepted"]
    assert len(server.taken) == 4


async def test_a_wrong_clock_lets_codes_wait_and_the_rest_go(world: World, server: ScriptedSmtp) -> None:
    """TIME_SUSPECT: code letters wait uncounted and unopened, other answers and news go; then the codes go too."""
    code, plain, news = world.asked(CODE), world.asked(NOT_OURS), world.news()
    world.time.jump(minutes=5)
    assert world.parts.surroundings().suspensions == {Suspension.TIME_SUSPECT}
    await world.until_quiet()
    assert [world.letter(i)["state"] for i in (code, plain, news)] == ["deferred", "accepted", "accepted"]
    assert world.letter(code)["attempts"] == 0
    assert "codes-opened" not in world.trail()
    world.time.jump(minutes=-5)
    world.time.on(minutes=6)
    await world.until_quiet()
    assert world.letter(code)["state"] == "accepted"
    assert len(server.taken) == 3


async def test_what_a_waiting_letter_answers_is_open_until_it_goes(world: World, server: ScriptedSmtp) -> None:
    """Paused: its devices are held, and ops were told by the pause itself. Then it goes, and they are answered."""
    letter, pending = world.asked(CODE, NOT_OURS), world.asked(PENDING)
    world.with_policy(paused=frozenset({PARTY}))
    for _ in range(2):
        await world.until_quiet()
        assert [world.items(letter), world.items(pending)] == [{"held": "kept-back"}, {"pending": "answered"}]
        world.time.on(minutes=2)
    with world.parts.database.read() as connection:
        assert connection.execute(sa.select(t.item.c.told_ops_at).where(t.item.c.state == "held")).scalars().all()
        assert holds.oldest_untold(connection) is None
    assert server.taken == []

    world.with_policy(paused=frozenset())
    await world.until_quiet()
    assert world.items(letter) == {"answered": "answered"}
    assert len(server.taken) == 2


async def test_a_waiting_letter_in_which_a_device_was_taken_back_is_held(world: World, server: ScriptedSmtp) -> None:
    """Its code does not go; where all was taken back the letter is cancelled, paused or not."""
    some, every = world.asked(CODE, CODE), world.asked(CODE)
    world.with_policy(paused=frozenset({PARTY}))
    await world.until_quiet()
    for letter in (some, every):
        case = world.letter(letter)["case_id"]
        first = sa.select(sa.func.min(t.item.c.id)).where(t.item.c.case_id == case).scalar_subquery()
        world.change(t.item, t.item.c.id == first, state="withdrawn", reason="withdrawn-by-asker", held_at=None)
    world.time.on(minutes=2)
    await world.until_quiet()
    assert [world.letter(i)["state"] for i in (some, every)] == ["deferred", "cancelled"]

    world.with_policy(paused=frozenset())
    world.time.on(minutes=2)
    await world.until_quiet()
    assert world.letter(some)["state"] == "held"
    assert "taken back by its asker meanwhile" in world.letter(some)["verdict"]
    assert world.items(some) == {"withdrawn": "withdrawn-by-asker", "held": "gate-at-send"}
    assert server.taken == []


@ON_SQLITE
@pytest.mark.parametrize("taken_back", [State.WITHDRAWN, State.CLOSED])
async def test_what_was_taken_back_does_not_go_though_the_relay_was_busy_at_first(
    world: World, server: ScriptedSmtp, taken_back: State
) -> None:
    """Put off by the relay, then kept back, then withdrawn by its asker or closed by our team: no code leaves at RESUME."""
    letter = world.asked(CODE)
    server.next("RCPT", say("450 4.2.1 try later"))
    await world.until_quiet()
    world.with_policy(paused=frozenset({PARTY}))
    world.time.on(minutes=10)
    await world.until_quiet()
    world.change(t.item, sa.true(), state=taken_back, held_at=None)
    world.with_policy(paused=frozenset())
    world.time.on(minutes=10)
    await world.until_quiet()
    assert world.letter(letter)["state"] == "cancelled"
    assert server.taken == []


async def test_yesterdays_letters_take_yesterdays_number(world: World, server: ScriptedSmtp) -> None:
    """After a day without relay the letters queued then do not run into today's cap."""
    world.with_policy(limits=Limits(codes_per_counterparty_per_day=2))
    ids = [world.asked(CODE) for _ in range(2)]
    world.time.on(days=1)
    await world.until_quiet()
    assert [world.letter(i)["state"] for i in ids] == ["accepted"] * 2
    assert len(server.taken) == 2


async def test_a_number_lowered_since_counts_for_yesterdays_letters_too(world: World, server: ScriptedSmtp) -> None:
    """Two codes were queued yesterday, one a day is allowed now: a new day does not let both out."""
    ids = [world.asked(CODE) for _ in range(2)]
    world.time.on(days=1)
    world.with_policy(limits=Limits(codes_per_counterparty_per_day=1))
    await world.until_quiet()
    assert [world.items(i) for i in ids] == [{"held": "gate-at-send"}] * 2
    assert server.connections == 0


async def test_a_letter_about_what_was_taken_back_is_cancelled(world: World, server: ScriptedSmtp) -> None:
    """All its devices withdrawn before it was ever tried: it does not go, and nobody is bothered."""
    letter = world.asked(PENDING, PENDING)
    world.change(t.item, sa.true(), state=State.WITHDRAWN)
    await world.until_quiet()
    assert world.letter(letter)["state"] == "cancelled"
    assert world.trail() == ["letter-cancelled"]
    assert server.connections == 0


async def test_a_letter_partly_taken_back_still_goes(world: World, server: ScriptedSmtp) -> None:
    """One of two devices withdrawn: the letter is still true of the other."""
    world.asked(PENDING, NOT_OURS)
    world.change(t.item, t.item.c.state == State.PENDING, state=State.WITHDRAWN)
    await world.until_quiet()
    assert len(server.taken) == 1


# To our own team ────────────────────────────────────────────────────────────────────────────────────


async def test_news_goes_to_the_team_of_today(world: World, server: ScriptedSmtp) -> None:
    """Without the counterparties' gate, and to no address that has left the team."""
    here, gone = world.news(MEMBER.upper()), world.news("left@losing.example")
    await world.until_quiet()
    assert world.letter(here)["state"] == "accepted"
    assert world.letter(gone)["state"] == "cancelled"
    assert [taken.recipient for taken in server.taken] == [MEMBER.upper()]


async def test_a_refused_letter_without_devices_is_told_to_the_team(world: World, server: ScriptedSmtp) -> None:
    """A NEED-MORE letter that nobody takes leaves no held item behind: the team gets a letter instead, once."""
    letter = world.asked(answer=Answer((), nothing_found=True))
    server.next("RCPT", say("550 5.1.1 no such user"))
    await world.until_quiet()
    assert world.letter(letter)["state"] == "rejected"
    assert world.states() == ["rejected", "accepted"]
    [taken] = server.taken
    assert taken.recipient == MEMBER


async def test_refused_news_makes_no_news(world: World, server: ScriptedSmtp) -> None:
    """A letter to the team that is refused leads to no other letter."""
    world.news()
    server.always("RCPT", say("550 5.1.1 no such user"))
    await world.until_quiet()
    assert world.states() == ["rejected"]


# The same bytes ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_retry_sends_the_very_same_bytes(world: World, server: ScriptedSmtp) -> None:
    """Frozen at the first attempt: a code corrected and a word changed since do not alter the second."""
    letter = world.asked(CODE)
    server.next("BODY", say("451 4.3.0 later"))
    await world.until_quiet()
    frozen = world.letter(letter)["content"]
    number = eui_to_int(device(1000))
    other = world.parts.vault.seal(bytes(16), table="device", column="install_code", row=number)
    world.change(t.device, t.device.c.device_id == number, install_code=other)
    world.with_policy(company="Renamed Energy")
    world.time.on(minutes=2)
    await world.until_quiet()
    assert server.bodies[0] == server.bodies[1] == server.taken[0].content
    assert world.letter(letter)["content"] == frozen
    assert world.trail() == ["codes-opened", "letter-accepted"]


async def test_swapped_bytes_do_not_go(world: World, server: ScriptedSmtp) -> None:
    """Row 60: whoever can write to the database cannot make one letter carry another's codes."""
    one, two = world.asked(CODE), world.asked(CODE)
    server.next("RCPT", say("450 4.2.1 later"), say("450 4.2.1 later"))
    await world.until_quiet()
    world.change(t.frozen, t.frozen.c.letter_id == one, content=world.letter(two)["content"])
    world.time.on(minutes=2)
    await world.until_quiet()
    assert [world.letter(i)["state"] for i in (one, two)] == ["held", "accepted"]
    assert world.items(one) == {"held": "gate-at-send"}
    assert len(server.bodies) == 1


# Unknown outcomes ───────────────────────────────────────────────────────────────────────────────────


async def _made_unknown(world: World, server: ScriptedSmtp) -> int:
    letter = world.asked(CODE)
    server.next("BODY", DROP)
    await world.until_quiet()
    assert world.letter(letter)["state"] == "unknown"
    return letter


async def test_an_unknown_letter_is_left_alone_until_its_time(world: World, server: ScriptedSmtp) -> None:
    """For fifteen minutes nobody looks and nothing is sent: the relay may still be at it."""
    await _made_unknown(world, server)
    world.time.on(minutes=14)
    await world.until_quiet()
    assert world.looks == 0
    assert len(server.bodies) == 1


async def test_proof_found_means_accepted(world: World, server: ScriptedSmtp) -> None:
    """Our Message-ID stands in Sent: accepted, and not sent again."""
    letter = await _made_unknown(world, server)
    world.sent_folder = {world.letter(letter)["message_id"]}
    world.time.on(minutes=15)
    await world.until_quiet()
    assert world.letter(letter)["state"] == "accepted"
    assert world.releases() == ["released"]
    assert world.trail() == ["codes-opened", "letter-unknown", "letter-accepted"]
    assert len(server.bodies) == 1


async def test_without_proof_the_same_bytes_go_again(world: World, server: ScriptedSmtp) -> None:
    """To the same listed address, octet for octet, and it is on record."""
    letter = await _made_unknown(world, server)
    world.time.on(minutes=15)
    await world.until_quiet()
    assert world.letter(letter)["state"] == "accepted"
    assert server.bodies[0] == server.bodies[1]
    assert server.taken[0].recipient == TO
    assert world.trail() == ["codes-opened", "letter-unknown", "letter-resent", "letter-accepted"]


async def test_after_two_copies_a_person_gets_it(world: World, server: ScriptedSmtp) -> None:
    """Three times without a word: held, the item too, and the code goes on counting as released."""
    letter = world.asked(CODE)
    server.always("BODY", DROP)
    for _ in range(5):
        await world.until_quiet()
        world.time.on(minutes=16)
    assert world.letter(letter)["state"] == "held"
    assert world.items(letter) == {"held": "outcome-unknown"}
    assert world.releases() == ["released"]
    assert len(server.bodies) == 3
    assert len(set(server.bodies)) == 1


async def test_a_closed_gate_stops_the_copy(world: World, server: ScriptedSmtp) -> None:
    """The contact was revoked while nobody knew: no copy, held, and the first one goes on counting."""
    letter = await _made_unknown(world, server)
    world.listed("operations@elsewhere.example")
    world.time.on(minutes=15)
    await world.until_quiet()
    assert world.items(letter) == {"held": "gate-at-send"}
    assert world.releases() == ["released"]
    assert len(server.bodies) == 1


async def test_without_a_mailbox_nothing_is_guessed_and_the_rest_goes(world: World, server: ScriptedSmtp) -> None:
    """The look for proof fails: the letter stays unknown, and other letters are sent."""
    letter = await _made_unknown(world, server)
    world.sent_folder = None
    world.time.on(minutes=15)
    other = world.asked(CODE)
    await world.until_quiet()
    assert world.letter(letter)["state"] == "unknown"
    assert world.letter(other)["state"] == "accepted"


# One instance at a time ─────────────────────────────────────────────────────────────────────────────


def _taken_over(world: World) -> None:
    """Another instance takes the mailbox, as after a pause longer than the lease."""
    world.change(t.lease, sa.true(), expires=0)
    world.parts.lease._drop_lock()
    assert Lease(world.parts.database, MAILBOX, "other").acquire() == world.parts.gen + 1


async def test_who_lost_the_mailbox_sends_nothing(world: World, server: ScriptedSmtp) -> None:
    """The claim is fenced: not a word to the relay."""
    letter = world.asked(CODE)
    _taken_over(world)
    with pytest.raises(LeaseLost):
        await world.station.once()
    assert world.letter(letter)["state"] == "pending"
    assert server.connections == 0


async def test_a_zombie_does_not_reach_the_dot(database: Database, vault: Vault) -> None:
    """Taken over while it finds its way in: the mark is fenced, DATA is never said, and the successor sends it once."""
    async with ScriptedSmtp() as server:
        world = World(database, vault, server.port)
        world.begin()
        world.listed(TO)
        letter = world.asked(CODE)
        server.next("CONNECT", SILENCE)
        zombie = asyncio.create_task(world.station.once())
        await server.silent.wait()
        _taken_over(world)
        await server.say_now(b"220 scripted.test ESMTP\r\n")
        with pytest.raises(LeaseLost):
            await zombie
        assert not any(line.startswith(("MAIL", "RCPT", "DATA")) for line in server.heard)
        world.parts.gen += 1
        await world.until_quiet()
        await world.relay.close()
        assert world.letter(letter)["state"] == "accepted"
        assert len(server.bodies) == 1


async def test_a_hold_on_the_mailbox_that_ran_out_stops_before_data(world: World, server: ScriptedSmtp) -> None:
    """Our own steady clock says that the lease is over: the letter is given back, though nobody took over yet."""
    world.parts.lease = Lease(world.parts.database, MAILBOX, "test", duration_s=-1)
    letter = world.asked(CODE)
    with pytest.raises(Unavailable, match="hold on the mailbox"):
        await world.station.once()
    assert (world.letter(letter)["state"], world.letter(letter)["attempts"]) == ("deferred", 0)
    assert "DATA" not in server.heard


async def test_a_hold_that_ran_out_on_the_way_stops_before_the_letter(world: World, server: ScriptedSmtp) -> None:
    """It was ours when the mark was made and is not when the relay says 354: no octet of the letter goes."""
    letter = world.asked(CODE)
    server.next("RCPT", SILENCE)
    batch = asyncio.create_task(world.station.once())
    await server.silent.wait()
    world.parts.lease._until_s = 0.0
    await server.say_now(b"250 2.1.5 Ok\r\n")
    with pytest.raises(Unavailable, match="hold on the mailbox"):
        await batch
    assert server.bodies == []
    assert (world.letter(letter)["state"], world.letter(letter)["attempts"]) == ("deferred", 0)


async def test_an_interrupted_batch_gives_the_rest_back(world: World, server: ScriptedSmtp) -> None:
    """A clean stop finishes what is on a link and leaves no letter half sent or counted."""
    with world.at_once():
        for _ in range(30):
            world.asked(CODE)
    server.next("RCPT", SILENCE)
    batch = asyncio.create_task(world.station.once())
    await server.silent.wait()
    world.station.interrupt()
    await server.say_now(b"250 2.1.5 Ok\r\n")
    await batch
    counted = sorted(world.states())
    assert set(counted) == {"accepted", "deferred"}
    assert counted.count("accepted") == len(server.taken) <= 30 - counted.count("deferred")
    await world.until_quiet()
    assert world.states() == ["accepted"] * 30
    assert len(server.taken) == 30


async def test_a_stop_before_the_first_link_sends_nothing(world: World, server: ScriptedSmtp) -> None:
    """Asked to stop while the batch is still being written: all of it is given back, uncounted."""
    ids = [world.asked(CODE) for _ in range(3)]
    batch = asyncio.create_task(world.station.once())
    await asyncio.sleep(0)
    world.station.interrupt()
    await batch
    assert server.connections == 0
    assert {world.letter(i)["attempts"] for i in ids} == {0}
    await world.until_quiet()
    assert world.states() == ["accepted"] * 3


# What cannot be written ─────────────────────────────────────────────────────────────────────────────


async def test_a_letter_that_keeps_ending_the_process_is_held(world: World, server: ScriptedSmtp) -> None:
    """Three claims without bytes in earlier generations: held unwritten, and the others go."""
    poison, other = world.asked(CODE), world.asked(CODE)
    world.change(t.letter, t.letter.c.id == poison, attempts=3)
    await world.until_quiet()
    assert [world.letter(i)["state"] for i in (poison, other)] == ["held", "accepted"]
    assert world.items(poison) == {"held": "gate-at-send"}
    assert len(server.taken) == 1


async def test_suspects_are_written_one_at_a_time(world: World, server: ScriptedSmtp) -> None:
    """After a crash each letter that had no bytes is written in a round of its own, behind those that had."""
    for _ in range(3):
        world.asked(CODE)
    world.change(t.letter, sa.true(), state="sending", stage="started", claimed_gen=0, attempts=1)
    assert await world.station.once()
    assert sorted(world.states()) == ["accepted", "deferred", "deferred"]
    await world.until_quiet()
    assert world.states() == ["accepted"] * 3


class _Shaky(Parts):
    """Parts whose database is away when an outcome is to be written: after the mark, twice. All else is done by `sound`."""

    sound: ClassVar[Parts]
    away: ClassVar[Iterator[bool]]

    def fence(self, connection: sa.Connection) -> None:
        if next(self.away, False):
            raise Unavailable("database: away")
        super().fence(connection)

    async def write(self, change: Callable[[sa.Connection], T]) -> T:
        return await self.sound.write(change)


@ON_SQLITE
async def test_an_outcome_waits_for_its_database(world: World, server: ScriptedSmtp) -> None:
    """The database is away when the 250 came: the outcome is kept in mind until it is written; no second copy."""
    letter = world.asked(CODE)
    _Shaky.sound, _Shaky.away = world.parts, iter([False, True, True])
    shaky = _Shaky(**{field.name: getattr(world.parts, field.name) for field in fields(Parts) if field.init})
    await Sending(shaky, world.relay, world.proof_of).once()
    assert world.letter(letter)["state"] == "accepted"
    assert len(server.bodies) == 1


@ON_SQLITE
async def test_a_link_says_nothing_more_until_its_last_outcome_is_durable(world: World, server: ScriptedSmtp) -> None:
    """The database goes after the first 250: the second letter is given back unsaid, the first's outcome is kept."""
    ids = [world.asked(CODE), world.asked(CODE)]
    _Shaky.sound, _Shaky.away = world.parts, iter([False, True, True])
    shaky = _Shaky(**{field.name: getattr(world.parts, field.name) for field in fields(Parts) if field.init})
    one_link = Relay(replace(world.relay.account, connections=1))
    with pytest.raises(Unavailable, match="away"):
        await Sending(shaky, one_link, world.proof_of).once()
    assert [world.letter(i)["state"] for i in ids] == ["accepted", "deferred"]
    assert world.letter(ids[1])["attempts"] == 0
    assert len(server.bodies) == 1
    await one_link.close()
    await world.until_quiet()
    assert world.states() == ["accepted"] * 2
    assert len(server.bodies) == 2


class _Watched(Relay):
    """A relay that looks into the database when a mark was made and nothing of its letter was said yet."""

    world: World
    seen: list[list[tuple[str, str | None]]]

    async def send(
        self,
        envelope: Envelope,
        before_data: Callable[[], Awaitable[None]],
        before_body: Callable[[], None] | None = None,
    ) -> str:
        async def marked() -> None:
            await before_data()
            with self.world.parts.database.read() as connection:
                rows = connection.execute(sa.select(t.letter.c.state, t.letter.c.stage).order_by(t.letter.c.id))
                self.seen.append([(row.state, row.stage) for row in rows])

        return await super().send(envelope, marked, before_body)


@pytest.mark.parametrize("links", [1, 3])
async def test_at_most_one_letter_a_link_is_in_doubt(world: World, server: ScriptedSmtp, links: int) -> None:
    """Whenever DATA may begin the outcome of the letter before it on that link is durable, though nobody waited for it."""
    with world.at_once():
        for _ in range(9):
            world.asked(CODE)
    watched = _Watched(replace(world.relay.account, connections=links))
    watched.world, watched.seen = world, []
    await Sending(world.parts, watched, world.proof_of).once()
    await watched.close()
    assert len(server.taken) == len(watched.seen) == 9
    for began, picture in enumerate(watched.seen, 1):
        doubtful = picture.count(("sending", "dot"))
        assert 1 <= doubtful <= links
        assert picture.count(("accepted", None)) >= began - links


@ON_SQLITE
async def test_letters_are_made_ready_while_others_are_on_their_way(world: World, server: ScriptedSmtp) -> None:
    """One round takes more than a batch; what is suspect waits until nothing is on a link."""
    with world.at_once():
        ids = [world.asked(NOT_OURS) for _ in range(CLAIM_BATCH + 10)]
    world.change(t.letter, t.letter.c.id >= ids[-2], attempts=1)
    assert await world.station.once()
    assert world.states() == ["accepted"] * (CLAIM_BATCH + 8) + ["pending"] * 2
    await world.until_quiet()
    assert world.states() == ["accepted"] * (CLAIM_BATCH + 10)
    assert len(server.taken) == CLAIM_BATCH + 10


async def test_a_code_letter_lists_each_opening(world: World, server: ScriptedSmtp) -> None:
    """Forty codes in one letter: two entries of the trail about it, which name each device once, in the letter's order."""
    letter = world.asked(*[CODE] * 40)
    await world.until_quiet()
    with world.parts.database.read() as connection:
        entries = [entry for entry in audit.export(connection) if entry["what"] == "codes-opened"]
    assert [(entry["subject"], entry["detail"]["party"]) for entry in entries] == [(f"letter:{letter}", PARTY)] * 2
    assert [len(entry["detail"]["devices"]) for entry in entries] == [30, 10]
    assert [one for entry in entries for one in entry["detail"]["devices"]] == [device(1000 + n) for n in range(40)]


async def test_an_empty_outbox_asks_nothing_of_the_relay(world: World, server: ScriptedSmtp) -> None:
    """Nothing due: no connection, and the station may rest."""
    assert not await world.station.once()
    assert server.connections == 0
