"""Fingerprints: a graph evaluated exactly in a prime field, at random entries and with random functions.

Equal fingerprints prove an identity, but for a chance of about degree / 2³¹ for each of the points tried
(Schwartz 1980, Zippel 1979). Sums, products, integer powers, determinants and inverses are what they are; every other
function is a random one of its arguments, so that what is proven holds whatever the functions are. Unequal ones
refute nothing: exp(a) exp(b) is exp(a + b), and a random function does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from hashlib import blake2b
from typing import Any

import numpy as np

from matcalc.errors import LimitError
from matcalc.graph.leaves import number_value
from matcalc.graph.node import Apply, Constant, Contract, Fuse, Map, Node, Size, Split, Sum, Symbol
from matcalc.graph.normal import closed, normal
from matcalc.graph.numbers import Coefficient
from matcalc.graph.powers import is_power
from matcalc.graph.walk import topological
from matcalc.shapes.dims import Dim, dim_parts

PRIME = 2**31 - 1

# For each point the size at which named dimensions start, and a smaller one for tensors of many axes. The points
# differ, for what holds at one size only is no identity.
_SMALLEST = ((5, 2), (7, 3), (11, 4))
# Entries that an array may have on the way.
_LARGEST = 2_000_000
# Rows of a matrix that is inverted.
_WIDEST = 24

_Array = Any


class TooLarge(LimitError):
    """An array of the evaluation has too many entries."""


def same_value(a: Node, b: Node) -> bool:
    """Whether two nodes are proven equal: by a closed or an expanded form, or where those do not tell, by fingerprints.

    False says that there is no proof.
    """
    if a is b:
        return True
    if a.axes != b.axes:
        return False
    for form in (closed, normal):
        with suppress(LimitError):
            if form(a) is form(b):
                return True
    try:
        return all(first == second for first, second in zip(*fingerprints((a, b)), strict=True))
    except TooLarge:
        return False


def fingerprints(roots: Sequence[Node]) -> list[list[bytes]]:
    """The fingerprints of nodes at the same points, a list for each. Raises TooLarge where sizes are fixed so."""
    order = topological(roots)
    found: list[list[bytes]] = [[] for _ in roots]
    for point, (usual, smaller) in enumerate(_SMALLEST):
        try:
            values = _values(order, usual, point)
        except TooLarge:
            values = _values(order, smaller, point)
        for own, root in zip(found, roots, strict=True):
            own.append(values[root].tobytes())
    return found


def _values(order: Sequence[Node], smallest: int, point: int) -> dict[Node, _Array]:
    """The values of nodes, operands first, where named dimensions have the sizes `smallest` and up."""
    sizes = _sizes(order, smallest)
    values: dict[Node, _Array] = {}
    for node in order:
        values[node] = _value(node, [values[child] for child in node.children], sizes, point)
    return values


def _sizes(nodes: Iterable[Node], smallest: int) -> dict[Dim, int]:
    """Pairwise distinct sizes for the named dimensions."""
    names = sorted({part for node in nodes for part in _named(node)})
    return {name: smallest + place for place, name in enumerate(names)}


def _named(node: Node) -> list[str]:
    dims = node.sizes if isinstance(node, Contract) else (node.dim,) if isinstance(node, Size) else node.axes
    return [part for dim in dims for part in dim_parts(dim) if isinstance(part, str)]


def _size(dim: Dim, sizes: Mapping[Dim, int]) -> int:
    result = 1
    for part in dim_parts(dim):
        result *= part if isinstance(part, int) else sizes[part]
    return result


def _shape(axes: Iterable[Dim], sizes: Mapping[Dim, int]) -> tuple[int, ...]:
    shape = tuple(_size(dim, sizes) for dim in axes)
    count = 1
    for size in shape:
        count *= size
    if count > _LARGEST:
        raise TooLarge("an array of the comparison is too large")
    return shape


def _value(node: Node, operands: Sequence[_Array], sizes: Mapping[Dim, int], point: int) -> _Array:
    shape = _shape(node.axes, sizes)
    if isinstance(node, Symbol):
        return _symbol(node, shape, point)
    if isinstance(node, Constant):
        return np.asarray(_key("constant", node.name, point) % PRIME)
    if isinstance(node, Size):
        return np.asarray(_size(node.dim, sizes) % PRIME)
    if isinstance(node, Sum):
        total = np.zeros(shape, np.int64)
        for (coefficient, _), value in zip(node.terms, operands, strict=True):
            total = (total + residue(coefficient) * value) % PRIME
        return total
    if isinstance(node, Contract):
        return _contracted(node, operands, sizes)
    if isinstance(node, Map):
        return _mapped(node, operands, shape)
    if isinstance(node, Fuse | Split):
        return operands[0].reshape(shape)
    assert isinstance(node, Apply)
    return _applied(node, operands, shape)


def residue(coefficient: Coefficient) -> int:
    """A number in the field; a float is the fraction that it is exactly."""
    exact = Fraction(coefficient)
    return exact.numerator * pow(exact.denominator, -1, PRIME) % PRIME


def _key(*parts: object) -> int:
    """A random number for whatever tells things apart, the same in every process."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=7).digest(), "big")


def _symbol(node: Symbol, shape: tuple[int, ...], point: int) -> _Array:
    count = int(np.prod(shape, dtype=np.int64))
    start = _key("variable", node.name, point)
    value = _mixed(start, np.arange(count)).reshape(shape)
    if "diagonal" in node.properties:
        return value * np.eye(shape[0], dtype=np.int64)
    return (value + value.T) % PRIME if node.symmetric else value


def _mixed(start: _Array, *arguments: _Array) -> _Array:
    """A random function of its arguments, entry by entry (the mixer of Steele, Lea and Flood's SplitMix)."""
    state = np.asarray(start, np.uint64)
    for argument in arguments:
        state = state ^ np.asarray(argument).astype(np.uint64)
        state = state * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0xD1B54A32D192ED03)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return (state % np.uint64(PRIME)).astype(np.int64)


def _mapped(node: Map, operands: Sequence[_Array], shape: tuple[int, ...]) -> _Array:
    value = number_value(node.children[1]) if is_power(node) else None
    if isinstance(value, int):
        return _power(operands[0], value)
    with np.errstate(over="ignore"):
        if isinstance(value, Fraction):
            # x√x is √x³, whatever √x may be: only the root between 0 and 1 is random.
            whole, rest = divmod(value, 1)
            root = _mixed(_key("root", rest), operands[0])
            return np.broadcast_to(_power(operands[0], whole) * root % PRIME, shape)
        return np.broadcast_to(_mixed(_key("map", node.function.name), *operands), shape)


def _power(base: _Array, exponent: int) -> _Array:
    """base ** exponent by squaring; the inverse of x is x to the prime minus 2."""
    left = exponent if exponent >= 0 else -exponent * (PRIME - 2) % (PRIME - 1)
    result = np.ones_like(base)
    while left:
        if left & 1:
            result = result * base % PRIME
        base = base * base % PRIME
        left >>= 1
    return result


def _applied(node: Apply, operands: Sequence[_Array], shape: tuple[int, ...]) -> _Array:
    """Determinants and inverses are what they are; of another function a random array for each batch of operands."""
    if node.function.name in _EXACT and len(operands) == 1:
        return _of_matrices(_EXACT[node.function.name], operands[0]).reshape(shape)
    batch = shape[: node.batch]
    core = shape[node.batch :]
    with np.errstate(over="ignore"):
        state = np.full(batch, _key("apply", node.function.name, node.parameters), np.uint64)
        for operand in operands:
            for entry in np.moveaxis(operand.reshape((*batch, -1)), -1, 0):
                state = _mixed(state, entry)
        places = np.arange(int(np.prod(core, dtype=np.int64))).reshape(core)
        value = _mixed(state.reshape((*batch, *(1,) * len(core))), places)
    return (value + np.swapaxes(value, -1, -2)) % PRIME if node.symmetric else value


# Matrices ----------------------------------------------------------------------------------------------------------


def _of_matrices(function: Callable[[list[list[int]]], Any], operand: _Array) -> _Array:
    """A function of each matrix of the operand's last two axes."""
    matrices = operand.reshape((-1, *operand.shape[-2:]))
    if operand.shape[-1] > _WIDEST:
        raise TooLarge("a matrix of the comparison is too large")
    return np.asarray([function(matrix.tolist()) for matrix in matrices], np.int64)


def _eliminated(matrix: list[list[int]]) -> tuple[int, list[list[int]]]:
    """The determinant, and the inverse where that is not 0, by Gauss and Jordan."""
    size = len(matrix)
    rows = [list(row) + [int(i == k) for i in range(size)] for k, row in enumerate(matrix)]
    determinant = 1
    for column in range(size):
        pivot = next((k for k in range(column, size) if rows[k][column]), None)
        if pivot is None:
            return 0, [[0] * size for _ in range(size)]
        if pivot != column:
            rows[column], rows[pivot] = rows[pivot], rows[column]
            determinant = -determinant
        lead = rows[column][column]
        determinant = determinant * lead % PRIME
        inverse = pow(lead, -1, PRIME)
        rows[column] = [entry * inverse % PRIME for entry in rows[column]]
        for k, row in enumerate(rows):
            if k != column and row[column]:
                factor = row[column]
                rows[k] = [(a - factor * b) % PRIME for a, b in zip(row, rows[column], strict=True)]
    return determinant % PRIME, [row[size:] for row in rows]


def _determinant(matrix: list[list[int]]) -> int:
    return _eliminated(matrix)[0]


def _inverse(matrix: list[list[int]]) -> list[list[int]]:
    return _eliminated(matrix)[1]


def _adjugate(matrix: list[list[int]]) -> list[list[int]]:
    """det(X) inv(X), and by cofactors where X is singular."""
    determinant, inverse = _eliminated(matrix)
    if determinant:
        return [[determinant * entry % PRIME for entry in row] for row in inverse]
    size = range(len(matrix))
    return [
        [
            (-1) ** (i + j)
            * _determinant([[matrix[r][c] for c in size if c != i] for r in size if r != j])
            % PRIME
            for j in size
        ]
        for i in size
    ]


_EXACT: dict[str, Callable[[list[list[int]]], Any]] = {
    "det": _determinant,
    "inv": _inverse,
    "adj": _adjugate,
}


# Contractions ------------------------------------------------------------------------------------------------------

_Labelled = tuple[_Array, tuple[int, ...]]


def _contracted(node: Contract, operands: Sequence[_Array], sizes: Mapping[Dim, int]) -> _Array:
    """Sums label by label, so that no array holds more labels than it must."""
    dims = [_size(dim, sizes) for dim in node.sizes]
    factors = [_distinct(value, labels) for value, (_, labels) in zip(operands, node.factors, strict=True)]
    for label in range(len(dims)):
        if label not in node.out:
            holders = [factor for factor in factors if label in factor[1]]
            factors = [factor for factor in factors if label not in factor[1]]
            value, held = _product(holders, dims)
            place = held.index(label) if label in held else None
            summed = value * dims[label] if place is None else value.sum(axis=place)
            factors.append((summed % PRIME, tuple(other for other in held if other != label)))
    value, held = _product(factors, dims)
    labels = tuple(dict.fromkeys(node.out))
    shape = tuple(dims[label] if label in held else 1 for label in labels)
    order = sorted(range(len(held)), key=lambda axis: labels.index(held[axis]))
    spread = np.broadcast_to(value.transpose(order).reshape(shape), [dims[label] for label in labels])
    return _repeated(spread, labels, node.out, dims)


def _distinct(value: _Array, labels: tuple[int, ...]) -> _Labelled:
    """An array with every label once: a repeated one is a diagonal."""
    held = tuple(dict.fromkeys(labels))
    if len(held) == len(labels):
        return value, labels
    places = [held.index(label) for label in labels]
    return np.einsum(value, places, list(range(len(held)))), held


def _product(factors: Sequence[_Labelled], dims: Sequence[int]) -> _Labelled:
    labels = tuple(sorted({label for _, held in factors for label in held}))
    count = 1
    for label in labels:
        count *= dims[label]
    if count > _LARGEST:
        raise TooLarge("an array of the comparison is too large")
    result = np.ones((1,) * len(labels), np.int64)
    for value, held in factors:
        order = sorted(range(len(held)), key=held.__getitem__)
        shape = tuple(dims[label] if label in held else 1 for label in labels)
        result = result * value.transpose(order).reshape(shape) % PRIME
    return result, labels


def _repeated(value: _Array, labels: tuple[int, ...], out: tuple[int, ...], dims: Sequence[int]) -> _Array:
    """The axes `out` from distinct `labels`: a label that comes out twice is a diagonal matrix."""
    if labels == out:
        return value
    result = np.zeros([dims[label] for label in out], np.int64)
    index = np.indices([dims[label] for label in labels])
    result[tuple(index[labels.index(label)] for label in out)] = value
    return result
