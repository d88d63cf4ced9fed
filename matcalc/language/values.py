"""Values of the language and their operators, with NumPy's rules for two dimensions.

A value is a node of the index graph with its (rows, columns). The operators are those of the text and, overloaded, of
Python objects; they raise ShapeError without a place, which whoever reads text adds.
"""

from __future__ import annotations

import math

from matcalc.errors import DomainError, LimitError
from matcalc.graph import Node, add, contract, multiply, negate, number_value, power, subtract
from matcalc.graph import divide as divide_nodes
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


def _common(operator: str, a: Value, b: Value) -> Shape:
    shape = broadcast_shape(a.shape, b.shape)
    if shape is None:
        raise mismatch(operator, *sides(a, b))
    return shape


def plus(a: Value, b: Value) -> Value:
    """a + b, broadcast."""
    shape = _common("+", a, b)
    return Value(add(filled(a, shape), filled(b, shape)), shape)


def minus(a: Value, b: Value) -> Value:
    """a - b, broadcast."""
    shape = _common("-", a, b)
    return Value(subtract(filled(a, shape), filled(b, shape)), shape)


def times(a: Value, b: Value) -> Value:
    """a * b, entry by entry, broadcast."""
    shape = _common("*", a, b)
    return Value(multiply(spread(a, shape), spread(b, shape)), shape)


def over(a: Value, b: Value) -> Value:
    """a / b, entry by entry, broadcast. Raises DomainError for a division by the number 0."""
    shape = _common("/", a, b)
    if number_value(b.node) == 0:
        raise DomainError("division by zero", hint="the denominator is 0 whatever the values are")
    return Value(divide_nodes(spread(a, shape), spread(b, shape)), shape)


def matmul(a: Value, b: Value) -> Value:
    """a @ b."""
    shape = matmul_shape(a.shape, b.shape)
    if shape is None:
        raise mismatch("@", *sides(a, b))
    left = (
        "ij" if a.shape[0] != 1 != a.shape[1] else "i" if a.shape[0] != 1 else "j" if a.shape[1] != 1 else ""
    )
    right = (
        "jk" if b.shape[0] != 1 != b.shape[1] else "j" if b.shape[0] != 1 else "k" if b.shape[1] != 1 else ""
    )
    out = ("i" if shape[0] != 1 else "") + ("k" if shape[1] != 1 else "")
    return Value(contract([(a.node, left), (b.node, right)], out), shape)


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
        if abs(power_of) > limits.exponent:
            raise LimitError(
                f"an exponent past the limit of {limits.exponent:,}",
                hint="use a variable for so large an exponent",
            )
        value = number_value(base)
        if value is not None:
            if value == 0 and power_of < 0:
                raise DomainError("division by zero", hint="0 has no negative powers")
            if value != 0 and abs(_decimal_digits(value) * power_of) > _DOUBLE_DIGITS:
                raise LimitError(
                    "a power of numbers that no double can hold", hint="doubles reach up to 1e308"
                )
    return power(base, exponent)


def _decimal_digits(value: object) -> float:
    """log10 of the larger of numerator and denominator, with the sign of the whole; exact numbers may be huge."""
    numerator, denominator = value.as_integer_ratio()  # type: ignore[attr-defined]
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


OPERATORS = {"+": plus, "-": minus, "*": times, "/": over, "@": matmul}

__all__ = [
    "OPERATORS",
    "SCALAR",
    "Value",
    "grid_warning",
    "matmul",
    "minus",
    "negated",
    "over",
    "plus",
    "powered",
    "times",
    "to_the_power",
    "transposed",
]
