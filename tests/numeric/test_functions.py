"""A user's functions as arguments of evaluators: what they may give, and what becomes of their exceptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import matcalc as mc
from matcalc.errors import DomainError, ShapeError

GRADIENT = mc.derive("sum(f(W @ x))", "x", shapes="W: m n, x: n")
VALUES = {"W": np.arange(6.0).reshape(3, 2), "x": np.array([0.5, -1.0])}
TARGETS = ("numpy", "jax", "torch")


def run(target: str, df: Callable[[Any], Any], of: Any = GRADIENT, values: Any = VALUES) -> np.ndarray:
    """The gradient on a library's arrays."""
    if target == "torch":
        torch = pytest.importorskip("torch", reason="torch is an extra")
        values = {name: torch.tensor(array) for name, array in values.items()}
    return np.asarray(getattr(of, target)()(**values, df=df))


def raising(error: Exception) -> Callable[[Any], Any]:
    def function(at: Any) -> Any:
        raise error

    return function


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "error",
    [
        ValueError("mine"),
        TypeError("mine"),
        ZeroDivisionError("mine"),
        NotImplementedError("mine"),
        MemoryError("mine"),
        np.linalg.LinAlgError("mine"),
        KeyError("mine"),
        ShapeError("mine"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_function_raises_is_passed_on(target: str, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        run(target, raising(error))
    assert caught.value is error


def test_other_errors_are_told_as_ever() -> None:
    with pytest.raises(DomainError, match="the formula has no value"):
        mc.parse("f(x) * log(0 * n)", shapes="x: n").numpy()(x=np.ones(2), f=np.sin)
    with pytest.raises(DomainError, match=r"[Ss]ingular"):
        mc.parse("inv(X) * f(a)", shapes="X: n n, a: ()").numpy()(X=np.zeros((2, 2)), a=1.0, f=np.sin)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("df", "expected"),
    [
        (lambda z: 1.0, 1),
        (lambda z: 2, 2),
        (lambda z: True, 1),
        (lambda z: z.sum(), -6),
        (lambda z: np.float64(3), 3),
        (lambda z: [1.0, 1.0, 1.0], 1),
        (lambda z: np.ones(3), 1),
        (lambda z: z > -100, 1),
        (lambda z: 0 * z + 4, 4),
    ],
)
def test_numbers_and_arrays_of_the_arguments_shape_will_do(target: str, df: Any, expected: float) -> None:
    found = run(target, df)
    assert found.shape == (2,)
    assert np.allclose(found, VALUES["W"].sum(axis=0) * expected)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("df", "shape"),
    [
        (lambda z: np.ones(2), r"\(2,\)"),
        (lambda z: [1.0], r"\(1,\)"),
        (lambda z: z[:, None], r"\(3, 1\)"),
        (lambda z: z[:, None] * z, r"\(3, 3\)"),
    ],
)
def test_other_shapes_are_refused(target: str, df: Any, shape: str) -> None:
    with pytest.raises(ShapeError, match=rf"'df' gives shape {shape} for an argument of shape \(3,\)"):
        run(target, df)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("result", [None, "text", np.array([object()] * 3), [[1], [1, 2]]])
def test_what_is_no_array_of_numbers_is_refused(target: str, result: Any) -> None:
    with pytest.raises(DomainError, match="'df' gives no array of numbers"):
        run(target, lambda z: result)


@pytest.mark.parametrize("target", TARGETS)
def test_scalars_have_no_axes(target: str) -> None:
    slope = mc.derive("exp(f(a))", "a", shapes="a: ()")
    evaluator = getattr(slope, target)()
    assert np.asarray(evaluator(a=0.0, f=lambda z: 1.0, df=lambda z: 2)) == pytest.approx(2 * np.e)
    with pytest.raises(ShapeError, match=r"'df' gives shape \(2,\) for an argument of shape \(\)"):
        evaluator(a=0.0, f=lambda z: 1.0, df=lambda z: [1.0, 2.0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_leave_the_dtype_alone(dtype: Any) -> None:
    single = {name: array.astype(dtype) for name, array in VALUES.items()}
    assert GRADIENT.numpy()(**single, df=lambda z: 0.1).dtype == dtype
    assert mc.parse("f(2) * x").numpy()(x=single["x"], f=lambda z: 0.1).dtype == dtype


def test_shapes_are_looked_at_while_jax_traces() -> None:
    evaluator = GRADIENT.jax()

    def at(x: Any, df: Any) -> Any:
        return evaluator(W=VALUES["W"], x=x, df=df)

    with pytest.raises(ShapeError, match="'df' gives shape"):
        jax.jit(lambda x: at(x, lambda z: z[:2]))(VALUES["x"])
    batch = jnp.stack([VALUES["x"], 2 * VALUES["x"]])
    assert jax.vmap(lambda x: at(x, lambda z: 1.0))(batch).shape == (2, 2)
    with pytest.raises(ShapeError, match="'df' gives shape"):
        jax.vmap(lambda x: at(x, lambda z: jnp.ones(4)))(batch)
    slope = jax.jacobian(lambda c: at(jnp.asarray(VALUES["x"]), lambda z: c))(2.0)
    assert np.allclose(slope, VALUES["W"].sum(axis=0))


def test_torch_differentiates_a_scalar_that_a_function_gives() -> None:
    torch = pytest.importorskip("torch", reason="torch is an extra")
    c = torch.tensor(2.0, requires_grad=True)
    tensors = {name: torch.tensor(array) for name, array in VALUES.items()}
    GRADIENT.torch()(**tensors, df=lambda z: c).sum().backward()
    assert c.grad == VALUES["W"].sum()


def test_operators_look_at_functions_too() -> None:
    hessian = mc.derive("sum(f(W @ x))", "x", order=2, shapes="W: m n, x: n")
    assert hessian.operator(**VALUES, d2f=lambda z: 1.0).todense().shape == (2, 2)
    with pytest.raises(ShapeError, match="'d2f' gives shape"):
        hessian.operator(**VALUES, d2f=lambda z: z[:2]).matvec(np.ones(2))
    error = ValueError("mine")
    with pytest.raises(ValueError, match="mine") as caught:
        hessian.operator(**VALUES, d2f=raising(error)).todense()
    assert caught.value is error
