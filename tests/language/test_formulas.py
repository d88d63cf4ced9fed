"""Formulas of rules: the same numbers as the text's own functions, on nodes of any axes."""

from __future__ import annotations

import math

import pytest

from matcalc.errors import DomainError, UnknownNameError
from matcalc.graph import elementwise, identity, multiply, normal, number, number_value, ones, power, symbol
from matcalc.language import read
from matcalc.language.formulas import derivative, formula
from matcalc.rules import Elementwise, all_functions, lookup

X = symbol("X", ("m", "n"))
x, a = symbol("x", ("m",)), symbol("a")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("1 - tanh(x)**2", "1 - tanh(x)**2"),
        ("x", "x"),
        ("0", "0"),
        ("-x", "-x"),
        ("2*x - 3*x/4 + 1", "2*x - 3*x/4 + 1"),
        ("1/(2*sqrt(x))", "1/(2*sqrt(x))"),
        ("a*x**(a - 1)", "alpha*x**(alpha - 1)"),
        ("2/sqrt(pi)*exp(-x**2)", "2/sqrt(pi)*exp(-x**2)"),
        ("heaviside(x - 1) - heaviside(-x)", "heaviside(x - 1) - heaviside(-x)"),
        ("maximum(x, 0)", "maximum(x, 0)"),
    ],
)
def test_as_the_language_reads_it(text: str, expression: str) -> None:
    expected = read(expression, "x: m, alpha: ()").value.node
    found = formula(text, x=x, a=symbol("alpha"))
    assert normal(found) is normal(expected)


def test_on_matrices_and_scalars() -> None:
    tanh = lookup("tanh")
    assert formula("tanh(x)", x=X) is elementwise(tanh, X)
    assert formula("x*y", x=X, y=a) is multiply(X, a)
    assert formula("1", x=X) is number(1)
    assert formula("x/x", x=a) is number(1)
    assert formula("1 + x - x", x=x) is ones(("m",))
    assert formula("x*1", x=identity("n")) is identity("n")
    assert formula("x**2", x=X) is power(X, 2)


def test_refused() -> None:
    with pytest.raises(UnknownNameError, match="needs y"):
        formula("x + y", x=x)
    for text in ("x @ x", "sum(x)", "x.T", "f(x)", "tanh(x, x)", "nothing(x)"):
        with pytest.raises(DomainError):
            formula(text, x=x)


SMOOTH = [
    entry
    for entry in all_functions()
    if isinstance(entry, Elementwise)
    and len(entry.parameters) == 1
    and entry.smooth
    and entry.domain == ("real",)
]


@pytest.mark.parametrize("entry", SMOOTH, ids=lambda entry: entry.name)
def test_higher_derivatives_by_differences(entry: Elementwise) -> None:
    """f' and f'' at a number against central differences of the order below."""
    at, step = 0.37, 1e-5
    for order in (1, 2, 3):
        below = [_value(entry, order - 1, at + sign * step) for sign in (1, -1)]
        found = _value(entry, order, at)
        assert found == pytest.approx((below[0] - below[1]) / (2 * step), rel=1e-5, abs=1e-6)


def _value(entry: Elementwise, order: int, at: float) -> float:
    from matcalc.numeric.evaluator import numpy_evaluator

    t = symbol("t")
    node = elementwise(entry, t) if order == 0 else derivative(entry, order, t)
    return float(numpy_evaluator((node, (1, 1)), [t], ())(t=at))


def test_a_prime_on_a_function_of_the_table() -> None:
    assert normal(read("tanh'(x)", "x: m").value.node) is normal(read("1 - tanh(x)**2", "x: m").value.node)
    second = read("exp''(x)", "x: m").value.node
    assert second is elementwise(lookup("exp"), x)
    assert number_value(read("square'(3)").value.node) == 6
    assert math.isclose(float(number_value(read("square''(0.5)").value.node) or 0), 2)
