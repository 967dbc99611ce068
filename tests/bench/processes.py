"""What processes cost: the daemon with its children, by the kernel's own book."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds that a family has used so far, its ended children included; MB that it holds now."""

    cpu_s: float
    mb: float


def family(leader: int) -> list[int]:
    """The processes of the session that `leader` leads."""
    every = (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())
    return [pid for pid in every if (fields := _stat(pid)) and int(fields[3]) == leader]


def cost(leader: int) -> Cost:
    """Of all processes of the session that `leader` leads."""
    pids = family(leader)
    ticks = sum(sum(map(int, fields[11:15])) for fields in map(_stat, pids) if fields)
    return Cost(ticks / _TICKS_A_SECOND, sum(map(_resident_mb, pids)))


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent, group, session, ...; none of one that is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return []


def _resident_mb(pid: int) -> float:
    try:
        pages = int((_PROC / str(pid) / "statm").read_text("utf-8").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
