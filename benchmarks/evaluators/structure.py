"""What structure saves: Newton steps by `solve`, and Hessian–vector products."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

import numpy as np

import matcalc as mc
from benchmarks.evaluators.timing import Array, agree, ratio, timed, waiting


def structured(rounds: int) -> Iterator[list[object]]:
    """Rows: Newton steps and Hessian-vector products, times faster than JAX."""
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    n = 1000
    x, b = rng.standard_normal(n), rng.standard_normal(n)
    loss = mc.derive("logsumexp(x) + lambda_/2 * x.T @ x", "x", order=2)

    def smooth(x: Any) -> Any:
        return jax.scipy.special.logsumexp(x) + 0.05 * x @ x

    def hand(x: Array, lambda_: float, b: Array) -> Array:
        e = np.exp(x - x.max())
        p = e / e.sum()
        d = p + lambda_
        first, scaled = b / d, p / d
        return first + scaled * (p @ first / (1 - p @ scaled))

    newton = jax.jit(lambda x, b: jnp.linalg.solve(jax.hessian(smooth)(x), b))
    contenders = {
        "JAX": waiting(newton, jnp.asarray(x), jnp.asarray(b)),
        "ours": lambda: loss.operator(x=x, lambda_=0.1).solve(b),
        "by hand": lambda: hand(x, 0.1, b),
    }
    for name in ("ours", "by hand"):
        agree(contenders[name](), contenders["JAX"](), 1e-8)
    yield newton_row("logsumexp + λI, n = 1000", timed(contenders, rounds))

    n, k = 100, 5
    X, U, V, B = (rng.standard_normal(shape) for shape in ((n, n), (n, k), (n, k), (n, k)))
    factorisation = mc.derive("norm(X - U @ V.T)**2/2", "U", order=2)

    def fit(U: Any, X: Any, V: Any) -> Any:
        return 0.5 * ((X - U @ V.T) ** 2).sum()

    step = jax.jit(
        lambda U, X, V, B: jnp.linalg.solve(jax.hessian(fit)(U, X, V).reshape(n * k, n * k), B.ravel())
    )
    contenders = {
        "JAX": waiting(step, *map(jnp.asarray, (U, X, V, B))),
        "ours": lambda: factorisation.operator(U=U, X=X, V=V).solve(B.ravel()),
        "by hand": lambda: np.ravel(np.linalg.solve(V.T @ V, B.T).T),
    }
    for name in ("ours", "by hand"):
        agree(contenders[name](), contenders["JAX"](), 1e-7)
    yield newton_row("factorisation, n = 100, k = 5", timed(contenders, rounds))
    yield from products(jax, rng, rounds)


def newton_row(name: str, times: Mapping[str, list[float]]) -> list[object]:
    """A Newton step, from arrays to the step, against JAX and a hand-written closed form."""
    faster = [f"{1 / ratio(times, each, 'JAX'):.0f}" for each in ("ours", "by hand")]
    return [f"Newton step, {name}", *faster, f"{1e6 * median(times['ours']):.0f}"]


def products(jax: Any, rng: Any, rounds: int) -> Iterator[list[object]]:
    """Hessian-vector products with what does not change kept, against jitted jvp(grad)."""
    jnp = jax.numpy
    n = 1000
    X, w, v = rng.standard_normal((n, n)), rng.standard_normal(n) / 30, rng.standard_normal(n)
    y = np.sign(rng.standard_normal(n))
    U, V, T = (rng.standard_normal((n, 5)) for _ in range(3))

    margin = y * (X @ w)
    curvature = y**2 / (2 + np.exp(margin) + np.exp(-margin))
    weights = np.exp(w - w.max())
    p = weights / weights.sum()
    gram = V.T @ V

    cases = [
        (
            "logistic loss",
            mc.derive("sum(softplus(-(y * (X @ w))))", "w", order=2),
            {"w": w, "X": X, "y": y},
            lambda w, X, y: jax.nn.softplus(-y * (X @ w)).sum(),
            v,
            lambda t: X.T @ (curvature * (X @ t)),
        ),
        (
            "logsumexp",
            mc.derive("logsumexp(x)", "x", order=2),
            {"x": w},
            jax.scipy.special.logsumexp,
            v,
            lambda t: p * (t - p @ t),
        ),
        (
            "½‖X − UVᵀ‖² by U",
            mc.derive("norm(X - U @ V.T)**2/2", "U", order=2),
            {"U": U, "X": X, "V": V},
            lambda U, X, V: 0.5 * ((X - U @ V.T) ** 2).sum(),
            T,
            lambda t: (t.reshape(V.shape) @ gram).ravel(),
        ),
    ]
    for name, hessian, values, function, direction, hand in cases:
        operator = hessian.operator(**values)
        flat = direction.ravel()

        def along(t: Any, first: Any, *rest: Any, function: Any = function) -> Any:
            return jax.jvp(lambda at: jax.grad(function)(at, *rest), (first,), (t,))[1]

        theirs = waiting(jax.jit(along), jnp.asarray(direction), *map(jnp.asarray, values.values()))
        contenders = {
            "JAX": theirs,
            "ours": lambda operator=operator, flat=flat: operator.matvec(flat),
            "by hand": lambda hand=hand, flat=flat: hand(flat),
        }
        for each in ("ours", "by hand"):
            agree(contenders[each](), np.asarray(theirs()).ravel(), 1e-9)
        times = timed(contenders, rounds)
        faster = [f"{1 / ratio(times, each, 'JAX'):.1f}" for each in ("ours", "by hand")]
        yield [f"Hessian-vector product, {name}, n = {n}", *faster, f"{1e6 * median(times['ours']):.0f}"]
