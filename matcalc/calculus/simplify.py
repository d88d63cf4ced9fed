"""Simplification: laws applied to a fixed point, common factors taken out, what cancels cancelled.

Laws (see `matcalc.calculus.laws`) rewrite a node wherever they match. The rest is algebra that chooses among equal
forms by their length. It touches only the outer, linear part of a result, the sums and products that differentiation
made: the arguments of functions stay as the user wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matcalc.calculus.cancel import cancelled
from matcalc.calculus.collect import collected, with_unit
from matcalc.calculus.diagonal import with_diagonals
from matcalc.calculus.expand import Marks, expanded, expanded_product, mirrored_out, with_tensors_open
from matcalc.calculus.invertible import with_inverses
from matcalc.calculus.laws.index import Laws, laws_for
from matcalc.calculus.laws.mirrors import MIRRORED, mirrored
from matcalc.calculus.opening import with_diagonals_merged, with_opened
from matcalc.calculus.unnamed import with_products_open
from matcalc.calculus.whole import Whole
from matcalc.graph import (
    Contract,
    Fuse,
    Node,
    Split,
    Sum,
    broadcast_axes,
    linear,
    rebuild,
    tidy,
)
from matcalc.graph.collector import collector_paused

# Rounds over the whole graph; each must shorten the result, or it is the last.
ROUNDS = 12
# Factors that trying a law on the terms of one sum among factors may take.
EFFORT = 64
# Products with a name that are tried without; with more the result is a network, whose layers have names.
NAMES = 4


@collector_paused
def simplify(node: Node) -> Node:
    """The node written shorter, with the same value wherever it is defined. `node` is tidy, and so is the result."""
    whole = _prepared(Whole(node))
    for _ in range(ROUNDS):
        settled = _without_names(_settled(whole))
        whole = _prepared(settled)
        if whole is settled:
            break
    return whole.root


def _prepared(whole: Whole) -> Whole:
    """The result with what is no matter of length settled."""
    for step in (with_inverses, with_diagonals, with_tensors_open):
        made = step(whole)
        if made is not whole.root:
            whole = Whole(tidy(made)[0])
    return whole


def _without_names(whole: Whole) -> Whole:
    """The result with named products opened where the whole is shorter without: a name must be worth it."""
    while True:
        opened = with_products_open(whole, NAMES)
        if opened is whole.root:
            return whole
        other = _settled(Whole(tidy(opened)[0]))
        if other.written >= whole.written:
            return whole
        whole = other


def _settled(whole: Whole) -> Whole:
    """The result after as many rounds as make it shorter."""
    for _ in range(ROUNDS):
        shorter = _shorter(whole)
        if shorter is None:
            break
        whole = shorter
    return whole


def _shorter(whole: Whole) -> Whole | None:
    """The result of one round, or None where that is not shorter.

    What is shorter here may be longer as a whole, where it takes apart what is written once by name. Then laws and
    algebra are tried one without the other.
    """
    rewriting = _Round(whole)
    tried = whole.root
    for laws, algebra in ((True, True), (True, False), (False, True)):
        made = rewriting.run(laws, algebra)
        if made is whole.root:
            if laws and algebra:
                break
            continue
        [made] = tidy(made)
        if made is not whole.root and made is not tried:
            other = Whole(made)
            if other.written < whole.written:
                return other
        tried = made
    return None


class _Round:
    """One walk over the graph, operands first."""

    def __init__(self, whole: Whole) -> None:
        self.root = whole.root
        self.order = whole.order
        self.laws = laws_for(whole.features)
        self.mirrors = {} if whole.features.isdisjoint(MIRRORED) else mirrored(self.order)
        self.outer = _outer_part(self.root, self.order)
        self.marks = Marks()
        self.measure = whole.measure

    def run(self, laws: bool, algebra: bool) -> Node:
        """The root rewritten, by laws, by algebra, or both."""
        laws = laws and bool(self.laws or self.mirrors)
        if not laws and not (algebra and self.outer):
            return self.root
        new: dict[Node, Node] = {}
        kinds = self.laws.kinds if laws else ()
        for node in self.order:
            made = self.mirrors.get(node, node) if laws and self.mirrors else node
            if new and any(child in new for child in made.children):
                made = rebuild(made, [new.get(child, child) for child in made.children])
            if made.__class__ in kinds and made.children:
                made = _by_laws(made, self.laws)
            if algebra and node in self.outer:
                made = self._by_algebra(made)
            if made is not node:
                new[node] = made
        return new.get(self.root, self.root)

    def _by_algebra(self, node: Node) -> Node:
        if isinstance(node, Contract):
            merged = with_diagonals_merged(node)
            if merged is not node:
                return merged
            found = cancelled(node, self.measure, self.marks) or expanded_product(
                node, self.measure, self.marks
            )
            return found or (self._by_laws_inside(node) if self.laws.products else node)
        if not isinstance(node, Sum):
            return node
        if len(node.terms) < 2:
            return with_unit(node)
        shorter = expanded(node, self.measure, self.marks)
        return collected(mirrored_out(node) or node, self.measure) if shorter is None else shorter

    def _by_laws_inside(self, node: Contract) -> Node:
        """The product with a sum among its factors multiplied out, where laws then shorten the terms."""
        for place, (factor, labels) in enumerate(node.factors):
            if not isinstance(factor, Sum) or len(factor.terms) * len(node.factors) > EFFORT:
                continue
            others = [pair for k, pair in enumerate(node.factors) if k != place]
            outer = [other for other, held in others if not held or not set(held).isdisjoint(labels)]
            # A label that only the sum holds is summed in each term by itself.
            alone = set(labels).difference(node.out, *(held for _, held in others))
            inner = [_factors(term) for _, term in factor.terms]
            # Beside a term that is constant along a label the other factors are summed by themselves.
            constant = any(broadcast_axes(term) for _, term in factor.terms)
            if not (constant and self.laws.speaks_of(outer)) and not any(
                (alone and self.laws.speaks_of(part)) or self.laws.may_join(outer, part) for part in inner
            ):
                continue
            products = [(c, with_opened(node, term, [*others, (term, labels)])) for c, term in factor.terms]
            made = linear([(c, _by_laws(product, self.laws)) for c, product in products], node.axes)
            if isinstance(made, Sum) and len(made.terms) > 1:
                made = collected(made, self.measure)
            named = self.measure.body(factor) if factor in self.measure.named else 0
            if self.measure.body(made) < self.measure.body(node) + named:
                return made
        return node


def _factors(node: Node) -> Sequence[Node]:
    return node.children if isinstance(node, Contract) else (node,)


def _by_laws(node: Node, laws: Laws) -> Node:
    """The node after all laws that apply to it, also where they do once a named product in it is opened."""
    made = laws.apply(node)
    if made is node and isinstance(node, Contract) and laws.products:
        for factor, _ in node.factors:
            if isinstance(factor, Contract) and laws.speaks_of(factor.children):
                opened = with_opened(node, factor)
                found = laws.apply(opened)
                if found is not opened:
                    return found
    return made


def _outer_part(root: Node, order: list[Node]) -> Mapping[Node, None]:
    """The sums and products that are not inside the argument of a function."""
    found = {root: None}
    for node in reversed(order):
        if node in found and isinstance(node, (Sum, Contract, Fuse, Split)):
            found.update(dict.fromkeys(node.children))
    return {node: None for node in found if isinstance(node, (Sum, Contract))}
