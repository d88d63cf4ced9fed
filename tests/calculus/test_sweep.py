"""The backward sweep: what SymPy 1.14 gets silently wrong, outputs of every rank, and shared work."""

from __future__ import annotations

import pytest

import matcalc as mc
from matcalc.calculus.sweep import derive_nodes
from matcalc.graph import topological

# SymPy 1.14 answers 0, or with elementwise powers, or leaves a part out.
SILENTLY_WRONG_ELSEWHERE = {
    "tr(A) + 1": ("A", "eye(n)"),
    "tr(A.T @ A) + tr(B.T @ B)": ("A", "2 * A"),
    "logdet(A)": ("A", "inv(A).T"),
    "exp(tr(A))": ("A", "exp(tr(A)) * eye(n)"),
    "log(sum(exp(x)))": ("x", "softmax(x)"),
    "exp(x.T @ A @ x)": ("x", "exp(x.T @ A @ x) * (A + A.T) @ x"),
    "x / (x.T @ x)": ("x", "eye(n) / (x.T @ x) - 2 * x @ x.T / (x.T @ x)**2"),
    "sum(A**3)": ("A", "3 * A**2"),
    "tr(matrix_power(A, 3))": ("A", "3 * A.T @ A.T"),
    "det(A) * tr(A)": ("A", "tr(A) * adj(A).T + det(A) * eye(n)"),
    "sqrt(x.T @ x)": ("x", "x / norm(x)"),
    "log(det(A)**2)": ("A", "2 * inv(A).T"),
}
SHAPES = {"A": "n n", "B": "n n", "x": "n"}


@pytest.mark.parametrize(
    "text, wrt, expected", [(text, *pair) for text, pair in SILENTLY_WRONG_ELSEWHERE.items()]
)
def test_regressions_of_others(text: str, wrt: str, expected: str) -> None:
    derivation = mc.derive(text, wrt, shapes=SHAPES)
    assert derivation == mc.parse(expected, shapes=SHAPES)
    assert derivation.verify()


BY_RANK = [
    ("c**3", "c", ()),
    ("c * x", "c", ("n",)),
    ("c * A", "c", ("m", "n")),
    ("c * x.T", "c", ("n",)),
    ("x.T @ x", "x", ("n",)),
    ("r @ x", "r", (1, "n")),
    ("A @ x", "x", ("m", "n")),
    ("x.T @ A.T", "x", ("m", "n")),
    ("A @ x", "A", ("m", "m", "n")),
    ("sum(A * A)", "A", ("m", "n")),
    ("A * tanh(x.T)", "x", ("m", "n", "n")),
    ("A.T @ A", "A", ("n", "n", "m", "n")),
    ("c**2", "x", ("n",)),
    ("A @ x", "c", ("m",)),
]


@pytest.mark.parametrize("text, wrt, shape", BY_RANK)
def test_shapes_by_the_table_of_the_contract(text: str, wrt: str, shape: tuple) -> None:
    derivation = mc.derive(text, wrt, shapes={"A": "m n", "x": "n", "c": "", "r": "1 n"})
    assert derivation.shape == shape
    assert derivation.verify()


def test_all_gradients_cost_about_one() -> None:
    h = mc.vector("x", "n")
    weights = [mc.matrix(f"W{k}", "n", "n") for k in range(40)]
    for weight in weights:
        h = mc.tanh(weight @ h)
    output = (mc.vector("u", "n").T @ h).node
    forward = len(topological([output]))
    variables = [weight.node for weight in weights]
    one = len(topological(derive_nodes(output, variables[:1]))) - forward
    every = len(topological(derive_nodes(output, variables))) - forward
    assert every <= 2 * one
    assert every <= 3 * forward
