"""The pool of children that read mail: bytes go in through a pipe, each an IncomingMail and its sense come out as JSON.

A child knows nothing worth stealing: it is started afresh (never forked) with an empty environment, holds
no key, no database and no open file, and lives under limits of memory, CPU and time. What it answers is
checked as data; it is never unpickled.

Small mails are handed over some at a time. Together they have the limits of one mail, and none of them is blamed: where
their child dies, they are read again one by one, and only a mail that is the end of a child which read it alone is
Unreadable.
"""

import asyncio
import math
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from daemon.edge.reader.frames import (
    BRIEF,
    FAILED,
    FRAME,
    LAST,
    MAIL,
    OUT_OF_MEMORY,
    READ,
    READY,
    Brief,
    ReadMail,
    as_json,
)
from daemon.errors import Unavailable, Unreadable
from daemon.mail.sender.origin import Trust

MAX_REPLY_OCTETS = 96 * 1024 * 1024
_ANSWERS = TypeAdapter(tuple[ReadMail, ...])
_START_S = 30.0
_LARGE_OCTETS = 4 * 1024 * 1024
_BLOCKING_OCTETS = 512 * 1024
_MOST_TOGETHER, _MOST_OCTETS_TOGETHER = 10, 256 * 1024
"""Mails that are handed over at a time, and octets, above which a mail goes alone."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one mail may cost: address space of the child, its CPU time and the time on the wall."""

    memory_mib: int = 512
    cpu_seconds: int = 10
    wall_seconds: float = 30.0


class _Died(Exception):
    """The child went, or answered what it must not."""


class _Child:
    """One child and the two pipes to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a child without pipes")
        self._process = process
        self._to, self._from = process.stdin, process.stdout

    @property
    def lives(self) -> bool:
        """It has not ended, as far as is known."""
        return self._process.returncode is None

    async def ask(
        self, kind: bytes, content: bytes, expected: bytes, within_s: float, *, before: Sequence[bytes] = ()
    ) -> bytes:
        """Hand `content` over, and the mails `before` it, and wait for the answer. Raises _Died."""
        try:
            async with asyncio.timeout(within_s):
                answered, answer = await self._exchange(kind, content, before)
        except TimeoutError:
            raise _Died(f"it took longer than {within_s:g} s") from None
        except (OSError, asyncio.IncompleteReadError):
            raise _Died(_cause(await self._process.wait())) from None
        if answered == FAILED:
            raise _Died(f"it could not be read ({answer[:200].decode('ascii', 'replace')})")
        if answered != expected:
            raise _Died("it gave an answer of the wrong kind")
        return answer

    async def _exchange(self, kind: bytes, content: bytes, before: Sequence[bytes]) -> tuple[bytes, bytes]:
        heads = [piece for mail in before for piece in (FRAME.pack(MAIL, len(mail)), mail)]
        self._to.write(b"".join((*heads, FRAME.pack(kind, len(content)))))
        self._to.write(content)
        await self._to.drain()
        answered, size = FRAME.unpack(await self._from.readexactly(FRAME.size))
        if size > MAX_REPLY_OCTETS:
            raise _Died("it gave an answer that is too large")
        return answered, await self._from.readexactly(size)

    async def end(self) -> None:
        """End the child, whatever it does, and wait until it is gone."""
        if self._process.returncode is None:
            self._process.kill()
        self._to.close()
        await self._process.wait()


class Readers:
    """Reads mail in children: as many mails at once as there are children, more wait their turn."""

    def __init__(self, trust: Trust, children: int = 2, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._children = children
        self._brief = as_json(Brief(trust, self._limits.memory_mib, self._limits.cpu_seconds))
        self._slots: asyncio.LifoQueue[_Child | None] = asyncio.LifoQueue()
        """One entry a child: None where it must be started first."""
        self._alive: set[_Child] = set()
        self._closed = False
        for _ in range(children):
            self._slots.put_nowait(None)

    async def start(self) -> None:
        """Have every child ready. Raises Unavailable where one cannot be started."""
        slots = [self._slots.get_nowait() for _ in range(self._slots.qsize())]
        outcomes = await asyncio.gather(*(self._start_child() for _ in slots), return_exceptions=True)
        for outcome in outcomes:
            self._slots.put_nowait(outcome if isinstance(outcome, _Child) else None)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def read(self, content: bytes) -> ReadMail:
        """The mail `content`, and what it says.

        Raises Unreadable where this mail was the end of the child that read it, and Unavailable where no
        child can be started or the pool was closed, for which the mail is not to blame. When cancelled,
        the child goes too.
        """
        return (await self._read_at_once([content]))[0]

    async def read_each(self, contents: Sequence[bytes]) -> list[ReadMail | Unreadable]:
        """Of each mail what `read` says of it, many at a time. Raises Unavailable as `read` does."""
        most = min(_MOST_TOGETHER, math.ceil(len(contents) / self._children))  # that no child waits for another
        outcomes = await asyncio.gather(*(self._read_or_why(some) for some in _batches(contents, most)))
        return [outcome for some in outcomes for outcome in some]

    async def _read_or_why(self, contents: Sequence[bytes]) -> Sequence[ReadMail | Unreadable]:
        try:
            return await self._read_at_once(contents)
        except Unreadable as failure:
            if len(contents) == 1:
                return [failure]
        outcomes = await asyncio.gather(*(self._read_or_why([content]) for content in contents))
        return [outcome for (outcome,) in outcomes]

    async def _read_at_once(self, contents: Sequence[bytes]) -> tuple[ReadMail, ...]:
        child = await self._take()
        keep = False
        *before, last = contents
        try:
            answer = await child.ask(LAST, last, READ, self._limits.wall_seconds, before=before)
            read = await _checked(answer, len(contents))
            # Memory once used is seldom given back, and the next mail shall have all of its limit.
            keep = not self._closed and sum(map(len, contents)) + len(answer) < _LARGE_OCTETS
            return read
        except _Died as death:
            if self._closed:
                raise Unavailable("the readers are closed") from None
            raise Unreadable(str(death)) from None
        finally:
            await self._give_back(child, keep=keep)

    async def close(self) -> None:
        """End all children, those that are reading too."""
        self._closed = True
        await asyncio.gather(*(child.end() for child in tuple(self._alive)))

    async def _take(self) -> _Child:
        """A child that is ready, started where need be."""
        slot = await self._slots.get()
        if slot is not None and slot.lives and not self._closed:
            return slot
        try:
            if slot is not None:
                await self._dismiss(slot)
            return await self._start_child()
        except BaseException:
            self._slots.put_nowait(None)
            raise

    async def _give_back(self, child: _Child, *, keep: bool) -> None:
        self._slots.put_nowait(child if keep else None)
        if not keep:
            await self._dismiss(child)

    async def _dismiss(self, child: _Child) -> None:
        self._alive.discard(child)
        await child.end()

    async def _start_child(self) -> _Child:
        if self._closed:
            raise Unavailable("the readers are closed")
        try:
            child = _Child(await _spawn())
        except OSError as error:
            raise Unavailable(f"no reader can be started: {error.strerror}") from None
        self._alive.add(child)
        try:
            await child.ask(BRIEF, self._brief, READY, _START_S)
        except BaseException as trouble:
            await self._dismiss(child)
            if isinstance(trouble, _Died):
                raise Unavailable(f"a reader does not start: {trouble}") from None
            raise
        return child


async def _spawn() -> asyncio.subprocess.Process:
    """A fresh interpreter: nothing of our memory, environment, files or working directory goes with it."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", "daemon.edge.reader.child",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={}, cwd="/",
    )  # fmt: skip


def _batches(contents: Sequence[bytes], most: int) -> Iterator[Sequence[bytes]]:
    """The mails in their order, at most so many together, and no large one with others."""
    batch: list[bytes] = []
    for content in contents:
        if batch and (len(batch) == most or sum(map(len, batch)) + len(content) > _MOST_OCTETS_TOGETHER):
            yield batch
            batch = []
        batch.append(content)
    if batch:
        yield batch


async def _checked(answer: bytes, mails: int) -> tuple[ReadMail, ...]:
    """The answer as the mails it must be; a large one beside the loop, which has other things to do."""
    try:
        if len(answer) > _BLOCKING_OCTETS:
            read = await asyncio.to_thread(_ANSWERS.validate_json, answer)
        else:
            read = _ANSWERS.validate_json(answer)
    except ValidationError:  # its text quotes the mail
        raise _Died("it gave an answer that is no mail") from None
    if len(read) != mails:
        raise _Died("it gave an answer to another number of mails")
    return read


def _cause(status: int) -> str:
    """An exit status in words."""
    if status == OUT_OF_MEMORY:
        return "it ran out of memory"
    if status == -signal.SIGXCPU:
        return "it ran out of CPU time"
    return f"it ended with status {status}"
