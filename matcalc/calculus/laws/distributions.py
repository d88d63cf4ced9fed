"""Laws of probability vectors, softmax and logsumexp. A matrix is a distribution in each row."""

from __future__ import annotations

from matcalc.calculus.laws.law import Law

_SIMPLEX = "the entries sum to one"
_ONEHOT = "0 and 1 are their own squares"
_SOFTMAX = "Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.2.2.3"
_LOGSUMEXP = "Boyd & Vandenberghe 2004, Convex Optimization, section 3.1.5"

LAWS = (
    Law("sum(p) = 1", "p: n simplex", _SIMPLEX, unlike=("sum(x)", "sum(p * x)", "sum(p**2)")),
    Law("sum(P, axis=1) = ones(m)", "P: m n simplex", _SIMPLEX, unlike=("sum(P, axis=0)", "sum(X, axis=1)")),
    Law("p**2 = p", "p: n onehot", _ONEHOT, unlike=("x**2",)),
    Law("P**2 = P", "P: m n onehot", _ONEHOT),
    Law("p**3 = p", "p: n onehot", _ONEHOT, unlike=("x**3",)),
    Law(
        "exp(x) / sum(exp(x)) = softmax(x)",
        "x: n",
        _SOFTMAX,
        unlike=("exp(x) / sum(exp(y))", "exp(x) * sum(exp(x))", "exp(x) / sum(x)"),
    ),
    Law(
        "exp(X) / sum(exp(X), axis=1) = softmax(X, axis=1)",
        "X: m n",
        _SOFTMAX,
        unlike=("exp(X) / sum(exp(X))", "exp(X) / sum(X, axis=1)"),
    ),
    Law("exp(X) / sum(exp(X), axis=0) = softmax(X, axis=0)", "X: m n", _SOFTMAX),
    Law(
        "softmax(x) / exp(x) = ones(n) / sum(exp(x))",
        "x: n",
        _SOFTMAX,
        unlike=("softmax(x) * exp(x)", "softmax(x) / exp(y)"),
    ),
    Law(
        "softmax(x) / exp(x - c) = ones(n) / sum(exp(x - c))",
        "x: n, c: ()",
        _SOFTMAX,
        unlike=("softmax(x) / exp(x - y)",),
    ),
    Law(
        "softmax(X, axis=1) * sum(exp(X), axis=1) / exp(X) = ones(m, n)",
        "X: m n",
        _SOFTMAX,
        unlike=("softmax(X, axis=0) * sum(exp(X), axis=1) / exp(X)",),
    ),
    Law("softmax(x - c) = softmax(x)", "x: n, c: ()", _SOFTMAX, unlike=("softmax(x - y)", "softmax(c * x)")),
    Law(
        "logsumexp(x - c) + c = logsumexp(x)",
        "x: n, c: ()",
        _LOGSUMEXP,
        unlike=("logsumexp(x - y) + sum(y)", "logsumexp(x - c) - c"),
    ),
    Law("exp(x - logsumexp(x)) = softmax(x)", "x: n", _SOFTMAX, unlike=("exp(x - logsumexp(y))",)),
    Law("exp(X - logsumexp(X, axis=1)) = softmax(X, axis=1)", "X: m n", _SOFTMAX),
    Law(
        "log(sum(exp(x))) = logsumexp(x)", "x: n", _LOGSUMEXP, unlike=("log(sum(x))", "log(sum(exp(x) * y))")
    ),
    Law("log(sum(exp(X), axis=1)) = logsumexp(X, axis=1)", "X: m n", _LOGSUMEXP),
    Law("log(sum(exp(X), axis=0)) = logsumexp(X, axis=0)", "X: m n", _LOGSUMEXP),
)
