"""Random graphs over a few variables: every kind of node, axes repeated, broadcast, fused, in any order."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from matcalc.graph import (
    Node,
    apply,
    contract,
    elementwise,
    fuse,
    linear,
    number,
    power,
    size,
    split,
    symbol,
)
from matcalc.rules import lookup

SIZES = {"m": 2, "n": 3, "p": 4}
SYMBOLS = (
    symbol("a"),
    symbol("c"),
    symbol("x", ("n",)),
    symbol("u", ("m",)),
    symbol("r", (1, "n")),
    symbol("k", ("p",)),
    symbol("A", ("m", "n")),
    symbol("B", ("n", "p")),
    symbol("X", ("n", "n")),
    symbol("S", ("n", "n"), ("symmetric",)),
    symbol("D", ("m", "n")),
)
MAPS = ("tanh", "sin", "sigmoid", "softplus", "arctan", "relu", "gelu", "abs", "expm1")
LARGEST_RANK = 4


def values(seed: int, dtype: Any = float) -> dict[str, Any]:
    """Arrays for all the variables."""
    rng = np.random.default_rng(seed)
    found = {}
    for variable in SYMBOLS:
        shape = tuple(SIZES.get(str(dim), dim) for dim in variable.shape)
        array = rng.uniform(0.2, 1.2, shape) * rng.choice([-1, 1], shape)
        if variable.properties:
            array = array + array.T
        found[variable.name] = array.astype(dtype)
    return found


@st.composite
def graphs(draw: st.DrawFn, steps: int = 8) -> Node:
    """A node of rank 4 at most."""
    pool: list[Node] = list(SYMBOLS)
    for _ in range(draw(st.integers(1, steps))):
        made = draw(st.sampled_from(_MAKERS))(draw, pool)
        if made is not None and len(made.axes) <= LARGEST_RANK and made.weight < 200:
            pool.append(made)
    return pool[-1]


def _pick(draw: st.DrawFn, pool: list[Node], largest: int = LARGEST_RANK) -> Node:
    fitting = [node for node in pool if len(node.axes) <= largest]
    # Later nodes more often, so that graphs grow deep.
    recent = fitting[-4:] if draw(st.booleans()) else fitting
    return draw(st.sampled_from(recent))


def _contraction(draw: st.DrawFn, pool: list[Node]) -> Node:
    """Factors with labels drawn among those of their sizes; outputs repeat, drop and add labels."""
    factors = []
    sizes: dict[str, Any] = {}
    for _ in range(draw(st.integers(1, 4))):
        node = _pick(draw, pool, 3)
        labels = []
        for dim in node.axes:
            known = [label for label, held in sizes.items() if held == dim]
            label = draw(st.sampled_from([*known, f"new{len(sizes)}"]))
            sizes[label] = dim
            labels.append(label)
        factors.append((node, tuple(labels)))
    if draw(st.integers(0, 5)) == 0:
        sizes["free"] = draw(st.sampled_from(list(SIZES)))
    out = draw(st.lists(st.sampled_from(list(sizes)), max_size=LARGEST_RANK)) if sizes else []
    return contract(factors, out, sizes)


def _sum(draw: st.DrawFn, pool: list[Node]) -> Node:
    first = _pick(draw, pool)
    alike = [node for node in pool if node.axes == first.axes]
    coefficients = st.sampled_from([1, -1, 2, -3, Fraction(1, 2), Fraction(-2, 3), 0.25])
    terms = [(draw(coefficients), draw(st.sampled_from(alike))) for _ in range(draw(st.integers(0, 3)))]
    terms.append((draw(coefficients), first))
    if not first.axes and draw(st.booleans()):
        terms.append((draw(coefficients), draw(st.sampled_from([number(1), size("n"), size("m")]))))
    return linear(terms, first.axes)


def _map(draw: st.DrawFn, pool: list[Node]) -> Node:
    return elementwise(lookup(draw(st.sampled_from(MAPS))), _pick(draw, pool))


def _two(draw: st.DrawFn, pool: list[Node]) -> Node:
    first = _pick(draw, pool)
    alike = [node for node in pool if node.axes in (first.axes, ())]
    return elementwise(
        lookup(draw(st.sampled_from(["maximum", "minimum"]))), first, draw(st.sampled_from(alike))
    )


def _power(draw: st.DrawFn, pool: list[Node]) -> Node:
    positive = elementwise(lookup("exp"), elementwise(lookup("tanh"), _pick(draw, pool)))
    exponent = draw(
        st.sampled_from([2, 3, -1, -2, Fraction(1, 2), Fraction(-1, 2), Fraction(1, 3), 0.7, None])
    )
    if exponent is None:
        scalars = [node for node in pool if not node.axes]
        return power(positive, elementwise(lookup("tanh"), draw(st.sampled_from(scalars))))
    return power(positive, exponent)


def _function(draw: st.DrawFn, pool: list[Node]) -> Node | None:
    node = _pick(draw, pool)
    if not node.axes:
        return None
    name = draw(st.sampled_from(["softmax", "logsumexp", "max"]))
    return apply(lookup(name), [elementwise(lookup("tanh"), node)])


def _fused(draw: st.DrawFn, pool: list[Node]) -> Node | None:
    node = _pick(draw, pool)
    if len(node.axes) < 2:
        return None
    groups = draw(st.sampled_from([[2] + [1] * (len(node.axes) - 2), [len(node.axes)]]))
    fused = fuse(node, groups)
    if draw(st.booleans()):
        fused = elementwise(lookup("sin"), fused)
        return split(fused, [node.axes[: groups[0]], *((dim,) for dim in node.axes[groups[0] :])])
    return fused


_MAKERS = (*[_contraction] * 6, _sum, _sum, _map, _two, _power, _function, _fused)
