"""Comparisons of derivatives: what is compared, entry by entry, and what has been seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from matcalc.errors import DomainError
from matcalc.graph import Node, Symbol
from matcalc.numeric.autodiff import Autodiff
from matcalc.numeric.differences import Projection
from matcalc.shapes.layouts import Arrangement

Array = np.ndarray[Any, Any]

# The least scale of errors, relative to the expression's own value: a derivative that cancels to nothing leaves
# rounding of some 1e-15 of that value behind, which must stay below the tolerance times this.
NOTHING = 1e-6


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: the entry with the largest relative error among `entries`, in which sample, against what."""

    against: str
    device: str
    error: float
    tolerance: float
    sample: int
    index: tuple[int, ...]
    ours: float
    theirs: float
    entries: int

    @property
    def passed(self) -> bool:
        """Whether the error is within the tolerance; an error that is not a number is not."""
        return bool(self.error <= self.tolerance)

    def __str__(self) -> str:
        verdict = "agrees with" if self.passed else "DISAGREES with"
        line = f"{verdict} {self.against} on {self.device}: largest relative error {self.error:.1e}"
        line += f" (tolerance {self.tolerance:.0e}, {self.entries} entries)"
        if self.passed:
            return line
        return (
            line
            + f"; in sample {self.sample} at {list(self.index)} ours is {self.ours:.9g}, theirs {self.theirs:.9g}"
        )


class Worst:
    """The largest relative error so far."""

    def __init__(self, against: str, tolerance: float) -> None:
        self.against = against
        self.tolerance = tolerance
        self.entries = 0
        self.worst: tuple[float, int, tuple[int, ...], float, float] = (-1.0, 0, (), 0.0, 0.0)

    def compare(self, sample: int, ours: Array, theirs: Array, floor: float) -> None:
        """Takes one sample in. `theirs` may be a masked array: masked entries are not compared."""
        compared = ~np.ma.getmaskarray(theirs)
        reference = np.ma.getdata(theirs)
        if ours.shape != reference.shape:
            raise DomainError(f"the derivative has shape {ours.shape}, its reference {reference.shape}")
        if not compared.any():
            return
        self.entries += int(compared.sum())
        scale = max(float(np.max(np.abs(reference[compared]))), floor)
        errors = np.where(compared, np.abs(ours - reference) / scale, -1.0)
        # What is not a number on either side is an error beyond all others.
        errors[np.isnan(errors)] = np.inf
        index = tuple(int(k) for k in np.unravel_index(int(np.argmax(errors)), errors.shape))
        if errors[index] > self.worst[0]:
            self.worst = (float(errors[index]), sample, index, float(ours[index]), float(reference[index]))

    def check(self, device: str) -> Check:
        """What has been seen. Raises DomainError when nothing has."""
        if not self.entries:
            raise DomainError(f"nothing could be compared with {self.against}")
        error, sample, index, ours, theirs = self.worst
        return Check(self.against, device, error, self.tolerance, sample, index, ours, theirs, self.entries)


@dataclass(frozen=True)
class Task:
    """A derivative to be verified: of what, by which variables, at which sizes, laid out and projected how."""

    jax: Any
    output: Node
    derivative: Node
    variables: tuple[Symbol, ...]
    known: Sequence[Symbol]
    sizes: dict[str, int]
    projection: Projection
    arrangement: Arrangement | None

    def autodiff(self, where: Any) -> Autodiff:
        """JAX's derivative on a device."""
        return Autodiff(self.jax, self.output, self.variables, self.known, self.sizes, where)

    def expected(self, autodiff: Autodiff, values: Mapping[str, Array]) -> Array:
        """JAX's derivative at a point, as ours is to be."""
        return self.arranged(self.projection(autodiff(values), len(self.output.axes)))

    def arranged(self, array: Array) -> Array:
        """The array as a layout has it: axes permuted, and groups of them fused."""
        if self.arrangement is None:
            return array
        turned = array.transpose(self.arrangement.order)
        counts = iter(turned.shape)
        groups = self.arrangement.groups
        return turned.reshape([math.prod(next(counts) for _ in range(size)) for size in groups])
