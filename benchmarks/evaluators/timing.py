"""Timing in turns, on one core: medians of per-round ratios, after the results have been compared."""

from __future__ import annotations

import gc
import os
import random
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Thunk = Callable[[], Any]
# A measurement repeats what is quicker than this many seconds.
LEAST = 2e-2


def pin() -> None:
    """This process on one core, the last that it may have."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def timed(contenders: Mapping[str, Thunk], rounds: int) -> dict[str, list[float]]:
    """Seconds of each contender, in each round once."""
    counts = {}
    for name, run in contenders.items():
        run()
        start = time.perf_counter()
        run()
        once = time.perf_counter() - start
        counts[name] = max(1, int(LEAST / max(once, 1e-7)))
    times: dict[str, list[float]] = {name: [] for name in contenders}
    shuffled = random.Random(0)
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            # In any order: what comes after a large computation finds the caches cold.
            for name, run in shuffled.sample(list(contenders.items()), len(contenders)):
                run()
                start = time.perf_counter()
                for _ in range(counts[name]):
                    run()
                times[name].append((time.perf_counter() - start) / counts[name])
    finally:
        gc.enable()
    return times


def ratio(times: Mapping[str, list[float]], of: str, to: str) -> float:
    """The median over rounds of how long `of` takes, in terms of `to`."""
    return median(a / b for a, b in zip(times[of], times[to], strict=True))


def agree(found: Any, expected: Any, tolerance: float) -> None:
    """Raises AssertionError where results differ: nothing wrong is timed."""
    if isinstance(expected, Mapping):
        for name in expected:
            agree(found[name], expected[name], tolerance)
        return
    a, b = np.asarray(found), np.asarray(expected)
    assert a.shape == b.shape, (a.shape, b.shape)
    error = np.max(np.abs(a - b)) / max(1e-30, np.max(np.abs(b)))
    assert error < tolerance, error


def waiting(function: Any, *arguments: Any, **keywords: Any) -> Thunk:
    """A call of a jitted function that waits for its result."""
    import jax

    return lambda: jax.block_until_ready(function(*arguments, **keywords))
