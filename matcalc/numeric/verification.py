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
from matcalc.numeric.autodiff import find_device, generated_function, import_jax
from matcalc.numeric.comparison import NOTHING, Check, Task, Worst
from matcalc.numeric.differences import Differences, Projection
from matcalc.numeric.samples import sampler_for, sizes_for
from matcalc.numeric.single import single_precision
from matcalc.shapes.dims import dim_value
from matcalc.shapes.layouts import Arrangement

Array = np.ndarray[Any, Any]

# Relative to the largest entry of the derivative.
AUTODIFF_TOLERANCE = 1e-8
DIFFERENCE_TOLERANCE = 1e-5
MOST_SAMPLES = 10_000
# Entries that an array may have for a verification.
ROOM = 4_000_000


@dataclass(frozen=True, slots=True)
class Verification:
    """The evidence: what was compared, at how many random inputs of which sizes. True when every check passed."""

    checks: tuple[Check, ...]
    sizes: dict[str, int]
    samples: int
    seed: int
    dtype: str
    note: str = ""

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
        sizes = "".join(f", {name} = {size}" for name, size in self.sizes.items())
        head = f"{'verified' if self.passed else 'NOT verified'} in {self.dtype}: "
        head += f"{self.samples} random inputs{sizes}, seed {self.seed}"
        return "\n".join([head, *(f"  {line}" for line in (*self.checks, self.note) if line)])

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
    dtype: str = "float64",
) -> Verification:
    """Compare `derivative` of `output` by `wrt` (a symbol, or one for each order) with JAX and central differences.

    The derivative's axes are those of the output and then those of each variable, or these as `arrangement` lays them
    out. By a symmetric or diagonal variable the references are projected as SPEC § 2 says, `symmetric="cookbook"`
    included. `device` is None for JAX's default, "cpu", "gpu", a JAX device, or "all" that JAX sees. With `dtype`
    "float32" the evaluators compute in single precision, on NumPy and on the devices, and are compared with JAX's
    derivative in double precision; ten times the error that JAX itself makes in single precision is allowed.

    Raises DomainError when JAX or the device is missing, or no inputs are found at which the expression is smooth: a
    check that cannot run never passes.
    """
    for name, value, least in (("samples", samples, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise DomainError(f"{name} is a whole number from {least} on, not {value!r}")
    if samples > MOST_SAMPLES:
        raise LimitError(
            f"at most {MOST_SAMPLES:,} samples", hint="a wrong formula disagrees at the first few"
        )
    variables = (wrt,) if isinstance(wrt, Symbol) else tuple(wrt)
    known = tuple(dict.fromkeys((*symbols, *symbols_below(output, derivative, *variables))))
    # Before anything is drawn: whether JAX and the device are there at all.
    jax = import_jax()
    if not isinstance(dtype, str) or dtype not in ("float64", "float32"):
        raise DomainError(f"dtype is 'float64' or 'float32', not {dtype!r}")
    everywhere = isinstance(device, str) and device == "all"
    places = jax.devices() if everywhere else [find_device(jax, device)]
    _check_room([output, derivative, *known])
    sampler = sampler_for([output], known, seed, smooth=[derivative])
    sizes = sampler.sizes
    projection = Projection(variables, symmetric)
    points = [sampler.draw() for _ in range(samples)]
    task = Task(jax, output, derivative, variables, known, sizes, projection, arrangement)
    note = "" if not everywhere or _sees_gpu(places) else "no GPU was seen"
    checks: list[Check] = []
    if dtype == "float32":
        for where in places:
            checks += single_precision(task, points, where)
        return Verification(tuple(checks), sizes, samples, seed, dtype, note)
    stepping = Projection(variables[:-1], symmetric)
    for where in places:
        checks += _double_precision(task, points, where, stepping, seed)
    # Differences of NumPy's are the same for every device.
    return Verification(tuple(dict.fromkeys(checks)), sizes, samples, seed, dtype, note)


def _double_precision(
    task: Task, points: Sequence[dict[str, Array]], where: Any, stepping: Projection, seed: int
) -> list[Check]:
    """The NumPy evaluator against JAX's derivative on a device and against central differences."""
    variables, sizes, rank = task.variables, task.sizes, len(task.output.axes)
    ours = generated_function(task.derivative, task.known, sizes, NUMPY, np, stable=True)
    forward = generated_function(task.output, task.known, sizes, NUMPY, np)
    with task.autodiff(where) as autodiff:
        # Beyond order 2 steps of the expression itself are too coarse: step JAX's derivative of one order less.
        high = len(variables) > 2
        differences = Differences(
            (lambda values: stepping(autodiff.lower(values), rank)) if high else forward,
            variables[-1:] if high else variables,
            task.projection,
            sizes,
            seed,
        )
        by_jax = Worst(f"JAX autodiff ({autodiff.mode})", AUTODIFF_TOLERANCE)
        by_steps = Worst(
            "central differences" + (" of JAX's lower derivative" if high else ""), DIFFERENCE_TOLERANCE
        )
        for number, values in enumerate(points):
            with np.errstate(all="ignore"):
                found, size = ours(values), max(1.0, float(np.max(np.abs(forward(values)), initial=0.0)))
                stepped = differences(values)
            by_jax.compare(number, found, task.expected(autodiff, values), NOTHING * size)
            by_steps.compare(number, found, task.arranged(stepped), differences.noise * size)
    return [by_jax.check(autodiff.device), by_steps.check(autodiff.device if high else "cpu (NumPy)")]


def _sees_gpu(places: Sequence[Any]) -> bool:
    return any(place.platform in ("gpu", "cuda", "rocm") for place in places)
