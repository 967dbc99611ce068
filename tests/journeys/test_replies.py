"""What suppliers say instead of an answer: nobody's words are dropped, or held against them as silence."""

from email import message_from_bytes

import pytest

from tests.journeys.conftest import MakeWorld, on_dovecot
from tests.journeys.test_receiving import BARE, BOB, CODE, CRC, D1, D2, D3, answers, letters, ordered, state
from tests.journeys.world import ANN, World, flat, subject_of, text_of, written
from tests.servers.scripted_smtp import ScriptedSmtp

pytestmark = on_dovecot


async def replies(world: World, relay: ScriptedSmtp, body: str) -> None:
    """South answers our first letter to them, in its thread."""
    message_id = message_from_bytes(letters(relay, ANN)[0].content)["Message-ID"]
    await answers(world, ANN, body, headers={"In-Reply-To": message_id, "References": message_id})
    world.pass_time(minutes=20)
    await world.settle_down()


@pytest.mark.parametrize(
    "words",
    [
        "Sorry, did we not send {0} last week already?",
        "{0} is not a valid ID.",
        "The customer at {0} is still with us.",
        "You have the wrong department; send it to metering@south.test.",
        "We need the serial number or MPAN to find these.",
        "Thanks for your mail. We sent the codes on Monday.",
        "Is this genuine? It looks like phishing.",
        "Please send a PO first.",
        "Sorry, wrong supplier.",
        "When can we expect your purchase order?",
        "Bitte wenden Sie sich an die Zentrale.",
    ],
)
async def test_a_reply_that_nobody_made_out_is_for_people(
    make_world: MakeWorld, relay: ScriptedSmtp, words: str
) -> None:
    """It is held and our team hears of it; the device stays asked, and nothing is written to the supplier."""
    world = await ordered(make_world, D1)
    await replies(world, relay, words.format(D1))

    assert state(world) == {"01": "asked"}
    assert len(letters(relay, ANN)) == 1
    (held,) = letters(relay, BOB, "a reply that we could not make out")
    assert "chases go on" in flat(held.content)
    assert [mail.subject for mail in await world.lying("Install codes/Held")] == ["Re: Install code request"]


@pytest.mark.parametrize("words", ["Thanks, received.", "I am out of the office until further notice."])
async def test_a_mere_receipt_needs_nobody(make_world: MakeWorld, relay: ScriptedSmtp, words: str) -> None:
    """It is filed with the inquiry; the team is not asked to read it."""
    world = await ordered(make_world, D1)
    before = len(letters(relay, BOB))
    await replies(world, relay, words)

    assert state(world) == {"01": "asked"}
    assert len(letters(relay, BOB)) == before
    assert world.one("SELECT case_id FROM mail ORDER BY id DESC LIMIT 1") == world.one("SELECT case_id FROM want")


async def test_what_they_wrote_stands_in_every_later_letter(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """A promise, a faulty code and a reply that nobody made out: chase, foretelling, escalation and hand-over name them."""
    world = await ordered(make_world, D1, D2, D3)
    kinds = (("mp121", ANN), ("escalation", "boss@south.test"))
    listed = "".join(f"South Power,SOUT,{kind},Desk,{to}\n" for kind, to in kinds)
    world.import_contacts(f"party,mpid,kind,name,email\n{listed}")
    await replies(world, relay, f"{D1} by {world.now.day + 2}/{world.now.month}. {D2}: {CODE[:-3]}\n")
    assert state(world) == {"01": "promised", "02": "queried", "03": "asked"}
    assert letters(relay, ANN, "29 digits")
    await replies(world, relay, "We do not understand what you mean.")
    for _ in range(60):
        world.pass_time(hours=12)
        await world.settle_down()

    told = [one for who in (ANN, "boss@south.test", BOB) for one in letters(relay, who)]
    subjects = ("Overdue: ", "Escalation: ", "we escalate to South Power", "With you now: 3 devices")
    for subject in subjects:
        letter = flat(next(one.content for one in told if subject in subject_of(one.content)))
        assert "a promise for 1 device; an answer for 1 device that could not be used" in letter, subject
        assert "a reply in which no answer could be made out" in letter, subject
    assert not [one for one in told if "has not answered" in flat(one.content) or "did not answer" in flat(one.content)]


async def test_a_question_leaves_what_was_promised_and_can_be_answered(
    make_world: MakeWorld, relay: ScriptedSmtp
) -> None:
    """Asked back about nothing in particular: what was promised or faulty stays; CHASE puts the rest on our clock again."""
    world = await ordered(make_world, D1, D2, D3)
    await replies(world, relay, f"We will send {D1} by {world.now.day + 7}/{world.now.month}.\n{D2}: {BARE[:30]}\n")
    await replies(world, relay, "Please send proof that you are the registered supplier.")

    assert state(world) == {"01": "promised", "02": "queried", "03": "with-ops"}
    (told,) = letters(relay, BOB, "is with you now")
    asked = flat(told.content)
    assert "Please send proof that you are the registered supplier." in asked
    assert "supplier.." not in asked
    assert "Words that may be about 2 devices" in asked
    reference = world.one("SELECT reference FROM inquiry")
    assert f"send CHASE {reference} SAYING and your words" in asked

    world.pass_time(days=1)
    order = f"CHASE {reference} SAYING we took the customer over on 3 December\n"
    await world.arrives(written(BOB, order, subject="x", at=world.now))
    await world.settle_down()
    assert state(world) == {"01": "promised", "02": "queried", "03": "asked"}
    reminder = letters(relay, ANN)[-1].content
    assert "Reminder: install code request, 3 devices" in subject_of(reminder)
    assert D3 in text_of(reminder)
    assert "This is our answer: we took the customer over on 3 December." in flat(reminder)


async def test_an_unasked_code_beside_an_asked_one_is_one_matter(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """What we asked for is taken and handed over; of the other our team reads once, in words that are true."""
    world = await ordered(make_world, D1)
    await answers(world, ANN, f"{D1}: {CODE} {CRC}\n{D3}: 3031 3233 3435 3637 3839 4142 4344 4546\n")
    world.pass_time(minutes=20)
    await world.settle_down()

    assert state(world) == {"01": "answered"}
    assert world.one("SELECT fate FROM mail ORDER BY id DESC LIMIT 1") == "decided"
    (told,) = [one for one in letters(relay, BOB) if D3 in text_of(one.content)]
    assert "go to nobody; whatever else it answers was taken" in flat(told.content)
    assert not letters(relay, BOB, "by hand")
    assert len(await world.lying("Install codes/Answers")) == 1
