"""Index notation: what every node can be written in, whatever its rank.

`f'(z)[i] * x[j] * eye(m)[i,k] -> ikj`: letters that do not come out are summed. Fused axes are letters in brackets,
`-> (ji)k`, and a repeated output letter is an identity matrix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from itertools import chain, count

from matcalc.graph import (
    Apply,
    Coefficient,
    Contract,
    Fuse,
    Map,
    Node,
    Split,
    Sum,
    base_and_exponent,
    is_power,
    numbers,
)
from matcalc.notation import pieces
from matcalc.notation.tree import (
    SCALAR,
    Call,
    Indexed,
    IndexForm,
    Literal,
    Name,
    Power,
    Shape,
    Transposed,
    Tree,
    together,
)
from matcalc.notation.written import Written
from matcalc.rules.entries import AbstractFunction

_LETTERS = "ijklpqrstuvwxyz"


def letters(taken: Container[str]) -> Iterator[str]:
    """i, j, k, l, p, … and numbered ones after them, but none that is a name; m and n are left to dimensions."""
    numbered = (f"{letter}{number}" for number in count(1) for letter in _LETTERS)
    return (letter for letter in chain(_LETTERS, numbered) if letter not in taken)


def write_indexed(writer: Written, node: Node) -> Tree:
    """The node as an index form of its own axes."""
    if node in writer.parts:
        writer = writer.without(node)
    supply = letters(writer.taken())
    if isinstance(node, Fuse):
        inner = node.children[0]
        names = [next(supply) for _ in inner.axes]
        out, start = [], 0
        for group in node.groups:
            run = names[start : start + group]
            out.append(run[0] if group == 1 else grouped(run))
            start += group
        return IndexForm(shape_of_axes(node), _body(writer, inner, names, supply), tuple(out))
    names = [next(supply) for _ in node.axes]
    return IndexForm(shape_of_axes(node), _body(writer, node, names, supply), tuple(names))


def shape_of_axes(node: Node) -> Shape:
    """The two dimensions of a scalar, a column or a matrix; a tensor's axes."""
    return (*node.axes, 1, 1)[:2] if len(node.axes) < 2 else node.axes


def grouped(names: Sequence[str]) -> str:
    """Letters of one axis: `(ij)`. What is together already stays so: `(ij)` and `k` are `(ijk)`."""
    single = [letter for name in names for letter in together(name)]
    joined = "".join(single) if all(len(letter) == 1 for letter in single) else ",".join(single)
    return f"({joined})"


def _body(writer: Written, node: Node, names: Sequence[str], supply: Iterator[str]) -> Tree:
    """The node's entry at `names`, as a sum of products."""
    if node in writer.parts:
        return _entry(writer, node, names)
    if isinstance(node, Sum):
        if not node.terms:
            return zero_at(node, names)
        terms = sorted(_terms(writer, node), key=lambda term: (writer.rank(term[1]), term[1].digest))
        return pieces.addition([_signed(writer, c, term, names, supply) for c, term in terms], SCALAR)
    sign, tree = _signed(writer, 1, node, names, supply)
    return tree if sign > 0 else pieces.negative(tree)


def _signed(
    writer: Written, coefficient: Coefficient, node: Node, names: Sequence[str], supply: Iterator[str]
) -> tuple[int, Tree]:
    """A term with its sign apart, the differences among its factors turned as they read best."""
    sign = 1 if coefficient > 0 else -1

    def write() -> Tree:
        return _product(writer, node, names, supply, numbers.magnitude(coefficient))

    if isinstance(node, Contract) and node not in writer.parts:
        return writer.oriented(node, sign, write)
    return sign, write()


def _terms(writer: Written, node: Sum) -> list[tuple[Coefficient, Node]]:
    """The terms of a sum, those of a multiple of a sum among them: index notation needs no units."""
    found: list[tuple[Coefficient, Node]] = []
    for coefficient, term in node.terms:
        if isinstance(term, Sum) and term not in writer.parts and len(term.axes) > 2:
            found += [(numbers.multiply(coefficient, c), inner) for c, inner in term.terms]
        else:
            found.append((coefficient, term))
    return found


def zero_at(node: Sum, names: Sequence[str]) -> Tree:
    """The zero, spread over `names`."""
    return pieces.scaled([Literal(SCALAR, 0)], pieces.scaled(*last(ones_at(node.axes, names))))


def ones_at(axes: Sequence[object], names: Sequence[str]) -> list[Tree]:
    """A one for each letter, which says how far it runs."""
    return [
        Indexed(SCALAR, pieces.ones(dim, 1), (name,))  # type: ignore[arg-type]
        for dim, name in zip(axes, names, strict=True)
    ]


def last(factors: Sequence[Tree]) -> tuple[Sequence[Tree], Tree]:
    """The factors before the last one, and that."""
    return (factors[:-1], factors[-1]) if factors else ((), pieces.ONE)


def _product(
    writer: Written, node: Node, names: Sequence[str], supply: Iterator[str], coefficient: object
) -> Tree:
    above: list[tuple[tuple[int, ...], Tree]] = []
    below: list[Tree] = []
    if isinstance(node, Contract) and node not in writer.parts:
        letter_of: dict[int, str] = {}
        deltas: list[Tree] = []
        for axis, (label, name) in enumerate(zip(node.out, names, strict=True)):
            if label in letter_of:
                identity = pieces.eye(node.axes[axis])
                deltas.append(Indexed(SCALAR, identity, (letter_of[label], name)))
            else:
                letter_of[label] = name
        for label in range(len(node.sizes)):
            if label not in letter_of:
                letter_of[label] = next(supply)
        letters_below = Counter(
            letter_of[label]
            for factor, labels in node.factors
            if base_and_exponent(factor)[1] < 0
            for label in labels
        )
        for factor, labels in node.factors:
            base, exponent = (factor, 1) if factor in writer.parts else base_and_exponent(factor)
            inside = [letter_of[label] for label in labels]
            if exponent > 0 or any(letters_below[name] > 1 and name not in names for name in inside):
                # Below the line nothing is summed: a factor that is stands above, as (1 / X)[k,k].
                above.append((writer.rank(factor), _entry(writer, factor, inside)))
            elif len(factor.axes) <= 2:
                tree = writer.power(base, -exponent)
                below.append(indexed(tree, inside) if inside else tree)
            else:
                below.append(pieces.power(_entry(writer, base, inside), -exponent))
        above.sort(key=lambda pair: pair[0])
        held = {label for _, labels in node.factors for label in labels}
        held |= {label for label in node.out if node.out.count(label) > 1}
        free = [(node.sizes[label], name) for label, name in letter_of.items() if label not in held]
        # A letter that only a fused axis holds has its size from nowhere else.
        lonely = split_only(node)
        free += [(node.sizes[label], letter_of[label]) for label in sorted(lonely)]
        factors = [tree for _, tree in above] + deltas
        factors += ones_at([dim for dim, _ in free], [name for _, name in free])
    else:
        factors = [_entry(writer, node, names)]
        if is_split(node):
            factors += ones_at(node.axes, names)
    scalars, body = last(factors)
    whole = pieces.scaled(scalars, body)
    return pieces.over(coefficient, (), below, whole)  # type: ignore[arg-type]


def split_only(node: Contract) -> set[int]:
    """The labels that only a fused axis holds: nothing else says how far they run."""
    fused: set[int] = set()
    plain: set[int] = {label for label in node.out if node.out.count(label) > 1}
    for factor, labels in node.factors:
        (fused if is_split(factor) else plain).update(labels)
    return fused - plain


def is_split(node: Node) -> bool:
    """Whether all that has axes in an entry is a split: its letters stand for one axis, as in f(x[(ij)])."""
    stack, seen = [node], {node}
    while stack:
        part = stack.pop()
        if isinstance(part, Map):
            stack += [child for child in part.children if child.axes and child not in seen]
            seen.update(part.children)
        elif not isinstance(part, Split):
            return False
    return True


def _entry(writer: Written, node: Node, names: Sequence[str]) -> Tree:
    """One factor at its letters."""
    if not node.axes:
        return writer.tree(node)
    if isinstance(node, Split) and node not in writer.parts:
        return _entry(writer, node.children[0], places_of_split(node, names))
    if node in writer.parts or len(node.axes) <= 2 or isinstance(node, Apply):
        return indexed(writer.tree(node), names)
    # Differences whose signs are changed are factors of this product; what stands inside a tensor keeps its own.
    return writer.upright(lambda: _tensor_entry(writer, node, names))


def _tensor_entry(writer: Written, node: Node, names: Sequence[str]) -> Tree:
    if isinstance(node, Map):
        arguments = tuple(
            _entry(writer, child, names) if child.axes else writer.tree(child) for child in node.children
        )
        function = node.function
        if is_power(node):
            return _power(node, *arguments)
        if isinstance(function, AbstractFunction):
            return Call(SCALAR, function.letter, arguments, (), function.order)
        return pieces.call(function.name, SCALAR, *arguments)
    return Indexed(SCALAR, write_indexed(writer, node), tuple(names))


def places_of_split(node: Split, names: Sequence[str]) -> tuple[str, ...]:
    """The places of the stacked node's axes, with the letters of one axis in brackets."""
    inner = iter(names)
    runs = [[next(inner) for _ in part] for part in node.parts]
    return tuple(run[0] if len(run) == 1 else grouped(run) for run in runs)


def _power(node: Map, inside: Tree, above: Tree) -> Tree:
    """A power of an entry."""
    exponent = base_and_exponent(node)[1]
    if exponent == 1:
        return Power(SCALAR, inside, above)
    if exponent < 0:
        return pieces.quotient(pieces.ONE, [pieces.power(inside, -exponent)])
    return pieces.power(inside, exponent)


def indexed(tree: Tree, names: Sequence[str]) -> Tree:
    """A formula at its letters; a transpose exchanges them."""
    if isinstance(tree, Transposed) and len(names) == 2:
        return Indexed(SCALAR, tree.body, (names[1], names[0]))
    if isinstance(tree, Transposed) and isinstance(tree.body, Name):
        return Indexed(SCALAR, tree.body, tuple(names))
    return Indexed(SCALAR, tree, tuple(names))
