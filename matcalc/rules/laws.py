"""The laws that every function obeys, run over an entry by `check_rule`.

Shape as the signature says, on NumPy and JAX · pullback equals jax.vjp · pullback is the adjoint of the forward
differential · central differences agree · the same for its derivative (order 2) · what must be refused is refused ·
exactly known values are exact · declared properties hold. An entry that breaks a law raises DomainError, which names
the law and the point.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from matcalc.errors import DomainError, MatcalcError
from matcalc.graph import Node, Symbol, symbol
from matcalc.rules.elementwise_laws import (
    check_against_jax,
    check_derivatives,
    check_folds,
    check_signs,
)
from matcalc.rules.entries import Composite, Elementwise, Entry, Function
from matcalc.rules.evidence import SIZES, double_precision, require
from matcalc.rules.function_laws import Derive, check_properties, check_pullback
from matcalc.rules.interpreter import evaluate
from matcalc.rules.operands import Operand
from matcalc.rules.registry import call, lookup, result_shape
from matcalc.rules.samples import sample
from matcalc.shapes.dims import Dim, dim_value


def check_rule(entry: Entry | str, derive: Derive | None = None, seed: int = 0) -> tuple[str, ...]:
    """Run every law over a function, and return the names of those that had something to say.

    `derive` is the sweep (`matcalc.calculus`), with which second derivatives and formulas of other functions are
    checked as well. Raises DomainError, naming the law and the point, when a law is broken.
    """
    entry = lookup(entry) if isinstance(entry, str) else entry
    rng = np.random.default_rng(seed)
    laws = ["calls", "refusals"]
    _check_refusals(entry)
    with double_precision():
        _check_calls(entry, rng)
        if isinstance(entry, Elementwise):
            check_derivatives(entry, rng)
            check_folds(entry)
            check_signs(entry, rng)
            check_against_jax(entry, rng)
            laws += ["central differences", "exact values", "properties", "jax"]
        elif isinstance(entry, Function):
            kinds = product((False, True), repeat=2)
            refused = sum(check_pullback(entry, rng, batched, outputs, derive) for batched, outputs in kinds)
            if entry.limited and derive is not None and not refused:
                raise DomainError(f"{entry.name}: is called limited, and refuses nothing")
            check_properties(entry, rng)
            laws += ["vjp", "adjoint", "central differences", "order 2", "properties"]
        if derive is not None:
            _check_sweep(entry, rng, derive)
            laws.append("sweep")
    return tuple(laws)


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
        if len(result.shape) > 2 or any(isinstance(dim, int) and dim > 1 for dim in result.shape):
            # A tensor, or of a fixed size: there is nothing to say of scalars.
            continue
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
            try:
                (first,) = derive(result.node, [variable])
            except DomainError:
                if not getattr(entry, "limited", ""):
                    raise
                continue
            by_jax = jax.jit(jax.jacobian(value))
            require("derivative of a call", entry, evaluate(first, values, SIZES), by_jax(x), 1e-8)
            if isinstance(entry, Composite) and len(first.axes) < 3:
                (second,) = derive(first, [variable])
                expected = jax.jit(jax.jacobian(by_jax))(x)
                require("second derivative of a call", entry, evaluate(second, values, SIZES), expected, 1e-7)
