"""The moods of hosted mailboxes: throttled, half open, with a mail that cannot be fetched, with copies in Sent of their own.

Each journey is on a real Dovecot, in whose place somebody now and then answers as Exchange Online or Gmail are known to.
"""

import pytest

from daemon.errors import Unavailable
from tests.journeys.conftest import Account, MakeWorld, on_moody_dovecot
from tests.journeys.test_trouble import wait
from tests.journeys.world import A0, A1, A2, ANN, AUTHSERV, OPS, SOUTH, WEST, World, flat, subject_of, written
from tests.servers.moody_imap import MoodyImap
from tests.servers.scripted_smtp import ScriptedSmtp

pytestmark = on_moody_dovecot


@pytest.fixture
def moods(account: Account) -> MoodyImap:
    """Who answers in the server's place."""
    assert account.moody is not None
    return account.moody


def answered(relay: ScriptedSmtp) -> list[str]:
    """Who among the suppliers was answered."""
    return sorted(letter.recipient for letter in relay.taken if letter.recipient != OPS)


# Reading ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "answer",
    [
        b"TAG NO Some messages could not be FETCHed (Failure)\r\n",  # Gmail
        b"TAG NO [SERVERBUG] Internal error occurred.\r\n",  # Dovecot, for a mail whose file is broken
        b"* BYE [SERVERBUG] disconnected\r\n",
        b"",
        b"TAG OK done\r\n",  # nothing at all, though the mail is there
    ],
    ids=["NO", "SERVERBUG", "BYE", "hangs up", "nothing"],
)
async def test_a_mail_that_cannot_be_fetched_keeps_back_no_other(
    world: World, relay: ScriptedSmtp, moods: MoodyImap, answer: bytes
) -> None:
    """The others are read and answered, the team is told which one it is; and it is read once it can be."""
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.arrives(written(WEST, f"Please send the code of {A2}"))
    await world.arrives(written(SOUTH, f"Please send the code of {A1}"))
    moods.answers(r"UID FETCH [\d,]*\b2\b[\d,]* \(.*BODY", answer)
    await wait(world, 1, step_minutes=1)

    assert answered(relay) == [ANN, SOUTH]
    (alarm,) = [letter for letter in relay.taken if letter.recipient == OPS]
    assert "UID 2" in flat(alarm.content)
    assert "INBOX" in flat(alarm.content)

    moods.calms_down()
    await wait(world, 0.2, step_minutes=1)
    assert answered(relay) == [ANN, WEST, SOUTH]
    assert any("Recovered" in subject_of(letter.content) for letter in relay.taken)


@pytest.mark.parametrize("answer", [b"TAG NO [NOPERM] not yours\r\n", b"", b"TAG NO [SERVERBUG] broken index\r\n"])
async def test_a_folder_of_people_that_does_not_open_keeps_back_no_mail(
    make_world: MakeWorld, relay: ScriptedSmtp, moods: MoodyImap, answer: bytes
) -> None:
    """Junk is looked into to lose nothing: where we may not, or cannot, what lies in INBOX is answered all the same."""
    world = await make_world()
    moods.answers(r'EXAMINE "?(Junk|Trash)', answer)
    await world.settle_down()
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await wait(world, 2, step_minutes=10)

    assert answered(relay) == [ANN]
    assert world.overview().troubles == {}


async def test_a_mail_in_junk_that_cannot_be_fetched_keeps_back_no_other_there(world: World, moods: MoodyImap) -> None:
    """The hourly look finds the other at once, and what stays behind is a trouble that is known."""
    await world.arrives(written(ANN, f"Please send the code of {A0}"), "Junk")
    await world.arrives(written(WEST, f"Please send the code of {A2}"), "Junk")
    moods.answers(r"UID FETCH [\d,]*\b1\b[\d,]* \(.*BODY", b"TAG NO Some messages could not be FETCHed (Failure)\r\n")
    await world.restart()
    await world.settle_down()

    moods.calms_down()
    (held,) = await world.folder("Install codes/Held")
    assert WEST in held["From"]
    assert "UID 1 in Junk" in world.overview().troubles["unfetched"]


@pytest.mark.parametrize("command", ["UID SEARCH", "UID FETCH", "EXAMINE", "LIST", "CREATE", "SELECT", "UID MOVE"])
async def test_a_provider_that_counts_bandwidth_is_waited_for(
    world: World, relay: ScriptedSmtp, moods: MoodyImap, command: str
) -> None:
    """Gmail calls that OVERQUOTA at whatever command (ljmerza/ha-email-sensor#16): no fault of ours, and nothing ends by it."""
    if command == "CREATE":
        await world.by_hand(lambda program: program.delete_folder("Install codes/Quarantine"))
    await world.restart()
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    moods.answers(command, b"TAG NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)\r\n")
    await wait(world, 0.1, step_minutes=2)
    moods.calms_down()
    await wait(world, 0.1, step_minutes=2)

    assert answered(relay) == [ANN]
    assert len(await world.lying("Install codes/Done")) == 1


@pytest.mark.parametrize("command", ["EXAMINE", "UID FETCH", "LOGIN|AUTHENTICATE"])
async def test_a_server_that_says_how_long_it_wants_to_be_left_alone_is(
    world: World, moods: MoodyImap, command: str
) -> None:
    """Exchange Online throttles so, then hangs up (imapsync FAQ, ikvk/imap_tools#135): coming sooner makes it longer."""
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.mailbox.close()
    await world.restart()
    moods.answers(command, b"TAG NO Request is throttled. Suggested Backoff Time: 299961 milliseconds\r\n* BYE 14\r\n")
    with pytest.raises(Unavailable, match="throttled") as told:
        await world.intake.once()

    assert type(told.value) is Unavailable, "no password is wrong"
    assert told.value.wait_s == pytest.approx(300, abs=1)


async def test_a_server_that_offers_idle_and_refuses_it_is_looked_at_all_the_same(
    world: World, relay: ScriptedSmtp, moods: MoodyImap
) -> None:
    """As if IDLE were switched off: nobody is alarmed, and it is not asked for again."""
    await world.restart(lambda toml: toml.replace("idle = false", "idle = true\nbusy_look_ms = 0"))
    moods.answers("IDLE", b"TAG NO not today\r\n")
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await wait(world, 0.5, step_minutes=10)

    assert answered(relay) == [ANN]
    assert world.overview().troubles == {}
    assert moods.heard.count(b"IDLE") == 1


# Filing ─────────────────────────────────────────────────────────────────────────────────────────────


async def answers_two(world: World) -> None:
    """Two requests are answered, and are to be filed."""
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.arrives(written(WEST, f"Please send the code of {A2}"))


async def test_a_mail_that_the_server_will_not_move_keeps_back_nothing_else(
    world: World, relay: ScriptedSmtp, moods: MoodyImap
) -> None:
    """The other is filed, both copies lie in Sent, and the team is told which mail stays where it is."""
    await answers_two(world)
    moods.answers(r"UID MOVE [\d,]*\b1\b", b"TAG NO Could not move: item corrupt\r\n")
    await wait(world, 1, step_minutes=5)

    assert [mail.uid for mail in await world.lying("INBOX")] == [1]
    assert len(await world.lying("Install codes/Done")) == 1
    assert len(await world.lying("Sent")) == 2
    (alarm,) = [letter for letter in relay.taken if letter.recipient == OPS]
    assert "not filed" in subject_of(alarm.content)
    assert "item corrupt" in flat(alarm.content)

    moods.calms_down()
    await wait(world, 0.1, step_minutes=2)
    assert len(await world.lying("Install codes/Done")) == 2


async def test_where_the_server_moves_nothing_it_is_not_asked_for_each_mail(world: World, moods: MoodyImap) -> None:
    """Three mails one by one, after all together, are proof enough: it is not the mails."""
    for number in range(6):
        await world.arrives(
            written(WEST, f"Please send the code of 00-DB-12-34-56-78-91-0{number}", subject=str(number))
        )
    moods.answers("UID MOVE", b"TAG NO [UNAVAILABLE] not now\r\n")
    await world.intake.once()
    await world.settling.once()
    with pytest.raises(Unavailable, match="not now"):
        await world.filing.once()
    assert sum(b"UID MOVE" in command for command in moods.heard) == 1 + 3


async def test_a_flag_that_the_server_will_not_set_keeps_back_no_copy(world: World, moods: MoodyImap) -> None:
    """That a mail was answered is shown by its folder, too."""
    await answers_two(world)
    moods.answers("UID STORE", b"TAG NO [NOPERM] no flags\r\n")
    await world.settle_down()
    assert len(await world.lying("Sent")) == 2
    assert world.overview().troubles == {}


@pytest.mark.parametrize("answer", [b"TAG BAD one at a time\r\n", b"TAG NO [LIMIT] too big\r\n", b""])
async def test_a_server_that_takes_no_many_copies_at_once_gets_them_one_by_one(
    world: World, moods: MoodyImap, answer: bytes
) -> None:
    """Though it announces MULTIAPPEND and LITERAL+: it may refuse them, or hang up (RFC 7888 4)."""
    await answers_two(world)
    moods.answers(r"APPEND .*\{\d+\+\}", answer)
    await world.settle_down()
    assert sorted(mail.subject[:20] for mail in await world.lying("Sent")) == ["Re: Install codes pl"] * 2


async def test_a_copy_that_the_server_throttles_is_not_followed_by_the_next(world: World, moods: MoodyImap) -> None:
    """Exchange Online: each try makes the wait longer (imapsync/imapsync#198)."""
    await answers_two(world)
    moods.answers("APPEND", b"TAG NO Request is throttled. Suggested Backoff Time: 299609 milliseconds\r\n")
    await world.intake.once()
    await world.settling.once()
    await world.sending.once()
    heard = len(moods.heard)
    with pytest.raises(Unavailable) as told:
        await world.filing.once()
    assert told.value.wait_s == pytest.approx(300, abs=1)
    assert sum(command.startswith(b"APPEND") for command in moods.heard[heard:]) == 1


@pytest.mark.parametrize("files", [True, False], ids=["files its own", "told not to"])
async def test_exchange_online_files_a_copy_itself_and_we_make_none_beside_it(
    world: World, relay: ScriptedSmtp, files: bool
) -> None:
    """It does so since 2018, some seconds after the letter (michev.info 2075), unless the mailbox is set not to."""
    await answers_two(world)
    await world.intake.once()
    await world.settling.once()
    await world.restart(lambda toml: toml.replace(f'authserv_id = "{AUTHSERV}"', 'profile = "m365"'))
    await world.settle_down()
    assert answered(relay) == [ANN, WEST]
    assert await world.lying("Sent") == []
    if files:
        for letter in relay.taken:
            await world.hands.append("Sent", letter.content, ["\\Seen"], world.now)
    world.pass_time(minutes=3)
    await world.settle_down()

    assert len(await world.lying("Sent")) == len(relay.taken)
    assert world.one("SELECT count(*) FROM letter WHERE sent_filed") == len(relay.taken)


async def test_where_the_relay_files_its_own_copies_we_file_none(make_world: MakeWorld, moods: MoodyImap) -> None:
    """`sent_copy = "none"`: nothing is put into Sent, and nothing is left to do."""
    world = await make_world(sent_copy="none")
    await world.settle_down()
    await answers_two(world)
    await world.settle_down()
    assert not any(command.startswith((b'APPEND "Sent"', b"APPEND Sent")) for command in moods.heard)
    assert await world.lying("Sent") == []
    assert world.one("SELECT count(*) FROM letter WHERE sent_filed") == 2
    assert len(await world.lying("Install codes/Done")) == 2
