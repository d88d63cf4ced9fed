"""Every function obeys every law; and the laws catch rules that are wrong in the ways that rules go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matcalc.calculus.sweep import derive_nodes
from matcalc.errors import DomainError
from matcalc.graph import add, contract, negate, scale
from matcalc.rules import Elementwise, all_functions, lookup
from matcalc.rules.elementwise_laws import check_derivatives, check_signs
from matcalc.rules.function_laws import check_properties
from matcalc.rules.laws import check_rule


@pytest.fixture(autouse=True, scope="module")
def quick_compilation() -> Iterator[None]:
    """What is compiled here runs once: JAX need not make it fast."""
    import jax

    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


@pytest.mark.parametrize("entry", all_functions(), ids=lambda entry: entry.name)
def test_laws(entry: Any) -> None:
    check_rule(entry, derive_nodes)


def test_the_callers_jax_configuration_is_left_alone() -> None:
    import jax

    before = jax.config.jax_enable_x64
    check_rule("inv")
    assert jax.config.jax_enable_x64 == before


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("tanh", "1 + tanh(x)**2"),
        ("cos", "sin(x)"),
        ("sigmoid", "sigmoid(x)"),
        ("relu", "1"),
        ("hard_tanh", "heaviside(x)"),
        ("log", "1/x**2"),
    ],
)
def test_a_wrong_formula_is_caught(name: str, formula: str) -> None:
    entry = lookup(name)
    assert isinstance(entry, Elementwise)
    with pytest.raises(DomainError, match=f"{name}: central differences of d/dx broken at"):
        check_derivatives(replace(entry, derivatives=(formula,)), np.random.default_rng(0))


WRONG_PULLBACKS = {
    # With symmetric samples this one would pass every law.
    "logdet": lambda right, node, c, o, b: _swapped(right),
    "det": lambda right, node, c, o, b: _swapped(right),
    "inv": lambda right, node, c, o, b: negate(right),
    "softmax": lambda right, node, c, o, b: contract([(node, (*b, "i")), (c, (*o, *b, "i"))], (*o, *b, "i")),
    "logsumexp": lambda right, node, c, o, b: scale(2, right),
    "max": lambda right, node, c, o, b: add(right, right),
    "adj": lambda right, node, c, o, b: _swapped(right),
    "pinv": lambda right, node, c, o, b: negate(right),
    "eigvalsh": lambda right, node, c, o, b: scale(2, right),
    "norm_nuclear": lambda right, node, c, o, b: negate(right),
    "cross": lambda right, node, c, o, b: negate(right),
}


def _swapped(node: Any) -> Any:
    labels = tuple(range(len(node.axes)))
    return contract([(node, labels)], (*labels[:-2], labels[-1], labels[-2]))


@pytest.mark.parametrize("name", WRONG_PULLBACKS)
def test_a_wrong_pullback_is_caught(name: str) -> None:
    right = lookup(name)

    class Wrong(type(right)):  # type: ignore[misc]
        def pullback(self, node: Any, index: int, cotangent: Any, o: Any, b: Any) -> Any:
            return WRONG_PULLBACKS[name](
                super().pullback(node, index, cotangent, o, b), node, cotangent, o, b
            )

    with pytest.raises(DomainError, match=f"{name}: pullback against jax.vjp broken"):
        check_rule(Wrong())


def test_a_limit_that_is_none_is_caught() -> None:
    class Wrong(type(lookup("logsumexp"))):  # type: ignore[misc]
        limited = "said to refuse something"

    with pytest.raises(DomainError, match="is called limited, and refuses nothing"):
        check_rule(Wrong(), derive_nodes)


def test_a_refusal_without_a_reason_is_caught() -> None:
    class Wrong(type(lookup("polar"))):  # type: ignore[misc]
        limited = ""

    with pytest.raises(DomainError, match="not differentiated further"):
        check_rule(Wrong(), derive_nodes)


def test_a_sign_that_is_not_kept_is_caught() -> None:
    entry = lookup("log")
    assert isinstance(entry, Elementwise)
    with pytest.raises(DomainError, match="is said to be positive, and is not"):
        check_signs(replace(entry, keeps=frozenset({"positive"})), np.random.default_rng(0))


def test_a_property_that_is_not_kept_is_caught() -> None:
    class Wrong(type(lookup("inv"))):  # type: ignore[misc]
        def value(self, xp: Any, X: Any) -> Any:
            return xp.triu(super().value(xp, X))

    with pytest.raises(DomainError, match="inv: orthogonal gives orthogonal broken"):
        check_properties(Wrong(), np.random.default_rng(0))
