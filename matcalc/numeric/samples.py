"""Random inputs at which an expression can be differentiated: inside every domain, away from kinks and singularities.

Domains are read off the functions where their argument is an input; what cannot be read off is found by trying, from
generic numbers towards friendlier ones. Declared properties are honoured, and nothing is more structured than it must
be. Sizes of different names are different, so that exchanged axes cannot go unseen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from matcalc.codegen import compiled, derivative_name, generate
from matcalc.codegen.sizes import array_shape
from matcalc.errors import DomainError
from matcalc.graph import (
    Apply,
    Contract,
    Map,
    Node,
    Size,
    Sum,
    Symbol,
    is_power,
    number_value,
    topological,
)
from matcalc.rules.entries import AbstractFunction
from matcalc.rules.samples import INTERVALS, sample
from matcalc.shapes.dims import dim_parts, dim_value

Array = np.ndarray[Any, Any]

# How far a kink has to be: further than central differences reach.
CLEARANCE = 1e-2
_TRIES_PER_STYLE = 30
_LARGEST = 1e7
_WORST_CONDITION = 300.0
_OTHER_SIZES = 4
_SIZES = (3, 4, 5, 7, 6, 8, 9, 10, 11, 12)


def sizes_for(nodes: Iterable[Node]) -> dict[str, int]:
    """A size for every named dimension below `nodes`, distinct from each other and from the integer ones."""
    names: dict[str, None] = {}
    fixed: set[int] = set()
    for node in topological(nodes):
        hidden = node.sizes if isinstance(node, Contract) else (node.dim,) if isinstance(node, Size) else ()
        for dim in (*node.axes, *hidden):
            for part in dim_parts(dim):
                if isinstance(part, str):
                    names[part] = None
                else:
                    fixed.add(part)
    free = [size for size in _SIZES if size not in fixed]
    return {name: free[place % len(free)] for place, name in enumerate(names)}


def sampler_for(
    nodes: Sequence[Node], symbols: Sequence[Symbol], seed: int = 0, smooth: Sequence[Node] = ()
) -> Sampler:
    """A sampler with sizes that suit: det(X.T @ X) needs an X that is taller than wide.

    Raises DomainError when no inputs are found whatever the sizes.
    """
    first = sizes_for([*nodes, *smooth, *symbols])
    sizes = list(first.values())
    rng = np.random.default_rng(seed)
    orders = [sizes, sizes[::-1], *(list(map(int, rng.permutation(sizes))) for _ in range(_OTHER_SIZES))]
    tried: list[list[int]] = []
    for order in orders:
        if order in tried:
            continue
        tried.append(order)
        sampler = Sampler(nodes, symbols, dict(zip(first, order, strict=True)), seed, smooth)
        try:
            sampler.draw()
        except DomainError:
            continue
        return Sampler(nodes, symbols, sampler.sizes, seed, smooth)
    raise _nothing_found()


def _nothing_found() -> DomainError:
    return DomainError(
        "no inputs were found at which the expression is finite and smooth",
        hint="declare what is known of the variables: positive, spd, invertible, …",
    )


def concrete_function(letter: str, order: int, xp: Any) -> Callable[[Any], Any]:
    """A smooth function in place of an abstract one, or its derivative: sin(a x) + x²/5, with a slope of its own."""
    slope = 1.3 + 0.17 * (ord(letter[0]) % 5)

    def value(x: Any) -> Any:
        parabola = (0.2 * x * x, 0.4 * x, 0.4)[order] if order < 3 else 0.0
        return slope**order * xp.sin(slope * x + order * math.pi / 2) + parabola

    return value


def concrete_functions(nodes: Iterable[Node], xp: Any = np) -> dict[str, Callable[[Any], Any]]:
    """Callables for the abstract functions below `nodes`, under the keywords of an evaluator: f, df, d2f."""
    return {
        derivative_name(node.function.letter, node.function.order): concrete_function(
            node.function.letter, node.function.order, xp
        )
        for node in topological(nodes)
        if isinstance(node, Map) and isinstance(node.function, AbstractFunction)
    }


class Sampler:
    """Draws inputs for `nodes`, which have to be finite and smooth there; the same seed draws the same inputs.

    The nodes in `smooth` have to be away from their kinks as well, but need not be finite: of a derivative that is
    to be tested nothing may be presupposed.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        symbols: Sequence[Symbol],
        sizes: Mapping[str, int],
        seed: int = 0,
        smooth: Sequence[Node] = (),
    ) -> None:
        self.symbols = tuple(symbols)
        self.sizes = dict(sizes)
        self._rng = np.random.default_rng(seed)
        self._domains = _domains(nodes)
        self._watch = _Watch(nodes, smooth, self.symbols, self.sizes)

    def draw(self) -> dict[str, Array]:
        """Arrays by name, in the shapes that evaluators take.

        Raises DomainError when no inputs are found at which the nodes are finite and smooth.
        """
        for attempt in range(_TRIES_PER_STYLE * (len(_STYLES) + 2)):
            allowed = _STYLES[: 1 + attempt // _TRIES_PER_STYLE]
            values = {
                symbol.name: self._one(symbol, allowed[self._rng.integers(len(allowed))])
                for symbol in self.symbols
            }
            if self._watch.is_regular(values, self._rng):
                return values
        raise _nothing_found()

    def _one(self, symbol: Symbol, style: str) -> Array:
        shape = tuple(dim_value(dim, self.sizes) for dim in array_shape(symbol))
        domain = self._domains.get(symbol, "real")
        array = _with_properties(self._rng, symbol.properties, domain, style, shape)
        return np.asarray(array, float).reshape(shape)


def _domains(nodes: Iterable[Node]) -> dict[Symbol, str]:
    """The domains of inputs to which a function is applied directly."""
    found: dict[Symbol, str] = {}
    for node in topological(nodes):
        if isinstance(node, Map | Apply) and not isinstance(node.function, AbstractFunction):
            domains = list(getattr(node.function, "domain", ()))
            if is_power(node):
                whole = isinstance(number_value(node.children[1]), int)
                domains = ["real" if whole else "positive", "real"]
            for operand, domain in zip(node.children, domains, strict=False):
                symbol = _input_behind(operand)
                if symbol is not None and domain != "real":
                    found[symbol] = _stricter(found.get(symbol), domain)
    return found


def _stricter(first: str | None, second: str) -> str:
    """The narrower of two intervals; a property of matrices yields to none."""
    if first is None or first not in INTERVALS:
        return second if first is None else first
    if second not in INTERVALS:
        return second
    low, high = (pick(INTERVALS[first][k], INTERVALS[second][k]) for k, pick in enumerate((max, min)))
    return next((name for name, ends in INTERVALS.items() if ends == (low, high)), "unit_interval")


def _input_behind(node: Node) -> Symbol | None:
    """The input of which the node is a transpose, a broadcast or a positive multiple."""
    while True:
        if isinstance(node, Symbol):
            return node
        wrapper = isinstance(node, Contract) and len(node.factors) == 1
        multiple = isinstance(node, Sum) and len(node.terms) == 1 and node.terms[0][0] > 0
        if not (wrapper or multiple):
            return None
        node = node.children[0]


# Arrays ------------------------------------------------------------------------------------------------------------

# From generic to friendly: what a variable without declared properties may look like.
_STYLES = ("normal", "positive", "dominant", "small", "simplex")


def _styled(rng: np.random.Generator, style: str, shape: tuple[int, ...]) -> Array:
    square = len(shape) == 2 and shape[0] == shape[1]
    if style == "dominant" and square:
        # Nearly symmetric positive definite; exactly symmetric it would hide a lost transpose.
        factor = rng.standard_normal(shape)
        return factor @ factor.T / shape[0] + np.eye(shape[0]) + 0.05 * rng.standard_normal(shape)
    if style == "simplex" and shape:
        return _simplex(rng, shape)
    if style in ("positive", "dominant"):
        return rng.uniform(0.3, 1.8, shape)
    if style == "small":
        return rng.uniform(0.05, 0.3, shape)
    return rng.standard_normal(shape)


def _with_properties(
    rng: np.random.Generator, properties: frozenset[str], domain: str, style: str, shape: tuple[int, ...]
) -> Array:
    """An array that has the declared properties; `domain` is what a function asks, `style` the fallback."""
    vector = (math.prod(shape),) if 1 in shape else shape
    positive = "positive" in properties or domain == "positive"
    if "onehot" in properties:
        return np.eye(vector[-1])[rng.integers(vector[-1], size=vector[:-1])]
    if "simplex" in properties:
        return _simplex(rng, vector)
    if "diagonal" in properties:
        entries = rng.uniform(0.3, 2.0, shape[:1])
        return np.diag(
            entries if positive or "spd" in properties else entries * rng.choice([-1, 1], shape[:1])
        )
    if "spd" in properties:
        factor = rng.standard_normal(shape)
        return np.asarray(factor @ factor.T / shape[0] + np.eye(shape[0]))
    if "orthogonal" in properties:
        return np.asarray(sample(rng, "orthogonal", shape))
    if domain == "whole":
        array = np.asarray(sample(rng, domain, shape))
    elif positive:
        array = rng.uniform(0.05, 0.3, shape) if style == "small" else rng.uniform(0.3, 2.0, shape)
    elif "invertible" in properties or domain == "invertible":
        array = sample(rng, "invertible", shape)
    elif domain in INTERVALS and domain != "real":
        array = sample(rng, domain, shape)
    else:
        array = _styled(rng, style, shape)
    return array + array.T if "symmetric" in properties else array


def _simplex(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    weights = rng.uniform(0.3, 2.0, shape)
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


# What must hold at a sample ------------------------------------------------------------------------------------------


class _Watch:
    """Evaluates every function of the graph and looks at its arguments and its value."""

    def __init__(
        self,
        nodes: Sequence[Node],
        smooth: Sequence[Node],
        symbols: Sequence[Symbol],
        sizes: Mapping[str, int],
    ) -> None:
        finite = dict.fromkeys([*_functions(nodes), *nodes])
        self._delicate = [node for node in _functions([*nodes, *smooth]) if _is_delicate(node)]
        operands = dict.fromkeys(child for node in self._delicate for child in node.children)
        self._keys = {node: str(place) for place, node in enumerate(finite | operands)}
        self._finite = [self._keys[node] for node in finite]
        source = generate({key: (node, node.axes) for node, key in self._keys.items()}, symbols)
        self._run = compiled(source)
        self._names = {text: symbol.name for symbol, text in source.arguments.items()}
        self._fixed: dict[str, Any] = {text: sizes[dim] for dim, text in source.sizes.items()}
        self._fixed |= concrete_functions([*nodes, *operands])

    def is_regular(self, values: Mapping[str, Array], rng: np.random.Generator) -> bool:
        """Whether everything is finite, of moderate size, and away from kinks and singular matrices."""
        arguments = {text: values[name] for text, name in self._names.items()}
        with np.errstate(all="ignore"):
            try:
                found = self._run(**arguments, **self._fixed)
            except (ArithmeticError, ValueError):
                return False  # a singular matrix, or numbers as in log(0) and 1/0
            # The comparison is false for nan as well.
            return all(np.all(np.abs(found[key]) < _LARGEST) for key in self._finite) and all(
                self._is_smooth(node, [found[self._keys[child]] for child in node.children], rng)
                for node in self._delicate
            )

    def _is_smooth(self, node: Map | Apply, operands: list[Array], rng: np.random.Generator) -> bool:
        function: Any = node.function
        if "invertible" in function.domain and np.max(np.linalg.cond(operands[0])) > _WORST_CONDITION:
            return False
        if isinstance(node, Apply) and not function.is_regular(*operands):
            return False
        if not _has_kinks(node):
            return True
        parameters = node.parameters if isinstance(node, Apply) else ()

        def value(step: float, place: int, direction: Array) -> Array:
            moved = list(operands)
            moved[place] = moved[place] + step * direction
            return np.asarray(function.value(np, *moved, *parameters))

        for place, operand in enumerate(operands):
            direction = (
                np.ones_like(operand) if isinstance(node, Map) else rng.choice([-1.0, 1.0], np.shape(operand))
            )
            ahead, here, behind = (value(step, place, direction) for step in (CLEARANCE, 0.0, -CLEARANCE))
            # Across a kink the second difference is of the first order in the step.
            if np.any(np.abs(ahead - 2 * here + behind) > 0.1 * CLEARANCE * (1 + np.abs(here))):
                return False
        return True


def _functions(nodes: Iterable[Node]) -> list[Map | Apply]:
    """The functions of the table below `nodes`, with their operands."""
    return [
        node
        for node in topological(nodes)
        if isinstance(node, Map | Apply) and not isinstance(node.function, AbstractFunction)
    ]


def _has_kinks(node: Map | Apply) -> bool:
    function: Any = node.function
    return not getattr(function, "smooth", not function.kinks)


def _is_delicate(node: Map | Apply) -> bool:
    """Whether the function's arguments have to be looked at."""
    function: Any = node.function
    return _has_kinks(node) or "invertible" in function.domain
