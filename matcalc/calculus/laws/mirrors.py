"""One inverse instead of two: where M and Mᵀ both have one, inv(Mᵀ) is inv(M)ᵀ, and det(Mᵀ) is det(M).

Alone each stays as the user wrote it; a product and its transpose do not show by themselves that they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from matcalc.graph import Apply, Contract, Node, Sum, linear, transpose

# Functions with f(Mᵀ) = f(M)ᵀ, a number being its own transpose (Horn & Johnson 2013, Matrix Analysis, section 0.2.5).
_FUNCTIONS = ("inv", "pinv", "adj", "det", "logdet", "expm")


def mirrored(nodes: Iterable[Node]) -> Mapping[Node, Node]:
    """The functions of transposes among the nodes, by the same functions of what is transposed that occur, too."""
    by_name: dict[str, list[Apply]] = {}
    for node in nodes:
        if isinstance(node, Apply) and not node.batch and node.function.name in _FUNCTIONS:
            operand = node.children[0]
            if isinstance(operand, Contract | Sum) and not operand.symmetric and len(node.children) == 1:
                by_name.setdefault(node.function.name, []).append(node)
    found: dict[Node, Node] = {}
    for same in by_name.values():
        if len(same) > 1:
            by_operand = {node.children[0]: node for node in same}
            for node in same:
                other = by_operand.get(_transposed(node.children[0]))
                if other is not None and other is not node and other.digest < node.digest:
                    found[node] = transpose(other) if other.axes else other
    return found


def _transposed(node: Node) -> Node:
    """The transpose, of a sum term by term."""
    if isinstance(node, Sum):
        return linear([(c, transpose(term)) for c, term in node.terms], node.axes[::-1])
    return transpose(node)
