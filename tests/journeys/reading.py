"""The daemon's own readers, kept from one journey to the next: their children take a third of a second to start."""

import asyncio
import threading
from collections.abc import Coroutine, Hashable, Sequence
from typing import Any, Self, TypeVar

from daemon.edge.reader.frames import ReadMail
from daemon.edge.reader.pool import Readers
from daemon.errors import Unreadable
from daemon.running import readers_of
from daemon.settings import Settings

T = TypeVar("T")


class ReadingRoom:
    """Use as `with`. Pools of readers on a loop of their own, one for each trust and each set of limits."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._pools: dict[Hashable, Readers] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self._pools.values():
            asyncio.run_coroutine_threadsafe(pool.close(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def readers_of(self, settings: Settings) -> "Borrowed":
        """As `daemon.running.readers_of`, but what others used is used again."""
        key = (settings.trust(), settings.reader.model_dump_json())
        if key not in self._pools:
            self._pools[key] = readers_of(settings)
        return Borrowed(self, self._pools[key])

    async def does(self, work: Coroutine[Any, Any, T]) -> T:
        """Have `work` done on the readers' loop; cancelled, it is cancelled there."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))


class Borrowed:
    """Readers of a reading room, for one journey: they are started when first needed, and stay when it closes."""

    def __init__(self, room: ReadingRoom, pool: Readers) -> None:
        self._room, self._pool = room, pool

    async def start(self) -> None:
        """Nothing: a pool starts what it lacks when it is to read."""

    async def read(self, content: bytes) -> ReadMail:
        """The mail `content`, and what it says; raises as `Readers.read` does."""
        return await self._room.does(self._pool.read(content))

    async def read_each(self, contents: Sequence[bytes]) -> list[ReadMail | Unreadable]:
        """Of each mail what `read` says of it; raises as `Readers.read_each` does."""
        return await self._room.does(self._pool.read_each(contents))

    async def close(self) -> None:
        """Nothing: the next journey reads on."""
