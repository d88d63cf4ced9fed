"""The determinant, its logarithm, and the adjugate, which is its derivative."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, ClassVar, final

from matcalc.graph import Node, apply, contract, elementwise, identity, multiply, number, ones, subtract
from matcalc.rules import namespaces as ns
from matcalc.rules.entries import Condition, Function
from matcalc.rules.inverses import INVERSE, INVERTIBLE, NOT_SQUARE, SQUARE
from matcalc.rules.operands import Operand
from matcalc.rules.patterns import applied, chain, swap_last, untransposed
from matcalc.rules.registry import lookup, register

Labels = tuple[Hashable, ...]


@final
class Determinant(Function):
    """X ↦ det X.

    Jacobi: d det X = tr(adj(X) dX), so the pullback is c adj(X)ᵀ, at a singular X too
    (Magnus & Neudecker 2019, Matrix Differential Calculus, section 8.3; The Matrix Cookbook, eq. 46).
    """

    name = "det"
    signature = "(n,n)->()"
    arguments = (SQUARE,)
    shapes = "(n,n)->(1,1)"
    doc = "The determinant of a square matrix."
    latex = r"\det"
    domain = ("real",)
    citation = (
        "Magnus & Neudecker 2019, Matrix Differential Calculus, section 8.3; The Matrix Cookbook, eq. 46"
    )
    refused = NOT_SQUARE
    hint = "only a square matrix has a determinant"
    makes: ClassVar[Mapping[str, frozenset[str]]] = {"spd": frozenset({"positive"})}

    def lower(self, X: Operand) -> Node:
        """det(X); a scalar is its own determinant."""
        return apply(self, [X.node]) if X.node.axes else X.node

    def value(self, xp: Any, X: Any) -> Any:
        """det X of (…, n, n)."""
        return xp.linalg.det(X)

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """c adj(X)ᵀ."""
        cofactors = apply(ADJUGATE, node.children)
        return contract([(cotangent, (*o, *b)), (cofactors, (*b, "j", "i"))], (*o, *b, "i", "j"))

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """det(Xᵀ) = det(X), det(exp A) = exp(tr A), det(I) = 1."""
        transposed = untransposed(operands[0])
        if transposed is not None:
            return apply(self, [transposed])
        trace = _trace_of_logarithm(operands[0])
        if trace is not None:
            return elementwise(lookup("exp"), trace)
        return number(1) if operands[0] is identity(operands[0].axes[-1]) else None


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
        """logdet(Xᵀ) = logdet(X), logdet(exp A) = tr A, logdet(I) = 0."""
        transposed = untransposed(operands[0])
        if transposed is not None:
            return apply(self, [transposed])
        trace = _trace_of_logarithm(operands[0])
        if trace is not None:
            return trace
        return number(0) if operands[0] is identity(operands[0].axes[-1]) else None

    def defined(self, node: Node) -> list[Condition]:
        """X must be invertible, or the logarithm is minus infinity."""
        return [Condition(INVERTIBLE, node.children[0], "invertible")]


@final
class Adjugate(Function):
    """X ↦ adj X, the transposed matrix of cofactors: X adj(X) = adj(X) X = det(X) I, and adj X = det(X) X⁻¹.

    A polynomial in the entries, so it has a value at a singular X as well. Where X is invertible,
    d adj X = tr(X⁻¹ dX) adj X - X⁻¹ dX adj X, so a cotangent C is pulled back to ⟨C, adj X⟩ X⁻ᵀ - X⁻ᵀ C adj(X)ᵀ
    (Magnus & Neudecker 2019, Matrix Differential Calculus, section 8.6). At a singular X the derivative exists, but
    this form does not reach it; hence the condition.
    """

    name = "adj"
    signature = "(n,n)->(n,n)"
    arguments = (SQUARE,)
    shapes = "(n,n)->(n,n)"
    doc = "The adjugate: the transposed matrix of cofactors, det(X) * inv(X) where X is invertible."
    latex = r"\operatorname{adj}"
    domain = ("invertible",)
    citation = "Magnus & Neudecker 2019, Matrix Differential Calculus, section 8.6"
    refused = NOT_SQUARE
    hint = "only a square matrix has an adjugate"
    keeps = frozenset({"symmetric", "spd", "diagonal", "orthogonal", "invertible"})

    def lower(self, X: Operand) -> Node:
        """adj(X); that of a scalar is 1, the determinant of nothing."""
        return apply(self, [X.node]) if X.node.axes else ones(())

    def value(self, xp: Any, X: Any) -> Any:
        """adj X of (…, n, n) = V adj(S) Uᵀ det(U Vᵀ) with X = U S Vᵀ: nothing is divided by, so X may be singular."""
        U, S, Vt = xp.linalg.svd(X)
        sign = xp.linalg.det(U @ Vt)
        # The product of all singular values but one, for each of them.
        others = xp.where(ns.eye_like(xp, X) > 0, xp.ones_like(X), S[..., None, :])
        products = xp.prod(others, -1)
        return ns.swapped(xp, U * (sign[..., None] * products)[..., None, :] @ Vt)

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """⟨C, adj X⟩ X⁻ᵀ - X⁻ᵀ C adj(X)ᵀ."""
        inverse = apply(INVERSE, node.children)
        out = (*o, *b, "i", "j")
        whole = contract([(cotangent, (*o, *b, "k", "l")), (node, (*b, "k", "l"))], (*o, *b))
        return subtract(
            contract([(whole, (*o, *b)), (inverse, (*b, "j", "i"))], out),
            contract(
                [(inverse, (*b, "k", "i")), (cotangent, (*o, *b, "k", "l")), (node, (*b, "j", "l"))], out
            ),
        )

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """adj(Xᵀ) = adj(X)ᵀ, adj(A B) = adj(B) adj(A), adj(inv(X)) = det(inv(X)) X, adj(I) = I."""
        (X,) = operands
        transposed = untransposed(X)
        if transposed is not None:
            return swap_last(apply(self, [transposed]))
        inverse = applied(X, "inv")
        if inverse is not None and not inverse.batch:
            return multiply(apply(DETERMINANT, [X]), inverse.children[0])
        product = chain(X)
        if product is not None:
            # The outputs of the chain are its first and its last label, and adj turns the order around.
            last = len(product)
            each = [
                (apply(self, [factor]), (k, k + 1) if flipped else (k + 1, k))
                for k, (factor, flipped) in enumerate(product)
            ]
            return contract(each, (last, 0))
        return X if X is identity(X.axes[-1]) else None

    def symmetric(self, operands: Sequence[Node], symmetric: Callable[[Node], bool]) -> bool:
        """The adjugate of a symmetric matrix is symmetric."""
        return symmetric(operands[0])

    def conditions(self, node: Node) -> list[Condition]:
        """X must be invertible for the derivative to be written with inv(X)."""
        return [Condition(INVERTIBLE, node.children[0], "invertible")]


def _trace_of_logarithm(X: Node) -> Node | None:
    """tr A where X is exp A, batch axes kept; else None."""
    exponential = applied(X, "expm")
    if exponential is None:
        return None
    batch = tuple(range(exponential.batch))
    return contract([(exponential.children[0], (*batch, "i", "i"))], batch)


DETERMINANT = register(Determinant())
LOG_DETERMINANT = register(LogDeterminant())
ADJUGATE = register(Adjugate())
