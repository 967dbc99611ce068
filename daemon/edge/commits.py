"""Many small writes, one fsync: writes that come while a commit runs share the next one.

Each write still has its own row and may be waited for until it is durable. What is handed in first is never durable
later than what comes after it. A write that fails fails alone (it has its own savepoint).
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.audit import Entry
from daemon.edge.database import Database
from daemon.errors import DaemonError

T = TypeVar("T")
Write = Callable[[Connection, Sequence[T]], Sequence[Entry] | None]
"""Writes down all things of a commit that are handed in with it, so that many take no more statements than one.

The entries it returns go to the audit trail in the same commit. It may run twice, the first time rolled back, so it does
nothing but write.
"""
Audit = Callable[[Connection, Sequence[Entry]], None]


GATHER_S = 0.001
"""How long a commit waits for writes that are about to come. Links whose letters went in one commit hear of them in one
breath: the first of them shall not commit alone. It halves the commits of a backlog."""


@dataclass(frozen=True, slots=True)
class _HandedIn:
    write: Write[Any]
    thing: Any
    durable: asyncio.Future[None]


class GroupCommit:
    """Commits the writes of many coroutines together, one transaction at a time.

    A caller that is cancelled stops waiting; its write may still become durable.
    """

    def __init__(self, database: Database, fence: Callable[[Connection], None], audit: Audit) -> None:
        self._database = database
        self._fence = fence
        self._audit = audit
        self._waiting: list[_HandedIn] = []
        self._runner: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commits")
        """Its own: a relay that waits for a commit does not wait for what other stations have to think about."""

    def hand_in(self, write: Write[T], thing: T) -> asyncio.Future[None]:
        """Done when `thing` is durable; raises what `write` raised, or what the commit raised. Call it in the event loop."""
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_HandedIn(write, thing, durable))
        if self._runner is None or self._runner.done():
            # A task of its own: a caller that is cancelled takes nobody else's commit with it.
            self._runner = asyncio.create_task(self._run(), name="commits")
        return durable

    async def _run(self) -> None:
        while self._waiting:
            await asyncio.sleep(GATHER_S)
            batch, self._waiting = self._waiting, []
            try:
                results = await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, batch)
            except (DaemonError, sa.exc.SQLAlchemyError) as failure:
                results = [failure] * len(batch)
            except BaseException:
                for one in batch:
                    one.durable.cancel()
                raise
            for one, result in zip(batch, results, strict=True):
                _tell(one.durable, result)

    def _commit(self, batch: list[_HandedIn]) -> list[Exception | None]:
        """All in one go; where one of them fails, once more with a savepoint for each."""
        try:
            return self._transaction(batch, _all)
        except _Spoiled:
            return self._transaction(batch, _each)

    def _transaction(self, batch: list[_HandedIn], run: "_Run") -> list[Exception | None]:
        entries: list[Entry] = []
        with self._database.write() as connection:
            self._fence(connection)
            results = run(connection, batch, entries)
            self._audit(connection, entries)
        return results


_Run = Callable[[Connection, list[_HandedIn], list[Entry]], list[Exception | None]]
_FAULTS = (DaemonError, sa.exc.IntegrityError, sa.exc.DataError)


class _Spoiled(Exception):
    """One write failed, and the transaction with it."""


def _all(connection: Connection, batch: list[_HandedIn], entries: list[Entry]) -> list[Exception | None]:
    things: dict[Write[Any], list[Any]] = {}
    for one in batch:
        things.setdefault(one.write, []).append(one.thing)
    try:
        for write, some in things.items():
            entries += write(connection, some) or ()
    except _FAULTS:
        raise _Spoiled from None
    return [None] * len(batch)


def _each(connection: Connection, batch: list[_HandedIn], entries: list[Entry]) -> list[Exception | None]:
    results: list[Exception | None] = []
    for one in batch:
        try:
            with connection.begin_nested():
                entries += one.write(connection, [one.thing]) or ()
        except _FAULTS as failure:
            results.append(failure)
        else:
            results.append(None)
    return results


def _tell(durable: asyncio.Future[None], failure: Exception | None) -> None:
    if durable.done():  # its caller was cancelled
        return
    if failure is None:
        durable.set_result(None)
    else:
        durable.set_exception(failure)
