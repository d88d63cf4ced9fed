"""Walks over the graph, iterative: depth must not meet the recursion limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from matcalc.graph.node import Node, Symbol


def topological(roots: Iterable[Node]) -> list[Node]:
    """Every node below `roots`, operands before their users, each once."""
    order: list[Node] = []
    seen: set[Node] = set()
    # The nodes whose operands are being walked through, and how far each walk has come.
    users: list[Node] = []
    walks = [iter(roots)]
    while walks:
        for node in walks[-1]:
            if node in seen:
                continue
            seen.add(node)
            if node.children:
                users.append(node)
                walks.append(iter(node.children))
                break
            order.append(node)
        else:
            walks.pop()
            if users:
                order.append(users.pop())
    return order


def symbols(*roots: Node) -> list[Symbol]:
    """The variables below `roots`, in the order of the walk."""
    return [node for node in topological(roots) if isinstance(node, Symbol)]


def fold(roots: Iterable[Node], visit: Callable[[Node, list[object]], object]) -> dict[Node, object]:
    """`visit(node, values of its children)` for every node below `roots`, operands first."""
    values: dict[Node, object] = {}
    for node in topological(roots):
        values[node] = visit(node, [values[child] for child in node.children])
    return values
