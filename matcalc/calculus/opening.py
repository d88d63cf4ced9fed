"""Small steps that all rewriting shares: one product opened among factors that stay whole, a multiple taken apart."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

from matcalc.graph import Coefficient, Contract, Node, Sum, contract, identity, linear
from matcalc.shapes.dims import Dim


def only(part: Node) -> Callable[[Contract], bool]:
    """Opens `part` and nothing else: for `contract`."""
    return lambda inner: inner is part


def unscaled(node: Node) -> tuple[Coefficient, Node]:
    """The coefficient and the node of a multiple; 1 and the node itself otherwise."""
    if isinstance(node, Sum) and len(node.terms) == 1:
        return node.terms[0]
    return 1, node


def sizes_of(node: Contract) -> Mapping[Hashable, Dim]:
    """The sizes of a contraction by label."""
    return dict(enumerate(node.sizes))


def with_opened(
    node: Contract, part: Node, others: Sequence[tuple[Node, Sequence[Hashable]]] | None = None
) -> Node:
    """The contraction with the product `part` opened; `others` in place of its factors when given."""
    return contract(node.factors if others is None else others, node.out, sizes_of(node), only(part))


def with_diagonals_merged(node: Contract) -> Node:
    """The contraction with sums of diagonal matrices among its factors as weights: (I + diag(a)) B is (1 + a) ⊙ B."""
    if len(node.factors) < 2 or not any(isinstance(factor, Sum) for factor in node.children):
        return node
    factors: list[tuple[Node, Sequence[Hashable]]] = []
    for factor, labels in node.factors:
        entries = diagonal_of_sum(factor)
        if entries is None:
            factors.append((factor, labels))
        else:
            factors += [(entries, labels[:1]), (identity(factor.axes[0]), labels)]
    return node if len(factors) == len(node.factors) else contract(factors, node.out, sizes_of(node))


def diagonal_of_sum(node: Node) -> Node | None:
    """The diagonal of a sum of diagonal matrices, or None."""
    if not isinstance(node, Sum) or len(node.axes) != 2 or len(node.terms) < 2:
        return None
    terms = []
    for coefficient, term in node.terms:
        if not isinstance(term, Contract) or term.out[0] != term.out[1]:
            return None
        terms.append((coefficient, contract(term.factors, term.out[:1], sizes_of(term))))
    return linear(terms, node.axes[:1])
