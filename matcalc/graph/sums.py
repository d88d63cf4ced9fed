"""Sums as the normal form sees them: like terms collected, in canonical order, the first one positive."""

from __future__ import annotations

from matcalc.graph import numbers
from matcalc.graph.contraction import mirrors
from matcalc.graph.leaves import scale
from matcalc.graph.node import Axes, Node, make_sum
from matcalc.graph.numbers import Coefficient


def signed_sum(terms: list[tuple[Coefficient, Node]], axes: Axes) -> Node:
    """A sum of collected terms whose first is positive, or the negative of one: a − b and b − a are ± one node."""
    terms.sort(key=_term_digest)
    mirrored = len(axes) == 2 and axes[0] == axes[1] and mirrors(terms)
    if terms[0][0] < 0 and len(terms) > 1:
        return scale(
            -1, make_sum(tuple((numbers.multiply(-1, c), node) for c, node in terms), axes, mirrored)
        )
    return make_sum(tuple(terms), axes, mirrored)


def _term_digest(term: tuple[Coefficient, Node]) -> int:
    return term[1].digest


def collect(collected: dict[Node, Coefficient], coefficient: Coefficient, node: Node) -> None:
    """Add a term to those collected so far."""
    known = collected.get(node)
    collected[node] = coefficient if known is None else numbers.add(known, coefficient)
