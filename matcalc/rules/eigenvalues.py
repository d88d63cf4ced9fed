"""Eigenvalues and eigenvectors of symmetric matrices."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from fractions import Fraction
from typing import Any, final

from matcalc.graph import (
    Node,
    add,
    apply,
    broadcast,
    contract,
    identity,
    linear,
    ones,
    power,
    scale,
    subtract,
)
from matcalc.rules import namespaces as ns
from matcalc.rules.entries import Condition, Function, Parameter
from matcalc.rules.inverses import NOT_SQUARE
from matcalc.rules.operands import Operand
from matcalc.rules.patterns import of_transpose, swap_last, unit_matrix
from matcalc.rules.registry import register

Labels = tuple[Hashable, ...]
MAGNUS = "Magnus 1985, On differentiating eigenvalues and eigenvectors, theorem 1"
_DISTINCT = "the symmetric part of {} has distinct eigenvalues"
_HALF = Fraction(1, 2)
# How far apart eigenvalues have to be, relative to the largest, for a sample to count as regular.
_APART = 0.02


@final
class Eigenvalues(Function):
    """S ↦ λ₁ ≤ … ≤ λₙ, the eigenvalues of a symmetric matrix; of any other those of its symmetric part.

    With unit eigenvectors vᵢ, dλᵢ = vᵢᵀ dS vᵢ where λᵢ is simple, so a cotangent c is pulled back to V diag(c) Vᵀ
    (Magnus 1985, On differentiating eigenvalues and eigenvectors, theorem 1).
    """

    name = "eigvalsh"
    signature = "(n,n)->(n)"
    arguments = (Parameter("S"),)
    shapes = "(n,n)->(n,1)"
    doc = "The eigenvalues of a symmetric matrix in ascending order, as a column; of another those of (S + S.T)/2."
    latex = r"\operatorname{eigvalsh}"
    domain = ("symmetric",)
    citation = MAGNUS
    refused = NOT_SQUARE
    hint = "only a square matrix has eigenvalues"

    def lower(self, S: Operand) -> Node:
        """eigvalsh(S); that of a scalar is itself."""
        return apply(self, [S.node]) if S.node.axes else S.node

    def value(self, xp: Any, S: Any) -> Any:
        """The eigenvalues of (…, n, n)."""
        return xp.linalg.eigvalsh((S + ns.swapped(xp, S)) / 2)

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """V diag(c) Vᵀ."""
        V = apply(EIGENVECTORS, node.children)
        factors = [(V, (*b, "i", "k")), (cotangent, (*o, *b, "k")), (V, (*b, "j", "k"))]
        return contract(factors, (*o, *b, "i", "j"))

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """eigvalsh(Sᵀ) = eigvalsh(S), eigvalsh(I) = ones."""
        return of_transpose(self, operands[0]) or (
            ones(operands[0].axes[-1:]) if operands[0] is identity(operands[0].axes[-1]) else None
        )

    def is_regular(self, S: Any) -> bool:
        """Whether the eigenvalues are well apart."""
        return _apart(S)

    def conditions(self, node: Node) -> list[Condition]:
        """The eigenvalues must be simple."""
        return [Condition(_DISTINCT, node.children[0])]


@final
class Eigenvectors(Function):
    """S ↦ V with S = V diag(λ) Vᵀ, unit eigenvectors as columns, the largest entry of each being positive.

    With F[i,j] = 1/(λⱼ - λᵢ) and zero diagonal, dV = V (F ⊙ (Vᵀ dS V)), so a cotangent C is pulled back to the
    symmetric part of V (F ⊙ (Vᵀ C)) Vᵀ (Magnus 1985; Giles 2008, section 3.1).
    """

    name = "eigvecsh"
    signature = "(n,n)->(n,n)"
    arguments = (Parameter("S"),)
    shapes = "(n,n)->(n,n)"
    doc = (
        "The unit eigenvectors of a symmetric matrix as columns, in the order of eigvalsh, what eigh(S)[1] is in NumPy;"
        " the largest entry of each is positive."
    )
    latex = r"\operatorname{eigvecsh}"
    domain = ("symmetric",)
    citation = f"{MAGNUS}; Giles 2008, section 3.1"
    refused = NOT_SQUARE
    hint = "only a square matrix has eigenvectors"
    gives = frozenset({"orthogonal"})

    def lower(self, S: Operand) -> Node:
        """eigvecsh(S); that of a scalar is 1."""
        return apply(self, [S.node]) if S.node.axes else ones(())

    def value(self, xp: Any, S: Any) -> Any:
        """The eigenvectors of (…, n, n)."""
        V = xp.linalg.eigh((S + ns.swapped(xp, S)) / 2)[1]
        return V * ns.sign_of_largest(xp, V)

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """V (F ⊙ (Vᵀ C)) Vᵀ, its symmetric part."""
        [S] = node.children
        n = S.axes[-1]
        axes = (*S.axes[:-2], n, n)
        places = range(len(axes) - 2)
        values = apply(EIGENVALUES, [S])
        gaps = linear(
            [
                (1, broadcast(values, (*places, len(axes) - 1), axes)),
                (-1, broadcast(values, (*places, len(axes) - 2), axes)),
                (1, unit_matrix(axes)),
            ],
            axes,
        )
        F = subtract(power(gaps, -1), unit_matrix(axes))
        half = contract(
            [
                (node, (*b, "i", "k")),
                (F, (*b, "k", "l")),
                (node, (*b, "p", "k")),
                (cotangent, (*o, *b, "p", "l")),
                (node, (*b, "j", "l")),
            ],
            (*o, *b, "i", "j"),
        )
        return scale(_HALF, add(half, swap_last(half)))

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """eigvecsh(Sᵀ) = eigvecsh(S)."""
        return of_transpose(self, operands[0])

    def is_regular(self, S: Any) -> bool:
        """Whether the eigenvalues are well apart."""
        return _apart(S)

    def defined(self, node: Node) -> list[Condition]:
        """The eigenvalues must be simple, or the eigenvectors are not determined."""
        return [Condition(_DISTINCT, node.children[0])]


def _apart(S: Any) -> bool:
    """Whether the eigenvalues of the symmetric parts are well apart."""
    import numpy as np

    values = np.linalg.eigvalsh((S + np.swapaxes(S, -1, -2)) / 2)
    gaps = np.diff(values, axis=-1)
    return bool(np.all(gaps > _APART * np.abs(values).max(-1, keepdims=True)))


EIGENVALUES = register(Eigenvalues())
EIGENVECTORS = register(Eigenvectors())
