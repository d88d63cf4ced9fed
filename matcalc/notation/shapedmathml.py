"""MathML whose names and factors tell their shapes: `<mi data-shape="m×n">W</mi>`, for pages that write them below.

Names, transposes and entries tell theirs wherever they stand; of everything else only the factors of a product do,
brackets included, since that is where one asks whether shapes fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from matcalc.notation.mathematical import is_scalar
from matcalc.notation.mathml import MathML, formula_element
from matcalc.notation.render import Item, Rendered, Rule, children
from matcalc.notation.tree import Hadamard, Indexed, MatrixProduct, Name, Scaled, Shape, Transposed, Tree
from matcalc.shapes.dims import dim_text


def shaped_mathml(tree: Tree) -> str:
    """The formula as a `math` element, displayed; the attribute `data-shape` of its parts tells their shapes."""
    return formula_element(tree, ShapedMathML)


def shape_text(shape: Shape) -> str:
    """`m×n`, `1×n` a row, `n` a column, `1` a scalar."""
    dims = [dim_text(dim).replace("*", "") for dim in shape]
    return "×".join(dims[:1] if len(dims) == 2 and dims[1] == "1" else dims)


class ShapedMathML(MathML):
    """MathML's spelling, with shapes."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.rules |= {kind: _with_factors(self.rules[kind]) for kind in (MatrixProduct, Hadamard, Scaled)}
        self.rules |= {kind: _with_shape(self.rules[kind], lambda tree: tree) for kind in (Name, Transposed)}
        self.rules[Indexed] = _with_shape(self.rules[Indexed], lambda tree: tree.body)


def _with_factors(rule: Rule) -> Rule:
    """A rule for products whose factors tell their shapes."""

    def shaped(tree: Tree) -> Rendered:
        binding, items = rule(tree)
        return binding, tuple(part for item in items for part in _factor(item))

    return shaped


def _factor(item: Item) -> Iterator[Item]:
    # An entry is a scalar; what tells its shape is the array that it stands in.
    if isinstance(item, str) or isinstance(item[0], Indexed) or not _is_telling(item[0]):
        yield item
    else:
        yield from (_opening(item[0].shape), item, "</mrow>")


def _with_shape(rule: Rule, of: Callable[[Any], Tree]) -> Rule:
    """A rule whose whole formula tells the shape."""

    def shaped(tree: Tree) -> Rendered:
        binding, items = rule(tree)
        whole = of(tree)
        if _is_telling(whole):
            items = (_opening(whole.shape), *items, "</mrow>")
        return binding, items

    return shaped


def _is_telling(tree: Tree) -> bool:
    """Whether there is something to tell: scalars made of scalars have no shape worth a word."""
    return not is_scalar(tree) or any(not is_scalar(child) for child in children(tree))


def _opening(shape: Shape) -> str:
    return f'<mrow data-shape="{shape_text(shape)}">'
