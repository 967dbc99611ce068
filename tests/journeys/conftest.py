"""Worlds to play in: on Dovecot and on the embedded server, each with a relay that takes letters."""

from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from daemon.embedded.server import EmbeddedMail
from tests.journeys.world import AUTHSERV, OPS, US, World, config
from tests.servers.dovecot import dovecot
from tests.servers.scripted_smtp import ScriptedSmtp

PASSWORD = "pass north"


@pytest.fixture
async def relay() -> AsyncIterator[ScriptedSmtp]:
    """A relay that takes every letter, unless told otherwise; `taken` holds them."""
    async with ScriptedSmtp() as server:
        yield server


@pytest.fixture(params=["dovecot", "embedded"])
async def imap_port(request: pytest.FixtureRequest) -> AsyncIterator[int]:
    """A real mailbox server for `codes@north.test`."""
    if request.param == "dovecot":
        with dovecot(users={US: PASSWORD, OPS: PASSWORD}) as server:
            yield server.imap_port
    else:
        async with EmbeddedMail({US: PASSWORD, OPS: PASSWORD}, authserv_id=AUTHSERV) as mail:
            yield mail.imap_port


MakeWorld = Callable[..., Coroutine[Any, Any, World]]


@pytest.fixture
async def make_world(tmp_path: Path, sqlite_url: str, imap_port: int, relay: ScriptedSmtp) -> AsyncIterator[MakeWorld]:
    """Builds a world; keyword arguments are settings of `[policy]`."""
    made: list[World] = []

    async def make(**policy: Any) -> World:
        toml = config(tmp_path, sqlite_url, imap_port, relay.port, username=US, password=PASSWORD, **policy)
        made.append(await World.build(tmp_path, toml))
        return made[-1]

    yield make
    for world in made:
        await world.close()


@pytest.fixture
async def world(make_world: MakeWorld) -> World:
    """A world in mode `send`."""
    return await make_world()
