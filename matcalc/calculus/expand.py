"""Multiplying out: sums that get shorter because terms cancel, and products of tensors, which have no other form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

from matcalc.calculus.cost import Measure
from matcalc.calculus.opening import sizes_of, unscaled, with_opened
from matcalc.calculus.whole import Whole
from matcalc.graph import (
    Coefficient,
    Contract,
    Node,
    Size,
    Sum,
    base_and_exponent,
    contract,
    linear,
    rebuild,
    shared_parts,
)
from matcalc.graph.numbers import multiply

# Products that multiplying out may give before it is left alone.
BUDGET = 32

Term = tuple[Coefficient, Node]


def expanded(node: Sum, measure: Measure, marks: Marks) -> Node | None:
    """The sum with some products multiplied out where terms cancel and it gets shorter, or None.

    First one product at a time, so that what does not take part keeps its form; then all together.
    """
    places = [k for k, (_, term) in enumerate(node.terms) if _holds_sum(term)]
    if not places or len(node.terms) > BUDGET:
        return None
    if not marks.may_cancel(node):
        return None
    products = {k: _products(node.terms[k]) for k in places}
    choices: list[Sequence[int]] = [(k,) for k in places]
    if len(places) > 1:
        choices.append(places)
    best, shortest = None, measure.body(node)
    for choice in choices:
        terms: list[Term] = [term for k, term in enumerate(node.terms) if k not in choice]
        count = len(terms)
        named = 0
        for k in choice:
            found = products[k]
            if found is None:
                break
            terms += found
            count += len(found)
            named += _named_inside(node.terms[k][1], measure)
        else:
            made = linear(terms, node.axes)
            if _count(made) < count and measure.body(made) < shortest + named:
                best, shortest = made, measure.body(made)
    return best


def mirrored_out(node: Sum) -> Sum | None:
    """The sum with sums of products in its terms multiplied out where that shows that it is symmetric, or None.

    Of a Hessian, A x xᵀ - (x - A x) xᵀ hides what A x xᵀ + x xᵀ Aᵀ says.
    """
    if len(node.axes) != 2 or node.axes[0] != node.axes[1] or node.symmetric or len(node.terms) > BUDGET:
        return None
    if not any(
        isinstance(term, Contract) and any(map(_is_of_products, term.children)) for term in node.children
    ):
        return None
    terms: list[Term] = []
    for term in node.terms:
        found = _products(term, _is_of_products)
        if found is None or len(terms) + len(found) > BUDGET:
            return None
        terms += found
    made = linear(terms, node.axes)
    return made if isinstance(made, Sum) and made.symmetric else None


def _is_of_products(node: Node) -> bool:
    return isinstance(node, Sum) and any(
        isinstance(term, Contract) and len(term.factors) > 1 for term in node.children
    )


def expanded_product(node: Contract, measure: Measure, marks: Marks) -> Node | None:
    """A product with two sums multiplied out where terms cancel and it gets shorter, (1 + t) (1 - t), or None."""
    alike: dict[tuple[int, ...], list[Node]] = {}
    for factor, labels in node.factors:
        if isinstance(factor, Sum):
            alike.setdefault(labels, []).append(factor)
    for labels, sums in alike.items():
        for first, second in combinations(sums, 2):
            if (first, second) not in marks.multiplied:
                marks.multiplied[first, second] = _multiplied(first, second, measure, marks)
            made = marks.multiplied[first, second]
            if made is not None:
                rest = [pair for pair in node.factors if pair[0] not in (first, second) or pair[1] != labels]
                return contract([*rest, (made, labels)], node.out, sizes_of(node))
    return None


def _multiplied(first: Node, second: Node, measure: Measure, marks: Marks) -> Node | None:
    """The Hadamard product of two sums where terms cancel and it gets shorter, or None."""
    if len(first.children) * len(second.children) > BUDGET:
        return None
    own = tuple(range(len(first.axes)))
    both = contract([(first, own), (second, own)], own)
    found = _products((1, both)) if marks.may_cancel(both) else None
    if found is None:
        return None
    made = linear(found, both.axes)
    shorter = measure.body(made) < measure.body(both) + _named_inside(both, measure)
    return made if shorter and _count(made) < len(found) else None


class Marks:
    """For each node a number for every product that multiplying out gives, equal for products of the same factors.

    Where the indices are does not count, so that equal marks are needed for terms to cancel, and do not suffice.
    `multiplied` holds the pairs of sums that one walk over a graph has tried, since many products have them.
    """

    def __init__(self) -> None:
        self._known: dict[Node, list[int] | None] = {}
        self.multiplied: dict[tuple[Node, Node], Node | None] = {}

    def may_cancel(self, node: Node) -> bool:
        """Whether two products have equal marks. A sum of too many products is left alone."""
        marks = self._of(node)
        return marks is not None and len(set(marks)) < len(marks)

    def _of(self, node: Node) -> list[int] | None:
        pending = [node]
        while pending:
            top = pending[-1]
            parts = top.children if isinstance(top, Sum) else _sums_in(top)
            missing = [part for part in parts if part not in self._known]
            if missing:
                pending += missing
            else:
                pending.pop()
                self._known[top] = self._sum(top) if isinstance(top, Sum) else self._product(top)
        return self._known[node]

    def _sum(self, node: Sum) -> list[int] | None:
        found: list[int] = []
        for term in node.children:
            inner = self._known[term]
            if inner is None or len(found) + len(inner) > BUDGET:
                return None
            found += inner
        return found

    def _product(self, node: Node) -> list[int] | None:
        marks = [0]
        for factor in node.children if isinstance(node, Contract) else (node,):
            if isinstance(factor, Sum):
                inner = self._known[factor]
                if inner is None or len(marks) * len(inner) > BUDGET:
                    return None
                marks = [mark + one for mark in marks for one in inner]
                continue
            base, exponent = base_and_exponent(factor)
            if not isinstance(exponent, int):
                base, exponent = factor, 1
            if not isinstance(base, Size):
                own = exponent * base.digest
                marks = [mark + own for mark in marks]
        return marks


def _sums_in(node: Node) -> list[Node]:
    return (
        [factor for factor in node.children if isinstance(factor, Sum)] if isinstance(node, Contract) else []
    )


def _holds_sum(node: Node) -> bool:
    if isinstance(node, Sum):
        return True
    return isinstance(node, Contract) and any(isinstance(factor, Sum) for factor, _ in node.factors)


def _named_inside(node: Node, measure: Measure) -> int:
    """What the named sums that were opened had cost."""
    parts = [node] if isinstance(node, Sum) else list(node.children)
    return sum(measure.body(part) for part in parts if isinstance(part, Sum) and part in measure.named)


def _count(node: Node) -> int:
    inner = unscaled(node)[1]
    return len(inner.terms) if isinstance(inner, Sum) else 1


def with_tensors_open(whole: Whole) -> Node:
    """The root with products over sums of more than two indices multiplied out; named parts stay whole.

    Such a sum has no matrix notation: an index form of index forms would be all that could be written.
    """
    root, order = whole.root, whole.order
    if not whole.adds_tensors:
        return root
    named = frozenset(shared_parts([root]))
    new: dict[Node, Node] = {}
    for node in order:
        made = node
        if new and any(child in new for child in node.children):
            made = rebuild(node, [new.get(child, child) for child in node.children])
        if isinstance(made, Contract):
            found = _products((1, made), lambda factor: _is_tensor(factor) and factor not in named)
            if found is not None and len(found) > 1:
                made = linear(found, made.axes)
        if made is not node:
            new[node] = made
    return new.get(root, root)


def _is_tensor(node: Node) -> bool:
    return isinstance(node, Sum) and len(node.axes) > 2


def _is_sum(node: Node) -> bool:
    return isinstance(node, Sum)


def _products(term: Term, opens: Callable[[Node], bool] = _is_sum) -> list[Term] | None:
    """A term with the sums that `opens` tells multiplied out, or None past the budget."""
    pending, done = [term], []
    while pending:
        coefficient, node = pending.pop()
        if isinstance(node, Sum):
            pending += [(multiply(coefficient, c), inner) for c, inner in node.terms]
        elif isinstance(node, Contract) and any(map(opens, node.children)):
            place = next(k for k, (factor, _) in enumerate(node.factors) if opens(factor))
            factor, labels = node.factors[place]
            assert isinstance(factor, Sum)
            others = [pair for k, pair in enumerate(node.factors) if k != place]
            for c, inner in factor.terms:
                product = with_opened(node, inner, [*others, (inner, labels)])
                pending.append((multiply(coefficient, c), product))
        else:
            done.append((coefficient, node))
        if len(pending) + len(done) > BUDGET:
            return None
    return done
