"""The intermediate form: a list of array instructions, independent of the language they will be written in.

An instruction makes one array from earlier ones. Equal instructions are one, so what two results share is computed
once. Every target (NumPy, JAX, …) writes the same list in its own words. The instructions:

    input       (symbol)                a variable, its unit dimension dropped
    number      (value)                 an exact or floating number
    constant    (name)                  pi
    size        (dim)                   the size of an axis
    sum         (coefficients)          Σ coefficient · operand, operands broadcast from the right
    product                             operands multiplied entry by entry, broadcast from the right
    reciprocal                          1 / operand
    power       (exponent or None)      operand ** number, or operand ** second operand
    map         (function)              an elementwise function of the table
    abstract    (letter, order)         a function of which only the letter is known, or a derivative of it
    apply       (function, parameters)  a genuine function, leading axes being its batch
    matmul                              `@`, with its rules for vectors and leading axes
    outer                               of two vectors
    tensordot   (axes, axes)            sums over pairs of axes
    einsum      (subscripts)            two operands, where nothing above says it
    total       (axes)                  the sum over some axes
    expand      (pattern)               axis pattern[k] comes k-th, None is a new axis of size one
    diagonal    (axis, axis)            the diagonal of two axes, which comes last
    diag                                the diagonal matrix of a vector
    eye         (dim)                   the identity matrix
    scatter     (pairs, dims)           zero but where the two axes of each pair agree; the operand has the first
    solve                               X⁻¹ B of a matrix and a vector or matrix
    cholesky                            the factor of a positive definite matrix
    cholesky_solve                      the same as solve, of that factor
    add_diagonal                        of a matrix and what is added to its diagonal
    kron                                the Kronecker product of two matrices
    reshape     (dims)
    repeat      (dims)                  broadcast to full size, as an array of its own
    copy                                an array that no input shares
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from matcalc.graph import Axes, Coefficient, Symbol
from matcalc.shapes.dims import Dim

Pattern = tuple[int | None, ...]

_VIEWS = frozenset({"expand", "reshape", "diagonal"})
_ARITHMETIC = frozenset({"sum", "product", "matmul", "outer", "tensordot", "einsum"})
_PYTHON_NUMBERS = frozenset({"number", "constant", "size", "sum", "product", "reciprocal", "power", "map"})


class Instruction(NamedTuple):
    """One array: `op` applied to earlier instructions. `axes` are its dimensions, 1 for a unit axis."""

    op: str
    operands: tuple[int, ...]
    attributes: tuple[Any, ...]
    axes: Axes


_new = tuple.__new__


def _passes_on(instruction: Instruction) -> bool:
    """Whether the memory of the operand is that of the result: of a view, and of a sum or product of one thing."""
    op, operands, attributes, _ = instruction
    return op in _VIEWS or (len(operands) == 1 and (op == "product" or (op == "sum" and attributes == (1,))))


class Program:
    """A growing list of instructions, of which some are the results."""

    def __init__(self, sizes: Mapping[str, int] | None = None, movers: Collection[Symbol] = ()) -> None:
        # Sizes that are known, to choose the order of products by; and the variables that change from call to call.
        self.known_sizes = dict(sizes or {})
        self._movers = frozenset(movers)
        self._moving: set[int] = set()
        self.instructions: list[Instruction] = []
        self._outputs: list[int] = []
        # How often each is used, and where the used ones stand, by what they do.
        self._uses: tuple[list[int], dict[str, list[int]]] | None = None
        # What the user called some of the arrays.
        self.named: dict[int, str] = {}
        self._known: dict[Instruction, int] = {}

    def emit(
        self, op: str, operands: tuple[int, ...] = (), attributes: tuple[Any, ...] = (), axes: Axes = ()
    ) -> int:
        """The place of this instruction in the list, appended unless it is there already."""
        # As Instruction(…) does it, in half the time.
        instruction: Instruction = _new(Instruction, (op, operands, attributes, axes))
        instructions = self.instructions
        place = len(instructions)
        known = self._known.setdefault(instruction, place)
        if known == place:
            instructions.append(instruction)
            if self._movers and (
                not self._moving.isdisjoint(operands) or (op == "input" and attributes[0] in self._movers)
            ):
                self._moving.add(known)
        return known

    @property
    def outputs(self) -> list[int]:
        """The instructions whose arrays are the results."""
        return self._outputs

    @outputs.setter
    def outputs(self, refs: list[int]) -> None:
        self._outputs = refs
        self._uses = None

    def empty(self) -> Program:
        """A program without instructions that knows the same sizes and movers."""
        return Program(self.known_sizes, self._movers)

    def is_moving(self, ref: int) -> bool:
        """Whether the array depends on what changes from call to call."""
        return ref in self._moving

    def axes(self, ref: int) -> Axes:
        """The axes of an instruction's array."""
        return self.instructions[ref].axes

    def rank(self, ref: int) -> int:
        """How many axes an instruction's array has."""
        return len(self.instructions[ref].axes)

    def extent(self, ref: int) -> int:
        """How many axes of an instruction's array are no unit axes."""
        axes = self.instructions[ref].axes
        return len(axes) - axes.count(1)

    def number(self, value: Coefficient) -> int:
        """A number."""
        return self.emit("number", (), (value,))

    def is_number(self, ref: int, value: Coefficient) -> bool:
        """Whether the instruction is this very number."""
        found = self.instructions[ref]
        return found.op == "number" and bool(found.attributes[0] == value)

    def size(self, dim: Dim) -> int:
        """The size of an axis."""
        return self.number(dim) if isinstance(dim, int) else self.emit("size", (), (dim,))

    def product(self, refs: Sequence[int], axes: Axes) -> int:
        """The product of arrays that broadcast to `axes`; the smaller ones are multiplied first."""
        kept = [ref for ref in refs if not self.is_number(ref, 1)]
        if not kept:
            return self.number(1)
        if len(kept) == 1:
            return kept[0]
        kept.sort(key=self.extent)
        return self.emit("product", tuple(kept), (), axes)

    def expand(self, ref: int, pattern: Pattern) -> int:
        """Axes permuted and unit axes put in, as `pattern` says."""
        if pattern == tuple(range(self.rank(ref))):
            return ref
        axes = self.axes(ref)
        return self.emit("expand", (ref,), pattern, tuple(1 if k is None else axes[k] for k in pattern))

    def aligned(self, ref: int, labels: Sequence[int], order: Sequence[int]) -> int:
        """The array, whose axes bear `labels`, laid over axes `order`; broadcasting puts in the leading ones."""
        if tuple(labels) == tuple(order):
            return ref
        pattern = [labels.index(label) if label in labels else None for label in order]
        start = next((k for k, axis in enumerate(pattern) if axis is not None), len(pattern))
        return self.expand(ref, tuple(pattern[start:]))

    def is_static(self, ref: int) -> bool:
        """Whether the value is known from sizes and numbers alone."""
        pending = [ref]
        while pending:
            instruction = self.instructions[pending.pop()]
            if instruction.axes or instruction.op not in _PYTHON_NUMBERS:
                return False
            pending += instruction.operands
        return True

    def shares_input(self, ref: int) -> bool:
        """Whether the array may be a view of an input."""
        while _passes_on(self.instructions[ref]):
            ref = self.instructions[ref].operands[0]
        return self.instructions[ref].op == "input"

    def may_change(self, ref: int, uses: Sequence[int]) -> bool:
        """Whether the array may be changed in place: it is new, and nothing else uses it or what it is a view of."""
        while uses[ref] == 1 and _passes_on(self.instructions[ref]):
            ref = self.instructions[ref].operands[0]
        return uses[ref] == 1 and self.instructions[ref].op in _ARITHMETIC

    def live(self) -> list[int]:
        """How often each instruction is used for the outputs; an output counts as a use."""
        return self._counted()[0]

    def places(self, *ops: str) -> list[int]:
        """Where the instructions `ops` stand that the outputs need, in order."""
        places = self._counted()[1]
        if len(ops) == 1:
            return places.get(ops[0], [])
        return sorted([ref for op in ops for ref in places.get(op, ())])

    def _counted(self) -> tuple[list[int], dict[str, list[int]]]:
        instructions = self.instructions
        if self._uses is None or len(self._uses[0]) != len(instructions):
            uses = [0] * len(instructions)
            for ref in self._outputs:
                uses[ref] += 1
            places: dict[str, list[int]] = defaultdict(list)
            for ref in range(len(instructions) - 1, -1, -1):
                if uses[ref]:
                    op, operands, _, _ = instructions[ref]
                    places[op].append(ref)
                    for operand in operands:
                        uses[operand] += 1
            for refs in places.values():
                refs.reverse()
            self._uses = uses, places
        return self._uses

    def replace(self, ref: int, instruction: Instruction) -> None:
        """Another instruction in the place of one; it may have other operands."""
        self.instructions[ref] = instruction
        self._uses = None

    def symbols(self) -> list[Symbol]:
        """The variables that the outputs need."""
        return [self.instructions[ref].attributes[0] for ref in self.places("input")]
