"""What the laws work with: sizes, agreement of arrays, slopes by differences, JAX in float64."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from matcalc.errors import DomainError
from matcalc.graph import Node
from matcalc.rules.entries import Entry
from matcalc.rules.samples import sample
from matcalc.shapes.dims import dim_value

# Pairwise distinct, so that exchanged axes cannot go unseen.
SIZES = {"b": 2, "n": 3, "m": 4, "p": 5, "q": 6, "o": 7}
_STEP = 1e-3


def double_precision() -> AbstractContextManager[Any]:
    """JAX in float64 for the time being; the caller's configuration is left as it is."""
    import jax

    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)  # type: ignore[no-any-return]
    from jax.experimental import enable_x64

    return enable_x64()  # type: ignore[no-any-return]


def require(law: str, entry: Entry, found: Any, expected: Any, tolerance: float, where: Any = None) -> None:
    """Raise DomainError unless the arrays agree relative to their size."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    if found.shape != expected.shape:
        raise DomainError(f"{entry.name}: {law}: shape {found.shape} against {expected.shape}")
    gap = np.abs(found - expected) / (1 + np.abs(expected))
    gap = np.where(
        np.isfinite(gap), gap, np.where((found == expected) | np.isnan(found) & np.isnan(expected), 0, np.inf)
    )
    if gap.size and gap.max() > tolerance:
        worst = np.unravel_index(int(gap.argmax()), gap.shape)
        at = "" if where is None else f" at {where[worst] if np.shape(where) == gap.shape else where}"
        raise DomainError(f"{entry.name}: {law} broken{at}: {found[worst]:.6g} against {expected[worst]:.6g}")


def slope(moved: Callable[[float], Any]) -> Any:
    """The derivative at step 0, from differences of two step sizes: the error is of fourth order."""
    fine, coarse = ((moved(step) - moved(-step)) / (2 * step) for step in (_STEP, 2 * _STEP))
    return (4 * fine - coarse) / 3


def draw(rng: np.random.Generator, domain: str, node: Node) -> Any:
    """A sample with the axes of a node, at the sizes of `SIZES`."""
    return sample(rng, domain, [dim_value(dim, SIZES) for dim in node.axes])
