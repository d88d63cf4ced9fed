"""Between what bounds the entries of each part of a formula lie, by interval arithmetic, operands first.

Bounds are exact or infinite, and know whether they are reached: 1 - sigmoid(z) lies strictly between 0 and 1, so that
its logarithm is defined without a condition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import inf
from typing import NamedTuple

from matcalc.graph import (
    Apply,
    Coefficient,
    Constant,
    Contract,
    Map,
    Node,
    Size,
    Sum,
    Symbol,
    base_and_exponent,
    is_power,
)

Bound = Fraction | float


class Range(NamedTuple):
    """All numbers from `low` to `high`; without these themselves where they are `above` and `below`."""

    low: Bound = -inf
    high: Bound = inf
    above: bool = True
    below: bool = True

    @property
    def positive(self) -> bool:
        """Whether all are more than zero."""
        return self.low > 0 or (self.low == 0 and self.above)

    @property
    def not_negative(self) -> bool:
        """Whether none is less than zero."""
        return self.low >= 0

    def has(self, value: Coefficient) -> bool:
        """Whether a number is among them."""
        return (self.low < value or (self.low == value and not self.above)) and (
            self.high > value or (self.high == value and not self.below)
        )

    @property
    def negated(self) -> Range:
        """The numbers with their signs changed."""
        return Range(-self.high, -self.low, self.below, self.above)


REALS = Range()
_POSITIVE = Range(Fraction(0))
_NOT_NEGATIVE = Range(Fraction(0), above=False)
_ONE = Range(Fraction(1), Fraction(1), False, False)
_SHARE = Range(Fraction(0), Fraction(1), False, False)
_MODULUS_ONE = Range(Fraction(-1), Fraction(1), False, False)
_WITHIN_ONE = Range(Fraction(-1), Fraction(1))

# Higher powers of bounds are not computed.
_EXACT = 64

# What functions give, whatever they are given.
_OF_FUNCTIONS: Mapping[str, Range] = {
    "exp": _POSITIVE,
    "softplus": _POSITIVE,
    "sigmoid": Range(Fraction(0), Fraction(1)),
    "softmax": Range(Fraction(0), Fraction(1), above=True, below=False),
    "tanh": _WITHIN_ONE,
    "erf": _WITHIN_ONE,
    "softsign": _WITHIN_ONE,
    "sin": _MODULUS_ONE,
    "cos": _MODULUS_ONE,
    "sign": _MODULUS_ONE,
    "hard_tanh": _MODULUS_ONE,
    "cosh": Range(Fraction(1), above=False),
    "abs": _NOT_NEGATIVE,
    "relu": _NOT_NEGATIVE,
    "hard_sigmoid": _SHARE,
    "heaviside": _SHARE,
    "argmax_indicator": _SHARE,
    "argmin_indicator": _SHARE,
}


def ranges(nodes: Sequence[Node]) -> dict[Node, Range]:
    """The range of the entries of each node; `nodes` come after their operands."""
    found: dict[Node, Range] = {}
    for node in nodes:
        say = _SAY.get(type(node))
        found[node] = say(node, found) if say else REALS
    return found


def _of_symbol(node: Symbol, _: Mapping[Node, Range]) -> Range:
    if "positive" in node.properties:
        return _POSITIVE
    return _SHARE if node.properties & {"simplex", "onehot"} else REALS


def _of_sum(node: Sum, known: Mapping[Node, Range]) -> Range:
    low: Bound = Fraction(0)
    high: Bound = Fraction(0)
    above = below = False
    for coefficient, term in node.terms:
        one = _times(known[term], coefficient)
        low, high = low + one.low, high + one.high
        above, below = above or one.above, below or one.below
    return Range(low, high, above, below)


def _times(one: Range, coefficient: Coefficient) -> Range:
    if coefficient < 0:
        one, coefficient = one.negated, -coefficient
    exact = Fraction(coefficient)
    low, high = (end * exact if abs(end) != inf else end for end in (one.low, one.high))
    return Range(low, high, one.above, one.below)


def _of_product(node: Contract, known: Mapping[Node, Range]) -> Range:
    found = _ONE
    for (factor, _), times in Counter(node.factors).items():
        one = known[factor]
        found = _product(found, _power(one, times) if times > 1 else one)
    if len(set(node.out)) < len(node.sizes):
        # A sum of at least one term.
        low = found.low if found.not_negative else -inf
        high = found.high if found.high <= 0 else inf
        found = Range(low, high, found.above, found.below)
    if len(set(node.out)) < len(node.out):
        # Zeros beside the diagonal.
        found = Range(
            min(found.low, Fraction(0)),
            max(found.high, Fraction(0)),
            found.above and found.low < 0,
            found.below and found.high > 0,
        )
    return found


def _product(a: Range, b: Range) -> Range:
    """The products of two numbers that know nothing of each other."""
    if not (a.not_negative and b.not_negative):
        bound = _largest(a) * _largest(b) if inf not in (_largest(a), _largest(b)) else inf
        return Range(-bound, bound, bound == inf, bound == inf)
    low = a.low * b.low if a.low and b.low else Fraction(0)
    high = a.high * b.high if a.high and b.high else Fraction(0)
    return Range(low, high, a.positive and b.positive if not low else a.above or b.above, a.below or b.below)


def _largest(one: Range) -> Bound:
    """The bound of the absolute values."""
    return max(-one.low, one.high)


def _of_map(node: Map, known: Mapping[Node, Range]) -> Range:
    if not is_power(node):
        return _OF_FUNCTIONS.get(node.function.name, REALS)
    base, exponent = base_and_exponent(node)
    one = known[node.children[0]]
    if base is node or exponent != int(exponent):
        # Defined for positive bases only, or for zero as well.
        return _POSITIVE if base is node or exponent < 0 or one.positive else _NOT_NEGATIVE
    return _power(one, int(exponent))


def _power(one: Range, exponent: int) -> Range:
    """The numbers x ** exponent."""
    if exponent < 0:
        return _POSITIVE if one.not_negative or exponent % 2 == 0 else REALS
    if one.not_negative:
        low, high = _raised(one.low, one.high, exponent)
        return Range(low, high, one.above, one.below or high == inf)
    if exponent % 2:
        return REALS
    largest = _largest(one)
    reached = (one.high == largest and not one.below) or (-one.low == largest and not one.above)
    return Range(Fraction(0), _raised(0, largest, exponent)[1], False, not reached)


def _raised(low: Bound, high: Bound, exponent: int) -> tuple[Bound, Bound]:
    """Bounds of x ** exponent; of a high power they say only what stays on which side of 1."""
    if exponent <= _EXACT:
        return low**exponent, high**exponent
    return Fraction(int(low >= 1)), Fraction(1) if high <= 1 else inf


_SAY: Mapping[type[Node], Callable[..., Range]] = {
    Symbol: _of_symbol,
    Constant: lambda node, known: _POSITIVE,
    Size: lambda node, known: Range(Fraction(1), above=False),
    Sum: _of_sum,
    Contract: _of_product,
    Map: _of_map,
    Apply: lambda node, known: _OF_FUNCTIONS.get(node.function.name, REALS),
}
