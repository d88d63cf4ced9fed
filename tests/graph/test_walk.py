"""Walks over the graph."""

from __future__ import annotations

from matcalc.graph import has_more_than, symbol
from matcalc.graph.build import add
from matcalc.graph.maps import elementwise
from matcalc.rules.registry import lookup


def test_parts_are_counted_once() -> None:
    """tanh(x) + exp(x) is x, two functions and their sum."""
    x = symbol("x", ("n",))
    node = add(elementwise(lookup("tanh"), x), elementwise(lookup("exp"), x))
    assert has_more_than(3, node)
    assert not has_more_than(4, node)
    assert not has_more_than(1, x)
    assert has_more_than(0, x)
