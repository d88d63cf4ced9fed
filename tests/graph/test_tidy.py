"""The two normal forms: tidy keeps what is shared and worth a name, normal expands everything."""

from __future__ import annotations

import numpy as np
import pytest

import matcalc as mc
from matcalc.errors import LimitError
from matcalc.graph import Contract, Sum, normal, tidy, topological
from tests.reference import evaluate

SHAPES = {"A": "n n", "B": "n n", "x": "n", "y": "n", "c": "", "X": "k n", "t": "n", "z": "k"}


def node(text: str) -> object:
    return mc.parse(text, shapes=SHAPES).node


EQUAL = [
    ("X.T @ (X @ t - z)", "X.T @ X @ t - X.T @ z"),
    ("(x + y) * (x - y)", "x**2 - y**2"),
    ("(x + y)**3", "x**3 + 3*x**2*y + 3*x*y**2 + y**3"),
    ("A @ (x + y) @ x.T", "A @ x @ x.T + A @ y @ x.T"),
    ("tr(A @ B)", "tr(B @ A)"),
    ("tr(A @ B)", "sum(A * B.T)"),
    ("(A @ B).T", "B.T @ A.T"),
    ("diag(x) @ y", "x * y"),
    ("vec(A @ B)", "kron(B.T, eye(n)) @ vec(A)"),
    ("norm(A @ x - y)**2", "(A @ x - y).T @ (A @ x - y)"),
    ("vec(A + B)", "vec(A) + vec(B)"),
    ("(x + y) / (x + y)", "ones(n)"),
    ("exp(A @ (x + y))", "exp(A @ x + A @ y)"),
    ("inv(A @ (B + B))", "inv(2 * A @ B)"),
    ("exp(A.T)", "exp(A).T"),
    ("maximum(A, tanh(B.T))", "maximum(A.T, tanh(B)).T"),
    ("sum(exp(A.T - sin(B).T) * B)", "sum(exp(A - sin(B)) * B.T)"),
    ("sum(x) * sum(y)", "sum(x * sum(y))"),
    ("norm(A @ x)**2", "x.T @ A.T @ A @ x"),
    ("norm(A @ x)**4 * y", "(x.T @ A.T @ A @ x)**2 * y"),
    ("norm(A @ B @ x) + sum((A @ x)**3)", "sqrt(x.T @ B.T @ A.T @ A @ B @ x) + sum((A @ x)**2 * (A @ x))"),
]


@pytest.mark.parametrize("a, b", EQUAL)
def test_the_same_expanded(a: str, b: str) -> None:
    assert normal(node(a)) is normal(node(b))
    assert mc.parse(a, shapes=SHAPES) == mc.parse(b, shapes=SHAPES)


UNEQUAL = [
    ("A @ B", "B @ A"),
    ("A", "A.T"),
    ("exp(A)", "exp(A.T)"),
    ("x * y", "x + y"),
    ("(x + y)**2", "x**2 + y**2"),
    ("x / y", "y / x"),
]


@pytest.mark.parametrize("a, b", UNEQUAL)
def test_different_things_stay_different(a: str, b: str) -> None:
    assert mc.parse(a, shapes=SHAPES) != mc.parse(b, shapes=SHAPES)


@pytest.mark.parametrize("text", [text for pair in EQUAL for text in pair])
def test_normal_forms_keep_the_value(text: str) -> None:
    draw = np.random.default_rng(3)
    sizes = {"n": 3, "k": 4}
    values = {name: draw.normal(size=[sizes[d] for d in dims.split()]) for name, dims in SHAPES.items()}
    given = mc.parse(text, shapes=SHAPES)._given
    expected = evaluate(given, values, sizes)
    for other in (tidy(given)[0], normal(given)):
        np.testing.assert_allclose(evaluate(other, values, sizes), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("text", [text for pair in EQUAL for text in pair])
def test_both_forms_are_fixed_points(text: str) -> None:
    form = node(text)
    assert tidy(form) == (form,)
    assert normal(normal(form)) is normal(form)


def test_a_shared_cotangent_stays_a_node_of_its_own() -> None:
    derivations = mc.derive("u.T @ tanh(W @ tanh(V @ x + a) + b)", wrt=["W", "b"])
    weight, bias = derivations.nodes
    # Up to its sign, which is a coefficient.
    delta = bias.terms[0][1] if isinstance(bias, Sum) else bias
    assert delta in topological([weight])


def test_what_is_used_once_is_flat() -> None:
    for part in topological([node("x.T @ A @ (B @ y) * c")]):
        if isinstance(part, Contract):
            assert not any(isinstance(child, Contract) for child in part.children)


def test_past_the_budget_nothing_is_decided() -> None:
    with pytest.raises(LimitError):
        normal(node("(x + y)**2 * (x + 2*y)**3 * (x - y)**4"), budget=50)
