"""Text to printed LaTeX over the corpus, against each rival on what it does right.

A system runs through all its cases in a row, after one collection of garbage, as a service or a grading run does; the
systems take turns by round. Processor time is measured: other work on the machine would interrupt the longer
derivations of the rivals more often than ours. Rivals get fresh names in each round, so that they derive instead of
remembering (matcalc remembers nothing).
"""

from __future__ import annotations

import gc
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

import numpy as np

import matcalc as mc
from benchmarks.rivals import CannotDo, Rival, SymPy, Tensorgrad, Way
from benchmarks.tables import table
from tools import cases

# A form of a derivative that takes longer than this many seconds, its check included, is left out, to its favour.
PATIENCE = 8.0

RIGHT, WRONG, DECLINED, SLOW = "right", "wrong", "not implemented", "too slow"


@dataclass
class Runner:
    """A system in the race: its ways to LaTeX for the cases that it does right, and how long they took."""

    name: str
    ways: dict[str, list[Way]]
    verdicts: Counter[str] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=dict)

    def run(self, tag: str) -> None:
        """One pass over all its cases: the time of each, by the faster of its ways."""
        gc.collect()
        for case, ways in self.ways.items():
            self.times.setdefault(case, []).append(min(_seconds(way, tag) for way in ways))

    def median_times(self) -> dict[str, float]:
        """The time of each case, in seconds."""
        return {case: median(times) for case, times in self.times.items()}


def _seconds(way: Way, tag: str) -> float:
    start = time.process_time()
    way(tag)
    return time.process_time() - start


def compare(chosen: list[cases.Case], rounds: int) -> str:
    """The table of ratios, and below it what the rivals did not do."""
    chosen = [case for case in chosen if _can(case)]
    ours = Runner("matcalc", {case.id: [_our_way(case)] for case in chosen}, Counter({RIGHT: len(chosen)}))
    runners = [ours, *(_judged(rival, chosen) for rival in _rivals())]
    gc.freeze()  # what was built so far need not be searched again in each collection
    for turn in range(rounds):
        for runner in runners:
            runner.run(str(turn))
    return "\n\n".join([_ratios(ours, runners), _verdicts(runners[1:])])


def _ratios(ours: Runner, runners: list[Runner]) -> str:
    rows = []
    mine = ours.median_times()
    for runner in runners:
        times = runner.median_times()
        ratio = median(time_ / mine[case] for case, time_ in times.items())
        shown = "" if runner is ours else f"{ratio:.1f}"
        middle, slowest = median(times.values()), max(times.values())
        rows.append([runner.name, len(times), f"{1e3 * middle:.2f}", f"{1e3 * slowest:.1f}", shown])
    return table(["", "cases", "median ms", "slowest ms", "times slower, median"], rows)


def _verdicts(rivals: list[Runner]) -> str:
    verdicts = [RIGHT, WRONG, DECLINED, SLOW]
    rows = []
    for rival in rivals:
        failures = [f"{name} {count}" for name, count in rival.verdicts.most_common() if name not in verdicts]
        counts = [rival.verdicts[verdict] for verdict in verdicts]
        rows.append([rival.name, *counts, ", ".join(failures)])
    return table(["", *verdicts, "fails with"], rows)


# --- who takes part


def _our_way(case: cases.Case) -> Way:
    return lambda _: mc.derive(case.expr, case.wrt, shapes=case.shapes, order=case.order).latex


def _can(case: cases.Case) -> bool:
    """Whether matcalc has the case's functions; `make corpus` says which are right."""
    try:
        _our_way(case)("")
    except mc.MatcalcError:
        return False
    return True


def _rivals() -> list[Rival]:
    rivals: list[Rival] = [SymPy()]
    try:
        rivals.append(Tensorgrad())
    except CannotDo as reason:
        print(f"(tensorgrad is left out: {reason})")
    return rivals


# --- what a rival does right


def _judged(rival: Rival, chosen: list[cases.Case]) -> Runner:
    """The rival with those of its forms that are right at a random point, where that can be seen."""
    runner = Runner(rival.name, {})
    signal.signal(signal.SIGALRM, _out_of_patience)
    for case in chosen:
        verdicts = _verdicts_on(rival, case)
        right = [way for way, verdict in zip(rival.ways(case), verdicts, strict=True) if verdict == RIGHT]
        if right:
            runner.ways[case.id] = right
        runner.verdicts[_best(verdicts)] += 1
    return runner


def _best(verdicts: list[str]) -> str:
    """What is said of a case of several forms: that one is right, else that one is wrong, else why it failed."""
    failures = [verdict for verdict in verdicts if verdict != DECLINED]
    return next((v for v in (RIGHT, WRONG, *failures) if v in verdicts), DECLINED)


def _verdicts_on(rival: Rival, case: cases.Case) -> list[str]:
    """What the rival makes of the case in each of its forms: a verdict, or the exception's name."""
    inputs = next(cases.points(case, 1, exact=True))
    _, derivative = cases.reference(case)(inputs)
    expected = np.sort(derivative, axis=None)

    def is_right(value: cases.Array | None) -> bool:
        # The order of axes is a convention; the entries must be these.
        return value is None or (
            value.size == expected.size and cases.difference(np.sort(value, axis=None), expected) < 1e-7
        )

    def attempt(number: int) -> str:
        # Sizes are numbers here, for the check; then the way that is timed is taken once, with symbolic ones.
        expression, names = rival.build(case, numbers=True)
        found = rival.forms()[number](expression, names[case.wrt], case.order)
        rival.check(found)
        if not is_right(rival.value(found, names, inputs)):
            return WRONG
        rival.ways(case)[number]("")
        return RIGHT

    return [_patiently(rival, attempt, number) for number in range(len(rival.forms()))]


def _patiently(rival: Rival, attempt: Callable[[int], str], number: int) -> str:
    signal.setitimer(signal.ITIMER_REAL, PATIENCE, 1.0)  # again, should a callback of JAX swallow it
    try:
        return attempt(number)
    except rival.declines:
        return DECLINED
    except OutOfPatience:
        return SLOW
    except Exception as failure:
        return type(failure).__name__
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class OutOfPatience(BaseException):
    """The rival takes too long; not an Exception, which rivals catch themselves."""


def _out_of_patience(*_: object) -> None:
    raise OutOfPatience
