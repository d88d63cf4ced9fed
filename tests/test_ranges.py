"""Ranges: whatever a formula's values are at random points lies between the bounds that are told."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

import matcalc as mc
from matcalc.graph import topological
from matcalc.ranges import REALS, Range, ranges
from tests.fuzz.laws import Subject
from tests.fuzz.strategies import cases
from tests.fuzz.terms import Case

# formula, its bounds, and whether it may reach them
TOLD = [
    ("sigmoid(x)", 0, 1, False, False),
    ("1 - sigmoid(x)", 0, 1, False, False),
    ("2 - softmax(x)", 1, 2, True, False),
    ("tanh(x)**2", 0, 1, True, False),
    ("1 - tanh(x)**2", 0, 1, False, True),
    ("cos(x)**2 * exp(x)", 0, math.inf, True, False),
    ("sin(x) * cos(x)", -1, 1, True, True),
    ("x.T @ x + 1", 1, math.inf, True, False),
    ("sum(exp(x))", 0, math.inf, False, False),
    ("x**3", -math.inf, math.inf, False, False),
    ("(2 + sin(x))**3", 1, 27, True, True),
    ("(2 + sin(x))**1000", 1, math.inf, True, False),
    ("1 / (x.T @ x)", 0, math.inf, False, False),
    ("sqrt(x)", 0, math.inf, True, False),
    ("diag(exp(x))", 0, math.inf, True, False),
]


def bounds(text: str) -> Range:
    node = mc.parse(text, shapes="x: n").node
    return ranges(topological([node]))[node]


@pytest.mark.parametrize(("text", "low", "high", "least", "most"), TOLD, ids=[row[0] for row in TOLD])
def test_told(text: str, low: float, high: float, least: bool, most: bool) -> None:
    found = bounds(text)
    assert (found.low, found.high) == (low, high)
    assert (not found.above, not found.below) == (least, most)


def test_a_number_is_in_a_range_or_not() -> None:
    assert REALS.has(0)
    assert bounds("sin(x)").has(1)
    assert not bounds("tanh(x)").has(1)
    assert not bounds("cosh(x)").has(0)


@given(cases())
def test_values_stay_within(case: Case) -> None:
    subject = Subject(case)
    node = subject.expression.node
    found = ranges(topological([node]))[node]
    with np.errstate(all="ignore"):
        values = subject.reference(node)
    values = values[np.isfinite(values)]
    # A value may be rounded onto a bound that it does not reach.
    assert np.all((values >= float(found.low) - 1e-12) & (values <= float(found.high) + 1e-12))
