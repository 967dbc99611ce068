"""An SMTP server on loopback whose every reply can be scripted: refusals, drops, resets and silence at each verb."""

import asyncio
import base64
import socket
import ssl
import struct
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

EXTENSIONS = ("PIPELINING", "SIZE 52428800", "DSN", "8BITMIME", "SMTPUTF8")
_USUAL = {
    "CONNECT": b"220 scripted.test ESMTP\r\n",
    "MAIL": b"250 2.1.0 Ok\r\n",
    "RCPT": b"250 2.1.5 Ok\r\n",
    "DATA": b"354 go on\r\n",
    "NOBODY": b"503 5.5.1 no recipient\r\n",
    "BODY": b"250 2.0.0 Ok: queued as 4WxYz1\r\n",
    "RSET": b"250 2.0.0 Ok\r\n",
    "NOOP": b"250 2.0.0 Ok\r\n",
    "QUIT": b"221 2.0.0 Bye\r\n",
    "STARTTLS": b"220 2.0.0 Ready\r\n",
}


@dataclass(frozen=True, slots=True)
class Act:
    """What the server does instead of its usual reply: these octets, then perhaps the end of the line."""

    octets: bytes = b""
    then: str = ""
    """`drop` (an orderly close), `reset` (RST), `silence` (says nothing more), or nothing: goes on."""


def say(line: str) -> Act:
    """This reply and no other."""
    return Act(line.encode() + b"\r\n")


DROP = Act(then="drop")
RESET = Act(then="reset")
SILENCE = Act(then="silence")


@dataclass(frozen=True, slots=True)
class Taken:
    """One letter whose dot was answered with a 2xx."""

    sender: str
    recipient: str
    options: tuple[str, str]
    content: bytes
    wire: bytes
    """As it came, dots still doubled, the lone dot included."""


@dataclass(slots=True)
class _Session:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    sender: str = ""
    recipients: list[str] = field(default_factory=list)
    options: tuple[str, str] = ("", "")
    let_in: bool = False


class _Over(Exception):
    """The script ended this session."""


class ScriptedSmtp:
    """Use as `async with`. `taken` are the letters that it accepted, `heard` every line that was said to it."""

    def __init__(
        self,
        *,
        extensions: Iterable[str] = EXTENSIONS,
        login: tuple[str, str] | None = None,
        context: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
    ) -> None:
        self.extensions = tuple(extensions)
        self.login = login
        self.context = context
        self.implicit_tls = implicit_tls
        self.taken: list[Taken] = []
        self.bodies: list[bytes] = []
        """Every content that came to its dot, whatever was answered."""
        self.heard: list[str] = []
        self.connections = 0
        self.together: list[bool] = []
        """For each RCPT, whether it came in one go with its MAIL."""
        self.port = 0
        self._once: dict[str, deque[Act]] = defaultdict(deque)
        self._always: dict[str, Act] = {}
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()
        self.silent = asyncio.Event()
        """Set when a `SILENCE` has begun."""
        self._break = asyncio.Event()
        self._words = b""

    def next(self, verb: str, *acts: Act) -> None:
        """The next times that `verb` comes, do these; `CONNECT`, `BODY` and `EHLO` count as verbs.

        So does `NOBODY`: DATA where no recipient was taken.
        """
        self._once[verb].extend(acts)

    def always(self, verb: str, act: Act | None) -> None:
        """Whenever `verb` comes, do this; None: the usual again."""
        if act is None:
            self._always.pop(verb, None)
        else:
            self._always[verb] = act

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def start(self) -> None:
        """Listen; the first time on a free port, later on the same."""
        context = self.context if self.implicit_tls else None
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=2**26, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Listen no more, and end every session."""
        if self._server is not None:
            self._server.close()
        for session in tuple(self._sessions):
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    async def say_now(self, octets: bytes) -> None:
        """Break every silence with these octets; what a `SILENCE` held back goes on from there."""
        self._words = octets
        self._break.set()

    async def quiet(self) -> None:
        """Return when every session has ended, so that all that was said has been heard."""
        while self._sessions:
            await asyncio.wait(self._sessions)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        self.connections += 1
        try:
            await self._converse(_Session(reader, writer))
        except (_Over, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass  # the other side, or the test, ended it
        finally:
            self._sessions.discard(task)
            writer.close()

    async def _converse(self, session: _Session) -> None:
        await self._answer(session, "CONNECT")
        while line := await session.reader.readline():
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            self.heard.append(text)
            verb = text.split(" ", 1)[0].upper()
            match verb:
                case "EHLO" | "HELO":
                    await self._answer(session, "EHLO", self._greeting())
                case "STARTTLS":
                    await self._start_tls(session)
                case "AUTH":
                    await self._auth(session, text)
                case "MAIL":
                    session.sender, session.recipients = _address(text), []
                    session.options = (text.partition("> ")[2], "")
                    await self._answer(session, "MAIL")
                case "RCPT":
                    await self._rcpt(session, text)
                case "DATA":
                    await self._data(session)
                case "QUIT":
                    await self._answer(session, "QUIT")
                    return
                case _:
                    await self._answer(session, verb, _USUAL.get(verb, b"502 5.5.2 what?\r\n"))

    def _greeting(self) -> bytes:
        extensions = [*self.extensions]
        if self.login is not None:
            extensions.append("AUTH PLAIN LOGIN")
        if self.context is not None and not self.implicit_tls:
            extensions.append("STARTTLS")
        lines = ["scripted.test", *extensions]
        return b"".join(f"250{' ' if n == len(lines) else '-'}{text}\r\n".encode() for n, text in enumerate(lines, 1))

    async def _start_tls(self, session: _Session) -> None:
        if self.context is None:
            await self._answer(session, "STARTTLS", b"502 5.5.1 not here\r\n")
            return
        await self._answer(session, "STARTTLS")
        await session.writer.start_tls(self.context)

    async def _auth(self, session: _Session, text: str) -> None:
        _, method, *first = text.split(" ")
        if method.upper() == "PLAIN":
            _, user, word = base64.b64decode(first[0]).decode().split("\0")
        else:
            session.writer.write(b"334 UGFzc3dvcmQ6\r\n")
            user = base64.b64decode(first[0]).decode()
            word = base64.b64decode(await session.reader.readline()).decode()
        session.let_in = (user, word) == self.login
        usual = b"235 2.7.0 welcome\r\n" if session.let_in else b"535 5.7.8 authentication failed\r\n"
        await self._answer(session, "AUTH", usual)

    async def _rcpt(self, session: _Session, text: str) -> None:
        self.together.append(self.heard[-2].upper().startswith("MAIL") and not session.options[1])
        session.options = (session.options[0], text.partition("> ")[2])
        code = await self._answer(session, "RCPT")
        if 200 <= code < 300:
            session.recipients.append(_address(text))

    async def _data(self, session: _Session) -> None:
        if not session.recipients:
            if await self._answer(session, "NOBODY") == 354:
                await session.reader.read()  # whatever comes now goes to nobody
            return
        if await self._answer(session, "DATA") != 354:
            return
        wire = b""
        while not (wire == b".\r\n" or wire.endswith(b"\r\n.\r\n")):
            line = await session.reader.readline()
            if not line:
                raise _Over
            wire += line
        content = b"".join(line.removeprefix(b".") for line in wire.removesuffix(b".\r\n").splitlines(keepends=True))
        self.bodies.append(content)
        code = await self._answer(
            session, "BODY", taken=Taken(session.sender, session.recipients[0], session.options, content, wire)
        )
        session.recipients = [] if code else session.recipients

    async def _answer(
        self, session: _Session, verb: str, usual: bytes | None = None, *, taken: Taken | None = None
    ) -> int:
        """Do what the script says for `verb`, else the usual; the code that was said."""
        queue = self._once[verb]
        default = Act(usual if usual is not None else _USUAL[verb])
        act = queue.popleft() if queue else self._always.get(verb, default)
        whole = act.octets[:3].isdigit() and act.octets[3:4] == b" "
        code = int(act.octets[:3]) if whole else 0
        if taken is not None and 200 <= code < 300:
            self.taken.append(taken)
        session.writer.write(act.octets)
        await session.writer.drain()
        if act.then == "silence":
            self.silent.set()
            await self._break.wait()
            session.writer.write(self._words)
            return int(self._words[:3])
        if act.then == "reset":
            handle: socket.socket = session.writer.get_extra_info("socket")
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            session.writer.transport.abort()
        if act.then:
            raise _Over
        return code


def _address(text: str) -> str:
    return text[text.index("<") + 1 : text.index(">")]
