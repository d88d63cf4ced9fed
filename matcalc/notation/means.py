"""A sum over n that is divided by n is a mean: among the scalars of a product, or anywhere in its body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from matcalc.notation.tree import Call, Hadamard, MatrixProduct, Name, Transposed, Tree
from matcalc.shapes.dims import Dim, dim_text


def with_mean(
    sums: Mapping[Tree, tuple[Dim, ...]], above: Sequence[Tree], below: Sequence[Tree], body: Tree | None
) -> tuple[list[Tree], list[Tree], Tree | None]:
    """The scalars above, those below, and the body of a product, with one sum by its size made a mean.

    `sums` tells over which dimensions a sum runs. In the body a sum counts where the product is linear in it.
    """
    sizes = [tree.name for tree in below if isinstance(tree, Name)]
    for found in (*above, *(_linear_parts(body) if body is not None and sizes else ())):
        dims = [dim_text(dim) for dim in sums.get(found, ())]
        if dims and all(dims.count(dim) <= sizes.count(dim) for dim in dims):
            assert isinstance(found, Call)
            mean = replace(found, function="mean")
            left = list(below)
            for dim in dims:
                del left[
                    next(k for k, tree in enumerate(left) if isinstance(tree, Name) and tree.name == dim)
                ]
            whole = None if body is None else _replaced(body, found, mean)
            return [mean if tree is found else tree for tree in above], left, whole
    return list(above), list(below), body


def _linear_parts(tree: Tree) -> Iterator[Tree]:
    """The factors of a body, seen through transposes."""
    pending = [tree]
    while pending:
        part = pending.pop()
        if isinstance(part, Transposed):
            pending.append(part.body)
        elif isinstance(part, (MatrixProduct, Hadamard)):
            pending += reversed(part.factors)
        else:
            yield part


def _replaced(tree: Tree, old: Tree, new: Tree) -> Tree:
    if tree is old:
        return new
    if isinstance(tree, Transposed):
        return replace(tree, body=_replaced(tree.body, old, new))
    if isinstance(tree, (MatrixProduct, Hadamard)):
        return replace(tree, factors=tuple(_replaced(factor, old, new) for factor in tree.factors))
    return tree
