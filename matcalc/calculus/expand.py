"""Sums that get shorter when products of sums in them are multiplied out, because terms cancel."""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.calculus.cost import Measure
from matcalc.graph import Coefficient, Contract, Node, Sum, contract, linear
from matcalc.graph.numbers import multiply

# Products that multiplying out may give before it is left alone.
BUDGET = 48

Term = tuple[Coefficient, Node]


def expanded(node: Sum, measure: Measure) -> Node | None:
    """The sum with some products multiplied out where terms cancel and it gets shorter, or None.

    First one product at a time, so that what does not take part keeps its form; then all together.
    """
    places = [k for k, (_, term) in enumerate(node.terms) if _holds_sum(term)]
    if not places or len(node.terms) > BUDGET:
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


def _holds_sum(node: Node) -> bool:
    if isinstance(node, Sum):
        return True
    return isinstance(node, Contract) and any(isinstance(factor, Sum) for factor, _ in node.factors)


def _named_inside(node: Node, measure: Measure) -> int:
    """What the named sums that were opened had cost."""
    parts = [node] if isinstance(node, Sum) else list(node.children)
    return sum(measure.body(part) for part in parts if isinstance(part, Sum) and part in measure.named)


def _count(node: Node) -> int:
    if not isinstance(node, Sum):
        return 1
    if len(node.terms) == 1 and isinstance(node.children[0], Sum):
        return len(node.children[0].terms)
    return len(node.terms)


def _products(term: Term) -> list[Term] | None:
    """A term multiplied out, or None past the budget."""
    pending, done = [term], []
    while pending:
        coefficient, node = pending.pop()
        if isinstance(node, Sum):
            pending += [(multiply(coefficient, c), inner) for c, inner in node.terms]
        elif isinstance(node, Contract) and any(isinstance(factor, Sum) for factor, _ in node.factors):
            place = next(k for k, (factor, _) in enumerate(node.factors) if isinstance(factor, Sum))
            factor, labels = node.factors[place]
            assert isinstance(factor, Sum)
            others = [pair for k, pair in enumerate(node.factors) if k != place]
            sizes = dict(enumerate(node.sizes))
            for c, inner in factor.terms:
                product = contract([*others, (inner, labels)], node.out, sizes, lambda one, i=inner: one is i)  # type: ignore[misc]
                pending.append((multiply(coefficient, c), product))
        else:
            done.append((coefficient, node))
        if len(pending) + len(done) > BUDGET:
            return None
    return done
