"""What is written by the inverse where a matrix has one: declared so, or because inv(X) or 1/det(X) occurs anyway.

Not laws, since they do not shorten what is written: a reader of determinants expects det(X) X⁻ᵀ where he may divide.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.calculus.laws.facts import holds
from matcalc.graph import Apply, Node, apply, base_and_exponent, multiply, substitute
from matcalc.rules.determinants import ADJUGATE, DETERMINANT
from matcalc.rules.inverses import INVERSE, PSEUDO_INVERSE


def with_inverses(node: Node, order: Sequence[Node]) -> Node:
    """The node with adj(X) = det(X) inv(X) and pinv(X) = inv(X) for the invertible X; `order` are its parts."""
    calls = [
        part
        for part in order
        if isinstance(part, Apply) and part.function in (ADJUGATE, PSEUDO_INVERSE) and not part.batch
    ]
    if not calls:
        return node
    inverted = {X for part in order for X in _inverted(part)}
    replaced: dict[Node, Node] = {}
    for part in calls:
        [X] = part.children
        if len(set(X.axes)) == 1 and (X in inverted or holds(X, "invertible")):
            inverse = apply(INVERSE, [X])
            adjugate = part.function is ADJUGATE
            replaced[part] = multiply(apply(DETERMINANT, [X]), inverse) if adjugate else inverse
    return substitute([node], replaced)[0] if replaced else node


def _inverted(node: Node) -> tuple[Node, ...]:
    """The matrix that a node inverts, itself or by its determinant."""
    base, exponent = base_and_exponent(node)
    inverts = INVERSE if exponent == 1 else DETERMINANT if exponent < 0 else None
    return base.children if isinstance(base, Apply) and base.function is inverts else ()
