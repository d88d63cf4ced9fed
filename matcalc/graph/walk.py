"""Walks over the graph, iterative: depth must not meet the recursion limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from matcalc.graph.node import Node, Symbol


def topological(roots: Iterable[Node]) -> list[Node]:
    """Every node below `roots`, operands before their users, each once."""
    order: list[Node] = []
    seen: set[Node] = set()
    # The nodes whose operands are being walked through, each with the walk that it interrupts.
    users: list[tuple[Node, Iterator[Node]]] = []
    walk = iter(roots)
    while True:
        for node in walk:
            if node in seen:
                continue
            seen.add(node)
            children = node.children
            if children:
                users.append((node, walk))
                walk = iter(children)
                break
            order.append(node)
        else:
            if not users:
                return order
            node, walk = users.pop()
            order.append(node)


def has_more_than(count: int, root: Node) -> bool:
    """Whether there are more than `count` nodes below `root`, itself included; no more than these are looked at."""
    seen = {root}
    pending = [root]
    while pending and len(seen) <= count:
        children = set(pending.pop().children) - seen
        seen |= children
        pending += children
    return len(seen) > count


def symbols(*roots: Node) -> list[Symbol]:
    """The variables below `roots`, in the order of the walk."""
    return [node for node in topological(roots) if isinstance(node, Symbol)]


def fold(roots: Iterable[Node], visit: Callable[[Node, list[object]], object]) -> dict[Node, object]:
    """`visit(node, values of its children)` for every node below `roots`, operands first."""
    values: dict[Node, object] = {}
    for node in topological(roots):
        values[node] = visit(node, [values[child] for child in node.children])
    return values
