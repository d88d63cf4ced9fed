"""The full normal form: every product distributed over every sum, every contraction flat. It decides `==`.

Expansion may grow exponentially, so it works within a named budget; past it the answer is "undecided", never a guess.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import permutations

from matcalc.errors import LimitError
from matcalc.graph import numbers
from matcalc.graph.build import contract, fuse, linear
from matcalc.graph.division import divided
from matcalc.graph.leaves import number
from matcalc.graph.maps import elementwise, power
from matcalc.graph.node import Contract, Fuse, Map, Node, Sum
from matcalc.graph.numbers import Coefficient
from matcalc.graph.powers import base_and_exponent
from matcalc.graph.products import multiply, permute
from matcalc.graph.rebuild import rebuild
from matcalc.graph.roots import joined, passes_in, root, root_of_number
from matcalc.graph.terms import coefficients, look, terms_of
from matcalc.graph.unfused import is_tied, split_outside, unfused
from matcalc.graph.walk import topological
from matcalc.shapes.dims import Dim, dim_text

# Terms that expansion may produce in all before it gives up.
EXPANSION_BUDGET = 20_000
# Expansions inside each other, of products whose factors open up once more when they have been expanded.
DEEPEST = 20
# Factors of a flat product that are there already: it takes long to tell like ones apart.
LIKE_FACTORS = 128
# Factors that a power of a product may have when it is written out.
LONGEST_POWER = 64
# Axes that an elementwise function may have for their order to be settled.
LARGEST_TURNED = 4

_Product = list[tuple[Node, tuple[int, ...]]]


def normal(node: Node, budget: int = EXPANSION_BUDGET) -> Node:
    """The expanded normal form of `node`: equal forms are one node.

    Raises LimitError when expansion needs more than `budget` terms.
    """
    return _Expansion(budget).whole(node)


def closed(node: Node, budget: int = EXPANSION_BUDGET) -> Node:
    """A form of `node` whose sums stay closed where they are factors: equal forms prove equality, others tell nothing.

    Raises LimitError like `normal`, though much later.
    """
    return _Expansion(budget, opens=False).whole(node)


def is_same(a: Node, b: Node) -> bool:
    """Whether two nodes have one normal form; where that has too many terms, one closed form proves it.

    Raises LimitError where neither tells.
    """
    try:
        return normal(a) is normal(b)
    except LimitError:
        if closed(a) is closed(b):
            return True
        raise


class _Expansion:
    """One run of `normal`, counting the terms it makes; unless it `opens` sums, they stay factors of products."""

    def __init__(self, budget: int, opens: bool = True) -> None:
        self.left = budget
        self.opens = opens
        self.depth = 0
        # What is expanded: functions inside each other would be tried anew for every order of their axes.
        self.expanded: dict[Node, Node] = {}
        # Sums that stay closed, in all orders of their axes.
        self.turned: dict[Node, list[Node]] = {}

    def whole(self, root: Node) -> Node:
        """A graph expanded, operands first."""
        new: dict[Node, Node] = {}
        for node in topological([root]):
            new[node] = self.expand(_rebuilt(node, new))
        return new[root]

    def _spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise LimitError("the expanded form has too many terms to compare")

    def expand(self, node: Node) -> Node:
        """`node`, whose operands are expanded already, as a sum of flat contractions."""
        if node not in self.expanded:
            result = self._expanded(node)
            self.expanded[node] = self.expanded[result] = result
        return self.expanded[node]

    def _expanded(self, node: Node) -> Node:
        if isinstance(node, Sum):
            terms = [pair for c, term in node.terms for pair in self._terms(term, numbers.exact(c))]
            return linear(terms, node.axes)
        if isinstance(node, Contract):
            return linear(self._distributed(node), node.axes)
        if isinstance(node, Map):
            outside = split_outside(node)
            return self._oriented(self._expanded_power(node)) if outside is None else self.expand(outside)
        if is_tied(node):
            tied = unfused(node)
            return tied if tied is node else linear(self._again(tied, 1), node.axes)
        return node

    def _oriented(self, node: Node) -> Node:
        """f(Xᵀ) and f(X)ᵀ are one node: of the orders of axes in which a function is applied one stands for all."""
        if not isinstance(node, Map) or not 2 <= len(node.axes) <= LARGEST_TURNED:
            return node
        orders = list(permutations(range(len(node.axes))))
        left = self.left  # the terms of the operands are paid for already
        turned = [
            [self.expand(permute(child, order)) if child.axes else child for child in node.children]
            for order in orders
        ]
        self.left = left
        looks = [look(children) for children in turned]
        tied = [k for k in range(len(orders)) if looks[k] == min(looks)]
        rebuilt = {k: rebuild(node, turned[k]) for k in tied}
        if 0 in tied and any(list(rebuilt[k].children) != turned[k] for k in tied):
            # The function takes a sign or a multiple out: the coefficients tell nothing more.
            return node
        best = min(tied, key=lambda k: [coefficients(child) for child in turned[k]])
        if best == 0:
            return node
        back = [orders[best].index(axis) for axis in range(len(node.axes))]
        return permute(rebuilt[best], back)

    def _terms(self, node: Node, coefficient: Coefficient) -> Iterator[tuple[Coefficient, Node]]:
        """The terms of a multiple of `node`, also of a sum that a contraction only repeats along further axes."""
        found: Iterable[tuple[Coefficient, Node]] = ((1, node),)
        if isinstance(node, Sum):
            found = (pair for c, term in node.terms for pair in self._terms(term, numbers.exact(c)))
        elif isinstance(node, Contract):
            found = self._distributed(node)
        for inner, term in found:
            self._spend()
            yield numbers.multiply(coefficient, inner), term

    def _distributed(self, node: Contract) -> list[tuple[Coefficient, Node]]:
        """One flat contraction for each choice of a term from every factor that is a sum."""
        products: list[tuple[Coefficient, _Product]] = [(1, [])]
        alone = len(node.factors) == 1
        for given in node.factors:
            factor, labels = self._on_diagonal(*given)
            terms = terms_of(factor)
            if len(terms) > 1 and not self.opens and not alone:
                coefficient, factor, labels = self._closed(factor, labels)
                terms = ((coefficient, factor),)
            grown = []
            for coefficient, product in products:
                for inner, term in terms:
                    self._spend()
                    grown.append((numbers.multiply(coefficient, inner), [*product, (term, labels)]))
            products = grown
        sizes = dict(enumerate(node.sizes))
        flat = [(c, _flat(_with_powers_open(product), node.out, sizes)) for c, product in products]
        return [pair for c, term in flat for pair in self._again(term, c)]

    def _closed(self, sum_: Node, labels: tuple[int, ...]) -> tuple[Coefficient, Node, tuple[int, ...]]:
        """A sum that stays whole, the order of its axes settled, as a multiple of one whose first term is single."""
        if len(sum_.axes) <= LARGEST_TURNED:
            dims = [dim_text(dim) for dim in sum_.axes]
            # Unlike sizes are told apart by themselves.
            orders = [
                order for order in permutations(range(len(dims))) if [dims[k] for k in order] == sorted(dims)
            ]
            if sum_ not in self.turned:
                terms = terms_of(sum_)
                self.turned[sum_] = [
                    linear([(c, permute(term, order)) for c, term in terms], [sum_.axes[k] for k in order])
                    for order in orders
                ]
            turned = self.turned[sum_]
            best = min(
                range(len(orders)),
                key=lambda k: (look([turned[k]]), [labels[axis] for axis in orders[k]]),
            )
            sum_, labels = turned[best], tuple(labels[axis] for axis in orders[best])
        terms = terms_of(sum_)
        leading = terms[0][0]
        inverse = numbers.exact_power(leading, -1)
        if inverse is None:
            return 1, sum_, labels
        unit = linear([(numbers.multiply(inverse, c), term) for c, term in terms], sum_.axes)
        self.expanded[unit] = unit
        return leading, unit, labels

    def _on_diagonal(self, factor: Node, labels: tuple[int, ...]) -> tuple[Node, tuple[int, ...]]:
        """A function of a tensor on a diagonal as the function of the diagonal: tanh(T)[i,j,i] is tanh(T[i,j,i])."""
        if not _is_diagonal(factor, labels):
            return factor, labels
        held = tuple(dict.fromkeys(labels))
        function, exponent = _under_whole_power(factor)
        assert isinstance(function, Map)
        operands = [
            self.expand(contract([(child, labels)], held)) if child.axes else child
            for child in function.children
        ]
        return self.expand(power(elementwise(function.function, *operands), exponent)), held

    def _again(self, node: Node, coefficient: Coefficient) -> Iterator[tuple[Coefficient, Node]]:
        """A contraction whose merged powers can be expanded once more is; others are done."""
        if isinstance(node, Sum):
            for inner, term in node.terms:
                yield from self._again(term, numbers.multiply(coefficient, inner))
            return
        if isinstance(node, Fuse):
            for inner, term in self._again(node.children[0], coefficient):
                yield inner, fuse(term, node.groups)
            return
        if isinstance(node, Contract) and any(
            (isinstance(factor, Sum) and (self.opens or len(node.factors) == 1))
            or _is_diagonal(factor, labels)
            for factor, labels in node.factors
        ):
            # A sum that was only spread over the axes came in as a factor, or a label met itself.
            for inner, term in self._distributed(node):
                yield numbers.multiply(coefficient, inner), term
            return
        if isinstance(node, Contract):
            together = joined(node)
            if together is not None:
                yield from self._terms(together, coefficient)
                return
            division = divided(node) if self.opens else None
            if division is not None:
                yield from self._nested(
                    (numbers.multiply(coefficient, c), _flat(product, node.out, _out_sizes(node)))
                    for c, product in division
                )
                return
            factors = [(self.expand(factor), labels) for factor, labels in node.factors]
            if any(new is not old for (new, _), (old, _) in zip(factors, node.factors, strict=True)):
                yield from self._nested(
                    [(coefficient, _flat(factors, node.out, dict(enumerate(node.sizes))))]
                )
                return
        yield coefficient, node

    def _nested(self, products: Iterable[tuple[Coefficient, Node]]) -> Iterator[tuple[Coefficient, Node]]:
        """The terms of products that come about inside an expansion."""
        if self.depth == DEEPEST:
            raise LimitError("the expanded form is nested too deeply to compare")
        self.depth += 1
        for coefficient, product in products:
            yield from self._terms(product, coefficient)
        self.depth -= 1

    def _expanded_power(self, node: Node) -> Node:
        base, exponent = base_and_exponent(node)
        if exponent == 1 or not isinstance(base, (Sum, Contract, Map)):
            return node
        if isinstance(base, Sum) and len(base.terms) > 1:
            # One multiple of the base stands for all: (2x + 2y)⁻¹ is ½ (x + y)⁻¹.
            leading = base.terms[0][0]
            outside = _outside(leading, exponent) if leading != 1 else None
            if outside is not None:
                inverse = numbers.exact_power(leading, -1)
                assert inverse is not None
                unit = linear([(numbers.multiply(inverse, c), term) for c, term in base.terms], base.axes)
                return self.expand(multiply(outside, self._expanded_power(power(unit, exponent))))
            if not self.opens:
                return node
        if isinstance(exponent, Fraction):
            if isinstance(base, Sum) and len(base.terms) > 1 and exponent > 1:
                return self._times(power(base, int(exponent)), power(base, exponent % 1))
            simpler = root(base, exponent)
            return node if simpler is None else self.expand(simpler)
        if not isinstance(exponent, int) or exponent < 2 or isinstance(base, Map):
            return node
        labels = tuple(range(len(base.axes)))
        sizes = dict(enumerate(base.axes))
        result: Node = base
        for _ in range(exponent - 1):
            terms = []
            for c, first in terms_of(result):
                for d, second in terms_of(base):
                    self._spend()
                    product = _flat([(first, labels), (second, labels)], labels, sizes)
                    terms.append((numbers.multiply(c, d), product))
            result = linear(terms, base.axes)
        return result

    def _times(self, sum_: Node, factor: Node) -> Node:
        """(x + y) √(x + y) as x √(x + y) + y √(x + y)."""
        labels = tuple(range(len(factor.axes)))
        sizes = dict(enumerate(factor.axes))
        terms = []
        for c, term in terms_of(self.expand(sum_)):
            self._spend()
            terms.append((c, _flat([(term, labels), (factor, labels)], labels, sizes)))
        return self.expand(linear(terms, factor.axes))


def _rebuilt(node: Node, new: Mapping[Node, Node]) -> Node:
    """A node of operands that are expanded; √(x²) is made of x, since of x² written out no root is seen."""
    base, exponent = base_and_exponent(node)
    inner, inside = base_and_exponent(base)
    if inside != 1 and passes_in(new[inner], inside, exponent):
        return power(new[inner], numbers.multiply(inside, exponent))
    return rebuild(node, [new[child] for child in node.children])


def _outside(value: Coefficient, exponent: Coefficient) -> Node | None:
    """A number to a power as what it is outside of the power, or None."""
    if isinstance(exponent, Fraction):
        return root_of_number(value, exponent) if value > 0 else None
    exact = numbers.exact_power(value, exponent) if isinstance(exponent, int) else None
    return None if exact is None else number(exact)


def _with_powers_open(product: _Product) -> list[tuple[Node, tuple[Hashable, ...]]]:
    """The factors with powers of products written out: Σ (A x)ᵢ² is xᵀ Aᵀ A x, each copy with its own inner labels."""
    found: list[tuple[Node, tuple[Hashable, ...]]] = []
    for place, (factor, labels) in enumerate(product):
        base, exponent = base_and_exponent(factor)
        plain = isinstance(base, Contract) and len(set(base.out)) == len(base.out)
        count = exponent if isinstance(exponent, int) and plain else 0
        if count < 2 or count * len(base.children) > LONGEST_POWER:
            found.append((factor, labels))
            continue
        assert isinstance(base, Contract)
        outer = dict(zip(base.out, labels, strict=True))
        for copy in range(count):
            found += [
                (inner, tuple(outer.get(label, ("copy", place, copy, label)) for label in held))
                for inner, held in base.factors
            ]
    return found


def _under_whole_power(node: Node) -> tuple[Node, int]:
    """The node as base ** whole number."""
    base, exponent = base_and_exponent(node)
    return (base, exponent) if isinstance(exponent, int) else (node, 1)


def _is_diagonal(factor: Node, labels: Sequence[Hashable]) -> bool:
    """Whether a function of a tensor, or a whole power of it, stands on a diagonal of the tensor."""
    return (
        isinstance(factor, Map)
        and len(set(labels)) < len(labels)
        and isinstance(_under_whole_power(factor)[0], Map)
    )


def _out_sizes(node: Contract) -> dict[int, Dim]:
    """The sizes of what comes out; what is summed is on a factor."""
    return {label: node.sizes[label] for label in node.out}


def _flat(
    factors: Sequence[tuple[Node, Sequence[Hashable]]], out: Sequence[int], sizes: Mapping[int, Dim]
) -> Node:
    """A contraction with all others among its factors taken in, those of squares too.

    Raises LimitError where too many of them are alike.
    """
    parts = [
        part for node, _ in factors for part in (node.children if isinstance(node, Contract) else (node,))
    ]
    if len(parts) - len(set(parts)) > LIKE_FACTORS:
        raise LimitError("the expanded form has too many like factors to compare")
    product = contract(factors, out, sizes, _always, None, False)
    return unfused(product) if is_tied(product) else product


def _always(node: Contract) -> bool:
    return True
