"""Tree → one line for a terminal: `(u ⊙ (1 − tanh(W x + b)²)) xᵀ`."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from matcalc.notation.forms import FORMS
from matcalc.notation.mathematical import (
    FACTOR,
    FORMULA,
    INDEXED,
    LETTER,
    NUMBER,
    OPERAND,
    PRODUCT,
    RATIO,
    SCRIPTED,
    SIGNED,
    Notation,
)
from matcalc.notation.render import Items, Rendered
from matcalc.notation.spelling import ACCENTS, GREEK, spell
from matcalc.notation.text import number_text
from matcalc.notation.tree import Literal, Name, Tree

_ABOVE = dict(zip("0123456789+-−=()ni∞", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ", strict=False)) | {"⊤": "ᵀ"}
_BELOW = dict(
    zip("0123456789+-=()aehijklmnoprstuvxβγρϕχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True)
)
_VULGAR = {"1/2": "½", "1/3": "⅓", "2/3": "⅔", "1/4": "¼", "3/4": "¾", "1/6": "⅙", "1/8": "⅛"}


def unicode(tree: Tree) -> str:
    """The formula on one line, with superscripts and subscripts where Unicode has them."""
    return "".join(_UNICODE.pieces(tree))


@lru_cache(maxsize=4096)
def unicode_name(name: str) -> str:
    """A plain name for the terminal: `lambda_` → λ, `yhat` → ŷ, `W1` → W₁."""
    parts = spell(name)
    base = GREEK[parts.base] if parts.greek else parts.base
    if parts.accent:
        base = unicodedata.normalize("NFC", base + ACCENTS[parts.accent])
    if not parts.below:
        return base
    index = spell(parts.below)
    below = GREEK[index.base] if index.greek and not (index.accent or index.below) else parts.below
    return base + (_translated(below, _BELOW) or "_" + below)


def _translated(word: str, table: dict[str, str]) -> str:
    """The word in raised or lowered characters, or nothing when one is missing."""
    return "".join(map(table.__getitem__, word)) if all(letter in table for letter in word) else ""


class Unicode(Notation):
    """The terminal's spelling of mathematical notation."""

    plus, minus, sign = " + ", " − ", "−"
    odot, oslash, otimes, cross = " ⊙ ", " ⊘ ", " ⊗ ", " × "
    gap, thin, dot, comma, equals = " ", " ", " · ", ", ", " = "
    parallel = " ‖ "
    top, inverse, inverse_top = "⊤", "−1", "−⊤"
    ones, zeros, eye = "𝟏", "𝟎", "I"
    where, where_comma = " where ", ", "
    power_on_name = frozenset[str]()

    def spelled(self, name: str) -> Rendered:
        if "*" in name:  # the size of a fused axis
            return PRODUCT, (" ".join(map(unicode_name, name.split("*"))),)
        return (INDEXED if spell(name).below else LETTER), (unicode_name(name),)

    def number(self, value: float | Fraction) -> Rendered:
        shown = number_text(value)
        if shown[0] == "-":
            return SIGNED, ("−" + shown[1:],)
        if shown in _VULGAR:
            return NUMBER, (_VULGAR[shown],)
        return (RATIO if "/" in shown else NUMBER), (shown,)

    def scripted(self, base: Items, below: Items, above: Items) -> Items:
        items = list(base)
        if below:
            items += _moved(below, _BELOW, "_")
        if above:
            items += _moved(above, _ABOVE, "^")
        return items

    def exponent(self, tree: Tree, elementwise: bool, of_matrix: bool) -> Items:
        """X^⊙2 of a matrix, since X² would be X X; of a vector x² says enough."""
        plain = _plain(tree)
        shown = ((tree, FORMULA),) if plain is None else (plain,)
        return ("⊙", *shown) if of_matrix and elementwise else shown

    def fraction(self, numerator: Tree, denominator: Tree) -> Rendered:
        return RATIO, ((numerator, OPERAND), " / ", (denominator, FACTOR))

    def root(self, body: Tree) -> Rendered:
        """√ binds to the next sign only, so all but names and numbers stand in brackets."""
        return SCRIPTED, ("√", (body, LETTER | INDEXED | NUMBER))

    def bars(self, count: int, body: Items) -> Items:
        bar = "|" if count == 1 else "‖"
        return (bar, *body, bar)

    def head(self, function: str, primes: int) -> str:
        shown = "σ" if function == "sigmoid" else function
        if len(shown) == 1 or shown in GREEK:
            shown = unicode_name(shown)
        return shown + ("′" * primes if primes < 4 else _translated(f"({primes})", _ABOVE))

    def upright(self, word: str) -> str:
        return word

    def summation(self, letters: Sequence[str]) -> Items:
        return ("∑", *_moved(self.subscript(letters), _BELOW, "_"), " ")

    def subscript(self, letters: Sequence[str]) -> Items:
        return (("" if all(len(letter) == 1 for letter in letters) else ",").join(letters),)


def _moved(items: Items, table: dict[str, str], mark: str) -> Items:
    """What stands above or below: in raised or lowered characters, else behind a mark, in brackets if need be."""
    flat = [part if isinstance(part, str) else _plain(part[0]) for part in items]
    if None in flat:
        return (mark + "(", *items, ")")
    word = "".join(part for part in flat if part is not None)
    bare = len(word) == 1 or word.lstrip("⊙").isalnum()
    return (_translated(word, table) or (mark + word if bare else f"{mark}({word})"),)


def _plain(tree: Tree) -> str | None:
    """A name or a number as it stands in a script."""
    if type(tree) is Name and "*" not in tree.name:
        return unicode_name(tree.name)
    return number_text(tree.value).replace("-", "−") if type(tree) is Literal else None


_UNICODE = Unicode(FORMS)
