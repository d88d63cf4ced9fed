"""What the writers ask of a node: its two dimensions, and whether it is a sum of squares or a difference."""

from __future__ import annotations

from collections.abc import Container

from matcalc.graph import Contract, Node, Sum, base_and_exponent
from matcalc.notation.tree import SCALAR, Shape


def shape_of(node: Node) -> Shape:
    """The two dimensions of a node in its canonical orientation."""
    if not node.axes:
        return SCALAR
    return (node.axes[0], 1) if len(node.axes) == 1 else node.axes


def squared_norm(node: Node) -> Node | None:
    """The node whose entries' squares are summed, if that is all that `node` is."""
    if isinstance(node, Contract) and not node.out and len(node.factors) == 1:
        factor, labels = node.factors[0]
        base, exponent = base_and_exponent(factor)
        if exponent == 2 and labels and len(set(labels)) == len(labels):
            return base
    return None


def is_difference(node: Sum) -> bool:
    """Whether a sum has terms of both signs."""
    return any(c > 0 for c, _ in node.terms) and any(c < 0 for c, _ in node.terms)


def covered_axes(node: Node, parts: Container[Node]) -> frozenset[int]:
    """The axes along which a node is not merely repeated; what goes by a name in `parts` shows all of its axes."""
    if not isinstance(node, Contract) or node in parts:
        return frozenset(range(len(node.axes)))
    held = {label for _, labels in node.factors for label in labels}
    return frozenset(
        axis for axis, label in enumerate(node.out) if label in held or node.out.count(label) > 1
    )


def touched_once(node: Contract, *wanted: int) -> bool:
    """Whether no other factor and no output touches these labels."""
    if any(label in node.out for label in wanted):
        return False
    return sum(any(label in wanted for label in labels) for _, labels in node.factors) == 1
