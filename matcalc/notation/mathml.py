"""Tree → MathML Core, which browsers draw without a script: `<math display="block">…</math>`.

It says what LaTeX says, sign by sign. What belongs together is one element: scripts go on the whole of their base and
brackets grow with what they enclose. Letters of other alphabets are their Unicode characters; names are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from html import escape

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
    WHERE,
    Notation,
)
from matcalc.notation.render import Item, Items, Rendered, names_in, walk
from matcalc.notation.spelling import GREEK, Spelling, spell
from matcalc.notation.text import number_text
from matcalc.notation.tree import Call, Indexed, Literal, Tree, Where, together
from matcalc.rules import find

NAMESPACE = "http://www.w3.org/1998/Math/MathML"

_OPEN = f'<math xmlns="{NAMESPACE}" display="block">'
_TOKEN = re.compile(r"<[^>]*>|[^<]+")
_HEAD = re.compile(r"\\operatorname\{(?P<word>(?:\w|\\_)+?)(?:_\{(?P<below>\w+)\})?\}|\\(?P<sign>[A-Za-z]+)")

_TIMES, _COMMA, _APPLY = "<mo>\u2062</mo>", "<mo>\u2063</mo>", "<mo>\u2061</mo>"  # said aloud, not drawn
_THIN = f'{_TIMES}<mspace width="0.1667em"></mspace>'
_BEFORE_WORD = re.compile(rf"{_TIMES}(?=(?:<m(?:row|sub|sup|subsup)[^>]*>)*<mi[^>]*>\w\w)")
_FENCES = frozenset("([|‖")
_TALL = frozenset({"mfrac", "munder", "mtable"})
_ACCENTS = {"hat": "ˆ", "tilde": "˜", "bar": "¯", "dot": "˙"}
_PRIMES = {1: "′", 2: "″", 3: "‴"}
_RIGHT = 'style="text-align:right;text-align:-webkit-right;padding-right:0"'
_LEFT = 'style="text-align:left;text-align:-webkit-left;padding-left:0"'
_FLUSH = 'lspace="0" rspace="0"'

# Letters that a function is written with and that a variable may bear as well.
_SIGNS = {"sigmoid": "sigma", "exp": "e", "eye": "delta", "entropy": "H", "cross_entropy": "H"}


def mathml(tree: Tree) -> str:
    """The formula as a `math` element of its own, displayed."""
    return formula_element(tree, MathML)


def formula_element(tree: Tree, notation: type[MathML]) -> str:
    """The formula in a notation of this family, as a `math` element of its own, displayed."""
    signs = {_SIGNS[part.function] for part in walk(tree) if type(part) is Call and part.function in _SIGNS}
    avoid = signs & {spell(name).base for name in names_in(tree)} if signs else frozenset()
    pieces = _notation(notation, frozenset(avoid)).pieces(tree)
    return f"{_OPEN}{_tidied(''.join(pieces))}</math>"


@lru_cache(maxsize=64)
def _notation(kind: type[MathML], avoid: frozenset[str]) -> MathML:
    return kind(FORMS, avoid)


def mathml_name(name: str) -> str:
    """A plain name: `lambda_` → λ, `yhat` → y with a hat over it, `W1` → W with index 1."""
    return "".join(_name(name))


class _Element:
    """An element of the page: its first and last token, how many children it has, and the first of them."""

    __slots__ = ("children", "close", "first", "open", "tag", "tall")

    def __init__(self, tag: str, start: int) -> None:
        self.tag, self.open, self.close = tag, start, start
        self.children = 0
        self.first: _Element | None = None
        self.tall = tag in _TALL


def _tidied(shown: str) -> str:
    """Without rows of a single element, the two scripts of a base on one another, and brackets as tall as need be."""
    tokens: list[str] = _TOKEN.findall(f"<mrow>{shown}</mrow>")
    inside = [_Element("", 0)]
    for place, token in enumerate(tokens):
        if token[0] != "<":
            continue
        if token[1] != "/":
            inside.append(_Element(token[1:-1].partition(" ")[0], place))
            continue
        done = inside.pop()
        done.close = place
        first, outer = done.first, inside[-1]
        outer.tall |= done.tall
        if first is not None and done.tag == "mrow" and done.children == 1:
            tokens[first.open] = _with_attributes_of(tokens[done.open], tokens[first.open])
            tokens[done.open] = tokens[done.close] = ""
            done = first
        elif first is not None and done.tag == "msup" and first.tag == "msub":
            tokens[done.open] = tokens[done.open].replace("msup", "msubsup")
            tokens[done.close] = "</msubsup>"
            tokens[first.open] = tokens[first.close] = ""
        elif first is not None and not done.tall and tokens[first.open + 1] in _FENCES:
            for fence in (first.open, place - 3):
                tokens[fence] = tokens[fence][:-1] + ' stretchy="false">'
        outer.children += 1
        outer.first = outer.first or done
    return _BEFORE_WORD.sub(_THIN, "".join(tokens))


def _with_attributes_of(row: str, tag: str) -> str:
    """The tag of a row's only element, which inherits what was said of the row only."""
    return tag if row == "<mrow>" or "data-" in tag else f"{tag[:-1]}{row[5:]}"


def _row(*items: Item) -> Items:
    return ("<mrow>", *items, "</mrow>")


def _mo(sign: str, attributes: str = "") -> str:
    return f"<mo {attributes}>{sign}</mo>" if attributes else f"<mo>{sign}</mo>"


def _letter_or_word(parts: Spelling) -> str:
    """One letter is set in italics by the browser, capital Greek and words stay upright."""
    if parts.greek and parts.base[0].isupper():
        return f'<mi mathvariant="normal">{GREEK[parts.base]}</mi>'
    return f"<mi>{GREEK[parts.base] if parts.greek else escape(parts.base)}</mi>"


@lru_cache(maxsize=4096)
def _name(name: str) -> tuple[str, ...]:
    parts = spell(name)
    base = _letter_or_word(parts)
    if parts.accent:
        accent = _mo(_ACCENTS[parts.accent], 'stretchy="false"')
        base = f'<mover accent="true">{base}{accent}</mover>'
    if not parts.below:
        return (base,)
    if parts.below.isdigit():
        below = f"<mn>{parts.below}</mn>"
    else:
        index = spell(parts.below)
        plain = not (index.accent or index.below)
        below = _letter_or_word(index if plain else Spelling(parts.below))
    return ("<msub>", base, below, "</msub>")


class MathML(Notation):
    """MathML's spelling of mathematical notation."""

    plus, minus, sign = _mo("+"), _mo("−"), _mo("−", 'form="prefix"')
    odot, oslash, otimes, cross = _mo("⊙"), _mo("⊘"), _mo("⊗"), _mo("×")
    gap, thin, dot = _TIMES, _THIN, _mo("⋅")
    comma, equals, parallel = _mo(","), _mo("="), _mo("∥")
    opening, closing = f"<mrow>{_mo('(')}", f"{_mo(')')}</mrow>"
    fences = (f"<mrow>{_mo('[')}", f"{_mo(']')}</mrow>")
    application = _APPLY
    top, inverse = "<mi>⊤</mi>", f"<mrow>{sign}<mn>1</mn></mrow>"
    inverse_top = f"<mrow>{sign}<mi>⊤</mi></mrow>"
    ones, zeros, eye, infinity = "<mn>𝟏</mn>", "<mn>𝟎</mn>", "<mi>I</mi>", "<mi>∞</mi>"
    where, where_comma = "<mtext>where</mtext>", ""

    def spelled(self, name: str) -> Rendered:
        if "*" in name or name.isdigit():  # a size: m*n, 12
            items: list[str] = []
            for factor in name.split("*"):
                items += (*([_TIMES] if items else []), *self._size(factor))
            return (PRODUCT if "*" in name else NUMBER), items
        return (INDEXED if spell(name).below else LETTER), _name(name)

    def _size(self, factor: str) -> tuple[str, ...]:
        return (f"<mn>{factor}</mn>",) if factor.isdigit() else _name(factor)

    def number(self, value: float | Fraction) -> Rendered:
        shown = number_text(value)
        sign, shown = (self.sign, shown[1:]) if shown[0] == "-" else ("", shown)
        binding, body = NUMBER, f"<mn>{shown}</mn>"
        if "/" in shown:
            above, below = shown.split("/")
            binding, body = FRACTION, f"<mfrac><mn>{above}</mn><mn>{below}</mn></mfrac>"
        elif "e" in shown:
            mantissa, exponent = shown.split("e")
            digits = f"{self.sign if int(exponent) < 0 else ''}<mn>{abs(int(exponent))}</mn>"
            power = f"<msup><mn>10</mn><mrow>{digits}</mrow></msup>"
            one = mantissa == "1"
            binding, body = (
                (SCRIPTED if one else FRACTION),
                power if one else f"<mn>{mantissa}</mn>{self.dot}{power}",
            )
        return (SIGNED, (sign, body)) if sign else (binding, (body,))

    def scripted(self, base: Items, below: Items, above: Items) -> Items:
        if not below and not above:
            return base
        tag = "msubsup" if below and above else "msub" if below else "msup"
        scripts = [item for script in (below, above) if script for item in _row(*script)]
        return (f"<{tag}>", *_row(*base), *scripts, f"</{tag}>")

    def exponent(self, tree: Tree, elementwise: bool, of_matrix: bool) -> Items:
        mark = (_mo("⊙", _FLUSH),) if elementwise else ()
        if type(tree) is not Literal:
            return (*mark, (tree, FACTOR if elementwise else FORMULA))
        shown = number_text(tree.value)
        negative = shown[0] == "-"
        above, slash, below = shown.lstrip("-").partition("/")
        digits = f"<mn>{above}</mn>" + (f"{_mo('/', _FLUSH)}<mn>{below}</mn>" if slash else "")
        items = (self.sign, digits) if negative else (digits,)
        return (*mark, self.opening, *items, self.closing) if negative and elementwise else (*mark, *items)

    def fraction(self, numerator: Tree, denominator: Tree) -> Rendered:
        above, below = _row((numerator, FORMULA)), _row((denominator, FORMULA))
        return FRACTION, ("<mfrac>", *above, *below, "</mfrac>")

    def root(self, body: Tree) -> Rendered:
        return FRACTION, ("<msqrt>", *_row((body, FORMULA)), "</msqrt>")

    def bars(self, count: int, body: Items) -> Items:
        bar = "|" if count == 1 else "‖"
        return _row(_mo(bar, 'form="prefix"'), *body, _mo(bar, 'form="postfix"'))

    def head(self, function: str, primes: int) -> str:
        shown = self._head(function)
        if not primes:
            return shown
        if primes in _PRIMES:  # the sign is a raised one already
            return f"<mrow>{shown}{_mo(_PRIMES[primes])}</mrow>"
        return f"<msup>{shown}<mrow>{_mo('(')}<mn>{primes}</mn>{_mo(')')}</mrow></msup>"

    def _head(self, function: str) -> str:
        entry = find(function)
        if entry is None:
            return mathml_name(function) if not spell(function).word else f"<mi>{escape(function)}</mi>"
        found = _HEAD.fullmatch(entry.latex)
        if found is None or (found["sign"] in GREEK and found["sign"] in self.avoid):
            return f"<mi>{entry.name}</mi>"
        if found["sign"]:
            return f"<mi>{GREEK.get(found['sign'], entry.name)}</mi>"
        word = f"<mi>{found['word'].replace(chr(92), '')}</mi>"
        return f"<msub>{word}<mi>{found['below']}</mi></msub>" if found["below"] else word

    def upright(self, word: str) -> str:
        return f"<mi>{escape(word)}</mi>"

    def mark(self, sign: str) -> str:
        return f"<mi>{sign}</mi>" if sign.isalpha() else f"<mn>{sign}</mn>" if sign.isdigit() else _mo(sign)

    def summation(self, letters: Sequence[str]) -> Items:
        below = self.comma.join(map(mathml_name, letters))
        return ("<munder>", _mo("∑"), "<mrow>", below, "</mrow>", "</munder>")

    def subscript(self, letters: Sequence[str]) -> Items:
        places = [together(place) for place in letters]
        single = all(len(letter) == 1 for place in places for letter in place)
        between = _COMMA if single else self.comma
        shown = [between.join(map(mathml_name, place)) for place in places]
        fenced = [
            f"<mrow>{_mo('(')}{text}{_mo(')')}</mrow>" if len(place) > 1 else text
            for text, place in zip(shown, places, strict=True)
        ]
        return (between.join(fenced),)

    def indexed(self, tree: Indexed) -> Rendered:
        body = tree.body
        if type(body) is Call and body.function == "eye" and "delta" not in self.avoid:
            return INDEXED, self.scripted(("<mi>δ</mi>",), self.subscript(tree.letters), ())
        return super().indexed(tree)

    def where_form(self, tree: Where) -> Rendered:
        """The formula, and below it what its names stand for, aligned at the equals signs."""
        items: list[Item] = ['<mtable displaystyle="true">', f'<mtr><mtd columnspan="2" {_LEFT}>']
        items += (*_row((tree.body, FORMULA | INDEXED), self.comma), "</mtd></mtr>")
        for index, (name, part) in enumerate(tree.definitions):
            items += (f"<mtr><mtd {_RIGHT}>", "<mrow>")
            items += (self.where, '<mspace width="0.5em"></mspace>') if not index else ()
            items += (*self.spelled(name)[1], "</mrow>", f"</mtd><mtd {_LEFT}>")
            items += (*_row(self.equals, (part, FORMULA)), "</mtd></mtr>")
        return WHERE, (*items, "</mtable>")
