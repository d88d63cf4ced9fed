"""Simplification as a whole: what comes out, what stays, and that it is the same however it was written."""

from __future__ import annotations

import gc
from functools import partial

import pytest

import matcalc as mc
from matcalc.calculus.differentiate import differentiate
from matcalc.calculus.simplify import simplify
from matcalc.graph import Node, Symbol, add, contract, elementwise, live_nodes, symbol, tidy, topological
from matcalc.language.lowering import read
from matcalc.rules import find
from tests.stopwatch import processor_seconds
from tools.cases import read_cases

CASES = read_cases()

SHORTER = [
    # Inverses, determinants, orthogonal matrices
    ("det(inv(X))", "X", "X: n n", "-det(inv(X)) * inv(X).T"),
    ("det(A @ X @ B)", "X", "A: n n, X: n n, B: n n", "det(A) * det(B) * adj(X).T"),
    ("det(matrix_power(X, 3))", "X", "X: n n", "3 * det(X)**2 * adj(X).T"),
    ("det(X)", "X", "X: n n invertible", "det(X) * inv(X).T"),
    ("det(X) * tr(inv(X) @ A)", "A", "X: n n, A: n n", "det(X) * inv(X).T"),
    ("sqrt(det(X))", "X", "X: n n", "sqrt(det(X)) * inv(X).T / 2"),
    ("log(det(X))", "X", "X: n n", "inv(X).T"),
    ("norm(X @ pinv(X) @ y)**2", "y", "X: m n, y: m", "2 * pinv(X).T @ X.T @ y"),
    # Exponentials of matrices
    ("tr(expm(X))", "X", "X: n n", "expm(X).T"),
    ("tr(A @ expm(X))", "X", "A: n n, X: n n", "expm_frechet(X, A).T"),
    ("expm(t * A) @ x", "t", "t: (), A: n n, x: n", "A @ expm(t * A) @ x"),
    ("y.T @ expm(t * A) @ x", "t", "t: (), A: n n, x: n, y: n", "y.T @ A @ expm(t * A) @ x"),
    ("logdet(expm(X))", "X", "X: n n", "eye(n)"),
    ("sum((X.T @ X @ b - a)**2)", "b", "X: n n orthogonal, a: n, b: n", "2 * (b - a)"),
    # Cross products
    ("c.T @ cross(a, b)", "a", "a: 3, b: 3, c: 3", "cross(b, c)"),
    ("cross(a, b)", "a", "a: 3, b: 3", "-skew(b)"),
    ("skew(a) @ b", "a", "a: 3, b: 3", "-skew(b)"),
    # Powers
    ("tr(matrix_power(X, k))", "X", "X: n n, k: ()", "k * matrix_power(X, k - 1).T"),
    # Structure that is declared, and what follows from it
    ("logdet(D)", "D", "D: n n diagonal", "inv(D)"),
    ("tr(D @ D)", "D", "D: n n diagonal", "2 * D"),
    ("sum(eigvalsh(S))", "S", "S: n n symmetric", "eye(n)"),
    ("tr(inv(Q @ R) @ X)", "X", "Q: n n orthogonal, R: n n orthogonal, X: n n", "Q @ R"),
    ("norm(Q @ x - y)**2", "x", "Q: n n orthogonal, x: n, y: n", "2 * (x - Q.T @ y)"),
    ("x.T @ (S @ T + T @ S) @ x", "x", "S: n n symmetric, T: n n symmetric, x: n", "2 * (S @ T + T @ S) @ x"),
    ("det(A)", "A", "A: n n spd", "det(A) * inv(A)"),
    ("tr(X @ adj(A + B.T @ B))", "X", "A: n n spd, B: m n, X: n n", "det(A + B.T @ B) * inv(A + B.T @ B)"),
    ("sum(a * abs(tanh(p) * exp(x)))", "a", "p: n positive, x: n, a: n", "tanh(p) * exp(x)"),
    ("sum(p**3 * x)", "x", "p: n onehot, x: n", "p"),
    # Logistic functions
    ("sum(log(1 / (1 + exp(-x))))", "x", "x: n", "sigmoid(-x)"),
    ("sum(log(1 + exp(x)))", "x", "x: n", "sigmoid(x)"),
    ("sum(exp(x) / (exp(x) + 1))", "x", "x: n", "sigmoid(x) * (1 - sigmoid(x))"),
    # Cross-entropies: what is divided by cancels once it is distributed
    (
        "sum(y*log(sigmoid(X @ t)) + (1 - y)*log(1 - sigmoid(X @ t)))",
        "t",
        "X: m n, y: m, t: n",
        "X.T @ (y - sigmoid(X @ t))",
    ),
    ("-log(exp(u.T @ v) / sum(exp(U.T @ v)))", "v", "u: n, v: n, U: n m", "U @ softmax(U.T @ v) - u"),
    ("softmax_cross_entropy(y, z)", "z", "y: n onehot, z: n", "softmax(z) - y"),
    ("sum(W*log(softmax(Z, axis=1)))", "Z", "W: m n simplex, Z: m n", "W - softmax(Z, axis=1)"),
    # Kinks
    ("sum(relu(x)**2)", "x", "x: n", "2 * relu(x)"),
    ("sum(relu(1 - y * x)**2)", "x", "x: n, y: n", "-2 * y * relu(1 - y * x)"),
    ("sum(abs(x)**3)", "x", "x: n", "3 * x * abs(x)"),
    ("sum(a * abs(x))", "a", "x: n positive, a: n", "x"),
    # Common factors
    ("x.T @ A @ x", "x", "A: n n, x: n", "(A + A.T) @ x"),
    ("sum(sin(x + x**2))", "x", "x: n", "(2 * x + 1) * cos(x + x**2)"),
    ("3 * a * b + 2 * c * b", "b", "a: n, b: n, c: n", "diag(3 * a + 2 * c)"),
    ("norm(X @ w)**2 - 2 * y.T @ X @ w", "w", "X: m n, w: n, y: m", "2 * X.T @ (X @ w - y)"),
    # Products that meet their own inverse
    ("tr(W) * log(tr(W) * a.T @ a)", "W", "W: n n, a: n", "(log(tr(W) * (a.T @ a)) + 1) * eye(n)"),
    ("sum(V * log(W @ H) - W @ H)", "H", "V: m n, W: m k, H: k n", "W.T @ (V / (W @ H) - 1)"),
    # Products that meet the inverse of a longer one
    ("logdet(A @ X)", "X", "A: n n, X: n n", "inv(X).T"),
    ("tr(inv(B @ A) @ B @ X)", "X", "A: n n, B: n n, X: n n", "inv(A).T"),
    # Where a matrix and its transpose both have an inverse
    ("tr(inv(A.T @ X) @ B) - tr(inv(X.T @ A) @ B.T)", "B", "A: m n, X: m n, B: n n", "zeros(n, n)"),
    ("logdet(A.T @ B + C) - logdet(B.T @ A + C.T)", "A", "A: m n, B: m n, C: n n", "zeros(m, n)"),
    # Where the determinant of a factor occurs besides that of a product
    (
        "det(A @ X) / det(A)",
        "X",
        "A: n n invertible, X: n n invertible",
        "det(X) * inv(X).T",
    ),
    # Names that are not worth it
    ("sum(y * log(exp(x) / sum(exp(x))))", "x", "x: n, y: n", "y - sum(y) * softmax(x)"),
    # What expands to nothing
    ("sum((X - mean(X, axis=0))**2)", "X", "X: m n", "2 * (X - mean(X, axis=0))"),
]

STAYS = [
    ("sum((X @ w - y)**2)", "w", "X: m n, w: n, y: m", "2 * X.T @ (X @ w - y)"),
    ("u.T @ tanh(W @ x + b)", "W", "u: m, W: m n, x: n, b: m", "(u * (1 - tanh(W @ x + b)**2)) @ x.T"),
    ("tr(X @ B @ X.T @ C @ A)", "X", "A: n n, B: n n, C: n n, X: n n", None),
    ("sum(sigmoid(2 * x + 2 * y))", "x", "x: n, y: n", None),
    ("sum(p**2)", "p", "p: n simplex", "2 * p"),
    ("sum(p)", "p", "p: n simplex", "ones(n)"),
]


@pytest.mark.parametrize(("text", "wrt", "shapes", "expected"), SHORTER, ids=[row[0] for row in SHORTER])
def test_results_are_those_of_a_textbook(text: str, wrt: str, shapes: str, expected: str) -> None:
    """As nodes: the order of factors and terms is the printer's business."""
    made = mc.derive(text, wrt, shapes=shapes)
    assert made.node is mc.parse(expected, shapes=made.shapes).node


@pytest.mark.parametrize(("text", "wrt", "shapes", "expected"), STAYS, ids=[row[0] for row in STAYS])
def test_what_is_short_stays(text: str, wrt: str, shapes: str, expected: str | None) -> None:
    parsed = read(text, shapes)
    entry = parsed.shapes[wrt]
    [made] = differentiate(parsed.value.node, [(symbol(wrt, entry.shape, entry.properties),)])
    made = tidy(made)[0]
    assert simplify(made) is made
    if expected is not None:
        assert mc.derive(text, wrt, shapes=shapes).text == expected


def test_properties_only_simplify_the_result() -> None:
    """The formula is differentiated as typed, whatever is known of its variables."""
    assert mc.derive("sum(p)**2", "p", shapes="p: n simplex").text == "2 * ones(n)"
    assert mc.derive("sum(p)**3", "p", shapes="p: n simplex", order=2).text == "6 * ones(n, n)"
    mixed = mc.derive("sum(p)**2 * x**3", ("x", "x", "p"), shapes="p: n simplex, x: ()", order=3)
    assert mixed.text == "12 * x * ones(n)"


@pytest.mark.parametrize(
    ("text", "wrt"),
    [
        ("logdet(Q)", "Q"),
        ("logdet(Q @ A)", "Q"),
        ("logdet(Q.T @ A @ Q)", "Q"),
        ("tr(inv(Q) @ A)", "Q"),
        ("tr(matrix_power(Q, -2) @ A)", "Q"),
        ("det(Q)", "Q"),
        # A function that keeps the property stands beside the variable that has it.
        ("sum(softmax(p)) * sum(p)**3", "p"),
        ("sum(p)**2 * sum(softmax(x) * p)", "p"),
        ("sum(y**3 * softmax(x)) + sum(y)**3", "y"),
    ],
)
def test_second_derivatives_leave_the_set_that_a_variable_lives_on(text: str, wrt: str) -> None:
    shapes = "Q: n n orthogonal, A: n n, x: n, p: n simplex, y: n onehot"
    assert mc.derive(text, wrt, shapes=shapes, order=2).verify()


def test_the_second_derivative_at_an_orthogonal_matrix() -> None:
    hessian = mc.derive("logdet(Q)", "Q", shapes="Q: n n orthogonal", order=2)
    assert hessian.text == "-Q[i,l] * Q[k,j] -> ijkl"


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_it_is_idempotent_and_reads_back(case: object) -> None:
    made = mc.derive(case.expr, case.wrt, shapes=case.declared(), order=case.order)  # type: ignore[attr-defined]
    assert simplify(made.node) is made.node
    assert tidy(made.node)[0] is made.node
    assert mc.parse(made.text, shapes=made.shapes, functions=made.functions).node is made.node


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A @ x + A.T @ x + B @ x", "B @ x + A.T @ x + A @ x"),
        ("2 * x * cos(y) + cos(y)", "cos(y) + cos(y) * x * 2"),
        ("y * (1 - sigmoid(x)) - (1 - y) * sigmoid(x)", "-sigmoid(x) * (1 - y) + (1 - sigmoid(x)) * y"),
        ("exp(x) / (1 + exp(x))", "1 / (exp(x) + 1) * exp(x)"),
    ],
)
def test_the_order_of_terms_does_not_matter(one: str, other: str) -> None:
    shapes = "A: n n, B: n n, x: n, y: n"
    first, second = (simplify(tidy(read(text, shapes).value.node)[0]) for text in (one, other))
    assert first is second


def network(depth: int, activation: str, residual: bool) -> tuple[Node, Symbol]:
    function = find(activation)
    weights = [symbol(f"W{k}", ("n", "n")) for k in range(depth)]
    layer: Node = symbol("x", ("n",))
    for weight in weights:
        raw = elementwise(function, contract([(weight, "ij"), (layer, "j")], "i"))
        layer = add(raw, layer) if residual else raw
    return contract([(symbol("u", ("n",)), "i"), (layer, "i")], ""), weights[0]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
@pytest.mark.parametrize("residual", [False, True])
def test_deep_networks_take_linear_time(activation: str, residual: bool) -> None:
    seconds = []
    for depth in (50, 500):
        output, weight = network(depth, activation, residual)
        [made] = tidy(*differentiate(tidy(output)[0], [(weight,)]))
        seconds.append(processor_seconds(partial(simplify, made)) / len(topological([made])))
    assert seconds[1] < 5 * seconds[0]


def test_a_product_of_many_factors_does_not_recurse() -> None:
    factors = [(symbol(f"A{k}", ("n", "n")), (k, k + 1)) for k in range(3000)]
    chain = contract(factors, (0, 3000))
    inverse = read("inv(X)", "X: n n").value.node
    node = add(chain, contract([(inverse, "ij"), (chain, "jk")], "ik"))
    [node] = tidy(node)
    assert simplify(node).axes == ("n", "n")


def test_simplification_leaves_no_circles() -> None:
    """Its nodes go when the result goes, without waiting for the collector, which is paused meanwhile."""
    mc.derive("norm(A @ x)**2 / (x.T @ x)", "x", shapes="A: n n, x: n").text  # noqa: B018
    gc.collect()
    before = live_nodes()
    gc.disable()
    try:
        assert mc.derive("norm(A @ x)**2 / (x.T @ x)", "x", shapes="A: n n, x: n", order=2).text
        assert live_nodes() == before
    finally:
        gc.enable()
