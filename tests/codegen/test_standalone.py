"""The source runs without matcalc, reads as a person would write it, and says what does not fit."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.codegen.helpers import Helpers
from matcalc.codegen.names import Names
from matcalc.codegen.tracing import NotTraceable, traced
from matcalc.rules.entries import ENTRIES, Composite, Elementwise

BLOCKED = "import sys\nsys.modules['matcalc'] = None\n"
NETWORK = "u: p, W2: p m, W: m n, x: n, b: m, c: p"
EVERY = [
    ("u.T @ tanh(W2 @ tanh(W @ x + b) + c)", ["W", "W2", "b"], NETWORK),
    ("sum(gelu(W @ x)) + logsumexp(x)", "x", "W: m n, x: n"),
    ("softmax_cross_entropy(Y, X @ W)", "W", "Y: m k, X: m n, W: n k"),
    ("sum(softplus(x)) + max(y) + sum(huber(x - y))", ["x", "y"], "x: n, y: n"),
    ("logdet(X) - tr(inv(X) @ A)", "X", "X: n n invertible, A: n n"),
    ("det(X) * logdet(X)", "X", "X: n n"),
    ("norm(X - U @ V.T)**2/2", "U", "X: m n, U: m k, V: n k"),
]


def at_random(shapes: dict[str, Any], dtype: Any = float) -> dict[str, Any]:
    """Arrays of the declared shapes, sizes distinct."""
    rng = np.random.default_rng(0)
    sizes: dict[str, int] = {}
    values = {}
    for name, shape in shapes.items():
        counts = [dim if isinstance(dim, int) else sizes.setdefault(dim, 3 + len(sizes)) for dim in shape]
        values[name] = rng.standard_normal(counts).astype(dtype)
    return values


def names_in(source: str) -> list[str]:
    """The parameters of the last function."""
    signature = source.rpartition("\ndef ")[2].partition("(")[2].partition(")")[0]
    return [name.strip() for name in signature.split(",")]


@pytest.mark.parametrize("target", ["numpy", "jax"])
@pytest.mark.parametrize(("expression", "wrt", "shapes"), EVERY)
def test_runs_without_matcalc(expression: str, wrt: Any, shapes: str, target: str) -> None:
    derivative = mc.derive(expression, wrt, shapes=shapes)
    of = mc.parse(expression, shapes=shapes)
    source = derivative.code(target)
    values = at_random(of.shapes)
    assert "matcalc" not in source
    literal = {name: values[name].tolist() for name in names_in(source)}
    function = source.rpartition("\ndef ")[2].partition("(")[0]
    array = "jnp.array" if target == "jax" else "numpy.array"
    program = (
        f"{BLOCKED}{source}\nimport numpy\nvalues = {literal!r}\n"
        "import jax; jax.config.update('jax_enable_x64', True)\n"
        f"found = {function}(**{{name: {array}(value) for name, value in values.items()}})\n"
        "found = found if isinstance(found, dict) else {'': found}\n"
        "import json; print(json.dumps({name: numpy.asarray(value).tolist() for name, value in found.items()}))\n"
    )
    run = subprocess.run([sys.executable, "-"], input=program, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    expected = derivative.numpy()(**values)
    for name, value in expected.items() if isinstance(expected, dict) else [("", expected)]:
        assert np.allclose(found[name], value, rtol=1e-10, atol=1e-12)


def test_every_function_can_be_written() -> None:
    """No function of the table needs matcalc at run time, on any library."""
    for entry in dict.fromkeys(ENTRIES.values()):
        if isinstance(entry, Composite):
            continue
        arity = (
            len(entry.parameters)
            if isinstance(entry, Elementwise)
            else entry.signature.partition("->")[0].count("(")
        )
        for library, alias in (("numpy", "np"), ("jax.numpy", "jnp"), ("torch", "torch")):
            helpers = Helpers(library, alias, Names())
            helpers.call(entry, [(f"a{k}", 4) for k in range(arity)])
            assert not helpers.opaque, f"{entry.name} on {library}"


def test_what_cannot_be_recorded_is_refused() -> None:
    def value(xp: Any, x: Any) -> Any:
        return x if x > 0 else -x

    entry = Elementwise("branching", ("0",), value, "Decides by an entry.")
    with pytest.raises(NotTraceable):
        traced(entry, 1, "numpy")


def body(expression: str, wrt: Any, shapes: str | None = None, order: int = 1) -> list[str]:
    """The statements behind the checks."""
    source = mc.derive(expression, wrt, shapes=shapes, order=order).code()
    lines = source.rpartition('"""\n')[2].splitlines()
    skipped = ("    if ", "        raise")
    return [line.strip() for line in lines if not line.startswith(skipped) and ".shape" not in line]


@pytest.mark.parametrize(
    ("expression", "wrt", "expected"),
    [
        (
            "u.T @ tanh(W @ x + b)",
            "W",
            ["delta = u * (1 - np.tanh(W @ x + b)**2)", "return np.outer(delta, x)"],
        ),
        ("norm(X @ w - y)**2/2", "w", ["return X.T @ (X @ w - y)"]),
        ("norm(y - X @ w)**2/2", "w", ["return X.T @ (X @ w - y)"]),
        ("tanh(W @ x + b)", "x", ["return (1 - np.tanh(W @ x + b)**2)[:, None] * W"]),
        (
            "(u * f(z)).T @ z where z = W @ x",
            "u",
            ["z = W @ x", "return f(z) * z"],
        ),
        (
            "softmax_cross_entropy(Y, X @ W)",
            "W",
            ["return X.T @ (Y.sum(axis=1)[:, None] * softmax(X @ W) - Y)"],
        ),
    ],
)
def test_reads_as_a_person_writes(expression: str, wrt: str, expected: list[str]) -> None:
    shapes = "Y: m k, X: m n, W: n k" if "Y" in expression else None
    assert body(expression, wrt, shapes) == expected


def test_layers_are_numbered() -> None:
    assert body("u.T @ tanh(W2 @ tanh(W @ x + b) + c)", ["W", "W2", "b"], NETWORK) == [
        "h1 = np.tanh(W @ x + b)",
        "h2 = np.tanh(W2 @ h1 + c)",
        "delta2 = u * (1 - h2**2)",
        "delta1 = (W2.T @ delta2) * (1 - h1**2)",
        'return {"W": np.outer(delta1, x), "W2": np.outer(delta2, h1), "b": delta1}',
    ]


def test_shapes_that_do_not_fit_are_named() -> None:
    scope: dict[str, Any] = {}
    exec(mc.derive("a * norm(W @ x)**2", "x", shapes="a: (), W: m n, x: n").code(), scope)
    with pytest.raises(ValueError, match=r"x has shape \(3,\), expected \(n,\) = \(4,\), since W"):
        scope["gradient"](2.0, np.ones((2, 4)), np.ones(3))
    with pytest.raises(ValueError, match=r"a has shape \(2,\), expected a scalar"):
        scope["gradient"](np.ones(2), np.ones((2, 4)), np.ones(4))
    assert scope["gradient"](2.0, np.ones((2, 4)), np.ones(4)).shape == (4,)


@pytest.mark.parametrize(
    "expression", ["logdet(X)", "2 * logdet(X) + det(X)", "norm(adj(X))", "sum(pinv(X))"]
)
def test_values_of_matrix_functions(expression: str) -> None:
    scope: dict[str, Any] = {}
    exec(mc.parse(expression).code(), scope)
    X = np.random.default_rng(1).standard_normal((4, 4))
    log, det = np.linalg.slogdet(X)[1], np.linalg.det(X)
    expected = {
        "logdet(X)": log,
        "2 * logdet(X) + det(X)": 2 * log + det,
        "norm(adj(X))": np.linalg.norm(det * np.linalg.inv(X)),
        "sum(pinv(X))": np.linalg.inv(X).sum(),
    }[expression]
    assert np.isclose(scope["value"](X), expected, rtol=1e-10)
