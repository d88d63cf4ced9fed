"""Numbers where torch takes tensors only: known ones, and those that are handed to generated source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import matcalc as mc
from matcalc.rules import Elementwise, all_functions
from matcalc.rules.custom import register_elementwise
from matcalc.rules.registry import unregister

torch = pytest.importorskip("torch", reason="torch is an extra")

SHAPES = "x: n, a: (), b: (), k: (), X: n n"
# No number of single precision, and inside every domain.
A = 0.7


def run(source: str, *arguments: Any) -> Any:
    """The function that a source defines, called."""
    scope: dict[str, Any] = {}
    exec(source, scope)
    return scope[source.rpartition("\ndef ")[2].partition("(")[0]](*arguments)


def code(text: str, target: str = "torch") -> str:
    return mc.parse(text, shapes=f"{SHAPES}, c: ()").code(target)


def calls() -> Iterator[str]:
    """Every function that works entry by entry, of scalar variables and of one beside a vector."""
    for entry in all_functions():
        if isinstance(entry, Elementwise) and entry.name.isidentifier():
            yield f"{entry.name}({', '.join('ab'[: len(entry.parameters)])})"
            if len(entry.parameters) > 1:
                yield f"{entry.name}(x, a)"


OTHERS = [
    "exp(a) * x",
    "sqrt(a) + b",
    "exp(2 * a - b) * maximum(a, 0)",
    "huber(x, a) + huber(x)",
    "huber(-2, a)",
    "a * ones(3)",
    "a + eye(3)",
    "matrix_power(X, k) * exp(a)",
    "a**b * x",
    "softplus(sqrt(a * b)) * minimum(x, 1)",
]


@pytest.mark.parametrize("text", [*OTHERS, *calls()])
@pytest.mark.parametrize("target", ["torch", "jax"])
def test_scalars_may_be_numbers(text: str, target: str) -> None:
    source = code(text, target)
    values: dict[str, Any] = {"a": A, "b": 0.3, "k": 3, "x": np.array([0.5, -1.5, 0.9]), "X": np.eye(3)}
    names = source.rpartition("\ndef ")[2].partition("(")[2].partition(")")[0].split(", ")
    expected = run(code(text, "numpy"), *(values[name] for name in names))
    array = torch.tensor if target == "torch" else jnp.asarray
    given = {name: array(value) if name in "xX" else value for name, value in values.items()}
    found = np.asarray(run(source, *(given[name] for name in names)))
    single = target == "jax" or not {"x", "X"}.intersection(names)
    assert np.allclose(found, expected, rtol=1e-5 if single else 1e-14, equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_numbers_take_the_precision_beside_them(dtype: Any) -> None:
    tensor = torch.ones(3, dtype=dtype)
    expected = torch.exp(torch.tensor(A, dtype=dtype)) * tensor
    found = run(code("exp(a) * x"), tensor, A)
    assert found.dtype == dtype and torch.equal(found, expected)
    alone = run(code("exp(a) * b"), A, torch.tensor(1.0, dtype=dtype))
    assert alone.dtype == dtype and alone == expected[0]
    assert run(code("exp(a) * x"), torch.arange(3), 2.5).tolist() == pytest.approx([0, 12.182494, 24.364988])
    assert run(code("softplus(a)"), 2) == pytest.approx(2.126928)


def test_numbers_that_are_known_keep_double_precision() -> None:
    at = np.linspace(-1, 1, 5)
    for text in ("sigmoid(2) * x", "huber(x, 0.3)", "prelu(x, 0.1)", "f(2) * x", "f(1/3) * x"):
        parsed = mc.parse(text, shapes="x: n")
        given = ({"f": torch.sin}, {"f": np.sin}) if "f" in parsed.functions else ({}, {})
        found = parsed.torch()(x=torch.tensor(at), **given[0])
        assert np.allclose(found, parsed.numpy()(x=at, **given[1]), rtol=1e-15)


def test_tensors_stay_as_they_are() -> None:
    a = torch.tensor(A, requires_grad=True)
    run(code("exp(a) * b"), a, 2).backward()
    assert a.grad is not None and torch.allclose(a.grad, 2 * torch.exp(a))


@pytest.mark.parametrize(
    ("text", "line", "absent"),
    [
        ("exp(a) * x", "a = torch.tensor(a, dtype=torch.result_type(x, 1.0), device=x.device)", ""),
        ("exp(a) * b", "a = torch.tensor(a, dtype=torch.result_type(a + b, 1.0))", "is_tensor(b)"),
        ("a * x", "return a * x", "is_tensor"),
        ("prelu(x, a)", "return prelu(x, a)", "is_tensor"),
        ("prelu(x, 0.1)", "return prelu(x, 0.1)", "tensor("),
        ("maximum(x, 0)", "return x.clamp(min=0)", "tensor("),
        ("huber(x)", "t = torch.abs(r).clamp(max=delta)", "tensor("),
    ],
)
def test_only_what_torch_needs_is_made_a_tensor(text: str, line: str, absent: str) -> None:
    source = code(text)
    assert line in source
    assert not absent or absent not in source


@pytest.fixture
def own() -> Iterator[str]:
    def value(xp: Any, x: Any, y: Any) -> Any:
        # A condition, which no source can hold.
        return xp.sin(x) * xp.cos(y) if xp.sin(x).sum() < 9 else x

    derivatives = ("cos(x)*cos(y)", "-sin(x)*sin(y)")
    entry = register_elementwise("wave", value, derivatives, parameters=("x", "y"))
    yield entry.name
    unregister(entry.name)


def test_a_users_own_function_gets_tensors(own: str) -> None:
    at = np.linspace(-1, 1, 3)
    for text in (f"{own}(x, 0.3)", f"{own}(0.3, a) * x", f"{own}(x, a)"):
        parsed = mc.parse(text, shapes="x: n, a: ()" if "a)" in text else "x: n")
        given = {"a": A} if "a)" in text else {}
        found = parsed.torch()(x=torch.tensor(at), **given)
        assert np.allclose(found, parsed.numpy()(x=at, **given), rtol=1e-14)
