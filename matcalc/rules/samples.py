"""Random inputs for checking rules: generic inside the domain, never more structured than the domain demands.

Entries keep clear of whole numbers, where the kinks of the table lie, and are pairwise distinct.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from matcalc.errors import DomainError

# The interval of each elementwise domain.
INTERVALS = {
    "real": (-2.8, 2.8),
    "positive": (0.1, 2.8),
    "above_minus_one": (-0.9, 2.8),
    "below_right_angle": (-1.4, 1.4),
    "unit_ball": (-0.9, 0.9),
    "unit_interval": (0.1, 0.9),
}
_CLEARANCE = 0.06
_WORST_CONDITION = 30.0


def sample(rng: np.random.Generator, domain: str, shape: Sequence[int]) -> Any:
    """An array of this shape, generic in the domain or with the property. Raises DomainError for an unknown one."""
    if domain in INTERVALS:
        return _clear_of_integers(rng, INTERVALS[domain], tuple(shape))
    maker = _MATRICES.get(domain)
    if maker is None:
        known = ", ".join((*INTERVALS, *_MATRICES))
        raise DomainError(f"'{domain}' is no domain", hint=f"the domains are {known}")
    return maker(rng, tuple(shape))


def _clear_of_integers(
    rng: np.random.Generator, interval: tuple[float, float], shape: tuple[int, ...]
) -> Any:
    values = rng.uniform(*interval, shape)
    near = np.abs(values - np.round(values)) < _CLEARANCE
    while near.any():
        values = np.where(near, rng.uniform(*interval, shape), values)
        near = np.abs(values - np.round(values)) < _CLEARANCE
    return values


def _full_rank(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    while True:
        values = rng.uniform(-2.0, 2.0, shape)
        if np.linalg.cond(values).max() < _WORST_CONDITION:
            return values


def _symmetric(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    values = _full_rank(rng, shape)
    return values + np.swapaxes(values, -1, -2)


def _spd(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    values = _full_rank(rng, shape)
    return values @ np.swapaxes(values, -1, -2)


def _diagonal(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return sample(rng, "real", shape[:-1])[..., None] * np.eye(shape[-1])


def _orthogonal(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return np.linalg.qr(_full_rank(rng, shape))[0]


def _whole(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.integers(2, 6, shape).astype(float)


def _simplex(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    weights = sample(rng, "positive", shape)
    return weights / weights.sum(-1, keepdims=True)


def _onehot(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])]


_MATRICES = {
    "simplex": _simplex,
    "onehot": _onehot,
    "whole": _whole,
    "full_rank": _full_rank,
    "invertible": _full_rank,
    "symmetric": _symmetric,
    "spd": _spd,
    "diagonal": _diagonal,
    "orthogonal": _orthogonal,
}
