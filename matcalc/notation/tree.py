"""The notation tree: a formula as it is written, between the index graph and the printed page.

Where the graph knows only indices, the tree knows rows, columns and operators; where text and LaTeX know precedence
and fonts, the tree knows neither. Every node carries `shape`, its two dimensions (1 for a unit one; more for tensors).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from matcalc.shapes.dims import Dim

Shape = tuple[Dim, ...]
SCALAR: Shape = (1, 1)


@dataclass(slots=True, eq=False)
class Tree:
    """A formula of two dimensions `shape`; compared by identity, so that shared parts stay shared.

    Trees do not change once they are made. (Frozen ones would take twice as long to make.)

    `symmetric` says that the formula is its own transpose, which then need not be written.
    """

    shape: Shape
    symmetric: bool = field(default=False, kw_only=True)


@dataclass(slots=True, eq=False)
class Name(Tree):
    """A variable, a constant such as pi, a dimension standing for its size, or a part named in `where`."""

    name: str


@dataclass(slots=True, eq=False)
class Literal(Tree):
    """A number. Never negative inside a product: signs live in `Negative` and `Addition`."""

    value: int | Fraction | float


@dataclass(slots=True, eq=False)
class Call(Tree):
    """`function(arguments, key=value)`; `primes` counts derivatives of an abstract function: f''(z)."""

    function: str
    arguments: tuple[Tree, ...]
    keywords: tuple[tuple[str, str], ...] = ()
    primes: int = 0


@dataclass(slots=True, eq=False)
class Transposed(Tree):
    """`X.T`; the renderers write it as a superscript."""

    body: Tree


@dataclass(slots=True, eq=False)
class MatrixProduct(Tree):
    """`A @ B @ C`, at least two factors."""

    factors: tuple[Tree, ...]


@dataclass(slots=True, eq=False)
class Hadamard(Tree):
    """`a * b * c` entry by entry, with broadcasting; none of the factors is a scalar."""

    factors: tuple[Tree, ...]


@dataclass(slots=True, eq=False)
class Scaled(Tree):
    """Scalars times a body: `2 * a * X`. The body may itself be a scalar. Scalars come first."""

    scalars: tuple[Tree, ...]
    body: Tree


@dataclass(slots=True, eq=False)
class Quotient(Tree):
    """`numerator / denominator`, entry by entry when the denominator is not a scalar."""

    numerator: Tree
    denominator: Tree


@dataclass(slots=True, eq=False)
class Power(Tree):
    """`base ** exponent`, entry by entry; the exponent is a scalar."""

    base: Tree
    exponent: Tree


@dataclass(slots=True, eq=False)
class Negative(Tree):
    """`-body`."""

    body: Tree


@dataclass(slots=True, eq=False)
class Addition(Tree):
    """A sum of at least two terms, each with its sign: (+1, t) or (-1, t)."""

    terms: tuple[tuple[int, Tree], ...]


@dataclass(slots=True, eq=False)
class Indexed(Tree):
    """An entry `body[i,j]`, only inside an `IndexForm`. A scalar needs none and stands as itself."""

    body: Tree
    letters: tuple[str, ...]


def together(place: str) -> list[str]:
    """The letters of one place: brackets hold those that run over one axis together, `(ij)` or `(i1,j)`."""
    return re.findall(r"[a-z][0-9]*", place)


@dataclass(slots=True, eq=False)
class IndexForm(Tree):
    """`A[i,k] * x[k] -> i`: the body's letters that do not come out are summed, term by term."""

    body: Tree
    letters: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Where(Tree):
    """`body where z = …, delta = …`: the outermost node only; a later definition may be used by an earlier one."""

    body: Tree
    definitions: tuple[tuple[str, Tree], ...]
