"""The functions of Julia's Base and LinearAlgebra that generated source may call, each as strict as Julia or more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import expm

from tests.codegen.julia_arrays import (
    Array,
    Factor,
    Row,
    UnknownJulia,
    fail,
    full,
    is_array,
    is_number,
    plain,
    shown,
    square,
)


@dataclass(frozen=True)
class Type:
    """A type of numbers; with `axes` the arrays of so many axes, as Matrix{Float64}."""

    name: str
    axes: int = 0

    def __call__(self, value: Any) -> Any:
        """T(n): the number as one of this type."""
        if self.axes or not is_number(value) or (self.name == "Int64" and value != int(value)):
            raise fail("MethodError", f"{self.name}({shown(value)})")
        return _DTYPES[self.name](value)


@dataclass(frozen=True)
class Identity:
    """I."""


@dataclass(frozen=True)
class Thrown:
    """An exception that was made, but not yet thrown."""

    kind: str
    message: str


@dataclass(frozen=True)
class Places:
    """What `diagind` returns: the places of the diagonal of a matrix of this size."""

    shape: tuple[int, ...]


MATRIX = Type("", 2)
_DTYPES = {"Float64": float, "Int64": int, "Bool": bool}


def _dtype(kind: Any) -> type:
    if not isinstance(kind, Type) or kind.axes:
        raise fail("MethodError", f"{shown(kind)} is no type of numbers")
    return _DTYPES[kind.name]


def _type_of(value: Any) -> Type:
    if isinstance(value, bool):
        return Type("Bool")
    if is_number(value):
        return Type("Int64" if isinstance(value, int) else "Float64")
    return Type({"f": "Float64", "i": "Int64", "b": "Bool"}[full(value).dtype.kind])


def _promoted(*kinds: Any) -> Type:
    dtypes = [_dtype(kind) for kind in kinds]
    return next(Type(name) for name, dtype in _DTYPES.items() if dtype in dtypes)


def _floatmax(kind: Any) -> float:
    if _dtype(kind) is not float:
        raise fail("MethodError", f"floatmax of {kind}")
    return float(np.finfo(float).max)


def whole(values: Sequence[Any]) -> tuple[int, ...]:
    """Sizes, axes or places: integers."""
    found = (
        tuple(values[0]) if len(values) == 1 and isinstance(values[0], tuple | np.ndarray) else tuple(values)
    )
    found = tuple(plain(np.asarray(value)) for value in found)
    if not all(type(value) is int for value in found):
        raise fail("MethodError", f"{found} are no integers")
    return found


def _axes(dims: Any) -> tuple[int, ...]:
    found = whole([dims])
    if len(set(found)) != len(found) or min(found) < 1:
        raise fail("ArgumentError", f"dims={found}")
    return tuple(axis - 1 for axis in found)


def _size(value: Any, axis: Any = None) -> Any:
    shape = () if is_number(value) else full(value).shape
    if axis is None:
        return shape
    if type(axis) is not int or axis < 1:
        raise fail("BoundsError", f"axis {axis}")
    return shape[axis - 1] if axis <= len(shape) else 1


def _made(value: int) -> Callable[..., Array]:
    def make(kind: Any, *shape: Any) -> Array:
        if not shape:
            raise UnknownJulia("an array without axes")
        return np.full(whole(shape), value, _dtype(kind), order="F")

    return make


def _reduced(function: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(value: Any, dims: Any = None) -> Any:
        if is_number(value) and dims is None:
            return value
        array = full(value)
        if not array.size:
            raise UnknownJulia("the reduction of an empty array")
        if dims is None:
            return plain(function(array))
        # Along an axis that is implied there is one entry.
        axes = tuple(axis for axis in _axes(dims) if axis < array.ndim)
        return function(array, axis=axes, keepdims=True)

    return reduce


def _prod(value: Any) -> Any:
    return plain(np.prod(full(value)))


def _vec(value: Any) -> Array:
    return value.vector if isinstance(value, Row) else full(value).reshape(-1, order="F")


def _reshape(value: Any, *shape: Any) -> Array:
    array, wanted = full(value), whole(shape)
    if not wanted or np.prod(wanted) != array.size or min(wanted) < 0:
        raise fail("DimensionMismatch", f"{array.shape} reshaped to {wanted}")
    return array.reshape(wanted, order="F")


def _dropdims(value: Any, dims: Any) -> Array:
    array = full(value)
    axes = _axes(dims)
    if any(axis >= array.ndim or array.shape[axis] != 1 for axis in axes):
        raise fail("ArgumentError", f"dropdims of {array.shape}, dims={dims}")
    if len(axes) == array.ndim:
        raise UnknownJulia("an array without axes")
    return array.squeeze(axes)


def _permutedims(value: Any, order: Any = None) -> Array:
    array = full(value)
    if order is None:
        if array.ndim > 2:
            raise fail("MethodError", f"permutedims of {shown(value)}")
        return np.array(array[None, :] if array.ndim == 1 else array.T, order="F")
    axes = whole([order])
    if sorted(axes) != list(range(1, array.ndim + 1)):
        raise fail("ArgumentError", f"{axes} is no permutation of {array.ndim} axes")
    return np.array(array.transpose([axis - 1 for axis in axes]), order="F")


def _copy(value: Any) -> Any:
    if is_number(value):
        return value
    return Row(value.vector.copy()) if isinstance(value, Row) else full(value).copy(order="F")


def _collect(value: Any) -> Array:
    if not isinstance(value, tuple) or not value or not all(is_number(entry) for entry in value):
        raise UnknownJulia(f"collect of {shown(value)}")
    return np.array(value)


def _vector(value: Any, what: str) -> Array:
    if not isinstance(value, np.ndarray) or value.ndim != 1:
        raise fail("MethodError", f"{what} of {shown(value)}, which is no vector")
    return value


def _matrix(value: Any, what: str) -> Array:
    array = full(value)
    if array.ndim != 2:
        raise fail("MethodError", f"{what} of {shown(value)}, which is no matrix")
    return array


def _eachindex(value: Any) -> Array:
    return np.arange(1, len(value if isinstance(value, tuple) else _vector(value, "eachindex")) + 1)


def _throw(problem: Any) -> None:
    if not isinstance(problem, Thrown):
        raise UnknownJulia(f"throw({shown(problem)})")
    raise fail(problem.kind, problem.message)


def _first(value: Any) -> Any:
    if not isinstance(value, tuple) or not value:
        raise UnknownJulia(f"first of {shown(value)}")
    return value[0]


BASE: dict[str, Any] = {
    "pi": float(np.pi),
    "Inf": float(np.inf),
    "Float64": Type("Float64"),
    "Int": Type("Int64"),
    "Matrix": MATRIX,
    "DimensionMismatch": lambda message: Thrown("DimensionMismatch", message),
    "throw": _throw,
    "size": _size,
    "eltype": _type_of,
    "promote_type": _promoted,
    "floatmax": _floatmax,
    "zeros": _made(0),
    "ones": _made(1),
    "sum": _reduced(np.sum),
    "maximum": _reduced(np.max),
    "minimum": _reduced(np.min),
    "prod": _prod,
    "vec": _vec,
    "reshape": _reshape,
    "dropdims": _dropdims,
    "permutedims": _permutedims,
    "copy": _copy,
    "collect": _collect,
    "sortperm": lambda value: np.argsort(_vector(value, "sortperm"), kind="stable") + 1,
    "eachindex": _eachindex,
    "first": _first,
}


# LinearAlgebra


def _dot(left: Any, right: Any) -> Any:
    if is_number(left) and is_number(right):
        return plain(left * right)
    first, second = _vector(left, "dot"), _vector(right, "dot")
    if first.shape != second.shape:
        raise fail("DimensionMismatch", f"dot of {first.shape} and {second.shape}")
    return plain(first @ second)


def _diagm(value: Any) -> Array:
    return np.diag(_vector(value, "diagm"))


def _diag(value: Any) -> Array:
    return np.diagonal(_matrix(value, "diag")).copy()


def _diagind(value: Any) -> Places:
    return Places(_matrix(value, "diagind").shape)


def _kron(left: Any, right: Any) -> Array:
    if isinstance(left, Row) or isinstance(right, Row):
        raise UnknownJulia("kron of a row")
    return np.kron(_matrix(left, "kron"), _matrix(right, "kron"))


def _inv(value: Any) -> Any:
    matrix = square(value, "inv")
    try:
        return np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        raise fail("SingularException", "the matrix is singular") from None


def _pinv(value: Any) -> Array:
    return np.linalg.pinv(_matrix(value, "pinv"))


def _logabsdet(value: Any) -> tuple[Any, Any]:
    sign, size = np.linalg.slogdet(square(value, "logabsdet"))
    return float(size), float(sign)


def _cholesky(value: Any) -> Factor:
    """Julia compares both triangles to the last bit, unless told that the matrix is symmetric."""
    matrix = square(value, "cholesky")
    if not np.array_equal(matrix, matrix.T):
        raise fail("PosDefException", "matrix is not Hermitian; Cholesky factorization failed.")
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise fail("PosDefException", "matrix is not positive definite") from None
    return Factor(matrix)


def _svd(value: Any) -> tuple[Array, Array, Array]:
    u, s, vt = np.linalg.svd(_matrix(value, "svd"), full_matrices=False)
    return u, s, vt.T


def _symmetric(value: Any) -> Array:
    """What the upper triangle says."""
    upper = np.triu(square(value, "Symmetric"))
    return upper + np.triu(upper, 1).T


def matrix_exponential(value: Any) -> Array:
    """`exp` without a dot."""
    if not is_array(value) or isinstance(value, Row):
        raise UnknownJulia(f"exp of {shown(value)}")
    return expm(square(value, "exp"))


def identity(kind: Any, filling: Any, rows: Any, columns: Any) -> Array:
    """Matrix{T}(I, n, n)."""
    if not isinstance(filling, Identity):
        raise UnknownJulia("a matrix made of other than I")
    return np.array(np.eye(*whole([(rows, columns)]), dtype=_dtype(kind)), order="F")


LINEAR_ALGEBRA: dict[str, Any] = {
    "I": Identity(),
    "dot": _dot,
    "diag": _diag,
    "diagm": _diagm,
    "diagind": _diagind,
    "Diagonal": _diagm,
    "Symmetric": _symmetric,
    "kron": _kron,
    "inv": _inv,
    "pinv": _pinv,
    "det": lambda value: float(np.linalg.det(square(value, "det"))),
    "logabsdet": _logabsdet,
    "cholesky": _cholesky,
    "svd": _svd,
}
