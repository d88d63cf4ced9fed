"""How a contraction was computed, to be done again with other arrays of the same pattern.

A deep network has the same few contractions in every layer. Which pairs are multiplied first, and how, follows from the
labels of the axes and their sizes; so it is found out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matcalc.codegen.program import Instruction, Program
from matcalc.codegen.views import View


class Plan(NamedTuple):
    """Instructions in terms of slots: the operands first, then what each instruction makes."""

    steps: tuple[Instruction, ...]
    result: int
    labels: tuple[int, ...]

    def again(self, program: Program, refs: list[int]) -> View:
        """The same with other operands; `refs` are theirs, and are extended."""
        emit, add = program.emit, refs.append
        for op, slots, attributes, axes in self.steps:
            add(emit(op, tuple([refs[slot] for slot in slots]), attributes, axes))
        return View(refs[self.result], self.labels)


def planned(refs: Sequence[int], log: Sequence[tuple[int, Instruction]], view: View) -> Plan | None:
    """The plan of what has been done with operands `refs`; None where what was made had been there before.

    `log` holds each instruction with the place of its array.
    """
    slots = {ref: slot for slot, ref in enumerate(refs)}
    steps = []
    for ref, (op, operands, attributes, axes) in log:
        if ref in slots or any(operand not in slots for operand in operands):
            return None
        steps.append(Instruction(op, tuple([slots[operand] for operand in operands]), attributes, axes))
        slots[ref] = len(slots)
    return Plan(tuple(steps), slots[view.ref], view.labels) if view.ref in slots else None
