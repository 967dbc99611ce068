"""One kept link to the relay: what is said on it, octet by octet.

aiosmtplib opens the link (TLS, EHLO, AUTH); then the wire is ours, because a library exception cannot tell
"not sent" from "maybe sent" and the stage of every loss must be known.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from daemon.edge.failpoints import failpoint

MOST_REPLY_OCTETS = 32_768
CLOSING = 421
"""The relay ends the session (RFC 5321 3.8)."""
GO_ON = 354
_CODE_LIKE = re.compile(r"(?:[0-9A-Fa-f]{2}[ :-]?){12,}")
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?")
_ANY_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the relay said: its code and its words, made fit to be kept and shown."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


def shown(text: str) -> str:
    """Words of a server as we may keep them: one line, printable, bounded; a content filter's quote of a code hidden."""
    printable = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    plain = " ".join(printable.split())
    return _CODE_LIKE.sub("[hidden] ", plain)[:300]


def wire_form(content: bytes) -> bytes:
    """The octets that follow DATA: CRLF alone ends a line, leading dots doubled, the lone dot at the end.

    Source: RFC 5321 4.5.2 and 2.3.8; a bare CR or LF is how a second mail is smuggled in.
    """
    clean = content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r")  # as our own letters are
    lines = content if clean else _ANY_LINE_END.sub(b"\r\n", content)
    lines = lines if lines.endswith(b"\r\n") else lines + b"\r\n"
    stuffed = lines.replace(b"\r\n.", b"\r\n..")
    return (b"." if stuffed.startswith(b".") else b"") + stuffed + b".\r\n"


class Wire(asyncio.Protocol):
    """Collects what the relay says; knows when the line is gone."""

    def __init__(self) -> None:
        self.lost = False
        self._heard = bytearray()
        self._waiting: asyncio.Future[None] | None = None

    def data_received(self, data: bytes) -> None:
        """More was said."""
        self._heard += data
        self._wake()

    def eof_received(self) -> None:
        """Nothing more will be said."""
        self._hang_up()

    def connection_lost(self, _why: Exception | None) -> None:
        """The line is gone, whoever ended it."""
        self._hang_up()

    def _hang_up(self) -> None:
        self.lost = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    @property
    def quiet(self) -> bool:
        """Nothing was said that nobody asked for."""
        return not self._heard

    async def reply(self, timeout_s: float) -> Reply | None:
        """The next whole reply; None when the line goes, the time is up, or what is said is no SMTP."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + timeout_s
        while True:
            found = _first_reply(self._heard)
            if found is not None:
                reply, octets = found
                del self._heard[:octets]
                return reply
            if self.lost or len(self._heard) > MOST_REPLY_OCTETS or loop.time() >= end_s:
                return None
            await self._news(loop, end_s)

    async def _news(self, loop: asyncio.AbstractEventLoop, end_s: float) -> None:
        """Return when more was said, the line is gone, or the time is up."""
        self._waiting = loop.create_future()
        alarm = loop.call_at(end_s, self._wake)
        try:
            await self._waiting
        finally:
            alarm.cancel()


def _first_reply(heard: bytearray) -> tuple[Reply | None, int] | None:
    """The reply that stands first and its length; None: not whole yet; a reply of None: no SMTP."""
    start, words = 0, []
    while (end := heard.find(b"\n", start)) >= 0:
        line = _REPLY_LINE.fullmatch(bytes(heard[start:end]).rstrip(b"\r"))
        if line is None:
            return None, end + 1
        words.append((line[3] or b"").decode("ascii", "replace"))
        if line[2] != b"-":
            return Reply(int(line[1]), shown(" ".join(words))), end + 1
        start = end + 1
    return None


class Link:
    """A link that is logged in. One letter at a time; whoever uses it decides by its stage what a loss means."""

    def __init__(self, transport: asyncio.BaseTransport, extensions: Mapping[str, str], timeout_s: float) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._wire = Wire()
        self._transport.set_protocol(self._wire)
        self._extensions = extensions
        self._timeout_s = timeout_s
        self._begun = False
        self.letters = 0
        self.idle_since_s = time.monotonic()

    def offers(self, extension: str) -> bool:
        """Whether the relay's EHLO named `extension`."""
        return extension.lower() in self._extensions

    @property
    def usable(self) -> bool:
        """Open, and in step: nothing said that we did not ask for."""
        return not self._wire.lost and not self._transport.is_closing() and self._wire.quiet

    async def begin(self, mail: bytes, rcpt: bytes) -> list[Reply]:
        """Say MAIL, RCPT and DATA, in one go where the relay takes PIPELINING (RFC 2920); the replies that came.

        Fewer than three: the link went; or DATA, and perhaps RCPT, was not said since what came before it was refused.
        """
        if self._begun and not await self._reset():
            return []
        self._begun = True
        commands = (mail, rcpt, b"DATA\r\n")
        together = self.offers("pipelining")
        if together:
            self._say(b"".join(commands))
        replies: list[Reply] = []
        for command in commands:
            answer = await (self.reply() if together else self.ask(command))
            if answer is None:
                break
            replies.append(answer)
            if answer.code == CLOSING or (answer.code >= 300 and not together):
                break
            if command is rcpt:
                failpoint("after-rcpt")
        return replies

    async def _reset(self) -> bool:
        """Drop what is left of a letter that was refused."""
        answer = await self.ask(b"RSET\r\n")
        if answer is not None and answer.code == 250:
            return True
        self.close()
        return False

    async def ask(self, line: bytes) -> Reply | None:
        """Say one line and hear the reply; None: the link went."""
        self._say(line)
        return await self.reply()

    async def reply(self, timeout_s: float | None = None) -> Reply | None:
        """The next reply; None: the link went, and is of no use any more."""
        answer = await self._wire.reply(self._timeout_s if timeout_s is None else timeout_s)
        if answer is None or answer.code == CLOSING:
            self.close()
        return answer

    def say_body(self, wire: bytes) -> None:
        """The letter with its dot, after 354."""
        self._say(wire)

    def finished(self) -> None:
        """The relay took the letter: nothing is left over that RSET would drop."""
        self._begun = False
        self.letters += 1
        self.idle_since_s = time.monotonic()

    def _say(self, octets: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(octets)

    def quit(self) -> None:
        """Leave politely; what the relay says to it is of no account."""
        self._say(b"QUIT\r\n")
        self._transport.close()

    def close(self) -> None:
        """Hang up at once, whatever is still on its way out."""
        self._transport.abort()
