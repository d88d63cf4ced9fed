"""Results as a book prints them, letter by letter: what must never read worse than this."""

from __future__ import annotations

import pytest

import matcalc as mc

RATIO = "A: n n, x: n"
CUBIC = "a: n, b: n, c: n, x: n"
LAYER = "u: m, W: m n, x: n, b: m"
LOGITS = "W: m n, x: n, y: m onehot"

# formula, variable, shapes, order, layout, what is printed
FORMS = [
    # Jacobians and Hessians with a name of their own
    ("A @ X @ B", "X", "A: p m, X: m n, B: n q", 1, "jacobian", "kron(B.T, A)"),
    ("inv(X)", "X", "X: n n", 1, "jacobian", "-kron(inv(X).T, inv(X))"),
    ("logsumexp(x)", "x", "x: n", 2, "shape", "diag(softmax(x)) - softmax(x) @ softmax(x).T"),
    # Between two matrices: diag(p) - p pᵀ stays together
    (
        "logsumexp(A @ x + b)",
        "x",
        "A: m n, x: n, b: m",
        2,
        "shape",
        "A.T @ (diag(softmax(A @ x + b)) - softmax(A @ x + b) @ softmax(A @ x + b).T) @ A",
    ),
    (
        "V.T @ softmax(K @ x / 2)",
        "x",
        "V: m k, K: m n, x: n",
        1,
        "shape",
        "V.T @ (diag(softmax(K @ x / 2)) - softmax(K @ x / 2) @ softmax(K @ x / 2).T) @ K / 2",
    ),
    (
        "sum(softmax(Q @ K.T / sqrt(d), axis=1) @ V * G)",
        "Q",
        "Q: n d, K: m d, V: m p, G: n p",
        1,
        "shape",
        "((G @ V.T - sum(P * (G @ V.T), axis=1) @ ones(1, m)) * P) @ K / sqrt(d) "
        "where P = softmax(Q @ K.T / sqrt(d), axis=1)",
    ),
    ("sum(log(abs(x)))", "x", "x: n", 1, "shape", "1 / x"),
    ("entropy(softmax(x))", "x", "x: n", 1, "shape", "softmax(x) * ((x.T @ softmax(x)) * ones(n) - x)"),
    ("logdet(Q @ S @ Q.T)", "S", "Q: n n orthogonal, S: n n spd", 1, "shape", "inv(S)"),
    (
        "tanh(W @ x + b)",
        "W",
        "W: m n, x: n, b: m",
        1,
        "shape",
        "(1 - tanh(W @ x + b)**2)[i] * x[k] * eye(m)[i,j] -> ijk",
    ),
    ("norm(A @ x - b)**2", "x", "A: m n, x: n, b: m", 2, "shape", "2 * A.T @ A"),
    ("u.T @ f(W @ x + b)", "x", LAYER, 2, "shape", "W.T @ diag(u * f''(W @ x + b)) @ W"),
    ("1/2 * norm(X - U @ V.T)**2", "U", "X: m n, U: m k, V: n k", 2, "jacobian", "kron(V.T @ V, eye(m))"),
    ("logdet(X.T @ X)", "X", "X: m n", 1, "shape", "2 * X @ inv(X.T @ X)"),
    (
        "sum(log(1 + exp(-y * (X @ w))))",
        "w",
        "X: m n, w: n, y: m",
        2,
        "shape",
        "X.T @ diag(sigmoid(y * (X @ w)) * sigmoid(-y * (X @ w)) * y**2) @ X",
    ),
    # A number among the factors stays a number
    (
        "x.T @ A @ x / (x.T @ x)",
        "x",
        RATIO,
        1,
        "shape",
        "(A + A.T) @ x / (x.T @ x) - 2 * (x.T @ A @ x) * x / (x.T @ x)**2",
    ),
    (
        "x.T @ A @ x / (x.T @ x)",
        "x",
        RATIO,
        2,
        "shape",
        "(A + A.T) / (x.T @ x) - 2 * (x.T @ A @ x) * eye(n) / (x.T @ x)**2"
        " + 8 * (x.T @ A @ x) * x @ x.T / (x.T @ x)**3"
        " - 2 * ((A + A.T) @ x @ x.T + x @ x.T @ (A + A.T)) / (x.T @ x)**2",
    ),
    (
        "(a.T @ x) * (b.T @ x) * (c.T @ x)",
        "x",
        CUBIC,
        1,
        "shape",
        "(a.T @ x) * (x.T @ c) * b + (a.T @ x) * (x.T @ b) * c + (x.T @ b) * (x.T @ c) * a",
    ),
    (
        "(a.T @ x) * (b.T @ x) * (c.T @ x)",
        "x",
        CUBIC,
        2,
        "shape",
        "(x.T @ c) * (a @ b.T + b @ a.T) + (x.T @ b) * (c @ a.T + a @ c.T) + (a.T @ x) * (c @ b.T + b @ c.T)",
    ),
    # Tensors are sums of plain products of entries, or Kronecker products
    (
        "softmax_cross_entropy(y, W @ x)",
        "W",
        LOGITS,
        2,
        "shape",
        "(diag(softmax(W @ x)) - softmax(W @ x) @ softmax(W @ x).T)[i,k] * x[j] * x[l] -> ijkl",
    ),
    (
        "softmax_cross_entropy(y, W @ x)",
        "W",
        LOGITS,
        2,
        "jacobian",
        "kron(x @ x.T, diag(softmax(W @ x)) - softmax(W @ x) @ softmax(W @ x).T)",
    ),
    (
        "a.T @ inv(X) @ b",
        "X",
        "a: n, X: n n, b: n",
        2,
        "jacobian",
        "commutation(n, n) @ kron(inv(X).T @ a @ b.T @ inv(X).T, inv(X))"
        " + commutation(n, n) @ kron(inv(X).T, inv(X) @ b @ a.T @ inv(X))",
    ),
    # Exponentials are known by their name once differentiated
    ("exp(x) / sum(exp(x))", "x", "x: n", 1, "shape", "diag(softmax(x)) - softmax(x) @ softmax(x).T"),
    (
        "exp(x - max(x)) / sum(exp(x - max(x)))",
        "x",
        "x: n",
        1,
        "shape",
        "diag(softmax(x)) - softmax(x) @ softmax(x).T",
    ),
    ("log(exp(x) / sum(exp(x)))", "x", "x: n", 1, "shape", "eye(n) - ones(n) @ softmax(x).T"),
    ("log(sum(exp(x - max(x)))) + max(x)", "x", "x: n", 1, "shape", "softmax(x)"),
    (
        "-sum(y * log(exp(x - max(x)) / sum(exp(x - max(x)))))",
        "x",
        "x: n, y: n onehot",
        1,
        "shape",
        "softmax(x) - y",
    ),
    (
        "sum(Y * log(exp(X) / sum(exp(X), axis=1)))",
        "X",
        "X: m n, Y: m n simplex",
        1,
        "shape",
        "Y - softmax(X, axis=1)",
    ),
    ("log(sum(exp(x)))", "x", "x: n", 2, "shape", "diag(softmax(x)) - softmax(x) @ softmax(x).T"),
    ("exp(z) / (1 + exp(z))", "z", "z: ()", 1, "shape", "sigmoid(z) * (1 - sigmoid(z))"),
    ("sum(log(1 + exp(x)))", "x", "x: n", 1, "shape", "sigmoid(x)"),
    ("(exp(x) - exp(-x)) / (exp(x) + exp(-x))", "x", "x: ()", 1, "shape", "1 - tanh(x)**2"),
    ("sum(log(exp(x) + exp(-x)))", "x", "x: n", 2, "shape", "diag(1 - tanh(x)**2)"),
    ("mean((x - mean(x))**2)", "x", "x: n", 1, "shape", "2 * (x - mean(x)) / n"),
    # Diagonal matrices of sums, polynomials in falling powers
    (
        "sum(sigmoid(x))",
        "x",
        "x: n",
        2,
        "shape",
        "diag(sigmoid(x) * (1 - sigmoid(x)) * (1 - 2 * sigmoid(x)))",
    ),
    ("sum(x**3 * exp(x))", "x", "x: n", 2, "shape", "diag(x * exp(x) * (x**2 + 6 * x + 6))"),
    (
        "1 + x * (2 + x * (3 + x * (4 + 5 * x)))",
        "x",
        "x: ()",
        1,
        "shape",
        "20 * x**3 + 12 * x**2 + 6 * x + 2",
    ),
    # A product meets the inverse of a product that it is a part of
    ("det(A @ X @ B)", "X", "A: n n, X: n n, B: n n", 1, "shape", "det(A) * det(B) * adj(X).T"),
    ("logdet(X @ X @ X)", "X", "X: n n", 1, "shape", "3 * inv(X).T"),
]


@pytest.mark.parametrize(("text", "wrt", "shapes", "order", "layout", "expected"), FORMS)
def test_it_reads_like_a_book(
    text: str, wrt: str, shapes: str, order: int, layout: str, expected: str
) -> None:
    made = mc.derive(text, wrt, shapes=shapes, order=order, layout=layout)
    assert made.text == expected
    assert made.verify(samples=1)
