"""A power passes into what its base is a product of: (a ⊙ B x)² is a² ⊙ (B x)².

Products may share what they are made of, and nest as deeply as a program has steps; so nothing here recurses, and what
is shared is met once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from matcalc.graph import numbers
from matcalc.graph.leaves import number
from matcalc.graph.node import Contract, Fuse, Node, Sum, make_sum
from matcalc.graph.numbers import Coefficient
from matcalc.graph.powers import Labelled, Labels, base_and_exponent, is_nonnegative, raised
from matcalc.shapes.dims import Dim

_Held = tuple[Node, Labels]


class _Inward(NamedTuple):
    """A power as a coefficient and powers of what its base is made of, each with its labels."""

    coefficient: Coefficient
    parts: list[tuple[Node, Coefficient, Labels]]
    out: Labels
    sizes: dict[Hashable, Dim]


def passed_inward(
    base: Node,
    exponent: Coefficient,
    contract: Callable[..., Node],
    of_one: Callable[[Node, Coefficient], Node],
) -> Node:
    """base ** exponent, the power passed on to what the base is a product of, and again to what that is a product of.

    `of_one` makes the powers that go no further; `contract` is the builder. What products share is raised once.
    """
    first = _inward(base, exponent, contract)
    if first is None:
        return of_one(base, exponent)
    steps: dict[tuple[Node, Coefficient], _Inward | None] = {(base, exponent): first}
    done: dict[tuple[Node, Coefficient], Node] = {}
    pending = [(base, exponent), *((node, inside) for node, inside, _ in first.parts)]
    while pending:
        wanted = pending[-1]
        if wanted not in steps:
            step = steps[wanted] = _inward(*wanted, contract)
            if step is not None:
                pending += [(node, inside) for node, inside, _ in step.parts]
                continue
        pending.pop()
        if wanted in done:
            continue
        step = steps[wanted]
        if step is None:
            done[wanted] = of_one(*wanted)
        else:
            factors: list[Labelled] = [(done[node, inside], labels) for node, inside, labels in step.parts]
            done[wanted] = contract([(number(step.coefficient), ()), *factors], step.out, step.sizes)
    return done[base, exponent]


def _inward(base: Node, exponent: Coefficient, contract: Callable[..., Node]) -> _Inward | None:
    """One step of a power into its base, or None.

    Integer powers pass through powers, multiples and products; even roots do not: (x²)^(1/2) is |x|, not x. A positive
    multiple comes out of any power.
    """
    if not base.children:
        return None
    labels: Labels = tuple(range(len(base.axes)))
    inner, inside = base_and_exponent(base)
    if inside != 1 and (isinstance(exponent, int) or is_nonnegative(inner)):
        parts = [(inner, numbers.multiply(inside, exponent), labels)]
        return _Inward(1, parts, labels, dict(enumerate(base.axes)))
    if isinstance(base, Sum) and len(base.terms) == 1:
        coefficient, rest = base.terms[0]
        outside = (
            numbers.exact_power(coefficient, exponent)
            if isinstance(exponent, int) or coefficient > 0
            else None
        )
        if outside is None and coefficient < 0 and isinstance(exponent, int):
            outside = -1 if exponent % 2 else 1
            rest = make_sum(((-coefficient, rest),), base.axes) if coefficient != -1 else rest
        if outside is not None:
            return _Inward(outside, [(rest, exponent, labels)], labels, dict(enumerate(base.axes)))
    if isinstance(exponent, int) and isinstance(base, Contract):
        factors = base.factors if is_product(base) else summed_parts(base, contract)
        if is_product(base) or len(factors) > 1:
            held = {label for _, own in factors for label in own}.union(base.out)
            sizes: dict[Hashable, Dim] = {label: base.sizes[label] for label in held}
            return _Inward(1, [(node, exponent, own) for node, own in factors], base.out, sizes)
    return None


def taken_in(
    factors: Sequence[Labelled], contract: Callable[..., Node], fuse: Callable[..., Node]
) -> list[Labelled] | None:
    """The factors with powers of products written as products of powers; None when there is nothing to take in.

    What products share is met once, with all its exponents together. `contract` and `fuse` are the builders.
    """
    powers = [(*base_and_exponent(node), tuple(labels)) for node, labels in factors]
    made_of = _made_of([(base, labels) for base, exponent, labels in powers if _whole(exponent)], contract)
    exponents: dict[_Held, Coefficient] = {}
    for base, exponent, labels in powers:
        made_of.setdefault((base, labels), None)
        _times(exponents, (base, labels), exponent)
    taken: list[Labelled] = []
    changed = False
    for held, parts in made_of.items():
        (base, labels), exponent = held, exponents.get(held, 0)
        if exponent == 0:
            changed = True
        elif parts is not None and _whole(exponent):
            for node, own in parts:
                inner, inside = base_and_exponent(node)
                _times(exponents, (inner, own), numbers.multiply(inside, exponent))
            changed = True
        elif isinstance(base, Fuse) and isinstance(exponent, int) and exponent > 1:
            operand = base.children[0]
            places = range(len(operand.axes))
            taken.append((fuse(contract([(operand, places)] * exponent, places), base.groups), labels))
            changed = True
        else:
            node = raised(base, exponent)
            changed |= isinstance(node, (Sum, Contract)) and len(node.children) < 2
            taken.append((node, labels))
    return taken if changed else None


def _whole(exponent: Coefficient) -> bool:
    """Whether a power with this exponent passes into products."""
    return isinstance(exponent, int) and exponent != 1


def _times(exponents: dict[_Held, Coefficient], held: _Held, exponent: Coefficient) -> None:
    known = exponents.get(held)
    exponents[held] = exponent if known is None else numbers.add(known, exponent)


def _made_of(held: Sequence[_Held], contract: Callable[..., Node]) -> dict[_Held, Sequence[_Held] | None]:
    """What bases are products of, and that in turn; a product comes before all that it is made of."""
    found: dict[_Held, Sequence[_Held] | None] = {}
    finished: dict[_Held, None] = {}
    pending = list(held)
    while pending:
        top = pending[-1]
        if top in found:
            pending.pop()
            finished.setdefault(top)
            continue
        parts = found[top] = _parts(*top, contract)
        pending += [(base_and_exponent(node)[0], labels) for node, labels in parts or ()]
    return {one: found[one] for one in reversed(finished)}


def _parts(base: Node, labels: Labels, contract: Callable[..., Node]) -> Sequence[_Held] | None:
    """What a base is a product of, each with its labels; None where a power of it does not pass inward."""
    # A diagonal stays one: see divided_on_diagonals.
    if not isinstance(base, Contract) or _is_diagonal(base):
        return None
    parts = base.factors if is_product(base) else summed_parts(base, contract)
    if not is_product(base) and len(parts) < 2:
        return None
    outer = dict(zip(base.out, labels, strict=True))
    return [(node, tuple([outer[label] for label in own])) for node, own in parts]


def _is_diagonal(node: Contract) -> bool:
    """Whether a contraction only takes the diagonal of something."""
    return len(node.factors) == 1 and len(set(node.factors[0][1])) < len(node.factors[0][1])


def summed_parts(node: Contract, contract: Callable[..., Node]) -> list[tuple[Node, tuple[int, ...]]]:
    """The parts of a product that are summed by themselves, x'x and a in x'x a[i], each with its outputs.

    `contract` is the builder.
    """
    outer = set(node.out)
    if len(outer) < len(node.out):
        return [(node, node.out)]
    groups: list[tuple[set[int], list[tuple[Node, tuple[int, ...]]]]] = []
    for factor, labels in node.factors:
        held = set(labels) - outer
        members = [(factor, labels)]
        apart = []
        for other, theirs in groups:
            if held & other:
                held |= other
                members = theirs + members
            else:
                apart.append((other, theirs))
        groups = [*apart, (held, members)]
    if len(groups) < 2:
        return [(node, node.out)]
    found = []
    for _, members in groups:
        held = {label for _, labels in members for label in labels}
        out = tuple(label for label in node.out if label in held)
        found.append((contract(members, out, {label: node.sizes[label] for label in held}), out))
    return found


def is_product(node: Contract) -> bool:
    """Whether a contraction sums over nothing and takes no diagonal, so that powers pass into it."""
    return len(set(node.out)) == len(node.out) == len(node.sizes)
