"""The measure of length."""

from __future__ import annotations

import pytest

from matcalc.notation.tokens import token_count


@pytest.mark.parametrize(
    ("shown", "count"),
    [
        ("x", 1),
        ("2 * X.T @ (X @ w - y)", 12),
        ("Xᵀ", 2),
        ("x.Tau", 3),
        ("f''(z)", 6),
        ("1.5e-3*x**2", 5),
        ("A[i,k] * x[k] -> i", 13),
        ("lambda_ * x1", 3),
        ("δ ⊙ u", 3),
        ("delta where delta = x, z = .5", 9),
        ("", 0),
    ],
)
def test_counts(shown: str, count: int) -> None:
    assert token_count(shown) == count


def test_spaces_do_not_count() -> None:
    assert token_count(" x+ y ") == token_count("x + y") == 3
