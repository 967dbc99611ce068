"""The relay, in a thread of its own, so that tests of whole processes are plain calls."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from tests.servers.scripted_smtp import DROP, ScriptedSmtp, Taken, _Session, say

T = TypeVar("T")


class Moody(ScriptedSmtp):
    """Refuses letters to the addresses in `refused`, for good; and takes `unsaid` letters without saying so."""

    refused: frozenset[str] = frozenset()
    unsaid = 0

    async def _rcpt(self, session: _Session, text: str) -> None:
        if any(f"<{address}>" in text for address in self.refused):
            self.next("RCPT", say("550 5.1.1 no such mailbox"))
        await super()._rcpt(session, text)

    async def _answer(
        self, session: _Session, verb: str, usual: bytes | None = None, *, taken: Taken | None = None
    ) -> int:
        if taken is not None and self.unsaid:
            self.unsaid -= 1
            self.taken.append(taken)
            self._once[verb].appendleft(DROP)
            taken = None
        return await super()._answer(session, verb, usual, taken=taken)


class RelayThread:
    """Use as `with`. `server.taken` are the letters that were accepted; `clear` forgets them."""

    def __init__(self, login: tuple[str, str]) -> None:
        self.server = Moody(login=login)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self.server.start())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    @property
    def port(self) -> int:
        """Where it listens, with a login."""
        return self.server.port

    def down(self) -> None:
        """Listen no more, end every session."""
        self._call(self.server.stop())

    def up(self) -> None:
        """Listen again, on the same port."""
        self._call(self.server.start())

    def clear(self) -> None:
        """A new test: nothing taken, no script."""
        self.server.refused, self.server.unsaid = frozenset(), 0
        self.server.taken.clear()
        self.server.bodies.clear()
        self.server.heard.clear()
        self.server._once.clear()  # the rig is ours
        self.server._always.clear()
