"""A computation in two halves: what stays the same from call to call, done once, and what changes with the movers.

A Hessian-vector product at a point is done many times with different vectors; everything that does not depend on the
vector is computed when the point is given, small products of matrices included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matcalc.codegen.lower import lower
from matcalc.codegen.program import Program
from matcalc.codegen.source import NUMPY, Source, Writing
from matcalc.codegen.stable import prepared
from matcalc.graph import Axes, Node, Symbol, symbol

# Computed again in each call, rather than kept: they cost nothing.
_CHEAP = frozenset({"input", "number", "constant", "size", "expand"})


class Halves(NamedTuple):
    """`still` returns what is kept, a dict by name; each of `moving` takes that, the variables and its mover."""

    still: Source | None
    moving: dict[str, Source]


def generate_halves(
    outputs: Mapping[str, tuple[Node, Axes]],
    symbols: Sequence[Symbol],
    movers: Sequence[Symbol],
    sizes: Mapping[str, int],
) -> Halves:
    """The source of both halves, for NumPy; `sizes` are the dimensions at the point, to choose the order by."""
    new = prepared([node for node, _ in outputs.values()])
    program = lower(
        [(new.get(node, node), shape) for node, shape in outputs.values()],
        program=Program(sizes, movers),
    )
    kept: dict[int, Symbol] = {}
    moving = {}
    for name, result in zip(outputs, program.outputs, strict=True):
        half = _moving_half(program, result, kept)
        writing = Writing(half, [*symbols, *kept.values(), *movers], NUMPY, name)
        moving[name] = writing.source(None, False, "", checked=False)
    if not kept:
        return Halves(None, moving)
    still = _copy(program, list(kept), {})
    writing = Writing(still, symbols, NUMPY, "still")
    return Halves(writing.source([one.name for one in kept.values()], False, ""), moving)


def _moving_half(program: Program, result: int, kept: dict[int, Symbol]) -> Program:
    """What has to be done in each call; what else it needs is added to `kept`."""
    wanted: set[int] = set()
    pending = [result]
    while pending:
        ref = pending.pop()
        if ref in wanted or ref in kept:
            continue
        instruction = program.instructions[ref]
        cheap = instruction.op in _CHEAP or program.is_static(ref) or 1 in instruction.axes
        if program.is_moving(ref) or cheap:
            wanted.add(ref)
            pending += instruction.operands
        else:
            # No variable's name has a space in it.
            kept[ref] = symbol(f"kept {len(kept) + 1}", instruction.axes)
    return _copy(program, [result], kept, wanted)


def _copy(
    program: Program, results: Sequence[int], kept: Mapping[int, Symbol], wanted: set[int] | None = None
) -> Program:
    made = Program()
    new: dict[int, int] = {}
    for ref, instruction in enumerate(program.instructions):
        if ref in kept:
            new[ref] = made.emit("input", (), (kept[ref],), instruction.axes)
        elif wanted is None or ref in wanted:
            operands = tuple(new[operand] for operand in instruction.operands)
            new[ref] = made.emit(instruction.op, operands, instruction.attributes, instruction.axes)
    made.outputs = [new[ref] for ref in results]
    return made
