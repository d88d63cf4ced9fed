"""Shapes of what is not declared."""

from __future__ import annotations

from typing import Any

import pytest

from matcalc.errors import MatcalcError, ShapeError, UnknownNameError
from matcalc.language import read

INFERRED: list[tuple[str, str, str]] = [
    ("u.T @ tanh(W @ x + b)", "u: m, W: m n, x: n, b: m", "1 1"),
    ("alpha * x", "alpha: (), x: m", "m 1"),
    ("A @ B", "A: m n, B: n p", "m p"),
    ("A @ A", "A: m m", "m m"),
    ("x.T @ A @ x", "x: m, A: m m", "1 1"),
    ("A + x + y.T", "A: m n, x: m, y: n", "m n"),
    ("X.T @ (X @ w - y)", "X: m n, w: n, y: m", "n 1"),
    ("A @ B + C.T", "A: m n, B: n p, C: p m", "m p"),
    ("det(A) * inv(A).T", "A: m m", "m m"),
    ("sum(A, axis=0) @ x", "A: m n, x: n", "1 1"),
    ("A * (sum(A, axis=1) - mean(A))", "A: m n", "m n"),
    ("softmax_cross_entropy(y, U @ x)", "y: m, U: m n, x: n", "1 1"),
    ("diag(x) @ A", "x: m, A: m n", "m n"),
    ("kron(A, B) @ x", "A: m n, B: p q, x: n*q", "m*p 1"),
    ("vec(A) + x", "A: m n, x: m*n", "m*n 1"),
    ("vec(A @ X @ B) - kron(B.T, A) @ vec(X)", "A: m n, X: n p, B: p q", "m*q 1"),
    ("kron(B.T, A) @ vec(X)", "B: m n, A: p q, X: q m", "n*p 1"),
    ("A + eye(n)", "A: n n", "n n"),
    ("A @ eye(n) + B", "A: m n, B: m n", "m n"),
    ("x + ones(3)", "x: 3", "3 1"),
    ("m + x", "m: n, x: n", "n 1"),  # a name in use is no name for a dimension
    ("sum(x) / n + sum(ones(n))", "x: m", "1 1"),
    ("x * f(n) + m", "x: p, n: p, m: p", "p 1"),
    ("delta @ x.T where delta = u * f'(z), z = W @ x + b", "x: m, u: n, W: n m, b: n", "n m"),
    ("z where z = Sigma @ mu_x", "Sigma: m n, mu_x: ()", ""),
    ("A[i,k] * x[k] -> i", "A: m n, x: n", "m 1"),
    ("A[i,j] * B[k,j] * alpha -> ik", "A: m n, B: p n, alpha: ()", "m p"),
    ("(A[i,k] * x[k] -> i) + y", "A: m n, x: n, y: m", "m 1"),
    ("x[i] * ones(n)[j] -> ij", "x: m", "m n"),
    ("A[i,j] * x[k] -> ijk", "A: m n, x: p", "m n p"),
    ("A[i,i] ->", "A: m m", "1 1"),
    ("c where c = 2", "", "1 1"),
]


def shape_text(dims: tuple[Any, ...]) -> str:
    return " ".join("*".join(map(str, dim)) if isinstance(dim, tuple) else str(dim) for dim in dims)


@pytest.mark.parametrize(("text", "shapes", "shape"), INFERRED)
def test_inferred(text: str, shapes: str, shape: str) -> None:
    if not shape:
        with pytest.raises(ShapeError):
            read(text)
        return
    parsed = read(text)
    assert ", ".join(f"{name}: {entry.text}" for name, entry in parsed.shapes.items()) == shapes
    assert shape_text(parsed.value.shape) == shape
    if shapes and "eye" not in text and "ones" not in text:
        # What was inferred, declared, is the same formula.
        again = read(text, parsed.shapes)
        assert again.value == parsed.value
        assert again.shapes == parsed.shapes


def test_the_rest_is_inferred_beside_what_is_declared() -> None:
    parsed = read("W @ x + b", "W: 3 n, ...")
    assert {name: entry.text for name, entry in parsed.shapes.items()} == {"W": "3 n", "x": "n", "b": "3"}
    parsed = read("w * x + c", "c: (), w: k, ...")
    assert parsed.shapes["x"].text == "k"
    with pytest.raises(UnknownNameError):
        read("W @ x + b", "W: 3 n, b: 3")


def test_an_inferred_name_skips_declared_dimensions() -> None:
    parsed = read("W @ x + A @ y", "W: m p, ...")
    assert parsed.shapes["A"].text == "m n"


ERRORS: list[tuple[str, Any, str, str]] = [
    ("x @ y", None, "did you mean x.T @ y (inner), x @ y.T (outer) or x * y (elementwise)?", "x @ y"),
    ("A @ x @ y", None, "(A @ x).T @ y (inner)", "A @ x @ y"),
    ("x @ W", None, "did you mean x.T @ W?", "x @ W"),
    ("a**b", None, 'shapes="b: (), ..."', "a**b"),
    ("tr(x)", None, "square", "tr(x)"),
    ("A + A @ x.T", None, "", "A @ x.T"),
    ("A + B @ eye(m) - eye(n) @ eye(m)", None, "two sizes", "eye(n) @ eye(m)"),
    ("W @ x", "W: 3 4, x: 5, ...", "4 columns against 5 rows", "W @ x"),
    ("A @ B + eye(n)", "A: m n, ...", "m and n are two sizes", "A @ B + eye(n)"),
    ("A[i] -> i", None, "takes 2 letters, not 1", "A[i]"),
    ("x[i,j] -> ij", None, "takes 1 letter, not 2", "x[i,j]"),
    ("alpha[i] -> i", None, "no letters", "alpha[i]"),
    ("x[i] -> ij", None, "how far the letter j runs", "x[i] -> ij"),
    ("x[i] * y -> i", None, "has no letters here", "y"),
    ("A[i,j] * x[j] * ones(3)[j] * eye(4)[j,j] -> i", None, "two different sizes", "eye(4)[j,j]"),
    ("vec(A) + A", None, "", "vec(A) + A"),
]


@pytest.mark.parametrize(("text", "shapes", "message", "place"), ERRORS)
def test_errors(text: str, shapes: Any, message: str, place: str) -> None:
    with pytest.raises(MatcalcError) as caught:
        read(text, shapes)
    error = caught.value
    assert message in f"{error.message} {error.hint}"
    assert "Unknown" not in error.message
    assert error.hint
    assert error.span is not None
    start, end = error.span
    assert text[start:end] == place


def test_functions_and_variables_do_not_mix() -> None:
    with pytest.raises(UnknownNameError, match="called as a function"):
        read("f(f)")
    assert read("f @ x.T").shapes["f"].text == "m"
