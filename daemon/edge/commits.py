"""Many small writes, one fsync: writes that come while a commit runs share the next one.

Each write still has its own row and its caller still waits for the commit that made it durable;
a write that fails fails alone (it has its own savepoint).
"""

import asyncio
from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.audit import Entry
from daemon.edge.database import Database
from daemon.errors import DaemonError

Write = Callable[[Connection], Sequence[Entry] | None]
"""What is to be written; the entries it returns go to the audit trail in the same commit.

It may run twice, the first time rolled back, so it does nothing but write.
"""
Audit = Callable[[Connection, Sequence[Entry]], None]


class GroupCommit:
    """Commits the writes of many coroutines together, one transaction at a time.

    A caller that is cancelled stops waiting; its write may still become durable.
    """

    def __init__(self, database: Database, fence: Callable[[Connection], None], audit: Audit) -> None:
        self._database = database
        self._fence = fence
        self._audit = audit
        self._waiting: list[tuple[Write, asyncio.Future[None]]] = []
        self._runner: asyncio.Task[None] | None = None

    async def __call__(self, write: Write) -> None:
        """Return when `write` is durable; raise what it raised, or what the commit raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((write, done))
        if self._runner is None or self._runner.done():
            # A task of its own: a caller that is cancelled takes nobody else's commit with it.
            self._runner = asyncio.create_task(self._run(), name="commits")
        await done

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                results = await asyncio.to_thread(self._commit, [write for write, _ in batch])
            except (DaemonError, sa.exc.SQLAlchemyError) as failure:
                results = [failure] * len(batch)
            except BaseException:
                for _, done in batch:
                    done.cancel()
                raise
            for (_, done), result in zip(batch, results, strict=True):
                _tell(done, result)

    def _commit(self, writes: list[Write]) -> list[Exception | None]:
        """All in one go; where one of them fails, once more with a savepoint for each."""
        try:
            return self._transaction(writes, _all)
        except _Spoiled:
            return self._transaction(writes, _each)

    def _transaction(self, writes: list[Write], run: "_Run") -> list[Exception | None]:
        entries: list[Entry] = []
        with self._database.write() as connection:
            self._fence(connection)
            results = run(connection, writes, entries)
            self._audit(connection, entries)
        return results


_Run = Callable[[Connection, list[Write], list[Entry]], list[Exception | None]]
_FAULTS = (DaemonError, sa.exc.IntegrityError, sa.exc.DataError)


class _Spoiled(Exception):
    """One write failed, and the transaction with it."""


def _all(connection: Connection, writes: list[Write], entries: list[Entry]) -> list[Exception | None]:
    try:
        for write in writes:
            entries += write(connection) or ()
    except _FAULTS:
        raise _Spoiled from None
    return [None] * len(writes)


def _each(connection: Connection, writes: list[Write], entries: list[Entry]) -> list[Exception | None]:
    results: list[Exception | None] = []
    for write in writes:
        try:
            with connection.begin_nested():
                entries += write(connection) or ()
        except _FAULTS as failure:
            results.append(failure)
        else:
            results.append(None)
    return results


def _tell(done: asyncio.Future[None], failure: Exception | None) -> None:
    if done.done():  # its caller was cancelled
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)
