"""Numbers and sizes as source text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from matcalc.errors import LimitError
from matcalc.graph import Coefficient
from matcalc.shapes.dims import Dim, dim_parts

# Larger integers are written as floats: JAX holds integers in 32 bits, and the arrays are floats anyway.
_LARGEST_INTEGER = 2**31 - 1


def simplest(value: Coefficient) -> tuple[int | float, int]:
    """The number as numerator and denominator, both small enough for every target, the latter positive."""
    if isinstance(value, Fraction):
        if max(abs(value.numerator), value.denominator) <= _LARGEST_INTEGER:
            return value.numerator, value.denominator
        return _float(value), 1
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        return _float(value), 1
    return value, 1


def _float(value: int | Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        raise LimitError("a constant grew beyond what a double can hold") from None


def number_text(value: Coefficient) -> str:
    """The number, as a fraction where it is one."""
    if type(value) is int and -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER:
        return repr(value)
    numerator, denominator = simplest(value)
    return repr(numerator) if denominator == 1 else f"{numerator!r} / {denominator}"


def dim_source(dim: Dim, names: Mapping[str, str]) -> str:
    """A size in terms of the variables that hold the named ones."""
    return " * ".join(str(part) if isinstance(part, int) else names[part] for part in dim_parts(dim))


def tuple_source(dims: Sequence[Dim], names: Mapping[str, str]) -> str:
    """A shape."""
    inside = ", ".join(dim_source(dim, names) for dim in dims)
    return f"({inside},)" if len(dims) == 1 else f"({inside})"
