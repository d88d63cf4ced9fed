"""Dimensions that are not known yet, and what operations tell about them: unification.

An unknown is never 1: a matrix, a column and a scalar are told apart by their names, so that every unit dimension is
known from the start. Names and integers are rigid: two names are two sizes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain, count
from typing import Any

from matcalc.shapes.dims import Dim, check_parts, dim_parts, dim_product

# In the order in which textbooks reach for them; then n1, n2, …
_NAMES = ("m", "n", "p", "q", "k", "l", "r", "s", "t", "d", "h")


class Unknown:
    """A dimension to be found. `bound` is what it turned out to be."""

    __slots__ = ("bound",)

    def __init__(self) -> None:
        self.bound: OpenDim | None = None


class Product:
    """A product of dimensions some of which are unknown."""

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[OpenDim]) -> None:
        self.parts = tuple(parts)


OpenDim = Dim | Unknown | Product
OpenShape = tuple[OpenDim, ...]


class Unifier:
    """Collects what is known about unknown dimensions. Attempts can be taken back: `mark` and `undo`."""

    def __init__(self) -> None:
        self._trail: list[Unknown] = []
        self._unknowns: list[Unknown] = []

    def fresh(self) -> Unknown:
        """A new unknown."""
        unknown = Unknown()
        self._unknowns.append(unknown)
        return unknown

    def mark(self) -> int:
        """A point to which `undo` returns."""
        return len(self._trail)

    def undo(self, mark: int) -> None:
        """Forgets what was learned since `mark`."""
        while len(self._trail) > mark:
            self._trail.pop().bound = None

    def find(self, dim: OpenDim) -> OpenDim:
        """What is known of a dimension so far."""
        while type(dim) is Unknown and dim.bound is not None:
            dim = dim.bound
        return self.product(dim.parts) if type(dim) is Product else dim

    def product(self, parts: Iterable[OpenDim]) -> OpenDim:
        """The product of dimensions, as far as they are known. Raises LimitError for too many."""
        found = [part for dim in parts for part in self._parts(dim) if part != 1]
        check_parts(len(found))
        if not found:
            return 1
        if len(found) == 1:
            return found[0]
        if any(type(part) is Unknown for part in found):
            return Product(found)
        return dim_product(found)  # type: ignore[arg-type]

    def _parts(self, dim: OpenDim) -> Sequence[OpenDim]:
        dim = self.find(dim)
        if type(dim) is Product:
            return dim.parts
        return (dim,) if type(dim) is Unknown else dim_parts(dim)  # type: ignore[arg-type]

    def same(self, a: OpenDim, b: OpenDim) -> bool:
        """Makes two dimensions one. False when they can't be; then nothing is known of the attempt."""
        if a is b:
            return True
        a, b = self.find(a), self.find(b)
        if a is b or a == b:
            return True
        if type(b) is Unknown:
            a, b = b, a
        if type(a) is Unknown:
            return self._bind(a, b)
        if type(a) is Product or type(b) is Product:
            return self._same_product(a, b)
        return False

    def _bind(self, unknown: Unknown, dim: OpenDim) -> bool:
        if dim == 1 or any(part is unknown for part in self._parts(dim)):
            return False
        unknown.bound = dim
        self._trail.append(unknown)
        return True

    def _same_product(self, a: OpenDim, b: OpenDim) -> bool:
        left, right = list(self._parts(a)), list(self._parts(b))
        for part in tuple(left):
            if part in right:
                left.remove(part)
                right.remove(part)
        if len(left) == len(right):
            # m n = p q has many solutions; the one that reads naturally is m = p and n = q.
            mark = self.mark()
            if all(self.same(x, y) for x, y in zip(left, right, strict=True)):
                return True
            self.undo(mark)
            return False
        if len(left) == 1 and right and type(left[0]) is Unknown:
            return self._bind(left[0], self.product(right))
        if len(right) == 1 and left and type(right[0]) is Unknown:
            return self._bind(right[0], self.product(left))
        return False

    def name(self, dims: Iterable[OpenDim], taken: Collection[str]) -> frozenset[str]:
        """Names what is still unknown, in the order of `dims`, then of its creation, skipping names that are taken.

        Returns the names given.
        """
        used = set(taken)
        given: set[str] = set()
        names = (name for name in chain(_NAMES, (f"n{i}" for i in count(1))) if name not in used)
        for dim in chain(dims, self._unknowns):
            for part in self._parts(dim):
                if type(part) is Unknown:
                    part.bound = next(names)
                    given.add(part.bound)
        return frozenset(given)

    def known(self, dim: OpenDim) -> Dim:
        """The dimension, once all unknowns have names."""
        found: Any = self.find(dim)
        return found  # type: ignore[no-any-return]
