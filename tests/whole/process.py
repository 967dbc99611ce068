"""The daemon in a process of its own, forked from one that has imported it: started, killed, stopped, waited for."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Zygote:
    """Starts the daemon at the price of a fork; see `tests.whole.zygote`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.whole.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        self._news = threading.Condition()
        self._started: list[int] = []
        self._ended: dict[int, int] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, pid, *code = line.split()
            with self._news:
                if word == "started":
                    self._started.append(int(pid))
                else:
                    self._ended[int(pid)] = int(code[0])
                self._news.notify_all()

    def start(
        self, argv: Sequence[str], folder: Path, log: Path, *, failpoints: str = "", most_bytes: int = 0
    ) -> "Running":
        """Run `install-code-daemon argv` in `folder`, what it says appended to `log`.

        `most_bytes`: no file may grow beyond it (0: any).
        """
        env = {"PATH": os.environ["PATH"], "TMPDIR": str(folder / "tmp"), "ICD_FAILPOINTS": failpoints}
        order = {"argv": list(argv), "folder": str(folder), "log": str(log), "env": env, "most_bytes": most_bytes}
        assert self._process.stdin is not None
        with self._news:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            assert self._news.wait_for(lambda: self._started, 60)
            return Running(self, self._started.pop(), log)

    def wait(self, pid: int, limit_s: float) -> int:
        """The exit code of `pid`: below zero, the signal that ended it."""
        with self._news:
            assert self._news.wait_for(lambda: pid in self._ended, limit_s), f"process {pid} did not end"
            return self._ended[pid]

    def has_ended(self, pid: int) -> bool:
        """Whether `pid` is over."""
        with self._news:
            return pid in self._ended

    def close(self) -> None:
        """No more starts."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


@dataclass(frozen=True, slots=True)
class Running:
    """One process of the daemon. `log`: what it says, of this and earlier runs."""

    zygote: Zygote
    pid: int
    log: Path

    @property
    def lives(self) -> bool:
        """It has not ended."""
        return not self.zygote.has_ended(self.pid)

    @property
    def state(self) -> str:
        """What the kernel says that it does: `S`, `R`, `T` (stopped) and so on; nothing once it is gone."""
        return _stat(self.pid)[0]

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait(self, limit_s: float = 30) -> int:
        """Wait for its end; its exit code."""
        return self.zygote.wait(self.pid, limit_s)

    def kill(self) -> None:
        """Kill -9, to the daemon alone: its readers must see for themselves that it is gone."""
        if self.lives:
            self.send(signal.SIGKILL)
        self.wait()

    def stop(self, limit_s: float = 10) -> None:
        """SIGTERM; it ends well within the time that operators are promised."""
        self.send(signal.SIGTERM)
        assert self.wait(limit_s) == 0, self.log.read_text("utf-8")[-3000:]

    def family(self) -> list[int]:
        """The processes of its session that live: itself and its readers."""
        return [pid for pid in _processes() if _session(pid) == self.pid]

    def leaves_nobody(self, limit_s: float = 10) -> bool:
        """Whether all its readers are gone as well."""
        end = time.monotonic() + limit_s
        while self.family():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def children(pid: int) -> list[int]:
    """The processes that `pid` started and has not yet waited for."""
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()))


def _session(pid: int) -> int:
    """The session of a process that lives; 0 of one that is gone or waits to be reaped."""
    state, session = _stat(pid)
    return 0 if state in ("", "Z") else session


def _stat(pid: int) -> tuple[str, int]:
    """State and session of a process; nothing of one that is gone."""
    try:
        fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "", 0
    return fields[0], int(fields[3])
