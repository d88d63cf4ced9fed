"""The laws of genuine functions: the pullback against JAX and against differences, to order 2, and properties kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
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
) -> int:
    """The pullback against jax.vjp, jax.jvp and central differences, with and without batch and output axes.

    Gives back how many derivatives a limited function refused.
    """
    import jax
    import jax.numpy as jnp

    inputs, output = core_axes(entry.signature)
    batch, outer = ("b",) if batched else (), ("o",) if outputs else ()
    nodes = [symbol(f"x{k}", (*batch, *core)) for k, core in enumerate(inputs)]
    node = apply(entry, nodes)
    if not isinstance(node, Apply):
        raise DomainError(f"{entry.name}: build simplifies a plain variable")
    # Where the order of operands does not matter, they may have been sorted.
    nodes = [child for child in node.children if isinstance(child, Symbol)]
    cotangent = symbol("c", (*outer, *batch, *output))
    at = {each.name: draw(rng, entry.domain[k], each) for k, each in enumerate(nodes)}
    at["c"] = draw(rng, "real", cotangent)
    arrays = [jnp.asarray(at[each.name]) for each in nodes]

    @cache
    def by_jax() -> Any:
        vjp = jax.vjp(lambda *operands: entry.value(jnp, *operands), *arrays)[1]
        return jax.vmap(vjp)(at["c"]) if outputs else vjp(at["c"])

    refused = 0
    for index, operand in enumerate(nodes):
        try:
            pulled = entry.pullback(node, index, cotangent, outer, batch)
        except DomainError:
            if not entry.limited:
                raise
            refused += 1
            continue
        if pulled.axes != (*outer, *operand.axes):
            raise DomainError(
                f"{entry.name}: the pullback has axes {pulled.axes}, not {(*outer, *operand.axes)}"
            )
        found = evaluate(pulled, at, SIZES)
        require("pullback against jax.vjp", entry, found, by_jax()[index], 1e-9)
        if not outputs:
            direction = rng.normal(size=found.shape)

            def along(t: Any, xp: Any = jnp, index: int = index, direction: Any = direction) -> Any:
                start = [at[each.name] for each in nodes]
                moved = [array + (t * direction if k == index else 0) for k, array in enumerate(start)]
                return (entry.value(xp, *moved) * at["c"]).sum()

            paired = (found * direction).sum()
            require("adjoint of jax.jvp", entry, paired, jax.jvp(along, (0.0,), (1.0,))[1], 1e-9)
            require("central differences", entry, paired, slope(lambda t: along(t, np)), 1e-6)
        if batched == outputs:
            refused += _check_second(entry, pulled, operand, at, arrays, index, derive)
    return refused


def _check_second(
    entry: Function,
    pulled: Node,
    operand: Symbol,
    at: dict[str, Any],
    arrays: list[Any],
    index: int,
    derive: Derive | None,
) -> int:
    """The derivative of the pullback against that of jax.vjp; 1 where a limited function refuses it."""
    import jax
    import jax.numpy as jnp

    def by_formula(x: Any) -> Any:
        return evaluate(pulled, {**at, operand.name: x}, SIZES, jnp)

    def by_jax(x: Any) -> Any:
        moved = [x if k == index else array for k, array in enumerate(arrays)]
        vjp = jax.vjp(lambda *each: entry.value(jnp, *each), *moved)[1]
        return (jax.vmap(vjp)(at["c"]) if pulled.axes[:1] == ("o",) else vjp(at["c"]))[index]

    if derive is None:
        expected = jax.jit(jax.jacobian(by_jax))(arrays[index])
        require("order 2, by JAX", entry, jax.jit(jax.jacobian(by_formula))(arrays[index]), expected, 1e-7)
        return 0
    try:
        (second,) = derive(pulled, [operand])
    except DomainError:
        if not entry.limited:
            raise
        return 1
    expected = jax.jit(jax.jacobian(by_jax))(arrays[index])
    require("order 2, by the sweep", entry, evaluate(second, at, SIZES), expected, 1e-7)
    return 0


def gap(property_: str, Y: Any) -> float:
    """How far a value is from having a property, relative to its size."""
    size = max(1.0, float(np.abs(Y).max()))
    if property_ == "symmetric":
        return float(np.abs(Y - Y.T).max()) / size
    if property_ == "spd":
        return gap("symmetric", Y) + float(np.linalg.eigvalsh(Y).min() <= 0)
    if property_ == "diagonal":
        return float(np.abs(Y - np.diag(np.diag(Y))).max()) / size
    if property_ == "orthogonal":
        return float(np.abs(Y @ Y.T - np.eye(len(Y))).max())
    if property_ == "invertible":
        return float(np.linalg.matrix_rank(Y) < len(Y))
    if property_ == "positive":
        return float(np.min(Y) <= 0)
    if property_ == "simplex":
        return float(np.min(Y) < 0) + float(np.abs(Y.sum(-1) - 1).max())
    if property_ == "onehot":
        return float(not np.isin(Y, (0, 1)).all()) + gap("simplex", Y)
    raise DomainError(f"'{property_}' is no property")


def check_properties(entry: Function, rng: np.random.Generator) -> None:
    """What the function is said to keep, to make of something and to give always, its values have."""
    inputs, _ = core_axes(entry.signature)
    claims = [(kept, kept) for kept in sorted(entry.keeps)]
    claims += [(given, made) for given, all_made in entry.makes.items() for made in sorted(all_made)]
    for _ in range(5):
        for given, made in claims:
            shape = [SIZES[inputs[0][-1]]] * len(inputs[0])
            others = _drawn(rng, entry, inputs, 1)
            value = entry.value(np, sample(rng, given, shape), *others)
            require(f"{given} gives {made}", entry, gap(made, np.asarray(value)), 0.0, 1e-10)
        for made in sorted(entry.gives):
            value = entry.value(np, *_drawn(rng, entry, inputs))
            require(f"gives {made}", entry, gap(made, np.asarray(value)), 0.0, 1e-10)


def _drawn(
    rng: np.random.Generator, entry: Function, inputs: Sequence[Sequence[str]], start: int = 0
) -> list[Any]:
    """Operands from their domains, from the one at `start` on."""
    pairs = list(zip(entry.domain, inputs, strict=True))[start:]
    return [sample(rng, domain, [SIZES[dim] for dim in core]) for domain, core in pairs]
