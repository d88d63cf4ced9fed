"""Inverse, determinant and log-determinant, and integer powers of a matrix."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from fractions import Fraction
from typing import Any, final

from matcalc.errors import LimitError
from matcalc.graph import Node, apply, contract, elementwise, identity, number, power, scale
from matcalc.graph.numbers import reduce
from matcalc.rules.entries import Composite, Condition, Function, Parameter
from matcalc.rules.operands import Operand
from matcalc.rules.patterns import applied, diagonal_of, multiple, swap_last, untransposed
from matcalc.rules.registry import lookup, register

Labels = tuple[Hashable, ...]
SQUARE = Parameter("X")
NOT_SQUARE = (((2, 3),), ((3, 1),))
MATRIX_POWER_LIMIT = 1_000_000
# Up to here a power is written out as one contraction; beyond it is squared up from shared parts.
_FLAT_POWER = 8
_INVERTIBLE = "{} is invertible"


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
    hint = "only a square matrix has an inverse"
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
        """inv(inv(X)) = X, inv(Xᵀ) = inv(X)ᵀ, inv(c X) = inv(X)/c, inv(diag(x)) = diag(1/x)."""
        (X,) = operands
        inner = applied(X, self.name)
        if inner is not None:
            return inner.children[0]
        coefficient, body = multiple(X)
        if coefficient != 1:
            reciprocal = 1 / coefficient if isinstance(coefficient, float) else Fraction(1, coefficient)
            return scale(reduce(reciprocal), apply(self, [body]))
        transposed = untransposed(X)
        if transposed is not None:
            return swap_last(apply(self, [transposed]))
        entries = diagonal_of(X)
        return contract([(power(entries, -1), "i")], "ii") if entries is not None else None

    def symmetric(self, operands: Sequence[Node], symmetric: Callable[[Node], bool]) -> bool:
        """The inverse of a symmetric matrix is symmetric."""
        return symmetric(operands[0])

    def conditions(self, node: Node) -> list[Condition]:
        """X must be invertible."""
        return [Condition(_INVERTIBLE, node.children[0])]


@final
class Determinant(Function):
    """X ↦ det X.

    Jacobi: d det X = tr(adj(X) dX) = det(X) tr(X⁻¹ dX), so the pullback is c det(X) X⁻ᵀ for invertible X
    (Giles 2008, section 2.2.4; The Matrix Cookbook, eq. 49). At a singular X it is c adj(X)ᵀ, which this form
    does not reach; hence the condition.
    """

    name = "det"
    signature = "(n,n)->()"
    arguments = (SQUARE,)
    shapes = "(n,n)->(1,1)"
    doc = "The determinant of a square matrix."
    latex = r"\det"
    domain = ("invertible",)
    citation = "Giles 2008, section 2.2.4; The Matrix Cookbook, eq. 49"
    refused = NOT_SQUARE
    hint = "only a square matrix has a determinant"

    def lower(self, X: Operand) -> Node:
        """det(X); a scalar is its own determinant."""
        return apply(self, [X.node]) if X.node.axes else X.node

    def value(self, xp: Any, X: Any) -> Any:
        """det X of (…, n, n)."""
        return xp.linalg.det(X)

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """c det(X) X⁻ᵀ."""
        inverse = apply(INVERSE, node.children)
        return contract([(cotangent, (*o, *b)), (node, b), (inverse, (*b, "j", "i"))], (*o, *b, "i", "j"))

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """det(Xᵀ) = det(X), det(I) = 1."""
        transposed = untransposed(operands[0])
        if transposed is not None:
            return apply(self, [transposed])
        return number(1) if operands[0] is identity(operands[0].axes[-1]) else None

    def conditions(self, node: Node) -> list[Condition]:
        """X must be invertible for the derivative to be written with inv(X)."""
        return [Condition(_INVERTIBLE, node.children[0])]


@final
class LogDeterminant(Function):
    """X ↦ log |det X|.

    d log|det X| = d det X / det X = tr(X⁻¹ dX), so the pullback is c X⁻ᵀ
    (Giles 2008, section 2.2.4; The Matrix Cookbook, eqs. 51 and 57).
    """

    name = "logdet"
    signature = "(n,n)->()"
    arguments = (SQUARE,)
    shapes = "(n,n)->(1,1)"
    doc = "log |det X|, without overflow."
    latex = r"\log\left|\det {0}\right|"
    domain = ("invertible",)
    citation = "Giles 2008, section 2.2.4; The Matrix Cookbook, eqs. 51 and 57"
    refused = NOT_SQUARE
    hint = "only a square matrix has a determinant"

    def lower(self, X: Operand) -> Node:
        """logdet(X); of a scalar log |X|."""
        if X.node.axes:
            return apply(self, [X.node])
        return elementwise(lookup("log"), elementwise(lookup("abs"), X.node))

    def value(self, xp: Any, X: Any) -> Any:
        """log |det X| of (…, n, n)."""
        return xp.linalg.slogdet(X)[1]

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """c X⁻ᵀ."""
        inverse = apply(INVERSE, node.children)
        return contract([(cotangent, (*o, *b)), (inverse, (*b, "j", "i"))], (*o, *b, "i", "j"))

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """logdet(Xᵀ) = logdet(X), logdet(I) = 0."""
        transposed = untransposed(operands[0])
        if transposed is not None:
            return apply(self, [transposed])
        return number(0) if operands[0] is identity(operands[0].axes[-1]) else None

    def conditions(self, node: Node) -> list[Condition]:
        """X must be invertible, or the logarithm is minus infinity."""
        return [Condition(_INVERTIBLE, node.children[0])]


INVERSE = register(Inverse())
DETERMINANT = register(Determinant())
LOG_DETERMINANT = register(LogDeterminant())


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
