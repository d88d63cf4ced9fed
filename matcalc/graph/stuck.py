"""Fused axes that meet an axis which can't be taken apart: vec(X).T @ kron(y, W) where X is m × n and y has p entries.

There the fused factor stays fused, and needs a normal form of its own: what has nothing to do with its fused axes is a
factor beside it, and of its transposes one is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from itertools import permutations
from typing import Any

from matcalc.graph.axes import cut
from matcalc.graph.node import Contract, Fuse, Node

Label = Hashable
Labels = tuple[Label, ...]
Labelled = tuple[Node, Labels]
Builder = Callable[..., Node]

# A node of more axes than this keeps their order.
_TURNED = 3


def freed(
    factors: Sequence[Labelled], out: Labels, contract: Builder, fuse: Builder
) -> list[Labelled] | None:
    """The factors of a contraction whose fused ones stay so, each in its normal form; None if all are already."""
    uses = Counter([*out, *(label for _, labels in factors for label in labels)])
    found: list[Labelled] = []
    changed = False
    for place, (node, labels) in enumerate(factors):
        if isinstance(node, Fuse):
            alone = {label for label in labels if uses[label] == 1 and label not in out}
            parts = (
                [_summed(node, labels, alone, contract, fuse)]
                if alone
                else _apart(node, labels, place, contract, fuse)
            )
            parts = [_turned(part, held, contract, fuse) for part, held in parts]
            changed |= parts != [(node, labels)]
            found += parts
        else:
            found.append((node, labels))
    return found if changed else None


def _summed(node: Fuse, labels: Labels, alone: set[Label], contract: Builder, fuse: Builder) -> Labelled:
    """A fused node that is summed over axes of its own: the sum goes inside."""
    inner = node.children[0]
    runs = cut(tuple(range(len(inner.axes))), node.groups)
    kept = [run for run, label in zip(runs, labels, strict=True) if label not in alone]
    rest = contract([(inner, range(len(inner.axes)))], [axis for run in kept for axis in run])
    return fuse(rest, [len(run) for run in kept]), tuple(label for label in labels if label not in alone)


def _apart(node: Fuse, labels: Labels, place: int, contract: Builder, fuse: Builder) -> list[Labelled]:
    """A fused product as the part that the fused axes hold together, and the factors beside it.

    Labels that are summed inside tie factors together, unless their size is a product itself; outputs do not.
    """
    inner = node.children[0]
    if not isinstance(inner, Contract) or len(set(inner.out)) < len(inner.out):
        return [(node, labels)]
    runs = cut(inner.out, node.groups)
    outer = {run[0]: label for run, label in zip(runs, labels, strict=True) if len(run) == 1}
    fused = [run for run in runs if len(run) > 1]
    ties = {
        label: label not in outer and not isinstance(inner.sizes[label], tuple)
        for label in range(len(inner.sizes))
    }
    clusters, beside = _clusters(inner, fused, ties)
    held = {label for _, members in clusters for _, own in members for label in own}
    loose = any(label not in held for label in outer)
    if len(clusters) == 1 and not beside and not loose:
        return [(node, labels)]
    names: dict[int, Label] = {
        label: outer.get(label, ("freed", labels, place, label)) for label in range(len(inner.sizes))
    }
    places = dict(zip(runs, labels, strict=True))
    elsewhere = [own for _, own in beside]
    found: list[Labelled] = [(factor, tuple(names[label] for label in own)) for factor, own in beside]
    for own_runs, members in clusters:
        others = [own for runs_of, group in clusters if group is not members for _, own in group]
        open_labels = {label for own in (*elsewhere, *others) for label in own} | set(outer)
        inside = {label for _, own in members for label in own}
        shown = [run for run in runs if run in own_runs or (len(run) == 1 and run[0] in inside)]
        seen = {label for run in shown for label in run}
        shown += [(label,) for label in sorted(inside & open_labels - seen)]
        sizes = {label: inner.sizes[label] for label in inside | {label for run in shown for label in run}}
        core = contract(members, [label for run in shown for label in run], sizes)
        whole = fuse(core, [len(run) for run in shown])
        found.append((whole, tuple(places[run] if len(run) > 1 else names[run[0]] for run in shown)))
    return found


_Cluster = tuple[list[tuple[int, ...]], list[Any]]


def _clusters(
    inner: Contract, fused: Sequence[tuple[int, ...]], ties: dict[int, bool]
) -> tuple[list[_Cluster], list[tuple[Node, tuple[int, ...]]]]:
    """The factors that each group of fused axes holds together, and those that none does."""
    groups: list[tuple[set[int], list[tuple[int, ...]], list[Any]]] = [(set(run), [run], []) for run in fused]
    groups += [
        ({label for label in own if ties[label] or _in(label, fused)}, [], [(factor, own)])
        for factor, own in inner.factors
    ]
    merged: list[tuple[set[int], list[tuple[int, ...]], list[Any]]] = []
    for held, runs, members in groups:
        apart = []
        for other, their_runs, their_members in merged:
            if held & other:
                held, runs, members = held | other, their_runs + runs, their_members + members
            else:
                apart.append((other, their_runs, their_members))
        merged = [*apart, (held, runs, members)]
    clusters = [(runs, members) for _, runs, members in merged if runs]
    beside = [factor for _, runs, members in merged if not runs for factor in members]
    return clusters, beside


def _in(label: int, runs: Sequence[tuple[int, ...]]) -> bool:
    return any(label in run for run in runs)


def _turned(node: Node, labels: Labels, contract: Builder, fuse: Builder) -> Labelled:
    """The transpose of a fused node that comes first, so that kron(A, B).T and kron(A.T, B.T) are one factor."""
    if not isinstance(node, Fuse) or not 1 < len(labels) <= _TURNED or len(set(labels)) < len(labels):
        return node, labels
    inner = node.children[0]
    runs = cut(tuple(range(len(inner.axes))), node.groups)
    best: Labelled = (node, labels)
    for order in permutations(range(len(runs))):
        axes = [axis for place in order for axis in runs[place]]
        turned = fuse(
            contract([(inner, range(len(inner.axes)))], axes), [len(runs[place]) for place in order]
        )
        if isinstance(turned, Fuse) and turned.digest < best[0].digest:
            best = turned, tuple(labels[place] for place in order)
    return best
