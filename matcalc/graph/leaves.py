"""The leaves of the graph and their multiples: variables, constants, numbers, zero."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matcalc.graph import numbers
from matcalc.graph.node import Node, Sum, Symbol, make_constant, make_contract, make_sum, make_symbol
from matcalc.graph.numbers import Coefficient
from matcalc.shapes.dims import Dim

ONE: Node = make_contract((), (), (), False)


def symbol(name: str, shape: Sequence[Dim] = (), properties: Iterable[str] = ()) -> Symbol:
    """A variable of the declared shape: () scalar, (n,) column, (1, n) row, (m, n) matrix."""
    return make_symbol(name, tuple(shape), frozenset(properties))


def constant(name: str) -> Node:
    """A named number: pi."""
    return make_constant(name)


def number(value: Coefficient) -> Node:
    """The scalar `value`."""
    value = numbers.reduce(value)
    return ONE if value == 1 else make_sum(((value, ONE),) if value else (), ())


def number_value(node: Node) -> Coefficient | None:
    """The number that a scalar node is, or None."""
    if node is ONE:
        return 1
    if isinstance(node, Sum) and not node.axes:
        if not node.terms:
            return 0
        if len(node.terms) == 1 and node.terms[0][1] is ONE:
            return node.terms[0][0]
    return None


def zero(axes: Sequence[Dim] = ()) -> Node:
    """All zeros, with `axes`."""
    return make_sum((), tuple(axes))


def is_zero(node: Node) -> bool:
    """Whether the node is zero as it stands."""
    return node.__class__ is Sum and not node.terms


def scale(coefficient: Coefficient, node: Node) -> Node:
    """coefficient · node."""
    if coefficient == 1:
        return node
    coefficient = numbers.reduce(coefficient)
    if coefficient == 0:
        return zero(node.axes)
    if isinstance(node, Sum) and len(node.terms) < 2:
        terms = tuple((numbers.multiply(coefficient, c), term) for c, term in node.terms)
        return terms[0][1] if terms and terms[0][0] == 1 else make_sum(terms, node.axes)
    return make_sum(((coefficient, node),), node.axes)


def negate(node: Node) -> Node:
    """-node."""
    return scale(-1, node)
