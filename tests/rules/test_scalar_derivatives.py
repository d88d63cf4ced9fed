"""SymPy as an independent witness of the scalar derivatives, to order 2, where it knows the function."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

from matcalc.calculus.sweep import derive_nodes
from matcalc.graph import Node, elementwise, symbol
from matcalc.rules import Elementwise, lookup
from matcalc.rules.interpreter import evaluate
from matcalc.rules.samples import sample

x, y = sp.symbols("x y", real=True)
phi = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)

WITNESSES: dict[str, Any] = {
    "exp": sp.exp(x),
    "expm1": sp.exp(x) - 1,
    "log": sp.log(x),
    "log1p": sp.log(1 + x),
    "sqrt": sp.sqrt(x),
    "square": x**2,
    "abs": sp.Abs(x),
    "sign": sp.sign(x),
    "sin": sp.sin(x),
    "cos": sp.cos(x),
    "tan": sp.tan(x),
    "arcsin": sp.asin(x),
    "arccos": sp.acos(x),
    "arctan": sp.atan(x),
    "sinh": sp.sinh(x),
    "cosh": sp.cosh(x),
    "tanh": sp.tanh(x),
    "erf": sp.erf(x),
    "sigmoid": 1 / (1 + sp.exp(-x)),
    "relu": sp.Max(x, 0),
    "leaky_relu": sp.Piecewise((x, x > 0), (sp.Float(0.01) * x, True)),
    "elu": sp.Piecewise((x, x > 0), (sp.exp(x) - 1, True)),
    "selu": sp.Float("1.0507009873554804934193349852946")
    * sp.Piecewise((x, x > 0), (sp.Float("1.6732632423543772848170429916717") * (sp.exp(x) - 1), True)),
    "gelu": x * (1 + sp.erf(x / sp.sqrt(2))) / 2,
    "gelu_tanh": x * (1 + sp.tanh(sp.sqrt(2 / sp.pi) * (x + sp.Float(0.044715) * x**3))) / 2,
    "silu": x / (1 + sp.exp(-x)),
    "softplus": sp.log(1 + sp.exp(x)),
    "softsign": x / (1 + sp.Abs(x)),
    "hard_tanh": sp.Piecewise((-1, x < -1), (1, x > 1), (x, True)),
    "hard_sigmoid": sp.Piecewise((0, x < -3), (1, x > 3), (x / 6 + sp.Rational(1, 2), True)),
    "heaviside": sp.Heaviside(x),
    "**": x**y,
    "maximum": sp.Max(x, y),
    "minimum": sp.Min(x, y),
    "prelu": sp.Piecewise((x, x > 0), (y * x, True)),
    "huber_entry": sp.Piecewise((x**2 / 2, sp.Abs(x) <= y), (y * (sp.Abs(x) - y / 2), True)),
}


def test_every_elementwise_function_has_a_witness() -> None:
    from matcalc.rules import all_functions

    ours = {entry.name for entry in all_functions() if isinstance(entry, Elementwise) and not entry.user}
    assert ours == set(WITNESSES)


@pytest.mark.parametrize("name", WITNESSES)
def test_value_and_derivatives(name: str) -> None:
    entry = lookup(name)
    assert isinstance(entry, Elementwise)
    rng = np.random.default_rng(7)
    variables = [symbol(letter) for letter in entry.parameters]
    letters = (x, y)[: len(variables)]
    formula = WITNESSES[name]
    node = elementwise(entry, *variables)
    firsts = derive_nodes(node, variables)
    for _ in range(5):
        drawn = [float(sample(rng, domain, ())) for domain in entry.domain]
        at = dict(zip(entry.parameters, drawn, strict=True))
        point = dict(zip(letters, drawn, strict=True))
        _agree(node, formula, at, point)
        for variable, letter, first in zip(variables, letters, firsts, strict=True):
            _agree(first, sp.diff(formula, letter), at, point)
            (second,) = derive_nodes(first, [variable])
            _agree(second, sp.diff(formula, letter, 2), at, point)


def _agree(node: Node, formula: Any, at: dict[str, float], point: dict[Any, float]) -> None:
    found = float(evaluate(node, at))
    expected = float(formula.subs(point).doit().evalf())
    assert found == pytest.approx(expected, rel=1e-10, abs=1e-12)
