"""The python dialect: SPEC's spellings, and the law that the text means what the tree means, by Python's own parser."""

from __future__ import annotations

import ast
import sys
from fractions import Fraction

import pytest
from hypothesis import given, settings

from matcalc.notation.text import text
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
from tests.notation.trees import (
    KINDS,
    Value,
    all_trees,
    applied,
    column,
    known,
    matmul,
    matrix,
    meaning,
    nested,
    number,
    over,
    plus,
    power,
    residue,
    scalar,
    times,
    transposed,
    trees,
)
from tests.stopwatch import processor_seconds

a, b, n = scalar("a"), scalar("b"), scalar("n")
x, y, u = column("x"), column("y"), column("u")
A, W, X = matrix("A"), matrix("W", "m", "n"), matrix("X", "m", "n")
COLUMN, MATRIX = ("n", 1), ("n", "n")
z = Addition(("m", 1), ((1, MatrixProduct(("m", 1), (W, x))), (1, column("b", "m"))))
Ax = MatrixProduct(COLUMN, (A, x))
minus_x = Negative(COLUMN, x)
half, two = number(Fraction(1, 2)), number(2)


def entry(body: Tree, *letters: str) -> Indexed:
    return Indexed(SCALAR, body, letters)


d = column("d")
out_form = IndexForm(COLUMN, entry(x, "i"), ("i",))
residual = Addition(("m", 1), ((1, MatrixProduct(("m", 1), (X, x))), (-1, column("y", "m"))))

TEXTS: list[tuple[Tree, str]] = [
    (Quotient(SCALAR, a, scalar("m*n")), "a / (m*n)"),
    (Call(MATRIX, "eye", (scalar("12"),)), "eye(12)"),
    (x, "x"),
    (number(2.0), "2"),
    (number(0.1), "0.1"),
    (number(1e-9), "1e-09"),
    (number(Fraction(3, 4)), "3/4"),
    (Negative(COLUMN, Power(COLUMN, x, two)), "-x**2"),
    (Power(COLUMN, minus_x, two), "(-x)**2"),
    (Power(COLUMN, Power(COLUMN, x, two), number(3)), "(x**2)**3"),
    (Power(COLUMN, x, number(Fraction(-1, 2))), "x**(-1/2)"),
    (Power(COLUMN, x, Addition(SCALAR, ((1, n), (-1, number(1))))), "x**(n - 1)"),
    (Power(SCALAR, half, n), "(1/2)**n"),
    (Power(SCALAR, two, n), "2**n"),
    (Scaled(COLUMN, (a,), Ax), "a * A @ x"),
    (Hadamard(COLUMN, (u, Ax)), "u * (A @ x)"),
    (Hadamard(COLUMN, (Ax, u)), "(A @ x) * u"),
    (MatrixProduct(MATRIX, (Hadamard(COLUMN, (u, x)), Transposed((1, "n"), y))), "(u * x) @ y.T"),
    (MatrixProduct(MATRIX, (Scaled(COLUMN, (two,), x), Transposed((1, "n"), y))), "2 * x @ y.T"),
    (MatrixProduct(MATRIX, (x, Scaled((1, "n"), (two,), Transposed((1, "n"), y)))), "x @ (2 * y.T)"),
    (Quotient(COLUMN, x, Scaled(SCALAR, (two,), a)), "x / (2 * a)"),
    (Quotient(COLUMN, Scaled(COLUMN, (two,), x), a), "2 * x / a"),
    (Quotient(COLUMN, x, half), "x / (1/2)"),
    (Hadamard(COLUMN, (Quotient(COLUMN, x, y), u)), "(x / y) * u"),
    (Quotient(COLUMN, x, Hadamard(COLUMN, (y, u))), "x / (y * u)"),
    (Scaled(COLUMN, (half,), x), "x / 2"),
    (Scaled(COLUMN, (half, a), Ax), "a * A @ x / 2"),
    (Scaled(COLUMN, (number(Fraction(3, 2)),), x), "3/2 * x"),
    (Scaled(COLUMN, (two,), Hadamard(COLUMN, (x, y))), "2 * x * y"),
    (Transposed(MATRIX, MatrixProduct(MATRIX, (A, A))), "(A @ A).T"),
    (Transposed(MATRIX, Call(MATRIX, "inv", (A,))), "inv(A).T"),
    (Addition(COLUMN, ((-1, x), (1, y), (-1, Addition(COLUMN, ((1, x), (1, y)))))), "-x + y - (x + y)"),
    (Addition(COLUMN, ((1, x), (1, Negative(COLUMN, y)))), "x - y"),
    (Negative(COLUMN, Addition(COLUMN, ((1, x), (1, y)))), "-(x + y)"),
    (MatrixProduct(COLUMN, (A, minus_x)), "A @ (-x)"),
    (Call(COLUMN, "f", (x,), (), 2), "f''(x)"),
    (Call(COLUMN, "softmax", (X,), (("axis", "1"),)), "softmax(X, axis=1)"),
    (Call(SCALAR, "cross_entropy", (x, y)), "cross_entropy(x, y)"),
    (entry(z, "i"), "(W @ x + b)[i]"),
    (entry(Call(MATRIX, "inv", (A,)), "i", "j"), "inv(A)[i,j]"),
    (IndexForm(COLUMN, Scaled(SCALAR, (entry(A, "i", "k"),), entry(x, "k")), ("i",)), "A[i,k] * x[k] -> i"),
    (IndexForm(MATRIX, entry(A, "j", "i"), ("i", "j")), "A[j,i] -> ij"),
    (IndexForm(MATRIX, entry(A, "i1", "j"), ("i1", "j")), "A[i1,j] -> i1,j"),
    (IndexForm(SCALAR, entry(x, "i"), ()), "x[i] ->"),
    (Scaled(COLUMN, (a,), IndexForm(COLUMN, entry(x, "i"), ("i",))), "a * (x[i] -> i)"),
    (Where(COLUMN, Hadamard(COLUMN, (d, u)), (("z", Ax), ("d", out_form))), "d * u where z = A @ x, d = (x[i] -> i)"),
    (Where(COLUMN, out_form, (("x", d),)), "x[i] -> i where x = d"),
    (Scaled(COLUMN, (two,), MatrixProduct(COLUMN, (Transposed(("n", "m"), X), residual))), "2 * X.T @ (X @ x - y)"),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "expected"), TEXTS, ids=[expected for _, expected in TEXTS])
def test_spelling(tree: Tree, expected: str) -> None:
    assert text(tree) == expected


def read(node: ast.expr) -> Value:
    """What Python's own parser makes of a text."""
    if isinstance(node, ast.Name):
        return known(node.id)
    if isinstance(node, ast.Constant):
        assert isinstance(node.value, int | float)
        return residue(node.value)
    if isinstance(node, ast.Attribute):
        assert node.attr == "T"
        return transposed(read(node.value))
    if isinstance(node, ast.Call):
        assert isinstance(node.func, ast.Name)
        return applied(node.func.id.replace("_1", "'"), read(node.args[0]))
    if isinstance(node, ast.UnaryOp):
        assert isinstance(node.op, ast.USub)
        return times(-1, read(node.operand))
    assert isinstance(node, ast.BinOp)
    left, right = read(node.left), read(node.right)
    if isinstance(node.op, ast.Sub):
        return plus(left, times(-1, right))
    operations = {ast.Add: plus, ast.Mult: times, ast.Div: over, ast.MatMult: matmul, ast.Pow: power}
    return operations[type(node.op)](left, right)


def test_every_operator_in_every_place() -> None:
    for tree in all_trees(3):
        shown = text(tree)
        assert read(ast.parse(shown, mode="eval").body) == meaning(tree), shown


@given(trees())
@settings(max_examples=300, deadline=None)
def test_text_means_what_the_tree_means(tree: Tree) -> None:
    shown = text(tree)
    assert read(ast.parse(shown.replace("f'", "f_1"), mode="eval").body) == meaning(tree), shown


@given(trees())
@settings(max_examples=100, deadline=None)
def test_no_bracket_encloses_a_bracket(tree: Tree) -> None:
    """`((…))` and a bracket around the whole are never needed."""
    shown = text(tree)
    opened: list[int] = []
    pairs = set()
    for place, letter in enumerate(shown):
        if letter == "(":
            opened.append(place)
        elif letter == ")":
            pairs.add((opened.pop(), place))
    assert not opened
    # A call's own brackets may enclose a bracket only beside something else.
    assert not any((start + 1, end - 1) in pairs for start, end in pairs)
    assert (0, len(shown) - 1) not in pairs


@pytest.mark.parametrize("kind", KINDS)
def test_deep_trees(kind: str) -> None:
    """10,000 levels, under a recursion limit that a recursive printer would exceed."""
    tree = nested(kind, 10_000)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    try:
        shown = text(tree)
    finally:
        sys.setrecursionlimit(limit)
    assert shown.count("(") == shown.count(")")
    assert len(shown) >= 10_000 or kind in ("transposed", "negative")


def test_time_grows_with_length_only() -> None:
    def seconds(depth: int) -> float:
        tree = nested("layer", depth)
        return processor_seconds(lambda: text(tree), rounds=5)

    assert seconds(40_000) < 60 * seconds(2_000)  # 20 times the length; quadratic would be 400


def test_shared_parts_are_worked_out_once() -> None:
    tree: Tree = column("x")
    for _ in range(14):
        tree = Addition(COLUMN, ((1, tree), (-1, tree)))
    assert text(tree).count("x") == 2**14
