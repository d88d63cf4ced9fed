"""The rules of mathematical notation, which LaTeX, the terminal and MathML share.

Juxtaposition is the product, ⊙ the elementwise one, and juxtaposition binds tighter: W x ⊙ u is (W x) ⊙ u. A notation
says how signs, scripts, fractions and brackets are spelled; what stands where, and in which brackets, is said here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import ClassVar

from matcalc.notation.render import Item, Items, Rendered, Rule, render, signed, walk
from matcalc.notation.spelling import spell
from matcalc.notation.tree import (
    SCALAR,
    Addition,
    Call,
    Hadamard,
    Indexed,
    IndexForm,
    Literal,
    MatrixProduct,
    Name,
    Negative,
    Power,
    Quotient,
    Scaled,
    Transposed,
    Tree,
    Where,
    together,
)

# How a formula binds: what its outermost sign is.
(WHERE, SUM, SIGNED, BIG_SUM, HADAMARD, RATIO, TENSOR, PRODUCT) = (1 << k for k in range(8))
(FRACTION, SCRIPTED, NUMBER, APPLIED, INDEXED, LETTER) = (1 << k for k in range(8, 14))

# What may stand in a place without brackets.
BASE = LETTER | INDEXED | APPLIED
FACTOR = BASE | SCRIPTED | FRACTION | NUMBER
OPERAND = FACTOR | PRODUCT
TERM = OPERAND | HADAMARD | RATIO | TENSOR | BIG_SUM
FORMULA = TERM | SIGNED | SUM


# Calls that end in a sign of their own and not in the bracket of their arguments: no space is needed after them.
_CLOSED = frozenset({"inv", "pinv", "exp", "sqrt", "square", "matrix_power", "eye", "ones", "zeros"})


def is_scalar(tree: Tree) -> bool:
    """Whether all dimensions are 1."""
    return tree.shape == SCALAR or all(dim == 1 for dim in tree.shape)


def is_matrix(tree: Tree) -> bool:
    """Whether neither dimension is 1."""
    return all(dim != 1 for dim in tree.shape)


Form = Callable[["Notation", Call], Rendered | None]


class Notation(ABC):
    """A way to put mathematics on a page. Signs are class attributes; what needs arranging is a method."""

    plus: ClassVar[str]
    minus: ClassVar[str]
    sign: ClassVar[str]
    odot: ClassVar[str]
    oslash: ClassVar[str]
    otimes: ClassVar[str]
    cross: ClassVar[str]
    gap: ClassVar[str]
    thin: ClassVar[str]
    dot: ClassVar[str]
    comma: ClassVar[str]
    equals: ClassVar[str]
    parallel: ClassVar[str]
    application: ClassVar[str] = ""  # between a function's name and its arguments
    opening: ClassVar[str] = "("
    closing: ClassVar[str] = ")"
    top: ClassVar[str]
    inverse: ClassVar[str]
    inverse_top: ClassVar[str]
    ones: ClassVar[str]
    zeros: ClassVar[str]
    eye: ClassVar[str]
    where: ClassVar[str]
    where_comma: ClassVar[str]
    fences: ClassVar[tuple[str, str]] = ("[", "]")
    infinity: ClassVar[str] = "∞"
    # sin²(x) is how everybody writes it; of a matrix it could be taken for the matrix power.
    power_on_name: ClassVar[frozenset[str]] = frozenset({"sin", "cos", "tan", "sinh", "cosh", "tanh"})

    def __init__(self, forms: Mapping[str, Form], avoid: frozenset[str] = frozenset()) -> None:
        """`forms` are the functions with signs of their own; `avoid` holds signs that variables bear already."""
        self.forms = forms
        self.avoid = avoid
        self.rules: dict[type[Tree], Rule] = {
            Name: self.name,
            Literal: self.literal,
            Call: self.call,
            Transposed: self.transposed,
            MatrixProduct: self.matrix_product,
            Hadamard: self.hadamard,
            Scaled: self.scaled,
            Quotient: self.quotient,
            Power: self.power,
            Negative: self.negative,
            Addition: self.addition,
            Indexed: self.indexed,
            IndexForm: self.index_form,
            Where: self.where_form,
        }

    def pieces(self, tree: Tree) -> list[str]:
        """The formula's pieces in reading order."""
        return render(tree, self.rules, self.opening, self.closing)

    @abstractmethod
    def spelled(self, name: str) -> Rendered:
        """A variable's name; it binds as LETTER, or as INDEXED when it carries an index."""

    @abstractmethod
    def number(self, value: float | Fraction) -> Rendered:
        """A number; a negative one binds as SIGNED."""

    @abstractmethod
    def scripted(self, base: Items, below: Items, above: Items) -> Items:
        """A base with what stands below and above it to its right; either may be empty."""

    @abstractmethod
    def exponent(self, tree: Tree, elementwise: bool, of_matrix: bool) -> Items:
        """What stands above the base of a power."""

    @abstractmethod
    def fraction(self, numerator: Tree, denominator: Tree) -> Rendered:
        """A quotient by a scalar."""

    @abstractmethod
    def root(self, body: Tree) -> Rendered:
        """A square root."""

    @abstractmethod
    def bars(self, count: int, body: Items) -> Items:
        """Single bars (modulus) or double ones (norm) around the body."""

    @abstractmethod
    def head(self, function: str, primes: int) -> str:
        """A function's name as it stands before its arguments."""

    @abstractmethod
    def upright(self, word: str) -> str:
        """A word that is not a product of letters."""

    @abstractmethod
    def summation(self, letters: Sequence[str]) -> Items:
        """The big sum over index letters."""

    @abstractmethod
    def subscript(self, letters: Sequence[str]) -> Items:
        """Index letters as they stand below a base."""

    def mark(self, sign: str) -> str:
        """A single sign of a form: the F of a norm, the e of the exponential."""
        return sign

    def call(self, tree: Call) -> Rendered:
        """A function's value, in the function's own form where it has one."""
        form = self.forms.get(tree.function)
        shown = form(self, tree) if form is not None and not tree.primes else None
        return shown or self.applied(tree)

    def applied(self, tree: Call) -> Rendered:
        """`f(x, y)`."""
        return self.with_arguments(self.head(tree.function, tree.primes), tree)

    def name(self, tree: Name) -> Rendered:
        """A name."""
        return self.spelled(tree.name)

    def literal(self, tree: Literal) -> Rendered:
        """A number."""
        return self.number(tree.value)

    def with_arguments(self, head: str, tree: Call) -> Rendered:
        """`head(arguments)`."""
        items: list[Item] = [head + self.application, self.opening]
        for index, argument in enumerate(tree.arguments):
            if index:
                items.append(self.comma)
            items.append((argument, FORMULA))
        for key, value in tree.keywords:
            if len(items) > 2:
                items.append(self.comma)
            items += (*self.spelled(key)[1], self.equals, *self.spelled(value)[1])
        items.append(self.closing)
        return APPLIED, items

    def transposed(self, tree: Transposed) -> Rendered:
        """A transpose; that of an inverse, say, has a form of its own."""
        body = tree.body
        if type(body) is Call:
            form = self.forms.get(body.function + ".T")
            shown = form(self, body) if form is not None else None
            if shown is not None:
                return shown
        return SCRIPTED, self.scripted(((body, BASE),), (), (self.top,))

    def between(self, left: Tree, right: Tree) -> str:
        """What stands between two factors set side by side: a dot where two numbers would run together."""
        if type(right) is Literal or (type(right) is Power and type(right.base) is Literal):
            return self.dot
        apart = (type(left) is Call and left.function not in _CLOSED) or _is_word(left) or _is_word(right)
        return self.thin if apart else self.gap

    def juxtaposed(self, factors: tuple[Tree, ...], first: int) -> list[Item]:
        """Factors side by side."""
        left = factors[0]
        items: list[Item] = [(left, first)]
        for right in factors[1:]:
            items.append(self.between(left, right))
            items.append((right, FACTOR))
            left = right
        return items

    def matrix_product(self, tree: MatrixProduct) -> Rendered:
        """A B C; the product is associative, and brackets are kept only where they were not on the left."""
        return PRODUCT, self.juxtaposed(tree.factors, OPERAND)

    def hadamard(self, tree: Hadamard) -> Rendered:
        """a ⊙ b, and plain juxtaposition of entries in an index form."""
        if is_scalar(tree):
            return PRODUCT, self.juxtaposed(tree.factors, OPERAND)
        items: list[Item] = [(tree.factors[0], OPERAND | HADAMARD)]
        for factor in tree.factors[1:]:
            items += (self.odot, (factor, OPERAND))
        return HADAMARD, items

    def scaled(self, tree: Scaled) -> Rendered:
        """2 a X; the body goes on in its own sign, as in 2 u ⊙ v."""
        items = self.juxtaposed(tree.scalars, FACTOR)
        body = tree.body
        items += (self.between(tree.scalars[-1], body), (body, OPERAND | HADAMARD | RATIO | BIG_SUM))
        if type(body) is Hadamard and not is_scalar(body):
            return HADAMARD, items
        if type(body) is Quotient and self.quotient(body)[0] == RATIO:
            return RATIO, items
        if type(body) is IndexForm and not body.letters:
            return BIG_SUM, items
        return PRODUCT, items

    def quotient(self, tree: Quotient) -> Rendered:
        """A fraction, or a ⊘ b entry by entry; 1 over a matrix is no fraction, lest it be taken for an inverse."""
        above, below = tree.numerator, tree.denominator
        if is_scalar(below) or (is_scalar(above) and not is_matrix(below)):
            return self.fraction(above, below)
        return RATIO, ((above, OPERAND), self.oslash, (below, OPERAND))

    def power(self, tree: Power) -> Rendered:
        """A power, marked as elementwise where the base is not a scalar."""
        base, exponent = tree.base, tree.exponent
        if type(base) is Call and base.function in self.power_on_name and _on_name(base, exponent):
            above = self.exponent(exponent, False, False)
            head = self.scripted((self.head(base.function, 0),), (), above)
            argument = (base.arguments[0], FORMULA)
            return SCRIPTED, (*head, self.application, self.opening, argument, self.closing)
        above = self.exponent(exponent, not is_scalar(base), is_matrix(base))
        return SCRIPTED, self.scripted(((base, BASE | NUMBER),), (), above)

    def negative(self, tree: Negative) -> Rendered:
        """−x."""
        return SIGNED, (self.sign, (tree.body, TERM))

    def addition(self, tree: Addition) -> Rendered:
        """A sum, with the signs of its terms between them."""
        sign, term = signed(*tree.terms[0])
        items: list[Item] = [(term, FORMULA)] if sign > 0 else [self.sign, (term, TERM)]
        for pair in tree.terms[1:]:
            sign, term = signed(*pair)
            items += (self.plus if sign > 0 else self.minus, (term, TERM))
        return SUM, items

    def indexed(self, tree: Indexed) -> Rendered:
        """A_{ij}."""
        return INDEXED, self.scripted(((tree.body, LETTER | APPLIED),), self.subscript(tree.letters), ())

    def index_form(self, tree: IndexForm) -> Rendered:
        """Σₖ A_{ik} x_k, each term with its own sum; with output letters the whole is [ … ]_{ij}."""
        body, out = tree.body, {letter for place in tree.letters for letter in together(place)}
        terms = body.terms if type(body) is Addition else ((1, body),)
        items: list[Item] = []
        bare = len(terms) == 1
        for index, pair in enumerate(terms):
            sign, term = signed(*pair)
            if index:
                items.append(self.plus if sign > 0 else self.minus)
            elif sign < 0:
                items.append(self.sign)
                bare = False
            letters = _summed(term, out)
            if letters:
                items += self.summation(letters)
            items.append((term, TERM if letters or sign < 0 or index else FORMULA))
            bare = bare and bool(letters)
        if not tree.letters:
            return (BIG_SUM if bare else SUM), items
        return INDEXED, self.scripted(
            (self.fences[0], *items, self.fences[1]), self.subscript(tree.letters), ()
        )

    def where_form(self, tree: Where) -> Rendered:
        """The formula, then what its names stand for."""
        items: list[Item] = [(tree.body, FORMULA | INDEXED), self.where]
        for index, (name, part) in enumerate(tree.definitions):
            if index:
                items.append(self.where_comma)
            items += (*self.spelled(name)[1], self.equals, (part, FORMULA))
        return WHERE, items


def _on_name(base: Call, exponent: Tree) -> bool:
    """Whether f(x) to a power may be written as f², the power on the name."""
    count = type(exponent) is Literal and type(exponent.value) is int and exponent.value > 1
    return count and not base.primes and not is_matrix(base)


def _is_word(tree: Tree) -> bool:
    return type(tree) is Name and spell(tree.name).word


def _summed(term: Tree, out: set[str]) -> list[str]:
    """The letters of a term that do not come out, by first appearance."""
    letters: dict[str, None] = {}
    for part in walk(term, within=(Indexed, IndexForm)):
        if type(part) is Indexed:
            letters.update(dict.fromkeys(letter for place in part.letters for letter in together(place)))
    return [letter for letter in letters if letter not in out]
