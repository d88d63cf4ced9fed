"""What a person would call an intermediate result: z before an activation, h behind it, delta on the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from matcalc.codegen.names import Names, identifier
from matcalc.codegen.program import Instruction, Program

# What these give is called by what it means.
_PROBABILITIES = frozenset({"softmax", "sigmoid"})
_WEIGHTS = frozenset({"exp"})
_BY_RANK = {0: "c", 1: "v", 2: "M"}


def named(program: Program, refs: Sequence[int], symbols: Mapping[int, str], names: Names) -> dict[int, str]:
    """A name for each of `refs`, the instructions that are assigned, in order; `symbols` names the inputs.

    Names that the program holds (the user's own) are taken as they are. Of several z the first is z1; a delta bears
    the number of the layer whose activation it passes.
    """
    stems = _Stems(program, symbols)
    chosen = {ref: program.named.get(ref) or stems.of(ref) for ref in refs}
    groups: dict[str, list[int]] = {}
    for ref, stem in chosen.items():
        groups.setdefault(stem, []).append(ref)
    found: dict[int, str] = {}
    numbers: dict[int, int] = {}
    for stem in sorted(groups, key="delta".__eq__):
        members = groups[stem]
        if len(members) == 1:
            found[members[0]] = names.fresh(stem)
        else:
            layers = [numbers.get(stems.layer(ref), 0) if stem == "delta" else 0 for ref in members]
            distinct = len(set(layers)) == len(layers) and 0 not in layers
            for place, ref in enumerate(members):
                found[ref] = names.fresh(f"{stem}{layers[place] if distinct else place + 1}")
        if stem in ("h", "z"):
            numbers |= {ref: place + 1 for place, ref in enumerate(members)}
    return found


class _Stems:
    """Names by what an instruction does, and by what is done with it."""

    def __init__(self, program: Program, symbols: Mapping[int, str]) -> None:
        self.instructions = program.instructions
        self.symbols = symbols
        self.outputs = frozenset(program.outputs)
        self._layers: dict[int, int] = {}
        self.activated = {
            operand
            for ref in program.places("map", "abstract", "apply")
            for operand in self.instructions[ref].operands
        }

    def of(self, ref: int) -> str:
        """The name without a number."""
        instruction = self.instructions[ref]
        special = _BY_OP.get(instruction.op)
        found = special(self, ref, instruction) if special else None
        if found is None and ref in self.activated and self._is_affine(ref):
            found = "z"
        return found or _BY_RANK.get(len(instruction.axes), "T")

    def layer(self, ref: int) -> int:
        """The activation, or its argument, that a product passes; -1 for none."""
        found = self._layers.get(ref)
        if found is None:
            passed = [self._activation(operand) for operand in self.instructions[ref].operands]
            found = self._layers[ref] = max(passed, default=-1)
        return found

    def _is_affine(self, ref: int) -> bool:
        """Whether there is a product of matrices in a sum."""
        op, operands, *_ = self.instructions[ref]
        return op == "matmul" or (
            op in ("sum", "product")
            and any(self.instructions[operand].op == "matmul" for operand in operands)
        )

    def _activation(self, ref: int) -> int:
        """The activation of which the factor is a simple expression, such as 1 - h**2; of f' its argument; or -1."""
        for _ in range(4):
            op, operands, _, axes = self.instructions[ref]
            if op == "abstract":
                return operands[0]
            if op in ("map", "apply") and axes:
                return ref
            rest = [operand for operand in operands if self.instructions[operand].axes]
            if op not in ("sum", "power", "reciprocal", "product", "expand") or len(rest) != 1:
                return -1
            ref = rest[0]
        return -1

    def _of_product(self, ref: int, instruction: Instruction) -> str | None:
        arrays = [operand for operand in instruction.operands if self.instructions[operand].axes]
        if not instruction.axes or len(arrays) < 2 or ref in self.activated:
            return None
        return "delta" if self.layer(ref) >= 0 else None

    def _of_sum(self, ref: int, instruction: Instruction) -> str | None:
        if ref in self.activated:
            return None
        kinds = {self.instructions[operand].op for operand in instruction.operands}
        signs = {coefficient > 0 for coefficient in instruction.attributes}
        return "r" if "matmul" in kinds and "input" in kinds and len(signs) == 2 else None

    def _of_map(self, ref: int, instruction: Instruction) -> str | None:
        name = instruction.attributes[0].name
        if name in _PROBABILITIES:
            return "p"
        if name in _WEIGHTS:
            return "e"
        return "h" if instruction.axes else None

    def _of_apply(self, ref: int, instruction: Instruction) -> str | None:
        function = instruction.attributes[0]
        if function.name in _PROBABILITIES:
            return "p"
        argument = self.symbols.get(instruction.operands[0])
        return f"{argument}_{function.name}" if argument else identifier(f"{function.name}")

    def _of_abstract(self, ref: int, instruction: Instruction) -> str | None:
        return "h" if not instruction.attributes[1] and instruction.axes else None

    def _of_power(self, ref: int, instruction: Instruction) -> str | None:
        (inner,) = instruction.operands[:1]
        root = instruction.attributes[0] == 0.5 and self._is_squares(inner)
        return "norm" if root else None

    def _of_total(self, ref: int, instruction: Instruction) -> str | None:
        return "norm_squared" if self._is_squares(ref) else None

    def _is_squares(self, ref: int) -> bool:
        op, operands, _, axes = self.instructions[ref]
        if axes or op not in ("total", "matmul"):
            return False
        if op == "matmul":
            return len(set(operands)) == 1
        inner = self.instructions[operands[0]]
        return inner.op == "power" and inner.attributes[0] == 2

    def _of_sum_on_diagonal(self, ref: int, instruction: Instruction) -> str | None:
        return "H" if ref in self.outputs else None

    def _of_factor(self, ref: int, instruction: Instruction) -> str | None:
        argument = self.symbols.get(instruction.operands[0])
        return f"{argument}_factor" if argument else "factor"

    def _of_matmul(self, ref: int, instruction: Instruction) -> str | None:
        return "norm_squared" if self._is_squares(ref) else None


_BY_OP: dict[str, Callable[[_Stems, int, Instruction], str | None]] = {
    "product": _Stems._of_product,
    "sum": _Stems._of_sum,
    "map": _Stems._of_map,
    "apply": _Stems._of_apply,
    "abstract": _Stems._of_abstract,
    "power": _Stems._of_power,
    "add_diagonal": _Stems._of_sum_on_diagonal,
    "cholesky": _Stems._of_factor,
    "total": _Stems._of_total,
    "matmul": _Stems._of_matmul,
}
