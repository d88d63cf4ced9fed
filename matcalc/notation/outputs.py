"""What stands on the outputs of a reduced contraction: a column, an outer product, a matrix scaled on either side."""

from __future__ import annotations

from matcalc.graph import Contract
from matcalc.notation import pieces
from matcalc.notation.seriesparallel import Reduced
from matcalc.notation.tree import Tree


def on_outputs(node: Contract, reduced: Reduced, loose: bool) -> tuple[Tree | None, list[Tree]]:
    """What stands on the outputs, and what divides it entry by entry."""
    if not node.out:
        return None, []
    if len(reduced.columns) == 1:
        return _diagonal_or_column(node, reduced, loose)
    rows, columns = (node.sizes[label] for label in node.out)
    left, right = reduced.columns
    below = [*reduced.below[0], *map(pieces.transposed, reduced.below[1])]
    body: Tree | None
    if reduced.matrix is not None:
        factors = [
            *([pieces.diag(left)] if left is not None else []),
            reduced.matrix,
            *([pieces.diag(right)] if right is not None else []),
        ]
        body = pieces.matrix_product(*factors)
    elif left is not None and right is not None:
        body = pieces.matrix_product(left, pieces.transposed(right))
    elif loose:
        body = left if left is not None else None if right is None else pieces.transposed(right)
    elif left is not None:
        body = pieces.matrix_product(left, pieces.ones(1, columns))
    elif right is not None:
        body = pieces.matrix_product(pieces.ones(rows, 1), pieces.transposed(right))
    else:
        covered = bool(reduced.below[0]) and bool(reduced.below[1])
        body = None if covered else pieces.ones(rows, columns)
    return body, below


def _diagonal_or_column(node: Contract, reduced: Reduced, loose: bool) -> tuple[Tree | None, list[Tree]]:
    dim = node.sizes[node.out[0]]
    column, below = reduced.columns[0], reduced.below[0]
    if len(node.out) == 1:
        if column is None and not below and not loose:
            return pieces.ones(dim, 1), below
        return column, below
    if column is None and not below:
        return pieces.eye(dim), []
    weight = pieces.quotient(column if column is not None else pieces.ONE, below)
    return pieces.diag(weight), []
