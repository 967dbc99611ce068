"""The relay: one letter, one recipient, and an honest word on what became of it.

    connect, TLS, EHLO, AUTH, MAIL   our side or the relay's: Unavailable, LoginRefused; nothing is rejected
    RCPT, DATA                       5xx Refused, 4xx Deferred; the link lost: Deferred, for no octet of it was sent
    after the dot                    2xx sent, 4xx Deferred, 5xx Refused; silence or a lost link: OutcomeUnknown

What happens after the 2xx is of no account. Source: RFC 5321 4.2 and 4.5.3.2, RFC 3461 for the DSN wishes.

A relay that would not have one link more beside those at work is in no trouble: for a while we do with fewer.
"""

import asyncio
import base64
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import aiosmtplib
import structlog

from daemon.edge import tls
from daemon.edge.failpoints import failpoint
from daemon.edge.smtp.link import CLOSING, GO_ON, Link, Reply, shown, wire_form
from daemon.errors import ConfigError, Deferred, LoginRefused, OutcomeUnknown, Refused, Unavailable
from daemon.mail.message import Envelope
from daemon.settings.values import is_loopback

log = structlog.get_logger()

LETTERS_A_LINK = 100
IDLE_S = 60.0
FEWER_FOR_S = 600.0
"""How long we do with a link less, once the relay would not have another."""
_TOO_MANY = " 4.3.2 "
"""What Exchange Online says after a letter on a fourth link ("sender thread limit exceeded"; three a mailbox, since 2018)."""
_ADDRESS = re.compile(r"[^\x00-\x20\x7f<>]+@[^\x00-\x20\x7f<>@]+")
_NOT_XTEXT = re.compile(r"[^!-*,-<>-~]")
_MOST_ENVID = 100
_NOT_THIS_WAY = (500, 501, 502, 504, 534, 538)
"""A way of logging in that is announced and not taken (RFC 4954 6, RFC 5321 4.2.4)."""
_LOCKED_FOR_S = 300.0
"""How long we stay away from a relay that had too many logins of ours."""
_AUTHENTICATION_WANTED = 530
_TOO_BIG = 552


@dataclass(frozen=True, slots=True)
class RelayAccount:
    """Where letters go out, and as whom. `password` is asked for at each login and never kept."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    username: str = ""
    password: Callable[[], str] | None = field(default=None, repr=False)
    ca_file: Path | None = None
    local_name: str = "localhost"
    """What EHLO says: a full domain name of ours; some relays refuse `localhost`."""
    connections: int = 3
    timeout_s: float = 60.0
    """For each reply but the one after the dot."""
    dot_timeout_s: float = 600.0
    """For the reply after the dot: RFC 5321 4.5.3.2.6 asks for ten minutes."""


class _NoFurtherLink(Unavailable):
    """The relay is there, and would not have us on this link now."""


class Relay:
    """A few kept links to one relay. Raises ConfigError where plain text would leave this machine."""

    def __init__(self, account: RelayAccount) -> None:
        if account.security == "none" and not is_loopback(account.host):
            raise ConfigError(f"relay.security: `none` is for loopback alone, not for {account.host}; use tls")
        self.account = account
        self._context = None if account.security == "none" else tls.client_context(account.ca_file)
        self._turns = asyncio.Semaphore(account.connections)
        self._idle: list[Link] = []
        self._at_work = 0
        self._first_in = asyncio.Lock()
        self._let_in = False
        self._refusals = 0
        self._last_refusal: tuple[type[Unavailable], str] = (Unavailable, "")

    async def send(
        self,
        envelope: Envelope,
        before_data: Callable[[], Awaitable[None]],
        before_body: Callable[[], None] | None = None,
    ) -> str:
        """Hand one letter over; the relay's words of acceptance.

        `before_data` is awaited when there is a link and before anything of the letter is said on it: where the relay
        takes it, MAIL, RCPT and DATA go together. `before_body` is called when the relay waits for the letter and no
        octet of it was sent. What they raise ends the attempt with nothing sent. Raises as the module says.
        """
        addresses = (envelope.sender, envelope.recipient)
        if not all(map(_ADDRESS.fullmatch, addresses)):
            raise Refused("an address that cannot be said in SMTP")
        wire = wire_form(envelope.content)
        link, kept = await self._take()
        too_many = False
        try:
            await before_data()
            replies = await link.begin(*_commands(link, envelope, len(wire)))
            if kept and _died_idle(link, replies):
                link.close()
                link = await self._open()
                replies = await link.begin(*_commands(link, envelope, len(wire)))
            _expect_begun(replies, link)
            said = await self._say_letter(link, wire, before_body)
        except (Refused, Deferred) as failure:
            too_many = _TOO_MANY in str(failure)
            self._keep(link)
            raise
        except BaseException:
            link.close()
            raise
        else:
            self._keep(link)
            return said
        finally:
            self._at_work -= 1
            self._end_turn(too_many=too_many)

    async def _say_letter(self, link: Link, wire: bytes, before_body: Callable[[], None] | None) -> str:
        failpoint("after-354")
        if before_body is not None:
            before_body()
        link.say_body(wire)
        failpoint("after-dot")
        return _after_dot(await link.reply(self.account.dot_timeout_s), link)

    async def check(self) -> None:
        """Connect and log in, and nothing else."""
        (await self._open()).quit()

    async def close(self) -> None:
        """Leave every link that is idle."""
        while self._idle:
            self._idle.pop().quit()

    # Links ──────────────────────────────────────────────────────────────────────────────────────────

    async def _take(self) -> tuple[Link, bool]:
        """A link for one letter, and whether it was kept from another; whoever has it ends the turn that goes with it."""
        while True:
            await self._turns.acquire()
            try:
                kept = self._kept()
                link = kept or await self._open()
            except _NoFurtherLink as no:
                alone = not (self._at_work or self._idle)  # a letter may have ended meanwhile, and left its link
                self._end_turn(too_many=True)
                if alone:
                    raise Unavailable(str(no), wait_s=no.wait_s) from None
            except BaseException:
                self._end_turn(too_many=False)
                raise
            else:
                self._at_work += 1
                return link, kept is not None

    def _end_turn(self, *, too_many: bool) -> None:
        """Let another letter have the turn; not for a while where there were `too_many` links, unless this one was alone."""
        if too_many and self._at_work:
            log.warning("the relay takes no further link", links=self._at_work, for_s=FEWER_FOR_S)
            asyncio.get_running_loop().call_later(FEWER_FOR_S, self._turns.release)
        else:
            self._turns.release()

    def _kept(self) -> Link | None:
        """The link used last, if it is still good; the others follow it out when they are stale."""
        while self._idle:
            link = self._idle.pop()
            if link.usable and time.monotonic() - link.idle_since_s < IDLE_S:
                return link
            link.quit()
        return None

    def _keep(self, link: Link) -> None:
        if link.usable and link.letters < LETTERS_A_LINK:
            self._idle.append(link)
        else:
            link.quit()

    async def _open(self) -> Link:
        """A new link, logged in. Raises Unavailable or LoginRefused.

        Until one link got in, one tries for all who wait, so that a bad password is not said four times at once. Then all
        the others are made side by side.
        """
        known = self._refusals
        if not self._let_in:
            async with self._first_in:
                if self._refusals > known:
                    kind, words = self._last_refusal
                    raise kind(words)
                if not self._let_in:
                    return await self._tried()
        return await self._tried()

    async def _tried(self) -> Link:
        try:
            link = await self._connected()
        except Unavailable as failure:
            self._let_in = False
            self._refusals += 1
            self._last_refusal = (type(failure), str(failure))
            raise
        self._let_in = True
        return link

    async def _connected(self) -> Link:
        account = self.account
        client = aiosmtplib.SMTP(
            hostname=account.host,
            port=account.port,
            local_hostname=account.local_name,
            timeout=account.timeout_s,
            use_tls=account.security == "tls",
            start_tls=account.security == "starttls",  # True refuses a relay that does not offer it
            tls_context=self._context,
        )
        with ExitStack() as unless_in:
            unless_in.callback(client.close)
            try:
                await client.connect()
                await self._log_in(client)
            except aiosmtplib.SMTPAuthenticationError as error:
                raise self._not_let_in(error) from None
            except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
                kind = _NoFurtherLink if _is_not_now(error) else Unavailable
                raise kind(f"relay {account.host}:{account.port}: {shown(str(error))}") from None
            if client.transport is None:
                raise Unavailable(f"relay {account.host}:{account.port}: the link went after the login")
            unless_in.pop_all()
        return Link(client.transport, client.esmtp_extensions, account.timeout_s)

    async def _log_in(self, client: aiosmtplib.SMTP) -> None:
        """With the first way of saying it that the relay knows. A password that it refuses is not said in another way, too.

        Relays count refusals, and lock the account after some (Gmail: "454 4.7.0 Too many login attempts").
        """
        account = self.account
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
        if not account.username:
            return
        password = account.password() if account.password else ""
        says = {"plain": client.auth_plain, "login": client.auth_login, "cram-md5": client.auth_crammd5}
        ways = [way for name, way in says.items() if name in client.supported_auth_methods]
        for number, say in enumerate(ways, 1):
            try:
                await say(account.username, password)
            except aiosmtplib.SMTPAuthenticationError as error:
                if error.code not in _NOT_THIS_WAY or number == len(ways):
                    raise
            else:
                return
        raise aiosmtplib.SMTPException("it offers no way to log in with a password")

    def _not_let_in(self, error: aiosmtplib.SMTPAuthenticationError) -> Unavailable:
        """Some relays quote the login line that they refuse: our secret is cut out of their words."""
        account = self.account
        words = error.message
        for secret in _spellings(account.username, account.password() if account.password else ""):
            words = words.replace(secret, "[hidden]")
        text = f"relay {account.host}:{account.port} refuses our login: {error.code} {shown(words)}"
        if error.code >= 500:
            return LoginRefused(text)
        return _NoFurtherLink(text, wait_s=_LOCKED_FOR_S if "too many login" in words.lower() else 0.0)


def _is_not_now(error: Exception) -> bool:
    return isinstance(error, aiosmtplib.SMTPResponseException) and 400 <= error.code < 500


def _spellings(username: str, password: str) -> tuple[str, ...]:
    """How a password stands in AUTH lines (RFC 4616 PLAIN, and LOGIN)."""
    forms = (f"\0{username}\0{password}", password)
    encoded = tuple(base64.b64encode(form.encode()).decode() for form in forms)
    return (*encoded, password) if password else ()


# What is said ───────────────────────────────────────────────────────────────────────────────────────


def _commands(link: Link, envelope: Envelope, octets: int) -> tuple[bytes, bytes]:
    return _mail_command(link, envelope, octets), _rcpt_command(link, envelope)


def _mail_command(link: Link, envelope: Envelope, octets: int) -> bytes:
    """MAIL with its size; a DSN shall bring our headers back and never the letter, which may hold codes."""
    options = [f"SIZE={octets}"] if link.offers("size") else []
    if link.offers("dsn"):
        envid = _xtext(envelope.message_id.strip("<>"))
        options += ["RET=HDRS", *([f"ENVID={envid}"] if len(envid) <= _MOST_ENVID else [])]
    if not (envelope.sender + envelope.recipient).isascii():
        if not link.offers("smtputf8"):
            raise Refused("the address has letters beyond ASCII, which the relay does not take")
        options.append("SMTPUTF8")
    if not envelope.content.isascii() and link.offers("8bitmime"):
        options.append("BODY=8BITMIME")
    return " ".join((f"MAIL FROM:<{envelope.sender}>", *options)).encode() + b"\r\n"


def _rcpt_command(link: Link, envelope: Envelope) -> bytes:
    wishes = " NOTIFY=FAILURE,DELAY" if link.offers("dsn") else ""
    return f"RCPT TO:<{envelope.recipient}>{wishes}".encode() + b"\r\n"


def _xtext(text: str) -> str:
    """RFC 3461 4: printable ASCII but `+` and `=`; the rest as `+` and two hex digits."""
    return _NOT_XTEXT.sub(lambda found: "".join(f"+{octet:02X}" for octet in found[0].encode()), text)


# What it means ──────────────────────────────────────────────────────────────────────────────────────


def _died_idle(kept: Link, replies: list[Reply]) -> bool:
    """Whether a link that was kept had gone before the letter was taken up, so that it may go on a new one."""
    return not kept.usable and (len(replies) < 2 or replies[0].code == CLOSING)


def _expect_begun(replies: list[Reply], link: Link) -> None:
    """Raise unless MAIL and RCPT were taken and 354 came: without it no octet of the letter was sent."""
    if not replies:
        raise Unavailable("the relay dropped the link at MAIL")
    try:
        _expect_waiting(*replies)
    except (Refused, Deferred):
        if replies[-1].code == GO_ON:  # it waits for a letter to nobody (RFC 2920 3.1): hang up
            link.close()
        raise


def _expect_waiting(mail: Reply, rcpt: Reply | None = None, data: Reply | None = None) -> None:
    if mail.code == _TOO_BIG:  # RFC 1870: of this letter alone; held, it does not stop those behind it
        raise Refused(f"MAIL: {mail}")
    if mail.code >= 300:
        raise Unavailable(f"the relay takes no mail from us: {mail}")
    if rcpt is None:
        raise Deferred("the relay dropped the link at RCPT")
    _expect_taken("RCPT", rcpt)
    if data is None:
        raise Deferred("the relay dropped the link at DATA")
    if data.code != GO_ON:
        _expect_taken("DATA", data)
        raise Deferred(f"DATA: {data}")


def _expect_taken(verb: str, reply: Reply) -> None:
    if reply.code == _AUTHENTICATION_WANTED:  # RFC 4954: said of us, not of the recipient
        raise Unavailable(f"the relay wants a login: {reply}")
    if reply.code >= 500:
        raise Refused(f"{verb}: {reply}")
    if reply.code >= 300:
        raise Deferred(f"{verb}: {reply}")


def _after_dot(reply: Reply | None, link: Link) -> str:
    """The relay's acceptance; OutcomeUnknown where nobody can say."""
    if reply is None:
        raise OutcomeUnknown("the link went after the letter and before the relay's word")
    if reply.code < 300:
        link.finished()
        return str(reply)
    if reply.code < 400:
        link.close()
        raise OutcomeUnknown(f"the relay's word on the letter makes no sense: {reply}")
    _expect_taken("after the letter", reply)
    raise Deferred(f"after the letter: {reply}")
