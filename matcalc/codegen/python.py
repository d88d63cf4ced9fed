"""Statements of NumPy, jax.numpy and torch, which agree in nearly everything.

Python's own numbers stay Python's own (`math.sqrt(2)`), so that single precision remains single.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from matcalc.codegen.helpers import ATOM, POWER, PRODUCT, SUM, Helpers, Text
from matcalc.codegen.numbers import dim_source, tuple_source
from matcalc.codegen.program import Instruction
from matcalc.codegen.statements import Statements
from matcalc.codegen.tensors import Numbers
from matcalc.graph import Axes
from matcalc.shapes.dims import Dim

_OF_NUMBERS = {"arcsin": "asin", "arccos": "acos", "arctan": "atan"}
# What torch calls differently.
_TORCH = {"transpose": "permute", "axes": "dims", "axis1": "dim1", "axis2": "dim2"}

# In place, and a view of the diagonal, since a matrix has so many more entries.
_ADD_TO_DIAGONAL = (
    "(M, d):",
    '"""M + diag(d), in the memory of M where its dtype holds the sums."""',
    "M = M.astype({library}.result_type(M, d), copy=False)",
    '{library}.einsum("ii->i", M)[:] += d',
    "return M",
)


def _is_transpose(instruction: Instruction) -> bool:
    return instruction.op == "expand" and instruction.attributes == (1, 0)


class PythonStatements(Statements):
    """For a library that `helpers` knows; `needs_dtype` and `needs_math` say what the body relies on.

    `beside` is how torch makes a tensor of a number beside the arguments; `numbers` says which of these it needs so.
    """

    helpers: Helpers
    beside = ""
    needs_dtype = False
    needs_math = False

    def operator(self, sign: str, instruction: Instruction) -> str:
        """As it is."""
        return sign

    def _word(self, name: str) -> str:
        return _TORCH.get(name, name) if self.helpers.library == "torch" else name

    def _shape(self, dims: Sequence[Any]) -> str:
        return tuple_source(dims, self.sizes)

    def _call(self, name: str, *arguments: str) -> Text:
        return f"{self.helpers.alias}.{self._word(name)}({', '.join(arguments)})", ATOM

    def _dtype(self) -> str:
        self.needs_dtype = True
        return "dtype=dtype, device=device" if self.helpers.library == "torch" else "dtype=dtype"

    def _of_numbers(self, name: str, text: str) -> Text:
        self.needs_math = True
        return f"math.{name}({text})", ATOM

    # Scalars

    def constant(self, instruction: Instruction) -> Text:
        """pi."""
        return f"{self.helpers.alias}.{instruction.attributes[0]}", ATOM

    def size(self, instruction: Instruction) -> Text:
        """The size of an axis."""
        text = dim_source(instruction.attributes[0], self.sizes)
        return text, PRODUCT if "*" in text else ATOM

    def root(self, instruction: Instruction) -> Text:
        """sqrt."""
        base = instruction.operands[0]
        if self.static[base]:
            return self._of_numbers("sqrt", self.texts[base][0])
        return self._call("sqrt", self._array(base)[0])

    def map(self, instruction: Instruction) -> Text:
        """An elementwise function."""
        (function,) = instruction.attributes
        if not instruction.axes and all([self.static[operand] for operand in instruction.operands]):
            return self._of_static(instruction)
        operands = instruction.operands
        if self.helpers.library != "torch":
            return self.helpers.call(function, [self.texts[operand] for operand in operands])
        known = tuple([place for place, operand in enumerate(operands) if self.static[operand]])
        perhaps = [place for place, operand in enumerate(operands) if self.numbers.may_be(operand)]
        needed = self.helpers.tensor_places(function, len(operands), known, perhaps) if perhaps else ()
        texts = [
            self._array(operand) if place in needed else self.texts[operand]
            for place, operand in enumerate(operands)
        ]
        return self.helpers.call(function, texts, numbers=tuple([k for k in known if k not in needed]))

    @cached_property
    def numbers(self) -> Numbers:
        """What may be one of Python's numbers."""
        return Numbers(self.program)

    def _array(self, ref: int) -> Text:
        """An operand for a function of the library, which in torch takes tensors only."""
        if self.helpers.library != "torch":
            return self.texts[ref]
        if self.static[ref]:
            return self._call("tensor", self.texts[ref][0], self.beside)
        self.numbers.refuse(ref)
        return self.texts[ref]

    def _of_static(self, instruction: Instruction) -> Text:
        """A function of Python's numbers, as a Python number again: NumPy's own would widen float32."""
        function = instruction.attributes[0]
        name = _OF_NUMBERS.get(function.name, function.name)
        texts = [self.texts[operand] for operand in instruction.operands]
        if len(texts) == 1 and hasattr(math, name):
            return self._of_numbers(name, texts[0][0])
        if self.helpers.library == "torch":
            texts = [self._call("tensor", text, f"dtype={self.helpers.alias}.float64") for text, _ in texts]
        made, level = self.helpers.call(function, texts)
        return (made, level) if self.helpers.library == "jax.numpy" else (f"float({made})", ATOM)

    def abstract(self, instruction: Instruction) -> Text:
        """A function of which only the letter is known."""
        name = self.abstract_names[instruction.attributes]
        return f"{name}({self._array(instruction.operands[0])[0]})", ATOM

    def apply(self, instruction: Instruction) -> Text:
        """A genuine function."""
        function, parameters = instruction.attributes
        texts = [self.texts[operand] for operand in instruction.operands]
        ranks = self._ranks[function]
        return self.helpers.call(function, texts, parameters, *ranks if len(ranks) == 1 else ())

    @cached_property
    def _ranks(self) -> dict[Any, set[tuple[int, ...]]]:
        """The numbers of axes of what each function is applied to: one helper serves them all."""
        found: dict[Any, set[tuple[int, ...]]] = {}
        for ref in self.program.places("apply"):
            _, operands, attributes, _ = self.program.instructions[ref]
            found.setdefault(attributes[0], set()).add(tuple(map(self.program.rank, operands)))
        return found

    # Products of matrices

    def matmul(self, instruction: Instruction) -> Text:
        """`@` binds as tightly as `*`, so that products among the operands stand in parentheses."""
        left, right = instruction.operands
        turned = self.program.instructions[left]
        if self.helpers.library == "jax.numpy" and self.program.rank(right) == 1 and _is_transpose(turned):
            # XLA takes many times longer for the transpose of a matrix times a vector.
            text, level = self.texts[right]
            matrix = self._at(turned.operands[0], POWER)
            return f"{text if level >= POWER else f'({text})'} @ {matrix}", PRODUCT
        text, level = self.texts[left]
        chained = level >= POWER or (
            level == PRODUCT and self.program.instructions[left].op in ("matmul", "solve")
        )
        return f"{text if chained else f'({text})'} @ {self._at(right, POWER)}", PRODUCT

    def solve(self, instruction: Instruction) -> Text:
        """X⁻¹ B."""
        return self._call("linalg.solve", *(self.texts[operand][0] for operand in instruction.operands))

    def cholesky(self, instruction: Instruction) -> Text:
        """The factor of a positive definite matrix, as the library wants it for solving."""
        matrix = self.texts[instruction.operands[0]][0]
        if self.helpers.library == "torch":
            return self._call("linalg.cholesky", matrix)
        return f"{self._scipy('cho_factor')}({matrix})", ATOM

    def cholesky_solve(self, instruction: Instruction) -> Text:
        """X⁻¹ B of the factor of X."""
        factor, other = instruction.operands
        if self.helpers.library != "torch":
            # As elsewhere, nan gives nan: SciPy would raise.
            option = ", check_finite=False" if self.helpers.library == "numpy" else ""
            return (
                f"{self._scipy('cho_solve')}({self.texts[factor][0]}, {self.texts[other][0]}{option})",
                ATOM,
            )
        if self.program.rank(other) > 1:
            return self._call("cholesky_solve", self.texts[other][0], self.texts[factor][0])
        made, _ = self._call("cholesky_solve", f"{self._at(other, ATOM)}[:, None]", self.texts[factor][0])
        return f"{made}[:, 0]", ATOM

    def _scipy(self, name: str) -> str:
        return self.helpers.imported(
            "scipy.linalg" if self.helpers.library == "numpy" else "jax.scipy.linalg", name
        )

    def changed(self, ref: int, instruction: Instruction) -> Text:
        """Something added to a diagonal, or an array put onto one; JAX and torch make a new array."""
        return getattr(self, f"_{instruction.op}")(ref, instruction)  # type: ignore[no-any-return]

    def _add_diagonal(self, ref: int, instruction: Instruction) -> Text:
        matrix, entries = instruction.operands
        if self.helpers.library == "numpy":
            text = self.texts[matrix][0]
            if not self.program.may_change(matrix, self.uses):
                text = f"{self._at(matrix, ATOM)}.copy()"
            helper = self.helpers.written("add_to_diagonal", _ADD_TO_DIAGONAL)
            return f"{helper}({text}, {self.texts[entries][0]})", ATOM
        if self.program.rank(entries):
            diagonal, _ = self._call("diag", self.texts[entries][0])
        else:
            eye, _ = self._call("eye", dim_source(instruction.axes[0], self.sizes), self._dtype())
            diagonal = f"{self._at(entries, POWER)} * {eye}"
        return f"{self.texts[matrix][0]} + {diagonal}", SUM

    def _scatter(self, ref: int, instruction: Instruction) -> Text:
        (operand,) = instruction.operands
        pairs, shape = instruction.attributes
        library = self.helpers.library
        if self.program.rank(operand):
            self._name(operand)
            kind = f"dtype={self._at(operand, ATOM)}.dtype"
            kind += f", device={self._at(operand, ATOM)}.device" if library == "torch" else ""
        else:
            kind = self._dtype()
        places = ", ".join(self._places(pairs, shape))
        zeros, _ = self._call("zeros", self._shape(shape), kind)
        entries = self._array(operand)[0]
        if library == "jax.numpy":
            return f"{zeros}.at[{places}].set({entries})", ATOM
        if library == "torch":
            return f"{zeros}.index_put(({places}), {entries})", ATOM
        name = self._assign(ref, zeros)
        self.lines.append(f"{name}[{places}] = {entries}")
        return name, ATOM

    def _places(self, pairs: Sequence[tuple[int, int]], shape: Axes) -> list[str]:
        """The subscripts of the entries that are not zero, axis by axis."""
        first_of = {second: first for first, second in pairs}
        own = [axis for axis in range(len(shape)) if axis not in first_of]
        (first, second), *more = pairs
        if not more and self.helpers.library != "torch" and (first == 0 or second == first + 1):
            # Other subscripts stay where they are, so that whole axes can be taken beside them.
            own = [first]
        names = dict(zip(own, self._grid([shape[axis] for axis in own]), strict=True))
        return [names.get(first_of.get(axis, axis), ":") for axis in range(len(shape))]

    def _grid(self, dims: Sequence[Dim]) -> list[str]:
        """Names of subscripts along axes of these sizes, which broadcast to all places."""
        names = [self._new_name(letter) for letter, _ in zip("ijklpqrs", dims, strict=False)]
        sizes = [dim_source(dim, self.sizes) for dim in dims]
        if len(dims) == 1 or self.helpers.library == "torch":
            ranges = [self._call("arange", size)[0] for size in sizes]
            after = range(len(dims) - 1, -1, -1)
            text = ", ".join(
                one + (f"[:{', None' * count}]" if count else "")
                for one, count in zip(ranges, after, strict=True)
            )
        else:
            text = f"{self.helpers.alias}.ogrid[{', '.join(f':{size}' for size in sizes)}]"
        self.lines.append(f"{', '.join(names)} = {text}")
        return names

    def outer(self, instruction: Instruction) -> Text:
        """Of two vectors."""
        left, right = instruction.operands
        return self._call("outer", self.texts[left][0], self.texts[right][0])

    def tensordot(self, instruction: Instruction) -> Text:
        """Sums over pairs of axes."""
        arrays = [self.texts[operand][0] for operand in instruction.operands]
        return self._call("tensordot", *arrays, f"{self._word('axes')}={instruction.attributes!r}")

    def einsum(self, instruction: Instruction) -> Text:
        """Where nothing plainer says it."""
        arrays = [self.texts[operand][0] for operand in instruction.operands]
        return self._call("einsum", f'"{instruction.attributes[0]}"', *arrays)

    def kron(self, instruction: Instruction) -> Text:
        """The Kronecker product of two matrices."""
        return self._call("kron", *(self.texts[operand][0] for operand in instruction.operands))

    # Axes

    def total(self, instruction: Instruction) -> Text:
        """The sum over some axes."""
        (operand,) = instruction.operands
        axes = instruction.attributes
        axis = "" if not instruction.axes else f"axis={axes[0] if len(axes) == 1 else axes}"
        return f"{self._at(operand, ATOM)}.sum({axis})", ATOM

    def expand(self, instruction: Instruction) -> Text:
        """Axes permuted, and unit axes put in."""
        (operand,) = instruction.operands
        pattern = instruction.attributes
        if pattern == (1, 0):
            return f"{self._at(operand, ATOM)}.T", ATOM
        order = tuple(axis for axis in pattern if axis is not None)
        if order == (1, 0):
            text = f"{self._at(operand, ATOM)}.T"
        elif order != tuple(range(len(order))):
            text = self._call("transpose", self.texts[operand][0], str(order))[0]
        else:
            text = self._at(operand, ATOM)
        if len(order) < len(pattern):
            text += "[" + ", ".join("None" if axis is None else ":" for axis in pattern) + "]"
        return text, ATOM

    def diagonal(self, instruction: Instruction) -> Text:
        """The diagonal of two axes, which comes last."""
        (operand,) = instruction.operands
        first, second = instruction.attributes
        array = self.texts[operand][0]
        if self.program.rank(operand) == 2:
            return self._call("diagonal", array)
        places = (f"{self._word(f'axis{k}')}={axis}" for k, axis in ((1, first), (2, second)))
        return self._call("diagonal", array, *places)

    def diag(self, instruction: Instruction) -> Text:
        """The diagonal matrix of a vector."""
        return self._call("diag", self.texts[instruction.operands[0]][0])

    def eye(self, instruction: Instruction) -> Text:
        """The identity matrix."""
        return self._call("eye", dim_source(instruction.attributes[0], self.sizes), self._dtype())

    def reshape(self, instruction: Instruction) -> Text:
        """Another shape."""
        return (
            f"{self._at(instruction.operands[0], ATOM)}.reshape({self._shape(instruction.attributes)})",
            ATOM,
        )

    def repeat(self, instruction: Instruction) -> Text:
        """Broadcast to full size, as an array of its own."""
        (operand,) = instruction.operands
        text, shape = self.texts[operand][0], self._shape(instruction.attributes)
        if not self.static[operand]:
            return self._own(self._call("broadcast_to", self._array(operand)[0], shape)[0])
        if not instruction.attributes:
            return self._call("tensor" if self.helpers.library == "torch" else "array", text, self._dtype())
        for value, maker in ((0, "zeros"), (1, "ones")):
            if self.program.is_number(operand, value):
                return self._call(maker, shape, self._dtype())
        return self._call("full", shape, text, self._dtype())

    def copy(self, instruction: Instruction) -> Text:
        """An array that no input shares; JAX's are never changed, and a number need be no array."""
        text = self._at(instruction.operands[0], ATOM)
        if instruction.axes or self.helpers.library == "jax.numpy":
            return self._own(text)
        if self.helpers.library == "torch":
            return self._own(self._call("as_tensor", text)[0])
        return self._call("array", text)

    def _own(self, text: str) -> Text:
        method = {"numpy": ".copy()", "torch": ".clone()"}.get(self.helpers.library, "")
        return text + method, ATOM
