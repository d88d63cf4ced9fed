"""LaTeX: spellings as a mathematician writes them; a reader of the notation finds the tree's meaning."""

from __future__ import annotations

import re
import sys
from fractions import Fraction

import pytest
from hypothesis import example, given, settings

from matcalc.notation.latex import latex, latex_name
from matcalc.notation.tree import (
    SCALAR,
    Addition,
    Call,
    Hadamard,
    Indexed,
    IndexForm,
    Literal,
    MatrixProduct,
    Negative,
    Power,
    Quotient,
    Scaled,
    Transposed,
    Tree,
    Where,
)
from tests.notation.reader import latex_reader
from tests.notation.trees import (
    KINDS,
    SQUARE,
    all_trees,
    column,
    matrix,
    meaning,
    nested,
    number,
    scalar,
    trees,
)

a, n = scalar("a"), scalar("n")
x, u = column("x"), column("u")
A, X = matrix("A"), matrix("X", "m", "n")
COLUMN, ROW, MATRIX = ("n", 1), (1, "n"), ("n", "n")
half, two = number(Fraction(1, 2)), number(2)
Ax = MatrixProduct(COLUMN, (A, x))
inverse = Call(MATRIX, "inv", (A,))
norm = Call(SCALAR, "norm", (x,))
tanh = Call(COLUMN, "tanh", (Ax,))
minus_one = Addition(SCALAR, ((1, n), (-1, number(1))))


def call(function: str, *arguments: Tree, **keywords: str) -> Call:
    return Call(arguments[0].shape, function, arguments, tuple(keywords.items()))


def entry(body: Tree, *letters: str) -> Indexed:
    return Indexed(SCALAR, body, letters)


product_of_entries = Scaled(SCALAR, (entry(A, "i", "k"),), entry(x, "k"))

LATEX: list[tuple[Tree, str]] = [
    (scalar("lambda_"), r"\lambda"),
    (number(Fraction(-1, 2)), r"-\frac{1}{2}"),
    (number(1.5e-9), r"1.5 \cdot 10^{-9}"),
    (number(1e-9), r"10^{-9}"),
    (MatrixProduct(COLUMN, (Transposed(MATRIX, A), x)), r"A^{\top} x"),
    (Transposed(MATRIX, inverse), r"A^{-\top}"),
    (call("inv", Transposed(MATRIX, A)), r"A^{-\top}"),
    (call("inv", MatrixProduct(MATRIX, (Transposed(MATRIX, A), A))), r"(A^{\top} A)^{-1}"),
    (Transposed(ROW, column("x1")), r"x_{1}^{\top}"),
    (Hadamard(COLUMN, (Ax, u)), r"A x \odot u"),
    (MatrixProduct(MATRIX, (Hadamard(COLUMN, (u, x)), Transposed(ROW, x))), r"(u \odot x) x^{\top}"),
    (MatrixProduct(COLUMN, (A, MatrixProduct(COLUMN, (A, x)))), r"A (A x)"),
    (Scaled(COLUMN, (two, a), Ax), r"2 a A x"),
    (Scaled(SCALAR, (two,), number(3)), r"2 \cdot 3"),
    (Scaled(SCALAR, (two,), Power(SCALAR, two, n)), r"2 \cdot 2^{n}"),
    (Scaled(COLUMN, (scalar("rate"),), x), r"\mathrm{rate} \, x"),
    (Scaled(COLUMN, (norm,), x), r"\lVert x \rVert_{2} \, x"),
    (Scaled(COLUMN, (half,), x), r"\frac{1}{2} x"),
    (Quotient(COLUMN, x, norm), r"\frac{x}{\lVert x \rVert_{2}}"),
    (Quotient(COLUMN, x, u), r"x \oslash u"),
    (Quotient(COLUMN, number(1), u), r"\frac{1}{u}"),
    (Quotient(MATRIX, number(1), A), r"1 \oslash A"),
    (Power(SCALAR, a, two), r"a^{2}"),
    (Power(SCALAR, a, minus_one), r"a^{n - 1}"),
    (Power(COLUMN, x, two), r"x^{\odot 2}"),
    (Power(COLUMN, x, number(-1)), r"x^{\odot (-1)}"),
    (Power(COLUMN, x, minus_one), r"x^{\odot (n - 1)}"),
    (Power(SCALAR, a, number(Fraction(-1, 2))), r"a^{-1/2}"),
    (Power(COLUMN, tanh, two), r"\tanh^{2}(A x)"),
    (Power(MATRIX, call("tanh", A), two), r"\tanh(A)^{\odot 2}"),
    (Power(SCALAR, norm, two), r"\lVert x \rVert_{2}^{2}"),
    (Power(SCALAR, Quotient(SCALAR, a, n), two), r"\left(\frac{a}{n}\right)^{2}"),
    (Power(SCALAR, Call(SCALAR, "sqrt", (a,)), number(3)), r"(\sqrt{a})^{3}"),
    (Call(SCALAR, "norm", (A,)), r"\lVert A \rVert_{F}"),
    (Call(SCALAR, "norm", (Quotient(COLUMN, x, a),)), r"\left\lVert \frac{x}{a} \right\rVert_{2}"),
    (Call(SCALAR, "norm1", (x,)), r"\lVert x \rVert_{1}"),
    (Call(SCALAR, "norm1", (A,)), r"\lVert \operatorname{vec}(A) \rVert_{1}"),
    (Call(SCALAR, "norm_inf", (x,)), r"\lVert x \rVert_{\infty}"),
    (Call(SCALAR, "norm_spectral", (A,)), r"\lVert A \rVert_{\mathrm{op}}"),
    (Call(SCALAR, "norm_nuclear", (A,)), r"\lVert A \rVert_{*}"),
    (Call(SCALAR, "tr", (A,)), r"\operatorname{tr}(A)"),
    (Call(SCALAR, "det", (A,)), r"\det(A)"),
    (Call(SCALAR, "logdet", (A,)), r"\log\lvert \det(A) \rvert"),
    (Call(SCALAR, "abs", (a,)), r"\lvert a \rvert"),
    (call("exp", Negative(COLUMN, x)), r"e^{-x}"),
    (call("exp", Ax), r"\exp(A x)"),
    (call("exp", A), r"\exp(A)"),
    (call("sqrt", x), r"\sqrt{x}"),
    (call("sigmoid", x), r"\sigma(x)"),
    (Scaled(COLUMN, (scalar("sigma"),), call("sigmoid", x)), r"\sigma \operatorname{sigmoid}(x)"),
    (Scaled(COLUMN, (scalar("e"),), call("exp", x)), r"e \exp(x)"),
    (call("log_softmax", x), r"\operatorname{log\_softmax}(x)"),
    (call("softmax", X, axis="1"), r"\operatorname{softmax}(X, \mathrm{axis} = 1)"),
    (Call(COLUMN, "f", (x,), (), 2), r"f''(x)"),
    (Call(COLUMN, "f", (x,), (), 4), r"f^{(4)}(x)"),
    (Call(COLUMN, "phi", (x,), (), 1), r"\phi'(x)"),
    (Call(COLUMN, "act", (x,), (), 1), r"\operatorname{act}'(x)"),
    (Call(MATRIX, "eye", (n,)), r"I_{n}"),
    (Call(MATRIX, "eye", (scalar("2*m*n"),)), r"I_{2 m n}"),
    (Call(MATRIX, "eye", (scalar("12"),)), r"I_{12}"),
    (Call(COLUMN, "ones", (n,)), r"\mathbf{1}_{n}"),
    (Call(("m", "n"), "zeros", (scalar("m"), n)), r"\mathbf{0}_{m \times n}"),
    (call("kron", Transposed(MATRIX, A), Call(MATRIX, "eye", (n,))), r"A^{\top} \otimes I_{n}"),
    (MatrixProduct(MATRIX, (call("kron", A, A), call("vec", A))), r"(A \otimes A) \, \operatorname{vec}(A)"),
    (Call(SCALAR, "sum", (x,)), r"\mathbf{1}^{\top} x"),
    (Call(SCALAR, "sum", (A,)), r"\mathbf{1}^{\top} A \mathbf{1}"),
    (Call(ROW, "sum", (X,), (("axis", "0"),)), r"\mathbf{1}^{\top} X"),
    (Transposed(COLUMN, Call(ROW, "sum", (X,), (("axis", "0"),))), r"X^{\top} \mathbf{1}"),
    (MatrixProduct(MATRIX, (inverse, A)), r"A^{-1} A"),
    (entry(call("exp", A), "i", "j"), r"\exp(A)_{ij}"),
    (Call(SCALAR, "sum", (Hadamard(COLUMN, (x, u)),)), r"\mathbf{1}^{\top} (x \odot u)"),
    (entry(A, "i", "j"), "A_{ij}"),
    (entry(matrix("W1"), "i", "j"), "(W_{1})_{ij}"),
    (entry(A, "i1", "j"), "A_{i_{1}, j}"),
    (entry(Call(MATRIX, "eye", (n,)), "i", "j"), r"\delta_{ij}"),
    (Scaled(SCALAR, (scalar("delta"),), entry(Call(MATRIX, "eye", (n,)), "i", "j")), r"\delta (I_{n})_{ij}"),
    (IndexForm(COLUMN, product_of_entries, ("i",)), r"\left[\sum_{k} A_{ik} x_{k}\right]_{i}"),
    (IndexForm(SCALAR, product_of_entries, ()), r"\sum_{i, k} A_{ik} x_{k}"),
    (
        IndexForm(SCALAR, Addition(SCALAR, ((1, entry(x, "i")), (-1, product_of_entries))), ()),
        r"\sum_{i} x_{i} - \sum_{i, k} A_{ik} x_{k}",
    ),
    (Where(COLUMN, Call(COLUMN, "f", (column("z"),)), (("z", Ax),)), r"f(z), \quad \text{where } z = A x"),
]


@pytest.mark.parametrize(("tree", "expected"), LATEX, ids=[expected for _, expected in LATEX])
def test_spelling(tree: Tree, expected: str) -> None:
    assert latex(tree) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("delta", r"\delta"),
        ("δ", r"\delta"),
        ("Sigma", r"\Sigma"),
        ("lambda_", r"\lambda"),
        ("lambda_2", r"\lambda_{2}"),
        ("delta2", r"\delta_{2}"),
        ("W_1", "W_{1}"),
        ("x_i", "x_{i}"),
        ("w_out", r"w_{\mathrm{out}}"),
        ("yhat", r"\hat{y}"),
        ("x_hat", r"\hat{x}"),
        ("mubar", r"\bar{\mu}"),
        ("ŷ", r"\hat{y}"),
        ("yhat3", r"\hat{y}_{3}"),
        ("rate", r"\mathrm{rate}"),
        ("rate_2", r"\mathrm{rate}_{2}"),
        ("x_a_b", r"x_{\mathrm{a\_b}}"),
        ("x_", r"\mathrm{x\_}"),
        ("hat", r"\mathrm{hat}"),
        ("a1b", r"\mathrm{a1b}"),
    ],
)
def test_names(name: str, expected: str) -> None:
    assert latex_name(name) == expected


def test_every_operator_in_every_place() -> None:
    for tree in all_trees(3):
        shown = latex(tree)
        assert latex_reader(shown).whole() == meaning(tree), shown


@given(trees())
@settings(max_examples=300, deadline=None)
@example(Scaled(SQUARE, (a,), Negative(SQUARE, matrix("A"))))
def test_latex_means_what_the_tree_means(tree: Tree) -> None:
    shown = latex(tree)
    assert latex_reader(shown).whole() == meaning(tree), shown


def check_nesting(shown: str) -> None:
    r"""Braces nest, and every \left has its \right within the same braces."""
    opened: list[str] = []
    partner = {"}": "{", r"\right": r"\left"}
    for token in re.findall(r"\\left|\\right|\\[{}]|[{}]", shown):
        if token in partner:
            assert opened and opened.pop() == partner[token], shown
        elif not token.startswith("\\") or token == r"\left":
            opened.append(token)
    assert not opened, shown


@given(trees())
@settings(max_examples=200, deadline=None)
def test_brackets_nest_and_grow_just_where_something_is_tall(tree: Tree) -> None:
    shown = latex(tree)
    check_nesting(shown)
    for inside in re.findall(r"\\left\(((?:[^()])*)\\right\)", shown):
        assert r"\frac" in inside
    for inside in re.findall(r"(?<!left)\(([^()]*)\)", shown):
        assert r"\frac" not in inside


@pytest.mark.parametrize("kind", KINDS)
def test_deep_trees(kind: str) -> None:
    tree = nested(kind, 10_000)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    try:
        shown = latex(tree)
    finally:
        sys.setrecursionlimit(limit)
    check_nesting(shown)


def test_every_function_of_the_table_has_balanced_latex() -> None:
    from matcalc.rules import all_functions

    for entry in all_functions():
        arguments = tuple(
            {"operand": Quotient(MATRIX, A, a), "integer": two}.get(parameter.kind, n)
            for parameter in entry.arguments
            if parameter.kind != "axis"
        )
        shown = latex(Negative(MATRIX, Call(MATRIX, entry.name, arguments)))
        check_nesting(shown)
        assert "{0}" not in shown.replace(r"\mathbf{0}", "")


def test_a_literal_keeps_its_type_apart() -> None:
    assert latex(Literal(SCALAR, 2.0)) == "2"
