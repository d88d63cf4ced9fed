"""Distributions and how far apart they are. All sums are over all entries."""

from __future__ import annotations

from matcalc.graph import Node, add, contract, elementwise, negate, number, subtract
from matcalc.rules.entries import Composite, Parameter
from matcalc.rules.operands import Operand, filled, labels
from matcalc.rules.reductions import LOGSUMEXP
from matcalc.rules.registry import lookup, register
from matcalc.shapes.broadcast import Shape

BISHOP = "Bishop 2006, Pattern Recognition and Machine Learning"
PAIR = "(m,n),(m,n)->(1,1)"


def inner(shape: Shape, a: Node, b: Node) -> Node:
    """Σ a ⊙ b of two nodes of one shape."""
    own = labels(shape, "i", "j")
    return contract([(a, own), (b, own)], ())


def log_of(x: Operand) -> Node:
    """log x, entry by entry."""
    return elementwise(lookup("log"), x.node)


def log_softmax(x: Operand, axis: int | None = None) -> Node:
    """x - logsumexp(x), which is log softmax(x) without the detour."""
    shape: Shape = (1, 1) if axis is None else (1, x.shape[1]) if axis == 0 else (x.shape[0], 1)
    return subtract(x.node, filled(Operand(LOGSUMEXP.lower(x, axis), shape), x.shape))


def surprise(p: Operand) -> Node:
    """-log p."""
    return negate(log_of(p))


def entropy(p: Operand) -> Node:
    """-Σ p log p."""
    return cross_entropy(p, p)


def cross_entropy(p: Operand, q: Operand) -> Node:
    """-Σ p log q."""
    return negate(inner(p.shape, p.node, log_of(q)))


def kl_divergence(p: Operand, q: Operand) -> Node:
    """Σ p (log p - log q)."""
    return inner(p.shape, p.node, subtract(log_of(p), log_of(q)))


def softmax_cross_entropy(labels: Operand, logits: Operand) -> Node:
    """-Σ labels ⊙ log_softmax(logits); of matrices row by row."""
    rows, columns = logits.shape
    axis = None if 1 in (rows, columns) else 1
    return negate(inner(labels.shape, labels.node, log_softmax(logits, axis)))


def binary_cross_entropy(y: Operand, p: Operand) -> Node:
    """-Σ (y log p + (1 - y) log(1 - p))."""
    one = filled(Operand(number(1), (1, 1)), y.shape)
    success = inner(y.shape, y.node, log_of(p))
    failure = inner(y.shape, subtract(one, y.node), log_of(Operand(subtract(one, p.node), p.shape)))
    return negate(add(success, failure))


for _entry in (
    Composite(
        "log_softmax",
        (Parameter("x"), Parameter("axis", "axis", None)),
        "(n,1)->(n,1); (1,n)->(1,n)",
        log_softmax,
        "log(softmax(x)) of a vector, without overflow; of a matrix along an axis.",
        axis_shapes=("(m,n)->(m,n)", "(m,n)->(m,n)"),
        latex=r"\operatorname{log\_softmax}",
        citation="Boyd & Vandenberghe 2004, Convex Optimization, section 3.1.5",
        refused=(((2, 3),),),
    ),
    Composite(
        "surprise",
        (Parameter("p"),),
        "(m,n)->(m,n)",
        surprise,
        "-log(p), entry by entry.",
        latex=r"-\log {0}",
        domain=("positive",),
        citation="Shannon 1948, A mathematical theory of communication",
    ),
    Composite(
        "entropy",
        (Parameter("p"),),
        "(m,n)->(1,1)",
        entropy,
        "-sum(p * log(p)).",
        latex="H({0})",
        domain=("positive",),
        citation=f"{BISHOP}, section 1.6",
    ),
    Composite(
        "cross_entropy",
        (Parameter("p"), Parameter("q")),
        PAIR,
        cross_entropy,
        "-sum(p * log(q)): the surprise of q under the true distribution p.",
        latex="H({0}, {1})",
        domain=("positive", "positive"),
        citation=f"{BISHOP}, section 1.6.1",
        refused=(((2, 3), (3, 2)),),
    ),
    Composite(
        "kl_divergence",
        (Parameter("p"), Parameter("q")),
        PAIR,
        kl_divergence,
        "sum(p * log(p / q)) = cross_entropy(p, q) - entropy(p).",
        latex=r"D_{\mathrm{KL}}({0} \,\|\, {1})",
        domain=("positive", "positive"),
        citation=f"{BISHOP}, section 1.6.1",
        refused=(((2, 3), (3, 2)),),
    ),
    Composite(
        "softmax_cross_entropy",
        (Parameter("labels"), Parameter("logits")),
        PAIR,
        softmax_cross_entropy,
        "-sum(labels * log_softmax(logits)); of matrices the softmax goes along rows.",
        latex=r"\operatorname{softmax\_cross\_entropy}",
        domain=("real", "real"),
        citation=f"{BISHOP}, section 4.3.4",
        refused=(((2, 3), (3, 2)),),
    ),
    Composite(
        "binary_cross_entropy",
        (Parameter("y"), Parameter("p")),
        PAIR,
        binary_cross_entropy,
        "-sum(y * log(p) + (1 - y) * log(1 - p)).",
        latex=r"\operatorname{binary\_cross\_entropy}",
        domain=("unit_interval", "unit_interval"),
        citation=f"{BISHOP}, section 4.3.2",
        refused=(((2, 3), (3, 2)),),
    ),
):
    register(_entry)
