"""Repairs that a program can apply: what a hint says, carried out on the user's text and read again.

Hints are written for people. Where one says what to write instead, the text with that put in is read once more, and
only what can be read is offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from matcalc.errors import MatcalcError, ParseError
from matcalc.expression import parse

# A repair that is longer than this is no longer a slip.
_LONGEST = 4_000
_NOTE = re.compile(r"(.*\S)\s+\(((?:inner|outer|elementwise|matrix product)[^()]*)\)", re.DOTALL)
_DIALECT = re.compile(r'dialect="(\w+)"')
_ONE_WORD = re.compile(r"(?:^|[,;] )write (?:the plain )?(\S+?)(?=[,;]? or |[,;]|$)")
_ABSTRACT = re.compile(r'pass functions=\("(\w+)",\)')
_CALLED = re.compile(r"\b([fgh])'*\(")
_SAID = {
    "the power is written x**2": "**",
    "the transpose has a capital T: .T": ".T",
    "all values are real: the transpose is written .T": ".T",
    "the transpose is written .T": ".T",
    "minus is written -": "-",
    "the quotient is written /": "/",
}
_PRIME = re.compile(r"the transpose is written \w+\.T; ")


def repairs(error: MatcalcError, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What would mend `error`, the likeliest first: `{"label", "changes"}`, new values by name for some of `given`.

    `given` holds the expression and the arguments of `parse` that it came with.
    """
    found: dict[str, dict[str, Any]] = {}
    for label, changes in _changes(error, given):
        if label not in found and _is_better(error, {**given, **changes}):
            found[label] = {"label": label, "changes": changes}
    return list(found.values())


def _changes(error: MatcalcError, given: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Labels and changes that the hint speaks of."""
    text, hint = given["expression"], error.hint or ""
    if error.span is not None and error.text == text and len(text) <= _LONGEST:
        for label, start, end, words in _replacements(error, text, hint):
            yield label, {"expression": text[:start] + words + text[end:]}
    for dialect in _DIALECT.findall(hint):
        yield f"read it as {dialect}", {"dialect": dialect}
    if found := _ABSTRACT.search(hint):
        # Naming one withdraws those that may be called without being named.
        known = given.get("functions") or _CALLED.findall(text)
        yield f"{found[1]} is any function", {"functions": list(dict.fromkeys((*known, found[1])))}


def _replacements(error: MatcalcError, text: str, hint: str) -> Iterator[tuple[str, int, int, str]]:
    """Labels, what to take out, and what to put there."""
    assert error.span is not None
    start, end = error.span
    if hint.startswith("did you mean ") and hint.endswith("?"):
        for words in _alternatives(hint.removeprefix("did you mean ")[:-1]):
            found = _NOTE.fullmatch(words)
            formula = (found[1] if found else words).removeprefix("…")
            yield words, start - _overlap(error, text[:start], formula), end, formula
    elif found := re.fullmatch(r"a scalar is multiplied with \*: (.+)", hint, re.DOTALL):
        yield found[1], start, end, found[1]
    elif found := re.fullmatch(r"add a '(.)'", hint):
        yield f"add {found[1]}", len(text.rstrip()), len(text), found[1]
    elif _PRIME.match(hint):
        yield "transpose: .T", start, end, ".T"
    else:
        for said, words in _SAID.items():
            if hint.startswith(said):
                yield f"write {words}", start, end, words
        if found := _ONE_WORD.search(hint):
            yield f"write {found[1]}", start - _overlap(error, text[:start], found[1]), end, found[1]
    if "delete it" in hint or hint.startswith("delete the"):
        yield "delete it", start, end, ""


def _alternatives(words: str) -> Iterator[str]:
    """The parts of `a, b or c`, commas in brackets left alone."""
    depth, start = 0, 0
    for found in re.finditer(r"[(\[]|[)\]]|, | or ", words):
        sign = found[0]
        depth += (sign in "([") - (sign in ")]")
        if depth == 0 and len(sign) > 1:
            yield words[start : found.start()]
            start = found.end()
    yield words[start:]


def _overlap(error: MatcalcError, before: str, formula: str) -> int:
    """How much in front of the place the formula repeats: of `2x` only the x is marked, and 2*x is meant."""
    if not isinstance(error, ParseError):
        return 0
    bare = before.rstrip()
    lengths = (
        length for length in range(min(len(bare), len(formula)), 0, -1) if bare.endswith(formula[:length])
    )
    length = next(lengths, 0)
    return length + len(before) - len(bare) if length else 0


def _is_better(error: MatcalcError, given: Mapping[str, Any]) -> bool:
    """Whether `given` can be read, or is read at least beyond the place of the mistake."""
    try:
        parse(given["expression"], **{name: value for name, value in given.items() if name != "expression"})
    except MatcalcError as other:
        if not isinstance(error, ParseError) or error.span is None:
            return False
        # A word of Python is no slip if what follows it is Python too.
        if other.span is None or "as a name" in (error.hint or ""):
            return False
        return not isinstance(other, ParseError) or other.span[0] > error.span[1]
    return True
