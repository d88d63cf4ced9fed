"""Powers pass into products, however deep these are and whatever they share."""

from __future__ import annotations

import pytest

import matcalc as mc
import matcalc.rules  # its rows are handed to the graph
from matcalc.graph import Node, contract, divide, multiply, power, symbol, tidy

a, b, c = (symbol(name, ("n",)) for name in "abc")
DEPTH = 5_000


def nested(depth: int) -> Node:
    """(((a b) c) a) … as one product in another."""
    node = multiply(a, b)
    for level in range(depth):
        node = contract([(node, "i"), ((c, a, b)[level % 3], "i")], "i")
    return node


@pytest.mark.parametrize("exponent", [2, 3, -1])
def test_powers_of_deep_products_do_not_recurse(exponent: int) -> None:
    steps = 3 * (DEPTH // 3)
    expected = multiply(
        *[power(one, exponent * (steps // 3 + held)) for one, held in ((a, 1), (b, 1), (c, 0))]
    )
    assert tidy(power(nested(steps), exponent)) == (expected,)


def test_a_deep_product_divided_by_itself() -> None:
    product = nested(DEPTH)
    assert tidy(divide(multiply(product, a), product)) == (a,)


def test_what_products_share_is_raised_once() -> None:
    """Each is the product of the two before, forty times: written out they would have billions of factors."""
    first, second = multiply(a, b), multiply(a, c)
    exponents = {a: (1, 1), b: (1, 0), c: (0, 1)}
    for _ in range(40):
        first, second = multiply(first, second), first
        exponents = {base: (x + y, x) for base, (x, y) in exponents.items()}
    squared = multiply(first, first)
    expected = multiply(*[power(base, 2 * x) for base, (x, _) in exponents.items()])
    assert tidy(squared) == tidy(power(first, 2)) == (expected,)


def test_the_order_of_factors_in_a_square_does_not_matter() -> None:
    shapes = {"v": "1 m"}
    ways = ["pi * v * v @ (pi * v * v).T", "(v * (v*pi)) @ (v * (v*pi)).T", "pi**2 * sum(v**4)"]
    assert len({mc.parse(way, shapes=shapes).node for way in ways}) == 1
