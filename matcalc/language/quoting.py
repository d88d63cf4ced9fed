"""Parts of a formula quoted in messages, as the user wrote them, and what to say of calls that do not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matcalc.errors import ShapeError
from matcalc.language.complaints import shortened
from matcalc.language.syntax import Formula, Syntax
from matcalc.rules import Entry, ShapeRule
from matcalc.shapes.broadcast import Shape
from matcalc.shapes.dims import Dim
from matcalc.shapes.mismatch import Side, described, shape_text


def text_of(formula: Formula, part: Syntax) -> str:
    """The part in one line, cut if it is long."""
    return shortened(" ".join(formula.text(part).split()))


def side(formula: Formula, part: Syntax, shape: Shape) -> Side:
    """An operand for a message."""
    return Side(text_of(formula, part), shape)


def what_it_is(formula: Formula, part: Syntax, shape: Shape) -> str:
    """`x is a column (n, 1)`."""
    return f"{text_of(formula, part)} is {described(shape)}"


def call_mismatch(
    entry: Entry, options: Mapping[str, Any], operands: Sequence[Side], hint: str | None
) -> ShapeError:
    """The error for a call whose operands do not fit; `hint` is what the function itself has to say of it."""
    given = ", ".join(dict.fromkeys(f"{operand.text} is {described(operand.shape)}" for operand in operands))
    rules = entry.shape_rules(options)
    wanted = " or ".join(dict.fromkeys(map(_wanted, rules)))
    message = f"{entry.name} takes {wanted}; {given}"
    return ShapeError(message, hint=hint or _repair(entry, options, operands))


def _wanted(rule: ShapeRule) -> str:
    """The inputs of a rule in words."""
    inputs = rule.inputs
    if rule.broadcast or (len(inputs) > 1 and len(set(inputs)) == 1 and _is_general(inputs[0])):
        return "arguments of one shape"
    own = [dim for shape in inputs for dim in set(shape)]
    return " and ".join(_input(shape, own) for shape in inputs)


def _is_general(shape: Shape) -> bool:
    return len(set(shape)) == 2 and 1 not in shape


def _input(shape: Shape, dims: Sequence[Dim]) -> str:
    if shape == (1, 1):
        return "a scalar"
    if len(shape) == 2 and shape[0] == shape[1]:
        return f"a square matrix {shape_text(shape)}"
    if _is_general(shape) and all(dims.count(dim) == 1 for dim in shape):
        return "a matrix"
    return described(shape)


def _repair(entry: Entry, options: Mapping[str, Any], operands: Sequence[Side]) -> str:
    shapes = [operand.shape for operand in operands]
    rules = entry.shape_rules(options)
    for place, operand in enumerate(operands):
        changed = [*shapes[:place], operand.shape[::-1], *shapes[place + 1 :]]
        if any(rule.match(changed, options) is not None for rule in rules):
            texts = [other.transposed.text if k == place else other.text for k, other in enumerate(operands)]
            return f"did you mean {entry.name}({', '.join(texts)})?"
    if len(operands) == 1:
        text = operands[0].transposed.text
        vector = 1 in shapes[0]
        if vector and any(len(set(shape)) == 1 for rule in rules for shape in rule.inputs):
            return "of a vector, diag(x) is a square matrix and x @ x.T another"
        return (
            f"{text} @ {operands[0].text} is square"
            if not vector
            else "transpose it, or check what it is made of"
        )
    return "check the declared shapes, or transpose an argument"
