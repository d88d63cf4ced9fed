"""The conditions of a derivative, in words: where it holds, and what is taken where the function has a kink."""

from __future__ import annotations

import re
from collections.abc import Sequence

from matcalc.graph import Apply, Map, Node, Symbol, base_and_exponent, is_power, topological
from matcalc.notation.formula import formula
from matcalc.notation.shapes import shape_of
from matcalc.notation.text import text
from matcalc.rules.entries import Condition, Elementwise, Function

_CONSTRAINED = {
    "orthogonal": "orthogonality",
    "simplex": "summing to 1",
    "onehot": "being one-hot",
    "positive": "positivity",
}


def conditions(
    output: Node, wrt: Sequence[Symbol], order: Sequence[str], derivative: Node
) -> tuple[str, ...]:
    """What a user must know of the `derivative` of `output` by `wrt`.

    Of the output only parts that depend on a variable count, of the derivative only functions that it brings in.
    """
    active: set[Node] = set(wrt)
    found: dict[str, None] = {}
    for variable in wrt:
        for name, words in _CONSTRAINED.items():
            if name in variable.properties:
                found[f"the derivative by {variable.name} does not use its {words}"] = None
    typed = topological([output])
    for node in typed:
        if any(child in active for child in node.children):
            active.add(node)
            for sentence in _of_node(node, order):
                found[sentence] = None
    known = set(typed)
    for node in topological([derivative]):
        if isinstance(node, Apply) and isinstance(node.function, Function) and node not in known:
            for sentence in _told(node.function.defined(node), order):
                found[sentence] = None
    return tuple(found)


def _of_node(node: Node, order: Sequence[str]) -> list[str]:
    if isinstance(node, Map):
        if is_power(node):
            return _of_power(node, order)
        function = node.function
        if isinstance(function, Elementwise) and function.kinks:
            return [f"{function.name} is not smooth at {_filled(function, node, order)}"]
    elif isinstance(node, Apply) and isinstance(node.function, Function):
        told = _told(node.function.conditions(node), order)
        if node.function.kinks:
            told.append(f"{node.function.name}: {node.function.kinks}")
        return told
    return []


def _told(found: Sequence[Condition], order: Sequence[str]) -> list[str]:
    return [
        f"holds where {condition.text.format(_written(condition.operand, order))}"
        for condition in found
        if not _is_declared(condition.operand)
    ]


def _is_declared(node: Node) -> bool:
    """Whether a variable's properties say that it is invertible."""
    return isinstance(node, Symbol) and bool(node.properties & {"invertible", "spd", "orthogonal"})


def _filled(function: Elementwise, node: Map, order: Sequence[str]) -> str:
    """The function's kinks, told of the operands that it has here instead of its parameters."""
    operands = dict(zip(function.parameters, node.children, strict=True))
    names = "|".join(map(re.escape, operands))
    return re.sub(rf"\b({names})\b", lambda found: _written(operands[found[1]], order), function.kinks)


def _of_power(node: Map, order: Sequence[str]) -> list[str]:
    exponent = base_and_exponent(node)[1]
    if 0 < exponent < 1:
        return [f"{_written(node, order)} is not differentiable where it is 0"]
    return []


def _written(node: Node, order: Sequence[str]) -> str:
    ranks = {name: place for place, name in enumerate(order)}
    shape = shape_of(node) if len(node.axes) < 3 else node.axes
    return text(formula(node, shape, ranks))
