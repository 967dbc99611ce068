"""`run`: the parts built from Settings, the stations around them, and a clean stop on a signal."""

import asyncio
import ctypes
import gc
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass

import structlog

from daemon.asking import Asking
from daemon.chase import Chase
from daemon.edge import audit
from daemon.edge.database import Database
from daemon.edge.imap import Account, Mailbox
from daemon.edge.lease import Lease, worker
from daemon.edge.reader.pool import Limits, Readers
from daemon.edge.smtp import Relay, RelayAccount
from daemon.edge.vault import Vault
from daemon.errors import ConfigError
from daemon.filing import Filing
from daemon.intake import Intake
from daemon.mail.message import Envelope
from daemon.mail.sender.selftest import self_test
from daemon.mornings import Mornings
from daemon.parts import Clock, Parts
from daemon.rules.wording.rehearsal import check
from daemon.send import Sending
from daemon.service import Service, Station
from daemon.settings import Settings
from daemon.settle import Settling
from daemon.troubles import Troubles

log = structlog.get_logger()


def build(settings: Settings, clock: Clock) -> Parts:
    """The parts that need no server but the database. Raises ConfigError; touches neither mailbox nor relay."""
    policy = settings.policy()
    words = settings.words()
    if settings.templates.folder is not None and (problems := check(words)):  # ours are proved by the tests
        raise ConfigError("templates.folder: " + "; ".join(problems))
    database = Database(settings.database.url, settings.database.lease_seconds)
    return Parts(
        settings=settings,
        configured=policy,
        words=words,
        database=database,
        vault=Vault.load(settings.keys.file),
        lease=Lease(database, settings.mailbox.address, _holder(), settings.database.lease_seconds),
        clock=clock,
        self_test_failures=self_test(settings.trust()),
    )


def refuse_other_keys(parts: Parts) -> None:
    """Raise ConfigError where the key file is another database's: with it names would be others, and answers go out twice."""
    with parts.database.read() as connection:
        if not audit.of_these_keys(connection, parts.vault):
            raise ConfigError(OTHER_KEYS)


def _holder() -> str:
    """This instance's name in the lease: for people, who look for the one that holds the mailbox."""
    return f"{socket.gethostname()}:{os.getpid()}"


def mailbox_of(settings: Settings) -> Mailbox:
    """A connection of its own to the shared mailbox; opened at first use."""
    box = settings.mailbox
    account = Account(box.host, box.port, box.security, box.username or "", box.secret, box.ca_file)
    return Mailbox(account, box.max_mail_bytes)


def relay_of(settings: Settings) -> Relay:
    """The way out; opened at first use."""
    relay = settings.relay
    account = RelayAccount(
        host=relay.host,
        port=relay.port,
        security=relay.security.value,
        username=relay.username or "",
        password=relay.secret if relay.username else None,
        ca_file=relay.ca_file,
        local_name=settings.mailbox.address.rpartition("@")[2],
        connections=relay.connections,
    )
    return Relay(account)


def readers_of(settings: Settings) -> Readers:
    """The pool of children that read mail; not started yet."""
    reader = settings.reader
    limits = Limits(memory_mib=reader.memory_mib, cpu_seconds=reader.cpu_seconds)
    return Readers(settings.trust(), reader.children, limits)


@dataclass(frozen=True, slots=True)
class _Edges:
    """What has to be closed at the end."""

    incoming: Mailbox
    filing: Mailbox
    relay: Relay
    readers: Readers

    async def close(self) -> None:
        for edge in (self.incoming, self.filing, self.relay, self.readers):
            await edge.close()


OTHER_KEYS = "keys.file: the database was written with other keys; put back the key file that it had"

SWITCH_S = 0.005
"""How long a thread that decides may keep the one that talks to relay and mailbox from a reply that is there."""

ALONE_S = 1.0
"""How often a new release looks whether the one before was stopped."""

OVERSEEING_S = 1.0
"""Rung by each batch that is settled or sent, these look at all that is open: once a second does, of which nothing hangs."""

_HEAPS, _M_ARENA_MAX = 2, -8
_LARGE, _M_MMAP_THRESHOLD = 512 << 10, -3
"""How many heaps our threads share, and from what size on a block has pages of its own; by which numbers mallopt(3)
of glibc knows that."""


def run(settings: Settings, clock: Clock) -> int:
    """Work until SIGTERM or SIGINT. Raises ConfigError before any server is spoken to."""
    sys.setswitchinterval(SWITCH_S)
    _share_heaps()
    parts = build(settings, clock)
    if parts.database.pending():
        _wait_until_alone(parts.database)
        log.info("bringing the tables to this release's shape")
        parts.database.migrate()
    refuse_other_keys(parts)
    if parts.self_test_failures:
        log.error(
            "forged headers would be believed: no code leaves until this is mended",
            read_wrongly=parts.self_test_failures,
        )
    gc.collect()
    gc.freeze()  # what is loaded now stays: the collector need not walk it again, 70 ms each time in which nobody works
    try:
        asyncio.run(serve(parts))
    finally:
        parts.database.close()
    return 0


def _wait_until_alone(database: Database) -> None:
    """Tables change under nobody: an instance of the release before could not write down what its relay said."""
    said = ""
    while (who := worker(database)) != "":
        if who != said:
            log.warning(
                "an instance of the release before still works; the tables change once it is stopped", holder=who
            )
            said = who
        time.sleep(ALONE_S)


def _share_heaps() -> None:
    """Left alone glibc gives each thread a heap of its own, and what one has freed no other can use: 20 MB.

    And it keeps the room of large blocks in its heaps, where small ones soon hold it: 10 MB after a sheet of 50,000 rows.
    """
    with suppress(AttributeError):  # another C library has no such thing
        glibc = ctypes.CDLL(None)
        glibc.mallopt(_M_ARENA_MAX, _HEAPS)
        glibc.mallopt(_M_MMAP_THRESHOLD, _LARGE)


async def serve(parts: Parts, stop: asyncio.Event | None = None) -> None:
    """All stations, until `stop` or a signal."""
    stop = stop or asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    settings = parts.settings
    edges = _Edges(mailbox_of(settings), mailbox_of(settings), relay_of(settings), readers_of(settings))
    await edges.readers.start()
    try:
        await _service(parts, edges).run(stop)
    finally:
        await edges.close()
        log.info("stopped")


def _service(parts: Parts, edges: _Edges) -> Service:
    async def by_relay(envelope: Envelope) -> None:
        await edges.relay.send(envelope, _nothing)

    async def by_mailbox(envelope: Envelope) -> None:
        folder = parts.settings.mailbox.folder
        if not await edges.filing.has_message_id(folder, envelope.message_id):  # else a kill came before its note
            await edges.filing.append(folder, envelope.content)

    troubles, wakes = Troubles(parts, by_relay, by_mailbox), parts.wakes
    filing = Filing(parts, edges.filing)
    sending = Sending(parts, edges.relay, filing.has_sent)
    chase, mornings = Chase(parts, troubles), Mornings(parts)

    async def oversee() -> bool:
        """The holds first, so that the digest knows of which the team was told."""
        wakes.asking.ring()  # whatever woke this station concerns that one, too
        more = await chase.once()
        await mornings.once()
        return more

    stations = [
        Station("mailbox", Intake(parts, edges.incoming).once, wakes.intake, troubles),
        Station("settling", Settling(parts, edges.readers).once, wakes.settle, troubles),
        Station("relay", sending.once, wakes.send, troubles),
        Station("filing", filing.once, wakes.filing, troubles),
        Station("overseeing", oversee, wakes.chase, troubles, OVERSEEING_S),
        Station("asking", Asking(parts).once, wakes.asking, troubles, OVERSEEING_S),
    ]

    def interrupt() -> None:
        """A stop must not wait for IDLE, nor for the rest of a batch of letters."""
        edges.incoming.interrupt()
        sending.interrupt()

    return Service(parts, stations, interrupt)


async def _nothing() -> None:
    """An alarm has no row in the outbox, so there is no mark to set before DATA."""
