"""`EmbeddedMail`: a whole mail server of one process, on loopback, in memory.

It takes mail in as a real exchanger does, with its verdict on the sender above it, so that a forgery fails here
as it would in earnest. It forgets everything when it stops.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pymap.parsing.message import AppendMessage

from daemon.embedded.imap import Store
from daemon.embedded.stamps import Verdict, from_domain, stamped

__all__ = ["EmbeddedMail", "SentMail", "StoredMail", "Verdict"]

MOST_BYTES = 50 << 20

Script = Callable[[str, Envelope], str | None]
"""What to say at a stage (`MAIL`, `RCPT`, `DATA`), as `451 4.3.0 later`; None: as usual."""


def _server_clock() -> datetime:
    """The server's own clock: it stands for the world outside, whose time nobody hands in."""
    return datetime.fromtimestamp(time.time(), UTC)


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that was handed in by SMTP and accepted."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail as it lies in a folder."""

    uid: int
    content: bytes
    flags: frozenset[str]
    arrived: datetime


class EmbeddedMail:
    """IMAP and SMTP for `users` (addresses with their passwords), for the length of an `async with` block.

    `hidden`: IMAP capabilities that are not offered (`MOVE`, `UIDPLUS`, `IDLE`). `script` may be set at any time.
    Mail to other addresses is accepted, and goes nowhere but into `sent`.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        users: Mapping[str, str],
        *,
        authserv_id: str = "mx.embedded.test",
        hidden: frozenset[str] = frozenset(),
        now: Callable[[], datetime] = _server_clock,
    ) -> None:
        self.users = {address.lower(): password for address, password in users.items()}
        self.authserv_id = authserv_id
        self.sent: list[SentMail] = []
        self.script: Script | None = None
        self.imap_port = self.smtp_port = 0
        self._hidden = hidden
        self._now = now
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns of its own old names at each login
        self._store = Store(self._hidden)
        await self._store.add_users(self.users)
        self.imap_port = await self._store.listen(self._stack)
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(self._session, self.host, 0)
        self._stack.callback(listener.close)
        self.smtp_port = int(listener.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def hang_up(self) -> None:
        """Cut every IMAP connection, as a broken line would."""
        self._store.hang_up()

    # Mail in the mailboxes ─────────────────────────────────────────────────────────────────────────

    async def deliver(
        self,
        recipient: str,
        raw: bytes,
        *,
        verdict: Verdict | None = None,
        arrived: datetime | None = None,
        folder: str = "INBOX",
    ) -> int:
        """Put `raw` into a local mailbox; its UID. With a `verdict` it is stamped as an exchanger would, else untouched."""
        user, moment = recipient.lower(), arrived or self._now()
        if verdict is not None:
            raw = stamped(raw, recipient=recipient, authserv_id=self.authserv_id, verdict=verdict, arrived=moment)
        box = await self._store.folder(user, folder)
        message = await box.append(AppendMessage(raw, moment, frozenset()), recent=True)
        return int(message.uid)

    async def mails(self, user: str, folder: str = "INBOX") -> list[StoredMail]:
        """What lies in a folder, the oldest first. Changes nothing, flags included."""
        box = await self._store.folder(user.lower(), folder)
        return [_stored(message) for message in [m async for m in box.messages()]]

    # SMTP ──────────────────────────────────────────────────────────────────────────────────────────

    def _session(self) -> SMTP:
        return SMTP(
            self,
            hostname=self.authserv_id,
            enable_SMTPUTF8=True,
            authenticator=self._authenticated,
            auth_require_tls=False,
            data_size_limit=MOST_BYTES,
        )

    def _authenticated(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: object
    ) -> AuthResult:
        """For aiosmtpd: whether the login is good."""
        good = isinstance(login, LoginPassword) and self.users.get(login.login.decode()) == login.password.decode()
        return AuthResult(success=good, handled=good, auth_data=login)

    def _say(self, stage: str, envelope: Envelope) -> str | None:
        return self.script(stage, envelope) if self.script else None

    async def handle_MAIL(  # noqa: N802  # aiosmtpd's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """For aiosmtpd: MAIL FROM."""
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self._say("MAIL", envelope) or "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """For aiosmtpd: RCPT TO."""
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        refused = self._say("RCPT", envelope)
        if refused is not None:
            envelope.rcpt_tos.pop()
        return refused or "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        """For aiosmtpd: after the final dot."""
        refused = self._say("DATA", envelope)
        if refused is not None:
            return refused
        content = envelope.original_content or b""
        recipients = tuple(envelope.rcpt_tos)
        self.sent.append(SentMail(envelope.mail_from or "", recipients, content))
        for recipient in recipients:
            if self._store.knows(recipient.lower()):
                await self.deliver(recipient, content, verdict=self._judged(session, content))
        return "250 2.0.0 queued"

    def _judged(self, session: Session, content: bytes) -> Verdict:
        """Who logged in may write in the name of their own domain, and of no other."""
        login = session.auth_data
        own = login.login.decode().rpartition("@")[2] if isinstance(login, LoginPassword) else ""
        return Verdict.PASS if own and own == from_domain(content) else Verdict.FAIL


def _stored(message: Any) -> StoredMail:
    return StoredMail(
        uid=int(message.uid),
        content=bytes(message._content),  # noqa: SLF001  # pymap has no public way that does not need a session
        flags=frozenset(flag.value.decode() for flag in message.permanent_flags),
        arrived=message.internal_date,
    )
