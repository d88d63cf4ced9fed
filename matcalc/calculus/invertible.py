"""What is written by the inverse where a matrix has one: declared so, or because inv(X) or 1/det(X) occurs anyway.

Not laws, since they do not shorten what is written: a reader of determinants expects det(X) X⁻ᵀ where he may divide.
"""

from __future__ import annotations

from matcalc.calculus.laws.facts import holds
from matcalc.calculus.whole import Whole
from matcalc.graph import Apply, Node, apply, base_and_exponent, multiply, substitute
from matcalc.rules.determinants import ADJUGATE, DETERMINANT
from matcalc.rules.inverses import INVERSE, PSEUDO_INVERSE

_BY_INVERSE = frozenset({ADJUGATE.name, PSEUDO_INVERSE.name})


def with_inverses(whole: Whole) -> Node:
    """The root with adj(X) = det(X) inv(X) and pinv(X) = inv(X) for the invertible X."""
    if whole.features.isdisjoint(_BY_INVERSE):
        return whole.root
    calls = [
        part
        for part in whole.order
        if isinstance(part, Apply) and part.function.name in _BY_INVERSE and not part.batch
    ]
    inverted = {X for part in whole.order for X in _inverted(part)}
    replaced: dict[Node, Node] = {}
    for part in calls:
        [X] = part.children
        if len(set(X.axes)) == 1 and (X in inverted or holds(X, "invertible")):
            inverse = apply(INVERSE, [X])
            adjugate = part.function is ADJUGATE
            replaced[part] = multiply(apply(DETERMINANT, [X]), inverse) if adjugate else inverse
    return substitute([whole.root], replaced)[0] if replaced else whole.root


def _inverted(node: Node) -> tuple[Node, ...]:
    """The matrix that a node inverts, itself or by its determinant."""
    base, exponent = base_and_exponent(node)
    inverts = INVERSE if exponent == 1 else DETERMINANT if exponent < 0 else None
    return base.children if isinstance(base, Apply) and base.function is inverts else ()
