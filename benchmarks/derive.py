"""How fast matcalc is, as ratios in one run: `make bench` prints the tables of docs/performance.md.

1. Text to printed LaTeX over the corpus, against SymPy and tensorgrad on what each can do: see `race.py`.
2. ∂/∂W₁ of a tanh network of L layers: time and nodes, and all 2L gradients against one.
3. Every bad input of the corpus is answered within 100 ms.
4. What `import matcalc` and `matcalc derive` take, from the start of the process.

Medians over rounds are shown.
"""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from statistics import median

import matcalc as mc
from benchmarks.race import compare
from benchmarks.tables import table
from tools import bad_inputs, cases

DEPTHS = (1, 4, 16, 64, 250, 1000)


def seconds(action: Callable[..., object], *arguments: object, **options: object) -> float:
    """The time of one call."""
    gc.collect()
    start = time.perf_counter()
    action(*arguments, **options)
    return time.perf_counter() - start


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


def simplified(output: mc.Expression, wrt: mc.Expression) -> mc.Derivation:
    """The derivative with everything on: swept, in normal form, simplified."""
    derivation: mc.Derivation = mc.derive(output, wrt=wrt)
    _ = derivation.simplified
    return derivation


def printed(output: mc.Expression, wrt: mc.Expression) -> str:
    """The derivative as LaTeX."""
    return mc.derive(output, wrt=wrt).latex


def added(output: mc.Expression, *derivations: mc.Derivation) -> tuple[int, int]:
    """The forward nodes, and how many nodes the backward sweep adds to them."""
    from matcalc.graph import topological

    forward = len(topological([output.node]))
    return forward, len(topological([output.node, *(one.laid_out for one in derivations)])) - forward


def work(action: Callable[..., object], *arguments: object, **options: object) -> float:
    """The processor time of one call: what else the machine does meanwhile does not count."""
    gc.collect()
    start = time.process_time()
    action(*arguments, **options)
    return time.process_time() - start


def deep(rounds: int) -> str:
    """The table of depths."""
    gc.collect()
    gc.freeze()  # what the rivals have built need not be searched again in each collection
    rows = []
    for depth in DEPTHS:
        output, parameters = network(depth)
        forward, backward = added(output, mc.derive(output, wrt=parameters[0]))
        times = {
            "swept": [work(mc.derive, output, wrt=parameters[0]) for _ in range(rounds)],
            "all": [work(mc.derive, output, wrt=parameters) for _ in range(rounds)],
            "simplified": [work(simplified, output, parameters[0]) for _ in range(rounds)],
            "printed": [work(printed, output, parameters[0]) for _ in range(rounds)],
        }
        middle = {name: 1e3 * median(found) for name, found in times.items()}
        rows.append(
            [
                depth,
                *(f"{middle[name]:.2f}" for name in ("swept", "simplified", "printed", "all")),
                f"{middle['all'] / middle['swept']:.2f}",
                forward,
                f"{backward / forward:.2f}",
                f"{1e3 * middle['simplified'] / backward:.1f}",
            ]
        )
    head = ["layers", "∂/∂W₁ ms", "simplified ms", "with LaTeX ms", "all 2L ms", "all / one"]
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
