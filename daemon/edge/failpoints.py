"""Named places at which a test may kill, freeze, stop or fail the daemon; nothing happens unless the environment says so.

`ICD_FAILPOINTS="after-keep:kill"` or `"after-dot:kill:3"` (the third time it is passed); several with commas.
Source: durability notes, failpoints between any two durable steps.
"""

import os
import signal

from daemon.errors import Unavailable


def _parse(text: str) -> dict[str, tuple[str, int]]:
    points = {}
    for entry in filter(None, text.split(",")):
        name, action, *nth = entry.strip().split(":")
        points[name] = (action, int(nth[0]) if nth else 1)
    return points


_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGTERM, "freeze": signal.SIGSTOP}
_armed: dict[str, tuple[str, int]] = {}
_passed: dict[str, int] = {}


def arm(text: str) -> None:
    """Arm what `text` names and nothing else; the counts begin anew."""
    _armed.clear()
    _armed.update(_parse(text))
    _passed.clear()


arm(os.environ.get("ICD_FAILPOINTS", ""))


def failpoint(name: str) -> None:
    """Do what the environment asks for at `name`.

    `kill` (SIGKILL), `stop` (SIGTERM), `freeze` (SIGSTOP, until somebody sends SIGCONT) or `fail` (Unavailable).
    """
    if name not in _armed:
        return
    action, nth = _armed[name]
    _passed[name] = _passed.get(name, 0) + 1
    if _passed[name] != nth:
        return
    if action == "fail":
        raise Unavailable(f"failpoint {name}")
    os.kill(os.getpid(), _SIGNALS[action])
