"""Arrays as Julia knows them: what the operators and the dots do, and when they are an error.

A number is a bool, int or float of Python, an array of NumPy has one axis at least, and a `Row` is the adjoint of a
vector, which is no matrix: v' * w is a number. Where Julia's meaning could be argued about, it is an error here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

Array = np.ndarray[Any, Any]


class JuliaError(Exception):
    """What Julia would throw; the message begins with the type."""


class UnknownJulia(Exception):
    """What this interpreter does not know, and does not guess."""


def fail(kind: str, message: str) -> JuliaError:
    return JuliaError(f"{kind}: {message}")


@dataclass(frozen=True)
class Row:
    """The adjoint of a vector."""

    vector: Array


@dataclass(frozen=True)
class Factor:
    """What `cholesky` returns: it solves."""

    matrix: Array


def is_number(value: Any) -> bool:
    return isinstance(value, bool | int | float)


def is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | Row)


def full(value: Any) -> Array:
    """An array of NumPy: a row has two axes."""
    if isinstance(value, Row):
        return value.vector[None, :]
    if not isinstance(value, np.ndarray):
        raise fail("MethodError", f"{shown(value)} is no array")
    return value


def shown(value: Any) -> str:
    if is_array(value):
        return f"an array of size {full(value).shape}"
    return f"{type(value).__name__} {value}"


def plain(value: Any) -> Any:
    """A result of NumPy: a number where it has no axes; integers must fit into an Int64."""
    if isinstance(value, np.ndarray) and value.ndim:
        return value
    value = value.item() if isinstance(value, np.ndarray | np.generic) else value
    if type(value) is int and not -(2**63) <= value < 2**63:
        raise fail("OverflowError", "Julia would silently go on with a wrong number")
    return value


# Functions of numbers. NumPy computes them on whole arrays, after a look at where Julia would throw.


def _within(function: Callable[..., Any], good: Callable[[Any], Any]) -> Callable[..., Any]:
    def checked(x: Any) -> Any:
        if not np.all(good(x) | np.isnan(x)):
            raise fail("DomainError", f"{function.__name__} of {x}")
        return function(x)

    return checked


def _power(base: Any, exponent: Any) -> Any:
    """Base is Float64 or Int64; of negative numbers there are only whole powers, of integers only natural ones."""
    base, exponent = np.asarray(base), np.asarray(exponent)
    if exponent.dtype.kind == "i" and base.dtype.kind == "i" and np.any(exponent < 0):
        raise fail("DomainError", "a negative power of an integer")
    if np.any((base < 0) & (exponent != np.floor(exponent))):
        raise fail("DomainError", f"{base} to the power of {exponent}")
    return np.power(base, exponent)


def _ifelse(condition: Any, then: Any, otherwise: Any) -> Any:
    if np.asarray(condition).dtype != bool:
        raise fail("TypeError", "non-boolean used in boolean context")
    return np.where(condition, then, otherwise)


def _float(x: Any) -> Any:
    return np.asarray(x, float)


ELEMENTWISE: dict[str, Callable[..., Any]] = {
    **{
        name: getattr(np, name)
        for name in ("exp", "expm1", "tanh", "sinh", "cosh", "abs", "sign", "isfinite")
    },
    "sqrt": _within(np.sqrt, lambda x: np.asarray(x) >= 0),
    "log": _within(np.log, lambda x: np.asarray(x) >= 0),
    "log1p": _within(np.log1p, lambda x: np.asarray(x) >= -1),
    "asin": _within(np.arcsin, lambda x: np.abs(x) <= 1),
    "acos": _within(np.arccos, lambda x: np.abs(x) <= 1),
    "atan": np.arctan,
    **{name: _within(getattr(np, name), np.isfinite) for name in ("sin", "cos", "tan")},
    "max": np.maximum,
    "min": np.minimum,
    "clamp": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "ifelse": _ifelse,
    "float": _float,
}
SPECIAL_FUNCTIONS: dict[str, Callable[..., Any]] = {"erf": special.erf, "erfc": special.erfc}

# How many arguments each takes.
_ARITY = {"max": 2, "min": 2, "clamp": 3, "ifelse": 3}


def elementwise(name: str, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """The function of numbers, or entry by entry of what a dot has laid over each other."""
    if len(arguments) != _ARITY.get(name, 1):
        raise fail("MethodError", f"{name} of {len(arguments)} arguments")
    with np.errstate(all="ignore"):
        return plain(function(*arguments))


# Operators of numbers

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": np.true_divide,
    "^": _power,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _whole_quotient(left: Any, right: Any) -> int:
    if type(left) is not int or type(right) is not int:
        raise UnknownJulia("÷ of other than integers")
    if left < 0 or right <= 0:
        raise UnknownJulia("÷ of other than positive integers")
    return left // right


def of_numbers(sign: str, left: Any, right: Any) -> Any:
    """An operator between two numbers."""
    if sign == "÷":
        return _whole_quotient(left, right)
    if sign not in _OPERATORS:
        raise UnknownJulia(f"the operator {sign}")
    with np.errstate(all="ignore"):
        if sign == "^" and type(left) is type(right) is int and right >= 0:
            return plain(left**right)
        return plain(_OPERATORS[sign](left, right))


# Broadcasting


def aligned(operands: Sequence[Any]) -> list[Any]:
    """Operands that NumPy can broadcast: from the first axis on, axes of size one implied behind."""
    for operand in operands:
        if not is_number(operand) and not is_array(operand):
            raise UnknownJulia(f"a broadcast over {shown(operand)}")
    arrays = [full(operand) if is_array(operand) else operand for operand in operands]
    total = max((array.ndim for array in arrays if isinstance(array, np.ndarray)), default=0)
    found = [
        array.reshape(array.shape + (1,) * (total - array.ndim)) if isinstance(array, np.ndarray) else array
        for array in arrays
    ]
    try:
        np.broadcast_shapes(*(np.shape(array) for array in found))
    except ValueError:
        sizes = ", ".join(str(np.shape(array)) for array in arrays)
        raise fail("DimensionMismatch", f"arrays could not be broadcast to a common size: {sizes}") from None
    return found


def broadcast(name: str, function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """A function of the library with a dot."""
    return elementwise(name, function, aligned(operands))


def broadcast_call(function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """A function of numbers with a dot, called for every entry."""
    laid = np.broadcast_arrays(*aligned(operands))
    if not laid[0].ndim:
        return function(*operands)
    results = [
        function(*(plain(entry) for entry in entries))
        for entries in zip(*(a.flat for a in laid), strict=True)
    ]
    if not all(is_number(result) for result in results):
        raise UnknownJulia("a broadcast whose entries are no numbers")
    return np.array(results).reshape(laid[0].shape)


def broadcast_operator(sign: str, left: Any, right: Any) -> Any:
    """An operator with a dot."""
    if is_number(left) and is_number(right):
        return of_numbers(sign, left, right)
    if sign not in _OPERATORS:
        raise UnknownJulia(f"the operator .{sign}")
    with np.errstate(all="ignore"):
        return _OPERATORS[sign](*aligned((left, right)))


# Operators without a dot


def operation(sign: str, left: Any, right: Any) -> Any:
    """An operator between numbers, arrays and factors."""
    if sign not in (*_OPERATORS, "÷", "\\"):
        raise UnknownJulia(f"the operator {sign}")
    if is_number(left) and is_number(right):
        if sign == "\\":
            raise UnknownJulia("a number \\ a number")
        return of_numbers(sign, left, right)
    if sign in ("==", "!=") and isinstance(left, tuple) and isinstance(right, tuple):
        return (left == right) == (sign == "==")
    if sign in ("+", "-"):
        return _sum(sign, left, right)
    if sign == "*":
        return times(left, right)
    if sign == "/" and is_array(left) and is_number(right):
        return _scaled(left, lambda array: np.true_divide(array, right))
    if sign == "\\":
        return solve(left, right)
    raise fail("MethodError", f"no method {sign}({shown(left)}, {shown(right)})")


def _sum(sign: str, left: Any, right: Any) -> Any:
    if not (is_array(left) and is_array(right)):
        raise fail("MethodError", f"no method {sign}({shown(left)}, {shown(right)}), a dot is missing")
    first, second = full(left), full(right)
    if first.shape != second.shape:
        raise fail("DimensionMismatch", f"{first.shape} {sign} {second.shape}")
    return _OPERATORS[sign](first, second)


def _scaled(array: Any, change: Callable[[Array], Array]) -> Any:
    """Entries changed one by one, a row staying a row."""
    return Row(change(array.vector)) if isinstance(array, Row) else change(array)


def negative(value: Any) -> Any:
    """The minus sign in front."""
    if is_array(value):
        return _scaled(value, np.negative)
    if not is_number(value) or isinstance(value, bool):
        raise UnknownJulia(f"-{shown(value)}")
    return -value


def adjoint(value: Any) -> Any:
    """The transpose: of a vector a row, of a row the vector, of a number itself. It shares its entries."""
    if is_number(value):
        return value
    if isinstance(value, Row):
        return value.vector
    array = full(value)
    if array.ndim > 2:
        raise fail("MethodError", f"no method adjoint({shown(value)})")
    return Row(array) if array.ndim == 1 else array.T


def times(left: Any, right: Any) -> Any:
    """Matrix products, and scaling by numbers."""
    for number, array in ((left, right), (right, left)):
        if is_number(number) and is_array(array):
            return _scaled(array, lambda entries, number=number: entries * number)
    if not (is_array(left) and is_array(right)):
        raise fail("MethodError", f"no method *({shown(left)}, {shown(right)})")
    if isinstance(left, Row) and isinstance(right, Row):
        raise fail("MethodError", "a row times a row")
    first, second = full(left), full(right)
    if max(first.ndim, second.ndim) > 2:
        raise fail("MethodError", f"no method *({shown(left)}, {shown(right)})")
    if first.ndim == 1:
        # A vector is a matrix of one column, in front of matrices of one row.
        if second.ndim == 1:
            raise fail("MethodError", "a vector times a vector")
        first = first[:, None]
    if first.shape[1] != second.shape[0]:
        raise fail("DimensionMismatch", f"{first.shape} * {second.shape}")
    product = first @ second
    if isinstance(left, Row):
        return plain(product[0]) if second.ndim == 1 else Row(product[0])
    return product


def square(value: Any, what: str) -> Array:
    """A square matrix."""
    array = full(value)
    if array.ndim != 2:
        raise fail("MethodError", f"{what} of {shown(value)}")
    if array.shape[0] != array.shape[1]:
        raise fail("DimensionMismatch", f"matrix is not square: {array.shape}")
    return array


def plain_solve(matrix: Array, other: Array) -> Array:
    if matrix.shape[0] != other.shape[0]:
        raise fail("DimensionMismatch", f"{matrix.shape} \\ {other.shape}")
    try:
        return np.linalg.solve(matrix, other)
    except np.linalg.LinAlgError:
        raise fail("SingularException", "the matrix is singular") from None


def solve(left: Any, right: Any) -> Any:
    r"""A \ b for square matrices and for Cholesky factors."""
    other = full(right)
    if isinstance(right, Row) or other.ndim > 2:
        raise UnknownJulia(f"\\ with {shown(right)} on the right")
    if isinstance(left, Factor):
        return plain_solve(left.matrix, other)
    if not is_array(left):
        raise fail("MethodError", f"no method \\({shown(left)}, {shown(right)})")
    if full(left).ndim == 2 and full(left).shape[0] != full(left).shape[1]:
        raise UnknownJulia("least squares by \\")
    return plain_solve(square(left, "\\"), other)
