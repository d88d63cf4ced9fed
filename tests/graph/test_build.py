"""The builders: coefficients out, deltas gone, powers merged, fused axes outward. Values against NumPy."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from matcalc.errors import LimitError, ShapeError
from matcalc.graph import (
    ONE,
    add,
    broadcast,
    constant,
    contract,
    divide,
    elementwise,
    fuse,
    identity,
    linear,
    multiply,
    negate,
    number,
    number_value,
    ones,
    power,
    scale,
    size,
    split,
    subtract,
    symbol,
    transpose,
    zero,
)
from matcalc.rules import lookup
from tests.reference import evaluate

A = symbol("A", ("m", "n"))
B = symbol("B", ("m", "n"))
Q = symbol("Q", ("n", "n"))
x = symbol("x", ("n",))
y = symbol("y", ("n",))
SIZES = {"m": 3, "n": 4}


def value(node: object, **arrays: np.ndarray) -> np.ndarray:
    return np.asarray(evaluate(node, arrays, SIZES))


def vec(node: object) -> object:
    return fuse(transpose(node), (2,))


SAME = {
    "delta renames": (contract([(identity("n"), "ij"), (x, "j")], "i"), x),
    "double transpose": (transpose(transpose(A)), A),
    "x + x": (add(x, x), scale(2, x)),
    "x - x": (subtract(x, x), zero(("n",))),
    "2 (x/2)": (scale(2, scale(Fraction(1, 2), x)), x),
    "x · x": (multiply(x, x), power(x, 2)),
    "x / x": (divide(x, x), ones(("n",))),
    "(x²)⁻¹": (power(power(x, 2), -1), power(x, -2)),
    "(2x)²": (power(scale(2, x), 2), scale(4, power(x, 2))),
    "(-x)²": (power(negate(x), 2), power(x, 2)),
    "(x - y)² = (y - x)²": (power(subtract(x, y), 2), power(subtract(y, x), 2)),
    "-(x - y)": (negate(subtract(x, y)), subtract(y, x)),
    "sum of ones": (contract([(ones(("n",)), "i")], ""), size("n")),
    "size of a product": (size(("m", "n")), multiply(size("m"), size("n"))),
    "coefficients leave": (
        contract([(scale(2, A), "ij"), (scale(3, x), "j")], "i"),
        scale(6, contract([(A, "ij"), (x, "j")], "i")),
    ),
    "vec A · vec B": (contract([(vec(A), "i"), (vec(B), "i")], ""), contract([(A, "ij"), (B, "ij")], "")),
    "split undoes fuse": (split(fuse(A, (2,)), (("m", "n"),)), A),
    "delta of a fused index": (
        fuse(contract((), "ijij", {"i": "m", "j": "n"}), (2, 2)),
        identity(("m", "n")),
    ),
    "4^½": (power(number(4), Fraction(1, 2)), number(2)),
    "0.5 · 2": (scale(2, scale(0.5, x)), x),
    "0.1 · 3": (scale(3, scale(0.1, x)), scale(0.3, x)),
    "0.1 + 0.2": (add(scale(0.1, x), scale(0.2, x)), scale(0.3, x)),
    "1.5 · 2 / 5": (
        contract([(scale(1.5, x), "i"), (number(2), ""), (number(Fraction(1, 5)), "")], "i"),
        contract([(scale(Fraction(2, 5), x), "i"), (number(1.5), "")], "i"),
    ),
    "Σ x² / (Σ x²)²": (
        contract([(power(x, 2), "i"), (power(contract([(x, "i"), (x, "i")], ""), -2), "")], ""),
        power(contract([(x, "i"), (x, "i")], ""), -1),
    ),
    "Σ Qᵢᵢ (1/Q)ᵢᵢ": (contract([(Q, "ii"), (power(Q, -1), "ii"), (Q, "ii")], ""), contract([(Q, "ii")], "")),
}


@pytest.mark.parametrize("a, b", SAME.values(), ids=list(SAME))
def test_both_sides_are_one_node(a: object, b: object) -> None:
    assert a is b


DIFFERENT = {
    "½ is not 0.5": (scale(Fraction(1, 2), x), scale(0.5, x)),
    "(x²)^½ is |x|": (power(power(x, 2), Fraction(1, 2)), x),
    "Σ x² y / (Σ x²)²": (
        contract([(power(x, 2), "i"), (y, "i"), (power(contract([(x, "i"), (x, "i")], ""), -2), "")], ""),
        contract([(y, "i"), (power(contract([(x, "i"), (x, "i")], ""), -1), "")], ""),
    ),
    "A is not Aᵀ": (Q, transpose(Q)),
    "A Aᵀ is not Aᵀ A": (contract([(Q, "ik"), (Q, "jk")], "ij"), contract([(Q, "ki"), (Q, "kj")], "ij")),
    "tr AA is not tr AAᵀ": (contract([(Q, "ij"), (Q, "ji")], ""), contract([(Q, "ij"), (Q, "ij")], "")),
}


@pytest.mark.parametrize("a, b", DIFFERENT.values(), ids=list(DIFFERENT))
def test_both_sides_stay_apart(a: object, b: object) -> None:
    assert a is not b


def test_values_of_contractions_are_einsums() -> None:
    draw = np.random.default_rng(1)
    a, q, u = draw.normal(size=(3, 4)), draw.normal(size=(4, 4)), draw.normal(size=4)
    cases = [
        (contract([(A, "ij"), (Q, "jk"), (x, "k")], "i"), a @ q @ u),
        (contract([(Q, "ii"), (x, "i")], "ii"), np.diag(np.diag(q) * u)),
        (broadcast(x, (1,), ("m", "n")), np.broadcast_to(u, (3, 4))),
        (contract([(A, "ij"), (A, "kl")], "ikjl"), np.einsum("ij,kl->ikjl", a, a)),
        (vec(A), a.T.reshape(-1)),
        (elementwise(lookup("tanh"), broadcast(x, (1,), ("m", "n"))), np.broadcast_to(np.tanh(u), (3, 4))),
    ]
    for node, expected in cases:
        np.testing.assert_allclose(value(node, A=a, Q=q, x=u), expected, rtol=1e-12)


def test_numbers_are_exact_until_a_float_comes_in() -> None:
    assert number_value(multiply(number(Fraction(1, 3)), number(3))) == 1
    assert number_value(ONE) == 1
    assert type(number_value(number(0.25))) is float
    assert number_value(number(2.0)) == 2 and type(number_value(number(2.0))) is int
    assert number_value(constant("pi")) is None


@pytest.mark.parametrize(
    "build",
    [
        lambda: add(A, x),
        lambda: contract([(A, "ij"), (A, "jk")], "ik"),
        lambda: multiply(x, symbol("z", ("m",))),
        lambda: split(x, (("m", "n"),)),
        lambda: linear([(1, x), (1, transpose(A))], ("n",)),
    ],
)
def test_axes_that_do_not_fit_are_refused(build: object) -> None:
    with pytest.raises(ShapeError):
        build()


def test_numbers_beyond_a_double_are_refused() -> None:
    with pytest.raises(LimitError):
        scale(1e308, scale(1e308, x))
