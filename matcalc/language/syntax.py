"""The syntax tree: what was written, with its place in the text, before shapes and meaning are known.

All dialects produce it. Nodes are immutable by convention and compared by identity; they are not `frozen`, since a
frozen dataclass takes three times as long to make and parsing is most of what a small derivation waits for.
`start` and `end` include the parentheses around a part, so that its text can be quoted as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from matcalc.language.text import Source


@dataclass(slots=True, eq=False)
class Syntax:
    """A part of a formula, at `text[start:end]`."""

    start: int
    end: int

    @property
    def children(self) -> tuple[Syntax, ...]:
        """The parts whose values this one is made of."""
        return ()


@dataclass(slots=True, eq=False)
class Number(Syntax):
    """A literal; decimals are floats, digits alone an exact integer."""

    value: int | float | Fraction


@dataclass(slots=True, eq=False)
class Name(Syntax):
    """A variable, a constant, a part named in `where`, or a dimension standing for its size."""

    name: str


@dataclass(slots=True, eq=False)
class Unary(Syntax):
    """`-x` or `+x`."""

    operator: str
    operand: Syntax

    @property
    def children(self) -> tuple[Syntax, ...]:
        return (self.operand,)


@dataclass(slots=True, eq=False)
class Binary(Syntax):
    """`left operator right`, the operator one of `+ - * / @ **`."""

    operator: str
    left: Syntax
    right: Syntax

    @property
    def children(self) -> tuple[Syntax, ...]:
        return (self.left, self.right)


@dataclass(slots=True, eq=False)
class Transpose(Syntax):
    """`x.T`."""

    operand: Syntax

    @property
    def children(self) -> tuple[Syntax, ...]:
        return (self.operand,)


@dataclass(slots=True, eq=False)
class Superscript(Syntax):
    """`x²`, a power whose meaning for a square matrix the eye cannot tell."""

    operand: Syntax
    exponent: int

    @property
    def children(self) -> tuple[Syntax, ...]:
        return (self.operand,)


@dataclass(slots=True, eq=False)
class Call(Syntax):
    """`function(arguments, name=value)`, with `primes` after the name: f''(z). The name is at `[start:name_end]`."""

    function: str
    arguments: tuple[Syntax, ...]
    keywords: tuple[tuple[Name, Syntax], ...]
    primes: int
    name_end: int

    @property
    def children(self) -> tuple[Syntax, ...]:
        return (*self.arguments, *(value for _, value in self.keywords))


@dataclass(slots=True, eq=False)
class Indexed(Syntax):
    """An entry `body[i,j]`, inside an index form only.

    `groups` counts the letters of each axis: those in brackets run over it together, `vec(A)[(ij)]`.
    """

    body: Syntax
    letters: tuple[str, ...]
    groups: tuple[int, ...]

    @property
    def children(self) -> tuple[Syntax, ...]:
        return (self.body,)


@dataclass(slots=True, eq=False)
class IndexForm(Syntax):
    """`body -> letters`: the letters that do not come out are summed, term by term.

    `groups` counts the letters that make each axis of the result.
    """

    body: Syntax
    letters: tuple[str, ...]
    groups: tuple[int, ...]

    @property
    def children(self) -> tuple[Syntax, ...]:
        return (self.body,)


@dataclass(slots=True, eq=False)
class Definition:
    """`name = value` after `where`."""

    name: Name
    value: Syntax


@dataclass(slots=True, eq=False)
class Formula:
    """A whole text: a body and its named parts, in the order written, and where it was read from."""

    body: Syntax
    definitions: tuple[Definition, ...]
    source: Source

    def text(self, part: Syntax) -> str:
        """The part as the user wrote it."""
        start, end = self.source.span(part.start, part.end)
        return self.source.given[start:end]


def postorder(roots: Iterable[Syntax], stop: type[Syntax] | tuple[type[Syntax], ...] = ()) -> list[Syntax]:
    """All parts, each after its children, without recursion; parts of kind `stop` are listed but not entered."""
    found: list[Syntax] = []
    pending = list(roots)
    while pending:
        part = pending.pop()
        found.append(part)
        if not isinstance(part, stop):
            pending += part.children
    found.reverse()
    return found


def terms(part: Syntax) -> list[tuple[int, Syntax]]:
    """The terms of a sum with their signs, in the order written; a long sum leans left, so this is a loop."""
    found: list[tuple[int, Syntax]] = []
    pending = [(1, part)]
    while pending:
        sign, part = pending.pop()
        if isinstance(part, Binary) and part.operator in "+-":
            pending.append((sign, part.left))
            pending.append((-sign if part.operator == "-" else sign, part.right))
        elif isinstance(part, Unary):
            pending.append((-sign if part.operator == "-" else sign, part.operand))
        else:
            found.append((sign, part))
    found.reverse()
    return found


def factors(part: Syntax) -> tuple[int, list[tuple[Syntax, bool]]]:
    """The sign and the factors of a term, each with whether it is in the denominator."""
    sign = 1
    found: list[tuple[Syntax, bool]] = []
    pending = [(part, False)]
    while pending:
        part, inverse = pending.pop()
        if isinstance(part, Binary) and part.operator == "*" and not inverse:
            pending += [(part.left, False), (part.right, False)]
        elif isinstance(part, Binary) and part.operator == "/" and not inverse:
            pending += [(part.left, False), (part.right, True)]
        elif isinstance(part, Unary):
            sign = -sign if part.operator == "-" else sign
            pending.append((part.operand, inverse))
        else:
            found.append((part, inverse))
    found.reverse()
    return sign, found
