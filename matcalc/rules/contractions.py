"""The names of the language that are contractions, or constants: they leave no trace of their name in the graph.

Labels are "i" for rows and "j" for columns; unit dimensions have no axis, which `labels` sees to.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from matcalc.graph import (
    Node,
    contract,
    fuse,
    identity,
    multiply,
    ones,
    power,
    size,
    zero,
)
from matcalc.graph.node import Axes
from matcalc.rules.entries import Composite, Parameter
from matcalc.rules.operands import Operand, labels
from matcalc.rules.registry import register
from matcalc.shapes.dims import Dim

ALL_OR_AXIS: Any = {"shapes": "(m,n)->(1,1)", "axis_shapes": ("(m,n)->(1,n)", "(m,n)->(m,1)")}
AXIS = Parameter("axis", "axis", None)
X, VECTOR_PAIR = Parameter("x"), (Parameter("x"), Parameter("y"))
EITHER_VECTOR = "(n,1)->{0}; (1,n)->{0}"


def _axes(*dims: Dim) -> Axes:
    return tuple(dim for dim in dims if dim != 1)


def total(x: Operand, axis: int | None = None) -> Node:
    """Σ of all entries, or down the rows (axis 0), or along them (axis 1)."""
    kept: dict[int | None, tuple[Hashable, Hashable]] = {None: ("", ""), 0: ("", "j"), 1: ("i", "")}
    row, column = kept[axis]
    own = labels(x.shape, "i", "j")
    return contract([(x.node, own)], tuple(label for label in own if label in (row, column)))


def mean(x: Operand, axis: int | None = None) -> Node:
    """The sum over the number of entries summed."""
    counted = x.shape if axis is None else (x.shape[axis],)
    return multiply(total(x, axis), power(multiply(*map(size, counted)), -1))


def trace(X: Operand) -> Node:
    """Σᵢ Xᵢᵢ."""
    return contract([(X.node, labels(X.shape, "i", "i"))], ())


def diag(x: Operand) -> Node:
    """The diagonal matrix of a vector."""
    own = labels(x.shape, "i", "i")
    return contract([(x.node, own)], own * 2)


def diagonal(X: Operand) -> Node:
    """The diagonal of a matrix as a column."""
    own = labels(X.shape, "i", "i")
    return contract([(X.node, own)], own[:1])


def outer(x: Operand, y: Operand) -> Node:
    """x yᵀ of two vectors."""
    rows, columns = labels(x.shape, "i", "i"), labels(y.shape, "j", "j")
    return contract([(x.node, rows), (y.node, columns)], (*rows, *columns))


def dot(x: Operand, y: Operand) -> Node:
    """xᵀ y of two vectors."""
    return contract([(x.node, labels(x.shape, "i", "i")), (y.node, labels(y.shape, "i", "i"))], ())


def kron(A: Operand, B: Operand) -> Node:
    """A ⊗ B: blocks A[i,j] B."""
    outer_labels, inner_labels = labels(A.shape, "i", "j"), labels(B.shape, "k", "l")
    held = (*outer_labels, *inner_labels)
    sides = [tuple(label for label in side if label in held) for side in ("ik", "jl")]
    grid = contract([(A.node, outer_labels), (B.node, inner_labels)], sum(sides, ()))
    return fuse(grid, [len(side) for side in sides if side])


def stacked(X: Operand) -> Node:
    """The columns of X on top of each other."""
    own = labels(X.shape, "i", "j")
    columns_first = contract([(X.node, own)], own[::-1])
    return fuse(columns_first, [len(own)]) if own else columns_first


def eye(n: Dim) -> Node:
    """The identity matrix."""
    return identity(n) if n != 1 else ones(())


def commutation(m: Dim, n: Dim) -> Node:
    """K with K vec(A) = vec(Aᵀ) for A of shape (m, n): a product of two deltas with its axes fused."""
    sizes: dict[Hashable, Dim] = {label: dim for label, dim in (("i", m), ("j", n)) if dim != 1}
    return fuse(contract((), (*sizes, *reversed(sizes)), sizes), [len(sizes)] * 2 if sizes else ())


def filled_with_ones(m: Dim, n: Dim) -> Node:
    """All ones."""
    return ones(_axes(m, n))


def filled_with_zeros(m: Dim, n: Dim) -> Node:
    """All zeros."""
    return zero(_axes(m, n))


_GRID = (Parameter("m", "dimension"), Parameter("n", "dimension", 1))
_DIAGONAL_HINT = "diag makes a matrix of a vector; diagonal takes the diagonal of a matrix"
COOKBOOK = "Petersen & Pedersen 2012, The Matrix Cookbook"

for _entry in (
    Composite(
        "sum",
        (X, AXIS),
        build=total,
        doc="The sum of all entries; axis=0 sums down the rows into a row, axis=1 along them into a column.",
        latex=r"\sum",
        **ALL_OR_AXIS,
    ),
    Composite(
        "mean",
        (X, AXIS),
        build=mean,
        doc="The mean of all entries, or along an axis as for sum.",
        latex=r"\operatorname{mean}",
        **ALL_OR_AXIS,
    ),
    Composite(
        "tr",
        (Parameter("X"),),
        "(n,n)->(1,1)",
        trace,
        "The trace, the sum of the diagonal.",
        aliases=("trace",),
        latex=r"\operatorname{tr}",
        citation=f"{COOKBOOK}, section 2.5",
        refused=(((2, 3),), ((3, 1),)),
    ),
    Composite(
        "diag",
        (X,),
        EITHER_VECTOR.format("(n,n)"),
        diag,
        "The diagonal matrix of a vector.",
        latex=r"\operatorname{diag}",
        refused=(((2, 3),), ((3, 3),)),
        hint=_DIAGONAL_HINT,
    ),
    Composite(
        "diagonal",
        (Parameter("X"),),
        "(n,n)->(n,1)",
        diagonal,
        "The diagonal of a square matrix, as a column.",
        latex=r"\operatorname{diagonal}",
        refused=(((2, 3),), ((3, 1),)),
        hint=_DIAGONAL_HINT,
    ),
    Composite(
        "outer",
        VECTOR_PAIR,
        "(m,1),(n,1)->(m,n); (1,m),(1,n)->(m,n); (m,1),(1,n)->(m,n); (1,m),(n,1)->(m,n)",
        outer,
        "x @ y.T of two vectors.",
        latex=r"{0} {1}^\top",
        refused=(((2, 3), (3, 1)),),
        hint="outer takes two vectors; kron multiplies matrices blockwise",
    ),
    Composite(
        "dot",
        VECTOR_PAIR,
        "(n,1),(n,1)->(1,1); (1,n),(1,n)->(1,1); (n,1),(1,n)->(1,1); (1,n),(n,1)->(1,1)",
        dot,
        "x.T @ y of two vectors.",
        latex=r"{0}^\top {1}",
        refused=(((2, 3), (3, 1)), ((2, 1), (3, 1))),
        hint="dot takes two vectors of equal length; the product of matrices is A @ B",
    ),
    Composite(
        "kron",
        (Parameter("A"), Parameter("B")),
        "(m,n),(p,q)->(m*p,n*q)",
        kron,
        "The Kronecker product: blocks A[i,j] B.",
        latex=r"{0} \otimes {1}",
        citation=f"{COOKBOOK}, section 10.2",
    ),
    Composite(
        "vec",
        (Parameter("X"),),
        "(n,m)->(m*n,1)",  # columns first, so that vec(X) = kron(B.T, A) @ vec(X) pairs them as AXB does
        stacked,
        "The columns of a matrix on top of each other.",
        latex=r"\operatorname{vec}",
        citation=f"{COOKBOOK}, section 10.2.2",
    ),
    Composite("eye", (Parameter("n", "dimension"),), "->(n,n)", eye, "The identity matrix.", latex="I_{0}"),
    Composite("ones", _GRID, "->(m,n)", filled_with_ones, "All ones: ones(n) a column, ones(m, n) a matrix."),
    Composite(
        "zeros", _GRID, "->(m,n)", filled_with_zeros, "All zeros: zeros(n) a column, zeros(m, n) a matrix."
    ),
    Composite(
        "commutation",
        (Parameter("m", "dimension"), Parameter("n", "dimension")),
        "->(m*n,m*n)",
        commutation,
        "The commutation matrix K with K vec(A) = vec(A.T) for A of shape (m, n).",
        latex="K_{{0},{1}}",
        citation="Magnus & Neudecker 1979, The commutation matrix: some properties and applications",
    ),
):
    register(_entry)
