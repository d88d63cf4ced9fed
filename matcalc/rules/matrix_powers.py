"""Integer powers of a matrix."""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.errors import LimitError
from matcalc.graph import Node, apply, contract, identity, power
from matcalc.rules.entries import Composite, Parameter
from matcalc.rules.inverses import INVERSE, NOT_SQUARE, SQUARE
from matcalc.rules.operands import Operand
from matcalc.rules.registry import register

MATRIX_POWER_LIMIT = 1_000_000
# Up to here a power is written out as one contraction; beyond it is squared up from shared parts.
_FLAT_POWER = 8


def matrix_power(X: Operand, k: int) -> Node:
    """X @ X @ … (k times): written out while short, else squared up; a negative k takes the inverse.

    Raises LimitError beyond a million.
    """
    if abs(k) > MATRIX_POWER_LIMIT:
        raise LimitError(f"matrix_power goes to {MATRIX_POWER_LIMIT:,}, got {k:,}")
    if not X.node.axes:
        return power(X.node, k)
    if k == 0:
        return identity(X.shape[0])
    base = X.node if k > 0 else apply(INVERSE, [X.node])
    return _positive_power(base, abs(k))


def _positive_power(base: Node, k: int) -> Node:
    square, result = base, None
    while k > _FLAT_POWER:
        if k % 2:
            result = square if result is None else _chain([result, square])
        square, k = _chain([square, square]), k // 2
    rest = _chain([square] * k)
    return rest if result is None else _chain([result, rest])


def _chain(factors: Sequence[Node]) -> Node:
    return contract([(node, (k, k + 1)) for k, node in enumerate(factors)], (0, len(factors)))


register(
    Composite(
        "matrix_power",
        (SQUARE, Parameter("k", "integer")),
        "(n,n)->(n,n)",
        matrix_power,
        "X @ X @ … k times; k = 0 gives the identity, a negative k powers of the inverse.",
        latex="{0}^{1}",
        domain=("invertible",),
        citation="The Matrix Cookbook, eq. 91 for its derivative",
        refused=NOT_SQUARE,
        hint="only a square matrix has powers; of entries write X**k",
    )
)
