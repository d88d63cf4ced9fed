"""Builders for elementwise maps, powers and genuine functions.

A map passes inward through what only repeats or fuses axes, so that relu of a broadcast is the broadcast of a relu.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

from matcalc.errors import ShapeError
from matcalc.graph import numbers
from matcalc.graph.axes import broadcast_axes, common_parts
from matcalc.graph.build import contract, fuse, split, unbroadcast
from matcalc.graph.inward import passed_inward
from matcalc.graph.leaves import ONE, number, number_value
from matcalc.graph.node import Axes, Contract, Fuse, Node, make_apply, make_map
from matcalc.graph.numbers import Coefficient
from matcalc.graph.powers import power_function
from matcalc.graph.products import multiply, ones
from matcalc.shapes.dims import Dim


def elementwise(function: Any, *operands: Node) -> Node:
    """`function` entry by entry; operands have the same axes, scalars ride along.

    Raises ShapeError when two operands have different axes.
    """
    axes: Axes = ()
    for node in operands:
        if node.axes and node.axes != axes:
            if axes:
                raise ShapeError(f"{function.name} of unlike axes")
            axes = node.axes
    if function is power_function():
        return _power(operands[0], operands[1])
    folded = function.fold(*operands)
    if folded is not None:
        return folded if folded.axes == axes else _repeat(folded, axes)
    return _mapped(function, operands, axes, lambda *inner: elementwise(function, *inner))


def _mapped(function: Any, operands: tuple[Node, ...], axes: Axes, again: Callable[..., Node]) -> Node:
    if axes and any([node.__class__ in (Contract, Fuse) for node in operands]):
        parts = common_parts(operands)
        if parts is not None:
            inner = [split(node, parts) if node.axes else node for node in operands]
            return fuse(again(*inner), [len(part) for part in parts])
        constant = _constant_axes(operands)
        if constant:
            where = [k for k in range(len(axes)) if k not in constant]
            inner = [unbroadcast(node, where) if node.axes else node for node in operands]
            return _repeat(again(*inner), axes, where)
        operands = tuple([_as_scalar(node) for node in operands])
    return make_map(function, operands, axes)


def _constant_axes(operands: Sequence[Node]) -> frozenset[int]:
    """The axes along which every operand is constant."""
    shared: frozenset[int] | None = None
    for node in operands:
        if node.axes:
            found = broadcast_axes(node)
            shared = found if shared is None else shared & found
            if not shared:
                return frozenset()
    return shared or frozenset()


def _as_scalar(node: Node) -> Node:
    """An operand that is constant along all its axes rides along as a scalar."""
    if node.axes and len(broadcast_axes(node)) == len(node.axes):
        return unbroadcast(node, ())
    return node


def _repeat(node: Node, axes: Axes, where: Sequence[int] = ()) -> Node:
    return contract([(node, tuple(where))], tuple(range(len(axes))), dict(enumerate(axes)))


def power(base: Node, exponent: Node | Coefficient) -> Node:
    """base ** exponent, entry by entry; the exponent is a scalar node, a number, or has the axes of the base."""
    if not isinstance(exponent, Node):
        return _power(base, number(exponent))
    return elementwise(power_function(), base, exponent) if exponent.axes else _power(base, exponent)


def divide(a: Node, b: Node) -> Node:
    """a / b, entry by entry; either may be a scalar."""
    return multiply(a, power(b, -1))


def _power(base: Node, exponent: Node) -> Node:
    value = number_value(exponent)
    axes = base.axes or exponent.axes
    if value is None:
        if base is ONE:
            return ones(axes)
        return _mapped(power_function(), (base, exponent), axes, _power)
    if isinstance(value, float) and value * 2 == int(value * 2):
        # x**0.5 is the square root, and is written so.
        exponent = number(Fraction(int(value * 2), 2))
        value = Fraction(int(value * 2), 2)
        value = value.numerator if value.denominator == 1 else value
    if value == 1:
        return base
    if value == 0:
        return ones(axes)
    # The exponent mostly stays what it is.
    return passed_inward(
        base,
        value,
        contract,
        lambda inner, raised: _power_of_one(inner, raised, exponent if raised is value else number(raised)),
    )


def _power_of_one(base: Node, value: Coefficient, exponent: Node) -> Node:
    """A power that does not pass into its base; `exponent` is its value as a node."""
    if not base.axes:
        constant = number_value(base)
        exact = numbers.exact_power(constant, value) if constant is not None else None
        if exact is not None:
            return number(exact)
    return base if value == 1 else _mapped(power_function(), (base, exponent), base.axes, _power)


@lru_cache(maxsize=256)
def core_axes(signature: str) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """The core axes of a gufunc signature: those of the operands, and those of the result."""
    before, after = signature.split("->")
    groups = [
        tuple(name.strip() for name in group.split(",") if name.strip())
        for group in re.findall(r"\(([^)]*)\)", before + "|" + after)
    ]
    return tuple(groups[:-1]), groups[-1]


def apply(function: Any, operands: Sequence[Node], parameters: Sequence[Hashable] = ()) -> Node:
    """A genuine function of `operands`, each with batch axes first and then the axes of the signature.

    Raises ShapeError when the operands' axes do not fit the signature.
    """
    operands, parameters = tuple(operands), tuple(parameters)
    inputs, output = core_axes(function.signature)
    batch = operands[0].axes[: len(operands[0].axes) - len(inputs[0])]
    bound: dict[str, Dim] = {}
    for node, core in zip(operands, inputs, strict=True):
        own = node.axes[len(batch) :]
        if node.axes[: len(batch)] != batch or len(own) != len(core):
            raise ShapeError(f"{function.name} does not fit axes of these operands")
        for name, dim in zip(core, own, strict=True):
            if bound.setdefault(name, dim) != dim:
                raise ShapeError(f"{function.name} needs equal sizes, got {bound[name]} and {dim}")
    built = function.build(operands, parameters)
    if built is not None:
        return built  # type: ignore[no-any-return]
    axes = (*batch, *(bound[name] for name in output))
    symmetric = len(axes) == 2 and not batch and function.symmetric(operands, lambda node: node.symmetric)
    return make_apply(function, parameters, operands, axes, len(batch), symmetric)
