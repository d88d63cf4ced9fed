"""A user's own elementwise functions: registered with a value and a derivative, and checked before they are let in."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from matcalc.errors import DomainError, MatcalcError
from matcalc.rules.elementwise_laws import check_derivatives
from matcalc.rules.entries import Elementwise
from matcalc.rules.registry import register, unregister


def register_elementwise(
    name: str,
    value: Callable[..., Any],
    derivative: str | Sequence[str],
    *,
    parameters: Sequence[str] = ("x",),
    domain: str | Sequence[str] = "real",
    latex: str = "",
    doc: str = "",
    kinks: str = "",
) -> Elementwise:
    """Add an elementwise function to the table, so that every expression and dialect knows it.

    `value(xp, x)` gets the namespace (numpy, jax.numpy or torch) and arrays; `derivative` is a formula of the language
    in the parameters, one for each, and may use the function itself: for tanh `"1 - tanh(x)**2"`. `domain` names where
    it is defined: real, positive, unit_interval, unit_ball, …. Thread-safe.

    Raises DomainError when the name is taken or no name, or when the derivative disagrees with central differences of
    the value; the message names the point. `unregister(name)` takes the function out again.
    """
    if not isinstance(derivative, str) and not isinstance(derivative, Sequence):
        raise DomainError("a derivative is a formula of the language", hint='write "1 - tanh(x)**2"')
    derivatives = (derivative,) if isinstance(derivative, str) else tuple(derivative)
    domains = (domain,) * len(parameters) if isinstance(domain, str) else tuple(domain)
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise DomainError(
            f"'{name}' cannot be a function's name", hint="letters, digits and _, not a digit first"
        )
    if len(derivatives) != len(parameters) or len(domains) != len(parameters):
        raise DomainError(
            f"{name} has {len(parameters)} parameters, and needs a derivative and a domain for each"
        )
    entry = Elementwise(
        name,
        derivatives,
        value,
        doc or f"{name}, registered by the user.",
        parameters=tuple(parameters),
        latex=latex or rf"\operatorname{{{name}}}",
        domain=domains,
        kinks=kinks,
        smooth=not kinks,
        user=True,
    )
    # The derivative may use the function itself, so the name has to be known while it is checked.
    register(entry)
    try:
        with np.errstate(all="ignore"):
            check_derivatives(entry, np.random.default_rng(0))
    except MatcalcError:
        unregister(name)
        raise
    except Exception as error:
        unregister(name)
        raise DomainError(f"{name}: its value fails on NumPy arrays: {error}") from error
    return entry
