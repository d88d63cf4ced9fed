"""Terms and their signs: a − b and b − a are ± one node, and each is written as the user would write it."""

from __future__ import annotations

from collections.abc import Container, Mapping

from matcalc.graph import Coefficient, Contract, Node, Sum, Symbol, base_and_exponent
from matcalc.notation.seriesparallel import Rank
from matcalc.notation.shapes import is_difference


def orientation(
    node: Contract, sign: int, ranks: Mapping[Node, Rank], parts: Container[Node]
) -> tuple[int, frozenset[Node]]:
    """Which differences among the factors are written with their signs changed, and the sign that is left.

    a − b and b − a are ± one node. Each is written as the user would, and a minus that remains goes into one.
    """
    odd: dict[Sum, bool] = {}
    for factor, _ in node.factors:
        base, exponent = base_and_exponent(factor)
        if not isinstance(base, Sum) or not isinstance(exponent, int) or base in parts or factor in parts:
            continue
        # A difference of higher rank is written in index notation, as it stands.
        if is_difference(base) and base in ranks and len(base.axes) < 3:
            odd[base] = odd.get(base, False) ^ bool(exponent % 2)
    flipped = {base for base in odd if not reads_well(base, ranks)}
    for base in flipped:
        sign = -sign if odd[base] else sign
    if sign < 0:
        turned = [base for base in odd if odd[base]]
        if turned:
            flipped ^= {turned[-1]}
            sign = 1
    return sign, frozenset[Node](flipped)


def reads_well(node: Sum, ranks: Mapping[Node, Rank]) -> bool:
    """Whether a difference starts with a plus as written: 1 − y, or what the user wrote first."""
    for coefficient, term in node.terms:
        if not term.children and not isinstance(term, Symbol):
            return coefficient > 0
    return min(node.terms, key=lambda term: (ranks[term[1]], term[1].digest))[0] > 0


def takes_a_minus(node: Sum) -> bool:
    """Whether the negative of a sum reads without a minus in front: a difference, or a difference in a term of it."""
    return is_difference(node) or any(_holds_difference(term) for _, term in node.terms)


def _holds_difference(term: Node) -> bool:
    return isinstance(term, Contract) and any(
        isinstance(factor, Sum) and is_difference(factor) for factor in term.children
    )


def by_degree(term: Node, ranks: Mapping[Node, Rank], typed: bool) -> tuple[Rank, Coefficient]:
    """The place of a term in a sum: by its variables, and the powers of one in a sum of ours from the highest down."""
    base, exponent = base_and_exponent(term)
    falling = isinstance(base, Symbol) and exponent > 0 and not typed
    return (ranks[base], -exponent) if falling else (ranks[term], 0)
