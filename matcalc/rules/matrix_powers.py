"""Integer powers of a matrix: written out where the exponent is a number, a function where it is a symbol."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, final

from matcalc.errors import DomainError, LimitError
from matcalc.graph import Contract, Node, apply, contract, identity, number, number_value, power, subtract
from matcalc.rules import namespaces as ns
from matcalc.rules.entries import Function, Parameter
from matcalc.rules.inverses import INVERSE, NOT_SQUARE, SQUARE
from matcalc.rules.operands import Operand
from matcalc.rules.patterns import multiple, swap_last, untransposed
from matcalc.rules.registry import register

Labels = tuple[Hashable, ...]
MATRIX_POWER_LIMIT = 1_000_000
# Up to here a power is written out as one contraction; beyond it is squared up from shared parts.
_FLAT_POWER = 8
# Where JAX traces the exponent, it has fewer bits than this.
_BITS = 10


@final
class MatrixPower(Function):
    """X, k ↦ Xᵏ for a whole number k.

    dXᵏ = Σ Xʲ dX Xᵏ⁻¹⁻ʲ over j < k, which for a symbolic k is a formula only where the cotangent C commutes with Xᵀ:
    then it is pulled back to k (Xᵏ⁻¹)ᵀ C, as for tr Xᵏ (The Matrix Cookbook, eqs. 90 and 121). Else it is refused.
    """

    name = "matrix_power"
    signature = "(n,n),()->(n,n)"
    arguments = (SQUARE, Parameter("k", "integer"))
    shapes = "(n,n)->(n,n)"
    doc = (
        "X @ X @ … k times; k = 0 gives the identity, a negative k powers of the inverse. k may be a scalar variable"
        " that stands for a whole number."
    )
    latex = "{0}^{1}"
    domain = ("invertible", "whole")
    citation = "The Matrix Cookbook, eqs. 90, 91 and 121"
    refused = NOT_SQUARE
    hint = "only a square matrix has powers; of entries write X**k"
    limited = (
        "the derivative of a power with a symbolic exponent is a sum of k terms, unless it is of the trace"
    )
    keeps = frozenset({"symmetric", "spd", "diagonal", "orthogonal", "invertible"})

    def lower(self, X: Operand, k: int | Operand) -> Node:
        """X @ X @ … (k times): written out while short, else squared up; a negative k takes the inverse.

        Raises LimitError beyond a million.
        """
        exponent = number_value(k.node) if isinstance(k, Operand) else k
        if isinstance(k, Operand) and not isinstance(exponent, int):
            return apply(self, [X.node, k.node]) if X.node.axes else power(X.node, k.node)
        assert isinstance(exponent, int)
        if abs(exponent) > MATRIX_POWER_LIMIT:
            raise LimitError(f"matrix_power goes to {MATRIX_POWER_LIMIT:,}, got {exponent:,}")
        if not X.node.axes:
            return power(X.node, exponent)
        if exponent == 0:
            return identity(X.shape[0])
        base = X.node if exponent > 0 else apply(INVERSE, [X.node])
        return _positive_power(base, abs(exponent))

    def value(self, xp: Any, X: Any, k: Any) -> Any:
        """Xᵏ of (…, n, n); nan where k is no whole number, or one of more than 62 bits."""
        k = xp.asarray(k)
        whole = xp.where(xp.abs(k) < 2.0**62, xp.where(k == xp.round(k), 1.0, xp.nan), xp.nan)
        if ns.library(xp) == "numpy":
            exponent = xp.where(whole == 1.0, k, 0.0).astype("int64")
            return xp.linalg.matrix_power(X, exponent) * whole.astype(X.dtype)
        if ns.library(xp) == "torch":
            return xp.linalg.matrix_power(X, xp.where(whole == 1.0, k, 0.0).long().item()) * whole
        # JAX may be tracing the exponent, so every bit of it is looked at, and what is not needed is held at I.
        unit = ns.eye_like(xp, X)
        left = xp.abs(k).astype("int32")
        base = xp.where(k < 0, xp.linalg.inv(xp.where(k < 0, X, unit)), X)
        result = unit
        for _ in range(_BITS):
            result = xp.where(xp.remainder(left, 2) == 1, result @ base, result)
            left = xp.floor_divide(left, 2)
            base = xp.where(left > 0, base, unit)
            base = base @ base
        return result * xp.where(left == 0, whole, xp.nan).astype(X.dtype)

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """k (Xᵏ⁻¹)ᵀ C where C obviously commutes with Xᵀ; refused otherwise."""
        X, k = node.children
        if index == 0:
            lower = apply(self, [X, subtract(k, number(1))]) if not k.axes else None
            if lower is not None and _is_multiple_of_identity(cotangent):
                scalar = contract([(cotangent, (*o, *b, "i", "i"))], (*o, *b, "i"))
                factors = [(k, ()), (scalar, (*o, *b, "i")), (lower, (*b, "j", "i"))]
                return contract(factors, (*o, *b, "i", "j"))
            if lower is not None and not o and not b and _commutes(cotangent, X):
                factors = [(k, ()), (lower, ("k", "i")), (cotangent, ("k", "j"))]
                return contract(factors, ("i", "j"))
        raise DomainError(
            f"{'by X' if index == 0 else 'by the exponent'} the derivative of matrix_power(X, k) has no formula here",
            hint="for a symbolic k only that of tr(matrix_power(X, k)) is one; give k as a number",
        )

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """(Xᵀ)ᵏ = (Xᵏ)ᵀ, Iᵏ = I, and what is written out for a number."""
        X, k = operands
        exponent = number_value(k)
        if isinstance(exponent, int) and len(X.axes) == 2:
            return self.lower(Operand(X, X.axes), exponent)
        transposed = untransposed(X)
        if transposed is not None:
            return swap_last(apply(self, [transposed, k]))
        return X if X is identity(X.axes[-1]) else None

    def symmetric(self, operands: Sequence[Node], symmetric: Callable[[Node], bool]) -> bool:
        """Powers of a symmetric matrix are symmetric."""
        return symmetric(operands[0])


def _is_multiple_of_identity(C: Node) -> bool:
    """Whether the last two axes are a delta, whatever the others are."""
    C = multiple(C)[1]
    if not isinstance(C, Contract) or C.out[-1] != C.out[-2]:
        return False
    return C.out.count(C.out[-1]) == 2 and not any(C.out[-1] in labels for _, labels in C.factors)


def _commutes(C: Node, X: Node) -> bool:
    """Whether C is a scalar times Xᵀ, the transposed inverse of X or a transposed power of it."""
    C = multiple(C)[1]
    if not isinstance(C, Contract) or len(C.out) != 2 or len(C.sizes) != 2:
        return False
    matrices = [(factor, labels) for factor, labels in C.factors if labels]
    if len(matrices) != 1 or matrices[0][1] != C.out[::-1]:
        return False
    of = matrices[0][0]
    return of is X or (of.children[:1] == (X,) and getattr(of, "function", None) in (INVERSE, MATRIX_POWER))


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


MATRIX_POWER = register(MatrixPower())
