"""Derivatives of any order, projected where the variable lives in a linear subspace of the matrices."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction

from matcalc.calculus.simplify import simplify
from matcalc.calculus.sweep import derive_nodes
from matcalc.graph import Node, Symbol, contract, linear, permute, substitute, symbol, tidy
from matcalc.graph.collector import collector_paused

# What a variable can't keep when it moves in any direction, and no projection accounts for.
_CURVED = frozenset({"orthogonal", "simplex", "onehot"})


@collector_paused
def differentiate(
    output: Node, wanted: Sequence[tuple[Symbol, ...]], symmetric: str = "projection"
) -> list[Node]:
    """∂ᵏ output by each tuple of variables, with axes (output axes…, axes of the first variable…, the second…).

    First derivatives come from one sweep together; higher ones differentiate the simplified result again, in which
    nothing was made of what the variable is only now: sum(p) of a simplex stays sum(p). `symmetric` says how a
    symmetric variable counts: "projection" gives the derivative within the symmetric matrices, sym(G), "cookbook"
    that by the independent entries, G + Gᵀ − G ⊙ I.
    """
    firsts = list(dict.fromkeys(variables[0] for variables in wanted))
    gradients = dict(zip(firsts, derive_nodes(output, firsts), strict=True))
    found = []
    for first, *others in wanted:
        node = constrained(gradients[first], first, symmetric)
        for k, variable in enumerate(others):
            [node] = derive_nodes(_simplified(node, others[k:]), [variable])
            node = constrained(node, variable, symmetric)
        found.append(node)
    return found


def _simplified(node: Node, later: Collection[Symbol]) -> Node:
    """The node simplified as the formula that it is, to be differentiated by the variables `later`."""
    free: dict[Node, Node] = {
        variable: symbol(variable.name, variable.shape, variable.properties - _CURVED)
        for variable in later
        if not variable.properties.isdisjoint(_CURVED)
    }
    [formula] = tidy(*substitute([node], free))
    [shorter] = substitute([simplify(formula)], {plain: variable for variable, plain in free.items()})
    return tidy(shorter)[0]


def constrained(node: Node, variable: Symbol, symmetric: str) -> Node:
    """The derivative projected onto the subspace that a symmetric or diagonal variable lives in.

    The variable's axes are the last ones of `node`.
    """
    if len(variable.axes) != 2:
        return node
    outer = tuple(range(len(node.axes) - 2))
    row, column = len(outer), len(outer) + 1
    if "diagonal" in variable.properties:
        return contract([(node, (*outer, row, row))], (*outer, row, row))
    if not variable.properties & {"symmetric", "spd"}:
        return node
    flipped = permute(node, (*outer, column, row))
    if symmetric == "cookbook":
        diagonal = contract([(node, (*outer, row, row))], (*outer, row, row))
        return linear([(1, node), (1, flipped), (-1, diagonal)], node.axes)
    half = Fraction(1, 2)
    return linear([(half, node), (half, flipped)], node.axes)
