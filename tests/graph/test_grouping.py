"""What is typed is one formula wherever its parentheses stand."""

from __future__ import annotations

import pytest

import matcalc as mc

SHAPES = "A: m n, B: n q, C: q m, X: m m, x: m, u: q, v: q"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # The same part again, transposed.
        (
            "sinh(A) @ cosh(B) @ exp(C) @ (sinh(A) @ cosh(B) @ exp(C)).T",
            "(sinh(A) @ cosh(B) @ exp(C)) @ (sinh(A) @ cosh(B) @ exp(C)).T",
        ),
        ("X - A @ sinh(B) @ C + (X - A @ sinh(B) @ C).T", "(X - A @ sinh(B) @ C).T + (X - A @ sinh(B) @ C)"),
        # Inside a function.
        (
            "sinh(x) * exp(x) * cos(x)**2 * tanh(sinh(x) * exp(x) * cos(x)**2) * x",
            "tanh(cos(x)**2 * sinh(x) * exp(x)) * x * (exp(x) * (sinh(x) * cos(x)**2))",
        ),
        (
            "sinh(u) + u * exp(v) + v + tanh(sinh(u) + u * exp(v))",
            "v + (tanh(sinh(u) + u * exp(v)) + (sinh(u) + u * exp(v)))",
        ),
        # The negative of a sum.
        (
            "v - sinh(u) - u * exp(v) + tanh(sinh(u) + u * exp(v))",
            "tanh(sinh(u) + u * exp(v)) - (sinh(u) + u * exp(v)) + v",
        ),
        # Twice in one product.
        (
            "sinh(X) @ exp(X) @ sinh(X) @ exp(X) @ tanh(sinh(X) @ exp(X))",
            "(sinh(X) @ exp(X)) @ (sinh(X) @ exp(X)) @ tanh(sinh(X) @ exp(X))",
        ),
        # A product that a function takes in both orientations.
        (
            "log_softmax(softmax(outer(u, u), axis=1) @ u * u * x.T, axis=0)",
            "log_softmax(x.T * (u * (softmax(outer(u, u), axis=1) @ u)), axis=0)",
        ),
    ],
)
def test_parentheses_do_not_matter(one: str, other: str) -> None:
    first, second = (mc.parse(text, shapes=SHAPES) for text in (one, other))
    assert first.node is second.node


@pytest.mark.parametrize(
    "text",
    [
        # The summed label of the shorter product is on another factor, too.
        "sum(sinh(u) * exp(u) * cos(u)) * tanh(sinh(u).T @ exp(u))",
        # Two of three terms, with other coefficients.
        "sinh(u) + 2 * u * exp(v) + v + tanh(sinh(u) + u * exp(v))",
    ],
)
def test_what_is_no_part_stays(text: str) -> None:
    expression = mc.parse(text, shapes=SHAPES)
    assert "where" not in expression.text
    assert mc.parse(expression.text, shapes=SHAPES).node is expression.node


def test_a_tensor_has_no_other_orientation() -> None:
    text = "f((a * x[i] * x[j] * u[k] - X[j,j] * X[i,i] -> i))"
    hessian = mc.derive(text, "x", shapes="a:, x: m, u: q, X: m m", functions="f", order=2)
    assert mc.parse(hessian.text, shapes=hessian.shapes, functions=hessian.functions) == hessian.expression
