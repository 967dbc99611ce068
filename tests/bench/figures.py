"""What was measured, and the arithmetic upon it: rates, ratios, percentiles. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Exactness:
    """Mails answered once, answers that never came, answers too many."""

    once: int
    lost: int
    twice: int

    @property
    def perfect(self) -> bool:
        """Every mail was answered exactly once."""
        return not (self.lost or self.twice)


@dataclass(frozen=True, slots=True)
class Drain:
    """`mails` were answered and filed in `took_s`, at `cpu_s` seconds of CPU of all processes and `peak_mb` MB."""

    mails: int
    took_s: float
    cpu_s: float
    peak_mb: float
    exact: Exactness

    @property
    def rate(self) -> float:
        """Mails a second."""
        return self.mails / self.took_s

    @property
    def cpu_s_a_1000(self) -> float:
        """Seconds of CPU for a thousand mails."""
        return 1000 * self.cpu_s / self.mails


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from delivery to the answer, one a mail."""

    waits_s: tuple[float, ...]
    exact: Exactness
    peak_mb: float = 0.0

    def percentile_ms(self, percent: float) -> float:
        """The wait that so many of the mails did not exceed, in milliseconds (nearest rank)."""
        return 1000 * percentile(self.waits_s, percent)


@dataclass(frozen=True, slots=True)
class Case:
    """The same backlog over the same line: ours, the naive loop and the floor."""

    waiting: int
    delay_ms: float
    """Of a round trip."""
    ours: Drain
    naive: Drain
    floor: Drain

    @property
    def times_naive(self) -> float:
        """How often faster than the naive loop."""
        return self.ours.rate / self.naive.rate

    @property
    def share_of_floor(self) -> float:
        """Our rate as a share of the floor's."""
        return self.ours.rate / self.floor.rate


@dataclass(frozen=True, slots=True)
class Inventory:
    """An import of `rows` devices while the daemon runs, and look-ups of a thousand of them, each in seconds."""

    rows: int
    took_s: float
    meanwhile_s: tuple[float, ...]
    after_s: tuple[float, ...]

    @property
    def rows_a_second(self) -> float:
        """Of the whole command, its start included."""
        return self.rows / self.took_s


@dataclass(frozen=True, slots=True)
class Due:
    """How often the few of so many open `threads` that are due were looked for, each time in seconds."""

    threads: int
    took_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One request with so many `devices` in a workbook: from delivery to its answer."""

    devices: int
    took_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Folder:
    """Single mails answered while `old` ones lie in the folder."""

    old: int
    found: Latency


@dataclass(frozen=True, slots=True)
class Run:
    """All that one call of the bench measured; None where it was not asked for."""

    cases: tuple[Case, ...] = ()
    latency: Latency | None = None
    """Told of each mail by IDLE."""
    busy: Latency | None = None
    """The mail server asked for news often, as after a mail."""
    refused: Drain | None = None
    """With every tenth letter refused at its first try."""
    inventory: Inventory | None = None
    due: Due | None = None
    sheet: Sheet | None = None
    folder: Folder | None = None


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest rank: the least of `values` that at least `percent` of them do not exceed."""
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]


def growth(few: Case, many: Case) -> float:
    """What a mail costs in the longer backlog, as a multiple of what it costs in the shorter one."""
    return few.ours.rate / many.ours.rate
