"""Before a graph is computed: forms that keep digits where the user's would overflow or cancel, and cheaper products.

log(1 + exp(x)) overflows where softplus(x) is x; exp(x) - 1 loses the digits of a small x. Values stay the same in
exact arithmetic, so that this is done to what is computed only, never to what is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from matcalc.calculus.laws.index import Laws, features
from matcalc.calculus.laws.law import Law
from matcalc.graph import Contract, Node, Sum, contract, linear, rebuild, scale, topological

_SOURCE = "Higham 2002, Accuracy and Stability of Numerical Algorithms, sections 1.7 and 1.14"
_SOFT = "Blanchard, Higham & Higham 2021, Accurately computing the log-sum-exp and softmax functions"

LAWS = (
    Law("log(1 + exp(x)) = softplus(x)", source=_SOURCE),
    Law("log1p(exp(x)) = softplus(x)", source=_SOURCE),
    Law("log(sigmoid(x)) = -softplus(-x)", source=_SOURCE),
    Law("1 / (1 + exp(x)) = sigmoid(-x)", source=_SOURCE),
    Law("exp(x) * sigmoid(-x) = sigmoid(x)", source=_SOURCE),
    Law("expm1(x) * sigmoid(-x) = tanh(x / 2)", source=_SOURCE),
    Law("1 - sigmoid(x) = sigmoid(-x)", source=_SOURCE),
    Law("sinh(x) / cosh(x) = tanh(x)", source=_SOURCE),
    Law("log(cosh(x)) = abs(x) + softplus(-2 * abs(x)) - log(2)", source=_SOURCE),
    Law("log(exp(x)) = x", source=_SOURCE),
    Law("log(exp(x) + exp(y)) = maximum(x, y) + softplus(-abs(x - y))", source=_SOFT),
    Law("exp(x) / (exp(x) + exp(y)) = sigmoid(x - y)", source=_SOFT),
    Law("log(a + exp(x)) = log(a) + softplus(x - log(a))", "a: () positive, x: ()", _SOFT),
    Law("exp(x) / (a + exp(x)) = sigmoid(x - log(a))", "a: () positive, x: ()", _SOFT),
    Law("log(sum(exp(x))) = logsumexp(x)", "x: n", _SOFT),
    Law("log(a * sum(exp(x))) = log(a) + logsumexp(x)", "a: (), x: n", _SOFT),
    Law("log(1 + sum(exp(x))) = softplus(logsumexp(x))", "x: n", _SOFT),
    Law("log(w.T @ exp(x)) = logsumexp(x + log(w))", "w: n positive, x: n", _SOFT),
    Law("log(sum(exp(X))) = logsumexp(X)", "X: m n", _SOFT),
    Law("log(sum(exp(X), axis=1)) = logsumexp(X, axis=1)", "X: m n", _SOFT),
    Law("log(sum(exp(X), axis=0)) = logsumexp(X, axis=0)", "X: m n", _SOFT),
    Law("exp(x) / sum(exp(x)) = softmax(x)", "x: n", _SOFT),
    Law("exp(x) / (1 + sum(exp(x))) = exp(x - softplus(logsumexp(x)))", "x: n", _SOFT),
    Law("w * exp(x) / (w.T @ exp(x)) = softmax(x + log(w))", "w: n positive, x: n", _SOFT),
    Law("exp(x) / (w.T @ exp(x)) = exp(x - logsumexp(x + log(w)))", "w: n positive, x: n", _SOFT),
    Law("exp(X) / sum(exp(X)) = exp(X - logsumexp(X))", "X: m n", _SOFT),
    Law("exp(X) / sum(exp(X), axis=1) = softmax(X, axis=1)", "X: m n", _SOFT),
    Law("exp(X) / sum(exp(X), axis=0) = softmax(X, axis=0)", "X: m n", _SOFT),
    Law("log(1 + x) = log1p(x)", source=_SOURCE),
    Law("exp(x) - 1 = expm1(x)", source=_SOURCE),
)


@lru_cache(maxsize=512)
def _laws_for(found: frozenset[str]) -> Laws:
    """The laws for a graph of these functions, and for what they make of it."""
    while True:
        more = found.union(*(law.makes for law in LAWS if law.needs <= found))
        if more == found:
            return Laws(found, LAWS)
        found = more


def prepared(outputs: Sequence[Node], order: Sequence[Node] = ()) -> dict[Node, Node]:
    """What is computed in place of each node: stable, and with products distributed over sums of simple parts.

    `order` is all that is below `outputs`, operands first, where that is known.
    """
    order = order or topological(outputs)
    laws = _laws_for(features(order))
    some_apply = bool(laws)
    uses = _Uses(order, outputs)
    new: dict[Node, Node] = {}
    for node in order:
        if not node.children:
            continue
        made = node
        if new and any([child in new for child in node.children]):
            made = rebuild(node, [new.get(child, child) for child in node.children])
        if some_apply:
            made = _rewritten(made, laws)
        if isinstance(made, Contract):
            made = _distributed(made, uses)
        elif isinstance(made, Sum):
            made = _multiplied(made, uses)
        if made is not node:
            new[node] = made
    return new


def _rewritten(node: Node, laws: Laws) -> Node:
    """The node after the laws; a product whose sign has come out is looked at without it."""
    if not isinstance(node, Sum) or len(node.terms) != 1:
        return laws.apply(node)
    ((coefficient, inner),) = node.terms
    made = laws.apply(inner)
    return node if made is inner else scale(coefficient, made)


class _Uses:
    """How often nodes are used by others or as results, counted when it is first asked for."""

    def __init__(self, order: Sequence[Node], outputs: Sequence[Node]) -> None:
        self._order = order
        self._outputs = outputs
        self._counts: Counter[Node] | None = None

    def is_shared(self, node: Node) -> bool:
        """Whether it is used more than once."""
        if self._counts is None:
            self._counts = Counter(child for node in self._order for child in node.children)
            self._counts.update(self._outputs)
        return self._counts[node] > 1


def _multiplied(node: Sum, uses: _Uses) -> Node:
    """-(a - b) as b - a, where a - b is used nowhere else."""
    if len(node.terms) != 1:
        return node
    ((coefficient, inner),) = node.terms
    if coefficient != -1 or not isinstance(inner, Sum) or uses.is_shared(inner):
        return node
    return linear([(-c, term) for c, term in inner.terms], node.axes)


def _distributed(node: Contract, uses: _Uses) -> Node:
    """(diag(p) - p pᵀ) A as diag(p) A - p (pᵀ A): terms that are diagonal or of low rank are never filled up."""
    for place, (factor, labels) in enumerate(node.factors):
        if not isinstance(factor, Sum) or len(factor.axes) != 2 or len(factor.terms) < 2:
            continue
        if uses.is_shared(factor) or not all(_is_simple(term) for _, term in factor.terms):
            continue
        others = [pair for k, pair in enumerate(node.factors) if k != place]
        if all(not held or set(held) >= set(labels) for _, held in others):
            continue
        sizes = dict(enumerate(node.sizes))
        terms = [
            (coefficient, contract([*others, (term, labels)], node.out, sizes, lambda inner: True))
            for coefficient, term in factor.terms
        ]
        return linear(terms, node.axes)
    return node


def _is_simple(node: Node) -> bool:
    """Whether a matrix is diagonal, or the outer product of two vectors."""
    if isinstance(node, Sum) and len(node.terms) == 1:
        node = node.terms[0][1]
    if not isinstance(node, Contract):
        return False
    row, column = node.out
    if row == column:
        return True
    joined = {row}
    count = 0
    while count != len(joined):
        count = len(joined)
        for _, labels in node.factors:
            if not joined.isdisjoint(labels):
                joined.update(labels)
    return column not in joined
