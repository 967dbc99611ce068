"""The mailbox: what a station may ask of it, one connection and one thread each.

Every failure leaves as Unavailable, Declined, LoginRefused, Renumbered, Refused or MailboxFull, in the server's words and never
with a password or a line of mail. After any failure the connection is dropped and the next call makes a new one.

Folder names are ours: levels parted by "/", no prefix. A UID goes with its folder's UIDVALIDITY, always.
`idle` keeps the connection, and so the mailbox, to itself: stations that must not wait for each other have one each.
"""

import asyncio
import imaplib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from daemon.edge.database import chunks
from daemon.edge.imap import replies as imap_replies
from daemon.edge.imap.folders import SpecialFolders
from daemon.edge.imap.link import DONE_KEYWORD, Account, Link
from daemon.errors import DaemonError, Declined, LoginRefused, MailboxFull, Refused, Unavailable
from daemon.mail.message import Place, RawMail

__all__ = ["DONE_KEYWORD", "Account", "Mailbox", "SpecialFolders"]

P = ParamSpec("P")
T = TypeVar("T")
MOST_IDLE_S = 60.0
"""Longer, and a dead line would be found too late; servers end an IDLE after 29 minutes (RFC 2177)."""
CALL_S = 300.0
"""A call that takes longer, byte by byte, is cut off; the timeout of the account holds for each read alone."""
GOODBYE_S = 5.0
MAX_MAIL_BYTES = 25 << 20

_LIBRARY = (IMAPClient.Error, OSError, EOFError, ValueError, LookupError, TypeError)
"""What imapclient and imaplib raise: for a NO, for a line that went away, and for an answer they cannot parse."""
_LOST = (imaplib.IMAP4.abort, EOFError, BrokenPipeError, ConnectionResetError, ConnectionAbortedError)
_REPLY = re.compile(r"^(?:\w+ failed: |\w+ command error: (?:NO|BAD) \[?)")
_FILLING = re.compile(r"(?:append|copy|uid copy|move|uid move)\b", re.IGNORECASE)
"""What a full mailbox refuses; Gmail says OVERQUOTA to any command where commands or octets of a day are used up."""
_THROTTLED = re.compile(r"Suggested Backoff Time: (\d{1,8}) milliseconds")
"""Exchange Online, at the login or at any command; then it hangs up."""
_NOT_NOW = (
    *("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]", "[CONTACTADMIN]", "[OVERQUOTA]"),
    *("TOO MANY SIMULTANEOUS CONNECTIONS", "BANDWIDTH LIMIT", "SERVER UNAVAILABLE"),
)
"""Response codes (RFC 5530), and words of Gmail and Exchange without one, of a login refused for the moment, whoever asks."""


class Mailbox:
    """One account, over one connection in one thread. Calls wait for each other."""

    def __init__(self, account: Account, max_mail_bytes: int = MAX_MAIL_BYTES) -> None:
        self._account = account
        self._max_mail_bytes = max_mail_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="imap")
        self._link: Link | None = None

    # The connection ────────────────────────────────────────────────────────────────────────────────

    async def connect(self) -> None:
        """Connect and log in, unless that is done. Every other call does it by itself."""
        await self._do(Link.offers, "IMAP4REV1")

    async def close(self) -> None:
        """Log out, and end the thread. The mailbox is not used any more."""
        if self._link is not None:
            with suppress(DaemonError):
                await self._within(GOODBYE_S, Link.logout)
        self._drop()
        self._thread.shutdown(wait=False)

    def interrupt(self) -> None:
        """From any thread: make the call in hand raise Unavailable at once. The next call connects anew."""
        link = self._link
        if link is not None:
            link.cut()

    async def _do(self, step: Callable[Concatenate[Link, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a step of `Link` in the thread."""
        return await self._within(CALL_S, step, *args, **kwargs)

    async def _within(
        self, limit_s: float, step: Callable[Concatenate[Link, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        job = partial(self._run, lambda link: step(link, *args, **kwargs))
        work = asyncio.get_running_loop().run_in_executor(self._thread, job)
        try:
            done, _ = await asyncio.wait({work}, timeout=limit_s)
        except asyncio.CancelledError:
            self.interrupt()
            raise
        if not done:
            self.interrupt()
        return await work

    def _run(self, job: Callable[[Link], T]) -> T:
        try:
            if self._link is None:
                self._link = Link(self._account)
            return job(self._link)
        except DaemonError:
            self._drop()
            raise
        except _LIBRARY as error:
            self._drop()
            raise _translated(error, self._account) from None

    def _drop(self) -> None:
        if self._link is not None:
            link, self._link = self._link, None
            link.close()

    # Folders ───────────────────────────────────────────────────────────────────────────────────────

    async def list_folders(self) -> tuple[str, ...]:
        """Every folder that can hold mail."""
        return await self._do(Link.folders)

    async def special_folders(self) -> SpecialFolders:
        """Sent, junk, trash and archive: what people and their mail programs use."""
        return await self._do(Link.special_folders)

    async def ensure_folders(self, names: Sequence[str]) -> None:
        """Create and subscribe those that are missing."""
        await self._do(Link.ensure, names)

    # Reading ───────────────────────────────────────────────────────────────────────────────────────

    async def new_uids(self, folder: str, after_uid: int) -> tuple[int, list[int]]:
        """UIDVALIDITY and the UIDs above `after_uid`, rising, as of now."""
        return await self._do(Link.uids, folder, after_uid)

    async def all_uids(self, folder: str, since: date | None = None) -> tuple[int, list[int]]:
        """UIDVALIDITY and every UID, rising, as of now; `since`: of mail that arrived that day (the server's) or later."""
        return await self._do(Link.uids, folder, since=since)

    async def fetch(self, folder: str, uidvalidity: int, uids: Sequence[int]) -> list[RawMail]:
        """Every one of `uids` that is there; see `fetch_groups`, which is to be used for more than a few."""
        return [mail async for group in self.fetch_groups(folder, uidvalidity, uids) for mail in group]

    async def fetch_groups(self, folder: str, uidvalidity: int, uids: Sequence[int]) -> AsyncIterator[list[RawMail]]:
        """`uids` in groups of at most 8 MiB and 500 mails, lowest first, so that memory stays bounded.

        A mail above the limit comes cut. One that is gone, or that a stale view shows without its content, is left
        out: it is no empty mail; look again. Raises Renumbered where the folder was renumbered.
        """
        for some in chunks(sorted(uids), imap_replies.GROUP_MAILS):
            sizes = sorted((await self._do(Link.sizes, folder, uidvalidity, some)).items())
            whole = [(uid, size) for uid, size in sizes if size <= self._max_mail_bytes]
            for group in imap_replies.groups(whole):
                yield await self._do(Link.bodies, folder, uidvalidity, group)
            for uid, size in sizes:
                if size > self._max_mail_bytes:
                    yield await self._do(Link.bodies, folder, uidvalidity, [uid], cut=True)

    async def has_message_id(self, folder: str, message_id: str) -> bool:
        """Whether a mail with exactly this Message-ID (in its angle brackets) lies in `folder`."""
        return bool(await self.with_message_ids(folder, [message_id]))

    async def next_uid(self, folder: str) -> tuple[int, int | None]:
        """UIDVALIDITY, and the UID that no mail in `folder` reaches yet; None where the server does not tell."""
        return await self._do(Link.next_uid, folder)

    async def with_message_ids(self, folder: str, message_ids: Sequence[str], from_uid: int = 1) -> frozenset[str]:
        """Those of `message_ids` that a mail in `folder` has, exactly; `from_uid`: a mail with this UID or a higher one."""
        return await self._do(Link.with_message_ids, folder, message_ids, from_uid)

    async def idle(self, folder: str, seconds: float, ask_every_s: float = 0.0) -> bool:
        """Wait at most `seconds` (60) for news of `folder`; whether there were any. Look again whatever it says.

        `ask_every_s`: ask so often, instead of waiting to be told.
        """
        return await self._do(Link.idle, folder, min(seconds, MOST_IDLE_S), ask_every_s)

    # Changing ──────────────────────────────────────────────────────────────────────────────────────

    async def move(self, folder: str, uidvalidity: int, uids: Sequence[int], target: str) -> list[Place | None]:
        """Where each of `uids` lies now: in `target`; or still here, where the server can neither MOVE nor expunge
        by UID; or None: gone, or moved to a place that the server does not tell.
        """
        places: list[Place | None] = []
        for some in chunks(uids, imap_replies.GROUP_MAILS):
            places += await self._do(Link.move, folder, uidvalidity, some, target)
        return places

    async def add_flags(self, folder: str, uidvalidity: int, uids: Sequence[int], flags: Sequence[str]) -> None:
        """Set flags; what the folder would not keep is left out, a UID that is gone is passed over."""
        for some in chunks(uids, imap_replies.GROUP_MAILS):
            await self._do(Link.add_flags, folder, uidvalidity, some, flags)

    async def append(
        self, folder: str, content: bytes, flags: Sequence[str] = (), when: datetime | None = None
    ) -> Place | None:
        """Put a mail into `folder`; its place, where the server tells. Raises Refused or MailboxFull for a NO."""
        return await self._do(Link.append, folder, content, flags, when)

    async def append_all(
        self, folder: str, mails: Sequence[tuple[bytes, datetime]], flags: Sequence[str] = ()
    ) -> tuple[int, range] | None:
        """Put all of `mails` into `folder`, or none; None where the server takes them one by one only.

        UIDVALIDITY, and the UIDs that they have now; no UID where the server does not tell. Raises Refused or
        MailboxFull for a NO.
        """
        return await self._do(Link.append_all, folder, mails, flags)


def _translated(error: Exception, account: Account) -> DaemonError:
    words = _words(error, account)
    if throttled := _THROTTLED.search(str(error)):
        return Unavailable(f"mailbox at {account.host}:{account.port}: {words}", wait_s=int(throttled[1]) / 1000)
    if isinstance(error, LoginError):
        refused = not any(code in words.upper() for code in _NOT_NOW)
        return (LoginRefused if refused else Unavailable)(f"the mail server refused the login: {words}")
    if isinstance(error, IMAPClient.Error) and "OVERQUOTA" in words.upper() and _FILLING.match(words):
        return MailboxFull(f"the mailbox is full: {words}")
    if isinstance(error, IMAPClient.Error) and _REPLY.match(words) and words.startswith("append"):
        return Refused(f"the mail server would not take a mail: {words}")
    if isinstance(error, IMAPClient.Error) and _REPLY.match(words):
        return Declined(f"mailbox at {account.host}:{account.port}: {words}")
    return Unavailable(f"mailbox at {account.host}:{account.port}: {words}")


def _words(error: Exception, account: Account) -> str:
    """What the server or the system said: one line. An answer that could not be parsed may quote mail: not a word."""
    text = str(error)
    if isinstance(error, _LOST):
        return "the connection was lost"
    if isinstance(error, LoginError):
        password = account.password()
        text = text.removeprefix("b'").removesuffix("'").replace(password or "\0", "•••")  # some servers echo it
    elif isinstance(error, IMAPClient.Error):
        text = text if _REPLY.match(text) else type(error).__name__
    elif not isinstance(error, OSError):
        text = f"an answer that makes no sense ({type(error).__name__})"
    return "".join(c if c.isprintable() else " " for c in text)[:200]
