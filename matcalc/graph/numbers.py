"""Exact coefficients: integers and fractions stay exact until a float comes in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from matcalc.errors import LimitError

Coefficient = int | Fraction | float

_EXACT_FLOATS = 2.0**53
# Far beyond a double, so that exact intermediate results have room, and well within what Python will write out.
_LARGEST = 2**8192


def reduce(value: Coefficient) -> Coefficient:
    """The simplest equal number: 4/2 is 2, and so is 2.0; a number that is not finite is refused."""
    if type(value) is int:
        return value
    if isinstance(value, Fraction):
        _bounded(value.numerator)
        return value if _bounded(value.denominator) != 1 else value.numerator
    value = float(value)
    if not math.isfinite(value):
        raise LimitError("a constant grew beyond what a double can hold")
    return int(value) if abs(value) < _EXACT_FLOATS and value == int(value) else value


def exact(value: Coefficient) -> Coefficient:
    """The number as it is written: 0.1 is 1/10, so that the order of operations on it does not matter."""
    return reduce(Fraction(repr(value))) if isinstance(value, float) else value


def _bounded(value: int) -> int:
    """An exact number that is still cheap to multiply and to write."""
    if -_LARGEST < value < _LARGEST:
        return value
    raise LimitError(
        "a constant grew beyond what a double can hold", hint="give so large a constant a name of its own"
    )


def magnitude(value: Coefficient) -> Coefficient:
    """|value|."""
    return -value if value < 0 else value


def add(a: Coefficient, b: Coefficient) -> Coefficient:
    """a + b, reduced; decimals count as they are written, so that 0.1 + 0.2 is 0.3."""
    if type(a) is int and type(b) is int:
        return _bounded(a + b)
    return _like(exact(a) + exact(b), a, b)


def multiply(a: Coefficient, b: Coefficient) -> Coefficient:
    """a * b, reduced; decimals count as they are written, so that 0.1 * 3 is 0.3."""
    if type(a) is int and type(b) is int:
        return _bounded(a * b)
    return _like(exact(a) * exact(b), a, b)


def product(values: Sequence[Coefficient]) -> Coefficient:
    """The product of all, rounded once at the end: 1.5 * 2 / 5 is 2 / 5 * 1.5."""
    if len(values) == 1:
        return values[0]
    return _like(math.prod([exact(value) for value in values]), *values)


def _like(result: Coefficient, *of: Coefficient) -> Coefficient:
    """An exact result, as a double where one of what it was made of is a double.

    Raises LimitError where it is too large for one, or so small that it would be 0.
    """
    if not any([isinstance(value, float) for value in of]):
        return reduce(result)
    rounded = _guarded(lambda: float(result))
    if rounded == 0 and result != 0:
        raise LimitError(
            "a constant became smaller than a double can hold",
            hint="give so small a constant a name of its own",
        )
    return reduce(rounded)


def _guarded(compute: Callable[[], Coefficient]) -> Coefficient:
    try:
        return compute()
    except OverflowError:
        raise LimitError("a constant grew beyond what a double can hold") from None


def exact_power(base: Coefficient, exponent: Coefficient) -> Coefficient | None:
    """base ** exponent where it is defined and, for exact arguments, exact; None where it is not.

    Roots of exact numbers are taken only when they come out even: 4**(1/2) is 2, 2**(1/2) stays as it is.
    """
    if base == 0:
        return 0 if exponent > 0 else None
    if base == 1:
        return 1
    if isinstance(exponent, int):
        # Bounded before the work: the digits of the result, not only the exponent.
        size = math.log10(abs(base)) if isinstance(base, float) else _digits(base)
        if abs(size * exponent) > 2_400:
            return None
        if isinstance(base, float):
            return _like(Fraction(exact(base)) ** exponent, base)
        return reduce(Fraction(base) ** exponent)
    if base < 0:
        return None
    if isinstance(base, float) or isinstance(exponent, float):
        return reduce(_guarded(lambda: float(base) ** float(exponent)))
    ratio = Fraction(base)
    roots = [_integer_root(part, exponent.denominator) for part in (ratio.numerator, ratio.denominator)]
    if roots[0] is None or roots[1] is None:
        return None
    return exact_power(Fraction(roots[0], roots[1]), exponent.numerator)


def _digits(value: int | Fraction) -> float:
    ratio = Fraction(value)
    return max(abs(ratio.numerator).bit_length(), ratio.denominator.bit_length()) * 0.302


def _integer_root(value: int, degree: int) -> int | None:
    if degree > 64 or value.bit_length() > 1_000:
        return None
    root = math.isqrt(value) if degree == 2 else round(value ** (1.0 / degree))
    return root if root**degree == value else None
