"""From the syntax tree to the index graph.

`read` is the whole way from text: parse, resolve names, infer what is not declared, and build the graph. Each part
named in `where` becomes one node, used wherever its name stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matcalc.errors import DomainError, LimitError, MatcalcError, ShapeError
from matcalc.graph import Node, constant, elementwise, is_zero, number, size, symbol
from matcalc.language.calls import Bound
from matcalc.language.declarations import Declaration, read_shapes
from matcalc.language.formulas import derivative
from matcalc.language.index_form import evaluate
from matcalc.language.inference import infer
from matcalc.language.limits import LIMITS, Limits
from matcalc.language.names import CONSTANTS
from matcalc.language.parser import parse_text
from matcalc.language.quoting import call_mismatch, side, text_of, what_it_is
from matcalc.language.resolve import Resolved, resolve
from matcalc.language.syntax import (
    Binary,
    Call,
    Formula,
    IndexForm,
    Name,
    Number,
    Superscript,
    Syntax,
    Transpose,
    Unary,
)
from matcalc.language.values import (
    Value,
    grid_warning,
    matrix_product,
    negated,
    powered,
    product,
    to_the_power,
    total,
    transposed,
)
from matcalc.rules import AbstractFunction, Elementwise, invoke
from matcalc.shapes.broadcast import (
    SCALAR,
    Shape,
    broadcast_shape,
    is_scalar,
    matmul_shape,
    two_dimensional,
)
from matcalc.shapes.mismatch import mismatch


@dataclass(frozen=True, slots=True)
class Parsed:
    """A formula read: its value, and what was understood on the way.

    `shapes` holds every declared or inferred variable, `functions` the abstract functions, `order` the variables as
    they first appear, `names` the nodes of the parts named in `where`.
    """

    value: Value
    shapes: dict[str, Declaration]
    functions: tuple[str, ...]
    warnings: tuple[str, ...]
    order: tuple[str, ...]
    names: dict[str, Node]
    formula: Formula


def read(
    text: str,
    shapes: Any = None,
    functions: Sequence[Any] | str = (),
    dialect: str = "python",
    limits: Limits = LIMITS,
) -> Parsed:
    """The value of a formula given as text.

    `shapes` declares variables (see `read_shapes`), `functions` lists abstract elementwise functions. Raises
    MatcalcError, with the place in the text and a hint, for whatever can't be read or does not fit.
    """
    declarations = read_shapes(shapes, limits)
    formula = parse_text(text, dialect, limits)
    resolved = resolve(formula, declarations, function_names(functions), limits)
    known = infer(resolved, declarations)
    return _Lowering(resolved, known, limits).run()


def function_names(functions: Sequence[Any] | str) -> tuple[str, ...]:
    """The names of `functions=`: a text such as "f, g", names, or function objects."""
    if isinstance(functions, str):
        return tuple(functions.replace(",", " ").split())
    try:
        names = tuple(
            given if isinstance(given, str) else given.name
            for given in (() if functions is None else functions)
        )
    except (TypeError, AttributeError):
        names = (None,)
    if not all(isinstance(name, str) for name in names):
        raise DomainError("functions= lists names", hint='write functions=("f", "g")')
    return names


class _Lowering:
    def __init__(self, resolved: Resolved, shapes: Mapping[str, Declaration], limits: Limits) -> None:
        self.resolved = resolved
        self.formula = resolved.formula
        self.shapes = dict(shapes)
        self.limits = limits
        self.named: dict[str, Value] = {}
        self.values: dict[Syntax, Value] = {}
        self.warnings: dict[str, None] = {}

    def run(self) -> Parsed:
        values, step = self.values, self.step
        for name in self.resolved.variables:
            entry = self.shapes[name]
            self.named[name] = Value(
                symbol(name, entry.shape, entry.properties), two_dimensional(entry.shape)
            )
        parts: dict[str, Node] = {}
        part: Syntax = self.formula.body
        try:
            for segment in self.resolved.segments:
                for part in segment.steps:
                    values[part] = step(part)
                if segment.name is not None:
                    self.named[segment.name] = values[segment.result]
                    parts[segment.name] = values[segment.result].node
        except MatcalcError as error:
            self.formula.source.settle(error)
            raise self.formula.source.locate(error, part.start, part.end) from None
        return Parsed(
            values[self.formula.body],
            self.shapes,
            self.resolved.functions,
            tuple(self.warnings),
            tuple(self.resolved.variables),
            {d.name.name: parts[d.name.name] for d in self.formula.definitions},
            self.formula,
        )

    def step(self, part: Syntax) -> Value:
        """The value of a part, its children's being known."""
        kind = type(part)
        if kind is Name:
            return self.name(part.name)  # type: ignore[attr-defined]
        if kind is Binary:
            return self.binary(part)  # type: ignore[arg-type]
        if kind is Number:
            return Value(number(part.value), SCALAR)  # type: ignore[attr-defined]
        if kind is Transpose:
            return transposed(self.values[part.operand])  # type: ignore[attr-defined]
        if kind is Call:
            return self.call(part, self.resolved.calls[part])  # type: ignore[arg-type]
        if isinstance(part, Unary):
            value = self.values[part.operand]
            return negated(value) if part.operator == "-" else value
        if isinstance(part, Superscript):
            return self.superscript(part)
        assert isinstance(part, IndexForm)
        return self.index_form(part)

    def name(self, name: str) -> Value:
        value = self.named.get(name)
        if value is None:
            value = self.named[name] = Value(constant(name) if name in CONSTANTS else size(name), SCALAR)
        return value

    def binary(self, part: Binary) -> Value:
        if part.operator == "**":
            return self.power(part, self.values[part.left], self.values[part.right])
        chain = self.resolved.chains[part]
        if part.operator == "@":
            return self.matrix_product(chain)
        left = self.values[chain[0].left]
        shape = left.shape
        operands = [left]
        for link in chain:
            right = self.values[link.right]
            operands.append(right)
            if right.shape != shape:
                shape = self.overlaid(link, shape, right.shape)
        signs = [link.operator for link in chain]
        if part.operator in "+-":
            terms = zip((1, *(-1 if sign == "-" else 1 for sign in signs)), operands, strict=True)
            return total(list(terms), shape)
        if "/" in signs:
            self.check_denominators(chain)
        factors = list(zip((False, *(sign == "/" for sign in signs)), operands, strict=True))
        try:
            return product(factors, shape)
        except DomainError as error:
            raise self.formula.source.locate(error, part.start, part.end) from None

    def overlaid(self, part: Binary, left: Shape, right: Shape) -> Shape:
        """The shape of an elementwise `part`, whose left operand may be a whole chain."""
        shape = broadcast_shape(left, right)
        if shape is None:
            sides = side(self.formula, part.left, left), side(self.formula, part.right, right)
            raise self.formula.source.locate(mismatch(part.operator, *sides), part.start, part.end)
        warning = grid_warning(left, right, "{}")
        if warning is not None:
            self.warnings[warning.format(text_of(self.formula, part))] = None
        return shape

    def check_denominators(self, chain: Sequence[Binary]) -> None:
        for link in chain:
            if link.operator == "/" and is_zero(self.values[link.right].node):
                self.warnings[f"{text_of(self.formula, link)} divides by zero, whatever the values are"] = (
                    None
                )

    def matrix_product(self, chain: Sequence[Binary]) -> Value:
        shape: Shape | None = None
        factors: list[tuple[bool, Value]] = []
        for link, operand in zip((None, *chain), (chain[0].left, *(c.right for c in chain)), strict=True):
            value = self.values.get(operand)
            flipped = value is None
            if value is None:
                assert isinstance(operand, Transpose)
                value = self.values[operand.operand]
            right = value.shape[::-1] if flipped else value.shape
            factors.append((flipped, value))
            if link is None or shape is None:
                shape = right
                continue
            fits = matmul_shape(shape, right) if len(value.shape) == 2 else None
            if fits is None:
                sides = side(self.formula, link.left, shape), side(self.formula, link.right, right)
                raise self.formula.source.locate(mismatch("@", *sides), link.start, link.end)
            shape = fits
        return matrix_product(factors)

    def power(self, part: Binary, left: Value, right: Value) -> Value:
        if not is_scalar(right.shape):
            sides = side(self.formula, part.left, left.shape), side(self.formula, part.right, right.shape)
            raise mismatch("**", *sides)
        try:
            return to_the_power(left, right, self.limits)
        except LimitError as error:
            raise self.formula.source.locate(error, part.right.start, part.right.end) from None

    def superscript(self, part: Superscript) -> Value:
        value = self.values[part.operand]
        if 1 not in value.shape:
            text = text_of(self.formula, part.operand)
            inverse = part.exponent == -1
            raise DomainError(
                f"a raised {part.exponent} on a matrix can be read in two ways",
                hint=f"write inv({text})"
                if inverse
                else f"write matrix_power({text}, {part.exponent}) or elementwise {text}**{part.exponent}",
            )
        return to_the_power(value, Value(number(part.exponent), SCALAR), self.limits)

    # Calls -----------------------------------------------------------------------------------------------------

    def call(self, part: Call, bound: Bound) -> Value:
        operands = {name: self.values[operand] for name, operand in bound.operands.items()}
        function = bound.function
        if isinstance(function, AbstractFunction) or bound.primes:
            (operand,) = operands.values()
            return Value(self.elementwise(bound, [operand.node]), operand.shape)
        try:
            value = invoke(function, {**operands, **bound.options})
        except ShapeError as error:
            given = [
                side(self.formula, bound.operands[name], value.shape) for name, value in operands.items()
            ]
            raise call_mismatch(function, bound.options, given, error.hint) from None
        if len(operands) == 2 and isinstance(function, Elementwise):
            a, b = operands.values()
            warning = grid_warning(a.shape, b.shape, "{}")
            if warning is not None:
                self.warnings[warning.format(text_of(self.formula, part))] = None
        return value

    def elementwise(self, bound: Bound, nodes: list[Node]) -> Node:
        """A call on nodes that have one set of axes."""
        if bound.primes and isinstance(bound.function, Elementwise):
            return derivative(bound.function, bound.primes, nodes[0])
        return elementwise(bound.function, *nodes)

    # Index forms -----------------------------------------------------------------------------------------------

    def index_form(self, part: IndexForm) -> Value:
        plan = self.resolved.plans[part]
        return evaluate(
            plan, self.values, lambda v: what_it_is(self.formula, v, self.values[v].shape), self.entrywise
        )

    def entrywise(self, part: Syntax, nodes: list[Node]) -> Node:
        """The elementwise call or the power that `part` is, on the nodes of its operands."""
        if isinstance(part, Superscript):
            return powered(nodes[0], number(part.exponent), self.limits)
        if isinstance(part, Binary):
            return powered(nodes[0], nodes[1], self.limits)
        return self.elementwise(self.resolved.calls[part], nodes)
