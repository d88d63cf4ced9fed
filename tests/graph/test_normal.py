"""The full normal form: it comes to rest, and what it makes one node is one."""

from __future__ import annotations

import pytest

import matcalc as mc

SHAPES = "X: q q, x: q, Y: q m"

RESTS = [
    # The sum below the line has another leading term, so another sign, when its axes change places.
    "(1 / (-(X[t,l] - x[l]) * exp(Y.T[r,t]) -> rl)[i,k] -> k).T @ x",
    "sum(1 / (exp(Y.T) @ (x.T - X)), axis=0) @ X @ x",
    "sum(1 / (2 * X - 3 * x @ x.T), axis=1).T @ x",
    "sum(1 / (X - X.T), axis=1).T @ x",
]


@pytest.mark.parametrize("text", RESTS)
def test_it_comes_to_rest(text: str) -> None:
    formula = mc.parse(text, shapes=SHAPES)
    assert formula == mc.parse(formula.text, shapes=SHAPES)
    assert formula - formula == mc.parse("0 * sum(x)", shapes="x: q")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tanh(X.T @ Y)", "tanh(Y.T @ X).T"),
        ("1 / (X.T - x)", "(1 / (X - x.T)).T"),
        ("X.T @ (X @ x - Y @ ones(m))", "X.T @ X @ x - X.T @ sum(Y, axis=1)"),
        ("1 / (2 * X + 2 * x)", "1 / (X + x) / 2"),
        # A sum that is only repeated along an axis, beside other terms.
        ("(x + X @ x) @ ones(1, m) + Y", "x @ ones(1, m) + X @ x @ ones(1, m) + Y"),
        ("sum(x) * Y - 2 * (Y + x + X @ x)", "(sum(x) - 2) * Y - 2 * (x + X @ x) @ ones(1, m)"),
        # A function on its diagonal, as it comes about while a product is opened.
        ("tr(minimum(x, X.T) - X)", "sum(minimum(x, diagonal(X))) - tr(X)"),
        ("tr(tanh(X - x)**2)", "sum(tanh(diagonal(X) - x)**2)"),
        # Orders of axes that differ in signs.
        ("1 / (x.T - x - eye(q))", "-(1 / (x.T - x + eye(q))).T"),
        # Roots of numbers and of products.
        ("sqrt(2 * pi)", "sqrt(2) * sqrt(pi)"),
        ("sqrt(8 / pi)", "2 * sqrt(2) / sqrt(pi)"),
        ("sqrt(2) * sqrt(3) / sqrt(1 / 6)", "6"),
        ("2**(2/3) * 2**(2/3)", "2 * 2**(1/3)"),
        ("sqrt(-6 * x)", "sqrt(2) * sqrt(-3 * x)"),
        ("sqrt(2 * x + 2 * X @ x)", "sqrt(2) * sqrt(x + X @ x)"),
        ("norm(x.T @ x * x)", "norm(x)**3"),
        ("sqrt(x.T @ x * sum(Y))", "norm(x) * sqrt(sum(Y))"),
        ("sqrt(norm(X @ x)**2 / norm(X @ x)**4)", "1 / norm(X @ x)"),
        ("sqrt(norm(X @ x)**2 * norm(Y)**2)", "norm(Y) * norm(X @ x)"),
        ("sqrt((x.T @ X @ x)**3)", "(x.T @ X @ x) * sqrt(x.T @ X @ x)"),
        ("sqrt(norm(X @ x)**2 * norm(x)**2 / (norm(X @ x)**4 * norm(x)**4))", "1 / (norm(x) * norm(X @ x))"),
        ("sqrt(x**(-2)) / x", "x / sqrt(x**2) / x**2"),
        ("sqrt(x**(-4))", "x**(-2)"),
        ("sqrt((sum(x @ x.T) + 2)**2)", "sum(x)**2 + 2"),
        ("sqrt((sum(x @ x.T) + 2)**3)", "(sum(x)**2 + 2)**(3/2)"),
        # A base that meets its power.
        ("x.T @ x / norm(x)", "norm(x)"),
        ("(x / norm(x)) / norm(x / norm(x))", "x / norm(x)"),
        ("sum(x * (X @ x) / (X @ x)**2)", "sum(x / (X @ x))"),
        ("X.T @ ((Y @ Y.T @ x) / (Y @ Y.T @ x))", "sum(X, axis=0).T"),
        ("(x + X @ x)**(3/2)", "x * sqrt(x + X @ x) + (X @ x) * sqrt(x + X @ x)"),
        # What is divided by a sum.
        ("(2 * x + 2 * X @ x) / (x + X @ x)", "2 * ones(q)"),
        ("x / (x + X @ x) + (X @ x) / (x + X @ x)", "ones(q)"),
        ("x**3 / (x + X @ x)", "x**2 - x * (X @ x) + (X @ x)**2 * x / (x + X @ x)"),
        ("(X**2 - (X**2).T) / (X - X.T)**2", "(X + X.T) / (X - X.T)"),
        ("x.T @ x / (x.T @ x + sum(Y))", "1 - sum(Y) / (x.T @ x + sum(Y))"),
        ("x / sqrt(x + X @ x) + (X @ x) / sqrt(x + X @ x)", "sqrt(x + X @ x)"),
        ("1 / (1 + exp(-x)) + exp(-x) / (1 + exp(-x))", "ones(q)"),
        ("tr((X + X @ X) / (X + X @ X))", "q"),
        ("norm((x + X @ x) / norm(x + X @ x))", "1"),
        # A decimal is the fraction that it says.
        ("0.1 * (X @ (0.7 * x + x**2))", "X @ (0.07 * x + 0.1 * x**2)"),
    ],
)
def test_one_value_one_node(one: str, other: str) -> None:
    assert mc.parse(one, shapes=SHAPES) == mc.parse(other, shapes=SHAPES)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 / (X - x)", "1 / (x - X)"),
        ("tanh(X)", "tanh(X.T)"),
        ("sqrt(x**2)", "x"),
        ("sqrt(x * (X @ x))", "sqrt(x) * sqrt(X @ x)"),
        ("sqrt(x.T @ X @ x)", "-sqrt(x.T @ X @ x)"),
        ("sqrt((x.T @ X @ x)**2)", "x.T @ X @ x"),
        ("sqrt((sum(x @ x.T) - 2)**2)", "sum(x)**2 - 2"),
        ("sqrt(sum(x) * (x.T @ X @ x))", "sqrt(sum(x)) * sqrt(x.T @ X @ x)"),
        ("x.T @ x / norm(x)", "norm(x)**2"),
        ("(x @ x.T) * (x.T @ x)**(-1)", "eye(q)"),
        ("(x + X @ x) / (x - X @ x)", "ones(q)"),
        ("X / (X + X.T)", "X.T / (X + X.T)"),
        ("x.T @ (x / (x + X @ x))", "x.T @ x / sum(x + X @ x)"),
    ],
)
def test_other_values_are_other_nodes(one: str, other: str) -> None:
    assert mc.parse(one, shapes=SHAPES) != mc.parse(other, shapes=SHAPES)


def test_forms_too_long_to_expand_are_proven_closed_or_not_at_all() -> None:
    sums = [f"(x + sin({k} * x) + cos({k} * x))" for k in range(2, 14)]
    whole = mc.parse(" * ".join(sums), shapes=SHAPES)
    doubled = mc.parse(" * ".join(["(2 * x + 2 * sin(2 * x) + 2 * cos(2 * x))", *sums[:0:-1]]), shapes=SHAPES)
    assert doubled == 2 * whole
    with pytest.raises(mc.LimitError):
        assert whole == doubled


STUCK = "M: m n, N: n m, X: m m, B: p p, C: p m, x: m, y: n, z: p"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Fused axes that meet an axis which can't be taken apart.
        ("vec(N).T @ kron(y, X @ x)", "vec(N).T @ kron(y, X) @ x"),
        ("vec(M).T @ kron(y, X @ x)", "vec(M).T @ kron(y, X) @ x"),
        (
            "vec(M).T @ (kron(x, ones(n)) * kron(ones(n), x))",
            "(vec(M) * kron(ones(n), x)).T @ kron(x, ones(n))",
        ),
        ("kron(X, y.T) @ commutation(m, n) @ vec(M)", "kron(X, y.T) @ vec(M.T)"),
        (
            "sum(kron(B @ C, x @ z.T) * commutation(m, p))",
            "tr(kron(C, z.T) @ commutation(p, m) @ kron(B, x))",
        ),
        (
            "diag(argmax_indicator(vec(C))) @ kron(ones(m), eye(p))",
            "argmax_indicator(vec(C))[(ij)] * eye(p)[j,k] * ones(m)[i] -> (ij),k",
        ),
        # A function of what is split only to be fused again.
        (
            "vec(M).T @ tanh(kron(y, x) * kron(x, y))",
            "M[i,j] * tanh(kron(y, x) * kron(x, y))[(ji)] ->",
        ),
    ],
)
def test_fused_axes_have_one_form(one: str, other: str) -> None:
    assert mc.parse(one, shapes=STUCK) == mc.parse(other, shapes=STUCK)
