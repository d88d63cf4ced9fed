"""Fused axes in the full normal form: every one is a label of its own, tied to its parts by an indicator F[i, j, k].

F[i, j, k] is 1 where the fused index i is the pair (j, k). With it a `Fuse` or a `Split` inside a contraction is a
product like any other, kron(A, B)[i, l] is A[j, m] B[k, n] F[i, j, k] F[l, m, n], and three rules make it one form:
two indicators on one fused index have the same parts, two on the same parts have the same fused index, and one that is
summed over its fused index, or over all its parts, is 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

from matcalc.graph.axes import cut
from matcalc.graph.build import built, contract, fuse
from matcalc.graph.gather import Gathered
from matcalc.graph.leaves import zero
from matcalc.graph.maps import elementwise
from matcalc.graph.node import Axes, Contract, Fuse, Map, Node, Split
from matcalc.shapes.dims import Dim, dim_product

Label = Hashable
Labels = tuple[Label, ...]
# The sizes of the parts, their labels, the label of the fused index.
Indicator = tuple[Axes, Labels, Label]

# How often a form is made of its own result at most.
_ROUNDS = 4


def is_tied(node: Node) -> bool:
    """Whether fused axes stand inside a product."""
    if isinstance(node, Fuse):
        return is_tied(node.children[0])
    return isinstance(node, Split) or (
        isinstance(node, Contract) and any(isinstance(child, (Fuse, Split)) for child in node.children)
    )


def unfused(node: Node) -> Node:
    """A node that `is_tied` with indicators for its fused axes, those that can be taken outward fused outside."""
    for _ in range(_ROUNDS):
        if not is_tied(node):
            break
        made = _once(node)
        if made is node:
            break
        node = made
    return node


def split_outside(node: Map) -> Node | None:
    """f(F x) as F f(x), where all operands are split alike by an indicator; None where they are not."""
    operands = [child for child in node.children if child.axes]
    splits = [_splits(child) for child in operands]
    shared = set(splits[0]).intersection(*splits[1:]) if splits else set()
    if not shared:
        return None
    sizes, places = min(shared, key=lambda split: split[1])
    axes = list(range(len(node.axes)))
    whole = [axis for axis in axes if axis not in places[1:]]
    inner = iter(
        [_joined(child, split[sizes, places], places) for child, split in zip(operands, splits, strict=True)]
    )
    made = elementwise(node.function, *(next(inner) if child.axes else child for child in node.children))
    held = ["fused" if axis == places[0] else axis for axis in whole]
    return contract([(made, held), (indicator(sizes), (*places, "fused"))], axes)


def _splits(node: Node) -> dict[tuple[Axes, tuple[int, ...]], int]:
    """The axes of a product that are nothing but the parts of a fused index, which is summed, with its label."""
    if not isinstance(node, Contract):
        return {}
    return {
        (factor.axes[:-1], tuple(node.out.index(label) for label in labels[:-1])): labels[-1]
        for factor, labels in node.factors
        if _is_indicator(factor)
        and labels[-1] not in node.out
        and len(set(labels)) == len(labels)
        and all(node.out.count(label) == 1 for label in labels[:-1])
    }


def _joined(node: Node, label: int, places: tuple[int, ...]) -> Node:
    """A product with the fused index in place of its parts."""
    assert isinstance(node, Contract)
    kept = [axis for axis in range(len(node.out)) if axis not in places[1:]]
    out = tuple(label if axis == places[0] else node.out[axis] for axis in kept)
    return _Form(node.factors, out, dict(enumerate(node.sizes))).node()


def indicator(parts: Axes) -> Node:
    """F[j, k, i] of the sizes of j and k."""
    count = len(parts)
    places = tuple(range(count))
    both = contract((), places + places, dict(enumerate(parts)))
    return fuse(both, (1,) * count + (count,))


def _once(node: Node) -> Node:
    whole = tuple(range(len(node.axes)))
    factors: list[tuple[Node, Labels]] = [(node, whole)]
    form = _Form(factors, whole, dict(enumerate(node.axes)))
    return form.node()


class _Form:
    """A product under way: factors without fused axes of their own, indicators, what comes out, sizes."""

    def __init__(self, factors: Sequence[tuple[Node, Labels]], out: Labels, sizes: dict[Any, Dim]) -> None:
        self.fresh = 0
        self.coefficient: Any = 1
        self.indicators: list[Indicator] = []
        self.out = out
        self.sizes: dict[Any, Dim] = sizes
        opened: list[tuple[Node, Labels]] = list(factors)
        while True:
            gathered = Gathered(opened, self.out, self.sizes, lambda _: True, None, False)
            self.coefficient *= gathered.coefficient
            self.out, self.sizes = gathered.out, gathered.sizes
            opened, changed = [], False
            for factor, labels in gathered.factors:
                pieces = self._opened(factor, labels)
                changed |= pieces != [(factor, labels)]
                opened += pieces
            if not changed or not self.coefficient:
                break
        self.factors = [pair for pair in opened if not _is_indicator(pair[0])]
        for factor, labels in opened:
            if _is_indicator(factor):
                self.indicators.append((factor.axes[:-1], labels[:-1], labels[-1]))
        self._settle()

    def _new(self, count: int) -> Labels:
        self.fresh += count
        return tuple(("part", self.fresh - k) for k in range(count))

    def _opened(self, factor: Node, labels: Labels) -> list[tuple[Node, Labels]]:
        """A fused or split factor as what it is made of, and indicators."""
        if _is_indicator(factor) or not isinstance(factor, (Fuse, Split)):
            return [(factor, labels)]
        inner = factor.children[0]
        found: list[tuple[Node, Labels]] = []
        held: list[Label] = []
        if isinstance(factor, Fuse):
            for label, run in zip(labels, cut(tuple(range(len(inner.axes))), factor.groups), strict=True):
                own = (label,) if len(run) == 1 else self._new(len(run))
                held += own
                if len(run) > 1:
                    found.append((indicator(tuple(inner.axes[k] for k in run)), (*own, label)))
        else:
            start = 0
            for part in factor.parts:
                own = labels[start : start + len(part)]
                start += len(part)
                label = own[0] if len(part) == 1 else self._new(1)[0]
                held.append(label)
                if len(part) > 1:
                    found.append((indicator(part), (*own, label)))
        return [(inner, tuple(held)), *found]

    def _settle(self) -> None:
        """The rules, until they change nothing."""
        while True:
            same = self._equal_labels()
            if same:
                self._rename(same)
                continue
            uses = Counter([*self.out, *(label for _, held in self.factors for label in held)])
            for _, parts, label in self.indicators:
                uses.update([*parts, label])
            for place, (_, parts, label) in enumerate(self.indicators):
                gone = (
                    [label] if uses[label] == 1 else list(parts) if all(uses[k] == 1 for k in parts) else []
                )
                if gone:
                    del self.indicators[place]
                    for one in gone:
                        del self.sizes[one]
                    break
            else:
                return

    def _equal_labels(self) -> dict[Label, Label]:
        """Labels that two indicators say to be the same; of two such indicators one goes."""
        fused: dict[tuple[Axes, Label], Labels] = {}
        parted: dict[tuple[Axes, Labels], Label] = {}
        for place, (sizes, parts, label) in enumerate(self.indicators):
            known = fused.setdefault((sizes, label), parts)
            other = parted.setdefault((sizes, parts), label)
            pairs = list(zip(parts, known, strict=True)) if known is not parts else [(label, other)]
            if known is not parts or other != label:
                del self.indicators[place]
                return {a: b for a, b in pairs if a != b} or {label: label}
        return {}

    def _rename(self, same: dict[Label, Label]) -> None:
        """Each label by what it is the same as."""

        def root(label: Label) -> Label:
            seen = {label}
            while same.get(label, label) not in seen:
                label = same[label]
                seen.add(label)
            return label

        self.out = tuple(map(root, self.out))
        self.factors = [(factor, tuple(map(root, held))) for factor, held in self.factors]
        self.indicators = [
            (sizes, tuple(map(root, parts)), root(label)) for sizes, parts, label in self.indicators
        ]
        self.sizes = {label: dim for label, dim in self.sizes.items() if root(label) == label}

    def node(self) -> Node:
        """The product as a node; a fused index that nothing else holds comes out as its parts, fused outside."""
        if not self.coefficient:
            return zero([self.sizes[label] for label in self.out])
        uses = Counter(label for _, held in self.factors for label in held)
        for _, parts, label in self.indicators:
            uses.update([*parts, label])
        outward = {
            label: parts for _, parts, label in self.indicators if label in self.out and uses[label] == 1
        }
        out = tuple(part for label in self.out for part in outward.get(label, (label,)))
        groups = [len(outward.get(label, (label,))) for label in self.out]
        sizes = {label: dim for label, dim in self.sizes.items() if label not in outward}
        factors = list(self.factors)
        for parts_sizes, parts, label in self.indicators:
            if label not in outward:
                factors.append((indicator(parts_sizes), (*parts, label)))
        return fuse(built(self.coefficient, factors, out, sizes), groups)


def _is_indicator(node: Node) -> bool:
    if not isinstance(node, Fuse) or node.groups[:-1] != (1,) * (len(node.groups) - 1):
        return False
    inner, count = node.children[0], node.groups[-1]
    return (
        isinstance(inner, Contract)
        and not inner.factors
        and len(node.groups) == count + 1
        and inner.out == tuple(range(count)) * 2
        and node.axes[-1] == dim_product(inner.axes[:count])
    )
