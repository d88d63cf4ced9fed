"""The laws that every function obeys, run over an entry by `check_rule`.

Shape as the signature says, on NumPy and JAX · pullback equals jax.vjp · pullback is the adjoint of the forward
differential · central differences agree · the same for its derivative (order 2) · what must be refused is refused ·
exactly known values are exact · declared properties hold. An entry that breaks a law raises DomainError, which names
the law and the point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from itertools import product
from typing import Any

import numpy as np

from matcalc.errors import DomainError, MatcalcError
from matcalc.graph import (
    Apply,
    Map,
    Node,
    Symbol,
    apply,
    core_axes,
    elementwise,
    number,
    number_value,
    symbol,
)
from matcalc.rules.entries import Composite, Elementwise, Entry, Function
from matcalc.rules.interpreter import evaluate
from matcalc.rules.operands import Operand
from matcalc.rules.registry import call, lookup, read_formula, result_shape
from matcalc.rules.samples import sample
from matcalc.shapes.dims import Dim, dim_value

Derive = Callable[[Node, Sequence[Symbol]], list[Node]]

# Pairwise distinct, so that exchanged axes cannot go unseen.
SIZES = {"b": 2, "n": 3, "m": 4, "p": 5, "q": 6, "o": 7}
_POINTS = 24
_STEP = 1e-3
_EXACT_POINTS = (-4, -3, -2, -1, 0, 1, 2, 3, 4)


def check_rule(entry: Entry | str, derive: Derive | None = None, seed: int = 0) -> tuple[str, ...]:
    """Run every law over a function, and return the names of those that had something to say.

    `derive` is the sweep (`matcalc.calculus`), with which second derivatives and formulas of other functions are
    checked as well. Raises DomainError, naming the law and the point, when a law is broken.
    """
    entry = lookup(entry) if isinstance(entry, str) else entry
    rng = np.random.default_rng(seed)
    laws = ["calls", "refusals"]
    _check_refusals(entry)
    with _double_precision():
        _check_calls(entry, rng)
        if isinstance(entry, Elementwise):
            check_derivatives(entry, rng)
            _check_folds(entry)
            _check_against_jax(entry, rng)
            laws += ["central differences", "exact values", "jax"]
        elif isinstance(entry, Function):
            for batched, outputs in product((False, True), repeat=2):
                _check_pullback(entry, rng, batched, outputs, derive)
            _check_properties(entry, rng)
            laws += ["vjp", "adjoint", "central differences", "order 2", "properties"]
        if derive is not None:
            _check_sweep(entry, rng, derive)
            laws.append("sweep")
    return tuple(laws)


def _double_precision() -> AbstractContextManager[Any]:
    """JAX in float64 for the time being; the caller's configuration is left as it is."""
    import jax

    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)  # type: ignore[no-any-return]
    from jax.experimental import enable_x64

    return enable_x64()  # type: ignore[no-any-return]


def require(law: str, entry: Entry, found: Any, expected: Any, tolerance: float, where: Any = None) -> None:
    """Raise DomainError unless the arrays agree relative to their size."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    if found.shape != expected.shape:
        raise DomainError(f"{entry.name}: {law}: shape {found.shape} against {expected.shape}")
    gap = np.abs(found - expected) / (1 + np.abs(expected))
    gap = np.where(
        np.isfinite(gap), gap, np.where((found == expected) | np.isnan(found) & np.isnan(expected), 0, np.inf)
    )
    if gap.size and gap.max() > tolerance:
        worst = np.unravel_index(int(gap.argmax()), gap.shape)
        at = "" if where is None else f" at {where[worst] if np.shape(where) == gap.shape else where}"
        raise DomainError(f"{entry.name}: {law} broken{at}: {found[worst]:.6g} against {expected[worst]:.6g}")


# Calls in the language ---------------------------------------------------------------------------------------------


def calls_of(entry: Entry) -> list[tuple[list[Operand], dict[str, Any]]]:
    """Every way to call the function: each alternative of its shapes, with and without an axis."""
    found = []
    has_axis = any(parameter.kind == "axis" for parameter in entry.arguments)
    for axis in (None, 0, 1) if has_axis else (None,):
        options: dict[str, Any] = {} if axis is None else {"axis": axis}
        for parameter in entry.arguments:
            if parameter.kind == "dimension":
                options[parameter.name] = parameter.name
            elif parameter.kind == "integer":
                options[parameter.name] = 3
        valued = [parameter for parameter in entry.arguments if parameter.valued]
        for rule in entry.shape_rules(options):
            shapes = [("m", "n")] * len(valued) if rule.broadcast else rule.inputs
            operands = [
                Operand(symbol(f"x{k}", shape if shape != (1, 1) else ()), shape)
                for k, shape in enumerate(shapes)
            ]
            found.append((operands, options))
    return found


def _values(entry: Entry, operands: Sequence[Operand], rng: np.random.Generator) -> dict[str, Any]:
    domains = entry.domain or ("real",) * len(operands)
    shapes = [tuple(dim_value(dim, SIZES) for dim in operand.shape) for operand in operands]
    if len(domains) < len(operands):
        domains = (*domains, *("real",) * (len(operands) - len(domains)))
    return {
        f"x{k}": sample(rng, domain, shape)
        for k, (domain, shape) in enumerate(zip(domains, shapes, strict=False))
    }


def _call(entry: Entry, operands: Sequence[Operand], options: dict[str, Any]) -> Operand:
    dimensions = [value for name, value in options.items() if _kind(entry, name) != "axis"]
    named = {name: value for name, value in options.items() if _kind(entry, name) == "axis"}
    return call(entry, *operands, *dimensions, **named)


def _kind(entry: Entry, name: str) -> str:
    return next(parameter.kind for parameter in entry.arguments if parameter.name == name)


def _check_calls(entry: Entry, rng: np.random.Generator) -> None:
    """Shapes as the rules say, the same value on NumPy and JAX, at generic sizes and at size one."""
    import jax.numpy as jnp

    for operands, options in calls_of(entry):
        result = _call(entry, operands, options)
        if entry.name not in ("ones", "zeros", "eye") or result.node.axes:
            values = _values(entry, operands, rng)
            expected = tuple(dim_value(dim, SIZES) for dim in result.shape if dim != 1)
            with np.errstate(all="ignore"):
                found = evaluate(result.node, values, SIZES)
            if np.shape(found) != expected:
                raise DomainError(f"{entry.name}: shape {np.shape(found)} where {expected} is declared")
            other = evaluate(result.node, values, SIZES, jnp)
            require("NumPy against JAX", entry, found, other, 1e-10)
        units = [Operand(symbol(f"x{k}"), (1, 1)) for k in range(len(operands))]
        ones = {name: 1 if isinstance(value, str) else value for name, value in options.items()}
        unit_shape = result_shape(entry, [unit.shape for unit in units], ones)
        scalar = _call(entry, units, ones)
        if unit_shape != (1, 1) or scalar.node.axes:
            raise DomainError(f"{entry.name}: scalars give shape {unit_shape}")


def _check_refusals(entry: Entry) -> None:
    """Too few and too many arguments, and shapes that cannot fit."""
    valued = [parameter for parameter in entry.arguments if parameter.valued]
    scalar = Operand(symbol("x0"), (1, 1))
    attempts: list[tuple[Any, ...]] = [(), (scalar,) * (len(entry.arguments) + 1)]
    attempts += [tuple(_concrete(shape, k) for k, shape in enumerate(shapes)) for shapes in entry.refused]
    if isinstance(entry, Elementwise) and len(valued) > 1:
        attempts.append((_concrete((2, 3), 0), _concrete((3, 2), 1)))
    for attempt in attempts:
        try:
            call(entry, *attempt)
        except MatcalcError:
            continue
        raise DomainError(f"{entry.name}: accepts arguments of shapes {[each.shape for each in attempt]}")


def _concrete(shape: tuple[int, ...], k: int) -> Operand:
    dims: tuple[Dim, ...] = shape
    return Operand(symbol(f"x{k}", dims), dims)


# Elementwise functions ---------------------------------------------------------------------------------------------


def check_derivatives(entry: Elementwise, rng: np.random.Generator) -> None:
    """Each derivative formula against central differences of the value, at generic points of the domain."""
    points = {
        name: sample(rng, domain, (_POINTS,))
        for name, domain in zip(entry.parameters, entry.domain, strict=True)
    }
    value = entry.value(np, *points.values())
    if np.shape(value) != (_POINTS,) or not np.isfinite(value).all():
        raise DomainError(f"{entry.name}: its values are not finite numbers, one for each entry")
    for name, node in _partials(entry).items():
        found = np.broadcast_to(evaluate(node, points, {"n": _POINTS}), (_POINTS,))
        at = points[name]

        def moved(step: float, name: str = name, at: Any = at) -> Any:
            return entry.value(np, *(points | {name: at + step}).values())

        require(f"central differences of d/d{name}", entry, found, _slope(moved), 1e-6, at)


def _slope(moved: Callable[[float], Any]) -> Any:
    """The derivative at step 0, from differences of two step sizes: the error is of fourth order."""
    fine, coarse = ((moved(step) - moved(-step)) / (2 * step) for step in (_STEP, 2 * _STEP))
    return (4 * fine - coarse) / 3


def _partials(entry: Elementwise) -> dict[str, Node]:
    nodes: dict[str, Node] = {name: symbol(name, ("n",)) for name in entry.parameters}
    if len(entry.derivatives) != len(entry.parameters):
        raise DomainError(f"{entry.name}: one derivative per parameter is wanted")
    return {
        name: read_formula(text, **nodes)
        for name, text in zip(entry.parameters, entry.derivatives, strict=True)
    }


def _check_against_jax(entry: Elementwise, rng: np.random.Generator) -> None:
    """First and second derivatives against jax.jvp of the value."""
    import jax
    import jax.numpy as jnp

    points = [sample(rng, domain, (_POINTS,)) for domain in entry.domain]
    for index, node in enumerate(_partials(entry).values()):

        def value(x: Any, index: int = index) -> Any:
            return entry.value(jnp, *points[:index], x, *points[index + 1 :])

        def formula(x: Any, index: int = index, node: Node = node) -> Any:
            at = dict(zip(entry.parameters, (*points[:index], x, *points[index + 1 :]), strict=True))
            return jnp.broadcast_to(evaluate(node, at, {"n": _POINTS}, jnp), (_POINTS,))

        def by_jax(x: Any, value: Callable[[Any], Any] = value) -> Any:
            return jax.jvp(value, (x,), (jnp.ones_like(x),))[1]

        x = jnp.asarray(points[index])
        name = entry.parameters[index]
        require(f"d/d{name} against JAX", entry, formula(x), by_jax(x), 1e-9, points[index])
        second = [jax.jvp(function, (x,), (jnp.ones_like(x),))[1] for function in (formula, by_jax)]
        require(f"d²/d{name}² against JAX", entry, second[0], second[1], 1e-8, points[index])


def _check_folds(entry: Elementwise) -> None:
    """A number that a function of numbers folds to is its value."""
    for arguments in product(_EXACT_POINTS, repeat=len(entry.parameters)):
        folded = elementwise(entry, *map(number, arguments))
        exact = number_value(folded)
        if exact is not None and not (isinstance(folded, Map) and folded.function is entry):
            value = entry.value(np, *(np.asarray(float(argument)) for argument in arguments))
            require(f"exact value of {arguments}", entry, float(exact), value, 1e-12)


# Genuine functions -------------------------------------------------------------------------------------------------


def _check_pullback(
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
    at = {each.name: _draw(rng, entry.domain[k], each) for k, each in enumerate(nodes)}
    at["c"] = _draw(rng, "real", cotangent)
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
            require("central differences", entry, paired, _slope(along), 1e-6)
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

    expected = jax.jacobian(by_jax)(arrays[index])
    require("order 2, by JAX", entry, jax.jacobian(by_formula)(arrays[index]), expected, 1e-7)
    if derive is not None:
        (second,) = derive(pulled, [operand])
        require("order 2, by the sweep", entry, evaluate(second, at, SIZES), expected, 1e-7)


def _draw(rng: np.random.Generator, domain: str, node: Node) -> Any:
    return sample(rng, domain, [dim_value(dim, SIZES) for dim in node.axes])


def _check_properties(entry: Function, rng: np.random.Generator) -> None:
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


# The whole chain ---------------------------------------------------------------------------------------------------


def _check_sweep(entry: Entry, rng: np.random.Generator, derive: Derive) -> None:
    """Jacobian and second derivative of every call, by the sweep, against jax.jacobian of the interpreted graph."""
    import jax
    import jax.numpy as jnp

    for operands, options in calls_of(entry):
        result = _call(entry, operands, options)
        values = _values(entry, operands, rng)
        for operand in operands:
            variable = operand.node
            assert isinstance(variable, Symbol)
            counts = [dim_value(dim, SIZES) for dim in variable.axes]

            def value(x: Any, node: Node = result.node, variable: Symbol = variable, at: Any = values) -> Any:
                return evaluate(node, {**at, variable.name: x}, SIZES, jnp)

            x = jnp.asarray(values[variable.name]).reshape(counts)
            (first,) = derive(result.node, [variable])
            by_jax = jax.jacobian(value)
            require("derivative of a call", entry, evaluate(first, values, SIZES), by_jax(x), 1e-8)
            if isinstance(entry, Composite) and len(first.axes) < 3:
                (second,) = derive(first, [variable])
                expected = jax.jacobian(by_jax)(x)
                require("second derivative of a call", entry, evaluate(second, values, SIZES), expected, 1e-7)
