"""Trees for the tests of the renderers: short builders, random trees, and what a tree means as a number.

Values live in the integers modulo a prime: scalars, and 2×2 matrices, so that every product of the notation exists and
none of them commutes by accident. Functions and powers are scrambled, so that equal values mean equal structure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from hashlib import blake2b
from typing import Any

from hypothesis import strategies as st

from matcalc.notation.tree import (
    SCALAR,
    Addition,
    Call,
    Hadamard,
    Literal,
    MatrixProduct,
    Name,
    Negative,
    Power,
    Quotient,
    Scaled,
    Shape,
    Transposed,
    Tree,
)

PRIME = (1 << 61) - 1
SQUARE: Shape = ("n", "n")
Value = int | tuple[int, int, int, int]


def scalar(name: str) -> Name:
    return Name(SCALAR, name)


def number(value: float | Fraction) -> Literal:
    return Literal(SCALAR, value)


def column(name: str, size: str = "n") -> Name:
    return Name((size, 1), name)


def matrix(name: str, rows: str = "n", columns: str = "n") -> Name:
    return Name((rows, columns), name)


def scalars() -> st.SearchStrategy[Tree]:
    literal = st.sampled_from([2, 3, 10, Fraction(1, 2), Fraction(3, 4), 0.5, 2.5])
    return st.one_of(st.sampled_from("abc").map(scalar), literal.map(number))


def trees() -> st.SearchStrategy[Tree]:
    """Random formulas of scalars and square matrices."""
    leaves = st.one_of(scalars(), st.sampled_from("ABC").map(matrix))
    return st.recursive(leaves, _grown, max_leaves=12)


def _grown(parts: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.tuples(st.integers(0, 8), st.lists(parts, min_size=1, max_size=3), st.integers(0, 7)).map(
        lambda drawn: _combined(*drawn)
    )


def _combined(kind: int, parts: list[Tree], signs: int) -> Tree:
    """A tree of the kind that the parts allow; every drawing gives one."""
    first = parts[0]
    squares = tuple(part for part in parts if part.shape == SQUARE)
    plain = tuple(part for part in parts if part.shape == SCALAR)
    if kind == 0:
        return Negative(first.shape, first)
    if kind == 1:
        return Power(first.shape, first, plain[-1] if plain else number(2))
    if kind == 2:
        return Call(first.shape, "f", (first,), (), signs % 2)
    if kind == 3 and first.shape == SQUARE:
        return Transposed(SQUARE, first)
    if kind == 4 and len(squares) > 1:
        return MatrixProduct(SQUARE, squares)
    if kind == 5 and len(squares) > 1:
        return Hadamard(SQUARE, squares)
    if kind == 6 and len(parts) > 1:
        shape = SQUARE if squares else SCALAR
        return (
            Quotient(shape, first, parts[1]) if signs % 2 else Quotient(parts[1].shape, parts[1], number(3))
        )
    if kind == 7 and len(parts) > 1 and plain:
        body = squares[0] if squares else plain[-1]
        return Scaled(body.shape, plain if squares else plain[:-1] or (number(2),), body)
    if len(parts) > 1:
        shape = SQUARE if squares else SCALAR
        terms = squares if squares and len(squares) > 1 else tuple(parts)
        return Addition(shape, tuple((-1 if signs >> k & 1 else 1, term) for k, term in enumerate(terms)))
    return Negative(first.shape, first)


def contexts(shape: Shape) -> list[Callable[[Tree], Tree]]:
    """Every place of every operator in which a part of `shape` may stand, with names in the other places."""
    a, A, B = scalar("a"), matrix("A"), matrix("B")
    places: list[Callable[[Tree], Tree]] = [
        lambda t: Negative(shape, t),
        lambda t: Power(shape, t, number(2)),
        lambda t: Call(shape, "f", (t,)),
        lambda t: Quotient(shape, t, a),
        lambda t: Addition(shape, ((1, t), (1, a))),
        lambda t: Addition(shape, ((-1, t), (1, a))),
        lambda t: Addition(shape, ((1, a), (1, t))),
        lambda t: Addition(shape, ((1, a), (-1, t))),
        lambda t: Scaled(shape, (a,), t),
        lambda t: Scaled(shape, (number(Fraction(1, 2)),), t),
        lambda t: Scaled(shape, (number(Fraction(1, 2)), a), t),
        lambda t: Scaled(shape, (number(Fraction(3, 2)),), t),
    ]
    if shape == SCALAR:
        places += [
            lambda t: Power(SQUARE, A, t),
            lambda t: Power(SCALAR, a, t),
            lambda t: Quotient(SCALAR, a, t),
            lambda t: Quotient(SQUARE, A, t),
            lambda t: Scaled(SQUARE, (t,), A),
            lambda t: Scaled(SQUARE, (a, t), A),
            lambda t: Scaled(SCALAR, (t,), a),
        ]
    else:
        places += [
            lambda t: Transposed(SQUARE, t),
            lambda t: Quotient(SQUARE, A, t),
            lambda t: Quotient(SQUARE, t, B),
            lambda t: Quotient(SQUARE, a, t),
            lambda t: MatrixProduct(SQUARE, (t, B)),
            lambda t: MatrixProduct(SQUARE, (A, t)),
            lambda t: MatrixProduct(SQUARE, (A, t, B)),
            lambda t: Hadamard(SQUARE, (t, B)),
            lambda t: Hadamard(SQUARE, (A, t, B)),
        ]
    return places


def all_trees(depth: int) -> Iterator[Tree]:
    """Every chain of `depth` places, around names and numbers: what may stand in what, and in what that may."""
    layer: list[Tree] = [scalar("b"), number(Fraction(3, 4)), number(-2), matrix("C")]
    for _ in range(depth):
        layer = [place(tree) for tree in layer for place in contexts(tree.shape)]
        yield from layer


def scrambled(*parts: Any) -> int:
    """A number that the parts determine, and nothing but the parts."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=7).digest(), "big")


def known(name: str) -> Value:
    """The value of a variable: capitals are matrices."""
    if name.isupper():
        a, b, c, d = (scrambled(name, place) for place in range(4))
        return (a, b, c, d)
    return scrambled(name)


def residue(value: float | Fraction) -> int:
    exact = Fraction(value)
    return exact.numerator * pow(exact.denominator, -1, PRIME) % PRIME


def spread(function: Any, left: Value, right: Value) -> Value:
    """A function entry by entry, a scalar with every entry of a matrix."""
    if isinstance(left, int) and isinstance(right, int):
        return int(function(left, right)) % PRIME
    lefts = (left,) * 4 if isinstance(left, int) else left
    rights = (right,) * 4 if isinstance(right, int) else right
    a, b, c, d = (int(function(x, y)) % PRIME for x, y in zip(lefts, rights, strict=True))
    return (a, b, c, d)


def plus(left: Value, right: Value) -> Value:
    return spread(lambda x, y: x + y, left, right)


def times(left: Value, right: Value) -> Value:
    return spread(lambda x, y: x * y, left, right)


def over(left: Value, right: Value) -> Value:
    return spread(lambda x, y: x * pow(y, -1, PRIME) if y else scrambled("/", x), left, right)


def power(base: Value, exponent: Value) -> Value:
    return spread(lambda x, y: scrambled("**", x, y), base, exponent)


def applied(function: str, value: Value) -> Value:
    return spread(lambda x, y: scrambled(function, x), value, 0)


def matmul(left: Value, right: Value) -> Value:
    assert isinstance(left, tuple) and isinstance(right, tuple), "@ joins matrices"
    a, b, c, d = left
    e, f, g, h = right
    p, q, r, s = (a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h)
    return (p % PRIME, q % PRIME, r % PRIME, s % PRIME)


def transposed(value: Value) -> Value:
    assert isinstance(value, tuple), "a transpose is of a matrix"
    return (value[0], value[2], value[1], value[3])


def meaning(tree: Tree) -> Value:
    """What the tree says, by its definition."""
    if isinstance(tree, Name):
        return known(tree.name)
    if isinstance(tree, Literal):
        return residue(tree.value)
    if isinstance(tree, Call):
        return applied(tree.function + "'" * tree.primes, meaning(tree.arguments[0]))
    if isinstance(tree, Transposed):
        return transposed(meaning(tree.body))
    if isinstance(tree, Power):
        return power(meaning(tree.base), meaning(tree.exponent))
    if isinstance(tree, Quotient):
        return over(meaning(tree.numerator), meaning(tree.denominator))
    if isinstance(tree, Negative):
        return times(PRIME - 1, meaning(tree.body))
    if isinstance(tree, Addition):
        result: Value = 0
        for sign, term in tree.terms:
            result = plus(result, times(sign % PRIME, meaning(term)))
        return result
    assert isinstance(tree, MatrixProduct | Hadamard | Scaled)
    factors = (*tree.scalars, tree.body) if isinstance(tree, Scaled) else tree.factors
    result = meaning(factors[0])
    for factor in factors[1:]:
        result = (matmul if isinstance(tree, MatrixProduct) else times)(result, meaning(factor))
    return result


def nested(kind: str, depth: int) -> Tree:
    """A tree of one kind, `depth` levels deep."""
    A, a, two = matrix("A"), scalar("a"), number(2)
    tree: Tree = A
    for _ in range(depth):
        tree = {
            "call": lambda t: Call(SQUARE, "f", (t,)),
            "transposed": lambda t: Transposed(SQUARE, t),
            "product": lambda t: MatrixProduct(SQUARE, (A, t)),
            "hadamard": lambda t: Hadamard(SQUARE, (A, t)),
            "scaled": lambda t: Scaled(SQUARE, (a,), t),
            "quotient": lambda t: Quotient(SQUARE, t, a),
            "power": lambda t: Power(SQUARE, t, two),
            "negative": lambda t: Negative(SQUARE, t),
            "addition": lambda t: Addition(SQUARE, ((1, A), (-1, t))),
            "layer": lambda t: Call(
                SQUARE, "f", (Addition(SQUARE, ((1, MatrixProduct(SQUARE, (A, t))), (1, A))),)
            ),
        }[kind](tree)
    return tree


KINDS = (
    "call",
    "transposed",
    "product",
    "hadamard",
    "scaled",
    "quotient",
    "power",
    "negative",
    "addition",
    "layer",
)
