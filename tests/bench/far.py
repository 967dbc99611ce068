"""The far side, a process of its own: a relay that takes letters, and a line that is as slow as it is told.

Run as `python -m tests.bench.far LETTERS DELAY_MS REFUSE_EVERY IMAP_PORT`. It says a line of JSON with its ports: of the
relay, of a slow line to the relay, of a slow line to the mail server; then it works until its input ends. Each letter
that it took is a line of the file LETTERS: the steady clock in seconds, the recipient, and the Message-ID answered.
DELAY_MS is one way; REFUSE_EVERY: the first try of every such letter is refused for the moment (0: none).
"""

import asyncio
import contextlib
import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import TextIO, cast

LOCALHOST = "127.0.0.1"
_GREETING = b"250-listener.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 52428800\r\n"
_DOT = b"\r\n.\r\n"


class Refusals:
    """Which letters are refused at their first try: every so many of those never seen before."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._seen: set[str] = set()

    def refuse(self, name: str) -> bool:
        """Whether the letter that answers `name` is to come again later."""
        if not self._every or name in self._seen:
            return False
        self._seen.add(name)
        return len(self._seen) % self._every == 0


class Relay(asyncio.Protocol):
    """One session. Replies in order, whatever came in one go (RFC 2920)."""

    def __init__(self, letters: TextIO, refusals: Refusals) -> None:
        self._letters, self._refusals = letters, refusals
        self._heard, self._recipient, self._in_letter = bytearray(), "", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._line = cast("asyncio.Transport", transport)
        self._line.write(b"220 listener.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Take what came, as far as it is whole."""
        self._heard += data
        while self._step():
            pass

    def _step(self) -> bool:
        end = _DOT if self._in_letter else b"\r\n"
        at = self._heard.find(end)
        if at < 0:
            return False
        said = bytes(self._heard[:at])
        del self._heard[: at + len(end)]
        self._line.write(self._take(said) if self._in_letter else self._answer(said))
        return True

    def _answer(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"EHLO":
            return _GREETING
        if verb == b"RCPT":
            self._recipient = line[line.index(b"<") + 1 : line.index(b">")].decode()
        if verb == b"DATA":
            self._in_letter = True
            return b"354 go on\r\n"
        if verb == b"QUIT":
            self._line.close()
        return b"250 2.0.0 Ok\r\n"

    def _take(self, letter: bytes) -> bytes:
        self._in_letter = False
        name = answered(letter)
        if self._refusals.refuse(name):
            return b"451 4.3.0 not now\r\n"
        self._letters.write(f"{time.monotonic():.6f}\t{self._recipient}\t{name}\n")
        self._letters.flush()
        return b"250 2.0.0 Ok: queued\r\n"


def answered(letter: bytes) -> str:
    """The Message-ID that a letter answers; nothing where it answers none."""
    head = letter.partition(b"\r\n\r\n")[0]
    at = head.lower().find(b"\r\nin-reply-to:")
    return "" if at < 0 else head[at + 14 :].partition(b">")[0].strip().decode() + ">"


class Later(asyncio.Protocol):
    """One end of a slow line: what comes in goes out at the other end after the delay, in order."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self.other: Later | None = None
        self._waiting: list[bytes] = []
        self.line: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """What had come before this end was there goes out now."""
        self.line = cast("asyncio.Transport", transport)
        self.line.writelines(self._waiting)

    def data_received(self, data: bytes) -> None:
        """Hand it on, later."""
        asyncio.get_running_loop().call_later(self._delay_s, self._hand_on, data)

    def connection_lost(self, _why: Exception | None) -> None:
        """The other end hears of it, after what is under way."""
        with contextlib.suppress(RuntimeError):  # the loop itself has ended
            asyncio.get_running_loop().call_later(self._delay_s, self._hang_up)

    def _hand_on(self, data: bytes) -> None:
        if self.other is not None:
            self.other.say(data)

    def _hang_up(self) -> None:
        if self.other is not None and self.other.line is not None:
            self.other.line.close()

    def say(self, data: bytes) -> None:
        """Send, or keep until there is a line."""
        if self.line is None:
            self._waiting.append(data)
        else:
            self.line.write(data)


class Entrance(Later):
    """The end that clients connect to; it opens the other one."""

    def __init__(self, delay_s: float, port: int) -> None:
        super().__init__(delay_s)
        self._port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect onwards."""
        super().connection_made(transport)
        beyond = self.other = Later(self._delay_s)
        beyond.other = self
        self._opening = asyncio.create_task(self._open(beyond))

    async def _open(self, beyond: Later) -> None:
        await asyncio.get_running_loop().create_connection(lambda: beyond, LOCALHOST, self._port)


async def _serve(letters: TextIO, delay_s: float, refuse_every: int, imap_port: int) -> None:
    loop = asyncio.get_running_loop()
    refusals = Refusals(refuse_every)
    relay = await loop.create_server(lambda: Relay(letters, refusals), LOCALHOST, 0)
    port = int(relay.sockets[0].getsockname()[1])
    slow = [await loop.create_server(partial(Entrance, delay_s, to), LOCALHOST, 0) for to in (port, imap_port)]
    ports = [port, *(int(line.sockets[0].getsockname()[1]) for line in slow)]
    sys.stdout.write(json.dumps(dict(zip(("relay", "slow_relay", "slow_imap"), ports, strict=True))) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


def main(argv: list[str]) -> None:
    """Work until the input ends."""
    file, delay_ms, refuse_every, imap_port = argv
    with Path(file).open("a", encoding="utf-8") as letters:
        asyncio.run(_serve(letters, float(delay_ms) / 1000, int(refuse_every), int(imap_port)))


if __name__ == "__main__":
    main(sys.argv[1:])
