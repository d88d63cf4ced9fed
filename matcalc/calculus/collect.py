"""Common factors: A x + Aᵀ x is (A + Aᵀ) x, 3 diag(a) + 2 diag(b) is diag(3 a + 2 b), 2 x - 2 y is 2 (x - y).

Two terms have a factor in common when it carries the same output indices in both, and inner indices that can be named
alike. What remains of the two is added up; it may have at most two indices, or it would have no matrix notation. A
number among the factors, x.T A x, stays one: A x - (x.T A x) x is not (A - x x.T A) x.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from matcalc.calculus.cost import Measure
from matcalc.calculus.opening import unscaled
from matcalc.graph import Coefficient, Contract, Node, Sum, base_and_exponent, contract, linear, power, scale
from matcalc.graph.numbers import add, exact_power, multiply
from matcalc.shapes.dims import Dim

# Pairs of terms that are compared in one sum.
PAIRS = 128
# Comparisons of factors that looking for common ones may take; a longer sum stays as it is.
EFFORT = 10_000

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


def collected(node: Sum, measure: Measure) -> Node:
    """The sum with common factors taken out wherever that makes it shorter. Named parts stay whole.

    What is symmetric to the eye stays so: where taking out the most breaks that, terms are joined with their mirrors.
    """
    made = _collected(node, measure, False)
    return _collected(node, measure, True) if node.symmetric and not made.symmetric else made


def _collected(node: Sum, measure: Measure, mirrored: bool) -> Node:
    outside: Coefficient = 1
    current: Node = node
    for _ in range(len(node.terms)):
        coefficient, current = unscaled(current)
        outside = multiply(outside, coefficient)
        if not isinstance(current, Sum) or len(current.terms) < 2:
            break
        found = (
            _deltas(current, measure)
            or _one_pair(current, measure, mirrored)
            or _one_coefficient(current, measure)
        )
        if found is None:
            break
        current = found
    return scale(outside, current)


def magnitude(value: Coefficient) -> Coefficient:
    """The absolute value."""
    return value if value >= 0 else multiply(-1, value)


def _one_coefficient(node: Sum, measure: Measure) -> Node | None:
    """2 x - 2 y is 2 (x - y)."""
    size = magnitude(node.terms[0][0])
    if size == 1 or len(node.axes) > 2 or any(abs(c) != size for c, _ in node.terms):
        return None
    sign, unit = unscaled(linear([(1 if c > 0 else -1, term) for c, term in node.terms], node.axes))
    return scale(multiply(sign, size), unit) if measure.body(unit) + 3 < measure.body(node) else None


def _deltas(node: Sum, measure: Measure) -> Node | None:
    """diag(a) + diag(b) is diag(a + b), eye(n) ⊗ A + eye(n) ⊗ B is eye(n) ⊗ (A + B): deltas are common factors."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for k, (_, term) in enumerate(node.terms):
        if isinstance(term, Contract) and len(set(term.out)) < len(term.out):
            groups.setdefault(term.out, []).append(k)
    for out, places in groups.items():
        if len(places) < 2:
            continue
        terms = [(node.terms[k][0], node.terms[k][1]) for k in places]
        held = [_held(term, out) for _, term in terms]
        interface = held[0]
        if len(interface) > 2 or any(labels != interface for labels in held):
            # diag(a) + 2 eye(n) stays, too: diag(a + 2) hides the identity.
            continue
        sizes: dict[Hashable, Dim] = dict(zip(out, node.axes, strict=True))
        axes = [sizes[label] for label in interface]
        inner = [(c, _between(term, interface)) for c, term in terms]
        total = contract([(linear(inner, axes), interface)], out, sizes)
        rest = [term for k, term in enumerate(node.terms) if k not in places]
        made = linear([(1, total), *rest], node.axes)
        if measure.body(made) < measure.body(node):
            return made
    return None


def _held(node: Node, out: Sequence[int]) -> tuple[int, ...]:
    """The output labels that a contraction's factors hold, in order."""
    assert isinstance(node, Contract)
    held = {label for _, labels in node.factors for label in labels}
    return tuple(label for label in dict.fromkeys(out) if label in held)


def _between(node: Node, interface: Sequence[int]) -> Node:
    """The contraction with only some of its labels coming out, each once."""
    assert isinstance(node, Contract)
    held = {label for _, labels in node.factors for label in labels}.union(interface)
    return contract(node.factors, interface, {k: dim for k, dim in enumerate(node.sizes) if k in held})


def _one_pair(node: Sum, measure: Measure, mirrored: bool) -> Node | None:
    """The sum with the two terms joined that shorten it most; `mirrored` only to something symmetric."""
    holders: dict[Node, list[int]] = {}
    terms = [_term(c, term, measure.named) for c, term in node.terms]
    for k, term in enumerate(terms):
        for base in dict.fromkeys(base_and_exponent(factor)[0] for factor, _ in term.factors):
            holders.setdefault(base, []).append(k)
    pairs = dict.fromkeys(
        (a, b) for places in holders.values() for n, a in enumerate(places) for b in places[n + 1 :]
    )
    if _effort(terms, pairs) > EFFORT:
        return None
    best, gain = None, 0
    for a, b in list(pairs)[:PAIRS]:
        before = _length(terms[a], measure) + _length(terms[b], measure) + 1
        for made in _joined(terms[a], terms[b]):
            saved = before - measure(made)
            if saved > gain and (made.symmetric or not mirrored):
                rest = [term for k, term in enumerate(node.terms) if k not in (a, b)]
                best, gain = (made, rest), saved
    if best is None:
        return None
    return linear([(1, best[0]), *best[1]], node.axes)


def _effort(terms: Sequence[Term], pairs: Collection[tuple[int, int]]) -> int:
    """How many comparisons of factors it takes to match all pairs of terms, about."""
    lengths = [len(term.factors) for term in terms]
    return sum(lengths[a] * lengths[b] * (lengths[a] + lengths[b]) for a, b in pairs)


def _length(term: Term, measure: Measure) -> int:
    return measure(term.node) + (0 if term.coefficient in (1, -1) else 2)


def _term(coefficient: Coefficient, node: Node, named: Collection[Node]) -> Term:
    if isinstance(node, Contract) and node not in named:
        return Term(coefficient, node, node.factors, node.out, node.sizes)
    labels = tuple(range(len(node.axes)))
    return Term(coefficient, node, ((node, labels),), labels, node.axes)


def _joined(a: Term, b: Term) -> Iterator[Node]:
    """The sum of two terms with common factors taken out, in every way that can be written."""
    if a.out != b.out:
        return
    for common in _commons(a, b):
        ratio, outer = _coefficients(a.coefficient, b.coefficient)
        rest = _added(common, ratio, a.out)
        if rest is not None:
            node, labels = rest
            # Only sizes of what comes out: an inner label that the rest has summed would be counted again.
            sizes: dict[Hashable, Dim] = {label: a.sizes[label] for label in a.out}
            yield scale(outer, contract([*common.factors, (node, labels)], a.out, sizes))


def _coefficients(a: Coefficient, b: Coefficient) -> tuple[tuple[Coefficient, Coefficient], Coefficient]:
    """Coefficients of the rests, and the one outside."""
    if abs(a) == abs(b):
        inverse = exact_power(a, -1)
        if inverse is not None:
            return (1, multiply(b, inverse)), a
    return (a, b), 1


def _added(
    common: Common, coefficients: tuple[Coefficient, Coefficient], out: Sequence[int]
) -> tuple[Node, tuple[Hashable, ...]] | None:
    """The sum of the two rests and its labels, or None where they do not fit."""
    shared = {label for _, labels in common.factors for label in labels}
    seen = [dict.fromkeys(label for _, labels in rest for label in labels) for rest in common.rests]
    own = [[label for label in labels if label in shared or label in out] for labels in seen]
    interface = tuple(own[0] if len(own[0]) >= len(own[1]) else own[1])
    if len(interface) > 2 or not all(
        set(labels) == set(interface) or not held for labels, held in zip(own, seen, strict=True)
    ):
        # A number may be repeated over the labels of the others; anything else would need a matrix of ones.
        return None
    if not all(own) and not shared.issuperset(interface):
        return None
    if any(_breaks_number(common, rest, interface, out) for rest in common.rests):
        return None
    sizes = {label: common.sizes[label] for label in interface}
    parts = [contract(rest, interface, sizes) for rest in common.rests]
    axes = tuple(sizes[label] for label in interface)
    return linear(list(zip(coefficients, parts, strict=True)), axes), interface


def _breaks_number(
    common: Common, rest: Sequence[LabelledFactor], interface: Sequence[Hashable], out: Sequence[int]
) -> bool:
    """Whether adding up the rests would join what is a number in a term, xᵀ A x, to other indices."""
    if len(interface) < 2 or len(rest) < 2:
        return False
    whole = _joined_labels(labels for _, labels in (*common.factors, *rest))
    numbers = [held for held in whole if held.isdisjoint(out)]
    if not numbers:
        return False
    ends = [held.intersection(interface) for held in _joined_labels(labels for _, labels in rest)]
    return sum(map(bool, ends)) > 1 and any(end <= held for end in ends if end for held in numbers)


def _joined_labels(groups: Iterable[Sequence[Hashable]]) -> list[set[Hashable]]:
    """The labels of factors, those together that factors join."""
    parts: list[set[Hashable]] = []
    for labels in groups:
        held = set(labels)
        apart = [part for part in parts if part.isdisjoint(held)]
        parts = [*apart, held.union(*(part for part in parts if not part.isdisjoint(held)))]
    return parts


# Matching the factors of two terms -----------------------------------------------------------------------------------


def _commons(a: Term, b: Term) -> Iterator[Common]:
    """Every largest set of common factors, one for each pair of factors to start from."""
    seen = set()
    for i, (first, _) in enumerate(a.factors):
        base = base_and_exponent(first)[0]
        for j, (second, _) in enumerate(b.factors):
            if base_and_exponent(second)[0] is base:
                pairs, names = _grown(a, b, i, j)
                key = frozenset(pairs)
                if pairs and key not in seen:
                    seen.add(key)
                    yield _common(a, b, pairs, names)


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


def _common(a: Term, b: Term, pairs: Sequence[tuple[int, int]], names: Mapping[int, int]) -> Common:
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
