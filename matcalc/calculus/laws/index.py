"""Which laws may apply in a graph, found by the functions that occur in it; and a law tried at a node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from matcalc.calculus.laws import ALL
from matcalc.calculus.laws.facts import HEADS, head
from matcalc.calculus.laws.law import Law, NodeRewrite, ProductRewrite, Rewrite, node_key
from matcalc.graph import Apply, Contract, Map, Node, Sum, Symbol, base_and_exponent

_Table = dict[str, list[Rewrite]]

# Rewrites at one node, one after the other.
_STEPS = 32


class Laws:
    """The laws that a graph with certain functions and properties may need, by the head of what they rewrite."""

    def __init__(self, features: frozenset[str], laws: Sequence[Law] = ALL) -> None:
        self.nodes: _Table = {}
        self.products: _Table = {}
        self.sums: _Table = {}
        for law in laws:
            known = all(name in features or not features.isdisjoint(HEADS[name]) for name in law.properties)
            if law.needs <= features and known and (law.needs or law.properties or "**" in features):
                rewrite = law.rewrite
                node = isinstance(rewrite, NodeRewrite)
                table = (
                    self.nodes
                    if node
                    else self.products
                    if isinstance(rewrite, ProductRewrite)
                    else self.sums
                )
                for key in rewrite.heads:
                    table.setdefault(key, []).append(rewrite)

        # The kinds of nodes that a law may rewrite.
        self.kinds = {
            kind
            for table, kinds in (
                (self.nodes, (Map, Apply)),
                (self.products, (Contract,)),
                (self.sums, (Sum,)),
            )
            for kind in kinds
            if table
        }

    def __bool__(self) -> bool:
        return bool(self.kinds)

    def apply(self, node: Node) -> Node:
        """The node after every law that applies to it as it stands."""
        for _ in range(_STEPS):
            found = self._step(node)
            if found is None:
                break
            node = found
        return node

    def _step(self, node: Node) -> Node | None:
        if isinstance(node, Contract):
            return self._among(self.products, node) if self.products else None
        if isinstance(node, Sum):
            return self._among(self.sums, node) if self.sums and len(node.terms) > 1 else None
        if self.nodes and isinstance(node, (Map, Apply)):
            for rewrite in self.nodes.get(node_key(node), ()):
                found = rewrite(node)
                if found is not None:
                    return found
        return None

    def speaks_of(self, nodes: Iterable[Node]) -> bool:
        """Whether a law on products starts from one of these factors."""
        return any(head(node) in self.products for node in nodes)

    def may_join(self, outer: Sequence[Node], inner: Sequence[Node]) -> bool:
        """Whether a law on products may have parts among the `outer` and among the `inner` factors."""
        outside, inside = (dict.fromkeys(map(head, nodes)).keys() for nodes in (outer, inner))
        possible = any(
            rewrite.joins(outside, inside)
            for key in outside | inside
            for rewrite in self.products.get(key, ())
            if isinstance(rewrite, ProductRewrite)
        )
        # The parts of a law speak of the same variables.
        return possible and not _kin(outer).isdisjoint(_kin(inner))

    @staticmethod
    def _among(table: _Table, node: Node) -> Node | None:
        present: dict[str, int] = {}
        for child in node.children:
            key = head(child)
            present[key] = present.get(key, 0) + 1
        for key in present:
            for rewrite in table.get(key, ()):
                for needed, count in rewrite.required:
                    if present.get(needed, 0) < count:
                        break
                else:
                    found = rewrite(node)
                    if found is not None:
                        return found
        return None


def _kin(nodes: Iterable[Node]) -> set[Node]:
    """The nodes, what they are functions of, and the parts of that."""
    found: set[Node] = set()
    for node in nodes:
        base, _ = base_and_exponent(node)
        found.add(base)
        for child in base.children:
            found.add(child)
            found.update(child.children)
    return found


def features(nodes: Iterable[Node]) -> frozenset[str]:
    """The functions and the properties that occur among `nodes`: what decides which laws may apply."""
    found: set[str] = set()
    for node in nodes:
        if node.__class__ is Symbol:
            found |= node.properties
        elif node.__class__ is Map or node.__class__ is Apply:
            found.add(node.function.name)
    return frozenset(found)


@lru_cache(maxsize=512)
def _laws_for(found: frozenset[str]) -> Laws:
    return Laws(found)


laws_for: Callable[[frozenset[str]], Laws] = _laws_for
