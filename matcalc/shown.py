"""What an expression and a derivative have in common: a node with a shape, and every way of showing it."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from matcalc.declared import Declared, public_shape
from matcalc.graph import Node, Symbol, may_share, symbol, tidy
from matcalc.graph.fingerprint import same_value
from matcalc.graph.grouping import settled
from matcalc.language.declarations import Declaration, Declarations
from matcalc.language.limits import NO_LIMITS
from matcalc.language.lowering import Parsed, read
from matcalc.notation.formula import formula
from matcalc.notation.tree import Tree, Where
from matcalc.remarks import Remark
from matcalc.shapes.dims import Dim, dim_parts

Shape = tuple[Dim, ...]

# A formula longer than this is written without being read back.
READABLE = 4_000

# How often a formula is read back at most.
_READINGS = 4


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a formula speaks of: variables as declared, abstract functions, and the user's names for parts.

    `order` lists the variables as they first appeared.
    """

    declared: Mapping[str, Declaration] = field(default_factory=dict)
    functions: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    names: Mapping[str, Node] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Shown:
    """A node of the index graph with its two-dimensional shape and the vocabulary that it is written in."""

    def __init__(self, node: Node, shape: Shape, vocabulary: Vocabulary | None = None) -> None:
        self._given = node
        self._shape = shape
        if vocabulary is not None:
            self.__dict__["vocabulary"] = vocabulary

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The variables, functions and names of the formula."""
        return Vocabulary()

    @property
    def _declared(self) -> Mapping[str, Declaration]:
        return self.vocabulary.declared

    @property
    def _functions(self) -> tuple[str, ...]:
        return self.vocabulary.functions

    @property
    def _order(self) -> tuple[str, ...]:
        return self.vocabulary.order

    @property
    def _names(self) -> Mapping[str, Node]:
        return self.vocabulary.names

    @property
    def _warnings(self) -> tuple[str, ...]:
        return self.vocabulary.warnings

    @cached_property
    def simplified(self) -> Node:
        """The node in normal form, as it came about; it is what is computed."""
        return settled(self._given)

    @cached_property
    def node(self) -> Node:
        """The node of the index graph that the formula says, in normal form: reading it gives this very node."""
        from matcalc.notation.text import text

        said = settled(self._read(text(self.tree)).value.node)
        # What could not be proven to be the same is not what others go on with.
        return said if same_value(said, self.simplified) else self.simplified

    @property
    def shape(self) -> tuple[int | str, ...]:
        """The shape: () scalar, ('n',) column, (1, 'n') row, ('m', 'n') matrix, more for a tensor."""
        return public_shape(self._shape)

    @property
    def shapes(self) -> dict[str, Declared]:
        """The shape of every variable, as declared or inferred; `shapes=` takes it back."""
        return {name: Declared(declaration) for name, declaration in self._declared.items()}

    @property
    def functions(self) -> tuple[str, ...]:
        """The abstract elementwise functions that occur or were declared."""
        return self._functions

    @property
    def warnings(self) -> tuple[Remark, ...]:
        """What to mind: conditions, kinks, likely slips; sentences, which have a `latex` too."""
        return tuple(map(Remark, self._warnings))

    @property
    def _symbols(self) -> list[Symbol]:
        return [symbol(name, entry.shape, entry.properties) for name, entry in self._declared.items()]

    # Notation --------------------------------------------------------------------------------------------------

    def _formula(
        self,
        node: Node | None = None,
        *,
        expanded: bool = False,
        indices: Literal["", "operands", "entries"] = "",
    ) -> Tree:
        """`node`, by default that of what is written, in the notation of this vocabulary."""
        order = {name: place for place, name in enumerate(self._order)}
        return formula(
            self.written_node if node is None else node,
            self._shape,
            order,
            self._given_names,
            lambda: self._taken,
            typed=self._typed,
            expanded=expanded,
            indices=indices,
        )

    @property
    def _typed(self) -> Callable[[], Container[Node]] | None:
        """Tells the nodes that the user wrote, which takes a walk; None stands for all."""
        return None

    @cached_property
    def _given_names(self) -> dict[Node, str]:
        return {tidy(node)[0]: name for name, node in self._names.items() if node.children}

    @property
    def _taken(self) -> set[str]:
        dims = {part for entry in self._declared.values() for dim in entry.shape for part in dim_parts(dim)}
        return {*self._declared, *self._functions, *(part for part in dims if isinstance(part, str))}

    def _formula_as_read(self, *, expanded: bool = False) -> tuple[Node, Tree]:
        """The formula as it is shown, and its node: our value, with those parts shared that the formula shows so.

        Writing may show a part twice for which the graph has no node, or name one that it shows once. So a longer
        formula is read back, and what its text says is written instead, as long as that changes anything.
        """
        from matcalc.notation.text import text

        if expanded:
            return self.written_node, self._formula(expanded=True)
        node = self.simplified
        tree = self._formula(node)
        for _ in range(_READINGS if may_share(node) else 0):
            found = self._read_back(text(tree), node)
            if found is None or found[0] is node:
                break
            node = found[0]
            tree = self._formula(node)
        return node, tree

    @cached_property
    def _shown_as(self) -> tuple[Node, Tree]:
        return self._formula_as_read()

    @property
    def written_node(self) -> Node:
        """The node of what is written: the same value, with those parts shared that the formula shows so."""
        return self._shown_as[0]

    @property
    def tree(self) -> Tree:
        """The notation tree that all renderings share."""
        return self._shown_as[1]

    def _read_back(self, written: str, node: Node) -> tuple[Node, Parsed] | None:
        """What a text written for `node` says; None if it is long, or can't be proven to be the same formula."""
        if len(written) > READABLE:
            return None
        found = self._read(written)
        again = settled(found.value.node)
        return (again, found) if same_value(again, node) else None

    def _read(self, written: str) -> Parsed:
        """A text that speaks of the same variables and functions."""
        # Open, since a dimension may be that of no variable, as in eye(n).
        return read(written, Declarations(self._declared, open=True), self._functions, limits=NO_LIMITS)

    @cached_property
    def text(self) -> str:
        """The formula in the python dialect; parts of four or more operators that occur twice are named."""
        from matcalc.notation.text import text

        return text(self.tree)

    @cached_property
    def expanded_text(self) -> str:
        """The formula without `where`. Raises LimitError when it would be too long to read."""
        from matcalc.notation.text import text

        return text(self._formula_as_read(expanded=True)[1]) if isinstance(self.tree, Where) else self.text

    @cached_property
    def latex(self) -> str:
        """The formula as LaTeX, for a mathematics environment."""
        from matcalc.notation.latex import latex

        return latex(self.tree)

    @cached_property
    def mathml(self) -> str:
        """The formula as a `math` element of MathML Core, for a web page."""
        from matcalc.notation.mathml import mathml

        return mathml(self.tree)

    @cached_property
    def unicode(self) -> str:
        """The formula for a terminal."""
        from matcalc.notation.unicode import unicode

        return unicode(self.tree)

    @cached_property
    def index_notation(self) -> str:
        """The formula in index notation: `A[i,j] * x[j] -> i`."""
        from matcalc.notation.text import text

        return text(self._formula(indices="entries"))

    @cached_property
    def einsum(self) -> str:
        """The formula as `einsum('ik,lj->ijkl', A, B)`: the operands are in matrix notation, vectors with one axis.

        Raises DomainError where `vec` or `kron` occur.
        """
        from matcalc.notation.einsum import einsum

        return einsum(self._formula(indices="operands"))

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What a notebook shows."""
        from matcalc.notebook import bundle

        return bundle(self, self.warnings, repr(self))

    def __str__(self) -> str:
        return self.text
