"""Statements of MATLAB and Julia: arrays begin at the first axis, in memory and in broadcasting, where NumPy's end.

A vector is a column. An operand of fewer axes lies along the last ones, so that here it gets leading axes of size one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from matcalc.codegen.helpers import ATOM, POWER, PRODUCT, SUM, Text
from matcalc.codegen.numbers import dim_source
from matcalc.codegen.program import Instruction
from matcalc.codegen.statements import Statements
from matcalc.codegen.tracing import NotTraceable
from matcalc.codegen.translation import Translation
from matcalc.errors import DomainError
from matcalc.shapes.dims import Dim


class ColumnMajor(Statements):
    """What the two languages share; a matrix product is `*`."""

    translation: Translation
    needs_eltype = False

    # Words

    @abstractmethod
    def transposed(self, text: str) -> str:
        """The transpose of an atom."""

    @abstractmethod
    def moved(self, text: str, rank: int, places: Sequence[int], total: int) -> Text:
        """An array of `rank` axes with these at `places` of `total`, the others being of size one."""

    @abstractmethod
    def summed(self, text: str, rank: int, axes: Sequence[int]) -> Text:
        """The sum over some axes, which are gone afterwards."""

    @abstractmethod
    def inner(self, left: str, right: str) -> Text:
        """The inner product of two vectors, given as factors."""

    @abstractmethod
    def fortran(self, text: str, rank: int, dims: Sequence[Dim]) -> Text:
        """The entries of an array in NumPy's order, in the shape of `dims`."""

    @abstractmethod
    def filled(self, maker: str, dims: Sequence[Dim]) -> str:
        """zeros or ones of a shape."""

    def dims(self, dims: Sequence[Dim]) -> str:
        """Sizes, separated by commas."""
        return ", ".join(dim_source(dim, self.sizes) for dim in dims)

    # Scalars and functions

    def constant(self, instruction: Instruction) -> Text:
        """pi."""
        return str(instruction.attributes[0]), ATOM

    def size(self, instruction: Instruction) -> Text:
        """The size of an axis."""
        text = dim_source(instruction.attributes[0], self.sizes)
        return text, PRODUCT if "*" in text else ATOM

    def fitted(self, ref: int, instruction: Instruction) -> Text:
        """An operand laid over more axes, along the last of them."""
        own, total = self.program.rank(ref), len(instruction.axes)
        text = self.texts[ref]
        if own in (0, total):
            return text
        if own == 1 and total == 2:
            return self.transposed(self._at(ref, ATOM)), ATOM
        return self.moved(text[0], own, range(total - own, total), total)

    def root(self, instruction: Instruction) -> Text:
        """sqrt."""
        base = instruction.operands[0]
        dot = self.translation.dot if instruction.axes else ""
        return f"sqrt{dot}({self.texts[base][0]})", ATOM

    def map(self, instruction: Instruction) -> Text:
        """An elementwise function."""
        operands = [self.fitted(operand, instruction) for operand in instruction.operands]
        return self._translated(instruction.attributes[0], operands, (), bool(instruction.axes), 0)

    def abstract(self, instruction: Instruction) -> Text:
        """A function of which only the letter is known."""
        name = self.abstract_names[instruction.attributes]
        dot = self.translation.dot if instruction.axes else ""
        return f"{name}{dot}({self.texts[instruction.operands[0]][0]})", ATOM

    def apply(self, instruction: Instruction) -> Text:
        """A genuine function, of matrices or along the last axis."""
        function, parameters = instruction.attributes
        operands = [self.argument(operand) for operand in instruction.operands]
        rank = self.program.rank(instruction.operands[0])
        return self._translated(function, operands, parameters, False, rank)

    def argument(self, ref: int) -> Text:
        """An operand of a genuine function."""
        return self.texts[ref]

    def _translated(
        self, function: Any, operands: Sequence[Text], parameters: Sequence[Any], entries: bool, rank: int
    ) -> Text:
        try:
            return self.translation.call(function, operands, parameters, entries, rank)
        except NotTraceable as error:
            raise DomainError(
                f"there is no {self.translation.language} source for {function.name} yet",
                hint="numpy, jax or torch",
            ) from error

    # Products

    def matmul(self, instruction: Instruction) -> Text:
        """Vectors are columns: x @ y is an inner product, and x @ A is Aᵀ x."""
        left, right = instruction.operands
        ranks = (self.program.rank(left), self.program.rank(right))
        if ranks == (1, 1):
            return self.inner(self._at(left, ATOM), self._at(right, POWER))
        if ranks == (1, 2):
            return f"{self.transposed(self._at(right, ATOM))} * {self._at(left, POWER)}", PRODUCT
        if max(ranks) > 2:
            first = "abcdefgh"[: ranks[0]]
            last = first[-1] if ranks[1] == 1 else first[-1] + "z"
            if ranks[1] > 2:
                last = first[:-2] + last
            out = first[:-1] + ("z" if ranks[1] > 1 else "")
            return self._contracted(instruction, first, last, out)
        text, level = self.texts[left]
        chained = level >= POWER or (
            level == PRODUCT and self.program.instructions[left].op in ("matmul", "outer")
        )
        return f"{text if chained else f'({text})'} * {self._at(right, POWER)}", PRODUCT

    def outer(self, instruction: Instruction) -> Text:
        """Of two vectors."""
        left, right = instruction.operands
        return f"{self._at(left, POWER)} * {self.transposed(self._at(right, ATOM))}", PRODUCT

    def tensordot(self, instruction: Instruction) -> Text:
        """Sums over pairs of axes."""
        left, right = instruction.operands
        first, second = instruction.attributes
        names = iter("abcdefghijkl")
        of_left = [next(names) for _ in range(self.program.rank(left))]
        of_right = [
            of_left[first[second.index(axis)]] if axis in second else next(names)
            for axis in range(self.program.rank(right))
        ]
        kept = [name for axis, name in enumerate(of_left) if axis not in first]
        kept += [name for axis, name in enumerate(of_right) if axis not in second]
        return self._contracted(instruction, "".join(of_left), "".join(of_right), "".join(kept))

    def einsum(self, instruction: Instruction) -> Text:
        """Two operands with labels."""
        before, out = instruction.attributes[0].split("->")
        first, second = before.split(",")
        return self._contracted(instruction, first, second, out)

    def _contracted(self, instruction: Instruction, first: str, second: str, out: str) -> Text:
        """Entries multiplied over all labels, and summed over those that do not come out."""
        summed = [name for name in dict.fromkeys(first + second) if name not in out]
        order = [*out, *summed]
        sides = []
        for operand, labels in zip(instruction.operands, (first, second), strict=True):
            places = [order.index(name) for name in labels]
            self._name(operand)
            sides.append(self.moved(self.texts[operand][0], len(labels), places, len(order))[0])
        text = f"{sides[0]} .* {sides[1]}"
        if not summed:
            return text, PRODUCT
        return self.summed(text, len(order), range(len(out), len(order)))

    def kron(self, instruction: Instruction) -> Text:
        """The Kronecker product of two matrices."""
        return f"kron({', '.join(self.texts[operand][0] for operand in instruction.operands)})", ATOM

    def solve(self, instruction: Instruction) -> Text:
        r"""X \ B."""
        matrix, other = instruction.operands
        return f"{self._at(matrix, ATOM)} \\ {self._at(other, POWER)}", SUM

    # Axes

    def total(self, instruction: Instruction) -> Text:
        """The sum over some axes."""
        (operand,) = instruction.operands
        return self.summed(self.texts[operand][0], self.program.rank(operand), instruction.attributes)

    def expand(self, instruction: Instruction) -> Text:
        """Axes permuted, and unit axes put in."""
        (operand,) = instruction.operands
        pattern = instruction.attributes
        rank = self.program.rank(operand)
        if pattern in ((1, 0), (None, 0)):
            return self.transposed(self._at(operand, ATOM)), ATOM
        if pattern[:rank] == tuple(range(rank)):
            return self.texts[operand]
        places = [pattern.index(axis) for axis in range(rank)]
        return self.moved(self.texts[operand][0], rank, places, len(pattern))

    def diagonal(self, instruction: Instruction) -> Text:
        """The diagonal of a matrix."""
        (operand,) = instruction.operands
        if self.program.rank(operand) > 2:
            raise DomainError(
                f"there is no {self.translation.language} source for a diagonal of a tensor yet",
                hint="numpy, jax or torch",
            )
        return f"diag({self.texts[operand][0]})", ATOM

    @abstractmethod
    def identity(self, dim: Dim) -> str:
        """The identity matrix."""

    def eye(self, instruction: Instruction) -> Text:
        """The identity matrix."""
        return self.identity(instruction.attributes[0]), ATOM

    def reshape(self, instruction: Instruction) -> Text:
        """Another shape, entries in NumPy's order."""
        (operand,) = instruction.operands
        return self.fortran(self._at(operand, ATOM), self.program.rank(operand), instruction.attributes)

    def repeat(self, instruction: Instruction) -> Text:
        """Broadcast to full size."""
        (operand,) = instruction.operands
        text = self.texts[operand][0]
        if not instruction.attributes:
            return self.texts[operand]
        for value, maker in ((0, "zeros"), (1, "ones")):
            if self.program.is_number(operand, value):
                return self.filled(maker, instruction.attributes), ATOM
        text = self._fits(operand, instruction, PRODUCT)
        return f"{text} .* {self.filled('ones', instruction.attributes)}", PRODUCT

    # What is made and then changed

    def changed(self, ref: int, instruction: Instruction) -> Text:
        """A diagonal to which something is added, or onto which something is put."""
        if instruction.op == "add_diagonal":
            matrix, entries = instruction.operands
            name = self._assign(ref, self.own(matrix))
            self.lines.append(self.added(name, entries, instruction.axes[0]))
            return name, ATOM
        (operand,) = instruction.operands
        pairs, shape = instruction.attributes
        first_of = {second: first for first, second in pairs}
        if self.program.rank(operand):
            self._name(operand)
        name = self._assign(ref, self.filled("zeros", shape))
        places = {
            first: self._new_name(letter) for first, letter in zip(dict(pairs), "ijklpqrs", strict=False)
        }
        axes = [axis for axis in range(len(shape)) if axis not in first_of]
        kept = axes[len(axes) - self.program.rank(operand) :]
        # An axis of size one stands for all of the diagonal.
        held = zip(kept, self.program.axes(operand), strict=True)
        own = ["1" if dim == 1 and axis in places else places.get(axis, ":") for axis, dim in held]
        target = [places.get(first_of.get(axis, axis), ":") for axis in range(len(shape))]
        ranges = [(place, shape[first]) for first, place in places.items()]
        part = "" if set(own) <= {":"} else ", ".join(own)
        self.lines += self.loops(ranges, name, ", ".join(target), self.texts[operand][0], part)
        return name, ATOM

    @abstractmethod
    def own(self, ref: int) -> str:
        """An array that may be changed."""

    @abstractmethod
    def added(self, name: str, entries: int, dim: Dim) -> str:
        """The statement that adds to a diagonal."""

    def loops(
        self, ranges: Sequence[tuple[str, Dim]], name: str, target: str, entries: str, own: str
    ) -> list[str]:
        """The statements that put entries onto diagonals."""
        if not ranges:
            return [self.put(name, target, entries, own)]
        (place, dim), *inner = ranges
        inside = self.loops(inner, name, target, entries, own)
        return [self.loop(place, dim), *(f"    {line}" for line in inside), "end"]

    @abstractmethod
    def loop(self, place: str, dim: Dim) -> str:
        """The head of a loop over the places along an axis."""

    @abstractmethod
    def put(self, name: str, target: str, entries: str, own: str) -> str:
        """The statement that puts entries in their place; all of them where `own` does not say which."""
