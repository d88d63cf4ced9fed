"""The laws of genuine functions: the pullback against JAX and against differences, to order 2, and properties kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from matcalc.errors import DomainError
from matcalc.graph import Apply, Node, Symbol, apply, core_axes, symbol
from matcalc.rules.entries import Function
from matcalc.rules.evidence import SIZES, draw, require, slope
from matcalc.rules.interpreter import evaluate
from matcalc.rules.samples import sample

Derive = Callable[[Node, Sequence[Symbol]], list[Node]]


def check_pullback(
    entry: Function, rng: np.random.Generator, batched: bool, outputs: bool, derive: Derive | None
) -> None:
    """The pullback against jax.vjp, jax.jvp and central differences, with and without batch and output axes."""
    import jax
    import jax.numpy as jnp

    inputs, output = core_axes(entry.signature)
    batch, outer = ("b",) if batched else (), ("o",) if outputs else ()
    nodes = [symbol(f"x{k}", (*batch, *core)) for k, core in enumerate(inputs)]
    node = apply(entry, nodes)
    if not isinstance(node, Apply):
        raise DomainError(f"{entry.name}: build simplifies a plain variable")
    cotangent = symbol("c", (*outer, *batch, *output))
    at = {each.name: draw(rng, entry.domain[k], each) for k, each in enumerate(nodes)}
    at["c"] = draw(rng, "real", cotangent)
    arrays = [jnp.asarray(at[each.name]) for each in nodes]

    def value(*operands: Any) -> Any:
        return entry.value(jnp, *operands)

    _, vjp = jax.vjp(value, *arrays)
    pulled_by_jax = jax.vmap(vjp)(at["c"]) if outputs else vjp(at["c"])
    for index, operand in enumerate(nodes):
        pulled = entry.pullback(node, index, cotangent, outer, batch)
        if pulled.axes != (*outer, *operand.axes):
            raise DomainError(
                f"{entry.name}: the pullback has axes {pulled.axes}, not {(*outer, *operand.axes)}"
            )
        found = evaluate(pulled, at, SIZES)
        require("pullback against jax.vjp", entry, found, pulled_by_jax[index], 1e-9)
        if not outputs:
            direction = rng.normal(size=found.shape)

            def along(t: Any, xp: Any = jnp, index: int = index, direction: Any = direction) -> Any:
                moved = [array + (t * direction if k == index else 0) for k, array in enumerate(arrays)]
                return (entry.value(xp, *moved) * at["c"]).sum()

            paired = (found * direction).sum()
            require("adjoint of jax.jvp", entry, paired, jax.jvp(along, (0.0,), (1.0,))[1], 1e-9)
            require("central differences", entry, paired, slope(along), 1e-6)
        if batched == outputs:
            _check_second(entry, pulled, operand, at, arrays, index, derive)


def _check_second(
    entry: Function,
    pulled: Node,
    operand: Symbol,
    at: dict[str, Any],
    arrays: list[Any],
    index: int,
    derive: Derive | None,
) -> None:
    """The derivative of the pullback against that of jax.vjp."""
    import jax
    import jax.numpy as jnp

    def by_formula(x: Any) -> Any:
        return evaluate(pulled, {**at, operand.name: x}, SIZES, jnp)

    def by_jax(x: Any) -> Any:
        moved = [x if k == index else array for k, array in enumerate(arrays)]
        vjp = jax.vjp(lambda *each: entry.value(jnp, *each), *moved)[1]
        return (jax.vmap(vjp)(at["c"]) if pulled.axes[:1] == ("o",) else vjp(at["c"]))[index]

    expected = jax.jit(jax.jacobian(by_jax))(arrays[index])
    require("order 2, by JAX", entry, jax.jit(jax.jacobian(by_formula))(arrays[index]), expected, 1e-7)
    if derive is not None:
        (second,) = derive(pulled, [operand])
        require("order 2, by the sweep", entry, evaluate(second, at, SIZES), expected, 1e-7)


def check_properties(entry: Function, rng: np.random.Generator) -> None:
    """What the function is said to keep, it keeps."""
    holds: dict[str, Callable[[Any], Any]] = {
        "symmetric": lambda Y: np.abs(Y - Y.T).max(),
        "spd": lambda Y: np.abs(Y - Y.T).max() + max(0.0, -np.linalg.eigvalsh(Y).min()),
        "diagonal": lambda Y: np.abs(Y - np.diag(np.diag(Y))).max(),
        "orthogonal": lambda Y: np.abs(Y @ Y.T - np.eye(len(Y))).max(),
        "invertible": lambda Y: float(np.linalg.matrix_rank(Y) < len(Y)),
    }
    for kept in sorted(entry.keeps):
        value = entry.value(np, sample(rng, kept, (5, 5)))
        require(f"keeps {kept}", entry, holds[kept](value), 0.0, 1e-10)
