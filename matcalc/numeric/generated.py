"""What is generated for the operators of one derivative at some sizes: products, and what equations are solved by.

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
from matcalc.errors import ShapeError
from matcalc.graph import Node, Symbol, symbol
from matcalc.numeric.solvers import RankOne, Solver, kronecker_solver, woodbury_solver
from matcalc.numeric.structure import Structure, matrix_vector, structure
from matcalc.shapes.dims import dim_value

Array = np.ndarray[Any, Any]
Values = Mapping[str, Any]
Product = Callable[[Array], Array]


class Generated:
    """The generated functions for one choice of sizes and one dtype.

    `node` has the axes of the rows, `rows` of them, and then those of the columns.
    """

    def __init__(
        self,
        node: Node,
        rows: int,
        symbols: Sequence[Symbol],
        sizes: dict[str, int],
        dtype: np.dtype[Any],
    ) -> None:
        self.node = node
        self.rows = rows
        self.symbols = symbols
        self.sizes = sizes
        self.dtype = dtype
        self.kind = dtype.type
        counts = tuple(dim_value(dim, self.sizes) for dim in node.axes)
        self.down, self.across = counts[:rows], counts[rows:]
        self.shape = (math.prod(self.down), math.prod(self.across))

    @cached_property
    def products(self) -> tuple[Function | None, tuple[tuple[Function, str | None], ...]]:
        """What is done once at a point, and the functions of a vector: the matrix, and its transpose, times it."""
        axes, rows = self.node.axes, self.rows
        # No variable's name has a space in it.
        movers = (symbol("the vector", axes[rows:]), symbol("the rows' vector", axes[:rows]))
        outputs = {}
        for key, mover, transposed in (("matvec", movers[0], False), ("rmatvec", movers[1], True)):
            product = matrix_vector(self.node, mover, rows, transposed)
            outputs[key] = (product, product.axes)
        halves = generate_halves(outputs, self.symbols, movers, self.sizes)
        still = Function(halves.still, self.sizes) if halves.still else None
        moving = []
        for mover, source in zip(movers, halves.moving.values(), strict=True):
            moving.append((Function(source, self.sizes), source.arguments.get(mover)))
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
        size, flat = self.shape[0], self.rows == 1
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
        return structure(self.node, self.rows, self.sizes)

    def _function(self, nodes: Mapping[str, Node]) -> Function:
        """A function of several results, for arguments that have been looked at."""
        outputs = {name: (node, node.axes) for name, node in nodes.items()}
        return Function(generate(outputs, self.symbols, checked=False), self.sizes)


class Function:
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


def of_vector(function: Function, values: Values, moving: str | None, counts: tuple[int, ...]) -> Product:
    """A function of a flat vector, everything else fixed."""
    run = partial(function.run, **function.given(values, moving))
    if moving is None:
        return lambda vector: np.asarray(run())
    if len(counts) == 1:
        return lambda vector: run(**{moving: vector})
    return lambda vector: run(**{moving: vector.reshape(counts)})
