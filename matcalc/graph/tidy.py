"""The normal form of a whole graph: contractions and sums that are used once are flattened into their users.

What is used more than once and is worth a name (the δ of backpropagation) stays a node of its own: flattening it
would make depth quadratic and hide the very quantity that the reader wants named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain

from matcalc.graph import numbers
from matcalc.graph.build import contract, linear
from matcalc.graph.node import Contract, Map, Node, Sum
from matcalc.graph.numbers import Coefficient
from matcalc.graph.powers import base_and_exponent, is_power
from matcalc.graph.rebuild import rebuild
from matcalc.graph.walk import topological

# A shared part of this many operators is worth a name.
NAMED_FROM = 4

_ROUNDS = 8


def tidy(*roots: Node) -> tuple[Node, ...]:
    """`roots` in normal form, together: what they share counts as shared. Values stay the same."""
    for _ in range(_ROUNDS):
        if all([root.flat for root in roots]):
            break
        tidied = _once(roots, topological(roots))
        if tidied == roots:
            break
        roots = tidied
    return roots


def may_share(*roots: Node) -> bool:
    """Whether a part worth a name can occur twice: a weight counts what is shared as often as it is used."""
    return sum([root.weight for root in roots]) >= 2 * NAMED_FROM


def shared_parts(roots: Sequence[Node], order: Sequence[Node] | None = None) -> list[Node]:
    """The nodes used more than once that are worth a name, operands before users; `order` are all nodes, if known."""
    if not may_share(*roots):
        return []
    order = topological(roots) if order is None else order
    uses = _uses(order, roots)
    return [node for node in order if node.weight >= NAMED_FROM and uses[node] > 1]


def _uses(order: Sequence[Node], roots: Sequence[Node]) -> Mapping[Node, int]:
    return Counter(chain(chain.from_iterable([node.children for node in order]), roots))


def _once(roots: tuple[Node, ...], order: Sequence[Node]) -> tuple[Node, ...]:
    kept = _divisors(order)
    kept.update(shared_parts(roots, order))
    kept |= {node.terms[0][1] for node in kept if isinstance(node, Sum) and len(node.terms) == 1}
    new: dict[Node, Node] = {}
    kept_sums: set[Node] = set()
    if any([_core(node) is not None for node in kept if node.flat]):
        work = order
    else:
        # What is flat stays as it is, and what uses it is flattened as if it had been walked through.
        work = [node for node in order if not node.flat]
        for node in kept:
            if node.flat:
                _keep(node, kept_sums)
    for node in _wanted(work, roots, kept):
        if isinstance(node, Contract):
            result = _flat_contract(node, new, kept)
        elif isinstance(node, Sum):
            result = _flat_sum(node, new, kept_sums)
        else:
            result = rebuild(node, [new.get(child, child) for child in node.children])
        if node in kept:
            result = _with_core(result, kept)
            _keep(result, kept_sums)
        new[node] = result
    return tuple(new.get(root, root) for root in roots)


def _keep(node: Node, kept: set[Node]) -> None:
    """Add a node to those that stay whole; of a multiple, what it is a multiple of, too."""
    kept.add(node)
    if isinstance(node, Sum) and len(node.terms) == 1:
        kept.add(node.terms[0][1])


def _with_core(node: Node, kept: set[Node]) -> Node:
    """A diagonal matrix of a product, or a repetition of one, as a statement about the labels of the product.

    Wrappers dissolve where they are used, so it is the product that is shared; it goes to what is kept.
    """
    core = _core(node)
    if core is None:
        return node
    assert isinstance(node, Contract)
    inner = contract(
        node.factors, core, {label: node.sizes[label] for _, held in node.factors for label in held}
    )
    kept.add(inner)
    return contract([(inner, core)], node.out, {label: node.sizes[label] for label in node.out})


def _core(node: Node) -> tuple[int, ...] | None:
    """The labels of a product that come out once and are on a factor, where these are not all of its outputs."""
    if not isinstance(node, Contract) or len(node.factors) < 2:
        return None
    touched = {label for _, labels in node.factors for label in labels}
    core = tuple(dict.fromkeys([label for label in node.out if label in touched]))
    return None if len(core) == len(node.out) else core


def _wanted(order: Sequence[Node], roots: Sequence[Node], kept: set[Node]) -> list[Node]:
    """The nodes to build, operands first: all but the contractions that only contractions use and take in.

    Those are opened where they are used, from the top, so that a long chain is flattened once and not at every link.
    """
    wanted = set(roots)
    opened: set[Node] = set()
    for node in reversed(order):
        taking = isinstance(node, Contract)
        if node not in wanted and node not in opened:
            continue
        for child in node.children:
            inner = child
            while taking and isinstance(inner, Sum) and len(inner.terms) == 1 and inner not in kept:
                inner = inner.terms[0][1]
            if taking and isinstance(inner, Contract) and inner not in kept:
                opened.add(inner)
            else:
                wanted.add(child)
    return [node for node in order if node in wanted]


def _divisors(order: Sequence[Node]) -> set[Node]:
    """The products that something is divided by: flattened elsewhere, W H could not cancel against (W H)⁻¹."""
    powers = [base_and_exponent(node) for node in order if node.__class__ is Map and is_power(node)]
    return {base for base, exponent in powers if exponent < 0 and isinstance(base, Contract)}


def _flat_contract(node: Contract, new: dict[Node, Node], kept: set[Node]) -> Node:
    if not any([_opens(factor) or new.get(factor, factor) is not factor for factor in node.children]):
        return node
    sizes = dict(enumerate(node.sizes))
    flat = contract(node.factors, node.out, sizes, lambda inner: inner not in kept, new)
    return linear([(1, flat)], flat.axes)


def _opens(node: Node) -> bool:
    return isinstance(node, Contract) or (isinstance(node, Sum) and len(node.terms) < 2)


def _spread_sum(node: Node) -> Sum | None:
    """The sum that a node only repeats along further axes, if it does: in a sum each term is spread by itself."""
    if not isinstance(node, Contract) or len(node.factors) != 1 or len(set(node.out)) < len(node.out):
        return None
    factor, labels = node.factors[0]
    spreads = (
        isinstance(factor, Sum) and len(factor.axes) < len(node.axes) and len(node.sizes) == len(node.out)
    )
    return factor if spreads and len(set(labels)) == len(labels) else None  # type: ignore[return-value]


def _each_spread(node: Node, spread: Sum) -> list[tuple[Coefficient, Node]]:
    assert isinstance(node, Contract)
    ((_, labels),) = node.factors
    sizes = dict(enumerate(node.sizes))
    return [(c, contract([(term, labels)], node.out, sizes)) for c, term in spread.terms]


def _flat_sum(node: Sum, new: dict[Node, Node], kept: set[Node]) -> Node:
    pending = [(c, new.get(term, term)) for c, term in reversed(node.terms)]
    terms: list[tuple[Coefficient, Node]] = []
    outer = {term for _, term in pending}
    while pending:
        coefficient, term = pending.pop()
        if isinstance(term, Sum) and term not in kept:
            unit = len(term.terms) > 1 and coefficient not in (1, -1) and len(term.axes) < 3
            # A multiple of a sum stays as the user wrote it, unless that hides terms that cancel or collect; of a
            # tensor it is written term by term.
            if not unit or any(inner in outer for _, inner in term.terms):
                pending += [(numbers.multiply(coefficient, c), inner) for c, inner in reversed(term.terms)]
                continue
        spread = _spread_sum(term)
        if spread is not None and term not in kept and spread not in kept:
            pending += [
                (numbers.multiply(coefficient, c), one) for c, one in reversed(_each_spread(term, spread))
            ]
            continue
        terms.append((coefficient, term))
    return linear(terms, node.axes)
