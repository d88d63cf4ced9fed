"""How a contraction of views is computed: found out once for a pattern, then done with whatever arrays are at hand.

Which pairs are multiplied first, and how, follows from the labels of the axes and their sizes alone, and a deep network
has the same few contractions in every layer. So a plan is itself a small program, whose operands come first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from matcalc.codegen.contraction import Labels, Part, contracted
from matcalc.codegen.program import Instruction, Program
from matcalc.codegen.views import PLAIN, View, regrouped
from matcalc.graph import Axes

# Per factor of the contraction: its labels, those of the view that it is seen as (None: as it is), the array's axes.
Pattern = tuple[Labels, Axes, tuple[tuple[Labels, Labels | None, Axes], ...]]


class Plan(NamedTuple):
    """Instructions in terms of slots: the operands first, then what each makes. `labels` are None for an array."""

    steps: tuple[Instruction, ...]
    result: int
    labels: Labels | None

    def again(self, program: Program, refs: list[int]) -> View | int:
        """Done with the operands `refs`, which are extended by what is made."""
        steps, result, labels = self
        for op, slots, attributes, axes in steps:
            refs.append(program.emit(op, tuple([refs[slot] for slot in slots]), attributes, axes))
        return refs[result] if labels is None else View(refs[result], labels)


@lru_cache(maxsize=1024)
def planned(pattern: Pattern) -> Plan:
    """The plan for arrays that are no numbers, each another, of sizes that are not known."""
    out, sizes, factors = pattern
    program = Program()
    views = []
    for slot, (labels, seen, axes) in enumerate(factors):
        ref = program.emit("operand", (), (slot,), axes)
        views.append((View(ref, PLAIN[len(labels)] if seen is None else seen), labels))
    ref, labels = product(program, views, out, sizes, range(len(sizes)))
    steps = tuple(program.instructions[len(factors) :])
    return Plan(
        steps, ref, None if labels == PLAIN[program.rank(ref)] and len(labels) == len(out) else labels
    )


def product(
    program: Program,
    factors: Sequence[tuple[View, Labels]],
    out: Labels,
    sizes: Axes,
    in_play: Collection[int],
) -> View:
    """The product of views whose axes bear labels, summed over those of the labels `in_play` that are not in `out`."""
    parts, out = seen_through(program, factors, out, sizes, in_play)
    return of_arrays(program, parts, out, sizes)


def of_arrays(program: Program, parts: Sequence[Part], out: Labels, sizes: Axes) -> View:
    """The same of arrays."""
    ref, order = contracted(program, parts, out, sizes)
    return View(ref, out if order == out == PLAIN[len(out)] else regrouped(order, out))


def seen_through(
    program: Program,
    factors: Sequence[tuple[View, Labels]],
    out: Labels,
    sizes: Axes,
    in_play: Collection[int],
) -> tuple[list[Part], Labels]:
    """Arrays of distinct labels in place of views, and `out` in terms of these; labels that views tie are one."""
    parts = []
    same = _Same()
    held: set[int] = set()
    for (ref, seen), outer in factors:
        rank = program.rank(ref)
        labels = outer
        if len(outer) != rank or seen != PLAIN[rank]:
            renamed: dict[int, int] = {}
            for inner, label in zip(seen, outer, strict=True):
                same.unite(renamed.setdefault(inner, label), label)
            labels = tuple([renamed[axis] for axis in range(rank)])
        parts.append((ref, labels))
        held.update(labels)
    if same.links:
        parts = [(ref, tuple(map(same.root, labels))) for ref, labels in parts]
        out = tuple(map(same.root, out))
        held = {label for _, labels in parts for label in labels}
    parts = [_distinct(program, *part) if len(part[1]) > len(set(part[1])) else part for part in parts]
    if len(held) < len(in_play):
        free = set(map(same.root, in_play)) - held - set(out)
        parts += [(program.size(sizes[label]), ()) for label in sorted(free)]
    return parts, out


def _distinct(program: Program, ref: int, labels: Labels) -> Part:
    """Diagonals taken until no label occurs twice."""
    while len(set(labels)) < len(labels):
        second = next(k for k, label in enumerate(labels) if label in labels[:k])
        first = labels.index(labels[second])
        kept = [k for k in range(len(labels)) if k not in (first, second)]
        axes = program.axes(ref)
        ref = program.emit("diagonal", (ref,), (first, second), (*(axes[k] for k in kept), axes[first]))
        labels = (*(labels[k] for k in kept), labels[first])
    return ref, labels


class _Same:
    """Labels that have turned out to be one."""

    def __init__(self) -> None:
        self.links: dict[int, int] = {}

    def root(self, label: int) -> int:
        while label in self.links:
            label = self.links[label]
        return label

    def unite(self, first: int, second: int) -> None:
        first, second = self.root(first), self.root(second)
        if first != second:
            self.links[second] = first
