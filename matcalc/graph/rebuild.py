"""A node built again with other operands: what every rewriting walk does at every step."""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.graph.build import contract, fuse, linear, split
from matcalc.graph.maps import apply, elementwise
from matcalc.graph.node import Apply, Contract, Fuse, Map, Node, Split, Sum


def rebuild(node: Node, children: Sequence[Node]) -> Node:
    """The node with `children` in place of its operands, normalised by the builders; leaves stay as they are."""
    if not node.children or all(new is old for new, old in zip(children, node.children, strict=True)):
        return node
    if isinstance(node, Sum):
        return linear([(c, child) for (c, _), child in zip(node.terms, children, strict=True)], node.axes)
    if isinstance(node, Contract):
        factors = [(child, labels) for child, (_, labels) in zip(children, node.factors, strict=True)]
        return contract(factors, node.out, dict(enumerate(node.sizes)))
    if isinstance(node, Map):
        return elementwise(node.function, *children)
    if isinstance(node, Apply):
        return apply(node.function, children, node.parameters)
    if isinstance(node, Fuse):
        return fuse(children[0], node.groups)
    assert isinstance(node, Split)
    return split(children[0], node.parts)


def substitute(roots: Sequence[Node], replacements: dict[Node, Node]) -> list[Node]:
    """`roots` with nodes replaced by others of the same axes, everywhere below."""
    from matcalc.graph.walk import topological

    new = dict(replacements)
    for node in topological(roots):
        if node not in new:
            new[node] = rebuild(node, [new[child] for child in node.children])
    return [new[root] for root in roots]
