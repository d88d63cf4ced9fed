"""Values on the namespaces of NumPy, JAX and torch: where their names differ, or where care keeps digits.

Each function takes the namespace first. The special functions come from SciPy, JAX and torch, loaded when first used.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any


def library(xp: Any) -> str:
    """`numpy`, `jax` or `torch`."""
    return str(xp.__name__).split(".", maxsplit=1)[0]


def plain(name: str) -> Callable[..., Any]:
    """The function that every namespace has under this name."""

    def value(xp: Any, *arrays: Any) -> Any:
        return getattr(xp, name)(*arrays)

    return value


def imported(xp: Any, module: str) -> Any:
    """A module beside the namespace, loaded when first used; a namespace that records gives a recording one."""
    found: Callable[[str], Any] = getattr(xp, "__imported__", import_module)
    return found(module)


def special(xp: Any) -> Any:
    """The module with erf and erfc for this namespace."""
    places = {"jax": "jax.scipy.special", "torch": "torch.special"}
    return imported(xp, places.get(library(xp), "scipy.special"))


def erf(xp: Any, x: Any) -> Any:
    """The error function."""
    return special(xp).erf(x)


def sigmoid(xp: Any, x: Any) -> Any:
    """1 / (1 + exp(-x)) with full relative precision in both tails."""
    if library(xp) == "jax":
        return imported(xp, "jax.nn").sigmoid(x)
    if library(xp) == "torch":
        return xp.sigmoid(x)
    decay = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, xp.ones_like(decay), decay) / (1 + decay)


def below_zero(xp: Any, x: Any) -> Any:
    """min(x, 0)."""
    return xp.minimum(x, xp.zeros_like(x))


def heaviside(xp: Any, x: Any) -> Any:
    """1 where x > 0, else 0; of torch's own version torch knows no derivative."""
    if library(xp) == "torch":
        return xp.relu(xp.sign(x))
    return xp.heaviside(x, xp.zeros_like(x))


def ones_of(xp: Any, x: Any) -> Any:
    """Ones; in torch they come from x with slope 0, without which it has nothing to differentiate."""
    return x**0 if library(xp) == "torch" else xp.ones_like(x)


def gelu(xp: Any, x: Any) -> Any:
    """x Φ(x); erfc rather than 1 + erf, so that the left tail keeps its digits."""
    return 0.5 * x * special(xp).erfc(-math.sqrt(0.5) * x)


def gelu_tanh(xp: Any, x: Any) -> Any:
    """x sigmoid(√(8/π) (x + 0.044715 x³))."""
    return x * sigmoid(xp, math.sqrt(8 / math.pi) * (x + 0.044715 * x**3))


def finite_top(xp: Any, x: Any) -> Any:
    """What to shift by before exp: the largest entry along the last axis, kept as an axis, and held finite."""
    return xp.nan_to_num(xp.amax(x, -1))[..., None]


def swapped(xp: Any, x: Any) -> Any:
    """x with its last two axes exchanged."""
    return xp.swapaxes(x, -1, -2)


def eye_like(xp: Any, x: Any, size: int | None = None) -> Any:
    """The identity matrix of the dtype of x, and of `size` or else that of its last axis."""
    size = x.shape[-1] if size is None else size
    if library(xp) == "torch":
        return xp.eye(size, dtype=x.dtype, device=x.device)
    return xp.eye(size, dtype=x.dtype)


def expm(xp: Any, x: Any) -> Any:
    """The exponential of a stack of matrices."""
    if library(xp) == "torch":
        return xp.linalg.matrix_exp(x)
    return imported(xp, "jax.scipy.linalg" if library(xp) == "jax" else "scipy.linalg").expm(x)


def thin_svd(xp: Any, x: Any) -> Any:
    """U, σ, Vᵀ with as many singular values as the shorter axis is long."""
    return xp.linalg.svd(x, full_matrices=False)


def sign_of_largest(xp: Any, x: Any) -> Any:
    """The sign of the largest entry in size of every column, as a row: what makes eigenvectors definite."""
    size = xp.abs(x)
    largest = size >= xp.amax(size, -2)[..., None, :]
    found = xp.sign(xp.where(largest, x, xp.zeros_like(x)).sum(-2))[..., None, :]
    # Where two largest ones cancel, as in (1, -1), either sign will do, but not none.
    return xp.where(found == 0, xp.ones_like(found), found)
