"""The same thing asked more than once: twice delivered, asked again, chased, taken back."""

from datetime import timedelta
from email import message_from_bytes

from daemon.embedded.stamps import Verdict, stamped
from tests.journeys.world import (
    A0,
    A1,
    A2,
    ANN,
    AUTHSERV,
    COMMISSIONED,
    OPS,
    SOUTH,
    START,
    THEIRS,
    US,
    World,
    flat,
    subject_of,
    text_of,
    written,
)
from tests.servers.scripted_smtp import ScriptedSmtp, Taken

A0_SHOWN = "83FE D340 7A93 9723 A5C6 39B2 6916 D505"


def to_suppliers(relay: ScriptedSmtp) -> list[Taken]:
    """The letters that are not to our own team."""
    return [letter for letter in relay.taken if letter.recipient != OPS]


async def ask(world: World, body: str, **settings: object) -> None:
    """A mail arrives at the present moment, and all is done that follows."""
    await world.arrives(written(ANN, body, at=world.now, **settings))  # type: ignore[arg-type]
    await world.settle_down()


async def test_a_mail_delivered_twice_is_answered_once(world: World, relay: ScriptedSmtp) -> None:
    """By two routes, with other trace headers: the second is a duplicate, left where it lies."""
    raw = written(ANN, f"Please send the code of {A0}", verdict=None)
    for minute in (0, 1):
        arrived = START + timedelta(minutes=minute)
        await world.arrives(stamped(raw, recipient=US, authserv_id=AUTHSERV, verdict=Verdict.PASS, arrived=arrived))
        await world.settle_down()

    assert len(relay.taken) == 1
    assert [row.reason for row in world.rows("SELECT reason FROM mail ORDER BY id")] == ["request", "duplicate"]


async def test_asked_again_within_a_day_gets_no_second_code(world: World, relay: ScriptedSmtp) -> None:
    """A new mail for the same device an hour later is counted and filed, and sends nothing."""
    await ask(world, f"Please send the code of {A0}")
    world.pass_time(hours=1)
    await ask(world, f"Sorry, once more: please send the code of {A0}", subject="again")

    assert len(relay.taken) == 1
    assert world.one("SELECT reason FROM mail ORDER BY id DESC") == "asked-too-soon"
    assert len(await world.lying("Install codes/Done")) == 2


async def test_asked_again_with_another_device_names_the_day_of_the_first_answer(
    world: World, relay: ScriptedSmtp
) -> None:
    """The new device is answered; the other is said to have been answered today."""
    await ask(world, f"Please send the code of {A0}")
    world.pass_time(hours=1)
    await ask(world, f"Please send the codes of\n{A0}\n{A1}", subject="and one more")

    letter = relay.taken[1].content
    assert "3031 3233 3435 3637 3839 4142 4344 4546" in text_of(letter)
    assert A0_SHOWN not in text_of(letter)
    assert "We answered this device on Mon 4 Mar 2024" in flat(letter)


async def test_a_code_is_repeated_twice_and_the_fourth_time_is_for_a_person(world: World, relay: ScriptedSmtp) -> None:
    """First answer and two repeats a day apart; then held, with an interim answer and news for ops."""
    for _ in range(4):
        await ask(world, f"Please send the code of {A0}", subject=f"try of {world.now:%d %B}")
        world.pass_time(days=1, minutes=1)

    first, second, third, fourth = to_suppliers(relay)
    assert all(A0_SHOWN in text_of(letter.content) for letter in (first, second, third))
    assert "Once more" in flat(second.content)
    assert A0_SHOWN not in text_of(fourth.content)
    assert "A colleague is looking into this device" in flat(fourth.content)
    assert "sent as often as allowed" in subject_of(relay.taken[-1].content)
    assert world.one("SELECT reason FROM item WHERE state = 'held'") == "repeat-limit"


async def test_thirty_days_later_it_is_a_request_like_any_other(world: World, relay: ScriptedSmtp) -> None:
    """The limit forgets what is older than 30 days."""
    for _ in range(3):
        await ask(world, f"Please send the code of {A0}", subject=f"try of {world.now:%d %B}")
        world.pass_time(days=1, minutes=1)
    world.pass_time(days=30)
    await ask(world, f"Please send the code of {A0}", subject="a new year")

    assert len(to_suppliers(relay)) == 4
    assert all(A0_SHOWN in text_of(letter.content) for letter in to_suppliers(relay))


async def test_a_chase_gets_the_state_of_its_items(world: World, relay: ScriptedSmtp) -> None:
    """What was answered is named with its day, what is open with the day by which; no code is sent twice."""
    await ask(world, f"Please send the codes of\n{A0}\n{COMMISSIONED}\n{THEIRS}")
    ours = message_from_bytes(to_suppliers(relay)[0].content)
    world.pass_time(days=4)
    await ask(
        world,
        "Any news on this please? We are still waiting.",
        subject=f"Re: {subject_of(to_suppliers(relay)[0].content)}",
        headers={"In-Reply-To": ours["Message-ID"], "References": ours["Message-ID"]},
    )

    letter = to_suppliers(relay)[1].content
    assert "Thank you for your reminder" in flat(letter)
    assert "We answered this device on Mon 4 Mar 2024" in flat(letter)
    assert "by Mon 18 Mar 2024" in flat(letter)
    assert A0_SHOWN not in text_of(letter)
    assert world.one("SELECT reason FROM mail ORDER BY id DESC") == "chase"
    assert world.one("SELECT count(*) FROM thread") == 1
    assert len(await world.lying("Install codes/Held")) == 2, "the chase lies beside its request"


async def test_a_chase_in_a_mail_of_its_own_finds_the_open_request(world: World, relay: ScriptedSmtp) -> None:
    """No reply, no reference, no device: all that is open of this supplier is told."""
    await ask(world, f"Please send the code of {COMMISSIONED}")
    world.pass_time(days=3)
    await ask(world, "We are still waiting for the install code we asked you for. Please chase.", subject="Reminder")

    letter = to_suppliers(relay)[1].content
    assert COMMISSIONED in text_of(letter)
    assert "by Mon 18 Mar 2024" in flat(letter)


async def test_a_chase_for_nothing_is_asked_which_request_it_means(world: World, relay: ScriptedSmtp) -> None:
    """Nothing of theirs is open: we say so, and what would help."""
    await ask(world, "We are still waiting for the install codes that we asked you for. Any update?", subject="Chaser")

    (letter,) = relay.taken
    assert "We find no open request of yours" in flat(letter.content)
    assert "Which one do you mean?" in flat(letter.content)


async def test_an_open_request_is_withdrawn_and_that_is_confirmed(world: World, relay: ScriptedSmtp) -> None:
    """On "ignore my mail" unanswered items become WITHDRAWN, ops are reminded of them no more, one line confirms it."""
    await ask(world, f"Please send the codes of\n{A0}\n{COMMISSIONED}")
    ours = message_from_bytes(to_suppliers(relay)[0].content)
    world.pass_time(days=1)
    await ask(
        world,
        "Please ignore my request, the customer has left us.",
        subject=f"Re: {subject_of(to_suppliers(relay)[0].content)}",
        headers={"In-Reply-To": ours["Message-ID"], "References": ours["Message-ID"]},
    )

    letter = to_suppliers(relay)[1].content
    assert "we have withdrawn your request for this device" in flat(letter)
    assert COMMISSIONED in text_of(letter)
    assert A0 not in text_of(letter), "it was answered, and stays answered"
    assert [row.state for row in world.rows("SELECT state FROM item ORDER BY id")] == ["answered", "withdrawn"]
    told = len(relay.taken)
    world.pass_time(days=40)
    await world.settle_down()
    assert told == len(relay.taken), "nobody is reminded of what was taken back"
    assert len(await world.lying("Install codes/Done")) == 2


async def test_a_request_withdrawn_before_its_answer_left_is_not_answered(world: World, relay: ScriptedSmtp) -> None:
    """Both mails lie in the mailbox when we look: no code goes out."""
    await world.arrives(written(ANN, f"Please send the code of {COMMISSIONED}", message_id="<q@south.test>"))
    await world.arrives(
        written(
            ANN,
            "Please ignore my mail below.",
            subject="Re: Install codes please",
            headers={"In-Reply-To": "<q@south.test>", "References": "<q@south.test>"},
        )
    )
    await world.settle_down()

    assert world.one("SELECT state FROM item") == "withdrawn"
    assert {ANN} == {letter.recipient for letter in relay.taken}, "ops need not hear of it"


async def test_thanks_for_an_answer_are_filed_with_it(world: World, relay: ScriptedSmtp) -> None:
    """A "thanks, got it" begins nothing and is answered by nobody."""
    await ask(world, f"Please send the code of {A0}")
    ours = message_from_bytes(relay.taken[0].content)
    await ask(
        world,
        "Received with thanks!",
        subject=f"Re: {subject_of(relay.taken[0].content)}",
        headers={"In-Reply-To": ours["Message-ID"], "References": ours["Message-ID"]},
    )

    assert len(relay.taken) == 1
    assert len(await world.lying("Install codes/Done")) == 2


async def test_our_sheet_filled_in_and_sent_back_is_answered(world: World, relay: ScriptedSmtp) -> None:
    """We invite them to fill in our sheet: what they fill in is answered in the same thread."""
    rows = f"Device ID\r\n{THEIRS}\r\n1.2E+15\r\n"
    await world.arrives(written(SOUTH, "List attached, please.", attachment=("list.csv", rows.encode())))
    await world.settle_down()
    assert "fill in the attached file" in flat(relay.taken[0].content)
    ours = message_from_bytes(relay.taken[0].content)
    (sheet,) = [p for p in ours.walk() if p.get_content_type() == "text/csv"]
    lines = sheet.get_payload(decode=True).decode("utf-8-sig").splitlines()
    filled = "\r\n".join((*lines[:-1], f"{A2}{lines[-1]}")).encode("utf-8-sig")
    world.pass_time(minutes=30)
    back = written(
        SOUTH,
        "Here you are, the missing one is filled in.",
        subject=f"Re: {subject_of(relay.taken[0].content)}",
        at=world.now,
        headers={"In-Reply-To": ours["Message-ID"], "References": ours["Message-ID"]},
        attachment=(str(sheet.get_filename()), filled),
    )
    await world.arrives(back)
    await world.settle_down()

    assert [letter.recipient for letter in relay.taken] == [SOUTH, SOUTH]
    assert "0011 2233 4455 6677 8899 AABB CCDD EEFF" in text_of(relay.taken[1].content)
    assert THEIRS not in text_of(relay.taken[1].content), "that row was answered already"
    assert world.one("SELECT count(*) FROM thread") == 1
