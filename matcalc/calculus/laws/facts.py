"""What is known of a value for every input: that it is positive, sums to one, is orthogonal. Known, or silent."""

from __future__ import annotations

from collections.abc import Callable

from matcalc.graph import Apply, Constant, Contract, Map, Node, Size, Sum, Symbol, base_and_exponent

# The heads (see `head`) of nodes that may have a property.
HEADS: dict[str, tuple[str, ...]] = {
    "positive": (
        "exp",
        "sigmoid",
        "softplus",
        "cosh",
        "softmax",
        "symbol",
        "+",
        "·",
        "**",
        "size",
        "constant",
    ),
    "simplex": ("symbol", "softmax", "argmax_indicator", "argmin_indicator"),
    "onehot": ("symbol",),
    "orthogonal": ("symbol",),
    "invertible": ("symbol",),
}
_POSITIVE = ("exp", "sigmoid", "softplus", "cosh")


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
    return _FACTS[name](node)


def _positive(node: Node) -> bool:
    if isinstance(node, Symbol):
        return "positive" in node.properties
    if isinstance(node, Map):
        base, exponent = base_and_exponent(node)
        if exponent != 1:
            return _positive(base)
        return node.function.name in _POSITIVE
    if isinstance(node, Contract):
        # A sum of no terms would be zero, but dimensions are at least 1.
        return len(set(node.out)) == len(node.out) and all(_positive(factor) for factor, _ in node.factors)
    if isinstance(node, Sum):
        return bool(node.terms) and all(c > 0 and _positive(term) for c, term in node.terms)
    if isinstance(node, Apply):
        return node.function.name == "softmax"
    return isinstance(node, (Size, Constant))


def _simplex(node: Node) -> bool:
    if isinstance(node, Symbol):
        return bool(node.properties & {"simplex", "onehot"})
    return isinstance(node, Apply) and node.function.name in HEADS["simplex"]


def _declared(name: str) -> Callable[[Node], bool]:
    return lambda node: isinstance(node, Symbol) and name in node.properties


_FACTS: dict[str, Callable[[Node], bool]] = {
    "positive": _positive,
    "simplex": _simplex,
    "onehot": _declared("onehot"),
    "orthogonal": _declared("orthogonal"),
    "invertible": lambda node: (
        isinstance(node, Symbol) and bool(node.properties & {"invertible", "spd", "orthogonal"})
    ),
}
