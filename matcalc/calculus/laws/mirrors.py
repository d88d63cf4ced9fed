"""One inverse instead of two: where M and Mᵀ both have one, inv(Mᵀ) is inv(M)ᵀ, and det(A B) is det(A) det(B) where
det(A) occurs anyway.

Alone each stays as the user wrote it; these do not shorten what is written, but let it cancel or collect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from matcalc.calculus.laws.chains import cuts
from matcalc.graph import Apply, Contract, Node, Sum, add, apply, linear, multiply, transpose

# Functions with f(Mᵀ) = f(M)ᵀ, a number being its own transpose (Horn & Johnson 2013, Matrix Analysis, section 0.2.5).
MIRRORED = ("inv", "pinv", "adj", "det", "logdet", "expm")
# Functions of products of square matrices, and how their values join (the same, section 0.3.5).
_OF_PRODUCTS = {"det": multiply, "logdet": add}
_LONGEST = 16


def mirrored(nodes: Iterable[Node]) -> Mapping[Node, Node]:
    """What stands for some of the nodes, so that fewer matrices are inverted and have determinants."""
    by_name: dict[str, list[Apply]] = {}
    for node in nodes:
        if isinstance(node, Apply) and not node.batch and node.function.name in MIRRORED:
            by_name.setdefault(node.function.name, []).append(node)
    found: dict[Node, Node] = {}
    for name, same in by_name.items():
        if len(same) > 1:
            found.update(_of_transposes(same))
            if name in _OF_PRODUCTS:
                found.update(_of_products(same))
    return found


def _of_transposes(same: list[Apply]) -> Iterator[tuple[Node, Node]]:
    by_operand = {node.children[0]: node for node in same}
    for node in same:
        operand = node.children[0]
        if isinstance(operand, (Contract, Sum)) and not operand.symmetric:
            other = by_operand.get(_transposed(operand))
            if other is not None and other is not node and other.digest < node.digest:
                yield node, transpose(other) if other.axes else other


def _of_products(same: list[Apply]) -> Iterator[tuple[Node, Node]]:
    known = set(same)
    for node in same:
        parts = _square_parts(node.children[0])
        values = [apply(node.function, [part]) for part in parts] if len(parts) > 1 else []
        if not known.isdisjoint(values):
            yield node, _OF_PRODUCTS[node.function.name](*values)


def _square_parts(node: Node) -> list[Node]:
    """The square matrices whose product the node is, as many as there are."""
    pending, parts = [node], []
    while pending:
        part = pending.pop()
        halves = None
        if isinstance(part, Contract) and 1 < len(part.factors) <= _LONGEST:
            halves = next((pair for pair in cuts(part) if pair[0].axes == part.axes), None)
        if halves is None:
            parts.append(part)
        else:
            pending += halves
    return parts


def _transposed(node: Node) -> Node:
    """The transpose, of a sum term by term."""
    if isinstance(node, Sum):
        return linear([(c, transpose(term)) for c, term in node.terms], node.axes[::-1])
    return transpose(node)
