"""Random calls of any function of the table, by the shapes and the domains that its entry declares."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matcalc.rules import all_functions
from matcalc.rules.entries import Entry
from tests.fuzz.grammar import LOSSES, POSITIVE, REAL, SIZES, TO_SCALAR, UNIT, Grammar
from tests.fuzz.terms import SCALAR, Dim, Shape, Term, Variable
from tests.fuzz.twin import Twin

WHOLE = ("k_1", "N", "ν")
# What the grammar draws without asking the table.
BY_HAND = {*REAL, *POSITIVE, *UNIT, *TO_SCALAR, *LOSSES, "maximum", "minimum", "prelu", "softmax", "log_softmax",
           "argmax_indicator", "argmin_indicator", "tr", "det", "logdet", "inv", "diag", "diagonal", "outer", "kron",
           "vec", "matrix_power"}  # fmt: skip


def _shapes(text: str) -> Iterator[tuple[list[list[str]], list[str]]]:
    """The shapes of the operands and of the result, from (m,n),(1,1)->(m,n); …"""
    for one in text.split(";"):
        operands, _, result = one.partition("->")
        yield [part.strip(" ()").split(",") for part in operands.split("),")], result.strip(" ()").split(",")


def _fitting(pattern: list[str], shape: Shape) -> dict[str, Dim] | None:
    """What the letters of a shape stand for, or None where it is another shape."""
    known: dict[str, Dim] = {}
    for letter, dim in zip(pattern, shape, strict=True):
        if (int(letter) if letter.isdigit() else known.setdefault(letter, dim)) != dim:
            return None
    return known


class TableGrammar(Grammar):
    """Half of what it makes are calls of functions of the table; 3 is a dimension, as cross products need it."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        # No name has the size 3 beside it.
        names = self.random.sample([name for name in SIZES if SIZES[name] != 3], 2)
        self.dims = [*names, 3]
        self.sizes = self.twin.sizes = {name: SIZES[name] for name in names}
        self.calls = [
            (entry, operands, result)
            for entry in all_functions()
            if entry.name not in BY_HAND and hasattr(Twin, f"{entry.name}_")
            for operands, result in _shapes(entry.shapes)
            if all(len(one) == 2 for one in (*operands, result))
        ]

    def makers(self, shape: Shape) -> list:
        """With calls of functions of the table."""
        found = super().makers(shape)
        square = shape[0] == shape[1]
        return [*found, *[self.call] * len(found), *[self.symbolic_power] * square]

    def call(self, shape: Shape, budget: int) -> Term | None:
        """A function of the table that gives this shape."""
        fitting = [
            (entry, operands, known)
            for entry, operands, result in self.calls
            if (known := _fitting(result, shape)) is not None
        ]
        if not fitting:
            return None
        entry, operands, known = self.random.choice(fitting)
        for letter in sorted({letter for operand in operands for letter in operand if not letter.isdigit()}):
            known.setdefault(letter, self.any_dim())
        shapes = [tuple(int(d) if d.isdigit() else known[d] for d in operand) for operand in operands]
        each = budget // len(shapes)
        return Term(
            entry.name,
            shape,
            tuple(
                self.inside(domain, one, each)
                for domain, one in zip(self.domains(entry, len(shapes)), shapes, strict=True)
            ),
        )

    @staticmethod
    def domains(entry: Entry, count: int) -> tuple[str, ...]:
        """What the operands have to be."""
        return tuple(getattr(entry, "domain", ())) or ("real",) * count

    def inside(self, domain: str, shape: Shape, budget: int) -> Term:
        """Something in a domain, most of the time."""
        if domain == "positive":
            return self.positive(shape, budget)
        if domain in ("invertible", "full_rank") and shape[0] == shape[1]:
            return self.invertible(shape, budget)
        term = self.term(shape, budget)
        if domain == "symmetric" and self.random.random() < 0.4:
            return self.made(Term("add", shape, (term, self.made(Term("transpose", shape, (term,))))))
        return term

    def symbolic_power(self, shape: Shape, budget: int) -> Term:
        """A matrix to a power that is a variable, of which there is a derivative where its trace is taken."""
        square = shape if shape != SCALAR else self.square_shape()
        power = Term("matrix_power", square, (self.invertible(square, budget), self.whole()))
        return power if shape != SCALAR else Term("tr", SCALAR, (self.made(power),))

    def whole(self) -> Term:
        """A variable that stands for a whole number."""
        name = self.random.choice(WHOLE)
        if name not in self.variables:
            self.variables[name] = Variable((), (), np.full((1, 1), float(self.random.choice((1, 2, 3, 4)))))
        return self.made(Term("var", SCALAR, (), (name,)))
