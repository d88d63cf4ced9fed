"""The inverse of a matrix, and the pseudo-inverse of any."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from fractions import Fraction
from typing import Any, final

from matcalc.graph import Coefficient, Node, add, apply, contract, identity, power, scale, subtract
from matcalc.graph.numbers import reduce
from matcalc.rules.entries import Condition, Function, Parameter
from matcalc.rules.operands import Operand
from matcalc.rules.patterns import applied, diagonal_of, multiple, swap_last, unit_matrix, untransposed
from matcalc.rules.registry import register

Labels = tuple[Hashable, ...]
SQUARE = Parameter("X")
NOT_SQUARE = (((2, 3),), ((3, 1),))
INVERTIBLE = "{} is invertible"


def reciprocal(coefficient: Coefficient) -> Coefficient:
    """1/c, exactly where c is exact."""
    return reduce(1 / coefficient if isinstance(coefficient, float) else Fraction(1, coefficient))


@final
class Inverse(Function):
    """X ↦ X⁻¹.

    From X X⁻¹ = I, dX⁻¹ = -X⁻¹ dX X⁻¹, so ⟨C, dX⁻¹⟩ = ⟨-X⁻ᵀ C X⁻ᵀ, dX⟩ for a cotangent C
    (Giles 2008, An extended collection of matrix derivative results, section 2.2.3; The Matrix Cookbook, eq. 59).
    """

    name = "inv"
    signature = "(n,n)->(n,n)"
    arguments = (SQUARE,)
    shapes = "(n,n)->(n,n)"
    doc = "The inverse of a square matrix."
    latex = "{0}^{-1}"
    domain = ("invertible",)
    citation = "Giles 2008, section 2.2.3; The Matrix Cookbook, eq. 59"
    refused = NOT_SQUARE
    hint = "only a square matrix has an inverse; pinv is the pseudo-inverse of any"
    keeps = frozenset({"symmetric", "spd", "diagonal", "orthogonal", "invertible"})

    def lower(self, X: Operand) -> Node:
        """inv(X); the inverse of a scalar is 1/X."""
        return apply(self, [X.node]) if X.node.axes else power(X.node, -1)

    def value(self, xp: Any, X: Any) -> Any:
        """X⁻¹ of (…, n, n)."""
        return xp.linalg.inv(X)

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """-X⁻ᵀ C X⁻ᵀ."""
        factors = [(node, (*b, "k", "i")), (cotangent, (*o, *b, "k", "l")), (node, (*b, "j", "l"))]
        return scale(-1, contract(factors, (*o, *b, "i", "j")))

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """inv(inv(X)) = X, inv(Xᵀ) = inv(X)ᵀ, inv(c X) = inv(X)/c, inv(diag(x)) = diag(1/x), inv(exp A) = exp(-A)."""
        (X,) = operands
        inner = applied(X, self.name)
        if inner is not None:
            return inner.children[0]
        exponential = applied(X, "expm")
        if exponential is not None:
            return apply(exponential.function, [scale(-1, exponential.children[0])])
        coefficient, body = multiple(X)
        if coefficient != 1:
            return scale(reciprocal(coefficient), apply(self, [body]))
        transposed = untransposed(X)
        if transposed is not None:
            return swap_last(apply(self, [transposed]))
        entries = diagonal_of(X)
        return contract([(power(entries, -1), "i")], "ii") if entries is not None else None

    def symmetric(self, operands: Sequence[Node], symmetric: Callable[[Node], bool]) -> bool:
        """The inverse of a symmetric matrix is symmetric."""
        return symmetric(operands[0])

    def defined(self, node: Node) -> list[Condition]:
        """X must be invertible."""
        return [Condition(INVERTIBLE, node.children[0], "invertible")]


@final
class PseudoInverse(Function):
    """X ↦ X⁺, the Moore-Penrose inverse.

    Where the rank of X does not change, P = X⁺ has
    dP = -P dX P + P Pᵀ dXᵀ (I - X P) + (I - P X) dXᵀ Pᵀ P, so that a cotangent C is pulled back to
    -Pᵀ C Pᵀ + (I - X P) Cᵀ P Pᵀ + Pᵀ P Cᵀ (I - P X)
    (Golub & Pereyra 1973, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
    separate, theorem 4.3). Where the rank jumps, the pseudo-inverse is not continuous.
    """

    name = "pinv"
    signature = "(m,n)->(n,m)"
    arguments = (SQUARE,)
    shapes = "(m,n)->(n,m)"
    doc = "The Moore-Penrose pseudo-inverse of a matrix."
    latex = "{0}^{+}"
    domain = ("full_rank",)
    citation = "Golub & Pereyra 1973, theorem 4.3"
    keeps = frozenset({"symmetric", "spd", "diagonal", "orthogonal", "invertible"})

    def lower(self, X: Operand) -> Node:
        """pinv(X); that of a vector is its transpose over the square of its norm."""
        if len(X.node.axes) == 2:
            return apply(self, [X.node])
        own = tuple(range(len(X.node.axes)))
        squared = contract([(X.node, own), (X.node, own)], ())
        return contract([(X.node, own), (power(squared, -1), ())], own)

    def value(self, xp: Any, X: Any) -> Any:
        """X⁺ of (…, m, n)."""
        return xp.linalg.pinv(X)

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """-Pᵀ C Pᵀ + (I - X P) Cᵀ P Pᵀ + Pᵀ P Cᵀ (I - P X)."""
        (X,) = node.children
        P, C = node, cotangent
        out = (*o, *b, "i", "j")
        direct = contract([(P, (*b, "k", "i")), (C, (*o, *b, "k", "l")), (P, (*b, "j", "l"))], out)
        left = _complement(contract([(X, (*b, "i", "k")), (P, (*b, "k", "j"))], (*b, "i", "j")))
        right = _complement(contract([(P, (*b, "i", "k")), (X, (*b, "k", "j"))], (*b, "i", "j")))
        tall = contract(
            [
                (left, (*b, "i", "k")),
                (C, (*o, *b, "l", "k")),
                (P, (*b, "l", "p")),
                (P, (*b, "j", "p")),
            ],
            out,
        )
        wide = contract(
            [
                (P, (*b, "p", "i")),
                (P, (*b, "p", "k")),
                (C, (*o, *b, "l", "k")),
                (right, (*b, "l", "j")),
            ],
            out,
        )
        return add(scale(-1, direct), tall, wide)

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """pinv(pinv(X)) = X, pinv(Xᵀ) = pinv(X)ᵀ, pinv(c X) = pinv(X)/c, pinv(inv(X)) = X, pinv(I) = I."""
        (X,) = operands
        inner = applied(X, self.name) or applied(X, "inv")
        if inner is not None:
            return inner.children[0]
        coefficient, body = multiple(X)
        if coefficient != 1:
            return scale(reciprocal(coefficient), apply(self, [body]))
        transposed = untransposed(X)
        if transposed is not None:
            return swap_last(apply(self, [transposed]))
        return X if X is identity(X.axes[-1]) else None

    def symmetric(self, operands: Sequence[Node], symmetric: Callable[[Node], bool]) -> bool:
        """The pseudo-inverse of a symmetric matrix is symmetric."""
        return symmetric(operands[0])

    def conditions(self, node: Node) -> list[Condition]:
        """The rank must not change."""
        return [Condition("the rank of {} stays the same nearby", node.children[0], "invertible")]


def _complement(projection: Node) -> Node:
    """I - Π."""
    return subtract(unit_matrix(projection.axes), projection)


INVERSE = register(Inverse())
PSEUDO_INVERSE = register(PseudoInverse())
