"""Norms that are formulas of other functions."""

from __future__ import annotations

from fractions import Fraction

from matcalc.graph import Node, elementwise, power
from matcalc.rules.contractions import total
from matcalc.rules.entries import Composite, Parameter
from matcalc.rules.operands import Operand
from matcalc.rules.reductions import MAX
from matcalc.rules.registry import lookup, register

_ENTRIES = (Parameter("x"),)
_TO_SCALAR = "(m,n)->(1,1)"


def _absolute(x: Operand) -> Operand:
    return Operand(elementwise(lookup("abs"), x.node), x.shape)


def norm(x: Operand) -> Node:
    """√Σ x²: the 2-norm of a vector, the Frobenius norm of a matrix."""
    return power(total(Operand(power(x.node, 2), x.shape)), Fraction(1, 2))


def norm1(x: Operand) -> Node:
    """Σ |x|."""
    return total(_absolute(x))


def norm_inf(x: Operand) -> Node:
    """max |x|."""
    return MAX.lower(_absolute(x))


for _entry in (
    Composite(
        "norm",
        _ENTRIES,
        _TO_SCALAR,
        norm,
        "The 2-norm of a vector, the Frobenius norm of a matrix.",
        latex=r"\left\|{0}\right\|",
        kinks="x = 0, where x/norm(x) is nan",
        citation="The Matrix Cookbook, eqs. 129 and 131",
        instead="other norms have names of their own: norm1(x), norm_inf(x), norm_spectral(X), norm_nuclear(X)",
    ),
    Composite(
        "norm1",
        _ENTRIES,
        _TO_SCALAR,
        norm1,
        "The sum of the absolute values of all entries.",
        latex=r"\left\|{0}\right\|_1",
        kinks="an entry 0, where the derivative is taken as 0",
        citation="Boyd & Vandenberghe 2004, Convex Optimization, appendix A.1",
    ),
    Composite(
        "norm_inf",
        _ENTRIES,
        _TO_SCALAR,
        norm_inf,
        "The largest absolute value of all entries.",
        latex=r"\left\|{0}\right\|_\infty",
        kinks="several entries largest in size, which then share the derivative equally",
        citation="Boyd & Vandenberghe 2004, Convex Optimization, appendix A.1",
    ),
):
    register(_entry)
