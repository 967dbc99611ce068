"""What is held is decided by the team's replies: approve, four eyes, reject, answer; and nobody else decides."""

from collections.abc import Mapping
from email import message_from_bytes

import pytest

from daemon.embedded.stamps import Verdict
from tests.journeys.conftest import MakeWorld, on_dovecot
from tests.journeys.world import A0, A1, ANN, CODES, COMMISSIONED, THEIRS, WEST, World, flat, text_of, written
from tests.servers.scripted_smtp import ScriptedSmtp, Taken

pytestmark = on_dovecot
BOB, CAT, READER = "bob@north.test", "cat@north.test", "ria@north.test"
TEAM = {BOB: "approver", CAT: "approver", READER: "reader"}
CODE = "83FE D340 7A93 9723 A5C6 39B2 6916 D505"


async def team_world(make_world: MakeWorld, team: Mapping[str, str] = TEAM, **policy: object) -> World:
    """A world with two approvers and a reader, past its first start."""
    world = await make_world(team=team, **policy)
    await world.settle_down()
    return world


async def asks(world: World, sender: str = WEST, device: str = A0, subject: str = "Install codes please") -> None:
    """A supplier asks for a device that our records keep for another."""
    await world.arrives(written(sender, f"Please send the install code of {device}", subject=subject, at=world.now))
    await world.settle_down()


def letters(relay: ScriptedSmtp, to: str, saying: str = "") -> list[Taken]:
    """The letters to one address, newest last."""
    return [one for one in relay.taken if one.recipient == to and saying in flat(one.content)]


def reply(
    world: World, member: str, letter: Taken, words: str, *, verdict: Verdict = Verdict.PASS, **more: object
) -> bytes:
    """What a member's mail program makes of a reply to a letter of ours."""
    message_id = message_from_bytes(letter.content)["Message-ID"]
    quoted = "\n".join(f"> {line}" for line in text_of(letter.content).splitlines())
    body = f"{words}\n\nOn Monday North Energy wrote:\n{quoted}\n"
    headers = {"In-Reply-To": message_id, "References": message_id}
    return written(member, body, subject="Re: held", at=world.now, headers=headers, verdict=verdict, **more)


async def says(world: World, member: str, letter: Taken, words: str, **more: object) -> None:
    """A member replies, and everything that follows happens."""
    world.pass_time(minutes=5)
    await world.arrives(reply(world, member, letter, words, **more))
    await world.settle_down()


def state(world: World) -> list[tuple[str, str]]:
    """Of each item its state and outcome."""
    return [tuple(row) for row in world.rows("SELECT state, outcome FROM item ORDER BY id")]


async def test_two_persons_release_a_held_code(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """The first approval sends nothing and tells the other; the second sends the code to the listed address alone."""
    world = await team_world(make_world)
    await asks(world)
    assert state(world) == [("held", "CODE")]

    await says(world, BOB, letters(relay, BOB)[-1], "Approve.")
    assert state(world) == [("held", "CODE")]
    assert "is noted; it is done when one more of you approves" in flat(letters(relay, BOB)[-1].content)
    assert not any(CODE in text_of(one.content) for one in relay.taken)
    asked = letters(relay, CAT)[-1]
    assert (
        f"{BOB} approved the matter below. Nothing is done until one more of you approves too: please decide by"
        in flat(asked.content)
    )

    await says(world, CAT, asked, "approve")
    assert state(world) == [("answered", "CODE")]
    assert [one.recipient for one in relay.taken if CODE in text_of(one.content)] == [WEST]
    assert all("approved: 1 device of" in flat(letters(relay, who)[-1].content) for who in (BOB, READER))
    gates = world.one("SELECT verdict FROM letter JOIN frozen ON letter_id = id WHERE codes = 1")
    assert f"approved by {BOB} and {CAT}" in gates


async def test_who_is_asked_second_decides_what_the_first_approved(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """One device of two: the second letter counts and shows that one alone."""
    world = await team_world(make_world)
    world.import_inventory(
        f"device_id,device_type,install_code,status,gaining_supplier\n{A1},GSME,{CODES[A1]},Pending,SOUT\n"
    )
    await asks(world, device=f"{A0} and {A1}")
    await says(world, BOB, letters(relay, BOB, "2 devices held")[-1], "Approve 2")
    asked = flat(letters(relay, CAT)[-1].content)
    assert "1 device held: another gaining supplier recorded" in asked
    assert "2 devices" not in asked
    assert A0 not in asked


async def test_one_person_is_enough_where_the_setting_says_so(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """`approvals_needed = 1`: the code goes on the first approval."""
    world = await team_world(make_world, approvals_needed=1)
    await asks(world)
    await says(world, BOB, letters(relay, BOB)[-1], "APPROVE")
    assert state(world) == [("answered", "CODE")]


async def test_one_person_with_two_addresses_is_one_person(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """A self-approval from an alias counts once (attack row 34)."""
    alias = "bob+phone@north.test"
    world = await team_world(make_world, {BOB: "approver", alias: "approver", CAT: "approver"})
    await asks(world)
    mine, other = letters(relay, BOB)[-1], letters(relay, alias)[-1]
    await says(world, BOB, mine, "APPROVE")
    await says(world, alias, other, "APPROVE")
    assert state(world) == [("held", "CODE")]
    assert not any(CODE in text_of(one.content) for one in relay.taken)


@pytest.mark.parametrize(
    ("words", "verdict", "who"),
    [
        ("APPROVE", Verdict.FAIL, BOB),
        ("APPROVE", None, BOB),
        ("> APPROVE", Verdict.PASS, BOB),
        ("Thanks, I will look at it later.\nAPPROVE", Verdict.PASS, BOB),
        ("APPROVE", Verdict.PASS, READER),
        ("APPROVE", Verdict.PASS, ANN),
        ("APPROVE", Verdict.PASS, "codes@north.test"),
    ],
    ids=["forged", "no verdict", "quoted", "prose first", "a reader", "a supplier", "the shared address"],
)
async def test_what_is_no_approval_releases_nothing(
    make_world: MakeWorld, relay: ScriptedSmtp, words: str, verdict: Verdict | None, who: str
) -> None:
    """Unproven, quoted, unlisted or not allowed: the code stays (attack rows 28, 35, 37, 38)."""
    world = await team_world(make_world, approvals_needed=1)
    await asks(world)
    await says(world, who, letters(relay, BOB)[-1], words, verdict=verdict)
    assert state(world) == [("held", "CODE")]
    assert not any(CODE in text_of(one.content) for one in relay.taken)


async def test_a_forged_order_is_told_to_the_team_once(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Whoever is named in it hears of it, the writer gets no reply, and a flood of them brings one letter a day."""
    world = await team_world(make_world, approvals_needed=1)
    await asks(world)
    letter = letters(relay, BOB)[-1]
    for number in range(3):
        await says(world, BOB, letter, "APPROVE", verdict=Verdict.FAIL, message_id=f"<{number}@evil.test>")
    for member in (BOB, CAT, READER):
        (told,) = letters(relay, member, f"An order in the name of {BOB} was not obeyed")
        assert "83FE" not in text_of(told.content)
    assert world.rows("SELECT id FROM letter WHERE kind = 'transcript'") == []


async def test_a_letter_counts_for_whom_it_was_written_to(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Bob's letter in Cat's hands approves nothing, Cat gets her own, and the team hears of it (attack row 37)."""
    world = await team_world(make_world, approvals_needed=1)
    await asks(world)
    await says(world, CAT, letters(relay, BOB)[-1], "APPROVE")
    assert state(world) == [("held", "CODE")]
    assert "hat letter was written to somebody else" in flat(letters(relay, CAT, "somebody else")[-1].content)
    assert letters(relay, READER, f"{CAT} tried to approve with a letter written to {BOB}")

    fresh = [one for one in letters(relay, CAT) if "Decide by reply" in text_of(one.content)][-1]
    await says(world, CAT, fresh, "APPROVE")
    assert state(world) == [("answered", "CODE")]


async def test_a_used_or_old_letter_approves_nothing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """A replayed command finds its letter used up; after 72 hours a fresh letter comes instead (attack row 36)."""
    world = await team_world(make_world)
    await asks(world)
    letter = letters(relay, BOB)[-1]
    await says(world, BOB, letter, "APPROVE")
    for number in range(5):
        await says(world, BOB, letter, "APPROVE", message_id=f"<again{number}@north.test>")
    assert state(world) == [("held", "CODE")]
    assert letters(relay, BOB, "with this very letter before")

    old = letters(relay, CAT)[-1]
    world.pass_time(hours=73)
    await says(world, CAT, old, "APPROVE")
    assert state(world) == [("held", "CODE")]
    assert letters(relay, CAT, "more than three days old")
    await says(world, CAT, letters(relay, CAT, "Decide by reply")[-1], "APPROVE")
    assert state(world) == [("answered", "CODE")]


async def test_the_typed_code_stands_for_a_reply(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """A mail program that loses the thread: APPROVE and the code of one's own letter, in a new mail."""
    world = await team_world(make_world, approvals_needed=1)
    await asks(world)
    text = flat(letters(relay, BOB)[-1].content)
    code = text.split("send APPROVE ")[1].split(" ")[0]
    await world.arrives(written(CAT, f"APPROVE {code}\n", subject="codes", at=world.now))
    await world.settle_down()
    assert state(world) == [("held", "CODE")], "it is bound to its address"
    await world.arrives(written(BOB, f"APPROVE {code}\n", subject="codes", at=world.now))
    await world.settle_down()
    assert state(world) == [("answered", "CODE")]


async def test_rejecting_tells_the_supplier_in_fixed_words(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """REFUSED with its note; one person is enough, for nothing leaves us."""
    world = await team_world(make_world)
    await asks(world, ANN, COMMISSIONED)
    await says(world, BOB, letters(relay, BOB)[-1], "REJECT removed last year, see the job sheet")
    assert state(world) == [("answered", "REFUSED")]
    answer = letters(relay, ANN)[-1]
    assert "our records show it as removed" in flat(answer.content)
    assert "job sheet" not in flat(answer.content)


async def test_some_rows_of_a_letter_and_not_the_others(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Two mails, one letter: APPROVE except 2, then REJECT 2."""
    world = await team_world(make_world, approvals_needed=1, hold_gather_minutes=15)
    await world.arrives(written(WEST, f"Please send the install code of {A0}", subject="one", at=world.now))
    await world.settle_down()
    world.import_inventory(
        f"device_id,device_type,install_code,status,gaining_supplier\n{A1},GSME,{CODES[A1]},Pending,SOUT\n"
    )
    world.pass_time(minutes=1)
    await world.arrives(written(WEST, f"Please send the install code of {A1}", subject="two", at=world.now))
    await world.settle_down()
    world.pass_time(minutes=16)
    await world.settle_down()
    letter = letters(relay, BOB)[-1]
    await says(world, BOB, letter, "APPROVE except 2")
    assert state(world) == [("answered", "CODE"), ("held", "CODE")]
    await says(world, BOB, letter, "REJECT 2 not confirmed")
    assert state(world) == [("answered", "CODE"), ("answered", "REFUSED")]


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("ok, approve all", "Did you mean APPROVE all?"),
        ("APPROVE 7", "There is no row 7 in the letter that you reply to; it has row 1 alone."),
        ("APPROVE except 1", "That leaves out every row of the letter, so nothing is left to decide."),
    ],
)
async def test_a_better_order_answers_the_refusal(
    make_world: MakeWorld, relay: ScriptedSmtp, first: str, told: str
) -> None:
    """In reply to "nothing was done", however often: it is about what the first one was about, and for its writer alone."""
    world = await team_world(make_world, approvals_needed=1)
    await asks(world)
    await says(world, BOB, letters(relay, BOB)[-1], first)
    assert told in flat(letters(relay, BOB)[-1].content)
    await says(world, BOB, letters(relay, BOB)[-1], "Aprove")
    await says(world, CAT, letters(relay, BOB)[-1], "APPROVE")
    assert letters(relay, CAT, "written to somebody else")
    assert state(world) == [("held", "CODE")]
    refusal = letters(relay, BOB, "NOTHING WAS DONE")[-1]
    await says(world, BOB, refusal, "APPROVE")
    assert state(world) == [("answered", "CODE")]


async def test_what_no_approval_ends_keeps_nothing_else_back(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """A reminder of both: APPROVE lets go what it can and says what stays held; a row named by its number is that row."""
    world = await team_world(make_world, approvals_needed=1)
    await asks(world)
    await world.arrives(written("pat@meterworks.test", f"Please send the install code of {A1}", at=world.now))
    await world.settle_down()
    world.pass_time(days=4)
    await world.settle_down()
    letter = letters(relay, BOB, "A reminder: the 2 matters")[-1]
    await says(world, BOB, letter, "APPROVE 2")
    assert "cannot be approved" in flat(letters(relay, BOB)[-1].content)
    await says(world, BOB, letter, "APPROVE")
    assert "row 2 stays held, for no approval ends that" in flat(letters(relay, BOB, "You wrote: APPROVE")[-1].content)
    assert state(world) == [("answered", "CODE")]


async def test_one_bad_line_and_nothing_is_done(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """All lines or none (attack row 40)."""
    world = await team_world(make_world, approvals_needed=1)
    await asks(world)
    await says(world, BOB, letters(relay, BOB)[-1], "APPROVE\nWAIT IC-00000000 until tomorrow")
    assert state(world) == [("held", "CODE")]
    transcript = flat(letters(relay, BOB)[-1].content)
    assert "here is no IC-00000000" in transcript
    assert "nothing was" in transcript


async def test_who_left_the_team_decides_nothing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """A member struck from the configuration is nobody, whatever letters they still have."""
    world = await team_world(make_world, approvals_needed=1)
    await asks(world)
    letter = letters(relay, BOB)[-1]
    await world.restart(lambda toml: toml.replace(f'address = "{BOB}"', 'address = "new@north.test"'))
    await says(world, BOB, letter, "APPROVE")
    assert state(world) == [("held", "CODE")]


async def test_a_mail_held_whole_is_decided_on_approval(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """An old mail (G8) goes on once two persons vouch for it; the waiver stands with the letter."""
    world = await team_world(make_world, approvals_needed=1)
    old = written(ANN, f"Please send the install code of {A1}", at=world.now)
    world.pass_time(days=6)
    await world.arrives(old)
    await world.settle_down()
    assert not letters(relay, ANN, "3031 3233")
    await says(world, BOB, letters(relay, BOB)[-1], "APPROVE")
    assert letters(relay, ANN, "3031 3233")


async def test_what_nobody_may_waive_stays_held(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """An unlisted sender (G6): the letter offers no approval, and one that is tried says what would work."""
    world = await team_world(make_world, approvals_needed=1)
    await world.arrives(written("pat@meterworks.test", f"Please send the install code of {A1}", at=world.now))
    await world.settle_down()
    letter = letters(relay, BOB)[-1]
    assert "APPROVE" not in text_of(letter.content)
    await says(world, BOB, letter, "APPROVE")
    assert "cannot be approved" in flat(letters(relay, BOB)[-1].content)
    assert not any("3031 3233" in text_of(one.content) for one in relay.taken)


async def test_a_person_answers_one_device(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """ANSWER with an outcome, and ANSWER with a code that a person found: that one takes a letter of one's own."""
    world = await team_world(make_world, approvals_needed=1)
    world.pass_time(days=8)
    await asks(world, ANN, THEIRS)
    await says(world, BOB, letters(relay, BOB)[-1], f"ANSWER {THEIRS} NOT-INSTALLER")
    assert state(world) == [("answered", "NOT-INSTALLER")]

    await asks(world, ANN, "00-DB-12-34-56-78-90-C7", "another")
    found = "ANSWER 00-DB-12-34-56-78-90-C7 CODE 0F0E 0D0C 0B0A 0908 0706 0504 0302 0100"
    await world.arrives(written(BOB, found, subject="new mail", at=world.now))
    await world.settle_down()
    assert state(world)[-1][0] == "held", "no letter, no code"
    await says(world, BOB, letters(relay, BOB, "Decide by reply")[-1], found)
    assert state(world)[-1] == ("answered", "CODE")
    assert letters(relay, ANN, "0F0E 0D0C")
    assert [one.recipient for one in relay.taken if "0F0E 0D0C" in text_of(one.content)] == [ANN]


async def test_an_answer_that_our_inventory_belies_is_confirmed_first(
    make_world: MakeWorld, relay: ScriptedSmtp
) -> None:
    """A slip of one person's tells no supplier that we did not install what we hold the code of."""
    world = await team_world(make_world)
    await asks(world)
    await says(world, BOB, letters(relay, BOB)[-1], f"ANSWER {A0} not installer")
    assert state(world) == [("held", "CODE")]
    transcript = flat(letters(relay, BOB, "is told nothing yet")[-1].content)
    assert "Our inventory says that we installed it, and holds its code" in transcript
    for member in (BOB, CAT):
        (letter,) = letters(relay, member, "against our own inventory")[:1]
        assert not letters(relay, WEST, "did not install")
        await says(world, member, letter, "APPROVE")
    assert state(world) == [("answered", "NOT-INSTALLER")]
    assert letters(relay, WEST, "We did not install this device")


async def test_prose_of_the_team_is_left_alone(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """A member's ordinary mail stays where and as it is, and gets no letter."""
    world = await team_world(make_world)
    before = len(relay.taken)
    await world.arrives(
        written(BOB, "Approve of the new coffee machine? See you at ten.", subject="Coffee", at=world.now)
    )
    await world.settle_down()
    assert len(relay.taken) == before
    (mail,) = await world.lying("INBOX")
    assert mail.flags == frozenset()
