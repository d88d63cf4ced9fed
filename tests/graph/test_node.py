"""Interning: one node for one thing, in every thread, and nothing left behind."""

from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import matcalc as mc
from matcalc.graph import add, contract, live_nodes, symbol, topological


def test_equality_is_identity() -> None:
    assert symbol("q", ("n",)) is symbol("q", ("n",))
    assert symbol("q", ("n",)) is not symbol("q", ("m",))
    assert symbol("q", (1, "n")) is not symbol("q", ("n",))
    assert symbol("Q", ("n", "n"), ("spd",)) is not symbol("Q", ("n", "n"))


def test_a_thousand_derivations_leave_the_table_as_they_found_it() -> None:
    def derive(k: int) -> None:
        mc.derive(f"u.T @ tanh(W @ x + {k} * b)", wrt="W").latex  # noqa: B018

    derive(0)
    gc.collect()
    before = live_nodes()
    for k in range(1, 1001):
        derive(k)
    gc.collect()
    assert live_nodes() <= before + 5


def test_threads_build_the_same_nodes() -> None:
    def build(_: int) -> object:
        parts = [symbol(f"thread{k}", ("n",)) for k in range(50)]
        return contract([(add(*parts), "i"), (parts[7], "i")], "")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(build, range(64)))) == 1


def test_pickles_and_copies_are_the_node_itself() -> None:
    node = mc.derive("logsumexp(A @ x + b).T * f'(c)", wrt="x").node
    assert pickle.loads(pickle.dumps(node)) is node
    assert copy.deepcopy(node) is node
    vec = mc.derive("A @ X @ B", wrt="X", layout="jacobian")
    assert pickle.loads(pickle.dumps(vec)).node is vec.node


def test_ten_thousand_layers_need_no_recursion() -> None:
    limit = sys.getrecursionlimit()
    h = mc.vector("x", "n")
    weights = []
    for k in range(10_000):
        weights.append(mc.matrix(f"W{k}", "n", "n"))
        h = mc.tanh(weights[-1] @ h)
    sys.setrecursionlimit(400)
    try:
        derivation = mc.derive(mc.vector("u", "n").T @ h, weights[0])
        assert len(topological([derivation.node])) > 30_000
        assert pickle.loads(pickle.dumps(derivation.node)) is derivation.node
        assert derivation.text.count("tanh") >= 10_000
    finally:
        sys.setrecursionlimit(limit)


def test_digests_do_not_depend_on_the_hash_seed_or_on_history() -> None:
    script = (
        "import matcalc as mc\n"
        "{}"
        "d = mc.derive('(x.T @ A @ x)**2 + norm(B @ x - y) + f(x).T @ y', 'x')\n"
        "print(d.node.digest, d.text)"
    )
    other = "keep = [mc.parse(t).node for t in ('B @ x', 'y.T @ x', 'A @ A @ x', 'f(x)')]\n"
    seen = {
        subprocess.run(
            [sys.executable, "-c", script.format(history)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
        for history in ("", other)
    }
    assert len(seen) == 1
