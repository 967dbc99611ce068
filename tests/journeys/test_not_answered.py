"""Mail that gets no answer: what is left exactly where and as it is, and what is held for our own people."""

from daemon.embedded.stamps import Verdict
from tests.journeys.world import A0, A1, A5, ANN, CODES, OPS, US, World, flat, subject_of, text_of, written
from tests.servers.scripted_smtp import ScriptedSmtp

OOO = written(
    ANN,
    f"I am out of office until Monday.\n\n> Please send the code of {A0}",
    subject="Automatic reply: Install codes",
    headers={"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"},
)
BOUNCE = (
    b"Return-Path: <>\r\nFrom: MAILER-DAEMON@south.test\r\nTo: " + US.encode() + b"\r\n"
    b"Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <b1@south.test>\r\n"
    b"Date: Mon, 4 Mar 2024 09:00:00 +0000\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
    b"--x\r\nContent-Type: text/plain\r\n\r\nUser unknown. You had asked for the install code of "
    + A0.encode()
    + b"\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; south.test\r\n\r\n"
    b"Final-Recipient: rfc822; nobody@south.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--x--\r\n"
)
NEWSLETTER = written(
    "news@meters.test",
    "Ten things you did not know about install codes. To unsubscribe, click here.",
    subject="Smart Metering Weekly",
    headers={"List-Unsubscribe": "<https://meters.test/u>", "List-Id": "weekly.meters.test"},
)
STRANGER = written("joe@nobody.test", f"Please send me the install code of {A0}", subject="install code", verdict=None)
CHAT = written(ANN, "Are you coming to the SECAS forum on Thursday? Lunch is on us.", subject="Thursday")
FROM_OPS = written(OPS, f"Can somebody look at {A0} please? I promised Ann an answer.", subject="for the team")
FROM_US = written(US, f"Dear team, here is what you asked for: {A0}", subject="Re: your request")
LEFT_ALONE = {
    "auto-reply": OOO,
    "bounce": BOUNCE,
    "not-ours": NEWSLETTER,
    "stranger": STRANGER,
    "ops-mail": FROM_OPS,
    "own-mail": FROM_US,
}


async def test_what_is_none_of_ours_stays_exactly_as_it_was(world: World, relay: ScriptedSmtp) -> None:
    """Same place, same order, same bytes, unread; nobody is written to; and of it only a hash is kept."""
    mails = [*LEFT_ALONE.values(), CHAT]
    for mail in mails:
        await world.arrives(mail)
    before = await world.lying("INBOX")
    await world.settle_down()
    world.pass_time(days=3)
    await world.settle_down()

    assert before == await world.lying("INBOX")
    assert [frozenset()] * len(mails) == [mail.flags for mail in before]
    assert relay.taken == []
    assert [*LEFT_ALONE, "not-ours"] == [row.reason for row in world.rows("SELECT reason FROM mail ORDER BY id")]
    columns = "subject, sender, message_id, party, proof, case_id, wanted_folder"
    assert world.rows("SELECT mail_id FROM mail_content") == []
    assert {(None,) * 7} == {tuple(row) for row in world.rows(f"SELECT {columns} FROM mail")}
    assert all(world.rows("SELECT raw_sha FROM mail WHERE length(raw_sha) = 64"))


async def test_mail_that_people_have_flagged_keeps_its_flags(world: World, relay: ScriptedSmtp) -> None:
    """A newsletter that somebody read and starred stays read and starred."""
    await world.hands.append("INBOX", NEWSLETTER, ("\\Seen", "\\Flagged"), world.now)
    await world.settle_down()

    assert [{"\\Seen", "\\Flagged"}] == [mail.flags for mail in await world.lying("INBOX")]


async def test_our_own_letter_that_comes_back_is_not_answered(world: World, relay: ScriptedSmtp) -> None:
    """A copy of our answer that reaches our own mailbox, by a list or a rule, begins nothing."""
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.settle_down()
    for verdict in (None, Verdict.PASS):
        back = relay.taken[0].content
        await world.arrives(back if verdict is None else b"Received: from a list\r\n" + back)
    await world.settle_down()

    assert len(relay.taken) == 1
    assert len(await world.lying("INBOX")) == 2


HELD = {
    "forged": (written(ANN, f"Urgent! Send the code of {A0}", verdict=Verdict.FAIL), "unproven-sender"),
    "no verdict": (written(ANN, f"Please send the code of {A0}", verdict=None), "unproven-sender"),
    "spf alone": (written(ANN, f"Please send the code of {A0}", verdict=Verdict.SPF_ONLY), "spf-only-sender"),
    "unlisted": (written("pat@meterworks.test", f"Please send the install code of {A0}"), "unlisted-sender"),
    "look-alike": (written("ann@s0uth.test", f"Please send the install code of {A0}"), "lookalike-domain"),
    "elsewhere": (
        written("ann@x.south.test", f"Please send the install code of {A1}", verdict=Verdict.FAIL),
        "unproven-sender",
    ),
    "two senders": (
        written(ANN, f"Please send the code of {A0}").replace(b"From: ", b"From: Eve <eve@evil.test>\r\nFrom: ", 1),
        "ambiguous-sender",
    ),
}


async def test_doubtful_senders_are_held_and_hear_nothing(world: World, relay: ScriptedSmtp) -> None:
    """No letter to anybody but ops, who are told what and why, with a due date; the mails lie in Held, unread."""
    for mail, _ in HELD.values():
        await world.arrives(mail)
    await world.settle_down()

    assert {OPS} == {letter.recipient for letter in relay.taken}
    rows = world.rows("SELECT reason, fate, held_due FROM mail ORDER BY id")
    assert [(reason, "held", "2024-03-18") for _, reason in HELD.values()] == [tuple(row) for row in rows]
    assert [frozenset()] * len(HELD) == [m.flags for m in await world.lying("Install codes/Held")]
    assert await world.lying("INBOX") == []
    assert world.one("SELECT count(*) FROM thread") == 0
    assert all("by Mon 18 Mar 2024" in flat(news.content) for news in relay.taken)
    assert not any(code in news.content.decode() for code in CODES.values() for news in relay.taken)


async def test_a_stranger_stays_silent_however_often_it_writes(world: World, relay: ScriptedSmtp) -> None:
    """Unproven and unlisted: counted in `status`, never answered, never told to ops one by one."""
    for number in range(5):
        mail = written("joe@nobody.test", f"Send me the install code of {A0}, try {number}", verdict=None)
        await world.arrives(mail)
    await world.settle_down()

    assert relay.taken == []
    assert len(await world.lying("INBOX")) == 5
    assert dict(world.overview().today) == {"stranger": 5}


async def test_a_forgery_beside_the_genuine_mail_takes_nothing_from_it(world: World, relay: ScriptedSmtp) -> None:
    """The same words, forged first: the genuine one is answered all the same, the forged one is held."""
    body = f"Please send the code of {A0}"
    await world.arrives(written(ANN, body, verdict=Verdict.FAIL, message_id="<same@south.test>"))
    await world.settle_down()
    await world.arrives(written(ANN, body, message_id="<same@south.test>"))
    await world.settle_down()

    assert sorted([ANN, OPS]) == sorted(letter.recipient for letter in relay.taken)
    assert [row.reason for row in world.rows("SELECT reason FROM mail ORDER BY id")] == ["unproven-sender", "request"]


async def test_codes_that_nobody_asked_for_are_for_people(world: World, relay: ScriptedSmtp) -> None:
    """An answer to something our people asked by hand: filed in Answers, ops told, and nothing written back."""
    await world.arrives(written(ANN, f"Here is what you asked for: {A5} {CODES[A1]}", subject="Re: install code"))
    await world.settle_down()

    assert [letter.recipient for letter in relay.taken] == [OPS]
    assert len(await world.lying("Install codes/Answers")) == 1
    assert CODES[A1] not in text_of(relay.taken[0].content)
    assert "brings install codes" in subject_of(relay.taken[0].content)
