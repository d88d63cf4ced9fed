"""A value and its gradients in one pass, on every library."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc

LOSS = "softmax_cross_entropy(y, tanh(W @ x + b))"
SHAPES = "y: m, W: m n, x: n, b: m"


def point(dtype: Any = float) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    shapes = {"W": (3, 4), "x": (4,), "b": (3,)}
    drawn = {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}
    return {"y": np.array([0.2, 0.5, 0.3], dtype), **drawn}


def test_value_and_gradients_agree_with_jax() -> None:
    import jax

    pair = mc.value_and_grad(LOSS, ["W", "b"], shapes=SHAPES)
    alone = mc.parse(LOSS, shapes=SHAPES).jax()
    with jax.enable_x64(True):
        value, slopes = jax.value_and_grad(lambda moved: alone(**{**point(), **moved}))(
            {name: jax.numpy.asarray(point()[name]) for name in ("W", "b")}
        )
        for evaluate in (pair, pair.numpy(), pair.jax(), jax.jit(pair.jax())):
            found, gradients = evaluate(**point())
            assert np.isclose(found, value, rtol=1e-12)
            assert list(gradients) == ["W", "b"]
            for name in gradients:
                assert np.allclose(gradients[name], slopes[name], rtol=1e-10)


def test_a_single_variable_gives_a_single_gradient() -> None:
    value, gradient = mc.value_and_grad("norm(x)**2", "x")(x=[1, 2])
    assert (value, gradient.tolist()) == (5.0, [2.0, 4.0])
    value, gradient = mc.value_and_grad("norm(x)**2", "x")(x=np.array([[1.0], [2.0]]))
    assert (value.shape, gradient.shape) == ((), (2, 1))


def test_shared_parts_are_computed_once() -> None:
    source = mc.value_and_grad(LOSS, ["W", "b"], shapes=SHAPES).code()
    statements = source.rpartition('"""')[2]
    assert statements.count("np.tanh(") == statements.count("W @ x") == statements.count("outer") == 1


def test_dtype_follows() -> None:
    value, gradient = mc.value_and_grad(LOSS, "W", shapes=SHAPES)(**point(np.float32))
    assert value.dtype == gradient.dtype == np.float32


def test_only_scalars() -> None:
    with pytest.raises(mc.ShapeError, match="takes a scalar"):
        mc.value_and_grad("tanh(x)", "x")


def test_torch() -> None:
    torch = pytest.importorskip("torch", reason="torch is an extra")
    pair = mc.value_and_grad(LOSS, ["W", "b"], shapes=SHAPES).torch()
    tensors = {name: torch.tensor(array, requires_grad=name != "y") for name, array in point().items()}
    value, gradients = pair(**tensors)
    value.backward()
    for name, gradient in gradients.items():
        assert torch.allclose(tensors[name].grad, gradient, rtol=1e-10)
    single = {name: torch.tensor(array) for name, array in point(np.float32).items()}
    assert pair(**single)[1]["W"].dtype == torch.float32
    with pytest.raises(mc.ShapeError, match="'x' has shape"):
        pair(**{**single, "x": torch.ones(7)})
    batch = torch.stack([single["x"], 2 * single["x"]])
    mapped = torch.vmap(lambda x: pair(**{**single, "x": x})[1]["W"])(batch)
    assert torch.allclose(mapped[1], pair(**{**single, "x": batch[1]})[1]["W"], rtol=1e-5)


@pytest.mark.parametrize(
    ("expression", "wrt", "order"),
    [
        ("sum(gelu(W @ x)) + sum(huber(x)) + sum(relu(x))", "x", 1),
        ("logsumexp(x) + lambda_/2 * x.T @ x", "x", 2),
        ("sum(softplus(-(y * (X @ w))))", "w", 2),
        ("logdet(S) + y.T @ inv(S) @ y", "S", 1),
        ("norm(X - U @ V.T)**2/2", "U", 2),
        ("A @ X @ B", "X", 1),
        ("det(X) + max(X)", "X", 1),
        ("tanh(x)", "x", 2),
        ("tr(X)", "X", 1),
        ("sum(maximum(x, 2) + minimum(x, y))", "x", 1),
    ],
)
def test_torch_agrees_with_numpy(expression: str, wrt: str, order: int) -> None:
    torch = pytest.importorskip("torch", reason="torch is an extra")
    derivative = mc.derive(expression, wrt, order=order)
    rng = np.random.default_rng(0)
    sizes: dict[str, int] = {}
    values: dict[str, Any] = {}
    for name, shape in derivative.shapes.items():
        counts = [dim if isinstance(dim, int) else sizes.setdefault(dim, 3 + len(sizes)) for dim in shape]
        values[name] = rng.uniform(0.5, 1.5, counts)
    found = derivative.torch()(**{name: torch.as_tensor(array) for name, array in values.items()})
    assert np.allclose(found.numpy(), derivative.numpy()(**values), rtol=1e-10)


def test_a_variable_that_was_not_asked_for() -> None:
    """A mistake like any other, and a KeyError, so that a mapping's own methods work."""
    found = mc.derive("u.T @ W @ x", ["W", "x"])
    assert "u" not in found
    assert found.get("u") is None
    for name in ("u", ["W"]):
        with pytest.raises(mc.UnknownNameError, match="there is no derivative by") as caught:
            found[name]  # type: ignore[index]
        assert isinstance(caught.value, KeyError)
        assert str(caught.value).endswith("hint: by W, x")


def test_docstrings_of_a_deep_network_simplify_nothing() -> None:
    """What nobody would read is not made readable first: it would take a walk for every gradient."""
    h: mc.Expression = mc.vector("x", "n")
    for layer in range(100):
        h = mc.tanh(mc.matrix(f"W{layer}", "n", "n") @ h)
    pair = mc.value_and_grad(mc.sum(h), [f"W{layer}" for layer in range(100)])
    assert "W0: a long expression" in pair.code()
    assert "simplified" not in pair.gradients["W0"].__dict__
