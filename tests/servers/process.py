"""What the mail server rigs share: a user without rights, waiting for a greeting, ending a process group."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.servers.ports import missing

_PATHS = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"


def program(name: str, package: str) -> str:
    """The path of a server's program; without it the test is skipped, or fails where servers are required."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":" + _PATHS)
    if found is None:
        missing(name, package)
    return found


def server_user() -> pwd.struct_passwd:
    """The user that a server runs as: ourselves, or `nobody` when we are root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def as_user(user: pwd.struct_passwd, command: list[str]) -> list[str]:
    """`command`, to be run with `user`'s rights and no others."""
    if os.geteuid() != 0:
        return command
    return [
        program("setpriv", "util-linux"),
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        *command,
    ]


def wait_for_greeting(port: int, process: subprocess.Popen[bytes], log: Path, limit_s: float = 20.0) -> None:
    """Return once a server greets on `port`; fail with its log when it ends or stays silent."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.fail(f"the server ended at start:\n{_tail(log)}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.settimeout(2)
            if connection.recv(1):
                return
        time.sleep(0.02)
    pytest.fail(f"the server did not greet in {limit_s:.0f} s:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-2000:] if log.exists() else "(no log)"


def end_group(process: subprocess.Popen[bytes], port: int, limit_s: float = 10.0) -> None:
    """Kill a process that leads its own group with all its children, and wait until nobody listens on `port`."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=20)
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return
        time.sleep(0.005)
