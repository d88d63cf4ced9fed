"""Index notation all the way down: `tanh((W[i,k] * x[k] + b[i] -> i)[i]) * u[i] ->`.

Every variable stands with its letters, inside functions too. A sum inside a function, a power or a denominator is a
form of its own, `(W[i,k] * x[k] -> i)[i]`, since a reader could not tell where else it ends. Letters are used once in
the whole formula, but that what comes out of an inner form keeps the letters it has outside.

A part is worked out by a generator, which yields the parts that it needs: depth costs no recursion.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Generator, Iterator, Sequence
from typing import Any, NamedTuple, cast

from matcalc.graph import Apply, Contract, Fuse, Map, Node, Split, Sum, base_and_exponent, is_power, numbers
from matcalc.notation import pieces
from matcalc.notation.calls import write_call
from matcalc.notation.indexform import (
    grouped,
    indexed,
    is_split,
    last,
    letters,
    ones_at,
    places_of_split,
    shape_of_axes,
    split_only,
    zero_at,
)
from matcalc.notation.shapes import shape_of, squared_norm
from matcalc.notation.tree import SCALAR, Call, Indexed, IndexForm, Power, Tree
from matcalc.notation.written import Written
from matcalc.rules.entries import AbstractFunction


class Entry(NamedTuple):
    """A formula of entries: `counts` says how often a letter occurs in a term of it, `summed` whether one is summed."""

    tree: Tree
    counts: Counter[str]
    summed: bool = False


Work = Generator[Any, Any, Entry]  # what is sent is what was yielded, worked out


def write_entries(writer: Written, node: Node) -> Tree:
    """The node as an index form of its own axes."""
    if node in writer.parts:
        writer = writer.without(node)
    work = _Entries(writer)
    inner = node.children[0] if isinstance(node, Fuse) else node
    names = work.fresh(len(inner.axes))
    out, start = [], 0
    for group in node.groups if isinstance(node, Fuse) else (1,) * len(names):
        run = names[start : start + group]
        out.append(run[0] if group == 1 else grouped(run))
        start += group
    work.out.update(names)
    return IndexForm(shape_of_axes(node), _run(work.whole(inner, names)).tree, tuple(out))


def _run(work: Work) -> Entry:
    """What a generator comes to, with the results of what it yields sent back to it."""
    stack, result = [work], None
    while stack:
        try:
            stack.append(stack[-1].send(result))
            result = None
        except StopIteration as done:
            stack.pop()
            result = done.value
    return cast(Entry, result)


class _Entries:
    """The entries of one formula."""

    def __init__(self, writer: Written) -> None:
        self.writer = writer
        self.supply: Iterator[str] = letters(writer.taken())
        # Letters that come out of the form they stand in, and letters that several factors of a product around hold:
        # where a term of a sum lacks one, it is spread without a word.
        self.out: set[str] = set()
        self.shared: set[str] = set()

    def fresh(self, count: int) -> list[str]:
        return [next(self.supply) for _ in range(count)]

    def entry(self, node: Node, names: Sequence[str]) -> Work:
        """The node's entry at `names`."""
        if self._is_leaf(node):
            tree = self.writer.tree(node)
            return Entry(indexed(tree, names) if names else tree, Counter(names))
        if isinstance(node, Split):
            stacked = self.writer.tree(node.children[0])
            return Entry(Indexed(SCALAR, stacked, places_of_split(node, names)), Counter(names))
        if len(set(names)) < len(names):
            # A diagonal: the part is a form of its own, whose letters differ.
            form = yield self.form(node)
            return Entry(Indexed(SCALAR, form.tree, tuple(names)), Counter(names))
        found: Entry
        if isinstance(node, Map):
            found = yield self.map(node, names)
        elif isinstance(node, Apply):
            found = yield self.call(node, names)
        else:
            found = yield self.whole(node, names)
        return found

    def _is_leaf(self, node: Node) -> bool:
        """Whether a node is written by its name, or as a matrix whose axes are fused."""
        if node in self.writer.parts or isinstance(node, Fuse):
            return True
        return not node.children and not isinstance(node, Sum | Contract)

    def form(self, node: Node, sign: int = 1) -> Work:
        """The node, or with `sign` -1 its negative, as a form of its own; a name stays one."""
        if self._is_leaf(node):
            return Entry(self.writer.tree(node), Counter())
        names = self.fresh(len(node.axes))
        self.out.update(names)
        # What only holds letters of one axis has their sizes from ones beside it.
        inside = (
            yield self.whole(node, names, sign) if sign < 0 or is_split(node) else self.entry(node, names)
        )
        return Entry(IndexForm(shape_of(node), inside.tree, tuple(names)), Counter())

    def closed(self, node: Node, names: Sequence[str]) -> Work:
        """An entry where nothing is summed: inside a function, a power or a denominator."""
        found: Entry = yield self.entry(node, names)
        repeated = any(count > 1 and letter not in self.out for letter, count in found.counts.items())
        if not found.summed and not repeated:
            return found
        form = IndexForm(shape_of_axes(node), found.tree, tuple(names))
        return Entry(Indexed(SCALAR, form, tuple(names)) if names else form, Counter(names))

    def map(self, node: Map, names: Sequence[str]) -> Work:
        base, exponent = base_and_exponent(node)
        if is_power(node) and exponent != 1:
            found = yield self.power(base, abs(exponent), names)
            tree = pieces.quotient(pieces.ONE, [found.tree]) if exponent < 0 else found.tree
            return Entry(tree, found.counts)
        arguments = []
        for child in node.children:
            arguments.append((yield self.closed(child, names if child.axes else ())))
        trees = tuple(argument.tree for argument in arguments)
        counts = sum((argument.counts for argument in arguments), Counter[str]())
        function = node.function
        if is_power(node):
            return Entry(Power(SCALAR, *trees), counts)
        if isinstance(function, AbstractFunction):
            return Entry(Call(SCALAR, function.letter, trees, (), function.order), counts)
        return Entry(pieces.call(function.name, SCALAR, *trees), counts)

    def power(self, base: Node, exponent: Any, names: Sequence[str]) -> Work:
        """base ** exponent; a root of a sum of squares is a norm."""
        vector = None if base in self.writer.parts or exponent == 1 else squared_norm(base)
        doubled = numbers.multiply(2, exponent)
        if vector is not None and isinstance(doubled, int):
            form = yield self.form(vector, self._sign(vector))
            return Entry(pieces.power(pieces.call("norm", SCALAR, form.tree), doubled), Counter())
        found = yield self.closed(base, names)
        return Entry(pieces.power(found.tree, exponent), found.counts)

    def call(self, node: Apply, names: Sequence[str]) -> Work:
        """A function of whole vectors and matrices: its operands are forms of their own."""
        forms = {}
        for child in node.children:
            forms[child] = (yield self.form(child)).tree
        tree = write_call(cast(Written, _Operands(forms)), node)
        return Entry(indexed(tree, names) if names else tree, Counter(names))

    def whole(self, node: Node, names: Sequence[str], sign: int = 1) -> Work:
        """A sum of products; with `sign` -1 all signs are changed."""
        if not isinstance(node, Sum):
            found: Entry = yield self.product(node, names, sign)
            return found
        if not node.terms:
            return Entry(zero_at(node, names), Counter(names))
        terms = [(numbers.multiply(sign, c), term) for c, term in self._flat(node)]
        terms.sort(key=lambda term: (self.writer.rank(term[1]), term[1].digest))
        first = next((place for place, (c, _) in enumerate(terms) if c > 0), 0)
        terms.insert(0, terms.pop(first))
        spare = {name for _, term in terms for name in self._held(term, names)} & (self.out | self.shared)
        signed, counts, summed = [], Counter[str](), False
        for coefficient, term in terms:
            found = yield self.product(term, names, coefficient, spare)
            signed.append((1, found.tree))
            counts |= found.counts
            summed |= found.summed
        return Entry(pieces.addition(signed, SCALAR), counts, summed)

    def _sign(self, node: Node) -> int:
        """The sign with which a difference reads as the user would write it, where both are the same."""
        if not isinstance(node, Sum) or node in self.writer.parts or not node.terms:
            return 1
        first = min(self._flat(node), key=lambda term: (self.writer.rank(term[1]), term[1].digest))
        return 1 if first[0] > 0 else -1

    def _flat(self, node: Sum) -> Iterator[tuple[Any, Node]]:
        """The terms, those of a sum among them for their own."""
        for coefficient, term in node.terms:
            if isinstance(term, Sum) and term not in self.writer.parts and term.terms:
                yield from ((numbers.multiply(coefficient, c), inner) for c, inner in term.terms)
            else:
                yield coefficient, term

    def _held(self, term: Node, names: Sequence[str]) -> list[str]:
        """The letters of `names` that the term's own factors hold."""
        if not isinstance(term, Contract) or term in self.writer.parts:
            return list(names)
        held = {label for _, labels in term.factors for label in labels}
        return [
            name
            for label, name in zip(term.out, names, strict=True)
            if label in held or term.out.count(label) > 1
        ]

    def product(self, node: Node, names: Sequence[str], coefficient: Any, spare: Container[str] = ()) -> Work:
        """A coefficient times a contraction, or times anything else; letters in `spare` need no ones."""
        if not isinstance(node, Contract) or node in self.writer.parts:
            found = yield self.entry(node, names)
            factors = [found.tree, *(ones_at(node.axes, names) if is_split(node) else ())]
            return Entry(_times(coefficient, (), pieces.scaled(*last(factors))), found.counts, found.summed)
        letter_of: dict[int, str] = {}
        deltas: list[Tree] = []
        for axis, (label, name) in enumerate(zip(node.out, names, strict=True)):
            if label in letter_of:
                deltas.append(Indexed(SCALAR, pieces.eye(node.axes[axis]), (letter_of[label], name)))
            letter_of.setdefault(label, name)
        inner = [label for label in range(len(node.sizes)) if label not in letter_of]
        letter_of |= dict(zip(inner, self.fresh(len(inner)), strict=True))
        below_counts = Counter(
            label for factor, labels in node.factors if self._exponent(factor) < 0 for label in labels
        )
        above: list[tuple[Any, Tree]] = []
        below: list[Tree] = []
        counts, summed = (
            Counter(name for delta in deltas for name in cast(Indexed, delta).letters),
            bool(inner),
        )
        holders = Counter(label for _, labels in node.factors for label in set(labels))
        outside = self.shared
        self.shared = outside | {letter_of[label] for label, count in holders.items() if count > 1}
        turned = self._turned(node) if coefficient < 0 else None
        coefficient = coefficient if turned is None else -coefficient
        for factor, labels in node.factors:
            inside = [letter_of[label] for label in labels]
            if factor is turned and len(set(inside)) == len(inside):
                found = yield self.whole(factor, inside, -1)
                above.append((self.writer.rank(factor), found.tree))
                turned = None
            elif self._exponent(factor) > 0:
                found = yield self.entry(factor, inside)
                above.append((self.writer.rank(factor), found.tree))
            elif len(set(labels)) < len(labels) or any(
                below_counts[label] > 1 and (label in inner or letter_of[label] not in self.out | outside)
                for label in labels
            ):
                # Below the line nothing is summed: such a factor stands above, as a form of its own.
                form = yield self.form(factor)
                found = Entry(Indexed(SCALAR, form.tree, tuple(inside)), Counter(inside))
                above.append((self.writer.rank(factor), found.tree))
            else:
                base, exponent = base_and_exponent(factor)
                found = yield self.power(base, -exponent, inside)
                below.append(found.tree)
            counts += found.counts
            summed |= found.summed
        self.shared = outside
        above.sort(key=lambda pair: pair[0])
        held = {label for _, labels in node.factors for label in labels}
        held |= {label for label in node.out if node.out.count(label) > 1}
        free = [label for label in letter_of if label not in held and letter_of[label] not in spare]
        free += sorted(split_only(node))
        spread = ones_at([node.sizes[label] for label in free], [letter_of[label] for label in free])
        factors = [*(tree for _, tree in above), *deltas, *spread]
        counts += Counter(letter_of[label] for label in free)
        return Entry(_times(coefficient, below, pieces.scaled(*last(factors))), counts, summed)

    def _turned(self, node: Contract) -> Node | None:
        """A difference among the factors that takes a minus in by changing its signs; of several the first."""
        for factor, labels in node.factors:
            if (
                isinstance(factor, Sum)
                and factor not in self.writer.parts
                and len(set(labels)) == len(labels)
            ):
                signs = {c > 0 for c, _ in self._flat(factor)}
                if len(signs) > 1:
                    return factor
        return None

    def _exponent(self, factor: Node) -> Any:
        return 1 if factor in self.writer.parts else base_and_exponent(factor)[1]


def _times(coefficient: Any, below: Sequence[Tree], body: Tree) -> Tree:
    tree = pieces.over(abs(coefficient), (), below, body)
    return tree if coefficient > 0 else pieces.negative(tree)


class _Operands:
    """What `write_call` asks of a writer: the formulas of the operands."""

    def __init__(self, forms: dict[Node, Tree]) -> None:
        self.forms = forms

    def tree(self, node: Node) -> Tree:
        return self.forms[node]
