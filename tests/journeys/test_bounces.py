"""Bounces of our letters, on a real mailbox: what people see of them, and what a forger cannot do (attack row 26)."""

from email import message_from_bytes

from daemon.embedded.stamps import Verdict
from tests.journeys.conftest import on_dovecot
from tests.journeys.world import A0, A1, ANN, CODES, OPS, SOUTH, US, World, flat, subject_of, written
from tests.servers.scripted_smtp import ScriptedSmtp, Taken

pytestmark = on_dovecot


def report(letter: Taken, action: str = "failed", status: str = "5.1.1", *, path: str = "<>", **changes: str) -> bytes:
    """What Postfix makes of a letter of ours; `name` and `to` in place of its Message-ID and recipient."""
    name = changes.get("name") or message_from_bytes(letter.content)["Message-ID"]
    to = changes.get("to", letter.recipient)
    return (
        f"Return-Path: {path}\r\nFrom: MAILER-DAEMON@mx.south.test (Mail Delivery System)\r\nTo: {US}\r\n"
        f"Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <{changes.get('number', '1')}@mx.south.test>\r\n"
        "Date: Mon, 4 Mar 2024 09:00:00 +0000\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you that your message could not be delivered.\r\n"
        "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.south.test\r\n\r\n"
        f"Final-Recipient: rfc822; {to}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} user unknown\r\n"
        f"\r\n--x\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: {US}\r\nMessage-ID: {name}\r\n\r\n--x--\r\n"
    ).encode()


async def answered(world: World, relay: ScriptedSmtp) -> Taken:
    """Ann asked, and was answered; the letter."""
    await world.arrives(written(ANN, f"Please send the codes of {A0} and {A1}"))
    await world.settle_down()
    (letter,) = [one for one in relay.taken if one.recipient == ANN]
    return letter


async def comes(world: World, *mails: bytes) -> None:
    """These arrive, an hour later, and everything that follows happens."""
    world.pass_time(hours=1)
    for mail in mails:
        await world.arrives(mail)
    await world.settle_down()


def told(relay: ScriptedSmtp, saying: str = "") -> list[str]:
    """The subjects of the letters to our team."""
    news = [one for one in relay.taken if one.recipient == OPS and saying in flat(one.content)]
    return [subject_of(one.content).removeprefix("[install codes] ") for one in news]


async def test_an_answer_that_came_back_is_for_a_person(world: World, relay: ScriptedSmtp) -> None:
    """Ops are told at once which letter, to whom and why; they decide; the bounce is filed; no code goes elsewhere."""
    letter = await answered(world, relay)
    await comes(world, report(letter))

    assert {tuple(row) for row in world.rows("SELECT state, reason FROM item")} == {("held", "refused-by-relay")}
    assert f"Our answer to {ANN} came back" in told(relay, "550 5.1.1 user unknown")
    assert any("Held: 2 devices" in subject for subject in told(relay, "the relay said: came back: 550 5.1.1"))
    assert "Undelivered Mail Returned to Sender" in [
        mail.subject for folder in ("Done", "Held") for mail in await world.lying(f"Install codes/{folder}")
    ]
    carried = [one.recipient for one in relay.taken if CODES[A1][:4] in flat(one.content)]
    assert carried == [ANN]
    assert SOUTH not in {one.recipient for one in relay.taken}


async def test_a_warning_changes_nothing(world: World, relay: ScriptedSmtp) -> None:
    """It is filed and noted; nobody is told."""
    letter = await answered(world, relay)
    await comes(world, report(letter, "delayed", "4.4.1"))

    assert {tuple(row) for row in world.rows("SELECT state, reason FROM item")} == {("answered", "answered")}
    assert world.rows("SELECT action, status, certain FROM bounce") == [("delayed", "4.4.1", 1)]
    assert told(relay) == []
    assert len(await world.lying("Install codes/Done")) == 2


async def test_news_for_a_member_whose_mail_comes_back_lie_in_the_mailbox(world: World, relay: ScriptedSmtp) -> None:
    """The only member's address is dead: the team finds the news where it works."""
    await world.arrives(written(ANN, f"Please send the code of {A0}", verdict=Verdict.FAIL))
    await world.settle_down()
    (news,) = [one for one in relay.taken if one.recipient == OPS]
    await comes(world, report(news))

    brought = [subject_of(mail.content) for mail in await world.lying("INBOX")]
    assert any("Not sent to the team: Held: 1 mail" in subject for subject in brought), brought


async def test_row_26_forged_bounces_change_nothing_but_an_alarm(world: World, relay: ScriptedSmtp) -> None:
    """Attack row 26: an invented letter, or ours out of a person's hand: the mails stay, unread, and ops hear once a day."""
    letter = await answered(world, relay)
    tables = [f"SELECT * FROM {name}" for name in ("thread", "item", "release", "bounce")]
    before = [world.rows(query) for query in (*tables, "SELECT * FROM letter WHERE kind = 'answer'")]
    forged = [report(letter, number=f"a{n}", name=f"<{n:a>32}@north.test>".replace(str(n), "b")) for n in range(10)]
    forged += [report(letter, number=f"b{n}", path="<eve@evil.test>") for n in range(10)]
    await comes(world, *forged)

    assert [world.rows(query) for query in (*tables, "SELECT * FROM letter WHERE kind = 'answer'")] == before
    assert told(relay) == ["A report that a letter of ours was not delivered is not believed"]
    lying = await world.lying("INBOX")
    assert [mail.flags for mail in lying] == [frozenset()] * 20
    assert dict(world.overview().today)["doubtful-bounce"] == 20


async def test_a_report_that_is_not_believed_is_told_with_the_letter_that_it_names(
    world: World, relay: ScriptedSmtp
) -> None:
    """The team can look that letter up, and ask whoever was to have it."""
    letter = await answered(world, relay)
    await comes(world, report(letter, path="<eve@evil.test>"))

    (alarm,) = [flat(one.content) for one in relay.taken if "is not believed" in subject_of(one.content)]
    assert f"Letters named our answer to {ANN}: Install codes please" in alarm
    assert world.one("SELECT reference FROM thread") in alarm


async def test_row_26_a_recipient_who_forges_reaches_nobody_else(world: World, relay: ScriptedSmtp) -> None:
    """Attack row 26: Ann has our letter and its Message-ID. Her own devices are held, and no code leaves again."""
    letter = await answered(world, relay)
    await comes(world, *(report(letter, number=str(n)) for n in range(10)))
    elsewhere = report(letter, number="e", to="eve@evil.test")
    await comes(world, elsewhere)

    assert {one.recipient for one in relay.taken} == {ANN, OPS}
    assert len([one for one in relay.taken if one.recipient == ANN]) == 1
    assert len(told(relay, "came back")) <= 2
    assert world.one("SELECT count(*) FROM thread WHERE settled") == 0
