"""The meaning of a graph, as plainly as it can be put: every node evaluated in turn on NumPy or JAX arrays.

This is the yardstick for rules, rewrites and generated code: slow, short, and without a shortcut that could be wrong
in the same way as what it checks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from matcalc.graph import (
    Apply,
    Constant,
    Contract,
    Fuse,
    Map,
    Node,
    Size,
    Split,
    Sum,
    Symbol,
    symbols,
    topological,
)
from matcalc.rules.entries import AbstractFunction, Elementwise, Function
from matcalc.shapes.dims import dim_value

CONSTANTS = {"pi": math.pi}


def evaluate(
    node: Node,
    values: Mapping[str, Any],
    sizes: Mapping[str, int] | None = None,
    xp: Any = None,
    functions: Mapping[str, Callable[[Any], Any]] | None = None,
) -> Any:
    """The array that `node` is, with the axes of the node, when its variables have `values`.

    A value may have unit axes that the variable lacks. `sizes` gives the dimensions that no variable shows; `xp` is
    numpy (the default) or jax.numpy; `functions` holds callables for abstract functions, by name with primes.
    """
    if xp is None:
        import numpy as xp
    known = {**_sizes(node, values, xp), **(sizes or {})}
    results: dict[Node, Any] = {}
    for each in topological([node]):
        operands = [results[child] for child in each.children]
        results[each] = _value(each, operands, values, known, xp, functions or {})
    return results[node]


def _sizes(node: Node, values: Mapping[str, Any], xp: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for symbol in symbols(node):
        counts = [count for count in xp.shape(values[symbol.name]) if count != 1]
        # An axis of size one cannot be told from a unit axis; such a size has to be given.
        if len(counts) == len(symbol.axes):
            pairs = zip(symbol.axes, counts, strict=True)
            found.update((dim, count) for dim, count in pairs if isinstance(dim, str))
    return found


def _value(
    node: Node,
    operands: list[Any],
    values: Mapping[str, Any],
    sizes: dict[str, int],
    xp: Any,
    functions: Mapping[str, Callable[[Any], Any]],
) -> Any:
    shape = tuple(dim_value(dim, sizes) for dim in node.axes)
    if isinstance(node, Symbol):
        return xp.reshape(xp.asarray(values[node.name]), shape)
    if isinstance(node, Constant):
        return xp.asarray(CONSTANTS[node.name])
    if isinstance(node, Size):
        return xp.asarray(float(dim_value(node.dim, sizes)))
    if isinstance(node, Sum):
        result = xp.zeros(shape)
        for (coefficient, _), operand in zip(node.terms, operands, strict=True):
            result = result + float(coefficient) * operand
        return result
    if isinstance(node, Contract):
        return _contraction(node, operands, [dim_value(dim, sizes) for dim in node.sizes], xp)
    if isinstance(node, (Fuse, Split)):
        return xp.reshape(operands[0], shape)
    if isinstance(node, Map) and isinstance(node.function, AbstractFunction):
        return functions[node.function.name](operands[0])
    if isinstance(node, Map):
        assert isinstance(node.function, Elementwise)
        return node.function.value(xp, *operands)
    assert isinstance(node, Apply) and isinstance(node.function, Function)
    return node.function.value(xp, *operands, *node.parameters)


def _contraction(node: Contract, operands: list[Any], sizes: list[int], xp: Any) -> Any:
    """One einsum. Ones stand for labels that no factor has, and deltas tie labels that come out twice."""
    arguments: list[Any] = [xp.asarray(1.0), []]
    held: set[int] = set()
    for operand, (_, labels) in zip(operands, node.factors, strict=True):
        arguments += [operand, list(labels)]
        held.update(labels)
    out: list[int] = []
    for position, label in enumerate(node.out):
        if label in out:
            arguments += [xp.eye(sizes[label]), [label, len(sizes) + position]]
            out.append(len(sizes) + position)
        else:
            out.append(label)
            if label not in held:
                arguments += [xp.ones(sizes[label]), [label]]
    return xp.einsum(*arguments, out, optimize="greedy")
