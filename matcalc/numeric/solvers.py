"""Linear equations by the structure of their matrix; what can be is factored once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Solve = Callable[[Array], Array]


class Solver:
    """`solve` takes a right side of shape (n, k); `structure` says what it makes use of.

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
    from scipy.linalg import LinAlgError, cho_factor, cho_solve, get_lapack_funcs

    if symmetric and (np.diagonal(matrix) > 0).all():
        try:
            definite = cho_factor(matrix)
        except LinAlgError:
            pass
        else:
            return lambda b: np.asarray(cho_solve(definite, b))
    factor, solve = get_lapack_funcs(("getrf", "getrs"), (matrix,))
    lu, pivots, info = factor(matrix)
    if info > 0:
        raise np.linalg.LinAlgError("Singular matrix")
    return lambda b: np.asarray(solve(lu, pivots, b)[0])


def woodbury_solver(diagonal: Array, lefts: Sequence[Array], rights: Sequence[Array]) -> Solver:
    """(D + U V)⁻¹ b = D⁻¹ b - D⁻¹ U (I + V D⁻¹ U)⁻¹ V D⁻¹ b, for D with no zero on it."""
    column = diagonal[:, None]
    if not lefts:
        return Solver("diagonal", lambda: lambda b: b / column)
    U, V = np.concatenate(lefts, axis=1), np.concatenate(rights, axis=0)

    def prepare() -> Solve:
        scaled = U / column
        inner = factored(np.eye(U.shape[1], dtype=scaled.dtype) + V @ scaled)

        def solve(b: Array) -> Array:
            first = b / column
            return np.asarray(first - scaled @ inner(V @ first))

        return solve

    return Solver(f"diagonal plus rank {U.shape[1]}", prepare)


def kronecker_solver(
    terms: Sequence[tuple[Array, Array]], identities: Sequence[tuple[bool, bool]], diagonal: Array | None
) -> Solver | None:
    """Σ first ⊗ second + diag(diagonal), where one side is the identity in all terms, or a single term A ⊗ B.

    None where the terms are not of one such kind.
    """
    if diagonal is not None and not (diagonal == diagonal.flat[0]).all():
        return None
    shift = 0.0 if diagonal is None else diagonal.flat[0]
    (m, p) = (terms[0][0].shape[0], terms[0][1].shape[0])
    if all(first for first, _ in identities):
        inner = sum(first[0, 0] * second for first, second in terms) + shift * np.eye(
            p, dtype=terms[0][1].dtype
        )

        def by_rows() -> Solve:
            core = factored(inner)
            return lambda b: _turned(core(_turned(b, m, p)), p, m).reshape(b.shape)

        return Solver("I ⊗ M", by_rows)
    if all(second for _, second in identities):
        outer = sum(first * second[0, 0] for first, second in terms) + shift * np.eye(
            m, dtype=terms[0][0].dtype
        )

        def by_blocks() -> Solve:
            core = factored(outer)
            return lambda b: core(b.reshape(m, -1)).reshape(b.shape)

        return Solver("M ⊗ I", by_blocks)
    if len(terms) > 1 or shift:
        return None

    def by_both() -> Solve:
        first, second = (factored(matrix) for matrix in terms[0])
        return lambda b: _turned(second(_turned(first(b.reshape(m, -1)), m, p)), p, m).reshape(b.shape)

    return Solver("A ⊗ B", by_both)


def _turned(array: Array, rows: int, columns: int) -> Array:
    """An array of rows × columns × k entries with rows and columns exchanged, as a matrix of `columns` rows."""
    return array.reshape(rows, columns, -1).transpose(1, 0, 2).reshape(columns, -1)
