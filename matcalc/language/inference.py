"""Shapes of what is not declared, by unification over the whole formula.

A name's first letter says whether it is a matrix, a column or a scalar; the formula says which dimensions are one.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.errors import MatcalcError
from matcalc.language.calls import Bound
from matcalc.language.declarations import Declaration, Declarations
from matcalc.language.index_form import form_shape, letter_sizes
from matcalc.language.names import CONSTANTS, kind_of
from matcalc.language.quoting import call_mismatch, side, what_it_is
from matcalc.language.resolve import Resolved
from matcalc.language.syntax import (
    Binary,
    Call,
    IndexForm,
    Name,
    Number,
    Superscript,
    Syntax,
    Transpose,
    Unary,
)
from matcalc.rules import AbstractFunction
from matcalc.rules.operands import ShapeRule
from matcalc.rules.registry import result_shape
from matcalc.shapes.broadcast import SCALAR, Shape, broadcast_shape, is_scalar, matmul_shape, two_dimensional
from matcalc.shapes.dims import dim_parts
from matcalc.shapes.mismatch import CHECK, mismatch
from matcalc.shapes.unify import OpenDim, OpenShape, Unifier


def infer(resolved: Resolved, declarations: Declarations) -> dict[str, Declaration]:
    """The declarations, completed by an entry for every variable of the formula that has none.

    Raises ShapeError, placed in the text, where no dimensions make the formula fit.
    """
    missing = [name for name in resolved.variables if name not in declarations.entries]
    if not missing:
        return dict(declarations.entries)
    return _Inference(resolved, declarations, missing).run()


class _Inference:
    def __init__(self, resolved: Resolved, declarations: Declarations, missing: Sequence[str]) -> None:
        self.resolved = resolved
        self.formula = resolved.formula
        self.declarations = declarations
        self.unifier = Unifier()
        self.missing: dict[str, tuple[OpenDim, ...]] = {}
        self.named: dict[str, OpenShape] = {
            name: two_dimensional(entry.shape) for name, entry in declarations.entries.items()
        }
        for name in missing:
            dims = {"matrix": 2, "column": 1, "scalar": 0}[kind_of(name)]
            self.missing[name] = tuple(self.unifier.fresh() for _ in range(dims))
            self.named[name] = (*self.missing[name], 1, 1)[:2]
        self.shapes: dict[Syntax, OpenShape] = {}

    def run(self) -> dict[str, Declaration]:
        for segment in self.resolved.segments:
            for part in segment.steps:
                self.shapes[part] = self.shape(part)
            if segment.name is not None:
                self.named[segment.name] = self.shapes[segment.result]
        self.settle()
        known = self.unifier.known
        inferred = {name: Declaration(tuple(map(known, dims))) for name, dims in self.missing.items()}
        return {**self.declarations.entries, **inferred}

    def settle(self) -> frozenset[str]:
        """Names the dimensions that are still unknown; returns these names."""
        taken = {*self.named, *self.resolved.dims, *self.declarations.dims, *CONSTANTS}
        taken.update(part for dims in self.missing.values() for dim in dims for part in self.rigid(dim))
        return self.unifier.name((dim for dims in self.missing.values() for dim in dims), taken)

    def rigid(self, dim: OpenDim) -> list[str]:
        found = self.unifier.find(dim)
        return (
            [part for part in dim_parts(found) if isinstance(part, str)]
            if isinstance(found, (str, tuple))
            else []
        )

    # Shapes of parts -------------------------------------------------------------------------------------------

    def shape(self, part: Syntax) -> OpenShape:
        """The shape of a part, its children's being known."""
        kind = type(part)
        if kind is Name:
            return self.named.get(part.name, SCALAR)  # type: ignore[attr-defined]
        if kind is Number:
            return SCALAR
        if isinstance(part, Binary):
            return self.binary(part)
        if isinstance(part, Call):
            return self.call(part, self.resolved.calls[part])
        if isinstance(part, (Transpose, Unary, Superscript)):
            shape = self.shapes[part.operand]
            return shape[::-1] if kind is Transpose and len(shape) == 2 else shape
        assert isinstance(part, IndexForm)
        return self.index_form(part)

    def binary(self, part: Binary) -> OpenShape:
        same = self.unifier.same
        chain = self.resolved.chains[part]
        left = self.operand(chain[0].left)
        for link in chain:
            right = self.operand(link.right)
            shape: OpenShape | None
            if link.operator == "@":
                shape = matmul_shape(left, right, same)  # type: ignore[arg-type]
            elif link.operator == "**":
                shape = left if is_scalar(right) else None  # type: ignore[arg-type]
            else:
                shape = broadcast_shape(left, right, same)  # type: ignore[arg-type]
            if shape is None:
                raise self.mismatch(link, left, right)
            left = shape
        return left

    def operand(self, part: Syntax) -> OpenShape:
        """The shape of a part that may be a transpose which only the product around it sees."""
        shape = self.shapes.get(part)
        if shape is None:
            assert isinstance(part, Transpose)
            shape = self.shapes[part.operand]
            return shape[::-1] if len(shape) == 2 else shape
        return shape

    def mismatch(self, part: Binary, *shapes: OpenShape) -> MatcalcError:
        """The error for operands that no dimensions make fit."""
        free = self.settle()
        left, right = (
            side(self.formula, operand, tuple(map(self.unifier.known, shape)))
            for operand, shape in zip((part.left, part.right), shapes, strict=True)
        )
        error = mismatch(
            part.operator,
            left,
            right,
            lambda a, b: a == b or (1 not in (a, b) and not free.isdisjoint((a, b))),
        )
        guessed = next(
            (p.name for p in (part.right, part.left) if isinstance(p, Name) and p.name in self.missing), None
        )
        if guessed is not None and (error.hint == CHECK or part.operator == "**"):
            kind = kind_of(guessed)
            error.hint = f'{guessed} is read as a {kind} by its name; declare it otherwise: shapes="{guessed}: (), ..."'
        return self.formula.source.locate(error, part.start, part.end)

    def call(self, part: Call, bound: Bound) -> OpenShape:
        if isinstance(bound.function, AbstractFunction):
            return self.shapes[bound.operands["x"]]
        # An argument left out is a number.
        given = [bound.operands.get(p.name) for p in bound.function.arguments if p.valued]
        operands = [SCALAR if operand is None else self.shapes[operand] for operand in given]
        for rule in bound.function.shape_rules(bound.options):
            mark = self.unifier.mark()
            shape = self.apply(rule, operands, bound)
            if shape is not None:
                return shape
            self.unifier.undo(mark)
        raise self.refusal(part, bound)

    def apply(self, rule: ShapeRule, operands: Sequence[OpenShape], bound: Bound) -> OpenShape | None:
        """The result of a rule if the operands can be made to fit it."""
        same = self.unifier.same
        if rule.broadcast:
            result: Shape | None = SCALAR
            for shape in operands:
                result = broadcast_shape(result, shape, same) if result is not None else None  # type: ignore[arg-type]
            return result
        if len(rule.inputs) > len(operands):
            return None
        found: dict[str, OpenDim] = dict(bound.options)
        for wanted, given in zip(rule.inputs, operands, strict=False):
            if len(wanted) != len(given):
                return None
            for pattern, dim in zip(wanted, given, strict=True):
                value = pattern if isinstance(pattern, int) else found.setdefault(str(pattern), dim)
                if (value == 1) != (dim == 1) or not same(value, dim):
                    return None
        return tuple(
            self.unifier.product(p if isinstance(p, int) else found[p] for p in dim_parts(dim))
            for dim in rule.output
        )

    def refusal(self, part: Call, bound: Bound) -> MatcalcError:
        """The error of a call that no dimensions make fit."""
        entry = bound.function
        assert not isinstance(entry, AbstractFunction)
        operands = [side(self.formula, operand, self.display(operand)) for operand in bound.operands.values()]
        hint: str | None = "declare the shapes to say what they are"
        try:
            result_shape(entry, [operand.shape for operand in operands], bound.options)
        except MatcalcError as error:
            hint = error.hint
        return self.formula.source.locate(
            call_mismatch(entry, bound.options, operands, hint), part.start, part.end
        )

    def index_form(self, part: IndexForm) -> OpenShape:
        plan = self.resolved.plans[part]
        try:
            sizes = letter_sizes(
                plan,
                lambda value: self.shapes[value],
                lambda value: what_it_is(self.formula, value, self.display(value)),
                self.unifier.same,
                self.unifier.product,
            )
        except MatcalcError as error:
            raise self.formula.source.settle(error) from None
        return form_shape(plan, sizes, self.unifier.product)

    def display(self, part: Syntax) -> Shape:
        """The shape of a part for a message: whatever has no name yet gets one."""
        self.settle()
        return tuple(map(self.unifier.known, self.shapes[part]))
