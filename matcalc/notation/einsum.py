"""Tree of an index form → einsum: `einsum('ik,lj->ijkl', A, B)`, the operands in matrix notation.

A product of entries is one call, scalars stand before it, and a sum is a sum of calls. What is no product of entries,
a function of a tensor say, is an operand of its own, with an einsum inside. Vectors are operands with one letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from string import ascii_letters
from typing import Any

from matcalc.errors import DomainError
from matcalc.notation import pieces
from matcalc.notation.render import Item, Rendered, render, signed, walk
from matcalc.notation.text import ARGUMENT, FACTOR, OVER, POSTFIX, RULES, SUM, TIMES, UNARY
from matcalc.notation.tree import (
    SCALAR,
    Addition,
    Call,
    Hadamard,
    Indexed,
    IndexForm,
    Literal,
    Power,
    Quotient,
    Scaled,
    Tree,
)

Letters = tuple[str, ...]


def einsum(tree: Tree) -> str:
    """The formula with each of its index forms as einsum.

    Raises DomainError where an axis holds several letters, which einsum has no notation for.
    """
    return "".join(render(tree, _RULES))


def _index_form(form: IndexForm) -> Rendered:
    letter_of = _single_letters(form)
    terms = form.body.terms if isinstance(form.body, Addition) else ((1, form.body),)
    items: list[Item] = []
    for index, pair in enumerate(terms):
        sign, term = signed(*pair)
        if index:
            items.append(" + " if sign > 0 else " - ")
        elif sign < 0:
            items.append("-")
        product = _Product(term)
        alone = len(terms) == 1 and sign > 0
        items += product.items(form.letters, letter_of, alone)
    if len(terms) > 1:
        return SUM, items
    if items[0] == "-":
        return UNARY, items
    return (POSTFIX if len(items) == 1 or product.bare else OVER if product.below else TIMES), items


class _Product:
    """One term: its operands with their letters, and scalars above and below the line."""

    def __init__(self, term: Tree) -> None:
        self.operands: list[tuple[Tree, Letters]] = []
        self.above: list[Tree] = []
        self.below: list[Tree] = []
        pending: list[tuple[Tree, bool]] = [(term, True)]
        while pending:
            part, upper = pending.pop()
            if isinstance(part, Scaled) and part.shape == SCALAR:
                pending += [(factor, upper) for factor in (part.body, *reversed(part.scalars))]
            elif isinstance(part, Hadamard) and part.shape == SCALAR:
                pending += [(factor, upper) for factor in reversed(part.factors)]
            elif isinstance(part, Quotient) and part.shape == SCALAR:
                pending += [(part.denominator, not upper), (part.numerator, upper)]
            else:
                self._take(part, upper)

    @property
    def bare(self) -> bool:
        """Whether no scalar stands beside the operands."""
        return not self.above and not self.below

    def _take(self, part: Tree, upper: bool) -> None:
        if isinstance(part, Indexed):
            body, letters = part.body, part.letters
        elif letters := _letters_in(part):
            body = _whole(part, letters)
        else:
            if not (isinstance(part, Literal) and part.value == 1):
                (self.above if upper else self.below).append(part)
            return
        if not upper:
            body = Quotient(body.shape, pieces.ONE, body)
        self.operands.append((body, letters))

    def items(self, out: Letters, letter_of: dict[str, str], alone: bool) -> list[Item]:
        """`2 * a * einsum('ij,j->i', A, x) / b`; an operand alone whose letters come out in order is itself."""
        items: list[Item] = []
        for scalar in self.above:
            items += [(scalar, FACTOR), " * "]
        if len(self.operands) == 1 and self.operands[0][1] == out:
            items.append((self.operands[0][0], ARGUMENT if self.bare and alone else FACTOR))
        elif self.operands:
            places = ["".join(letter_of[letter] for letter in letters) for _, letters in self.operands]
            items.append(f"einsum('{','.join(places)}->{''.join(letter_of[letter] for letter in out)}'")
            for body, _ in self.operands:
                items += [", ", (body, ARGUMENT)]
            items.append(")")
        elif items:
            items.pop()
        else:
            items.append("1")
        for scalar in self.below:
            items += [" / ", (scalar, FACTOR)]
        return items


def _letters_in(part: Tree) -> Letters:
    """The letters of a part that is a function of entries, by first appearance."""
    found: dict[str, None] = {}
    for inner in walk(part, within=(Indexed, IndexForm)):
        if isinstance(inner, Indexed):
            found.update(dict.fromkeys(inner.letters))
    return tuple(found)


def _whole(part: Tree, letters: Letters) -> Tree:
    """A function of entries as that function of whole tensors, which have the axes `letters`."""

    def lifted(tree: Tree) -> Tree:
        if not _letters_in(tree):
            return tree
        return (
            tree.body
            if isinstance(tree, Indexed) and tree.letters == letters
            else IndexForm(SCALAR, tree, letters)
        )

    if isinstance(part, Power):
        return replace(part, base=lifted(part.base))
    if isinstance(part, Call):
        return replace(part, arguments=tuple(map(lifted, part.arguments)))
    return IndexForm(part.shape, part, letters)


def _single_letters(form: IndexForm) -> dict[str, str]:
    """Each letter of a form as the one character that einsum wants."""
    used = dict.fromkeys(form.letters)
    for part in walk(form.body, within=(Indexed,)):
        if isinstance(part, Indexed):
            used.update(dict.fromkeys(part.letters))
    if any("(" in letter for letter in used):
        raise DomainError("einsum has no notation for vec and kron", hint="use index_notation")
    free: Iterator[str] = (letter for letter in ascii_letters if letter not in used)
    try:
        return {letter: letter if len(letter) == 1 else next(free) for letter in used}
    except StopIteration:
        raise DomainError("einsum has 52 letters, and this needs more", hint="use index_notation") from None


_RULES: dict[type[Tree], Callable[[Any], Rendered]] = {**RULES, IndexForm: _index_form}
