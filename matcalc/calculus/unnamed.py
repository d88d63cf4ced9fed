"""Products without their names: what is shared is dissolved into the products that it is a factor of."""

from __future__ import annotations

from matcalc.calculus.opening import sizes_of
from matcalc.calculus.whole import Whole
from matcalc.graph import Contract, Node, contract, rebuild

# Operators that a result may have without names.
LONGEST = 200


def with_products_open(whole: Whole, most: int) -> Node:
    """The root with the products that would be named flattened into the products they are factors of.

    With more than `most` such products it is left alone: a network's layers keep their names. So is what would be very
    long without names, X^500.
    """
    if whole.root.weight > LONGEST:
        return whole.root
    named = [part for part in whole.shared if isinstance(part, Contract) and len(part.factors) > 1]
    if not named or len(named) > most:
        return whole.root
    opened = frozenset(named)
    new: dict[Node, Node] = {}
    for node in whole.order:
        made = node
        if isinstance(node, Contract) and any(child in opened or child in new for child in node.children):
            made = contract(node.factors, node.out, sizes_of(node), opened.__contains__, new)
        elif new and any(child in new for child in node.children):
            made = rebuild(node, [new.get(child, child) for child in node.children])
        if made is not node:
            new[node] = made
    return new.get(whole.root, whole.root)
