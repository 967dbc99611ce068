"""The IMAP half: pymap's in-memory back end, with what an ordinary server has and it lacks.

pymap drops keywords unless the folder lists them, answers in pieces that a client may read as half a line, and
its own accept task can be collected in the middle of IDLE: hence the classes and the callback here.
"""

import asyncio
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

from proxyprotocol.result import ProxyResultLocal
from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, Login
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxData, MailboxSet
from pymap.concurrent import Event
from pymap.imap import IMAPServer
from pymap.parsing.specials import ObjectId
from pymap.parsing.specials.flag import Flag
from pymap.selected import SelectedMailbox
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

from daemon.edge.imap import DONE_KEYWORD

FOLDERS = ("Sent", "Junk", "Trash", "Archive")
_KEYWORDS = frozenset({Flag(DONE_KEYWORD.encode())})


class Folder(MailboxData):
    """A folder that keeps our keywords."""

    @property
    def permanent_flags(self) -> frozenset[Flag]:
        """The system's flags, and ours."""
        return frozenset(super().permanent_flags | _KEYWORDS)

    async def update_selected(self, selected: SelectedMailbox, *, wait_on: Event | None = None) -> SelectedMailbox:
        """IDLE waits for the next change; where one came before it began, there is nothing to wait for."""
        behind = selected.mod_sequence is not None and selected.mod_sequence < self._mod_sequences.highest
        return await super().update_selected(selected, wait_on=None if behind else wait_on)


class Folders(MailboxSet):
    """One user's folders; each that IMAP CREATE asks for is a `Folder` too."""

    def __init__(self) -> None:
        super().__init__()
        self._inbox = Folder(self._content_cache, self._thread_cache)

    async def add_mailbox(self, name: str) -> ObjectId:
        """Create a folder. Raises ValueError where it exists."""
        if name in self._set:
            raise ValueError(name)
        self._set[name] = folder = Folder(self._content_cache, self._thread_cache)
        return folder.mailbox_id


class _Settings(Config):
    """Offers less than it can do, where that is wanted."""

    hidden: frozenset[bytes] = frozenset()

    @property
    def login_capability(self) -> Sequence[bytes]:
        """What is offered after the login."""
        return [name for name in super().login_capability if name not in self.hidden]


class _WholeLines:
    """A StreamWriter that sends nothing before it is asked to drain."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._waiting = bytearray()

    def write(self, data: bytes) -> None:
        self._waiting += data

    def writelines(self, pieces: Sequence[bytes]) -> None:
        self._waiting += b"".join(pieces)

    async def drain(self) -> None:
        self._send()
        await self._writer.drain()

    def close(self) -> None:
        self._send()
        self._writer.close()

    def _send(self) -> None:
        if self._waiting:
            self._writer.write(bytes(self._waiting))
            self._waiting.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


class Store:
    """The users' mail, and the server that shows it."""

    def __init__(self, hidden: frozenset[str]) -> None:
        options = Namespace(
            demo_data=False, demo_user="", demo_password="", host="127.0.0.1", port=0, debug=False, cert=None,
            key=None, passlib_cfg=None, tls=False, proxy_protocol=None, inherited_sockets=None,
        )  # fmt: skip
        self._settings = _Settings.from_args(options, hash_context=Cleartext(), invalid_user_sleep=0.0)
        self._settings.hidden = frozenset(name.encode() for name in hidden)
        self._login = Login(self._settings)
        self._open: set[asyncio.StreamWriter] = set()

    async def add_users(self, users: Mapping[str, str]) -> None:
        """Users with their passwords and the folders that everybody has."""
        for name, password in users.items():
            self._login.users_dict[name] = UserMetadata(self._settings, name, password=password)
            folders = Folders()
            for folder in FOLDERS:
                await folders.add_mailbox(folder)
            self._settings.set_cache[name] = (folders, FilterSet())

    def knows(self, user: str) -> bool:
        """Whether `user` has a mailbox here."""
        return user in self._settings.set_cache

    async def folder(self, user: str, name: str) -> Folder:
        """A folder, created where it is missing."""
        folders, _ = self._settings.set_cache[user]
        if name.upper() != "INBOX" and name not in folders._set:  # noqa: SLF001  # there is no other way to ask
            await folders.add_mailbox(name)
        found = await folders.get_mailbox(name)
        if not isinstance(found, Folder):
            raise TypeError(name)
        return found

    async def listen(self, stack: AsyncExitStack) -> int:
        """Serve until `stack` ends; the port."""
        self._settings.apply_context()
        server = IMAPServer(self._login, self._settings)

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._open.add(writer)
            try:
                lines: Any = _WholeLines(writer)
                await server(reader, lines, SocketInfo.get(lines, ProxyResultLocal(), unique_id=uuid4().bytes))
            finally:
                self._open.discard(writer)

        listener = await asyncio.start_server(accept, "127.0.0.1", 0, limit=2**20)
        stack.callback(self.hang_up)
        stack.callback(listener.close)
        return int(listener.sockets[0].getsockname()[1])

    def hang_up(self) -> None:
        """Cut every IMAP connection, as a broken line would."""
        for writer in tuple(self._open):
            writer.transport.abort()
