"""Imports the daemon once, then forks it as often as it is told: a start costs a fork, not a second of imports.

What the command line loads at need is loaded here beforehand, with the drivers that SQLAlchemy would look for.

Run as `python -m tests.whole.zygote`. An order is a line of JSON on stdin; it answers `started PID`, later
`ended PID CODE`. What runs in the fork is the command line itself, with its arguments, environment and exit code.
"""

import ctypes
import gc
import json
import os
import resource
import signal
import sqlite3
import sys
from types import FrameType
from typing import Any

import psycopg
import sqlalchemy.dialects.postgresql.psycopg
import sqlalchemy.dialects.sqlite.pysqlite

import daemon.__main__ as command
from daemon import running
from daemon.console import checking, importing, replay, showing
from daemon.edge import failpoints, migrations

LOADED = (
    checking,
    importing,
    migrations,
    psycopg,
    replay,
    running,
    showing,
    sqlite3,
    sqlalchemy.dialects.postgresql.psycopg,
    sqlalchemy.dialects.sqlite.pysqlite,
)
"""What a daemon would load after its start."""
_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


def main() -> None:
    """Fork for each order, until stdin ends."""
    signal.signal(signal.SIGCHLD, _reap)
    gc.freeze()  # a fork that walks through what is loaded copies it all
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        with _without_reaping():
            child = os.fork()
            if child:
                _say(f"started {child}")
        if not child:
            _become(order)
            command.main()
            return


def _reap(_number: int, _frame: FrameType | None) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _say(f"ended {pid} {os.waitstatus_to_exitcode(status)}")


class _without_reaping:  # noqa: N801  # reads as a word
    """No child is reaped before it was said that it started."""

    def __enter__(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})

    def __exit__(self, *_: object) -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def _say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def _become(order: dict[str, Any]) -> None:
    """In the child: what a shell would have given to the command."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)  # no daemon outlives the tests
    os.setsid()
    os.chdir(order["folder"])
    said = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, said), (2, said)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(order["env"])
    failpoints.arm(order["env"].get("ICD_FAILPOINTS", ""))
    if order["most_bytes"]:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["most_bytes"], hard))
    sys.argv[:] = ["install-code-daemon", *order["argv"]]


if __name__ == "__main__":
    main()
