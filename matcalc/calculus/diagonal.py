"""diag(diagonal(D)) is D where D is diagonal already: what a derivative by a diagonal matrix leaves behind.

Not a law, since the two axes of a diagonal are one index of the graph, which no pattern can tell apart.
"""

from __future__ import annotations

from matcalc.calculus.laws.facts import holds
from matcalc.calculus.whole import Whole
from matcalc.graph import Contract, Node, contract, substitute


def with_diagonals(whole: Whole) -> Node:
    """The root with the diagonals of diagonal matrices put back to whole ones."""
    if "diagonal" not in whole.features:
        return whole.root
    replaced = {part: made for part in whole.order if (made := _put_back(part)) is not None}
    return substitute([whole.root], replaced)[0] if replaced else whole.root


def _put_back(node: Node) -> Node | None:
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
