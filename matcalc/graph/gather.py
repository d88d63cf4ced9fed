"""What a contraction is made of: coefficients taken out, wrappers dissolved into renamed labels.

A transpose, a delta, a broadcast, a diagonal or a sum of one factor is only a statement about labels. `Gathered` takes
such wrappers (or any contractions that the caller opens) apart, so that their factors join the outer contraction.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from matcalc.errors import ShapeError
from matcalc.graph import numbers
from matcalc.graph.node import Contract, Fuse, Map, Node, Sum, make_size
from matcalc.graph.numbers import Coefficient
from matcalc.graph.powers import base_and_exponent, merge_powers
from matcalc.shapes.dims import Dim, dim_parts, dim_text

Label = Hashable
Labels = tuple[Label, ...]
Opens = Callable[[Contract], bool]
# Labels are whatever a caller counts with, and a Mapping is invariant in its keys.
Sizes = Mapping[Any, Dim]


def is_wrapper(node: Contract) -> bool:
    """Whether a contraction has at most one factor, and so says nothing but how labels are named."""
    return len(node.factors) < 2


def sums(node: Contract) -> bool:
    """Whether the contraction sums over a label."""
    return len(set(node.out)) < len(node.sizes)


class Gathered:
    """The factors, labels and sizes of one contraction. Raises ShapeError where two sizes meet on a label.

    `opens` says which contractions among the factors are taken apart; the others are looked up in `replaced`.
    """

    def __init__(
        self,
        factors: Iterable[tuple[Node, Sequence[Label]]],
        out: Labels,
        sizes: Sizes | None,
        opens: Opens,
        replaced: Mapping[Node, Node] | None = None,
        squares: bool = True,
    ) -> None:
        self._coefficients: list[Coefficient] = []
        self.factors: list[tuple[Node, Labels]] = []
        self.out = out
        self.sizes: dict[Label, Dim] = dict(sizes) if sizes else {}
        self.fused = False
        self._opens = opens
        self._squares = squares
        self._replaced = replaced or {}
        self._powers: set[tuple[Node, Labels]] = set()
        self._same: dict[Label, Label] = {}
        self._fresh = 0
        self._closed: list[tuple[Contract, Labels]] = []
        for node, labels in factors:
            self._add(node, tuple(labels))
        self._open_rest()
        if self._same:
            self._rename()
        self.coefficient = numbers.product(self._coefficients) if self._coefficients else 1

    def _add(self, node: Node, labels: Labels, settled: bool = False) -> None:
        for label, dim in zip(labels, node.axes, strict=True):
            known = self.sizes.setdefault(label, dim)
            if known != dim:
                raise ShapeError(f"an index of size {dim_text(known)} meets one of size {dim_text(dim)}")
        if isinstance(node, Sum) and len(node.terms) < 2:
            if not node.terms:
                self._coefficients.append(0)
                return
            coefficient, node = node.terms[0]
            self._coefficients.append(coefficient)
        if isinstance(node, Contract):
            if is_wrapper(node):
                if node.factors and sums(node):
                    # A sum of one factor waits: beside another of its kind it is a square.
                    self._closed.append((node, labels))
                else:
                    self._open(node, labels)
                return
            if not settled and self._opens(node):
                self._closed.append((node, labels))
                return
        other = node if settled else self._replaced.get(node, node)
        if other is node:
            self._take(node, labels)
        else:
            self._add(other, labels, settled=True)

    def _take(self, node: Node, labels: Labels) -> None:
        self.fused |= node.__class__ is Fuse
        if node.__class__ is Map:
            base, exponent = base_and_exponent(node)
            if exponent != 1:
                self._powers.add((base, labels))
        self.factors.append((node, labels))

    def _open_rest(self) -> None:
        """Open the other contractions: products first, then those that sum, unless a power of them is a factor too.

        (W H)⁻² beside W H must meet it whole, or they would not cancel.
        """
        while self._closed:
            place = next((k for k, (node, _) in enumerate(self._closed) if not sums(node)), 0)
            node, labels = self._closed.pop(place)
            if self._squares and (node, labels) in self._closed and sums(node):
                # A product times itself is its square.
                self._powers.add((node, labels))
            if (node, labels) in self._powers:
                self._take(node, labels)
            else:
                self._open(node, labels)

    def _open(self, node: Contract, labels: Labels) -> None:
        renamed: dict[int, Label] = {}
        for inner, label in zip(node.out, labels, strict=True):
            if inner in renamed:
                self._unify(renamed[inner], label)
            else:
                renamed[inner] = label
        for inner, dim in enumerate(node.sizes):
            if inner not in renamed:
                # Fresh labels count down from zero; what was gathered before brings its own along.
                fresh = self._fresh - 1
                while fresh in self.sizes:
                    fresh -= 1
                self._fresh = renamed[inner] = fresh
                self.sizes[fresh] = dim
        for factor, held in node.factors:
            self._add(factor, tuple([renamed[inner] for inner in held]))

    def _unify(self, a: Label, b: Label) -> None:
        a, b = self._root(a), self._root(b)
        if a != b:
            self._same[b] = a

    def _root(self, label: Label) -> Label:
        while label in self._same:
            label = self._same[label]
        return label

    def _rename(self) -> None:
        root = self._root
        self.factors = [(node, tuple(map(root, labels))) for node, labels in self.factors]
        self.out = tuple(map(root, self.out))
        self.sizes = {root(label): dim for label, dim in self.sizes.items()}


def plain(
    factors: Sequence[tuple[Node, Sequence[Label]]], sizes: Sizes | None, opens: Opens
) -> tuple[Coefficient, list[tuple[Node, Sequence[Label]]], dict[Label, Dim]] | None:
    """The coefficient, the factors without theirs, and the sizes of all labels, when no factor has to be taken apart.

    That is the common case; None otherwise.
    """
    coefficients: list[Coefficient] = []
    taken = []
    known: dict[Label, Dim] = dict(sizes) if sizes else {}
    for node, labels in factors:
        kind = node.__class__
        if kind is Sum and len(node.terms) == 1:  # type: ignore[attr-defined]
            coefficient, node = node.terms[0]  # type: ignore[attr-defined]
            coefficients.append(coefficient)
            kind = node.__class__
        if kind is Sum:
            if not node.terms:  # type: ignore[attr-defined]
                return None
        elif kind is Contract:
            if len(node.factors) < 2 or (opens is not is_wrapper and opens(node)):  # type: ignore[attr-defined,arg-type]
                return None
        elif kind is Fuse:
            return None
        if len(labels) != len(node.axes):
            raise ValueError("a factor needs one label for each axis")
        for label, dim in zip(labels, node.axes, strict=False):
            if known.setdefault(label, dim) != dim:
                return None
        taken.append((node, labels))
    return numbers.product(coefficients) if coefficients else 1, taken, known


def count_free(
    coefficient: Coefficient,
    factors: Sequence[tuple[Node, Sequence[Label]]],
    out: Labels,
    sizes: dict[Label, Dim],
) -> tuple[Coefficient, Sequence[tuple[Node, Sequence[Label]]], dict[Label, Dim]]:
    """Sum over labels that touch nothing: each is a factor of its size. Returns the sizes that remain."""
    held = set(out)
    for _, labels in factors:
        held.update(labels)
    if len(held) == len(sizes):
        return coefficient, factors, sizes
    counted: list[tuple[Node, Sequence[Label]]] = []
    for label, dim in sizes.items():
        for part in dim_parts(dim) if label not in held else ():
            if isinstance(part, int):
                coefficient = numbers.multiply(coefficient, part)
            else:
                counted.append((make_size(part), ()))
    if counted:
        factors = merge_powers([*factors, *counted])
    return coefficient, factors, {label: dim for label, dim in sizes.items() if label in held}
