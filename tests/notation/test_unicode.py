"""The terminal's notation."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings

from matcalc.notation.tree import (
    SCALAR,
    Addition,
    Call,
    Hadamard,
    Indexed,
    IndexForm,
    MatrixProduct,
    Negative,
    Power,
    Quotient,
    Scaled,
    Transposed,
    Tree,
    Where,
)
from matcalc.notation.unicode import unicode, unicode_name
from tests.notation.reader import unicode_reader
from tests.notation.trees import KINDS, all_trees, column, matrix, meaning, nested, number, scalar, trees

a, m, n = scalar("a"), scalar("m"), scalar("n")
x, u, b = column("x"), column("u", "m"), column("b", "m")
A, W = matrix("A"), matrix("W", "m", "n")
M, COLUMN, ROW, MATRIX = ("m", 1), ("n", 1), (1, "n"), ("n", "n")
two = number(2)
z = Addition(M, ((1, MatrixProduct(M, (W, x))), (1, b)))
slope = Addition(M, ((1, number(1)), (-1, Power(M, Call(M, "tanh", (z,)), two))))
W_ik, x_k = Indexed(SCALAR, W, ("i", "k")), Indexed(SCALAR, x, ("k",))
norm = Call(SCALAR, "norm", (x,))

UNICODE: list[tuple[Tree, str]] = [
    (
        MatrixProduct(("m", "n"), (Hadamard(M, (u, slope)), Transposed(ROW, x))),
        "(u ⊙ (1 − tanh(W x + b)²)) xᵀ",
    ),
    (Transposed(MATRIX, Call(MATRIX, "inv", (A,))), "A⁻ᵀ"),
    (Call(MATRIX, "inv", (A,)), "A⁻¹"),
    (Call(MATRIX, "pinv", (A,)), "A⁺"),
    (Power(MATRIX, A, two), "A^⊙2"),
    (Power(MATRIX, A, number(-2)), "A^(⊙−2)"),
    (Power(COLUMN, x, number(-12)), "x⁻¹²"),
    (Power(COLUMN, x, n), "xⁿ"),
    (Power(COLUMN, x, number(Fraction(-1, 2))), "x^(−1/2)"),
    (Power(COLUMN, x, Addition(SCALAR, ((1, n), (-1, number(1))))), "x^(n − 1)"),
    (Call(MATRIX, "kron", (A, Call(MATRIX, "eye", (n,)))), "A ⊗ Iₙ"),
    (Call(MATRIX, "eye", (scalar("m*n"),)), "I_(m n)"),
    (Call(MATRIX, "eye", (scalar("12"),)), "I₁₂"),
    (Transposed(ROW, Call(COLUMN, "sqrt", (x,))), "(√x)ᵀ"),
    (Call(COLUMN, "sqrt", (x,)), "√x"),
    (Call(COLUMN, "sqrt", (Negative(COLUMN, x),)), "√(−x)"),
    (Call(COLUMN, "exp", (x,)), "e^x"),
    (norm, "‖x‖₂"),
    (Call(SCALAR, "norm", (A,)), "‖A‖_F"),
    (Call(SCALAR, "norm_inf", (x,)), "‖x‖_∞"),
    (Call(SCALAR, "logdet", (A,)), "log|det(A)|"),
    (Quotient(COLUMN, x, Scaled(SCALAR, (two,), norm)), "x / (2 ‖x‖₂)"),
    (Scaled(COLUMN, (number(Fraction(1, 2)),), x), "½ x"),
    (Scaled(COLUMN, (number(Fraction(3, 2)),), x), "(3/2) x"),
    (Call(("m", "n"), "ones", (m, n)), "𝟏_(m × n)"),
    (Call(COLUMN, "sigmoid", (x,)), "σ(x)"),
    (Call(COLUMN, "f", (x,), (), 2), "f′′(x)"),
    (IndexForm(M, Scaled(SCALAR, (W_ik,), x_k), ("i",)), "[∑ₖ Wᵢₖ xₖ]ᵢ"),
    (Indexed(SCALAR, A, ("i", "q")), "A_iq"),
    (Indexed(SCALAR, A, ("i1", "j")), "A_(i1,j)"),
    (Where(M, Call(M, "f", (column("z", "m"),)), (("z", z),)), "f(z) where z = W x + b"),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "expected"), UNICODE, ids=[expected for _, expected in UNICODE])
def test_spelling(tree: Tree, expected: str) -> None:
    assert unicode(tree) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("lambda_", "λ"), ("delta2", "δ₂"), ("yhat", "ŷ"), ("W_out", "Wₒᵤₜ"), ("x_b", "x_b"), ("rate", "rate")],
)
def test_names(name: str, expected: str) -> None:
    assert unicode_name(name) == expected


def test_every_operator_in_every_place() -> None:
    for tree in all_trees(3):
        shown = unicode(tree)
        assert unicode_reader(shown).whole() == meaning(tree), shown


@given(trees())
@settings(max_examples=300, deadline=None)
def test_unicode_means_what_the_tree_means(tree: Tree) -> None:
    shown = unicode(tree)
    assert unicode_reader(shown).whole() == meaning(tree), shown


@pytest.mark.parametrize("kind", KINDS)
def test_deep_trees(kind: str) -> None:
    shown = unicode(nested(kind, 10_000))
    assert shown.count("(") == shown.count(")")
