"""Roots and quotients of products in the normal form: √(2 a) is √2 √a, and x'x / √(x'x) is √(x'x).

A power that is not a whole positive number can't be written out as factors. So a factor that is never negative comes
out of it, and in a product its base, found among the factors, joins it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from matcalc.graph import numbers
from matcalc.graph.build import contract
from matcalc.graph.contraction import connected
from matcalc.graph.inward import summed_parts
from matcalc.graph.leaves import ONE, number, scale
from matcalc.graph.maps import power
from matcalc.graph.node import Contract, Node, Sum
from matcalc.graph.numbers import Coefficient
from matcalc.graph.powers import base_and_exponent, is_nonnegative, raised
from matcalc.graph.products import multiply

Labelled = tuple[Node, Sequence[Hashable]]

# Divisors that are tried to write a number as a product; what is left counts as prime.
_LARGEST_DIVISOR = 1_000
# Summed labels of which all choices are tried to find a square.
_MOST_LABELS = 5


def root(base: Node, exponent: Coefficient) -> Node | None:
    """base ** exponent, an exponent that is no whole number, as a product of simpler powers; None if it is simple."""
    if not isinstance(exponent, Fraction):
        return None
    inner, inside = base_and_exponent(base)
    if isinstance(inside, int) and inside != 1:
        return _root_of_power(inner, inside, exponent)
    if isinstance(base, Sum) and len(base.terms) == 1:
        return _root_of_multiple(*base.terms[0], exponent)
    if isinstance(base, Contract) and base is not ONE:
        return _root_of_product(base, exponent)
    return None


def passes_in(inner: Node, inside: Coefficient, exponent: Coefficient) -> bool:
    """Whether (x ** inside) ** exponent is x ** (inside · exponent): √(x³) needs what √x needs, √(x²) is |x|."""
    if not isinstance(inside, int) or not isinstance(exponent, Fraction):
        return False
    return (inside % 2 == 1 and exponent.denominator % 2 == 0) or is_never_negative(inner)


def _root_of_power(inner: Node, inside: int, exponent: Fraction) -> Node | None:
    """√(x⁻³) is x^(-3/2), and √(x⁻²) is √(x²) x⁻²: there is one |x|."""
    if passes_in(inner, inside, exponent):
        return power(inner, numbers.multiply(inside, exponent))
    if inside % 2:
        return None
    whole, rest = divmod(exponent * inside / 2, 1)
    if inside == 2 and not whole:
        return None
    return multiply(power(inner, 2 * whole), power(power(inner, 2), numbers.reduce(rest)))


def _root_of_multiple(coefficient: Coefficient, node: Node, exponent: Fraction) -> Node | None:
    outside = root_of_number(numbers.magnitude(coefficient), exponent)
    if outside is None or outside is ONE:
        return None
    if node is ONE and outside is raised(number(coefficient), exponent):
        return None
    return multiply(outside, power(scale(1 if coefficient > 0 else -1, node), exponent))


def root_of_number(value: Coefficient, exponent: Fraction) -> Node | None:
    """A positive number to a power as a number times roots of primes; None for a float."""
    if isinstance(value, float):
        return None
    ratio = Fraction(value)
    primes = Counter(_primes(ratio.numerator))
    primes.subtract(_primes(ratio.denominator))
    outside: Coefficient = 1
    roots: list[Node] = []
    for prime, count in primes.items():
        whole, rest = divmod(count * exponent, 1)
        outside = numbers.multiply(outside, numbers.reduce(Fraction(prime) ** whole))
        if rest:
            roots.append(raised(number(prime), rest))
    return multiply(number(outside), *roots)


def _primes(value: int) -> Iterator[int]:
    divisor = 2
    while divisor * divisor <= value and divisor <= _LARGEST_DIVISOR:
        while value % divisor == 0:
            yield divisor
            value //= divisor
        divisor += 1
    if value > 1:
        yield value


def _root_of_product(base: Contract, exponent: Fraction) -> Node | None:
    """The parts that are never negative by themselves, each to its power; the rest stays under the root."""
    if len(set(base.out)) < len(base.out):
        return None
    counted = Counter((part, tuple(labels)) for part, labels in summed_parts(base, contract))
    outside: list[Labelled] = []
    inside: list[tuple[Node, tuple[int, ...]]] = []
    for (part, labels), count in counted.items():
        if is_never_negative(part):
            outside.append((power(part, numbers.multiply(exponent, count)), labels))
        else:
            inside += [(part, labels)] * count
    if list(counted.values()) == [1]:
        return None
    if len(set(inside)) == 1 and len(inside) % 2 and exponent.denominator % 2 == 0:
        # √(a³) has a value where a has a root.
        ((part, labels),) = set(inside)
        outside.append((power(part, numbers.multiply(exponent, len(inside))), labels))
        inside = []
    if not outside:
        return None
    if inside:
        held = tuple(dict.fromkeys(label for _, labels in inside for label in labels))
        outside.append((power(contract(inside, held), exponent), held))
    return contract(outside, base.out, {label: base.sizes[label] for label in base.out})


def is_never_negative(node: Node) -> bool:
    """Whether an expanded node is nonnegative for every real input: sums of squares, written out, are so too."""
    if isinstance(node, Sum):
        return all(c > 0 and is_never_negative(term) for c, term in node.terms)
    base, exponent = base_and_exponent(node)
    inner = base if isinstance(exponent, int) and exponent % 2 else node
    return is_nonnegative(inner) or _is_sum_of_squares(inner)


def _is_sum_of_squares(node: Node) -> bool:
    """Whether a product is a square, or a sum of squares, of what hangs together beside some of its summed labels."""
    if not isinstance(node, Contract):
        return False
    summed = sorted(set(range(len(node.sizes))) - set(node.out))
    for count in range(len(summed) + 1 if len(summed) <= _MOST_LABELS else 2):
        for beside in combinations(summed, count):
            outer = {*node.out, *beside}
            inner = [
                (factor, [label for label in held if label not in outer]) for factor, held in node.factors
            ]
            parts: Counter[tuple[Node, tuple[int, ...]]] = Counter()
            for members in connected(inner):
                some = [node.factors[k] for k in members]
                ends = tuple(sorted({label for _, held in some for label in held} & outer))
                parts[contract(some, ends), ends] += 1
            if all(times % 2 == 0 or is_nonnegative(part) for (part, _), times in parts.items()):
                return True
    return False


def joined(node: Contract) -> Node | None:
    """The product with parts that are the base of a power beside them joined to it; None if there are none."""
    for place, (factor, labels) in enumerate(node.factors):
        base, exponent = base_and_exponent(factor)
        if exponent == 1 or not isinstance(base, Contract) or base is ONE:
            continue
        found = _found(base, labels, [pair for k, pair in enumerate(node.factors) if k != place], node.out)
        if found is not None:
            power_of_both = power(base, numbers.add(exponent, 1))
            # Labels that only the joined part held are gone with it.
            sizes = {label: node.sizes[label] for label in node.out}
            return contract([*found, (power_of_both, labels)], node.out, sizes)
    return None


def _found(
    base: Contract, labels: Sequence[int], factors: Sequence[Labelled], out: Sequence[int]
) -> list[Labelled] | None:
    """What remains of the factors without `base`, if it is one or several whole parts of them."""
    own = Counter(inner for inner, _ in base.factors)
    if own - Counter(factor for factor, _ in factors) or len(set(base.out)) < len(base.out):
        return None
    outer = {*labels, *out}
    inner = [(factor, [label for label in held if label not in outer]) for factor, held in factors]
    taken: set[int] = set()
    places = dict(zip(base.out, labels, strict=True))
    for part, ends in summed_parts(base, contract):
        wanted = [places[end] for end in ends]
        for members in connected(inner):
            some = [factors[k] for k in members]
            ends_here = {label for _, held in some for label in held} & outer
            if taken.isdisjoint(members) and ends_here == set(wanted) and contract(some, wanted) is part:
                taken.update(members)
                break
        else:
            return None
    return [pair for k, pair in enumerate(factors) if k not in taken]
