"""Layouts: which two dimensions a derivative has, by the shape convention and as a Jacobian (numerator layout).

A derivative's node has the axes (output axes…, variable axes…). By the shape convention these stay as they are, rows
and scalars oriented as the table in the contract says; a Jacobian fuses the outputs into rows and the inputs into
columns, matrices in the order of vec (columns stacked); the denominator layout is its transpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from matcalc.errors import DomainError
from matcalc.shapes.dims import Dim, dim_product

Shape = tuple[Dim, ...]

LAYOUTS = ("shape", "jacobian", "denominator")


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How a derivative's axes become a shape: `order` permutes them, `groups` fuse them, `shape` is the result.

    Two entries of `shape` may be 1 where the node has no axis.
    """

    order: tuple[int, ...]
    groups: tuple[int, ...]
    shape: Shape


def check_layout(layout: str) -> None:
    """Raises DomainError for a layout that does not exist."""
    if not isinstance(layout, str) or layout not in LAYOUTS:
        raise DomainError(f"there is no layout '{layout}'", hint=f"one of {', '.join(LAYOUTS)}")


def axes_of(shape: Shape) -> Shape:
    """The dimensions that are axes: unit dimensions of a row, a column or a scalar are none."""
    return tuple(dim for dim in shape if dim != 1)


def arrange(output: Shape, variables: Sequence[Shape], layout: str) -> Arrangement:
    """How the derivative of an output of shape `output` by variables (one per order) is laid out."""
    check_layout(layout)
    return _arranged(output, tuple(variables), layout)


@lru_cache(maxsize=1024)
def _arranged(output: Shape, variables: tuple[Shape, ...], layout: str) -> Arrangement:
    return _shape_convention(output, variables) if layout == "shape" else _jacobian(output, variables, layout)


def _shape_convention(output: Shape, variables: Sequence[Shape]) -> Arrangement:
    outer = axes_of(output)
    inner = tuple(dim for shape in variables for dim in axes_of(shape))
    axes = (*outer, *inner)
    order = tuple(range(len(axes)))
    groups = (1,) * len(axes)
    oriented = [shape for shape in (output, *variables) if axes_of(shape)]
    if len(oriented) == 1 and len(axes) < 3:
        # One of the shapes is all there is: it keeps its orientation, unless a row is an output.
        shape = oriented[0]
        if not outer or len(shape) != 2 or shape[0] != 1:
            return Arrangement(order, groups, shape if len(shape) == 2 else (*shape, 1))
    if not axes:
        return Arrangement(order, groups, (1, 1))
    return Arrangement(order, groups, axes if len(axes) > 1 else (axes[0], 1))


def _jacobian(output: Shape, variables: Sequence[Shape], layout: str) -> Arrangement:
    """∂vec(output)/∂vec(variable); at order 2 ∂vec(G)/∂vec(second), where G is the gradient by the first."""
    shapes = [output, *variables]
    places, start = [], 0
    for shape in shapes:
        count = len(axes_of(shape))
        places.append(tuple(range(start, start + count)))
        start += count
    rows = [place for run in reversed(places[:-1]) for place in _by_columns(run)]
    columns = list(_by_columns(places[-1]))
    if layout == "denominator":
        rows, columns = columns, rows
    axes = tuple(dim for shape in shapes for dim in axes_of(shape))
    groups = tuple(len(side) for side in (rows, columns) if side)
    shape = tuple(dim_product(axes[place] for place in side) for side in (rows, columns))
    return Arrangement((*rows, *columns), groups, shape)


def _by_columns(run: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of one matrix in the order of vec: the column index is the slow one."""
    return run[::-1] if len(run) == 2 else run
