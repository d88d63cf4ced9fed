"""Dense Hessians and Jacobians against the better of JAX's two modes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import numpy as np

import matcalc as mc
from benchmarks.evaluators.timing import Array, Thunk, agree, ratio, timed, waiting


def second_orders(n: int) -> Iterator[tuple[str, Any, dict[str, Array], Callable[..., Any], str, int, bool]]:
    """What it is, the derivative, values, the function in JAX, by what, the order, whether ours runs on JAX."""
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    A, x, b = rng.standard_normal((n, n)) / np.sqrt(n), rng.standard_normal(n), rng.standard_normal(n)
    y = np.sign(rng.standard_normal(n))
    yield (
        "quadratic form, Hessian",
        mc.derive("x.T @ A @ x", "x", order=2),
        {"x": x, "A": A},
        lambda x, A: x @ A @ x,
        "x",
        2,
        False,
    )
    yield (
        "tanh(Wx + b), Jacobian",
        mc.derive("tanh(W @ x + b)", "x"),
        {"x": x, "W": A, "b": b},
        lambda x, W, b: jnp.tanh(W @ x + b),
        "x",
        1,
        False,
    )
    yield (
        "logistic loss, Hessian",
        mc.derive("sum(softplus(-(y * (X @ w))))", "w", order=2),
        {"w": x, "X": A, "y": y},
        lambda w, X, y: jax.nn.softplus(-y * (X @ w)).sum(),
        "w",
        2,
        False,
    )
    yield (
        "logsumexp, Hessian (our JAX)",
        mc.derive("logsumexp(x)", "x", order=2),
        {"x": x},
        jax.scipy.special.logsumexp,
        "x",
        2,
        True,
    )
    yield "softmax, Jacobian (our JAX)", mc.derive("softmax(x)", "x"), {"x": x}, jax.nn.softmax, "x", 1, True


def matrix_orders() -> Iterator[tuple[str, Any, dict[str, Array], Callable[..., Any], str, int, bool]]:
    """The same for variables that are matrices."""
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    for n in (100, 300):
        X, U, V = rng.standard_normal((n, n)), rng.standard_normal((n, 5)), rng.standard_normal((n, 5))
        factorisation = mc.derive("norm(X - U @ V.T)**2/2", "U", order=2)
        yield (
            f"½‖X − UVᵀ‖² by U, n = {n}",
            factorisation,
            {"U": U, "X": X, "V": V},
            lambda U, X, V: 0.5 * ((X - U @ V.T) ** 2).sum(),
            "U",
            2,
            False,
        )
    X = rng.standard_normal((30, 30)) + 6 * np.eye(30)
    yield "X⁻¹, n = 30", mc.derive("inv(X)", "X"), {"X": X}, jnp.linalg.inv, "X", 1, False
    A, B = rng.standard_normal((2, 30, 30))
    values = {"X": X, "A": A, "B": B}
    yield "AXB, n = 30", mc.derive("A @ X @ B", "X"), values, lambda X, A, B: A @ X @ B, "X", 1, False


def dense(cases: Any, rounds: int) -> Iterator[list[object]]:
    """Rows: how many times faster than the better of JAX's jitted modes."""
    import jax

    for name, derivative, values, function, wrt, order, runs_on_jax in cases:
        names = [wrt, *(other for other in values if other != wrt)]
        arguments = [jax.numpy.asarray(values[each]) for each in names]

        def positional(*arrays: Any, function: Any = function, names: Any = names) -> Any:
            return function(**dict(zip(names, arrays, strict=True))) if len(names) > 1 else function(*arrays)

        modes = {
            f"{first.__name__}": jax.jit(first(jax.grad(positional) if order == 2 else positional))
            for first in (jax.jacfwd, jax.jacrev)
        }
        contenders: dict[str, Thunk] = {mode: waiting(run, *arguments) for mode, run in modes.items()}
        if runs_on_jax:
            contenders["ours"] = waiting(
                jax.jit(derivative.jax()), **dict(zip(names, arguments, strict=True))
            )
        else:
            evaluator = derivative.numpy()
            contenders["ours"] = lambda evaluator=evaluator, values=values: evaluator(**values)
        agree(contenders["ours"](), contenders["jacfwd"](), 1e-9)
        times = timed(contenders, rounds)
        best = min(modes, key=lambda mode: median(times[mode]))
        yield [name, f"{1 / ratio(times, 'ours', best):.1f}", best, f"{1e3 * median(times['ours']):.3f}"]
