"""What the fuzzer found, made small: a line each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc
from tests.fuzz.laws import check_latex
from tests.reference import evaluate

SIZES = {"n": 3, "m": 4, "p": 2, "q": 5}

# What h and its derivatives stand for.
FUNCTIONS = {letter + "'" * order: np.exp for letter in "fgh" for order in range(4)}

# Expression, shapes, order. All derivatives by all variables must be right and read back, in every layout.
CASES = [
    # The vec of an identity came out as ones: the run of a repeated label counted as a size of its own.
    ("tr(A)", "A: n n", 1),
    ("X", "X: n n", 1),
    # Letters in brackets were printed and could not be read.
    ("A.T * (B @ M)", "A: p n, B: n n, M: n p", 1),
    ("A @ x", "A: n m, x: m", 1),
    # A stacked matrix made into a matrix again had no formula.
    ("min(Y)", "Y: m n", 1),
    ("vec(A).T @ argmax_indicator(vec(B))", "A: m n, B: m n", 1),
    ("logsumexp(W)", "W: n n", 1),
    # Twice transposed, in two spellings.
    ("x.Tᵀ + y.T.T", "x: n, y: n", 1),
    # A label that the collected rest had summed was counted again: q times too large.
    ("v.T @ outer(w, Y @ v / c)", "v: q, w: 1 q, Y: q q, c: ()", 1),
    # A power with a variable exponent was its own base.
    ("sigmoid(c)**t * t", "c: (), t: ()", 1),
    # Equal factors on different outputs had no order of their own.
    ("sigmoid(b)**(sum(W @ v) - p)", "b: p, W: n m, v: m", 2),
    # Terms of an index form were built with their letters in another order and then turned.
    ("relu(z @ w) * (z * z).T", "w: q, z: 1 q", 2),
    ("w.T @ w * w", "w: q", 2),
    ("W_2 / B", "B: m m symmetric, W_2: m m", 1),
    ("argmax_indicator(kron(u, W1)) @ outer(vec(X).T, x.T)", "W1: p p, u: 1 n, X: p n, x: 1 p", 1),
    # A row of fused outputs in index notation was read as a column.
    ("t / y[r] * W[j,j] * W[k,l]**2 -> ljr", "y: q, W: p p, t: ()", 1),
    # The definition of a named part was its own name.
    ("cos(kron(B, x.T) @ (kron(w, x) / kron(v, w)))", "B: p n, x: p, w: n, v: p", 2),
    # A difference of rank 3 has no formula in matrix notation to turn round.
    ("minimum(ones(p, 4) @ X, norm(v - v * v))", "X: 4 n, v: n, e: p", 1),
    ("log_softmax(eye(m) / mu, axis=0)", "mu: (), e: m", 1),
    # Sums that are spread over another axis were nested as typed.
    ("beta + y.T @ y + S", "beta: (), y: p, S: n n", 1),
    ("(W - (-diag(w)[t,t] + X[t,t] -> t))**2", "w: n, X: n n, W: n p", 1),
    # A root typed as a decimal was another node than the root it printed as.
    ("y**0.5", "y: q", 1),
    # Split only to be fused again.
    ("x[t] * M[j,j] / logsumexp(W) -> j", "x: q, M: p p, W: n n", 1),
    # A product to a power, one of whose factors has no index in common with the others.
    ("alpha / (z @ (alpha * w))", "alpha: (), w: q, z: 1 q", 1),
    # Fresh labels of a contraction met those that its factors brought along.
    ("(z[t] * relu(B[r,k]) -> k) @ b.T", "z: p, B: m q, b: m", 1),
    # Cancelling divided by what was not divided by, and powers of rank 3 had no index notation.
    ("log(kron(X, y)**2 + 1)", "X: p p, y: n", 1),
    # Entries below the line that are summed there stand above, as (1 / X)[k,k].
    ("tr((1 / S[k,i] * (Y[l,j] + M[l,j]) - X[k,l] -> ki))", "S: 6 6, Y: n n, M: n n, X: 6 n", 1),
    ("norm(S**(-1) @ (W @ S))", "W: q n, S: n q", 1),
    # A matrix product among entries needs its parentheses.
    ("w[i] * h(Y)[j,j] * v[k] * (x.T @ y) -> ijk", "w: p, Y: n n, v: q, x: m, y: m", 1),
    # A shared diagonal matrix: the column on it is what is shared, and what reading gives back.
    ("abs(diagonal(B @ B)) * exp(x)", "B: n n, x: n", 1),
    ("X @ y / softmax(z)", "z: m, X: m p, y: p", 1),
    # A tensor among the factors has no formula in matrix notation to settle.
    ("inv((W - X) @ (W - X).T)", "W: 2 3, X: 2 3", 1),
    # What stands deeper than a turned difference keeps its own signs: wrong text.
    ("3 * n / (2 + (-(Z.T[s] - w.T[s])**3 ->)) where Z = n * (W @ b)", "W: n p, b: p, w: n", 1),
    # An odd power did not show the changed signs of its base: wrong text.
    ("norm(mse(mu, 1))", "mu: ()", 1),
    (
        "((w[j] * S[i,i] * ones(p)[t] -> ti)[j,t] - M[t,j])**3 * Y[t,t] ->",
        "Y: n n, w: n, S: n n, M: n p, e: p",
        1,
    ),
    ("mean(diagonal(kron(c / tr(outer(y, y)), X)))", "c: (), y: m, X: q q", 1),
    # A function of a tensor, on its diagonal.
    ("cosh(kron(w.T, eye(p)))", "w: m, e: p", 1),
    # What is not summed stays out of a power of a sum, however it was nested.
    ("1 / (A @ (W / v.T))[i,t] * v[k] * mu / v[i] -> ik", "v: p, A: p m, W: m p, mu: ()", 1),
    # Fused axes that meet an axis of other parts: what they do not hold stands beside them, and transposes are one.
    ("kron(ones(m, p), w.T) @ kron(y, X)", "w: m, y: m, X: p p", 1),
    ("kron(x.T, Y) @ kron(ones(p, p), z)", "x: n, Y: n p, z: n", 1),
    ("outer(x, vec(X)) @ kron(y, W)", "y: p, x: m, X: p m, W: m p", 1),
    (
        "alpha * (kron(b.T, Y) @ kron(x, W))[s,i] - b[l] * A[s,i] -> li",
        "b: p, Y: n n, x: n, W: p p, alpha: (), A: n p",
        1,
    ),
    ("g(b.T @ (kron(X, y).T @ (kron(y, M) @ y)))", "b: m, M: m n, X: m m, y: n", 1),
    ("tr(kron(y.T, W) @ (kron(u, M) * kron(y, W.T)))", "M: 6 6, y: 6, W: 6 p, u: p", 1),
    # Squares of sums that hang together with other factors.
    ("(-W[s,k] * X[i,t] -> ki) @ (W @ b * (X @ ones(n)))", "b: m, W: m m, X: m n", 1),
    ("tr((A[t,i] * c * y[k] -> it) @ (A[t,i] * c * y[k] -> it).T)", "y: m, A: m m, c: ()", 1),
    # A difference outside a tensor changed its signs inside as well: wrong text.
    ("logsumexp(cos(y @ (n - y).T))", "y: n", 2),
    # Nothing is divided by the zeros of a diagonal matrix.
    ("c / (1 / B.T[l,r] * S[l,l] -> rl)", "c: (), S: m m diagonal, B: n m", 1),
    # Other variables come first in what is written than in what was typed.
    ("(f(y) * y).T @ b", "y: n, b: n", 1),
    ("sum(d) * d.T @ (X @ (d * d)) where d = h(v)", "X: n n, v: n", 1),
    # A letter that one term's factors share was taken for shared around the next term: wrong text.
    (
        "-(B[r,r] * (A[r,k] - z[r]) + B[r,r] * (w * (-Y[j,j] -> j))[k] -> k)[l] * mu + Y[l,l] * 2 ->",
        "z: m positive, w: q, Y: q q, B: m m, A: m q positive, mu: ()",
        1,
    ),
    # Letters of one axis inside a function have their sizes from nowhere.
    ("square(argmax_indicator(Y))", "Y: n n", 1),
    ("diagonal(square(argmax_indicator(Y)))", "Y: n n", 1),
    # The proof that a text is its node took too large arrays, or did not see what the reader does.
    ("vec(M).T @ h'(kron(y, W) * kron(ones(q, n), y))", "M: n q, y: n, W: q n", 2),
    (
        "maximum(kron(u.T, W) @ (kron(y, Y) @ (kron(X, y.T) @ kron(M, z))), M)",
        "u: p, W: m m, y: m, Y: p n, X: n n, M: m p, z: n",
        1,
    ),
    ("norm(w.T @ w * w)", "w: n", 1),
    ("norm(x / norm(x)) * x / norm(x)", "x: n", 1),
    ("polar(pinv(X @ x))", "X: p p, x: p", 1),
    ("singular_dyad(polar(ones(p, m) @ y + b))", "y: m, b: p", 1),
    ("polar((sum(maximum(w, 1)) - ones(q)) * v)", "v: q, w: m", 1),
    ("vee((W[l,l] * ones(3, p)[r,l] * sum(y) * y[j] -> rj))", "y: 3, W: p p", 1),
    # A sum and its transpose, in either order.
    ("(W - X @ sinh(M) @ Y).T + (W - X @ sinh(M) @ Y)", "W: q q, X: q m, M: m p, Y: p q", 1),
    ("W - X @ sinh(M) @ Y + (W - X @ sinh(M) @ Y).T", "W: q q, X: q m, M: m p, Y: p q", 1),
]


def values_of(expression: Any) -> dict[str, Any]:
    """Generic positive values, which suit every function above; a symmetric matrix is symmetric."""
    rng = np.random.default_rng(0)
    found = {}
    for name, declared in expression.shapes.items():
        shape = str(declared).replace("()", "").split()
        dims = [word for word in shape if word in SIZES or word.isdigit()]
        value = rng.uniform(0.3, 1.2, [SIZES[dim] if dim in SIZES else int(dim) for dim in dims])
        found[name] = (value + value.T) / 2 if "symmetric" in shape else value
    return found


@pytest.mark.parametrize(("text", "shapes", "order"), CASES, ids=[case[0] for case in CASES])
def test_regression(text: str, shapes: str, order: int) -> None:
    expression = mc.parse(text, shapes=shapes)
    values = values_of(expression)
    assert_reads_back(expression)
    for name in expression.shapes:
        before = expression
        for _ in range(order - 1):
            before = mc.derive(before, name).expression
        derivative = mc.derive(expression, name, order=order)
        assert_reads_back(derivative)
        ours = evaluate(derivative.node, values, SIZES, functions=FUNCTIONS)
        theirs = differences(before.node, values, name)
        if "symmetric" in str(expression.shapes[name]):
            theirs = (theirs + np.swapaxes(theirs, -1, -2)) / 2
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
        if order == 1:
            for layout in ("jacobian", "denominator"):
                assert_reads_back(mc.derive(expression, name, layout=layout))


def differences(node: Any, values: dict[str, Any], name: str) -> Any:
    """Central differences, axes of the output before those of the variable."""
    shape = values[name].shape
    columns = []
    for place in np.ndindex(*shape):
        step = np.zeros(shape)
        step[place] = 1e-5
        above, below = (
            np.asarray(
                evaluate(node, {**values, name: values[name] + sign * step}, SIZES, functions=FUNCTIONS)
            )
            for sign in (1, -1)
        )
        columns.append((above - below) / 2e-5)
    stacked = np.stack(columns, axis=-1)
    axes = tuple(count for count in shape if count != 1)
    return stacked.reshape(stacked.shape[:-1] + axes)


def assert_reads_back(shown: Any) -> None:
    """A derivative's text to its node, an expression's to itself, index notation to an equal one; LaTeX is balanced."""
    again = mc.parse(shown.text, shapes=shown.shapes, functions=shown.functions)
    if isinstance(shown, mc.Expression):
        assert again.text == shown.text
        assert again.written_node is shown.written_node
    else:
        assert again.node is shown.node, f"{shown.text} reads as {again.text}"
    assert again.shape == shown.shape
    assert again == shown
    assert (
        mc.parse(shown.index_notation, shapes=shown.shapes)._normal
        is mc.parse(shown.text, shapes=shown.shapes)._normal
    )
    check_latex(shown.latex)
