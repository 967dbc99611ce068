"""The mail servers that a `Mailbox` must get on with, each behind the same few calls."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TypeVar

from imapclient import IMAPClient

from daemon.edge.imap import Account, Mailbox
from daemon.embedded.server import EmbeddedMail
from tests.servers import dovecot as dovecot_server
from tests.servers.dovecot import BARE, WITHOUT_MOVE, WITHOUT_MOVE_AND_UIDPLUS, Dovecot

T = TypeVar("T")
PASSWORD = "ünique pass"
ASCII_PASSWORD = "pass word"
"""The embedded server compares no other."""
BOXES = {f"box{number}@north.test": PASSWORD for number in range(400)}


@dataclass(frozen=True)
class Kind:
    """A server with a habit."""

    name: str
    capability: str | None = None
    separator: str = "/"
    prefix: str = ""
    hidden: frozenset[str] | None = None
    """Of the embedded server; None: it is a Dovecot."""
    moves: bool = True
    """It can take a mail out of a folder."""
    idles: bool = True

    def __str__(self) -> str:
        return self.name


KINDS = (
    Kind("dovecot"),
    Kind("dovecot without MOVE", WITHOUT_MOVE),
    Kind("dovecot without MOVE and UIDPLUS", WITHOUT_MOVE_AND_UIDPLUS, moves=False),
    Kind("dovecot that spells like Courier", separator=".", prefix="INBOX."),
    Kind("dovecot with bare IMAP4rev1", BARE, separator=".", prefix="INBOX.", moves=False, idles=False),
    Kind("embedded", hidden=frozenset()),
    Kind("embedded without MOVE", hidden=frozenset({"MOVE"})),
    Kind("embedded without MOVE and UIDPLUS", hidden=frozenset({"MOVE", "UIDPLUS"}), moves=False),
    Kind("embedded without IDLE", hidden=frozenset({"IDLE"}), idles=False),
)


@dataclass
class Rig:
    """One user's mailbox at a running server, as its people and its exchanger see it."""

    kind: Kind
    host: str
    port: int
    user: str
    password: str = PASSWORD
    embedded: EmbeddedMail | None = None
    dovecot: Dovecot | None = None
    opened: list[Mailbox] = field(default_factory=list)

    def account(
        self, *, security: str = "none", port: int = 0, password: str = "", ca_file: Path | None = None
    ) -> Account:
        """How to log in."""
        return Account(
            self.host, port or self.port, security, self.user, lambda: password or self.password, ca_file, timeout_s=20
        )

    def mailbox(self, account: Account | None = None, **options: int) -> Mailbox:
        """A new connection, closed with the rig."""
        self.opened.append(Mailbox(account or self.account(), **options))
        return self.opened[-1]

    async def deliver(self, *raws: bytes, arrived: datetime | None = None) -> None:
        """New mail comes in; `arrived` at the embedded server alone."""
        if self.embedded is not None:
            for raw in raws:
                await self.embedded.deliver(self.user, raw, arrived=arrived)
        elif self.dovecot is not None:
            await asyncio.to_thread(self.dovecot.deliver, self.user, *raws)

    async def by_hand(self, act: Callable[[IMAPClient], T]) -> T:
        """What a person does with a mail program of their own."""

        def run() -> T:
            with IMAPClient(self.host, self.port, ssl=False, timeout=20) as client:
                client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client.plain_login(self.user, self.password)
                return act(client)

        return await asyncio.to_thread(run)

    def spelled(self, folder: str) -> str:
        """Our `folder` as the server spells it."""
        return self.kind.prefix + folder.replace("/", self.kind.separator)

    async def flags_in(self, folder: str) -> dict[int, set[str]]:
        """A person looks at the flags of a folder's mails, by UID; Recent is no flag of a mail."""

        def look(client: IMAPClient) -> dict[int, set[str]]:
            client.select_folder(self.spelled(folder), readonly=True)
            found = client.get_flags(client.search("ALL"))
            return {uid: {flag.decode() for flag in flags} - {"\\Recent"} for uid, flags in found.items()}

        return await self.by_hand(look)

    async def break_the_line(self) -> None:
        """Every connection ends at once, without a word."""
        if self.embedded is not None:
            self.embedded.hang_up()
        elif self.dovecot is not None:
            await asyncio.to_thread(self.dovecot.kill)
            await asyncio.to_thread(self.dovecot.start)


_numbers = count()


@contextmanager
def dovecots() -> Iterator[Callable[[Kind], Dovecot]]:
    """Dovecots by kind, each started when first asked for."""
    running: dict[str, tuple[AbstractContextManager[Dovecot], Dovecot]] = {}

    def of(kind: Kind) -> Dovecot:
        if kind.name not in running:
            manager = dovecot_server.dovecot(
                users=BOXES, imap_capability=kind.capability, separator=kind.separator, prefix=kind.prefix
            )
            running[kind.name] = manager, manager.__enter__()
        return running[kind.name][1]

    try:
        yield of
    finally:
        for manager, _ in running.values():
            manager.__exit__(None, None, None)


@asynccontextmanager
async def rig_of(kind: Kind, dovecot_of: Callable[[Kind], Dovecot]) -> AsyncIterator[Rig]:
    """A mailbox that nobody used before, at a server of `kind`."""
    user = f"box{next(_numbers)}@north.test"
    if kind.hidden is None:
        server = dovecot_of(kind)
        rig = Rig(kind, server.host, server.imap_port, user, dovecot=server)
        try:
            yield rig
        finally:
            await _close(rig)
        return
    async with EmbeddedMail({user: ASCII_PASSWORD}, hidden=kind.hidden) as embedded:
        rig = Rig(kind, embedded.host, embedded.imap_port, user, ASCII_PASSWORD, embedded=embedded)
        try:
            yield rig
        finally:
            await _close(rig)


async def _close(rig: Rig) -> None:
    for mailbox in rig.opened:
        await mailbox.close()


def mail(number: int, body: str = "hello", **headers: str) -> bytes:
    """A small mail; its Message-ID is `<m{number}@south.test>`."""
    lines = {
        "From": "ann@south.test",
        "Subject": f"mail {number}",
        "Message-ID": f"<m{number}@south.test>",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{head}\r\n{body}\r\n".encode()
