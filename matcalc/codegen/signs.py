"""Signs: a - b and b - a are ± one node of the graph; here each sum of a program gets the sign that reads well.

A minus in front of a product goes into a difference among its factors, -(tanh(z)**2 - 1) * u is (1 - tanh(z)**2) * u,
and a difference that is squared is written as the user would. Values do not change.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.codegen.program import Instruction, Program
from matcalc.graph import Symbol

# Linear in each of their operands, so that a sign may pass through any one of them.
_LINEAR = frozenset(
    {
        "product",
        "reciprocal",
        "matmul",
        "outer",
        "tensordot",
        "einsum",
        "kron",
        "total",
        "expand",
        "diagonal",
        "diag",
        "mask",
        "scatter",
        "reshape",
        "repeat",
        "copy",
    }
)
_ROUNDS = 4


def appearance(program: Program, symbols: Sequence[Symbol]) -> list[int]:
    """For each instruction the place of the first of `symbols` that it depends on; numbers come before them all."""
    places = {symbol: place for place, symbol in enumerate(symbols)}
    first: list[int] = []
    for instruction in program.instructions:
        if instruction.op == "input":
            first.append(places.get(instruction.attributes[0], len(places)))
        else:
            below = [first[operand] for operand in instruction.operands if first[operand] >= 0]
            first.append(min(below, default=-1))
    return first


def settle(program: Program, first: Sequence[int]) -> None:
    """Changes the signs of sums, and of what is made of them, so that as few minuses as possible are written."""
    stuck: set[int] = set()
    for _ in range(_ROUNDS):
        flips, conflicts = _flips(program, first, stuck)
        if not conflicts:
            _apply(program, flips)
            break
        stuck |= conflicts
    _move_coefficients(program)


def _flips(program: Program, first: Sequence[int], stuck: set[int]) -> tuple[list[bool], set[int]]:
    """Which instructions are to be computed with the other sign; and those of which users want both signs."""
    instructions = program.instructions
    carriers = _carriers(instructions, stuck)
    count = len(instructions)
    # What the users ask for: True for the other sign. Sums take either and only have a wish.
    demands: list[set[bool]] = [set() for _ in range(count)]
    wishes: list[set[bool]] = [set() for _ in range(count)]
    free = [False] * count
    for ref in program.outputs:
        demands[ref].add(False)
    flips = [False] * count
    conflicts: set[int] = set()
    uses = program.live()
    for ref in range(count - 1, -1, -1):
        if not uses[ref]:
            continue
        op, operands, attributes, _ = instructions[ref]
        if len(demands[ref]) > 1:
            conflicts.add(ref)
        elif demands[ref]:
            (flips[ref],) = demands[ref]
        elif wishes[ref]:
            flips[ref] = wishes[ref] == {True} and carriers[ref] >= 0
        elif free[ref] and op == "sum":
            flips[ref] = not _reads_well(instructions, ref, first)
        flip = flips[ref]
        if op == "sum":
            for coefficient, operand in zip(attributes, operands, strict=True):
                wishes[operand].add((coefficient < 0) != flip)
        elif op == "power" and attributes[0] is not None and attributes[0] in (2, 4, 6):
            free[operands[0]] = True
        else:
            carrier = carriers[ref] if flip else -1
            for operand in operands:
                demands[operand].add(operand == carrier)
    return flips, conflicts


def _carriers(instructions: Sequence[Instruction], stuck: set[int]) -> list[int]:
    """For each instruction the operand that can take a minus in, itself for a difference; -1 where none can."""
    carriers: list[int] = []
    for ref, (op, operands, attributes, _) in enumerate(instructions):
        found = -1
        if ref in stuck:
            pass
        elif op == "sum":
            if any(coefficient < 0 for coefficient in attributes):
                found = ref
        elif op in _LINEAR and len(set(operands)) == len(operands):
            found = next((operand for operand in reversed(operands) if carriers[operand] >= 0), -1)
        carriers.append(found)
    return carriers


def _reads_well(instructions: Sequence[Instruction], ref: int, first: Sequence[int]) -> bool:
    """Whether a sum begins with a plus when its terms stand in the order in which they appear."""
    _, operands, attributes, _ = instructions[ref]
    leading = min(range(len(operands)), key=lambda k: first[operands[k]])
    return bool(attributes[leading] > 0)


def _apply(program: Program, flips: Sequence[bool]) -> None:
    for ref, instruction in enumerate(program.instructions):
        if instruction.op == "sum":
            signs = [flips[ref] != flips[operand] for operand in instruction.operands]
            if any(signs):
                attributes = tuple(
                    -c if minus else c for c, minus in zip(instruction.attributes, signs, strict=True)
                )
                program.instructions[ref] = instruction._replace(attributes=attributes)


def _move_coefficients(program: Program) -> None:
    """-outer(x, y) as outer(-x, y): a coefficient goes to the smallest factor, not over the whole product."""
    uses = program.live()
    instructions = program.instructions
    for ref, (op, operands, coefficients, axes) in enumerate(instructions):
        if (
            op != "sum"
            or coefficients in ((), (1,))
            or len(operands) != 1
            or uses[operands[0]] != 1
            or operands[0] in program.named
        ):
            continue
        inner = instructions[operands[0]]
        if inner.op not in ("outer", "einsum") or not uses[ref]:
            continue
        place = min(range(2), key=lambda k, of=inner.operands: program.extent(of[k]))  # type: ignore[misc]
        factor = inner.operands[place]
        if program.extent(factor) < program.extent(operands[0]):
            # The two change places: first the multiple of the factor, then the product.
            instructions[operands[0]] = Instruction("sum", (factor,), coefficients, program.axes(factor))
            others = (*inner.operands[:place], operands[0], *inner.operands[place + 1 :])
            instructions[ref] = Instruction(inner.op, others, inner.attributes, axes)
