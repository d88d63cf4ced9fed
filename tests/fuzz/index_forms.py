"""Index forms of the fuzzer: `A[i,k] * exp(x[k]) -> i`, as trees of tuples; their text, and their value by einsum.

A body is a list of (sign, product); a product a list of (factor, divides). A factor is one of
("entry", place, letters), ("scalar", place), ("call", name, factors' sum), ("power", exponent, sum), ("sum", body),
where `place` counts the term's arguments. The value multiplies everything out first, as the contract says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from tests.fuzz.terms import ATOM, PRODUCT, SUM, Term, write

Factor = tuple[Any, ...]
Product = tuple[tuple[Factor, bool], ...]
Body = tuple[tuple[int, Product], ...]


def written(term: Term, style: Random | None) -> str:
    """The text of an index form, without the parentheses around it."""
    body, letters, _ = term.given
    joined = letters if style is None or style.random() < 0.5 else ", ".join(letters)
    arrow = "->" if style is None else style.choice(("->", "->", "→"))
    return f"{_sum(term, body, style)} {arrow} {joined}".rstrip()


def _sum(term: Term, body: Body, style: Random | None) -> str:
    text = ""
    for place, (sign, product) in enumerate(body):
        factors = _product(term, product, style)
        text += (
            factors
            if not place and sign > 0
            else f"-{factors}"
            if not place
            else f" {'+' if sign > 0 else '-'} {factors}"
        )
    return text


def _product(term: Term, product: Product, style: Random | None) -> str:
    text = "1" if product[0][1] else ""
    for factor, divides in product:
        sign = " / " if divides else " * "
        text += (sign if text else "") + _factor(term, factor, style)
    return text


def _factor(term: Term, factor: Factor, style: Random | None) -> str:
    kind = factor[0]
    if kind == "entry":
        _, place, letters = factor
        joined = "".join(letters) if style is not None and style.random() < 0.2 else ",".join(letters)
        return f"{write(term.args[place], style, ATOM)}[{joined}]"
    if kind == "scalar":
        return write(term.args[factor[1]], style, PRODUCT + 1)
    inner = _sum(term, factor[-1], style)
    if kind == "call":
        return f"{factor[1]}({inner})"
    if kind == "power":
        return f"({inner})**{factor[1]}"
    return f"({inner})"


def value(twin: Any, operands: Sequence[Any], body: Body, letters: str, sizes: Mapping[str, int]) -> Any:
    """The array of an index form: two-dimensional up to rank 2."""
    result = _collected(twin, _expanded(twin, operands, body, sizes), letters, sizes)
    if len(letters) > 2:
        return result
    return result.reshape((*result.shape, 1, 1)[:2])


def _collected(
    twin: Any, terms: list[tuple[float, list[tuple[Any, str]]]], letters: str, sizes: Mapping[str, int]
) -> Any:
    total: Any = twin.xp.zeros(tuple(sizes[letter] for letter in letters))
    for sign, factors in terms:
        held = {letter for _, own in factors for letter in own}
        spread = [(twin.xp.ones(sizes[letter]), letter) for letter in letters if letter not in held]
        everything = [*factors, *spread, (twin.xp.ones(()), "")]
        formula = ",".join(own for _, own in everything) + "->" + letters
        total = total + sign * twin.xp.einsum(formula, *(array for array, _ in everything))
    return total


def _expanded(
    twin: Any, operands: Sequence[Any], body: Body, sizes: Mapping[str, int]
) -> list[tuple[float, list[tuple[Any, str]]]]:
    """All products of entries, multiplied out, each with its sign."""
    found: list[tuple[float, list[tuple[Any, str]]]] = []
    for sign, product in body:
        terms: list[tuple[float, list[tuple[Any, str]]]] = [(float(sign), [])]
        for factor, divides in product:
            choices = _terms_of(twin, operands, factor, divides, sizes)
            terms = [(a * b, [*left, *right]) for a, left in terms for b, right in choices]
        found += terms
    return found


def _terms_of(
    twin: Any, operands: Sequence[Any], factor: Factor, divides: bool, sizes: Mapping[str, int]
) -> list[tuple[float, list[tuple[Any, str]]]]:
    kind = factor[0]
    if kind == "sum" and not divides:
        return _expanded(twin, operands, factor[1], sizes)
    if kind == "entry":
        array, letters = operands[factor[1]], factor[2]
        array = array.reshape(tuple(sizes[letter] for letter in letters))
    elif kind == "scalar":
        array, letters = operands[factor[1]].reshape(()), ""
    else:
        letters = letters_of(factor)
        array = _collected(twin, _expanded(twin, operands, factor[-1], sizes), letters, sizes)
        if kind == "call":
            array = getattr(twin, f"{factor[1]}_")(array)
        elif kind == "power":
            array = twin.constant_power_(array, factor[1])
    if divides:
        array = twin.div_(twin.xp.ones_like(array), array)
    return [(1.0, [(array, letters)])]


def letters_of(factor: Factor) -> str:
    """The letters that a factor holds, each once, by first appearance."""
    if factor[0] == "entry":
        return "".join(dict.fromkeys(factor[2]))
    if factor[0] == "scalar":
        return ""
    inner = (letters_of(part) for _, product in factor[-1] for part, _ in product)
    return "".join(dict.fromkeys("".join(inner)))


def generate(grammar: Any, shape: tuple[Any, ...], budget: int) -> Term:
    """A random index form of this shape; `grammar` gives random values for its entries."""
    return _Maker(grammar, budget).form(shape)


class _Maker:
    def __init__(self, grammar: Any, budget: int) -> None:
        self.grammar = grammar
        self.random: Random = grammar.random
        self.budget = budget
        self.args: list[Term] = []
        self.sizes: dict[str, Any] = {}

    def form(self, shape: tuple[Any, ...]) -> Term:
        dims = [dim for dim in shape if dim != 1]
        names = self.random.sample("ijklrst", len(dims) + 3)
        out = "".join(names[: len(dims)])
        inner = names[len(dims) : len(dims) + self.random.choice((0, 1, 1, 2))]
        self.sizes = dict(zip(out, dims, strict=True))
        self.sizes.update((letter, self.grammar.any_dim()) for letter in inner)
        first = self.product(out, inner)
        body: list[tuple[int, Product]] = [(self.random.choice((1, 1, 1, -1)), first)]
        while self.random.random() < 0.25 and len(body) < 3:
            # A letter may be missing from a later term, which spreads it.
            kept = "".join(letter for letter in out if self.random.random() < 0.8)
            body.append(
                (
                    self.random.choice((1, -1)),
                    self.product(kept, self.random.sample(inner, min(1, len(inner)))),
                )
            )
        grid = shape if len(dims) > 2 else (*dims, 1, 1)[:2]
        used = {letter for _, product in body for factor, _ in product for letter in letters_of(factor)}
        sizes = tuple((letter, dim) for letter, dim in self.sizes.items() if letter in used or letter in out)
        return Term("index", grid, tuple(self.args), (tuple(body), out, sizes))

    def product(self, out: str, inner: Sequence[str]) -> Product:
        """Entries until every letter is held, and a few more."""
        factors: list[tuple[Factor, bool]] = []
        open_letters = [*out, *inner]
        self.random.shuffle(open_letters)
        while open_letters:
            letters = [open_letters.pop()]
            if self.random.random() < 0.6:
                letters.append(self.random.choice([*open_letters, *out, *inner]))
                self.random.shuffle(letters)
            open_letters = [letter for letter in open_letters if letter not in letters]
            factors.append(self.wrapped("".join(letters), out))
        if not factors or self.random.random() < 0.2:
            self.args.append(self.grammar.term((1, 1), min(self.budget, 1)))
            factors.append((("scalar", len(self.args) - 1), self.random.random() < 0.2))
        self.random.shuffle(factors)
        return tuple(factors)

    def wrapped(self, letters: str, out: str) -> tuple[Factor, bool]:
        entry = self.entry(letters)
        once = len(set(letters)) == len(letters)
        kind = self.random.choice(("entry", "entry", "entry", "call", "power", "sum", "divides"))
        if not once or kind == "entry":
            return entry, False
        if kind == "divides":
            return entry, True
        body: Body = ((1, ((entry, False),)),)
        if self.random.random() < 0.4:
            letters = "".join(self.random.sample(letters, self.random.randint(1, len(letters))))
            body = (*body, (self.random.choice((1, -1)), ((self.entry(letters), False),)))
        if kind == "call":
            name = self.random.choice(("exp", "tanh", "sin", "sigmoid", "relu", "log", "sqrt", "abs"))
            return ("call", name, body), self.random.random() < 0.1
        if kind == "power":
            return ("power", self.random.choice((2, 3)), body), False
        return ("sum", body), False

    def entry(self, letters: str) -> Factor:
        dims = tuple(self.sizes[letter] for letter in letters)
        shape = (*dims, 1) if len(dims) == 1 else dims
        if len(dims) == 1 and self.random.random() < 0.15:
            shape = (1, *dims)
        budget = self.random.choice((0, 0, 0, 1, 2))
        self.args.append(self.grammar.term(shape, min(budget, self.budget)))
        return ("entry", len(self.args) - 1, letters)


__all__ = ["SUM", "generate", "letters_of", "value", "written"]
