"""The terms of sums, and what tells a function of a matrix from the function of its transpose."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from matcalc.graph import numbers
from matcalc.graph.node import Node, Sum
from matcalc.graph.numbers import Coefficient

# Terms of sums inside sums that are looked at one by one.
MOST_TERMS = 1_000


def terms_of(node: Node) -> Sequence[tuple[Coefficient, Node]]:
    """The terms of a sum, through the negative of one: a − b and b − a are ± one node."""
    if not isinstance(node, Sum):
        return ((1, node),)
    outer, inner = node.terms[0] if len(node.terms) == 1 else (1, None)
    if isinstance(inner, Sum):
        return [(numbers.multiply(outer, c), term) for c, term in inner.terms]
    return node.terms


def all_terms(node: Node) -> Sequence[tuple[Coefficient, Node]]:
    """The terms of a sum, those of sums among them for their own; of a long one only the first level."""
    found: list[tuple[Coefficient, Node]] = []
    pending: list[tuple[Coefficient, Node]] = [(1, node)]
    while pending:
        outer, top = pending.pop()
        if not isinstance(top, Sum):
            found.append((outer, top))
        elif len(found) + len(pending) + len(top.terms) > MOST_TERMS:
            return terms_of(node)
        else:
            pending += [(numbers.multiply(outer, c), term) for c, term in top.terms]
    return found


def coefficients(node: Node) -> list[Coefficient]:
    """The coefficients of a sum, in the order of its terms' digests."""
    return [c for c, _ in sorted(terms_of(node), key=lambda pair: pair[1].digest)]


def look(operands: Sequence[Node]) -> list[tuple[list[int], list[Fraction]]]:
    """What tells the operands of a function in one order of axes from those in another: terms, and their ratios.

    The coefficients themselves change when the function brings a sign or a multiple out.
    """
    found = []
    for operand in operands:
        own = coefficients(operand)
        ratios = [Fraction(c) / Fraction(own[0]) for c in own]
        found.append((sorted(term.digest for _, term in terms_of(operand)), ratios))
    return found
