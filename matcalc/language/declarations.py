"""Declared shapes: `"W: m n, S: n n spd, c: ()"`, a dict of the same, or pairs; `...` at the end leaves others open."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from operator import index
from typing import Any

from matcalc.errors import DomainError, LimitError, MatcalcError, UnknownNameError
from matcalc.language.complaints import shortened
from matcalc.language.limits import LIMITS, Limits
from matcalc.language.names import check_variable, is_name
from matcalc.language.text import read_text
from matcalc.shapes.dims import Dim, dim_parts, dim_product, dim_text, dim_value

PROPERTIES = frozenset(
    {"symmetric", "spd", "diagonal", "orthogonal", "invertible", "positive", "simplex", "onehot"}
)
_OF_SQUARE_MATRICES = frozenset({"symmetric", "spd", "diagonal", "orthogonal", "invertible"})
_ENTRY = re.compile(r"([^\s,;:]+)\s*:")
_OPEN = ("...", Ellipsis)
_HINT = 'write dimensions as names or positive whole numbers: "W: m n, x: n, c: ()"'


@dataclass(frozen=True, slots=True)
class Declaration:
    """A variable's shape as declared, () scalar, (n,) column, (1, n) row, (m, n) matrix, and its properties."""

    shape: tuple[Dim, ...] = ()
    properties: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """As a user writes it: `n n spd`, `()` for a scalar."""
        return " ".join((*(map(dim_text, self.shape) if self.shape else ("()",)), *sorted(self.properties)))

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Declarations:
    """All declared variables in order; `open` says that others may occur, `dims` are the dimensions' names."""

    entries: Mapping[str, Declaration] = field(default_factory=dict)
    open: bool = False

    @property
    def dims(self) -> frozenset[str]:
        """The names of dimensions that occur."""
        found = {part for entry in self.entries.values() for dim in entry.shape for part in dim_parts(dim)}
        return frozenset(part for part in found if isinstance(part, str))


NOTHING_DECLARED = Declarations(open=True)


def read_shapes(shapes: Any, limits: Limits = LIMITS) -> Declarations:
    """Declarations as users give them: a text, a mapping, pairs, or None for nothing declared.

    Raises UnknownNameError for a name that can't be declared or is declared twice, DomainError for what is no
    dimension, LimitError for one that is too large.
    """
    if shapes is None:
        return NOTHING_DECLARED
    if isinstance(shapes, Declarations):
        return shapes
    if isinstance(shapes, str):
        return _read_text(shapes, limits)
    pairs = shapes.items() if isinstance(shapes, Mapping) else shapes
    return _read_pairs(pairs, limits)


def _read_pairs(pairs: Any, limits: Limits) -> Declarations:
    entries: dict[str, Declaration] = {}
    is_open = False
    try:
        items = [pair if pair in _OPEN else tuple(pair) for pair in pairs]
    except TypeError:
        raise DomainError(f"shapes can't be read from a {type(pairs).__name__}", hint=_HINT) from None
    for item in items:
        if item in _OPEN or (item and item[0] in _OPEN):
            is_open = True
            continue
        if len(item) != 2:
            raise DomainError("a declaration is a name and its dimensions", hint='write ("W", "m n")')
        _add(entries, item[0], item[1], limits)
    return Declarations(entries, is_open) if entries or is_open else NOTHING_DECLARED


def _read_text(text: str, limits: Limits) -> Declarations:
    source = read_text(text, limits)
    plain = source.text.rstrip().rstrip(",;").rstrip()
    is_open = plain.endswith("...")
    if is_open:
        plain = plain[:-3].rstrip().rstrip(",;")
    entries: dict[str, Declaration] = {}
    found = list(_ENTRY.finditer(plain))
    before = plain[: found[0].start() if found else len(plain)]
    if before.strip():
        start = len(before) - len(before.lstrip())
        error = DomainError(f"'{shortened(before.strip())}' declares nothing", hint=_HINT)
        raise source.locate(error, start, len(before.rstrip()))
    for number, match in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(plain)
        try:
            _add(entries, match[1], plain[match.end() : end].strip().rstrip(",;"), limits)
        except MatcalcError as error:
            raise source.locate(error, match.start(), len(plain[:end].rstrip().rstrip(",;"))) from None
    return Declarations(entries, is_open) if entries or is_open else NOTHING_DECLARED


def _add(entries: dict[str, Declaration], name: Any, value: Any, limits: Limits) -> None:
    if not isinstance(name, str):
        raise UnknownNameError(f"a name is a text, not a {type(name).__name__}", hint='write {"W": "m n"}')
    name = _plain(name.strip(), limits)
    check_variable(name)
    if name in entries:
        raise UnknownNameError(f"'{name}' is declared twice", hint="keep one of the declarations")
    try:
        entries[name] = read_declaration(value, limits)
    except MatcalcError as error:
        error.message = f"shape of '{shortened(name)}': {error.message}"
        error.args = (error.message,)
        raise


def read_declaration(value: Any, limits: Limits = LIMITS) -> Declaration:
    """One variable's dimensions and properties, from a text, a whole number, or a sequence of dimensions."""
    if isinstance(value, Declaration):
        return value
    if isinstance(value, str):
        return _read_words(value, limits)
    return _declared(value if isinstance(value, (tuple, list)) else (value,), limits)


def declared(dims: Iterable[Any], properties: Iterable[str], limits: Limits = LIMITS) -> Declaration:
    """A variable of which each dimension is given by itself: a name, a product of names, or a whole number."""
    shape = [_dimension(dim.strip() if isinstance(dim, str) else dim, limits) for dim in dims]
    held = set(properties)
    _check_rank(shape, held)
    return Declaration(tuple(shape), frozenset(held))


@lru_cache(maxsize=1024)
def _read_words(text: str, limits: Limits) -> Declaration:
    return _declared(_words(text, limits), limits)


def _declared(words: Iterable[Any], limits: Limits) -> Declaration:
    shape: list[Dim] = []
    properties: set[str] = set()
    for word in words:
        if isinstance(word, str) and word in PROPERTIES:
            properties.add(word)
        elif properties:
            raise DomainError(
                f"'{shortened(str(word))}' comes after a property", hint=_property_hint(str(word))
            )
        else:
            shape.append(_dimension(word, limits))
    _check_rank(shape, properties)
    return Declaration(tuple(shape), frozenset(properties))


def _plain(text: str, limits: Limits) -> str:
    if text.isascii() and text.isprintable() and len(text) <= limits.characters:
        return text
    return read_text(text, limits).text


def _words(text: str, limits: Limits) -> list[str]:
    plain = _plain(text, limits).strip()
    if plain[:1] == "(" and ")" in plain:
        inner, _, rest = plain[1:].partition(")")
        plain = f"{inner} {rest}"
    return plain.replace(",", " ").split()


def _dimension(word: Any, limits: Limits) -> Dim:
    if isinstance(word, str):
        parts = [_dimension_part(part.strip()) for part in word.split("*")]
        dim = dim_product(parts) if len(parts) > 1 else parts[0]
    elif isinstance(word, tuple) and len(word) > 1:
        dim = dim_product(_dimension_part(str(part)) for part in word)
    else:
        dim = _whole(word)
    if dim == 0 or (isinstance(dim, int) and dim < 0):
        raise DomainError(
            f"a dimension is at least 1, not {dim}", hint="leave the variable out if it is empty"
        )
    check_dimension_limit(dim, limits)
    return dim


def check_dimension_limit(dim: Dim, limits: Limits) -> None:
    """Raises LimitError for a whole-number dimension past the limit."""
    size = dim_value(tuple(part for part in dim_parts(dim) if isinstance(part, int)), {})
    if size > limits.dimension:
        raise LimitError(
            f"a dimension of {shortened(str(size))} is past the limit of {limits.dimension:,}",
            hint="give it a name: a derivative holds for every size",
        )


def _whole(word: Any) -> int:
    try:
        if isinstance(word, bool):
            raise TypeError
        return index(word)
    except TypeError:
        shown = shortened(repr(word))
        raise DomainError(f"{shown} is not a dimension", hint=_HINT) from None


def _dimension_part(word: str) -> int | str:
    if word.isascii() and word.isdigit():
        if len(word) > 30:
            raise LimitError(f"a dimension of {len(word)} digits is past every limit", hint="give it a name")
        return int(word)
    if not is_name(word) or word in PROPERTIES:
        hint = (
            f"{word} is a word of Python; write {word}_" if keyword.iskeyword(word) else _property_hint(word)
        )
        raise DomainError(f"'{shortened(word)}' is not a dimension", hint=hint)
    return word


def _property_hint(word: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, PROPERTIES, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return _HINT if not is_name(word) else f"properties come last: {', '.join(sorted(PROPERTIES))}"


def _check_rank(shape: list[Dim], properties: set[str]) -> None:
    if len(shape) > 2:
        hints = [_property_hint(dim) for dim in shape if isinstance(dim, str)]
        raise DomainError(
            f"{len(shape)} dimensions are too many: a variable is a scalar, a vector or a matrix",
            hint=next(
                (hint for hint in hints if hint.startswith("did")),
                "tensors come out of index forms such as A[i,j] * x[k] -> ijk",
            ),
        )
    square = len(shape) == 2 and shape[0] == shape[1]
    wrong = sorted(properties & _OF_SQUARE_MATRICES)
    if wrong and not square:
        raise DomainError(
            f"'{wrong[0]}' is said of square matrices only", hint="declare it with one dimension twice: n n"
        )
    if not shape and properties - {"positive"}:
        raise DomainError(
            f"a scalar can't be '{min(properties - {'positive'})}'", hint="a scalar may be positive"
        )
