"""What to say about text that is no formula: in plain words, at the place, with what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from matcalc.errors import MatcalcError, ParseError, UnknownNameError
from matcalc.language.text import Source
from matcalc.rules import find

_LATEX = 'this looks like LaTeX: read it with dialect="latex"'
_CHARACTERS = {
    "^": ("'^' is not an operator here", "the power is written x**2 (elementwise); a matrix power is A @ A"),
    ".*": ("'.*' is MATLAB's elementwise product", 'write *, or read the text with dialect="matlab"'),
    "./": ("'./' is MATLAB's elementwise quotient", 'write /, or read the text with dialect="matlab"'),
    ".^": ("'.^' is MATLAB's elementwise power", 'write **, or read the text with dialect="matlab"'),
    ".'": (".' is MATLAB's transpose", 'write .T, or read the text with dialect="matlab"'),
    ".\\": (".\\ is not an operator here", "write the quotient with /"),
    "$": ("'$' is not part of a formula", _LATEX),
    "\\": ("a backslash is not part of a formula", "a formula may run over several lines without it"),
    "//": ("'//' is not an operator here", "the quotient is written /"),
    "||": ("bars are not part of the language", "write norm(x) for a norm"),
    "|": ("a bar is not part of the language", "write abs(x) for absolute values, norm(x) for a norm"),
    "!": ("'!' is not an operator here", "there are no factorials in the language"),
    ";": (
        "';' is not part of a formula",
        "give one expression; parts are named by `… where z = W @ x, y = f(z)`",
    ),
    ":": (
        "':' is not part of a formula",
        "there are no slices; sums over entries are index forms: A[i,k] * x[k] -> i",
    ),
    ":=": ("':=' is not part of a formula", "parts are named after the formula: … where z = W @ x"),
    "==": (
        "the language has no comparisons",
        "give one side only; mc.parse(a) == mc.parse(b) compares two formulas",
    ),
    "#": ("comments are not part of a formula", "leave them out"),
    '"': ("strings are not part of a formula", "write names without quotes"),
    "'": ("strings are not part of a formula", "write names without quotes"),
    "{": ("braces are not part of a formula", "group with ( ) only"),
    "}": ("braces are not part of a formula", "group with ( ) only"),
    "~": ("'~' is not an operator here", "minus is written -"),
    "%": ("'%' is not an operator here", "the quotient is written /"),
    "?": ("'?' is not part of a formula", "leave it out"),
    ".": ("a dot with nothing behind it", "the transpose is written A.T"),
}
_COMPARISONS = (
    "the language has no comparisons",
    "where(x > 0, x, 0) is relu(x), 1 where x > 0 is heaviside(x)",
)
_LOGIC = ("the language has no logic", "a product is written * (elementwise) or @ (matrix)")
_CHARACTERS |= dict.fromkeys(("<", ">", "<=", ">=", "!="), _COMPARISONS) | dict.fromkeys(("&", "&&"), _LOGIC)
_NAMESPACES = frozenset(
    {"np", "numpy", "jnp", "jax", "torch", "tf", "math", "scipy", "sp", "sympy", "nn", "F", "lax", "linalg"}
)
_ATTRIBUTES = {
    "t": "the transpose has a capital T: .T",
    "transpose": "the transpose is written .T",
    "H": "all values are real: the transpose is written .T",
    "I": "the inverse is written inv(A)",
    "dot": "a product is written A @ x, or dot(x, y) for two vectors",
    "matmul": "a product is written A @ x",
    "trace": "the trace is written tr(A)",
    "shape": "a dimension's name stands for its size: declare x: n and write n",
    "size": "a dimension's name stands for its size: declare x: n and write n",
    "flatten": "vec(A) stacks the columns of A",
    "ravel": "vec(A) stacks the columns of A",
}
_OPERATORS = frozenset({"PLUS", "MINUS", "TIMES", "POWER"})
_ENDS = frozenset({"NAME", "NUMBER", "RPAR", "RSQB", "TRANSPOSE", "SUPERSCRIPT", "KEYWORD"})
_STARTS = frozenset({"NAME", "NUMBER", "LPAR"})
_QUOTED_LENGTH = 40


class Word(Protocol):
    """A token, as far as complaints care."""

    type: str
    value: str
    start_pos: int
    end_pos: int


def shortened(text: str) -> str:
    """The text, cut if it is too long to be quoted in a message."""
    return text if len(text) <= _QUOTED_LENGTH else text[: _QUOTED_LENGTH - 1] + "…"


def leading_zero(value: str) -> ParseError:
    """A number such as 0777."""
    return ParseError(
        f"the number {shortened(value)} starts with 0", hint=f"write {shortened(value.lstrip('0') or '0')}"
    )


def bad_character(source: Source, value: str, start: int, before: str) -> MatcalcError:
    """The error for `value`, which begins no token; `before` is the word in front of it."""
    end = start + len(value)
    text = source.text
    if value == "\\" and text[end : end + 1].isalpha():
        word = text[start : end + 12].split("{")[0].split(" ")[0].split("(")[0]
        end = start + len(word)
        error: MatcalcError = ParseError(f"'{word}' is not part of this dialect", hint=_LATEX)
    elif value[0] == "." and len(value) > 1 and value[1] not in "*/^\\'":
        error = _bad_attribute(value[1:].strip(), before)
        if isinstance(error, UnknownNameError):
            start -= len(before)
    elif value in "'′″" and (before[-1:].isalnum() or before[-1:] in ("_", ")", "]")):
        name = before if before[-1:] not in ")]" else "A"
        error = ParseError(
            "a prime is the derivative of a function, and needs its argument in parentheses",
            hint=f"the transpose is written {shortened(name)}.T; a derivative f'(z)",
        )
    else:
        message, hint = _CHARACTERS.get(value, (f"'{value}' is not part of the language", "leave it out"))
        if value in "{}^" and ("\\" in text or "^{" in text or "_{" in text):
            hint = _LATEX
        elif value == "^":
            name = shortened(before) if before.isidentifier() else "A"
            if re.match(r"\s*T\b", text[end:]):
                hint = f"the transpose is written {name}.T"
            elif re.match(r"\s*-1\b", text[end:]):
                hint = f"the inverse of a matrix is written inv({name})"
        error = ParseError(message, hint=hint)
    return source.locate(error, start, end)


def _bad_attribute(name: str, before: str) -> MatcalcError:
    if before in _NAMESPACES:
        return UnknownNameError(
            f"'{before}' is not a name of the language: functions stand for themselves",
            hint=f"write {shortened(name)}(…) without '{before}.', or read the text with dialect=\"numpy\"",
        )
    hint = _ATTRIBUTES.get(name)
    if hint is None and find(name) is not None:
        hint = (
            f"functions are written in front: {name}({shortened(before) if before.isidentifier() else 'x'})"
        )
    return ParseError(
        f"'.{shortened(name)}' is not part of the language",
        hint=hint or "the only attribute is .T, the transpose",
    )


def unexpected(source: Source, words: Sequence[Word], index: int) -> MatcalcError:
    """The error for the token at `index`, which does not fit what comes before; past the last one the text ends."""
    if not words:
        return ParseError(
            "the expression is empty", hint="try x.T @ A @ x", span=(0, len(source.given)), text=source.given
        )
    if index >= len(words):
        return _unexpected_end(source, words)
    here = words[index]
    before = words[index - 1] if index else None
    message, hint = _explain(source, words, index, here, before)
    return source.locate(ParseError(message, hint=hint), here.start_pos, here.end_pos)


def _unexpected_end(source: Source, words: Sequence[Word]) -> MatcalcError:
    last = words[-1]
    opened = _open_bracket(words)
    if last.type in _OPERATORS:
        error = ParseError(
            f"something is missing after '{last.value}'", hint="give its right-hand side, or delete it"
        )
        return source.locate(error, last.start_pos, last.end_pos)
    if opened is not None:
        closing = ")" if opened.value == "(" else "]"
        error = ParseError(f"this '{opened.value}' is never closed", hint=f"add a '{closing}'")
        return source.locate(error, opened.start_pos, opened.end_pos)
    if last.type == "WHERE":
        error = ParseError("nothing is defined after 'where'", hint="write … where z = W @ x + b")
    else:
        error = ParseError(
            f"the expression ends too early, after '{shortened(last.value)}'", hint="complete it"
        )
    return source.locate(error, last.start_pos, last.end_pos)


def _open_bracket(words: Sequence[Word]) -> Word | None:
    opened = []
    for word in words:
        if word.type in ("LPAR", "LSQB"):
            opened.append(word)
        elif word.type in ("RPAR", "RSQB") and opened:
            opened.pop()
    return opened[-1] if opened else None


def _explain(
    source: Source, words: Sequence[Word], index: int, here: Word, before: Word | None
) -> tuple[str, str]:
    """Message and hint for the token `here`."""
    kind, value = here.type, shortened(here.value)
    opened = _open_bracket(words[:index])
    after_operand = before is not None and before.type in _ENDS
    if kind == "KEYWORD" or (before is not None and before.type == "KEYWORD"):
        return _explain_keyword(value if kind == "KEYWORD" else shortened(before.value if before else ""))
    if kind in ("RPAR", "RSQB"):
        if opened is None:
            return (
                f"this '{value}' closes nothing",
                f"delete it, or add the missing '{'(' if kind == 'RPAR' else '['}'",
            )
        if (opened.type == "LPAR") != (kind == "RPAR"):
            return (
                f"'{opened.value}' is closed by '{value}'",
                "close brackets in the order in which they were opened",
            )
        if before is opened:
            return "these brackets are empty", "put an expression between them"
        return f"something is missing before '{value}'", "complete the expression inside the brackets"
    if kind == "EQUAL":
        return "'=' does not belong here", "leave out 'y =', or name parts at the end: … where z = W @ x"
    if kind == "WHERE":
        return "'where' comes once, at the very end", "… where z = W @ x + b, h = f(z)"
    if kind == "COMMA":
        if after_operand:
            return (
                "two expressions with a comma between them",
                "give one expression; there are no tuples or lists",
            )
        return "something is missing before ','", "delete the comma, or give the argument"
    if kind == "ARROW":
        return (
            "'->' does not belong here",
            "an index form is A[i,k] * x[k] -> i, in parentheses inside a larger one",
        )
    if kind == "LSQB":
        return (
            "lists are not part of the language",
            "an entry is named by letters in an index form: A[i,k] * x[k] -> i",
        )
    if before is not None and before.type == "LSQB":
        return "an index is a letter, not a number or an expression", "write an index form: x[i] * y[i] ->"
    if after_operand and kind in _STARTS:
        return _explain_juxtaposition(source, words, index)
    if kind in ("TIMES", "POWER"):
        if before is not None and before.type in _OPERATORS:
            return (
                f"'{before.value}' and '{value}' follow each other",
                "delete one of them, or give what is missing between",
            )
        return f"something is missing before '{value}'", "give its left-hand side, or delete it"
    if kind == "PRIMES":
        return "strings are not part of a formula", "a prime follows the name of a function: f'(z)"
    return f"'{value}' does not belong here", "delete it, or complete what comes before"


def _explain_keyword(word: str) -> tuple[str, str]:
    if word in ("True", "False", "None"):
        return f"'{word}' is not a value of the language", "values are numbers, vectors and matrices"
    message = f"'{word}' is a word of Python; this is a formula, not a program"
    if word in ("if", "else", "and", "or", "not", "is", "in"):
        return (
            message,
            f"maximum, minimum, relu and heaviside take the place of conditions; or rename it to {word}_",
        )
    if word in ("for", "while", "yield", "await"):
        return message, f"sums are sum(x), or index forms: A[i,k] * x[k] -> i; or rename it to {word}_"
    return message, f"give the expression alone; as a name, write {word}_"


def _explain_juxtaposition(source: Source, words: Sequence[Word], index: int) -> tuple[str, str]:
    before, here = words[index - 1], words[index]
    left, right = shortened(before.value), shortened(here.value)
    touching = before.end_pos == here.start_pos
    if before.type == "NUMBER" and here.type == "NUMBER":
        return f"'{left}' and '{right}' do not make one number", "write numbers as 1.5 or 2e-3"
    if before.type == "NUMBER":
        if touching and right in ("j", "J"):
            return "complex numbers are not part of the language", f"if j is a variable, write {left}*{right}"
        if touching and re.fullmatch("[_0-9]+", here.value):
            digits = shortened((before.value + here.value).replace("_", ""))
            return "digits are written without anything between them", f"write {digits}"
        if touching and left == "0" and re.fullmatch("[xX][0-9a-fA-F]{1,8}", here.value):
            return "numbers are decimal", f"write {int(here.value[1:], 16)}"
        right = right if here.type == "NAME" else "(…)"
        return f"an operator is missing between '{left}' and '{right}'", f"did you mean {left}*{right}?"
    if before.type == "NAME" and find(before.value) is not None:
        return (
            f"the argument of {left} goes in parentheses",
            f"did you mean {left}({right if here.type != 'LPAR' else '…'})?",
        )
    if (
        before.type == "TRANSPOSE"
        and touching
        and [word.type for word in words[index : index + 2]] == ["LPAR", "RPAR"]
    ):
        return "the transpose takes no argument", "write .T without the parentheses"
    left = left if before.type != "RPAR" else "(…)"
    left = left if before.type != "TRANSPOSE" else "….T"
    right = right if here.type != "LPAR" else "(…)"
    return (
        f"an operator is missing between '{left}' and '{right}'",
        f"did you mean {left} @ {right} (matrix product) or {left} * {right} (elementwise)?",
    )
