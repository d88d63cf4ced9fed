"""Series–parallel reduction: an index graph with at most two outputs becomes a formula of rows and columns.

Parallel edges merge (⊙). An inner vertex of degree 1 becomes a matrix–vector product on its neighbour, one of degree 2
joins its edges (A diag(w) B), one of degree 0 is a scalar; a closed loop is a trace. What stays stuck is not
series–parallel and has no matrix notation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from matcalc.notation import pieces
from matcalc.notation.tree import SCALAR, MatrixProduct, Tree
from matcalc.shapes.dims import Dim

# Where a formula's variables first appear in what the user typed, then how long it is.
Rank = tuple[Any, ...]


@dataclass(slots=True)
class Weight:
    """A column on a vertex; `below` if it divides. `rank` orders it among others as the user wrote them."""

    tree: Tree
    rank: Rank
    below: bool = False


@dataclass(slots=True)
class Edge:
    """A matrix between two vertices: rows run over `tail`, columns over `head`."""

    tail: int
    head: int
    tree: Tree
    rank: Rank
    symmetric: bool = False
    below: bool = False

    def seen_from(self, tail: int) -> Tree:
        """The matrix with its rows over `tail`."""
        tree = pieces.quotient(pieces.ONE, [self.tree]) if self.below else self.tree
        return tree if tail == self.tail or self.symmetric else pieces.transposed(tree)

    def other(self, end: int) -> int:
        return self.head if end == self.tail else self.tail


@dataclass(slots=True)
class Scalars:
    """Scalar factors above and below the line."""

    above: list[tuple[Rank, Tree]] = field(default_factory=list)
    below: list[tuple[Rank, Tree]] = field(default_factory=list)


@dataclass(slots=True)
class Reduced:
    """What is left: scalars, the weights on the outputs, and the matrix between them, if any."""

    scalars: Scalars
    columns: list[Tree | None]
    below: list[list[Tree]]
    matrix: Tree | None


Recognise = Callable[[Tree, Dim], None]


class Reduction:
    """One contraction being reduced. `sizes` gives each vertex its dimension, `outputs` are the vertices that stay."""

    def __init__(self, sizes: Sequence[Dim], outputs: Sequence[int], summed: Recognise) -> None:
        self.sizes = sizes
        self.outputs = list(dict.fromkeys(outputs))
        self.weights: list[list[Weight]] = [[] for _ in sizes]
        self.edges: list[dict[int, Edge]] = [{} for _ in sizes]
        self.scalars = Scalars()
        self.count = 0
        self.summed = summed
        self.gone: set[int] = set()

    def add_edge(self, edge: Edge) -> None:
        """Place a matrix between its vertices."""
        self.count += 1
        self.edges[edge.tail][self.count] = edge
        self.edges[edge.head][self.count] = edge

    def reduce(self) -> Reduced | None:
        """Reduce until only outputs are left; None when the graph is not series–parallel."""
        outputs = set(self.outputs)
        inner = [v for v in range(len(self.sizes)) if v not in outputs]
        leaves = [v for v in reversed(inner) if len(self.edges[v]) < 2]
        joints = [v for v in reversed(inner) if len(self.edges[v]) >= 2]
        while leaves or joints:
            vertex = leaves.pop() if leaves else joints.pop()
            if vertex in self.gone:
                continue
            near = {edge.other(vertex) for edge in self.edges[vertex].values()}
            if self._eliminate(vertex, near, outputs):
                for other in sorted((near | {vertex}) - outputs - self.gone, reverse=True):
                    (leaves if len(self.edges[other]) < 2 else joints).append(other)
        return self._finished() if len(self.gone) == len(inner) else None

    def _eliminate(self, vertex: int, near: set[int], outputs: set[int]) -> bool:
        """One step at `vertex`; False when nothing can be done there now."""
        edges = self.edges[vertex]
        if not edges:
            self._close(vertex)
        elif len(edges) == 1:
            self._leaf(vertex, next(iter(near)), outputs)
        elif len(near) < len(edges):
            self._merge(vertex, outputs)
        elif len(edges) == 2:
            self._join(vertex)
        else:
            return False
        return True

    # Steps -----------------------------------------------------------------------------------------------------

    def _close(self, vertex: int) -> None:
        """A vertex with weights only: a sum or an inner product."""
        weights = self.weights[vertex]
        weights.sort(key=lambda w: w.rank)
        rank = min((w.rank for w in weights), default=())
        above = [w.tree for w in weights if not w.below]
        below = [w.tree for w in weights if w.below]
        if len(above) == 2 and not below:
            tree = pieces.inner_product(*above)
        elif len(above) > 1:
            tree = pieces.inner_product(pieces.hadamard(above[:-1]), self._column(above[-1:], below))
        else:
            tree = self._sum(self._column(above, below), vertex)
        self.scalars.above.append((rank, tree))
        self.gone.add(vertex)

    def _sum(self, column: Tree, vertex: int) -> Tree:
        found = pieces.call("sum", SCALAR, column)
        self.summed(found, self.sizes[vertex])
        return found

    @staticmethod
    def _column(above: Sequence[Tree], below: Sequence[Tree]) -> Tree:
        return pieces.quotient(pieces.hadamard(above) if above else pieces.ONE, below)

    def _take(self, vertex: int) -> tuple[Tree | None, Rank]:
        """The weights of a vertex as one column, taken off it."""
        weights = self.weights[vertex]
        if not weights:
            return None, ()
        weights.sort(key=lambda w: w.rank)
        self.weights[vertex] = []
        above = [w.tree for w in weights if not w.below]
        return self._column(above, [w.tree for w in weights if w.below]), weights[0].rank

    def _leaf(self, vertex: int, other: int, outputs: set[int]) -> None:
        """A vertex of degree 1: its weight goes through the edge to the neighbour."""
        [(number, edge)] = self.edges[vertex].items()
        if not self.weights[vertex]:
            lonely = other not in outputs and len(self.edges[other]) == 1
            if lonely and self.weights[other]:
                vertex, other = other, vertex
            elif lonely:
                self._remove(number, edge)
                whole = pieces.call("sum", SCALAR, edge.seen_from(edge.tail))
                self.summed(whole, self.sizes[vertex])
                self.summed(whole, self.sizes[other])
                self.scalars.above.append((edge.rank, whole))
                self.gone |= {vertex, other}
                return
        self._remove(number, edge)
        self.gone.add(vertex)
        column, rank = self._take(vertex)
        if column is None:
            tree = self._summed_edge(edge, vertex, other)
        else:
            tree = pieces.matrix_product(edge.seen_from(other), column)
        self.weights[other].append(Weight(tree, min(edge.rank, rank) if rank else edge.rank))

    def _summed_edge(self, edge: Edge, vertex: int, other: int) -> Tree:
        """The sum of a matrix over `vertex`, as a column over `other`; a product sums in its last factor."""
        matrix = edge.seen_from(other)
        if edge.tail == other or edge.symmetric:
            tree: Tree = pieces.call("sum", (self.sizes[other], 1), matrix, axis=1)
            self.summed(tree, self.sizes[vertex])
            return tree
        row = pieces.call("sum", (1, self.sizes[other]), edge.seen_from(vertex), axis=0)
        self.summed(row, self.sizes[vertex])
        return pieces.transposed(row)

    def _remove(self, number: int, edge: Edge) -> None:
        del self.edges[edge.tail][number]
        self.edges[edge.head].pop(number, None)

    def _merge(self, vertex: int, outputs: set[int]) -> None:
        """Parallel edges at `vertex`: a closed loop of two is a trace, others merge entry by entry."""
        groups: dict[int, list[tuple[int, Edge]]] = {}
        for number, edge in self.edges[vertex].items():
            groups.setdefault(edge.other(vertex), []).append((number, edge))
        other, group = next((o, g) for o, g in groups.items() if len(g) > 1)
        for number, edge in group:
            self._remove(number, edge)
        if len(group) == 2 and self._is_loop(vertex, other, group, outputs):
            self._trace(vertex, other, [edge for _, edge in group])
        else:
            self.add_edge(self._parallel(vertex, other, [edge for _, edge in group]))

    def _is_loop(self, vertex: int, other: int, group: list[tuple[int, Edge]], outputs: set[int]) -> bool:
        free = other not in outputs and not self.edges[other] and not self.edges[vertex]
        if not free or self.weights[vertex] or self.weights[other] or any(edge.below for _, edge in group):
            return False
        first, second = (edge for _, edge in group)
        straight = pieces.transposes(first.seen_from(vertex)) + pieces.transposes(second.seen_from(vertex))
        around = pieces.transposes(first.seen_from(vertex)) + pieces.transposes(second.seen_from(other))
        return around < straight or _is_product(first.tree) or _is_product(second.tree)

    def _trace(self, vertex: int, other: int, edges: list[Edge]) -> None:
        edges.sort(key=lambda edge: edge.rank)
        first, second = edges
        forward = pieces.matrix_product(first.seen_from(vertex), second.seen_from(other))
        backward = pieces.matrix_product(first.seen_from(other), second.seen_from(vertex))
        best = min((forward, backward), key=pieces.transposes)
        self.scalars.above.append((first.rank, pieces.call("tr", SCALAR, best)))
        self.gone |= {vertex, other}

    def _parallel(self, vertex: int, other: int, edges: list[Edge]) -> Edge:
        edges.sort(key=lambda edge: edge.rank)
        tail = min((vertex, other), key=lambda end: sum(self._turned(edge, end) for edge in edges))
        head = other if tail == vertex else vertex
        above = [self._oriented(edge, tail) for edge in edges if not edge.below]
        below = [self._oriented(edge, tail) for edge in edges if edge.below]
        if not above:
            return Edge(tail, head, pieces.hadamard(below), edges[0].rank, False, True)
        symmetric = all(edge.symmetric for edge in edges)
        return Edge(tail, head, self._column(above, below), edges[0].rank, symmetric)

    def _turned(self, edge: Edge, tail: int) -> int:
        """How many transposes the edge shows with its rows at `tail`."""
        return pieces.transposes(self._oriented(edge, tail))

    @staticmethod
    def _oriented(edge: Edge, tail: int) -> Tree:
        return edge.tree if edge.tail == tail or edge.symmetric else pieces.transposed(edge.tree)

    def _join(self, vertex: int) -> None:
        """A vertex of degree 2: its two edges become one, with its weights as a diagonal matrix between."""
        (number, first), (other_number, second) = self.edges[vertex].items()
        self._remove(number, first)
        self._remove(other_number, second)
        if second.rank < first.rank:
            first, second = second, first
        start, end = first.other(vertex), second.other(vertex)
        weight, rank = self._take(vertex)
        middle = [] if weight is None else [pieces.diag(weight)]
        forward = pieces.matrix_product(first.seen_from(start), *middle, second.seen_from(vertex))
        backward = pieces.transposed(forward)
        ranks = [r for r in (first.rank, second.rank, rank) if r]
        if pieces.transposes(backward) < pieces.transposes(forward):
            start, end, forward = end, start, backward
        self.gone.add(vertex)
        self.add_edge(Edge(start, end, forward, min(ranks) if ranks else ()))

    # The end ---------------------------------------------------------------------------------------------------

    def _finished(self) -> Reduced:
        columns: list[Tree | None] = []
        below: list[list[Tree]] = []
        for vertex in self.outputs:
            weights = sorted(self.weights[vertex], key=lambda w: w.rank)
            above = [w.tree for w in weights if not w.below]
            under = [w.tree for w in weights if w.below]
            columns.append(pieces.hadamard(above) if above else None)
            below.append(under)
        matrix = None
        if len(self.outputs) == 2:
            edges = list(self.edges[self.outputs[0]].values())
            if len(edges) > 1:
                tail, head = self.outputs
                edges = [self._parallel(tail, head, edges)]
            if edges:
                matrix = edges[0].seen_from(self.outputs[0])
        return Reduced(self.scalars, columns, below, matrix)


def _is_product(tree: Tree) -> bool:
    return isinstance(tree, MatrixProduct)


def ranked(scalars: Iterable[tuple[Rank, Tree]]) -> list[Tree]:
    """Scalar factors in the user's order."""
    return [tree for _, tree in sorted(scalars, key=lambda pair: pair[0])]
