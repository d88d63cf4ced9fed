"""Elementwise powers as the normal form sees them: x · x is x², x · x⁻¹ is 1, (x²)⁻¹ is x⁻².

The graph knows one elementwise function by its role, the power; the rules hand its row in when they load.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from fractions import Fraction

from matcalc.graph import numbers
from matcalc.graph.contraction import repeated_parts
from matcalc.graph.node import (
    Contract,
    Map,
    NamedFunction,
    Node,
    Sum,
    make_contract,
    make_map,
    make_sum,
)
from matcalc.graph.numbers import Coefficient
from matcalc.shapes.dims import Dim

Labels = tuple[Hashable, ...]
Labelled = tuple[Node, Sequence[Hashable]]

_power_function: list[NamedFunction] = []
_ONE = make_contract((), (), (), False)


def use_power_function(function: NamedFunction) -> None:
    """Tells the graph which row of the table is the elementwise power."""
    _power_function[:] = [function]


def power_function() -> NamedFunction:
    """The row of the table that is the elementwise power."""
    return _power_function[0]


def is_power(node: Node) -> bool:
    """Whether the node is an elementwise power."""
    return isinstance(node, Map) and node.function is _power_function[0]


def _number(value: Coefficient) -> Node:
    return _ONE if value == 1 else make_sum(((value, _ONE),) if value else (), ())


def _value(node: Node) -> Coefficient | None:
    if node is _ONE:
        return 1
    if isinstance(node, Sum) and not node.axes and len(node.terms) == 1 and node.terms[0][1] is _ONE:
        return node.terms[0][0]
    return None


def base_and_exponent(node: Node) -> tuple[Node, Coefficient]:
    """The node as base ** number; the exponent is 1 unless it is a power with a number on top."""
    if node.__class__ is Map and node.function is _power_function[0]:
        exponent = _value(node.children[1])
        if exponent is not None:
            return node.children[0], exponent
    return node, 1


def raised(base: Node, exponent: Coefficient) -> Node:
    """base ** exponent as it stands; `power` is the builder that simplifies."""
    if exponent == 1:
        return base
    return make_map(_power_function[0], (base, _number(exponent)), base.axes)


def bases(factors: Sequence[Labelled]) -> set[Node]:
    """What the factors are powers of."""
    return {base_and_exponent(node)[0] if node.__class__ is Map else node for node, _ in factors}


def merge_powers(factors: Sequence[Labelled]) -> Sequence[Labelled]:
    """Factors with the same base on the same labels become one power; those that cancel are gone.

    Gives back `factors` itself when there is nothing to merge.
    """
    if len({tuple(labels) for _, labels in factors}) == len(factors) and not any(
        [node.symmetric and len(labels) == 2 for node, labels in factors]
    ):
        return factors
    merged: dict[tuple[Node, Labels], Coefficient] = {}
    for node, held in factors:
        labels = tuple(held)
        base, exponent = base_and_exponent(node)
        if base.symmetric and len(labels) == 2 and repr(labels[0]) > repr(labels[1]):
            labels = labels[::-1]
        key = (base, labels)
        known = merged.get(key)
        merged[key] = exponent if known is None else numbers.add(known, exponent)
    if len(merged) == len(factors):
        return factors
    return [(raised(base, exponent), labels) for (base, labels), exponent in merged.items() if exponent != 0]


def divided_on_diagonals(factors: Sequence[Labelled], contract: Callable[..., Node]) -> Sequence[Labelled]:
    """(1 / S)[i,i] as 1 / S[i,i], so that nothing is divided by zeros beside the diagonal of S.

    Gives back `factors` itself when there is none; `contract` is the builder.
    """
    found = None
    for place, (node, labels) in enumerate(factors):
        if node.__class__ is Map and len(labels) > 1 and len(set(labels)) < len(labels):
            base, exponent = base_and_exponent(node)
            if exponent < 0:
                held = tuple(dict.fromkeys(labels))
                found = list(factors) if found is None else found
                found[place] = (raised(contract([(base, labels)], held), exponent), held)
    return factors if found is None else found


def with_squares(
    factors: Sequence[Labelled], out: Labels, sizes: dict[Hashable, Dim], contract: Callable[..., Node]
) -> tuple[Sequence[Labelled], dict[Hashable, Dim]]:
    """The factors with parts that occur twice, (A x) ⊙ (A x), as powers of one, and the sizes that remain.

    `contract` is the builder.
    """
    apart: dict[tuple[Node, Labels], list[int]] = {}
    times: dict[tuple[Node, Labels], int] = {}
    for members, ends in repeated_parts(factors, out):
        part = (contract([factors[k] for k in members], ends), ends)
        apart.setdefault(part, []).extend(members)
        times[part] = times.get(part, 0) + 1
    squares = [part for part, count in times.items() if count > 1]
    if not squares:
        return factors, sizes
    places = {k for part in squares for k in apart[part]}
    inside = {label for k in places for label in factors[k][1]} - set(out)
    rest = [pair for k, pair in enumerate(factors) if k not in places]
    merged = merge_powers([*rest, *(part for part in squares for _ in range(times[part]))])
    return merged, {label: dim for label, dim in sizes.items() if label not in inside}


def with_divisor_whole(
    factors: Sequence[Labelled], out: Labels, sizes: dict[Hashable, Dim], contract: Callable[..., Node]
) -> tuple[Sequence[Labelled], Labels, dict[Hashable, Dim]] | None:
    """A contraction with what makes up a number that it is divided by in one piece: Σ zᵢ² / (Σ zᵢ²)² is 1 / Σ zᵢ².

    `contract` is the builder.
    """
    powers = [base_and_exponent(node) for node, _ in factors if node.__class__ is Map and not node.axes]
    for divisor in [base for base, exponent in powers if exponent < 0 and isinstance(base, Contract)]:
        wanted = set(divisor.children)
        members = [k for k, (node, held) in enumerate(factors) if node in wanted and held]
        if len(members) != len(divisor.children):
            continue
        rest = [pair for k, pair in enumerate(factors) if k not in members]
        inner = {label for k in members for label in factors[k][1]}
        if inner.isdisjoint(out) and all([inner.isdisjoint(held) for _, held in rest]):
            part = contract([factors[k] for k in members], (), {label: sizes[label] for label in inner})
            if part is divisor:
                left = {label: dim for label, dim in sizes.items() if label not in inner}
                return [*rest, (part, ())], out, left
    return None


def is_nonnegative(node: Node) -> bool:
    """Whether the node is nonnegative for every real input, as far as its form shows: sums of squares and the like."""
    exponent = base_and_exponent(node)[1]
    if exponent != 1:
        return _even(exponent) or (isinstance(exponent, Fraction) and exponent.denominator % 2 == 0)
    if isinstance(node, Map):
        return node.function.name in ("exp", "abs", "sigmoid", "softplus", "cosh")
    if isinstance(node, Contract):
        return all(is_nonnegative(factor) for factor, _ in node.factors)
    if isinstance(node, Sum):
        return all(c > 0 and (term is _ONE or is_nonnegative(term)) for c, term in node.terms)
    return type(node).__name__ in ("Size", "Constant")


def _even(exponent: Coefficient) -> bool:
    return isinstance(exponent, int) and exponent % 2 == 0
