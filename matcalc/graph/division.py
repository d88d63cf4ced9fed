"""Sums above the sums that they are divided by: x / (x + y) is 1 − y / (x + y), so that x/(x + y) + y/(x + y) is 1.

Of a sum below the line one term leads, its largest monomial. A product that is divided by the sum and holds the leading
term is divided with remainder; what remains holds it no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from matcalc.graph import numbers
from matcalc.graph.axes import permutes
from matcalc.graph.build import contract
from matcalc.graph.contraction import connected
from matcalc.graph.inward import summed_parts
from matcalc.graph.maps import power
from matcalc.graph.node import Contract, Node, Sum
from matcalc.graph.numbers import Coefficient
from matcalc.graph.powers import base_and_exponent, raised

Labels = tuple[Hashable, ...]
Places = tuple[int, ...]
Labelled = tuple[Node, Labels]
# The factors that hang together by summed labels, each with its whole power, and the axes that it comes out at.
Monomial = Counter[tuple[Node, Places]]
# A coefficient and the factors of a product.
Product = tuple[Coefficient, list[Labelled]]


def divided(node: Contract) -> list[Product] | None:
    """The product as a sum of products in which one division is carried out; None if there is none."""
    for place, (factor, labels) in enumerate(node.factors):
        base, exponent = base_and_exponent(factor)
        if (
            exponent >= 0
            or not isinstance(base, Sum)
            or len(base.terms) < 2
            or len(set(labels)) < len(labels)
        ):
            continue
        monomials = [_monomial(term) for _, term in base.terms]
        leading = max(range(len(monomials)), key=lambda k: _order(monomials[k]))
        others = [pair for k, pair in enumerate(node.factors) if k != place]
        rest = _without(monomials[leading], labels, others, node.out)
        inverse = numbers.exact_power(base.terms[leading][0], -1)
        if not monomials[leading] or rest is None or inverse is None:
            continue
        quotient = raised(base, numbers.add(exponent, 1))
        found: list[Product] = [(inverse, [*rest, *([(quotient, labels)] if exponent != -1 else [])])]
        for k, (coefficient, term) in enumerate(base.terms):
            if k != leading:
                scaled = numbers.multiply(numbers.multiply(-1, inverse), coefficient)
                found.append((scaled, [*rest, (term, labels), (factor, labels)]))
        return found
    return None


def _monomial(term: Node) -> Monomial:
    """What a term is a product of. One that comes out twice, or is divided by something, is a single factor."""
    whole: Places = tuple(range(len(term.axes)))
    if not isinstance(term, Contract):
        parts: list[tuple[Node, Places]] = [(term, whole)]
    elif len(set(term.out)) < len(term.out):
        return Counter({(term, whole): 1})
    else:
        place = {label: k for k, label in enumerate(term.out)}
        parts = [(part, tuple(place[label] for label in held)) for part, held in summed_parts(term, contract)]
    found: Monomial = Counter()
    for part, held in parts:
        inner: Node = part
        if isinstance(part, Contract) and len(part.factors) == 1 and permutes(part.factors[0][1], part.out):
            inner, labels = part.factors[0]
            held = tuple([held[part.out.index(label)] for label in labels])
        atom, count = _atom(inner)
        if not isinstance(atom, Contract) or atom.factors:
            found[atom, tuple(sorted(held)) if atom.symmetric else held] += count
    return found


def _atom(node: Node) -> tuple[Node, int]:
    """A factor as a whole positive power of something: of 1 / x where it is x⁻²."""
    base, exponent = base_and_exponent(node)
    if not isinstance(exponent, int):
        return node, 1
    return (base, exponent) if exponent > 0 else (raised(base, -1), -exponent)


def _order(monomial: Monomial) -> tuple[int, list[tuple[int, Places, int]]]:
    """The order of monomials: by degree, then by the powers of their factors, those of the last first."""
    powers = sorted(((part.digest, held, count) for (part, held), count in monomial.items()), reverse=True)
    return sum(monomial.values()), powers


def _without(
    monomial: Monomial, labels: Sequence[Hashable], factors: Sequence[Labelled], out: Sequence[int]
) -> list[Labelled] | None:
    """What remains of the factors when a monomial, with its axes at `labels`, is taken out; None if it is not there."""
    outer = {*labels, *out}
    inner = [(factor, [label for label in held if label not in outer]) for factor, held in factors]
    groups = [[factors[k] for k in members] for members in connected(inner)]
    for (part, held), count in monomial.items():
        wanted = [labels[axis] for axis in held]
        left: list[list[Labelled]] = []
        for group in groups:
            ends = {label for _, own in group for label in own} & outer
            if count == 0 or ends != set(wanted):
                left.append(group)
                continue
            atom, exponent = _atom(contract(group, wanted))
            if atom is not part:
                left.append(group)
                continue
            taken = min(count, exponent)
            count -= taken
            if exponent > taken:
                left.append([(power(part, exponent - taken), tuple(wanted))])
        if count:
            return None
        groups = left
    return [pair for group in groups for pair in group]
