"""Every law of the tables: its two sides agree, it fires where it holds, and not on what only resembles it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from matcalc.calculus.laws import ALL
from matcalc.calculus.laws.facts import HEADS
from matcalc.calculus.laws.index import Laws, features, laws_for
from matcalc.calculus.laws.law import Law, NodeRewrite, ProductRewrite
from matcalc.calculus.simplify import simplify
from matcalc.graph import (
    Apply,
    Contract,
    Map,
    Node,
    Sum,
    Symbol,
    contract,
    linear,
    symbol,
    symbols,
    tidy,
    topological,
)
from matcalc.language.lowering import read
from matcalc.rules.interpreter import evaluate
from matcalc.rules.samples import sample
from matcalc.shapes.dims import dim_value

SIZES = {"n": 3, "m": 4, "p": 5}
LAWS = pytest.mark.parametrize("law", ALL, ids=lambda law: law.text)
SCALARS = [law for law in ALL if not law.where]
PRODUCTS = [law for law in ALL if isinstance(law.rewrite, ProductRewrite) and law.rewrite.scalar]


def sides(law: Law) -> tuple[Node, Node]:
    left, right = tidy(*(read(side, law.shapes).value.node for side in law.sides))
    return left, right


def drawn(rng: np.random.Generator, symbol: Symbol) -> Any:
    """A generic value of a variable with its properties, and of a square matrix an invertible one."""
    shape = tuple(dim_value(dim, SIZES) for dim in symbol.axes)
    if "simplex" in symbol.properties:
        weights = rng.uniform(0.1, 1.0, shape)
        return weights / weights.sum(-1, keepdims=True)
    if "onehot" in symbol.properties:
        return np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])]
    if "orthogonal" in symbol.properties:
        return sample(rng, "orthogonal", shape)
    if "positive" in symbol.properties:
        return rng.uniform(0.1, 3.0, shape)
    if len(shape) == 2 and shape[0] == shape[1]:
        return sample(rng, "invertible", shape)
    return rng.uniform(-2.0, 2.0, shape)


def points(*nodes: Node, count: int = 20) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(5)
    for _ in range(count):
        yield {symbol.name: drawn(rng, symbol) for symbol in symbols(*nodes)}


def agree(left: Node, right: Node) -> None:
    """The two nodes have the same axes and the same values wherever the first is defined."""
    assert left.axes == right.axes
    compared = 0
    with np.errstate(all="ignore"):
        for values in points(left, right):
            a, b = (np.asarray(evaluate(node, values, SIZES)) for node in (left, right))
            defined = np.isfinite(a)
            compared += int(defined.sum())
            assert np.allclose(a[defined], b[defined], rtol=1e-9, atol=1e-9)
    assert compared >= 5


@LAWS
def test_the_sides_agree(law: Law) -> None:
    agree(*sides(law))


@LAWS
def test_it_fires_where_it_holds(law: Law) -> None:
    left, right = sides(law)
    if isinstance(law.rewrite, ProductRewrite) and len(left.axes) == 2:
        # As a part of a longer product, where an identity matrix on the right vanishes.
        last = symbol("Z", (left.axes[1], "q"))
        left, right = tidy(*(contract([(side, "ij"), (last, "jk")], "ik") for side in (left, right)))
    assert simplify(left) is simplify(right)


@LAWS
def test_it_has_a_source(law: Law) -> None:
    assert law.source


@pytest.mark.parametrize("law", SCALARS, ids=lambda law: law.text)
def test_scalar_laws_hold_entry_by_entry(law: Law) -> None:
    """The variables of a scalar law stand for vectors, matrices and whole formulas."""
    composite = "tanh(y) * x" if law in PRODUCTS else "tanh(x + y)"
    for shape, inner in (("n", "x"), ("m n", "x"), ("n", composite)):
        shapes = f"x: {shape}, y: {shape}"
        left, right = (re.sub(r"\bx\b", f"({inner})", side) for side in law.sides)
        # A right side without x is a number in every entry.
        a, b = tidy(*(read(text, shapes).value.node for text in (left, f"{right} + 0 * x")))
        assert simplify(a) is simplify(b)
        agree(a, b)


@pytest.mark.parametrize("law", PRODUCTS, ids=lambda law: law.text)
def test_products_are_found_among_other_factors(law: Law) -> None:
    left, right = (tidy(read(f"y * ({side})", "x: n, y: n").value.node)[0] for side in law.sides)
    assert simplify(left) is simplify(right)


def fires(law: Law, node: Node) -> bool:
    """Whether the law applies to some part of a node."""
    rewrite = law.rewrite
    kind = (
        Map | Apply
        if isinstance(rewrite, NodeRewrite)
        else Contract
        if isinstance(rewrite, ProductRewrite)
        else Sum
    )
    return any(isinstance(part, kind) and rewrite(part) is not None for part in topological([node]))


@pytest.mark.parametrize(
    ("law", "formula"),
    [(law, formula) for law in ALL for formula in law.unlike],
    ids=lambda value: value if isinstance(value, str) else value.sides[0],
)
def test_it_does_not_fire_on_what_resembles_it(law: Law, formula: str) -> None:
    [node] = tidy(read(formula, f"{law.where or 'x: (), y: ()'}, ...").value.node)
    assert not fires(law, node)


@pytest.mark.parametrize("law", [law for law in ALL if law.properties], ids=lambda law: law.text)
def test_it_needs_its_properties(law: Law) -> None:
    bare = " ".join(word for word in law.where.split() if word not in HEADS)
    [node] = tidy(read(law.sides[0], bare).value.node)
    assert not fires(law, node)


def test_inner_labels_are_touched_by_nothing_else() -> None:
    """inv(X) @ diag(a) @ X is not diag(a), and a sum over an open index stays a sum."""
    for text in (
        "inv(X) @ diag(a) @ X",
        "(inv(X) @ X) * a",
        "sum(inv(X) @ X, axis=0)",
        "a.T @ inv(X) @ X @ a",
    ):
        [node] = tidy(read(text, "X: n n, a: n").value.node)
        agree(node, simplify(node))


def test_laws_are_chosen_by_what_occurs() -> None:
    """A graph without the functions of a law never tries it."""
    [node] = tidy(read("tanh(W @ x + b)", "W: m n, x: n, b: m").value.node)
    laws = laws_for(features(topological([node])))
    assert not laws.products
    assert not laws.sums
    assert not Laws(frozenset())


def test_positive_is_known_of_sums_and_products() -> None:
    [node] = tidy(read("abs(exp(x) * y**2 / y + 2)", "x: n, y: n positive").value.node)
    assert simplify(node) is tidy(read("exp(x) * y + 2", "x: n, y: n positive").value.node)[0]
    [other] = tidy(read("abs(exp(x) - y)", "x: n, y: n positive").value.node)
    assert simplify(other) is other


def test_signs_of_differences_do_not_matter() -> None:
    """a - b and b - a are one node and its negative; patterns see through that."""
    for text in ("exp(a - logsumexp(a))", "exp(z - logsumexp(z))"):
        [node] = tidy(read(text, "a: n, z: n").value.node)
        made = simplify(node)
        assert isinstance(made, Apply)
        assert made.function.name == "softmax"
    x = read("x", "x: n").value.node
    assert linear([(1, x), (-1, x)], x.axes) is linear([], x.axes)
