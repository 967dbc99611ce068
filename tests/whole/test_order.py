"""The order oracle (durability notes 3.5): what the kernel was asked to do, and in which order.

A kill leaves the page cache alone, so that a missing fsync shows in no other test. Here strace writes down every
write to SQLite's log and its fsync, beside what went to the relay and to the mailbox.
"""

import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.whole.conftest import Make
from tests.whole.installation import Installation
from tests.whole.story import morning, now

CALLS = "fdatasync,fsync,pwrite64,write,sendto,sendmsg"
_LINE = re.compile(
    r"(?P<thread>\d+) +(?P<call>\w+)\(\d+<(?P<target>.*?)>(?:\)|, (?P<said>.*)|(?P<open> <unfinished).*)"
)
_RESUMED = re.compile(r"(?P<thread>\d+) +<\.\.\. \w*sync resumed>")


@dataclass(frozen=True, slots=True)
class Call:
    """One system call: by which thread, on what, and what was said."""

    thread: str
    kind: str
    """`write` or `sync` of the log, `say` to a server."""
    said: str = ""


def traced(world: Installation) -> list[Call]:
    """The calls of a whole run of the command, which ends when all is quiet."""
    trace = world.folder / "trace"
    strace = ("strace", "-f", "-yy", "-s", "400", "--seccomp-bpf", "-e", f"trace={CALLS}", "-o", str(trace))
    with world.under(*strace):
        pass
    lines = trace.read_text("utf-8", "replace").splitlines()
    trace.unlink()  # it shows what went to the servers, passwords and codes among it
    return list(_calls(lines))


def _calls(lines: list[str]) -> Iterator[Call]:
    """An fsync counts from when it is done."""
    begun: set[str] = set()
    for line in lines:
        if resumed := _RESUMED.match(line):
            if resumed["thread"] in begun:
                begun.remove(resumed["thread"])
                yield Call(resumed["thread"], "sync")
        elif found := _LINE.match(line):
            thread, target, said = found["thread"], found["target"], found["said"] or ""
            if target.endswith("-wal") and not found["call"].endswith("sync"):
                yield Call(thread, "write")
            elif target.endswith("-wal") and found["open"]:
                begun.add(thread)
            elif target.endswith("-wal"):
                yield Call(thread, "sync")
            elif "TCP" in target:
                yield Call(thread, "say", said)


def can_trace() -> bool:
    """Whether strace is there and may trace."""
    return (
        bool(shutil.which("strace"))
        and not subprocess.run(["strace", "-o", "/dev/null", "true"], check=False).returncode
    )


@pytest.fixture
def calls(on_sqlite: Make) -> list[Call]:
    """What one run did for a single request."""
    if not can_trace():
        pytest.skip("strace is not installed (apt-get install strace), or may not trace here")
    world = on_sqlite()
    mail = morning(world.address, now())[0]
    world.deliver(mail.raw)
    found = traced(world)
    assert [row["state"] for row in world.rows("SELECT state FROM letter")] == ["accepted"]
    return found


def place(calls: list[Call], words: str) -> int:
    """Where `words` were first said to a server."""
    found = next((n for n, call in enumerate(calls) if call.kind == "say" and words in call.said), None)
    assert found is not None, words
    return found


def test_nothing_is_said_before_it_is_durable(calls: list[Call]) -> None:
    """An fsync of the log between each step and the one that shows it to the world; and one for every commit."""
    mail, data, dot = (place(calls, words) for words in ('"MAIL FROM:', "DATA\\r\\n", "Message-ID: <"))
    flag, append = place(calls, "Answered"), place(calls, "APPEND")
    move = place(calls, "UID MOVE")
    synced = [n for n, call in enumerate(calls) if call.kind == "sync"]

    def syncs(begin: int, end: int) -> int:
        return sum(begin < n < end for n in synced)

    assert syncs(0, mail) >= 6  # kept, claimed, settled, claimed to be sent, frozen, marked
    assert mail <= data < dot
    assert syncs(dot, append) >= 1
    assert syncs(dot, flag) >= 1
    assert syncs(0, move) >= 3  # kept, claimed, settled


def test_every_thread_syncs_what_it_wrote(calls: list[Call]) -> None:
    """No transaction of any thread is left to the kernel's good will."""
    unsynced: dict[str, int] = defaultdict(int)
    for call in calls:
        if call.kind == "write":
            unsynced[call.thread] += 1
        elif call.kind == "sync":
            unsynced[call.thread] = 0
        elif any(word in call.said for word in ('"MAIL FROM:', "DATA\\r\\n", "UID MOVE", "APPEND")):
            assert not unsynced[call.thread]

    assert {"write", "sync", "say"} == {call.kind for call in calls}
    assert set(unsynced.values()) == {0}
