"""Linear equations by the structure of their matrix; what can be is factored once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Solve = Callable[[Array], Array]

# So many rounding errors may be all that is left of a number.
_ROUNDED = 256
# Pivots so far apart are worth a look.
_SUSPECT = 1e-6


class Solver:
    """`solve` takes a right side of shape (n,) or (n, k); `structure` says what it makes use of.

    What can be factored is factored at the first right side. Raises LinAlgError where the matrix is singular.
    """

    __slots__ = ("_prepare", "_solve", "structure")

    def __init__(self, structure: str, prepare: Callable[[], Solve]) -> None:
        self.structure = structure
        self._prepare = prepare
        self._solve: Solve | None = None

    def solve(self, b: Array) -> Array:
        """The solution of equations with a right side."""
        if self._solve is None:
            self._solve = self._prepare()
        return self._solve(b)


def factored(matrix: Array, symmetric: bool = False, least: float = 0.0) -> Solve:
    """By Cholesky where the matrix is definite, else by elimination.

    `least` is the size of what was added up to make the matrix: of 1 - 1 only rounding errors may be left. Raises
    LinAlgError, at the latest when the result is called, where the matrix is singular up to rounding.
    """
    # Of complex matrices Cholesky takes the Hermitian ones, and a Hessian is its own transpose.
    if symmetric and matrix.dtype.kind != "c" and (np.diagonal(matrix) > 0).all():
        from scipy.linalg import LinAlgError, cho_factor, cho_solve

        try:
            definite = cho_factor(matrix, check_finite=False)
        except LinAlgError:
            pass
        else:
            if (np.diagonal(definite[0]) ** 2 <= _rounding(definite[0].dtype) * np.diagonal(matrix)).any():
                raise np.linalg.LinAlgError("Singular matrix")
            return lambda b: np.asarray(cho_solve(definite, b, check_finite=False))
    return _Elimination(matrix, least)


class _Elimination:
    """A matrix that is factored with its first right side, in one call."""

    __slots__ = ("_factors", "_least", "_matrix", "_solve")

    def __init__(self, matrix: Array, least: float) -> None:
        self._matrix = matrix
        self._least = least
        self._factors: tuple[Array, Array] | None = None

    def __call__(self, b: Array) -> Array:
        if b.dtype.kind == "c" and self._matrix.dtype.kind != "c":
            return self(b.real) + 1j * self(b.imag)
        if self._factors is None:
            first, self._solve = _lapack(self._matrix.dtype)
            lu, pivots, found, info = first(self._matrix, b)
            if info > 0 or self._cancels(lu):
                raise np.linalg.LinAlgError("Singular matrix")
            self._factors = lu, pivots
        else:
            found, _ = self._solve(*self._factors, b)
        return found  # type: ignore[no-any-return]

    def _cancels(self, lu: Array) -> bool:
        """Whether a pivot is what rounding leaves of its column: what is singular seldom gives a zero exactly."""
        pivots = np.abs(lu.diagonal())
        sizes = pivots.tolist()
        if min(sizes) > _SUSPECT * max(self._least, *sizes):
            return False
        columns = np.maximum(np.abs(self._matrix).max(axis=0), self._least)
        return bool((pivots <= _rounding(lu.dtype) * columns).any())


@lru_cache(maxsize=8)
def _rounding(dtype: np.dtype[Any]) -> float:
    """What rounding may leave of a number of size 1 that cancels."""
    return _ROUNDED * float(np.finfo(dtype).eps)


@lru_cache(maxsize=8)
def _lapack(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """Elimination with a right side, and solving with what it leaves, for entries of a dtype."""
    from scipy.linalg import get_lapack_funcs

    first, further = get_lapack_funcs(("gesv", "getrs"), dtype=dtype)
    return first, further


def woodbury_solver(diagonal: Array, pairs: Sequence[tuple[float, Array, Array]]) -> Solver | None:
    """(D + U V)⁻¹ b = D⁻¹ b - D⁻¹ U (I + V D⁻¹ U)⁻¹ V D⁻¹ b, for D with no zero on it; else None.

    Each of `pairs` is a number and parts of U and of V, with any axes of the rows and columns, which are flattened as
    D's are; U is the number times its part.
    """
    size = diagonal.size
    if np.count_nonzero(diagonal) < size:
        return None
    if diagonal.ndim > 1:
        diagonal = diagonal.reshape(size)
    if not pairs:
        return Solver("diagonal", lambda: lambda b: b / (diagonal if b.ndim == 1 else diagonal[:, None]))
    U = np.concatenate([c * left.reshape(size, -1) for c, left, _ in pairs], axis=1)
    V = np.concatenate([right.reshape(-1, size) for _, _, right in pairs], axis=0)

    def prepare() -> Solve:
        scaled = U / diagonal[:, None]
        inner = factored(np.eye(U.shape[1], dtype=scaled.dtype) + V @ scaled, least=1.0)

        def solve(b: Array) -> Array:
            first = b / (diagonal if b.ndim == 1 else diagonal[:, None])
            return first - (scaled @ inner(V @ first)).reshape(b.shape)

        return solve

    return Solver(f"diagonal plus rank {U.shape[1]}", prepare)


class RankOne:
    """The same for D + c u vᵀ, D⁻¹ b - c D⁻¹ u (vᵀ D⁻¹ b) / (1 + c vᵀ D⁻¹ u), by Sherman and Morrison.

    A step is often taken once at a point, and takes microseconds: so this is done by hand.
    """

    __slots__ = ("_c", "_diagonal", "_scaled", "_step", "_u", "_v")
    structure = "diagonal plus rank 1"

    def __init__(self, diagonal: Array, c: float, u: Array, v: Array) -> None:
        self._diagonal = diagonal
        self._c = c
        self._u = u
        self._v = v
        self._scaled: Array | None = None

    def solve(self, b: Array) -> Array:
        """The solution of equations with a right side."""
        scaled = self._scaled
        if scaled is None:
            scaled = self._scaled = self._u / self._diagonal
            inner = 1 + self._c * self._v.dot(scaled)
            # 1 - 1 is seldom zero exactly.
            vanishes = abs(inner) <= _rounding(scaled.dtype)
            self._step = None if vanishes else -self._c / inner
        if self._step is None:
            raise np.linalg.LinAlgError("Singular matrix")
        if b.ndim > 1:
            first = b / self._diagonal[:, None]
            return first + np.outer(scaled, self._step * (self._v @ first))
        first = b / self._diagonal
        if first.dtype != scaled.dtype:
            return np.asarray(first + scaled * (self._step * self._v.dot(first)))
        # In one pass, and in place.
        return _axpy(first.dtype)(scaled, first, len(first), self._step * self._v.dot(first))  # type: ignore[no-any-return]


@lru_cache(maxsize=8)
def _axpy(dtype: np.dtype[Any]) -> Any:
    """y + a x, in place of y."""
    from scipy.linalg import get_blas_funcs

    return get_blas_funcs("axpy", dtype=dtype)


def kronecker_solver(
    terms: Sequence[tuple[Array | None, Array | None]], diagonal: Array | None, sizes: tuple[int, ...]
) -> Solver | None:
    """Σ first ⊗ second + diag(diagonal), where one side is the identity (None) in all terms, or a single term A ⊗ B.

    None where the terms are not of one such kind. `sizes` are those of the two sides.
    """
    if diagonal is not None and not (diagonal == diagonal.flat[0]).all():
        return None
    m, p = sizes

    def core(matrices: Sequence[Array | None]) -> Solve:
        total, *others = [matrix for matrix in matrices if matrix is not None]
        for matrix in others:
            total = total + matrix
        if diagonal is not None:
            total = total + diagonal.flat[0] * np.eye(len(total), dtype=diagonal.dtype)
        return factored(total)

    def by_rows() -> Solve:
        inner = core([second for _, second in terms])

        def solve(b: Array) -> Array:
            if b.ndim == 1:
                # Column by column, as LAPACK takes it and gives it back.
                return inner(b.reshape(m, p).T).T.reshape(b.shape)
            return _turned(inner(_turned(b, m, p)), p, m).reshape(b.shape)

        return solve

    def by_blocks() -> Solve:
        outer = core([first for first, _ in terms])
        return lambda b: outer(b.reshape(m, -1)).reshape(b.shape)

    def by_both() -> Solve:
        first, second = (core([matrix]) for matrix in terms[0])
        return lambda b: _turned(second(_turned(first(b.reshape(m, -1)), m, p)), p, m).reshape(b.shape)

    if all(first is None for first, _ in terms):
        return Solver("I ⊗ M", by_rows)
    if all(second is None for _, second in terms):
        return Solver("M ⊗ I", by_blocks)
    return Solver("A ⊗ B", by_both) if len(terms) == 1 and diagonal is None else None


def _turned(array: Array, rows: int, columns: int) -> Array:
    """An array of rows × columns × k entries with rows and columns exchanged, as a matrix of `columns` rows."""
    return array.reshape(rows, columns, -1).transpose(1, 0, 2).reshape(columns, -1)
