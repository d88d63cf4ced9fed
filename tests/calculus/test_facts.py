"""What is known of a value: every claim is checked on samples, and what is not so is not claimed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matcalc.calculus.laws.facts import holds, known
from matcalc.graph import elementwise, symbol, symbols, tidy
from matcalc.language.lowering import read
from matcalc.rules import find
from matcalc.rules.function_laws import gap
from matcalc.rules.interpreter import evaluate
from matcalc.rules.samples import sample
from matcalc.shapes.dims import dim_value

SHAPES = (
    "S: n n symmetric, A: n n spd, B: m n, D: n n diagonal, Q: n n orthogonal, R: n n orthogonal, X: n n invertible,"
    " Y: n n, p: n positive, x: n, s: n simplex, e: n onehot, c: () positive, P: m n positive"
)
SIZES = {"n": 3, "m": 5}

TRUE = [
    ("A", "invertible"),
    ("A", "symmetric"),
    ("Q", "invertible"),
    ("e", "simplex"),
    ("inv(A)", "spd"),
    ("inv(A + B.T @ B)", "spd"),
    ("B @ A @ B.T", "symmetric"),
    ("B @ inv(A) @ B.T + eye(m)", "spd"),
    ("B.T @ B", "symmetric"),
    ("B.T @ diag(P @ p) @ B", "symmetric"),
    ("x @ x.T + A", "spd"),
    ("2 * A + c * eye(n)", "spd"),
    ("A + diag(p)", "spd"),
    ("diag(p)", "spd"),
    ("expm(S)", "spd"),
    ("expm(S)", "symmetric"),
    ("expm(Y)", "invertible"),
    ("S + S", "symmetric"),
    ("Y + Y.T", "symmetric"),
    ("Q @ R", "orthogonal"),
    ("Q.T @ R @ Q", "orthogonal"),
    ("eigvecsh(Y)", "orthogonal"),
    ("X @ A @ Q", "invertible"),
    ("inv(X)", "invertible"),
    ("D @ diag(x)", "diagonal"),
    ("inv(D) + eye(n)", "diagonal"),
    ("D * Y", "diagonal"),
    ("exp(x)", "positive"),
    ("exp(x) * p + 1", "positive"),
    ("P @ p", "positive"),
    ("sqrt(p) / c", "positive"),
    ("det(A)", "positive"),
    ("tanh(p)", "positive"),
    ("softmax(x)", "positive"),
    ("softmax(x)", "simplex"),
    ("softmax(P, axis=1)", "simplex"),
]
FALSE = [("-exp(x)", "positive"), ("0 * x", "positive"), ("0 * A", "spd"), ("0 * X", "invertible")]
UNKNOWN = [
    ("x", "positive"),
    ("p - exp(x)", "positive"),
    ("diag(p)", "positive"),
    ("A", "positive"),
    ("A - B.T @ B", "spd"),
    ("B.T @ B", "spd"),
    ("S", "spd"),
    ("S", "invertible"),
    ("A @ S", "symmetric"),
    ("D", "invertible"),
    ("diag(x)", "invertible"),
    ("Q + R", "orthogonal"),
    ("2 * Q", "orthogonal"),
    ("Q @ Y", "orthogonal"),
    ("Q * R", "orthogonal"),
    ("X + X", "orthogonal"),
    ("X * A", "invertible"),
    ("D @ Y", "diagonal"),
    ("D + Y", "diagonal"),
    ("tanh(x)", "positive"),
    ("log(p)", "positive"),
    ("x**2", "positive"),
    ("softmax(x) + s", "simplex"),
    ("s * e", "simplex"),
]


def node_of(text: str) -> Any:
    return tidy(read(text, SHAPES).value.node)[0]


@pytest.mark.parametrize(("text", "name"), TRUE)
def test_known_to_hold(text: str, name: str) -> None:
    node = node_of(text)
    assert known(node, name) is True
    rng = np.random.default_rng(2)
    for _ in range(10):
        values = {}
        for one in symbols(node):
            shape = [dim_value(dim, SIZES) for dim in one.axes]
            values[one.name] = sample(rng, min(one.properties) if one.properties else "real", shape)
        assert gap(name, np.asarray(evaluate(node, values, SIZES))) < 1e-9


@pytest.mark.parametrize(("text", "name"), FALSE)
def test_known_not_to_hold(text: str, name: str) -> None:
    assert known(node_of(text), name) is False


@pytest.mark.parametrize(("text", "name"), UNKNOWN)
def test_not_known(text: str, name: str) -> None:
    assert known(node_of(text), name) is None


def test_a_deep_graph_is_silent_and_quick() -> None:
    node: Any = symbol("x", ("n",), {"positive"})
    for _ in range(10_000):
        node = elementwise(find("tanh"), node)
    assert not holds(node, "positive")
