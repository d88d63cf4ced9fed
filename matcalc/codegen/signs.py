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
    for op, operands, attributes, _ in program.instructions:
        found = -1
        if op == "input":
            found = places.get(attributes[0], len(places))
        else:
            for operand in operands:
                place = first[operand]
                if found < 0 or 0 <= place < found:
                    found = place
        first.append(found)
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


def _flips(program: Program, first: Sequence[int], stuck: set[int]) -> tuple[set[int], set[int]]:
    """Which instructions are to be computed with the other sign; and those of which users want both signs."""
    instructions = program.instructions
    carriers, turned, concerned = _carriers(instructions, first, stuck)
    count = len(instructions)
    # What the users ask for: 1 for the sign as it is, 2 for the other, 3 for both. Sums take either and only wish.
    demands = [0] * count
    wishes = [0] * count
    free: set[int] = set()
    for ref in program.outputs:
        demands[ref] = 1
    flips: set[int] = set()
    conflicts: set[int] = set()
    uses = program.live()
    for ref in reversed(concerned):
        if not uses[ref]:
            continue
        op, operands, attributes, _ = instructions[ref]
        asked = demands[ref]
        flip = False
        if asked == 3:
            conflicts.add(ref)
        elif asked:
            flip = asked == 2
        elif wishes[ref]:
            flip = wishes[ref] == 2 and ref in carriers
        elif op == "sum" and ref in free:
            flip = ref in turned
        if flip:
            flips.add(ref)
        if op == "sum":
            for coefficient, operand in zip(attributes, operands, strict=True):
                wishes[operand] |= 2 if (coefficient < 0) != flip else 1
        elif op == "power" and attributes[0] is not None and attributes[0] in (2, 4, 6):
            free.add(operands[0])
        elif ref in carriers:
            # Every factor as it reads best, but for one where the signs would not come out.
            other = carriers[ref] if flip != (ref in turned) else -1
            for operand in operands:
                demands[operand] |= 2 if (operand in turned) != (operand == other) else 1
        else:
            for operand in operands:
                demands[operand] |= 1
    return flips, conflicts


def _carriers(
    instructions: Sequence[Instruction], first: Sequence[int], stuck: set[int]
) -> tuple[dict[int, int], set[int], list[int]]:
    """Where a minus can go: for each instruction that can take one in the operand that does, itself for a difference.

    With it those that have the other sign when every difference begins with a plus, its terms in the order of
    appearance; and all that can take a minus in or use what can.
    """
    carriers: dict[int, int] = {}
    turned: set[int] = set()
    concerned: list[int] = []
    for ref, (op, operands, attributes, _) in enumerate(instructions):
        if op == "sum" and attributes and min(attributes) < 0 and ref not in stuck:
            carriers[ref] = ref
            places = [first[operand] for operand in operands]
            if attributes[places.index(min(places))] < 0:
                turned.add(ref)
            concerned.append(ref)
            continue
        carrier = -1
        odd = False
        for operand in operands:
            if operand in carriers:
                carrier = operand
                odd ^= operand in turned
        if carrier < 0:
            continue
        concerned.append(ref)
        if op in _LINEAR and ref not in stuck and len(set(operands)) == len(operands):
            carriers[ref] = carrier
            if odd:
                turned.add(ref)
    return carriers, turned, concerned


def _apply(program: Program, flips: set[int]) -> None:
    if not flips:
        return
    for ref in program.places("sum"):
        op, operands, attributes, axes = program.instructions[ref]
        if ref in flips or not flips.isdisjoint(operands):
            signs = [(ref in flips) != (operand in flips) for operand in operands]
            signed = tuple([-c if minus else c for c, minus in zip(attributes, signs, strict=True)])
            # The operands stay, and with them how often each is used.
            program.instructions[ref] = Instruction(op, operands, signed, axes)


def _move_coefficients(program: Program) -> None:
    """-outer(x, y) as outer(-x, y): a coefficient goes to the smallest factor, not over the whole product."""
    uses = program.live()
    instructions = program.instructions
    for ref in program.places("sum"):
        _, operands, coefficients, axes = instructions[ref]
        if (
            len(operands) != 1
            or coefficients == (1,)
            or uses[operands[0]] != 1
            or operands[0] in program.named
        ):
            continue
        inner = instructions[operands[0]]
        if inner.op not in ("outer", "einsum"):
            continue
        place = min(range(2), key=lambda k, of=inner.operands: program.extent(of[k]))  # type: ignore[misc]
        factor = inner.operands[place]
        if program.extent(factor) < program.extent(operands[0]):
            # The two change places: first the multiple of the factor, then the product.
            others = (*inner.operands[:place], operands[0], *inner.operands[place + 1 :])
            program.replace(operands[0], Instruction("sum", (factor,), coefficients, program.axes(factor)))
            program.replace(ref, Instruction(inner.op, others, inner.attributes, axes))
