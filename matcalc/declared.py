"""Shapes as users get them back: a tuple of dimensions that remembers the declared properties.

`('m', 'n')` is a matrix, `('n',)` a column, `(1, 'n')` a row, `()` a scalar; a fused axis is `'m*n'`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from matcalc.language.declarations import Declaration
from matcalc.shapes.dims import Dim, dim_text


class Declared(tuple[int | str, ...]):
    """A variable's shape; equal to the plain tuple, and read back with its `properties`."""

    properties: frozenset[str]

    def __new__(cls, declaration: Declaration) -> Declared:
        """The public form of a declaration."""
        made = super().__new__(cls, public_dims(declaration.shape))
        made.properties = declaration.properties
        return made

    def __str__(self) -> str:
        return " ".join((*(map(str, self) if self else ("()",)), *sorted(self.properties)))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (tuple(self), self.properties)


def _restored(dims: tuple[int | str, ...], properties: frozenset[str]) -> Declared:
    made = tuple.__new__(Declared, dims)
    made.properties = properties
    return made


def public_dims(dims: Iterable[Dim]) -> tuple[int | str, ...]:
    """Dimensions as users see them: integers and texts."""
    return tuple(dim if isinstance(dim, int) else dim_text(dim) for dim in dims)


def public_shape(shape: tuple[Dim, ...]) -> tuple[int | str, ...]:
    """A two-dimensional shape as users see it: (1, 1) is (), a column is (n,)."""
    if len(shape) == 2 and shape[1] == 1:
        shape = () if shape[0] == 1 else shape[:1]
    return public_dims(shape)


def declarations(shapes: Any) -> Any:
    """What users pass as `shapes`, with tuples that remember properties turned back into declarations."""
    if isinstance(shapes, Mapping) and any(isinstance(value, Declared) for value in shapes.values()):
        return {name: str(value) if isinstance(value, Declared) else value for name, value in shapes.items()}
    return shapes
