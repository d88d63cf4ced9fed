"""A law: a line of a textbook, left = right, and how it rewrites a node of the graph."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from matcalc.calculus.laws.facts import HEADS, head
from matcalc.calculus.laws.instances import filled, instantiated
from matcalc.calculus.laws.matching import WHOLE, factors, is_negative, match, signed_terms, terms
from matcalc.graph import (
    Apply,
    Coefficient,
    Contract,
    Map,
    Node,
    Sum,
    Symbol,
    base_and_exponent,
    contract,
    is_power,
    linear,
    power,
    scale,
    tidy,
    topological,
)
from matcalc.language.lowering import read
from matcalc.rules.entries import ENTRIES, Composite
from matcalc.shapes.dims import Dim

_CALLED = re.compile(r"\b([a-z_]\w*)\(")
_NAME = re.compile(r"\b([a-zA-Z])\b")
# Functions that the graph holds as powers.
_FOLDED = ("sqrt", "square")


@dataclass(frozen=True)
class Law:
    """`text` is the line, `where` declares its variables (scalars by default), `source` says who proves it.

    A law of scalars holds entry by entry. Properties in `where` are the law's condition. The right side equals the
    left wherever that is defined; `extends` says where the right side is defined and the left is not. `unlike` are
    formulas that resemble the left side and must stay.
    """

    text: str
    where: str = ""
    source: str = ""
    extends: str = ""
    unlike: tuple[str, ...] = ()

    @property
    def sides(self) -> tuple[str, str]:
        """The formulas on the left and on the right."""
        left, right = self.text.split(" = ")
        return left, right

    @cached_property
    def shapes(self) -> str:
        """The declarations of all variables of the law."""
        declared = {part.split(":")[0].strip() for part in self.where.split(",")} if self.where else set()
        names = dict.fromkeys(_NAME.findall(_CALLED.sub("(", self.text)))
        options = {"axis"}
        scalars = [] if declared else [f"{name}: ()" for name in names if name not in options]
        return ", ".join([*scalars, *([self.where] if self.where else [])])

    @cached_property
    def needs(self) -> frozenset[str]:
        """The functions that the left side has: without them in a graph the law can't apply."""
        called = _CALLED.findall(self.sides[0])
        return frozenset(
            name for name in called if name not in _FOLDED and not isinstance(ENTRIES.get(name), Composite)
        )

    @cached_property
    def makes(self) -> frozenset[str]:
        """The functions that the right side has."""
        return frozenset(_CALLED.findall(self.sides[1]))

    @cached_property
    def properties(self) -> frozenset[str]:
        """The properties that its variables must have."""
        return frozenset(word for word in re.findall(r"[a-z]+", self.where) if word in HEADS)

    @cached_property
    def rewrite(self) -> Rewrite:
        """The law at work."""
        left, right = tidy(*(read(side, self.shapes).value.node for side in self.sides))
        kind = (
            ProductRewrite
            if isinstance(left, Contract)
            else SumRewrite
            if isinstance(left, Sum)
            else NodeRewrite
        )
        return kind(left, right)


class Rewrite(ABC):
    """A law compiled to a pattern and what takes its place.

    `heads` are the keys by which it is found, `required` those that the parts of a node must have
    besides, and how many parts each.
    """

    def __init__(self, pattern: Node, replacement: Node) -> None:
        self.pattern = pattern
        self.replacement = replacement
        self.scalar = not any(isinstance(part, Symbol) and part.axes for part in topological([pattern]))
        self.heads: tuple[str, ...] = ()
        self.required: Sequence[tuple[str, int]] = ()

    @abstractmethod
    def __call__(self, node: Node) -> Node | None:
        """The node rewritten, or None where the law does not apply."""


class NodeRewrite(Rewrite):
    """A law whose left side is one function of others; of a power, its powers are rewritten too."""

    def __init__(self, pattern: Node, replacement: Node) -> None:
        super().__init__(pattern, replacement)
        self.heads = tuple(node_key(pattern, one) for one in _heads(pattern))
        self._of_negative = len(pattern.children) == 1 and is_negative(pattern.children[0])

    def __call__(self, node: Node) -> Node | None:
        """The node rewritten; 1/(1 + eˣ) = sigmoid(-x) also rewrites the square of the left side."""
        if self._of_negative and not is_negative(node.children[0]):
            return None
        for bound in match(self.pattern, node, {}, self.scalar):
            return filled(instantiated(self.replacement, bound, self.scalar), node.axes)
        if is_power(self.pattern):
            base, exponent = base_and_exponent(self.pattern)
            inside, above = base_and_exponent(node)
            times = _times(exponent, above)
            if times is None:
                return None
            for bound in match(base, inside, {}, self.scalar):
                made = instantiated(self.replacement, bound, self.scalar)
                return power(filled(made, node.axes), times)
        return None


def _times(exponent: Coefficient, above: Coefficient) -> int | None:
    """How often `exponent` goes into another one; what is below the line is not looked for above it."""
    if isinstance(exponent, float) or isinstance(above, float):
        return None
    ratio = Fraction(above) / Fraction(exponent)
    whole = ratio.denominator == 1 and ratio != 1 and (ratio > 0 or not isinstance(exponent, int))
    return ratio.numerator if whole else None


class ProductRewrite(Rewrite):
    """A law whose left side is a product: its factors may stand among others."""

    pattern: Contract

    def __init__(self, pattern: Node, replacement: Node) -> None:
        super().__init__(pattern, replacement)
        assert isinstance(pattern, Contract)
        self.order = sorted(range(len(pattern.factors)), key=lambda k: _obscurity(pattern.factors[k][0]))
        self.heads = _heads(pattern.factors[self.order[0]][0])
        self.required = _required(factor for factor, _ in pattern.factors)
        # The heads of each part; None for a plain variable, which may be anything.
        self._parts = [
            None if isinstance(factor, Symbol) and not factor.properties else frozenset(_heads(factor))
            for factor, _ in pattern.factors
        ]

    def joins(self, outer: Collection[str], inner: Collection[str]) -> bool:
        """Whether some parts may be among factors with the heads `outer` and others among those with `inner`."""
        outside = [part is None or not part.isdisjoint(outer) for part in self._parts]
        inside = [part is None or not part.isdisjoint(inner) for part in self._parts]
        if len(self._parts) == 1:
            return outside[0] and inside[0]
        return all(a or b for a, b in zip(outside, inside, strict=True)) and any(
            a and any(inside[:k] + inside[k + 1 :]) for k, a in enumerate(outside)
        )

    def __call__(self, node: Node) -> Node | None:
        """The contraction with the pattern's factors replaced."""
        assert isinstance(node, Contract)
        if len(node.factors) < len(self.order) and self.scalar:
            return None
        for found in factors(self.pattern, node, {}, self.scalar, {}, self.order):
            made = instantiated(self.replacement, found.bound, self.scalar)
            labels: Sequence[Hashable] = ()
            if not self.scalar:
                labels = [found.labels[label] for label in self.pattern.out]
            elif made.axes:
                labels = found.labels[WHOLE]
            others = [pair for place, pair in enumerate(node.factors) if place not in found.places]
            # What the pattern summed over is not to be summed again.
            inner = () if self.scalar else [v for k, v in found.labels.items() if k not in self.pattern.out]
            sizes: dict[Hashable, Dim] = {k: dim for k, dim in enumerate(node.sizes) if k not in inner}
            return contract([*others, *found.left, (made, labels)], node.out, sizes)
        return None


class SumRewrite(Rewrite):
    """A law whose left side is a sum: its terms may stand among others, times one coefficient."""

    pattern: Sum

    def __init__(self, pattern: Node, replacement: Node) -> None:
        assert isinstance(pattern, Sum)
        sign, found = signed_terms(pattern)
        super().__init__(pattern, scale(sign, replacement))
        self.terms = sorted(found, key=lambda term: _obscurity(term[1]))
        self.heads = _heads(self.terms[0][1])
        self.required = _required(term for _, term in found)

    def __call__(self, node: Node) -> Node | None:
        """The sum with the pattern's terms replaced."""
        assert isinstance(node, Sum)
        for bound, ratio, places in terms(self.terms, node.terms, {}, self.scalar, None):
            axes: tuple[Dim, ...] = node.axes
            made = filled(instantiated(self.replacement, bound, self.scalar), axes)
            others = [pair for place, pair in enumerate(node.terms) if place not in places]
            return linear([*others, (ratio, made)], axes)
        return None


def node_key(node: Node, own: str | None = None) -> str:
    """The key of laws about a node itself: that of its head, marked for a power."""
    own = head(node) if own is None else own
    return "**" + own if is_power(node) else own


def _heads(node: Node) -> tuple[str, ...]:
    """The heads that nodes which match a pattern may have."""
    base, _ = base_and_exponent(node)
    if isinstance(base, Symbol):
        return HEADS[min(base.properties)] if base.properties else ("",)
    return (head(node),)


def _required(parts: Iterable[Node]) -> Sequence[tuple[str, int]]:
    """The heads of the parts of a pattern that are functions, and how many parts have each."""
    functions = [part for part in parts if isinstance(base_and_exponent(part)[0], (Map, Apply))]
    return tuple(Counter(map(head, functions)).items())


def _obscurity(node: Node) -> tuple[bool, bool, int]:
    """How little of a pattern's part tells of itself: look for a function of a plain variable first."""
    base, _ = base_and_exponent(node)
    named = isinstance(base, (Map, Apply))
    plain = named and any(isinstance(child, Symbol) for child in base.children)
    return not named, not plain, base.weight
