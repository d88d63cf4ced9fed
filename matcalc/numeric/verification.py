"""Verification: the derivative's NumPy evaluator against JAX autodiff and against central differences.

JAX differentiates the expression itself, not the derivative, so it knows nothing of our rules; central differences
know nothing of any rules. What comes back is the evidence: the largest error, where, against what, on which device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from matcalc.codegen import NUMPY
from matcalc.errors import DomainError, LimitError
from matcalc.graph import Node, Symbol, topological
from matcalc.graph import symbols as symbols_below
from matcalc.numeric.autodiff import Autodiff, find_device, generated_function, import_jax
from matcalc.numeric.differences import Differences, Projection
from matcalc.numeric.samples import sampler_for, sizes_for
from matcalc.shapes.dims import dim_value
from matcalc.shapes.layouts import Arrangement

Array = np.ndarray[Any, Any]

# Relative to the largest entry of the derivative.
AUTODIFF_TOLERANCE = 1e-8
DIFFERENCE_TOLERANCE = 1e-5
# Derivatives below this, relative to the expression's own value, count as rounding.
_NOTHING = 1e-8
# Entries that an array may have for a verification.
ROOM = 4_000_000


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


@dataclass(frozen=True, slots=True)
class Verification:
    """The evidence: what was compared, at how many random inputs of which sizes. True when every check passed."""

    checks: tuple[Check, ...]
    sizes: dict[str, int]
    samples: int
    seed: int
    dtype: str

    @property
    def passed(self) -> bool:
        """Whether something was checked and every check passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def largest_error(self) -> float:
        """The largest relative error against JAX."""
        return self.checks[0].error

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices that computed."""
        return tuple(dict.fromkeys(check.device for check in self.checks))

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        sizes = ", ".join(f"{name} = {size}" for name, size in self.sizes.items()) or "scalars"
        head = f"{'verified' if self.passed else 'NOT verified'} in {self.dtype}: "
        head += f"{self.samples} random inputs, {sizes}, seed {self.seed}"
        return "\n".join([head, *(f"  {check}" for check in self.checks)])

    __repr__ = __str__


def _check_room(nodes: Sequence[Node]) -> None:
    """Raises LimitError where declared sizes make arrays that are too large to draw and to difference."""
    sizes = sizes_for(nodes)
    for node in topological(nodes):
        entries = math.prod(dim_value(dim, sizes) for dim in node.axes)
        if entries > ROOM:
            raise LimitError(
                f"verification would need an array of {entries:,} entries",
                hint="declare dimensions by name: the derivative holds for every size",
            )


def verify(
    output: Node,
    derivative: Node,
    wrt: Symbol | Sequence[Symbol],
    *,
    symbols: Sequence[Symbol] = (),
    arrangement: Arrangement | None = None,
    symmetric: str = "projection",
    samples: int = 3,
    seed: int = 0,
    device: Any = None,
) -> Verification:
    """Compare `derivative` of `output` by `wrt` (a symbol, or one for each order) with JAX and central differences.

    The derivative's axes are those of the output and then those of each variable, or these as `arrangement` lays them
    out. By a symmetric or diagonal variable the references are projected as SPEC § 2 says, `symmetric="cookbook"`
    included. `device` is None for JAX's default, "cpu", "gpu" or a JAX device.

    Raises DomainError when JAX or the device is missing, or no inputs are found at which the expression is smooth: a
    check that cannot run never passes.
    """
    for name, value, least in (("samples", samples, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise DomainError(f"{name} is a whole number from {least} on, not {value!r}")
    variables = (wrt,) if isinstance(wrt, Symbol) else tuple(wrt)
    known = tuple(dict.fromkeys((*symbols, *symbols_below(output, derivative, *variables))))
    # Before anything is drawn: whether JAX and the device are there at all.
    jax = import_jax()
    where = find_device(jax, device)
    _check_room([output, derivative, *known])
    sampler = sampler_for([output], known, seed, smooth=[derivative])
    sizes = sampler.sizes
    projection = Projection(variables, symmetric)
    rank = len(output.axes)
    ours = generated_function(derivative, known, sizes, NUMPY, np, stable=True)
    forward = generated_function(output, known, sizes, NUMPY, np)
    with Autodiff(jax, output, variables, known, sizes, where) as autodiff:
        # Beyond order 2 steps of the expression itself are too coarse: step JAX's derivative of one order less.
        high = len(variables) > 2
        stepping = Projection(variables[:-1], symmetric)
        differences = Differences(
            (lambda values: stepping(autodiff.lower(values), rank)) if high else forward,
            variables[-1:] if high else variables,
            projection,
            sizes,
            seed,
        )
        by_jax = _Worst(f"JAX autodiff ({autodiff.mode})", AUTODIFF_TOLERANCE)
        by_steps = _Worst(
            "central differences" + (" of JAX's lower derivative" if high else ""), DIFFERENCE_TOLERANCE
        )
        for number in range(samples):
            values = sampler.draw()
            with np.errstate(all="ignore"):
                found, size = ours(values), max(1.0, float(np.max(np.abs(forward(values)), initial=0.0)))
                stepped = differences(values)
            expected = projection(autodiff(values), rank)
            by_jax.compare(number, found, _arranged(expected, arrangement), _NOTHING * size)
            by_steps.compare(number, found, _arranged(stepped, arrangement), differences.noise * size)
    checks = (by_jax.check(autodiff.device), by_steps.check(autodiff.device if high else "cpu (NumPy)"))
    return Verification(checks, sizes, samples, seed, "float64")


def _arranged(array: Array, arrangement: Arrangement | None) -> Array:
    """The array as a layout has it: axes permuted, and groups of them fused."""
    if arrangement is None:
        return array
    turned = array.transpose(arrangement.order)
    counts = iter(turned.shape)
    return turned.reshape([math.prod(next(counts) for _ in range(size)) for size in arrangement.groups])


class _Worst:
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
