"""Orders that stand, by mail from end to end: paused letters wait and go again, deadlines move, a waiver opens a door."""

from datetime import UTC, datetime
from email import message_from_bytes

from daemon.embedded.stamps import Verdict
from tests.journeys.conftest import MakeWorld, on_dovecot
from tests.journeys.world import A0, A1, ANN, COMMISSIONED, NO_CODE, SOUTH, World, flat, text_of, written
from tests.servers.scripted_smtp import ScriptedSmtp, Taken

pytestmark = on_dovecot
BOB, CAT = "bob@north.test", "cat@north.test"
TEAM = {BOB: "approver", CAT: "approver"}


async def team_world(make_world: MakeWorld, **policy: object) -> World:
    """Two approvers, past the first start."""
    world = await make_world(team=TEAM, **policy)
    await world.settle_down()
    return world


async def orders(world: World, member: str, words: str, *, verdict: Verdict = Verdict.PASS) -> None:
    """A member writes a new mail, and everything that follows happens."""
    world.pass_time(minutes=5)
    await world.arrives(written(member, words, subject="to the daemon", at=world.now, verdict=verdict))
    await world.settle_down()


async def replies(world: World, member: str, letter: Taken, words: str) -> None:
    """A member replies to a letter of ours."""
    world.pass_time(minutes=5)
    message_id = message_from_bytes(letter.content)["Message-ID"]
    headers = {"In-Reply-To": message_id, "References": message_id}
    body = f"{words}\n\nOn Monday North Energy wrote:\n> PAUSE\n"
    await world.arrives(written(member, body, subject="Re: news", at=world.now, headers=headers))
    await world.settle_down()


async def asks(world: World, *devices: str, sender: str = ANN, verdict: Verdict = Verdict.PASS) -> None:
    """A supplier asks."""
    body = "Please send the install codes of\n" + "\n".join(devices)
    await world.arrives(written(sender, body, subject=f"codes {devices[0]}", at=world.now, verdict=verdict))
    await world.settle_down()


def letters(relay: ScriptedSmtp, to: str, saying: str = "") -> list[Taken]:
    """The letters to one address that say so, newest last."""
    return [one for one in relay.taken if one.recipient == to and saying in flat(one.content)]


async def test_paused_codes_wait_and_go_on_a_members_reply(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """PAUSE codes: a code waits, an answer without codes goes. RESUME as a reply: the code follows, checked again."""
    world = await team_world(make_world)
    await orders(world, BOB, "PAUSE codes")
    assert "Letters with install codes wait from now on" in flat(letters(relay, BOB, "You wrote")[-1].content)
    await asks(world, A0)
    await asks(world, NO_CODE)

    world.pass_time(minutes=30)
    await world.settle_down()
    assert not [one for one in relay.taken if "83FE D340" in text_of(one.content)]
    assert len(letters(relay, ANN)) == 1

    news = letters(relay, CAT, f"{BOB} paused letters with install codes")[-1]
    await replies(world, CAT, news, "Resume")
    world.pass_time(minutes=2)
    await world.settle_down()
    assert "Letters with install codes go again" in flat(letters(relay, CAT, "You wrote")[-1].content)
    assert "83FE D340" in text_of(letters(relay, ANN)[-1].content)
    assert letters(relay, BOB, f"{CAT} let letters with install codes go again")


async def test_what_waits_for_resume_is_open_and_its_clock_runs(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Reminders, lists and the alarm name it, a chase is told by when, and no member decides it a second time.

    RESUME answers it, once.
    """
    world = await team_world(make_world)
    await orders(world, BOB, "PAUSE codes")
    await asks(world, A0)
    assert [mail.subject for mail in await world.lying("Install codes/Held")] == [f"codes {A0}"]

    world.move_to(datetime(2024, 3, 7, 10, tzinfo=UTC))
    await world.settle_down()
    assert letters(relay, BOB, "the matter below still waits")
    await world.arrives(written(ANN, f"When will we get the code of {A0}?", subject="Reminder", at=world.now))
    await world.settle_down()
    assert "by Mon 18 Mar 2024" in flat(letters(relay, ANN)[-1].content)

    world.move_to(datetime(2024, 3, 19, 10, tzinfo=UTC))
    await world.settle_down()
    assert "this service has sent none" in flat(letters(relay, CAT)[-1].content)
    await orders(world, BOB, "LIST overdue")
    assert "1 device held: letters are stopped" in flat(letters(relay, BOB, "You wrote")[-1].content)
    await orders(world, BOB, f"ANSWER {A0} NO-CODE-HELD")
    assert "its letter waits while letters are stopped" in flat(letters(relay, BOB, "You wrote")[-1].content)

    await orders(world, BOB, "RESUME codes")
    for member in (BOB, CAT):
        await replies(world, member, letters(relay, member, "Let letters with install codes go again")[-1], "APPROVE")
    assert [text_of(one.content).count("83FE D340") for one in letters(relay, ANN)] == [0, 1]
    assert len(await world.lying("Install codes/Held")) == 0
    assert [tuple(row) for row in world.rows("SELECT state, outcome FROM item")] == [("answered", "CODE")]


async def test_what_is_taken_back_and_asked_again_under_a_pause_goes_once(
    make_world: MakeWorld, relay: ScriptedSmtp
) -> None:
    """In one breath, before any letter was looked at again: the second request counts, and nothing of the first goes."""
    world = await team_world(make_world)
    await orders(world, BOB, "PAUSE codes")
    await asks(world, A0)
    back = f"Please cancel our request for {A0}, it is not needed any more."
    await world.arrives(written(ANN, back, subject="Cancel", at=world.now))
    world.pass_time(seconds=10)
    await asks(world, A0)
    await orders(world, BOB, "RESUME codes")
    for member in (BOB, CAT):
        await replies(world, member, letters(relay, member, "Let letters with install codes go again")[-1], "APPROVE")

    assert sum(text_of(one.content).count("83FE D340") for one in letters(relay, ANN)) == 1
    assert [tuple(row) for row in world.rows("SELECT state, reason FROM item")] == [("answered", "answered")]


async def test_an_incident_keeps_what_is_asked_open(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Whatever the answer, nobody hears it; it is listed, falls due, and a chase changes nothing."""
    world = await team_world(make_world)
    await orders(world, BOB, "INCIDENT South Power")
    await asks(world, NO_CODE, sender=SOUTH)
    await asks(world, NO_CODE, sender=SOUTH)
    world.move_to(datetime(2024, 3, 19, 10, tzinfo=UTC))
    await world.settle_down()

    assert letters(relay, SOUTH) == []
    assert letters(relay, BOB, "this service has sent none")
    assert (world.overview().threads_open, world.overview().breached) == (1, 1)
    assert world.one("SELECT count(*) FROM letter WHERE recipient = :to", to=SOUTH) == 1


async def test_an_emergency_stop_is_done_or_answered(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """In other words than ours nothing stops, its writer is told so, and the mail stays; in the subject alone it is done."""
    world = await team_world(make_world)
    await orders(world, BOB, "Cat, South Power has been phished. Please stop all codes now!")
    told = flat(letters(relay, BOB)[-1].content)
    assert "NOTHING WAS DONE. Did you mean PAUSE codes?" in told
    assert "Until then letters go out as before." in told
    assert len(await world.folder("INBOX")) == 1
    assert world.rows("SELECT kind FROM standing_order") == []

    world.pass_time(minutes=5)
    await world.arrives(written(BOB, "Sent from my iPhone", subject="PAUSE codes", at=world.now))
    await world.settle_down()
    assert "Letters with install codes wait from now on" in flat(letters(relay, BOB, "You wrote")[-1].content)
    assert letters(relay, CAT, f"{BOB} paused letters with install codes")
    await asks(world, A0)
    assert letters(relay, ANN) == []


async def test_a_forged_pause_pauses_nothing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Nobody outside can stop our answers."""
    world = await team_world(make_world)
    await orders(world, BOB, "PAUSE", verdict=Verdict.FAIL)
    await asks(world, A0)

    assert "83FE D340" in text_of(letters(relay, ANN)[-1].content)
    assert world.rows("SELECT kind FROM standing_order") == []


async def test_after_an_incident_two_persons_open_the_door_again(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Nothing goes to the frozen supplier, the other is served; the evidence shows what went before, and no code."""
    world = await team_world(make_world)
    await asks(world, A0)
    await orders(world, BOB, "INCIDENT South Power")
    shown = flat(letters(relay, BOB, "You wrote")[-1].content)
    assert f"{A0} {ANN} sent" in shown
    assert "83FE" not in shown
    await asks(world, NO_CODE, sender=SOUTH)
    assert letters(relay, SOUTH) == []

    await orders(world, BOB, "RESUME South Power")
    for member in (BOB, CAT):
        assert letters(relay, SOUTH) == []
        await replies(world, member, letters(relay, member, "Let letters to South Power go again")[-1], "APPROVE")
    world.pass_time(minutes=2)
    await world.settle_down()
    assert len(letters(relay, SOUTH)) == 1


async def test_a_holiday_by_mail_moves_what_is_open(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """The held device is due a day later, ops are told from when to when, and so is what comes after."""
    world = await team_world(make_world)
    await asks(world, COMMISSIONED)
    await orders(world, CAT, "HOLIDAY 2024-03-06 Founders' day")
    await asks(world, COMMISSIONED, sender="codes@west.test")

    assert [str(row[0]) for row in world.rows("SELECT due_end FROM item ORDER BY id")] == ["2024-03-19"] * 2
    said = flat(letters(relay, CAT, "You wrote")[-1].content)
    assert "Mon 18 Mar 2024" in said
    assert "Tue 19 Mar 2024" in said
    assert letters(relay, BOB, "from Mon 18 Mar 2024 to Tue 19 Mar 2024")


async def test_a_waiver_lets_a_supplier_in_that_cannot_sign(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """SPF alone is held; on two persons' word it is answered, from then on and for that address."""
    world = await team_world(make_world)
    await asks(world, A0, verdict=Verdict.SPF_ONLY)
    assert letters(relay, ANN) == []

    await orders(world, BOB, f"WAIVE {ANN} until 2024-04-30")
    for member in (BOB, CAT):
        await replies(world, member, letters(relay, member, "Accept mail from")[-1], "approve")
    await asks(world, A1, verdict=Verdict.SPF_ONLY)
    assert "3031 3233" in text_of(letters(relay, ANN)[-1].content)
    await asks(world, A0, sender=SOUTH, verdict=Verdict.SPF_ONLY)
    assert letters(relay, SOUTH) == []


async def test_who_is_away_hears_nothing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Cat puts Bob down as away: he is told that once, and of no hold until he is back."""
    world = await team_world(make_world)
    await orders(world, CAT, "AWAY bob until 8 March")
    (told,) = letters(relay, BOB)
    assert "put you down as away" in flat(told.content)
    await asks(world, COMMISSIONED)
    assert len(letters(relay, BOB)) == 1
    assert letters(relay, CAT, "commissioned")


async def test_a_matter_is_closed_by_a_reply(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """CLOSE with a reason: the mail is done, nobody is reminded, EVIDENCE shows the reason."""
    world = await team_world(make_world)
    await asks(world, COMMISSIONED)
    await replies(world, BOB, letters(relay, BOB, "commissioned")[-1], "Close sent by hand this morning")
    assert "codes 00-DB-12-34-56-78-90-B4" in [mail.subject for mail in await world.lying("Install codes/Done")]
    said = flat(letters(relay, BOB, "You wrote")[-1].content)
    assert "is closed (1 device); South Power hears nothing more about it" in said

    reference = world.one("SELECT reference FROM thread")
    await orders(world, CAT, f"EVIDENCE {reference}")
    assert "sent by hand this morning" in flat(letters(relay, CAT, "You wrote")[-1].content)
    before = len(relay.taken)
    for _ in range(15):
        world.pass_time(days=1)
        await world.settle_down()
    assert not [
        one for one in relay.taken[before:] if "OVERDUE" in str(one.content) or "reminder" in text_of(one.content)
    ]


async def test_a_mail_is_replayed_once_its_cause_is_mended(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """An unlisted sender's mail is held; once listed, REPLAY has it answered."""
    world = await team_world(make_world)
    await asks(world, A1, sender="codes@new.test")
    world.import_contacts(
        f"party,mpid,kind,name,email\nSouth Power,SOUT,mp121,Ann,{ANN}\nNewcomer,NEWC,mp121,Desk,codes@new.test\n"
    )
    number = world.one("SELECT id FROM mail WHERE fate = 'held'")
    await orders(world, BOB, f"REPLAY mail {number}")

    assert "3031 3233" in text_of(letters(relay, "codes@new.test")[-1].content)
    assert "is being read and decided once more" in flat(letters(relay, BOB, "You wrote")[-1].content)


async def test_a_letter_goes_once_more(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """RESEND: without codes at once; with a code when two persons agree, to the same listed address."""
    world = await team_world(make_world)
    await asks(world, NO_CODE)
    await asks(world, A0, sender=SOUTH)
    refs = [row[0] for row in world.rows("SELECT reference FROM thread ORDER BY received_at, mail_id")]
    await orders(world, BOB, f"RESEND {refs[0]}\nRESEND {refs[1]}")
    assert (len(letters(relay, ANN)), len(letters(relay, SOUTH))) == (2, 1)

    for member in (BOB, CAT):
        await replies(world, member, letters(relay, member, "Send the last letter on")[-1], "approve")
    first, second = letters(relay, SOUTH)
    assert "83FE D340" in text_of(second.content)
    assert message_from_bytes(first.content)["Message-ID"] != message_from_bytes(second.content)["Message-ID"]
