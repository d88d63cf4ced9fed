"""From nodes to instructions: one walk over the graph, every shared part once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from matcalc.calculus.laws.facts import holds
from matcalc.codegen.contraction import Part
from matcalc.codegen.plans import of_arrays, planned, product, seen_through
from matcalc.codegen.program import Program
from matcalc.codegen.solves import solved
from matcalc.codegen.views import PLAIN, View, dense, layout, regrouped, tied, untied
from matcalc.graph import (
    Apply,
    Axes,
    Coefficient,
    Constant,
    Contract,
    Factor,
    Fuse,
    Map,
    Node,
    Size,
    Split,
    Sum,
    Symbol,
    is_power,
    number_value,
    topological,
)
from matcalc.graph.powers import is_nonnegative
from matcalc.rules.entries import AbstractFunction


def lower(
    outputs: Sequence[tuple[Node, Axes]],
    names: Mapping[Node, str] | None = None,
    program: Program | None = None,
    order: Sequence[Node] = (),
) -> Program:
    """The program that computes `outputs`, each a node with the shape of its array.

    The shape has the node's axes, and 1 where the array is to have a unit axis: a row is (1, n). `names` is what the
    user calls some of the nodes; `program` is what to add to, if it is not empty; `order` is all that is below the
    outputs, operands first, where that is known.
    """
    lowering = Lowering(program or Program())
    lowering.run(order or topological([node for node, _ in outputs]))
    for node, name in (names or {}).items():
        ref = lowering.arrays.get(node)
        if ref is not None and node.children and lowering.program.rank(ref) == len(node.axes):
            lowering.program.named.setdefault(ref, name)
    lowering.program.outputs = [lowering.output(node, shape) for node, shape in outputs]
    return solved(lowering.program)


# Products of more factors are seldom of the same pattern.
_PLANNED = 8


class Lowering:
    """A program in the making.

    `arrays` holds the nodes that are an array with their axes in order, or a number laid over all of them; `views` what
    all others are.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.arrays: dict[Node, int] = {}
        self.views: dict[Node, View] = {}

    def run(self, order: Sequence[Node]) -> None:
        """Instructions for all nodes, operands first."""
        arrays = self.arrays
        for node in order:
            found = _LOWER[node.__class__](self, node)
            if isinstance(found, int):
                arrays[node] = found
                continue
            rank = len(node.axes)
            if found.labels == PLAIN[rank] and self.program.rank(found.ref) in (0, rank):
                arrays[node] = found.ref
            else:
                self.views[node] = found

    def view(self, node: Node) -> View:
        """What the node is seen as."""
        ref = self.arrays.get(node)
        return self.views[node] if ref is None else View(ref, PLAIN[len(node.axes)])

    def _as_they_are(self, nodes: Sequence[Node], axes: Axes) -> list[int] | None:
        """The arrays of all nodes, where NumPy broadcasts them to `axes` just so."""
        arrays, instructions = self.arrays, self.program.instructions
        refs = []
        full = not axes
        for node in nodes:
            ref = arrays.get(node)
            if ref is None:
                return None
            refs.append(ref)
            full = full or instructions[ref].axes == axes
        return refs if full else None

    def output(self, node: Node, shape: Axes) -> int:
        """The array of a result, in full and its own."""
        program = self.program
        ref = self._array(node)
        if program.is_static(ref):
            ref = program.emit("repeat", (ref,), (), ())
        if 1 in shape and shape != node.axes:
            axes = iter(range(len(node.axes)))
            ref = program.expand(ref, tuple(None if dim == 1 else next(axes) for dim in shape))
        if program.shares_input(ref):
            ref = program.emit("copy", (ref,), (), program.axes(ref))
        return ref

    def _array(self, node: Node) -> int:
        return dense(self.program, self.view(node), node.axes)

    # Leaves

    def symbol(self, node: Symbol) -> int:
        return self.program.emit("input", (), (node,), node.axes)

    def constant(self, node: Constant) -> int:
        return self.program.emit("constant", (), (node.name,))

    def size(self, node: Size) -> int:
        return self.program.size(node.dim)

    # Sums and maps

    def sum(self, node: Sum) -> View | int:
        axes = node.axes
        if not node.terms:
            return self.program.number(0)
        value = None if axes else number_value(node)
        if value is not None:
            return self.program.number(value)
        coefficients, terms = zip(*node.terms, strict=True)
        refs = self._as_they_are(terms, axes)
        if refs is not None:
            return self.program.emit("sum", tuple(refs), coefficients, axes)
        views = list(map(self.view, terms))
        if len(axes) == 2 and axes[0] == axes[1]:
            diagonal = [view.labels[0] == view.labels[1] for view in views]
            if any(diagonal) and not all(diagonal):
                return self._with_diagonal(views, coefficients, diagonal, axes)
        refs, axes, labels = self._laid_over(views, axes, keep_ties=True)
        return View(self.program.emit("sum", tuple(refs), coefficients, axes), labels)

    def _with_diagonal(
        self, views: Sequence[View], coefficients: Sequence[Coefficient], diagonal: Sequence[bool], axes: Axes
    ) -> int:
        """A matrix of which some terms are diagonal: these are added up and go onto its diagonal at once."""
        sides = []
        for wanted in (False, True):
            chosen = [k for k, one in enumerate(diagonal) if one is wanted]
            refs, whole, labels = self._laid_over([views[k] for k in chosen], axes, keep_ties=True)
            kept = tuple(coefficients[k] for k in chosen)
            ref = refs[0] if kept == (1,) else self.program.emit("sum", tuple(refs), kept, whole)
            sides.append(View(ref, labels))
        matrix = dense(self.program, sides[0], axes)
        return self.program.emit("add_diagonal", (matrix, sides[1].ref), (), axes)

    def _laid_over(
        self, views: Sequence[View], axes: Axes, keep_ties: bool
    ) -> tuple[list[int], Axes, tuple[int, ...]]:
        """Arrays of the views that broadcast to one shape; the axes of that, and the labels of a view of it.

        Axes that all views tie together may stay tied where entries off the diagonal stay zero.
        """
        groups = tied(views) if keep_ties and axes else PLAIN[len(axes)]
        arrays = [untied(self.program, view, groups, axes) for view in views]
        order = layout(arrays)
        sizes = dict(zip(groups, axes, strict=True))
        refs = [self.program.aligned(ref, held, order) for ref, held in arrays]
        return refs, tuple(sizes[group] for group in order), regrouped(order, groups)

    def map(self, node: Map) -> View | int:
        refs = self._as_they_are(node.children, node.axes)
        if refs is not None:
            return self._mapped(node, tuple(refs), node.axes)
        entries = [self.view(child) for child in node.children if child.axes]
        refs, axes, labels = self._laid_over(entries, node.axes, keep_ties=False)
        found = iter(refs)
        operands = tuple([next(found) if child.axes else self.arrays[child] for child in node.children])
        return View(self._mapped(node, operands, axes), labels)

    def _mapped(self, node: Map, operands: tuple[int, ...], axes: Axes) -> int:
        if is_power(node):
            return self._power(operands, number_value(node.children[1]), axes)
        if isinstance(node.function, AbstractFunction):
            attributes = (node.function.letter, node.function.order)
            return self.program.emit("abstract", operands, attributes, axes)
        return self.program.emit("map", operands, (node.function,), axes)

    def _power(self, operands: tuple[int, ...], exponent: Coefficient | None, axes: Axes) -> int:
        program = self.program
        if exponent is None:
            return program.emit("power", operands, (None,), axes)
        raised = operands[0]
        if abs(exponent) != 1:
            raised = program.emit("power", (raised,), (abs(exponent),), axes)
        return program.emit("reciprocal", (raised,), (), axes) if exponent < 0 else raised

    # Contractions

    def contract(self, node: Contract) -> View | int:
        """As it is planned for this pattern, where all factors are arrays of their own."""
        program = self.program
        arrays, instructions = self.arrays, program.instructions
        refs: list[int] = []
        pattern = []
        alike = len(node.factors) <= _PLANNED and not program.known_sizes
        for factor, labels in node.factors:
            seen = None
            ref = arrays.get(factor)
            if ref is None:
                ref, seen = self.views[factor]
            op, _, _, axes = instructions[ref]
            alike = alike and op != "number" and ref not in refs
            refs.append(ref)
            pattern.append((labels, seen, axes))
        if alike:
            return planned((node.out, node.sizes, tuple(pattern))).again(program, refs)
        every = range(len(node.sizes))
        parts, out = seen_through(program, self._seen(node.factors), node.out, node.sizes, every)
        parts = self._with_roots(node.factors, parts, out, node.sizes)
        return of_arrays(program, parts, out, node.sizes)

    def _seen(self, factors: Sequence[Factor]) -> list[tuple[View, tuple[int, ...]]]:
        return [(self.view(factor), labels) for factor, labels in factors]

    def _with_roots(
        self,
        factors: Sequence[Factor],
        parts: list[Part],
        out: tuple[int, ...],
        sizes: Axes,
    ) -> list[Part]:
        """Aᵀ diag(d) A with d nonnegative as Bᵀ B with B = diag(√d) A: a symmetric product, of half the work."""
        if len(parts) < 3 or len(out) != 2 or out[0] == out[1]:
            return parts
        wide = [part for part in parts if len(part[1]) == 2]
        if len(wide) != 2 or wide[0][0] != wide[1][0]:
            return parts
        (ref, first), (_, second) = wide
        inner = [label for label in first if label in second]
        if (
            len(inner) != 1
            or first.index(*inner) != second.index(*inner)
            or {*first, *second} != {*out, *inner}
        ):
            return parts
        rest = [k for k, part in enumerate(parts) if len(part[1]) != 2]
        if len(factors) != len(parts) or any(parts[k][1] != tuple(inner) for k in rest):
            return parts
        if not all(is_nonnegative(factors[k][0]) or holds(factors[k][0], "positive") for k in rest):
            return parts
        dims = (sizes[inner[0]],)
        weights = self.program.product([parts[k][0] for k in rest], dims)
        root = self.program.emit("power", (weights,), (Fraction(1, 2),), dims)
        scaled = self.program.product(
            [self.program.aligned(root, tuple(inner), first), ref], self.program.axes(ref)
        )
        return [(scaled, first), (scaled, second)]

    # Functions and fused axes

    def apply(self, node: Apply) -> View | int:
        if node.function.name == "inv":
            ref, labels = self.view(node.children[0])
            if labels == (0, 0):
                # The inverse of a diagonal matrix is one.
                return View(self.program.emit("reciprocal", (ref,), (), self.program.axes(ref)), labels)
        operands = tuple(self._array(child) for child in node.children)
        attributes = (node.function, node.parameters)
        return self.program.emit("apply", operands, attributes, node.axes)

    def fuse(self, node: Fuse) -> int:
        child = node.children[0]
        if node.groups == (2, 2) and isinstance(child, Contract):
            kronecker = self._kronecker(child, node.axes)
            if kronecker is not None:
                return kronecker
        return self._reshaped(child, node.axes)

    def _kronecker(self, node: Contract, axes: Axes) -> int | None:
        """A[i,j] B[k,l] with rows (i, k) and columns (j, l) as the Kronecker product it is, or None.

        Either factor may be an identity, a diagonal or a product: what matters is that no index joins the two.
        """
        halves = []
        for rows, columns in ((node.out[0], node.out[2]), (node.out[1], node.out[3])):
            out = (rows, columns)
            joined, count = set(out), 0
            while len(joined) != count:
                count = len(joined)
                for _, labels in node.factors:
                    if not joined.isdisjoint(labels):
                        joined.update(labels)
            halves.append((out, joined))
        (first_out, first), (second_out, second) = halves
        if not first.isdisjoint(second) or any(not labels for _, labels in node.factors):
            return None
        refs = []
        for out, joined in ((first_out, first), (second_out, second)):
            factors = [pair for pair in node.factors if not joined.isdisjoint(pair[1])]
            view = product(self.program, self._seen(factors), out, node.sizes, joined)
            refs.append(dense(self.program, view, tuple(node.sizes[label] for label in out)))
        if len(first) + len(second) < len(node.sizes):
            return None
        return self.program.emit("kron", tuple(refs), (), axes)

    def split(self, node: Split) -> int:
        return self._reshaped(node.children[0], node.axes)

    def _reshaped(self, child: Node, axes: Axes) -> int:
        return self.program.emit("reshape", (self._array(child),), axes, axes)


_LOWER: dict[type[Node], Callable[..., View | int]] = {
    Symbol: Lowering.symbol,
    Constant: Lowering.constant,
    Size: Lowering.size,
    Sum: Lowering.sum,
    Contract: Lowering.contract,
    Map: Lowering.map,
    Apply: Lowering.apply,
    Fuse: Lowering.fuse,
    Split: Lowering.split,
}
