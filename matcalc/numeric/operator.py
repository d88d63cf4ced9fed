"""Derivatives as linear operators at a point: products with vectors and solutions of equations, without the matrix.

What does not depend on the vector is computed once, when the point is given. Equations are solved through the structure
of the derivative: a diagonal plus something of low rank by Sherman, Morrison and Woodbury (Golub & Van Loan 2013,
section 2.1.4), a Kronecker product factor by factor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np

from matcalc.codegen import compiled
from matcalc.codegen.halves import generate_halves
from matcalc.codegen.sizes import array_shape
from matcalc.errors import DomainError, ShapeError
from matcalc.graph import Node, Symbol, symbol
from matcalc.numeric.evaluator import Evaluator
from matcalc.numeric.solvers import Solver, factored, kronecker_solver, woodbury_solver
from matcalc.numeric.structure import is_identity, matrix_vector, structure
from matcalc.shapes.dims import dim_value

Array = np.ndarray[Any, Any]


class Operator:
    """A matrix of which only products are needed: `A @ v`, `A.T @ u`, `solve(b)`, and `todense()`.

    `shape` is (rows, columns); axes of a matrix variable are flattened in the order of NumPy. It fits where
    scipy.sparse.linalg takes a LinearOperator. `structure` says in words what the matrix is made of.
    """

    def __init__(
        self,
        node: Node,
        rows: int,
        symbols: Sequence[Symbol],
        functions: Sequence[str],
        values: Mapping[str, Any],
        *,
        symmetric: bool = False,
    ) -> None:
        """`node` has the axes of the rows, `rows` of them, and then those of the columns.

        Raises as evaluators do for arguments that are missing, unknown or do not fit.
        """
        self._node = node
        self._rows = rows
        self._symbols = list(symbols)
        self._functions = tuple(functions)
        self._values = dict(values)
        self._symmetric = symmetric
        evaluator = Evaluator((node, node.axes), symbols, functions)
        self._dense = evaluator
        self._arguments = evaluator.arguments(values)
        self._sizes = _sizes(symbols, self._arguments, values)
        self._counts = tuple(dim_value(dim, self._sizes) for dim in node.axes)
        self.shape = (math.prod(self._counts[:rows]), math.prod(self._counts[rows:]))
        arrays = [array for array in self._arguments.values() if hasattr(array, "dtype")]
        self.dtype = np.result_type(*arrays) if arrays else np.dtype(float)

    # Products

    @cached_property
    def _products(self) -> tuple[Callable[..., Array], Callable[..., Array]]:
        """The functions of a vector: the matrix times it, and the transpose times it."""
        taken = {one.name for one in self._symbols}
        name = next(f"v{'_' * k}" for k in range(len(taken) + 1) if f"v{'_' * k}" not in taken)
        across = symbol(name, self._node.axes[self._rows :])
        down = symbol(f"{name}_", self._node.axes[: self._rows])
        outputs = {}
        for key, mover, transposed in (("matvec", across, False), ("rmatvec", down, True)):
            product = matrix_vector(self._node, mover, self._rows, transposed)
            outputs[key] = (product, product.axes)
        halves = generate_halves(outputs, self._symbols, (across, down), self._sizes)
        given = {**self._arguments, **self._sizes}
        kept: dict[str, Any] = {}
        if halves.still is not None:
            source = halves.still
            kept = compiled(source)(**_chosen(source, given))
            kept = kept if isinstance(kept, dict) else {}
        functions = []
        for mover, source in zip((across, down), halves.moving.values(), strict=True):
            fixed = _chosen(source, {**given, **kept}, mover.name)
            moving = source.arguments.get(mover)
            run = partial(compiled(source), **fixed)
            functions.append((run, moving))
        (forward, of_across), (backward, of_down) = functions
        columns, rows = self._counts[self._rows :], self._counts[: self._rows]
        return _of_vector(forward, of_across, columns), _of_vector(backward, of_down, rows)

    def matvec(self, v: Any) -> Array:
        """The matrix times a vector of shape (columns,) or (columns, 1)."""
        return self._applied(self._products[0], v, self.shape[1], self.shape[0])

    def rmatvec(self, u: Any) -> Array:
        """The transpose times a vector of shape (rows,) or (rows, 1)."""
        return self._applied(self._products[1], u, self.shape[0], self.shape[1])

    def matmat(self, V: Any) -> Array:
        """The matrix times each column of V."""
        return np.stack([self.matvec(column) for column in np.asarray(V).T], axis=1)

    def rmatmat(self, U: Any) -> Array:
        """The transpose times each column of U."""
        return np.stack([self.rmatvec(column) for column in np.asarray(U).T], axis=1)

    def _applied(self, product: Callable[[Array], Array], vector: Any, taken: int, given: int) -> Array:
        array = np.asarray(vector)
        if array.shape not in ((taken,), (taken, 1)):
            raise ShapeError(f"a vector has shape {array.shape}, expected ({taken},) or ({taken}, 1)")
        made = product(array if array.ndim == 1 else array[:, 0])
        return made.reshape((given, *array.shape[1:]))

    def __matmul__(self, other: Any) -> Array:
        array = np.asarray(other)
        return self.matmat(array) if array.ndim == 2 and array.shape[1] != 1 else self.matvec(array)

    # NumPy leaves `A @ v` to us, whatever the vector is.
    __array_ufunc__ = None

    # The matrix itself

    def todense(self) -> Array:
        """The matrix, filled in."""
        return np.asarray(self._dense(**self._values)).reshape(self.shape)

    toarray = todense

    def __repr__(self) -> str:
        return f"<{self.shape[0]} × {self.shape[1]} operator: {self.structure}>"

    # Equations

    def solve(self, b: Any) -> Array:
        """x with A @ x = b, for b of shape (rows,) or (rows, k).

        Raises ShapeError for a matrix that is not square or a b that does not fit, DomainError for a singular matrix.
        """
        if self.shape[0] != self.shape[1]:
            raise ShapeError(f"only a square matrix is solved with, this one is {self.shape}")
        array = np.asarray(b)
        if array.ndim not in (1, 2) or array.shape[0] != self.shape[0]:
            raise ShapeError(
                f"b has shape {array.shape}, expected ({self.shape[0]},) or ({self.shape[0]}, k)"
            )
        columns = array.reshape(self.shape[0], -1)
        try:
            return self._solver.solve(columns).reshape(array.shape)
        except np.linalg.LinAlgError as error:
            raise DomainError(f"the matrix is singular at this point: {error}") from error

    @property
    def structure(self) -> str:
        """What the matrix is made of, as `solve` uses it."""
        return self._solver.structure if self.shape[0] == self.shape[1] else "dense"

    @cached_property
    def _solver(self) -> Solver:
        found = structure(self._node, self._rows, self._sizes)
        size = self.shape[0]
        if not found.rest and found.kronecker and not found.pairs:
            parts = {"diagonal": found.diagonal} if found.diagonal is not None else {}
            for k, (first, second) in enumerate(found.kronecker):
                parts |= {f"first{k}": first, f"second{k}": second}
            arrays = self._evaluated(parts)
            made = kronecker_solver(
                [(arrays[f"first{k}"], arrays[f"second{k}"]) for k in range(len(found.kronecker))],
                [(is_identity(first), is_identity(second)) for first, second in found.kronecker],
                arrays.get("diagonal"),
            )
            if made is not None:
                return made
        elif not found.rest and found.diagonal is not None and 2 * found.rank < size:
            parts = {"diagonal": found.diagonal}
            for k, (left, right) in enumerate(found.pairs):
                parts |= {f"left{k}": left, f"right{k}": right}
            arrays = self._evaluated(parts)
            diagonal = arrays["diagonal"].reshape(size)
            if diagonal.all():
                lefts = [arrays[f"left{k}"].reshape(size, -1) for k in range(len(found.pairs))]
                rights = [arrays[f"right{k}"].reshape(-1, size) for k in range(len(found.pairs))]
                return woodbury_solver(diagonal, lefts, rights)
        words = "AᵀDA" if found.gram and not found.plain else "dense"
        return Solver(words, lambda: factored(self.todense(), self._symmetric))

    def _evaluated(self, parts: Mapping[str, Node]) -> dict[str, Array]:
        """The values of nodes at the point."""
        outputs = {name: (node, node.axes) for name, node in parts.items()}
        evaluator = Evaluator(outputs, self._symbols, self._functions)
        wanted = {*evaluator.parameters, *(one.name for one in self._symbols)}
        given = {
            **self._values,
            **{dim: size for dim, size in self._sizes.items() if dim in evaluator.parameters},
        }
        return dict(evaluator(**{name: value for name, value in given.items() if name in wanted}))


def _of_vector(
    run: Callable[..., Array], moving: str | None, counts: tuple[int, ...]
) -> Callable[[Array], Array]:
    """A function of a flat vector."""
    if moving is None:
        return lambda vector: np.asarray(run())
    if len(counts) == 1:
        return lambda vector: run(**{moving: vector})
    return lambda vector: run(**{moving: vector.reshape(counts)})


def _chosen(source: Any, given: Mapping[str, Any], mover: str = "") -> dict[str, Any]:
    """What a generated function takes, of what there is."""
    chosen = {text: given[one.name] for one, text in source.arguments.items() if one.name != mover}
    chosen |= {text: given[keyword] for keyword, text in source.functions.items()}
    return chosen | {text: given[dim] for dim, text in source.sizes.items()}


def _sizes(
    symbols: Sequence[Symbol], arguments: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, int]:
    """The sizes of the dimensions that arrays or the user show."""
    sizes: dict[str, int] = {}
    for one in symbols:
        if one.name in arguments:
            pairs = zip(array_shape(one), np.shape(arguments[one.name]), strict=True)
            sizes |= {dim: count for dim, count in pairs if isinstance(dim, str)}
    dims = {dim for one in symbols for dim in one.axes if isinstance(dim, str)}
    return sizes | {dim: int(values[dim]) for dim in dims if dim in values and dim not in sizes}
