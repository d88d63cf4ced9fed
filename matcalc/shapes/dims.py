"""Symbolic dimensions: an integer, a name, or a product of them.

A product is kept as a sorted tuple, so that m*n and n*m are one size: `(coefficient?, name, name, …)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from matcalc.errors import LimitError

Dim = int | str | tuple[int | str, ...]

# Sizes that may be multiplied to one.
MOST_PARTS = 256


def check_parts(count: int) -> None:
    """Raises LimitError for a product of too many sizes: short definitions of nested Kronecker products build them."""
    if count > MOST_PARTS:
        raise LimitError(
            f"an axis whose size is a product of more than {MOST_PARTS} sizes",
            hint="a Kronecker product of n parts has n of them",
        )


def dim_product(dims: Iterable[Dim]) -> Dim:
    """The size of the axis that fuses axes of sizes `dims`. Raises LimitError for too many."""
    coefficient, names = 1, []
    for dim in dims:
        for part in dim if isinstance(dim, tuple) else (dim,):
            if isinstance(part, int):
                coefficient *= part
            else:
                names.append(part)
    if not names:
        return coefficient
    check_parts(len(names))
    names.sort()
    if coefficient != 1:
        return (coefficient, *names)
    return names[0] if len(names) == 1 else tuple(names)


def dim_parts(dim: Dim) -> tuple[int | str, ...]:
    """The factors of a dimension; one of them unless it is a product."""
    return dim if isinstance(dim, tuple) else (dim,)


def dim_text(dim: Dim) -> str:
    """The dimension as a user writes it: `n`, `3`, `m*n`."""
    return "*".join(map(str, dim_parts(dim)))


def dim_value(dim: Dim, sizes: dict[str, int]) -> int:
    """The integer that `dim` stands for when every name has a size."""
    return prod(part if isinstance(part, int) else sizes[part] for part in dim_parts(dim))
