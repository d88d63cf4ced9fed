"""Verification finds right derivatives right, wrong ones wrong, and says so; it never passes for want of a check."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

from matcalc.calculus.sweep import derive_nodes
from matcalc.errors import DomainError, LimitError
from matcalc.graph import (
    Node,
    Symbol,
    add,
    apply,
    contract,
    elementwise,
    fuse,
    identity,
    linear,
    multiply,
    negate,
    number,
    ones,
    permute,
    power,
    scale,
    subtract,
    symbol,
    tidy,
    transpose,
)
from matcalc.numeric import verify
from matcalc.rules import AbstractFunction, lookup
from matcalc.shapes.layouts import Arrangement, arrange
from tests.codegen.graphs import SYMBOLS, graphs

HALF = Fraction(1, 2)
W, x, b, u = symbol("W", ("m", "n")), symbol("x", ("n",)), symbol("b", ("m",)), symbol("u", ("m",))
r, X, y = symbol("r", (1, "n")), symbol("X", ("n", "n")), symbol("y", ("n",))
S, D = symbol("S", ("n", "n"), ("spd",)), symbol("D", ("n", "n"), ("diagonal",))
z = add(contract([(W, "ij"), (x, "j")], "i"), b)


def layer(function: object) -> Node:
    return contract([(u, "i"), (elementwise(function, z), "i")], "")


def derivative(output: Node, *variables: Symbol) -> Node:
    for variable in variables:
        (output,) = derive_nodes(output, [variable])
    return tidy(output)[0]


TANH = layer(lookup("tanh"))
LOGDET = apply(lookup("logdet"), [X])
INVERSE = apply(lookup("inv"), [X])
QUADRATIC = contract([(x, "i"), (X, "ij"), (x, "j")], "")


@pytest.mark.parametrize("variable", [u, W, x, b])
@pytest.mark.parametrize(
    "function", [lookup("tanh"), lookup("relu"), lookup("sigmoid"), AbstractFunction("f")]
)
def test_the_layer(function: object, variable: Symbol) -> None:
    output = layer(function)
    evidence = verify(output, derivative(output, variable), variable)
    assert evidence, str(evidence)
    assert evidence.passed
    assert evidence.sizes == {"m": 3, "n": 4}
    assert evidence.checks[0].error < 1e-10
    assert "cpu" in evidence.devices[0]
    assert "JAX" in str(evidence)
    assert "central differences" in repr(evidence)


@pytest.mark.parametrize(
    ("output", "variable"),
    [
        (LOGDET, X),
        (INVERSE, X),
        (contract([(W, "ij"), (X, "jk")], "ik"), X),
        (apply(lookup("softmax"), [x]), x),
        (elementwise(lookup("log"), x), x),
        (contract([(r, "i"), (power(r, 3), "i")], ""), r),
        (power(subtract(number(1), contract([(x, "i"), (x, "i")], "")), HALF), x),
        (contract([(x, "i")], "ii"), x),
        (contract([(u, "i"), (u, "i")], ""), x),
    ],
)
def test_all_ranks(output: Node, variable: Symbol) -> None:
    assert verify(output, derivative(output, variable), variable)


@pytest.mark.parametrize(
    ("output", "variables"),
    [
        (TANH, (x, x)),
        (TANH, (W, x)),
        (TANH, (x, W)),
        (TANH, (u, b)),
        (LOGDET, (X, X)),
        (QUADRATIC, (x, X)),
        (QUADRATIC, (x, X, x)),
        (TANH, (x, b, x)),
        (layer(AbstractFunction("f")), (b, b, b, b)),
        (elementwise(lookup("tanh"), z), (x, x)),
        (layer(lookup("elu")), (x, x)),
        (layer(AbstractFunction("f")), (x, x)),
    ],
)
def test_higher_orders(output: Node, variables: tuple[Symbol, ...]) -> None:
    evidence = verify(output, derivative(output, *variables), variables)
    assert evidence, str(evidence)


def symmetric_part(node: Node, factor: Fraction | int = HALF) -> Node:
    return scale(factor, add(node, transpose(node)))


def test_structured_variables_are_projected() -> None:
    B = symbol("B", ("n", "n"))
    output = contract([(S, "ij"), (B, "jk"), (S, "ki")], "")
    free = derivative(output, S)
    assert not verify(output, free, S)
    assert verify(output, symmetric_part(free), S)
    cookbook = subtract(symmetric_part(free, 1), contract([(free, "ii")], "ii"))
    assert verify(output, cookbook, S, symmetric="cookbook")
    assert not verify(output, cookbook, S)
    diagonal = contract([(D, "ij"), (B, "jk"), (D, "ki")], "")
    full = derivative(diagonal, D)
    assert not verify(diagonal, full, D)
    assert verify(diagonal, contract([(full, "ii")], "ii"), D)
    with pytest.raises(DomainError, match="cookbook"):
        verify(output, free, S, symmetric="both")


def test_symmetric_order_two() -> None:
    B = symbol("B", ("n", "n"))
    output = contract([(S, "ij"), (B, "jk"), (S, "ki")], "")
    full = derivative(output, S, S)
    turned = [permute(full, order) for order in ((0, 1, 2, 3), (1, 0, 2, 3), (0, 1, 3, 2), (1, 0, 3, 2))]
    assert verify(output, linear([(Fraction(1, 4), each) for each in turned], full.axes), (S, S))


WRONG: tuple[tuple[str, Node, Symbol, Callable[[Node], Node]], ...] = (
    ("sign", TANH, x, negate),
    ("factor", TANH, W, lambda d: scale(2, d)),
    ("small factor", TANH, W, lambda d: scale(Fraction(1000001, 1000000), d)),
    ("missing transpose", LOGDET, X, transpose),
    ("missing transpose of a product", contract([(X, "ij"), (X, "jk"), (X, "ki")], ""), X, transpose),
    ("missing half", QUADRATIC, x, lambda d: contract([(X, "ij"), (x, "j")], "i")),
    ("exchanged axes", INVERSE, X, lambda d: permute(d, (1, 0, 2, 3))),
    ("lost inner derivative", TANH, b, lambda d: u),
    ("extra term", QUADRATIC, X, lambda d: add(d, identity("n"))),
    ("tiny extra term", QUADRATIC, X, lambda d: add(d, scale(1e-5, identity("n")))),
    ("not a number", TANH, x, lambda d: multiply(d, power(linear([(0.0, x), (1, x), (-1, x)], ("n",)), -1))),
)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("mistake", "output", "variable", "spoil"), WRONG, ids=[row[0] for row in WRONG])
def test_wrong_derivatives_are_found(
    mistake: str, output: Node, variable: Symbol, spoil: Callable[[Node], Node]
) -> None:
    right = derivative(output, variable)
    assert verify(output, right, variable)
    evidence = verify(output, spoil(right), variable)
    assert not evidence, mistake
    assert not evidence.checks[0].passed
    assert "NOT verified" in str(evidence)
    assert "DISAGREES" in str(evidence)


def test_a_wrong_shape_is_an_error() -> None:
    with pytest.raises(DomainError, match="shape"):
        verify(TANH, derivative(TANH, W), x)


def test_layouts_are_arranged() -> None:
    product = contract([(W, "ij"), (X, "jk")], "ik")
    plain = derivative(product, X)
    laid_out = permute(plain, (1, 0, 3, 2))
    assert verify(product, laid_out, X, arrangement=Arrangement((1, 0, 3, 2), (1, 1, 1, 1), ()))
    with pytest.raises(DomainError, match="shape"):
        verify(product, laid_out, X)
    jacobian = arrange(("m", "n"), [("n", "n")], "jacobian")
    fused = fuse(permute(plain, jacobian.order), jacobian.groups)
    assert verify(product, fused, X, arrangement=jacobian)
    assert not verify(product, scale(2, fused), X, arrangement=jacobian)


def test_sizes_that_suit() -> None:
    """A Gram matrix is singular when it is wider than its factor is tall, whichever way round that is."""
    for labels in ("ij", "ik"), ("ji", "ki"):
        gram = contract([(W, labels[0]), (W, labels[1])], "jk")
        output = apply(lookup("logdet"), [gram])
        assert verify(output, derivative(output, W), W)


def test_what_cancels_to_nothing_may_leave_rounding() -> None:
    """X X⁺ of a wide X is the identity, and its derivative zero but for rounding."""
    wide = symbol("X", (3, 5))
    projected = contract([(wide, "ij"), (apply(lookup("pinv"), [wide]), "jk"), (symbol("y", (3,)), "k")], "i")
    output = contract([(projected, "i"), (projected, "i")], "")
    assert verify(output, derivative(output, wide), wide)


def test_what_cannot_be_checked_does_not_pass() -> None:
    divided = multiply(contract([(x, "i")], ""), power(number(0), number(-1)))
    with pytest.raises(DomainError, match="no inputs were found"):
        verify(divided, derivative(divided, x), x)
    nowhere = elementwise(lookup("log"), subtract(number(-1), contract([(x, "i"), (x, "i")], "")))
    with pytest.raises(DomainError, match="no inputs were found"):
        verify(nowhere, derivative(nowhere, x), x)
    with pytest.raises(DomainError, match="samples is a whole number"):
        verify(TANH, derivative(TANH, x), x, samples=0)
    with pytest.raises(LimitError, match="10,000 samples"):
        verify(TANH, derivative(TANH, x), x, samples=10**400)
    with pytest.raises(DomainError, match="no 'abacus' device"):
        verify(TANH, derivative(TANH, x), x, device="abacus")


def test_the_callers_configuration_stays() -> None:
    import jax

    for before in (False, True):
        with jax.enable_x64(before):
            assert verify(TANH, derivative(TANH, x), x, device="cpu")
            assert jax.config.jax_enable_x64 is before
            with pytest.raises(DomainError):
                verify(TANH, derivative(TANH, W), x)
            assert jax.config.jax_enable_x64 is before


def test_seeds_and_samples() -> None:
    one = verify(TANH, derivative(TANH, x), x, samples=1, seed=3)
    assert (one.samples, one.seed) == (1, 3)
    assert one == verify(TANH, derivative(TANH, x), x, samples=1, seed=3)
    assert one.checks[0].entries == 4
    assert np.isfinite(one.largest_error)


@settings(max_examples=15)
@given(graphs(steps=4))
def test_random_graphs(node: Node) -> None:
    for variable in SYMBOLS[2:7:2]:
        try:
            evidence = verify(node, derivative(node, variable), variable, samples=1)
        except DomainError as error:
            assert "no inputs were found" in str(error)
        else:
            assert evidence, str(evidence)


@pytest.mark.parametrize(("output", "variable"), [(TANH, W), (LOGDET, X), (INVERSE, X), (QUADRATIC, x)])
def test_single_precision(output: Node, variable: Symbol) -> None:
    """The evaluators keep float32 on NumPy and on every device, and are as close as JAX is."""
    evidence = verify(output, derivative(output, variable), variable, device="all", dtype="float32")
    assert evidence, str(evidence)
    assert evidence.dtype == "float32"
    assert evidence.devices[0] == "cpu (NumPy)"
    assert all(1e-9 < check.tolerance < 1e-2 for check in evidence.checks)
    wrong = add(derivative(output, variable), ones(derivative(output, variable).axes))
    assert not verify(output, wrong, variable, dtype="float32")


def test_every_device_is_named() -> None:
    import jax

    evidence = verify(TANH, derivative(TANH, x), x, device="all")
    assert evidence
    for device in jax.devices():
        assert any(f"{device.platform}:{device.id}" in name for name in evidence.devices)
    seen = any(device.platform == "gpu" for device in jax.devices())
    assert seen or "no GPU was seen" in str(evidence)
    with pytest.raises(DomainError, match="dtype is"):
        verify(TANH, derivative(TANH, x), x, dtype="float16")
