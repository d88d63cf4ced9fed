"""Ill-conditioned inputs against 50 digits: finite wherever the mathematics is, and as close as a careful hand.

The bar is ten times the error of the hand-written NumPy beside each case, and never below some units of rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import matcalc as mc

mpmath.mp.dps = 50
ROUNDING = 2e-15
RNG = np.random.default_rng(0)
LOGITS = np.concatenate([[1e3, -1e3, 999.5], RNG.uniform(-1e3, 1e3, 6)])
SIGNS = np.sign(RNG.standard_normal(9))
Q = np.linalg.qr(RNG.standard_normal((9, 9)))[0]
ILL = Q @ np.diag(np.logspace(0, -10, 9)) @ np.linalg.qr(RNG.standard_normal((9, 9)))[0]
SPD = (Q * np.logspace(0, -10, 9)) @ Q.T
SPD = (SPD + SPD.T) / 2
RIGHT = RNG.standard_normal(9)
TINY = RNG.uniform(1e-12, 1e-9, 9)


def exact(array: np.ndarray) -> Any:
    return mpmath.matrix([[mpmath.mpf(float(x)) for x in row] for row in np.atleast_2d(array)])


def column(array: np.ndarray) -> Any:
    return exact(array).T


def entries(function: Callable[[Any], Any], array: np.ndarray) -> np.ndarray:
    return np.array([function(mpmath.mpf(float(x))) for x in array], object)


def softmax(x: np.ndarray) -> np.ndarray:
    weights = entries(mpmath.exp, x)
    return np.asarray(weights / weights.sum())


def hand_softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max())
    return np.asarray(e / e.sum())


def hand_sigmoid(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def solution(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.array(list(mpmath.lu_solve(exact(A), column(b))), object)


def cube(A: np.ndarray) -> np.ndarray:
    inverse = mpmath.inverse(exact(A))
    return np.array(inverse.T.tolist(), object)


CASES: list[tuple[str, str | None, str, dict[str, np.ndarray], Any, Any]] = [
    ("softmax(x)", None, "x: n", {"x": LOGITS}, softmax(LOGITS), hand_softmax(LOGITS)),
    ("log(sum(exp(x)))", "x", "x: n", {"x": LOGITS}, softmax(LOGITS), hand_softmax(LOGITS)),
    (
        "log(sum(exp(x)))",
        None,
        "x: n",
        {"x": LOGITS},
        mpmath.log(entries(mpmath.exp, LOGITS).sum()),
        LOGITS.max() + np.log(np.exp(LOGITS - LOGITS.max()).sum()),
    ),
    (
        "sum(log(1 + exp(-y * x)))",
        None,
        "x: n, y: n",
        {"x": LOGITS, "y": SIGNS},
        entries(lambda t: mpmath.log(1 + mpmath.exp(-t)), LOGITS * SIGNS).sum(),
        np.logaddexp(0, -LOGITS * SIGNS).sum(),
    ),
    (
        "sum(log(1 + exp(-y * x)))",
        "x",
        "x: n, y: n",
        {"x": LOGITS, "y": SIGNS},
        entries(lambda t: -1 / (1 + mpmath.exp(t)), LOGITS * SIGNS) * SIGNS,
        -SIGNS * hand_sigmoid(-LOGITS * SIGNS),
    ),
    (
        "log(sigmoid(x))",
        None,
        "x: n",
        {"x": LOGITS},
        entries(lambda t: -mpmath.log(1 + mpmath.exp(-t)), LOGITS),
        -np.logaddexp(0, -LOGITS),
    ),
    ("exp(x) - 1", None, "x: n", {"x": TINY}, entries(mpmath.expm1, TINY), np.expm1(TINY)),
    ("log(1 + x)", None, "x: n", {"x": TINY}, entries(mpmath.log1p, TINY), np.log1p(TINY)),
    (
        "inv(A) @ b",
        None,
        "A: n n, b: n",
        {"A": ILL, "b": RIGHT},
        solution(ILL, RIGHT),
        np.linalg.solve(ILL, RIGHT),
    ),
    (
        "inv(S) @ b",
        None,
        "S: n n spd, b: n",
        {"S": SPD, "b": RIGHT},
        solution(SPD, RIGHT),
        np.linalg.solve(SPD, RIGHT),
    ),
    (
        "b.T @ inv(S) @ b",
        "b",
        "S: n n spd, b: n",
        {"S": SPD, "b": RIGHT},
        2 * solution(SPD, RIGHT),
        2 * np.linalg.solve(SPD, RIGHT),
    ),
    (
        "logdet(A)",
        None,
        "A: n n",
        {"A": 1e-60 * ILL},
        mpmath.log(abs(mpmath.det(exact(1e-60 * ILL)))),
        np.linalg.slogdet(1e-60 * ILL)[1],
    ),
    ("logdet(A)", "A", "A: n n", {"A": ILL}, cube(ILL), np.linalg.inv(ILL).T),
]


def error(found: Any, reference: Any) -> float:
    """The largest entry of the error, in terms of the largest entry; what underflows is zero."""
    found, reference = np.asarray(found, object), np.asarray(reference, object)
    scale = max(1e-300, *(abs(x) for x in reference.flat))
    return float(max(abs(a - b) for a, b in zip(found.flat, reference.flat, strict=True)) / scale)


@pytest.mark.parametrize(
    ("expression", "wrt", "shapes", "values", "reference", "hand"),
    CASES,
    ids=[f"{case[0]} by {case[1]}" if case[1] else case[0] for case in CASES],
)
def test_as_close_as_a_careful_hand(
    expression: str, wrt: str | None, shapes: str, values: dict[str, np.ndarray], reference: Any, hand: Any
) -> None:
    of = mc.derive(expression, wrt, shapes=shapes) if wrt else mc.parse(expression, shapes=shapes)
    found = of.numpy()(**values)
    assert np.isfinite(found).all()
    assert error(found, reference) <= 10 * max(error(hand, reference), ROUNDING)


# What is 0 over 0 or an overflow term by term, with the variable that it is also derived by.
LARGE: list[tuple[str, str, str]] = [
    ("log(sum(exp(X)))", "X", "X: n n"),
    ("log(mean(exp(x)))", "x", "x: n"),
    ("log(1 + sum(exp(x)))", "x", "x: n"),
    ("log(sum(w * exp(x)))", "x", "x: n, w: n positive"),
    ("log(w.T @ exp(x))", "w", "x: n, w: n positive"),
    ("log(exp(a) + exp(b))", "a", "a: (), b: ()"),
    ("log(exp(a) + c)", "a", "a: (), c: () positive"),
    ("exp(a) / (exp(a) + exp(b))", "", "a: (), b: ()"),
    ("sum(log(cosh(x)))", "x", "x: n"),
    ("sum(log(exp(x) + exp(-x)))", "x", "x: n"),
    ("sum(sinh(x) / cosh(x))", "", "x: n"),
    ("sum(log(exp(x)))", "x", "x: n"),
    ("sum(exp(x) / (1 + exp(x)))", "x", "x: n"),
    ("sum(exp(x) / (1 + exp(x))**2)", "", "x: n"),
    ("sum(log(1 / (1 + exp(-x))))", "x", "x: n"),
    ("sum(log(1 - 1 / (1 + exp(-x))))", "x", "x: n"),
    ("sum((exp(x) - 1) / (exp(x) + 1))", "x", "x: n"),
    ("sum((1 - exp(-x)) / (1 + exp(-x)))", "x", "x: n"),
    ("sum(w * log(1 + exp(-y * x)))", "y", "x: n, w: n, y: n"),
    ("-sum(w * log(1 / (1 + exp(-x))) + (1 - w) * log(1 - 1 / (1 + exp(-x))))", "", "x: n, w: n"),
]
LARGE_VALUES = {
    "x": LOGITS,
    "X": np.outer(LOGITS, [1, -1, 0.5, 0.1, 0, 1, 1, 1, 1]),
    "w": RNG.uniform(0.1, 0.9, 9),
    "y": SIGNS,
    "a": np.array(1e3),
    "b": np.array(-1e3),
    "c": np.array(2.0),
}


def in_full(expression: str, values: dict[str, np.ndarray]) -> Any:
    """The expression in 50 digits, term by term."""
    scope: dict[str, Any] = {
        name: np.vectorize(getattr(mpmath, name), otypes=[object]) for name in ("exp", "log", "cosh", "sinh")
    }
    scope |= {"sum": lambda array: array.sum(), "mean": lambda array: array.sum() / array.size}
    return np.asarray(eval(expression, {}, scope | values), object)


def exactly(array: np.ndarray) -> np.ndarray:
    return np.vectorize(lambda x: mpmath.mpf(float(x)), otypes=[object])(array)


def slope(expression: str, name: str, values: dict[str, np.ndarray]) -> np.ndarray:
    """Central differences in 50 digits."""
    step = mpmath.mpf(10) ** -12
    found = []
    for place in np.ndindex(values[name].shape):
        ends = []
        for sign in (1, -1):
            moved = values[name].copy()
            moved[place] += sign * step
            ends.append(in_full(expression, values | {name: moved}))
        found.append((ends[0] - ends[1]) / (2 * step))
    return np.array(found, object).reshape(values[name].shape)


@pytest.mark.parametrize(("expression", "wrt", "shapes"), LARGE, ids=[case[0] for case in LARGE])
def test_large_exponents(expression: str, wrt: str, shapes: str) -> None:
    """Values and derivatives where e to the power of an input overflows."""
    names = [part.split(":")[0].strip() for part in shapes.split(",")]
    values = {name: LARGE_VALUES[name] for name in names}
    in_digits = {name: exactly(array) for name, array in values.items()}
    of = mc.parse(expression, shapes=shapes)
    with mpmath.workdps(1000):
        pairs = [(of, in_full(expression, in_digits))]
        if wrt:
            pairs.append((mc.derive(of, wrt), slope(expression, wrt, in_digits)))
    for ours, reference in pairs:
        evaluator = ours.numpy()
        found = evaluator(**{name: values[name] for name in evaluator.parameters})
        assert np.isfinite(found).all()
        assert error(found, reference) <= 1e-13
