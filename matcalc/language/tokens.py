"""The scanner of the python dialect: text into tokens.

Limits that protect the parser are checked here, before it sees anything: the length of numbers and the nesting.
"""

from __future__ import annotations

import keyword
import re

from matcalc.errors import LimitError
from matcalc.language.complaints import bad_character, leading_zero, unexpected
from matcalc.language.limits import Limits
from matcalc.language.text import SUPERSCRIPT_DIGITS, Source

_WORD = f"[^\\Wᵀ⊤{SUPERSCRIPT_DIGITS}]"
_TOKEN = re.compile(
    rf"""\s*(?:
      (?P<NAME>[^\W\dᵀ⊤{SUPERSCRIPT_DIGITS}]{_WORD}*)
    | (?P<NUMBER>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<COMMA>,) | (?P<LPAR>\() | (?P<RPAR>\))
    | (?P<TRANSPOSE>\.\s*T(?!{_WORD})|[ᵀ⊤])
    | (?P<POWER>\*\*)
    | (?P<BAD_DOUBLE>//|\|\||&&|[=!<>]=|:=)
    | (?P<TIMES>[*@/⊙∘⊘])
    | (?P<ARROW>->|→)
    | (?P<PLUS>\+) | (?P<MINUS>-)
    | (?P<LSQB>\[) | (?P<RSQB>\]) | (?P<EQUAL>=)
    | (?P<PRIMES>['′″]++(?=\s*+\())
    | (?P<SUPERSCRIPT>⁻?[{SUPERSCRIPT_DIGITS}]+)
    | (?P<BAD_DOT>\.(?:[*/^\\']|\s*{_WORD}+))
    | (?P<BAD>\S)
    )""",
    re.VERBOSE,
)
_RESERVED = {**dict.fromkeys(keyword.kwlist, "KEYWORD"), "where": "WHERE"}
_DEEPENING = frozenset({"LPAR", "LSQB", "POWER", "TRANSPOSE", "SUPERSCRIPT", "PLUS", "MINUS"})


class Token:
    """A word of the text: its type, its text and its place."""

    __slots__ = ("end_pos", "start_pos", "type", "value")

    def __init__(self, kind: str, value: str, start: int, end: int) -> None:
        self.type = kind
        self.value = value
        self.start_pos = start
        self.end_pos = end

    def __str__(self) -> str:
        return self.value


def scan(source: Source, limits: Limits) -> list[Token]:
    """The tokens of a text.

    Raises ParseError (or UnknownNameError for `np.exp`) for what is no token, LimitError for too long numbers and too
    deep nesting.
    """
    tokens: list[Token] = []
    deepening = 0
    # Spaces at the end are left out: a search for a token behind them would start at each of them.
    for match in _TOKEN.finditer(source.text, 0, len(source.text.rstrip())):
        kind = match.lastgroup
        assert kind is not None
        start, end = match.span(kind)
        value = source.text[start:end]
        if kind == "NAME":
            kind = _RESERVED.get(value, kind)
        elif kind == "NUMBER":
            _check_number(source, value, start, limits)
        elif kind in _DEEPENING:
            deepening += 1
        elif kind[:3] == "BAD":
            for index, token in enumerate(tokens):
                if token.type == "KEYWORD":
                    raise unexpected(source, tokens, index)
            raise bad_character(source, value, start, tokens[-1].value if tokens else "")
        tokens.append(Token(kind, value, start, end))
    if deepening > limits.nesting:
        _check_nesting(source, tokens, limits)
    return tokens


def _check_number(source: Source, value: str, start: int, limits: Limits) -> None:
    if value[0] == "0" and value.isdigit() and len(value) > 1:
        raise source.locate(leading_zero(value), start, start + len(value))
    if len(value) > limits.digits and sum(map(str.isdigit, value)) > limits.digits:
        error = LimitError(
            f"a number of {sum(map(str.isdigit, value)):,} digits; the limit is {limits.digits}",
            hint="a double holds 17 significant digits; write 1.5e300 for large numbers",
        )
        raise source.locate(error, start, start + len(value))


def _check_nesting(source: Source, tokens: list[Token], limits: Limits) -> None:
    """Brackets nest, and so do chains of signs, powers and postfix signs; sums and products do not."""
    depth = chain = 0
    outer: list[int] = []
    operand_before = False
    for token in tokens:
        kind = token.type
        if kind in ("LPAR", "LSQB"):
            outer.append(chain)
            depth += chain + 1
            chain = 0
        elif kind in ("RPAR", "RSQB"):
            if outer:
                chain = outer.pop()
                depth -= chain + 1
        elif kind in ("POWER", "TRANSPOSE", "SUPERSCRIPT") or (
            kind in ("PLUS", "MINUS") and not operand_before
        ):
            chain += 1
        elif kind in ("PLUS", "MINUS", "TIMES", "COMMA"):
            chain = 0
        operand_before = kind in ("NAME", "NUMBER", "RPAR", "RSQB", "TRANSPOSE", "SUPERSCRIPT")
        if depth + chain > limits.nesting:
            error = LimitError(
                f"the formula is nested more than {limits.nesting} deep",
                hint="name inner parts with `where`, or build it from Python objects, which have no such limit",
            )
            raise source.locate(error, token.start_pos, token.end_pos)
