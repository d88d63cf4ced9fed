"""Names for shared parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcalc.notation.latex import latex_name
from matcalc.notation.names import Part, name_parts
from matcalc.notation.tree import SCALAR, Addition, Call, Hadamard, MatrixProduct, Scaled, Tree
from matcalc.rules import find
from tests.notation.trees import column, matrix, number

x, b = column("x"), column("b")
W, B = matrix("W"), matrix("B")
COLUMN, MATRIX = ("n", 1), ("n", "n")
Wx = MatrixProduct(COLUMN, (W, x))
affine = Addition(COLUMN, ((1, Wx), (1, b)))
residual = Addition(COLUMN, ((1, Wx), (-1, b)))
activation = Call(COLUMN, "tanh", (affine,))
WB = MatrixProduct(MATRIX, (W, B))

KINDS: list[tuple[Tree, str]] = [
    (affine, "z"),
    (Wx, "z"),
    (WB, "Z"),
    (Addition(COLUMN, ((1, Scaled(COLUMN, (number(2),), Wx)), (1, b))), "z"),
    (residual, "r"),
    (Addition(COLUMN, ((1, x), (1, b))), "t"),
    (activation, "h"),
    (Call(COLUMN, "f", (x,)), "h"),
    (Call(COLUMN, "f", (x,), (), 1), "t"),
    (Call(MATRIX, "relu", (W,)), "H"),
    (Call(COLUMN, "softmax", (x,)), "p"),
    (Call(COLUMN, "sigmoid", (x,)), "p"),
    (Call(MATRIX, "inv", (W,)), "M"),
    (Call(COLUMN, "exp", (x,)), "t"),
    (Hadamard(COLUMN, (x, b)), "t"),
    (Call(SCALAR, "norm", (x,)), "t"),
]


@pytest.mark.parametrize(("tree", "expected"), KINDS)
def test_each_kind_has_its_letter(tree: Tree, expected: str) -> None:
    assert name_parts([Part(tree)], ["x"]) == [expected]


def test_a_cotangent_is_delta() -> None:
    assert name_parts([Part(Wx, role="cotangent"), Part(WB, role="cotangent")], []) == ["delta", "Delta"]


def test_several_of_a_kind_are_numbered() -> None:
    assert name_parts([Part(affine), Part(activation), Part(Wx)], []) == ["z1", "h", "z2"]


def test_the_users_name_comes_first() -> None:
    assert name_parts([Part(affine, given="pre"), Part(Wx)], []) == ["pre", "z"]
    assert name_parts([Part(Wx), Part(affine, given="z")], []) == ["z1", "z"]


def test_taken_names_are_left_alone() -> None:
    assert name_parts([Part(affine)], ["z"]) == ["z1"]
    assert name_parts([Part(affine), Part(Wx)], ["z", "z1"]) == ["z2", "z3"]
    assert name_parts([Part(activation)], ["f", "g", "h"]) == ["h1"]
    assert name_parts([Part(affine, given="x")], ["x"]) == ["z"]


def test_names_that_look_alike_count_as_taken() -> None:
    assert name_parts([Part(affine, role="cotangent")], ["δ"]) == ["delta1"]
    assert name_parts([Part(affine), Part(Wx)], ["z_1"]) == ["z2", "z3"]


@given(st.lists(st.sampled_from([tree for tree, _ in KINDS])), st.lists(st.sampled_from(["zhprtZM", "xδ"])))
def test_names_are_distinct_free_and_not_functions(parts: list[Tree], taken: list[str]) -> None:
    names = name_parts([Part(tree) for tree in parts], taken)
    looks = [latex_name(name) for name in names]
    assert len(set(looks)) == len(parts)
    assert not set(looks) & {latex_name(name) for name in taken}
    assert not any(find(name) for name in names)
