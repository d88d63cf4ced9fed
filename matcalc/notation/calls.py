"""Leaves and calls: variables in their declared orientation, and genuine functions with the axis they work along."""

from __future__ import annotations

from fractions import Fraction

from matcalc.graph import Apply, Symbol
from matcalc.notation import pieces
from matcalc.notation.shapes import shape_of
from matcalc.notation.tree import Name, Shape, Transposed, Tree
from matcalc.notation.written import Written


def write_symbol(node: Symbol) -> Tree:
    """A variable as a column; one declared as a row is the transpose of its name."""
    if len(node.shape) == 2 and node.shape[0] == 1 and node.axes:
        return pieces.transposed(Name((1, node.axes[0]), node.name))
    return Name(shape_of(node), node.name)


def write_call(writer: Written, node: Apply) -> Tree:
    """A genuine function of its operands; what rides along says along which axis it works."""
    arguments = [writer.tree(child) for child in node.children]
    arguments += [pieces.literal(p) for p in node.parameters if isinstance(p, (int, float, Fraction))]
    shape = shape_of(node)
    name = node.function.name
    if not node.batch:
        return pieces.call(name, shape, *arguments)
    if isinstance(arguments[0], Transposed) and len(arguments) == 1 and len(node.axes) == 2:
        columns: Shape = (1, shape[0]) if shape[1] == 1 else (shape[1], shape[0])
        return pieces.transposed(pieces.call(name, columns, arguments[0].body, axis=0))
    return pieces.call(name, shape, *arguments, axis=1)
