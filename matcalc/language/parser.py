"""Text into the syntax tree. One dialect is a scanner, a grammar and a builder; all build the same tree.

The grammar is data (grammar.lark), compiled at first use: importing matcalc loads no Lark.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from matcalc.errors import DomainError, LimitError, MatcalcError, ParseError
from matcalc.language.automaton import Automaton, Unfit
from matcalc.language.complaints import shortened, unexpected
from matcalc.language.limits import LIMITS, Limits
from matcalc.language.syntax import (
    Binary,
    Call,
    Definition,
    Formula,
    Indexed,
    IndexForm,
    Name,
    Number,
    Superscript,
    Syntax,
    Transpose,
    Unary,
)
from matcalc.language.text import SUPERSCRIPT_DIGITS, Source, read_text
from matcalc.language.tokens import Token, scan

_LETTER = re.compile(r"[a-z][0-9]*")
_LETTERS = re.compile(r"(?:[a-z][0-9]*)+")
_OPERATORS = {"⊙": "*", "∘": "*", "⊘": "/"}
_SUPERSCRIPTS = str.maketrans(SUPERSCRIPT_DIGITS + "⁻", "0123456789-")
_lock = threading.Lock()


def parse_text(text: str, dialect: str = "python", limits: Limits = LIMITS) -> Formula:
    """The syntax tree of a text.

    Raises ParseError with the place and the likeliest repair, LimitError for an input past the limits, and
    DomainError for an unknown dialect.
    """
    reader = _DIALECTS.get(dialect) if isinstance(dialect, str) else None
    if reader is None:
        raise DomainError(f"there is no dialect '{dialect}'", hint=f"dialects: {', '.join(_DIALECTS)}")
    return reader(read_text(text, limits), limits)


def read_python(source: Source, limits: Limits) -> Formula:
    """The tree of a text of the python dialect."""
    tokens = scan(source, limits)
    if not tokens:
        raise unexpected(source, tokens, 0)
    body, definitions = _run(_python_grammar(), source, tokens)
    return Formula(body, definitions, source)


def _run(automaton: Automaton, source: Source, tokens: list[Token]) -> Any:
    """What the grammar's builder makes of the tokens."""
    try:
        return automaton.run(tokens)
    except Unfit as place:
        raise unexpected(source, tokens, place.index) from None
    except MatcalcError as error:
        raise source.settle(error) from None


@cache
def _compiled(name: str, builder: Callable[[], object]) -> Automaton:
    from lark import Lark

    text = files("matcalc.language").joinpath(name).read_text(encoding="utf-8")
    return Automaton(Lark(text, parser="lalr", lexer="basic", transformer=builder()))


def _python_grammar() -> Automaton:
    with _lock:
        return _compiled("grammar.lark", Builder)


class Places(NamedTuple):
    """The letters of an entry or a result, and how many of them make each axis."""

    letters: tuple[str, ...]
    groups: tuple[int, ...]
    end: int


class Builder:
    """Makes the syntax tree; a method per alternative of the grammar, called with the parts that it consists of.

    Positions in errors raised here are those of the plain text; `_run` translates them.
    """

    def formula(self, parts: list[Any]) -> tuple[Syntax, tuple[Definition, ...]]:
        return parts[0], tuple(part for part in parts[1:] if type(part) is Definition)

    def definition(self, parts: list[Any]) -> Definition:
        return Definition(self.name(parts[:1]), parts[2])

    def index_form(self, parts: list[Any]) -> IndexForm:
        body, arrow, places = parts
        return IndexForm(body.start, places.end or arrow.end_pos, body, places.letters, places.groups)

    def binary(self, parts: list[Any]) -> Binary:
        left, operator, right = parts
        sign = operator.value
        return Binary(left.start, right.end, _OPERATORS.get(sign, sign), left, right)

    def unary(self, parts: list[Any]) -> Unary:
        operator, operand = parts
        return Unary(operator.start_pos, operand.end, operator.value, operand)

    def transpose(self, parts: list[Any]) -> Transpose:
        operand, sign = parts
        return Transpose(operand.start, sign.end_pos, operand)

    def superscript(self, parts: list[Any]) -> Superscript:
        operand, sign = parts
        exponent = sign.value.translate(_SUPERSCRIPTS)
        if len(exponent) > 5:
            raise LimitError("a power past every limit", span=(sign.start_pos, sign.end_pos))
        return Superscript(operand.start, sign.end_pos, operand, int(exponent))

    def indexed(self, parts: list[Any]) -> Indexed:
        body, _, places, closing = parts
        return Indexed(body.start, closing.end_pos, body, places.letters, places.groups)

    def name(self, parts: list[Any]) -> Name:
        (token,) = parts
        return Name(token.start_pos, token.end_pos, token.value)

    def number(self, parts: list[Any]) -> Number:
        (token,) = parts
        return Number(token.start_pos, token.end_pos, number_literal(token))

    def group(self, parts: list[Any]) -> Syntax:
        opening, body, closing = parts
        body.start, body.end = opening.start_pos, closing.end_pos
        return body  # type: ignore[no-any-return]

    def call(self, parts: list[Any]) -> Call:
        name, (arguments, keywords), closing = parts[0], parts[-2], parts[-1]
        primes = 0
        if len(parts) == 5:
            primes = sum(2 if sign == "″" else 1 for sign in parts[1].value)
        return Call(name.start_pos, closing.end_pos, name.value, arguments, keywords, primes, name.end_pos)

    def arguments(self, parts: list[Any]) -> tuple[tuple[Syntax, ...], tuple[tuple[Name, Syntax], ...]]:
        given = [part for part in parts if type(part) is not Token]
        keywords = [part for part in given if type(part) is tuple]
        arguments = [part for part in given if type(part) is not tuple]
        if keywords and type(given[-1]) is not tuple:
            late = next(part for part in reversed(given) if type(part) is not tuple)
            raise ParseError(
                "arguments by name come last", span=(late.start, late.end), hint="write sum(A, axis=0)"
            )
        return tuple(arguments), tuple(keywords)

    def keyword(self, parts: list[Any]) -> tuple[Name, Syntax]:
        return self.name(parts[:1]), parts[2]

    def letters(self, parts: list[Any]) -> Places:
        places: list[Places] = [
            part if isinstance(part, Places) else _letters([part]) for part in parts if not _is_comma(part)
        ]
        found = [letter for place in places for letter in place.letters]
        groups = [group for place in places for group in place.groups]
        return Places(tuple(found), tuple(groups), places[-1].end if places else 0)

    def together(self, parts: list[Any]) -> Places:
        found = _letters([part for part in parts[1:-1] if not _is_comma(part)])
        return Places(found.letters, (len(found.letters),), parts[-1].end_pos)


def _is_comma(part: Any) -> bool:
    return isinstance(part, Token) and part.type == "COMMA"


def _letters(tokens: list[Token]) -> Places:
    """The letters of names such as `ij` or `i1`, an axis each."""
    found: list[str] = []
    for token in tokens:
        if not _LETTERS.fullmatch(token.value):
            raise ParseError(
                f"'{shortened(token.value)}' is not an index",
                span=(token.start_pos, token.end_pos),
                hint="an index is a lower-case letter, with digits if need be: i, j, k1",
            )
        found += _LETTER.findall(token.value)
    return Places(tuple(found), (1,) * len(found), tokens[-1].end_pos)


def number_literal(token: Token) -> int | float:
    """The value of a number's token. Raises LimitError where a double would overflow, or underflow to zero."""
    text = token.value
    if text.isdigit():
        return int(text)
    value = float(text)
    if value in (0.0, float("inf")) and any(digit in "123456789" for digit in text.lower().split("e")[0]):
        size = "large" if value else "small"
        raise LimitError(
            f"the number {shortened(text)} is too {size} for a double",
            span=(token.start_pos, token.end_pos),
            hint="doubles reach from 1e-308 to 1e308",
        )
    return value


_DIALECTS: dict[str, Callable[[Source, Limits], Formula]] = {"python": read_python}
