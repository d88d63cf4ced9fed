"""A derivative as the linear map that it is: dX ↦ -inv(X) @ dX @ inv(X).

What has four indices as a tensor is short as a map: the derivative contracted with a small change of the variable,
named dX, and simplified. At order 2 it maps a change to the change of the gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from functools import cached_property

from matcalc.calculus.simplify import simplify
from matcalc.computed import Computation, Computed
from matcalc.graph import Node, Sum, Symbol, contract, linear, symbol, tidy
from matcalc.language.declarations import Declaration
from matcalc.language.names import is_name
from matcalc.notation.latex import latex_name
from matcalc.notation.mathml import mathml_name
from matcalc.notation.unicode import unicode_name
from matcalc.notebook import bundle
from matcalc.rules import find
from matcalc.shapes.dims import dim_parts
from matcalc.shown import Shape, Shown, Vocabulary

# A change of a variable lies in the same subspace as the variable.
_SUBSPACES = {"symmetric": "symmetric", "spd": "symmetric", "diagonal": "diagonal"}


class LinearMap(Shown, Computed):
    """The image of a change of `variable` under the derivative, with the shape of what was differentiated.

    `text` is `dX ↦ A @ dX @ B`, `latex` and `mathml` alike; `image` is the right-hand side alone, as text that reads
    back with `shapes`, where the change is declared under the name `change`.
    """

    def __init__(
        self,
        derivative: Node,
        variable: Symbol,
        shape: Shape,
        vocabulary: Vocabulary,
        typed: Callable[[], Container[Node]],
    ) -> None:
        """`derivative` has the axes of the output and then those of the variable."""
        self.change = _free_name(f"d{variable.name}", vocabulary)
        properties = frozenset(_SUBSPACES[one] for one in variable.properties & _SUBSPACES.keys())
        change = symbol(self.change, variable.shape, properties)
        declared: Mapping[str, Declaration] = {
            **vocabulary.declared,
            self.change: Declaration(variable.shape, properties),
        }
        known = replace(vocabulary, declared=declared, order=(*vocabulary.order, self.change))
        super().__init__(_applied(derivative, change), shape, known)
        self._variable = variable
        self._told_typed = typed

    @cached_property
    def simplified(self) -> Node:
        """The image, simplified."""
        return simplify(tidy(self._given)[0])

    @property
    def _typed(self) -> Callable[[], Container[Node]]:
        return self._told_typed

    @cached_property
    def image(self) -> str:
        """The right-hand side: `A @ dX @ B`."""
        return super().text

    @cached_property
    def text(self) -> str:
        """`dX ↦ A @ dX @ B`."""
        return f"{self.change} ↦ {self.image}"

    @cached_property
    def unicode(self) -> str:
        """The map for a terminal."""
        return f"{unicode_name(self.change)} ↦ {super().unicode}"

    @cached_property
    def latex(self) -> str:
        r"""`\mathrm{d}X \mapsto A \, \mathrm{d}X \, B`."""
        plain, upright = latex_name(self.change), rf"\mathrm{{d}}{latex_name(self._variable.name)}"
        return f"{plain} \\mapsto {super().latex}".replace(plain, upright)

    @cached_property
    def mathml(self) -> str:
        """The map as a `math` element."""
        plain = mathml_name(self.change)
        upright = f'<mrow><mi mathvariant="normal">d</mi>{mathml_name(self._variable.name)}</mrow>'
        opening, _, rest = super().mathml.partition(">")
        inside = rest.removesuffix("</math>")
        mapped = f"<mrow>{plain}<mo>↦</mo>{inside}</mrow>".replace(plain, upright)
        return f"{opening}>{mapped}</math>"

    @property
    def computation(self) -> Computation:
        """The image, as evaluators and source have it: of the variables and the change."""
        return Computation(
            (self.simplified, self.shape), self._symbols, self._functions, "linear_map", lambda: self.text
        )

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return bundle(self, (), self.text)

    def __repr__(self) -> str:
        return self.text


def _applied(derivative: Node, change: Symbol) -> Node:
    """The derivative times the change, summed over the change's axes, term by term."""
    places = tuple(range(len(derivative.axes)))
    out = len(places) - len(change.axes)
    terms = derivative.terms if isinstance(derivative, Sum) else ((1, derivative),)
    applied = [(c, contract([(term, places), (change, places[out:])], places[:out])) for c, term in terms]
    return linear(applied, derivative.axes[:out])


def _free_name(wanted: str, vocabulary: Vocabulary) -> str:
    dims = {part for one in vocabulary.declared.values() for dim in one.shape for part in dim_parts(dim)}
    taken = {*vocabulary.declared, *vocabulary.functions, *vocabulary.names, *dims}
    wishes = (wanted, *(f"{wanted}_{number}" for number in range(1, len(taken) + 2)))
    return next(wish for wish in wishes if wish not in taken and is_name(wish) and find(wish) is None)
