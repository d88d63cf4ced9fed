"""Fingerprints prove identities that hold whatever the functions are, and nothing that does not hold."""

from __future__ import annotations

import pytest

import matcalc as mc
from matcalc.graph.fingerprint import TooLarge, fingerprints, same_value

SHAPES = {
    "A": "n n",
    "B": "n n",
    "S": "n n symmetric",
    "D": "n n diagonal",
    "X": "m n",
    "x": "n",
    "y": "n",
    "c": "()",
}

EQUAL = [
    ("X.T @ (X @ x - X @ y)", "X.T @ X @ (x - y)"),
    ("tr(A @ B)", "tr(B @ A)"),
    ("norm(A @ B)**4", "tr(A @ B @ B.T @ A.T)**2"),
    ("vec(A @ B @ A.T)", "kron(A, A) @ vec(B)"),
    ("(x + y)**3 / (x + y)", "x**2 + 2 * x * y + y**2"),
    ("tanh(x + y) * tanh(y + x)", "tanh(x + y)**2"),
    ("inv(A @ B)", "inv(B) @ inv(A)"),
    ("adj(A) @ A", "det(A) * eye(n)"),
    ("adj(x @ x.T)", "adj(x @ x.T).T"),
    ("softmax(A @ x)", "softmax(A @ (x - y) + A @ y)"),
    ("S @ x", "S.T @ x"),
    ("D * A", "D * A.T"),
    ("n * sum(x)", "sum(x @ ones(1, n))"),
    ("0.5 * c", "c / 2"),
    ("c / (c + 1)**(3/2)", "1 / sqrt(c + 1) - 1 / (c + 1)**(3/2)"),
]
OTHER = [
    ("A @ B", "B @ A"),
    ("A", "A.T"),
    ("inv(A)", "A"),
    ("tanh(x)", "sin(x)"),
    ("softmax(x)", "softmax(2 * x)"),
    ("x**2", "x**3"),
    ("sqrt(x)", "x**(1/3)"),
    ("sqrt(x**2)", "x"),
    ("sum(x) * c", "sum(x) * c * n / 5"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_what_is_equal_has_equal_fingerprints(one: str, other: str) -> None:
    nodes = [mc.parse(text, shapes=SHAPES).node for text in (one, other)]
    first, second = fingerprints(nodes)
    assert first == second
    assert same_value(*nodes)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_differs_is_not_proven_equal(one: str, other: str) -> None:
    nodes = [mc.parse(text, shapes=SHAPES).node for text in (one, other)]
    assert not same_value(*nodes)


def test_other_axes_are_no_proof() -> None:
    assert not same_value(mc.parse("x", shapes="x: n").node, mc.parse("X", shapes="X: n n").node)


def test_fixed_sizes_are_bounded() -> None:
    with pytest.raises(TooLarge):
        fingerprints([mc.parse("x", shapes="x: 100000000").node])
