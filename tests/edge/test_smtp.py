"""The relay: every fault at every stage has one meaning, and nothing that may have been sent looks unsent."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.edge.smtp import LETTERS_A_LINK, Relay, RelayAccount
from daemon.edge.smtp.link import shown, wire_form
from daemon.errors import ConfigError, Deferred, LoginRefused, OutcomeUnknown, Refused, Unavailable
from daemon.mail.message import Envelope
from tests.servers import certificates
from tests.servers.certificates import Certificates
from tests.servers.postfix import Postfix
from tests.servers.scripted_smtp import DROP, EXTENSIONS, RESET, SILENCE, Act, ScriptedSmtp, say

CODE = "83FE D340 7A93 9723 A5C6 39B2 6916 D505"
CONTENT = b"Message-ID: <abc@losing.example>\r\nSubject: codes\r\n\r\n.a line with a dot\r\nthe end\r\n"
ENVELOPE = Envelope("codes@losing.example", "mp121@gaining.example", "<abc@losing.example>", CONTENT)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedSmtp]:
    """A server that takes everything, until a test says otherwise."""
    async with ScriptedSmtp() as running:
        yield running


def account(port: int, **changes: object) -> RelayAccount:
    """The way to a server on loopback without TLS; every wait is short."""
    fields: dict[str, object] = {"security": "none", "timeout_s": 5.0, "dot_timeout_s": 5.0, "connections": 1}
    return RelayAccount("127.0.0.1", port, **(fields | changes))  # type: ignore[arg-type]


async def nothing() -> None:
    """A letter without a mark."""


async def send(server: ScriptedSmtp, **changes: object) -> str:
    """One letter over a relay of its own."""
    relay = Relay(account(server.port, **changes))
    try:
        return await relay.send(ENVELOPE, nothing)
    finally:
        await relay.close()


PARTIAL = Act(b"25", then="drop")
NOISE = Act(b"\x00\xff what is this\r\n", then="drop")
FAULTS: list[tuple[str, Act, type[Exception]]] = [
    ("CONNECT", say("421 4.3.2 too busy"), Unavailable),
    ("CONNECT", say("554 5.7.1 not you"), Unavailable),
    ("CONNECT", DROP, Unavailable),
    ("CONNECT", RESET, Unavailable),
    ("CONNECT", SILENCE, Unavailable),
    ("EHLO", say("421 4.3.2 too busy"), Unavailable),
    ("EHLO", DROP, Unavailable),
    ("EHLO", RESET, Unavailable),
    ("MAIL", say("421 4.3.2 too busy"), Unavailable),
    ("MAIL", say("451 4.3.0 later"), Unavailable),
    ("MAIL", say("530 5.7.0 log in first"), Unavailable),
    ("MAIL", say("535 5.7.8 who are you"), Unavailable),
    ("MAIL", say("550 5.1.8 we do not know this sender"), Unavailable),
    ("MAIL", say("552 5.3.4 too big"), Refused),
    ("MAIL", DROP, Unavailable),
    ("MAIL", RESET, Unavailable),
    ("MAIL", SILENCE, Unavailable),
    ("MAIL", PARTIAL, Unavailable),
    ("MAIL", NOISE, Unavailable),
    ("RCPT", say("450 4.2.1 greylisted"), Deferred),
    ("RCPT", say("421 4.7.0 slow down"), Deferred),
    ("RCPT", say("550 5.1.1 no such user"), Refused),
    ("RCPT", say("530 5.7.0 log in first"), Unavailable),
    ("RCPT", DROP, Deferred),
    ("RCPT", RESET, Deferred),
    ("RCPT", SILENCE, Deferred),
    ("RCPT", PARTIAL, Deferred),
    ("DATA", say("451 4.3.0 later"), Deferred),
    ("DATA", say("554 5.7.1 no"), Refused),
    ("DATA", say("250 2.0.0 what?"), Deferred),
    ("DATA", DROP, Deferred),
    ("DATA", RESET, Deferred),
    ("DATA", SILENCE, Deferred),
    ("DATA", Act(b"35", then="drop"), Deferred),
    ("BODY", say("421 4.3.2 closing"), Deferred),
    ("BODY", say("451 4.3.0 later"), Deferred),
    ("BODY", say("554 5.7.1 spam"), Refused),
    ("BODY", say("354 more?"), OutcomeUnknown),
    ("BODY", DROP, OutcomeUnknown),
    ("BODY", RESET, OutcomeUnknown),
    ("BODY", SILENCE, OutcomeUnknown),
    ("BODY", PARTIAL, OutcomeUnknown),
    ("BODY", NOISE, OutcomeUnknown),
    ("BODY", Act(b"250-2.0.0 Ok and\r\n", then="drop"), OutcomeUnknown),
]


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "one-by-one"])
@pytest.mark.parametrize(
    ("verb", "act", "meaning"), FAULTS, ids=[f"{v}-{a.octets[:3].hex()}{a.then}" for v, a, _ in FAULTS]
)
async def test_a_fault_means_what_its_stage_says(
    verb: str, act: Act, meaning: type[Exception], pipelining: bool
) -> None:
    """Before DATA nothing was sent, after the dot without a word nobody can say; with or without PIPELINING."""
    extensions = EXTENSIONS if pipelining else EXTENSIONS[1:]
    async with ScriptedSmtp(extensions=extensions) as server:
        server.always(verb, act)
        with pytest.raises(meaning) as raised:
            await send(server, timeout_s=0.3, dot_timeout_s=0.3)
    assert type(raised.value) is meaning
    assert server.taken == []
    assert (verb == "BODY") == bool(server.bodies)


@pytest.mark.parametrize("act", [Act(b"250 2.0.0 Ok\r\n", then="reset"), Act(b"250 2.0.0 Ok\r\n", then="drop")])
async def test_trouble_after_the_acceptance_is_of_no_account(server: ScriptedSmtp, act: Act) -> None:
    """A letter that was taken is taken, however the line ends; the next goes over a new link."""
    server.next("BODY", act)
    relay = Relay(account(server.port))
    assert await relay.send(ENVELOPE, nothing) == "250 2.0.0 Ok"
    assert "queued" in await relay.send(ENVELOPE, nothing)
    await relay.close()
    assert len(server.taken) == 2


async def test_the_mark_stands_before_anything_of_the_letter_is_said(server: ScriptedSmtp) -> None:
    """`before_data` is awaited when there is a link, on which neither DATA nor what leads to it was said."""
    said: list[str] = []

    async def mark() -> None:
        said.extend(line.split(" ")[0] for line in server.heard)

    relay = Relay(account(server.port))
    await relay.send(ENVELOPE, mark)
    await relay.send(ENVELOPE, mark)
    await relay.close()
    assert said == ["EHLO", *["EHLO", "MAIL", "RCPT", "DATA"]]
    assert len(server.taken) == 2


async def test_the_last_look_stands_between_354_and_the_letter(server: ScriptedSmtp) -> None:
    """What `before_body` raises ends the attempt when the relay waits for the letter: no octet of it went."""

    def no_more_ours() -> None:
        assert server.heard[-1] == "DATA"
        raise Unavailable("the mailbox is another's")

    relay = Relay(account(server.port))
    with pytest.raises(Unavailable, match="another's"):
        await relay.send(ENVELOPE, nothing, no_more_ours)
    await server.quiet()
    await relay.send(ENVELOPE, nothing)
    await relay.close()
    assert server.connections == 2
    assert len(server.bodies) == 1


async def test_without_the_mark_nothing_is_sent(server: ScriptedSmtp) -> None:
    """Where the mark cannot be made DATA is never said, and the link is given up."""

    async def no_mark() -> None:
        raise Unavailable("the database is away")

    relay = Relay(account(server.port))
    with pytest.raises(Unavailable, match="database"):
        await relay.send(ENVELOPE, no_mark)
    await relay.send(ENVELOPE, nothing)
    await relay.close()
    assert server.heard.count("DATA") == 1
    assert server.connections == 2


async def test_one_refused_recipient_does_not_spoil_the_link(server: ScriptedSmtp) -> None:
    """After RCPT 5xx the link is reset and carries the next letter."""
    server.next("RCPT", say("550 5.1.1 no such user"))
    relay = Relay(account(server.port))
    with pytest.raises(Refused, match=r"RCPT: 550 5\.1\.1 no such user"):
        await relay.send(ENVELOPE, nothing)
    await relay.send(ENVELOPE, nothing)
    await relay.close()
    assert server.connections == 1
    assert server.heard.count("RSET") == 1
    assert len(server.taken) == 1


async def test_the_octets_that_arrive_are_the_envelopes(server: ScriptedSmtp) -> None:
    """Dots are doubled on the wire and the content arrives octet by octet, to one recipient."""
    await send(server)
    [taken] = server.taken
    assert taken.content == CONTENT
    assert b"\r\n..a line with a dot\r\n" in taken.wire
    assert (taken.sender, taken.recipient) == (ENVELOPE.sender, ENVELOPE.recipient)


async def test_a_dsn_brings_headers_back_and_never_the_letter(server: ScriptedSmtp) -> None:
    """RET=HDRS, our Message-ID as ENVID, and NOTIFY are asked for where the relay offers DSN."""
    await send(server)
    mail, rcpt = server.taken[0].options
    assert mail.split() == [f"SIZE={len(server.taken[0].wire)}", "RET=HDRS", "ENVID=abc@losing.example"]
    assert rcpt == "NOTIFY=FAILURE,DELAY"


async def test_nothing_is_asked_for_that_is_not_offered() -> None:
    """A bare relay gets bare commands."""
    async with ScriptedSmtp(extensions=()) as server:
        await send(server)
        assert server.taken[0].options == ("", "")


async def test_an_address_beyond_ascii_needs_the_relays_word_for_it() -> None:
    """SMTPUTF8 is asked for where offered; elsewhere the letter is refused and nothing is sent."""
    envelope = Envelope(ENVELOPE.sender, "zoë@gaining.example", ENVELOPE.message_id, CONTENT)
    async with ScriptedSmtp() as server:
        relay = Relay(account(server.port))
        await relay.send(envelope, nothing)
        await relay.close()
        assert "SMTPUTF8" in server.taken[0].options[0]
    async with ScriptedSmtp(extensions=()) as server:
        relay = Relay(account(server.port))
        with pytest.raises(Refused, match="ASCII"):
            await relay.send(envelope, nothing)
        assert not any(line.startswith("MAIL") for line in server.heard)


@pytest.mark.parametrize(
    "recipient",
    ["a@b>\r\nRCPT TO:<evil@c", "a b@c.example", "<a@b.example>", "a@b.example\x00", "", "nobody", "a@b.example\n"],
)
async def test_no_address_says_a_command_of_its_own(server: ScriptedSmtp, recipient: str) -> None:
    """Controls, blanks and brackets in an address never reach the wire (row 52)."""
    relay = Relay(account(server.port))
    with pytest.raises(Refused):
        await relay.send(Envelope(ENVELOPE.sender, recipient, ENVELOPE.message_id, CONTENT), nothing)
    assert server.heard == []


# Links ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_link_is_kept_for_a_hundred_letters(server: ScriptedSmtp) -> None:
    """One login serves a hundred letters; then the link is made anew."""
    relay = Relay(account(server.port))
    for _ in range(LETTERS_A_LINK + 1):
        await relay.send(ENVELOPE, nothing)
    await relay.close()
    assert server.connections == 2
    assert len(server.taken) == LETTERS_A_LINK + 1


async def test_letters_go_side_by_side_on_several_links(server: ScriptedSmtp) -> None:
    """No more links than the account allows, and each letter arrives once."""
    relay = Relay(account(server.port, connections=3))
    letters = [Envelope("a@x.example", f"m{n}@y.example", f"<{n}@x.example>", CONTENT) for n in range(20)]
    await asyncio.gather(*(relay.send(letter, nothing) for letter in letters))
    await relay.close()
    assert server.connections <= 3
    assert sorted(t.recipient for t in server.taken) == sorted(letter.recipient for letter in letters)


async def test_once_one_link_got_in_the_others_are_made_side_by_side(server: ScriptedSmtp) -> None:
    """A link to which the relay says nothing yet holds up none that comes after it."""
    server.next("CONNECT", say("220 hello"), SILENCE)
    relay = Relay(account(server.port, connections=3))
    sending = [asyncio.create_task(relay.send(ENVELOPE, nothing)) for _ in range(3)]
    finished = asyncio.as_completed(sending)
    assert [await next(finished) for _ in range(2)] == ["250 2.0.0 Ok: queued as 4WxYz1"] * 2
    assert [one.done() for one in sending].count(False) == 1
    await server.say_now(b"220 at last\r\n")
    await next(finished)
    await relay.close()
    assert len(server.taken) == server.connections == 3


async def at_work(relay: Relay) -> tuple["asyncio.Task[str]", asyncio.Event]:
    """A letter that has its link, and what lets it go on."""
    ready, go_on = asyncio.Event(), asyncio.Event()

    async def mark() -> None:
        ready.set()
        await go_on.wait()

    first = asyncio.create_task(relay.send(ENVELOPE, mark))
    await ready.wait()
    return first, go_on


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "AUTH"])
async def test_a_relay_that_bears_no_further_link_gets_all_on_those_it_has(verb: str) -> None:
    """What it says at the door of one link more is no trouble while another works; the letters go there, each once."""
    async with ScriptedSmtp(login=("codes", "right")) as server:
        relay = Relay(account(server.port, username="codes", password=lambda: "right", connections=4))
        first, go_on = await at_work(relay)
        server.always(verb, say("432 4.3.2 concurrent connections limit exceeded"))
        others = [asyncio.create_task(relay.send(ENVELOPE, nothing)) for _ in range(5)]
        while server.connections < 4:  # noqa: ASYNC110  # the server counts, and rings no bell
            await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(first, *others)
        await relay.close()
        assert (server.connections, len(server.taken)) == (4, 6)


async def test_a_link_that_was_left_meanwhile_is_used(server: ScriptedSmtp) -> None:
    """The one letter at work ends before the relay refuses a second link: what waited for that goes on the first."""
    relay = Relay(account(server.port, connections=2))
    await relay.send(ENVELOPE, nothing)
    (kept,) = relay._idle
    relay._idle.clear()
    server.next("CONNECT", SILENCE)
    waits = asyncio.create_task(relay.send(ENVELOPE, nothing))
    await server.silent.wait()
    relay._idle.append(kept)
    await server.say_now(b"421 4.7.0 too many connections\r\n")
    assert "queued" in await waits
    await relay.close()
    assert (server.connections, len(server.taken)) == (2, 2)


async def test_a_link_too_many_is_told_after_its_letter(server: ScriptedSmtp) -> None:
    """That letter is put off, as it is said; those that come next go on the links that the relay bears."""
    relay = Relay(account(server.port, connections=2))
    first, go_on = await at_work(relay)
    server.next("BODY", say("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"))
    with pytest.raises(Deferred):
        await relay.send(ENVELOPE, nothing)
    waits = asyncio.create_task(relay.send(ENVELOPE, nothing))
    await send(server)  # another relay's letter: it takes longer than the one that waits would have taken
    assert not waits.done()
    go_on.set()
    await asyncio.gather(first, waits)
    await relay.close()
    assert (server.connections, len(server.taken)) == (3, 3)


async def test_where_the_first_link_is_not_borne_that_is_trouble(server: ScriptedSmtp) -> None:
    """Nobody waits for a turn that no letter will end; and once it is over all links are there again."""
    relay = Relay(account(server.port, connections=3))
    server.always("CONNECT", say("421 4.3.2 too busy"))
    ends = await asyncio.gather(*(relay.send(ENVELOPE, nothing) for _ in range(3)), return_exceptions=True)
    assert {type(end) for end in ends} == {Unavailable}
    server.always("CONNECT", None)
    together = asyncio.Barrier(3)

    async def meets() -> None:
        await together.wait()

    await asyncio.gather(*(relay.send(ENVELOPE, meets) for _ in range(3)))
    await relay.close()


@pytest.mark.parametrize("farewell", [say("421 4.4.2 idle too long"), DROP])
async def test_a_link_that_died_while_idle_is_made_anew(farewell: Act) -> None:
    """The relay closing a kept link is no trouble: the letter goes over a new one, once."""
    async with ScriptedSmtp() as server:
        relay = Relay(account(server.port))
        await relay.send(ENVELOPE, nothing)
        server.next("MAIL", farewell)
        await relay.send(ENVELOPE, nothing)
        await relay.close()
        assert server.connections == 2
        assert len(server.taken) == 2


async def test_words_that_nobody_asked_for_end_a_link(server: ScriptedSmtp) -> None:
    """A second reply after the dot would be taken for the next command's: the link is left."""
    server.next("BODY", Act(b"250 2.0.0 Ok\r\n250 2.0.0 and again\r\n"))
    relay = Relay(account(server.port))
    await relay.send(ENVELOPE, nothing)
    server.next("RCPT", say("550 5.1.1 no such user"))
    with pytest.raises(Refused):
        await relay.send(ENVELOPE, nothing)
    await relay.close()
    assert server.connections == 2


async def test_what_leads_to_the_letter_travels_together_where_the_relay_takes_it(server: ScriptedSmtp) -> None:
    """With PIPELINING a slow MAIL reply holds back neither RCPT nor DATA."""
    server.next("MAIL", Act(b"550 5.1.8 no\r\n"))
    with pytest.raises(Unavailable):
        await send(server)
    await server.quiet()
    assert [line.split(" ")[0] for line in server.heard][-3:] == ["MAIL", "RCPT", "DATA"]


async def test_without_pipelining_nothing_is_said_ahead_of_a_reply() -> None:
    """A relay that refuses MAIL or RCPT hears no DATA."""
    async with ScriptedSmtp(extensions=EXTENSIONS[1:]) as server:
        relay = Relay(account(server.port))
        server.next("RCPT", say("550 5.1.1 no such user"))
        with pytest.raises(Refused):
            await relay.send(ENVELOPE, nothing)
        await relay.close()
        assert "DATA" not in server.heard


@pytest.mark.parametrize(("refusal", "meaning"), [("550 5.1.1 nobody", Refused), ("450 4.2.1 later", Deferred)])
async def test_a_relay_that_waits_for_a_letter_to_nobody_gets_none(
    server: ScriptedSmtp, refusal: str, meaning: type[Exception]
) -> None:
    """RCPT was refused and DATA, said in one go with it, taken (RFC 2920 3.1): we hang up, and the next letter goes."""
    server.next("RCPT", say(refusal))
    server.next("NOBODY", say("354 go on all the same"))
    relay = Relay(account(server.port))
    with pytest.raises(meaning, match="RCPT"):
        await relay.send(ENVELOPE, nothing)
    await relay.send(ENVELOPE, nothing)
    await relay.close()
    assert server.connections == 2
    assert len(server.bodies) == len(server.taken) == 1


# Getting in ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_login_that_is_good_gets_in() -> None:
    """The password is asked for at the login and arrives as it is."""
    async with ScriptedSmtp(login=("codes", "päss word")) as server:
        await send(server, username="codes", password=lambda: "päss word")
        assert len(server.taken) == 1


async def test_a_refused_login_is_told_apart_and_said_once() -> None:
    """Four links waiting with a bad password make one attempt, not four, and nothing is sent."""
    async with ScriptedSmtp(login=("codes", "right")) as server:
        relay = Relay(account(server.port, username="codes", password=lambda: "wrong", connections=4))
        ends = await asyncio.gather(*(relay.send(ENVELOPE, nothing) for _ in range(4)), return_exceptions=True)
        assert {type(end) for end in ends} == {LoginRefused}
        assert server.connections == 1
        assert [line.split(" ")[:2] for line in server.heard if line.startswith("AUTH")] == [["AUTH", "PLAIN"]]
        assert server.bodies == []


@pytest.mark.parametrize("reply", ["535 5.7.8 no such login: {}", "500 what is AUTH PLAIN {}"])
async def test_a_password_that_the_relay_quotes_is_not_repeated(reply: str) -> None:
    """No spelling of the password stands in what we raise (row 59)."""
    async with ScriptedSmtp(login=("codes", "right")) as server:
        for quoted in ("hunter2-canary", "AGNvZGVzAGh1bnRlcjItY2FuYXJ5", "aHVudGVyMi1jYW5hcnk="):
            server.always("AUTH", say(reply.format(quoted)))
            with pytest.raises(LoginRefused) as raised:
                await send(server, username="codes", password=lambda: "hunter2-canary")
            assert "[hidden]" in str(raised.value)
            assert quoted not in str(raised.value)


async def test_a_login_that_cannot_be_checked_now_is_tried_again_later() -> None:
    """AUTH 454 is the relay's trouble and no refusal."""
    async with ScriptedSmtp(login=("codes", "right")) as server:
        server.always("AUTH", say("454 4.7.0 temporary failure"))
        with pytest.raises(Unavailable) as raised:
            await send(server, username="codes", password=lambda: "right")
        assert type(raised.value) is Unavailable


async def test_a_way_of_logging_in_that_is_announced_in_vain_is_followed_by_the_next() -> None:
    """AUTH PLAIN announced and not known (RFC 4954 6): LOGIN is tried, for no password was refused."""
    async with ScriptedSmtp(login=("codes", "right")) as server:
        server.next("AUTH", say("504 5.5.4 mechanism not supported"))
        await send(server, username="codes", password=lambda: "right")
        assert [line.split(" ")[1] for line in server.heard if line.startswith("AUTH")] == ["PLAIN", "LOGIN"]
        assert len(server.taken) == 1


async def test_a_relay_that_had_too_many_logins_is_left_alone() -> None:
    """Gmail counts them: coming back each minute would make it longer."""
    async with ScriptedSmtp(login=("codes", "right")) as server:
        server.always("AUTH", say("454 4.7.0 Too many login attempts, please try again later."))
        with pytest.raises(Unavailable, match="Too many") as raised:
            await send(server, username="codes", password=lambda: "right")
    assert type(raised.value) is Unavailable
    assert raised.value.wait_s == 300
    assert sum(line.startswith("AUTH") for line in server.heard) == 1


async def test_check_logs_in_and_sends_nothing() -> None:
    """`check` is a login and a farewell."""
    async with ScriptedSmtp(login=("codes", "right")) as server:
        await Relay(account(server.port, username="codes", password=lambda: "right")).check()
        await server.quiet()
        assert [line.split(" ")[0] for line in server.heard] == ["EHLO", "AUTH", "QUIT"]


async def test_a_relay_that_is_not_there_is_unavailable(server: ScriptedSmtp) -> None:
    """A refused connection is our side's trouble."""
    await server.stop()
    with pytest.raises(Unavailable, match="relay"):
        await send(server)


# TLS ────────────────────────────────────────────────────────────────────────────────────────────────


def server_context(files: Certificates) -> ssl.SSLContext:
    """What the server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    return context


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_verified_link_carries_the_letter(tmp_path: Path, security: str) -> None:
    """TLS from the start, or after STARTTLS, with the login inside it."""
    files = certificates.make(tmp_path)
    async with ScriptedSmtp(
        login=("codes", "right"), context=server_context(files), implicit_tls=security == "tls"
    ) as server:
        await send(server, security=security, ca_file=files.ca, username="codes", password=lambda: "right")
        assert len(server.taken) == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("fault", ["unknown authority", "wrong name", "expired"])
async def test_a_certificate_that_proves_nothing_is_refused(tmp_path: Path, security: str, fault: str) -> None:
    """Row 57: an unknown authority, another host's name and a date gone by: no login, no letter."""
    files = certificates.make(tmp_path, names=("elsewhere.test",), expired=fault == "expired")
    other = tmp_path / "other"
    other.mkdir()
    ca_file = certificates.make(other).ca if fault == "unknown authority" else files.ca
    host = "localhost" if fault == "wrong name" else "127.0.0.1"
    async with ScriptedSmtp(
        login=("codes", "right"), context=server_context(files), implicit_tls=security == "tls"
    ) as server:
        relay = Relay(
            RelayAccount(
                host,
                server.port,
                security,
                "codes",
                lambda: "right",
                ca_file,
                timeout_s=5.0,  # type: ignore[arg-type]
            )
        )
        with pytest.raises(Unavailable):
            await relay.send(ENVELOPE, nothing)
        assert not any(line.startswith(("AUTH", "MAIL")) for line in server.heard)


async def test_a_stripped_starttls_gets_no_login() -> None:
    """Row 57: where STARTTLS is not offered the link is left before anything is said of us, though a login is."""
    async with ScriptedSmtp(login=("codes", "right")) as server:
        with pytest.raises(Unavailable, match="STARTTLS"):
            await send(server, security="starttls", username="codes", password=lambda: "right")
        assert [line.split(" ")[0] for line in server.heard] == ["EHLO"]


async def test_what_is_injected_before_tls_is_not_believed(tmp_path: Path) -> None:
    """Row 57: replies that came in the clear behind the 220 are not taken for the protected server's."""
    files = certificates.make(tmp_path)
    async with ScriptedSmtp(context=server_context(files), login=("codes", "right")) as server:
        server.next("STARTTLS", Act(b"220 2.0.0 Ready\r\n250-evil.test\r\n250 AUTH LOGIN\r\n250 Ok\r\n"))
        with contextlib.suppress(Unavailable):  # where the forged octets came apart from the 220, TLS breaks on them
            await send(server, security="starttls", ca_file=files.ca, username="codes", password=lambda: "right")
        logged_in = any(line.startswith("AUTH") for line in server.heard)
        asked_inside = sum(line.startswith("EHLO") for line in server.heard) == 2
        assert asked_inside or not logged_in


@pytest.mark.parametrize("host", ["relay.example", "10.0.0.1", "::", "localhost.example"])
def test_plain_text_stays_on_this_machine(host: str) -> None:
    """Without TLS no relay but loopback is even built."""
    with pytest.raises(ConfigError, match="loopback"):
        Relay(RelayAccount(host, 25, "none"))


# Words ──────────────────────────────────────────────────────────────────────────────────────────────


@given(st.binary(max_size=400))
def test_what_goes_on_the_wire_ends_once_and_nowhere_before(content: bytes) -> None:
    """Row 53: no bare CR or LF, no lone dot but the last line's, and undoing it gives the lines back."""
    wire = wire_form(content)
    lines = wire.split(b"\r\n")
    assert lines[-2:] == [b".", b""]
    assert b"." not in lines[:-2]
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    plain = b"\r\n".join(line.removeprefix(b".") for line in lines[:-2])
    assert plain.split(b"\r\n") == content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(
        b"\n"
    )


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("2.0.0 Ok: queued as 4WxYz1", "2.0.0 Ok: queued as 4WxYz1"),
        (f"5.7.1 forbidden content: {CODE} in it", "5.7.1 forbidden content: [hidden] in it"),
        ("5.7.1 " + CODE.replace(" ", "").lower(), "5.7.1 [hidden]"),
        ("5.7.1 \x1b[31mred\x00\u202e", "5.7.1 [31mred"),
        ("x" * 999, "x" * 300),
    ],
)
def test_a_relays_words_are_kept_in_one_harmless_line(said: str, kept: str) -> None:
    """Row 59: a content filter that quotes the letter gives no code away; controls and length are tamed."""
    assert shown(said).strip() == kept


async def test_a_code_that_the_relay_quotes_is_in_no_exception(server: ScriptedSmtp) -> None:
    """Row 59: the refusal that we raise, log and keep does not hold it."""
    server.always("BODY", say(f"554 5.7.1 blocked: {CODE}"))
    with pytest.raises(Refused) as raised:
        await send(server)
    assert CODE not in repr(raised.value)
    assert "[hidden]" in str(raised.value)


def test_an_account_and_an_envelope_show_no_secret() -> None:
    """Neither the password nor the bytes of a letter stand in a repr."""
    assert "hunter2" not in repr(account(25, username="codes", password=lambda: "hunter2"))
    assert "the end" not in repr(ENVELOPE)


# A real relay ───────────────────────────────────────────────────────────────────────────────────────


async def test_postfix_takes_our_letters(postfix: Postfix) -> None:
    """A real relay over verified TLS with a login: good recipients are taken, and a stranger's is refused."""
    name, word = next(iter(postfix.dovecot.users.items()))
    relay = Relay(
        RelayAccount(postfix.host, postfix.smtp_port, "starttls", name, lambda: word, postfix.ca, connections=2)
    )
    letters = [Envelope(name, "codes@south.test", f"<{n}@north.test>", CONTENT) for n in range(12)]
    replies = await asyncio.gather(*(relay.send(letter, nothing) for letter in letters))
    await relay.close()
    assert all(reply.startswith("250 2.0.0 Ok: queued as") for reply in replies)
