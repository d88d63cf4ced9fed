"""Index forms mean what their letters say."""

from __future__ import annotations

import pytest

from matcalc.errors import DomainError, MatcalcError, ParseError, ShapeError
from matcalc.graph import normal
from matcalc.language import read

SHAPES = "A: m n, B: n p, S: n n, x: n, y: n, z: m, r: 1 n, c: (), T: m n"

SAME = {
    "A[i,k] * x[k] -> i": "A @ x",
    "A[i,k] * B[k,j] -> ij": "A @ B",
    "A[i,k] * B[k,j] -> ji": "(A @ B).T",
    "A[ij] -> j": "sum(A, axis=0).T",
    "A[i,j] ->": "sum(A)",
    "S[i,i] ->": "tr(S)",
    "S[i,i] -> i": "diagonal(S)",
    "x[i] -> ii": "diag(x)",
    "x[i] * y[i] ->": "x.T @ y",
    "x[i] * y[i] -> i": "x * y",
    "x[i] * y[j] -> ij": "x @ y.T",
    "x[i] + y[i] -> i": "x + y",
    "r[i] * x[i] ->": "r @ x",
    "c * x[i] - 2 * y[i] / 3 -> i": "c * x - 2 * y / 3",
    "-x[i] -> i": "-x",
    "x[i] / y[i] -> i": "x / y",
    "x[i] / sum(y) -> i": "x / sum(y)",
    "1 / x[i] -> i": "1 / x",
    "x[i]**2 ->": "sum(x**2)",
    "x[i]² -> i": "x**2",
    "c + x[i] -> i": "c + x",
    "c + 0 * x[i] -> i": "c * ones(n)",
    "z[i] + x[j] -> ij": "z @ ones(1, n) + ones(m) @ x.T",
    "A[i,k] * x[k] + z[i] -> i": "A @ x + z",
    "(x[i] + y[i]) * x[i] ->": "x.T @ x + y.T @ x",
    "(A[i,k] * x[k] + z[i]) * z[i] ->": "z.T @ A @ x + z.T @ z",
    "(A[i,k] + T[i,k]) * x[k] -> i": "A @ x + T @ x",
    "exp(A[i,k]) -> i": "sum(exp(A), axis=1)",
    "exp(x[i] + y[i]) -> i": "exp(x + y)",
    "maximum(x[i], 0) -> i": "maximum(x, 0)",
    "f'(x[i]) * y[i] -> i": "f'(x) * y",
    "tanh'(x[i]) -> i": "tanh'(x)",
    "f'(x)[i] * y[j] -> ij": "f'(x) @ y.T",
    "(A @ x)[i] -> i": "A @ x",
    "inv(S)[i,j] * x[j] -> i": "inv(S) @ x",
    "eye(n)[i,j] * x[j] -> i": "x",
    "sum(x) * x[i] -> i": "sum(x) * x",
    "(x[i] * y[i] ->) * x": "(x.T @ y) * x",
    "A @ (S[k,l] * x[l] -> k)": "A @ S @ x",
    "exp((A[i,k] * x[k] -> i)[i]) -> i": "exp(A @ x)",
    "2 * h[i] -> i where h = x + y": "2 * (x + y)",
}


@pytest.mark.parametrize(("form", "matrix"), SAME.items())
def test_same_as_in_matrix_notation(form: str, matrix: str) -> None:
    a, b = read(form, SHAPES).value, read(matrix, SHAPES).value
    assert normal(a.node) is normal(b.node)
    assert a.shape == b.shape


def test_tensors() -> None:
    tensor = read("A[i,j] * x[k] -> kij", SHAPES).value
    assert tensor.shape == ("n", "m", "n")
    assert tensor.node.axes == ("n", "m", "n")
    again = read("(A[i,j] * x[k] -> kij)[k,i,j] * y[k] -> ij", SHAPES).value
    assert normal(again.node) is normal(read("A * (x.T @ y)", SHAPES).value.node)
    doubled = read("2 * (A[i,j] * x[k] -> kij) + (A[i,j] * x[k] -> kij)", SHAPES).value
    assert normal(doubled.node) is normal(read("3 * A[i,j] * x[k] -> kij", SHAPES).value.node)
    assert read("exp((A[i,j] * x[k] -> kij))", SHAPES).value.shape == ("n", "m", "n")


ERRORS: list[tuple[str, type[MatcalcError], str, str]] = [
    ("x[i] + 1", ParseError, "index form only", "x[i]"),
    ("A[i,j]", ParseError, "index form only", "A[i,j]"),
    ("f(x[i])", ParseError, "index form only", "x[i]"),
    ("x[i].T * y[i] -> i", ParseError, "no transpose", "x[i].T"),
    ("A[i,k] @ x[k] -> i", ParseError, "written *", "A[i,k] @ x[k]"),
    ("exp(A[i,k] * x[k]) -> i", ParseError, "inside or outside", "A[i,k] * x[k]"),
    ("x[i] / (y[k] * y[k]) -> i", ParseError, "inside or outside", "(y[k] * y[k])"),
    ("softmax(x[i]) -> i", ParseError, "not elementwise", "softmax(x[i])"),
    ("sum(A[i,j], axis=0) -> i", ParseError, "no meaning", "sum(A[i,j], axis=0)"),
    ("c**x[i] -> i", ParseError, "exponent", "x[i]"),
    ("A[i] -> i", ShapeError, "takes 2 letters, not 1", "A[i]"),
    ("x[i,j] -> ij", ShapeError, "takes 1 letter, not 2", "x[i,j]"),
    ("c[i] -> i", ShapeError, "no letters", "c[i]"),
    ("A[i,k] * z[k] -> i", ShapeError, "two different sizes", "z[k]"),
    ("x[i] * y -> i", ShapeError, "has no letters here", "y"),
    ("x[i] -> ij", ShapeError, "how far the letter j runs", "x[i] -> ij"),
    ("c -> i", ShapeError, "how far the letter i runs", "c -> i"),
    ("x[i] * 0 / 0 -> i", DomainError, "no value", "x[i] * 0 / 0"),
    ("x[i] + c * 0 / (x[i] - x[i]) -> i", DomainError, "no value", "c * 0 / (x[i] - x[i])"),
    ("(A[i,j] * x[k] -> ijk) @ x", ShapeError, "index form", "(A[i,j] * x[k] -> ijk) @ x"),
    ("(A[i,j] * x[k] -> ijk) + x", ShapeError, "tensor", "(A[i,j] * x[k] -> ijk) + x"),
    ("(A[i,j] * x[k] -> ijk).T", ShapeError, "tensor", "(A[i,j] * x[k] -> ijk).T"),
    ("sum((A[i,j] * x[k] -> ijk))", ShapeError, "tensor", "sum((A[i,j] * x[k] -> ijk))"),
]


@pytest.mark.parametrize(("text", "kind", "message", "place"), ERRORS)
def test_errors(text: str, kind: type[MatcalcError], message: str, place: str) -> None:
    with pytest.raises(kind) as caught:
        read(text, SHAPES)
    error = caught.value
    assert message in f"{error.message} {error.hint}"
    assert error.hint
    assert error.span is not None
    start, end = error.span
    assert text[start:end] == place


def test_long_sums_of_entries() -> None:
    text = " + ".join(["A[i,k] * x[k]"] * 1_000)
    assert normal(read(f"{text} -> i", SHAPES).value.node) is normal(read("1000 * A @ x", SHAPES).value.node)
