"""The layouts of SPEC § 2: shapes of derivatives, and what the Jacobian and denominator layouts fuse."""

from __future__ import annotations

import numpy as np
import pytest

import matcalc as mc
from matcalc.errors import DomainError
from matcalc.shapes.layouts import arrange, check_layout

SCALAR, COLUMN, ROW, MATRIX = (), ("n",), (1, "n"), ("m", "n")
OUTPUT = {"scalar": (1, 1), "column": ("m", 1), "row": (1, "m"), "matrix": ("p", "q")}

TABLE = [
    # output, variable, shape, jacobian
    ("scalar", SCALAR, (1, 1), (1, 1)),
    ("scalar", COLUMN, ("n", 1), (1, "n")),
    ("scalar", ROW, (1, "n"), (1, "n")),
    ("scalar", MATRIX, ("m", "n"), (1, ("m", "n"))),
    ("column", SCALAR, ("m", 1), ("m", 1)),
    ("row", SCALAR, ("m", 1), ("m", 1)),
    ("column", COLUMN, ("m", "n"), ("m", "n")),
    ("row", COLUMN, ("m", "n"), ("m", "n")),
    ("column", ROW, ("m", "n"), ("m", "n")),
    ("column", MATRIX, ("m", "m", "n"), ("m", ("m", "n"))),
    ("matrix", SCALAR, ("p", "q"), (("p", "q"), 1)),
    ("matrix", COLUMN, ("p", "q", "n"), (("p", "q"), "n")),
    ("matrix", MATRIX, ("p", "q", "m", "n"), (("p", "q"), ("m", "n"))),
]


@pytest.mark.parametrize("output, variable, shape, jacobian", TABLE)
def test_table(output: str, variable: tuple, shape: tuple, jacobian: tuple) -> None:
    assert arrange(OUTPUT[output], [variable], "shape").shape == shape
    assert arrange(OUTPUT[output], [variable], "jacobian").shape == jacobian
    assert arrange(OUTPUT[output], [variable], "denominator").shape == jacobian[::-1]


def test_jacobian_columns_are_in_the_order_of_vec() -> None:
    draw = np.random.default_rng(0)
    a, b = draw.normal(size=(2, 3)), draw.normal(size=(4, 5))
    jacobian = mc.derive("A @ X @ B", "X", shapes="A: p m, X: m n, B: n q", layout="jacobian").numpy()
    change = draw.normal(size=(3, 4))
    moved = jacobian(A=a, B=b, X=np.zeros((3, 4))) @ change.reshape(-1, order="F")
    np.testing.assert_allclose(moved, (a @ change @ b).reshape(-1, order="F"))


def test_denominator_is_the_transpose() -> None:
    rows = mc.derive("tanh(A @ x)", "x", layout="jacobian")
    columns = mc.derive("tanh(A @ x)", "x", layout="denominator")
    assert columns.expression == rows.expression.T


def test_an_unknown_layout_is_refused() -> None:
    with pytest.raises(DomainError, match="numerator"):
        check_layout("numerator")
