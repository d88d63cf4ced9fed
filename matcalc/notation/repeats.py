"""Parts of a formula that are written out more than once, although no node of the graph stands for them.

A flat contraction shows chains of products that another one shows too. Read back, such a part is one node; so whoever
wants the text to say what the graph says has to notice it.
"""

from __future__ import annotations

from collections.abc import Hashable

from matcalc.graph.tidy import NAMED_FROM
from matcalc.notation.render import children
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
    Where,
)


def has_repeats(tree: Tree) -> bool:
    """Whether a part of four or more operators is written out twice; a name counts as what it stands for."""
    keys: dict[Tree, int] = {}
    known: dict[Hashable, int] = {}
    operators: dict[Tree, int] = {}
    named: dict[str, int] = {}
    written: dict[int, int] = {}
    definitions = tree.definitions if isinstance(tree, Where) else ()
    body = tree.body if isinstance(tree, Where) else tree
    for name, formula in (*definitions, ("", body)):
        for part in _postorder(formula):
            if part in keys:
                continue
            inside = children(part)
            key = (type(part), _own(part), tuple([keys[child] for child in inside]))
            keys[part] = known.setdefault(key, len(known))
            own = named.get(part.name, 0) if isinstance(part, Name) else _operators(part)
            operators[part] = own + sum([operators[child] for child in inside])
            for child in inside:
                if operators[child] >= NAMED_FROM and not isinstance(child, Name):
                    written[keys[child]] = written.get(keys[child], 0) + 1
        named[name] = operators[formula]
    return any([count > 1 for count in written.values()])


def _postorder(tree: Tree) -> list[Tree]:
    """Every part once, operands before what uses them."""
    order: list[Tree] = []
    seen: set[Tree] = set()
    pending: list[tuple[Tree, bool]] = [(tree, False)]
    while pending:
        part, done = pending.pop()
        if done:
            order.append(part)
        elif part not in seen:
            seen.add(part)
            pending.append((part, True))
            pending += [(child, False) for child in children(part)]
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
