"""The cross product of 3-vectors and its matrices: x × y = skew(x) y, and vee, which undoes skew."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from fractions import Fraction
from typing import Any, final

from matcalc.errors import DomainError
from matcalc.graph import (
    Coefficient,
    Contract,
    Node,
    apply,
    contract,
    identity,
    is_zero,
    multiply,
    permute,
    scale,
    zero,
)
from matcalc.graph.contraction import connected
from matcalc.rules import namespaces as ns
from matcalc.rules.entries import Function, Parameter
from matcalc.rules.operands import Operand
from matcalc.rules.patterns import applied, multiple, scalar_apart, untransposed
from matcalc.rules.registry import register

Labels = tuple[Hashable, ...]
_CITATION = "Golub & Van Loan 2013, Matrix Computations, section 1.3.8 (cross products)"
_HINT = "the cross product is of vectors with 3 entries: declare them as x: 3"
_HALF = Fraction(1, 2)


@final
class Cross(Function):
    """x, y ↦ x × y.

    A triple product may be turned around, ⟨c, x × y⟩ = ⟨y × c, x⟩ = ⟨c × x, y⟩, so these are the pullbacks. As
    matrices, x × y = skew(x) y = -skew(y) x.
    """

    name = "cross"
    signature = "(n),(n)->(n)"
    arguments = (Parameter("x"), Parameter("y"))
    shapes = "(3,1),(3,1)->(3,1); (1,3),(1,3)->(1,3)"
    doc = "The cross product of two vectors with 3 entries."
    latex = r"{0} \times {1}"
    domain = ("real", "real")
    citation = _CITATION
    refused = (((2, 1), (2, 1)), ((3, 1), (2, 1)), ((3, 3), (3, 3)))
    hint = _HINT

    def lower(self, x: Operand, y: Operand) -> Node:
        """cross(x, y)."""
        return apply(self, [x.node, y.node])

    def value(self, xp: Any, x: Any, y: Any) -> Any:
        """x × y of (…, 3)."""
        return xp.linalg.cross(x, y) if ns.library(xp) == "torch" else xp.cross(x, y)

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """y × c or c × x; of a Jacobian its product with skew(x) or -skew(y)."""
        x, y = node.children
        if not o:
            return apply(self, [y, cotangent] if index == 0 else [cotangent, x])
        matrix = apply(SKEW, [y if index == 0 else x])
        made = contract([(cotangent, (*o, *b, "i")), (matrix, (*b, "i", "k"))], (*o, *b, "k"))
        return scale(-1, made) if index == 0 else made

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """x × x = 0, (c x) × y = c (x × y)."""
        (a, (r, x)), (c, (s, y)) = map(_linearly, operands)
        if x is y or is_zero(x) or is_zero(y):
            return zero(x.axes)
        if [x, y] == list(operands):
            return None
        return scale(a, scale(c, multiply(r, s, apply(self, [x, y]))))


@final
class Skew(Function):
    """x ↦ the matrix of y ↦ x × y, linear in x.

    It is skew-symmetric, so of a cotangent C only the skew part counts, and ⟨C, skew(dx)⟩ = ⟨2 vee(C), dx⟩.
    """

    name = "skew"
    signature = "(n)->(n,n)"
    arguments = (Parameter("x"), Parameter("axis", "axis", None))
    shapes = "(3,1)->(3,3); (1,3)->(3,3)"
    axis_shapes = ("(3,m)->(m,3,3)", "(m,3)->(m,3,3)")
    doc = "The matrix with skew(x) @ y = cross(x, y), of a vector with 3 entries; of a matrix along an axis."
    latex = r"\operatorname{skew}"
    domain = ("real",)
    citation = _CITATION
    refused = (((2, 1),), ((3, 3),))
    hint = _HINT

    def lower(self, x: Operand, axis: int | None = None) -> Node:
        """skew(x), or of every vector along an axis."""
        if axis is None:
            return apply(self, [x.node])
        if len(x.node.axes) < 2:
            raise DomainError("skew along an axis is of a matrix", hint="of a vector write skew(x)")
        return apply(self, [x.node if axis == 1 else permute(x.node, (1, 0))])

    def value(self, xp: Any, x: Any) -> Any:
        """The matrices of (…, 3)."""
        a, b, c = x[..., 0], x[..., 1], x[..., 2]
        nothing = xp.zeros_like(a)
        rows = ((nothing, -c, b), (c, nothing, -a), (-b, a, nothing))
        return xp.stack(tuple(xp.stack(row, -1) for row in rows), -2)

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """2 vee(C); of a Jacobian its product with the matrices of the unit vectors."""
        if not o:
            return scale(2, apply(VEE, [cotangent]))
        factors = [(cotangent, (*o, *b, "i", "j")), (_of_unit_vectors(node.axes[-1]), "kij")]
        return contract(factors, (*o, *b, "k"))

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """skew(c x) = c skew(x)."""
        coefficient, (s, x) = _linearly(operands[0])
        return scale(coefficient, multiply(s, apply(self, [x]))) if x is not operands[0] else None


@final
class Vee(Function):
    """A ↦ the vector x of its skew part, (A - Aᵀ)/2 = skew(x), linear in A; so ⟨c, vee(dA)⟩ = ⟨skew(c)/2, dA⟩."""

    name = "vee"
    signature = "(n,n)->(n)"
    arguments = (Parameter("A"),)
    shapes = "(3,3)->(3,1)"
    doc = "The vector x with skew(x) = (A - A.T)/2, of a matrix with 3 rows and columns: what undoes skew."
    latex = r"\operatorname{vee}"
    domain = ("real",)
    citation = _CITATION
    refused = (((2, 2),), ((3, 1),))
    hint = "vee is of 3 by 3 matrices"

    def lower(self, A: Operand) -> Node:
        """vee(A)."""
        return apply(self, [A.node])

    def value(self, xp: Any, A: Any) -> Any:
        """The vectors of (…, 3, 3)."""
        pairs = ((2, 1), (0, 2), (1, 0))
        return xp.stack(tuple(A[..., i, j] - A[..., j, i] for i, j in pairs), -1) / 2

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """skew(c)/2; of a Jacobian its product with the matrices of the unit vectors."""
        if not o:
            return scale(_HALF, apply(SKEW, [cotangent]))
        factors = [(cotangent, (*o, *b, "k")), (_of_unit_vectors(node.axes[-1]), "kij")]
        return scale(_HALF, contract(factors, (*o, *b, "i", "j")))

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """vee(skew(x)) = x, vee(Aᵀ) = -vee(A), vee(c A) = c vee(A), vee(u vᵀ) = v × u / 2, 0 of a symmetric matrix."""
        coefficient, (s, A) = _linearly(operands[0])
        if A is not operands[0]:
            return scale(coefficient, multiply(s, apply(self, [A])))
        if A.symmetric:
            return zero(A.axes[:1])
        inner = applied(A, "skew")
        if inner is not None:
            return inner.children[0]
        transposed = untransposed(A)
        if transposed is not None:
            return scale(-1, apply(self, [transposed]))
        return _of_outer_product(A)


def _of_unit_vectors(dim: Any) -> Node:
    """The matrices of the unit vectors as one tensor: the permutation symbol with its sign."""
    return apply(SKEW, [identity(dim)])


def _linearly(node: Node) -> tuple[Coefficient, tuple[Node, Node]]:
    """`(c, (s, X))` such that the node is c s X, with a number and a scalar."""
    coefficient, inner = multiple(node)
    return coefficient, scalar_apart(inner)


def _of_outer_product(A: Node) -> Node | None:
    """v × u / 2 where A is u vᵀ."""
    if not isinstance(A, Contract) or len(A.out) != 2 or A.out[0] == A.out[1]:
        return None
    sides = []
    parts = [[A.factors[k] for k in members] for members in connected(A.factors)]
    for label, other in (A.out, A.out[::-1]):
        own = [pair for part in parts if any(label in labels for _, labels in part) for pair in part]
        if any(other in labels for _, labels in own):
            return None
        sides.append(contract(own, (label,), {label: A.sizes[label]}))
    return scale(_HALF, apply(CROSS, sides[::-1]))


CROSS = register(Cross())
SKEW = register(Skew())
VEE = register(Vee())
