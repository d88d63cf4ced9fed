"""What the names of a formula mean: which are variables, parts, dimensions and functions, and in what order to compute.

Nothing is known of shapes here. The result lists every part of the formula after what it is made of, so that
inference and lowering are plain loops, however deep the formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from matcalc.errors import LimitError, MatcalcError, ParseError, UnknownNameError
from matcalc.language.calls import Bound, Calls
from matcalc.language.declarations import Declarations
from matcalc.language.index_form import Plan, plan
from matcalc.language.limits import LIMITS, Limits
from matcalc.language.names import CONSTANTS, SIGMOIDS, check_variable, is_name, unknown_name
from matcalc.language.syntax import (
    Binary,
    Call,
    Definition,
    Formula,
    Indexed,
    IndexForm,
    Name,
    Syntax,
    Transpose,
    factors,
)
from matcalc.rules import AbstractFunction, Elementwise, find

# Operators that make one chain with each other. A part in parentheses starts before its left operand does.
_GROUPS = {"+": "+-", "-": "+-", "*": "*/", "/": "*/", "@": "@"}


@dataclass(slots=True)
class Segment:
    """One definition, or the body (`name` is None): its parts, each after what it is made of."""

    name: str | None
    steps: list[Syntax]
    result: Syntax


@dataclass(slots=True)
class Resolved:
    """A formula whose names are understood; `variables` are in the order of their first appearance."""

    formula: Formula
    segments: list[Segment] = field(default_factory=list)
    calls: dict[Syntax, Bound] = field(default_factory=dict)
    plans: dict[Syntax, Plan] = field(default_factory=dict)
    chains: dict[Syntax, list[Binary]] = field(default_factory=dict)
    variables: list[str] = field(default_factory=list)
    dims: set[str] = field(default_factory=set)
    functions: tuple[str, ...] = ()


def resolve(
    formula: Formula, declarations: Declarations, functions: Sequence[str] = (), limits: Limits = LIMITS
) -> Resolved:
    """Finds the meaning of every name.

    Raises UnknownNameError for names and functions that are unknown, defined twice or by themselves, DomainError for
    arguments that a function does not take, LimitError for options past the limits.
    """
    return _Resolver(formula, declarations, functions, limits).run()


class _Resolver:
    def __init__(
        self, formula: Formula, declarations: Declarations, functions: Sequence[str], limits: Limits
    ) -> None:
        self.formula = formula
        self.declarations = declarations
        self.listed = tuple(functions)
        self.limits = limits
        self.result = Resolved(formula)
        self.parts: dict[str, Definition] = {}
        self.named: list[Name] = []
        self.calls = Calls(formula, declarations, self.listed, self.parts, limits)

    def run(self) -> Resolved:
        for name in self.listed:
            self._check_function(name)
        for definition in self.formula.definitions:
            self._check_definition(definition)
        segments = {
            definition.name.name: self._segment(definition.name.name, definition.value)
            for definition in self.formula.definitions
        }
        body = self._segment(None, self.formula.body)
        self._check_names()
        order = _ordered(segments, self.parts, self.formula) if segments else []
        self.result.segments = [*order, body]
        self.result.dims = self.calls.dims
        self.result.functions = self.listed or self.calls.abstract
        return self.result

    def _check_function(self, name: str) -> None:
        if name in self.declarations.entries:
            raise UnknownNameError(
                f"'{name}' is declared both as a variable and as a function", hint="rename one"
            )
        if find(name) is not None or not is_name(name):
            check_variable(name)

    def _check_definition(self, definition: Definition) -> None:
        name = definition.name.name
        try:
            check_variable(name)
            if name in self.parts:
                raise UnknownNameError(f"'{name}' is defined twice", hint="keep one of the definitions")
            if name in self.declarations.entries:
                raise UnknownNameError(
                    f"'{name}' is a variable and can't be defined anew", hint="rename the part"
                )
        except MatcalcError as error:
            raise self._locate(error, definition.name) from None
        self.parts[name] = definition

    def _locate(self, error: MatcalcError, part: Syntax) -> MatcalcError:
        return self.formula.source.locate(error, part.start, part.end)

    def _segment(self, name: str | None, root: Syntax) -> Segment:
        """All parts of `root`, children first; options of calls are read, not listed."""
        steps: list[Syntax] = []
        pending = [root]
        while pending:
            part = pending.pop()
            steps.append(part)
            kind = type(part)
            if kind is Name:
                self.named.append(part)  # type: ignore[arg-type]
            elif kind is Call:
                pending += self._bind(part)  # type: ignore[arg-type]
            elif kind is Binary:
                pending += self._chain(part)  # type: ignore[arg-type]
            elif kind is IndexForm:
                pending += self._plan(part)  # type: ignore[arg-type]
            elif kind is Indexed:
                error = ParseError(
                    "an index makes sense in an index form only",
                    hint="say which letters come out: A[i,k] * x[k] -> i, in parentheses inside a larger formula",
                )
                raise self._locate(error, part)
            else:
                pending += part.children
        steps.reverse()
        return Segment(name, steps, root)

    def _chain(self, part: Binary) -> Iterable[Syntax]:
        """Operands of a sum or product without parentheses as one: `a + b - c` is a sum of three.

        The transposes in a matrix product are left to the product, which needs no node for them.
        """
        group = _GROUPS.get(part.operator, "")
        chain = [part]
        left = part.left
        while type(left) is Binary and left.operator in group and left.start == left.left.start:
            chain.append(left)
            left = left.left
        chain.reverse()
        self.result.chains[part] = chain
        operands = [left, *(link.right for link in chain)]
        if part.operator == "@":
            if len(operands) > self.limits.factors:
                raise self._locate(
                    too_many_factors(len(operands), self.limits), operands[self.limits.factors]
                )
            return [other.operand if type(other) is Transpose else other for other in operands]
        return operands

    # Names -----------------------------------------------------------------------------------------------------

    def _check_names(self) -> None:
        declared, dims = self.declarations.entries, self.calls.declared_dims
        is_open = self.declarations.open
        found: dict[str, int] = {}
        for part in self.named:
            name = part.name
            if name in self.parts or name in CONSTANTS:
                continue
            if name not in declared:
                if name in dims or name in self.calls.dims:
                    continue
                if not is_open or find(name) is not None or not is_name(name) or name in self.listed:
                    known = [*declared, *self.parts, *dims]
                    raise self._locate(unknown_name(name, known, self.listed, not is_open), part)
                if name in self.calls.used and name not in SIGMOIDS:
                    error = UnknownNameError(
                        f"'{name}' is called as a function here and used as a variable there",
                        hint="rename one",
                    )
                    raise self._locate(error, part)
            found[name] = min(found.get(name, part.start), part.start)
        self.result.variables = sorted(found, key=found.__getitem__)

    # Calls -----------------------------------------------------------------------------------------------------

    def _bind(self, call: Call) -> Iterable[Syntax]:
        """Finds the function of a call and sorts its arguments; returns those that are values."""
        bound = self.result.calls[call] = self.calls.bind(call)
        return bound.operands.values()

    def _plan(self, form: IndexForm) -> Iterable[Syntax]:
        """Takes an index form apart; returns the parts that are values."""
        try:
            found = self.result.plans[form] = plan(form)
        except MatcalcError as error:
            raise self.formula.source.settle(error) from None
        for part in found.letters:
            if isinstance(part, Call):
                self._bind(part)
                if not isinstance(self.result.calls[part].function, (Elementwise, AbstractFunction)):
                    raise self._locate(_not_elementwise(part), part)
            if isinstance(part, Binary) and part.operator == "*":
                count = len(factors(part)[1])
                if count > self.limits.factors:
                    raise self._locate(too_many_factors(count, self.limits), part)
        return found.values


def too_many_factors(count: int, limits: Limits) -> LimitError:
    """The error for a product of more factors than the limit allows."""
    return LimitError(
        f"a product of {count:,} factors; the limit is {limits.factors}",
        hint="name parts of it with `where`, or write matrix_power(A, k)",
    )


def _not_elementwise(part: Call) -> ParseError:
    return ParseError(
        f"{part.function} is not elementwise, so it has nothing to say of single entries",
        hint=f"index its result: {part.function}(…)[i]",
    )


def _ordered(segments: dict[str, Segment], parts: dict[str, Definition], formula: Formula) -> list[Segment]:
    """The definitions so that each comes after those it uses. Raises UnknownNameError for a circle."""
    uses = {
        name: {step.name for step in segment.steps if type(step) is Name and step.name in segments}
        for name, segment in segments.items()
    }
    order: list[Segment] = []
    users: dict[str, list[str]] = {name: [] for name in segments}
    for name, used in uses.items():
        for other in used:
            users[other].append(name)
    ready = [name for name in segments if not uses[name]]
    while ready:
        name = ready.pop()
        order.append(segments[name])
        for user in users[name]:
            uses[user].discard(name)
            if not uses[user]:
                ready.append(user)
    if len(order) < len(segments):
        circle = next(name for name in segments if uses[name])
        # What is left depends on a circle; following the uses leads into it.
        for _ in segments:
            circle = min(uses[circle])
        error = UnknownNameError(
            f"'{circle}' is defined by itself", hint="a part may use other parts, but not in a circle"
        )
        place = parts[circle].name
        raise formula.source.locate(error, place.start, place.end)
    return order
