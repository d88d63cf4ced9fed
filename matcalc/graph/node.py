"""The nodes of the index graph, and their interning: a node is built once, equality is identity.

A node has ordered axes and nothing else of a shape: no unit axes, no rows, no columns. Nodes are made only by the
builders beside this file, which normalise; the classes here only hold and intern what they are given.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from functools import lru_cache
from hashlib import blake2b
from typing import Any, ClassVar, Protocol, TypeVar
from weakref import ref

from matcalc.graph.numbers import Coefficient
from matcalc.shapes.dims import Dim, dim_text

Axes = tuple[Dim, ...]
Factor = tuple["Node", tuple[int, ...]]

# A count of operators only has to tell small from large, and must not grow exponentially with sharing.
_WEIGHT_CAP = 1_000


@lru_cache(maxsize=4096)
def _text_key(text: str) -> int:
    """A number for a text, the same in every process."""
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest(), "big")


@lru_cache(maxsize=4096)
def _axes_key(axes: Axes) -> int:
    return _text_key(",".join(map(dim_text, axes)))


@lru_cache(maxsize=4096)
def _coefficient_key(kind: str, value: Coefficient) -> int:
    """A number for a coefficient: 1/2 and 0.5 differ, and so do -1 and -2, which hash() takes for one."""
    return _text_key(f"{kind} {value!r}")


class NamedFunction(Protocol):
    """What a node needs of a function: a name that tells it from every other."""

    @property
    def name(self) -> str: ...


class Node:
    """A value with axes. `children` are its operands, `digest` orders nodes independently of history.

    `flat` says that below it no contraction stands in a contraction and no sum in a sum, `weight` counts the operators
    that writing it takes (capped), `symmetric` says that exchanging its two axes gives the same node.
    """

    __slots__ = ("__weakref__", "axes", "children", "digest", "flat", "symmetric", "weight")
    kind: ClassVar[int]

    axes: Axes
    children: tuple[Node, ...]
    digest: int
    flat: bool
    symmetric: bool
    weight: int

    def __init_subclass__(cls) -> None:
        cls.kind = _text_key(cls.__name__)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} axes=({', '.join(map(dim_text, self.axes))})>"


class Symbol(Node):
    """A variable. `shape` is as declared, (1, n) for a row; its axes are the dimensions that are not 1."""

    __slots__ = ("name", "properties", "shape")
    name: str
    shape: Axes
    properties: frozenset[str]


class Constant(Node):
    """A named number, such as pi."""

    __slots__ = ("name",)
    name: str


class Size(Node):
    """The size of a named dimension, as a scalar value."""

    __slots__ = ("dim",)
    dim: Dim


class Sum(Node):
    """Σ coefficient · node over terms with the same axes; no terms is zero, one term a multiple."""

    __slots__ = ("terms",)
    terms: tuple[tuple[Coefficient, Node], ...]


class Contract(Node):
    """Multiply entries, sum over the labels that do not come out.

    `out` may repeat a label (a diagonal) and hold labels that no factor has (a broadcast); `sizes[label]` is a Dim.
    """

    __slots__ = ("factors", "out", "sizes")
    factors: tuple[Factor, ...]
    out: tuple[int, ...]
    sizes: Axes


class Map(Node):
    """An elementwise function; every operand has the node's axes or is a scalar."""

    __slots__ = ("function",)
    function: NamedFunction


class Apply(Node):
    """A genuine function as a gufunc: batch axes first, then the axes of the function's own."""

    __slots__ = ("batch", "function", "parameters")
    function: NamedFunction
    parameters: tuple[Hashable, ...]
    batch: int


class Fuse(Node):
    """Groups of consecutive axes made one each, the first of a group being the slowest."""

    __slots__ = ("groups",)
    groups: tuple[int, ...]


class Split(Node):
    """The inverse of `Fuse`: `parts[k]` are the sizes into which axis k falls."""

    __slots__ = ("parts",)
    parts: tuple[Axes, ...]


class _Entry(ref[Node]):
    """A weak reference that knows under which key its node is interned."""

    __slots__ = ("key",)
    key: tuple[object, ...]


_interned: dict[tuple[object, ...], _Entry] = {}
_lock = threading.RLock()
_Kind = TypeVar("_Kind", bound=Node)


def live_nodes() -> int:
    """How many nodes are alive: 1,000 derivations must leave this as they found it."""
    return len(_interned)


def _forget(entry: _Entry) -> None:
    with _lock:
        held = _interned.pop(entry.key, None)
        if held is not entry and held is not None:
            # The place was taken by a new node in the meantime.
            _interned[entry.key] = held


def _find(key: tuple[object, ...]) -> Any:
    """The living node of this key, or None."""
    entry = _interned.get(key)
    return None if entry is None else entry()


def _publish(
    node: _Kind,
    key: tuple[object, ...],
    axes: Axes,
    children: tuple[Node, ...],
    digest_parts: tuple[object, ...],
    weight: int,
    symmetric: bool,
    flat: bool,
) -> _Kind:
    """Intern a new node whose own fields are set.

    `digest_parts` are integers and tuples of them that tell the structure.
    """
    node.axes = axes
    node.children = children
    # hash() of tuples of integers does not depend on PYTHONHASHSEED; texts enter as keys of their own.
    node.digest = hash((node.kind, digest_parts))
    node.weight = weight if weight < _WEIGHT_CAP else _WEIGHT_CAP
    node.symmetric = symmetric
    node.flat = flat
    entry = _Entry(node, _forget)
    entry.key = key
    with _lock:
        held = _interned.setdefault(key, entry)
        if held is not entry:
            # Another thread was faster, or the node that was there has just died.
            other = held()
            if other is not None:
                return other  # type: ignore[return-value]
            _interned[key] = entry
    return node


def make_symbol(name: str, shape: Axes, properties: frozenset[str]) -> Symbol:
    """The variable of this name, declared shape and properties."""
    key = (Symbol, name, shape, properties)
    found: Symbol | None = _find(key)
    if found is not None:
        return found
    node = Symbol()
    node.name, node.shape, node.properties = name, shape, properties
    axes = tuple(dim for dim in shape if dim != 1)
    symmetric = len(axes) == 2 and bool(properties & {"symmetric", "spd", "diagonal"})
    parts = (_text_key(name), _axes_key(shape), _text_key(",".join(sorted(properties))))
    return _publish(node, key, axes, (), parts, 0, symmetric, True)


def make_constant(name: str) -> Constant:
    """A named number."""
    key = (Constant, name)
    found: Constant | None = _find(key)
    if found is not None:
        return found
    node = Constant()
    node.name = name
    return _publish(node, key, (), (), (_text_key(name),), 0, False, True)


def make_size(dim: Dim) -> Size:
    """The size of a named dimension."""
    key = (Size, dim)
    found: Size | None = _find(key)
    if found is not None:
        return found
    node = Size()
    node.dim = dim
    return _publish(node, key, (), (), (_text_key(dim_text(dim)),), 0, False, True)


def make_sum(terms: tuple[tuple[Coefficient, Node], ...], axes: Axes, mirrored: bool = False) -> Sum:
    """A sum whose terms are collected and in canonical order.

    `mirrored` says that transposition maps the terms onto each other, as in X + Xᵀ; a sum of symmetric terms is
    symmetric anyway.
    """
    # 1/2 and 0.5 are equal numbers but not the same coefficient.
    key = (Sum, terms, tuple([c.__class__ for c, _ in terms]), axes)
    found: Sum | None = _find(key)
    if found is not None:
        return found
    node = Sum()
    node.terms = terms
    parts: list[object] = [_axes_key(axes)]
    weight = max(0, len(terms) - 1)
    flat = True
    for coefficient, term in terms:
        parts += (_coefficient_key(coefficient.__class__.__name__, coefficient), term.digest)
        kind = term.__class__
        flat = flat and term.flat and kind is not Sum and not (kind is Contract and _spreads_sum(term))
        weight += term.weight
        if coefficient not in (1, -1) and (term.children or term.axes):
            weight += 1
    square = len(axes) == 2 and axes[0] == axes[1]
    symmetric = square and (mirrored or all([term.symmetric for _, term in terms]))
    return _publish(
        node, key, axes, tuple([term for _, term in terms]), tuple(parts), weight, symmetric, flat
    )


def _spreads_sum(node: Node) -> bool:
    """Whether a contraction only repeats or transposes a sum."""
    return len(node.children) == 1 and node.children[0].__class__ is Sum


def make_contract(
    factors: tuple[Factor, ...], out: tuple[int, ...], sizes: Axes, symmetric: bool
) -> Contract:
    """A contraction in canonical order."""
    key = (Contract, factors, out, sizes)
    found: Contract | None = _find(key)
    if found is not None:
        return found
    node = Contract()
    node.factors, node.out, node.sizes = factors, out, sizes
    parts: list[object] = [_axes_key(sizes), out]
    weight = max(0, len(factors) - 1)
    flat = True
    for factor, labels in factors:
        parts += (factor.digest, labels)
        weight += factor.weight
        kind = factor.__class__
        flat = (
            flat and factor.flat and kind is not Contract and not (kind is Sum and len(factor.children) < 2)
        )
    axes = tuple([sizes[label] for label in out])
    children = tuple([factor for factor, _ in factors])
    return _publish(node, key, axes, children, tuple(parts), weight, symmetric, flat)


def make_map(function: NamedFunction, operands: tuple[Node, ...], axes: Axes) -> Map:
    """An elementwise function of operands that have `axes` or none."""
    key = (Map, function.name, function, operands)
    found: Map | None = _find(key)
    if found is not None:
        return found
    node = Map()
    node.function = function
    parts = (_text_key(function.name), *[operand.digest for operand in operands])
    weight = 1 + sum([operand.weight for operand in operands])
    symmetric = len(axes) == 2 and all([operand.symmetric or not operand.axes for operand in operands])
    return _publish(node, key, axes, operands, parts, weight, symmetric, all([one.flat for one in operands]))


def make_apply(
    function: NamedFunction,
    parameters: tuple[Hashable, ...],
    operands: tuple[Node, ...],
    axes: Axes,
    batch: int,
    symmetric: bool,
) -> Apply:
    """A genuine function of its operands."""
    key = (Apply, function.name, function, parameters, operands, batch)
    found: Apply | None = _find(key)
    if found is not None:
        return found
    node = Apply()
    node.function, node.parameters, node.batch = function, parameters, batch
    told = _text_key(repr((parameters, batch)))
    parts = (_text_key(function.name), told, *[operand.digest for operand in operands])
    weight = 1 + sum([operand.weight for operand in operands])
    return _publish(node, key, axes, operands, parts, weight, symmetric, all([one.flat for one in operands]))


def make_fuse(operand: Node, groups: tuple[int, ...], axes: Axes) -> Fuse:
    """Consecutive axes of `operand`, fused by groups."""
    key = (Fuse, operand, groups)
    found: Fuse | None = _find(key)
    if found is not None:
        return found
    node = Fuse()
    node.groups = groups
    return _publish(
        node, key, axes, (operand,), (operand.digest, groups), 1 + operand.weight, False, operand.flat
    )


def make_split(operand: Node, parts: tuple[Axes, ...], axes: Axes) -> Split:
    """The axes of `operand`, split into parts."""
    key = (Split, operand, parts)
    found: Split | None = _find(key)
    if found is not None:
        return found
    node = Split()
    node.parts = parts
    return _publish(
        node,
        key,
        axes,
        (operand,),
        (operand.digest, tuple([_axes_key(part) for part in parts])),
        1 + operand.weight,
        False,
        operand.flat,
    )
