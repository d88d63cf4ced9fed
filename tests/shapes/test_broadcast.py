"""Two-dimensional shapes against NumPy's own rules."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from matcalc.shapes.broadcast import (
    Shape,
    broadcast_shape,
    is_grid,
    is_scalar,
    matmul_shape,
    two_dimensional,
)

SIZES = {"m": 2, "n": 3}
PAIRS = [*product((1, "m", "n"), repeat=2)]


def array(shape: Shape) -> np.ndarray:
    return np.ones([SIZES.get(str(dim), 1) for dim in shape])


@pytest.mark.parametrize("a", PAIRS)
@pytest.mark.parametrize("b", PAIRS)
def test_as_numpy(a: Shape, b: Shape) -> None:
    for ours, theirs in ((broadcast_shape, np.add), (matmul_shape, np.matmul)):
        try:
            expected = theirs(array(a), array(b)).shape
        except ValueError:
            expected = None
        found = ours(a, b)
        assert (found and tuple(SIZES.get(str(dim), dim) for dim in found)) == expected


def test_tensors() -> None:
    tensor = ("m", "n", "m")
    assert broadcast_shape(tensor, (1, 1)) == tensor
    assert broadcast_shape((1, 1), tensor) == tensor
    assert broadcast_shape(tensor, tensor) == tensor
    assert broadcast_shape(tensor, ("m", "n")) is None
    assert matmul_shape(tensor, ("m", "n")) is None


@pytest.mark.parametrize(
    ("declared", "shape"),
    [((), (1, 1)), (("n",), ("n", 1)), ((1, "n"), (1, "n")), (("m", "n"), ("m", "n"))],
)
def test_two_dimensional(declared: Shape, shape: Shape) -> None:
    assert two_dimensional(declared) == shape
    assert is_scalar(shape) == (declared == ())


def test_a_grid_is_a_column_with_a_row() -> None:
    grids = {(a, b) for a in PAIRS for b in PAIRS if is_grid(a, b)}
    columns, rows = [("m", 1), ("n", 1)], [(1, "m"), (1, "n")]
    assert grids == {*product(columns, rows), *product(rows, columns)}
