"""The norms that are made of singular values, and what their derivatives need."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, final

from matcalc.errors import DomainError
from matcalc.graph import Node, add, apply, contract, elementwise, multiply, power, scale, subtract
from matcalc.rules import namespaces as ns
from matcalc.rules.entries import Condition, Function, Parameter
from matcalc.rules.inverses import INVERSE
from matcalc.rules.norms import norm
from matcalc.rules.operands import Operand
from matcalc.rules.patterns import of_transpose, swap_last, unit_matrix
from matcalc.rules.registry import lookup, register

Labels = tuple[Hashable, ...]
MAGNUS = "Magnus 1985, On differentiating eigenvalues and eigenvectors, theorem 1"
_SIMPLE = "the largest singular value of {} is simple and not 0"
_FULL_RANK = "{} has full rank"
# How far apart singular values have to be, relative to the largest, for a sample to count as regular.
_APART = 0.02


@final
class SpectralNorm(Function):
    """X ↦ σ₁, the largest singular value.

    dσ₁ = u₁ᵀ dX v₁ where σ₁ is simple, so a cotangent c is pulled back to c u₁ v₁ᵀ
    (Horn & Johnson 2013, Matrix Analysis, section 7.3; Watson 1992, Characterization of the subdifferential of some
    matrix norms).
    """

    name = "norm_spectral"
    signature = "(m,n)->()"
    arguments = (Parameter("X"),)
    shapes = "(m,n)->(1,1)"
    doc = "The spectral norm of a matrix, its largest singular value."
    latex = r"\left\|{0}\right\|_2"
    domain = ("full_rank",)
    citation = "Watson 1992, Characterization of the subdifferential of some matrix norms"

    def lower(self, X: Operand) -> Node:
        """norm_spectral(X); of a vector its 2-norm."""
        return apply(self, [X.node]) if len(X.node.axes) == 2 else norm(X)

    def value(self, xp: Any, X: Any) -> Any:
        """σ₁ of (…, m, n)."""
        return ns.thin_svd(xp, X)[1][..., 0]

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """c u₁ v₁ᵀ."""
        dyad = apply(SINGULAR_DYAD, node.children)
        return contract([(cotangent, (*o, *b)), (dyad, (*b, "i", "j"))], (*o, *b, "i", "j"))

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """norm_spectral(Xᵀ) = norm_spectral(X)."""
        return of_transpose(self, operands[0])

    def is_regular(self, X: Any) -> bool:
        """Whether the largest singular value is well apart."""
        return _largest_apart(X)

    def conditions(self, node: Node) -> list[Condition]:
        """The largest singular value must be simple."""
        return [Condition(_SIMPLE, node.children[0])]


@final
class SingularDyad(Function):
    """X ↦ M = u₁ v₁ᵀ, of the singular vectors of the largest singular value σ.

    P = M Mᵀ = u₁ u₁ᵀ projects onto an eigenvector of A = X Xᵀ, so dP = S dA P + P dA S with S = (σ² I - A)⁺; and
    M = P X / σ gives dM = (dP X + P dX - M dσ) / σ with dσ = ⟨M, dX⟩. A cotangent C is pulled back to
    (P C - ⟨C, M⟩ M) / σ + (H + Hᵀ) X with H = S G P + P G S and G = C Xᵀ / σ
    (Magnus 1985, theorem 1; Giles 2008, section 3.3).

    Rounding errors decide whether a pseudo-inverse takes σ² I - A for singular. R = (σ² (I - 4 P) - A)⁻¹ is
    S - P / (4 σ²), and as P G P = ⟨C, M⟩ P, with R for S the sum loses ⟨C, M⟩ M / σ: P C / σ + (H + Hᵀ) X is left.
    """

    name = "singular_dyad"
    signature = "(m,n)->(m,n)"
    arguments = (Parameter("X"),)
    shapes = "(m,n)->(m,n)"
    doc = "u @ v.T of the singular vectors of the largest singular value, the derivative of norm_spectral."
    latex = r"\operatorname{singular\_dyad}"
    domain = ("full_rank",)
    citation = f"{MAGNUS}; Giles 2008, section 3.3"

    def lower(self, X: Operand) -> Node:
        """singular_dyad(X); of a vector x / |x|."""
        return apply(self, [X.node]) if len(X.node.axes) == 2 else _normalised(X)

    def value(self, xp: Any, X: Any) -> Any:
        """u₁ v₁ᵀ of (…, m, n)."""
        U, _, Vt = ns.thin_svd(xp, X)
        return U[..., :, :1] * Vt[..., :1, :]

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """P C / σ + (H + Hᵀ) X."""
        [X], M, C = node.children, node, cotangent
        m = X.axes[-2]
        out, square = (*o, *b, "i", "j"), (*b, "i", "j")
        norm = apply(SPECTRAL_NORM, [X])
        inverse = power(norm, -1)
        P = contract([(M, (*b, "i", "k")), (M, (*b, "j", "k"))], square)
        A = contract([(X, (*b, "i", "k")), (X, (*b, "j", "k"))], square)
        unit = unit_matrix((*X.axes[:-2], m, m))
        turned = subtract(unit, scale(4, P))
        R = apply(INVERSE, [subtract(contract([(power(norm, 2), b), (turned, square)], square), A)])
        G = contract([(C, (*o, *b, "i", "k")), (X, (*b, "j", "k")), (inverse, b)], out)
        H = add(
            *(
                contract([(one, (*b, "i", "k")), (G, (*o, *b, "k", "l")), (other, (*b, "l", "j"))], out)
                for one, other in ((R, P), (P, R))
            )
        )
        return add(
            contract([(P, (*b, "i", "k")), (C, (*o, *b, "k", "j")), (inverse, b)], out),
            contract([(add(H, swap_last(H)), (*o, *b, "i", "k")), (X, (*b, "k", "j"))], out),
        )

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """singular_dyad(Xᵀ) = singular_dyad(X)ᵀ."""
        made = of_transpose(self, operands[0])
        return None if made is None else swap_last(made)

    def symmetric(self, operands: Sequence[Node], symmetric: Callable[[Node], bool]) -> bool:
        """u₁ = ± v₁ for a symmetric matrix."""
        return symmetric(operands[0])

    def is_regular(self, X: Any) -> bool:
        """Whether the largest singular value is well apart."""
        return _largest_apart(X)

    def defined(self, node: Node) -> list[Condition]:
        """The largest singular value must be simple."""
        return [Condition(_SIMPLE, node.children[0])]


@final
class NuclearNorm(Function):
    """X ↦ Σ σₖ, the sum of the singular values.

    Where X = U Σ Vᵀ has full rank, d Σ σₖ = ⟨U Vᵀ, dX⟩, so a cotangent c is pulled back to c U Vᵀ
    (Watson 1992, Characterization of the subdifferential of some matrix norms).
    """

    name = "norm_nuclear"
    signature = "(m,n)->()"
    arguments = (Parameter("X"),)
    shapes = "(m,n)->(1,1)"
    doc = "The nuclear norm of a matrix, the sum of its singular values."
    latex = r"\left\|{0}\right\|_*"
    domain = ("full_rank",)
    citation = "Watson 1992, Characterization of the subdifferential of some matrix norms"
    limited = (
        "the derivative of the polar factor solves a Sylvester equation, for which there is no formula here"
    )

    def lower(self, X: Operand) -> Node:
        """norm_nuclear(X); of a vector its 2-norm."""
        return apply(self, [X.node]) if len(X.node.axes) == 2 else norm(X)

    def value(self, xp: Any, X: Any) -> Any:
        """Σ σₖ of (…, m, n)."""
        return ns.thin_svd(xp, X)[1].sum(-1)

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """c U Vᵀ."""
        factor = apply(POLAR, node.children)
        return contract([(cotangent, (*o, *b)), (factor, (*b, "i", "j"))], (*o, *b, "i", "j"))

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """norm_nuclear(Xᵀ) = norm_nuclear(X)."""
        return of_transpose(self, operands[0])

    def is_regular(self, X: Any) -> bool:
        """Whether no singular value is near 0."""
        return _far_from_singular(X)

    def conditions(self, node: Node) -> list[Condition]:
        """X must have full rank."""
        return [Condition(_FULL_RANK, node.children[0], "invertible")]


@final
class Polar(Function):
    """X ↦ U Vᵀ with X = U Σ Vᵀ, the orthogonal factor of the polar decomposition X = (U Vᵀ) (V Σ Vᵀ).

    Its differential solves a Sylvester equation and is no formula of the language, so it is refused
    (Higham 2008, Functions of Matrices, section 8.2).
    """

    name = "polar"
    signature = "(m,n)->(m,n)"
    arguments = (Parameter("X"),)
    shapes = "(m,n)->(m,n)"
    doc = "The orthogonal polar factor U @ V.T of a matrix of full rank, the derivative of norm_nuclear."
    latex = r"\operatorname{polar}"
    domain = ("full_rank",)
    citation = "Higham 2008, Functions of Matrices, section 8.2"
    limited = NuclearNorm.limited
    keeps = frozenset({"symmetric", "diagonal", "orthogonal", "invertible"})

    def lower(self, X: Operand) -> Node:
        """polar(X); of a vector x / |x|."""
        return apply(self, [X.node]) if len(X.node.axes) == 2 else _normalised(X)

    def value(self, xp: Any, X: Any) -> Any:
        """U Vᵀ of (…, m, n)."""
        U, _, Vt = ns.thin_svd(xp, X)
        return U @ Vt

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """Refused."""
        raise DomainError(
            "polar, the derivative of norm_nuclear, is not differentiated further", hint=self.limited
        )

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """polar(Xᵀ) = polar(X)ᵀ."""
        made = of_transpose(self, operands[0])
        return None if made is None else swap_last(made)

    def symmetric(self, operands: Sequence[Node], symmetric: Callable[[Node], bool]) -> bool:
        """The polar factor of a symmetric matrix is its sign."""
        return symmetric(operands[0])

    def is_regular(self, X: Any) -> bool:
        """Whether no singular value is near 0."""
        return _far_from_singular(X)

    def defined(self, node: Node) -> list[Condition]:
        """X must have full rank."""
        return [Condition(_FULL_RANK, node.children[0], "invertible")]


def _normalised(x: Operand) -> Node:
    """x / |x|; of a scalar its sign."""
    if not x.node.axes:
        return elementwise(lookup("sign"), x.node)
    return multiply(x.node, power(norm(x), -1))


def _largest_apart(X: Any) -> bool:
    """Whether the largest singular values are well above the second ones."""
    import numpy as np

    values = np.linalg.svd(X, compute_uv=False)
    second = values[..., 1] if values.shape[-1] > 1 else 0.0
    return bool(np.all(values[..., 0] > second + _APART * values[..., 0]))


def _far_from_singular(X: Any) -> bool:
    """Whether the smallest singular values are well above 0."""
    import numpy as np

    values = np.linalg.svd(X, compute_uv=False)
    return bool(np.all(values[..., -1] > _APART * values[..., 0]))


SPECTRAL_NORM = register(SpectralNorm())
SINGULAR_DYAD = register(SingularDyad())
NUCLEAR_NORM = register(NuclearNorm())
POLAR = register(Polar())
