"""A result as simplification walks over it: its parts in order, what occurs among them, and how long it is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from matcalc.calculus.cost import Measure
from matcalc.calculus.laws.index import features
from matcalc.graph import Node, Sum, shared_parts, topological


class Whole:
    """A root with all of its parts, operands first."""

    def __init__(self, root: Node) -> None:
        order = topological([root])
        self.root = root
        self.order = order
        # Not by way of self: in a circle all these nodes would live until the collector comes.
        self.measure = Measure(lambda: frozenset(shared_parts([root], order)) - {root})

    @cached_property
    def features(self) -> frozenset[str]:
        """The functions and the properties that occur."""
        return features(self.order)

    @cached_property
    def adds_tensors(self) -> bool:
        """Whether there is a sum of more than two indices."""
        return any([node.__class__ is Sum and len(node.axes) > 2 for node in self.order])

    @property
    def shared(self) -> Sequence[Node]:
        """The parts that occur more than once and are worth a name, operands first."""
        named = self.measure.named
        return [part for part in self.order if part in named] if named else []

    @cached_property
    def written(self) -> int:
        """The length on paper: of the parts that will be named, each once, and of the formula."""
        measure = self.measure
        return sum(measure.body(part) + 2 for part in measure.named) + measure.body(self.root)
