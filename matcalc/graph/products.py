"""Contractions by their usual names: products, transposes, broadcasts, the identity."""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.graph.build import contract
from matcalc.graph.leaves import number
from matcalc.graph.node import Node, make_contract, make_size
from matcalc.shapes.dims import Dim, dim_parts


def size(dim: Dim) -> Node:
    """The size of an axis as a scalar value; an integer one is a number."""
    parts = dim_parts(dim)
    if len(parts) == 1:
        return number(dim) if isinstance(dim, int) else make_size(dim)
    return multiply(*(size(part) for part in parts))


def ones(axes: Sequence[Dim]) -> Node:
    """All ones, with `axes`."""
    axes = tuple(axes)
    return make_contract((), tuple(range(len(axes))), axes, len(axes) == 2 and axes[0] == axes[1])


def identity(dim: Dim) -> Node:
    """The identity matrix, the Kronecker delta of two indices."""
    return contract((), (0, 0), {0: dim})


def multiply(*nodes: Node) -> Node:
    """The Hadamard product of nodes with equal axes; scalars ride along."""
    axes = next((node.axes for node in nodes if node.axes), ())
    labels = tuple(range(len(axes)))
    factors = [(node, labels if node.axes else ()) for node in nodes]
    return contract(factors, labels, dict(enumerate(axes)))


def transpose(node: Node) -> Node:
    """The transpose of a node with two axes."""
    return contract([(node, (0, 1))], (1, 0))


def permute(node: Node, order: Sequence[int]) -> Node:
    """The node with axis `order[k]` as its k-th."""
    if list(order) == sorted(order):
        return node
    return contract([(node, tuple(range(len(node.axes))))], tuple(order))


def broadcast(node: Node, where: Sequence[int], axes: Sequence[Dim]) -> Node:
    """The node's axes at positions `where` of `axes`; constant along the others."""
    return contract([(node, tuple(where))], tuple(range(len(axes))), dict(enumerate(axes)))
