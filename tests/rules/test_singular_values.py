"""Derivatives of singular values are right wherever these are apart, whatever rounding errors do."""

from __future__ import annotations

import numpy as np
import pytest

import matcalc as mc

STEP = 1e-6


def dyad(X: np.ndarray) -> np.ndarray:
    """u₁ v₁ᵀ."""
    U, _, Vt = np.linalg.svd(X, full_matrices=False)
    return np.outer(U[:, 0], Vt[0])


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (3, 3), (5, 2)])
def test_the_dyad_is_differentiated_at_any_point(shape: tuple[int, int]) -> None:
    """Once R was a pseudo-inverse of a matrix that is singular but for rounding errors: at one point in ten,
    the derivative was wrong by fourteen orders of magnitude."""
    shapes = {"X": "m n", "D": "m n"}
    along = mc.derive(mc.parse("sum(singular_dyad(X) * D)", shapes=shapes), "X").numpy()
    rng = np.random.default_rng(7)
    tried = 0
    while tried < 40:
        X, D = rng.uniform(-2, 2, shape), rng.uniform(-1, 1, shape)
        values = np.linalg.svd(X, compute_uv=False)
        if values[1] > 0.9 * values[0]:
            continue
        tried += 1
        # ⟨C, DM(X)[D]⟩ with C = D: the derivative of ⟨D, M⟩ in the direction D.
        expected = np.sum(D * (dyad(X + STEP * D) - dyad(X - STEP * D))) / (2 * STEP)
        given = {"X": X, "D": D, "m": shape[0], "n": shape[1]}
        found = along(**{name: given[name] for name in along.parameters})
        assert abs(np.sum(found * D) - expected) < 1e-6 * max(1.0, abs(expected))
