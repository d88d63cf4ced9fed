"""Tree → LaTeX, as a mathematician writes it: `2 X^{\\top} (X w - y)`. Needs amsmath, or KaTeX or MathJax."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from matcalc.notation.forms import FORMS
from matcalc.notation.mathematical import (
    FACTOR,
    FORMULA,
    FRACTION,
    INDEXED,
    LETTER,
    NUMBER,
    PRODUCT,
    SCRIPTED,
    SIGNED,
    Notation,
)
from matcalc.notation.render import Items, Rendered, names_in
from matcalc.notation.spelling import spell
from matcalc.notation.text import number_text
from matcalc.notation.tree import Call, Indexed, Literal, Tree, together
from matcalc.rules import find

_ESCAPED = str.maketrans(
    {c: "\\" + c for c in "{}$&#%_"} | {"\\": r"\backslash ", "^": r"\hat{}", "~": r"\sim "}
)

# Signs that a variable may bear as well; where one does, the function is written by name.
_CLASHES = {
    "sigma": (r"\sigma(", r"\sigma\left("),
    "e": ("e^{",),
    "delta": (r"\delta_{",),
    "H": ("H(", r"H\left("),
}
_CLASHING = re.compile("|".join(re.escape(look) for looks in _CLASHES.values() for look in looks))


def latex(tree: Tree) -> str:
    """The formula in LaTeX, for math mode, with `\\left` and `\\right` around what is taller than a line."""
    shown = _shown(tree, _LATEX)
    clashing = {*_CLASHING.findall(shown)}
    if clashing:
        signs = {sign for sign, looks in _CLASHES.items() if not clashing.isdisjoint(looks)}
        avoid = frozenset(signs) & {spell(name).base for name in names_in(tree)}
        if avoid:
            return _shown(tree, Latex(FORMS, avoid))
    return shown


def _shown(tree: Tree, notation: Latex) -> str:
    pieces = notation.pieces(tree)
    shown = "".join(pieces)
    return "".join(_stretched(pieces)) if r"\frac" in shown or r"\sum" in shown else shown


_OPENING = {"(": r"\left(", "[": r"\left[", r"\lVert ": r"\left\lVert ", r"\lvert ": r"\left\lvert "}
_CLOSING = {")": r"\right)", "]": r"\right]", r" \rVert": r" \right\rVert", r" \rvert": r" \right\rvert"}


def _stretched(pieces: list[str]) -> list[str]:
    """The pieces with those brackets grown that enclose a fraction or a big sum."""
    opened: list[tuple[int, int]] = []
    tall = 0
    for place, piece in enumerate(pieces):
        if piece in _OPENING:
            opened.append((place, tall))
        elif piece in _CLOSING:
            start, before = opened.pop()
            if tall > before:
                pieces[start] = _OPENING[pieces[start]]
                pieces[place] = _CLOSING[piece]
        elif piece.startswith((r"\frac", r"\sum")):
            tall += 1
    return pieces


@lru_cache(maxsize=4096)
def latex_name(name: str) -> str:
    """A plain name in LaTeX: `lambda_` → `\\lambda`, `yhat` → `\\hat{y}`, `W1` → `W_{1}`, `rate` → `\\mathrm{rate}`."""
    parts = spell(name)
    base = _letter_or_word(parts.base, parts.greek)
    if parts.accent:
        base = rf"\{parts.accent}{{{base}}}"
    if not parts.below:
        return base
    index = spell(parts.below) if not parts.below.isdigit() else None
    below = parts.below if index is None else _letter_or_word(index.base, index.greek)
    if index is not None and (index.accent or index.below):
        below = _letter_or_word(parts.below, False)
    return f"{base}_{{{below}}}"


def _letter_or_word(base: str, greek: bool) -> str:
    if greek:
        return "\\" + base
    return base if len(base) == 1 and base != "_" else rf"\mathrm{{{base.translate(_ESCAPED)}}}"


class Latex(Notation):
    """LaTeX's spelling of mathematical notation."""

    plus, minus, sign = " + ", " - ", "-"
    odot, oslash, otimes, cross = r" \odot ", r" \oslash ", r" \otimes ", r" \times "
    gap, thin, dot, comma, equals = " ", r" \, ", r" \cdot ", ", ", " = "
    parallel = r" \,\|\, "
    top, inverse, inverse_top = r"\top", "-1", r"-\top"
    ones, zeros, eye, infinity = r"\mathbf{1}", r"\mathbf{0}", "I", r"\infty"
    where, where_comma = r", \quad \text{where } ", r", \; "

    def spelled(self, name: str) -> Rendered:
        return _spelled(name)

    def number(self, value: float | Fraction) -> Rendered:
        shown = number_text(value)
        sign = ""
        binding = NUMBER
        if shown[0] == "-":
            sign, shown = "-", shown[1:]
        if "/" in shown:
            above, below = shown.split("/")
            binding, shown = FRACTION, rf"\frac{{{above}}}{{{below}}}"
        elif "e" in shown:
            mantissa, exponent = shown.split("e")
            power = f"10^{{{int(exponent)}}}"
            binding, shown = (
                (SCRIPTED, power) if mantissa == "1" else (FRACTION, rf"{mantissa} \cdot {power}")
            )
        return (SIGNED if sign else binding), (sign + shown,)

    def scripted(self, base: Items, below: Items, above: Items) -> Items:
        items = list(base)
        if below:
            items += ("_{", *below, "}")
        if above:
            items += ("^{", *above, "}")
        return items

    def exponent(self, tree: Tree, elementwise: bool, of_matrix: bool) -> Items:
        if type(tree) is not Literal:
            return (r"\odot ", (tree, FACTOR)) if elementwise else ((tree, FORMULA),)
        shown = number_text(tree.value)
        if not elementwise:
            return (shown,)
        return (rf"\odot ({shown})" if shown[0] == "-" else rf"\odot {shown}",)

    def fraction(self, numerator: Tree, denominator: Tree) -> Rendered:
        return FRACTION, (r"\frac{", (numerator, FORMULA), "}{", (denominator, FORMULA), "}")

    def root(self, body: Tree) -> Rendered:
        return FRACTION, (r"\sqrt{", (body, FORMULA), "}")

    def bars(self, count: int, body: Items) -> Items:
        opening, closing = (r"\lvert ", r" \rvert") if count == 1 else (r"\lVert ", r" \rVert")
        return (opening, *body, closing)

    def head(self, function: str, primes: int) -> str:
        entry = find(function)
        if entry is None:
            parts = spell(function)
            shown = (
                rf"\operatorname{{{function.translate(_ESCAPED)}}}" if parts.word else latex_name(function)
            )
        elif (
            entry.latex
            and "{0}" not in entry.latex
            and not (entry.latex == r"\sigma" and "sigma" in self.avoid)
        ):
            shown = entry.latex
        else:
            shown = rf"\operatorname{{{entry.name.translate(_ESCAPED)}}}"
        return shown + ("'" * primes if primes < 4 else f"^{{({primes})}}")

    def upright(self, word: str) -> str:
        return rf"\mathrm{{{word}}}"

    def summation(self, letters: Sequence[str]) -> Items:
        return (r"\sum_{" + ", ".join(map(latex_name, letters)) + "} ",)

    def subscript(self, letters: Sequence[str]) -> Items:
        places = [together(place) for place in letters]
        single = all(len(letter) == 1 for place in places for letter in place)
        shown = [("" if single else ", ").join(map(latex_name, place)) for place in places]
        fenced = [f"({text})" if len(place) > 1 else text for text, place in zip(shown, places, strict=True)]
        return (("" if single else ", ").join(fenced),)

    def indexed(self, tree: Indexed) -> Rendered:
        body = tree.body
        if type(body) is Call and body.function == "eye" and "delta" not in self.avoid:
            return INDEXED, (r"\delta_{", *self.subscript(tree.letters), "}")
        return super().indexed(tree)


@lru_cache(maxsize=4096)
def _spelled(name: str) -> Rendered:
    if "*" in name or name.isdigit():  # a size: m*n, 12
        factors = [factor if factor.isdigit() else latex_name(factor) for factor in name.split("*")]
        return (PRODUCT if len(factors) > 1 else NUMBER), (" ".join(factors),)
    return (INDEXED if spell(name).below else LETTER), (latex_name(name),)


_LATEX = Latex(FORMS)
