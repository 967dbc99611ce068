"""The daemon at the work: a backlog drained, and single mails answered while it waits."""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.bench import mails
from tests.bench.figures import Drain, Exactness, Latency
from tests.bench.processes import cost
from tests.bench.world import Installation, World, now, until

LIMIT_S_A_MAIL, LEAST_LIMIT_S = 0.5, 120.0
_LEFT = """
    SELECT (SELECT count(*) FROM mail WHERE state IN ('kept', 'claimed'))
         + (SELECT count(*) FROM letter WHERE state IN ('pending', 'sending', 'deferred', 'unknown'))
         + (SELECT count(*) FROM letter WHERE state = 'accepted' AND NOT sent_filed)
"""


@contextmanager
def running(
    place: World, devices: int, *, tick_seconds: int = 30, busy_look_ms: int | None = None
) -> Iterator[Installation]:
    """A prepared installation, stopped at the end."""
    installation = Installation(place, tick_seconds, busy_look_ms)
    installation.prepare(devices)
    try:
        yield installation
    finally:
        installation.stop()


@dataclass(slots=True)
class Watch:
    """The peak of the memory of all processes, looked at every so often."""

    leader: int
    peak_mb: float = 0.0
    looked_s: float = field(default=0.0)

    def look(self) -> None:
        """Look, unless that was only just done."""
        if time.monotonic() - self.looked_s > 0.2:
            self.peak_mb = max(self.peak_mb, cost(self.leader).mb)
            self.looked_s = time.monotonic()


def drain(place: World, count: int, *, tick_seconds: int = 30) -> Drain:
    """`count` mails wait at the start: how long until each is answered and none is left in INBOX.

    CPU is counted on until the copies in Sent are made as well, which takes the daemon longer.
    """
    place.fill(count)
    devices, limit_s = count * mails.DEVICES_A_MAIL, max(LEAST_LIMIT_S, count * LIMIT_S_A_MAIL)
    with running(place, devices, tick_seconds=tick_seconds) as installation:
        leader = installation.start()
        began_s, before, watch = time.monotonic(), cost(leader), Watch(leader)
        until(lambda: place.taken() >= count and not place.waiting(), "answers", limit_s, watch.look)
        took_s = time.monotonic() - began_s
        until(lambda: left(installation) == 0, "copies in Sent", limit_s, watch.look)
        used_s = cost(leader).cpu_s - before.cpu_s
    return Drain(count, took_s, used_s, watch.peak_mb, exactness(place, range(count)))


def left(installation: Installation) -> int:
    """How much the daemon has still to do."""
    with sqlite3.connect(f"file:{installation.folder}/daemon.db?mode=ro", uri=True) as database:
        return int(database.execute(_LEFT).fetchone()[0])


def exactness(place: World, numbers: range) -> Exactness:
    """How the letters that came match the mails that were sent."""
    wanted = Counter({(f"ann@{mails.party(n)}.test", mails.message_id(n)): 1 for n in numbers})
    came = Counter((letter.recipient, letter.answers) for letter in place.letters())
    return Exactness(
        lost=sum((wanted - came).values()), twice=sum((came - wanted).values()), once=sum((wanted & came).values())
    )


def latency(place: World, count: int, busy_look_ms: int | None = None) -> Latency:
    """Mails that come one by one to a daemon that waits: from delivery to the answer at the listener."""
    chance = random.Random(7)  # noqa: S311  # pauses, so that deliveries keep no step with anything
    waits: list[float] = []
    devices = count * mails.DEVICES_A_MAIL
    with running(place, devices, busy_look_ms=busy_look_ms) as installation:
        watch = Watch(installation.start())
        until(lambda: "last_round" in facts(installation), "first look", 60)
        for number in range(count):
            time.sleep(chance.uniform(0.3, 0.9))
            raw, began_s = mails.request(number, now()), time.monotonic()
            place.server.deliver(mails.MAILBOX, raw, sender="bounces@post.test")
            until(lambda: place.taken() > number, "an answer", 90, watch.look)  # noqa: B023  # called before the next turn
            waits.append(place.letters()[number].at_s - began_s)
        exact = exactness(place, range(count))
    return Latency(tuple(waits), exact, watch.peak_mb)


def facts(installation: Installation) -> set[str]:
    """The names of what the daemon remembers."""
    with sqlite3.connect(f"file:{installation.folder}/daemon.db?mode=ro", uri=True) as database:
        return {name for (name,) in database.execute("SELECT name FROM fact")}
