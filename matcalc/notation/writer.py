"""Index graph → notation tree: every node as a mathematician writes it, bottom up and without recursion.

A node with one axis is written as a column, one with two as a matrix; rows come by transposing. What is constant
along an axis can be written loosely (a number in a sum with a vector) where its neighbours fill the shape.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from copy import copy
from dataclasses import replace

from matcalc.graph import (
    Apply,
    Constant,
    Contract,
    Fuse,
    Map,
    Node,
    Size,
    Split,
    Sum,
    Symbol,
    base_and_exponent,
    is_power,
    numbers,
    topological,
)
from matcalc.graph.numbers import Coefficient
from matcalc.notation import pieces
from matcalc.notation.calls import write_call, write_symbol
from matcalc.notation.indexform import write_indexed
from matcalc.notation.kronecker import write_fused, write_split
from matcalc.notation.means import with_mean
from matcalc.notation.outputs import on_outputs
from matcalc.notation.seriesparallel import Edge, Rank, Reduced, Reduction, Weight, ranked
from matcalc.notation.shapes import covered_axes, is_difference, shape_of, squared_norm, touched_once
from matcalc.notation.signs import by_degree, orientation, reads_well, takes_a_minus
from matcalc.notation.tree import SCALAR, Call, Literal, Name, Negative, Power, Shape, Tree
from matcalc.notation.written import Result
from matcalc.rules.entries import AbstractFunction
from matcalc.shapes.dims import Dim, dim_text

# After every variable: numbers, constants and sizes come last among terms, first among factors.
_LAST = 1 << 30


class Writer:
    """Writes the nodes of one graph. `order` ranks variables by their first appearance, `parts` are named."""

    def __init__(
        self,
        order: Mapping[str, int],
        parts: Mapping[Node, Name] | None = None,
        typed: Callable[[], Container[Node]] | None = None,
        taken: Callable[[], Container[str]] = tuple,
    ) -> None:
        self.order = order
        self.taken = taken
        self.parts = parts or {}
        # Sums that the user typed may add a row to a matrix; in one that we made that would be bad mathematics.
        self.typed = typed
        self.trees: dict[Node, Tree] = {}
        self.ranks: dict[Node, Rank] = {}
        self.contracts: dict[tuple[Node, frozenset[Node]], Reduced] = {}
        # The differences whose signs are changed just now.
        self._flipped: frozenset[Node] = frozenset()
        self._straight: dict[Node, Tree] = {}
        # Sums over a dimension, so that a sum over its size is a mean.
        self.sums: dict[Tree, tuple[Dim, ...]] = {}

    def write(self, nodes: Sequence[Node]) -> None:
        """Write `nodes`, each after its operands.

        A contraction waits until it is asked for: as a term of a sum it is written with its coefficient instead.
        """
        for node in nodes:
            self.ranks[node] = self._rank(node)
            if len(node.axes) <= 2 and node.__class__ is not Contract:
                self.trees[node] = self._shaped(node)

    def _shaped(self, node: Node) -> Tree:
        tree = self._tree(node)
        return replace(tree, symmetric=True) if node.symmetric else tree

    def own(self, node: Node) -> Tree:
        """The formula of a written node itself, although it may be a part that goes by a name."""
        tree = self.trees.get(node)
        if tree is None:
            tree = self.trees[node] = self._shaped(node)
        return tree

    def written(self, node: Node) -> Tree:
        """The formula of a node made on the way, whose operands are written."""
        if node in self.parts:
            return self.parts[node]
        if node not in self.ranks:
            self.write([part for part in topological([node]) if part not in self.ranks])
        # A formula that shows changed signs is good for this once only, and is not kept.
        return self._shaped(node) if self._shows_flipped(node) else self.own(node)

    def _shows_flipped(self, node: Node) -> bool:
        """Whether a factor of the node is written with its signs changed just now."""
        return bool(self._flipped) and any(
            base_and_exponent(child)[0] in self._flipped for child in node.children
        )

    def tree(self, node: Node) -> Tree:
        """The formula of a written node, or the name of a named part."""
        name = self.parts.get(node)
        if name is not None:
            return name
        if self._flipped and is_power(node) and node.children[0] in self._flipped:
            # A power shows the changed signs of its base.
            return self._map(node)  # type: ignore[arg-type]
        return self.own(node)

    def without(self, part: Node) -> Writer:
        """The same writer for the definition of `part` itself, where its name must not be used."""
        inner = copy(self)
        inner.parts = {node: name for node, name in self.parts.items() if node is not part}
        return inner

    def rank(self, node: Node) -> Rank:
        """Where the node's variables first appear in what the user typed."""
        return self.ranks[node]

    # Order -----------------------------------------------------------------------------------------------------

    def _rank(self, node: Node) -> Rank:
        if node.__class__ is Symbol:
            return (self.order.get(node.name, _LAST - 1),)
        children = node.children
        if not children:
            return (_LAST,)
        ranks = {self.ranks[child] for child in children}
        return ranks.pop() if len(ranks) == 1 else tuple(sorted(set().union(*ranks))[:6])

    # Nodes -----------------------------------------------------------------------------------------------------

    def _tree(self, node: Node) -> Tree:
        if isinstance(node, Symbol):
            return write_symbol(node)
        if isinstance(node, Sum):
            return self._sum(node)
        if isinstance(node, Contract):
            return _attached(*self._contract(node, 1))
        if isinstance(node, Map):
            return self._map(node)
        if isinstance(node, Apply):
            return self.upright(lambda: write_call(self, node))
        if isinstance(node, Fuse):
            return write_fused(self, node, 1)
        if isinstance(node, Split):
            return write_split(self, node)
        if isinstance(node, Constant):
            return Name(SCALAR, node.name)
        assert isinstance(node, Size)
        return Name(SCALAR, dim_text(node.dim))

    def _sum(self, node: Sum, sign: int = 1) -> Tree:
        shape = shape_of(node)
        if not node.terms:
            return Literal(SCALAR, 0) if shape == SCALAR else pieces.sized("zeros", shape, *_sizes(shape))
        loose = self.typed is None or node in self.typed()
        terms = self._fitting([term for _, term in node.terms], [c * sign for c, _ in node.terms], loose)
        ordered = sorted(
            range(len(terms)),
            key=lambda k: (
                by_degree(node.terms[k][1], self.ranks, loose),
                node.terms[k][1].weight,
                pieces.transposes(terms[k][1]),
                node.terms[k][1].digest,
            ),
        )
        return pieces.addition([terms[k] for k in ordered], shape)

    def signed(self, coefficient: Coefficient, node: Node, loose: bool = False) -> tuple[int, Tree]:
        """coefficient · node with its sign apart; a difference takes a minus in by changing its signs."""
        sign = 1 if coefficient > 0 else -1
        if node not in self.parts:
            if sign < 0 and isinstance(node, Sum) and (coefficient == -1 or takes_a_minus(node)):
                return 1, pieces.over(-coefficient, (), (), self._sum(node, -1))
            if sign < 0 and isinstance(node, Fuse):
                tree = write_fused(self, node, coefficient)
                return (-1, tree.body) if isinstance(tree, Negative) else (1, tree)
            if isinstance(node, Contract):
                return self._contract(node, coefficient, loose)
        return sign, self.times(numbers.magnitude(coefficient), node)

    def oriented(self, node: Contract, sign: int, write: Callable[[], Result]) -> tuple[int, Result]:
        """What `write` gives with the differences in `node` turned as they read best, and the sign that is left."""
        left, flipped = self._orientation(node, sign)
        return left, self._with_flipped(flipped, write)

    def _orientation(self, node: Contract, sign: int) -> tuple[int, frozenset[Node]]:
        """Inside a formula whose signs are settled nothing is turned again."""
        if self._flipped:
            return sign, frozenset()
        left, flipped = orientation(node, sign, self.ranks, self.parts)
        for child in node.children if flipped else ():
            # Only the node's own factors change their signs, not what stands deeper.
            base = child.children[0] if is_power(child) else child
            if isinstance(base, Contract) and len(base.axes) < 3:
                self.tree(base)
        return left, flipped

    def _with_flipped(self, flipped: frozenset[Node], write: Callable[[], Result]) -> Result:
        """What `write` gives while the differences in `flipped` have their signs changed."""
        if not flipped:
            return write()
        # All are written before any is put in place: one may stand inside another, and keeps its signs there.
        turned: dict[Node, Tree] = self.upright(
            lambda: {
                node: replace(self._sum(node, -1), symmetric=node.symmetric)
                for node in flipped
                if isinstance(node, Sum)
            }
        )
        before = self._flipped, self.contracts, self._straight, {node: self.trees[node] for node in flipped}
        self._straight = {**before[3], **self._straight}
        self.trees |= turned
        self._flipped, self.contracts = self._flipped | flipped, {}
        try:
            return write()
        finally:
            self._flipped, self.contracts, self._straight, shown = before
            self.trees |= shown

    def upright(self, write: Callable[[], Result]) -> Result:
        """What `write` gives with no signs changed: what stands deeper, or in an argument, keeps its own."""
        if not self._flipped:
            return write()
        before = (
            self._flipped,
            self.contracts,
            self._straight,
            {node: self.trees[node] for node in self._flipped},
        )
        self.trees |= self._straight
        self._flipped, self.contracts, self._straight = frozenset(), {}, {}
        try:
            return write()
        finally:
            self._flipped, self.contracts, self._straight, shown = before
            self.trees |= shown

    def times(self, coefficient: Coefficient, node: Node) -> Tree:
        """coefficient · node for a positive coefficient, as one product."""
        if coefficient == 1:
            return self.tree(node)
        if node in self.parts:
            return pieces.over(coefficient, (), (), self.parts[node])
        if isinstance(node, Contract):
            return _attached(*self._contract(node, coefficient))
        if isinstance(node, Fuse):
            return write_fused(self, node, coefficient)
        base, exponent = base_and_exponent(node)
        if exponent < 0:
            return pieces.over(coefficient, (), [self.power(base, -exponent)], None)
        return pieces.over(coefficient, (), (), self.own(node))

    def _fitting(
        self, nodes: Sequence[Node], coefficients: Sequence[Coefficient], loose: bool = True
    ) -> list[tuple[int, Tree]]:
        """Signed terms of a sum, or arguments: written loosely where the others fill the shape.

        Where `loose` is not wanted only numbers are: 1 - tanh(z)**2, but ones(n) @ p.T.
        """
        if not any([node.__class__ is Contract for node in nodes]):  # nothing is a mere repetition
            return [self.signed(c, node) for c, node in zip(coefficients, nodes, strict=True)]
        covers = [covered_axes(node, self.parts) for node in nodes]
        axes = range(max((len(node.axes) for node in nodes), default=0))
        filled = all(any(axis in one for one in covers) for axis in axes)
        widest = max(range(len(nodes)), key=lambda k: len(covers[k]), default=0)
        return [
            self.signed(coefficients[k], node, loose=(filled or k != widest) and (loose or not node.children))
            for k, node in enumerate(nodes)
        ]

    # Maps and functions ----------------------------------------------------------------------------------------

    def _map(self, node: Map) -> Tree:
        function = node.function
        shape = shape_of(node)
        if is_power(node):
            base, exponent = base_and_exponent(node)
            if exponent == 1:
                inside, above = (self.tree(child) for child in node.children)
                return Power(shape, inside, above)
            if exponent < 0:
                return pieces.quotient(pieces.ONE, [self.power(base, -exponent)])
            return self.power(base, exponent)
        full = [child for child in node.children if child.axes]
        fitting = iter([tree for _, tree in self._fitting(full, [1] * len(full))])
        arguments = [next(fitting) if child.axes else self.tree(child) for child in node.children]
        if isinstance(function, AbstractFunction):
            return Call(shape, function.letter, tuple(arguments), (), function.order)
        return pieces.call(function.name, shape, *arguments)

    def power(self, base: Node, exponent: Coefficient) -> Tree:
        """base ** exponent for a positive exponent: norms and roots are recognised."""
        if self._is_flipped(base) and isinstance(exponent, int) and exponent % 2 == 0:
            return self._with_flipped(frozenset({base}), lambda: pieces.power(self.tree(base), exponent))
        vector = None if base in self.parts or exponent == 1 else squared_norm(base)
        if vector is not None:
            tree, doubled = self.tree(vector), numbers.multiply(2, exponent)
            plain = isinstance(tree, Name) and len(vector.axes) == 1
            if isinstance(doubled, int) and (doubled % 2 or not plain):
                return pieces.power(self._norm(vector), doubled)
        return pieces.power(self.tree(base), exponent)

    # Contractions ----------------------------------------------------------------------------------------------

    def _contract(self, node: Contract, coefficient: Coefficient, loose: bool = False) -> tuple[int, Tree]:
        """coefficient · node, with its sign apart."""
        sign, flipped = self._orientation(node, 1 if coefficient > 0 else -1)
        key = (node, flipped)
        reduced = self.contracts.get(key)
        if reduced is None:
            reduced = self._with_flipped(flipped, lambda: self._reduced(node))
            if reduced is None:
                tree = self._with_flipped(flipped, lambda: write_indexed(self, node))
                return sign, pieces.over(numbers.magnitude(coefficient), (), (), tree)
            self.contracts[key] = reduced
        above, below = ranked(reduced.scalars.above), ranked(reduced.scalars.below)
        body, under = on_outputs(node, reduced, loose)
        above, below, body = with_mean(self.sums, above, below, body)
        if body is not None:
            body = pieces.shorter_transposes(body)
        return sign, pieces.over(numbers.magnitude(coefficient), above, [*below, *under], body)

    def _reduced(self, node: Contract) -> Reduced | None:
        """The contraction reduced to weights on its outputs and a matrix between them."""
        reduction = Reduction(node.sizes, node.out, self._summed)
        scalars = reduction.scalars
        for factor, labels in node.factors:
            base, exponent = (factor, 1) if factor in self.parts else base_and_exponent(factor)
            below = exponent < 0
            # Of factors with the same variables the simpler one comes first.
            rank = (self.ranks[factor], factor.weight)
            if not labels:
                tree = self.power(base, -exponent) if below else self.tree(factor)
                (scalars.below if below else scalars.above).append((rank, tree))
                continue
            if len(labels) > 2:
                return None
            tree = self.power(base, -exponent) if below else self.tree(factor)
            if len(labels) == 1:
                square = None if below or exponent != 2 or labels[0] in node.out else base
                if square is not None and touched_once(node, labels[0]):
                    scalars.above.append((rank, self._square(square)))
                    reduction.gone.add(labels[0])
                    continue
                reduction.weights[labels[0]].append(Weight(tree, rank, below))
            elif labels[0] == labels[1] and not below and touched_once(node, labels[0]):
                scalars.above.append((rank, pieces.call("tr", SCALAR, tree)))
                reduction.gone.add(labels[0])
            elif labels[0] == labels[1]:
                column = pieces.call("diagonal", (tree.shape[0], 1), tree)
                reduction.weights[labels[0]].append(Weight(column, rank, below))
            else:
                if exponent == 2 and touched_once(node, *labels):
                    scalars.above.append((rank, self._square(base)))
                    reduction.gone |= set(labels)
                    continue
                reduction.add_edge(Edge(labels[0], labels[1], tree, rank, factor.symmetric, below))
        return reduction.reduce()

    def _square(self, node: Node) -> Tree:
        """The sum of the squares of a node's entries: x.T @ x of a variable, norm(…)**2 of the rest."""
        tree = self.tree(node)
        if len(node.axes) == 1 and isinstance(tree, Name):
            return pieces.inner_product(tree, tree)
        return pieces.power(self._norm(node), 2)

    def _norm(self, node: Node) -> Tree:
        """The norm of a column or matrix; of a difference as the user would write it."""
        flipped: frozenset[Node] = frozenset({node} if self._is_flipped(node) else ())
        return self._with_flipped(flipped, lambda: pieces.call("norm", SCALAR, self.tree(node)))

    def _is_flipped(self, node: Node) -> bool:
        return (
            isinstance(node, Sum)
            and node not in self.parts
            and is_difference(node)
            and not reads_well(node, self.ranks)
        )

    def _summed(self, tree: Tree, dim: Dim) -> None:
        self.sums[tree] = (*self.sums.get(tree, ()), dim)


def _attached(sign: int, tree: Tree) -> Tree:
    return tree if sign > 0 else pieces.negative(tree)


def _sizes(shape: Shape) -> tuple[Dim, ...]:
    return shape[:1] if shape[1] == 1 else shape
