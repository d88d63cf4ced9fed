"""The elementwise functions: a row each. Derivatives are formulas of the language, as a textbook's table has them.

Unless a row says otherwise the derivative is from Abramowitz & Stegun, Handbook of Mathematical Functions, chapters
4 (elementary), 6 and 7 (erf, 7.1.19). Values are right far out as well: no overflow on the way, no cancellation.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from matcalc.graph import power, use_power_function
from matcalc.rules import namespaces as ns
from matcalc.rules.entries import Elementwise
from matcalc.rules.folds import ZERO_AT_ZERO, exactly, known, log_fold
from matcalc.rules.registry import register


def _huber(clipped: Any, size: Any) -> Any:
    return clipped * (size - 0.5 * clipped)


POSITIVE = frozenset({"positive"})
AT_ZERO = "x = 0, where the derivative is taken as {}"

# The one function that the graph knows by its role: x·x is x². Written with its operator, never by name.
POWER = Elementwise(
    "**",
    ("y*x**(y - 1)", "log(x)*x**y"),
    lambda xp, x, y: x**y,
    "x to the power y, which is a scalar.",
    parameters=("x", "y"),
    latex="{0}^{1}",
    domain=("positive", "real"),
    shapes="(m,n),(1,1)->(m,n)",
)
use_power_function(register(POWER))

TABLE = (
    # Exponentials and logarithms
    Elementwise(
        "exp",
        ("exp(x)",),
        ns.plain("exp"),
        "The exponential.",
        latex=r"\exp",
        fold=known(at_0=1),
        gives=POSITIVE,
    ),
    Elementwise(
        "expm1",
        ("exp(x)",),
        ns.plain("expm1"),
        "exp(x) - 1, exact for small x.",
        latex=r"\operatorname{expm1}",
        fold=ZERO_AT_ZERO,
        keeps=POSITIVE,
    ),
    Elementwise(
        "log",
        ("1/x",),
        ns.plain("log"),
        "The natural logarithm.",
        aliases=("ln",),
        latex=r"\log",
        domain=("positive",),
        fold=log_fold,
    ),
    Elementwise(
        "log1p",
        ("1/(1 + x)",),
        ns.plain("log1p"),
        "log(1 + x), exact for small x.",
        latex=r"\operatorname{log1p}",
        domain=("above_minus_one",),
        fold=ZERO_AT_ZERO,
        keeps=POSITIVE,
    ),
    Elementwise(
        "sqrt",
        ("1/(2*sqrt(x))",),
        ns.plain("sqrt"),
        "The square root; the graph holds it as a power.",
        latex=r"\sqrt{{0}}",
        domain=("positive",),
        kinks="x = 0, where the derivative is infinite",
        fold=lambda x: power(x, Fraction(1, 2)),
        keeps=POSITIVE,
    ),
    Elementwise(
        "square",
        ("2*x",),
        lambda xp, x: x * x,
        "x**2; the graph holds it as a power.",
        latex="{0}^2",
        fold=lambda x: power(x, 2),
        keeps=POSITIVE,
    ),
    # Size and sign
    Elementwise(
        "abs",
        ("sign(x)",),
        ns.plain("abs"),
        "The absolute value.",
        latex=r"\left|{0}\right|",
        kinks=AT_ZERO.format("0"),
        smooth=False,
        fold=exactly(abs),
        keeps=POSITIVE,
    ),
    Elementwise(
        "sign",
        ("0",),
        ns.plain("sign"),
        "-1, 0 or 1.",
        latex=r"\operatorname{sign}",
        kinks="x = 0, a jump; the derivative is 0 everywhere",
        smooth=False,
        fold=exactly(lambda x: (x > 0) - (x < 0)),
        keeps=POSITIVE,
    ),
    Elementwise(
        "heaviside",
        ("0",),
        ns.heaviside,
        "1 where x > 0, else 0 (at 0 too).",
        latex=r"\operatorname{heaviside}",
        kinks="x = 0, a jump; the derivative is 0 everywhere",
        smooth=False,
        fold=exactly(lambda x: int(x > 0)),
        keeps=POSITIVE,
    ),
    Elementwise(
        "maximum",
        ("heaviside(x - y)", "heaviside(y - x)"),
        ns.plain("maximum"),
        "The larger of two, entry by entry.",
        parameters=("x", "y"),
        latex=r"\operatorname{maximum}",
        domain=("real", "real"),
        kinks="x = y, where both derivatives are taken as 0",
        smooth=False,
        fold=exactly(max),
    ),
    Elementwise(
        "minimum",
        ("heaviside(y - x)", "heaviside(x - y)"),
        ns.plain("minimum"),
        "The smaller of two, entry by entry.",
        parameters=("x", "y"),
        latex=r"\operatorname{minimum}",
        domain=("real", "real"),
        kinks="x = y, where both derivatives are taken as 0",
        smooth=False,
        fold=exactly(min),
    ),
    # Trigonometric and hyperbolic
    Elementwise("sin", ("cos(x)",), ns.plain("sin"), "The sine.", latex=r"\sin", fold=ZERO_AT_ZERO),
    Elementwise("cos", ("-sin(x)",), ns.plain("cos"), "The cosine.", latex=r"\cos", fold=known(at_0=1)),
    Elementwise(
        "tan",
        ("1 + tan(x)**2",),
        ns.plain("tan"),
        "The tangent.",
        latex=r"\tan",
        domain=("below_right_angle",),
        fold=ZERO_AT_ZERO,
    ),
    Elementwise(
        "arcsin",
        ("1/sqrt(1 - x**2)",),
        ns.plain("arcsin"),
        "The inverse sine.",
        aliases=("asin",),
        latex=r"\arcsin",
        domain=("unit_ball",),
        fold=ZERO_AT_ZERO,
    ),
    Elementwise(
        "arccos",
        ("-1/sqrt(1 - x**2)",),
        ns.plain("arccos"),
        "The inverse cosine.",
        aliases=("acos",),
        latex=r"\arccos",
        domain=("unit_ball",),
        fold=known(at_1=0),
    ),
    Elementwise(
        "arctan",
        ("1/(1 + x**2)",),
        ns.plain("arctan"),
        "The inverse tangent.",
        aliases=("atan",),
        latex=r"\arctan",
        fold=ZERO_AT_ZERO,
        keeps=POSITIVE,
    ),
    Elementwise(
        "sinh",
        ("cosh(x)",),
        ns.plain("sinh"),
        "The hyperbolic sine.",
        latex=r"\sinh",
        fold=ZERO_AT_ZERO,
        keeps=POSITIVE,
    ),
    Elementwise(
        "cosh",
        ("sinh(x)",),
        ns.plain("cosh"),
        "The hyperbolic cosine.",
        latex=r"\cosh",
        fold=known(at_0=1),
        gives=POSITIVE,
    ),
    Elementwise(
        "tanh",
        ("1 - tanh(x)**2",),
        ns.plain("tanh"),
        "The hyperbolic tangent.",
        latex=r"\tanh",
        fold=ZERO_AT_ZERO,
        keeps=POSITIVE,
    ),
    Elementwise(
        "erf",
        ("2*exp(-x**2)/sqrt(pi)",),
        ns.erf,
        "The error function.",
        latex=r"\operatorname{erf}",
        fold=ZERO_AT_ZERO,
        keeps=POSITIVE,
    ),
)

# What huber sums. A row of its own, so that its derivative is the clipped residual and nothing has to cancel.
HUBER = Elementwise(
    "huber_entry",
    ("maximum(-delta, minimum(r, delta))", "relu(abs(r) - delta)"),
    lambda xp, r, delta: _huber(xp.minimum(xp.abs(r), delta), xp.abs(r)),
    "r**2/2 where abs(r) <= delta, delta*(abs(r) - delta/2) elsewhere; huber is its sum.",
    parameters=("r", "delta"),
    latex=r"\operatorname{huber}",
    domain=("real", "positive"),
    kinks="abs(r) = delta, where the second derivative jumps and is taken as 0",
    smooth=False,
    shapes="(m,n),(1,1)->(m,n)",
    citation="Huber 1964, Robust estimation of a location parameter",
)

for _entry in (*TABLE, HUBER):
    register(_entry)
