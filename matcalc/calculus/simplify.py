"""Simplification: laws applied to a fixed point, common factors taken out, what cancels cancelled.

Laws (see `matcalc.calculus.laws`) rewrite a node wherever they match. The rest is algebra that chooses among equal
forms by their length. It touches only the outer, linear part of a result, the sums and products that differentiation
made: the arguments of functions stay as the user wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping

from matcalc.calculus.cancel import cancelled
from matcalc.calculus.collect import collected
from matcalc.calculus.cost import Measure, written
from matcalc.calculus.expand import expanded
from matcalc.calculus.laws.index import Laws, features, laws_for
from matcalc.graph import (
    Contract,
    Fuse,
    Map,
    Node,
    Split,
    Sum,
    contract,
    rebuild,
    shared_parts,
    tidy,
    topological,
)

# Rounds over the whole graph; each must shorten the result, or it is the last.
ROUNDS = 12


def simplify(node: Node) -> Node:
    """The node written shorter, with the same value wherever it is defined. `node` is tidy, and so is the result."""
    for _ in range(ROUNDS):
        order = topological([node])
        made = _Round(node, order).run()
        if made is node:
            break
        made = tidy(made)[0]
        if made is node or written(made) >= written(node):
            break
        node = made
    return node


class _Round:
    """One walk over the graph, operands first."""

    def __init__(self, root: Node, order: list[Node]) -> None:
        self.root = root
        self.order = order
        self.laws = laws_for(features(order))
        self.outer = _outer_part(root, order)
        self._measure: Measure | None = None

    @property
    def measure(self) -> Measure:
        """The length of nodes, with the parts named that will be."""
        if self._measure is None:
            self._measure = Measure(set(shared_parts([self.root])) - {self.root})
        return self._measure

    def run(self) -> Node:
        """The root rewritten."""
        if not self.laws and not self.outer:
            return self.root
        new: dict[Node, Node] = {}
        for node in self.order:
            made = node
            if new and any(child in new for child in node.children):
                made = rebuild(node, [new.get(child, child) for child in node.children])
            if self.laws:
                made = _by_laws(made, self.laws)
            if node in self.outer:
                made = self._by_algebra(made)
            if made is not node:
                new[node] = made
        return new.get(self.root, self.root)

    def _by_algebra(self, node: Node) -> Node:
        if isinstance(node, Contract):
            return cancelled(node, self.measure) or node if _may_cancel(node) else node
        if not isinstance(node, Sum) or len(node.terms) < 2:
            return node
        shorter = expanded(node, self.measure) if any(isinstance(c, Sum | Contract) for c in node.children) else None
        if shorter is not None:
            return shorter
        return collected(node, self.measure.named, self.measure)


def _may_cancel(node: Contract) -> bool:
    """Whether a sum or product inside could meet the inverse of one of its factors: something is divided by."""
    return any(isinstance(factor, Sum | Contract | Map) for factor, _ in node.factors)


def _by_laws(node: Node, laws: Laws) -> Node:
    """The node after all laws that apply to it, also where they do once a named product in it is opened."""
    made = laws.apply(node)
    if made is node and isinstance(node, Contract) and laws.products:
        for factor, _ in node.factors:
            if isinstance(factor, Contract) and laws.speaks_of(factor.children):
                opened = contract(
                    node.factors,
                    node.out,
                    dict(enumerate(node.sizes)),
                    lambda inner, f=factor: inner is f,  # type: ignore[misc]
                )
                found = laws.apply(opened)
                if found is not opened:
                    return found
    return made


def _outer_part(root: Node, order: list[Node]) -> Mapping[Node, None]:
    """The sums and products that are not inside the argument of a function."""
    found = {root: None}
    for node in reversed(order):
        if node in found and isinstance(node, Sum | Contract | Fuse | Split):
            found.update(dict.fromkeys(node.children))
    return {node: None for node in found if isinstance(node, Sum | Contract)}
