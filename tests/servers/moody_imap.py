"""A real IMAP server behind somebody who now and then answers in its place: the moods of hosted providers."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field

_LITERAL = re.compile(rb"\{(\d+)(\+?)\}\r\n$")


@dataclass(frozen=True, slots=True)
class _Mood:
    asked: re.Pattern[bytes]
    answer: bytes
    times: int | None


@dataclass(slots=True)
class MoodyImap:
    """`heard`: every command line, without its tag. What no mood answers goes on to the server at `behind`."""

    behind: int
    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    _moods: list[_Mood] = field(default_factory=list)
    _met: dict[bytes, int] = field(default_factory=dict)

    def answers(self, asked: str, answer: bytes, times: int | None = None) -> None:
        """From now on commands that match `asked` get `answer`, `TAG` standing for their tag; an empty one hangs up.

        `times`: so often, then the server is asked again. Literals of such a command are dropped.
        """
        self._moods.append(_Mood(re.compile(asked.encode(), re.IGNORECASE), answer, times))

    def calms_down(self) -> None:
        """The server answers everything again."""
        self._moods.clear()
        self._met.clear()

    def _answer(self, command: bytes) -> bytes | None:
        for mood in self._moods:
            met = self._met.get(mood.asked.pattern, 0)
            if mood.asked.match(command) and (mood.times is None or met < mood.times):
                self._met[mood.asked.pattern] = met + 1
                return mood.answer
        return None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        there, onward = await asyncio.open_connection("127.0.0.1", self.behind)
        back = asyncio.create_task(_pour(there, writer))
        try:
            while line := await reader.readline():
                tag, _, command = line.partition(b" ")
                self.heard.append(command.strip())
                answer = self._answer(command)
                if answer == b"":
                    break
                if answer is None:
                    await _pass_on(line, reader, onward)
                    continue
                await _drop_literals(line, reader)
                writer.write(answer.replace(b"TAG", tag))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            back.cancel()
            onward.close()
            writer.close()


async def _pass_on(line: bytes, reader: asyncio.StreamReader, onward: asyncio.StreamWriter) -> None:
    """The command with its literals."""
    onward.write(line)
    while literal := _LITERAL.search(line):
        onward.write(await reader.readexactly(int(literal[1])))
        line = await reader.readline()
        onward.write(line)


async def _drop_literals(line: bytes, reader: asyncio.StreamReader) -> None:
    """Those that come unasked; another is not said after a refusal."""
    while (literal := _LITERAL.search(line)) and literal[2]:
        await reader.readexactly(int(literal[1]))
        line = await reader.readline()


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while octets := await source.read(1 << 16):
        target.write(octets)
        await target.drain()
    target.close()


@asynccontextmanager
async def moody_imap(behind: int) -> AsyncIterator[MoodyImap]:
    """In front of the server on the port `behind`, for the length of the block."""
    server = MoodyImap(behind)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**20)
    server.port = int(listener.sockets[0].getsockname()[1])
    try:
        yield server
    finally:
        listener.close()


@contextmanager
def moody_imap_thread(behind: int) -> Iterator[MoodyImap]:
    """The same in a thread of its own, for tests of whole processes."""
    loop, stack = asyncio.new_event_loop(), AsyncExitStack()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(stack.enter_async_context(moody_imap(behind)), loop).result(20)
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
