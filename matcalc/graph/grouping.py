"""Formulas as they are typed: what holds all of another part that is worth a name is written with that part.

`a + b + c` beside `f(a + b)` is `(a + b) + c`, and `A @ B @ C` beside `g(A @ B)` is `(A @ B) @ C`, wherever the
parentheses stood, so that a formula does not depend on them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from matcalc.graph.build import contract, linear
from matcalc.graph.contraction import connected, transposed_key
from matcalc.graph.node import Contract, Node, Sum
from matcalc.graph.rebuild import substitute
from matcalc.graph.tidy import NAMED_FROM, tidy
from matcalc.graph.walk import topological

# How often parts are grouped, one in another.
_ROUNDS = 4


def settled(node: Node) -> Node:
    """A typed formula in normal form, with the parts that it has in common with others whole."""
    # Before parts that are used once are dissolved, and again when they are.
    node = tidy(_grouped(node))[0]
    for _ in range(_ROUNDS):
        grouped = _grouped(node)
        if grouped is node:
            break
        node = tidy(grouped)[0]
    return node


def _grouped(root: Node) -> Node:
    order = topological([root])
    wholes = [node for node in order if len(node.children) > 2 and isinstance(node, (Sum, Contract))]
    if not wholes:
        return root
    parts: dict[Node, list[Node]] = {}
    for node in order:
        if node.weight >= NAMED_FROM and len(node.children) > 1 and isinstance(node, (Sum, Contract)):
            parts.setdefault(min(node.children, key=_digest), []).append(node)
    found = _apart_in_both_orientations(wholes)
    for node in wholes:
        if node in found:
            continue
        near = [part for child in set(node.children) for part in parts.get(child, ())]
        near = [part for part in near if part.__class__ is node.__class__ and _fits(part, node)]
        for part in sorted(near, key=lambda one: (-len(one.children), one.digest)):
            made = _with_terms(node, part) if isinstance(node, Sum) else _with_factors(node, part)
            if made is not None:
                found[node] = made
                break
    return substitute([root], found)[0] if found else root


def _apart_in_both_orientations(wholes: Sequence[Node]) -> dict[Node, Node]:
    """Products t wᵀ that occur as w tᵀ too, made of t and w: these are all that both orientations have in common."""
    alike: dict[tuple[Node, ...], list[Contract]] = {}
    for node in wholes:
        if isinstance(node, Contract) and len(node.out) == len(set(node.out)) == 2:
            alike.setdefault(node.children, []).append(node)
    found: dict[Node, Node] = {}
    for nodes in alike.values():
        turned = {transposed_key(node, True) for node in nodes} if len(nodes) > 1 else set()
        found.update({node: _apart(node) for node in nodes if transposed_key(node, False) in turned})
    return {node: apart for node, apart in found.items() if apart is not node}


def _apart(node: Contract) -> Node:
    """A product made of the parts that no label connects, where they are worth a name."""
    parts: list[tuple[Node, tuple[int, ...]]] = []
    for members in connected(node.factors):
        factors = [node.factors[k] for k in members]
        held = {label for _, labels in factors for label in labels}
        out = tuple(label for label in dict.fromkeys(node.out) if label in held)
        part = contract(factors, out)
        parts += [(part, out)] if part.weight >= NAMED_FROM else factors
    return contract(parts, node.out, {label: node.sizes[label] for label in node.out})


def _digest(node: Node) -> int:
    return node.digest


def _fits(part: Node, whole: Node) -> bool:
    return len(part.children) < len(whole.children) and not Counter(part.children) - Counter(whole.children)


def _with_terms(whole: Sum, part: Node) -> Node | None:
    """A sum with a shorter one, or its negative, in place of its terms."""
    assert isinstance(part, Sum)
    coefficients = {term: c for c, term in whole.terms}
    for sign in (1, -1):
        if all([coefficients[term] == sign * c for c, term in part.terms]):
            rest = [(c, term) for c, term in whole.terms if term not in part.children]
            return linear([(sign, part), *rest], whole.axes)
    return None


def _with_factors(whole: Node, part: Node) -> Node | None:
    """A product with a shorter one in place of its factors: its summed labels are on no other factor."""
    assert isinstance(whole, Contract)
    assert isinstance(part, Contract)
    if len(set(part.out)) < len(part.out) or len(part.sizes) > len(
        {k for _, held in part.factors for k in held}
    ):
        return None
    for members, places in _occurrences(part, whole.factors):
        rest = [pair for k, pair in enumerate(whole.factors) if k not in members]
        beside = {label for _, held in rest for label in held} | set(whole.out)
        if all(label in part.out or place not in beside for label, place in places.items()):
            own = (part, tuple(places[label] for label in part.out))
            sizes = {label: whole.sizes[label] for label in whole.out}
            return contract([*rest, own], whole.out, sizes)
    return None


def _occurrences(
    part: Contract, factors: Sequence[tuple[Node, tuple[int, ...]]]
) -> Iterator[tuple[set[int], dict[int, int]]]:
    """The factors that may be those of the part, with the labels that its own ones stand for."""
    pending: list[tuple[tuple[int, ...], dict[int, int]]] = [((), {})]
    while pending:
        members, places = pending.pop()
        if len(members) == len(part.factors):
            yield set(members), places
            continue
        wanted, own = part.factors[len(members)]
        for k, (factor, held) in enumerate(factors):
            if factor is not wanted or k in members:
                continue
            for turned in (held, held[::-1]) if factor.symmetric else (held,):
                grown = dict(places)
                if all(grown.setdefault(a, b) == b for a, b in zip(own, turned, strict=True)) and len(
                    set(grown.values())
                ) == len(grown):
                    pending.append(((*members, k), grown))
