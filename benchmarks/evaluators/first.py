"""From formula to first number: derive, generate and compile, against JAX's trace and compile; and a small call."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

import numpy as np

import matcalc as mc
from benchmarks.evaluators.networks import forward, network, network_values
from benchmarks.evaluators.timing import agree, ratio, timed, waiting


def first_numbers(depths: list[int]) -> Iterator[list[object]]:
    """Rows: derive, generate and compile, against JAX's trace and compile."""
    import jax

    for depth in depths:
        ours = []
        for _ in range(3):
            start = time.perf_counter()
            pair, shapes = network(depth, 32, 1)
            pair.numpy()
            ours.append(time.perf_counter() - start)
        values = network_values(shapes, np.float64)
        moved = {name: array for name, array in values.items() if name not in ("X", "U")}
        jax.clear_caches()
        start = time.perf_counter()
        traced = jax.jit(jax.value_and_grad(lambda p, X, U, depth=depth: forward(jax.numpy, p, X, U, depth)))
        traced.lower(moved, values["X"], values["U"]).compile()
        theirs = time.perf_counter() - start
        yield [depth, f"{1e3 * median(ours):.1f}", f"{1e3 * theirs:.0f}", f"{theirs / median(ours):.0f}"]


def generation(depths: list[int]) -> Iterator[list[object]]:
    """Rows: what generating the source takes, per node, and in terms of what Python then takes to compile it."""
    from matcalc.codegen import generate
    from matcalc.graph import topological

    for depth in depths:
        pair, _ = network(depth, 32, 1)
        made = pair.computation
        roots = [made.value[0], *(node for node, _ in made.outputs.values())]
        nodes = len(topological(roots))
        text = generate(made.outputs, made.symbols, value=made.value).text
        contenders = {
            "generate": lambda made=made: generate(made.outputs, made.symbols, value=made.value),
            "compile": lambda text=text: compile(text, "<generated>", "exec"),
        }
        times = timed(contenders, max(3, min(20, 1_000 // depth)))
        seconds, compiling = median(times["generate"]), median(times["compile"])
        yield [
            depth,
            nodes,
            f"{1e3 * seconds:.1f}",
            f"{1e6 * seconds / nodes:.1f}",
            f"{1e3 * compiling:.1f}",
            f"{ratio(times, 'generate', 'compile'):.2f}",
        ]


def small_call(rounds: int) -> float:
    """A call at n = 3, in terms of a call of a jitted function."""
    import jax

    gradient = mc.derive("norm(X @ w - y)**2/2", "w").numpy()
    values = {"X": np.ones((3, 3)), "w": np.ones(3), "y": np.zeros(3)}
    reference = jax.jit(jax.grad(lambda w, X, y: 0.5 * ((X @ w - y) ** 2).sum()))
    arrays = [jax.numpy.asarray(values[name]) for name in ("w", "X", "y")]
    contenders = {"JAX": waiting(reference, *arrays), "ours": lambda: gradient(**values)}
    agree(contenders["ours"](), contenders["JAX"](), 1e-9)
    return ratio(timed(contenders, rounds), "ours", "JAX")
