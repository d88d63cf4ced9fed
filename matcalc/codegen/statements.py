"""The body of a generated function: a program's instructions as statements, in whatever language writes them.

What is used once and is short is written where it is used; everything else gets a name, chosen when all that needs one
is known. Here is what languages have in common: arithmetic, precedence, and when to name.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import ClassVar

from matcalc.codegen.helpers import ATOM, POWER, PRODUCT, SUM, Text
from matcalc.codegen.names import Names
from matcalc.codegen.numbers import number_text, simplest
from matcalc.codegen.program import Instruction, Program
from matcalc.codegen.stems import named
from matcalc.graph import Coefficient, Symbol

# Longer expressions get a name, and longer chains of terms are broken up: the parser's depth is limited.
_LONGEST = 52
_LONGEST_CHAIN = 12
_FREE = frozenset({"number", "constant", "size"})
# What makes an array and then changes it, in more than one statement.
_CHANGING = frozenset({"add_diagonal", "scatter"})
_SCALAR = frozenset({"number", "constant", "size", "sum", "product", "reciprocal", "power", "map"})
# A name that is still to be chosen.
_PLACE = re.compile("\ue000(\\d+)\ue001")
_BETWEEN = "\ue002"


# Of a term.
_is_negative = itemgetter(0)


class Statements(ABC):
    """Writes `program` in terms of the inputs' names and the names of sizes; `first` orders terms and factors."""

    power_sign: ClassVar[str] = "**"

    def __init__(
        self,
        program: Program,
        names: Names,
        inputs: Mapping[Symbol, str],
        sizes: Mapping[str, str],
        abstract: Mapping[tuple[str, int], str],
        first: Sequence[int],
    ) -> None:
        self.program = program
        self.names = names
        self.sizes = sizes
        self.abstract_names = abstract
        self.first = first
        self.lines: list[str] = []
        self.uses = program.live()
        self.texts: list[Text] = [("", 0)] * len(self.uses)
        self.static = [False] * len(self.uses)
        self._assigned: list[tuple[int, str]] = []
        self._inputs = {
            ref: inputs[program.instructions[ref].attributes[0]] for ref in program.places("input")
        }
        for ref, text in self._inputs.items():
            self.texts[ref] = (text, ATOM)

    def write(self) -> list[str]:
        """Fills `lines`; returns the expressions of the outputs."""
        results = set(self.program.outputs)
        instructions = self.program.instructions
        operands_of_outer = {
            operand for ref in self.program.places("outer") for operand in instructions[ref].operands
        }
        fed_to_outer = operands_of_outer.intersection(self.program.places("product"))
        worth_naming = self._layers().union(self.program.named)
        texts = self.texts
        methods: dict[str, Callable[[Instruction], Text]] = {}
        for ref, (instruction, uses) in enumerate(zip(instructions, self.uses, strict=True)):
            op, operands, _, axes = instruction
            if not uses or op == "input":
                continue
            if not axes and op in _SCALAR:
                self.static[ref] = all([self.static[operand] for operand in operands])
            if op in _CHANGING:
                text = self.changed(ref, instruction)
            else:
                method = methods.get(op)
                if method is None:
                    method = methods[op] = getattr(self, op)
                text = method(instruction)
            if op not in _FREE and not (uses == 1 and ref in results):
                if op == "expand" and len(text[0]) > _LONGEST:
                    self._name(operands[0])
                    text = self.expand(instruction)
                if (
                    len(text[0]) > _LONGEST
                    or ref in worth_naming
                    or (uses > 1 and not self._is_cheap(ref, text))
                    or (ref in fed_to_outer and text[1] < ATOM)
                ) and not self._is_final(text):
                    text = (self._assign(ref, text[0]), ATOM)
            texts[ref] = text
        return self._with_names([texts[ref][0] for ref in self.program.outputs])

    def _layers(self) -> set[int]:
        """The activations of a network of several layers: all are named, or none."""
        instructions = self.program.instructions
        found = set()
        for ref in self.program.places("map"):
            _, operands, _, axes = instructions[ref]
            if axes:
                argument = instructions[operands[0]]
                if argument.op == "matmul" or (
                    argument.op == "sum"
                    and "matmul" in [instructions[operand].op for operand in argument.operands]
                ):
                    found.add(ref)
        return found if len(found) > 1 else set()

    def _is_cheap(self, ref: int, text: Text) -> bool:
        """Whether writing the expression twice costs nothing: a view of a name, a little arithmetic on sizes."""
        if self.static[ref]:
            return len(text[0]) < 12
        instruction = self.program.instructions[ref]
        return instruction.op == "expand" and self._is_name(instruction.operands[0])

    @staticmethod
    def _is_final(text: Text) -> bool:
        return text[1] == ATOM and _PLACE.fullmatch(text[0]) is not None

    def _is_name(self, ref: int) -> bool:
        text = self.texts[ref][0]
        return text.isidentifier() or _PLACE.fullmatch(text) is not None

    def _name(self, ref: int) -> None:
        """Gives an operand a name, if it has none."""
        if not self._is_name(ref):
            self.texts[ref] = (self._assign(ref, self.texts[ref][0]), ATOM)

    def _assign(self, ref: int, text: str, wanted: str = "part") -> str:
        """A name for an expression; `wanted` is the name of what is no instruction, whose `ref` is -1."""
        name = f"\ue000{len(self._assigned)}\ue001"
        self._assigned.append((ref, wanted))
        self.lines.append(f"{name} = {text}")
        return name

    def _new_name(self, wanted: str) -> str:
        """A name that a statement of its own gives a value."""
        name = self._assign(-1, "", wanted)
        self.lines.pop()
        return name

    def _with_names(self, results: list[str]) -> list[str]:
        """Chooses the names of what was assigned, and puts them in."""
        whole = [ref for ref, _ in self._assigned if ref >= 0]
        chosen = named(self.program, whole, self._inputs, self.names)
        final = [chosen[ref] if ref >= 0 else self.names.fresh(wanted) for ref, wanted in self._assigned]

        # All at once: of what falls apart at the places every second piece says which name it is.
        pieces = _PLACE.split(_BETWEEN.join([*self.lines, *results]))
        pieces[1::2] = map(final.__getitem__, map(int, pieces[1::2]))
        put = "".join(pieces).split(_BETWEEN)
        count = len(self.lines)
        self.lines = put[:count]
        return put[count:]

    def _at(self, ref: int, level: int) -> str:
        """The expression of an operand, in parentheses if it holds together less tightly than `level`."""
        text, own = self.texts[ref]
        return text if own >= level else f"({text})"

    # What languages differ in

    @abstractmethod
    def operator(self, sign: str, instruction: Instruction) -> str:
        """An arithmetic sign between the operands of an instruction."""

    @abstractmethod
    def expand(self, instruction: Instruction) -> Text:
        """Axes permuted, and unit axes put in."""

    @abstractmethod
    def changed(self, ref: int, instruction: Instruction) -> Text:
        """An array that is made and then changed."""

    def fitted(self, ref: int, instruction: Instruction) -> Text:
        """An operand laid over the axes of an instruction; NumPy's broadcasting needs nothing."""
        return self.texts[ref]

    def _fits(self, ref: int, instruction: Instruction, level: int) -> str:
        text, own = self.fitted(ref, instruction)
        return text if own >= level else f"({text})"

    # Arithmetic

    def number(self, instruction: Instruction) -> Text:
        """A number, as a fraction where it is one."""
        text = number_text(instruction.attributes[0])
        return text, PRODUCT if "/" in text else SUM if text.startswith("-") else ATOM

    def sum(self, instruction: Instruction) -> Text:
        """Terms in the order in which they first appear; a sum that can begin without a sign does."""
        _, operands, coefficients, _ = instruction
        pairs = list(zip(coefficients, operands, strict=True))
        first = self.first
        if len(pairs) > 2 or (len(pairs) == 2 and first[operands[1]] < first[operands[0]]):
            pairs.sort(key=lambda pair: first[pair[1]])
        terms = [self._term(coefficient, operand, instruction) for coefficient, operand in pairs]
        if len(terms) > 2 or (len(terms) == 2 and terms[0][0]):
            terms.sort(key=_is_negative)
        negative, text, level = terms[0]
        result = f"-{text if level >= PRODUCT else f'({text})'}" if negative else text
        if len(terms) == 1:
            return result, SUM if negative else level
        for count, (negative, text, level) in enumerate(terms[1:], 1):
            if count % _LONGEST_CHAIN == 0:
                result = self._assign(-1, result)
            sign = self.operator("-" if negative else "+", instruction)
            result += f" {sign} {f'({text})' if negative and level <= SUM else text}"
        return result, SUM

    def _term(
        self, coefficient: Coefficient, operand: int, instruction: Instruction
    ) -> tuple[bool, str, int]:
        """Whether the term is taken away, its text without the sign, and how tightly it holds."""
        found = self.program.instructions[operand]
        if found.op == "number":
            text = number_text(abs(coefficient * found.attributes[0]))
            return coefficient * found.attributes[0] < 0, text, PRODUCT if "/" in text else ATOM
        if coefficient in (1, -1):
            return coefficient < 0, *self.fitted(operand, instruction)
        magnitude = -coefficient if coefficient < 0 else coefficient
        numerator, denominator = simplest(magnitude)
        text, level = self.fitted(operand, instruction)
        if numerator != 1:
            times = self.operator("*", found)
            text, level = f"{numerator!r} {times} {self._fits(operand, instruction, POWER)}", PRODUCT
        if denominator != 1:
            whole = level >= PRODUCT and not (found.op in ("matmul", "solve") and level < ATOM)
            text = f"{text if whole else f'({text})'} {self.operator('/', found)} {denominator}"
            level = PRODUCT
        return coefficient < 0, text, level

    def product(self, instruction: Instruction) -> Text:
        """Factors from small to large; what is divided by follows."""
        factors = []
        extent, first = self.program.extent, self.first
        for operand in sorted(instruction.operands, key=lambda ref: (extent(ref), first[ref])):
            found = self.program.instructions[operand]
            divides = (
                found.op == "reciprocal" and self.uses[operand] == 1 and self.texts[operand][1] == PRODUCT
            )
            factors.append((divides, found.operands[0] if divides else operand))
        # Only the first has to be a factor, not a divisor.
        leading = next((place for place, (divides, _) in enumerate(factors) if not divides), None)
        result = "1"
        if leading is not None:
            result = self._first_factor(factors.pop(leading)[1], instruction)
        for count, (divides, operand) in enumerate(factors):
            if count and count % _LONGEST_CHAIN == 0:
                result = self._assign(-1, result)
            sign = self.operator("/" if divides else "*", instruction)
            result += f" {sign} {self._fits(operand, instruction, POWER)}"
        return result, PRODUCT

    def _first_factor(self, operand: int, instruction: Instruction) -> str:
        # Python reads a @ b * c from the left, but nobody should have to think about it.
        text, level = self.fitted(operand, instruction)
        matrices = self.program.instructions[operand].op in ("matmul", "solve") and level < ATOM
        return f"({text})" if level < PRODUCT or matrices else text

    def reciprocal(self, instruction: Instruction) -> Text:
        """One over."""
        return f"1 {self.operator('/', instruction)} {self._at(instruction.operands[0], POWER)}", PRODUCT

    def power(self, instruction: Instruction) -> Text:
        """A root is written as such."""
        base = instruction.operands[0]
        (exponent,) = instruction.attributes
        if exponent == 0.5:
            return self.root(instruction)
        raised = number_text(exponent) if exponent is not None else self.texts[instruction.operands[1]][0]
        atom = exponent is None and self.texts[instruction.operands[1]][1] == ATOM
        if not atom and not (exponent is not None and "/" not in raised):
            raised = f"({raised})"
        return f"{self._at(base, ATOM)}{self.operator(self.power_sign, instruction)}{raised}", POWER

    @abstractmethod
    def root(self, instruction: Instruction) -> Text:
        """The square root."""
