"""Products whose factors cancel only after something is opened: a sum, or a product with a name.

`((y/s - (1 - y)/(1 - s)) * s * (1 - s)` is y - s once s (1 - s) is distributed; a product that was named because it
occurs twice may cancel against its neighbours in one place.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping

from matcalc.calculus.cost import Measure
from matcalc.calculus.expand import Marks, expanded
from matcalc.calculus.laws.matching import LONGEST_PRODUCT, Product, same_factors
from matcalc.calculus.opening import only, sizes_of, unscaled, with_opened
from matcalc.graph import (
    Coefficient,
    Contract,
    Node,
    Size,
    Sum,
    base_and_exponent,
    contract,
    linear,
    power,
    scale,
)
from matcalc.graph.numbers import add
from matcalc.shapes.dims import Dim

Labels = tuple[int, ...]
Powers = Mapping[tuple[Node, Labels], Coefficient]


def cancelled(node: Contract, measure: Measure, marks: Marks) -> Node | None:
    """The contraction with a factor opened where that makes it shorter, or None."""
    if not any(isinstance(base_and_exponent(factor)[0], (Sum, Contract)) for factor, _ in node.factors):
        return None
    powers: dict[tuple[Node, Labels], Coefficient] = {}
    for factor, labels in node.factors:
        base, exponent = base_and_exponent(factor)
        powers[base, labels] = exponent
    for place, (factor, labels) in enumerate(node.factors):
        base, exponent = base_and_exponent(factor)
        found = None
        if isinstance(base, Contract) and exponent == 1 and _meets(base, labels, powers):
            found = with_opened(node, factor)
        elif isinstance(base, Contract) and isinstance(exponent, int) and exponent < 0:
            found = _folded(node, place)
        elif isinstance(base, Sum) and isinstance(exponent, int) and len(set(labels)) == len(labels):
            pushed = _pushed(base, labels, exponent, powers)
            if pushed:
                found = _distributed(node, place, pushed, measure, marks)
        if found is not None:
            opened = measure.body(base) if base in measure.named else 0
            if measure.body(found) < measure.body(node) + opened:
                return found
    return None


def _folded(node: Contract, divisor: int) -> Node | None:
    """The contraction with the factors gone that make what divides it at a place: W H / (W H)² is 1 / (W H)."""
    factor, labels = node.factors[divisor]
    product, exponent = base_and_exponent(factor)
    assert isinstance(product, Contract)
    if len(product.factors) > LONGEST_PRODUCT or len(set(product.out)) < len(product.out):
        return None
    outer = dict(zip(product.out, labels, strict=True))
    wanted = [
        (part, tuple(outer.get(label, ("of", label)) for label in held)) for part, held in product.factors
    ]
    known: Mapping[Hashable, int] = {label: label for label in labels}
    for names, places in same_factors(wanted, Product(node), known, ()):
        inner = [label for name, label in names.items() if name not in labels]
        others = [pair for place, pair in enumerate(node.factors) if place not in places and place != divisor]
        touched = {label for _, held in others for label in held}.union(node.out, labels)
        if len(set(inner)) == len(inner) and touched.isdisjoint(inner):
            sizes: dict[Hashable, Dim] = {k: dim for k, dim in enumerate(node.sizes) if k not in inner}
            left = power(product, add(exponent, 1))
            return contract([*others, (left, labels if left.axes else ())], node.out, sizes)
    return None


def _inner(node: Node, labels: Labels) -> Iterator[tuple[Node, Labels, Coefficient]]:
    """The factors of a term with `labels`: base, labels and exponent of those that have no label of their own."""
    if isinstance(node, Contract):
        if len(set(node.out)) < len(node.out):
            return
        outer = dict(zip(node.out, labels, strict=True))
        for factor, held in node.factors:
            if all(label in outer for label in held):
                base, exponent = base_and_exponent(factor)
                yield base, tuple(outer[label] for label in held), exponent
    else:
        base, exponent = base_and_exponent(node)
        yield base, labels, exponent


def _meets(node: Contract, labels: Labels, powers: Powers) -> bool:
    """Whether a factor inside a product would cancel against one outside."""
    return any(
        powers.get((base, held), 0) * exponent < 0
        for base, held, exponent in _inner(node, labels)
        if not isinstance(base, Size)
    )


def _pushed(
    node: Sum, labels: Labels, exponent: int, powers: Powers
) -> dict[tuple[Node, Labels], Coefficient]:
    """The outer factors that cancel in a term of `node ** exponent`, with the exponents that they take inside."""
    found: dict[tuple[Node, Labels], Coefficient] = {}
    for _, term in node.terms:
        for base, held, inside in _inner(term, labels):
            outside = powers.get((base, held))
            if outside is None or base is node or isinstance(base, Size) or not isinstance(outside, int):
                continue
            if outside % exponent == 0 and outside // exponent * inside < 0:
                found[base, held] = outside // exponent
    return {
        key: power_
        for key, power_ in found.items()
        if power_ > 0 or exponent > 0 or _divides(key, power_, node, labels)
    }


def _divides(key: tuple[Node, Labels], exponent: Coefficient, node: Sum, labels: Labels) -> bool:
    """Whether every term holds the factor often enough: c x / (c² x² + 1) must not become 1 / (1 / (c x) + c x)."""
    return all(
        sum(inside for base, held, inside in _inner(term, labels) if (base, held) == key) >= -exponent
        for _, term in node.terms
    )


def _distributed(node: Contract, place: int, pushed: Powers, measure: Measure, marks: Marks) -> Node:
    """The contraction with the factors `pushed` multiplied into the sum at `place`."""
    factor, labels = node.factors[place]
    base, exponent = base_and_exponent(factor)
    assert isinstance(base, Sum)
    own = tuple(range(len(labels)))
    where = dict(zip(labels, own, strict=True))
    sizes: dict[Hashable, Dim] = dict(zip(own, base.axes, strict=True))
    taken = [(power(b, e), tuple(where[label] for label in held)) for (b, held), e in pushed.items()]
    terms = [(c, contract([(term, own), *taken], own, sizes, only(term))) for c, term in base.terms]
    outside, inside = unscaled(linear(terms, base.axes))
    if isinstance(inside, Sum):
        inside = expanded(inside, measure, marks) or inside
    others = [
        (one, held)
        for k, (one, held) in enumerate(node.factors)
        if k != place and (base_and_exponent(one)[0], held) not in pushed
    ]
    whole = power(scale(outside, inside), exponent)
    return contract([*others, (whole, labels)], node.out, sizes_of(node))
