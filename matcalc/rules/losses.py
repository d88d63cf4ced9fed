"""Losses of residuals. All sum over all entries, except mse, which is their mean."""

from __future__ import annotations

from fractions import Fraction

from matcalc.errors import DomainError
from matcalc.graph import (
    Node,
    add,
    constant,
    elementwise,
    multiply,
    number,
    number_value,
    power,
    scale,
    size,
    subtract,
)
from matcalc.rules.contractions import mean, total
from matcalc.rules.elementwise import HUBER
from matcalc.rules.entries import Composite, Parameter
from matcalc.rules.operands import Operand, filled
from matcalc.rules.registry import lookup, register

# A scalar may stand on either side: the best constant is a prediction too.
_PAIR = "(m,n),(m,n)->(1,1); (m,n),(1,1)->(1,1); (1,1),(m,n)->(1,1)"
_UNLIKE = (((2, 3), (3, 2)), ((3, 1), (1, 3)))


def difference(a: Operand, b: Operand) -> Operand:
    """a - b of one shape, or one of them a scalar."""
    shape = b.shape if a.shape == (1, 1) else a.shape
    return Operand(subtract(filled(a, shape), filled(b, shape)), shape)


def squares(a: Operand, b: Operand) -> Operand:
    """(a - b)², entry by entry."""
    residual = difference(a, b)
    return Operand(power(residual.node, 2), residual.shape)


def sse(a: Operand, b: Operand) -> Node:
    """Σ (a - b)²."""
    return total(squares(a, b))


def mse(a: Operand, b: Operand) -> Node:
    """The mean of (a - b)²."""
    return mean(squares(a, b))


def huber(r: Operand, delta: Operand) -> Node:
    """Σ of ½ r² where |r| ≤ δ, of δ (|r| - ½ δ) elsewhere."""
    known = number_value(delta.node)
    if known is not None and known <= 0:
        raise DomainError(f"delta of huber is positive, got {known}")
    return total(Operand(elementwise(HUBER, r.node, delta.node), r.shape))


def hinge(y: Operand, s: Operand) -> Node:
    """Σ max(0, 1 - y s)."""
    one = filled(Operand(number(1), (1, 1)), y.shape)
    margin = subtract(one, multiply(y.node, s.node))
    return total(Operand(elementwise(lookup("relu"), margin), y.shape))


def gaussian_surprise(x: Operand, mu: Operand) -> Node:
    """Σ ½ (x - μ)² + ½ n log 2π, the surprise of a unit normal distribution in n dimensions."""
    squared = squares(x, mu)
    count = multiply(*map(size, squared.shape))
    constant_part = multiply(count, elementwise(lookup("log"), scale(2, constant("pi"))))
    return add(scale(Fraction(1, 2), total(squared)), scale(Fraction(1, 2), constant_part))


for _entry in (
    Composite(
        "sse",
        (Parameter("a"), Parameter("b")),
        _PAIR,
        sse,
        "sum((a - b)**2).",
        latex=r"\left\|{0} - {1}\right\|^2",
        domain=("real", "real"),
        citation="The Matrix Cookbook, eq. 131",
        refused=_UNLIKE,
    ),
    Composite(
        "mse",
        (Parameter("a"), Parameter("b")),
        _PAIR,
        mse,
        "mean((a - b)**2), over all entries.",
        latex=r"\operatorname{mse}",
        domain=("real", "real"),
        citation="The Matrix Cookbook, eq. 131",
        refused=_UNLIKE,
    ),
    Composite(
        "huber",
        (Parameter("r"), Parameter("delta", "scalar", 1)),
        "(m,n),(1,1)->(1,1)",
        huber,
        "The sum of r**2/2 where abs(r) <= delta, of delta*(abs(r) - delta/2) elsewhere.",
        latex=r"\operatorname{huber}",
        domain=("real", "positive"),
        kinks="abs(r) = delta, where the second derivative jumps",
        citation="Huber 1964, Robust estimation of a location parameter",
    ),
    Composite(
        "hinge",
        (Parameter("y"), Parameter("s")),
        "(m,n),(m,n)->(1,1)",
        hinge,
        "sum(relu(1 - y*s)).",
        latex=r"\operatorname{hinge}",
        domain=("real", "real"),
        kinks="y*s = 1, where the derivative is taken as 0",
        citation="Cortes & Vapnik 1995, Support-vector networks",
        refused=_UNLIKE,
    ),
    Composite(
        "gaussian_surprise",
        (Parameter("x"), Parameter("mu")),
        _PAIR,
        gaussian_surprise,
        "sum((x - mu)**2)/2 + n*log(2*pi)/2 for n entries.",
        latex=r"\operatorname{gaussian\_surprise}",
        domain=("real", "real"),
        citation="Bishop 2006, Pattern Recognition and Machine Learning, section 1.2.4",
        refused=_UNLIKE,
    ),
):
    register(_entry)
