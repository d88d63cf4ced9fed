"""Verification in single precision: the evaluators on NumPy and on a device, against JAX in double precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from matcalc.codegen import JAX, NUMPY
from matcalc.errors import DomainError
from matcalc.numeric.autodiff import generated_function
from matcalc.numeric.comparison import Check, Task, Worst

Array = np.ndarray[Any, Any]

# Some hundred units of rounding, relative to the largest entry.
TOLERANCE = 5e-5
# How much more than JAX's own error in single precision is allowed: the inputs may be ill-conditioned.
_MORE = 10.0
# Derivatives below this count as rounding.
_NOTHING = 1e-3


def single_precision(task: Task, points: Sequence[dict[str, Array]], where: Any) -> list[Check]:
    """The checks on one device. Raises DomainError when an evaluator does not keep single precision."""
    jax = task.jax
    on_numpy = generated_function(task.derivative, task.known, task.sizes, NUMPY, np, stable=True)
    on_jax = jax.jit(generated_function(task.derivative, task.known, task.sizes, JAX, jax.numpy, stable=True))
    against = "JAX autodiff in float64"
    found = {"NumPy": Worst(against, TOLERANCE), "JAX": Worst(against, TOLERANCE)}
    theirs = Worst(against, TOLERANCE)
    with task.autodiff(where) as autodiff:
        for number, values in enumerate(points):
            single = {name: array.astype(np.float32) for name, array in values.items()}
            double = {name: array.astype(np.float64) for name, array in single.items()}
            expected = task.expected(autodiff, double)
            theirs.compare(number, task.expected(autodiff, single), expected, _NOTHING)
            placed = {name: jax.device_put(array, where) for name, array in single.items()}
            with np.errstate(all="ignore"):
                results = {"NumPy": on_numpy(single), "JAX": np.asarray(on_jax(placed))}
            for name, array in results.items():
                # What depends on no variable has no precision to follow.
                if array.dtype != np.float32 and single:
                    raise DomainError(f"the {name} evaluator computes in {array.dtype}, given float32")
                found[name].compare(number, array.astype(np.float64), expected, _NOTHING)
    allowed = max(TOLERANCE, _MORE * theirs.check("").error)
    for worst in found.values():
        worst.tolerance = allowed
    return [found["NumPy"].check("cpu (NumPy)"), found["JAX"].check(autodiff.device)]
