"""Formulas of rules, such as `1 - tanh(x)**2`, applied entry by entry to whole nodes.

A formula speaks of scalars. It is parsed once and compiled to a closure that builds nodes; operands with equal axes
combine entry by entry, scalars ride along.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache

from matcalc.errors import DomainError, UnknownNameError
from matcalc.graph import Node, constant, contract, elementwise, linear, multiply, number, power
from matcalc.language.limits import NO_LIMITS
from matcalc.language.names import CONSTANTS
from matcalc.language.parser import parse_text
from matcalc.language.syntax import Binary, Call, Name, Number, Syntax, Unary, factors, terms
from matcalc.rules import Elementwise, find
from matcalc.shapes.dims import Dim

Nodes = Mapping[str, Node]
Build = Callable[[Nodes], Node]

_ZERO, _ONE = Number(0, 0, 0), Number(0, 0, 1)


def formula(text: str, **nodes: Node) -> Node:
    """The formula with `nodes` for its names, entry by entry: they have equal axes or are scalars.

    Raises UnknownNameError for a name of the formula that is not among `nodes`.
    """
    try:
        return _compiled(text)(nodes)
    except KeyError as error:
        raise UnknownNameError(
            f"the formula '{text}' needs {error.args[0]}", hint="pass it by name"
        ) from None


def derivative(function: Elementwise, order: int, node: Node) -> Node:
    """The derivative of an elementwise function of one argument, at `node`."""
    return _derivative(function, order)({function.parameters[0]: node})


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
        base, exponent = _compile(part.left), _compile(part.right)
        return lambda nodes: power(base(nodes), exponent(nodes))
    if isinstance(part, Call) and not part.keywords:
        return _compile_call(part)
    raise DomainError(
        "a rule's formula is elementwise", hint="write it with + - * / ** and elementwise functions"
    )


def _compile_sum(part: Syntax) -> Build:
    compiled = [(sign, _compile(term)) for sign, term in terms(part)]

    def build(nodes: Nodes) -> Node:
        built = [(sign, term(nodes)) for sign, term in compiled]
        axes = max((node.axes for _, node in built), key=len)
        places = range(len(axes))
        sizes: dict[Hashable, Dim] = dict(zip(places, axes, strict=True))
        return linear(
            [(s, node if node.axes else contract([(node, ())], places, sizes)) for s, node in built], axes
        )

    return build


def _compile_product(part: Syntax) -> Build:
    sign, parts = factors(part)
    compiled = [(_compile(factor), inverse) for factor, inverse in parts]

    def build(nodes: Nodes) -> Node:
        built = [power(factor(nodes), -1) if inverse else factor(nodes) for factor, inverse in compiled]
        node = multiply(*built)
        return node if sign == 1 else linear([(-1, node)], node.axes)

    return build


def _compile_call(part: Call) -> Build:
    function = _elementwise(part)
    operands = [_compile(argument) for argument in part.arguments]
    return lambda nodes: elementwise(function, *(operand(nodes) for operand in operands))


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
