"""What the special forms (index notation, Kronecker products) need of the writer that calls them."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Protocol, TypeVar

from matcalc.graph import Coefficient, Contract, Node
from matcalc.notation.seriesparallel import Rank
from matcalc.notation.tree import Name, Tree

Result = TypeVar("Result")


class Written(Protocol):
    """The formulas of a graph's nodes, as far as they have been written."""

    @property
    def parts(self) -> Mapping[Node, Name]:
        """The parts that go by a name."""

    @property
    def taken(self) -> Callable[[], Container[str]]:
        """Tells the names in use, which are no letters of an index form."""

    def tree(self, node: Node) -> Tree:
        """The formula of a written node, or the name of a part."""

    def written(self, node: Node) -> Tree:
        """The formula of a node made on the way, whose operands are written."""

    def without(self, part: Node) -> Written:
        """The same for the definition of `part` itself, where its name must not be used."""

    def rank(self, node: Node) -> Rank:
        """Where the node's variables first appear in what the user typed."""

    def power(self, base: Node, exponent: Coefficient) -> Tree:
        """base ** exponent for a positive exponent."""

    def upright(self, write: Callable[[], Result]) -> Result:
        """What `write` gives with no signs changed."""

    def oriented(self, node: Contract, sign: int, write: Callable[[], Result]) -> tuple[int, Result]:
        """What `write` gives with the differences in `node` turned as they read best, and the sign that is left."""
