"""What is computed is what a numerical analyst would write: stable forms, solves, symmetric products."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.codegen.stable import LAWS
from tests.codegen.test_standalone import at_random
from tests.reference import evaluate


def statements(expression: str, shapes: str | None = None) -> str:
    source = mc.parse(expression, shapes=shapes).code()
    return source.rpartition('"""\n')[2]


@pytest.mark.parametrize(
    ("expression", "shapes", "used", "avoided"),
    [
        ("inv(X) @ y", None, ["np.linalg.solve(X, y)"], ["inv"]),
        ("inv(X).T @ y", None, ["np.linalg.solve(X.T, y)"], ["inv"]),
        ("B @ inv(X)", None, ["np.linalg.solve(X.T, B.T).T"], ["inv"]),
        ("x.T @ inv(X) @ y", None, ["solve"], ["inv"]),
        ("inv(X) @ A @ y", None, ["np.linalg.solve(X, A @ y)"], ["inv"]),
        ("inv(X) + A @ inv(X)", None, ["np.linalg.inv(X)"], ["solve"]),
        ("y.T @ inv(S) @ y", "S: n n spd, y: n", ["cho_factor(S)", "cho_solve("], ["inv"]),
        ("logdet(X)", None, ["slogdet"], ["np.linalg.det("]),
        ("log(sum(exp(x)))", None, ["logsumexp(x)"], ["np.log(", "np.exp("]),
        ("log(1 + exp(x))", None, ["np.logaddexp(x, 0)"], ["np.log(", "np.exp("]),
        ("log(sigmoid(x))", None, ["-np.logaddexp(-x, 0)"], ["np.log("]),
        ("log(1 - sigmoid(x))", None, ["-np.logaddexp(x, 0)"], ["np.log("]),
        ("exp(x) / sum(exp(x))", None, ["softmax(x)"], ["np.exp("]),
        ("log(1 + x**2)", None, ["np.log1p(x**2)"], ["np.log("]),
        ("exp(x) - 1", None, ["np.expm1(x)"], ["np.exp("]),
        ("X.T @ diag(exp(z)) @ X", "X: m n, z: m", ["np.sqrt(np.exp(z))", ".T @"], ["diag"]),
        ("X.T @ diag(z) @ X", "X: m n, z: m", ["z[:, None] * X", " @ "], ["diag", "sqrt"]),
        ("A + a * eye(n)", "A: n n, a: ()", ["add_to_diagonal"], ["eye"]),
        ("diag(x) - x @ x.T", None, ["add_to_diagonal"], ["np.diag("]),
        ("diag(x) @ A @ diag(y)", "x: m, A: m n, y: n", ["x[:, None] * A", "y * "], ["diag", "@"]),
        ("(diag(x) - x @ y.T) @ A", "x: n, y: n, A: n m", ["np.outer(x, A.T @ y)"], ["diag"]),
        ("inv(diag(x) + a * eye(n)) @ y", "x: n, y: n, a: ()", ["y / (x + a)"], ["solve", "diag"]),
        (
            "A @ inv(diag(x) - eye(n)) @ B",
            "A: m n, x: n, B: n m",
            ["(1 / (x - 1))[:, None] * B"],
            ["inv", "diag"],
        ),
        ("A @ B @ x", None, ["A @ (B @ x)"], []),
        ("tr(A @ B)", "A: m n, B: n m", ["(A.T * B).sum()"], ["@"]),
    ],
)
def test_how_it_is_computed(expression: str, shapes: str | None, used: list[str], avoided: list[str]) -> None:
    found = statements(expression, shapes)
    assert all(text in found for text in used), found
    assert not any(text in found for text in avoided), found


@pytest.mark.parametrize(
    "expression",
    [
        "inv(X) @ y",
        "B @ inv(X) @ A",
        "y.T @ inv(X).T @ (A @ y)",
        "X.T @ diag(exp(y)) @ X + 2 * eye(n)",
        "diag(softmax(y)) - softmax(y) @ softmax(y).T",
        "(diag(y) - y @ y.T) @ A",
        "X @ diag(y**2) @ X.T - diag(y)",
        "log(1 + exp(y)) + exp(y) - 1",
    ],
)
def test_values_are_those_of_the_expression(expression: str) -> None:
    import jax

    of = mc.parse(expression, shapes="X: n n, A: n n, B: m n, y: n, ...")
    values = {**at_random(dict(of.shapes))}
    with jax.enable_x64(True):
        for evaluate in (of.numpy(), of.jax()):
            found = np.asarray(evaluate(**values))
            assert np.allclose(found, direct(expression, values), rtol=1e-9, atol=1e-9)


def direct(expression: str, values: dict[str, Any]) -> np.ndarray:
    """The expression as NumPy reads it, term by term."""
    scope = {name: getattr(np, name) for name in ("exp", "log", "diag", "eye")} | {"inv": np.linalg.inv}
    column = {name: array[:, None] if array.ndim == 1 else array for name, array in values.items()}
    scope |= {**column, "n": len(values["y"])}
    scope["diag"] = lambda x: np.diag(np.ravel(x))
    scope["softmax"] = lambda x: np.exp(x) / np.exp(x).sum()
    found = np.asarray(eval(expression, {}, scope))
    return (
        found[:, 0] if found.ndim == 2 and found.shape[1] == 1 and found.shape[0] > 1 else np.squeeze(found)
    )


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.text)
def test_laws_hold(law: Any) -> None:
    """Both sides of each law agree at random points, computed as they stand."""
    from matcalc.codegen import compiled, generate

    rng = np.random.default_rng(0)
    sides = [mc.parse(side, shapes=law.shapes) for side in law.sides]
    values = {
        name: rng.uniform(0.2, 1.5, [3 + ord(str(dim)) % 5 for dim in shape])
        for name, shape in sides[0].shapes.items()
    }
    found = []
    for side in sides:
        source = generate((side.node, side.shape), side._symbols, stable=False)
        found.append(compiled(source)(**{text: values[s.name] for s, text in source.arguments.items()}))
    assert np.allclose(*found, rtol=1e-12)


def test_outputs_are_never_inputs() -> None:
    """A diagonal is added to a copy."""
    A = np.ones((3, 3))
    found = mc.parse("A + a * eye(n)", shapes="A: n n, a: ()").numpy()(A=A, a=2.0)
    assert (A == 1).all()
    assert np.array_equal(found, np.ones((3, 3)) + 2 * np.eye(3))
    b = np.array(3.0)
    mc.derive("a * b", "a", shapes="a: (), b: ()").numpy()(b=b)[...] = 0
    assert b == 3


@pytest.mark.parametrize(
    "text",
    [
        "mse(eye(m), softmax(W, axis=0))",
        "sum(softmax(W, axis=0) * (softmax(W, axis=0) - eye(m)))",
        "sum((W @ W + eye(m)) * (W @ W).T)",
        "sum(((W * W).T + diag(sum(W, axis=1))) * (W * W))",
        "sum((inv(W) - eye(m)) * inv(W).T)",
    ],
)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", ["W", "W_2", "A"])  # names decide the order of factors
def test_what_is_changed_in_place_serves_nothing_else(text: str, order: int, name: str) -> None:
    """A diagonal is added to an array in place: not to one, nor to a view of one, that is used again."""
    derivative = mc.derive(text.replace("W", name), name, shapes=f"{name}: m m", order=order)
    W = np.random.default_rng(5).normal(size=(3, 3))
    expected = evaluate(derivative.simplified, {name: W}, {"m": 3})
    assert np.allclose(derivative.numpy()(**{name: W}), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "dim", ["n", "m", "k", "p", "q"]
)  # names decide the order of terms, and so their signs
def test_a_sum_of_one_thing_is_that_thing(dim: str) -> None:
    """Where a sign is turned twice, an array goes by two names; neither is changed while the other is used."""
    derivative = mc.derive("(x - mean(x)) / norm(2 * x - mean(x))", "x", shapes=f"x: {dim}")
    x = np.array([1.0, 2.0, 4.0])
    expected = evaluate(derivative.simplified, {"x": x}, {dim: 3})
    assert np.allclose(derivative.numpy()(x=x), expected, rtol=1e-12)
    assert not np.shares_memory(mc.parse("x", shapes=f"x: {dim}").numpy()(x=x), x)


@pytest.mark.parametrize("dtype", [int, np.float32, float, complex])
@pytest.mark.parametrize("other", [np.float32, float, complex])
@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("x.T @ A @ x + c * x.T @ x", 2),
        ("x.T @ A @ x + 0.1 * x.T @ x", 2),
        ("A @ x + c * x**2", 1),
        ("A**3 + c * A @ B", 1),
    ],
)
def test_diagonals_have_the_common_dtype(text: str, order: int, dtype: Any, other: Any) -> None:
    shapes = "A: n n, x: n, B: n n, c: ()"
    derivative = mc.derive(text, "x" if "x" in text else "A", shapes=shapes, order=order)
    every = {"A": np.eye(3) * 2, "B": np.eye(3), "x": np.array([1, 2, 3]), "c": np.array(2)}
    scope: dict[str, Any] = {}
    exec(derivative.code(), scope)
    pasted = next(run for name, run in scope.items() if name in ("hessian", "jacobian"))
    names = pasted.__code__.co_varnames[: pasted.__code__.co_argcount]
    values = {name: every[name].astype(dtype if name == "A" else other) for name in names}
    common = np.result_type(*values.values(), *([0.1] if "0.1" in text else []))
    assert pasted(**values).dtype == common
    evaluate = derivative.numpy()
    assert dtype is int or evaluate(**values).dtype == common
    expected = evaluate(**{name: array.astype(complex) for name, array in values.items()})
    assert np.allclose(pasted(**values), expected)
    assert np.allclose(evaluate(**values), expected)
