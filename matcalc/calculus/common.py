"""Two products compared: the factors that they have in common, in the labels of the first, and what remains of each."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from matcalc.calculus.opening import only
from matcalc.graph import (
    Coefficient,
    Contract,
    Node,
    Sum,
    Symbol,
    base_and_exponent,
    contract,
    identity,
    linear,
    power,
)
from matcalc.graph.numbers import add, magnitude, multiply
from matcalc.shapes.dims import Dim

Factor = tuple[Node, tuple[int, ...]]
LabelledFactor = tuple[Node, tuple[Hashable, ...]]


@dataclass(frozen=True, slots=True)
class Term:
    """A term as a product: its factors, the labels that come out, and the sizes of all."""

    coefficient: Coefficient
    node: Node
    factors: tuple[Factor, ...]
    out: tuple[int, ...]
    sizes: tuple[Dim, ...]


@dataclass(frozen=True, slots=True)
class Common:
    """Factors that two terms share, in the labels of the first, and what remains of each."""

    factors: list[Factor]
    rests: tuple[list[LabelledFactor], list[LabelledFactor]]
    sizes: dict[Hashable, Dim]


def as_term(coefficient: Coefficient, node: Node, named: Collection[Node]) -> Term:
    """coefficient · node as a product; a part with a name is one factor."""
    if isinstance(node, Contract) and node not in named:
        if len(node.axes) > 2 and len(set(node.out)) < len(node.out):
            return _with_deltas(coefficient, node)
        return Term(coefficient, node, node.factors, node.out, node.sizes)
    labels = tuple(range(len(node.axes)))
    return Term(coefficient, node, ((node, labels),), labels, node.axes)


def _with_deltas(coefficient: Coefficient, node: Contract) -> Term:
    """A tensor as a term with distinct output labels: what comes out twice is an identity matrix among its factors."""
    factors, out, sizes = list(node.factors), list(node.out), list(node.sizes)
    for place, label in enumerate(node.out):
        if label in out[:place]:
            out[place] = len(sizes)
            factors.append((identity(node.sizes[label]), (label, len(sizes))))
            sizes.append(node.sizes[label])
    # Terms compare by label: outputs are numbered alike in all.
    order = [*out, *(label for label in range(len(sizes)) if label not in out)]
    number = {label: k for k, label in enumerate(order)}
    return Term(
        coefficient,
        node,
        tuple((factor, tuple(number[label] for label in labels)) for factor, labels in factors),
        tuple(range(len(out))),
        tuple(sizes[label] for label in order),
    )


def commons(a: Term, b: Term) -> Iterator[tuple[list[tuple[int, int]], dict[int, int]]]:
    """Every largest set of common factors, one for each pair of factors to start from: places, and labels' names."""
    seen = set()
    for i, (first, _) in enumerate(a.factors):
        base = base_and_exponent(first)[0]
        for j, (second, _) in enumerate(b.factors):
            if base_and_exponent(second)[0] is base:
                pairs, names = _grown(a, b, i, j)
                key = frozenset(pairs)
                if pairs and key not in seen:
                    seen.add(key)
                    yield pairs, names


def _grown(a: Term, b: Term, i: int, j: int) -> tuple[list[tuple[int, int]], dict[int, int]]:
    """Pairs of equal factors grown from one of them, and the labels of the second term in those of the first."""
    names = _unified(a, b, i, j, {})
    if names is None:
        return [], {}
    pairs = [(i, j)]
    grown = True
    while grown:
        grown = False
        for m in range(len(a.factors)):
            for n in range(len(b.factors)):
                if any(m == p or n == q for p, q in pairs):
                    continue
                labels = b.factors[n][1]
                if labels and not any(label in names or label in b.out for label in labels):
                    continue
                found = _unified(a, b, m, n, names)
                if found is not None:
                    names, grown = found, True
                    pairs.append((m, n))
    return pairs, names


def _unified(a: Term, b: Term, i: int, j: int, names: Mapping[int, int]) -> dict[int, int] | None:
    """The names extended so that factor j of b has the labels of factor i of a; None where it is another factor."""
    (first, own), (second, other) = a.factors[i], b.factors[j]
    base, above = base_and_exponent(first)
    same, below = base_and_exponent(second)
    if base is not same or (
        above != below and not (isinstance(above, int) and isinstance(below, int) and above * below > 0)
    ):
        return None
    orders = [own, own[::-1]] if base.symmetric and len(own) == 2 else [own]
    for order in orders:
        found = dict(names)
        taken = {value: key for key, value in found.items()}
        for label, theirs in zip(order, other, strict=True):
            if label in a.out or theirs in b.out:
                if label != theirs:
                    break
            elif found.setdefault(theirs, label) != label or taken.setdefault(label, theirs) != theirs:
                break
        else:
            return found
    return None


def common_of(a: Term, b: Term, pairs: Sequence[tuple[int, int]], names: Mapping[int, int]) -> Common:
    """The factors at `pairs` of places as common ones, and what remains of the two terms."""

    def named(labels: tuple[int, ...]) -> tuple[Hashable, ...]:
        return tuple(label if label in b.out else names.get(label, ("other", label)) for label in labels)

    firsts, seconds = {i for i, _ in pairs}, {j for _, j in pairs}
    factors: list[Factor] = []
    rest_a: list[LabelledFactor] = [f for k, f in enumerate(a.factors) if k not in firsts]
    rest_b = [(node, named(labels)) for k, (node, labels) in enumerate(b.factors) if k not in seconds]
    for i, j in pairs:
        (first, own), (second, other) = a.factors[i], b.factors[j]
        base, above = base_and_exponent(first)
        _, below = base_and_exponent(second)
        least = above if magnitude(above) <= magnitude(below) else below
        factors.append((first if least == above else second, own))
        if above != least:
            rest_a.append((power(base, add(above, multiply(-1, least))), own))
        if below != least:
            rest_b.append((power(base, add(below, multiply(-1, least))), named(other)))
    sizes: dict[Hashable, Dim] = dict(enumerate(a.sizes))
    sizes.update((("other", label), dim) for label, dim in enumerate(b.sizes))
    return Common(factors, (rest_a, rest_b), sizes)


def content(node: Node) -> tuple[list[Node], Node]:
    """The powers of variables that all terms of a sum hold, entry by entry, and the sum without them."""
    if not isinstance(node, Sum):
        return [], node
    terms: list[tuple[Coefficient, Node]] = []
    for coefficient, term in node.terms:
        inner = term.terms if isinstance(term, Sum) else ((1, term),)
        terms += [(multiply(coefficient, c), part) for c, part in inner]
    held: dict[Node, int] | None = None
    for _, term in terms:
        own = _variables_of(term)
        held = own if held is None else {b: min(e, own[b]) for b, e in held.items() if b in own}
    if not held:
        return [], node
    labels = tuple(range(len(node.axes)))
    sizes: dict[Hashable, Dim] = dict(enumerate(node.axes))
    inverse = [(power(base, -exponent), labels) for base, exponent in held.items()]
    rest = [(c, contract([*inverse, (term, labels)], labels, sizes, only(term))) for c, term in terms]
    return [power(base, exponent) for base, exponent in held.items()], linear(rest, node.axes)


def _variables_of(term: Node) -> dict[Node, int]:
    """The variables that a term is a multiple of entry by entry, with their exponents."""
    factors = [(term, tuple(range(len(term.axes))))]
    out: tuple[int, ...] = factors[0][1]
    if isinstance(term, Contract) and len(set(term.out)) == len(term.out):
        factors, out = list(term.factors), term.out
    found: dict[Node, int] = {}
    for factor, labels in factors:
        base, exponent = base_and_exponent(factor)
        if labels == out and isinstance(base, Symbol) and isinstance(exponent, int) and exponent > 0:
            found[base] = exponent
    return found
