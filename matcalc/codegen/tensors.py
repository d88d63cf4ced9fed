"""Where torch needs tensors: its functions take no Python numbers, its arithmetic does.

A number may be known, as the 1 of huber(x, 1), or be handed to generated source for a scalar variable. Where all that
becomes of it is arithmetic with tensors it may stay one.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from matcalc.codegen.program import Program
from matcalc.codegen.tracing import (
    Argument,
    Attribute,
    Call,
    Item,
    Library,
    Operation,
    is_library_call,
    rewritten,
)
from matcalc.graph import Symbol

_BOUNDS = {"maximum": "min", "minimum": "max"}
_ARITHMETIC = frozenset({"number", "constant", "size", "sum", "product", "reciprocal", "power"})


def clamped(trace: Any, numbers: Collection[int]) -> Any:
    """The trace of a function whose arguments `numbers` are numbers: `x.clamp(max=y)` is torch's minimum with one."""

    def change(part: Any) -> Any:
        word = _BOUNDS.get(part.function.name) if is_library_call(part) else None
        if word is None:
            return part
        arrays = [each for each in part.arguments if not _is_number(each, numbers)]
        bounds = [each for each in part.arguments if _is_number(each, numbers)]
        return Call(Attribute(arrays[0], "clamp"), (), ((word, bounds[0]),)) if len(arrays) == 1 else part

    return rewritten(trace, change) if numbers else trace


def tensor_places(trace: Any, numbers: Collection[int]) -> set[int]:
    """Those of the arguments `numbers` of a function that have to be tensors all the same."""
    found: set[int] = set()
    seen: set[int] = set()
    pending = [trace]
    while pending:
        part = pending.pop()
        if not isinstance(part, tuple) or isinstance(part, Argument | Library) or id(part) in seen:
            continue
        seen.add(id(part))
        pending += part
        for taken in _needed(part, numbers):
            if _is_number(taken, numbers):
                found |= _places(taken)
    return found


def _needed(part: Any, numbers: Collection[int]) -> tuple[Any, ...]:
    """What a part of a trace needs as tensors."""
    if isinstance(part, Attribute | Item):
        return (part.value,)
    if (
        not isinstance(part, Call)
        or not isinstance(part.function, Library)
        or part.function.name == "asarray"
    ):
        return ()
    if part.function.name == "where":
        condition, *branches = part.arguments
        # Of two numbers torch would make single precision.
        both = all(_is_number(each, numbers) for each in branches)
        return (condition, *branches) if both else (condition,)
    return part.arguments


def _is_number(part: Any, numbers: Collection[int]) -> bool:
    if isinstance(part, Argument):
        return part.place in numbers
    if isinstance(part, Operation):
        return all(_is_number(each, numbers) for each in part.operands)
    return isinstance(part, int | float)


def _places(part: Any) -> set[int]:
    if isinstance(part, Argument):
        return {part.place}
    return set().union(*map(_places, part.operands)) if isinstance(part, Operation) else set()


class Numbers:
    """Which arrays of a program may be Python's numbers when scalar variables are, and which variables may not be."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.scalars: set[Symbol] = set()
        self._seen: set[int] = set()
        self._may_be: list[bool] = []
        for op, operands, attributes, axes in program.instructions:
            arithmetic = op in _ARITHMETIC and not (op == "power" and attributes[0] == 0.5)
            found = not axes and (op == "input" or (arithmetic and all(self._may_be[k] for k in operands)))
            self._may_be.append(found)

    def may_be(self, ref: int) -> bool:
        """Whether an array may be a number."""
        return self._may_be[ref]

    def refuse(self, ref: int) -> None:
        """Notes in `scalars` the variables that must not be numbers, so that an array is none."""
        pending = [ref]
        while pending:
            ref = pending.pop()
            if self._may_be[ref] and ref not in self._seen:
                self._seen.add(ref)
                op, operands, attributes, _ = self._program.instructions[ref]
                if op == "input":
                    self.scalars.add(attributes[0])
                pending += operands
