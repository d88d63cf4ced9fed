"""A result as simplification walks over it: its parts in order, and what occurs among them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from matcalc.calculus.laws.index import features
from matcalc.graph import Node, shared_parts, topological


class Whole:
    """A root with all of its parts, operands first, and the functions and properties that occur among them."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.order = topological([root])
        self.features = features(self.order)

    @cached_property
    def shared(self) -> Sequence[Node]:
        """The parts that occur more than once and are worth a name, operands first."""
        return shared_parts([self.root], self.order)
