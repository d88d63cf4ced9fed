"""Dense Hessians and Jacobians against the better of JAX's two modes, and against closed forms written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import Any, NamedTuple

import numpy as np

import matcalc as mc
from benchmarks.evaluators.timing import Array, Thunk, agree, ratio, timed, waiting


class Case(NamedTuple):
    """A second derivative of `function`, or its Jacobian, by the first of `values`.

    `hand` is its closed form as a careful author writes it, in NumPy or, where ours `runs_on_jax`, in JAX. Where JAX's
    modes do not `fit` into memory, ours is compared with the form by hand.
    """

    name: str
    derivative: Any
    values: Mapping[str, Array]
    function: Callable[..., Any]
    hand: Callable[..., Any]
    order: int
    runs_on_jax: bool = False
    fit: bool = True


def second_orders(n: int) -> Iterator[Case]:
    """By vectors."""
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    A, x, b = rng.standard_normal((n, n)) / np.sqrt(n), rng.standard_normal(n), rng.standard_normal(n)
    y = np.sign(rng.standard_normal(n))

    def tanh_by_hand(x: Array, W: Array, b: Array) -> Array:
        return (1 - np.tanh(W @ x + b) ** 2)[:, None] * W

    def logistic_by_hand(w: Array, X: Array, y: Array) -> Array:
        p = 1 / (1 + np.exp(-(X @ w)))
        scaled = np.sqrt(y**2 * p * (1 - p))[:, None] * X
        return scaled.T @ scaled

    def softmax_by_hand(x: Any) -> Any:
        e = jnp.exp(x - x.max())
        p = e / e.sum()
        return jnp.diag(p) - jnp.outer(p, p)

    yield Case(
        "quadratic form, Hessian",
        mc.derive("x.T @ A @ x", "x", order=2),
        {"x": x, "A": A},
        lambda x, A: x @ A @ x,
        lambda x, A: A + A.T,
        2,
    )
    yield Case(
        "tanh(Wx + b), Jacobian",
        mc.derive("tanh(W @ x + b)", "x"),
        {"x": x, "W": A, "b": b},
        lambda x, W, b: jnp.tanh(W @ x + b),
        tanh_by_hand,
        1,
    )
    yield Case(
        "logistic loss, Hessian",
        mc.derive("sum(softplus(-(y * (X @ w))))", "w", order=2),
        {"w": x, "X": A, "y": y},
        lambda w, X, y: jax.nn.softplus(-y * (X @ w)).sum(),
        logistic_by_hand,
        2,
    )
    yield Case(
        "logsumexp, Hessian (our JAX)",
        mc.derive("logsumexp(x)", "x", order=2),
        {"x": x},
        jax.scipy.special.logsumexp,
        softmax_by_hand,
        2,
        runs_on_jax=True,
    )
    yield Case(
        "softmax, Jacobian (our JAX)",
        mc.derive("softmax(x)", "x"),
        {"x": x},
        jax.nn.softmax,
        softmax_by_hand,
        1,
        runs_on_jax=True,
    )


def matrix_orders() -> Iterator[Case]:
    """By matrices."""
    import jax.numpy as jnp

    rng = np.random.default_rng(0)

    def factorisation_by_hand(U: Array, X: Array, V: Array) -> Array:
        n, k = U.shape
        gram, rows = V.T @ V, np.arange(n)
        hessian = np.zeros((n, k, n, k))
        hessian[rows, :, rows, :] = gram
        return hessian

    def inverse_by_hand(X: Array) -> Array:
        inverse = np.linalg.inv(X)
        return np.einsum("ik,lj->ijkl", -inverse, inverse)

    factorisation = mc.derive("norm(X - U @ V.T)**2/2", "U", order=2)
    for n in (100, 300, 1000):
        X, U, V = rng.standard_normal((n, n)), rng.standard_normal((n, 5)), rng.standard_normal((n, 5))
        yield Case(
            f"½‖X − UVᵀ‖² by U, n = {n}",
            factorisation,
            {"U": U, "X": X, "V": V},
            lambda U, X, V: 0.5 * ((X - U @ V.T) ** 2).sum(),
            factorisation_by_hand,
            2,
            # A matrix of the size of X for each of the 5 n directions.
            fit=n < 1000,
        )
    X = rng.standard_normal((30, 30)) + 6 * np.eye(30)
    yield Case("X⁻¹, n = 30", mc.derive("inv(X)", "X"), {"X": X}, jnp.linalg.inv, inverse_by_hand, 1)
    A, B = rng.standard_normal((2, 30, 30))
    yield Case(
        "AXB, n = 30",
        mc.derive("A @ X @ B", "X"),
        {"X": X, "A": A, "B": B},
        lambda X, A, B: A @ X @ B,
        lambda X, A, B: np.einsum("ik,lj->ijkl", A, B),
        1,
    )


def dense(cases: Iterator[Case], rounds: int) -> Iterator[list[object]]:
    """Rows: how many times faster than the better of JAX's jitted modes, ours and by hand."""
    for case in cases:
        modes = jax_modes(case) if case.fit else {}
        contenders = {**modes, **ours_and_by_hand(case)}
        expected = contenders["jacfwd" if case.fit else "by hand"]()
        for name in ("ours", "by hand"):
            agree(contenders[name](), expected, 1e-9)
        del expected
        times = timed(contenders, rounds)
        row: list[object] = [case.name, "", "", "no memory"]
        if modes:
            best = min(modes, key=lambda mode, times=times: median(times[mode]))  # type: ignore[misc]
            row[1:] = [f"{1 / ratio(times, name, best):.1f}" for name in ("ours", "by hand")]
            row.append(best)
        yield [*row, f"{ratio(times, 'ours', 'by hand'):.2f}", f"{1e3 * median(times['ours']):.3f}"]


def jax_modes(case: Case) -> dict[str, Thunk]:
    """JAX's jitted derivative, forward and backward."""
    import jax

    names = list(case.values)
    arguments = [jax.numpy.asarray(array) for array in case.values.values()]

    def positional(*arrays: Any) -> Any:
        return (
            case.function(**dict(zip(names, arrays, strict=True)))
            if len(names) > 1
            else case.function(*arrays)
        )

    once = jax.grad(positional) if case.order == 2 else positional
    return {mode.__name__: waiting(jax.jit(mode(once)), *arguments) for mode in (jax.jacfwd, jax.jacrev)}


def ours_and_by_hand(case: Case) -> dict[str, Thunk]:
    """The evaluator that was generated, and the closed form."""
    import jax

    if case.runs_on_jax:
        values = {name: jax.numpy.asarray(array) for name, array in case.values.items()}
        ours = jax.jit(case.derivative.jax())
        return {"ours": waiting(ours, **values), "by hand": waiting(jax.jit(case.hand), **values)}
    evaluator = case.derivative.numpy()
    return {"ours": lambda: evaluator(**case.values), "by hand": lambda: case.hand(**case.values)}
