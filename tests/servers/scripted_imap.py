"""An IMAP server that says what a test tells it to: for answers that no decent server gives."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

GREETING = b"* OK ready\r\n"
USUAL = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS\r\nTAG OK done\r\n",
    "LOGIN": b"TAG OK in\r\n",
    "LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n',
    "EXAMINE": b"* 1 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] x\r\nTAG OK [READ-ONLY] done\r\n",
    "SELECT": b"* 1 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] x\r\nTAG OK [READ-WRITE] done\r\n",
    "LOGOUT": b"* BYE bye\r\nTAG OK done\r\n",
}


@dataclass(slots=True)
class ScriptedImap:
    """`heard`: every line that came in. An answer's `TAG` stands for the command's tag; an empty one hangs up.

    Of a tuple of answers each is given once, the last from then on.
    """

    replies: Mapping[str, bytes | tuple[bytes, ...]]
    greeting: bytes
    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    _turns: dict[str, int] = field(default_factory=dict)

    def _reply(self, line: bytes) -> bytes:
        tag, _, command = line.strip().partition(b" ")
        words = command.decode("latin-1").upper()
        known = {**USUAL, **self.replies}
        name = next((name for name in sorted(known, key=len, reverse=True) if words.startswith(name)), None)
        if name is None:
            return tag + b" BAD unknown\r\n"
        given = known[name]
        answers = (given,) if isinstance(given, bytes) else given
        turn = self._turns[name] = self._turns.get(name, -1) + 1
        return answers[min(turn, len(answers) - 1)].replace(b"TAG", tag)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        writer.write(self.greeting)
        while line := await reader.readline():
            self.heard.append(line)
            reply = self._reply(line)
            if not reply:
                break
            writer.write(reply)
        writer.close()


@asynccontextmanager
async def scripted_imap(
    greeting: bytes = GREETING, **replies: bytes | tuple[bytes, ...]
) -> AsyncIterator[ScriptedImap]:
    """Serve for the length of the block; `replies` by command, a blank written as `_`: `UID_FETCH=...`."""
    server = ScriptedImap({name.replace("_", " "): reply for name, reply in replies.items()}, greeting)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = int(listener.sockets[0].getsockname()[1])
    try:
        yield server
    finally:
        listener.close()
