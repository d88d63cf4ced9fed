"""Samples lie where the expression is smooth, have the declared properties and nothing more."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from matcalc.errors import DomainError
from matcalc.graph import (
    Node,
    add,
    apply,
    contract,
    elementwise,
    multiply,
    number,
    ones,
    power,
    subtract,
    symbol,
)
from matcalc.numeric.samples import CLEARANCE, Sampler, sizes_for
from matcalc.rules import lookup

x, y = symbol("x", ("n",)), symbol("y", ("n",))
X, A = symbol("X", ("n", "n")), symbol("A", ("m", "n"))


def log(node: Node) -> Node:
    return elementwise(lookup("log"), node)


def dot(a: Node, b: Node) -> Node:
    return contract([(a, "i"), (b, "i")], "")


def draws(node: Node, *symbols: Node, count: int = 5, seed: int = 0) -> list[dict[str, np.ndarray]]:
    sampler = Sampler([node], symbols, sizes_for([node, *symbols]), seed)  # type: ignore[arg-type]
    return [sampler.draw() for _ in range(count)]


@pytest.mark.parametrize(
    "node",
    [
        log(x),
        log(log(add(ones(("n",)), x))),
        power(x, Fraction(1, 3)),
        power(subtract(number(1), dot(x, x)), Fraction(1, 2)),
        elementwise(lookup("arcsin"), multiply(x, x)),
        log(subtract(ones(("n",)), x)),
        add(log(x), log(subtract(ones(("n",)), x))),
        log(dot(x, ones(("n",)))),
        elementwise(lookup("relu"), elementwise(lookup("sin"), x)),
        elementwise(lookup("maximum"), x, multiply(x, x)),
        apply(lookup("max"), [x]),
        power(dot(x, ones(("n",))), -1),
    ],
)
def test_values_are_finite(node: Node) -> None:
    from tests.reference import evaluate

    for values in draws(node, x):
        assert np.isfinite(evaluate(node, values)).all()


def test_kinks_keep_their_distance() -> None:
    node = elementwise(lookup("abs"), x)
    for values in draws(node, x, count=50):
        assert np.abs(values["x"]).min() > CLEARANCE / 2
    tie = apply(lookup("max"), [elementwise(lookup("sin"), x)])
    for values in draws(tie, x, count=50):
        top = np.sort(np.sin(values["x"]))
        assert top[-1] - top[-2] > 0.1 * CLEARANCE


def test_inverses_are_well_conditioned_and_generic() -> None:
    for values in draws(apply(lookup("logdet"), [X]), X, count=20):
        matrix = values["X"]
        assert np.linalg.cond(matrix) < 500
        assert np.abs(matrix - matrix.T).max() > 1e-3


@pytest.mark.parametrize(
    ("properties", "holds"),
    [
        (("spd",), lambda M: np.linalg.eigvalsh(M).min() > 0 and np.array_equal(M, M.T)),
        (("symmetric",), lambda M: np.array_equal(M, M.T) and not np.allclose(M, np.diag(np.diag(M)))),
        (("diagonal",), lambda M: np.array_equal(M, np.diag(np.diag(M)))),
        (("diagonal", "positive"), lambda M: (np.diag(M) > 0).all()),
        (("orthogonal",), lambda M: np.allclose(M @ M.T, np.eye(len(M)))),
        (("invertible",), lambda M: np.linalg.cond(M) < 100),
        (("positive",), lambda M: (M > 0).all()),
        (("simplex",), lambda M: (M > 0).all() and np.allclose(M.sum(axis=1), 1)),
        (("onehot",), lambda M: ((M == 1).sum(axis=1) == 1).all() and (M.sum(axis=1) == 1).all()),
    ],
)
def test_declared_properties(properties: tuple[str, ...], holds: object) -> None:
    S = symbol("S", ("n", "n"), properties)
    for values in draws(multiply(S, S), S):
        assert holds(values["S"])  # type: ignore[operator]


def test_vectors_and_rows_have_properties_as_well() -> None:
    p = symbol("p", ("n",), ("simplex",))
    q = symbol("q", (1, "n"), ("onehot",))
    for values in draws(multiply(p, q), p, q):
        assert values["p"].sum() == pytest.approx(1)
        assert values["q"].shape == (1, 3)
        assert values["q"].sum() == 1


def test_sizes_are_distinct() -> None:
    B = symbol("B", ("n", 4))
    sizes = sizes_for([A, B, symbol("k", ("p",))])
    assert len({*sizes.values(), 4}) == 4


def test_the_seed_decides() -> None:
    first, again, other = (draws(log(x), x, seed=seed)[0]["x"] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_where_there_is_nothing_to_draw() -> None:
    with pytest.raises(DomainError, match="no inputs were found"):
        draws(log(subtract(number(-1), dot(x, x))), x)
