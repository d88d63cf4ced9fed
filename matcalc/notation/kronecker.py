"""Fused axes in matrix notation: vec, Kronecker products, and diagonal matrices of a vec.

The Jacobian of a matrix by a matrix has four indices, fused two by two. Where the index graph falls apart into a part
that joins the first indices of both pairs and a part that joins the second, it is a Kronecker product:
∂vec(AXB)/∂vec(X) = Bᵀ ⊗ A. A factor on both indices of a pair is a diagonal matrix, parts that keep to one side are
an outer product of vecs, and crossed pairs bring in the commutation matrix.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.graph import Apply, Coefficient, Contract, Fuse, Node, Split, Sum, base_and_exponent, contract
from matcalc.graph.numbers import magnitude
from matcalc.notation import pieces
from matcalc.notation.indexform import write_indexed
from matcalc.notation.tree import Call, Shape, Tree
from matcalc.notation.written import Written
from matcalc.shapes.dims import Dim, dim_product

# Functions that give a matrix for a matrix without being told an axis.
_OF_ALL_ENTRIES = ("argmax_indicator", "argmin_indicator")

_Factor = tuple[Node, tuple[int, ...]]


def write_fused(writer: Written, node: Fuse, coefficient: Coefficient) -> Tree:
    """coefficient · node; a negative coefficient goes into the signs of a sum."""
    sign = 1 if coefficient > 0 else -1
    coefficient = magnitude(coefficient)
    inner = node.children[0]
    if len(node.groups) == 1 and len(inner.axes) == 2:
        stacked = vec(pieces.transposed(writer.tree(inner)), node.axes[0])
        return pieces.over(coefficient, (), (), stacked if sign > 0 else pieces.negative(stacked))
    tree: Tree | None = None
    if len(node.groups) == 2 and max(node.groups) == 2 and inner not in writer.parts:
        tree = _matrix(writer, node, inner, sign)
    if tree is None:
        tree = write_indexed(writer, node)
        tree = tree if sign > 0 else pieces.negative(tree)
    return pieces.over(coefficient, (), (), tree)


def write_split(writer: Written, node: Split) -> Tree:
    """A stacked matrix as a matrix again: a function of all entries, or in index notation."""
    inner = node.children[0]
    if isinstance(inner, Apply) and inner.function.name in _OF_ALL_ENTRIES:
        stacked = inner.children[0]
        if (
            isinstance(stacked, Fuse)
            and stacked.children[0].axes == node.axes
            and stacked not in writer.parts
        ):
            columns = pieces.transposed(writer.tree(stacked.children[0]))
            return pieces.transposed(pieces.call(inner.function.name, columns.shape, columns))
    return write_indexed(writer, node)


def vec(tree: Tree, dim: Dim) -> Tree:
    """The columns of a matrix, stacked."""
    return pieces.call("vec", (dim, 1), tree)


def _matrix(writer: Written, node: Fuse, inner: Node, sign: int) -> Tree | None:
    """A fused matrix, term by term; None when a term has no matrix notation."""
    terms = inner.terms if isinstance(inner, Sum) else ((1, inner),)
    found: list[tuple[int, Tree]] = []
    ordered = sorted(terms, key=lambda term: (writer.rank(term[1]), term[1].digest))
    for coefficient, term in ordered:
        if not isinstance(term, Contract) or term in writer.parts:
            return None
        work = _Term(writer, term, node.groups[0], (node.axes[0], node.axes[1]))
        left, tree = writer.oriented(term, sign if coefficient > 0 else -sign, work.tree)
        if tree is None:
            return None
        found.append((left, pieces.over(magnitude(coefficient), (), (), tree)))
    return pieces.addition(found, (node.axes[0], node.axes[1])) if found else None


class _Term:
    """One contraction with two groups of outputs."""

    def __init__(self, writer: Written, node: Contract, split: int, shape: Shape) -> None:
        self.writer = writer
        self.sizes = dict(enumerate(node.sizes))
        self.factors: list[_Factor] = list(node.factors)
        self.rows = node.out[:split]
        self.columns = node.out[split:]
        self.shape = shape
        self.left: list[Tree] = []
        self.right: list[Tree] = []

    def tree(self) -> Tree | None:
        component = self._components()
        if self._one_sided(component):
            return self._outer(component)
        self._take_diagonal(self.rows, self.left)
        self._take_diagonal(self.columns, self.right)
        component = self._components()
        middle = self._kronecker(component)
        if middle is None:
            return None
        above, below = self._scalars(component)
        if isinstance(middle, Call) and middle.function == "eye" and (self.left or self.right):
            product = pieces.matrix_product(*self.left, *self.right)
        else:
            product = pieces.matrix_product(*self.left, middle, *self.right)
        return pieces.over(1, above, below, product)

    # Parts of the graph ------------------------------------------------------------------------------------------

    def _components(self) -> dict[int, int]:
        """Which labels hang together, as label → representative."""
        root = {label: label for label in self.sizes}

        def find(label: int) -> int:
            while root[label] != label:
                label = root[label]
            return label

        for _, labels in self.factors:
            for label in labels[1:]:
                root[find(label)] = find(labels[0])
        return {label: find(label) for label in root}

    def _one_sided(self, component: dict[int, int]) -> bool:
        rows = {component[label] for label in self.rows}
        return not rows & {component[label] for label in self.columns}

    def _among(self, component: dict[int, int], *labels: int) -> list[_Factor]:
        """The factors that hang together with `labels`."""
        wanted = {component[label] for label in labels}
        return [(node, held) for node, held in self.factors if held and component[held[0]] in wanted]

    def _written(self, factors: Sequence[_Factor], out: tuple[int, ...]) -> Tree:
        if len(factors) == 1 and len(set(out)) == len(out):
            # A factor alone is written as it is, by its name if it has one: what stands inside keeps its signs.
            node, labels = factors[0]
            if labels == out:
                return self.writer.tree(node)
            if len(out) == 2 and labels == (out[1], out[0]):
                return pieces.transposed(self.writer.tree(node))
        held = {label for _, labels in factors for label in labels} | set(out)
        node = contract(factors, out, {label: dim for label, dim in self.sizes.items() if label in held})
        return self.writer.written(node)

    def _scalars(self, component: dict[int, int]) -> tuple[list[Tree], list[Tree]]:
        """The factors that hang together with no output, above and below the line."""
        outer = {component[label] for label in (*self.rows, *self.columns)}
        above: list[Tree] = []
        below: list[Tree] = []
        inner: list[_Factor] = []
        for node, labels in self.factors:
            base, exponent = base_and_exponent(node)
            if not labels and exponent < 0:
                below.append(self.writer.power(base, -exponent))
            elif not labels:
                above.append(self.writer.tree(node))
            elif component[labels[0]] not in outer:
                inner.append((node, labels))
        return above + ([self._written(inner, ())] if inner else []), below

    def _take_diagonal(self, pair: tuple[int, ...], side: list[Tree]) -> None:
        """Factors on exactly the two labels of a pair scale its rows (or columns): diag(vec(F))."""
        if len(pair) != 2 or pair[0] == pair[1]:
            return
        taken = [(node, labels) for node, labels in self.factors if set(labels) == set(pair)]
        if taken:
            self.factors = [factor for factor in self.factors if factor not in taken]
            matrix = self._written(taken, (pair[1], pair[0]))
            side.append(pieces.diag(vec(matrix, dim_product(self.sizes[label] for label in pair))))

    # Products ----------------------------------------------------------------------------------------------------

    def _outer(self, component: dict[int, int]) -> Tree:
        rows, columns = (
            self._as_column(self._among(component, *side), side) for side in (self.rows, self.columns)
        )
        above, below = self._scalars(component)
        return pieces.over(1, above, below, pieces.matrix_product(rows, pieces.transposed(columns)))

    def _as_column(self, factors: Sequence[_Factor], side: tuple[int, ...]) -> Tree:
        if len(side) == 1:
            return self._written(factors, side)
        dim = dim_product(self.sizes[label] for label in side)
        return vec(self._written(factors, (side[1], side[0])), dim)

    def _kronecker(self, component: dict[int, int]) -> Tree | None:
        rows, columns = self.rows, self.columns
        if len(rows) == 2 and len(columns) == 2:
            straight = self._pair(component, rows, columns)
            if straight is not None:
                return straight
            crossed = self._pair(component, (rows[1], rows[0]), columns)
            if crossed is None:
                return None
            swap = pieces.sized("commutation", (self.shape[0], self.shape[0]), *(self.sizes[r] for r in rows))
            if isinstance(crossed, Call) and crossed.function == "eye":
                return swap
            return pieces.matrix_product(swap, crossed)
        one, pair = (rows, columns) if len(rows) == 1 else (columns, rows)
        with_first = component[one[0]] == component[pair[0]]
        single = (one[0], None) if with_first else (None, one[0])
        first, second = (single, pair) if one is rows else (pair, single)
        return self._pair(component, first, second)

    def _pair(
        self, component: dict[int, int], rows: Sequence[int | None], columns: Sequence[int | None]
    ) -> Tree | None:
        """The Kronecker product of the matrices (rows[0], columns[0]) and (rows[1], columns[1])."""
        groups = [
            {component[label] for label in side if label is not None}
            for side in zip(rows, columns, strict=True)
        ]
        if groups[0] & groups[1]:
            return None
        first, second = (
            self._block(component, row, column) for row, column in zip(rows, columns, strict=True)
        )
        if all(isinstance(tree, Call) and tree.function == "eye" for tree in (first, second)):
            return pieces.eye(self.shape[0])
        return pieces.call("kron", self.shape, first, second)

    def _block(self, component: dict[int, int], row: int | None, column: int | None) -> Tree:
        present = tuple(label for label in (row, column) if label is not None)
        tree = self._written(self._among(component, *present), present)
        return pieces.transposed(tree) if row is None else tree
