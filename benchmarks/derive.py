"""How fast matcalc is, as ratios in one run: `make bench` prints the tables of docs/performance.md.

1. Text to printed LaTeX over the corpus, against SymPy and tensorgrad on what each can do.
2. ∂/∂W₁ of a tanh network of L layers: time and nodes, and all 2L gradients against one.
3. Every bad input of the corpus is answered within 100 ms.
4. What `import matcalc` and `matcalc derive` take, from the start of the process.

All systems take turns within a round, so that a busy moment of the machine meets all of them; medians are shown.
Rivals get fresh names in each round, so that they derive instead of remembering (matcalc remembers nothing).
"""

from __future__ import annotations

import argparse
import gc
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from statistics import median

import numpy as np

import matcalc as mc
from benchmarks.rivals import CannotDo, Rival, SymPy, Tensorgrad, Way
from tools import bad_inputs, cases

DEPTHS = (1, 4, 16, 64, 250, 1000)
# A rival's derivation that takes longer than this many seconds, its check included, is left out, to its favour.
PATIENCE = 8.0


def seconds(action: Callable[..., object], *arguments: object, **options: object) -> float:
    """The time of one call."""
    gc.collect()
    start = time.perf_counter()
    action(*arguments, **options)
    return time.perf_counter() - start


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in lines)


# --- 1. against SymPy and tensorgrad


def ours(case: cases.Case) -> str:
    """Our way from the case's text to LaTeX."""
    return mc.derive(case.expr, case.wrt, shapes=case.shapes, order=case.order).latex


def can(case: cases.Case) -> bool:
    """Whether matcalc has the case's functions; `make corpus` says which are right."""
    try:
        ours(case)
    except mc.MatcalcError:
        return False
    return True


def ways(rival: Rival, case: cases.Case) -> list[Way]:
    """The rival's ways to a right answer; none where it has none."""
    inputs = next(cases.points(case, 1, exact=True))
    _, derivative = cases.reference(case)(inputs)
    expected = np.sort(derivative, axis=None)

    def is_right(value: cases.Array) -> bool:
        # The order of axes is a convention; the entries must be these.
        return value.size == expected.size and cases.difference(np.sort(value, axis=None), expected) < 1e-7

    signal.setitimer(signal.ITIMER_REAL, PATIENCE, 1.0)  # again, should a callback of JAX swallow it
    try:
        return rival.ways(case, is_right, inputs)
    except (Exception, OutOfPatience):  # whatever a rival stumbles over is something that it cannot do
        return []
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class OutOfPatience(BaseException):
    """The rival takes too long; not an Exception, which rivals catch themselves."""


def _out_of_patience(*_: object) -> None:
    raise OutOfPatience


def compare(chosen: list[cases.Case], rounds: int) -> str:
    """The table of ratios."""
    signal.signal(signal.SIGALRM, _out_of_patience)
    rivals: list[Rival] = [SymPy()]
    try:
        rivals.append(Tensorgrad())
    except CannotDo as reason:
        print(f"(tensorgrad is left out: {reason})")
    rows = []
    chosen = [case for case in chosen if can(case)]
    mine: dict[str, list[float]] = {case.id: [] for case in chosen}
    theirs: dict[str, dict[str, list[float]]] = {rival.name: {} for rival in rivals}
    able = {rival.name: {case.id: ways(rival, case) for case in chosen} for rival in rivals}
    gc.freeze()  # what was built so far need not be searched again before each measurement
    for turn in range(rounds):
        for case in chosen:
            mine[case.id].append(seconds(ours, case))
            for rival in rivals:
                if able[rival.name][case.id]:
                    best = min(seconds(way, str(turn)) for way in able[rival.name][case.id])
                    theirs[rival.name].setdefault(case.id, []).append(best)
    everything = [median(times) for times in mine.values()]
    rows.append(
        ["matcalc", len(chosen), f"{1e3 * median(everything):.2f}", f"{1e3 * max(everything):.1f}", ""]
    )
    for name, times in theirs.items():
        middle = {case: median(values) for case, values in times.items()}
        ratio = median(value / median(mine[case]) for case, value in middle.items())
        slowest = f"{1e3 * max(middle.values()):.1f}"
        rows.append([name, len(middle), f"{1e3 * median(middle.values()):.2f}", slowest, f"{ratio:.1f}"])
    return table(["", "cases", "median ms", "slowest ms", "times slower, median"], rows)


# --- 2. depth


def network(depth: int) -> tuple[mc.Expression, list[mc.Expression]]:
    """s = uᵀ tanh(W_L … tanh(W₁ x + b₁) … + b_L) and its parameters W₁, b₁, W₂, …"""
    x: mc.Expression = mc.vector("x", "n")
    parameters = []
    for layer in range(1, depth + 1):
        w, b = mc.matrix(f"W{layer}", "n", "n"), mc.vector(f"b{layer}", "n")
        parameters += [w, b]
        x = mc.tanh(w @ x + b)
    return mc.vector("u", "n").T @ x, parameters


def nodes(*roots: mc.Expression) -> int:
    """How many nodes the expressions have together."""
    from matcalc.graph import topological

    return len(topological([root.node for root in roots]))


def printed(output: mc.Expression, wrt: mc.Expression) -> str:
    """The derivative as LaTeX."""
    return mc.derive(output, wrt=wrt).latex


def deep(rounds: int) -> str:
    """The table of depths."""
    rows = []
    for depth in DEPTHS:
        output, parameters = network(depth)
        one = [seconds(mc.derive, output, wrt=parameters[0]) for _ in range(rounds)]
        all_ = [seconds(mc.derive, output, wrt=parameters) for _ in range(rounds)]
        with_latex = seconds(printed, output, parameters[0])
        forward = nodes(output)
        backward = nodes(output, *mc.derive(output, wrt=parameters).values()) - forward
        per_node = 1e6 * median(all_) / backward
        rows.append(
            [
                depth,
                f"{1e3 * median(one):.2f}",
                f"{1e3 * with_latex:.2f}",
                f"{1e3 * median(all_):.2f}",
                f"{median(all_) / median(one):.2f}",
                forward,
                f"{backward / forward:.2f}",
                f"{per_node:.1f}",
            ]
        )
    head = ["layers", "∂/∂W₁ ms", "with LaTeX ms", "all 2L ms", "all / one"]
    return table([*head, "forward nodes", "backward per forward node", "µs a backward node"], rows)


# --- 3. bad inputs


def refusals() -> str:
    """The slowest answers to bad inputs, once the modules are loaded: what loading takes is shown below."""
    mc.derive("x.T @ x", "x")
    times = {case.id: (seconds(bad_inputs.outcome, case), case.why) for case in bad_inputs.read_cases()}
    ranked = sorted(times.items(), key=lambda item: -item[1][0])
    late = sum(time_ >= 0.1 for time_, _ in times.values())
    rows: list[Sequence[object]] = [
        [f"{case} ({why})", f"{1e3 * time_:.1f}"] for case, (time_, why) in ranked[:3]
    ]
    rows.append([f"median of {len(times)}", f"{1e3 * median(time_ for time_, _ in times.values()):.2f}"])
    rows.append(["100 ms or more", late])
    return table(["bad input", "ms"], rows)


# --- 4. from a cold start


def starts(rounds: int) -> str:
    """What a process takes that does nothing else."""
    commands = {
        "python -c 'import numpy'": ["-c", "import numpy"],
        "python -c 'import numpy, matcalc'": ["-c", "import numpy, matcalc"],
        "matcalc derive …": ["-m", "matcalc", "derive", "u.T @ tanh(W @ x + b)", "--wrt", "W"],
        "matcalc --help": ["-m", "matcalc", "--help"],
    }
    times: dict[str, list[float]] = {title: [] for title in commands}
    for _ in range(rounds):
        for title, arguments in commands.items():
            times[title].append(
                seconds(subprocess.run, [sys.executable, *arguments], check=True, capture_output=True)
            )
    return table(
        ["process", "ms"], [[title, f"{1e3 * median(values):.0f}"] for title, values in times.items()]
    )


def main() -> int:
    """Prints the tables that are asked for, all by default."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "parts", nargs="*", choices=["rivals", "deep", "bad", "start", []], help="all by default"
    )
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # SymPy's own
    parts: dict[str, tuple[str, Callable[[], str]]] = {
        "rivals": (
            "Text to printed LaTeX over the corpus",
            lambda: compare(cases.read_cases(), options.rounds),
        ),
        "deep": ("A tanh network of L layers", lambda: deep(options.rounds)),
        "bad": ("Bad inputs", refusals),
        "start": ("Cold starts", lambda: starts(max(options.rounds, 5))),
    }
    for name, (title, part) in parts.items():
        if not options.parts or name in options.parts:
            print(f"\n## {title}\n\n{part()}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
