"""How long a node is on paper: the measure by which one form of a value is preferred to another.

It counts roughly what `matcalc.notation.tokens` counts, but on the graph, without writing anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property

from matcalc.calculus.opening import unscaled
from matcalc.graph import (
    ONE,
    Apply,
    Contract,
    Map,
    Node,
    Size,
    Sum,
    base_and_exponent,
    is_power,
)

# Sharing makes formulas exponentially longer than their graphs; beyond this all are alike.
_CAP = 100_000

_CALL = 3  # a name and two parentheses
_LONG_NAME = 8
_GROUP = 1  # parentheses weigh less than a name


def _looks(node: Map | Apply) -> int:
    """What a function takes beyond a short name: a long name, and letters in index notation."""
    letters = 2 * len(node.axes) if len(node.axes) > 2 else 0
    return letters + (len(node.function.name) > _LONG_NAME)


class Measure:
    """The lengths of nodes, where the parts that `named()` tells, asked at first use, are written as a name."""

    def __init__(self, named: Callable[[], Collection[Node]] = tuple) -> None:
        self._find_named = named
        self._known: dict[Node, int] = {}

    @cached_property
    def named(self) -> Collection[Node]:
        """The parts that are written as a name."""
        return self._find_named()

    def __call__(self, node: Node) -> int:
        """The length of what stands for the node: a name for a named part."""
        return 1 if node in self.named else self.body(node)

    def body(self, node: Node) -> int:
        """The length of the node itself, written out."""
        known, named = self._known, self.named
        if node not in known:
            pending = [node]
            while pending:
                top = pending[-1]
                missing = [c for c in top.children if c not in known and c not in named]
                if missing:
                    pending += missing
                else:
                    pending.pop()
                    known[top] = min(self._own(top), _CAP)
        return known[node]

    def _own(self, node: Node) -> int:
        if isinstance(node, Sum):
            return self._sum(node)
        if isinstance(node, Contract):
            return self._contract(node)
        if isinstance(node, (Map, Apply)):
            if is_power(node):
                return self._power(node)
            # A minus is better outside: -sin(x) rather than sin(-x).
            signs = sum(unscaled(operand)[0] < 0 for operand in node.children)
            return _CALL + len(node.children) - 1 + sum(map(self, node.children)) + signs + _looks(node)
        return 1 if not node.children else _CALL + sum(map(self, node.children))

    def _sum(self, node: Sum) -> int:
        length = max(len(node.terms) - 1, 0)
        for coefficient, term in node.terms:
            if isinstance(term, Contract) and not term.factors and len(set(term.out)) == len(term.out):
                # Ones are the coefficient alone.
                length += 1
                continue
            length += self(term) + (0 if coefficient in (1, -1) else 2)
        if all(coefficient < 0 for coefficient, _ in node.terms) and not self._takes_minus(node):
            length += 1
        return max(length, 1)

    def _takes_minus(self, node: Sum) -> bool:
        """Whether a factor takes the minus: -W @ (b - a) is W @ (a - b)."""
        [(_, term), *others] = node.terms or ((1, node),)
        return (
            not others
            and isinstance(term, Contract)
            and any(
                isinstance(factor, Sum)
                and len({c > 0 for c, _ in factor.terms}) == 2
                and factor not in self.named
                for factor in term.children
            )
        )

    def _power(self, node: Node) -> int:
        base, exponent = node.children[0], base_and_exponent(node)[1]
        length = self(base) + (_GROUP if isinstance(base, (Sum, Contract)) and base.children else 0)
        return length + (2 if exponent != 1 else 1 + self(node.children[1]))

    def _contract(self, node: Contract) -> int:
        if not node.factors:
            return 1 if node is ONE else 2
        length = len(node.factors) - 1
        held: dict[int, int] = {}
        for factor, labels in node.factors:
            length += self(factor)
            if len(node.factors) > 1 and isinstance(factor, Map) and _is_division_by_size(factor):
                # x / n is no longer than x * n.
                length -= 2
            if isinstance(factor, Sum) and len(node.factors) > 1 and factor not in self.named:
                length += _GROUP
            for label in labels:
                held[label] = held.get(label, 0) + 1
        # A label that only one factor holds is summed by name, one that comes out twice is a diagonal matrix.
        lonely = any(count == 1 and label not in node.out for label, count in held.items())
        length += _CALL * len(_scaled(node))
        return length + (_CALL if lonely or len(set(node.out)) < len(node.out) else 0)


def _scaled(node: Contract) -> list[int]:
    """The labels at which a vector stands beside matrices: each is a diagonal matrix, A @ diag(p) @ B."""
    if len(node.out) != 2 or len(set(node.out)) < 2:
        return []
    found = []
    for label in range(len(node.sizes)):
        ranks = [len(labels) for _, labels in node.factors if label in labels]
        if 1 in ranks and ranks.count(2) + (label in node.out) == 2 and 2 in ranks:
            found.append(label)
    return found


def _is_division_by_size(node: Map) -> bool:
    base, exponent = base_and_exponent(node)
    return exponent == -1 and isinstance(base, Size)
