"""Expressions as Python objects, and the results that `derive` gives."""

from __future__ import annotations

import numpy as np
import pytest

import matcalc as mc

W = mc.matrix("W", "m", "n")
S = mc.matrix("S", "n", "n", spd=True)
x = mc.vector("x", "n")
u = mc.vector("u", "m")
b = mc.vector("b", "m")
a = mc.scalar("a")
phi = mc.function("phi")

BUILT = [
    (u.T @ mc.tanh(W @ x + b), "u.T @ tanh(W @ x + b)"),
    (2 * x - 1, "2 * x - 1"),
    (1 / (1 + mc.exp(-x)), "1 / (1 + exp(-x))"),
    (x**2 / np.float64(4), "x**2 / 4"),
    (np.float32(0.5) * x, "0.5 * x"),
    (mc.sum(W, axis=0).T, "sum(W, axis=0).T"),
    (a * phi(x) + phi.prime()(x), "a * phi(x) + phi'(x)"),
    (mc.inv(S) @ x, "inv(S) @ x"),
    (+x - (-x), "2 * x"),
    (2**a, "2**a"),
    (mc.kron(W, x.T), "kron(W, x.T)"),
]


@pytest.mark.parametrize("built, text", BUILT, ids=[text for _, text in BUILT])
def test_objects_are_their_text(built: mc.Expression, text: str) -> None:
    assert built == mc.parse(text, shapes=built.shapes, functions=built.functions)
    assert hash(built) == hash(mc.parse(text, shapes=built.shapes, functions=built.functions))


REFUSED = [
    (lambda: W @ u, mc.ShapeError),
    (lambda: x + u, mc.ShapeError),
    (lambda: mc.det(W), mc.ShapeError),
    (lambda: mc.vector("exp", "n"), mc.UnknownNameError),
    (lambda: mc.vector("x", 0), mc.DomainError),
    (lambda: mc.vector("x", "n", shiny=True), mc.MatcalcError),
    (lambda: mc.derive(x.T @ x, wrt="z"), mc.UnknownNameError),
    (lambda: mc.derive("x.T @ x", wrt=[]), mc.DomainError),
    (lambda: mc.derive("x.T @ x", wrt="x", order=0), mc.DomainError),
    (lambda: mc.derive("x.T @ x", wrt="x", layout="numerator"), mc.DomainError),
    (lambda: mc.derive("x.T @ x", wrt="x", dialect="fortran"), mc.DomainError),
    (lambda: mc.derive(3, wrt="x"), mc.DomainError),
    (lambda: bool(x), mc.DomainError),
    (lambda: (mc.vector("x", "n") + mc.vector("x", "n", positive=True)).text, mc.ShapeError),
    (lambda: mc.derive("x.T @ x", wrt="x").code("fortran"), mc.DomainError),
    # Options of a wrong kind
    (lambda: mc.derive("x.T @ x", wrt="x", dialect=["python"]), mc.DomainError),
    (lambda: mc.derive("x.T @ x", wrt="x", layout=np.array([1, 2])), mc.DomainError),
    (lambda: mc.derive("x.T @ x", wrt="x", symmetric=np.array([1, 2])), mc.DomainError),
    (lambda: mc.derive("x.T @ x", wrt="x", functions=np.array([1, 2])), mc.DomainError),
    (lambda: mc.derive("x.T @ x", wrt="x", names=np.array([1, 2])), mc.DomainError),
    (lambda: mc.derive(x.T @ x, wrt="x", functions=np.array([1, 2])), mc.DomainError),
    (lambda: mc.derive("x.T @ x", wrt="x").code(None), mc.DomainError),
    (lambda: mc.derive("x.T @ x", wrt="x").code([]), mc.DomainError),
    (lambda: mc.derive("x.T @ x", wrt="x").code(mc), mc.DomainError),
    (lambda: mc.derive("x.T @ x", wrt="x").verify(device=1), mc.DomainError),
    (lambda: mc.derive("x.T @ x", wrt="x").verify(dtype=np.array([1, 2])), mc.DomainError),
    (lambda: mc.derive("x.T @ x", "x", order=2).operator(x=np.ones(2)).matvec([None, "a"]), mc.DomainError),
    (lambda: mc.derive("x.T @ x", "x", order=2).operator(x=np.ones(2)).solve(["a", "b"]), mc.DomainError),
    (lambda: mc.register_elementwise(b"half", lambda xp, x: x / 2, "0.5"), mc.DomainError),
    (lambda: mc.tanh(None), mc.DomainError),
    (lambda: mc.tanh(b"x"), mc.DomainError),
    (lambda: x + np.array("x"), mc.DomainError),
    (lambda: mc.sum(W, axis=np.float64(1)), mc.DomainError),
    (lambda: mc.sum(W, axis=np.ones(2)), mc.DomainError),
    (lambda: mc.eye(1.5), mc.DomainError),
    (lambda: mc.eye("\ud800"), mc.DomainError),
]


@pytest.mark.parametrize("attempt, error", REFUSED)
def test_mistakes_are_told(attempt: object, error: type[mc.MatcalcError]) -> None:
    with pytest.raises(error) as caught:
        attempt()
    assert caught.value.message


def test_a_list_gives_each_and_shares_the_work() -> None:
    found = mc.derive(u.T @ mc.tanh(W @ x + b), wrt=[W, "b", x])
    assert list(found) == ["W", "b", "x"]
    values = {"u": np.ones(2), "W": np.full((2, 3), 0.1), "x": np.ones(3), "b": np.zeros(2)}
    together = found.numpy()(**values)
    for name, one in found.items():
        np.testing.assert_allclose(together[name], one.numpy()(**values))
    assert all(found.verify().values())
    assert found.code("numpy").count("tanh") == found.code("numpy").split('"""')[1].count("tanh") + 1


def test_a_symmetric_variable_is_projected() -> None:
    # No cycle of meaning: the formula's own derivative is y yᵀ here, symmetric already; a general one is not.
    shapes = "S: n n symmetric, x: n, y: n"
    assert mc.derive("x.T @ S @ y", "S", shapes=shapes) == mc.parse("(x @ y.T + y @ x.T) / 2", shapes=shapes)
    book = mc.derive("x.T @ S @ y", "S", shapes=shapes, symmetric="cookbook")
    assert book == mc.parse("x @ y.T + y @ x.T - diag(x * y)", shapes=shapes)
    assert mc.derive("x.T @ D @ y", "D", shapes="D: n n diagonal, x: n, y: n").text == "diag(x * y)"


def test_mixed_second_derivatives_are_transposes() -> None:
    one = mc.derive("x.T @ A @ tanh(y)", wrt=("x", "y"), order=2)
    two = mc.derive("x.T @ A @ tanh(y)", wrt=("y", "x"), order=2)
    assert one.expression == two.expression.T
    assert one.verify()


def test_warnings_say_where_it_holds() -> None:
    assert any("invertible" in text for text in mc.derive("logdet(A)", "A").warnings)
    assert any("relu" in text and "0" in text for text in mc.derive("relu(x)", "x").warnings)
    assert any(
        "simplex" in text or "summing" in text
        for text in mc.derive("sum(p)", "p", shapes="p: n simplex").warnings
    )
    assert mc.derive("x.T @ x", "x").warnings == ()


def test_users_own_names_for_parts_are_kept() -> None:
    text = "u.T @ relu(h) + sum(tanh(h)) where h = W @ x + V @ y + b"
    assert "where h = " in mc.derive(text, "u").of.text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(x + y) + (x + y)", "x + y + (x + y)"),
        ("(x + y) + 2 * (x + y)", "x + y + 2 * (x + y)"),
        ("(c + 2).T + (c + 2)", "2 + c + (2 + c).T"),
        ("(B @ x - y) - (y - B @ x)", "B @ x - y - (y - B @ x)"),
        ("sum(tanh(B)) + n + (sum(tanh(B)) + n).T", "(n + sum(tanh(B))).T + (n + sum(tanh(B)))"),
        (
            "norm(tanh(B @ x)) + n + (norm(tanh(B @ x)) + n)",
            "(n + norm(tanh(B @ x))) + n + norm(tanh(B @ x))",
        ),
        ("x + y + z + (z + y)", "(y + z) + x + (z + y)"),
        ("(x - y) + z + (x - y)", "(x - y) + (z + (x - y))"),
        ("tanh(x - y) + ((x - y) + z) + (x - y)", "(x - y) + ((z + (x - y)) + tanh(x - y))"),
        ("norm(pinv(kron(x.T, ones(1, 3)) @ kron(w, B)))", "1 / norm(kron(w.T, B.T) @ vec(ones(3) @ x.T))"),
        ("norm(x / sum(x**2))", "1 / norm(x)"),
        ("tr(diagonal(B) / B * B)", "tr(B * (diagonal(B) / B))"),
        ("1.5 * (2 / 5) * x", "2 / 5 * 1.5 * x"),
        ("0.1**2 * x", "0.1 * 0.1 * x"),
        ("1e300 * 1e-200 * 1e-200 * x", "1e-100 * x"),
        ("(-1e200) * (-1e200) * 1e-300 * x", "1e100 * x"),
        ("tr(B / eye(n))", "tr(B)"),
        ("diagonal(B * B / diag(x))", "diagonal(B)**2 / x"),
        ("polar(c)", "sign(c)"),
    ],
)
def test_two_ways_to_type_one_expression(one: str, other: str) -> None:
    shapes = "x: n, y: n, z: n, w: 3, B: n n, c:"
    assert mc.parse(one, shapes=shapes).node is mc.parse(other, shapes=shapes).node


def test_zero_divided_by_zero_is_refused() -> None:
    with pytest.raises(mc.DomainError, match="no value"):
        _ = (x - x) / (x - x)
    with pytest.raises(mc.DomainError, match="no value"):
        _ = 0 * a / 0


def test_a_dimension_of_no_variable_is_written_too() -> None:
    assert mc.parse("alpha * eye(n)").text == "alpha * eye(n)"
    assert mc.parse("sum(alpha * ones(n))").text == "alpha * n"


def test_what_is_too_long_to_compare_equals_itself() -> None:
    steps = ", ".join(f"a{k} = a{k - 1} @ a{k - 1}.T @ a{k - 1}" for k in range(1, 8))
    long = mc.parse(f"sum(a7) where a0 = x @ x.T @ x, {steps}")
    assert long == long  # noqa: PLR0124 - that is the question


@pytest.mark.parametrize(
    "dims",
    [
        ("", "n"),
        ((), "n"),
        (float("nan"), "n"),
        ("m, n", ""),
        ("m n", "k"),
        (None, "n"),
        (2.0, 3),
        ("spd", "n"),
    ],
    ids=str,
)
def test_each_dimension_is_one(dims: tuple[object, object]) -> None:
    with pytest.raises(mc.DomainError, match="not a dimension"):
        mc.matrix("X", *dims)


def test_a_dimension_may_be_a_product() -> None:
    assert mc.matrix("X", "m*n", ("m", "k")).shape == ("m*n", "k*m")


@pytest.mark.parametrize("shapes", [None, "X: n n"])
@pytest.mark.parametrize("depth", [12, 25, 40])
def test_nested_kronecker_products_are_refused_at_once(shapes: str | None, depth: int) -> None:
    steps = ", ".join(f"z{k} = kron(z{k + 1}, z{k + 1})" for k in range(depth))
    with pytest.raises(mc.LimitError, match="more than 256"):
        mc.parse(f"tr(z0) where {steps}, z{depth} = X", shapes=shapes)
