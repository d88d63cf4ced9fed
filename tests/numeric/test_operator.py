"""Derivatives as linear operators: products, solutions and structure, against the dense matrix."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import matcalc as mc

SIZES = {"m": 7, "n": 9, "k": 2, "q": 6}
CASES = [
    ("logsumexp(x) + lambda_/2 * x.T @ x", "x", 2, "x: n, lambda_: ()", "diagonal plus rank 1"),
    ("sum(exp(x)) + (a.T @ x)**2 + (b.T @ x)**4", "x", 2, "x: n, a: n, b: n", "diagonal plus rank 2"),
    ("sum(exp(x))", "x", 2, "x: n", "diagonal"),
    (
        "sum(softplus(-(y * (X @ w)))) + lambda_/2 * w.T @ w",
        "w",
        2,
        "X: k n, y: k, w: n, lambda_: ()",
        "diagonal plus rank 2",
    ),
    (
        "sum(softplus(-(y * (X @ w)))) + lambda_/2 * w.T @ w",
        "w",
        2,
        "X: n m, y: n, w: m, lambda_: ()",
        "AᵀDA",
    ),
    ("norm(X - U @ V.T)**2/2", "U", 2, "X: m n, U: m k, V: n k", "I ⊗ M"),
    (
        "norm(X - U @ V.T)**2/2 + lambda_/2 * norm(U)**2",
        "U",
        2,
        "X: m n, U: m k, V: n k, lambda_: ()",
        "I ⊗ M",
    ),
    ("norm(X - U @ V.T)**2/2", "V", 2, "X: m n, U: m k, V: n k", "I ⊗ M"),
    ("A @ X", "X", 1, "A: m m, X: m n", "M ⊗ I"),
    ("A @ X @ B", "X", 1, "A: m m, X: m n, B: n n", "A ⊗ B"),
    ("inv(X)", "X", 1, "X: m m", "A ⊗ B"),
    ("x.T @ A @ x", "x", 2, "A: n n, x: n", "dense"),
    ("tanh(W @ x + b)", "x", 1, "W: m n, x: n, b: m", "dense"),
    ("u.T @ tanh(W @ x + b)", "W", 1, "u: m, W: m n, x: n, b: m", "dense"),
]


def point(derivative: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    counts = {
        name: [dim if isinstance(dim, int) else SIZES[dim] for dim in shape]
        for name, shape in derivative.shapes.items()
    }
    values = {name: rng.standard_normal(shape) for name, shape in counts.items()}
    return values | ({"lambda_": 2.5} if "lambda_" in values else {})


@pytest.mark.parametrize("layout", ["shape", "jacobian", "denominator"])
@pytest.mark.parametrize(("expression", "wrt", "order", "shapes", "words"), CASES)
def test_operators(expression: str, wrt: str, order: int, shapes: str, words: str, layout: str) -> None:
    derivative = mc.derive(expression, wrt, order=order, shapes=shapes, layout=layout)
    values = point(derivative)
    operator = derivative.operator(**values)
    dense = np.asarray(derivative.numpy()(**values)).reshape(operator.shape)
    rng = np.random.default_rng(1)
    v, u = (rng.standard_normal(operator.shape[k]) for k in (1, 0))
    assert np.allclose(operator.todense(), dense, rtol=1e-12)
    assert np.allclose(operator @ v, dense @ v, rtol=1e-9)
    assert np.allclose(operator.rmatvec(u), dense.T @ u, rtol=1e-9)
    assert operator.matvec(v[:, None]).shape == (operator.shape[0], 1)
    V = rng.standard_normal((operator.shape[1], 3))
    assert np.allclose(operator @ V, dense @ V, rtol=1e-9)
    if layout == "shape":
        assert operator.structure == words
    if operator.shape[0] == operator.shape[1]:
        assert np.allclose(operator.solve(dense @ v), v, rtol=1e-6)
        assert np.allclose(operator.solve(dense @ V), V, rtol=1e-6)
        assert np.allclose(operator.solve(dense @ (1j * v)), 1j * v, rtol=1e-6)
    else:
        with pytest.raises(mc.ShapeError, match="square"):
            operator.solve(u)


def test_scipy_takes_it() -> None:
    from scipy.sparse.linalg import aslinearoperator, cg, eigsh

    derivative = mc.derive("logsumexp(x) + lambda_/2 * x.T @ x", "x", order=2)
    operator = derivative.operator(x=np.linspace(-1, 1, 30), lambda_=0.3)
    b = np.sin(np.arange(30.0))
    found, info = cg(operator, b, rtol=1e-12)
    assert info == 0
    assert np.allclose(found, operator.solve(b), rtol=1e-8)
    largest = eigsh(aslinearoperator(operator), k=1, return_eigenvectors=False)
    assert np.isclose(largest[0], np.linalg.eigvalsh(operator.todense())[-1])


def test_the_matrix_is_not_formed() -> None:
    """At n = 100,000 the Hessian would have 80 GB."""
    derivative = mc.derive("logsumexp(x) + lambda_/2 * x.T @ x", "x", order=2)
    operator = derivative.operator(x=np.linspace(-1, 1, 100_000), lambda_=0.3)
    b = np.ones(100_000)
    assert np.allclose(operator @ operator.solve(b), b)


def test_what_stays_is_computed_once() -> None:
    """Small products of matrices are made when the point is given: here VᵀV."""
    from matcalc.codegen.halves import generate_halves
    from matcalc.graph import symbol
    from matcalc.numeric.structure import matrix_vector

    hessian = mc.derive("norm(X - U @ V.T)**2/2", "U", order=2)
    mover = symbol("v", hessian.node.axes[2:])
    product = matrix_vector(hessian.node, mover, 2)
    sizes = {"m": 1000, "n": 1000, "p": 5}
    halves = generate_halves({"matvec": (product, product.axes)}, hessian._symbols, [mover], sizes)
    assert halves.still is not None
    assert "V.T @ V" in halves.still.text
    assert halves.moving["matvec"].text.count("@") == 1


def test_single_precision_stays() -> None:
    derivative = mc.derive("logsumexp(x) + lambda_/2 * x.T @ x", "x", order=2)
    operator = derivative.operator(x=np.linspace(-1, 1, 30, dtype=np.float32), lambda_=0.3)
    b = np.ones(30, np.float32)
    assert (operator @ b).dtype == operator.solve(b).dtype == operator.dtype == np.float32


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda operator: operator @ np.ones(4), mc.ShapeError, r"\(4,\), expected \(5,\)"),
        (lambda operator: operator.solve(np.ones(4)), mc.ShapeError, r"\(4,\), expected \(5,\)"),
        (lambda operator: operator.solve(np.ones(5)), mc.DomainError, "singular"),
    ],
)
def test_mistakes(act: Any, error: type[mc.MatcalcError], words: str) -> None:
    operator = mc.derive("(a.T @ x)**2", "x", order=2).operator(a=np.arange(5.0), x=np.ones(5))
    with pytest.raises(error, match=words):
        act(operator)


def test_arguments_are_checked() -> None:
    derivative = mc.derive("x.T @ A @ x", "x", order=2)
    with pytest.raises(mc.UnknownNameError, match="'A' is missing"):
        derivative.operator(x=np.ones(3))
    with pytest.raises(mc.ShapeError, match="'A' has shape"):
        derivative.operator(A=np.ones((3, 4)))


def test_abstract_functions() -> None:
    derivative = mc.derive("sum(f(x))", "x", order=2)
    x = np.linspace(0.1, 1, 4)
    operator = derivative.operator(x=x, d2f=lambda at: -np.sin(at))
    assert np.allclose(operator @ np.ones(4), -np.sin(x))
    assert operator.structure == "diagonal"


def test_factors_of_a_weights_gradient() -> None:
    derivative = mc.derive("-2 * u.T @ tanh(V @ tanh(W @ x))", "W", shapes="u: p, V: p m, W: m n, x: n")
    rng = np.random.default_rng(0)
    values = {"u": rng.standard_normal(3), "V": rng.standard_normal((3, 4)), "x": rng.standard_normal(5)}
    values["W"] = rng.standard_normal((4, 5))
    found = derivative.factors()(**values)
    assert found["left"].shape == (4,)
    assert np.allclose(np.outer(found["left"], found["right"]), derivative.numpy()(**values))
    with pytest.raises(mc.DomainError, match="no outer product"):
        mc.derive("tr(A @ X)", "X").factors()


def test_a_second_point_is_as_good_as_the_first() -> None:
    """What was generated for these shapes is used again, whatever form the next arguments have."""
    shapes_ = "X: m n, U: m k, V: n k, a: ()"
    derivative = mc.derive("norm(X - U @ V.T)**2/2 + a * norm(U)**2", "U", order=2, shapes=shapes_)
    rng = np.random.default_rng(0)
    shapes = {"X": (4, 5), "U": (4, 2), "V": (5, 2)}
    for dtype in (float, float, np.float32, int):
        values = {name: (5 * rng.standard_normal(shape)).astype(dtype) for name, shape in shapes.items()}
        operator = derivative.operator(**values, a=2)
        dense = derivative.numpy()(**values, a=2).reshape(8, 8)
        assert np.allclose(operator @ np.ones(8), dense @ np.ones(8), rtol=1e-5)
        assert np.allclose(dense @ operator.solve(np.ones(8)), np.ones(8), atol=1e-4)
    with pytest.raises(mc.ShapeError, match="'V' has shape"):
        derivative.operator(**{**values, "V": np.ones((6, 2))}, a=2)


@pytest.mark.parametrize("number", [2.5, 3, np.float32(2.5), np.array(2.5)], ids=repr)
@pytest.mark.parametrize("kind", ["double", "single", "column", "list", "strided"])
def test_every_form_of_arguments_and_right_sides(kind: str, number: Any) -> None:
    """A first and a second operator of these shapes, a first and a second right side of each."""
    x, u = np.random.default_rng(0).standard_normal((2, 9))
    derivative = mc.derive("logsumexp(x) + lambda_/2 * x.T @ x", "x", order=2, shapes="x: n, lambda_: ()")
    given = {
        "double": x,
        "single": x.astype(np.float32),
        "column": x[:, None],
        "list": list(x),
        "strided": np.stack([x, x], axis=1)[:, 0],
    }[kind]
    for right in (u, u.astype(np.float32), 1j * u, np.stack([u, x], axis=1), [1] * 9):
        for _ in range(2):
            operator = derivative.operator(x=given, lambda_=number)
            first, second = operator.solve(right), operator.solve(right)
            assert np.array_equal(first, second)
            assert not np.shares_memory(first, second)
            assert np.allclose(operator.todense() @ first, right, atol=2e-5 if kind == "single" else 1e-9)


@pytest.mark.parametrize("x", [[1.0, 0.0, 2.0], [1.0, 2.0, 3.0]])
def test_a_zero_on_the_diagonal(x: list[float]) -> None:
    """D + u uᵀ is solved with whatever D is, as long as the sum is regular."""
    derivative = mc.derive("sum(x**3)/6 + (a.T @ x)**2/2", "x", order=2)
    b = np.array([1.0, -2.0, 0.5])
    for _ in range(2):
        operator = derivative.operator(x=np.array(x), a=np.array([0.3, 1.5, -1.0]))
        assert operator.structure == ("diagonal plus rank 1" if all(x) else "dense")
        assert np.allclose(operator.todense() @ operator.solve(b), b)
    with pytest.raises(mc.DomainError, match="singular"):
        derivative.operator(x=np.zeros(3), a=np.ones(3)).solve(b)
    with pytest.raises(mc.DomainError, match="singular"):
        # 1 + aᵀ D⁻¹ a is zero.
        derivative.operator(x=np.array([-1.0, 1.0, 1.0]), a=np.array([1.0, 0.0, 0.0])).solve(b)


def test_a_size_that_is_given_says_which_operator() -> None:
    """Numbers that are sizes tell points apart, and are checked, for a second point as well."""
    derivative = mc.derive("sum(exp(x))", "x", order=2, shapes="x: n")
    for n in (3, 4, 3):
        assert derivative.operator(x=np.zeros(n), n=n).shape == (n, n)
        with pytest.raises(mc.ShapeError, match="'x' has shape"):
            derivative.operator(x=np.zeros(n), n=n + 1)


@pytest.mark.parametrize(
    "text",
    [
        "2 * X - ones(n) @ mean(X, axis=0)",
        "X - 0.3 * mean(X, axis=1) @ ones(1, p)",
        "2 * X - ones(n) @ (c.T @ X)",
        "X @ B + ones(n) @ c.T @ X @ B",
    ],
)
@pytest.mark.parametrize("layout", ["shape", "jacobian"])
def test_ones_between_two_indices_are_no_identity(text: str, layout: str) -> None:
    """A mean over rows has a matrix of ones beside the identity: solving took it for another identity."""
    rng = np.random.default_rng(3)
    given = {"X": (4, 3), "B": (3, 3), "c": (4,)}
    values = {name: rng.normal(size=shape) for name, shape in given.items() if name == "X" or name in text}
    derivative = mc.derive(text, "X", shapes="X: n p, B: p p, c: n", layout=layout)
    operator = derivative.operator(**values)
    b = rng.normal(size=12)
    np.testing.assert_allclose(operator.todense() @ operator.solve(b), b, atol=1e-9)


@pytest.mark.parametrize(
    ("text", "shapes", "order", "sizes"),
    [
        ("X - ones(n) @ mean(X, axis=0)", "X: n p", 1, {"X": (4, 3)}),
        ("X / norm(X)", "X: n", 1, {"X": (5,)}),
        ("softmax(X)", "X: n", 1, {"X": (6,)}),
        ("logsumexp(2 * X)", "X: n", 2, {"X": (6,)}),
        ("norm(A @ X)**2", "A: m n, X: n", 2, {"A": (3, 5), "X": (5,)}),
    ],
)
def test_what_is_singular_is_refused_whatever_rounding_leaves(
    text: str, shapes: str, order: int, sizes: dict[str, tuple[int, ...]]
) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        operator = mc.derive(text, "X", shapes=shapes, order=order).operator(
            **{name: rng.normal(size=size) for name, size in sizes.items()}
        )
        with pytest.raises(mc.DomainError, match="singular"):
            operator.solve(rng.normal(size=operator.shape[0]))


def test_what_is_badly_scaled_is_solved() -> None:
    D = np.diag([1e-20, 1.0, 1e5])
    operator = mc.derive("D @ x", "x", shapes="D: n n, x: n").operator(D=D, x=np.ones(3))
    np.testing.assert_allclose(operator.solve(np.ones(3)), 1 / np.diagonal(D))


@pytest.mark.parametrize(
    ("text", "wrt", "order", "shapes"),
    [
        ("sum(v * (X @ v__)**4)", "v__", 2, "X: m n, v__: n, v: m"),
        ("v_ * tanh(W @ v)", "v", 1, "v_: m, W: m n, v: n"),
        ("kept1 * tanh(W @ x)", "x", 1, "kept1: m, W: m n, x: n"),
        ("kept1 * tanh(W @ kept2)", "kept2", 1, "kept1: m, W: m kept3, kept2: kept3"),
        ("kept_1 * tanh(W @ the_vector)", "the_vector", 1, "kept_1: m, W: m n, the_vector: n"),
        ("matvec * tanh(W @ still)", "still", 1, "matvec: m, W: m n, still: n"),
        ("n * sum(exp(x))", "x", 2, "n: (), x: n"),
    ],
)
def test_no_name_is_taken(text: str, wrt: str, order: int, shapes: str) -> None:
    """What the generated functions hand each other is called like no variable and no dimension."""
    rng = np.random.default_rng(0)
    derivative = mc.derive(text, wrt, shapes=shapes, order=order)
    sizes = {"m": 4, "n": 3, "kept3": 3}
    values = {
        name: rng.standard_normal([sizes[dim] for dim in shape]) for name, shape in derivative.shapes.items()
    }
    operator = derivative.operator(**values)
    dense = derivative.numpy()(**values)
    v, u = (rng.standard_normal(operator.shape[k]) for k in (1, 0))
    assert np.allclose(operator @ v, dense @ v)
    assert np.allclose(operator.rmatvec(u), dense.T @ u)
    assert np.allclose(operator.todense(), dense)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("before", [True, False], ids=["known", "fresh"])
@pytest.mark.parametrize("kind", ["matrix", "masked", "jax", "list", "memory"])
def test_other_kinds_of_arrays(kind: str, before: bool) -> None:
    """They are converted or refused, also where arrays of the same shapes have been taken as they are."""
    derivative = mc.derive("(X * Y) @ w", "w", shapes="X: n n, Y: n n, w: n")
    X, Y, w, v = np.random.default_rng(0).standard_normal((4, 3, 3)).astype(np.float32)
    w, v = w[0], v[0]
    if before:
        derivative.operator(X=X, Y=Y, w=w)
        derivative.operator(X=X[:2, :2].tolist(), Y=Y[:2, :2].tolist(), w=w[:2].tolist())
    if kind == "masked":
        with pytest.raises(mc.DomainError, match="'X' has masked entries"):
            derivative.operator(X=np.ma.array(X, mask=X > 0), Y=Y, w=w)
        return
    made = {"matrix": np.asmatrix, "jax": _of_jax, "memory": memoryview}.get(kind, np.ndarray.tolist)
    operator = derivative.operator(X=made(X), Y=made(Y), w=w)
    assert type(operator @ v) is np.ndarray
    assert operator.shape == (3, 3)
    assert np.allclose(operator @ v, (X * Y) @ v, atol=1e-5)
    assert np.allclose(operator.rmatvec(v), (X * Y).T @ v, atol=1e-5)


def _of_jax(array: Any) -> Any:
    import jax.numpy as jnp

    return jnp.asarray(array)


@pytest.mark.parametrize("c", [2.0, 1j, 2 + 1j, np.array(2.0), np.complex64(3j)], ids=repr)
@pytest.mark.parametrize("dtype", [int, np.float32, float, np.complex64, complex])
def test_dtypes_that_differ(dtype: Any, c: Any) -> None:
    """Products, the matrix and solutions agree, also where the numbers are complex."""
    rng = np.random.default_rng(0)
    derivative = mc.derive("x.T @ A @ x + c * x.T @ x", "x", shapes="x: n, A: n n, c: ()", order=2)
    A = (10 * rng.standard_normal((4, 4)) + (10j if np.dtype(dtype).kind == "c" else 0)).astype(dtype)
    operator = derivative.operator(A=A, c=c, x=np.ones(4, dtype))
    dense = A + A.T + 2 * c * np.eye(4)
    b = rng.standard_normal(4)
    assert operator.todense().dtype == operator.dtype
    np.testing.assert_allclose(operator.todense(), dense, rtol=1e-5)
    np.testing.assert_allclose(operator @ b, dense @ b, rtol=1e-4)
    np.testing.assert_allclose(dense @ operator.solve(b), b, rtol=1e-3)


def test_a_complex_symmetric_matrix_is_not_hermitian() -> None:
    derivative = mc.derive("x.T @ A @ x", "x", shapes="x: n, A: n n", order=2)
    A = np.array([[4, 1j], [1j, 3]])
    found = derivative.operator(A=A, x=np.ones(2)).solve([1, 2])
    np.testing.assert_allclose((A + A.T) @ found, [1, 2])


@pytest.mark.parametrize(("expression", "wrt", "order", "shapes", "words"), CASES)
def test_what_is_no_number_stays_none(expression: str, wrt: str, order: int, shapes: str, words: str) -> None:
    """Whatever the structure, of a right side and of a point."""
    derivative = mc.derive(expression, wrt, order=order, shapes=shapes)
    values = point(derivative)
    operator = derivative.operator(**values)
    assert np.isnan(operator @ np.full(operator.shape[1], np.nan)).any()
    if operator.shape[0] == operator.shape[1]:
        b = np.ones((operator.shape[0], 2))
        b[0] = np.nan
        for _ in range(2):
            assert np.isnan(operator.solve(b[:, 0])).any()
            assert np.isnan(operator.solve(b)).any()
        x = {name: np.full_like(array, np.nan) for name, array in values.items() if np.ndim(array)}
        assert np.isnan(derivative.operator(**values | x).solve(b)).any()


HESSIAN = mc.derive("logsumexp(x) + c/2 * x.T @ A @ x", "x", shapes="x: n, A: n n, c: ()", order=2)
JACOBIAN = mc.derive("tanh(W @ x) * c", "x", shapes="W: m n, x: n, c: ()")


@pytest.mark.parametrize("c", [2.0, 1 + 2j], ids=["real", "complex"])
@pytest.mark.parametrize(
    "made",
    [
        lambda A: 2 * A,
        lambda A: A * (1 + 1j),
        lambda A: np.float64(2) * A,
        lambda A: A / 2,
        lambda A: -A,
        lambda A: A + A,
        lambda A: A - 2 * A,
        lambda A: 2 * A - A,
        lambda A: A.T,
        lambda A: A.transpose(),
        lambda A: A.H if hasattr(A, "H") else A.conj().T,
        lambda A: A.adjoint() if hasattr(A, "adjoint") else A.conj().T,
        lambda A: A @ A.T,
        lambda A: A.T @ A,
        lambda A: A.T.dot(A),
        lambda A: (A.T @ A) @ (2 * A.T),
        lambda A: (2 * A.T) @ A,
    ],
)
@pytest.mark.parametrize("square", [True, False])
def test_algebra(made: Any, c: complex, square: bool) -> None:
    """What SciPy does with linear operators is what NumPy does with the matrix."""
    rng = np.random.default_rng(0)
    values = {"x": rng.standard_normal(4), "c": c}
    values |= {"A": rng.standard_normal((4, 4))} if square else {"W": rng.standard_normal((3, 4))}
    operator = (HESSIAN if square else JACOBIAN).operator(**values)
    found, dense = made(operator), made(operator.todense())
    assert found.shape == dense.shape
    V, U = (rng.standard_normal((dense.shape[k], 2)) for k in (1, 0))
    np.testing.assert_allclose(found @ V, dense @ V)
    np.testing.assert_allclose(found(V), dense @ V)
    np.testing.assert_allclose(found @ V[:, 0], dense @ V[:, 0])
    np.testing.assert_allclose(found.rmatvec(U[:, 0]), dense.conj().T @ U[:, 0])
    np.testing.assert_allclose(found.rmatmat(U), dense.conj().T @ U)


@pytest.mark.parametrize(
    ("act", "shape"),
    [
        (lambda A: A.dot(np.ones(4)), (3,)),
        (lambda A: A * np.ones(4), (3,)),
        (lambda A: A([1, 2, 3, 4]), (3,)),
        (lambda A: A @ [[1], [2], [3], [4]], (3, 1)),
        (lambda A: np.ones(3) @ A, (4,)),
        (lambda A: np.ones((2, 3)) @ A, (2, 4)),
        (lambda A: A.matmat(np.zeros((4, 0))), (3, 0)),
        (lambda A: A.rmatmat(np.zeros((3, 0))), (4, 0)),
        (lambda A: A @ np.zeros((4, 0)), (3, 0)),
        (lambda A: A.matmat(np.ones((4, 1))), (3, 1)),
    ],
)
def test_shapes_of_products(act: Any, shape: tuple[int, ...]) -> None:
    operator = JACOBIAN.operator(W=np.ones((3, 4)), x=np.ones(4), c=2.0)
    assert operator.ndim == 2
    assert type(act(operator)) is np.ndarray
    assert act(operator).shape == shape


@pytest.mark.parametrize(
    "act",
    [
        lambda A: A @ 2,
        lambda A: A @ np.ones(3),
        lambda A: A @ np.ones((3, 2)),
        lambda A: A @ np.ones((4, 2, 2)),
        lambda A: A.dot([[[1]]]),
        lambda A: A.matmat(np.ones(4)),
        lambda A: A.matmat(np.full((4, 0), "a")),
        lambda A: A.rmatmat(np.ones((4, 2))),
        lambda A: A @ np.array(["a"] * 4),
    ],
)
@pytest.mark.parametrize("c", [2.0, 2j])
def test_products_that_do_not_fit(act: Any, c: complex) -> None:
    with pytest.raises(mc.MatcalcError):
        act(JACOBIAN.operator(W=np.ones((3, 4)), x=np.ones(4), c=c))


def _scipy(name: str) -> Any:
    import scipy.sparse.linalg

    return getattr(scipy.sparse.linalg, name)


@pytest.mark.parametrize("n", [8, 40])
@pytest.mark.parametrize(
    "act",
    [
        lambda A: _scipy("lobpcg")(A, np.cos(np.outer(range(A.shape[0]), [1, 2])), maxiter=99)[0],
        lambda A: _scipy("expm_multiply")(A, np.ones(A.shape[0]), traceA=1.0),
        lambda A: _scipy("expm_multiply")(A, np.eye(A.shape[0], 2), start=0, stop=1, num=3, traceA=1.0),
        lambda A: _scipy("svds")(A, k=2, return_singular_vectors=False, v0=np.ones(A.shape[0])),
        lambda A: _scipy("eigsh")(A, k=2, return_eigenvectors=False, v0=np.ones(A.shape[0])),
        lambda A: _scipy("gmres")(A, np.ones(A.shape[0]), rtol=1e-12)[0],
        lambda A: _scipy("lsqr")(A, np.ones(A.shape[0]), atol=1e-12, btol=1e-12)[0],
        lambda A: _scipy("onenormest")(A @ A),
        lambda A: _scipy("cg")(A, np.ones(A.shape[0]), M=_scipy("aslinearoperator")(A), rtol=1e-12)[0],
    ],
)
@pytest.mark.filterwarnings("ignore:The problem size")
def test_scipy_does_as_with_the_matrix(act: Any, n: int) -> None:
    derivative = mc.derive("logsumexp(x) + c * sum(x**4)", "x", order=2, shapes="x: n, c: ()")
    operator = derivative.operator(x=np.linspace(0.5, 1, n) ** 2, c=0.1)
    np.testing.assert_allclose(act(operator), act(operator.todense()), rtol=1e-6)


@pytest.mark.parametrize(
    "again",
    [lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize(("expression", "wrt", "order", "shapes", "words"), CASES)
def test_operators_travel(
    expression: str, wrt: str, order: int, shapes: str, words: str, used: bool, again: Any
) -> None:
    """Pickled or copied, before anything was computed with them or after; so does the derivation."""
    derivative = mc.derive(expression, wrt, order=order, shapes=shapes)
    values = point(derivative)
    for _ in range(2):
        operator = derivative.operator(**values)
        v = np.cos(np.arange(operator.shape[1]))
        if used:
            operator.rmatvec(operator @ v)
            str(operator)
        other = again(operator)
        assert np.array_equal(other @ v, operator @ v)
        assert np.array_equal(other.todense(), operator.todense())
        assert other.structure == operator.structure
    assert np.array_equal(again(derivative).operator(**values) @ v, operator @ v)


def test_a_deep_copy_of_an_operator_has_arrays_of_its_own() -> None:
    derivative = mc.derive("(X * Y) @ w", "w", shapes="X: n n, Y: n n, w: n")
    X = np.ones((2, 2))
    operator = derivative.operator(X=X, Y=X, w=np.ones(2))
    deep, shallow = copy.deepcopy(operator), copy.copy(operator)
    X[:] = 2
    assert np.array_equal(deep @ np.ones(2), [2, 2])
    assert np.array_equal(shallow @ np.ones(2), [8, 8])


def test_a_number_that_no_double_holds() -> None:
    """Also where arguments of its form have been taken before."""
    hessian = mc.derive("a * x.T @ x", "x", order=2, shapes="a: (), x: n")
    assert np.allclose(hessian.operator(a=1, x=np.ones(3)) @ np.ones(3), 2)
    with pytest.raises(mc.DomainError, match="'a' is not an array of numbers"):
        hessian.operator(a=10**400, x=np.ones(3))
