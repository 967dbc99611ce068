"""The embedded server: takes mail in as a real exchanger does, and plays the relay that a test wants."""

import asyncio
import smtplib
from datetime import UTC, datetime

import pytest

from daemon.embedded.server import EmbeddedMail, SentMail, Verdict
from daemon.embedded.stamps import from_domain
from daemon.mail import headers
from daemon.mail.message import Evidence
from daemon.mail.sender.authres import Trust
from daemon.mail.sender.origin import read_origin

NORTH, SOUTH = "codes@north.test", "codes@south.test"
USERS = {NORTH: "pw north", SOUTH: "pw south"}
AUTHSERV = "mx.north.test"
RAW = b"From: Ann <ann@south.test>\r\nTo: codes@north.test\r\nSubject: x\r\nMessage-ID: <1@south.test>\r\n\r\n.dot\r\n"
FORGED = b"Authentication-Results: mx.north.test; dmarc=pass header.from=south.test; dkim=pass header.d=south.test\r\n"


def handed_in(server: EmbeddedMail, *mails: bytes, login: str = SOUTH, to: tuple[str, ...] = (NORTH,)) -> None:
    """A client hands mail in by SMTP."""
    with smtplib.SMTP(server.host, server.smtp_port, timeout=20) as link:
        if login:
            link.login(login, USERS[login])
        for mail in mails:
            link.sendmail(login or "eve@evil.test", to, mail)


def evidence(content: bytes) -> Evidence:
    """What our reader makes of a mail's header."""
    head, _, _ = content.partition(b"\r\n\r\n")
    return read_origin(headers.fields(head + b"\r\n"), Trust(authserv_id=AUTHSERV)).evidence


@pytest.mark.parametrize(
    ("verdict", "proof"),
    [
        (Verdict.PASS, Evidence.DKIM_ALIGNED),
        (Verdict.SPF_ONLY, Evidence.SPF_ONLY),
        (Verdict.FAIL, Evidence.UNPROVEN),
        (None, Evidence.UNPROVEN),
    ],
)
async def test_the_exchangers_verdict_is_what_our_reader_finds(verdict, proof):
    """A mail is as proven as the exchanger found it, whatever its sender wrote into it."""
    async with EmbeddedMail(USERS, authserv_id=AUTHSERV) as server:
        await server.deliver(NORTH, RAW, verdict=verdict)
        (stored,) = await server.mails(NORTH)
        assert evidence(stored.content) is proof
        assert stored.content.endswith(RAW)
        await server.deliver(NORTH, FORGED + RAW, verdict=Verdict.FAIL)
        assert evidence((await server.mails(NORTH))[1].content) is Evidence.UNPROVEN


async def test_what_is_delivered_unstamped_keeps_its_bytes_and_date():
    """Without a verdict the bytes are those that were given; arrival and folder are as asked."""
    async with EmbeddedMail(USERS) as server:
        arrived = datetime(2026, 1, 5, 9, tzinfo=UTC)
        uid = await server.deliver(NORTH, RAW, arrived=arrived, folder="Install codes/Requests")
        (stored,) = await server.mails(NORTH, "Install codes/Requests")
        assert (stored.uid, stored.content, stored.arrived, stored.flags) == (uid, RAW, arrived, frozenset())


@pytest.mark.parametrize(
    ("login", "proof"), [(SOUTH, Evidence.DKIM_ALIGNED), (NORTH, Evidence.UNPROVEN), ("", Evidence.UNPROVEN)]
)
async def test_only_its_own_users_write_in_a_domains_name(login, proof):
    """Mail that is handed in by SMTP is proven for the domain of who logged in, and for no other."""
    async with EmbeddedMail(USERS, authserv_id=AUTHSERV) as server:
        await asyncio.to_thread(handed_in, server, RAW, login=login)
        (stored,) = await server.mails(NORTH)
        assert evidence(stored.content) is proof


async def test_what_was_sent_is_recorded():
    """Every accepted mail is recorded once with all its recipients, byte for byte, local or not."""
    async with EmbeddedMail(USERS) as server:
        await asyncio.to_thread(handed_in, server, RAW, to=(NORTH, "far@away.test"))
        assert server.sent == [SentMail(SOUTH, (NORTH, "far@away.test"), RAW)]


@pytest.mark.parametrize(("stage", "code"), [("MAIL", 451), ("RCPT", 550), ("DATA", 452)])
async def test_a_script_answers_at_each_stage(stage, code):
    """A scripted reply reaches the client at its stage, and nothing is delivered or recorded."""
    async with EmbeddedMail(USERS) as server:
        server.script = lambda at, _envelope: f"{code} 4.0.0 scripted" if at == stage else None
        with pytest.raises(smtplib.SMTPException, match="scripted"):
            await asyncio.to_thread(handed_in, server, RAW)
        assert (server.sent, await server.mails(NORTH)) == ([], [])


async def test_a_wrong_password_is_refused():
    """SMTP AUTH with a wrong password is 535."""
    async with EmbeddedMail(USERS) as server:

        def log_in() -> None:
            with smtplib.SMTP(server.host, server.smtp_port, timeout=20) as link:
                link.login(NORTH, "wrong")

        with pytest.raises(smtplib.SMTPAuthenticationError):
            await asyncio.to_thread(log_in)


@pytest.mark.parametrize(
    ("raw", "domain"),
    [(RAW, "south.test"), (b"From: none\r\n\r\n", "unknown.test"), (b"\r\n", "unknown.test")],
)
def test_the_domain_of_a_mail(raw, domain):
    """It is that of the From address, and never an accident."""
    assert from_domain(raw) == domain
