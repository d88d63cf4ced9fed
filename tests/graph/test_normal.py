"""The full normal form: it comes to rest, and what it makes one node is one."""

from __future__ import annotations

import pytest

import matcalc as mc

SHAPES = "X: q q, x: q, Y: q m"

RESTS = [
    # The sum below the line has another leading term, so another sign, when its axes change places.
    "(1 / (-(X[t,l] - x[l]) * exp(Y.T[r,t]) -> rl)[i,k] -> k).T @ x",
    "sum(1 / (exp(Y.T) @ (x.T - X)), axis=0) @ X @ x",
    "sum(1 / (2 * X - 3 * x @ x.T), axis=1).T @ x",
    "sum(1 / (X - X.T), axis=1).T @ x",
]


@pytest.mark.parametrize("text", RESTS)
def test_it_comes_to_rest(text: str) -> None:
    formula = mc.parse(text, shapes=SHAPES)
    assert formula == mc.parse(formula.text, shapes=SHAPES)
    assert formula - formula == mc.parse("0 * sum(x)", shapes="x: q")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tanh(X.T @ Y)", "tanh(Y.T @ X).T"),
        ("1 / (X.T - x)", "(1 / (X - x.T)).T"),
        ("X.T @ (X @ x - Y @ ones(m))", "X.T @ X @ x - X.T @ sum(Y, axis=1)"),
        ("1 / (2 * X + 2 * x)", "1 / (X + x) / 2"),
    ],
)
def test_one_value_one_node(one: str, other: str) -> None:
    assert mc.parse(one, shapes=SHAPES) == mc.parse(other, shapes=SHAPES)


@pytest.mark.parametrize(("one", "other"), [("1 / (X - x)", "1 / (x - X)"), ("tanh(X)", "tanh(X.T)")])
def test_other_values_are_other_nodes(one: str, other: str) -> None:
    assert mc.parse(one, shapes=SHAPES) != mc.parse(other, shapes=SHAPES)
