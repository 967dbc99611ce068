"""Worlds to play in: on Dovecot and on the embedded server, each with a relay that takes letters."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from daemon.embedded.server import EmbeddedMail
from tests.journeys.reading import ReadingRoom
from tests.journeys.world import AUTHSERV, OPS, US, World, config
from tests.servers.dovecot import Dovecot, dovecot
from tests.servers.moody_imap import MoodyImap, moody_imap
from tests.servers.scripted_smtp import ScriptedSmtp

PASSWORD = "pass north"
MAILBOXES = [f"box{number}@north.test" for number in range(300)]
"""Login names at the shared Dovecot: each journey takes the next, so that none waits for a server to start."""


@dataclass(frozen=True, slots=True)
class Account:
    """Our shared mailbox at a server: where, and under which login. `dovecot` is None at the embedded server."""

    imap_port: int
    username: str = US
    dovecot: Dovecot | None = None
    embedded: EmbeddedMail | None = None
    moody: MoodyImap | None = None


@pytest.fixture(scope="session")
def shared_dovecot() -> Iterator[tuple[Dovecot, Iterator[str]]]:
    """One Dovecot for all journeys, and the mailboxes that nobody used yet."""
    with dovecot(users=dict.fromkeys(MAILBOXES, PASSWORD)) as server:
        yield server, iter(MAILBOXES)


@pytest.fixture(params=["dovecot", pytest.param("embedded", marks=pytest.mark.trials)])
async def account(request: pytest.FixtureRequest) -> AsyncIterator[Account]:
    """A fresh mailbox for `codes@north.test` on a real server: on Dovecot, and in `make trials` on the embedded one.

    The demo and a simulated week live on the embedded server in every run.
    """
    if request.param == "dovecot":
        server, unused = request.getfixturevalue("shared_dovecot")
        yield Account(server.imap_port, next(unused), dovecot=server)
    elif request.param == "moody":
        server, unused = request.getfixturevalue("shared_dovecot")
        async with moody_imap(server.imap_port) as moody:
            yield Account(moody.port, next(unused), dovecot=server, moody=moody)
    elif request.param == "full":
        with dovecot(users={US: PASSWORD}, quota_kib=40) as server:
            yield Account(server.imap_port, dovecot=server)
    else:
        async with EmbeddedMail({US: PASSWORD, OPS: PASSWORD}, authserv_id=AUTHSERV) as mail:
            yield Account(mail.imap_port, embedded=mail)


on_dovecot = pytest.mark.parametrize("account", ["dovecot"], indirect=True)
"""For a story that a second mailbox server would tell the same way."""

on_full_dovecot = pytest.mark.parametrize("account", ["full"], indirect=True)
"""A mailbox that has room for 40 KiB."""

on_moody_dovecot = pytest.mark.parametrize("account", ["moody"], indirect=True)
"""A Dovecot in whose place `account.moody` answers what a test tells it to."""

MakeWorld = Callable[..., Coroutine[Any, Any, World]]


@pytest.fixture(scope="package")
def reading_room() -> Iterator[ReadingRoom]:
    """Readers for all journeys, in the children that read a daemon's mail."""
    with ReadingRoom() as room:
        yield room


@pytest.fixture
async def make_world(
    tmp_path: Path, sqlite_url: str, account: Account, relay: ScriptedSmtp, reading_room: ReadingRoom
) -> AsyncIterator[MakeWorld]:
    """Builds a world; keyword arguments are those of `config`."""
    made: list[World] = []

    async def make(**settings: Any) -> World:
        toml = config(
            tmp_path,
            sqlite_url,
            account.imap_port,
            relay.port,
            username=account.username,
            password=PASSWORD,
            **settings,
        )
        made.append(await World.build(tmp_path, toml, make_readers=reading_room.readers_of))
        return made[-1]

    yield make
    for world in made:
        await world.close()


@pytest.fixture
async def world(make_world: MakeWorld) -> World:
    """A world in mode `send`, past its first start."""
    world = await make_world()
    await world.settle_down()
    return world
