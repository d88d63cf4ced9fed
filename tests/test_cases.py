"""The corpus's own tools: inputs keep to their domain, references are laid out as SPEC § 2 says."""

from __future__ import annotations

import numpy as np
import pytest

from tools import cases

CASES = cases.read_cases()
EXAMPLES = {"mc-lin-04", "mc-inv-01", "cs231n-01", "ew-31", "mc-tr2-17", "red-01"}


@pytest.mark.parametrize("domain", sorted({domain for case in CASES for domain in case.domain.values()}))
def test_inputs_keep_to_their_domain(domain: str) -> None:
    rng = np.random.default_rng(0)
    matrix = cases.draw(domain, (5, 5), rng)
    exact = cases.draw(domain, (5, 5), rng, exact=True)
    assert matrix.shape == (5, 5)
    assert not np.allclose(matrix, matrix.T), "generic samples are never symmetric"
    if domain == "spd":
        assert np.allclose(exact, exact.T)
        assert np.linalg.eigvalsh(exact).min() > 0
        assert np.linalg.det(matrix) > 0
    if domain in ("simplex", "onehot"):
        assert np.allclose(exact.sum(axis=1), 1)
        assert exact.min() >= 0
    if domain == "positive":
        assert exact.min() > 0
    if domain == "invertible":
        assert np.linalg.cond(exact) < 10


def test_inputs_are_the_same_in_every_run() -> None:
    first, second = (list(cases.points(CASES[0])) for _ in range(2))
    assert all(np.array_equal(a[name], b[name]) for a, b in zip(first, second, strict=True) for name in a)


@pytest.mark.parametrize("case", [case for case in CASES if case.id in EXAMPLES], ids=lambda case: case.id)
def test_references_have_the_demanded_shape(case: cases.Case) -> None:
    refer = cases.reference(case)
    values = next(cases.points(case))
    value, derivative = refer(values)
    assert derivative.dtype == np.float64
    shapes = {
        layout: cases.laid_out(derivative, value.shape, case.size(case.wrt), layout, case.order).shape
        for layout in ("shape", "jacobian")
    }
    s = case.sizes
    assert (
        shapes
        == {
            "mc-lin-04": lambda: {"shape": (s["m"], s["n"]), "jacobian": (1, s["m"] * s["n"])},
            "mc-inv-01": lambda: {"shape": (s["m"], s["m"]), "jacobian": (s["m"] ** 2,)},
            "cs231n-01": lambda: (
                {"shape": (1, s["m"]), "jacobian": (1, s["m"])}
                if not value.shape
                else {"shape": (s["n"], s["m"]), "jacobian": (s["n"], s["m"])}
            ),
            "ew-31": lambda: {"shape": (s["m"], s["q"]) * 2, "jacobian": (s["m"] * s["q"],) * 2},
            "mc-tr2-17": lambda: {"shape": (s["m"], s["q"]) * 2, "jacobian": (s["m"] * s["q"],) * 2},
            "red-01": lambda: {"shape": (s["n"], s["m"], s["n"]), "jacobian": (s["n"], s["m"] * s["n"])},
        }[case.id]()
    )


def test_vec_stacks_columns() -> None:
    """d vec(A X B) / d vec(X) is B.T ⊗ A, which only the column order of vec gives."""
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 3)), rng.standard_normal((4, 5))
    derivative = np.einsum("ij,kl->iljk", a, b)
    assert np.allclose(cases.laid_out(derivative, (2, 5), (3, 4), "jacobian"), np.kron(b.T, a))


def test_a_difference_is_relative() -> None:
    assert cases.difference(np.array([1e6 + 1]), np.array([1e6])) == pytest.approx(1e-6)
    assert cases.difference(np.array([1e-9]), np.array([0.0])) == pytest.approx(1e-9)
    assert np.isnan(cases.difference(np.array([np.nan]), np.array([1.0])))
