"""How fast generated evaluators are, against autodiff: `make bench-evaluators` prints tables of docs/performance.md.

Everything takes turns within a round in one process, on one core and one thread of BLAS and XLA; what is shown are
medians of per-round ratios. Each result is compared with JAX's before it is timed, and hand-written closed forms are
timed beside the generated ones. HIPS autograd and torch take part where they are installed.
"""

# ruff: noqa: E402  (the environment has to be set before NumPy and XLA are imported)

from __future__ import annotations

import os

# One thread, on one core.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import argparse
import gc
import importlib.util
import time
from collections.abc import Callable, Iterator, Mapping
from statistics import geometric_mean, median
from typing import Any

import numpy as np

import matcalc as mc
from benchmarks.derive import table

Array = np.ndarray[Any, Any]
Thunk = Callable[[], Any]
# A measurement repeats what is quicker than this many seconds.
LEAST = 2e-3


def pin() -> None:
    """This process on one core, the last that it may have."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def timed(contenders: Mapping[str, Thunk], rounds: int) -> dict[str, list[float]]:
    """Seconds of each contender, in each round once."""
    counts = {}
    for name, run in contenders.items():
        run()
        start = time.perf_counter()
        run()
        once = time.perf_counter() - start
        counts[name] = max(1, int(LEAST / max(once, 1e-7)))
    times: dict[str, list[float]] = {name: [] for name in contenders}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, run in contenders.items():
                start = time.perf_counter()
                for _ in range(counts[name]):
                    run()
                times[name].append((time.perf_counter() - start) / counts[name])
    finally:
        gc.enable()
    return times


def ratio(times: Mapping[str, list[float]], of: str, to: str) -> float:
    """The median over rounds of how long `of` takes, in terms of `to`."""
    return median(a / b for a, b in zip(times[of], times[to], strict=True))


def agree(found: Any, expected: Any, tolerance: float) -> None:
    """Raises AssertionError where results differ: nothing wrong is timed."""
    if isinstance(expected, Mapping):
        for name in expected:
            agree(found[name], expected[name], tolerance)
        return
    a, b = np.asarray(found), np.asarray(expected)
    assert a.shape == b.shape, (a.shape, b.shape)
    error = np.max(np.abs(a - b)) / max(1e-30, np.max(np.abs(b)))
    assert error < tolerance, error


def waiting(function: Any, *arguments: Any, **keywords: Any) -> Thunk:
    """A call of a jitted function that waits for its result."""
    import jax

    return lambda: jax.block_until_ready(function(*arguments, **keywords))


# --- 1. gradients of networks


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


def by_hand(values: Mapping[str, Array], depth: int) -> tuple[Any, dict[str, Array]]:
    """Value and gradients as a careful hand writes them."""
    X, U = values["X"], values["U"]
    one = X.ndim == 1
    hs = [X]
    for layer in range(1, depth + 1):
        b = values[f"b{layer}"]
        hs.append(np.tanh(values[f"W{layer}"] @ hs[-1] + (b if one else b[:, None])))
    value, back, found = (U * hs[-1]).sum(), U, {}
    for layer in range(depth, 0, -1):
        delta = back * (1 - hs[layer] ** 2)
        found[f"W{layer}"] = np.outer(delta, hs[layer - 1]) if one else delta @ hs[layer - 1].T
        found[f"b{layer}"] = delta if one else delta.sum(axis=1)
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
                shown = ("our NumPy", "by hand", "/ autograd", "/ torch", "/ forward")
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
        "by hand": lambda: by_hand(values, depth),
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

        found |= {"torch": backward, "our torch": lambda: ours(**tensors)}
    return found


def rank_one(width: int, rounds: int) -> float:
    """A weight's gradient as two vectors, in terms of JAX's dense gradient."""
    import jax

    rng = np.random.default_rng(0)
    W, x, u, b = rng.standard_normal((width, width)) / 32, *rng.standard_normal((3, width))
    factors = mc.derive("u.T @ tanh(W @ x + b)", "W").factors()
    reference = jax.jit(jax.grad(lambda W, x, u, b: u @ jax.numpy.tanh(W @ x + b)))
    on_jax = [jax.numpy.asarray(array) for array in (W, x, u, b)]
    contenders = {"JAX": waiting(reference, *on_jax), "ours": lambda: factors(W=W, x=x, u=u, b=b)}
    found = contenders["ours"]()
    agree(np.outer(found["left"], found["right"]), contenders["JAX"](), 1e-9)
    return ratio(timed(contenders, rounds), "ours", "JAX")


# --- 2. dense Hessians and Jacobians


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


# --- 3. structure used


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

    cases = [
        (
            "logistic loss",
            mc.derive("sum(softplus(-(y * (X @ w))))", "w", order=2),
            {"w": w, "X": X, "y": y},
            lambda w, X, y: jax.nn.softplus(-y * (X @ w)).sum(),
            v,
        ),
        (
            "logsumexp",
            mc.derive("logsumexp(x)", "x", order=2),
            {"x": w},
            jax.scipy.special.logsumexp,
            v,
        ),
        (
            "½‖X − UVᵀ‖² by U",
            mc.derive("norm(X - U @ V.T)**2/2", "U", order=2),
            {"U": U, "X": X, "V": V},
            lambda U, X, V: 0.5 * ((X - U @ V.T) ** 2).sum(),
            T,
        ),
    ]
    for name, hessian, values, function, direction in cases:
        operator = hessian.operator(**values)
        flat = direction.ravel()

        def along(t: Any, first: Any, *rest: Any, function: Any = function) -> Any:
            return jax.jvp(lambda at: jax.grad(function)(at, *rest), (first,), (t,))[1]

        theirs = waiting(jax.jit(along), jnp.asarray(direction), *map(jnp.asarray, values.values()))
        contenders = {"JAX": theirs, "ours": lambda operator=operator, flat=flat: operator.matvec(flat)}
        agree(contenders["ours"](), np.asarray(theirs()).ravel(), 1e-9)
        times = timed(contenders, rounds)
        faster = f"{1 / ratio(times, 'ours', 'JAX'):.1f}"
        yield [f"Hessian-vector product, {name}, n = {n}", faster, "", f"{1e6 * median(times['ours']):.0f}"]


# --- 4. from formula to first number


def first_numbers(depths: list[int]) -> Iterator[list[object]]:
    """Rows: derive, generate and compile, against JAX's trace and compile."""
    import jax

    for depth in depths:
        ours = []
        for _ in range(3):
            start = time.perf_counter()
            pair, shapes = network(depth, 32, 1)
            pair.numpy()
            ours.append(time.perf_counter() - start)
        values = network_values(shapes, np.float64)
        moved = {name: array for name, array in values.items() if name not in ("X", "U")}
        jax.clear_caches()
        start = time.perf_counter()
        traced = jax.jit(jax.value_and_grad(lambda p, X, U, depth=depth: forward(jax.numpy, p, X, U, depth)))
        traced.lower(moved, values["X"], values["U"]).compile()
        theirs = time.perf_counter() - start
        yield [depth, f"{1e3 * median(ours):.1f}", f"{1e3 * theirs:.0f}", f"{theirs / median(ours):.0f}"]


def generation(depths: list[int]) -> Iterator[list[object]]:
    """Rows: what generating the source takes of the processor, per node."""
    from matcalc.codegen import compiled, generate
    from matcalc.graph import topological

    for depth in depths:
        pair, _ = network(depth, 32, 1)
        made = pair.computation
        roots = [made.value[0], *(node for node, _ in made.outputs.values())]
        nodes = len(topological(roots))
        times = []
        for _ in range(3):
            start = time.process_time()
            source = generate(made.outputs, made.symbols, value=made.value)
            times.append(time.process_time() - start)
        start = time.process_time()
        compiled(source)
        compiling = time.process_time() - start
        yield [
            depth,
            nodes,
            f"{1e3 * median(times):.1f}",
            f"{1e6 * median(times) / nodes:.1f}",
            f"{1e3 * compiling:.1f}",
        ]


def small_call(rounds: int) -> float:
    """A call at n = 3, in terms of a call of a jitted function."""
    import jax

    gradient = mc.derive("norm(X @ w - y)**2/2", "w").numpy()
    values = {"X": np.ones((3, 3)), "w": np.ones(3), "y": np.zeros(3)}
    reference = jax.jit(jax.grad(lambda w, X, y: 0.5 * ((X @ w - y) ** 2).sum()))
    arrays = [jax.numpy.asarray(values[name]) for name in ("w", "X", "y")]
    contenders = {"JAX": waiting(reference, *arrays), "ours": lambda: gradient(**values)}
    agree(contenders["ours"](), contenders["JAX"](), 1e-9)
    return ratio(timed(contenders, rounds), "ours", "JAX")


def main() -> None:
    """Prints the tables, in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="small networks, shallow depths")
    parser.add_argument("--only", default="", help="gradients, dense, structure or first")
    chosen = parser.parse_args()
    pin()
    import jax

    jax.config.update("jax_enable_x64", True)
    if not chosen.only or chosen.only == "gradients":
        depths, widths = ([1, 4], [32, 256]) if chosen.quick else ([1, 2, 4, 8], [32, 256, 1024])
        head = ["width × batch", "our JAX / JAX", "worst depth", "our NumPy / JAX", "by hand / JAX"]
        head += ["NumPy / autograd", "our torch / torch", "NumPy / its forward"]
        print(table(head, gradients(depths, widths, [1, 128], chosen.rounds)), "\n")
        share = rank_one(1024, chosen.rounds)
        print(
            f"A weight's gradient as two vectors, width 1024, takes {share:.2f} of JAX's dense gradient.",
            "\n",
        )
    if not chosen.only or chosen.only == "dense":
        head = ["", "times faster than JAX", "JAX's better mode", "ours, ms"]
        cases = [*second_orders(1000), *matrix_orders()]
        print(table(head, dense(cases, chosen.rounds)), "\n")
    if not chosen.only or chosen.only == "structure":
        print(table(["", "times faster than JAX", "by hand", "ours, µs"], structured(chosen.rounds)), "\n")
    if not chosen.only or chosen.only == "first":
        head = ["layers", "ours, ms", "JAX, ms", "times cheaper"]
        print(table(head, first_numbers([1, 8] if chosen.quick else [1, 8, 32])), "\n")
        head = ["layers", "nodes", "generate, ms", "µs a node", "compile, ms"]
        print(table(head, generation([10, 100] if chosen.quick else [10, 100, 1000, 10_000])), "\n")
        print(f"A call at n = 3 takes {small_call(chosen.rounds):.2f} of a call of jax.jit.")


if __name__ == "__main__":
    main()
