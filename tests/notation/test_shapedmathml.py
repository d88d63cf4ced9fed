"""MathML that tells shapes: the same signs as without, on every factor its shape, and neighbours that fit."""

from __future__ import annotations

import re

import pytest

import matcalc as mc
from matcalc.notation.mathml import mathml
from matcalc.notation.shapedmathml import shape_text, shaped_mathml
from matcalc.notation.tree import SCALAR, Shape
from tests.notation.mathml import check_mathml
from tools.cases import read_cases


def told(shown: str) -> list[tuple[str, str]]:
    """What tells a shape, in reading order, outer before inner: its signs and the shape."""
    found = [part for part in check_mathml(shown).iter() if "data-shape" in part.attrib]
    return [
        (re.sub(r"[\u2061-\u2063]", "", "".join(part.itertext())), part.attrib["data-shape"])
        for part in found
    ]


@pytest.mark.parametrize(
    ("expression", "shapes", "expected"),
    [
        (
            "(u * tanh(W @ x)) @ x.T",
            None,
            [
                ("(u⊙tanh(Wx))", "m"),
                ("u", "m"),
                ("tanh(Wx)", "m"),
                ("W", "m×n"),
                ("x", "n"),
                ("x⊤", "1×n"),
                ("x", "n"),
            ],
        ),
        ("(A + A.T) @ x", None, [("(A+A⊤)", "m×m"), ("A", "m×m"), ("A⊤", "m×m"), ("A", "m×m"), ("x", "m")]),
        ("(x.T @ y) * x", None, [("(x⊤y)", "1"), ("x⊤", "1×m"), ("x", "m"), ("y", "m"), ("x", "m")]),
        ("2 * alpha * x1", None, [("x1", "m")]),
        ("W1.T @ y", "W1: 3 5, y: 3", [("W1⊤", "5×3"), ("y", "3")]),
        ("exp(alpha) * beta", None, []),
    ],
)
def test_every_factor_tells_its_shape(
    expression: str, shapes: str | None, expected: list[tuple[str, str]]
) -> None:
    found = told(shaped_mathml(mc.parse(expression, shapes=shapes).tree))
    assert found == expected


def test_entries_tell_the_shape_of_their_array() -> None:
    jacobian = mc.derive("A @ X", wrt="X")
    assert set(told(shaped_mathml(jacobian.tree))) >= {("Aik", "m×n"), ("δjl", "p×p")}


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (SCALAR, "1"),
        (("n", 1), "n"),
        ((1, "n"), "1×n"),
        (("m", 3), "m×3"),
        ((1, 1, "n"), "1×1×n"),
        ((("m", "p"), 1), "mp"),
        ((("m", "p"), ("n", "q")), "mp×nq"),
    ],
)
def test_shapes_in_writing(shape: Shape, expected: str) -> None:
    assert shape_text(shape) == expected


def test_nothing_else_is_shown_differently() -> None:
    """Over the corpus: the same signs in the same order, and whatever stands in scripts and fences as before."""
    for case in read_cases():
        tree = mc.derive(case.expr, case.wrt, shapes=case.shapes, order=case.order).tree
        plain, shaped = mathml(tree), shaped_mathml(tree)
        check_mathml(shaped)
        assert re.sub(r"<[^>]*>", "", shaped) == re.sub(r"<[^>]*>", "", plain), case.expr
        for tag in ("msub", "msup", "msubsup", "mspace", "mfrac", 'mo stretchy="false"'):
            assert len(re.findall(rf"<{tag}[ >]", shaped)) == len(re.findall(rf"<{tag}[ >]", plain)), (
                case.expr,
                tag,
            )
