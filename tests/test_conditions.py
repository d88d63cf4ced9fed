"""Conditions: told where they are needed and not where they follow; the table of kinks is what both programs do."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.remarks import Remark
from matcalc.rules import all_functions

ROOT = Path(__file__).parents[1]
POSITIVE = "holds where {} > 0 in every entry"

TOLD: list[tuple[str, str, str, list[str]]] = [
    ("sum(log(x))", "x", "x: n", [POSITIVE.format("x")]),
    ("sum(log(W @ x + b))", "W", "W: m n, x: n, b: m", [POSITIVE.format("W @ x + b")]),
    ("log(alpha)", "alpha", "alpha:", ["holds where alpha > 0"]),
    ("log(det(X))", "X", "X: n n invertible", ["holds where det(X) > 0"]),
    ("sum(sqrt(x))", "x", "x: n", [POSITIVE.format("x")]),
    ("sum(x**1.5)", "x", "x: n", [POSITIVE.format("x")]),
    ("sum(x**-0.5)", "x", "x: n", [POSITIVE.format("x")]),
    ("sum(x**alpha)", "x", "x: n, alpha:", [POSITIVE.format("x")]),
    ("sum(x**alpha)", "alpha", "x: n, alpha:", [POSITIVE.format("x")]),
    ("sum(log1p(x))", "x", "x: n", ["holds where x > -1 in every entry"]),
    ("sum(arcsin(x))", "x", "x: n", ["holds where abs(x) < 1 in every entry"]),
    ("a / sum(x)", "x", "x: n, a:", ["holds where sum(x) != 0"]),
    ("sum(x / y)", "y", "x: n, y: n", ["holds where y != 0 in every entry"]),
    ("x / norm(x)", "x", "x: n", ["holds where norm(x) != 0"]),
    ("norm(A @ x - b)", "x", "A: m n, x: n, b: m", ["norm(A @ x - b) is not differentiable where it is 0"]),
    ("inv(A + X)", "X", "A: n n, X: n n", ["holds where A + X is invertible"]),
    (
        "huber(r, delta)",
        "r",
        "r: n, delta:",
        [
            "holds where delta > 0",
            "huber is not smooth at abs(r) = delta, where the second derivative jumps and is taken as 0",
        ],
    ),
    ("sum(relu(x))", "x", "x: n", ["relu is not smooth at x = 0, where the derivative is taken as 0"]),
    (
        "sum(prelu(x, a))",
        "x",
        "x: n, a:",
        ["prelu is not smooth at x = 0, where the derivative is taken as a"],
    ),
    (
        "sum(hard_tanh(A @ x))",
        "x",
        "A: m n, x: n",
        ["hard_tanh is not smooth at A @ x = -1 and A @ x = 1, where the derivative is taken as 0"],
    ),
    (
        "sum(maximum(x, y))",
        "x",
        "x: n, y: n",
        ["maximum is not smooth at x = y, where both derivatives are taken as 0"],
    ),
    ("sum(tan(x))", "x", "x: n", ["holds where cos(x) != 0 in every entry"]),
    ("sum(log(1 - softmax(x)))", "x", "x: n", [POSITIVE.format("1 - softmax(x)")]),
    ("sum(log(1 - sin(x)))", "x", "x: n", [POSITIVE.format("1 - sin(x)")]),
    ("1 / (tanh(x) - sigmoid(y))", "x", "x:, y:", ["holds where tanh(x) - sigmoid(y) != 0"]),
    ("1 / (sin(x) * cosh(x))", "x", "x:", ["holds where sin(x) != 0"]),
    ("sum(x) / 0", "x", "x: n", ["sum(x) / 0 divides by zero, whatever the values are"]),
    ("(-2)**alpha", "alpha", "alpha:", ["holds nowhere, since -2 is not positive"]),
    ("x / zeros(n)", "x", "x: n", ["x / zeros(n) divides by zero, whatever the values are"]),
    ("sum(p)", "p", "p: n simplex", ["the derivative by p does not use its summing to 1"]),
]

# What holds by itself, is declared, or concerns nothing that depends on the variable.
UNTOLD = [
    ("sum(x**2)", "x", "x: n"),
    ("norm(x)**2", "x", "x: n"),
    ("norm(x)**3", "x", "x: n"),
    ("log(sum(exp(x)))", "x", "x: n"),
    ("sum(log(exp(x) + 1))", "x", "x: n"),
    ("sum(log1p(x**2))", "x", "x: n"),
    ("sum(log(sigmoid(x)))", "x", "x: n"),
    ("sum(log(q)) * sum(x)", "x", "x: n, q: n"),
    ("sum(y / sqrt(x.T @ x + 1))", "x", "x: n, y: n"),
    ("sum(x) / n", "x", "x: n"),
    ("sum(exp(x) / 3)", "x", "x: n"),
    ("huber(r)**0 * sum(r)", "r", "r: n"),
    ("logdet(S)", "S", "S: n n spd"),
    ("sum(relu(exp(x)))", "x", "x: n"),
    ("norm1(softmax(x))", "x", "x: n"),
    ("sum(log(1 - sigmoid(x)))", "x", "x: n"),
    ("sum(log(1 - tanh(x)**2))", "x", "x: n"),
    ("sum(1 / (2 + cos(x)))", "x", "x: n"),
    ("sum(1 / (-1 - x**2))", "x", "x: n"),
    ("sum(log(3 - 2 * erf(x) * softsign(y)))", "x", "x: n, y: n"),
    ("sum(arcsin(tanh(x)))", "x", "x: n"),
    ("tan(tanh(x))", "x", "x:"),
    ("sum(relu(sigmoid(x) - 1))", "x", "x: n"),
    ("log(x.T @ diag(y**2) @ x + n)", "x", "x: n, y: n"),
    ("log((2 + cos(x))**1000)", "x", "x:"),
]


@pytest.mark.parametrize(("expression", "wrt", "shapes", "told"), TOLD, ids=[row[0] for row in TOLD])
def test_told(expression: str, wrt: str, shapes: str, told: list[str]) -> None:
    warnings = mc.derive(expression, wrt, shapes=shapes).warnings
    assert list(warnings) == told
    assert all(isinstance(one, Remark) and one.latex for one in warnings)


@pytest.mark.parametrize(("expression", "wrt", "shapes"), UNTOLD, ids=[row[0] for row in UNTOLD])
def test_untold(expression: str, wrt: str, shapes: str) -> None:
    assert mc.derive(expression, wrt, shapes=shapes).warnings == ()


def test_what_a_second_derivative_divides_by_is_told() -> None:
    assert mc.derive("norm(x)**3", "x", order=2).warnings == ("holds where norm(x) != 0",)
    assert mc.derive("norm(x)**5", "x", order=2).warnings == ()
    assert mc.derive("norm(x)**4", "x", order=3).warnings == ()


def test_what_is_declared_is_not_told() -> None:
    assert mc.derive("sum(abs(p))", "p", shapes="p: n positive").warnings == (
        "the derivative by p does not use its positivity",
    )
    told = mc.derive("sum(log(p) * a)", "p", shapes="p: n positive, a: n").warnings
    assert told == ("the derivative by p does not use its positivity",)


def test_latex() -> None:
    shown = [one.latex for one in mc.derive("log(sum(abs(x)**alpha) / beta)", "x").warnings]
    assert shown[0] == r"\text{abs is not smooth at }x = 0\text{, where the derivative is taken as 0}"
    assert shown[1:] == [
        r"\text{holds where }\lvert x \rvert > 0\text{ in every entry}",
        r"\text{holds where }\frac{\mathbf{1}^{\top} \lvert x \rvert^{\odot \alpha}}{\beta} > 0",
    ]


def test_words_are_escaped() -> None:
    assert Remark("50% of a_b & {c}").latex == r"\text{50\% of a\_b \& \{c\}}"


def test_a_remark_is_its_text() -> None:
    told = mc.derive("inv(X)", "X").warnings[0]
    again = pickle.loads(pickle.dumps(told))
    assert told == again == "holds where X is invertible"
    assert told.latex == again.latex == r"\text{holds where }X\text{ is invertible}"


def test_a_deep_network_is_told_in_short() -> None:
    x, W = mc.vector("x", "n"), mc.matrix("W", "n", "n")
    hidden = x
    for _ in range(300):
        hidden = mc.relu(W @ hidden)
    warnings = mc.derive(mc.sum(hidden), x).warnings
    assert len(warnings) < 40
    assert max(map(len, warnings)) < 1_000


# Kinks ---------------------------------------------------------------------------------------------------------------

TIE = (1.0, 1.0, 0.5)
Point = dict[str, Any]


def kinks() -> dict[str, tuple[str, str, Point, str, Callable[..., Any]]]:
    """An expression at its kink for every function that has one, and what a user of JAX would write."""
    import jax
    import jax.numpy as jnp

    nn = jax.nn
    at_zero: Point = {"x": 0.0}
    return {
        "abs": ("abs(x)", "x", at_zero, "x = 0", jnp.abs),
        "sign": ("sign(x)", "x", at_zero, "x = 0", jnp.sign),
        "heaviside": ("heaviside(x)", "x", at_zero, "x = 0", lambda x: jnp.heaviside(x, 0.0)),
        "sqrt": ("sqrt(x)", "x", at_zero, "x = 0", jnp.sqrt),
        "relu": ("relu(x)", "x", at_zero, "x = 0", nn.relu),
        "leaky_relu": ("leaky_relu(x)", "x", at_zero, "x = 0", nn.leaky_relu),
        "prelu": ("prelu(x, 0.25)", "x", at_zero, "x = 0, a = 0.25", lambda x: nn.leaky_relu(x, 0.25)),
        "elu": ("elu(x)", "x", at_zero, "x = 0", nn.elu),
        "selu": ("selu(x)", "x", at_zero, "x = 0", nn.selu),
        "softsign": ("softsign(x)", "x", at_zero, "x = 0", nn.soft_sign),
        "hard_tanh": ("hard_tanh(x)", "x", {"x": 1.0}, "x = 1", nn.hard_tanh),
        "hard_sigmoid": ("hard_sigmoid(x)", "x", {"x": 3.0}, "x = 3", nn.hard_sigmoid),
        "maximum": ("maximum(x, 1)", "x", {"x": 1.0}, "x = y", lambda x: jnp.maximum(x, 1.0)),
        "minimum": ("minimum(x, 1)", "x", {"x": 1.0}, "x = y", lambda x: jnp.minimum(x, 1.0)),
        "hinge": ("hinge(1, s)", "s", {"s": 1.0}, "y s = 1", lambda s: jnp.maximum(0.0, 1 - s)),
        "huber": ("huber(r, 1)", "r", {"r": 1.0}, "|r| = delta", _huber),
        "norm": ("norm(x)", "x", {"x": np.zeros(2)}, "x = 0", jnp.linalg.norm),
        "norm1": ("norm1(x)", "x", {"x": np.zeros(2)}, "an entry 0", lambda x: jnp.sum(jnp.abs(x))),
        "norm_inf": ("norm_inf(x)", "x", {"x": np.ones(2)}, "equal entries", lambda x: jnp.max(jnp.abs(x))),
        "max": ("max(x)", "x", {"x": np.array(TIE)}, "equal entries", jnp.max),
        "min": ("min(x)", "x", {"x": -np.array(TIE)}, "equal entries", jnp.min),
    }


def _huber(r: Any) -> Any:
    import jax.numpy as jnp

    return jnp.where(jnp.abs(r) <= 1, r**2 / 2, jnp.abs(r) - 0.5)


# The derivatives of max and min, constant but for jumps, are no functions of JAX; huber_entry is what huber sums.
WITHOUT_TWIN = {"argmax_indicator", "argmin_indicator", "huber_entry"}


def both(name: str) -> tuple[list[float], list[float]]:
    """Our derivative at the kink, and JAX's."""
    import jax

    expression, variable, point, _, function = kinks()[name]
    value = point[variable]
    shapes = f"{variable}: {'n' if np.ndim(value) else '()'}"
    with np.errstate(all="ignore"):
        ours = mc.derive(expression, variable, shapes=shapes).numpy()(**point)
    with jax.enable_x64(True):
        theirs = jax.grad(function)(value)
    return np.ravel(ours).tolist(), np.ravel(theirs).tolist()


def shown(values: list[float]) -> str:
    """All entries where they differ, else one."""
    rounded = ["nan" if math.isnan(value) else f"{value + 0.0:.5g}" for value in values]
    return ", ".join(rounded if len(set(rounded)) > 1 else rounded[:1])


def rows() -> Iterator[str]:
    for name, (_, _, _, place, _) in kinks().items():
        ours, theirs = map(shown, both(name))
        if ours != theirs:
            yield f"| `{name}` | {place} | {ours} | {theirs} |"


def test_every_kink_is_compared() -> None:
    named = {entry.name for entry in all_functions() if getattr(entry, "kinks", "")}
    assert named == kinks().keys() | WITHOUT_TWIN


def test_the_table_of_kinks_is_true() -> None:
    document = (ROOT / "docs" / "kinks.md").read_text(encoding="utf-8")
    table = [line for line in document.splitlines() if line.startswith("| `")]
    assert table == list(rows())


@pytest.mark.parametrize("name", ["relu", "abs", "norm1", "hinge", "maximum"])
def test_the_value_at_the_kink_is_what_is_told(name: str) -> None:
    assert set(both(name)[0]) == {0.0}
