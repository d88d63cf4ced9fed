"""What a node is along its axes: constant, fused of several, free to fall apart."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from matcalc.graph.node import Axes, Contract, Fuse, Node, Split, Sum
from matcalc.shapes.dims import Dim, dim_text

_NONE: frozenset[int] = frozenset()


def broadcast_axes(node: Node) -> frozenset[int]:
    """The positions of the axes along which a node is constant as it stands."""
    if not isinstance(node, Contract):
        return _NONE
    touched = {label for _, labels in node.factors for label in labels}
    if len(touched) == len(node.sizes):
        return _NONE
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
    fused = [node for node in nodes if node.__class__ is Fuse]
    if not fused:
        return None
    parts = group_sizes(fused[0])
    for node in nodes:
        for axis, part in enumerate(parts if node.axes else ()):
            if len(part) > 1 and not splits_freely(node, axis, part):
                return None
    return parts


def cut(labels: tuple[int, ...], counts: Sequence[int]) -> list[tuple[int, ...]]:
    """Labels in runs of so many each."""
    ends = [sum(counts[: k + 1]) for k in range(len(counts))]
    return [labels[end - count : end] for end, count in zip(ends, counts, strict=True)]


def axis_labels(factor: Node, labels: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The labels of each axis of a factor, those of a split axis together."""
    return cut(
        labels, [len(part) for part in factor.parts] if isinstance(factor, Split) else [1] * len(labels)
    )


def comes_together(
    run: tuple[int, ...],
    node: Contract,
    runs: Sequence[tuple[int, ...]],
    places: Sequence[Sequence[tuple[int, ...]]],
) -> bool:
    """Whether the labels of a run only come out together, and factors hold them together or not at all."""
    return (
        len(set(run)) == len(run) > 1
        and all(place == run or not set(place) & set(run) for own in places for place in own)
        and sum(run == other for other in runs) * len(run) == sum(label in run for label in node.out)
    )


def permutes(labels: tuple[Hashable, ...], out: tuple[Hashable, ...]) -> bool:
    """Whether axes are only exchanged."""
    return len(out) > 1 and len(labels) == len(out) == len(set(out)) and set(labels) == set(out)


def are_distinct(labels: tuple[Hashable, ...]) -> bool:
    """Whether no label comes out twice: X[i,i] -> ii is the diagonal part of X, not X."""
    return len(set(labels)) == len(labels)


def axes_text(axes: Sequence[Dim]) -> str:
    """Axes for a message."""
    return "(" + ", ".join(map(dim_text, axes)) + ")"
