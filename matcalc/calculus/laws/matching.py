"""Patterns over the index graph: where one matches, and what its variables then stand for.

A pattern is a node of the graph whose symbols are variables. A *scalar* pattern (`exp(x) / (1 + exp(x))`) stands for
the same formula entry by entry: its variables match nodes with any axes, and all its factors have the same labels.
Any other pattern (`inv(X) @ X`) is a contraction with open labels, those that come out, and inner ones, which nothing
else may touch. A binding also holds what the dimensions of the pattern stand for.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from matcalc.calculus.laws.chains import cuts, is_product_of_two
from matcalc.calculus.laws.facts import holds
from matcalc.calculus.laws.instances import Binding, known_instance
from matcalc.graph import (
    Apply,
    Coefficient,
    Contract,
    Map,
    Node,
    Sum,
    Symbol,
    base_and_exponent,
    linear,
    number_value,
    power,
)
from matcalc.graph.numbers import exact_power
from matcalc.graph.numbers import multiply as times

Factor = tuple[Node, tuple[int, ...]]
# Factors of a product that a variable stands for and that may lie open among others.
LONGEST_PRODUCT = 16

# What the labels of a pattern are in a contraction.
Labels = Mapping[Hashable, Any]

# All labels of a factor of a scalar pattern, under one name.
WHOLE = "labels"


def match(pattern: Node, node: Node, bound: Binding, scalar: bool) -> Iterator[Binding]:
    """Every way in which `pattern` is `node`, each as an extension of `bound`."""
    if isinstance(pattern, Symbol):
        yield from _variable(pattern, node, bound, scalar)
    elif (value := number_value(pattern)) is not None:
        if _number_of(node) == value:
            yield bound
    elif not pattern.children:
        if pattern is node:
            yield bound
    elif (known := known_instance(pattern, bound, scalar)) is not None:
        if known is node:
            yield bound
    elif isinstance(pattern, Sum):
        yield from _sum(pattern, node, bound, scalar)
    elif isinstance(pattern, Contract):
        if isinstance(node, Contract):
            yield from _whole_contraction(pattern, node, bound, scalar)
    elif _same_function(pattern, node):
        yield from _operands(pattern.children, node.children, bound, scalar)


def _variable(pattern: Symbol, node: Node, bound: Binding, scalar: bool) -> Iterator[Binding]:
    known = bound.get(pattern)
    if known is not None:
        if known is node:
            yield bound
        return
    if not all(holds(node, name) for name in pattern.properties):
        return
    if scalar:
        yield {**bound, pattern: node}
    elif len(pattern.axes) == len(node.axes):
        sized = with_sizes(bound, zip(pattern.axes, node.axes, strict=True))
        if sized is not None:
            yield {**sized, pattern: node}


def with_sizes(bound: Binding, pairs: Any) -> Binding | None:
    """The binding extended by what dimensions of the pattern stand for; None where one would be two sizes."""
    found = dict(bound)
    for dim, actual in pairs:
        known = dim if isinstance(dim, int) else found.setdefault(("size", dim), actual)
        if known != actual:
            return None
    return found


def _number_of(node: Node) -> Coefficient | None:
    """The number that a node is in every entry, or None."""
    coefficient: Coefficient = 1
    if isinstance(node, Sum) and len(node.terms) == 1:
        coefficient, node = node.terms[0]
    if isinstance(node, Contract) and not node.factors and len(set(node.out)) == len(node.out):
        return coefficient
    return None


def _same_function(pattern: Node, node: Node) -> bool:
    if isinstance(pattern, Map):
        return isinstance(node, Map) and node.function is pattern.function
    return (
        isinstance(pattern, Apply)
        and isinstance(node, Apply)
        and node.function is pattern.function
        and node.parameters == pattern.parameters
        and node.batch == pattern.batch
    )


def _operands(
    patterns: Sequence[Node], nodes: Sequence[Node], bound: Binding, scalar: bool
) -> Iterator[Binding]:
    if not patterns:
        yield bound
        return
    for found in match(patterns[0], nodes[0], bound, scalar):
        yield from _operands(patterns[1:], nodes[1:], found, scalar)


# Sums --------------------------------------------------------------------------------------------------------------


def _sum(pattern: Sum, node: Node, bound: Binding, scalar: bool) -> Iterator[Binding]:
    outside, inside = signed_terms(pattern)
    if len(inside) == 1:
        [(coefficient, inner)] = inside
        if coefficient < 0 and not is_negative(node):
            return
        inverse = exact_power(coefficient, -1)
        if inverse is not None:
            yield from match(inner, linear([(inverse, node)], node.axes), bound, scalar)
    elif isinstance(node, Sum):
        sign, found = signed_terms(node)
        if len(found) == len(inside):
            for extended, _, _ in terms(inside, found, bound, scalar, outside * sign):
                yield extended


def is_negative(node: Node) -> bool:
    """Whether a node is written with a minus: -x stands for such ones only, or everything would match."""
    return (
        isinstance(node, Sum)
        and len(node.terms) == 1
        and node.terms[0][0] < 0
        and not _is_sum(node.children[0])
    )


def _is_sum(node: Node) -> bool:
    return isinstance(node, Sum)


def signed_terms(node: Sum) -> tuple[int, Sequence[tuple[Coefficient, Node]]]:
    """The terms of a sum and its sign: of a - b the graph may hold the negative."""
    if len(node.terms) == 1:
        coefficient, inner = node.terms[0]
        if coefficient == -1 and isinstance(inner, Sum):
            return -1, inner.terms
    return 1, node.terms


def terms(
    patterns: Sequence[tuple[Coefficient, Node]],
    found: Sequence[tuple[Coefficient, Node]],
    bound: Binding,
    scalar: bool,
    ratio: Coefficient | None,
    used: tuple[int, ...] = (),
) -> Iterator[tuple[Binding, Coefficient, tuple[int, ...]]]:
    """Every way to find the pattern's terms, times one `ratio`, among others: binding, ratio, places."""
    if not patterns:
        assert ratio is not None
        yield bound, ratio, used
        return
    coefficient, pattern = patterns[0]
    for place, (actual, term) in enumerate(found):
        if place in used:
            continue
        inverse = exact_power(coefficient, -1)
        own = None if inverse is None else times(actual, inverse)
        if own is None or (ratio is not None and own != ratio):
            continue
        for extended in match(pattern, term, bound, scalar):
            yield from terms(patterns[1:], found, extended, scalar, own, (*used, place))


# Contractions ------------------------------------------------------------------------------------------------------


def _whole_contraction(pattern: Contract, node: Contract, bound: Binding, scalar: bool) -> Iterator[Binding]:
    """The pattern as the whole of a contraction: all its factors, and its outputs in their order."""
    start: dict[Hashable, Any] = {}
    if scalar:
        if len(set(node.out)) != len(node.out):
            return
        start[WHOLE] = node.out
    elif len(pattern.out) != len(node.out):
        return
    else:
        for label, actual in zip(pattern.out, node.out, strict=True):
            if start.setdefault(label, actual) != actual:
                return
    for found in factors(pattern, node, bound, scalar, start):
        if len(found.places) == len(node.factors) and not found.left:
            yield found.bound
    if not scalar and 2 < len(node.factors) <= LONGEST_PRODUCT and is_product_of_two(pattern):
        # Y X is a longer product, too, wherever that may be cut.
        patterns = sorted(pattern.factors, key=lambda factor: pattern.out[0] not in factor[1])
        for halves in cuts(node):
            yield from _operands([factor for factor, _ in patterns], halves, bound, scalar)


class Found:
    """A pattern found among the factors of a contraction: which ones, what remains of them, the labels' names."""

    __slots__ = ("bound", "labels", "left", "places")

    def __init__(
        self, bound: Binding, labels: Labels, places: tuple[int, ...], left: tuple[Factor, ...]
    ) -> None:
        self.bound = bound
        self.labels = labels
        self.places = places
        self.left = left


class Product:
    """The factors of a contraction, found by their labels: chains of layers have thousands of them."""

    def __init__(self, node: Contract) -> None:
        self.factors = node.factors
        self._by_label: dict[Hashable, list[int]] | None = None

    def holding(self, label: Hashable) -> Sequence[int]:
        """The places of the factors that hold a label, or of those whose labels are a tuple."""
        if self._by_label is None:
            self._by_label = {}
            for place, (_, labels) in enumerate(self.factors):
                for key in dict.fromkeys((labels, *labels)):
                    self._by_label.setdefault(key, []).append(place)
        return self._by_label.get(label, ())


def _places(labels: Sequence[Hashable], node: Product, so_far: Found, scalar: bool) -> Sequence[int]:
    """Where a factor of the pattern may be: beside those found, if it shares a label with them."""
    if scalar:
        if WHOLE in so_far.labels:
            return node.holding(so_far.labels[WHOLE])
    else:
        for label in labels:
            if label in so_far.labels:
                return node.holding(so_far.labels[label])
    return range(len(node.factors))


def factors(
    pattern: Contract, node: Contract, bound: Binding, scalar: bool, start: Labels, order: Sequence[int] = ()
) -> Iterator[Found]:
    """Every way to find the pattern's factors (looked for in `order`) among those of `node`."""
    wanted = [pattern.factors[k] for k in order] if order else list(pattern.factors)
    for found in _assigned(wanted, Product(node), Found(bound, start, (), ()), scalar):
        if scalar:
            yield found
        elif _inner_labels_alone(pattern, node, found):
            sized = with_sizes(
                found.bound,
                (
                    (dim, node.sizes[found.labels[k]])
                    for k, dim in enumerate(pattern.sizes)
                    if k in found.labels
                ),
            )
            if sized is not None:
                yield Found(sized, found.labels, found.places, found.left)


def _inner_labels_alone(pattern: Contract, node: Contract, found: Found) -> bool:
    """Whether the labels that the pattern sums over are different ones that nothing else touches."""
    inner = [actual for label, actual in found.labels.items() if label not in pattern.out]
    open_labels = {actual for label, actual in found.labels.items() if label in pattern.out}
    if len(set(inner)) < len(inner) or open_labels.intersection(inner) or not set(inner).isdisjoint(node.out):
        return False
    others = [pair for place, pair in enumerate(node.factors) if place not in found.places]
    return not any(label in inner for _, labels in (*others, *found.left) for label in labels)


def _assigned(wanted: Sequence[Factor], node: Product, so_far: Found, scalar: bool) -> Iterator[Found]:
    if not wanted:
        yield so_far
        return
    (pattern, labels), rest = wanted[0], wanted[1:]
    product = so_far.bound.get(pattern)
    if isinstance(product, Contract) and 1 < len(product.factors) <= LONGEST_PRODUCT:
        # What the variable stands for is a product itself, and lies open among the factors.
        yield from _assigned_product(
            product, so_far.labels[WHOLE] if scalar else labels, rest, node, so_far, scalar
        )
    base, exponent = base_and_exponent(pattern)
    # Worked out once, not for each factor.
    known = known_instance(pattern, so_far.bound, scalar)
    known_base = known if base is pattern else known_instance(base, so_far.bound, scalar)
    for place in _places(labels, node, so_far, scalar):
        factor, actual = node.factors[place]
        if place in so_far.places:
            continue
        inside, above = base_and_exponent(factor)
        for named in _named(labels, factor, actual, so_far.labels, scalar):
            places = (*so_far.places, place)
            for bound in _matches(pattern, known, factor, so_far.bound, scalar):
                yield from _assigned(rest, node, Found(bound, named, places, so_far.left), scalar)
            if (
                isinstance(exponent, int)
                and isinstance(above, int)
                and above // exponent > 0
                and above != exponent
            ):
                # One factor of a power is taken, the others stay.
                remainder = (power(inside, above - exponent), actual)
                for bound in _matches(base, known_base, inside, so_far.bound, scalar):
                    found = Found(bound, named, places, (*so_far.left, remainder))
                    yield from _assigned(rest, node, found, scalar)


def _matches(
    pattern: Node, known: Node | None, node: Node, bound: Binding, scalar: bool
) -> Iterable[Binding]:
    """As `match`, of a pattern of which it may be known what it stands for."""
    if known is None:
        return match(pattern, node, bound, scalar)
    return (bound,) if known is node else ()


def _assigned_product(
    product: Contract,
    labels: Sequence[Hashable],
    rest: Sequence[Factor],
    node: Product,
    so_far: Found,
    scalar: bool,
) -> Iterator[Found]:
    if len(set(product.out)) < len(product.out) or len(labels) != len(product.out):
        return
    outer = dict(zip(product.out, labels, strict=True))
    if scalar and len(outer) < len(product.sizes):
        return
    wanted = [
        (factor, tuple(outer.get(label, ("of", product, label)) for label in held))
        for factor, held in product.factors
    ]
    # The labels of a scalar pattern are those of the contraction already.
    known: Labels = {label: label for label in labels} if scalar else so_far.labels
    for named, places in same_factors(wanted, node, known, so_far.places):
        found = Found(so_far.bound, so_far.labels if scalar else named, places, so_far.left)
        yield from _assigned(rest, node, found, scalar)


def same_factors(
    wanted: Sequence[tuple[Node, tuple[Hashable, ...]]],
    node: Product,
    labels: Labels,
    places: tuple[int, ...],
) -> Iterator[tuple[Labels, tuple[int, ...]]]:
    """Every way to find these very nodes among the factors of `node`, with labels named consistently."""
    if not wanted:
        yield labels, places
        return
    (same, own), rest = wanted[0], wanted[1:]
    for place, (factor, actual) in enumerate(node.factors):
        if factor is same and place not in places:
            for named in _named(own, factor, actual, labels, False):
                yield from same_factors(rest, node, named, (*places, place))


def _named(
    labels: Sequence[Hashable], factor: Node, actual: tuple[int, ...], known: Labels, scalar: bool
) -> Iterator[Labels]:
    """The names of labels, extended by those of one factor; the labels of a symmetric one have no order."""
    if scalar:
        if known.get(WHOLE, actual) == actual:
            yield {WHOLE: actual}
        return
    if len(labels) != len(actual):
        return
    orders = [actual]
    if factor.symmetric and len(actual) == 2 and actual[0] != actual[1]:
        orders.append(actual[::-1])
    for order in orders:
        named = dict(known)
        if all(
            named.setdefault(label, label_of) == label_of
            for label, label_of in zip(labels, order, strict=True)
        ):
            yield named
