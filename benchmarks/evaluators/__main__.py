"""How fast generated evaluators are, against autodiff: `make bench-evaluators` prints tables of docs/performance.md.

Everything takes turns within a round in one process, on one core and one thread of BLAS and XLA; what is shown are
medians of per-round ratios. Each result is compared with JAX's before it is timed, and hand-written closed forms are
timed beside the generated ones. HIPS autograd and torch take part where they are installed.
"""

# ruff: noqa: E402  (the environment has to be set before NumPy and XLA are imported)

from __future__ import annotations

import os

# One thread, on one core.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import argparse
from itertools import chain

from benchmarks.evaluators.dense import dense, matrix_orders, second_orders
from benchmarks.evaluators.first import first_numbers, generation, small_call
from benchmarks.evaluators.networks import gradients, rank_one
from benchmarks.evaluators.structure import structured
from benchmarks.evaluators.timing import pin
from benchmarks.tables import table


def main() -> None:
    """Prints the tables, in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="small networks, shallow depths")
    parser.add_argument("--only", default="", help="gradients, dense, structure or first")
    chosen = parser.parse_args()
    pin()
    import jax

    jax.config.update("jax_enable_x64", True)
    if not chosen.only or chosen.only == "gradients":
        depths, widths = ([1, 4], [32, 256]) if chosen.quick else ([1, 2, 4, 8], [32, 256, 1024])
        head = ["width × batch", "our JAX / JAX", "worst depth", "our NumPy / JAX", "by hand / JAX"]
        head += ["NumPy / autograd", "our torch / torch", "torch by hand / torch", "NumPy / its forward"]
        print(table(head, gradients(depths, widths, [1, 128], chosen.rounds)), "\n")
        ours, hand = rank_one(1024, chosen.rounds)
        print(f"A weight's gradient as two vectors, width 1024, takes {ours:.2f} of JAX's dense gradient,")
        print(f"{hand:.2f} by hand.", "\n")
    if not chosen.only or chosen.only == "dense":
        head = ["", "times faster than JAX", "by hand", "JAX's better mode", "ours / by hand", "ours, ms"]
        cases = chain(second_orders(1000), matrix_orders())
        print(table(head, dense(cases, chosen.rounds)), "\n")
    if not chosen.only or chosen.only == "structure":
        print(table(["", "times faster than JAX", "by hand", "ours, µs"], structured(chosen.rounds)), "\n")
    if not chosen.only or chosen.only == "first":
        head = ["layers", "ours, ms", "JAX, ms", "times cheaper"]
        print(table(head, first_numbers([1, 8] if chosen.quick else [1, 8, 32])), "\n")
        head = ["layers", "nodes", "generate, ms", "µs a node", "compile, ms", "generate / compile"]
        print(table(head, generation([10, 100] if chosen.quick else [10, 100, 1000, 10_000])), "\n")
        print(f"A call at n = 3 takes {small_call(chosen.rounds):.2f} of a call of jax.jit.")


if __name__ == "__main__":
    main()
