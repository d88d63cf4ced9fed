"""What a node is along its axes: constant, fused of several, free to fall apart."""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.graph.node import Axes, Contract, Fuse, Node, Sum


def broadcast_axes(node: Node) -> frozenset[int]:
    """The positions of the axes along which a node is constant as it stands."""
    if not isinstance(node, Contract):
        return frozenset()
    touched = {label for _, labels in node.factors for label in labels}
    return frozenset(
        k for k, label in enumerate(node.out) if label not in touched and node.out.count(label) == 1
    )


def common_broadcast(nodes: Sequence[Node]) -> frozenset[int]:
    """The axes along which all nodes are constant."""
    shared = broadcast_axes(nodes[0])
    for node in nodes[1:]:
        if not shared:
            break
        shared &= broadcast_axes(node)
    return shared


def group_sizes(node: Fuse) -> tuple[Axes, ...]:
    """The sizes that each axis of a fused node is made of."""
    inner, start, parts = node.children[0].axes, 0, []
    for count in node.groups:
        parts.append(inner[start : start + count])
        start += count
    return tuple(parts)


def splits_freely(node: Node, axis: int, part: Axes) -> bool:
    """Whether axis `axis` falls into `part` without leaving a `Split` behind."""
    if isinstance(node, Fuse):
        return group_sizes(node)[axis] == part
    if isinstance(node, Sum):
        return all(splits_freely(term, axis, part) for _, term in node.terms)
    if isinstance(node, Contract):
        label = node.out[axis]
        return all(
            splits_freely(factor, place, part)
            for factor, labels in node.factors
            for place, held in enumerate(labels)
            if held == label
        )
    return False


def common_parts(nodes: Sequence[Node]) -> tuple[Axes, ...] | None:
    """The parts into which the axes of all `nodes` fall freely, if one of them is fused; scalars do not count."""
    first = next((node for node in nodes if isinstance(node, Fuse)), None)
    if first is None:
        return None
    parts = group_sizes(first)
    for node in nodes:
        for axis, part in enumerate(parts if node.axes else ()):
            if len(part) > 1 and not splits_freely(node, axis, part):
                return None
    return parts
