"""Linear equations by the structure of their matrix; what can be is factored once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Solve = Callable[[Array], Array]


class Solver:
    """`solve` takes a right side of shape (n,) or (n, k); `structure` says what it makes use of.

    What can be factored is factored at the first right side. Raises LinAlgError where the matrix is singular.
    """

    def __init__(self, structure: str, prepare: Callable[[], Solve]) -> None:
        self.structure = structure
        self._prepare = prepare

    @cached_property
    def solve(self) -> Solve:
        """The solution of equations with a right side."""
        return self._prepare()


def factored(matrix: Array, symmetric: bool = False) -> Solve:
    """By Cholesky where the matrix is definite, else by elimination."""
    if symmetric and (np.diagonal(matrix) > 0).all():
        from scipy.linalg import LinAlgError, cho_factor, cho_solve

        try:
            definite = cho_factor(matrix)
        except LinAlgError:
            pass
        else:
            return lambda b: np.asarray(cho_solve(definite, b))
    factor, solve = _lapack(matrix.dtype)
    lu, pivots, info = factor(matrix)
    if info > 0:
        raise np.linalg.LinAlgError("Singular matrix")
    return lambda b: np.asarray(solve(lu, pivots, b)[0])


@lru_cache(maxsize=8)
def _lapack(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """Elimination, and solving with its result, for entries of a dtype."""
    from scipy.linalg import get_lapack_funcs

    factor, solve = get_lapack_funcs(("getrf", "getrs"), dtype=dtype)
    return factor, solve


def woodbury_solver(diagonal: Array, pairs: Sequence[tuple[Array, Array]]) -> Solver | None:
    """(D + U V)⁻¹ b = D⁻¹ b - D⁻¹ U (I + V D⁻¹ U)⁻¹ V D⁻¹ b, for D with no zero on it; else None.

    Each of `pairs` is a part of U and one of V, with any axes of the rows and columns, which are flattened.
    """
    if not diagonal.all():
        return None
    size = len(diagonal)
    if not pairs:
        return Solver("diagonal", lambda: lambda b: b / (diagonal if b.ndim == 1 else diagonal[:, None]))
    if len(pairs) == 1 and pairs[0][0].size == size:
        return Solver("diagonal plus rank 1", partial(_rank_one, diagonal, *map(np.ravel, pairs[0])))
    U = np.concatenate([left.reshape(size, -1) for left, _ in pairs], axis=1)
    V = np.concatenate([right.reshape(-1, size) for _, right in pairs], axis=0)

    def prepare() -> Solve:
        scaled = U / diagonal[:, None]
        inner = factored(np.eye(U.shape[1], dtype=scaled.dtype) + V @ scaled)

        def solve(b: Array) -> Array:
            first = b / (diagonal if b.ndim == 1 else diagonal[:, None])
            return first - (scaled @ inner(V @ first)).reshape(b.shape)

        return solve

    return Solver(f"diagonal plus rank {U.shape[1]}", prepare)


def _rank_one(diagonal: Array, u: Array, v: Array) -> Solve:
    """(D + u vᵀ)⁻¹ b = D⁻¹ b - D⁻¹ u (vᵀ D⁻¹ b) / (1 + vᵀ D⁻¹ u), by Sherman and Morrison."""
    scaled = u / diagonal
    inner = 1 + v @ scaled
    if inner == 0:
        raise np.linalg.LinAlgError("Singular matrix")

    def solve(b: Array) -> Array:
        if b.ndim == 1:
            first = b / diagonal
            return first - scaled * (v @ first / inner)
        first = b / diagonal[:, None]
        return first - np.outer(scaled, v @ first / inner)

    return solve


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
        total = sum(matrix for matrix in matrices if matrix is not None)
        if diagonal is not None:
            total = total + diagonal.flat[0] * np.eye(len(np.asarray(total)), dtype=diagonal.dtype)
        return factored(np.asarray(total))

    def by_rows() -> Solve:
        inner = core([second for _, second in terms])
        return lambda b: _turned(inner(_turned(b, m, p)), p, m).reshape(b.shape)

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
