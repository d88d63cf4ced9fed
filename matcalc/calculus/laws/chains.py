"""A matrix product read as one of two matrices: A B C is (A B) C and A (B C)."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from matcalc.graph import Contract, Node, Symbol, contract

Factor = tuple[Node, tuple[int, ...]]


def is_product_of_two(pattern: Contract) -> bool:
    """Whether a pattern is Y X, of two variables."""
    return (
        len(pattern.factors) == 2
        and all(isinstance(factor, Symbol) and len(factor.axes) == 2 for factor in pattern.children)
        and len(set(pattern.out)) == 2
        and len(pattern.sizes) == 3
    )


def cuts(node: Contract) -> Iterator[tuple[Node, Node]]:
    """Every pair of matrices, each a product of some of the factors, whose product is the node."""
    if len(set(node.out)) != 2:
        return
    row, column = node.out
    for cut in range(len(node.sizes)):
        if cut in node.out:
            continue
        left, right = (_reached(node, end, cut) for end in node.out)
        apart = len(left) + len(right) == len(node.factors) and left.isdisjoint(right)
        if apart and _touches(node, left, cut) and _touches(node, right, cut):
            yield (
                contract([node.factors[k] for k in sorted(left)], (row, cut)),
                contract([node.factors[k] for k in sorted(right)], (cut, column)),
            )


def _reached(node: Contract, start: int, cut: int) -> set[int]:
    """The places of the factors that hang together with a label when nothing hangs together by `cut`."""
    labels, found = {start}, set[int]()
    grown = True
    while grown:
        near = {
            k for k, (_, held) in enumerate(node.factors) if k not in found and not labels.isdisjoint(held)
        }
        labels.update(label for k in near for label in node.factors[k][1] if label != cut)
        found |= near
        grown = bool(near)
    return found


def _touches(node: Contract, places: Collection[int], label: int) -> bool:
    """Whether exactly one of the factors holds the label, once."""
    return sum(node.factors[k][1].count(label) for k in places) == 1
