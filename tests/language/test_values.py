"""The operators on values, as Python's overloading uses them: NumPy's rules for two dimensions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from matcalc.errors import LimitError, ShapeError
from matcalc.graph import contract, number, number_value, symbol
from matcalc.language.limits import LIMITS
from matcalc.language.values import (
    Value,
    grid_warning,
    matmul,
    minus,
    negated,
    over,
    plus,
    times,
    to_the_power,
    transposed,
)
from matcalc.shapes.broadcast import two_dimensional

SIZES = {"m": 2, "n": 3}
DECLARED = [
    (),
    ("n",),
    (1, "n"),
    ("m", "n"),
    ("n", "m"),
    ("n", "n"),
    ("m",),
    (1, "m"),
    ("n", 1),
    (1, 1),
    (3,),
]


def value(name: str, shape: tuple[int | str, ...]) -> Value:
    return Value(symbol(name, shape), two_dimensional(shape))


def array(shape: tuple[int | str, ...]) -> np.ndarray:
    return np.ones([SIZES.get(str(dim), dim) for dim in two_dimensional(shape)])


def numbers(shape: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(SIZES.get(str(dim), dim) for dim in shape)


@pytest.mark.parametrize("a", DECLARED)
@pytest.mark.parametrize("b", DECLARED)
@pytest.mark.parametrize(
    ("operator", "witness"),
    [(plus, np.add), (minus, np.subtract), (times, np.multiply), (over, np.divide), (matmul, np.matmul)],
)
def test_shapes_are_numpys(
    operator: Callable[[Value, Value], Value],
    witness: Callable[..., np.ndarray],
    a: tuple[int | str, ...],
    b: tuple[int | str, ...],
) -> None:
    """With n = 3 declared as a name, 3 and n are two sizes: only that is stricter than NumPy."""
    try:
        expected = witness(array(a), array(b)).shape
    except ValueError:
        expected = None
    try:
        result = operator(value("a", a), value("b", b))
    except ShapeError as error:
        assert error.hint is not None or expected is None
        assert expected is None or 3 in a + b
    else:
        assert numbers(result.shape) == expected
        assert result.node.axes == tuple(dim for dim in result.shape if dim != 1)


def test_transposed_and_negated() -> None:
    A, x = value("A", ("m", "n")), value("x", ("n",))
    assert transposed(A).shape == ("n", "m")
    assert transposed(A).node is contract([(A.node, "ij")], "ji")
    assert transposed(transposed(A)).node is A.node
    assert transposed(x) == Value(x.node, (1, "n"))
    assert negated(negated(A)) == A


def test_errors_name_the_variables() -> None:
    with pytest.raises(ShapeError) as caught:
        matmul(value("x", ("n",)), value("y", ("n",)))
    assert caught.value.span is None
    assert "x.T @ y (inner), x @ y.T (outer) or x * y (elementwise)" in (caught.value.hint or "")
    with pytest.raises(ShapeError, match="the left side"):
        matmul(plus(value("x", ("n",)), value("y", ("n",))), value("y", ("n",)))


def test_powers() -> None:
    x = value("x", ("n",))

    def constant(c: float | Fraction) -> Value:
        return Value(number(c), (1, 1))

    with pytest.raises(ShapeError, match="exponent"):
        to_the_power(constant(2), x)
    assert number_value(to_the_power(constant(4), constant(Fraction(1, 2))).node) == 2
    assert number_value(to_the_power(constant(0.1), constant(300), LIMITS).node) == pytest.approx(0.1**300)
    assert to_the_power(x, constant(5_000)).shape == ("n", 1)
    with pytest.raises(LimitError):
        to_the_power(x, constant(1_001), LIMITS)
    with pytest.raises(LimitError):
        to_the_power(x, constant(-1_000.5), LIMITS)
    for base in (9, Fraction(1, 9), 1e300, 10**400):
        with pytest.raises(LimitError):
            to_the_power(constant(base), constant(900), LIMITS)


def test_grid_warning() -> None:
    assert grid_warning(("n", 1), (1, "m"), "x + y.T") is not None
    assert grid_warning((1, "m"), ("n", 1), "y.T + x") is not None
    for a, b in [(("n", 1), ("n", 1)), (("n", "m"), (1, "m")), ((1, 1), (1, "m")), (("n", 1), (1, 1))]:
        assert grid_warning(a, b, "") is None
