"""Values of the language and their operators, with NumPy's rules for two dimensions.

A value is a node of the index graph with its (rows, columns). The operators are those of the text and, overloaded, of
Python objects; they raise ShapeError without a place, which whoever reads text adds.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from matcalc.errors import DomainError, LimitError
from matcalc.graph import Coefficient, Node, contract, is_zero, linear, multiply, negate, number_value, power
from matcalc.graph.terms import all_terms
from matcalc.language.limits import NO_LIMITS, Limits
from matcalc.rules import Operand
from matcalc.rules.operands import filled, spread
from matcalc.shapes.broadcast import SCALAR, Shape, broadcast_shape, is_grid, is_scalar, matmul_shape
from matcalc.shapes.mismatch import Side, described, mismatch

Value = Operand

_DOUBLE_DIGITS = 308


def sides(a: Value, b: Value) -> tuple[Side, Side]:
    """The operands for an error message, by their names where they have one."""
    return Side(getattr(a.node, "name", "the left side"), a.shape), Side(
        getattr(b.node, "name", "the right side"), b.shape
    )


def common_shape(operator: str, a: Value, b: Value) -> Shape:
    """The shape of `a operator b`, elementwise. Raises ShapeError."""
    shape = broadcast_shape(a.shape, b.shape)
    if shape is None:
        raise mismatch(operator, *sides(a, b))
    return shape


def total(terms: Sequence[tuple[int, Value]], shape: Shape) -> Value:
    """Σ ± value over values that broadcast to `shape`.

    Where all terms of a sum occur beside it everything is added term by term: x + y + 2 * (x + y) does not depend
    on its parentheses.
    """
    axes = [dim for dim in shape if dim != 1]
    added: list[tuple[Coefficient, Node]] = [(sign, filled(value, shape)) for sign, value in terms]
    parts = [all_terms(node) for _, node in added]
    held = Counter([term for part in parts for term in {term for _, term in part}])
    if any([len(part) > 1 and all([held[term] > 1 for _, term in part]) for part in parts]):
        added = [(sign * c, term) for (sign, _), part in zip(added, parts, strict=True) for c, term in part]
    return Value(linear(added, axes), shape)


def check_zeros(factors: Sequence[tuple[bool, Node]]) -> None:
    """Raises DomainError for 0 / 0 among factors and divisors: it has no value, and the builders would make it 0."""
    if {False, True} <= {divides for divides, node in factors if is_zero(node)}:
        raise DomainError(
            "zero divided by zero has no value", hint="is one of them meant to be something else?"
        )


def product(factors: Sequence[tuple[bool, Value]], shape: Shape) -> Value:
    """The elementwise product of values that broadcast to `shape`, each with whether it divides.

    Raises DomainError for 0 / 0.
    """
    check_zeros([(divides, value.node) for divides, value in factors])
    nodes = [power(value.node, -1) if divides else value.node for divides, value in factors]
    spread_out = [spread(Value(node, f.shape), shape) for node, (_, f) in zip(nodes, factors, strict=True)]
    return Value(multiply(*spread_out), shape)


def matrix_product(factors: Sequence[tuple[bool, Value]]) -> Value:
    """The matrix product of values that fit, each with whether it is transposed, in one contraction."""
    labelled = []
    shapes = [value.shape[::-1] if flipped else value.shape for flipped, value in factors]
    for place, ((flipped, value), (rows, columns)) in enumerate(zip(factors, shapes, strict=True)):
        labels = ((place,) if rows != 1 else ()) + ((place + 1,) if columns != 1 else ())
        labelled.append((value.node, labels[::-1] if flipped else labels))
    rows, columns = shapes[0][0], shapes[-1][1]
    out = ((0,) if rows != 1 else ()) + ((len(factors),) if columns != 1 else ())
    return Value(contract(labelled, out), (rows, columns))


def plus(a: Value, b: Value) -> Value:
    """a + b, broadcast."""
    return total(((1, a), (1, b)), common_shape("+", a, b))


def minus(a: Value, b: Value) -> Value:
    """a - b, broadcast."""
    return total(((1, a), (-1, b)), common_shape("-", a, b))


def times(a: Value, b: Value) -> Value:
    """a * b, entry by entry, broadcast."""
    return product(((False, a), (False, b)), common_shape("*", a, b))


def over(a: Value, b: Value) -> Value:
    """a / b, entry by entry, broadcast."""
    return product(((False, a), (True, b)), common_shape("/", a, b))


def matmul(a: Value, b: Value) -> Value:
    """a @ b."""
    if matmul_shape(a.shape, b.shape) is None:
        raise mismatch("@", *sides(a, b))
    return matrix_product(((False, a), (False, b)))


def transposed(a: Value) -> Value:
    """a.T. Raises ShapeError for a tensor."""
    if len(a.shape) != 2:
        raise mismatch("@", Side("the tensor", a.shape), Side("its transpose", a.shape))
    rows, columns = a.shape
    node = contract([(a.node, "ij")], "ji") if rows != 1 != columns else a.node
    return Value(node, (columns, rows))


def negated(a: Value) -> Value:
    """-a."""
    return Value(negate(a.node), a.shape)


def to_the_power(a: Value, b: Value, limits: Limits = NO_LIMITS) -> Value:
    """a ** b, entry by entry; the exponent is a scalar.

    Raises LimitError for a constant exponent past the limit, or constants whose power no double can hold: it is never
    computed to find out.
    """
    if not is_scalar(b.shape):
        raise mismatch("**", *sides(a, b))
    return Value(powered(a.node, b.node, limits), a.shape)


def powered(base: Node, exponent: Node, limits: Limits) -> Node:
    """`base ** exponent` of nodes, the exponent a scalar, within the limits."""
    power_of = number_value(exponent)
    if power_of is not None:
        if not -limits.exponent <= power_of <= limits.exponent:
            raise LimitError(
                f"an exponent past the limit of {limits.exponent:,}",
                hint="use a variable for so large an exponent",
            )
        value = number_value(base)
        if value and abs(_decimal_digits(value) * power_of) > _DOUBLE_DIGITS:
            raise LimitError("a power of numbers that no double can hold", hint="doubles reach up to 1e308")
    return power(base, exponent)


def _decimal_digits(value: Coefficient) -> float:
    """log10 of the larger of numerator and denominator, with the sign of the whole; exact numbers may be huge."""
    if isinstance(value, float):
        return math.log10(abs(value))
    numerator, denominator = value.as_integer_ratio()
    return math.log10(max(abs(numerator), denominator))


def grid_warning(a: Shape, b: Shape, text: str) -> str | None:
    """What to warn of where `text` lays a column over a row; None where it does not."""
    if not is_grid(a, b):
        return None
    shape = broadcast_shape(a, b)
    assert shape is not None
    return (
        f"{text} spreads {described(a)} and {described(b)} over {described(shape)};"
        " if they should pair up entry by entry, transpose one"
    )


__all__ = [
    "SCALAR",
    "Value",
    "check_zeros",
    "common_shape",
    "grid_warning",
    "matmul",
    "matrix_product",
    "minus",
    "negated",
    "over",
    "plus",
    "powered",
    "product",
    "times",
    "to_the_power",
    "total",
    "transposed",
]
