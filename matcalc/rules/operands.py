"""What a function of the language is given and gives back: a node with its two-dimensional shape, and shape rules.

The index graph has no rows, columns or unit axes; the language has. An `Operand` carries both sides, and the helpers
here translate: `labels` names the axes that a node really has, `broadcast` lays operands over one grid.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple

from matcalc.errors import ShapeError
from matcalc.graph import Node, contract
from matcalc.shapes.broadcast import SCALAR, Shape, is_scalar
from matcalc.shapes.broadcast import broadcast_shape as pair_shape
from matcalc.shapes.dims import Dim, dim_parts, dim_product
from matcalc.shapes.mismatch import shape_text


class Operand(NamedTuple):
    """A value of the language: `node`, and `shape` = (rows, columns) with 1 for a unit dimension.

    From rank 3 on (an index form with three letters) `shape` is the tuple of all dimensions.
    """

    node: Node
    shape: Shape


def labels(shape: Shape, row: object, column: object) -> tuple[object, ...]:
    """The labels of the axes that a node of this shape has: unit dimensions have none."""
    return tuple(label for dim, label in zip(shape, (row, column), strict=True) if dim != 1)


@dataclass(frozen=True, slots=True)
class ShapeRule:
    """One way in which shapes fit: `(m,n),(n,p)->(m,p)`.

    Names are placeholders local to the rule, or options of the same name (`eye(n)`); integers stand for themselves.
    `broadcast` says that the inputs are laid over each other instead, and `inputs` holds nothing.
    """

    inputs: tuple[Shape, ...]
    output: Shape
    broadcast: bool = False

    def match(self, shapes: Sequence[Shape], known: Mapping[str, Dim]) -> Shape | None:
        """The result's shape when operands have `shapes`; None when they do not fit."""
        if self.broadcast:
            return broadcast_shape(shapes)
        bound = dict(known)
        for wanted, given in zip_longest(self.inputs, shapes):
            if wanted is None or given is None or len(wanted) != len(given):
                return None
            for pattern, dim in zip(wanted, given, strict=True):
                value = pattern if isinstance(pattern, int) else bound.setdefault(str(pattern), dim)
                if value != dim:
                    return None
        return tuple(_substitute(dim, bound) for dim in self.output)

    def wanted(self) -> str:
        """The inputs of the rule for an error message."""
        return "one common shape" if self.broadcast else " and ".join(map(shape_text, self.inputs))


BROADCAST = ShapeRule((), (), broadcast=True)


def _substitute(dim: Dim, bound: Mapping[str, Dim]) -> Dim:
    if dim in bound:
        return bound[dim]  # type: ignore[index]
    return dim_product(part if isinstance(part, int) else bound[part] for part in dim_parts(dim))


@lru_cache(maxsize=256)
def parse_rules(text: str) -> tuple[ShapeRule, ...]:
    """The rules of a text such as `"(n,1)->(n,n); (1,n)->(n,n)"`; alternatives in order of preference."""
    if text == "broadcast":
        return (BROADCAST,)
    rules = []
    for alternative in text.split(";"):
        before, after = alternative.split("->")
        rules.append(ShapeRule(_shapes(before), _shapes(after)[0]))
    return tuple(rules)


def _shapes(text: str) -> tuple[Shape, ...]:
    return tuple(tuple(map(_dim, group.split(","))) for group in re.findall(r"\(([^)]*)\)", text))


def _dim(text: str) -> Dim:
    return dim_product(int(part) if part.isdigit() else part for part in text.replace(" ", "").split("*"))


def broadcast_shape(shapes: Iterable[Shape]) -> Shape | None:
    """The common shape of operands laid over each other; None when they do not fit."""
    result: Shape | None = SCALAR
    for shape in shapes:
        result = pair_shape(result, shape) if result is not None else None
    return result


def broadcast(operands: Sequence[Operand], what: str = "the operands") -> tuple[tuple[Node, ...], Shape]:
    """Nodes that all have the axes of the common shape; scalars stay scalars, since they ride along anyway.

    Raises ShapeError, naming the shapes, when `operands` do not fit over each other.
    """
    shape = broadcast_shape(operand.shape for operand in operands)
    if shape is None:
        shapes = " and ".join(shape_text(operand.shape) for operand in operands)
        raise ShapeError(
            f"{what} of shapes {shapes} do not fit over each other", hint=transpose_hint(operands)
        )
    return tuple(spread(operand, shape) for operand in operands), shape


def spread(operand: Operand, shape: Shape) -> Node:
    """The operand's node repeated along the axes of `shape` that it lacks; a scalar is left as it is."""
    if operand.shape == shape or is_scalar(operand.shape):
        return operand.node
    own = [place for place, dim in enumerate(operand.shape) if dim != 1]
    out = [place for place, dim in enumerate(shape) if dim != 1]
    if own == out:
        return operand.node
    return contract([(operand.node, tuple(own))], tuple(out), {place: shape[place] for place in out})


def filled(operand: Operand, shape: Shape) -> Node:
    """Like `spread`, but a scalar is repeated too: the result has every axis of `shape`."""
    own = tuple(place for place, dim in enumerate(operand.shape) if dim != 1)
    out = tuple(place for place, dim in enumerate(shape) if dim != 1)
    if len(own) == len(out):
        return operand.node
    return contract([(operand.node, own)], out, {place: shape[place] for place in out})


def transpose_hint(operands: Sequence[Operand]) -> str | None:
    """The likeliest repair of two shapes that do not fit: one of them transposed, if that helps."""
    if len(operands) != 2:
        return None
    first, second = operands[0].shape, operands[1].shape
    if len(second) == 2 and broadcast_shape((first, second[::-1])) is not None:
        return f"the second transposed has shape {shape_text(second[::-1])}, which would fit"
    return None
