"""The servers that the whole daemon is run against, one of each a test process, and fresh installations on them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.dovecot import dovecot as dovecot_server
from tests.servers.postgres import Postgres
from tests.whole.installation import MAILBOX_PASSWORD, RELAY_LOGIN, Installation, copied, prepare
from tests.whole.post import RelayThread
from tests.whole.process import Zygote

MAILBOXES = 3000
"""More than there are trials; a mailbox is a line in a file until mail comes."""


def address(number: int) -> str:
    """The mailbox of one trial."""
    return f"codes@n{number}.test"


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """Where daemons are forked from."""
    made = Zygote()
    yield made
    made.close()


@pytest.fixture(scope="session")
def imap() -> Iterator[Dovecot]:
    """A Dovecot with many empty mailboxes."""
    with dovecot_server(users={address(n): MAILBOX_PASSWORD for n in range(MAILBOXES)}) as server:
        yield server


@pytest.fixture(scope="session")
def shared_relay() -> Iterator[RelayThread]:
    """A relay that takes every letter from who knows its password, unless told otherwise."""
    with RelayThread(RELAY_LOGIN) as relay:
        yield relay


@pytest.fixture
def relay(shared_relay: RelayThread) -> RelayThread:
    """The relay, with nothing taken yet."""
    shared_relay.clear()
    return shared_relay


Make = Callable[..., Installation]


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    """The mailboxes' numbers, each once."""
    return iter(range(MAILBOXES))


@pytest.fixture(scope="session")
def template(
    tmp_path_factory: pytest.TempPathFactory, zygote: Zygote, imap: Dovecot, shared_relay: RelayThread
) -> Path:
    """A folder with the keys and the SQLite database of a prepared installation."""
    folder = tmp_path_factory.mktemp("prepared")
    prepare(Installation(folder, address(0), f"sqlite:///{folder}/daemon.db", zygote, imap, shared_relay))
    return folder


@pytest.fixture(scope="session")
def postgres_template(template: Path, postgres_cluster: Postgres, request: pytest.FixtureRequest) -> str:
    """The name of a PostgreSQL database of a prepared installation; its keys are its own."""
    url = postgres_cluster.create()
    folder = template / "postgresql"
    zygote, imap, relay = (request.getfixturevalue(name) for name in ("zygote", "imap", "shared_relay"))
    prepare(Installation(folder, address(0), url, zygote, imap, relay))
    return url.rpartition("/")[2]


@pytest.fixture
def on_sqlite(  # noqa: PLR0917  # fixtures
    tmp_path: Path, template: Path, zygote: Zygote, imap: Dovecot, relay: RelayThread, numbers: Iterator[int]
) -> Iterator[Make]:
    """Makes installations on SQLite; keyword arguments are sections of settings."""
    made: list[Installation] = []

    def make(**settings: dict[str, object]) -> Installation:
        number = next(numbers)
        folder = tmp_path / f"n{number}"
        copied(template, folder)
        url = f"sqlite:///{folder}/daemon.db"
        made.append(Installation(folder, address(number), url, zygote, imap, relay, settings=settings))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def on_postgresql(  # noqa: PLR0917  # fixtures
    tmp_path: Path,
    template: Path,
    postgres_template: str,
    postgres_cluster: Postgres,
    zygote: Zygote,
    imap: Dovecot,
    relay: RelayThread,
    numbers: Iterator[int],
) -> Iterator[Make]:
    """Makes installations on PostgreSQL; keyword arguments are sections of settings."""
    made: list[Installation] = []

    def make(**settings: dict[str, object]) -> Installation:
        number = next(numbers)
        folder = tmp_path / f"n{number}"
        copied(template / "postgresql", folder)
        url = postgres_cluster.create(postgres_template)
        made.append(Installation(folder, address(number), url, zygote, imap, relay, settings=settings))
        return made[-1]

    yield make
    for world in made:
        world.close()
        postgres_cluster.drop(world.url)
