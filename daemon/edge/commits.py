"""Many small writes, one fsync: writes that come while a commit runs share the next one.

Each write still has its own row and its caller still waits for the commit that made it durable;
a write that fails fails alone (it has its own savepoint).
"""

import asyncio
from collections.abc import Callable

from sqlalchemy import Connection

from daemon.edge.database import Database
from daemon.errors import DaemonError

Write = Callable[[Connection], None]


class GroupCommit:
    """Commits the writes of many coroutines together, one transaction at a time."""

    def __init__(self, database: Database, fence: Write) -> None:
        self._database = database
        self._fence = fence
        self._waiting: list[tuple[Write, asyncio.Future[None]]] = []
        self._busy = asyncio.Lock()

    async def __call__(self, write: Write) -> None:
        """Return when `write` is durable; raise what it raised, or what the commit raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((write, done))
        async with self._busy:
            if self._waiting:
                await self._commit_all()
        await done

    async def _commit_all(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            results = await asyncio.to_thread(self._run, [write for write, _ in batch])
        except BaseException as error:
            for _, done in batch:
                done.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
            if not isinstance(error, Exception):
                raise
            return
        for (_, done), failure in zip(batch, results, strict=True):
            done.set_exception(failure) if failure else done.set_result(None)

    def _run(self, writes: list[Write]) -> list[DaemonError | None]:
        with self._database.write() as connection:
            self._fence(connection)
            return [self._one(connection, write) for write in writes]

    def _one(self, connection: Connection, write: Write) -> DaemonError | None:
        try:
            with connection.begin_nested():
                write(connection)
        except DaemonError as failure:
            return failure
        return None
