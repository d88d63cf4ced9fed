"""Derivatives by central differences, and the projection of derivatives by structured variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from matcalc.errors import DomainError
from matcalc.graph import Symbol
from matcalc.shapes.dims import dim_value

Array = np.ndarray[Any, Any]

# Entries of the variables (for order 2 pairs of entries) along which steps are made; more are drawn at random.
_MOST_STEPS = 100
_STEP = 1e-4
_SECOND_STEP = 3e-4


class Projection:
    """What SPEC § 2 does to a derivative by a variable in a linear subspace.

    symmetric or spd: sym(G) on each pair of the variable's axes, or with "cookbook" G + Gᵀ - G ⊙ I; diagonal: G ⊙ I.
    """

    def __init__(self, variables: Sequence[Symbol], symmetric: str = "projection") -> None:
        if symmetric not in ("projection", "cookbook"):
            raise DomainError(f"symmetric is 'projection' or 'cookbook', got {symmetric!r}")
        self.variables = tuple(variables)
        self._cookbook = symmetric == "cookbook"

    def __call__(self, derivative: Array, rank: int) -> Array:
        """The projection of an array whose first `rank` axes are the output's, then come the variables'."""
        start = rank
        for variable in self.variables:
            count = len(variable.axes)
            derivative = np.moveaxis(derivative, range(start, start + count), range(-count, 0))
            derivative = np.moveaxis(
                self.of(variable, derivative), range(-count, 0), range(start, start + count)
            )
            start += count
        return derivative

    def of(self, variable: Symbol, array: Array) -> Array:
        """The projection on the last two axes. It is its own adjoint, so steps are projected the same way."""
        if "diagonal" in variable.properties and len(variable.axes) == 2:
            return array * np.eye(array.shape[-1])
        if variable.properties & {"symmetric", "spd"} and len(variable.axes) == 2:
            both = array + np.swapaxes(array, -1, -2)
            return both - array * np.eye(array.shape[-1]) if self._cookbook else both / 2
        return array


class Differences:
    """Derivatives of `forward` by steps in `variables`, one for order 1 and two for order 2.

    A call gives a masked array, of the output's axes and then the variables'; entries that were not tried are masked.
    """

    def __init__(
        self,
        forward: Callable[[dict[str, Array]], Array],
        variables: Sequence[Symbol],
        projection: Projection,
        sizes: dict[str, int],
        seed: int,
    ) -> None:
        self._forward = forward
        self._variables = tuple(variables)
        self._projection = projection
        self._shapes = [tuple(dim_value(dim, sizes) for dim in symbol.axes) for symbol in variables]
        self._rng = np.random.default_rng(seed + 1)
        # What rounding leaves of a derivative that is zero, relative to the expression, in terms of the tolerance.
        self.noise = 1e-5 if len(self._variables) == 1 else 1e-3

    def __call__(self, values: dict[str, Array]) -> np.ma.MaskedArray[Any, Any]:
        found: Array | None = None
        inputs = tuple(count for shape in self._shapes for count in shape)
        order = self._first if len(self._variables) == 1 else self._second
        for places in self._places():
            steps = [self._direction(k, place) for k, place in enumerate(places)]
            derivative = order(values, steps)
            if found is None:
                found = np.full((*derivative.shape, *inputs), np.nan)
                tried = np.zeros(found.shape, bool)
            index: tuple[Any, ...] = (..., *(k for place in places for k in place))
            found[index] = derivative
            tried[index] = True
        assert found is not None
        return np.ma.masked_array(found, ~tried)

    def _places(self) -> Iterator[tuple[tuple[int, ...], ...]]:
        """Which entries of the variables to step along: all, or a random choice of many."""
        total = int(np.prod([count for shape in self._shapes for count in shape]))
        if total <= _MOST_STEPS:
            yield from product(*(np.ndindex(*shape) for shape in self._shapes))
            return
        for flat in self._rng.choice(total, _MOST_STEPS, replace=False):
            places = []
            left = int(flat)
            for shape in reversed(self._shapes):
                left, rest = divmod(left, int(np.prod(shape)))
                places.append(tuple(int(k) for k in np.unravel_index(rest, shape)))
            yield tuple(reversed(places))

    def _direction(self, k: int, place: tuple[int, ...]) -> Array:
        step = np.zeros(self._shapes[k])
        step[place] = 1.0
        return self._projection.of(self._variables[k], step)

    def _at(self, values: dict[str, Array], steps: Sequence[Array], factors: Sequence[float]) -> Array:
        moved = dict(values)
        for symbol, step, factor in zip(self._variables, steps, factors, strict=True):
            array = moved[symbol.name]
            moved[symbol.name] = array + factor * step.reshape(array.shape)
        return self._forward(moved)

    def _first(self, values: dict[str, Array], steps: Sequence[Array]) -> Array:
        """Five points, exact up to the fourth power of the step."""
        h = _STEP
        near = self._at(values, steps, [h]) - self._at(values, steps, [-h])
        far = self._at(values, steps, [2 * h]) - self._at(values, steps, [-2 * h])
        return np.asarray((8 * near - far) / (12 * h))

    def _second(self, values: dict[str, Array], steps: Sequence[Array]) -> Array:
        """Mixed differences over four points, at two steps, extrapolated."""

        def mixed(h: float) -> Any:
            signs = ((1, h, h), (-1, h, -h), (-1, -h, h), (1, -h, -h))
            return sum(sign * self._at(values, steps, [a, b]) for sign, a, b in signs) / (4 * h * h)

        return np.asarray((4 * mixed(_SECOND_STEP) - mixed(2 * _SECOND_STEP)) / 3)
