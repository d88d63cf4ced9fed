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

from matcalc.codegen import Source, compiled, generate
from matcalc.codegen.halves import generate_halves
from matcalc.codegen.sizes import array_shape
from matcalc.errors import DomainError, ShapeError
from matcalc.graph import Node, Symbol, symbol
from matcalc.numeric.evaluator import Evaluator
from matcalc.numeric.solvers import Solver, factored, kronecker_solver, woodbury_solver
from matcalc.numeric.structure import matrix_vector, structure
from matcalc.shapes.dims import dim_value

Array = np.ndarray[Any, Any]
Values = Mapping[str, Any]
Product = Callable[[Array], Array]

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
        self._known: dict[object, tuple[_Generated, bool]] = {}

    def at(self, values: Values) -> Operator:
        """The operator at a point. Raises as evaluators do for arguments that are missing or do not fit."""
        key = tuple(
            (name, getattr(value, "shape", None), getattr(value, "dtype", value.__class__))
            for name, value in values.items()
            if not callable(value)
        )
        found = self._known.get(key)
        if found is not None and found[1]:
            return Operator(found[0], values)
        arguments = self.dense.arguments(values)
        if found is None:
            # What is an array as it is needed is taken as it is next time, without looking again.
            plain = all(array is values[name] for name, array in arguments.items() if np.ndim(array))
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[key] = (_Generated(self, arguments, values), plain)
        return Operator(found[0], arguments)


class _Generated:
    """The generated functions for one choice of sizes."""

    def __init__(self, of: Operators, arguments: Values, values: Values) -> None:
        self.of = of
        self.sizes = _sizes(of.symbols, arguments, values)
        counts = tuple(dim_value(dim, self.sizes) for dim in of.node.axes)
        self.down, self.across = counts[: of.rows], counts[of.rows :]
        self.shape = (math.prod(self.down), math.prod(self.across))
        arrays = [array for array in arguments.values() if hasattr(array, "dtype")]
        self.dtype = np.result_type(*arrays) if arrays else np.dtype(float)

    @cached_property
    def products(self) -> tuple[_Function | None, tuple[tuple[_Function, str | None], ...]]:
        """What is done once at a point, and the functions of a vector: the matrix, and its transpose, times it."""
        node, rows = self.of.node, self.of.rows
        taken = {one.name for one in self.of.symbols}
        name = next(f"v{'_' * k}" for k in range(len(taken) + 1) if f"v{'_' * k}" not in taken)
        movers = (symbol(name, node.axes[rows:]), symbol(f"{name}_", node.axes[:rows]))
        outputs = {}
        for key, mover, transposed in (("matvec", movers[0], False), ("rmatvec", movers[1], True)):
            product = matrix_vector(node, mover, rows, transposed)
            outputs[key] = (product, product.axes)
        halves = generate_halves(outputs, self.of.symbols, movers, self.sizes)
        still = _Function(halves.still, self.sizes) if halves.still else None
        moving = []
        for mover, source in zip(movers, halves.moving.values(), strict=True):
            moving.append((_Function(source, self.sizes), source.arguments.get(mover)))
        return still, tuple(moving)

    @cached_property
    def parts(self) -> tuple[str, _Function | None, Any]:
        """How equations are solved, the function that gives what that needs, and the structure."""
        found = structure(self.of.node, self.of.rows, self.sizes)
        nodes = {} if found.diagonal is None else {"diagonal": found.diagonal}
        kind = "dense"
        if not found.rest and found.kronecker and not found.pairs:
            kind = "kronecker"
            for k, (first, second) in enumerate(found.kronecker):
                sides = ((f"first{k}", first), (f"second{k}", second))
                nodes |= {name: side for name, side in sides if side is not None}
        elif not found.rest and not found.kronecker and nodes and 2 * found.rank < self.shape[0]:
            kind = "woodbury"
            for k, (left, right) in enumerate(found.pairs):
                nodes |= {f"left{k}": left, f"right{k}": right}
        if kind == "dense":
            return kind, None, found
        source = generate({name: (node, node.axes) for name, node in nodes.items()}, self.of.symbols)
        return kind, _Function(source, self.sizes), found


class _Function:
    """A compiled source that takes what it needs from all there is."""

    def __init__(self, source: Source, sizes: Mapping[str, int]) -> None:
        self.run = compiled(source, ShapeError)
        self.names = [(one.name, text) for one, text in source.arguments.items()]
        self.names += list(source.functions.items())
        self.fixed = {text: sizes[dim] for dim, text in source.sizes.items()}

    def given(self, values: Values, but: str | None = None) -> dict[str, Any]:
        """Its arguments, but for one."""
        return {text: values[name] for name, text in self.names if text != but} | self.fixed

    def __call__(self, values: Values) -> Any:
        return self.run(**self.given(values))


class Operator:
    """A matrix of which only products are needed: `A @ v`, `A.rmatvec(u)`, `A.solve(b)`, and `A.todense()`.

    `shape` is (rows, columns); axes of a matrix variable are flattened in the order of NumPy. It fits where
    scipy.sparse.linalg takes a LinearOperator. `structure` says in words what the matrix is made of.
    """

    def __init__(self, generated: _Generated, values: Values) -> None:
        self._generated = generated
        self._values = values
        self.shape = generated.shape
        self.dtype = generated.dtype

    # Products

    @cached_property
    def _products(self) -> tuple[Product, Product]:
        made = self._generated
        still, ((matrix, across), (transpose, down)) = made.products
        values = self._values if still is None else {**self._values, **still(self._values)}
        return _of_vector(matrix, values, across, made.across), _of_vector(transpose, values, down, made.down)

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

    def _applied(self, product: Product, vector: Any, taken: int, given: int) -> Array:
        array = np.asarray(vector)
        if array.shape not in ((taken,), (taken, 1)):
            raise ShapeError(f"a vector has shape {array.shape}, expected ({taken},) or ({taken}, 1)")
        _check_numbers(array)
        made = product(array if array.ndim == 1 else array[:, 0])
        return made.reshape((given, *array.shape[1:]))

    def __matmul__(self, other: Any) -> Array:
        array = np.asarray(other)
        return self.matmat(array) if array.ndim == 2 and array.shape[1] != 1 else self.matvec(array)

    # NumPy leaves `v @ A` to us, which is an error.
    __array_ufunc__ = None

    # The matrix itself

    def todense(self) -> Array:
        """The matrix, filled in."""
        return np.asarray(self._generated.of.dense(**self._values)).reshape(self.shape)

    toarray = todense

    def __repr__(self) -> str:
        return f"<{self.shape[0]} × {self.shape[1]} operator: {self.structure}>"

    # Equations

    def solve(self, b: Any) -> Array:
        """x with A @ x = b, for b of shape (rows,) or (rows, k).

        Raises ShapeError for a matrix that is not square or a b that does not fit, DomainError for a singular matrix.
        """
        array = np.asarray(b)
        size = self.shape[0]
        if size != self.shape[1]:
            raise ShapeError(f"only a square matrix is solved with, this one is {self.shape}")
        if array.ndim not in (1, 2) or len(array) != size:
            raise ShapeError(f"b has shape {array.shape}, expected ({size},) or ({size}, k)")
        _check_numbers(array)
        try:
            return self._solver.solve(array)
        except np.linalg.LinAlgError as error:
            raise DomainError(f"the matrix is singular at this point: {error}") from error

    @property
    def structure(self) -> str:
        """What the matrix is made of, as `solve` uses it."""
        return self._solver.structure if self.shape[0] == self.shape[1] else "dense"

    @cached_property
    def _solver(self) -> Solver:
        kind, parts, found = self._generated.parts
        size = self.shape[0]
        made: Solver | None = None
        if parts is not None:
            arrays = parts(self._values)
            if kind == "woodbury":
                pairs = [(arrays[f"left{k}"], arrays[f"right{k}"]) for k in range(len(found.pairs))]
                made = woodbury_solver(arrays["diagonal"].reshape(size), pairs)
            else:
                made = kronecker_solver(
                    [
                        (arrays.get(f"first{k}"), arrays.get(f"second{k}"))
                        for k in range(len(found.kronecker))
                    ],
                    arrays.get("diagonal"),
                    self._generated.down,
                )
        if made is not None:
            return made
        words = "AᵀDA" if found.gram and not found.plain else "dense"
        return Solver(words, lambda: factored(self.todense(), self._generated.of.symmetric))


def _of_vector(function: _Function, values: Values, moving: str | None, counts: tuple[int, ...]) -> Product:
    """A function of a flat vector, everything else fixed."""
    run = partial(function.run, **function.given(values, moving))
    if moving is None:
        return lambda vector: np.asarray(run())
    if len(counts) == 1:
        return lambda vector: run(**{moving: vector})
    return lambda vector: run(**{moving: vector.reshape(counts)})


def _sizes(symbols: Sequence[Symbol], arguments: Values, values: Values) -> dict[str, int]:
    """The sizes of the dimensions that arrays or the user show."""
    sizes: dict[str, int] = {}
    for one in symbols:
        given = arguments.get(one.name, values.get(one.name))
        shape = array_shape(one)
        if given is not None and len(np.shape(given)) == len(shape):
            pairs = zip(shape, np.shape(given), strict=True)
            sizes |= {dim: count for dim, count in pairs if isinstance(dim, str)}
    dims = {dim for one in symbols for dim in one.axes if isinstance(dim, str)}
    return sizes | {dim: int(values[dim]) for dim in dims if dim in values and dim not in sizes}


def _check_numbers(array: Array) -> None:
    if array.dtype.kind not in "biufc":
        raise DomainError(f"a vector of numbers is needed, not one of {array.dtype}")
