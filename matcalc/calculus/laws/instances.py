"""The right side of a law: a pattern with what its variables stand for."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from matcalc.graph import (
    ONE,
    Apply,
    Contract,
    Fuse,
    Map,
    Node,
    Size,
    Split,
    Sum,
    Symbol,
    apply,
    contract,
    elementwise,
    fuse,
    linear,
    multiply,
    number_value,
    size,
    split,
    symbols,
    topological,
)
from matcalc.shapes.dims import Dim, dim_product

# What the variables of a pattern stand for, and its dimensions under ("size", name).
Binding = Mapping[Hashable, Any]


def instantiated(pattern: Node, bound: Binding, scalar: bool) -> Node:
    """The pattern with what its variables stand for; of a scalar pattern the formula entry by entry."""
    made: dict[Node, Node] = {}
    for part in topological([pattern]):
        made[part] = _scalar_part(part, made, bound) if scalar else _part(part, made, bound)
    return made[pattern]


def known_instance(pattern: Node, bound: Binding, scalar: bool) -> Node | None:
    """What a pattern that is built of variables stands for, where these are all bound."""
    if not pattern.children or not all([variable in bound for variable in _variables(pattern)]):
        return None
    if number_value(pattern) is not None:
        return None
    return instantiated(pattern, bound, scalar)


@lru_cache(maxsize=1024)
def _variables(pattern: Node) -> tuple[Symbol, ...]:
    return tuple(symbols(pattern))


def _scalar_part(part: Node, made: Mapping[Node, Node], bound: Binding) -> Node:
    inner = [made[child] for child in part.children]
    if isinstance(part, Symbol):
        return bound[part]  # type: ignore[no-any-return]
    if isinstance(part, Sum):
        own = max((node.axes for node in inner), key=len, default=())
        return linear([(c, filled(n, own)) for (c, _), n in zip(part.terms, inner, strict=True)], own)
    if isinstance(part, Contract):
        return multiply(*inner) if inner else ONE
    if isinstance(part, Map):
        return elementwise(part.function, *inner)
    return part


def filled(node: Node, axes: Sequence[Dim]) -> Node:
    """A node that may be a scalar, repeated over `axes`."""
    if node.axes or not axes:
        return node
    return contract([(node, ())], tuple(range(len(axes))), dict(enumerate(axes)))


def _part(part: Node, made: Mapping[Node, Node], bound: Binding) -> Node:
    inner = [made[child] for child in part.children]
    if isinstance(part, Symbol):
        return bound[part]  # type: ignore[no-any-return]
    if isinstance(part, Size):
        return size(*_sizes([part.dim], bound))
    if isinstance(part, Sum):
        return linear(
            [(c, node) for (c, _), node in zip(part.terms, inner, strict=True)], _sizes(part.axes, bound)
        )
    if isinstance(part, Contract):
        pairs = [(node, labels) for node, (_, labels) in zip(inner, part.factors, strict=True)]
        return contract(pairs, part.out, dict(enumerate(_sizes(part.sizes, bound))))
    if isinstance(part, Map):
        return elementwise(part.function, *inner)
    if isinstance(part, Apply):
        return apply(part.function, inner, part.parameters)
    if isinstance(part, Fuse):
        return fuse(inner[0], part.groups)
    if isinstance(part, Split):
        return split(inner[0], [_sizes(sizes, bound) for sizes in part.parts])
    return part


def _sizes(dims: Sequence[Dim], bound: Binding) -> tuple[Dim, ...]:
    return tuple(
        dim_product(_sizes(dim, bound))
        if isinstance(dim, tuple)
        else dim
        if isinstance(dim, int)
        else bound["size", dim]
        for dim in dims
    )
