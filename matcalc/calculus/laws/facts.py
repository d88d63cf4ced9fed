"""What is known of a value for every input: that it is positive, sums to one, is invertible. Known, or silent.

Three-valued: a property is known to hold, known not to hold, or unknown. It is asked for, never computed ahead: a
graph in which nothing is declared costs nothing. What a function keeps and gives stands with the function; here is how
properties imply each other, and how they pass through sums and contractions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from matcalc.graph import Apply, Constant, Contract, Map, Node, Size, Sum, Symbol, base_and_exponent
from matcalc.rules.entries import ENTRIES, Elementwise, Function

# A property and what follows from it.
IMPLIES = {
    "spd": ("symmetric", "invertible"),
    "orthogonal": ("invertible",),
    "diagonal": ("symmetric",),
    "onehot": ("simplex",),
}
_STRUCTURAL = {
    "positive": ("symbol", "+", "·", "**", "size", "constant"),
    "simplex": ("symbol",),
    "onehot": ("symbol",),
    "orthogonal": ("symbol", "·"),
    "invertible": ("symbol", "+", "·"),
    "spd": ("symbol", "+", "·"),
    "diagonal": ("symbol", "+", "·"),
}
# Parts that are looked at before a question is given up: deep graphs are silent.
_PATIENCE = 100


def _with_property(name: str) -> tuple[str, ...]:
    """The functions whose values may have a property."""
    wanted = {name, *(stronger for stronger, weaker in IMPLIES.items() if name in weaker)}
    found = []
    for entry in ENTRIES.values():
        if isinstance(entry, (Elementwise, Function)):
            said = {*entry.gives, *entry.keeps, *(one for made in entry.makes.values() for one in made)}
            if not wanted.isdisjoint(said):
                found.append(entry.name)
    return tuple(dict.fromkeys(found))


# The heads (see `head`) of nodes that may have a property.
HEADS: dict[str, tuple[str, ...]] = {
    name: (*_with_property(name), *structural) for name, structural in _STRUCTURAL.items()
}


def head(node: Node) -> str:
    """What a node is at first sight, seen through a power: the key by which laws are found."""
    base, _ = base_and_exponent(node)
    if isinstance(base, (Map, Apply)):
        return base.function.name
    if isinstance(base, Symbol):
        return "symbol" if base.properties else ""
    if isinstance(base, Contract):
        return "·"
    if isinstance(base, Sum):
        return "+"
    return "constant" if isinstance(base, Constant) else "size" if isinstance(base, Size) else ""


def holds(node: Node, name: str) -> bool:
    """Whether the node is known to have the property."""
    return known(node, name) is True


def known(node: Node, name: str) -> bool | None:
    """Whether the node has the property for every input; None where that is not known."""
    return _Inquiry().ask(node, name)


class _Inquiry:
    """One question, with the answers to those that it leads to."""

    def __init__(self) -> None:
        self.answers: dict[tuple[Node, str], bool | None] = {}

    def ask(self, node: Node, name: str) -> bool | None:
        key = (node, name)
        if key not in self.answers:
            # While it is being asked, and when patience ends, there is no answer.
            self.answers[key] = None
            if len(self.answers) < _PATIENCE:
                self.answers[key] = self._answer(node, name)
        return self.answers[key]

    def _answer(self, node: Node, name: str) -> bool | None:
        if name == "symmetric" and node.symmetric:
            return True
        stronger = [one for one, weaker in IMPLIES.items() if name in weaker]
        if isinstance(node, Symbol):
            return True if not node.properties.isdisjoint((name, *stronger)) else None
        found = _BY_STRUCTURE[name](self, node) if name in _BY_STRUCTURE else None
        if found is None and isinstance(node, (Map, Apply)):
            found = self._of_function(node, name)
        if found is None and any(self.ask(node, one) for one in stronger):
            return True
        return found

    def every(self, nodes: Iterable[Node], name: str) -> bool | None:
        """True if all have the property, else unknown."""
        return True if all([self.ask(node, name) for node in nodes]) else None

    def _of_function(self, node: Map | Apply, name: str) -> bool | None:
        function = node.function
        if not isinstance(function, (Elementwise, Function)):
            return None
        if name in function.gives:
            return True
        if name in function.keeps and self.every(node.children[:1], name):
            return True
        made = [given for given, results in function.makes.items() if name in results]
        return True if any(self.ask(node.children[0], given) for given in made) else None


# By structure ------------------------------------------------------------------------------------------------------


def _positive(asked: _Inquiry, node: Node) -> bool | None:
    """Sums, products and powers of what is positive."""
    if isinstance(node, (Size, Constant)):
        return True
    base, exponent = base_and_exponent(node)
    if exponent != 1:
        return asked.ask(base, "positive") or None
    if isinstance(node, Contract):
        # A sum of no terms would be zero, but dimensions are at least 1.
        distinct = len(set(node.out)) == len(node.out)
        return asked.every(node.children, "positive") if distinct else None
    if isinstance(node, Sum):
        if not node.terms:
            return False
        if asked.every(node.children, "positive"):
            signs = {c > 0 for c, _ in node.terms}
            return signs.pop() if len(signs) == 1 else None
    return None


def _sides(node: Node) -> tuple[list[Node], list[tuple[Node, tuple[int, ...]]]] | None:
    """The scalars and the other factors of a contraction with two outputs, or None."""
    if not isinstance(node, Contract) or len(node.out) != 2:
        return None
    scalars = [factor for factor, labels in node.factors if not labels]
    return scalars, [(factor, labels) for factor, labels in node.factors if labels]


def _spd(asked: _Inquiry, node: Node) -> bool | None:
    """A positive multiple, a positive diagonal, a sum of what is spd and of Gram matrices."""
    if isinstance(node, Sum):
        if not node.terms:
            return False
        if any(c < 0 for c, _ in node.terms):
            return None
        definite = [asked.ask(term, "spd") for term in node.children]
        rest = [term for term, known_ in zip(node.children, definite, strict=True) if not known_]
        return True if any(definite) and all(_is_gram(asked, term) for term in rest) else None
    parts = _sides(node)
    if parts is None:
        return None
    scalars, others = parts
    assert isinstance(node, Contract)
    if not asked.every(scalars, "positive"):
        return None
    if node.out[0] == node.out[1]:
        return asked.every([factor for factor, _ in others], "positive")
    return asked.ask(others[0][0], "spd") if scalars and len(others) == 1 and _square(others[0]) else None


def _is_gram(asked: _Inquiry, node: Node) -> bool:
    """Whether a node is B Bᵀ, or B A Bᵀ with A spd, times positive scalars: never negative as a form."""
    parts = _sides(node)
    if parts is None or not node.symmetric:
        return False
    scalars, others = parts
    assert isinstance(node, Contract)
    first, second = node.out
    if not asked.every(scalars, "positive") or first == second or not 2 <= len(others) <= 3:
        return False
    ends = [pair for label in (first, second) for pair in others if label in pair[1]]
    middle = [pair for pair in others if first not in pair[1] and second not in pair[1]]
    if len(ends) != 2 or ends[0][0] is not ends[1][0] or ends[0] is ends[1]:
        return False
    return all(asked.ask(factor, "spd") for factor, labels in middle if _square((factor, labels)))


def _square(pair: tuple[Node, tuple[int, ...]]) -> bool:
    return len(pair[1]) == 2 and pair[1][0] != pair[1][1]


def _is_chain(node: Contract) -> bool:
    """Whether a contraction is a product of matrices, one after the other, and of nothing else."""
    if len(node.out) != 2 or node.out[0] == node.out[1] or len(set(node.sizes)) != 1:
        return False
    counts: dict[int, int] = dict.fromkeys(range(len(node.sizes)), 0)
    for pair in node.factors:
        if not _square(pair):
            return False
        for label in pair[1]:
            counts[label] += 1
    ends = all(counts[label] == 1 for label in node.out)
    return ends and all(count == 2 for label, count in counts.items() if label not in node.out)


def _of_products(name: str) -> Callable[[_Inquiry, Node], bool | None]:
    """A property that a product of matrices has when all its factors have it; the identity has it, zero has not."""

    def ask(asked: _Inquiry, node: Node) -> bool | None:
        if isinstance(node, Sum) and not node.terms:
            return False
        if not isinstance(node, Contract) or len(node.out) != 2:
            return None
        if node.out[0] == node.out[1] and not node.factors:
            return True
        return asked.every(node.children, name) if _is_chain(node) else None

    return ask


def _diagonal(asked: _Inquiry, node: Node) -> bool | None:
    """diag(x), sums and products of diagonal matrices, and what is multiplied with one entry by entry."""
    if isinstance(node, Sum):
        return asked.every(node.children, "diagonal")
    if not isinstance(node, Contract) or len(node.out) != 2:
        return None
    if node.out[0] == node.out[1]:
        return True
    beside = _holding(node, node.out)
    if any(asked.ask(factor, "diagonal") for factor in beside):
        return True
    return asked.every(node.children, "diagonal") if _is_chain(node) else None


def _holding(node: Contract, labels: Sequence[int]) -> list[Node]:
    return [factor for factor, held in node.factors if set(held) == set(labels)]


_BY_STRUCTURE: dict[str, Callable[[_Inquiry, Node], bool | None]] = {
    "positive": _positive,
    "spd": _spd,
    "orthogonal": _of_products("orthogonal"),
    "invertible": _of_products("invertible"),
    "diagonal": _diagonal,
}
