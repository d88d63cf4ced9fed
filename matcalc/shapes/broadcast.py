"""The algebra of two-dimensional shapes: what products, sums and elementwise operations make of (rows, columns).

Whether two dimensions are the same is asked of `same`: equality for known shapes, a `Unifier` while shapes are still
being inferred. A dimension of 1 is known to be 1 in either case, so that broadcasting never has to guess.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from matcalc.shapes.dims import Dim

Shape = tuple[Dim, ...]
Same = Callable[[Any, Any], bool]
SCALAR: Shape = (1, 1)


def is_scalar(shape: Shape) -> bool:
    """Whether all dimensions are 1."""
    return all(dim == 1 for dim in shape)


def two_dimensional(shape: Shape) -> Shape:
    """A declared shape as (rows, columns): () is a scalar, (n,) a column."""
    return (*shape, 1, 1)[:2] if len(shape) < 2 else shape


def broadcast_shape(a: Shape, b: Shape, same: Same = operator.eq) -> Shape | None:
    """The shape of two operands laid over each other as NumPy does; None when they do not fit."""
    if a is b:
        return a
    if len(a) != len(b):
        return a if is_scalar(b) else b if is_scalar(a) else None
    result: list[Dim] = []
    for x, y in zip(a, b, strict=True):
        if y == 1:
            result.append(x)
        elif x == 1 or same(x, y):
            result.append(y)
        else:
            return None
    return tuple(result)


def matmul_shape(a: Shape, b: Shape, same: Same = operator.eq) -> Shape | None:
    """The shape of `a @ b`; None when the columns of `a` are not the rows of `b`."""
    if len(a) != 2 or len(b) != 2:
        return None
    inner, rows = a[1], b[0]
    if (inner == 1) != (rows == 1) or not same(inner, rows):
        return None
    return a[0], b[1]


def is_grid(a: Shape, b: Shape) -> bool:
    """Whether a column meets a row, so that broadcasting makes a full grid of two vectors."""
    if len(a) != 2 or len(b) != 2:
        return False
    return (a[1] == 1 == b[0] and a[0] != 1 != b[1]) or (a[0] == 1 == b[1] and a[1] != 1 != b[0])
