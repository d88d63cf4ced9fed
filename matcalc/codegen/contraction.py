"""How a contraction is computed: pair by pair, the cheapest pair first, each pair as the plainest array operation.

Cost is counted in exponents: a named dimension weighs 1, so a matrix-vector product weighs 2 and a product of matrices
3. The pair that touches the fewest entries goes first, among equals the one that leaves the fewest; so vectors on one
index meet first, then matrices meet vectors, and only then each other. What is left shares no index: outer products.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from heapq import heappop, heappush
from math import log
from string import ascii_letters

from matcalc.codegen.program import Program
from matcalc.shapes.dims import Dim

Labels = tuple[int, ...]
Part = tuple[int, Labels]
Sizes = Sequence[Dim]

# A hub: beyond this many factors on one index, not every pair is looked at.
_HUB = 8
# An eighth of the entries, in exponents of a hundred.
_MUCH = log(8) / log(100)
_LETTERS = "ijklmnpqrst" + "".join(sorted(set(ascii_letters) - set("ijklmnpqrst")))


def contracted(program: Program, parts: Sequence[Part], out: Labels, sizes: Sizes) -> Part:
    """The product of `parts`, summed over the labels that are not in `out`; an array and the labels of its axes.

    The labels of one part are distinct. Labels of `out` that no part has do not occur in the result.
    """
    scalars = [ref for ref, labels in parts if not labels]
    arrays = [part for part in parts if part[1]] if scalars else parts
    if len(arrays) == 3 and not program.known_sizes:
        arrays = _twins(program, arrays, out, sizes)
    if len(arrays) > 2:
        return _Pairing(program, arrays, out, sizes).run(scalars)
    if len(arrays) == 2:
        first, second = arrays
        first, second = (
            _summed(program, *first, (*out, *second[1]), sizes),
            _summed(program, *second, (*out, *first[1]), sizes),
        )
        if not set(first[1]).isdisjoint(second[1]):
            arrays = [_pair(program, first, second, out, out, sizes)]
        else:
            arrays = [first, second]
    elif arrays:
        arrays = [_summed(program, *arrays[0], out, sizes)]
    scalars += [ref for ref, labels in arrays if not labels]
    return _disjoint(program, [part for part in arrays if part[1]], scalars, out, sizes)


def _twins(program: Program, parts: Sequence[Part], out: Labels, sizes: Sizes) -> Sequence[Part]:
    """Of three arrays the first two with the same labels multiplied, where all these labels stay: δ ⊙ f'(z) and W."""
    for a, b, c in ((0, 1, 2), (0, 2, 1), (1, 2, 0)):
        labels = parts[a][1]
        if labels == parts[b][1] and all(label in out or label in parts[c][1] for label in labels):
            return [_multiplied(program, (parts[a], parts[b]), labels, sizes), parts[c]]
    return parts


class _Pairing:
    """The greedy order for three factors and more, linear in them up to a logarithm."""

    def __init__(self, program: Program, parts: Sequence[Part], out: Labels, sizes: Sizes) -> None:
        self.program = program
        self.out = out
        self.kept = set(out)
        self.sizes = sizes
        self.weights = [_weight(dim, program.known_sizes) for dim in sizes]
        self.scalars: list[int] = []
        self.alive: dict[int, Part] = {}
        self.by_labels: dict[frozenset[int], int] = {}
        self.holders: dict[int, dict[int, None]] = {}
        self.heap: list[tuple[float, float, int, int, int]] = []
        self.made = 0
        self.pushed = 0
        # How many factors, those still to be added included, hold a label.
        self.count: dict[int, int] = {}
        for _, labels in parts:
            for label in labels:
                self.count[label] = self.count.get(label, 0) + 1
        for part in parts:
            self._add(*part)

    def run(self, scalars: Sequence[int]) -> Part:
        """Pairs until no two factors share a label, then the outer product of the rest."""
        while self.heap:
            *_, a, b = heappop(self.heap)
            if a in self.alive and b in self.alive:
                self._add(*self._join(self._remove(a), self._remove(b)))
        return _disjoint(
            self.program, list(self.alive.values()), [*scalars, *self.scalars], self.out, self.sizes
        )

    def _add(self, ref: int, labels: Labels) -> None:
        while True:
            mine = [label for label in labels if self.count[label] == 1 and label not in self.kept]
            if mine:
                rest = [label for label in labels if label not in mine]
                ref, labels = _summed(self.program, ref, labels, rest, self.sizes)
                for label in mine:
                    self.count[label] = 0
            if not labels:
                self.scalars.append(ref)
                return
            twin = self.by_labels.get(frozenset(labels))
            if twin is None:
                break
            ref, labels = self._join(self._remove(twin), (ref, labels))
        self.made += 1
        self.alive[self.made] = (ref, labels)
        self.by_labels[frozenset(labels)] = self.made
        for label in labels:
            others = self.holders.setdefault(label, {})
            for number, other in enumerate(others):
                if number == _HUB:
                    break
                self._push(other, self.made)
            others[self.made] = None

    def _remove(self, name: int) -> Part:
        part = self.alive.pop(name)
        del self.by_labels[frozenset(part[1])]
        for label in part[1]:
            del self.holders[label][name]
        return part

    def _push(self, a: int, b: int) -> None:
        first, second = self.alive[a][1], self.alive[b][1]
        union = {*first, *second}
        touched = left = 0.0
        for label in union:
            weight = self.weights[label]
            touched += weight
            if self._stays(label, first, second):
                left += weight
        if self._is_worth_keeping(a, b, left):
            touched = -1.0
        self.pushed += 1
        heappush(self.heap, (touched, left, self.pushed, a, b))

    def _is_worth_keeping(self, a: int, b: int, left: float) -> bool:
        """Whether a product is the same in every call, and small: it then comes first, and is computed once."""
        if not self.program.known_sizes or any(self.program.is_moving(self.alive[k][0]) for k in (a, b)):
            return False
        larger = max(sum(self.weights[label] for label in self.alive[k][1]) for k in (a, b))
        return left <= larger - _MUCH or set(self.alive[a][1]) == set(self.alive[b][1])

    def _stays(self, label: int, first: Labels, second: Labels) -> bool:
        return label in self.kept or self.count[label] > (label in first) + (label in second)

    def _join(self, first: Part, second: Part) -> Part:
        a, b = first[1], second[1]
        stays = [label for label in dict.fromkeys((*a, *b)) if self._stays(label, a, b)]
        joined = _pair(self.program, first, second, stays, self.out, self.sizes)
        for label in (*a, *b):
            self.count[label] -= 1
        for label in joined[1]:
            self.count[label] += 1
        return joined


def _weight(dim: Dim, known: Mapping[str, int]) -> float:
    # A named size is taken for a hundred.
    if isinstance(dim, str):
        return log(known[dim]) / log(100) if dim in known else 1.0
    return log(dim) / log(100) if isinstance(dim, int) else sum([_weight(part, known) for part in dim])


def _summed(program: Program, ref: int, labels: Labels, keep: Collection[int], sizes: Sizes) -> Part:
    """The array summed over its labels that are not to be kept."""
    axes = tuple(axis for axis, label in enumerate(labels) if label not in keep)
    if not axes:
        return ref, labels
    kept = tuple(label for label in labels if label in keep)
    return program.emit("total", (ref,), axes, tuple(sizes[label] for label in kept)), kept


def _disjoint(
    program: Program, parts: Sequence[Part], scalars: Sequence[int], out: Labels, sizes: Sizes
) -> Part:
    """The product of arrays that share no label; scalars go to the smallest of them."""
    if not parts:
        return program.product(scalars, ()), ()
    parts = sorted(parts, key=lambda part: len(part[1]))
    if scalars:
        ref, labels = parts[0]
        parts[0] = (program.product([*scalars, ref], program.axes(ref)), labels)
    if len(parts) == 1:
        return parts[0]
    order = _ordered([label for _, labels in parts for label in labels], out)
    if len(parts) == 2 and len(parts[1][1]) == 1:
        first, second = parts if parts[0][1][0] == order[0] else parts[::-1]
        return program.emit("outer", (first[0], second[0]), (), tuple(sizes[label] for label in order)), order
    if len(parts) == 2 and len(order) > 3:
        return _einsum(program, parts[0], parts[1], order, sizes), order
    return _multiplied(program, parts, order, sizes)


def _ordered(labels: Sequence[int], out: Labels) -> Labels:
    """The labels, in the order of the output if they are all in it."""
    held = set(labels)
    wanted = tuple(label for label in dict.fromkeys(out) if label in held)
    return wanted if len(wanted) == len(held) else tuple(dict.fromkeys(labels))


def _multiplied(program: Program, parts: Sequence[Part], order: Labels, sizes: Sizes) -> Part:
    refs = [program.aligned(ref, labels, order) for ref, labels in parts]
    return program.product(refs, tuple(sizes[label] for label in order)), order


def _pair(
    program: Program, first: Part, second: Part, stays: Collection[int], out: Labels, sizes: Sizes
) -> Part:
    """Two arrays that share labels, multiplied and summed over the labels that do not stay."""
    of_a, of_b = first[1], second[1]
    shared = [label for label in of_a if label in of_b]
    summed = [label for label in shared if label not in stays]
    if not summed:
        longer = of_a if len(of_a) >= len(of_b) else of_b
        order = longer if len({*of_a, *of_b}) == len(longer) else _ordered((*of_a, *of_b), out)
        return _multiplied(program, (first, second), order, sizes)
    if len(of_a) == len(of_b) == len(shared) > 1:
        product = _multiplied(program, (first, second), of_a, sizes)
        return _summed(program, *product, stays, sizes)
    free_a = tuple(label for label in of_a if label not in shared)
    free_b = tuple(label for label in of_b if label not in shared)
    if len(shared) > len(summed):
        return _batched(program, first, second, summed, free_a, free_b, sizes)
    if len(summed) > 1:
        return _tensordot(program, first, second, summed, (*free_a, *free_b), sizes)
    if len(free_b) > len(free_a):
        first, second, free_a, free_b = second, first, free_b, free_a
    return _matmul(program, first, second, summed[0], free_a, free_b, out, sizes)


def _matmul(
    program: Program,
    first: Part,
    second: Part,
    inner: int,
    free_a: Labels,
    free_b: Labels,
    out: Labels,
    sizes: Sizes,
) -> Part:
    """One summed label; `first` has at least as many free ones as `second`."""
    (a, of_a), (b, of_b) = first, second
    if len(free_a) == len(free_b) == 1:
        forward = (of_a != (*free_a, inner)) + (of_b != (inner, *free_b))
        backward = (of_b != (*free_b, inner)) + (of_a != (inner, *free_a))
        wanted = _ordered((*free_a, *free_b), out)
        if 2 * backward + (wanted != (*free_b, *free_a)) < 2 * forward + (wanted != (*free_a, *free_b)):
            a, of_a, free_a, b, of_b, free_b = b, of_b, free_b, a, of_a, free_a
    if len(free_b) > 1 or (len(free_a) > 1 and of_a[-1] != inner):
        return _tensordot(program, first, second, [inner], (*free_a, *free_b), sizes)
    left = program.aligned(a, of_a, (*free_a, inner))
    right = program.aligned(b, of_b, (inner, *free_b))
    labels = (*free_a, *free_b)
    return program.emit("matmul", (left, right), (), tuple(sizes[label] for label in labels)), labels


def _tensordot(
    program: Program, first: Part, second: Part, summed: Sequence[int], labels: Labels, sizes: Sizes
) -> Part:
    axes = tuple(tuple(part[1].index(label) for label in summed) for part in (first, second))
    shape = tuple(sizes[label] for label in labels)
    return program.emit("tensordot", (first[0], second[0]), axes, shape), labels


def _batched(
    program: Program,
    first: Part,
    second: Part,
    summed: Sequence[int],
    free_a: Labels,
    free_b: Labels,
    sizes: Sizes,
) -> Part:
    """Labels that stay are shared as well: a stack of products."""
    (a, of_a), (b, of_b) = first, second
    batch = tuple(label for label in of_a if label in of_b and label not in summed)
    labels = (*batch, *free_a, *free_b)
    axes = tuple(sizes[label] for label in labels)
    if len(free_a) == len(free_b) == len(summed) == 1:
        left = program.aligned(a, of_a, (*batch, *free_a, *summed))
        right = program.aligned(b, of_b, (*batch, *summed, *free_b))
        return program.emit("matmul", (left, right), (), axes), labels
    return _einsum(program, first, second, labels, sizes), labels


def _einsum(program: Program, first: Part, second: Part, labels: Labels, sizes: Sizes) -> int:
    held = dict.fromkeys((*labels, *first[1], *second[1]))
    letters = {label: _LETTERS[k] for k, label in enumerate(held)}
    texts = ["".join(letters[label] for label in part) for part in (first[1], second[1], labels)]
    subscripts = f"{texts[0]},{texts[1]}->{texts[2]}"
    return program.emit(
        "einsum", (first[0], second[0]), (subscripts,), tuple(sizes[label] for label in labels)
    )
