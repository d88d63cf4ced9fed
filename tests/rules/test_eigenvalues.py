"""Eigenvectors whose largest entries tie: their sign is a choice, the derivative of the eigenvalues is not."""

from __future__ import annotations

import numpy as np
import pytest

import matcalc as mc

# Symmetric matrices with eigenvectors such as (1, -1), and the gradients u uᵀ of their eigenvalues, ascending.
TIED = [
    ([[2.0, 1.0], [1.0, 2.0]], [(1, -1), (1, 1)]),
    ([[2.0, -1.0], [-1.0, 2.0]], [(1, 1), (1, -1)]),
    ([[0.0, 3.0], [3.0, 0.0]], [(1, -1), (1, 1)]),
    ([[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 7.0]], [(1, -1, 0), (1, 1, 0), (0, 0, 1)]),
]


@pytest.mark.parametrize("target", ["numpy", "jax"])
@pytest.mark.parametrize(("matrix", "directions"), TIED, ids=["2, 1", "2, -1", "0, 3", "block"])
def test_gradients_of_eigenvalues(
    matrix: list[list[float]], directions: list[tuple[int, ...]], target: str
) -> None:
    derivative = mc.derive("eigvalsh(S)", "S", shapes="S: n n symmetric")
    expected = [np.outer(u, u) / np.dot(u, u) for u in directions]
    found = np.asarray(getattr(derivative, target)()(S=np.array(matrix)))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_eigenvectors_are_never_zero() -> None:
    vectors = mc.parse("eigvecsh(S)", shapes="S: n n symmetric").numpy()(S=np.array([[2.0, 1.0], [1.0, 2.0]]))
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(2), atol=1e-12)
