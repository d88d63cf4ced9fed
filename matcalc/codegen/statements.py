"""The body of a generated function: a program's instructions as statements of NumPy or of jax.numpy.

What is used once and is short is written where it is used; everything else gets a name. Python's own numbers stay
Python's own, so that single precision remains single.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matcalc.codegen.functions import direct_call
from matcalc.codegen.names import Names
from matcalc.codegen.numbers import dim_source, number_text, simplest, tuple_source
from matcalc.codegen.program import Instruction, Program
from matcalc.graph import Coefficient, Symbol
from matcalc.rules.entries import Elementwise, Function

Text = tuple[str, int]

# How tightly an expression holds together.
_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4
# Longer expressions get a name, and longer chains of terms are broken up: the parser's depth is limited.
_LONGEST = 44
_LONGEST_CHAIN = 12
_FREE = frozenset({"input", "number", "constant", "size"})
_SCALAR = frozenset({"number", "constant", "size", "sum", "product", "reciprocal", "power", "map"})


class Statements:
    """Writes `program` in terms of `module` (np or jnp), the inputs' names and the names of sizes."""

    def __init__(
        self,
        program: Program,
        module: str,
        library: str,
        names: Names,
        inputs: Mapping[Symbol, str],
        sizes: Mapping[str, str],
    ) -> None:
        self.program = program
        self.module = module
        self.library = library
        self.names = names
        self.inputs = inputs
        self.sizes = sizes
        self.lines: list[str] = []
        self.helpers: dict[Elementwise | Function, str] = {}
        self.calls: dict[Any, str] = {}
        self.abstract: dict[tuple[str, int], str] = {}
        self.needs_dtype = False
        self.uses = program.live()
        self.texts: list[Text] = [("", 0)] * len(self.uses)
        self.static = [False] * len(self.uses)

    def write(self) -> list[str]:
        """Fills `lines`; returns the expressions of the outputs."""
        write: Mapping[str, Callable[[Statements, Instruction], Text]] = _WRITE
        results = set(self.program.outputs)
        for ref, instruction in enumerate(self.program.instructions):
            uses = self.uses[ref]
            if not uses:
                continue
            op = instruction.op
            if op in _SCALAR and not instruction.axes:
                self.static[ref] = all(self.static[operand] for operand in instruction.operands)
            text = write[op](self, instruction)
            long = len(text[0]) > _LONGEST and not (uses == 1 and ref in results)
            if op not in _FREE and (long or (uses > 1 and not self._is_cheap(ref, text))):
                text = (self._assign(text[0]), _ATOM)
            self.texts[ref] = text
        return [self.texts[ref][0] for ref in self.program.outputs]

    def _is_cheap(self, ref: int, text: Text) -> bool:
        """Whether writing the expression twice costs nothing: a view of a name, a little arithmetic on sizes."""
        if self.static[ref]:
            return len(text[0]) < 12
        instruction = self.program.instructions[ref]
        return instruction.op == "expand" and self.texts[instruction.operands[0]][0].isidentifier()

    def _assign(self, text: str) -> str:
        name = self.names.numbered("t")
        self.lines.append(f"{name} = {text}")
        return name

    def _at(self, ref: int, level: int) -> str:
        """The expression of an operand, in parentheses if it holds together less tightly than `level`."""
        text, own = self.texts[ref]
        return text if own >= level else f"({text})"

    def _shape(self, dims: Sequence[Any]) -> str:
        return tuple_source(dims, self.sizes)

    def _call(self, name: str, *arguments: str) -> Text:
        return f"{self.module}.{name}({', '.join(arguments)})", _ATOM

    def _dtype(self) -> str:
        self.needs_dtype = True
        return "dtype=dtype"

    # Scalars and inputs

    def input(self, instruction: Instruction) -> Text:
        return self.inputs[instruction.attributes[0]], _ATOM

    def number(self, instruction: Instruction) -> Text:
        text = number_text(instruction.attributes[0])
        return text, _PRODUCT if "/" in text else _SUM if text.startswith("-") else _ATOM

    def constant(self, instruction: Instruction) -> Text:
        return f"{self.module}.{instruction.attributes[0]}", _ATOM

    def size(self, instruction: Instruction) -> Text:
        text = dim_source(instruction.attributes[0], self.sizes)
        return text, _PRODUCT if "*" in text else _ATOM

    # Entry by entry

    def sum(self, instruction: Instruction) -> Text:
        terms = [
            self._term(coefficient, operand)
            for coefficient, operand in zip(instruction.attributes, instruction.operands, strict=True)
        ]
        # A sum that can begin without a sign does.
        terms.sort(key=lambda term: term[0])
        if len(terms) == 1:
            ((negative, text, level),) = terms
            return (f"-{text if level >= _PRODUCT else f'({text})'}", _SUM) if negative else (text, level)
        result = ""
        for count, (negative, text, level) in enumerate(terms):
            if count and count % _LONGEST_CHAIN == 0:
                result = self._assign(result)
            if not result:
                result = f"-{text if level >= _PRODUCT else f'({text})'}" if negative else text
            else:
                result += f" - {text if level > _SUM else f'({text})'}" if negative else f" + {text}"
        return result, _SUM

    def _term(self, coefficient: Coefficient, operand: int) -> tuple[bool, str, int]:
        """Whether the term is taken away, its text without the sign, and how tightly it holds."""
        found = self.program.instructions[operand]
        if found.op == "number":
            text = number_text(abs(coefficient * found.attributes[0]))
            return coefficient * found.attributes[0] < 0, text, _PRODUCT if "/" in text else _ATOM
        magnitude = -coefficient if coefficient < 0 else coefficient
        numerator, denominator = simplest(magnitude)
        text, level = self.texts[operand]
        if numerator != 1:
            text, level = f"{numerator!r} * {self._at(operand, _POWER)}", _PRODUCT
        if denominator != 1:
            text = f"{text if level >= _PRODUCT and '@' not in text else f'({text})'} / {denominator}"
            level = _PRODUCT
        return coefficient < 0, text, level

    def product(self, instruction: Instruction) -> Text:
        factors = []
        for operand in instruction.operands:
            found = self.program.instructions[operand]
            divides = (
                found.op == "reciprocal" and self.uses[operand] == 1 and self.texts[operand][1] == _PRODUCT
            )
            factors.append((divides, found.operands[0] if divides else operand))
        # Left to right is from small to large; only the first has to be a factor, not a divisor.
        first = next((place for place, (divides, _) in enumerate(factors) if not divides), None)
        result = "1"
        if first is not None:
            result = self._first_factor(factors.pop(first)[1])
        for count, (divides, operand) in enumerate(factors):
            if count and count % _LONGEST_CHAIN == 0:
                result = self._assign(result)
            result += f" {'/' if divides else '*'} {self._at(operand, _POWER)}"
        return result, _PRODUCT

    def _first_factor(self, operand: int) -> str:
        # Python reads a @ b * c from the left, but nobody should have to think about it.
        text, level = self.texts[operand]
        return f"({text})" if level < _PRODUCT or ("@" in text and level < _ATOM) else text

    def reciprocal(self, instruction: Instruction) -> Text:
        return f"1 / {self._at(instruction.operands[0], _POWER)}", _PRODUCT

    def power(self, instruction: Instruction) -> Text:
        base = instruction.operands[0]
        (exponent,) = instruction.attributes
        if exponent == 0.5:
            return self._float(base, f"{self.module}.sqrt({self.texts[base][0]})")
        whole = isinstance(exponent, int)
        raised = number_text(exponent) if exponent is not None else self.texts[instruction.operands[1]][0]
        if not whole and all(self.static[operand] for operand in instruction.operands):
            return self._float(base, f"{self.module}.power({self.texts[base][0]}, {raised})")
        atom = exponent is None and self.texts[instruction.operands[1]][1] == _ATOM
        if not atom and not (exponent is not None and "/" not in raised):
            raised = f"({raised})"
        return f"{self._at(base, _ATOM)}**{raised}", _POWER

    def _float(self, operand: int, text: str) -> Text:
        """A library function of Python's numbers, as a Python number again: NumPy's own would widen float32."""
        return (f"float({text})" if self.static[operand] and self.library == "numpy" else text), _ATOM

    def map(self, instruction: Instruction) -> Text:
        text = self._function(instruction.attributes[0], instruction.operands)
        if all(self.static[operand] for operand in instruction.operands):
            return self._float(instruction.operands[0], text)
        return text, _ATOM

    def _function(
        self, function: Elementwise | Function, operands: Sequence[int], parameters: Sequence[Any] = ()
    ) -> str:
        name = self.calls.get(function)
        if name is None:
            direct = direct_call(function, len(operands) + len(parameters), self.library)
            if direct is not None:
                name = f"{self.module}.{direct}"
            else:
                # `max` is Python's own, and means something else.
                wanted = f"{function.name}_" if hasattr(builtins, function.name) else function.name
                name = self.helpers[function] = self.names.fresh(wanted)
            self.calls[function] = name
        arguments = [self.texts[operand][0] for operand in operands]
        return f"{name}({', '.join([*arguments, *map(repr, parameters)])})"

    def abstract_function(self, instruction: Instruction) -> Text:
        name = self.abstract[instruction.attributes]
        return f"{name}({self.texts[instruction.operands[0]][0]})", _ATOM

    def apply(self, instruction: Instruction) -> Text:
        function, parameters = instruction.attributes
        return self._function(function, instruction.operands, parameters), _ATOM

    # Products of matrices

    def matmul(self, instruction: Instruction) -> Text:
        left, right = instruction.operands
        text, level = self.texts[left]
        chained = level >= _POWER or (level == _PRODUCT and "*" not in text and "/" not in text)
        return f"{text if chained else f'({text})'} @ {self._at(right, _POWER)}", _PRODUCT

    def outer(self, instruction: Instruction) -> Text:
        return self._call("outer", *(self.texts[operand][0] for operand in instruction.operands))

    def tensordot(self, instruction: Instruction) -> Text:
        arrays = [self.texts[operand][0] for operand in instruction.operands]
        return self._call("tensordot", *arrays, f"axes={instruction.attributes!r}")

    def einsum(self, instruction: Instruction) -> Text:
        arrays = [self.texts[operand][0] for operand in instruction.operands]
        return self._call("einsum", f'"{instruction.attributes[0]}"', *arrays)

    def kron(self, instruction: Instruction) -> Text:
        return self._call("kron", *(self.texts[operand][0] for operand in instruction.operands))

    # Axes

    def total(self, instruction: Instruction) -> Text:
        (operand,) = instruction.operands
        axes = instruction.attributes
        axis = "" if not instruction.axes else f"axis={axes[0] if len(axes) == 1 else axes}"
        return f"{self._at(operand, _ATOM)}.sum({axis})", _ATOM

    def expand(self, instruction: Instruction) -> Text:
        (operand,) = instruction.operands
        pattern = instruction.attributes
        order = tuple(axis for axis in pattern if axis is not None)
        if order == (1, 0):
            text = f"{self._at(operand, _ATOM)}.T"
        elif order != tuple(range(len(order))):
            text = f"{self.module}.transpose({self.texts[operand][0]}, {order})"
        else:
            text = self._at(operand, _ATOM)
        if len(order) < len(pattern):
            text += "[" + ", ".join("None" if axis is None else ":" for axis in pattern) + "]"
        return text, _ATOM

    def diagonal(self, instruction: Instruction) -> Text:
        (operand,) = instruction.operands
        first, second = instruction.attributes
        array = self.texts[operand][0]
        if self.program.rank(operand) == 2:
            return self._call("diagonal", array)
        return self._call("diagonal", array, f"axis1={first}", f"axis2={second}")

    def diag(self, instruction: Instruction) -> Text:
        return self._call("diag", self.texts[instruction.operands[0]][0])

    def eye(self, instruction: Instruction) -> Text:
        return self._call("eye", dim_source(instruction.attributes[0], self.sizes), self._dtype())

    def mask(self, instruction: Instruction) -> Text:
        pairs, dims = instruction.attributes
        rank = len(instruction.axes)
        parts = []
        for (first, second), dim in zip(pairs, dims, strict=True):
            eye, _ = self._call("eye", dim_source(dim, self.sizes), "dtype=bool")
            places = [":" if axis in (first, second) else "None" for axis in range(rank)]
            while places[0] == "None":
                places.pop(0)
            parts.append(eye + ("[" + ", ".join(places) + "]" if "None" in places else ""))
        return self._call("where", " & ".join(parts), self.texts[instruction.operands[0]][0], "0")

    def reshape(self, instruction: Instruction) -> Text:
        operand = self._at(instruction.operands[0], _ATOM)
        return f"{operand}.reshape({self._shape(instruction.attributes)})", _ATOM

    def repeat(self, instruction: Instruction) -> Text:
        (operand,) = instruction.operands
        text, shape = self.texts[operand][0], self._shape(instruction.attributes)
        if not self.static[operand]:
            made, level = self._call("broadcast_to", text, shape)
            return (made if self.library == "jax" else f"{made}.copy()"), level
        if not instruction.attributes:
            return self._call("array", text, self._dtype())
        for value, maker in ((0, "zeros"), (1, "ones")):
            if self.program.is_number(operand, value):
                return self._call(maker, shape, self._dtype())
        return self._call("full", shape, text, self._dtype())

    def copy(self, instruction: Instruction) -> Text:
        operand = instruction.operands[0]
        return self.texts[operand] if self.library == "jax" else (f"{self._at(operand, _ATOM)}.copy()", _ATOM)


_WRITE: dict[str, Callable[[Statements, Instruction], Text]] = {
    op: getattr(Statements, op)
    for op in [
        "input",
        "number",
        "constant",
        "size",
        "sum",
        "product",
        "reciprocal",
        "power",
        "map",
        "apply",
        "matmul",
        "outer",
        "tensordot",
        "einsum",
        "kron",
        "total",
        "expand",
        "diagonal",
        "diag",
        "eye",
        "mask",
        "reshape",
        "repeat",
        "copy",
    ]
} | {"abstract": Statements.abstract_function}
