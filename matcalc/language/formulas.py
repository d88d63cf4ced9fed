"""Formulas of rules, such as `1 - tanh(x)**2`, applied entry by entry to whole nodes.

A formula speaks of scalars. It is parsed once and compiled to a closure that builds nodes; operands with equal axes
combine entry by entry, scalars ride along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache

from matcalc.errors import DomainError, UnknownNameError
from matcalc.graph import (
    ONE,
    Axes,
    Coefficient,
    Node,
    broadcast,
    constant,
    contract,
    elementwise,
    linear,
    multiply,
    number,
    ones,
    power,
    scale,
)
from matcalc.graph.numbers import reduce
from matcalc.language.limits import NO_LIMITS
from matcalc.language.names import CONSTANTS
from matcalc.language.parser import parse_text
from matcalc.language.syntax import Binary, Call, Name, Number, Syntax, Unary, factors, terms
from matcalc.rules import Elementwise, find

Nodes = Mapping[str, Node]
Build = Callable[[Nodes], Node]

_ZERO, _ONE, _MINUS_ONE = Number(0, 0, 0), Number(0, 0, 1), Number(0, 0, -1)


def formula(text: str, **nodes: Node) -> Node:
    """The formula with `nodes` for its names, entry by entry: they have equal axes or are scalars.

    The value of a call may be given as well, by its text (see `call_text`). Raises UnknownNameError for a name of the
    formula that is not among `nodes`.
    """
    try:
        return _compiled(text)(nodes)
    except KeyError as error:
        raise UnknownNameError(
            f"the formula '{text}' needs {error.args[0]}", hint="pass it by name"
        ) from None


@lru_cache(maxsize=1024)
def call_text(function: str, names: tuple[str, ...]) -> str:
    """How formulas write a function of variables: `tanh(x)`."""
    return f"{function}({', '.join(names)})"


def derivative(function: Elementwise, order: int, node: Node) -> Node:
    """The derivative of an elementwise function of one argument, at `node`."""
    made = _derivative(function, order)({function.parameters[0]: node})
    if made.axes == node.axes:
        return made
    # A constant derivative is constant over all entries.
    places = range(len(node.axes))
    return contract([(made, ())], places, dict(zip(places, node.axes, strict=True)))


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Build:
    return _compile(_parsed(text))


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Syntax:
    return parse_text(text, limits=NO_LIMITS).body


@lru_cache(maxsize=256)
def _derivative(function: Elementwise, order: int) -> Build:
    tree = _parsed(function.derivatives[0])
    for _ in range(order - 1):
        tree = _differentiated(tree, function.parameters[0])
    return _compile(tree)


# Compiling ---------------------------------------------------------------------------------------------------------


def _compile(part: Syntax) -> Build:
    """A function that builds the node of `part` from the nodes of its names."""
    if isinstance(part, Number):
        value = part.value
        return lambda nodes: number(value)
    if isinstance(part, Name):
        name = part.name
        return (lambda nodes: constant(name)) if name in CONSTANTS else (lambda nodes: nodes[name])
    if isinstance(part, Binary) and part.operator in "*/":
        return _compile_product(part)
    if isinstance(part, Unary) or (isinstance(part, Binary) and part.operator in "+-"):
        return _compile_sum(part)
    if isinstance(part, Binary) and part.operator == "**":
        return _compile_power(_compile(part.left), part.right)
    if isinstance(part, Call) and not part.keywords:
        return _compile_call(part)
    raise DomainError(
        "a rule's formula is elementwise", hint="write it with + - * / ** and elementwise functions"
    )


def _compile_power(base: Build, exponent: Syntax) -> Build:
    value = _number(exponent)
    if value is not None:
        above = number(value)
        return lambda nodes: power(base(nodes), above)
    built = _compile(exponent)
    return lambda nodes: power(base(nodes), built(nodes))


def _number(part: Syntax) -> Coefficient | None:
    """The value of a signed number."""
    if isinstance(part, Unary):
        inner = _number(part.operand)
        return inner if inner is None or part.operator == "+" else -inner
    return part.value if isinstance(part, Number) else None


def _compile_sum(part: Syntax) -> Build:
    compiled = [_compile_term(sign, term) for sign, term in terms(part)]

    def build(nodes: Nodes) -> Node:
        built = [(coefficient, ONE if term is None else term(nodes)) for coefficient, term in compiled]
        axes = next((node.axes for _, node in built if node.axes), ())
        if not axes:
            return linear(built, axes)
        return linear([(c, node if node.axes else _filled(node, axes)) for c, node in built], axes)

    return build


def _filled(node: Node, axes: Axes) -> Node:
    return ones(axes) if node is ONE else broadcast(node, (), axes)


def _compile_term(sign: int, part: Syntax) -> tuple[Coefficient, Build | None]:
    """A term as its numeric coefficient and the rest; the rest is None where there is none."""
    own, parts = factors(part)
    coefficient: Coefficient = sign * own
    rest: list[Build] = []
    for factor, inverse in parts:
        value = factor.value if isinstance(factor, Number) else None
        if value and inverse:
            coefficient = coefficient * Fraction(1, value) if isinstance(value, int) else coefficient / value
        elif value is not None and not inverse:
            coefficient = coefficient * value
        else:
            built = _compile(factor)
            rest.append(_compile_power(built, _MINUS_ONE) if inverse else built)
    coefficient = reduce(coefficient)
    if len(rest) < 2:
        return coefficient, rest[0] if rest else None
    return coefficient, lambda nodes: multiply(*[factor(nodes) for factor in rest])


def _compile_product(part: Syntax) -> Build:
    coefficient, rest = _compile_term(1, part)
    if rest is None:
        return lambda nodes: number(coefficient)
    return rest if coefficient == 1 else (lambda nodes: scale(coefficient, rest(nodes)))


def _compile_call(part: Call) -> Build:
    _elementwise(part)
    operands = [_compile(argument) for argument in part.arguments]
    names = [argument.name for argument in part.arguments if isinstance(argument, Name)]
    given = call_text(part.function, tuple(names)) if len(names) == len(operands) else ""

    def build(nodes: Nodes) -> Node:
        known = nodes.get(given)
        if known is not None:
            return known
        # Looked up at each call: a user's own function may be taken out and registered anew.
        return elementwise(find(part.function), *[operand(nodes) for operand in operands])

    return build


def _elementwise(part: Call) -> Elementwise:
    function = find(part.function)
    if (
        not isinstance(function, Elementwise)
        or len(part.arguments) != len(function.parameters)
        or part.primes
    ):
        raise DomainError(
            f"'{part.function}' can't be called so in a rule's formula", hint="elementwise functions only"
        )
    return function


# Differentiating: a formula's own derivative, for tanh'' and the like -----------------------------------------------


def _differentiated(part: Syntax, name: str) -> Syntax:
    """The derivative of a formula by a name of it, without any simplification but of 0 and 1."""
    if isinstance(part, Name):
        return _ONE if part.name == name else _ZERO
    if isinstance(part, Unary):
        return Unary(0, 0, part.operator, _differentiated(part.operand, name))
    if isinstance(part, Call):
        return _chain(part, name)
    if not isinstance(part, Binary):
        return _ZERO
    left, right = part.left, part.right
    d_left, d_right = _differentiated(left, name), _differentiated(right, name)
    if part.operator in "+-":
        return Binary(0, 0, part.operator, d_left, d_right)
    if part.operator == "*":
        return _plus(_times(d_left, right), _times(left, d_right))
    if part.operator == "/":
        inner = Binary(0, 0, "-", d_left, _times(part, d_right))
        return Binary(0, 0, "/", inner, right)
    lowered = Binary(0, 0, "**", left, Binary(0, 0, "-", right, _ONE))
    by_base = _times(_times(right, lowered), d_left)
    return _plus(by_base, _times(_times(part, Call(0, 0, "log", (left,), (), 0, 0)), d_right))


def _chain(part: Call, name: str) -> Syntax:
    function = _elementwise(part)
    arguments = dict(zip(function.parameters, part.arguments, strict=True))
    total: Syntax = _ZERO
    for text, argument in zip(function.derivatives, part.arguments, strict=True):
        inner = _differentiated(argument, name)
        if inner is not _ZERO:
            total = _plus(total, _times(_replaced(_parsed(text), arguments), inner))
    return total


def _replaced(part: Syntax, arguments: Mapping[str, Syntax]) -> Syntax:
    """A formula with other formulas in place of its names."""
    if isinstance(part, Name):
        return arguments.get(part.name, part)
    if isinstance(part, Unary):
        return Unary(0, 0, part.operator, _replaced(part.operand, arguments))
    if isinstance(part, Binary):
        return Binary(0, 0, part.operator, _replaced(part.left, arguments), _replaced(part.right, arguments))
    if isinstance(part, Call):
        inner = tuple(_replaced(argument, arguments) for argument in part.arguments)
        return Call(0, 0, part.function, inner, (), 0, 0)
    return part


def _plus(a: Syntax, b: Syntax) -> Syntax:
    return b if a is _ZERO else a if b is _ZERO else Binary(0, 0, "+", a, b)


def _times(a: Syntax, b: Syntax) -> Syntax:
    if a is _ZERO or b is _ZERO:
        return _ZERO
    return b if a is _ONE else a if b is _ONE else Binary(0, 0, "*", a, b)
