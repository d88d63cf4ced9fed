"""Inverses that are only multiplied: as solutions of linear equations, with one factorisation for a definite matrix.

inv(X) @ y is np.linalg.solve(X, y): cheaper, and backward stable where the inverse is not (Higham 2002, section 14.1).
An inverse that is wanted for itself, or met in another way, stays.
"""

from __future__ import annotations

from matcalc.codegen.program import Instruction, Program
from matcalc.graph import Symbol


def solved(program: Program) -> Program:
    """The program with solves in place of inverses, where these are only factors of matrix products."""
    inverses = [ref for ref in program.places("apply") if _is_inverse(program.instructions[ref])]
    if not inverses:
        return program
    uses = program.live()
    users: dict[int, list[int]] = {}
    for ref, instruction in enumerate(program.instructions):
        if uses[ref]:
            for operand in instruction.operands:
                users.setdefault(operand, []).append(ref)
    found = {ref for ref in inverses if _only_multiplied(program, ref, users)}
    return _Rewriting(program, found).program if found else program


def _is_inverse(instruction: Instruction) -> bool:
    return instruction.attributes[0].name == "inv" and len(instruction.axes) == 2


def _only_multiplied(program: Program, ref: int, users: dict[int, list[int]]) -> bool:
    """Whether all that happens to a matrix is a product with a vector or a matrix, transposed or not."""
    if ref in program.outputs:
        return False
    for user in users.get(ref, ()):
        instruction = program.instructions[user]
        if program.is_moving(user) and not program.is_moving(ref):
            # One inverse for many vectors.
            return False
        if instruction.op == "expand" and instruction.attributes == (1, 0):
            if not _only_multiplied(program, user, users):
                return False
        elif (
            instruction.op != "matmul"
            or instruction.operands[0] == instruction.operands[1]
            or max(map(program.rank, instruction.operands)) > 2
        ):
            return False
    return True


class _Rewriting:
    """The program written again, instruction by instruction."""

    def __init__(self, old: Program, inverses: set[int]) -> None:
        self.old = old
        self.inverses = inverses
        self.program = old.empty()
        self.new: dict[int, int] = {}
        for ref, instruction in enumerate(old.instructions):
            self.new[ref] = self._written(instruction)
        self.program.outputs = [self.new[ref] for ref in old.outputs]
        self.program.named = {self.new[ref]: name for ref, name in old.named.items()}

    def _written(self, instruction: Instruction) -> int:
        if instruction.op == "matmul":
            left, right = instruction.operands
            of_left, of_right = self._inverted(left), self._inverted(right)
            if of_left is not None:
                return self._solve(*of_left, self.new[right])
            if of_right is not None:
                matrix, transposed = of_right
                other = self.new[left]
                if self.program.rank(other) == 1:
                    return self._solve(matrix, not transposed, other)
                turned = self._solve(matrix, not transposed, self.program.expand(other, (1, 0)))
                return self.program.expand(turned, (1, 0))
        operands = tuple(self.new[operand] for operand in instruction.operands)
        return self.program.emit(instruction.op, operands, instruction.attributes, instruction.axes)

    def _inverted(self, ref: int) -> tuple[int, bool] | None:
        """The matrix of which an operand is the inverse, and whether it is transposed."""
        instruction = self.old.instructions[ref]
        transposed = instruction.op == "expand" and instruction.attributes == (1, 0)
        inverse = instruction.operands[0] if transposed else ref
        if inverse not in self.inverses:
            return None
        return self.new[self.old.instructions[inverse].operands[0]], transposed

    def _solve(self, matrix: int, transposed: bool, other: int) -> int:
        axes = self.program.axes(other)
        if self._is_definite(matrix):
            factor = self.program.emit("cholesky", (matrix,), (), self.program.axes(matrix))
            return self.program.emit("cholesky_solve", (factor, other), (), axes)
        matrix = self.program.expand(matrix, (1, 0)) if transposed else matrix
        return self.program.emit("solve", (matrix, other), (), axes)

    def _is_definite(self, ref: int) -> bool:
        op, _, attributes, _ = self.program.instructions[ref]
        return op == "input" and isinstance(attributes[0], Symbol) and "spd" in attributes[0].properties
