"""Readers of mathematical notation, as small as they can be: witnesses that a formula says what its tree means."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import ClassVar

from tests.notation.trees import Value, applied, known, matmul, over, plus, power, residue, times, transposed


class Reader:
    """Sums of ⊙ and ⊘ chains of juxtaposed factors with scripts, the same in all notations."""

    chains: ClassVar = {"⊙": times, "⊘": over, "/": over}
    stops = ("", "+", "-", ")", "}", *chains)

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.place = 0

    def next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        token = self.next()
        if token and token in wanted:
            self.place += 1
            return token
        return ""

    def need(self, *wanted: str) -> None:
        for token in wanted:
            assert self.take(token), (token, self.tokens[self.place :])

    def whole(self) -> Value:
        result = self.sum()
        assert not self.next(), self.tokens[self.place :]
        return result

    def sum(self) -> Value:
        result = times(-1, self.chain()) if self.take("-") else self.chain()
        while sign := self.take("+", "-"):
            result = plus(result, times(1 if sign == "+" else -1, self.chain()))
        return result

    def chain(self) -> Value:
        result = self.product()
        while sign := self.take(*self.chains):
            result = self.chains[sign](result, self.product())
        return result

    def product(self) -> Value:
        result = self.factor()
        while self.take("·") or self.next() not in self.stops:
            right = self.factor()
            scales = isinstance(result, int) or isinstance(right, int)
            result = (times if scales else matmul)(result, right)
        return result

    def factor(self) -> Value:
        base = self.base()
        if self.take("^"):
            self.need("{")
            if self.take("⊤"):
                base = transposed(base)
            else:
                marked = bool(self.take("⊙"))
                assert marked == isinstance(base, tuple), "elementwise powers of matrices are marked"
                base = power(base, self.sum())
            self.need("}")
            assert self.next() != "^", "double superscript"
        return base

    def base(self) -> Value:
        if self.take("frac"):
            self.need("{")
            above = self.sum()
            self.need("}", "{")
            result = over(above, self.sum())
            self.need("}")
            return result
        if self.take("("):
            result = self.sum()
            self.need(")")
            return result
        token = self.next()
        self.place += 1
        if token[:1].isnumeric():
            return residue(unicodedata.numeric(token) if len(token) == 1 else Fraction(token))
        assert token.isalpha(), token
        if token == "f":
            primes = "'" if self.take("'") else ""
            self.need("(")
            argument = self.sum()
            self.need(")")
            return applied(token + primes, argument)
        return known(token)


SIGNS = {r"\odot": "⊙", r"\oslash": "⊘", r"\cdot": "·", r"\top": "⊤", r"\frac": "frac"}
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))


def latex_reader(shown: str) -> Reader:
    words = re.findall(r"\\[a-z]+|\d+(?:\.\d+)?|\S", re.sub(r"\\left|\\right|\\,", "", shown))
    return Reader([SIGNS.get(word, word) for word in words])


def unicode_reader(shown: str) -> Reader:
    """Raised characters are put in braces, `^(…)` too."""
    shown = shown.translate({ord("−"): "-", ord("′"): "'", ord("ᵀ"): "^{⊤}", ord("ⁿ"): "^{n}"})
    shown = re.sub("[⁰¹²³⁴-⁹⁻]+", lambda m: "^{" + "".join(RAISED[c] for c in m[0]) + "}", shown)
    shown = re.sub(r"\^(⊙?\w)(?!\w)", r"^{\1}", shown)
    pieces = re.findall(r"\d+(?:\.\d+)?|\S", shown)
    closers: list[str] = []
    for place, piece in enumerate(pieces):
        if piece == "(":
            raised = place > 0 and pieces[place - 1] == "^"
            closers.append("}" if raised else ")")
            pieces[place] = "{" if raised else "("
        elif piece == ")":
            pieces[place] = closers.pop()
    return Reader(pieces)
