"""Derivatives as linear operators at a point: products with vectors and solutions of equations, without the matrix."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from matcalc.codegen.sizes import array_shape
from matcalc.errors import DomainError, ShapeError
from matcalc.graph import Node, Symbol
from matcalc.numeric.evaluator import Evaluator
from matcalc.numeric.generated import Array, Generated, Product, Values, of_vector
from matcalc.numeric.solvers import RankOne, Solver, factored
from matcalc.shapes.dims import dim_parts

# Sizes for which the generated functions are kept.
_KEPT = 16


class Operators:
    """A derivative's operators at points: what is generated for sizes once serves every point of these sizes.

    `node` has the axes of the rows, `rows` of them, and then those of the columns.
    """

    def __init__(
        self,
        node: Node,
        rows: int,
        symbols: Sequence[Symbol],
        functions: Sequence[str],
        *,
        symmetric: bool = False,
    ) -> None:
        self.node = node
        self.rows = rows
        self.symbols = list(symbols)
        self.symmetric = symmetric
        self.dense = Evaluator((node, node.axes), symbols, functions)
        self._dims = {
            part for one in symbols for dim in one.axes for part in dim_parts(dim) if isinstance(part, str)
        }
        self._forget()

    def _forget(self) -> None:
        # What was generated, by sizes and dtype, and by the form of arguments that are taken as they come.
        self._made: dict[object, Generated] = {}
        self._known: dict[object, tuple[Generated, tuple[str, ...]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {name: part for name, part in vars(self).items() if name not in ("_made", "_known")}

    def __setstate__(self, state: Values) -> None:
        vars(self).update(state)
        self._forget()

    def at(self, values: dict[str, Any]) -> Operator:
        """The operator at a point; `values` is taken over. Raises as evaluators do for arguments that do not fit."""
        form: list[object] = [*values]
        for value in values.values():
            kind = type(value)
            if kind is np.ndarray:
                form.append(value.shape)
                form.append(value.dtype)
            else:
                form.append(kind)
        if not self._dims.isdisjoint(values):
            form += [repr(values[name]) for name in values if name in self._dims]
        key = tuple(form)
        known = self._known.get(key)
        if known is not None:
            made, numbers = known
            try:
                for name in numbers:
                    values[name] = made.kind(values[name])
            except OverflowError as error:
                raise DomainError(f"'{name}' is not an array of numbers: {error}") from error
            return Operator(self, made, values)
        arguments = self.dense.arguments(values)
        made = self._generated(arguments)
        changed = [name for name, value in arguments.items() if value is not values[name]]
        # Where no more than numbers had to be converted, what comes in this form is not looked at again.
        if all(type(values[name]) in (int, float) and name not in self._dims for name in changed):
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[key] = made, tuple(changed)
        return Operator(self, made, arguments)

    def _generated(self, arguments: Values) -> Generated:
        """What is generated for the sizes and the dtype of arguments in their form."""
        sizes = {name: int(arguments[name]) for name in self._dims if name in arguments}
        for one in self.symbols:
            if one.name in arguments:
                pairs = zip(array_shape(one), np.shape(arguments[one.name]), strict=True)
                sizes |= {dim: count for dim, count in pairs if isinstance(dim, str)}
        needed = [arguments[name] for name in self.dense.parameters]
        arrays = [array for array in needed if isinstance(array, np.ndarray)]
        dtype = np.result_type(*arrays) if arrays else np.dtype(float)
        key = frozenset(sizes.items()), dtype
        if key not in self._made:
            if len(self._made) >= _KEPT:
                self._made.clear()
            self._made[key] = Generated(self.node, self.rows, self.symbols, sizes, dtype)
        return self._made[key]


class Operator(LinearOperator):  # type: ignore[misc]  # SciPy tells no types
    """A matrix of which only products are needed: `A @ v`, `A.rmatvec(u)`, `A.solve(b)`, and `A.todense()`.

    `shape` is (rows, columns); axes of a matrix variable are flattened in the order of NumPy. It is one of SciPy's
    linear operators: `2 * A`, `A + B`, `A @ B`, `A.T` and `A.H` are others. `structure` says in words what the matrix
    is made of.
    """

    # A step is often taken once at a point, and takes microseconds: SciPy's own two look at what is known here.
    def __new__(cls, *_: Any) -> Operator:
        return object.__new__(cls)

    def __init__(self, of: Operators, generated: Generated, values: Values) -> None:
        self.shape = generated.shape
        self.dtype = generated.dtype
        self._of = of
        self._generated = generated
        self._values = values
        self._solved: Solver | RankOne | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # It is made again at its point.
        return Operators.at, (self._of, dict(self._values))

    # Products

    @cached_property
    def _products(self) -> tuple[Product, Product]:
        made = self._generated
        still, ((matrix, across), (transpose, down)) = made.products
        values = self._values if still is None else {**self._values, **still(self._values)}
        forth, back = (
            of_vector(matrix, values, across, made.across),
            of_vector(transpose, values, down, made.down),
        )
        return forth, _conjugate(back) if self.dtype.kind == "c" else back

    def matvec(self, v: Any) -> Array:
        """The matrix times a vector of shape (columns,) or (columns, 1)."""
        return self._applied(self._products[0], v, self.shape[1], self.shape[0])

    def rmatvec(self, u: Any) -> Array:
        """The adjoint, which is the transpose where numbers are real, times a vector of shape (rows,) or (rows, 1)."""
        return self._applied(self._products[1], u, self.shape[0], self.shape[1])

    def matmat(self, V: Any) -> Array:
        """The matrix times each column of V."""
        return self._by_columns(self.matvec, V, self.shape[1], self.shape[0])

    def rmatmat(self, U: Any) -> Array:
        """The adjoint times each column of U."""
        return self._by_columns(self.rmatvec, U, self.shape[0], self.shape[1])

    # What SciPy makes of operators calls them so.
    _matvec, _rmatvec, _matmat, _rmatmat = matvec, rmatvec, matmat, rmatmat

    def _applied(self, product: Product, vector: Any, taken: int, given: int) -> Array:
        array = np.asarray(vector)
        if array.shape not in ((taken,), (taken, 1)):
            raise ShapeError(f"a vector has shape {array.shape}, expected ({taken},) or ({taken}, 1)")
        _check_numbers(array)
        made = product(array if array.ndim == 1 else array[:, 0])
        return made.reshape((given, *array.shape[1:]))

    def _by_columns(self, product: Product, matrix: Any, taken: int, given: int) -> Array:
        array = np.asarray(matrix)
        if array.ndim != 2 or len(array) != taken:
            raise ShapeError(f"a matrix has shape {array.shape}, expected ({taken}, k)")
        _check_numbers(array)
        if not array.size:
            return np.zeros((given, array.shape[1]), np.result_type(self.dtype, array))
        return np.stack([product(column) for column in array.T], axis=1)

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, LinearOperator):
            return super().__matmul__(other)
        array = np.asarray(other)
        return self.matmat(array) if array.ndim == 2 and array.shape[1] != 1 else self.matvec(array)

    def dot(self, x: Any) -> Any:
        """`A @ x`; a number times the matrix is an operator."""
        return super().dot(x) if isinstance(x, LinearOperator) or np.isscalar(x) else self @ x

    # The matrix itself

    def todense(self) -> Array:
        """The matrix, filled in."""
        return np.asarray(self._of.dense(**self._values)).reshape(self.shape)

    toarray = todense

    def __repr__(self) -> str:
        return f"<{self.shape[0]} × {self.shape[1]} operator: {self.structure}>"

    # Equations

    def solve(self, b: Any) -> Array:
        """x with A @ x = b, for b of shape (rows,) or (rows, k).

        Raises ShapeError for a matrix that is not square or a b that does not fit, DomainError for a singular matrix.
        """
        array = np.asarray(b)
        size, columns = self.shape
        if size != columns:
            raise ShapeError(f"only a square matrix is solved with, this one is {self.shape}")
        if array.ndim not in (1, 2) or len(array) != size:
            raise ShapeError(f"b has shape {array.shape}, expected ({size},) or ({size}, k)")
        if array.dtype.kind != "f":
            _check_numbers(array)
        try:
            return (self._solved or self._solver()).solve(array)
        except np.linalg.LinAlgError as error:
            raise DomainError(f"the matrix is singular at this point: {error}") from error

    @property
    def structure(self) -> str:
        """What the matrix is made of, as `solve` uses it."""
        return self._solver().structure if self.shape[0] == self.shape[1] else "dense"

    def _solver(self) -> Solver | RankOne:
        if self._solved is None:
            made = self._generated
            self._solved = made.solver(self._values)
            if self._solved is None:
                words = "AᵀDA" if made.structure.gram and not made.structure.plain else "dense"
                self._solved = Solver(words, lambda: factored(self.todense(), self._of.symmetric))
        return self._solved


def _conjugate(product: Product) -> Product:
    """Products with the conjugate of a matrix."""
    return lambda vector: product(vector.conj()).conj()


def _check_numbers(array: Array) -> None:
    if array.dtype.kind not in "biufc":
        raise DomainError(f"a vector of numbers is needed, not one of {array.dtype}")
