"""The nodes of the index graph, and their interning: a node is built once, equality is identity.

A node has ordered axes and nothing else of a shape: no unit axes, no rows, no columns. Nodes are made only by the
builders beside this file, which normalise; the classes here only hold and intern what they are given.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from hashlib import blake2b
from typing import Protocol, TypeVar, runtime_checkable
from weakref import WeakValueDictionary

from matcalc.graph.numbers import Coefficient, coefficient_key
from matcalc.shapes.dims import Dim, dim_text

Axes = tuple[Dim, ...]
Factor = tuple["Node", tuple[int, ...]]

# A count of operators only has to tell small from large, and must not grow exponentially with sharing.
_WEIGHT_CAP = 1_000


@runtime_checkable
class NamedFunction(Protocol):
    """What a node needs of a function: a name that tells it from every other."""

    @property
    def name(self) -> str: ...


class Node:
    """A value with axes. `children` are its operands, `digest` orders nodes independently of history.

    `weight` counts the operators that writing it takes (capped), `symmetric` says that exchanging its two axes
    gives the same node.
    """

    __slots__ = ("__weakref__", "axes", "children", "digest", "symmetric", "weight")

    axes: Axes
    children: tuple[Node, ...]
    digest: bytes
    symmetric: bool
    weight: int

    def __repr__(self) -> str:
        return f"<{type(self).__name__} axes=({', '.join(map(dim_text, self.axes))})>"

    def __reduce__(self) -> tuple[object, ...]:
        from matcalc.graph.pickling import dump, load

        return load, (dump(self),)


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


_interned: WeakValueDictionary[tuple[object, ...], Node] = WeakValueDictionary()
_lock = threading.RLock()
_Kind = TypeVar("_Kind", bound=Node)


def live_nodes() -> int:
    """How many nodes are alive: 1,000 derivations must leave this as they found it."""
    return len(_interned)


def intern(
    kind: type[_Kind],
    key: tuple[object, ...],
    axes: Axes,
    children: tuple[Node, ...],
    digest_parts: Sequence[bytes],
    weight: int,
    symmetric: bool,
    fields: tuple[tuple[str, object], ...],
) -> _Kind:
    """The one node of this kind and key. `digest_parts` are structural bytes, equal for equal keys."""
    found = _interned.get(key)
    if found is not None:
        return found  # type: ignore[return-value]
    node = kind.__new__(kind)
    node.axes = axes
    node.children = children
    node.digest = blake2b(b"\0".join((kind.__name__.encode(), *digest_parts)), digest_size=12).digest()
    node.weight = min(weight, _WEIGHT_CAP)
    node.symmetric = symmetric
    for name, value in fields:
        setattr(node, name, value)
    with _lock:
        return _interned.setdefault(key, node)  # type: ignore[return-value]


def _axes_bytes(axes: Axes) -> bytes:
    return ",".join(map(dim_text, axes)).encode()


def make_symbol(name: str, shape: Axes, properties: frozenset[str]) -> Symbol:
    """The variable of this name, declared shape and properties."""
    axes = tuple(dim for dim in shape if dim != 1)
    symmetric = len(axes) == 2 and bool(properties & {"symmetric", "spd", "diagonal"})
    parts = (name.encode(), _axes_bytes(shape), ",".join(sorted(properties)).encode())
    fields = (("name", name), ("shape", shape), ("properties", properties))
    return intern(Symbol, (Symbol, name, shape, properties), axes, (), parts, 0, symmetric, fields)


def make_constant(name: str) -> Constant:
    """A named number."""
    return intern(Constant, (Constant, name), (), (), (name.encode(),), 0, False, (("name", name),))


def make_size(dim: Dim) -> Size:
    """The size of a named dimension."""
    return intern(Size, (Size, dim), (), (), (dim_text(dim).encode(),), 0, False, (("dim", dim),))


def make_sum(terms: tuple[tuple[Coefficient, Node], ...], axes: Axes) -> Sum:
    """A sum whose terms are collected and in canonical order."""
    keys = tuple((*coefficient_key(c), node) for c, node in terms)
    parts = [_axes_bytes(axes)]
    weight = max(0, len(terms) - 1)
    for coefficient, node in terms:
        parts += (repr(coefficient).encode(), node.digest)
        weight += node.weight + (coefficient not in (1, -1) and bool(node.children or node.axes))
    symmetric = len(axes) == 2 and axes[0] == axes[1] and _symmetric_terms(terms)
    children = tuple(node for _, node in terms)
    return intern(Sum, (Sum, keys, axes), axes, children, parts, weight, symmetric, (("terms", terms),))


def _symmetric_terms(terms: tuple[tuple[Coefficient, Node], ...]) -> bool:
    """Whether transposition maps the terms onto each other (X + Xᵀ counts)."""
    if all(node.symmetric for _, node in terms):
        return True
    from matcalc.graph.contraction import transposed_key

    coefficients = {transposed_key(node, False): c for c, node in terms}
    return all(coefficients.get(transposed_key(node, True)) == c for c, node in terms)


def make_contract(
    factors: tuple[Factor, ...], out: tuple[int, ...], sizes: Axes, symmetric: bool
) -> Contract:
    """A contraction in canonical order."""
    axes = tuple(sizes[label] for label in out)
    parts = [_axes_bytes(sizes), repr(out).encode()]
    weight = max(0, len(factors) - 1)
    for node, labels in factors:
        parts += (node.digest, repr(labels).encode())
        weight += node.weight
    fields = (("factors", factors), ("out", out), ("sizes", sizes))
    children = tuple(node for node, _ in factors)
    return intern(Contract, (Contract, factors, out, sizes), axes, children, parts, weight, symmetric, fields)


def make_map(function: NamedFunction, operands: tuple[Node, ...], axes: Axes) -> Map:
    """An elementwise function of operands that have `axes` or none."""
    parts = (function.name.encode(), *(node.digest for node in operands))
    weight = 1 + sum(node.weight for node in operands)
    symmetric = len(axes) == 2 and all(node.symmetric or not node.axes for node in operands)
    key = (Map, function.name, function, operands)
    return intern(Map, key, axes, operands, parts, weight, symmetric, (("function", function),))


def make_apply(
    function: NamedFunction,
    parameters: tuple[Hashable, ...],
    operands: tuple[Node, ...],
    axes: Axes,
    batch: int,
    symmetric: bool,
) -> Apply:
    """A genuine function of its operands."""
    parts = (function.name.encode(), repr((parameters, batch)).encode(), *(node.digest for node in operands))
    weight = 1 + sum(node.weight for node in operands)
    key = (Apply, function.name, function, parameters, operands, batch)
    fields = (("function", function), ("parameters", parameters), ("batch", batch))
    return intern(Apply, key, axes, operands, parts, weight, symmetric, fields)


def make_fuse(operand: Node, groups: tuple[int, ...], axes: Axes) -> Fuse:
    """Consecutive axes of `operand`, fused by groups."""
    parts = (operand.digest, repr(groups).encode())
    fields = (("groups", groups),)
    return intern(Fuse, (Fuse, operand, groups), axes, (operand,), parts, 1 + operand.weight, False, fields)


def make_split(operand: Node, split_parts: tuple[Axes, ...], axes: Axes) -> Split:
    """The axes of `operand`, split into parts."""
    parts = (operand.digest, repr(split_parts).encode())
    fields = (("parts", split_parts),)
    key = (Split, operand, split_parts)
    return intern(Split, key, axes, (operand,), parts, 1 + operand.weight, False, fields)
