"""The normal form of a whole graph: contractions and sums that are used once are flattened into their users.

What is used more than once and is worth a name (the δ of backpropagation) stays a node of its own: flattening it
would make depth quadratic and hide the very quantity that the reader wants named.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.graph import numbers
from matcalc.graph.build import contract, linear
from matcalc.graph.node import Contract, Node, Sum
from matcalc.graph.numbers import Coefficient
from matcalc.graph.rebuild import rebuild
from matcalc.graph.walk import topological

# A shared part of this many operators is worth a name.
NAMED_FROM = 4

_ROUNDS = 8


def tidy(*roots: Node) -> tuple[Node, ...]:
    """`roots` in normal form, together: what they share counts as shared. Values stay the same."""
    for _ in range(_ROUNDS):
        tidied = _once(roots)
        if tidied == roots:
            break
        roots = tidied
    return roots


def shared_parts(roots: Sequence[Node]) -> list[Node]:
    """The nodes used more than once that are worth a name, operands before users."""
    order = topological(roots)
    uses = _uses(order, roots)
    return [node for node in order if uses[node] > 1 and node.weight >= NAMED_FROM]


def _uses(order: Sequence[Node], roots: Sequence[Node]) -> dict[Node, int]:
    uses = dict.fromkeys(order, 0)
    for node in order:
        for child in node.children:
            uses[child] += 1
    for root in roots:
        uses[root] += 1
    return uses


def _once(roots: tuple[Node, ...]) -> tuple[Node, ...]:
    order = topological(roots)
    uses = _uses(order, roots)
    new: dict[Node, Node] = {}
    kept: set[Node] = set()
    for node in order:
        if isinstance(node, Contract):
            result = _flat_contract(node, new, kept)
        elif isinstance(node, Sum):
            result = _flat_sum(node, new, kept)
        else:
            result = rebuild(node, [new[child] for child in node.children])
        new[node] = result
        if uses[node] > 1 and node.weight >= NAMED_FROM:
            kept.add(result)
    return tuple(new[root] for root in roots)


def _flat_contract(node: Contract, new: dict[Node, Node], kept: set[Node]) -> Node:
    factors: list[tuple[Node, tuple[object, ...]]] = []
    sizes: dict[object, object] = dict(enumerate(node.sizes))
    coefficient: Coefficient = 1
    changed = False
    same: dict[object, object] = {}
    for index, (factor, labels) in enumerate(node.factors):
        inner = new[factor]
        changed |= inner is not factor
        if isinstance(inner, Sum) and len(inner.terms) == 1 and inner not in kept:
            scalar, inner = inner.terms[0]
            coefficient = numbers.multiply(coefficient, scalar)
        if not isinstance(inner, Contract) or inner in kept:
            factors.append((inner, labels))
            continue
        changed = True
        renamed: dict[int, object] = {}
        for label, outer in zip(inner.out, labels, strict=True):
            if label in renamed:
                # The factor is a diagonal: its two outer labels are one.
                a, b = _root(same, renamed[label]), _root(same, outer)
                if a != b:
                    same[b] = a
            else:
                renamed[label] = outer
        for label, dim in enumerate(inner.sizes):
            if label not in renamed:
                renamed[label] = (index, label)
                sizes[(index, label)] = dim
        factors += [(part, tuple(renamed[label] for label in held)) for part, held in inner.factors]
    if not changed:
        return node
    if same:
        factors = [(part, tuple(_root(same, label) for label in labels)) for part, labels in factors]
        sizes = {_root(same, label): dim for label, dim in sizes.items()}
    out = tuple(_root(same, label) for label in node.out)
    flat = contract(factors, out, sizes)  # type: ignore[arg-type]
    return linear([(coefficient, flat)], flat.axes)


def _root(same: dict[object, object], label: object) -> object:
    while label in same:
        label = same[label]
    return label


def _flat_sum(node: Sum, new: dict[Node, Node], kept: set[Node]) -> Node:
    terms: list[tuple[Coefficient, Node]] = []
    pending = [(c, new[term]) for c, term in reversed(node.terms)]
    outer = {term for _, term in pending}
    while pending:
        coefficient, term = pending.pop()
        if isinstance(term, Sum) and term not in kept:
            unit = len(term.terms) > 1 and coefficient not in (1, -1)
            # A multiple of a sum stays as the user wrote it, unless that hides terms that cancel or collect.
            if not unit or any(inner in outer for _, inner in term.terms):
                pending += [(numbers.multiply(coefficient, c), inner) for c, inner in reversed(term.terms)]
                continue
        terms.append((coefficient, term))
    return linear(terms, node.axes)
