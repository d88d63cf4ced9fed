"""Small steps that all rewriting shares: one product opened among factors that stay whole, a multiple taken apart."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

from matcalc.graph import Coefficient, Contract, Node, Sum, contract, rebuild, shared_parts, topological
from matcalc.shapes.dims import Dim


def only(part: Node) -> Callable[[Contract], bool]:
    """Opens `part` and nothing else: for `contract`."""
    return lambda inner: inner is part


def unscaled(node: Node) -> tuple[Coefficient, Node]:
    """The coefficient and the node of a multiple; 1 and the node itself otherwise."""
    if isinstance(node, Sum) and len(node.terms) == 1:
        return node.terms[0]
    return 1, node


def sizes_of(node: Contract) -> Mapping[Hashable, Dim]:
    """The sizes of a contraction by label."""
    return dict(enumerate(node.sizes))


def with_opened(
    node: Contract, part: Node, others: Sequence[tuple[Node, Sequence[Hashable]]] | None = None
) -> Node:
    """The contraction with the product `part` opened; `others` in place of its factors when given."""
    return contract(node.factors if others is None else others, node.out, sizes_of(node), only(part))


def with_products_open(root: Node, most: int) -> Node:
    """The graph with the products that would be named flattened into the products they are factors of.

    A graph with more than `most` such products is left alone: a network's layers keep their names.
    """
    named = [part for part in shared_parts([root]) if isinstance(part, Contract) and len(part.factors) > 1]
    if not named or len(named) > most:
        return root
    opened = frozenset(named)
    new: dict[Node, Node] = {}
    for node in topological([root]):
        made = node
        if isinstance(node, Contract) and any(child in opened or child in new for child in node.children):
            made = contract(node.factors, node.out, sizes_of(node), opened.__contains__, new)
        elif new and any(child in new for child in node.children):
            made = rebuild(node, [new.get(child, child) for child in node.children])
        if made is not node:
            new[node] = made
    return new.get(root, root)
