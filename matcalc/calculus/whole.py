"""A result as simplification walks over it: its parts in order, and what occurs among them."""

from __future__ import annotations

from matcalc.calculus.laws.index import features
from matcalc.graph import Node, topological


class Whole:
    """A root with all of its parts, operands first, and the functions and properties that occur among them."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.order = topological([root])
        self.features = features(self.order)
