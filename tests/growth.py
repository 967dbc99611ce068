"""How a cost grows, told by a ratio within one run: no machine, and no load on it, makes it another."""

import gc
import time
from collections.abc import Callable

MOST = 9
"""Times as much for four times the work: 4 where it is proportional, 16 where each is compared with all."""
_TOO_LITTLE_S = 0.02


def grows_evenly(act: Callable[[int], object], size: int) -> bool:
    """Whether `act(size)` costs hardly more than four times the CPU of `act(size // 4)`; what costs nothing does."""
    small, large = _cpu_s(act, size // 4), _cpu_s(act, size)
    return large <= MOST * max(small, _TOO_LITTLE_S)


def _cpu_s(act: Callable[[int], object], size: int) -> float:
    gc.collect()
    began = time.process_time()
    act(size)
    return time.process_time() - began
