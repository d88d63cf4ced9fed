"""From nodes to instructions: one walk over the graph, every shared part once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from matcalc.calculus.laws.facts import holds
from matcalc.codegen.contraction import Part
from matcalc.codegen.plans import arrays, of_arrays, planned, product
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
    views = lowering.views
    for node in order or topological([node for node, _ in outputs]):
        views[node] = _LOWER[node.__class__](lowering, node)
    for node, name in (names or {}).items():
        view = views.get(node)
        if view is not None and node.children and view.labels == PLAIN[lowering.program.rank(view.ref)]:
            lowering.program.named.setdefault(view.ref, name)
    lowering.program.outputs = [lowering.output(node, shape) for node, shape in outputs]
    return solved(lowering.program)


# Products of more factors are seldom of the same pattern.
_PLANNED = 8


class Lowering:
    """A program in the making: `views` says of every node what array it is, operands first."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.views: dict[Node, View] = {}

    def output(self, node: Node, shape: Axes) -> int:
        """The array of a result, in full and its own."""
        program = self.program
        ref = dense(program, self.views[node], node.axes)
        if program.is_static(ref):
            ref = program.emit("repeat", (ref,), (), ())
        if 1 in shape and shape != node.axes:
            axes = iter(range(len(node.axes)))
            ref = program.expand(ref, tuple(None if dim == 1 else next(axes) for dim in shape))
        if program.shares_input(ref):
            ref = program.emit("copy", (ref,), (), program.axes(ref))
        return ref

    def _array(self, node: Node) -> int:
        return dense(self.program, self.views[node], node.axes)

    def _whole(self, ref: int, axes: Axes) -> View:
        return View(ref, PLAIN[len(axes)])

    # Leaves

    def symbol(self, node: Symbol) -> View:
        return self._whole(self.program.emit("input", (), (node,), node.axes), node.axes)

    def constant(self, node: Constant) -> View:
        return View(self.program.emit("constant", (), (node.name,)), ())

    def size(self, node: Size) -> View:
        return View(self.program.size(node.dim), ())

    # Sums and maps

    def sum(self, node: Sum) -> View:
        axes = node.axes
        if not node.terms:
            return View(self.program.number(0), PLAIN[len(axes)])
        value = None if axes else number_value(node)
        if value is not None:
            return View(self.program.number(value), ())
        coefficients, terms = zip(*node.terms, strict=True)
        views = list(map(self.views.__getitem__, terms))
        if len(axes) == 2 and axes[0] == axes[1]:
            diagonal = [view.labels[0] == view.labels[1] for view in views]
            if any(diagonal) and not all(diagonal):
                return self._with_diagonal(views, coefficients, diagonal, axes)
        refs, axes, labels = self._laid_over(views, axes, keep_ties=True)
        return View(self.program.emit("sum", tuple(refs), coefficients, axes), labels)

    def _with_diagonal(
        self, views: Sequence[View], coefficients: Sequence[Coefficient], diagonal: Sequence[bool], axes: Axes
    ) -> View:
        """A matrix of which some terms are diagonal: these are added up and go onto its diagonal at once."""
        sides = []
        for wanted in (False, True):
            chosen = [k for k, one in enumerate(diagonal) if one is wanted]
            refs, whole, labels = self._laid_over([views[k] for k in chosen], axes, keep_ties=True)
            kept = tuple(coefficients[k] for k in chosen)
            ref = refs[0] if kept == (1,) else self.program.emit("sum", tuple(refs), kept, whole)
            sides.append(View(ref, labels))
        matrix = dense(self.program, sides[0], axes)
        return self._whole(self.program.emit("add_diagonal", (matrix, sides[1].ref), (), axes), axes)

    def _laid_over(
        self, views: Sequence[View], axes: Axes, keep_ties: bool
    ) -> tuple[list[int], Axes, tuple[int, ...]]:
        """Arrays of the views that broadcast to one shape; the axes of that, and the labels of a view of it.

        Axes that all views tie together may stay tied where entries off the diagonal stay zero.
        """
        rank = len(axes)
        whole = PLAIN[rank]
        instructions = self.program.instructions
        refs = []
        full = False
        for ref, labels in views:
            held = len(instructions[ref].axes)
            # A number laid over all axes rides along as it is.
            if labels != whole or held not in (rank, 0):
                break
            refs.append(ref)
            full |= held == rank
        else:
            if full:
                return refs, axes, whole
        groups = tied(views) if keep_ties and axes else whole
        arrays = [untied(self.program, view, groups, axes) for view in views]
        order = layout(arrays)
        sizes = dict(zip(groups, axes, strict=True))
        refs = [self.program.aligned(ref, held, order) for ref, held in arrays]
        return refs, tuple(sizes[group] for group in order), regrouped(order, groups)

    def map(self, node: Map) -> View:
        views = list(map(self.views.__getitem__, node.children))
        entries = views
        if len(views) > 1:
            entries = [view for view, child in zip(views, node.children, strict=True) if child.axes]
        refs, axes, labels = self._laid_over(entries, node.axes, keep_ties=False)
        operands = tuple(refs)
        if len(entries) < len(views):
            found = iter(refs)
            pairs = zip(views, node.children, strict=True)
            operands = tuple([next(found) if child.axes else view.ref for view, child in pairs])
        if is_power(node):
            return View(self._power(operands, number_value(node.children[1]), axes), labels)
        if isinstance(node.function, AbstractFunction):
            attributes = (node.function.letter, node.function.order)
            return View(self.program.emit("abstract", operands, attributes, axes), labels)
        return View(self.program.emit("map", operands, (node.function,), axes), labels)

    def _power(self, operands: tuple[int, ...], exponent: Coefficient | None, axes: Axes) -> int:
        program = self.program
        if exponent is None:
            return program.emit("power", operands, (None,), axes)
        raised = operands[0]
        if abs(exponent) != 1:
            raised = program.emit("power", (raised,), (abs(exponent),), axes)
        return program.emit("reciprocal", (raised,), (), axes) if exponent < 0 else raised

    # Contractions

    def contract(self, node: Contract) -> View:
        """As it is planned for this pattern, where all factors are arrays of their own."""
        program = self.program
        instructions = program.instructions
        views = list(map(self.views.__getitem__, node.children))
        refs = [ref for ref, _ in views]
        if len(set(refs)) == len(refs) <= _PLANNED and not program.known_sizes:
            pattern = []
            for (_, labels), (ref, seen) in zip(node.factors, views, strict=True):
                op, _, _, axes = instructions[ref]
                if op == "number":
                    break
                pattern.append((labels, seen, axes))
            else:
                return planned((node.out, node.sizes, tuple(pattern))).again(program, refs)
        every = range(len(node.sizes))
        parts, out = arrays(program, self._seen(node.factors), node.out, node.sizes, every)
        parts = self._with_roots(node.factors, parts, out, node.sizes)
        return of_arrays(program, parts, out, node.sizes)

    def _seen(self, factors: Sequence[Factor]) -> list[tuple[View, tuple[int, ...]]]:
        return [(self.views[factor], labels) for factor, labels in factors]

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

    def apply(self, node: Apply) -> View:
        operands = tuple(self._array(child) for child in node.children)
        attributes = (node.function, node.parameters)
        return self._whole(self.program.emit("apply", operands, attributes, node.axes), node.axes)

    def fuse(self, node: Fuse) -> View:
        child = node.children[0]
        if node.groups == (2, 2) and isinstance(child, Contract):
            product = self._kronecker(child, node.axes)
            if product is not None:
                return self._whole(product, node.axes)
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

    def split(self, node: Split) -> View:
        return self._reshaped(node.children[0], node.axes)

    def _reshaped(self, child: Node, axes: Axes) -> View:
        ref = self.program.emit("reshape", (self._array(child),), axes, axes)
        return self._whole(ref, axes)


_LOWER: dict[type[Node], Callable[..., View]] = {
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
