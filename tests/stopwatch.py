"""How long work takes, told so that neither a neighbour nor the collector of a long session can decide a test.

Times are never compared with a rival here (that is what benchmarks/ is for): a test asks only whether work is bounded,
or grows in proportion to its input.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def processor_seconds(work: Callable[[], object], rounds: int = 3) -> float:
    """The least processor time among a few runs of `work`, without collections of what other tests left."""
    times = []
    gc.disable()
    try:
        for _ in range(rounds):
            start = time.process_time()
            work()
            times.append(time.process_time() - start)
    finally:
        gc.enable()
    return min(times)
