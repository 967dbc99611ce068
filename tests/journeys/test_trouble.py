"""A dead relay, a relay that refuses, a login that expired, a full mailbox: nothing lost, told by the other route."""

from datetime import timedelta

import pytest

from daemon.errors import Unavailable
from tests.journeys.conftest import on_dovecot, on_full_dovecot
from tests.journeys.world import (
    A0,
    A1,
    A2,
    ANN,
    CONTACTS,
    OPS,
    SOUTH,
    WEST,
    World,
    flat,
    subject_of,
    text_of,
    written,
)
from tests.servers.scripted_smtp import DROP, ScriptedSmtp, say


async def wait(world: World, hours: float, step_minutes: float = 30) -> None:
    """Time goes by, with a look now and then."""
    end = world.now + timedelta(hours=hours)
    while world.now < end:
        world.pass_time(minutes=step_minutes)
        await world.settle_down()


async def test_a_relay_that_is_down_for_three_days_costs_nothing(world: World, relay: ScriptedSmtp) -> None:
    """Mail is taken in all the while; ops read the alarm in the mailbox; then all goes out, the first due first.

    Who was taken off the contact list meanwhile gets nothing.
    """
    await relay.stop()
    await world.arrives(written(ANN, f"Please send the code of {A0}", subject="Monday"))
    await world.arrives(written(WEST, f"Please send the code of {A2}", subject="of the west"))
    await world.settle_down()
    await wait(world, 1)
    (alarm,) = [mail for mail in await world.folder("INBOX") if "Letters do not go out" in mail["Subject"]]
    assert "Nothing is lost" in flat(alarm.as_bytes())
    await wait(world, 24, step_minutes=360)
    await world.arrives(written(SOUTH, f"Please send the code of {A1}", subject="Tuesday", at=world.now))
    await wait(world, 47, step_minutes=360)
    assert relay.taken == []
    assert len([m for m in await world.lying("INBOX") if "Letters do not go out" in m.subject]) == 1, "said once"
    assert dict(world.overview().letters) == {"deferred": 3}

    world.import_contacts("\n".join(line for line in CONTACTS.splitlines() if "west" not in line))
    await relay.start()
    await world.settle_down()

    answered = [letter.recipient for letter in relay.taken if letter.recipient != OPS]
    assert answered == [ANN, SOUTH]
    assert not any("0011 2233" in text_of(letter.content) for letter in relay.taken)
    assert world.one("SELECT reason FROM item WHERE state = 'held'") == "gate-at-send"
    told = [subject_of(letter.content) for letter in relay.taken if letter.recipient == OPS]
    assert any("something changed before sending" in subject for subject in told)
    assert any("Recovered" in subject for subject in [*told, *(subject_of(e.content) for e in world.alarms)])


@on_dovecot
async def test_a_relay_that_refuses_our_login_or_sender_rejects_no_letter(world: World, relay: ScriptedSmtp) -> None:
    """535 at the door or 550 at MAIL FROM is our side's trouble: the queue waits, and goes out once it is mended."""
    relay.login = ("codes", "new")
    await world.restart(lambda toml: toml.replace("[relay]", '[relay]\nusername = "codes"\npassword = "old"'))
    await world.arrives(written(ANN, f"Please send the code of {A0}", subject="login"))
    await wait(world, 1)
    assert dict(world.overview().letters) == {"deferred": 1}
    assert [mail.subject for mail in await world.lying("INBOX")] == ["[install codes] Letters do not go out"]
    await world.restart(lambda toml: toml.replace('"old"', '"new"'))
    relay.always("MAIL", say("550 5.7.1 not you"))
    await world.arrives(written(ANN, f"Please send the code of {A1}", subject="sender", at=world.now))
    await wait(world, 1)
    assert dict(world.overview().letters) == {"deferred": 2}
    assert world.overview().holds == 0
    relay.always("MAIL", None)
    await wait(world, 1)

    assert [letter.recipient for letter in relay.taken if letter.recipient != OPS] == [ANN, ANN]


@on_dovecot
async def test_an_address_that_the_relay_refuses_is_for_a_person(world: World, relay: ScriptedSmtp) -> None:
    """RCPT 5xx: no second try, no other address; the device is held and ops read the relay's own words."""
    relay.next("RCPT", say("550 5.1.1 no such user"))
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.settle_down()
    await wait(world, 2)

    (news,) = relay.taken
    assert news.recipient == OPS
    assert "our letter was refused" in subject_of(news.content)
    assert "5.1.1 no such user" in flat(news.content)
    assert [tuple(r) for r in world.rows("SELECT state, reason FROM item")] == [("held", "refused-by-relay")]
    assert len(await world.lying("Install codes/Held")) == 1


@on_dovecot
async def test_a_refused_letter_is_sent_once_its_cause_is_mended(world: World, relay: ScriptedSmtp) -> None:
    """Ops drag the mail to Requests: a new letter, which arrives; the code counts as sent once."""
    relay.next("RCPT", say("550 5.1.1 no such user"))
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.settle_down()
    world.pass_time(hours=3)
    await world.drag("Install codes/Held", "Install codes/Requests")
    await world.settle_down()

    (answer,) = [letter for letter in relay.taken if letter.recipient == ANN]
    assert "83FE D340" in text_of(answer.content)
    assert "Once more" not in flat(answer.content)
    assert world.one("SELECT count(*) FROM release WHERE state = 'released'") == 1
    assert len(await world.lying("Install codes/Done")) == 1


BLOCKED = "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using bl.test"
"""Postfix says at RCPT what it has against our machine or our sender (smtpd_delay_reject)."""
NO_MORE_TODAY = "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message"
"""Exchange Online, after each letter beyond 10,000 recipients a day (MicrosoftDocs/OfficeDocs-Support#1150)."""


async def three_requests(world: World, about: str) -> None:
    """Two companies ask, one of them twice."""
    for sender, device in ((ANN, A0), (WEST, A2), (SOUTH, A1)):
        await world.arrives(written(sender, f"Please send the code of {device}", subject=about, at=world.now))


@on_dovecot
@pytest.mark.parametrize(
    ("verb", "words"), [("RCPT", BLOCKED), ("BODY", NO_MORE_TODAY), ("RCPT", "451 4.3.0 no map"), ("RCPT", "")]
)
async def test_a_relay_that_takes_no_letter_of_ours_hands_none_back(
    world: World, relay: ScriptedSmtp, verb: str, words: str
) -> None:
    """What it says to each letter is said of us: all are kept, the team is told once, and all go when it is over."""
    relay.always(verb, say(words) if words else DROP)
    await three_requests(world, "first")
    await wait(world, 1, step_minutes=1)
    await wait(world, 23)

    assert dict(world.overview().letters) == {"deferred": 3}
    assert world.overview().holds == 0
    (alarm,) = await world.lying("INBOX")
    assert alarm.subject == "[install codes] Letters do not go out"
    assert (words[:30] or "dropped the link at RCPT") in flat(alarm.content)

    relay.always(verb, None)
    await wait(world, 1)
    assert sorted(letter.recipient for letter in relay.taken if letter.recipient != OPS) == [ANN, WEST, SOUTH]
    assert world.overview().troubles == {}


@on_dovecot
async def test_a_letter_that_the_relay_does_not_like_is_for_a_person_though_others_go(
    world: World, relay: ScriptedSmtp
) -> None:
    """Policy words say not whom they mean: that letter is tried once more, and handed back; the others wait for nothing."""
    relay.next("BODY", say("554 5.7.1 message looks like spam"))
    await three_requests(world, "first")
    await world.settle_down()
    assert len(relay.taken) == 2
    relay.next("BODY", say("554 5.7.1 message looks like spam"))
    await wait(world, 1, step_minutes=1)

    (news,) = [letter for letter in relay.taken if letter.recipient == OPS]
    assert "our letter was refused" in subject_of(news.content)
    assert "looks like spam" in flat(news.content)
    assert len([letter for letter in relay.taken if letter.recipient != OPS]) == 2
    assert [tuple(r) for r in world.rows("SELECT reason FROM item WHERE state = 'held'")] == [("refused-by-relay",)]


@on_dovecot
async def test_letters_go_at_the_pace_that_the_relay_bears(world: World, relay: ScriptedSmtp) -> None:
    """Exchange Online closes the link beyond so many letters a minute: the rest waits for the next, and nobody is alarmed."""
    relay.always("BODY", say("421 4.4.2 Message submission rate for this client has exceeded the configured limit"))
    asked = [f"00-DB-12-34-56-78-91-{number:02X}" for number in range(12)]
    for device in asked:
        await world.arrives(written(WEST, f"Please send the code of {device}", subject=device, at=world.now))
    await world.intake.once()
    await world.settling.once()
    relay.next("BODY", *[say("250 2.0.0 Ok")] * 2)
    with pytest.raises(Unavailable, match="submission rate") as told:
        await world.sending.once()
    assert told.value.got_on, "or the team would be told after a while that nothing goes"
    assert len(relay.bodies) <= 2 + world.parts.settings.relay.connections

    for _ in asked:
        relay.next("BODY", *[say("250 2.0.0 Ok")] * 2)
        await wait(world, 0.05, step_minutes=3)
    assert len({text_of(letter.content) for letter in relay.taken}) == len(relay.taken) == 12
    assert world.alarms == []
    assert world.overview().troubles == {}


async def test_a_line_that_breaks_after_the_dot_is_looked_up_before_any_copy(world: World, relay: ScriptedSmtp) -> None:
    """Nobody knows whether it arrived: a copy of the same bytes goes after a while, and never a third beyond two."""
    relay.next("BODY", DROP)
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.settle_down()
    assert world.one("SELECT state FROM letter") == "unknown"
    world.pass_time(minutes=16)
    await world.settle_down()

    (letter,) = relay.taken
    assert [letter.content] * 2 == relay.bodies
    assert tuple(world.rows("SELECT state, resends FROM letter")[0]) == ("accepted", 1)


@on_dovecot
async def test_a_mailbox_that_refuses_our_login_is_told_by_mail(world: World, relay: ScriptedSmtp) -> None:
    """At once, by SMTP, to the team; once; and what was queued goes out all the while."""
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.intake.once()
    await world.restart(lambda toml: toml.replace('password = "pass north"', 'password = "expired"'))
    await world.settle_down()
    await wait(world, 2)

    assert ANN in {letter.recipient for letter in relay.taken}
    alarms = [letter for letter in relay.taken if letter.recipient == OPS]
    assert len(alarms) == 1
    assert "The mailbox cannot be read" in subject_of(alarms[0].content)
    assert "renew the password" in flat(alarms[0].content)

    await world.restart(lambda toml: toml.replace('password = "expired"', 'password = "pass north"'))
    await world.settle_down()
    assert "Recovered" in subject_of(relay.taken[-1].content)
    assert len(await world.lying("Install codes/Done")) == 1


@on_full_dovecot
async def test_answers_go_on_while_the_mailbox_is_full(world: World, relay: ScriptedSmtp) -> None:
    """No copy fits into Sent: suppliers are answered all the same, ops are told; filed is when there is room again."""
    all_but_the_request = bytes(27 << 10)  # no copy of the answer fits beside it
    filler = written("news@meters.test", "x" * 70 + "\n", subject="big", attachment=("big.bin", all_but_the_request))
    await world.arrives(filler)
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.settle_down()
    await wait(world, 1)

    assert [letter.recipient for letter in relay.taken if letter.recipient != OPS] == [ANN]
    (alarm,) = [letter for letter in relay.taken if letter.recipient == OPS]
    assert "Mail is not filed into its folders" in subject_of(alarm.content)
    assert "full" in flat(alarm.content)
    assert await world.lying("Sent") == []

    await world.expunge("INBOX")
    await wait(world, 1)
    assert len(await world.lying("Sent")) == 1
    assert "Recovered" in subject_of(relay.taken[-1].content)
