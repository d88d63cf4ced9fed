"""The conditions of a derivative: where it holds, and what is taken where the function has a kink.

Conditions that follow from how a part is built (exp(x) is positive) or from a variable's properties are not told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from matcalc.calculus.laws.facts import holds
from matcalc.graph import (
    Apply,
    Map,
    Node,
    Symbol,
    base_and_exponent,
    is_power,
    number_value,
    power,
    topological,
)
from matcalc.graph.numbers import magnitude
from matcalc.notation import pieces
from matcalc.notation.formula import formula
from matcalc.notation.shapes import shape_of
from matcalc.notation.tree import SCALAR, Literal, Name, Tree
from matcalc.ranges import REALS, Range, ranges
from matcalc.remarks import Remark, remark
from matcalc.rules.entries import Condition, Elementwise, Function

_CONSTRAINED = {
    "orthogonal": "orthogonality",
    "simplex": "summing to 1",
    "onehot": "being one-hot",
    "positive": "positivity",
}
# A little less than a right angle.
_RIGHT_ANGLE = 1.57

# Operators beyond which a formula makes no readable condition.
_LONG = 60

# An equation in a row's `kinks`: what stands on either side, in the row's parameters.
_EQUATION = re.compile(r"(?P<left>[\w()]+) = (?P<right>-?[\w().]+)")


def conditions(
    output: Node, wrt: Sequence[Symbol], order: Sequence[str], derivative: Node
) -> tuple[Remark, ...]:
    """What a user must know of the `derivative` of `output` by `wrt`.

    Of the output only parts that depend on a variable count, of the derivative only functions that it brings in.
    """
    active: set[Node] = set(wrt)
    found: dict[Remark, None] = {}
    for variable in wrt:
        for name, words in _CONSTRAINED.items():
            if name in variable.properties:
                found[Remark(f"the derivative by {variable.name} does not use its {words}")] = None
    typed = topological([output])
    told = _Conditions(typed, order, len(wrt))
    for node in typed:
        if any(child in active for child in node.children):
            active.add(node)
            found.update(dict.fromkeys(told.of(node, active)))
    known = set(typed)
    for node in topological([derivative]):
        if isinstance(node, Apply) and isinstance(node.function, Function) and node not in known:
            found.update(dict.fromkeys(told.demanded(node.function.defined(node))))
    return tuple(found)


class _Conditions:
    """The conditions that the nodes of one graph put, with its formulas and the ranges of its entries.

    `times` is how often is differentiated.
    """

    def __init__(self, nodes: Sequence[Node], order: Sequence[str], times: int) -> None:
        self.order = {name: place for place, name in enumerate(order)}
        self.times = times
        self.ranges = ranges(nodes)

    def of(self, node: Node, active: set[Node]) -> Iterator[Remark]:
        """Those of a node; of a power its base must be among the `active`."""
        if isinstance(node, Map) and is_power(node):
            if node.children[0] in active:
                yield from self._of_power(node)
            elif self._is_open(node.children[0]):
                yield self._positive(node.children[0])
        elif isinstance(node, Map) and isinstance(node.function, Elementwise):
            for domain, operand in zip(node.function.domain, node.children, strict=True):
                yield from self._of_domain(domain, operand)
            if node.function.kinks and not self._keeps_off(node.function, node):
                yield self._kink(node.function, node)
        elif isinstance(node, Apply) and isinstance(node.function, Function):
            yield from self.demanded(node.function.conditions(node))
            if node.function.kinks:
                yield Remark(f"{node.function.name}: {node.function.kinks}")

    def demanded(self, found: Sequence[Condition]) -> Iterator[Remark]:
        """The conditions that a function states itself."""
        for condition in found:
            if not (condition.settled_by and holds(condition.operand, condition.settled_by)):
                before, _, after = condition.text.partition("{}")
                yield remark(f"holds where {before}", self._tree(condition.operand), after)

    def _of_power(self, node: Map) -> Iterator[Remark]:
        base, exponent = base_and_exponent(node)
        of_base = self._range(base)
        if exponent == 1:  # the exponent is a formula
            if self._is_open(node.children[0]):
                yield self._positive(node.children[0])
        elif of_base.positive or exponent > 1:
            if exponent != int(exponent) and not of_base.not_negative:
                yield self._positive(base)
            elif exponent != int(exponent) and not of_base.positive and exponent < self.times:
                # norm(x)**3 has x @ x.T / norm(x) in its second derivative.
                yield self._holds(power(base, 0.5), "!=", "0")
        elif exponent == int(exponent):
            if of_base.has(0):
                yield self._holds(base, "!=", "0")
        elif not of_base.not_negative:
            yield self._positive(base)
        elif exponent > 0:
            yield remark(self._tree(node), " is not differentiable where it is 0")
        else:
            yield self._holds(
                power(base, magnitude(exponent)) if exponent > -1 else power(base, 0.5), "!=", "0"
            )

    def _range(self, node: Node) -> Range:
        return self.ranges.get(node, REALS)

    def _is_open(self, node: Node) -> bool:
        return not self._range(node).positive

    def _positive(self, node: Node) -> Remark:
        if number_value(node) is not None:
            return remark("holds nowhere, since ", self._tree(node), " is not positive")
        return self._holds(node, ">", "0")

    def _of_domain(self, domain: str, operand: Node) -> Iterator[Remark]:
        given = self._range(operand)
        if domain == "positive" and not given.positive:
            yield self._positive(operand)
        elif domain == "above_minus_one" and (given.low < -1 or given.has(-1)):
            yield self._holds(operand, ">", "-1")
        elif domain == "unit_ball" and (given.low < -1 or given.high > 1 or given.has(-1) or given.has(1)):
            yield self._holds(_modulus(self._tree(operand)), "<", "1", bool(operand.axes))
        elif domain == "below_right_angle" and not (given.low > -_RIGHT_ANGLE and given.high < _RIGHT_ANGLE):
            tree = self._tree(operand)
            yield self._holds(pieces.call("cos", tree.shape, tree), "!=", "0", bool(operand.axes))

    def _holds(self, what: Node | Tree, sign: str, number: str, everywhere: bool = False) -> Remark:
        tree = self._tree(what) if isinstance(what, Node) else what
        entries = " in every entry" if (isinstance(what, Node) and what.axes) or everywhere else ""
        return remark("holds where ", tree, sign, Literal(SCALAR, int(number)), entries)

    def _keeps_off(self, function: Elementwise, node: Map) -> bool:
        """Whether the ranges of the operands keep them off every kink: abs(x) of a positive x is smooth."""
        operands = dict(zip(function.parameters, node.children, strict=True))

        def is_met(left: str, right: str) -> bool:
            number = re.fullmatch(r"-?\d+", right)
            return left not in operands or number is None or self._range(operands[left]).has(int(right))

        found = [(one["left"], one["right"]) for one in _EQUATION.finditer(function.kinks)]
        return bool(found) and not any(is_met(left, right) for left, right in found)

    def _kink(self, function: Elementwise, node: Map) -> Remark:
        """The function's kinks, told of the operands that it has here instead of its parameters."""
        operands = dict(zip(function.parameters, map(self._tree, node.children), strict=True))
        parts: list[str | Tree] = [f"{function.name.removesuffix('_entry')} is not smooth at "]
        end = 0
        for found in _EQUATION.finditer(function.kinks):
            sides = [_side(found[side], operands) for side in ("left", "right")]
            if None not in sides:
                parts += [function.kinks[end : found.start()], sides[0] or "", "=", sides[1] or ""]
                end = found.end()
        rest = re.split(r"\b(" + "|".join(map(re.escape, operands)) + r")\b", function.kinks[end:])
        if end:
            parts += [operands.get(piece, piece) for piece in rest]
        else:
            parts.append(function.kinks)
        return remark(*parts)

    def _tree(self, node: Node) -> Tree:
        if node.weight > _LONG:
            return Name(shape_of(node), "…")
        return formula(node, shape_of(node) if len(node.axes) < 3 else node.axes, self.order)


def _side(written: str, operands: Mapping[str, Tree]) -> Tree | None:
    """A side of an equation: a parameter, its modulus, or a number; None for anything else."""
    if written in operands:
        return operands[written]
    if written.startswith("abs(") and written[4:-1] in operands:
        return _modulus(operands[written[4:-1]])
    return Literal(SCALAR, int(written)) if re.fullmatch(r"-?\d+", written) else None


def _modulus(tree: Tree) -> Tree:
    return pieces.call("abs", tree.shape, tree)
