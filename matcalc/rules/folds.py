"""Exactly known values: what a function of numbers simplifies to when it is built. Correct, or silent."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from matcalc.graph import Node, apply, contract, number, number_value, permute, subtract
from matcalc.rules.entries import ENTRIES
from matcalc.rules.patterns import applied, permuted

Fold = Callable[..., Node | None]


def known(**points: int | Fraction) -> Fold:
    """A fold for exactly known values: `known(at_0=1)` says f(0) = 1."""
    table = {int(name.removeprefix("at_")): value for name, value in points.items()}

    def fold(x: Node) -> Node | None:
        value = number_value(x)
        return number(table[int(value)]) if value is not None and value in table else None

    return fold


def exactly(function: Callable[..., Any]) -> Fold:
    """A fold by a formula that is exact on every number; `function` answers None where it is silent."""

    def fold(*operands: Node) -> Node | None:
        values = [number_value(operand) for operand in operands]
        if any(value is None for value in values):
            return None
        result = function(*values)
        return None if result is None else number(result)

    return fold


def clip(x: Any, low: int, high: int) -> Any:
    """x held between two bounds."""
    return max(low, min(high, x))


def log_fold(x: Node) -> Node | None:
    """log 1 = 0, and log softmax(x) = x - logsumexp(x), which neither overflows nor needs a quotient."""
    value = number_value(x)
    if value is not None:
        return number(0) if value == 1 else None
    inner, order = permuted(x)
    weights = applied(inner, "softmax")
    if weights is None:
        return None
    (logits,) = weights.children
    total = apply(ENTRIES["logsumexp"], [logits])
    labels = tuple(range(len(logits.axes)))
    shift = contract([(total, labels[:-1])], labels, {labels[-1]: logits.axes[-1]})
    return subtract(permute(logits, order), permute(shift, order))


ZERO_AT_ZERO = known(at_0=0)
