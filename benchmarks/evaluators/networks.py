"""Gradients of tanh networks: ours, by hand, and by the autodiff of JAX, HIPS autograd and torch."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from statistics import geometric_mean
from typing import Any

import numpy as np

import matcalc as mc
from benchmarks.evaluators.timing import Array, Thunk, agree, ratio, timed, waiting


def network(depth: int, width: int, batch: int) -> tuple[mc.ValueAndGrad, dict[str, tuple[int, ...]]]:
    """Σ U ⊙ tanh(W_L … tanh(W₁ X + b₁) … + b_L) with its gradients, and the shapes of its variables."""
    one = batch == 1
    h = mc.vector("X", width) if one else mc.matrix("X", width, batch)
    last = mc.vector("U", width) if one else mc.matrix("U", width, batch)
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(("X", "U"), (width,) if one else (width, batch))
    parameters = []
    for layer in range(1, depth + 1):
        W, b = mc.matrix(f"W{layer}", width, width), mc.vector(f"b{layer}", width)
        parameters += [W, b]
        shapes |= {f"W{layer}": (width, width), f"b{layer}": (width,)}
        h = mc.tanh(W @ h + b)
    total = last.T @ h if one else mc.sum(last * h)
    return mc.value_and_grad(total, parameters), shapes


def network_values(shapes: Mapping[str, tuple[int, ...]], dtype: Any) -> dict[str, Array]:
    """Random parameters of a size at which the activations neither die nor saturate."""
    rng = np.random.default_rng(0)
    return {
        name: (rng.standard_normal(shape) / (np.sqrt(shape[0]) if name.startswith("W") else 1)).astype(dtype)
        for name, shape in shapes.items()
    }


def forward(xp: Any, parameters: Mapping[str, Any], X: Any, U: Any, depth: int) -> Any:
    """The network in a library's own words."""
    h = X
    for layer in range(1, depth + 1):
        b = parameters[f"b{layer}"]
        h = xp.tanh(parameters[f"W{layer}"] @ h + (b if X.ndim == 1 else b[:, None]))
    return (U * h).sum()


def by_hand(xp: Any, values: Mapping[str, Any], depth: int) -> tuple[Any, dict[str, Any]]:
    """Value and gradients as a careful hand writes them, in NumPy or torch."""
    X, U = values["X"], values["U"]
    one = X.ndim == 1
    hs = [X]
    for layer in range(1, depth + 1):
        b = values[f"b{layer}"]
        hs.append(xp.tanh(values[f"W{layer}"] @ hs[-1] + (b if one else b[:, None])))
    value, back, found = (U * hs[-1]).sum(), U, {}
    for layer in range(depth, 0, -1):
        delta = back * (1 - hs[layer] ** 2)
        found[f"W{layer}"] = xp.outer(delta, hs[layer - 1]) if one else delta @ hs[layer - 1].T
        found[f"b{layer}"] = delta if one else delta.sum(axis=1)
        if layer > 1:
            back = values[f"W{layer}"].T @ delta
    return value, found


def gradients(
    depths: list[int], widths: list[int], batches: list[int], rounds: int
) -> Iterator[list[object]]:
    """Rows: how long each takes in terms of JAX, geometric means over depth."""
    import jax

    for width in widths:
        for batch in batches:
            for dtype in (np.float64, np.float32):
                rows: dict[str, list[float]] = {}
                for depth in depths:
                    for name, value in one_network(jax, depth, width, batch, dtype, rounds).items():
                        rows.setdefault(name, []).append(value)
                means = {name: f"{geometric_mean(values):.2f}" for name, values in rows.items()}
                worst = f"{max(rows['our JAX']):.2f}"
                shown = ("our NumPy", "by hand", "/ autograd", "/ torch", "torch by hand", "/ forward")
                others = [means.get(name, "") for name in shown]
                yield [f"{width} × {batch}, {np.dtype(dtype).name}", means["our JAX"], worst, *others]


def one_network(jax: Any, depth: int, width: int, batch: int, dtype: Any, rounds: int) -> dict[str, float]:
    """The ratios of one network."""
    pair, shapes = network(depth, width, batch)
    values = network_values(shapes, dtype)
    on_jax = {name: jax.numpy.asarray(array) for name, array in values.items()}
    fixed = ("X", "U")
    moved = {name: array for name, array in on_jax.items() if name not in fixed}
    reference = jax.jit(jax.value_and_grad(lambda p, X, U: forward(jax.numpy, p, X, U, depth)))
    ours_jax, ours_numpy = jax.jit(pair.jax()), pair.numpy()
    expected = reference(moved, on_jax["X"], on_jax["U"])[1]
    tolerance = 1e-9 if dtype is np.float64 else 1e-3
    contenders: dict[str, Thunk] = {
        "JAX": waiting(reference, moved, on_jax["X"], on_jax["U"]),
        "our JAX": waiting(ours_jax, **on_jax),
        "our NumPy": lambda: ours_numpy(**values),
        "by hand": lambda: by_hand(np, values, depth),
        "forward": lambda: forward(np, values, values["X"], values["U"], depth),
    }
    for name in ("our JAX", "our NumPy", "by hand"):
        agree(contenders[name]()[1], expected, tolerance)
    contenders |= rivals(pair, values, depth)
    times = timed(contenders, rounds)
    found = {name: ratio(times, name, "JAX") for name in ("our JAX", "our NumPy", "by hand")}
    found["/ forward"] = ratio(times, "our NumPy", "forward")
    if "autograd" in contenders:
        found["/ autograd"] = ratio(times, "our NumPy", "autograd")
    if "torch" in contenders:
        found["/ torch"] = ratio(times, "our torch", "torch")
        found["torch by hand"] = ratio(times, "torch by hand", "torch")
    return found


def rivals(pair: mc.ValueAndGrad, values: Mapping[str, Array], depth: int) -> dict[str, Thunk]:
    """HIPS autograd and torch, where they are installed; and ours on torch."""
    found: dict[str, Thunk] = {}
    if importlib.util.find_spec("autograd"):
        import autograd

        with_autograd = autograd.value_and_grad(
            lambda p: forward(autograd.numpy, p, values["X"], values["U"], depth)
        )
        moved = {name: array for name, array in values.items() if name not in ("X", "U")}
        found["autograd"] = lambda: with_autograd(moved)
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        tensors = {name: torch.tensor(array) for name, array in values.items()}
        leaves = {
            name: tensor.clone().requires_grad_()
            for name, tensor in tensors.items()
            if name not in ("X", "U")
        }
        ours = pair.torch()

        def backward() -> Any:
            value = forward(torch, leaves, tensors["X"], tensors["U"], depth)
            return torch.autograd.grad(value, list(leaves.values()))

        found |= {
            "torch": backward,
            "our torch": lambda: ours(**tensors),
            "torch by hand": lambda: by_hand(torch, tensors, depth),
        }
    return found


def rank_one(width: int, rounds: int) -> tuple[float, float]:
    """A weight's gradient as two vectors, ours and by hand, in terms of JAX's dense gradient."""
    import jax

    rng = np.random.default_rng(0)
    W, x, u, b = rng.standard_normal((width, width)) / 32, *rng.standard_normal((3, width))
    factors = mc.derive("u.T @ tanh(W @ x + b)", "W").factors()
    reference = jax.jit(jax.grad(lambda W, x, u, b: u @ jax.numpy.tanh(W @ x + b)))
    on_jax = [jax.numpy.asarray(array) for array in (W, x, u, b)]
    contenders = {
        "JAX": waiting(reference, *on_jax),
        "ours": lambda: factors(W=W, x=x, u=u, b=b),
        "by hand": lambda: {"left": u * (1 - np.tanh(W @ x + b) ** 2), "right": x.copy()},
    }
    for name in ("ours", "by hand"):
        found = contenders[name]()
        agree(np.outer(found["left"], found["right"]), contenders["JAX"](), 1e-9)
    times = timed(contenders, rounds)
    return ratio(times, "ours", "JAX"), ratio(times, "by hand", "JAX")
