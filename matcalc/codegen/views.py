"""Values that are held as less than they are: transposes, broadcasts, diagonals and identities not yet made.

A view is an array and, for each axis of the value, a label: label k below the array's rank is its axis k, a label that
occurs twice makes a diagonal of those axes, and a label beyond the rank is an axis along which nothing changes. So x
seen as diag(x) is x with labels (0, 0), and the identity is the number 1 with labels (0, 0). Products take views in as
a renaming of indices; only what needs every entry, a result above all, makes the array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matcalc.codegen.program import Program
from matcalc.graph import Axes


class _Plain(dict[int, tuple[int, ...]]):
    def __missing__(self, rank: int) -> tuple[int, ...]:
        labels = self[rank] = tuple(range(rank))
        return labels


# By rank, the labels of a view that is its array.
PLAIN = _Plain()


class View(NamedTuple):
    """`labels[k]` says which axis of the array `ref` is axis k of the value."""

    ref: int
    labels: tuple[int, ...]


def tied(views: Sequence[View]) -> tuple[int, ...]:
    """For each axis the group it belongs to: axes that every view ties together stay together."""
    groups: dict[tuple[int, ...], int] = {}
    return tuple(
        groups.setdefault(key, len(groups)) for key in zip(*(view.labels for view in views), strict=True)
    )


def untied(program: Program, view: View, groups: Sequence[int], axes: Axes) -> tuple[int, tuple[int, ...]]:
    """An array of the view's entries and the group of each of its axes.

    A label that covers several groups becomes a diagonal of them; groups along which nothing changes have no axis.
    """
    rank = program.rank(view.ref)
    covered: dict[int, list[int]] = {}
    sizes = dict(zip(groups, axes, strict=True))
    for label, group in zip(view.labels, groups, strict=True):
        places = covered.setdefault(label, [])
        if group not in places:
            places.append(group)
    held = [covered[axis][0] for axis in range(rank)]
    pairs = [(places[0], other) for places in covered.values() for other in places[1:]]
    if not pairs:
        return view.ref, tuple(held)
    dims = tuple(sizes[first] for first, _ in pairs)
    if len(pairs) == 1 and rank == 1 and held[0] == pairs[0][0]:
        return program.emit("diag", (view.ref,), (), (dims[0], dims[0])), pairs[0]
    if len(pairs) == 1 and rank == 0:
        eye = program.emit("eye", (), dims, (dims[0], dims[0]))
        return program.product((view.ref, eye), (dims[0], dims[0])), pairs[0]
    order = sorted({*held, *(place for pair in pairs for place in pair)})
    shape = tuple(sizes[group] for group in order)
    entries = program.aligned(view.ref, held, [g for g in order if all(g != second for _, second in pairs)])
    ties = tuple((order.index(first), order.index(second)) for first, second in pairs)
    return program.emit("scatter", (entries,), (ties, shape), shape), tuple(order)


def layout(arrays: Sequence[tuple[int, tuple[int, ...]]]) -> tuple[int, ...]:
    """The order of groups in which the arrays are best laid over each other: that of the first that has them all."""
    held = sorted({group for _, groups in arrays for group in groups})
    whole = [groups for _, groups in arrays if len(groups) == len(held)]
    return tuple(held) if not whole or tuple(held) in whole else whole[0]


def regrouped(order: Sequence[int], groups: Sequence[int]) -> tuple[int, ...]:
    """The labels of a view whose array has the groups `order` as its axes."""
    places = {group: place for place, group in enumerate(order)}
    for group in groups:
        places.setdefault(group, len(places))
    return tuple(places[group] for group in groups)


def dense(program: Program, view: View, axes: Axes) -> int:
    """The array with exactly `axes`, in their order and at full size."""
    if view.labels == PLAIN[len(axes)] and program.rank(view.ref) == len(axes):
        return view.ref
    every = PLAIN[len(axes)]
    ref, held = untied(program, view, every, axes)
    if len(held) == len(axes):
        return program.aligned(ref, held, every)
    return program.emit("repeat", (program.aligned(ref, held, every),), axes, axes)
