"""What is said of shapes that do not fit: both shapes, and repairs that really fit."""

from __future__ import annotations

import re

import pytest

from matcalc.shapes.mismatch import Side, described, mismatch

COLUMN, ROW, MATRIX = ("n", 1), (1, "n"), ("m", "n")


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1, 1), "a scalar"),
        (COLUMN, "a column (n, 1)"),
        (ROW, "a row (1, n)"),
        (MATRIX, "a matrix (m, n)"),
        ((("m", "n"), 1), "a column (m*n, 1)"),
        (("m", "n", "p"), "a tensor (m, n, p)"),
    ],
)
def test_described(shape: tuple[object, ...], words: str) -> None:
    assert described(shape) == words  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "transposed"),
    [
        ("x", "x.T"),
        ("x.T", "x"),
        ("A @ x", "(A @ x).T"),
        ("A @ x.T", "(A @ x.T).T"),
        ("(A @ x)", "(A @ x).T"),
        ("f(x + y)", "f(x + y).T"),
        ("-X", "-X.T"),
        ("2 * W.T", "2 * W"),
        ("2 * W @ x", "(2 * W @ x).T"),
    ],
)
def test_transposed(text: str, transposed: str) -> None:
    assert Side(text, MATRIX).transposed == Side(transposed, ("n", "m"))


CASES = [
    ("@", "x", COLUMN, "y", COLUMN, "x.T @ y (inner), x @ y.T (outer) or x * y (elementwise)?"),
    ("@", "x", COLUMN, "y", ("m", 1), "did you mean x @ y.T (outer)?"),
    ("@", "x.T", ROW, "y", ("m", 1), "did you mean x @ y.T (outer)?"),
    ("@", "x", COLUMN, "A", ("n", "m"), "did you mean x.T @ A?"),
    ("@", "A", MATRIX, "B", MATRIX, "A.T @ B, A @ B.T or A * B (elementwise)?"),
    ("@", "A", MATRIX, "B", ("p", "m"), "A.T @ B.T?"),
    ("@", "A", MATRIX, "x", ("p", 1), "n and p are two sizes"),
    ("@", "A", (3, 4), "x", (5, 1), "4 and 5 are two sizes"),
    ("@", "c", (1, 1), "A", MATRIX, "a scalar is multiplied with *: c * A"),
    ("@", "t", ("m", "n", "p"), "A", MATRIX, "index form"),
    ("+", "A", ("3", "4"), "B", ("4", "3"), "A + B.T or A.T + B?"),
    ("+", "A", MATRIX, "A.T", ("n", "m"), "m and n are two sizes"),
    ("+", "x", COLUMN, "y", ("m", 1), "n and m are two sizes"),
    ("+", "t", ("m", "n", "p"), "A", MATRIX, "tensor"),
    ("*", "A", MATRIX, "B", ("n", "p"), "A @ B (matrix product)"),
    ("**", "A", MATRIX, "x", COLUMN, "matrix_power"),
]


@pytest.mark.parametrize(("operator", "left", "a", "right", "b", "hint"), CASES)
def test_repairs(operator: str, left: str, a: tuple, b: tuple, right: str, hint: str) -> None:  # type: ignore[type-arg]
    error = mismatch(operator, Side(left, a), Side(right, b))
    assert hint in (error.hint or "")
    assert described(b) in error.message
    assert operator == "**" or described(a) in error.message
    assert (
        len(re.findall(re.escape(described(a)), error.message)) == 1
        or operator == "**"
        or (left, a) != (right, b)
    )


def test_the_same_operand_is_described_once() -> None:
    error = mismatch("@", Side("p", COLUMN), Side("p", COLUMN))
    assert error.message.count("p is a column") == 1
