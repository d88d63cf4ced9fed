"""Derivatives as linear operators at a point: products with vectors and solutions of equations, without the matrix.

What does not depend on the vector is computed once, when the point is given. Equations are solved through the structure
of the derivative: a diagonal plus something of low rank by Sherman, Morrison and Woodbury (Golub & Van Loan 2013,
section 2.1.4), a Kronecker product factor by factor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from operator import itemgetter
from typing import Any

import numpy as np

from matcalc.codegen import Source, compiled, generate
from matcalc.codegen.halves import generate_halves
from matcalc.codegen.sizes import array_shape
from matcalc.errors import DomainError, ShapeError
from matcalc.graph import Node, Symbol, symbol
from matcalc.numeric.evaluator import Evaluator
from matcalc.numeric.solvers import RankOne, Solver, factored, kronecker_solver, woodbury_solver
from matcalc.numeric.structure import Structure, matrix_vector, structure
from matcalc.shapes.dims import dim_parts, dim_value

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
        self._dims = {part for one in symbols for dim in one.axes for part in dim_parts(dim)}
        self._known: dict[object, _Generated] = {}

    def at(self, values: dict[str, Any]) -> Operator:
        """The operator at a point; `values` is taken over. Raises as evaluators do for arguments that do not fit."""
        key: list[object] = [*values]
        for value in values.values():
            kind = type(value)
            if kind is np.ndarray:
                key.append(value.shape)
                key.append(value.dtype)
            elif kind is float:
                key.append(kind)
            else:
                key.append(getattr(value, "shape", None))
                key.append(getattr(value, "dtype", value.__class__))
        if not self._dims.isdisjoint(values):
            key += [repr(values[name]) for name in values if name in self._dims]
        known = tuple(key)
        found = self._known.get(known)
        if found is not None and found.numbers is not None:
            for name in found.numbers:
                values[name] = found.kind(values[name])
            return Operator(found, values)
        arguments = self.dense.arguments(values)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[known] = _Generated(self, arguments, values)
        return Operator(found, arguments)


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
        self.kind = self.dtype.type
        self.numbers = self._numbers(arguments, values)

    def _numbers(self, arguments: Values, values: Values) -> tuple[str, ...] | None:
        """Which arguments are Python's numbers; None where others are not as they are needed.

        Where only numbers have to be converted, arguments of these shapes and kinds are not looked at again.
        """
        changed = [name for name, value in arguments.items() if value is not values.get(name)]
        return tuple(changed) if all(type(values.get(name)) in (int, float) for name in changed) else None

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
    def solver(self) -> Callable[[Values], Solver | RankOne | None]:
        """What solves equations at a point by the structure; None of it where that does not serve at this point."""
        found = self.structure
        nodes = {} if found.diagonal is None else {"diagonal": found.diagonal}
        size = self.shape[0]
        if not found.rest and found.kronecker and not found.pairs:
            sides = [(f"first{k}", f"second{k}") for k in range(len(found.kronecker))]
            for names, pair in zip(sides, found.kronecker, strict=True):
                nodes |= {name: side for name, side in zip(names, pair, strict=True) if side is not None}
            parts = self._function(nodes)

            def by_products(values: Values) -> Solver | RankOne | None:
                arrays = parts(values)
                terms = [(arrays.get(first), arrays.get(second)) for first, second in sides]
                return kronecker_solver(terms, arrays.get("diagonal"), self.down)

            return by_products
        if not found.rest and not found.kronecker and nodes and 2 * found.rank < size:
            return self._by_rank(nodes)
        return lambda values: None

    def _by_rank(self, nodes: dict[str, Node]) -> Callable[[Values], Solver | RankOne | None]:
        """A diagonal, which is in `nodes`, plus what is of low rank."""
        found = self.structure
        sides = [(f"left{k}", f"right{k}") for k in range(len(found.pairs))]
        for names, (_, *both) in zip(sides, found.pairs, strict=True):
            nodes |= zip(names, both, strict=True)
        coefficients = [float(coefficient) for coefficient, *_ in found.pairs]
        parts = self._function(nodes)
        size, flat = self.shape[0], self.of.rows == 1
        if len(sides) == found.rank == 1:
            (c,) = coefficients

            def by_vectors(values: Values) -> RankOne | None:
                diagonal, u, v = parts(values).values()
                if np.count_nonzero(diagonal) < size:
                    return None
                return (
                    RankOne(diagonal, c, u, v) if flat else RankOne(diagonal.ravel(), c, u.ravel(), v.ravel())
                )

            return by_vectors

        def by_rank(values: Values) -> Solver | RankOne | None:
            arrays = parts(values)
            pairs = [(c, arrays[u], arrays[v]) for c, (u, v) in zip(coefficients, sides, strict=True)]
            return woodbury_solver(arrays["diagonal"], pairs)

        return by_rank

    @cached_property
    def structure(self) -> Structure:
        """What is known of the matrix at these sizes."""
        return structure(self.of.node, self.of.rows, self.sizes)

    def _function(self, nodes: Mapping[str, Node]) -> _Function:
        """A function of several results, for arguments that have been looked at."""
        outputs = {name: (node, node.axes) for name, node in nodes.items()}
        return _Function(generate(outputs, self.of.symbols, checked=False), self.sizes)


class _Function:
    """A compiled source that takes what it needs from all there is."""

    def __init__(self, source: Source, sizes: Mapping[str, int]) -> None:
        self.run = compiled(source, ShapeError)
        # In the order of the function's parameters.
        self.names = [(one.name, text) for one, text in source.arguments.items()]
        self.names += sorted(source.functions.items(), key=lambda pair: pair[1])
        self.fixed = {text: sizes[dim] for dim, text in source.sizes.items()}
        self._taken = _taking([name for name, _ in self.names])
        self._last = tuple(self.fixed.values())

    def given(self, values: Values, but: str | None = None) -> dict[str, Any]:
        """Its arguments, but for one."""
        return {text: values[name] for name, text in self.names if text != but} | self.fixed

    def __call__(self, values: Values) -> Any:
        return self.run(*self._taken(values), *self._last)


def _taking(names: Sequence[str]) -> Callable[[Values], tuple[Any, ...]]:
    """The values of these names."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple([values[name] for name in names])


class Operator:
    """A matrix of which only products are needed: `A @ v`, `A.rmatvec(u)`, `A.solve(b)`, and `A.todense()`.

    `shape` is (rows, columns); axes of a matrix variable are flattened in the order of NumPy. It fits where
    scipy.sparse.linalg takes a LinearOperator. `structure` says in words what the matrix is made of.
    """

    def __init__(self, generated: _Generated, values: Values) -> None:
        self._generated = generated
        self._values = values
        self._solved: Solver | RankOne | None = None
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
                self._solved = Solver(words, lambda: factored(self.todense(), made.of.symmetric))
        return self._solved


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
