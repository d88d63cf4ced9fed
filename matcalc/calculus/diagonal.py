"""diag(diagonal(D)) is D where D is diagonal already: what a derivative by a diagonal matrix leaves behind.

Not a law, since the two axes of a diagonal are one index of the graph, which no pattern can tell apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.calculus.laws.facts import holds
from matcalc.graph import Contract, Node, Symbol, contract, substitute


def with_diagonals(node: Node, order: Sequence[Node]) -> Node:
    """The node with the diagonals of diagonal matrices put back to whole ones; `order` holds its parts."""
    if not any(isinstance(part, Symbol) and "diagonal" in part.properties for part in order):
        return node
    replaced = {part: made for part in order if (made := _whole(part)) is not None}
    return substitute([node], replaced)[0] if replaced else node


def _whole(node: Node) -> Node | None:
    """The contraction with a diagonal factor whole, where nothing else touches its index."""
    if not isinstance(node, Contract) or len(node.out) != 2 or node.out[0] != node.out[1]:
        return None
    label = node.out[0]
    held = [pair for pair in node.factors if label in pair[1]]
    if len(held) != 1 or held[0][1] != (label, label) or not holds(held[0][0], "diagonal"):
        return None
    others = [pair for pair in node.factors if label not in pair[1]]
    sizes = {k: dim for k, dim in enumerate(node.sizes) if k != label}
    return contract([*others, (held[0][0], ("row", "column"))], ("row", "column"), sizes)
