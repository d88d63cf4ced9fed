"""The canonical form of a contraction: one numbering of labels and one order of factors for each index graph.

Factors are ordered by digest. When all are distinct that settles everything. When a node occurs more than once (`X X`,
`tr XXXᵀ`), or is symmetric so that its labels have no order, labels are told apart by what they touch, and where that
does not settle it by colour refinement: a label's colour grows to describe its surroundings. Labels that still look
alike are individualised in turn, and the smallest form wins; that is bounded, and where the bound bites the form is
still right, only not unique.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import pairwise
from zlib import crc32

from matcalc.errors import LimitError
from matcalc.graph.node import Axes, Contract, Factor, Node
from matcalc.shapes.dims import Dim, dim_text

Label = Hashable
Labelled = tuple[Node, Sequence[Label]]
Form = tuple[tuple[Factor, ...], tuple[int, ...], Axes]

# Factors of a product that are there already. Telling like ones apart takes a time that grows with their square.
LIKE_FACTORS = 500
# Indices that come out of a product.
MOST_AXES = 256
# Leaves of the search that breaks ties between labels which refinement cannot tell apart.
_TIE_BUDGET = 24


def canonical(factors: Sequence[Labelled], out: tuple[Label, ...], sizes: Mapping[Label, Dim]) -> Form:
    """Factors and labels in canonical order, labels numbered from 0, output labels first.

    Raises LimitError for a product of too many like factors, and for a tensor of too many axes.
    """
    if len(out) > MOST_AXES:
        raise LimitError(
            f"a tensor of more than {MOST_AXES} axes", hint="a Kronecker product of n parts has 2 n of them"
        )
    ordered = factors
    if len(factors) == 2:
        first, second = factors
        if first[0].digest > second[0].digest:
            ordered = (second, first)
    elif len(factors) > 2:
        ordered = sorted(factors, key=_digest)
    numbers: dict[Label, int] = {}
    for label in out:
        numbers.setdefault(label, len(numbers))
    settled: list[Factor] = []
    previous = None
    for node, labels in ordered:
        if node is previous or node.symmetric:
            break
        settled.append((node, tuple([numbers.setdefault(label, len(numbers)) for label in labels])))
        previous = node
    else:
        places = tuple([numbers[label] for label in out])
        return tuple(settled), places, tuple([sizes[label] for label in numbers])
    if len(ordered) > LIKE_FACTORS and len(ordered) - len({node for node, _ in ordered}) > LIKE_FACTORS:
        raise LimitError(
            f"a product of more than {LIKE_FACTORS} like factors", hint="write matrix_power(A, k), or x**k"
        )
    order = _refined_order(ordered, out, sizes)
    numbers = {label: number for number, label in enumerate(order)}
    numbered = [_numbered(factor, numbers) for factor in ordered]
    numbered.sort(key=_factor_key)
    return tuple(numbered), tuple([numbers[label] for label in out]), tuple([sizes[label] for label in order])


def is_symmetric(form: Form) -> bool:
    """Whether exchanging the two outputs of a contraction gives the same contraction."""
    factors, out, sizes = form
    if len(out) != 2 or sizes[out[0]] != sizes[out[1]]:
        return False
    if out[0] == out[1]:
        return True
    if _is_settled(factors):
        return not any([label in labels for _, labels in factors for label in out])
    touched = _touched(factors)
    return (
        touched.get(out[0]) == touched.get(out[1])
        and canonical(factors, (out[1], out[0]), dict(enumerate(sizes))) == form
    )


def transposed_key(node: Node, transposed: bool) -> Hashable:
    """A key by which a two-axis node and the transpose of another compare without building either."""
    if node.symmetric:
        return node
    if not isinstance(node, Contract):
        return ("transposed", node) if transposed else node
    out = (node.out[1], node.out[0]) if transposed else node.out
    if len(node.factors) == 1:
        inner, labels = node.factors[0]
        if labels == out:
            return inner
        if labels == (out[1], out[0]):
            return ("transposed", inner)
    return canonical(node.factors, out, dict(enumerate(node.sizes))) if transposed else _form(node)


def mirrors(terms: Sequence[tuple[object, Node]]) -> bool:
    """Whether transposition maps the terms of a sum onto each other, coefficients included: X + Xᵀ."""
    if all(node.symmetric for _, node in terms):
        return True
    coefficients = {transposed_key(node, False): c for c, node in terms}
    return all(coefficients.get(transposed_key(node, True)) == c for c, node in terms)


def _form(node: Contract) -> Form:
    return node.factors, node.out, node.sizes


def _digest(factor: Labelled) -> int:
    return factor[0].digest


def _factor_key(factor: Factor) -> tuple[int, tuple[int, ...]]:
    return factor[0].digest, factor[1]


def _is_settled(ordered: Sequence[Labelled]) -> bool:
    previous = None
    for node, _ in ordered:
        if node is previous or node.symmetric:
            return False
        previous = node
    return True


def _numbered(factor: Labelled, numbers: Mapping[Label, int]) -> Factor:
    node, labels = factor
    found = [numbers[label] for label in labels]
    if node.symmetric:
        found.sort()
    return node, tuple(found)


def _refined_order(
    factors: Sequence[Labelled], out: tuple[Label, ...], sizes: Mapping[Label, Dim]
) -> list[Label]:
    """All labels in canonical order: output labels as they come out, then the others.

    Mostly what a label touches tells it from all others. Where it does not, components are ordered one by one.
    """
    order = list(dict.fromkeys(out))
    inner = [label for label in sizes if label not in order]
    if len(inner) < 2:
        return order + inner
    touched = _touched(factors)
    inner.sort(key=touched.__getitem__)
    if not any([touched[a] == touched[b] for a, b in pairwise(inner)]):
        return order + inner
    outer = {label: number for number, label in enumerate(order)}
    components = []
    for members in connected(factors):
        part = [factors[index] for index in members]
        own = dict.fromkeys([label for _, labels in part for label in labels if label not in outer])
        if len(own) < 2:
            components.append(_component_form(part, outer, list(own)))
        else:
            components.append(_Refinement(part, out, sizes).best(outer))
    # Components are told apart by their form, which says where they come out; equal ones come in any order.
    components.sort(key=lambda found: found[0])
    for _, labels in components:
        order += labels
    return order


def _touched(factors: Sequence[Labelled]) -> dict[Label, list[tuple[int, int]]]:
    """The factors that each label touches, in order, and with which axes; those of a symmetric one are alike."""
    touched: dict[Label, list[tuple[int, int]]] = {}
    for node, labels in factors:
        for place, label in enumerate(labels):
            touched.setdefault(label, []).append((node.digest, -1 if node.symmetric else place))
    for places in touched.values():
        places.sort()
    return touched


def _component_form(
    factors: Sequence[Labelled], outer: Mapping[Label, int], inner: list[Label]
) -> tuple[list[tuple[int, tuple[int, ...]]], list[Label]]:
    """What a component looks like when its labels that do not come out are in the order of `inner`; and these."""
    numbers = {**outer, **{label: len(outer) + number for number, label in enumerate(inner)}}
    return sorted([_factor_key(_numbered(factor, numbers)) for factor in factors]), inner


def connected(factors: Sequence[Labelled]) -> Iterable[list[int]]:
    """The connected components of the index graph, as lists of factor positions."""
    holders: dict[Label, list[int]] = {}
    for index, (_, labels) in enumerate(factors):
        for label in labels:
            holders.setdefault(label, []).append(index)
    reached = [False] * len(factors)
    for start in range(len(factors)):
        if reached[start]:
            continue
        reached[start] = True
        members, pending = [], [start]
        while pending:
            index = pending.pop()
            members.append(index)
            for label in factors[index][1]:
                for other in holders[label]:
                    if not reached[other]:
                        reached[other] = True
                        pending.append(other)
        yield sorted(members)


def repeated_parts(
    factors: Sequence[Labelled], out: tuple[Label, ...]
) -> list[tuple[list[int], tuple[Label, ...]]]:
    """Parts that hang together by summed labels and may occur twice, with the outputs that they come out at."""
    if len(factors) < 2 or len({node for node, _ in factors}) == len(factors):
        return []
    outer = dict.fromkeys(out)
    inner = [(node, [label for label in labels if label not in outer]) for node, labels in factors]
    found: dict[Hashable, list[tuple[list[int], tuple[Label, ...]]]] = {}
    for members in connected(inner):
        held = {label for index in members for label in factors[index][1]}
        ends = tuple(label for label in outer if label in held)
        if len(held) > len(ends):
            kind = (ends, tuple(sorted(factors[index][0].digest for index in members)))
            found.setdefault(kind, []).append((members, ends))
    return [part for same in found.values() if len(same) > 1 for part in same]


class _Refinement:
    """Colours for the labels of one connected component."""

    def __init__(
        self, factors: Sequence[Labelled], out: tuple[Label, ...], sizes: Mapping[Label, Dim]
    ) -> None:
        self.factors = factors
        self.keys = [node.digest for node, _ in factors]
        self.incident: dict[Label, list[tuple[int, int]]] = {}
        for index, (node, labels) in enumerate(factors):
            for position, label in enumerate(labels):
                place = -1 if node.symmetric else position
                self.incident.setdefault(label, []).append((index, place))
        positions: dict[Label, tuple[int, ...]] = {}
        for position, label in enumerate(out):
            positions[label] = (*positions.get(label, ()), position)
        # hash() of tuples of integers does not depend on PYTHONHASHSEED; that of strings would.
        self.colours = {
            label: hash((positions.get(label, ()), crc32(dim_text(sizes[label]).encode())))
            for label in self.incident
        }

    def best(self, outer: Mapping[Label, int]) -> tuple[list[tuple[int, tuple[int, ...]]], list[Label]]:
        """The smallest form among the tied orders, and its labels that do not come out, in order."""
        colours = dict(self.colours)
        self._refine(colours, set(colours))
        budget = _TIE_BUDGET
        best: tuple[list[tuple[int, tuple[int, ...]]], list[Label]] | None = None
        pending = [colours]
        while pending:
            colours = pending.pop()
            tied = self._tied(colours)
            if not tied:
                found = self._form(colours, outer)
                if best is None or found[0] < best[0]:
                    best = found
                continue
            for label in tied[: max(1, budget)]:
                budget -= 1
                chosen = dict(colours)
                chosen[label] = hash((chosen[label], 1))
                self._refine(chosen, {label, *self._neighbours(label)})
                pending.append(chosen)
        assert best is not None
        return best

    def _neighbours(self, label: Label) -> Iterable[Label]:
        for index, _ in self.incident[label]:
            yield from self.factors[index][1]

    def _refine(self, colours: dict[Label, int], affected: set[Label]) -> None:
        """Split classes of equal colour by what surrounds their labels, until nothing changes."""
        classes: dict[int, set[Label]] = {}
        for label, colour in colours.items():
            classes.setdefault(colour, set()).add(label)
        while affected:
            groups: dict[tuple[int, int], list[Label]] = {}
            touched: dict[int, int] = {}
            for label in affected:
                colour = colours[label]
                if len(classes[colour]) == 1:
                    continue
                groups.setdefault((colour, self._surroundings(label, colours)), []).append(label)
                touched[colour] = touched.get(colour, 0) + 1
            changed: list[Label] = []
            for (colour, surroundings), labels in groups.items():
                if len(labels) == touched[colour] == len(classes[colour]):
                    continue
                renamed = hash((colour, surroundings))
                for label in labels:
                    colours[label] = renamed
                classes[colour].difference_update(labels)
                classes.setdefault(renamed, set()).update(labels)
                touched[colour] = -1
                changed += labels
            affected = {near for label in changed for near in self._neighbours(label)}

    def _surroundings(self, label: Label, colours: Mapping[Label, int]) -> int:
        seen = []
        for index, place in self.incident[label]:
            node, labels = self.factors[index]
            around = [colours[other] for other in labels]
            if node.symmetric:
                around.sort()
            seen.append(hash((self.keys[index], place, tuple(around))))
        seen.sort()
        return hash(tuple(seen))

    def _tied(self, colours: Mapping[Label, int]) -> list[Label]:
        classes: dict[int, list[Label]] = {}
        for label, colour in colours.items():
            classes.setdefault(colour, []).append(label)
        tied = [(len(labels), colour) for colour, labels in classes.items() if len(labels) > 1]
        return classes[min(tied)[1]] if tied else []

    def _form(
        self, colours: Mapping[Label, int], outer: Mapping[Label, int]
    ) -> tuple[list[tuple[int, tuple[int, ...]]], list[Label]]:
        inner = sorted([label for label in colours if label not in outer], key=colours.__getitem__)
        return _component_form(self.factors, outer, inner)
