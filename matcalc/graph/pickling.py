"""Pickling without recursion: a graph travels as a flat list of nodes, each naming its operands by position.

Importing this file teaches `pickle` and `copy` how.
"""

from __future__ import annotations

import copyreg
from typing import Any

from matcalc.graph import node as nodes
from matcalc.graph.node import Node
from matcalc.graph.walk import topological


def dump(root: Node) -> list[tuple[Any, ...]]:
    """The graph below `root` as plain tuples, operands first."""
    order = topological([root])
    place = {node: index for index, node in enumerate(order)}
    return [_record(node, place) for node in order]


def _record(node: Node, place: dict[Node, int]) -> tuple[Any, ...]:
    inside = tuple(place[child] for child in node.children)
    match node:
        case nodes.Symbol():
            return "symbol", node.name, node.shape, tuple(sorted(node.properties))
        case nodes.Constant():
            return "constant", node.name
        case nodes.Size():
            return "size", node.dim
        case nodes.Sum():
            return "sum", inside, tuple(c for c, _ in node.terms), node.axes, node.symmetric
        case nodes.Contract():
            labels = tuple(held for _, held in node.factors)
            return "contract", inside, labels, node.out, node.sizes, node.symmetric
        case nodes.Map():
            return "map", node.function, inside, node.axes
        case nodes.Apply():
            return "apply", node.function, node.parameters, inside, node.axes, node.batch, node.symmetric
        case nodes.Fuse():
            return "fuse", inside, node.groups, node.axes
        case nodes.Split():
            return "split", inside, node.parts, node.axes
    raise TypeError(f"a {type(node).__name__} cannot be pickled")


def load(records: list[tuple[Any, ...]]) -> Node:
    """The node that `dump` described, interned here."""
    built: list[Node] = []
    for kind, *fields in records:
        built.append(_build(kind, fields, built))
    return built[-1]


def _build(kind: str, fields: list[Any], built: list[Node]) -> Node:
    def pick(places: tuple[int, ...]) -> tuple[Node, ...]:
        return tuple(built[index] for index in places)

    if kind == "symbol":
        return nodes.make_symbol(fields[0], fields[1], frozenset(fields[2]))
    if kind == "constant":
        return nodes.make_constant(fields[0])
    if kind == "size":
        return nodes.make_size(fields[0])
    if kind == "sum":
        return nodes.make_sum(tuple(zip(fields[1], pick(fields[0]), strict=True)), fields[2], fields[3])
    if kind == "contract":
        factors = tuple(zip(pick(fields[0]), fields[1], strict=True))
        return nodes.make_contract(factors, *fields[2:])
    if kind == "map":
        return nodes.make_map(fields[0], pick(fields[1]), fields[2])
    if kind == "apply":
        return nodes.make_apply(fields[0], fields[1], pick(fields[2]), *fields[3:])
    if kind == "fuse":
        return nodes.make_fuse(pick(fields[0])[0], fields[1], fields[2])
    return nodes.make_split(pick(fields[0])[0], fields[1], fields[2])


def _reduced(root: Node) -> tuple[Any, ...]:
    return load, (dump(root),)


for _kind in Node.__subclasses__():
    copyreg.pickle(_kind, _reduced)
