"""Walks over the graph, iterative: depth must not meet the recursion limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from matcalc.graph.node import Node, Symbol


def topological(roots: Iterable[Node]) -> list[Node]:
    """Every node below `roots`, operands before their users, each once."""
    order: list[Node] = []
    seen: set[Node] = set()
    open_nodes: list[Node] = []
    # None marks the end of the operands of the innermost open node.
    pending: list[Node | None] = list(roots)
    pending.reverse()
    while pending:
        node = pending.pop()
        if node is None:
            order.append(open_nodes.pop())
        elif node not in seen:
            seen.add(node)
            children = node.children
            if children:
                open_nodes.append(node)
                pending.append(None)
                pending += children[::-1]
            else:
                order.append(node)
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
