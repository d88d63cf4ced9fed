"""Evaluators: what they take, what they give back, and what they say to what does not fit."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.errors import DomainError, MatcalcError, ShapeError, UnknownNameError
from matcalc.graph import (
    Node,
    add,
    apply,
    contract,
    elementwise,
    identity,
    multiply,
    number,
    power,
    symbol,
    tidy,
    zero,
)
from matcalc.numeric.evaluator import jax_evaluator, numpy_evaluator
from matcalc.rules import AbstractFunction, lookup

W, x, b, u = symbol("W", ("m", "n")), symbol("x", ("n",)), symbol("b", ("m",)), symbol("u", ("m",))
r, a, X = symbol("r", (1, "n")), symbol("a"), symbol("X", ("n", "n"))
z = add(contract([(W, "ij"), (x, "j")], "i"), b)
layer = elementwise(lookup("tanh"), z)
gradient = contract([(W, "ij"), (multiply(u, layer), "i")], "j")
VARIABLES = (u, W, x, b)
affine = numpy_evaluator((z, ("m",)), VARIABLES)


def point(dtype: Any = float) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        s.name: rng.standard_normal([{"m": 3, "n": 4}[d] for d in s.axes]).astype(dtype) for s in VARIABLES
    }


def test_conventions_of_results() -> None:
    values = point()
    for node, shape, expected in (
        (contract([(x, "i"), (x, "i")], ""), (), ()),
        (gradient, ("n",), (4,)),
        (gradient, ("n", 1), (4,)),
        (gradient, (1, "n"), (1, 4)),
        (W, ("m", "n"), (3, 4)),
        (contract([(x, "i"), (x, "i")], ""), (1, 1), ()),
        (zero(("m", "n")), ("m", "n"), (3, 4)),
        (zero(("m", "n", "n")), ("m", "n", "n"), (3, 4, 4)),
        (identity("m"), ("m", "m"), (3, 3)),
        (multiply(identity("n"), identity("n")), ("n", "n"), (4, 4)),
    ):
        found = numpy_evaluator((node, shape), VARIABLES)(**values)
        assert type(found) is np.ndarray
        assert found.shape == expected
        assert found.dtype == float


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_dtype_follows(dtype: Any) -> None:
    for node in (gradient, zero(("m", "n")), identity("n")):
        assert numpy_evaluator((node, node.axes), VARIABLES)(**point(dtype)).dtype == dtype


def test_dtype_follows_where_no_variable_is_needed() -> None:
    """Three, as single as the variable by which 3 a was differentiated."""
    slope = mc.derive("3*a", "a", shapes="a: ()").numpy()
    assert slope(a=np.float32(1)).dtype == np.float32
    assert slope(a=1).dtype == slope().dtype == np.float64
    value, found = mc.value_and_grad("3*a + pi", "a", shapes="a: ()").numpy()(a=np.float32(1))
    assert value.dtype == found.dtype == np.float32


def test_numbers_take_the_precision_beside_them() -> None:
    product = numpy_evaluator((multiply(a, x), ("n",)), (a, x))
    assert product(a=2, x=np.ones(3, np.float32)).dtype == np.float32
    assert product(a=2.5, x=[1, 2]).dtype == np.float64
    assert product(a=True, x=np.arange(3)).tolist() == [0.0, 1.0, 2.0]


def test_columns_go_back_as_they_came() -> None:
    values = point()
    flat = numpy_evaluator((gradient, ("n",)), VARIABLES)
    expected = flat(**values)
    stacked = flat(**{**values, "x": values["x"][:, None]})
    assert stacked.shape == (4, 1)
    assert np.array_equal(stacked[:, 0], expected)
    # b came stacked, but the result is shaped like x.
    assert flat(**{**values, "b": values["b"][:, None]}).shape == (4,)
    row = numpy_evaluator((r, (1, "n")), (r,))
    assert row(r=np.ones((1, 3))).shape == row(r=np.ones(3)).shape == (1, 3)


def test_several_results() -> None:
    both = numpy_evaluator({"x": (gradient, ("n",)), "y": (layer, ("m",))}, VARIABLES)
    found = both(**point())
    assert list(found) == ["x", "y"]
    assert found["x"].shape == (4,)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"x": np.ones(3)}, ShapeError, ("x", "(3,)", "(3, 4)")),
        ({"x": np.ones((1, 4))}, ShapeError, ("x", "(1, 4)", "column")),
        ({"W": np.ones(3)}, ShapeError, ("W", "(3,)", "(m, n)")),
        ({"b": np.ones((3, 2))}, ShapeError, ("b", "(3, 2)")),
        ({"u": np.ones(7)}, ShapeError, ("u", "(7,)")),
        ({"x": "text"}, DomainError, ("x", "numbers")),
        ({"x": [[1], [1, 2]]}, DomainError, ("x", "numbers")),
        ({"x": np.array([object()])}, DomainError, ("x",)),
        ({"x": None}, DomainError, ("x",)),
        ({"y": 1.0}, UnknownNameError, ("y", "u, W, x, b")),
        ({"B": 1.0}, UnknownNameError, ("B",)),
    ],
)
def test_what_does_not_fit(change: dict[str, Any], error: type[MatcalcError], words: tuple[str, ...]) -> None:
    for evaluator in (numpy_evaluator, jax_evaluator):
        with pytest.raises(error) as caught:
            evaluator((gradient, ("n",)), VARIABLES)(**{**point(), **change})
        for word in words:
            assert word in str(caught.value)


def test_what_is_missing() -> None:
    values = point()
    del values["x"]
    with pytest.raises(UnknownNameError, match="argument 'x' is missing"):
        numpy_evaluator((gradient, ("n",)), VARIABLES)(**values)


def test_what_is_not_needed_may_be_left_out_but_must_fit() -> None:
    values = point()
    product = numpy_evaluator((contract([(W, "ij"), (x, "j")], "i"), ("m",)), VARIABLES)
    assert product.parameters == ("W", "x")
    assert np.array_equal(product(W=values["W"], x=values["x"]), product(**values))
    with pytest.raises(ShapeError, match="'u' has shape"):
        product(**{**values, "u": np.ones(9)})


def test_sizes_that_no_variable_shows() -> None:
    eye = numpy_evaluator((identity("k"), ("k", "k")), ())
    assert np.array_equal(eye(k=3), np.eye(3))
    with pytest.raises(UnknownNameError, match="size 'k' is missing"):
        eye()
    for wrong in (0, 2.5, "3", None):
        with pytest.raises(DomainError, match="'k'"):
            eye(k=wrong)


def test_abstract_functions() -> None:
    node = multiply(elementwise(AbstractFunction("f", 1), x), elementwise(AbstractFunction("f", 2), x))
    curve = numpy_evaluator((node, ("n",)), (x,), ("f",))
    at = np.linspace(0, 1, 4)
    found = curve(x=at, f=np.sin, df=np.cos, d2f=lambda v: -np.sin(v))
    assert np.allclose(found, -np.cos(at) * np.sin(at))
    with pytest.raises(UnknownNameError, match="function 'd2f' is missing"):
        curve(x=at, df=np.cos)
    with pytest.raises(DomainError, match="callable"):
        curve(x=at, df=np.cos, d2f=3)
    with pytest.raises(UnknownNameError, match="'g'"):
        curve(x=at, df=np.cos, d2f=np.cos, g=np.sin)


def test_singular_matrices() -> None:
    inverse = numpy_evaluator((apply(lookup("inv"), [X]), ("n", "n")), (X,))
    with pytest.raises(DomainError, match=r"[Ss]ingular"):
        inverse(X=np.zeros((3, 3)))


@pytest.mark.parametrize(
    "node",
    [
        power(zero(()), number(-1)),
        elementwise(lookup("log"), zero(())),
        elementwise(lookup("exp"), number(1000)),
    ],
)
def test_numbers_without_a_value(node: Node) -> None:
    with pytest.raises(DomainError, match="the formula has no value"):
        numpy_evaluator((node, ()), ())()


def test_inputs_stay_untouched_and_unshared() -> None:
    for node in (W, contract([(W, "ij")], "ji"), contract([(X, "ii")], "i")):
        values = {s.name: np.ones((3, 3)) for s in (W, X)}
        found = numpy_evaluator((node, node.axes), (W, X))(**values)
        assert not any(np.shares_memory(found, array) for array in values.values())
        found[...] = 7
        assert all((array == 1).all() for array in values.values())


def test_jax_transformations() -> None:
    import jax
    import jax.numpy as jnp

    scalar = contract([(u, "i"), (layer, "i")], "")
    of_jax, of_numpy = (make((scalar, ()), VARIABLES) for make in (jax_evaluator, numpy_evaluator))
    with jax.enable_x64(True):
        values = point()
        assert np.allclose(of_jax(**values), of_numpy(**values))
        assert np.allclose(jax.jit(of_jax)(**values), of_numpy(**values))
        (slope,) = tidy(gradient_of(scalar))
        by_hand = jax_evaluator((slope, ("n",)), VARIABLES)
        by_jax = jax.grad(lambda at: of_jax(**{**values, "x": at}))(jnp.asarray(values["x"]))
        assert np.allclose(by_hand(**values), by_jax)
        batch = jnp.stack([values["x"], 2 * values["x"]])
        mapped = jax.vmap(lambda at: by_hand(**{**values, "x": at}))(batch)
        assert mapped.shape == (2, 4)
        assert np.allclose(mapped[0], by_jax)
    assert by_hand(**point(np.float32)).dtype == np.float32


def gradient_of(node: Any) -> Any:
    from matcalc.calculus.sweep import derive_nodes

    return derive_nodes(node, [x])[0]


def test_arguments_by_place_are_refused() -> None:
    import matcalc as mc

    derivative = mc.derive("x.T @ A @ x", "x")
    array = np.ones(3)
    for call in (
        derivative.numpy(),
        derivative.jax(),
        derivative.operator,
        mc.value_and_grad("x.T @ x", "x"),
    ):
        with pytest.raises(mc.DomainError, match="by name, not by place"):
            call(array)


def test_arrays_that_are_not_needed_are_looked_at_all_the_same() -> None:
    """Once for each form that they have."""
    import matcalc as mc

    evaluator = mc.derive("norm(X - U @ V.T)**2/2", "U", order=2).numpy()
    values = {"X": np.ones((4, 5)), "U": np.ones((4, 2)), "V": np.arange(10.0).reshape(5, 2)}
    first, second = evaluator(**values), evaluator(**values)
    assert np.array_equal(first, second)
    assert np.array_equal(
        first.astype(np.float32), evaluator(**{**values, "V": values["V"].astype(np.float32)})
    )
    for _ in range(2):
        with pytest.raises(mc.ShapeError, match="'U' has shape"):
            evaluator(**{**values, "U": np.ones((3, 2))})
        with pytest.raises(mc.UnknownNameError, match="'W'"):
            evaluator(**values, W=np.ones(3))
        with pytest.raises(mc.DomainError, match="'U' is not an array of numbers"):
            evaluator(**{**values, "U": np.array([["a", "b"]] * 4)})


def test_masked_entries_are_not_used() -> None:
    x = symbol("x", ("n",))
    run = numpy_evaluator((contract([(x, "i")], ""), ()), (x,))
    with pytest.raises(DomainError, match="masked"):
        run(x=np.ma.array([1.0, 2.0], mask=[True, False]))
    assert run(x=np.ma.array([1.0, 2.0])) == 3


@pytest.mark.parametrize("exponent", [np.nan, np.inf, -np.inf, 2.5, 1e30])
def test_a_matrix_power_of_no_whole_exponent_is_nan(exponent: float) -> None:
    power = mc.parse("matrix_power(X, k)", shapes="X: n n, k: ()").numpy()
    assert np.isnan(power(X=np.eye(2), k=exponent)).all()


def test_what_the_library_has_no_function_for_is_told() -> None:
    inverse = mc.parse("inv(X)").numpy()
    with pytest.raises(mc.DomainError, match="float16"):
        inverse(X=np.eye(2, dtype=np.float16))
    with pytest.raises(mc.LimitError, match="memory"):
        mc.derive("eye(1000000000) * a", "a", shapes="a: ()").numpy()(a=1.0)


@pytest.mark.parametrize("text", ["max(x)", "logsumexp(x)"])
def test_nothing_is_the_largest_of_no_entries(text: str) -> None:
    with pytest.raises(mc.DomainError, match="without entries"):
        mc.parse(text, shapes="x: n").numpy()(x=np.ones(0))


def test_a_variable_may_have_the_name_of_a_dimension() -> None:
    run = mc.derive("n * sum(x**2)", "x", shapes="n: (), x: n").numpy()
    assert run(n=2.5, x=[1.0, 2.0]).tolist() == [5.0, 10.0]


COPIES: list[Callable[[Any], Any]] = [lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy]


@pytest.mark.parametrize("again", COPIES, ids=["pickle", "copy", "deepcopy"])
@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize(
    "made",
    [
        lambda of: of,
        lambda of: of.numpy(),
        lambda of: of.jax(),
        lambda of: pytest.importorskip("torch") and of.torch(),
    ],
    ids=["itself", "numpy", "jax", "torch"],
)
@pytest.mark.parametrize(
    "of",
    [
        mc.derive("u.T @ tanh(W @ x + b)", "W"),
        mc.derive("u.T @ softmax(W @ x + b)", ["W", "x"]),
        mc.parse("gelu(W @ x + b)"),
        mc.value_and_grad("u.T @ tanh(W @ x + b)", "W"),
        mc.value_and_grad("u.T @ tanh(W @ x + b)", ["W", "b"]),
        mc.derive("x", "x", shapes="x: n"),
    ],
    ids=repr,
)
def test_evaluators_travel(of: Any, made: Any, used: bool, again: Any) -> None:
    """Pickled or copied, before it was called or after."""
    evaluator = made(of)

    def called(one: Any) -> Any:
        one = one if callable(one) else one.numpy()
        names = getattr(one, "parameters", None) or one.numpy().parameters
        return one(**{name: array for name, array in point(np.float32).items() if name in names}, n=4)

    if used:
        called(evaluator)
    found, expected = called(again(evaluator)), called(evaluator)
    assert type(found) is type(expected)
    np.testing.assert_equal(_plain(found), _plain(expected))
    if hasattr(evaluator, "source"):
        assert again(evaluator).source == evaluator.source
        assert again(evaluator).__name__ == evaluator.__name__


def _plain(found: Any) -> Any:
    if isinstance(found, tuple):
        return [_plain(one) for one in found]
    if isinstance(found, dict):
        return {name: np.asarray(one) for name, one in found.items()}
    return np.asarray(found)


def test_a_pickled_evaluator_keeps_its_ways() -> None:
    again = pickle.loads(pickle.dumps(numpy_evaluator((gradient, ("n",)), VARIABLES)))
    with pytest.raises(ShapeError, match="'x' has shape"):
        again(**point() | {"x": np.ones(3)})
    assert again(**point() | {"x": np.ones((4, 1))}).shape == (4, 1)
    curve = numpy_evaluator((elementwise(AbstractFunction("f", 1), x), ("n",)), (x,), ("f",))
    assert pickle.loads(pickle.dumps(curve))(x=[0.0, 0.0], df=np.cos).tolist() == [1, 1]


@pytest.mark.parametrize("entry", [np.nan, np.inf])
def test_a_definite_matrix_that_is_not_finite_is_named(entry: float) -> None:
    solve = mc.parse("inv(S) @ x", shapes="S: n n spd, x: n")
    values = {"S": np.diag([1.0, entry]), "x": np.ones(2)}
    with pytest.raises(mc.DomainError, match="'S' has entries that are nan or infinite"):
        solve.numpy()(**values)
    with pytest.raises(mc.DomainError, match="the matrix functions fail"):
        solve.numpy()(**{**values, "S": -np.eye(2)})
    assert np.isfinite(solve.jax()(**values)).all() == np.isinf(entry)
    # What is wrong with x is not for the matrix to say.
    assert np.isnan(solve.numpy()(S=np.eye(2), x=np.array([1.0, np.nan]))).any()


def test_a_definite_tensor_that_is_not_finite_is_named() -> None:
    torch = pytest.importorskip("torch", reason="torch is an extra")
    solve = mc.parse("inv(S) @ x", shapes="S: n n spd, x: n").torch()
    with pytest.raises(mc.DomainError, match="'S' has entries that are nan or infinite"):
        solve(S=torch.full((2, 2), torch.nan), x=torch.ones(2))


@pytest.mark.parametrize("target", ["numpy", "jax"])
def test_a_number_that_no_double_holds(target: str) -> None:
    slope = getattr(mc.derive("a**2", "a", shapes="a: ()"), target)()
    with pytest.raises(DomainError, match="'a' is not an array of numbers"):
        slope(a=10**400)
