"""The structure of a Jacobian or Hessian as a matrix: diagonal, of low rank, a Kronecker product, or a sum of these.

A derivative's axes are those of its rows and then those of its columns. Each of its terms is a contraction, whose graph
shows the structure: a label that is row and column at once makes a diagonal; rows and columns that no path joins make a
product of two vectors; a label through which every path goes, a product of two matrices of its size; and of matrices by
matrices, paths from the first row axis to the first column axis and from the second to the second, A ⊗ B.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from matcalc.graph import Axes, Coefficient, Contract, Node, Sum, add, contract, linear
from matcalc.shapes.dims import dim_value

Labels = tuple[int, ...]
Factors = Sequence[tuple[Node, Labels]]


@dataclass
class Structure:
    """A square matrix as diag(`diagonal`) + Σ c left @ right + Σ first ⊗ second, where a missing side is the identity.

    `pairs` are (c, left, right) with the rows' axes and an inner axis, and an inner axis and the columns' axes; the
    inner axis is missing for vectors. `rank` is the sum of the inner sizes. `gram` says that some term is Aᵀ D A,
    `filled` that its A has as many rows as columns or more, `plain` that some term is none of all these.
    """

    diagonal: Node | None = None
    pairs: list[tuple[Coefficient, Node, Node]] = field(default_factory=list)
    kronecker: list[tuple[Node | None, Node | None]] = field(default_factory=list)
    rank: int = 0
    gram: bool = False
    filled: bool = False
    plain: bool = False

    @property
    def rest(self) -> bool:
        """Whether the matrix has a part of which equations can make no use."""
        return self.filled or self.plain


def structure(node: Node, rows: int, sizes: Mapping[str, int]) -> Structure:
    """What is known of a matrix whose first `rows` axes are its rows; `sizes` are those of its dimensions."""
    found = Structure()
    known = dict(sizes)
    if node.axes[:rows] != node.axes[rows:]:
        found.plain = True
        return found
    order = prod(dim_value(dim, known) for dim in node.axes[:rows])
    for coefficient, term in _terms(node):
        if not isinstance(term, Contract):
            found.plain = True
        else:
            _add_term(found, coefficient, term, rows, order, known)
    return found


def outer_factors(node: Node) -> tuple[Node, Node] | None:
    """Two vectors of which a matrix is the outer product; None where it is none."""
    coefficient, term = 1, node
    if isinstance(node, Sum) and len(node.terms) == 1:
        coefficient, term = node.terms[0]  # type: ignore[assignment]
    if not isinstance(term, Contract) or len(term.out) != 2:
        return None
    row, column = term.out
    joined = _reach(term.factors, {row})
    if column in joined:
        return None
    dims = dict(enumerate(term.sizes))
    left = [pair for pair in term.factors if not joined.isdisjoint(pair[1]) or not pair[1]]
    right = [pair for pair in term.factors if pair not in left]
    first = contract(left, (row,), {label: dims[label] for label in {row, *joined}})
    second = contract(right, (column,), {label: dims[label] for label in set(dims) - joined})
    return linear([(coefficient, first)], first.axes), second


def _terms(node: Node) -> list[tuple[Coefficient, Node]]:
    """The terms of a sum of sums."""
    terms: list[tuple[Coefficient, Node]] = []
    pending: list[tuple[Coefficient, Node]] = [(1, node)]
    while pending:
        coefficient, one = pending.pop()
        if isinstance(one, Sum):
            pending += [(coefficient * inner, term) for inner, term in one.terms]
        else:
            terms.append((coefficient, one))
    return terms


def _add_term(
    found: Structure, coefficient: Coefficient, term: Contract, rows: int, order: int, sizes: dict[str, int]
) -> None:
    row, column = term.out[:rows], term.out[rows:]
    dims = dict(enumerate(term.sizes))

    def part(factors: Factors, out: Labels) -> Node:
        held = {label for _, labels in factors for label in labels} | set(out)
        return contract(factors, out, {label: dims[label] for label in held})

    def scaled(node: Node) -> Node:
        return linear([(coefficient, node)], node.axes)

    def both(first: Factors, second: Factors) -> tuple[Node | None, Node | None]:
        # What is no matrix goes to the side that is one.
        scalars = [pair for pair in term.factors if not pair[1]]
        # No factors between two indices are the identity where these are one, and ones where they are two.
        if not first and row[0] == column[0]:
            return None, scaled(part([*scalars, *second], (row[1], column[1])))
        left = scaled(part([*scalars, *first], (row[0], column[0])))
        whole = not second and row[1] == column[1]
        return left, None if whole else part(second, (row[1], column[1]))

    if row == column and len(set(row)) == len(row):
        entries = scaled(part(term.factors, row))
        found.diagonal = entries if found.diagonal is None else add(found.diagonal, entries)
        return
    if set(row) & set(column):
        halves = _kronecker(term, rows)
        if halves is None:
            found.plain = True
            return
        found.kronecker.append(both(*halves))
        return
    joined = _reach(term.factors, set(row))
    if joined.isdisjoint(column):
        left = [pair for pair in term.factors if not joined.isdisjoint(pair[1]) or not pair[1]]
        right = [pair for pair in term.factors if pair not in left]
        found.pairs.append((coefficient, part(left, row), part(right, column)))
        found.rank += 1
        return
    if rows == 2 and (halves := _kronecker(term, rows)) is not None:
        found.kronecker.append(both(*halves))
        return
    cuts = [
        label
        for label in range(len(term.sizes))
        if label not in term.out and _reach(term.factors, set(row), label).isdisjoint(column)
    ]
    if not cuts:
        found.plain = True
        return
    cut = min(cuts, key=lambda label: dim_value(dims[label], sizes))
    size = dim_value(dims[cut], sizes)
    found.gram |= term.symmetric
    if size >= order:
        found.filled = True
        found.plain |= not term.symmetric
        return
    joined = _reach(term.factors, set(row), cut) | {cut}
    left = [pair for pair in term.factors if set(pair[1]) <= joined]
    right = [pair for pair in term.factors if pair not in left]
    found.pairs.append((coefficient, part(left, (*row, cut)), part(right, (cut, *column))))
    found.rank += size


def _reach(factors: Factors, start: set[int], without: int | None = None) -> set[int]:
    """The labels that paths from `start` come to; none goes through `without`."""
    reached = set(start)
    count = 0
    while count != len(reached):
        count = len(reached)
        for _, labels in factors:
            rest = {label for label in labels if label != without}
            if not reached.isdisjoint(rest):
                reached |= rest
    return reached


def _kronecker(term: Contract, rows: int) -> tuple[Factors, Factors] | None:
    """The factors between the first axes and those between the second, if nothing joins them."""
    if rows != 2:
        return None
    first = _reach(term.factors, {term.out[0], term.out[2]})
    second = _reach(term.factors, {term.out[1], term.out[3]})
    if first & second or len(first | second) < len(term.sizes):
        return None
    return (
        [pair for pair in term.factors if not first.isdisjoint(pair[1])],
        [pair for pair in term.factors if not second.isdisjoint(pair[1])],
    )


def matrix_vector(node: Node, vector: Node, rows: int, transposed: bool = False) -> Node:
    """The matrix, or its transpose, times a vector that has the axes of its columns, or rows, term by term."""
    labels = tuple(range(len(node.axes)))
    summed, out = (labels[:rows], labels[rows:]) if transposed else (labels[rows:], labels[:rows])
    axes: Axes = tuple(node.axes[label] for label in out)
    terms = []
    for coefficient, term in _terms(node):
        factors = [(term, labels), (vector, summed)]
        terms.append((coefficient, contract(factors, out, dict(enumerate(node.axes)), lambda inner: True)))
    return linear(terms, axes)
