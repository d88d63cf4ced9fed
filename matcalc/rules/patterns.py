"""What simplifications at build time look for: an axis order undone, a diagonal matrix, a multiple."""

from __future__ import annotations

from typing import Any

from matcalc.graph import (
    ONE,
    Apply,
    Axes,
    Coefficient,
    Contract,
    Node,
    Sum,
    apply,
    contract,
    identity,
    permute,
)
from matcalc.graph.contraction import connected


def permuted(node: Node) -> tuple[Node, tuple[int, ...]]:
    """`(inner, order)` such that node is `permute(inner, order)`; the node itself with its own order otherwise."""
    if isinstance(node, Contract) and len(node.factors) == 1:
        inner, labels = node.factors[0]
        if len(set(node.out)) == len(node.out) and sorted(labels) == sorted(node.out):
            return inner, tuple(labels.index(label) for label in node.out)
    return node, tuple(range(len(node.axes)))


def untransposed(node: Node) -> Node | None:
    """X when the node is X with its last two axes exchanged, else None."""
    inner, order = permuted(node)
    last = len(order) - 1
    swapped = (*range(last - 1), last, last - 1)
    return inner if inner is not node and order == swapped else None


def swap_last(node: Node) -> Node:
    """The node with its last two axes exchanged."""
    last = len(node.axes) - 1
    return permute(node, (*range(last - 1), last, last - 1))


def multiple(node: Node) -> tuple[Coefficient, Node]:
    """`(c, X)` such that the node is c X; c is 1 unless it is written as a multiple."""
    if isinstance(node, Sum) and len(node.terms) == 1:
        return node.terms[0]
    return 1, node


def scalar_apart(node: Node) -> tuple[Node, Node]:
    """`(s, X)` such that the node is s X: of a product the factors that hang together with nothing that comes out."""
    if not isinstance(node, Contract) or not node.factors:
        return ONE, node
    parts = [[node.factors[k] for k in members] for members in connected(node.factors)]
    beside = [part for part in parts if not any(label in node.out for _, labels in part for label in labels)]
    if not beside:
        return ONE, node
    kept = [pair for part in parts if part not in beside for pair in part]
    sizes = {label: node.sizes[label] for label in node.out}
    return contract([pair for part in beside for pair in part], ()), contract(kept, node.out, sizes)


def diagonal_of(node: Node) -> Node | None:
    """The diagonal of a node with two axes that is zero elsewhere by its form (diag(x), eye(n)), else None."""
    if isinstance(node, Contract) and len(node.out) == 2 and node.out[0] == node.out[1]:
        return contract(node.factors, node.out[:1], dict(enumerate(node.sizes)))
    return None


def applied(node: Node, name: str) -> Apply | None:
    """The node if it applies the genuine function of this name, else None."""
    return node if isinstance(node, Apply) and node.function.name == name else None


def chain(node: Node) -> list[tuple[Node, bool]] | None:
    """The factors of a product of square matrices from left to right, each with whether it is transposed; else None."""
    if not isinstance(node, Contract) or len(node.out) != 2 or len(node.factors) < 2:
        return None
    if len(set(node.sizes)) > 1 or len(node.sizes) != len(node.factors) + 1:
        return None
    found: list[tuple[Node, bool]] = []
    rest = list(node.factors)
    at, end = node.out
    while rest and at != end:
        here = [place for place, (_, labels) in enumerate(rest) if at in labels]
        if len(here) != 1 or len(set(rest[here[0]][1])) != 2:
            return None
        factor, labels = rest.pop(here[0])
        found.append((factor, labels[1] == at))
        at = labels[0] if labels[1] == at else labels[1]
    return found if not rest and at == end else None


def of_transpose(function: Any, X: Node) -> Node | None:
    """f(X) when the operand is Xᵀ."""
    transposed = untransposed(X)
    return None if transposed is None else apply(function, [transposed])


def unit_matrix(axes: Axes) -> Node:
    """The identity matrix on the last two of `axes`, repeated along the others."""
    labels = tuple(range(len(axes) - 2))
    return contract([(identity(axes[-1]), ("i", "j"))], (*labels, "i", "j"), dict(enumerate(axes[:-2])))
