"""Index forms: `A[i,k] * x[k] -> i`.

The body is a sum of products. In each term the letters that do not come out are summed; a letter that comes out but is
missing from a term spreads that term. A sum in parentheses inside a product means what it would mean multiplied out.
Inside a function, a power or a denominator nothing is summed: a letter repeated there that does not come out is
refused, since a reader could not tell whether the sum stands inside or outside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from matcalc.errors import DomainError, ParseError, ShapeError
from matcalc.graph import Node, contract, fuse, linear, power, split
from matcalc.language.syntax import (
    Binary,
    Call,
    Indexed,
    IndexForm,
    Superscript,
    Syntax,
    Transpose,
    factors,
    postorder,
    terms,
)
from matcalc.language.values import check_zeros
from matcalc.rules import Operand
from matcalc.shapes.broadcast import SCALAR, Same, Shape, is_scalar
from matcalc.shapes.dims import Dim, dim_product, dim_text

Letters = tuple[str, ...]


class Entries(NamedTuple):
    """A node whose axes are the letters, in this order."""

    node: Node
    letters: Letters


@dataclass(slots=True)
class Plan:
    """An index form taken apart.

    `indexed` are its entries `x[i]`, `scalars` its other values, and `letters` counts, for every part that holds
    entries, how often a letter occurs in one term of it.
    """

    form: IndexForm
    indexed: list[Indexed] = field(default_factory=list)
    scalars: list[Syntax] = field(default_factory=list)
    letters: dict[Syntax, Counter[str]] = field(default_factory=dict)

    @property
    def values(self) -> list[Syntax]:
        """The parts whose values are needed."""
        return [*(part.body for part in self.indexed), *self.scalars]


def plan(form: IndexForm) -> Plan:
    """Takes a form apart. Raises ParseError, with a bare span, for an operation that entries do not have."""
    found = Plan(form)
    for part in postorder([form.body], stop=(Indexed, IndexForm)):
        if isinstance(part, Indexed):
            found.letters[part] = Counter(part.letters)
        elif not isinstance(part, IndexForm):
            held = [found.letters[child] for child in part.children if child in found.letters]
            if held:
                _check_operation(part)
                found.letters[part] = _count(part, held)
    pending: list[Syntax] = [form.body]
    while pending:
        part = pending.pop()
        if isinstance(part, Indexed):
            found.indexed.append(part)
        elif part in found.letters:
            pending += part.children
        else:
            found.scalars.append(part)
    found.indexed.reverse()
    return found


def _check_operation(part: Syntax) -> None:
    place = (part.start, part.end)
    if isinstance(part, Transpose):
        raise ParseError("an entry has no transpose", span=place, hint="exchange its letters: A[j,i]")
    if isinstance(part, Binary) and part.operator == "@":
        raise ParseError(
            "in an index form products are written *",
            span=place,
            hint="A[i,k] * x[k] -> i is A @ x, or index (A @ x)[i]",
        )
    if isinstance(part, Call) and part.keywords:
        raise ParseError(
            "options have no meaning for entries", span=place, hint=f"index the result: {part.function}(…)[i]"
        )


def _count(part: Syntax, held: list[Counter[str]]) -> Counter[str]:
    """How often each letter occurs in one term: terms do not add up, factors do."""
    total: Counter[str] = Counter()
    for counts in held:
        total = total | counts if isinstance(part, Binary) and part.operator in "+-" else total + counts
    return total


def letter_sizes(
    form: Plan,
    shape_of: Callable[[Syntax], Sequence[Any]],
    described: Callable[[Syntax], str],
    same: Same,
    product: Callable[[Iterable[Any]], Any],
) -> dict[str, Any]:
    """The dimension that each letter runs over; `described` says what a part is, for a message.

    Letters that run over an axis together have their sizes from elsewhere; `product` multiplies them.

    Raises ShapeError, with a bare span, where entries do not fit.
    """
    sizes: dict[str, Any] = {}
    for part in form.indexed:
        shape = tuple(shape_of(part.body))
        place = (part.start, part.end)
        dims = [dim for dim in shape if dim != 1]
        if len(dims) != len(part.groups):
            raise ShapeError(
                f"{described(part.body)} and takes {_letters(len(dims))}, not {len(part.groups)}",
                span=place,
                hint="a scalar stands as itself" if not dims else "a vector takes one letter, a matrix two",
            )
        for (letter, *others), dim in zip(grouped(part.letters, part.groups), dims, strict=True):
            if others:
                continue
            known = sizes.setdefault(letter, dim)
            if not same(known, dim):
                both = f": {dim_text(known)} and {dim_text(dim)}" if isinstance(known, str | int) else ""
                raise ShapeError(
                    f"the letter {letter} runs over two different sizes{both}",
                    span=place,
                    hint="give one of them another letter, or declare the sizes alike",
                )
    for scalar in form.scalars:
        if not is_scalar(tuple(shape_of(scalar))):
            raise ShapeError(
                f"{described(scalar)}, and has no letters here",
                span=(scalar.start, scalar.end),
                hint="in an index form write its entries: x[i], A[i,j]",
            )
    for letter in form.form.letters:
        if letter not in sizes:
            raise ShapeError(
                f"nothing says how far the letter {letter} runs",
                span=(form.form.start, form.form.end),
                hint=f"spread with ones: … * ones(n)[{letter}]",
            )
    _check_groups(form, shape_of, sizes, same, product)
    return sizes


def _check_groups(
    form: Plan,
    shape_of: Callable[[Syntax], Sequence[Any]],
    sizes: Mapping[str, Any],
    same: Same,
    product: Callable[[Iterable[Any]], Any],
) -> None:
    """Letters in brackets must fill their axis."""
    for part in form.indexed:
        dims = [dim for dim in shape_of(part.body) if dim != 1]
        for group, dim in zip(grouped(part.letters, part.groups), dims, strict=True):
            if len(group) == 1:
                continue
            unknown = next((letter for letter in group if letter not in sizes), None)
            if unknown is not None or not same(product(sizes[letter] for letter in group), dim):
                raise ShapeError(
                    f"nothing says how far the letter {unknown} runs"
                    if unknown
                    else f"the letters {', '.join(group)} do not run over this axis together",
                    span=(part.start, part.end),
                    hint=f"give it a size elsewhere: … * ones(n)[{unknown or group[0]}]",
                )


def grouped(letters: Letters, groups: Sequence[int]) -> list[Letters]:
    """The letters of each axis."""
    ends = [sum(groups[: k + 1]) for k in range(len(groups))]
    return [letters[end - count : end] for end, count in zip(ends, groups, strict=True)]


def _letters(count: int) -> str:
    return "no letters" if not count else "1 letter" if count == 1 else f"{count} letters"


def form_shape(
    form: Plan, sizes: Mapping[str, Any], product: Callable[[Iterable[Any]], Any]
) -> tuple[Any, ...]:
    """The shape of an index form's value: a scalar, a column, a matrix, or a tensor's dimensions."""
    places = grouped(form.form.letters, form.form.groups)
    dims = tuple(product(sizes[letter] for letter in place) for place in places)
    return SCALAR if not dims else (*dims, 1) if len(dims) == 1 else dims


def evaluate(
    form: Plan,
    values: Mapping[Syntax, Operand],
    described: Callable[[Syntax], str],
    apply: Callable[[Syntax, list[Node]], Node],
) -> Operand:
    """The value of an index form, given the `values` of its entries and scalars.

    `apply(part, nodes)` makes the elementwise call or the power that `part` is.

    Raises ShapeError or ParseError, with a bare span, for what does not fit or could be read in two ways.
    """
    sizes = letter_sizes(
        form, lambda part: values[part].shape, described, lambda a, b: bool(a == b), dim_product
    )
    return _Evaluation(form, values, sizes, apply).result()


class _Evaluation:
    def __init__(
        self,
        form: Plan,
        values: Mapping[Syntax, Operand],
        sizes: Mapping[str, Dim],
        apply: Callable[[Syntax, list[Node]], Node],
    ) -> None:
        self.form = form
        self.values = values
        self.sizes = sizes
        self.apply = apply

    def result(self) -> Operand:
        out = self.form.form.letters
        shape: Shape = form_shape(self.form, self.sizes, dim_product)
        laid = [
            (sign, self.product(part, frozenset(out), out).node) for sign, part in terms(self.form.form.body)
        ]
        return Operand(fuse(linear(laid, laid[0][1].axes), self.form.form.groups), shape)

    def laid_out(self, term: Entries, out: Letters) -> Node:
        if term.letters == out:
            return term.node
        return contract([term], out, self.missing(out, term.letters))

    def missing(self, out: Letters, held: Letters) -> dict[Hashable, Dim]:
        """The sizes of letters that come out and that nothing holds."""
        return {letter: self.sizes[letter] for letter in out if letter not in held}

    def sum(self, part: Syntax, keep: frozenset[str]) -> Entries:
        """A sum in parentheses: each of its terms summed over the letters that nothing outside holds."""
        found = [(sign, self.product(term, keep)) for sign, term in terms(part)]
        letters = _union(term.letters for _, term in found)
        nodes = [(sign, self.laid_out(term, letters)) for sign, term in found]
        return Entries(linear(nodes, nodes[0][1].axes), letters)

    def product(self, part: Syntax, keep: frozenset[str], out: Letters | None = None) -> Entries:
        """A term: its factors multiplied, and summed over the letters that are not in `keep`; laid out as `out`."""
        sign, parts = factors(part)
        held = [self.form.letters.get(factor, Counter()) for factor, _ in parts]
        holders = Counter(letter for counts in held for letter in counts)
        shared = keep.union(letter for letter, count in holders.items() if count > 1)
        taken = [
            self.factor(
                factor, inverse, shared.union(holders.keys() - counts.keys()) if len(parts) > 1 else keep
            )
            for (factor, inverse), counts in zip(parts, held, strict=True)
        ]
        divides = [inverse for _, inverse in parts]
        try:
            check_zeros([(below, node) for below, (node, _) in zip(divides, taken, strict=True)])
        except DomainError as error:
            raise error.located((part.start, part.end)) from None
        found = [
            Entries(power(node, -1), letters) if below else Entries(node, letters)
            for below, (node, letters) in zip(divides, taken, strict=True)
        ]
        left = tuple(letter for letter in _union(entries.letters for entries in found) if letter in keep)
        letters = left if out is None else out
        node = found[0].node
        if len(found) > 1 or found[0].letters != letters:
            node = contract(found, letters, self.missing(letters, left))
        return Entries(linear([(sign, node)], node.axes), letters)

    def factor(self, part: Syntax, inverse: bool, keep: frozenset[str]) -> Entries:
        """A factor, or what divides where `inverse` says so: inside that nothing is summed."""
        if part not in self.form.letters:
            return Entries(self.values[part].node, ())
        if inverse:
            return self.whole(part, keep)
        if isinstance(part, Indexed):
            places = grouped(part.letters, part.groups)
            dims = [tuple(self.sizes[letter] for letter in place) for place in places]
            return Entries(split(self.values[part.body].node, dims), part.letters)
        if isinstance(part, Superscript):
            base = self.whole(part.operand, keep)
            return Entries(self.apply(part, [base.node]), base.letters)
        if isinstance(part, Binary) and part.operator == "**":
            if part.right in self.form.letters:
                raise ParseError(
                    "an exponent is a scalar", span=(part.right.start, part.right.end), hint="exp(y * log(x))"
                )
            base = self.whole(part.left, keep)
            return Entries(self.apply(part, [base.node, self.values[part.right].node]), base.letters)
        if isinstance(part, Call):
            return self.call(part, keep)
        return self.sum(part, keep)

    def whole(self, part: Syntax, keep: Collection[str]) -> Entries:
        """A part inside which nothing is summed."""
        counts = self.form.letters.get(part, Counter())
        for letter, count in counts.items():
            if count > 1 and letter not in keep:
                raise ParseError(
                    f"is the sum over {letter} meant inside or outside?",
                    span=(part.start, part.end),
                    hint="put the inner sum in parentheses with its own arrow: exp((A[i,k] * x[k] -> i)[i])",
                )
        return self.sum(part, frozenset(counts).union(keep))

    def call(self, part: Call, keep: Collection[str]) -> Entries:
        operands = [self.whole(argument, keep) for argument in part.children]
        letters = _union(entries.letters for entries in operands)
        nodes = [
            entries.node if not entries.letters else self.laid_out(entries, letters) for entries in operands
        ]
        return Entries(self.apply(part, nodes), letters)


def _union(groups: Iterable[Letters]) -> Letters:
    return tuple(dict.fromkeys(letter for group in groups for letter in group))


__all__ = ["Entries", "Plan", "evaluate", "form_shape", "letter_sizes", "plan"]
