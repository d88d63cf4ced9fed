"""Walks over the graph, iterative: depth must not meet the recursion limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from matcalc.graph.node import Node, Symbol


def topological(roots: Iterable[Node]) -> list[Node]:
    """Every node below `roots`, operands before their users, each once."""
    order: list[Node] = []
    seen: set[Node] = set()
    for root in roots:
        pending: list[tuple[Node, bool]] = [(root, False)]
        while pending:
            node, ready = pending.pop()
            if ready:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                pending.append((node, True))
                pending.extend((child, False) for child in reversed(node.children) if child not in seen)
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
