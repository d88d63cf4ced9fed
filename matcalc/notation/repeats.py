"""Parts of a formula that are written out more than once, although no node of the graph stands for them.

A flat contraction shows chains of products that another one shows too. Read back, such a part is one node; so whoever
wants the text to say what the graph says has to notice it.
"""

from __future__ import annotations

from collections.abc import Hashable

from matcalc.graph.tidy import NAMED_FROM
from matcalc.notation.render import children, walk
from matcalc.notation.tree import (
    Addition,
    Call,
    Hadamard,
    Literal,
    MatrixProduct,
    Name,
    Power,
    Quotient,
    Scaled,
    Tree,
)


def has_repeats(tree: Tree) -> bool:
    """Whether a part of four or more operators is written out twice."""
    parts = list(walk(tree))
    if len(parts) < 2 * NAMED_FROM:
        return False
    keys: dict[Tree, int] = {}
    known: dict[Hashable, int] = {}
    operators: dict[Tree, int] = {}
    written: dict[int, int] = {}
    for part in reversed(_postorder_reversed(tree)):
        inside = children(part)
        key = (type(part), _own(part), tuple(keys[child] for child in inside))
        keys[part] = known.setdefault(key, len(known))
        operators[part] = _operators(part) + sum(operators[child] for child in inside)
    for part in parts:
        for child in children(part):
            if operators[child] >= NAMED_FROM:
                written[keys[child]] = written.get(keys[child], 0) + 1
    return any(count > 1 for count in written.values())


def _postorder_reversed(tree: Tree) -> list[Tree]:
    """Every part once, users before what they use."""
    uses: dict[Tree, int] = {}
    for part in walk(tree):
        for child in children(part):
            uses[child] = uses.get(child, 0) + 1
    order, pending = [], [tree]
    while pending:
        part = pending.pop()
        order.append(part)
        for child in children(part):
            uses[child] -= 1
            if not uses[child]:
                pending.append(child)
    return order


def _own(part: Tree) -> Hashable:
    if isinstance(part, Name):
        return part.name
    if isinstance(part, Literal):
        return type(part.value).__name__, part.value
    if isinstance(part, Call):
        return part.function, part.keywords, part.primes
    if isinstance(part, Addition):
        return tuple(sign for sign, _ in part.terms)
    return getattr(part, "letters", None)


def _operators(part: Tree) -> int:
    """How many operators of the graph the part adds to those of its operands."""
    if isinstance(part, (MatrixProduct, Hadamard)):
        return len(part.factors) - 1
    if isinstance(part, Addition):
        return len(part.terms) - 1
    if isinstance(part, Scaled):
        return len(part.scalars)
    if isinstance(part, Quotient):
        return 2
    return 1 if isinstance(part, (Call, Power)) else 0
