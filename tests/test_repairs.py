"""Repairs that a program can apply: each is a change that the hint speaks of, and it can be read."""

from __future__ import annotations

from typing import Any

import pytest

import matcalc as mc


def repairs(expression: str, **given: Any) -> dict[str, dict[str, Any]]:
    """The repairs of a mistake by their labels."""
    with pytest.raises(mc.MatcalcError) as caught:
        mc.parse(expression, **given)
    data = mc.problem_data(caught.value, {"expression": expression, **given})
    return {repair["label"]: repair["changes"] for repair in data["repairs"]}


@pytest.mark.parametrize(
    ("expression", "mended"),
    [
        ("x @ y", ["x.T @ y", "x @ y.T", "x * y"]),
        ("c + x @ y", ["c + x.T @ y", "c + x @ y.T", "c + x * y"]),
        ("2x", ["2*x"]),
        ("3 + 2x", ["3 + 2*x"]),
        ("2x + 3y", ["2*x + 3y"]),
        ("2j * c", ["2*j * c"]),
        ("W x + b", ["W @ x + b", "W * x + b"]),
        ("A.T A", ["A.T @ A", "A.T * A"]),
        ("sum x", ["sum(x)"]),
        ("sum(x", ["sum(x)"]),
        ("x.T @ y)", ["x.T @ y"]),
        ("x'*A", ["x.T*A"]),
        ("sum(x^2)", ["sum(x**2)"]),
        ("x.t @ y", ["x.T @ y"]),
        ("tanhh(x)", ["tanh(x)"]),
        ("x.T @ y\u200b", ["x.T @ y"]),
        ("0777 * c", ["777 * c"]),
        ("(x.T @ y) @ A", ["(x.T @ y) * A"]),
        # Nothing that one slip explains.
        ("import os", []),
        ("x.shape", []),
        ("x if c else y", []),
        ("", []),
    ],
)
def test_the_text_is_mended(expression: str, mended: list[str]) -> None:
    texts = [changes["expression"] for changes in repairs(expression).values() if "expression" in changes]
    assert texts == mended


def test_a_function_that_is_not_in_the_table_may_be_any_function() -> None:
    assert repairs("f(x) + phi(x)") == {"phi is any function": {"functions": ["f", "phi"]}}
    assert repairs("psi(phi(x))", functions=["psi"]) == {"phi is any function": {"functions": ["psi", "phi"]}}


def test_a_repair_is_read_with_what_was_declared() -> None:
    assert list(repairs("A @ B", shapes="A: m n, B: m n")) == ["A.T @ B", "A @ B.T", "A * B (elementwise)"]
    assert "A.T @ B" not in repairs("A @ B", shapes="A: m n, B: p m")


def test_the_field_of_the_mistake_is_named() -> None:
    with pytest.raises(mc.MatcalcError) as caught:
        mc.parse("x.T @ x", shapes="x: n, x: m")
    data = mc.problem_data(caught.value, {"expression": "x.T @ x", "shapes": "x: n, x: m"})
    assert (data["field"], data["repairs"]) == ("shapes", [])
    assert "field" not in mc.problem_data(caught.value)
