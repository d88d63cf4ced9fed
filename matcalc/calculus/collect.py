"""Common factors: A x + Aᵀ x is (A + Aᵀ) x, 3 diag(a) + 2 diag(b) is diag(3 a + 2 b), 2 x - 2 y is 2 (x - y).

Two terms have a factor in common when it carries the same output indices in both, and inner indices that can be named
alike. What remains of the two is added up; it may have at most two indices, or it would have no matrix notation. A
number among the factors, x.T A x, stays one: A x - (x.T A x) x is not (A - x x.T A) x.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence

from matcalc.calculus.common import Common, LabelledFactor, Term, as_term, common_of, commons, content
from matcalc.calculus.cost import Measure
from matcalc.calculus.opening import unscaled
from matcalc.graph import (
    Coefficient,
    Contract,
    Map,
    Node,
    Sum,
    Symbol,
    base_and_exponent,
    contract,
    linear,
    scale,
)
from matcalc.graph.numbers import exact_power, magnitude, multiply
from matcalc.shapes.dims import Dim

# Pairs of terms that are compared in one sum.
PAIRS = 128
# Comparisons of factors that looking for common ones may take; a longer sum stays as it is.
EFFORT = 10_000


def collected(node: Sum, measure: Measure) -> Node:
    """The sum with common factors taken out wherever that makes it shorter. Named parts stay whole.

    What is symmetric to the eye stays so: where taking out the most breaks that, terms are joined with their mirrors.
    """
    made = _collected(node, measure, False)
    return _collected(node, measure, True) if node.symmetric and not made.symmetric else made


def _collected(node: Sum, measure: Measure, mirrored: bool) -> Node:
    if _is_bare(node):
        return node
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


def _is_bare(node: Sum) -> bool:
    """Whether a sum is one of different functions and numbers, 1 - tanh(z)**2: there is nothing to take out."""
    bases = set()
    for coefficient, term in node.terms:
        if (term.__class__ is not Map and term.children) or coefficient not in (1, -1):
            return False
        bases.add(base_and_exponent(term)[0])
    return len(bases) == len(node.terms)


def _one_coefficient(node: Sum, measure: Measure) -> Node | None:
    """2 x - 2 y is 2 (x - y)."""
    size = magnitude(node.terms[0][0])
    if size == 1 or len(node.axes) > 2 or any(abs(c) != size for c, _ in node.terms):
        return None
    sign, unit = unscaled(linear([(1 if c > 0 else -1, term) for c, term in node.terms], node.axes))
    return scale(multiply(sign, size), unit) if measure.body(unit) + 3 < measure.body(node) else None


def with_unit(node: Sum) -> Node:
    """A multiple of a sum whose coefficients have one magnitude, as one of the bare sum: (2 - 2 x) / 2 is 1 - x."""
    coefficient, inner = unscaled(node)
    if not isinstance(inner, Sum) or len(inner.terms) < 2:
        return node
    size = magnitude(inner.terms[0][0])
    if size == 1 or any(magnitude(c) != size for c, _ in inner.terms):
        return node
    unit = linear([(1 if c > 0 else -1, term) for c, term in inner.terms], inner.axes)
    return scale(multiply(coefficient, size), unit)


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
    if len(node.axes) < 3 and _nothing_in_common(node.children, measure.named):
        return None
    holders: dict[Node, list[int]] = {}
    terms = [as_term(c, term, measure.named) for c, term in node.terms]
    for k, term in enumerate(terms):
        for base in dict.fromkeys([base_and_exponent(factor)[0] for factor, _ in term.factors]):
            holders.setdefault(base, []).append(k)
    pairs = dict.fromkeys(
        [(a, b) for places in holders.values() for n, a in enumerate(places) for b in places[n + 1 :]]
    )
    if not pairs or _effort(terms, pairs) > EFFORT:
        return None
    best, gain = None, 0
    for a, b in list(pairs)[:PAIRS]:
        before = _length(terms[a], measure) + _length(terms[b], measure) + 1
        for first, second in itertools.product(_forms(terms[a]), _forms(terms[b])):
            for made in _joined(first, second, len(terms) == 2):
                saved = before - measure(made)
                if saved > gain and (made.symmetric or not mirrored):
                    rest = [term for k, term in enumerate(node.terms) if k not in (a, b)]
                    best, gain = (made, rest), saved
    if best is None:
        return None
    return linear([(1, best[0]), *best[1]], node.axes)


def _forms(term: Term) -> Iterator[Term]:
    """The term, and with a diagonal beside a matrix as a factor: A.T @ diag(p) @ A has A on either side of diag(p)."""
    yield term
    if len(term.out) != 2:
        return
    for label, dim in enumerate(term.sizes):
        held = [factor for factor in term.factors if label in factor[1]]
        matrices = [factor for factor in held if len(factor[1]) == 2]
        vectors = [factor for factor in held if len(factor[1]) == 1]
        sides = len(matrices) + (label in term.out)
        if sides != 2 or not matrices or not vectors or len(held) != len(matrices) + len(vectors):
            continue
        other = len(term.sizes)
        diagonal = contract([(vector, (0,)) for vector, _ in vectors], (0, 0), {0: dim})
        moved, labels = matrices[-1]
        beyond = tuple(other if one == label else one for one in labels)
        rest = [factor for factor in term.factors if factor not in vectors and factor is not matrices[-1]]
        factors = (*rest, (diagonal, (label, other)), (moved, beyond))
        yield Term(term.coefficient, term.node, factors, term.out, (*term.sizes, dim))


def _nothing_in_common(terms: Sequence[Node], named: Collection[Node]) -> bool:
    """Whether no factor of a term is one of another term too."""
    seen: set[Node] = set()
    for term in terms:
        factors = term.children if isinstance(term, Contract) and term not in named else (term,)
        bases = {base_and_exponent(factor)[0] for factor in factors}
        if not seen.isdisjoint(bases):
            return False
        seen |= bases
    return True


def _effort(terms: Sequence[Term], pairs: Collection[tuple[int, int]]) -> int:
    """How many comparisons of factors it takes to match all pairs of terms, about."""
    lengths = [len(term.factors) for term in terms]
    return sum(lengths[a] * lengths[b] * (lengths[a] + lengths[b]) for a, b in pairs)


def _length(term: Term, measure: Measure) -> int:
    return measure(term.node) + (0 if term.coefficient in (1, -1) else 2)


def _joined(a: Term, b: Term, alone: bool) -> Iterator[Node]:
    """The sum of two terms with common factors taken out, in every way that can be written.

    A common number is taken out of all terms or where what remains has no other: a sum of several numbers times
    several vectors reads best flat.
    """
    if a.out != b.out:
        return
    for pairs, names in commons(a, b):
        ratio, outer = _coefficients(a.coefficient, b.coefficient)
        # Polynomials stay in order of powers, 6 x² + 2 x; x is taken out of one that is a factor itself.
        partial = [(i, j) for i, j in pairs if _is_partial(a.factors[i][0], b.factors[j][0])]
        if partial and (not alone or len(partial) == len(pairs)):
            pairs = [pair for pair in pairs if pair not in partial]
            if not pairs:
                continue
            ratio, outer = (a.coefficient, b.coefficient), 1
        common = common_of(a, b, pairs, names)
        if not alone and _is_of_numbers(common, a.out):
            continue
        rest = _added(common, ratio, a.out)
        if rest is None and len(a.out) > 2:
            # (x xᵀ) ⊗ diag(p) - (x xᵀ) ⊗ (p pᵀ): what else is common belongs to the block where the two differ.
            common = common_of(a, b, _apart(a, pairs, common), names)
            rest = _added(common, ratio, a.out) if common.factors else None
        if rest is not None:
            node, labels = rest
            held, node = content(node) if alone else ((), node)
            # Only sizes of what comes out: an inner label that the rest has summed would be counted again.
            sizes: dict[Hashable, Dim] = {label: a.sizes[label] for label in a.out}
            taken = [(one, labels) for one in held]
            yield scale(outer, contract([*common.factors, *taken, (node, labels)], a.out, sizes))


def _is_partial(first: Node, second: Node) -> bool:
    """Whether two powers of one variable are different ones."""
    return first is not second and isinstance(base_and_exponent(first)[0], Symbol)


def _apart(a: Term, pairs: Sequence[tuple[int, int]], common: Common) -> list[tuple[int, int]]:
    """The pairs of common factors that meet no output of what remains."""
    met = {label for rest in common.rests for _, labels in rest for label in labels}.intersection(a.out)
    return [(i, j) for i, j in pairs if met.isdisjoint(a.factors[i][1])]


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
    # Rows first and columns last, or the sum would be written as a transpose.
    interface = tuple(
        sorted(interface, key=lambda label: (label in out[:1]) - (label in out[1:2]), reverse=True)
    )
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
    numbers = _numbers((*common.factors, *rest), out)
    if not numbers:
        return False
    ends = [held.intersection(interface) for held in _joined_labels(labels for _, labels in rest)]
    return sum(map(bool, ends)) > 1 and any(end <= held for end in ends if end for held in numbers)


def _is_of_numbers(common: Common, out: Sequence[int]) -> bool:
    """Whether what is common are numbers only, of vectors or matrices that have numbers of their own besides."""
    numbers = out and all(not set(labels).intersection(out) for _, labels in common.factors)
    return bool(numbers) and all(_numbers(rest, out) for rest in common.rests)


def _numbers(factors: Sequence[LabelledFactor], out: Sequence[int]) -> list[set[Hashable]]:
    """The labels of each part of a product that reaches none of the outputs."""
    return [held for held in _joined_labels(labels for _, labels in factors) if held.isdisjoint(out)]


def _joined_labels(groups: Iterable[Sequence[Hashable]]) -> list[set[Hashable]]:
    """The labels of factors, those together that factors join."""
    parts: list[set[Hashable]] = []
    for labels in groups:
        held = set(labels)
        apart = [part for part in parts if part.isdisjoint(held)]
        parts = [*apart, held.union(*(part for part in parts if not part.isdisjoint(held)))]
    return parts
