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


def _flips(program: Program, first: Sequence[int], stuck: set[int]) -> tuple[list[bool], set[int]]:
    """Which instructions are to be computed with the other sign; and those of which users want both signs."""
    instructions = program.instructions
    carriers, turned = _carriers(instructions, first, stuck)
    count = len(instructions)
    # What the users ask for: 1 for the sign as it is, 2 for the other, 3 for both. Sums take either and only wish.
    demands = [0] * count
    wishes = [0] * count
    free = [False] * count
    for ref in program.outputs:
        demands[ref] = 1
    flips = [False] * count
    conflicts: set[int] = set()
    able = {ref for ref, carrier in enumerate(carriers) if carrier >= 0}
    uses = program.live()
    for ref in range(count - 1, -1, -1):
        op, operands, attributes, _ = instructions[ref]
        if not uses[ref] or (ref not in able and able.isdisjoint(operands)):
            # It is not used, or nothing here can change its sign.
            continue
        asked = demands[ref]
        flip = False
        if asked == 3:
            conflicts.add(ref)
        elif asked:
            flip = asked == 2
        elif wishes[ref]:
            flip = wishes[ref] == 2 and carriers[ref] >= 0
        elif free[ref] and op == "sum":
            flip = turned[ref]
        if flip:
            flips[ref] = True
        if op == "sum":
            for coefficient, operand in zip(attributes, operands, strict=True):
                wishes[operand] |= 2 if (coefficient < 0) != flip else 1
        elif op == "power" and attributes[0] is not None and attributes[0] in (2, 4, 6):
            free[operands[0]] = True
        else:
            carrier = carriers[ref]
            if carrier < 0:
                for operand in operands:
                    demands[operand] |= 1
            else:
                # Every factor as it reads best, but for one where the signs would not come out.
                other = carrier if flip != turned[ref] else -1
                for operand in operands:
                    demands[operand] |= 2 if turned[operand] != (operand == other) else 1
    return flips, conflicts


def _carriers(
    instructions: Sequence[Instruction], first: Sequence[int], stuck: set[int]
) -> tuple[list[int], list[bool]]:
    """For each instruction the operand that can take a minus in, itself for a difference, -1 where none can; and
    whether it has the other sign when every difference begins with a plus, its terms in the order of appearance."""
    carriers: list[int] = []
    turned: list[bool] = []
    for ref, (op, operands, attributes, _) in enumerate(instructions):
        found = -1
        odd = False
        if ref in stuck:
            pass
        elif op == "sum":
            if min(attributes, default=0) < 0:
                found = ref
                places = [first[operand] for operand in operands]
                odd = attributes[places.index(min(places))] < 0
        elif op in _LINEAR:
            for operand in operands:
                if carriers[operand] >= 0:
                    found = operand
                    odd ^= turned[operand]
            if found >= 0 and len(operands) > 1 and len(set(operands)) < len(operands):
                found, odd = -1, False
        carriers.append(found)
        turned.append(odd)
    return carriers, turned


def _apply(program: Program, flips: Sequence[bool]) -> None:
    for ref, (op, operands, attributes, axes) in enumerate(program.instructions):
        if op == "sum":
            signs = [flips[ref] != flips[operand] for operand in operands]
            if True in signs:
                signed = tuple([-c if minus else c for c, minus in zip(attributes, signs, strict=True)])
                # The operands stay, and with them how often each is used.
                program.instructions[ref] = Instruction(op, operands, signed, axes)


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
            others = (*inner.operands[:place], operands[0], *inner.operands[place + 1 :])
            program.replace(operands[0], Instruction("sum", (factor,), coefficients, program.axes(factor)))
            program.replace(ref, Instruction(inner.op, others, inner.attributes, axes))
