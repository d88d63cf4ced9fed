"""Values against NumPy and SciPy: composites by definition, every function far out, at kinks, and in float32."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.special

import matcalc.language  # noqa: F401  (reads the formulas of rules)
from matcalc.graph import symbol
from matcalc.rules import Composite, Elementwise, Function, Operand, all_functions, call, lookup
from matcalc.rules.interpreter import evaluate
from matcalc.rules.registry import read_formula

RNG = np.random.default_rng(3)
A, B = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
P, Q = scipy.special.softmax(A, axis=None), scipy.special.softmax(B, axis=None)
X, Y, C = RNG.normal(size=(4, 4)), RNG.normal(size=(4, 4)), RNG.normal(size=(2, 5))
x, y = RNG.normal(size=(4, 1)), RNG.normal(size=(4, 1))

CASES: list[tuple[str, tuple[Any, ...], dict[str, Any], Any]] = [
    ("sum", (A,), {}, A.sum()),
    ("sum", (A,), {"axis": 0}, A.sum(0)),
    ("sum", (A,), {"axis": -1}, A.sum(1)),
    ("sum", (x,), {"axis": 1}, x[:, 0]),
    ("mean", (A,), {}, A.mean()),
    ("mean", (A,), {"axis": 0}, A.mean(0)),
    ("mean", (A,), {"axis": 1}, A.mean(1)),
    ("tr", (X,), {}, np.trace(X)),
    ("diag", (x,), {}, np.diag(x[:, 0])),
    ("diagonal", (X,), {}, np.diag(X)),
    ("outer", (x, y), {}, np.outer(x, y)),
    ("outer", (x.T, y), {}, np.outer(x, y)),
    ("dot", (x, y), {}, np.vdot(x, y)),
    ("kron", (A, C), {}, np.kron(A, C)),
    ("kron", (x, C), {}, np.kron(x, C)),
    ("kron", (x.T, y), {}, np.kron(x.T, y)),
    ("vec", (A,), {}, A.T.ravel()),
    ("eye", (3,), {}, np.eye(3)),
    ("ones", (3,), {}, np.ones(3)),
    ("ones", (3, 2), {}, np.ones((3, 2))),
    ("zeros", (3, 2), {}, np.zeros((3, 2))),
    ("norm", (A,), {}, np.linalg.norm(A)),
    ("norm1", (A,), {}, np.abs(A).sum()),
    ("norm_inf", (A,), {}, np.abs(A).max()),
    ("matrix_power", (X, 0), {}, np.eye(4)),
    ("matrix_power", (X, 1), {}, X),
    ("matrix_power", (X, 13), {}, np.linalg.matrix_power(X, 13)),
    ("matrix_power", (X, -2), {}, np.linalg.matrix_power(X, -2)),
    ("pinv", (A,), {}, np.linalg.pinv(A)),
    ("pinv", (x,), {}, np.linalg.pinv(x)[0]),
    ("pinv", (x.T,), {}, np.linalg.pinv(x.T)[:, 0]),
    ("expm", (X,), {}, scipy.linalg.expm(X)),
    ("expm_frechet", (X, 2 * X + Y), {}, scipy.linalg.expm_frechet(X, 2 * X + Y)[1]),
    ("expm_frechet2", (np.zeros((4, 4)), X, Y), {}, (X @ Y + Y @ X) / 2),
    ("eigvalsh", (X + X.T,), {}, np.linalg.eigvalsh(X + X.T)),
    ("eigvalsh", (X,), {}, np.linalg.eigvalsh((X + X.T) / 2)),
    ("norm_spectral", (A,), {}, np.linalg.norm(A, 2)),
    ("norm_spectral", (x,), {}, np.linalg.norm(x)),
    ("norm_nuclear", (A,), {}, np.linalg.norm(A, "nuc")),
    ("norm_nuclear", (x.T,), {}, np.linalg.norm(x)),
    ("polar", (A,), {}, scipy.linalg.polar(A)[0]),
    ("singular_dyad", (np.outer(x, y),), {}, np.outer(x, y) / np.linalg.norm(x) / np.linalg.norm(y)),
    ("cross", (x[:3], y[:3]), {}, np.cross(x[:3, 0], y[:3, 0])),
    ("cross", (x[:3].T, y[:3].T), {}, np.cross(x[:3, 0], y[:3, 0])),
    ("skew", (x[:3],), {}, np.cross(x[:3, 0], np.eye(3)).T),
    ("skew", (A,), {"axis": 0}, np.stack([np.cross(column, np.eye(3)).T for column in A.T])),
    ("vee", (np.cross(x[:3, 0], np.eye(3)).T,), {}, x[:3, 0]),
    ("adj", (X,), {}, np.linalg.det(X) * np.linalg.inv(X)),
    ("log_softmax", (x,), {}, scipy.special.log_softmax(x)[:, 0]),
    ("log_softmax", (A,), {"axis": 0}, scipy.special.log_softmax(A, 0)),
    ("log_softmax", (A,), {"axis": 1}, scipy.special.log_softmax(A, 1)),
    ("softmax", (x.T,), {}, scipy.special.softmax(x)[:, 0]),
    ("softmax", (A,), {"axis": 0}, scipy.special.softmax(A, 0)),
    ("logsumexp", (A,), {}, scipy.special.logsumexp(A)),
    ("logsumexp", (A,), {"axis": 1}, scipy.special.logsumexp(A, 1)),
    ("max", (A,), {}, A.max()),
    ("min", (A,), {"axis": 0}, A.min(0)),
    ("argmax_indicator", (A,), {}, A.max() == A),
    ("argmin_indicator", (A,), {"axis": 1}, A.min(1, keepdims=True) == A),
    ("surprise", (P,), {}, -np.log(P)),
    ("entropy", (P,), {}, -(P * np.log(P)).sum()),
    ("cross_entropy", (P, Q), {}, -(P * np.log(Q)).sum()),
    ("kl_divergence", (P, Q), {}, (P * np.log(P / Q)).sum()),
    ("softmax_cross_entropy", (P, B), {}, -(P * scipy.special.log_softmax(B, 1)).sum()),
    ("softmax_cross_entropy", (x, y), {}, -(x * scipy.special.log_softmax(y)).sum()),
    ("softmax_cross_entropy", (x.T, y.T), {}, -(x * scipy.special.log_softmax(y)).sum()),
    ("binary_cross_entropy", (P, Q), {}, -(P * np.log(Q) + (1 - P) * np.log(1 - Q)).sum()),
    ("sse", (A, B), {}, ((A - B) ** 2).sum()),
    ("mse", (A, B), {}, ((A - B) ** 2).mean()),
    ("huber", (3 * A,), {}, scipy.special.huber(1, 3 * A).sum()),
    ("huber", (3 * A, np.array([[2.0]])), {}, scipy.special.huber(2, 3 * A).sum()),
    ("hinge", (A, B), {}, np.maximum(0, 1 - A * B).sum()),
    ("gaussian_surprise", (A, B), {}, ((A - B) ** 2).sum() / 2 + 6 * np.log(2 * np.pi)),
    ("gaussian_surprise", (A, np.array([[0.5]])), {}, ((A - 0.5) ** 2).sum() / 2 + 6 * np.log(2 * np.pi)),
]


@pytest.mark.parametrize(("name", "arguments", "options", "expected"), CASES)
def test_values(name: str, arguments: tuple[Any, ...], options: dict[str, Any], expected: Any) -> None:
    values, passed = {}, []
    for k, argument in enumerate(arguments):
        if isinstance(argument, np.ndarray):
            values[f"x{k}"] = argument
            passed.append(Operand(symbol(f"x{k}", argument.shape), argument.shape))
        else:
            passed.append(argument)
    result = call(lookup(name), *passed, **options)
    assert tuple(dim for dim in result.shape if dim != 1) == np.shape(expected)
    np.testing.assert_allclose(evaluate(result.node, values), expected, rtol=1e-12)


def test_every_composite_has_a_value_here() -> None:
    tested = {name for name, *_ in CASES} | {"commutation"}
    assert {entry.name for entry in all_functions() if isinstance(entry, Composite)} <= tested


def test_commutation() -> None:
    K = evaluate(call(lookup("commutation"), "m", "n").node, {}, {"m": 3, "n": 4})
    np.testing.assert_array_equal(K @ A.T.ravel(), A.ravel())


def cofactors(X: Any) -> Any:
    """The adjugate by its definition."""
    indices = range(len(X))
    minors = [[np.delete(np.delete(X, j, 0), i, 1) for j in indices] for i in indices]
    return np.array([[(-1) ** (i + j) * np.linalg.det(minors[i][j]) for j in indices] for i in indices])


@pytest.mark.parametrize("rank", [2, 3, 4])
def test_the_adjugate_of_singular_matrices(rank: int) -> None:
    singular = X[:, :rank] @ X[:rank]
    value = lookup("adj").value
    for xp in (np, jnp):
        single = xp is jnp
        found = np.asarray(value(xp, xp.asarray(np.stack([singular, X]))))
        expected = np.stack([cofactors(singular), cofactors(X)])
        np.testing.assert_allclose(found, expected, atol=1e-4 if single else 1e-12)


@pytest.mark.parametrize("k", [0, 1, 2, 13, -3])
def test_powers_with_a_symbolic_exponent(k: int) -> None:
    value = lookup("matrix_power").value
    expected = np.linalg.matrix_power(X, k)
    np.testing.assert_allclose(value(np, X, float(k)), expected, rtol=1e-12)
    np.testing.assert_allclose(jax.jit(partial(value, jnp))(jnp.asarray(X), float(k)), expected, rtol=1e-3)
    for xp in (np, jnp):
        assert np.isnan(value(xp, xp.asarray(X), 2.5)).all()


def test_eigenvectors() -> None:
    """They are unit vectors that belong to the eigenvalues, and their signs do not depend on the library."""
    S = X + X.T
    V = lookup("eigvecsh").value(np, S)
    np.testing.assert_allclose(S @ V, V * np.linalg.eigvalsh(S), atol=1e-12)
    np.testing.assert_allclose(V.T @ V, np.eye(4), atol=1e-12)
    assert (V[np.abs(V).argmax(0), range(4)] > 0).all()
    np.testing.assert_allclose(lookup("eigvecsh").value(jnp, jnp.asarray(S)), V, atol=1e-4)


INF = np.inf
FAR = [
    ("sigmoid", [-800, -40, 800], [0, np.exp(-40), 1]),
    ("softplus", [-800, -40, 800], [0, np.exp(-40), 800]),
    ("silu", [-800, 800], [0, 800]),
    ("elu", [-1e-12, 800, -800], [-1e-12, 800, -1]),
    ("selu", [-1e-12, 800], [-1.7580993408473768e-12, 1.0507009873554805 * 800]),
    ("gelu", [-10, 40], [-10 * scipy.special.ndtr(-10), 40]),
    ("gelu_tanh", [-40, 40], [0, 40]),
    ("logsumexp", [1000, 1000], 1000 + np.log(2)),
    ("logsumexp", [-1000, -1000], -1000 + np.log(2)),
    ("logsumexp", [-INF, -INF], -INF),
    ("logsumexp", [-INF, 3], 3),
    ("logsumexp", [INF, 1000], INF),
    ("softmax", [1000, 1000], [0.5, 0.5]),
    ("softmax", [-INF, 0], [0, 1]),
    ("max", [-INF, 2], 2),
    ("argmax_indicator", [2, 2, 1], [0.5, 0.5, 0]),
    ("argmin_indicator", [2, 1, 1], [0, 0.5, 0.5]),
    ("huber_entry", [1e9], [1e9 - 0.5]),
]


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
@pytest.mark.parametrize(("name", "at", "expected"), FAR)
def test_far_out(name: str, at: list[float], expected: Any, xp: Any) -> None:
    entry = lookup(name)
    assert isinstance(entry, Elementwise | Function)
    single = xp is jnp
    more = (xp.asarray(1.0),) if name == "huber_entry" else ()
    found = entry.value(xp, xp.asarray(at, dtype=xp.float32 if single else xp.float64), *more)
    tolerance = {"rtol": 1e-5, "atol": 1e-7} if single else {"rtol": 1e-12, "atol": 0}
    np.testing.assert_allclose(found, expected, **tolerance)


def test_nan_goes_through() -> None:
    for entry in all_functions():
        if isinstance(entry, Elementwise):
            nans = [np.full(2, np.nan) for _ in entry.parameters]
            with np.errstate(invalid="ignore"):
                assert np.isnan(entry.value(np, *nans)).all(), entry.name


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
@pytest.mark.parametrize(
    "entry",
    [entry for entry in all_functions() if not isinstance(entry, Composite)],
    ids=lambda entry: entry.name,
)
def test_dtype_is_kept(entry: Any, xp: Any) -> None:
    single = xp.asarray([[0.5, 0.25], [0.125, 0.75]], dtype=xp.float32)
    count = len(entry.domain)
    operands = [xp.asarray(2.0) if domain == "whole" else single for domain in entry.domain]
    if entry.name in ("cross", "skew", "vee"):
        operands = [xp.ones((3, 3), xp.float32)] * count
    assert entry.value(xp, *operands).dtype == xp.float32


KINKS = [
    ("abs", 0, 0),
    ("sign", 0, 0),
    ("heaviside", 0, 0),
    ("relu", 0, 0),
    ("leaky_relu", 0, 0.01),
    ("elu", 0, 1),
    ("selu", 0, 1.7580993408473768),
    ("hard_tanh", 1, 0),
    ("hard_tanh", -1, 0),
    ("hard_sigmoid", 3, 0),
    ("hard_sigmoid", -3, 0),
    ("softsign", 0, 1),
]


@pytest.mark.parametrize(("name", "at", "expected"), KINKS)
def test_kinks(name: str, at: float, expected: float) -> None:
    """The derivative at a kink is the printed formula, and the entry says which value that is."""
    entry = lookup(name)
    assert isinstance(entry, Elementwise) and entry.kinks
    node = read_formula(entry.derivatives[0], x=symbol("x", ("n",)))
    assert np.broadcast_to(evaluate(node, {"x": [at, at]}, {"n": 2}), 2) == pytest.approx([expected] * 2)


def test_smooth_functions_name_no_kink() -> None:
    for entry in all_functions():
        if isinstance(entry, Elementwise) and entry.name != "sqrt":
            assert entry.smooth != bool(entry.kinks), entry.name
