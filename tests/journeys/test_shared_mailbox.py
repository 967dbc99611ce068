"""People live in the same mailbox: they drag, read, delete; servers renumber; the database stays the truth."""

from datetime import timedelta

from daemon.console.showing import as_text
from daemon.edge import imap
from daemon.intake import Intake
from tests.journeys.conftest import Account, MakeWorld, on_dovecot
from tests.journeys.world import (
    A0,
    A1,
    A2,
    ANN,
    COMMISSIONED,
    OPS,
    SOUTH,
    START,
    US,
    World,
    flat,
    subject_of,
    text_of,
    written,
)
from tests.servers.scripted_smtp import ScriptedSmtp


class Waits(imap.Mailbox):
    """A mailbox at which no wait takes time; how often news were to be asked for in each, in seconds."""

    asked: list[float]

    async def idle(self, folder: str, seconds: float, ask_every_s: float = 0.0) -> bool:
        self.asked.append(ask_every_s)
        return await super().idle(folder, min(seconds, 0.01), ask_every_s)


REQUESTS, DONE, HELD = "Install codes/Requests", "Install codes/Done", "Install codes/Held"


async def test_mail_from_before_the_start_is_counted_and_left_alone(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Years of old mail lie there at the first start: not one is answered, moved or marked; `status` counts them."""
    world = await make_world()
    for days in (400, 30, 2, 0.1):
        await world.arrives(written(ANN, f"Please send the code of {A0}", at=START), at=START - timedelta(days=days))
    before = await world.lying("INBOX")
    await world.settle_down()
    world.pass_time(days=1)
    await world.settle_down()

    assert relay.taken == []
    assert before == await world.lying("INBOX")
    assert world.overview().before_start == 4
    assert "4 mails from before the start, left alone" in as_text(world.overview())


async def test_an_old_mail_is_taken_in_when_somebody_drags_it_to_requests(
    make_world: MakeWorld, relay: ScriptedSmtp
) -> None:
    """A person's order: decided with the due date of its own arrival, and answered."""
    world = await make_world()
    arrived = START - timedelta(days=6)
    await world.arrives(written(ANN, f"Please send the code of {A0}", subject="old", at=arrived), at=arrived)
    await world.settle_down()
    await world.drag("INBOX", REQUESTS)
    await world.settle_down()

    (letter,) = relay.taken
    assert "83FE D340" in text_of(letter.content)
    assert world.one("SELECT due_end FROM item") == "2024-03-12", "ten working days from Tuesday 27 February"
    assert [mail.subject for mail in await world.lying(DONE)] == ["old"]


@on_dovecot
async def test_soon_after_a_mail_the_next_is_asked_for(world: World) -> None:
    """For a minute; before the first mail and after that minute the server tells, which costs it nothing."""
    await world.restart(lambda toml: toml.replace("idle = false", "idle = true\nbusy_look_ms = 100"))
    box = world.parts.settings.mailbox
    login = imap.Account(box.host, box.port, box.security, box.username or "", box.secret)
    waits = Waits(login, box.max_mail_bytes)
    waits.asked = []
    intake = Intake(world.parts, waits)
    await intake.once()
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await intake.once()
    world.pass_time(seconds=59)
    await intake.once()
    world.pass_time(seconds=1)
    await intake.once()
    await waits.close()

    assert waits.asked == [0, 0.1, 0.1, 0]


async def test_a_newsletter_dragged_to_requests_is_told_to_whoever_dragged_it(
    world: World, relay: ScriptedSmtp
) -> None:
    """What asks for nothing is not answered, whoever drags it; the team hears that nothing came of their order."""
    offers = written("news@meters.test", "Our summer offers", subject="Offers", headers={"List-Id": "x.meters.test"})
    await world.arrives(offers)
    await world.settle_down()
    await world.drag("INBOX", REQUESTS)
    await world.settle_down()

    assert [one.recipient for one in relay.taken] == ["ops@north.test"]
    assert "taken in by hand, and nothing made of it" in flat(relay.taken[0].content)
    assert len(await world.lying(HELD)) == 1


async def test_dragging_handled_mail_about_handles_nothing_twice(world: World, relay: ScriptedSmtp) -> None:
    """From Done to the INBOX, to Archive and back, read and flagged on the way: one answer, and no tug-of-war."""
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.settle_down()
    for source, target in ((DONE, "INBOX"), ("INBOX", "Archive"), ("Archive", "INBOX")):
        assert await world.drag(source, target) == 1
        world.pass_time(hours=2)
        await world.settle_down()

    assert len(relay.taken) == 1
    assert world.one("SELECT count(*) FROM mail") == 1
    assert len(await world.lying("INBOX")) == 1, "where the person put it"


async def test_a_mail_deleted_after_it_was_kept_is_answered(world: World, relay: ScriptedSmtp) -> None:
    """Somebody empties the INBOX between our look and our answer."""
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.intake.once()
    await world.expunge("INBOX")
    await world.settle_down()

    assert [letter.recipient for letter in relay.taken] == [ANN]
    assert await world.lying("INBOX") == []
    assert len(await world.lying("Sent")) == 1


async def test_a_mail_deleted_before_we_saw_it_is_counted(world: World, relay: ScriptedSmtp) -> None:
    """Nothing is left to answer, but `status` shows the gap."""
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.settle_down()
    await world.arrives(written(ANN, f"Please send the code of {A1}", subject="gone"))
    await world.expunge("INBOX")
    await world.arrives(written(ANN, f"Please send the code of {A2}", subject="stays"))
    await world.settle_down()

    assert len(relay.taken) == 2
    assert world.overview().uid_gaps == 1


async def test_a_request_in_junk_is_held_until_a_person_says_it_is_genuine(world: World, relay: ScriptedSmtp) -> None:
    """Found within the hour, never answered from there; dragged to Requests it is, by its first due date."""
    await world.arrives(written(ANN, f"Please send the code of {A0}", subject="junked"), "Junk")
    await world.arrives(written(SOUTH, f"Please send the code of {A1}", subject="binned"), "Trash")
    await world.settle_down()
    world.pass_time(hours=1)
    await world.settle_down()
    assert {OPS} == {letter.recipient for letter in relay.taken}
    assert [row.reason for row in world.rows("SELECT reason FROM mail")] == ["junk-folder"] * 2

    world.pass_time(days=1)
    assert await world.drag(HELD, REQUESTS, "junked") == 1
    await world.settle_down()
    (answer,) = [letter for letter in relay.taken if letter.recipient != OPS]
    assert answer.recipient == ANN
    assert world.one("SELECT due_end FROM item") == "2024-03-18"


async def test_a_held_mail_that_a_person_drags_back_stays_where_they_put_it(world: World, relay: ScriptedSmtp) -> None:
    """Ops move a held mail to their own folder to work on it: the hold goes on, the mail stays."""
    await world.arrives(written(ANN, f"Please send the code of {COMMISSIONED}"))
    await world.settle_down()
    await world.drag(HELD, "INBOX")
    world.pass_time(hours=2)
    await world.settle_down()

    assert len(await world.lying("INBOX")) == 1
    assert world.overview().holds == 1
    assert len(relay.taken) == 2


@on_dovecot
async def test_a_renumbered_mailbox_leads_to_no_second_answer(
    account: Account, world: World, relay: ScriptedSmtp
) -> None:
    """UIDVALIDITY changes under us, in INBOX and in our folders: every mail is known again, and new mail is answered."""
    assert account.dovecot is not None
    await world.arrives(written(ANN, f"Please send the code of {A0}", subject="answered"))
    news = written("news@meters.test", "Weekly news", subject="News", headers={"List-Id": "weekly.meters.test"})
    await world.arrives(news)
    await world.settle_down()
    await world.drag(DONE, "INBOX")
    for folder in ("INBOX", DONE, REQUESTS):
        update = ("mailbox", "update", "-u", account.username, "--uid-validity", "4711", folder)
        account.dovecot.doveadm(*update)
    await world.arrives(written(SOUTH, f"Please send the code of {A1}", subject="new"))
    await world.settle_down()
    world.pass_time(hours=2)
    await world.settle_down()

    assert [letter.recipient for letter in relay.taken] == [ANN, SOUTH]
    assert world.one("SELECT count(*) FROM mail") == 3
    assert [mail.subject for mail in await world.lying(DONE)] == ["new"]
    assert world.one("SELECT uidvalidity FROM cursor WHERE folder = 'INBOX'") == 4711


async def test_a_folder_of_ours_that_somebody_deleted_comes_back(world: World, relay: ScriptedSmtp) -> None:
    """Folders are a picture: it is painted again."""
    await world.by_hand(lambda program: program.delete_folder(DONE))
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.settle_down()

    assert len(relay.taken) == 1
    assert len(await world.lying(DONE)) == 1


async def test_a_person_may_have_read_the_mail_before_us(world: World, relay: ScriptedSmtp) -> None:
    """Read or flagged makes no difference to us, and stays so."""
    raw = written(ANN, f"Please send the code of {A0}")
    await world.hands.append("INBOX", raw, ("\\Seen", "\\Flagged"), world.now)
    await world.settle_down()

    assert len(relay.taken) == 1
    (mail,) = await world.lying(DONE)
    assert {"\\Seen", "\\Flagged", "\\Answered"} == mail.flags
    assert subject_of(relay.taken[0].content).startswith("Re: ")
    assert US not in text_of(relay.taken[0].content)
