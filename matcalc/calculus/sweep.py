"""The chain rule as one backward sweep, for outputs of any rank and any number of variables at once.

Each node's cotangent has the axes (output axes…, node axes…). It is seeded with deltas: a scalar output has no output
axes and the sweep is backpropagation; a vector output gives its Jacobian, a matrix by a matrix its rank-4 tensor.
(Laue, Mitterreiter, Giesen: Computing higher order derivatives of matrix and tensor expressions, NeurIPS 2018.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matcalc.graph import (
    ONE,
    Apply,
    Axes,
    Contract,
    Fuse,
    Map,
    Node,
    Split,
    Sum,
    Symbol,
    add,
    contract,
    elementwise,
    fuse,
    is_zero,
    scale,
    split,
    topological,
    zero,
)
from matcalc.language.formulas import call_text, formula
from matcalc.rules.entries import AbstractFunction, Elementwise, Function

Give = Callable[[Node, Node], None]
Labels = tuple[object, ...]


def derive_nodes(output: Node, variables: Sequence[Symbol]) -> list[Node]:
    """The derivative of `output` by each variable, with axes (output axes…, variable axes…).

    One sweep serves all variables, so that what their derivatives share is built once. A variable that does not
    occur gives zeros.
    """
    order = topological([output])
    active = _depends_on(order, variables)
    pending: dict[Node, list[Node]] = {}

    def give(node: Node, contribution: Node) -> None:
        if not is_zero(contribution):
            pending.setdefault(node, []).append(contribution)

    if output in active:
        give(output, _seed(output))
    cotangents: dict[Node, Node] = {}
    outer = tuple([("o", k) for k in range(len(output.axes))])
    for node in reversed(order):
        contributions = pending.pop(node, None)
        if contributions is None:
            continue
        cotangent = contributions[0] if len(contributions) == 1 else add(*contributions)
        if isinstance(node, Symbol):
            cotangents[node] = cotangent
        else:
            _pull_back(node, cotangent, outer, active, give)
    return [cotangents.get(variable) or zero(output.axes + variable.axes) for variable in variables]


def _depends_on(order: Sequence[Node], variables: Sequence[Symbol]) -> set[Node]:
    active: set[Node] = set(variables)
    for node in order:
        if not active.isdisjoint(node.children):
            active.add(node)
    return active


def _seed(output: Node) -> Node:
    """∂output/∂output: a delta for each axis."""
    if not output.axes:
        return ONE
    labels = tuple(range(len(output.axes)))
    return contract((), labels + labels, dict(zip(labels, output.axes, strict=True)))


def _pull_back(node: Node, cotangent: Node, outer: Labels, active: set[Node], give: Give) -> None:
    """Give each operand its part of the cotangent; `outer` are the labels of the output's axes."""
    if isinstance(node, Sum):
        for coefficient, term in node.terms:
            if term in active:
                give(term, cotangent if coefficient == 1 else scale(coefficient, cotangent))
    elif isinstance(node, Contract):
        _pull_back_contraction(node, cotangent, outer, active, give)
    elif isinstance(node, Map):
        _pull_back_map(node, cotangent, outer, active, give)
    elif isinstance(node, Apply):
        assert isinstance(node.function, Function)
        batch = tuple(("b", k) for k in range(node.batch))
        for index, operand in enumerate(node.children):
            if operand in active:
                give(operand, node.function.pullback(node, index, cotangent, outer, batch))
    elif isinstance(node, Fuse):
        inner = iter(node.children[0].axes)
        parts: list[Axes] = [(dim,) for dim in cotangent.axes[: len(outer)]]
        parts += [tuple(next(inner) for _ in range(count)) for count in node.groups]
        give(node.children[0], split(cotangent, parts))
    elif isinstance(node, Split):
        give(node.children[0], fuse(cotangent, [1] * len(outer) + [len(part) for part in node.parts]))


def _pull_back_contraction(
    node: Contract, cotangent: Node, outer: Labels, active: set[Node], give: Give
) -> None:
    """A contraction is linear in each factor: its cotangent is the contraction of everything else."""
    for index, (factor, labels) in enumerate(node.factors):
        if factor in active:
            rest: list[tuple[Node, Labels]] = [*node.factors[:index], *node.factors[index + 1 :]]
            if cotangent is not ONE:
                rest.append((cotangent, (*outer, *node.out)))
            give(factor, contract(rest, (*outer, *labels), {label: node.sizes[label] for label in labels}))


def _pull_back_map(node: Map, cotangent: Node, outer: Labels, active: set[Node], give: Give) -> None:
    """Entry by entry, the cotangent times the partial derivative; a scalar operand collects over all entries."""
    entries = tuple(range(len(node.axes)))
    for index, operand in enumerate(node.children):
        if operand not in active:
            continue
        partial = partial_derivative(node, index)
        if is_zero(partial):
            continue
        if cotangent is ONE:
            give(operand, partial)
            continue
        factors = [(cotangent, (*outer, *entries)), (partial, entries if partial.axes else ())]
        give(operand, contract(factors, (*outer, *entries) if operand.axes else outer))


def partial_derivative(node: Map, index: int) -> Node:
    """∂/∂(operand `index`) of an elementwise function, entry by entry."""
    function = node.function
    if isinstance(function, AbstractFunction):
        return elementwise(function.derivative(), *node.children)
    assert isinstance(function, Elementwise)
    operands: dict[str, Node] = dict(zip(function.parameters, node.children, strict=True))
    # Many derivatives are written by the function's own value.
    operands[call_text(function.name, function.parameters)] = node
    return formula(function.derivatives[index], **operands)
