"""The laws of elementwise functions: each derivative formula against differences of the value and against JAX."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from matcalc.errors import DomainError
from matcalc.graph import Map, Node, elementwise, number, number_value, symbol
from matcalc.rules.entries import Elementwise
from matcalc.rules.evidence import require, slope
from matcalc.rules.interpreter import evaluate
from matcalc.rules.registry import read_formula
from matcalc.rules.samples import sample

_POINTS = 24
_EXACT_POINTS = (-4, -3, -2, -1, 0, 1, 2, 3, 4)


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

        require(f"central differences of d/d{name}", entry, found, slope(moved), 1e-6, at)


def _partials(entry: Elementwise) -> dict[str, Node]:
    nodes: dict[str, Node] = {name: symbol(name, ("n",)) for name in entry.parameters}
    if len(entry.derivatives) != len(entry.parameters):
        raise DomainError(f"{entry.name}: one derivative per parameter is wanted")
    return {
        name: read_formula(text, **nodes)
        for name, text in zip(entry.parameters, entry.derivatives, strict=True)
    }


def check_against_jax(entry: Elementwise, rng: np.random.Generator) -> None:
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


def check_folds(entry: Elementwise) -> None:
    """A number that a function of numbers folds to is its value."""
    for arguments in product(_EXACT_POINTS, repeat=len(entry.parameters)):
        folded = elementwise(entry, *map(number, arguments))
        exact = number_value(folded)
        if exact is not None and not (isinstance(folded, Map) and folded.function is entry):
            value = entry.value(np, *(np.asarray(float(argument)) for argument in arguments))
            require(f"exact value of {arguments}", entry, float(exact), value, 1e-12)


def check_signs(entry: Elementwise, rng: np.random.Generator) -> None:
    """What a function is said to keep or to give, its values have."""
    domains = list(entry.domain)
    for claims, first in ((entry.gives, domains[0]), (entry.keeps, "positive")):
        for claim in claims:
            if claim != "positive":
                raise DomainError(f"{entry.name}: '{claim}' is no property of single entries")
            points = [sample(rng, domain, (_POINTS,)) for domain in (first, *domains[1:])]
            if not (entry.value(np, *points) > 0).all():
                raise DomainError(f"{entry.name}: is said to be positive, and is not")
