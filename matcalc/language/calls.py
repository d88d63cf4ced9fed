"""Calls: which function a name stands for, and what each argument is.

Arguments are values (operands) or options: an axis, a whole number, a dimension. Options are read here, from the
syntax tree; values are left to inference and lowering.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from matcalc.errors import DomainError, LimitError, MatcalcError, UnknownNameError
from matcalc.language.complaints import shortened
from matcalc.language.declarations import Declarations, check_dimension_limit
from matcalc.language.limits import Limits
from matcalc.language.names import ABSTRACT, SIGMOIDS, is_name, unknown_function, unknown_name
from matcalc.language.syntax import Binary, Call, Formula, Name, Number, Syntax, Unary
from matcalc.rules import AbstractFunction, Elementwise, Entry, Parameter, find, parameters_of
from matcalc.shapes.dims import Dim, dim_parts, dim_product, dim_text


@dataclass(slots=True)
class Bound:
    """A call with its function found: operands by parameter name, and options as plain values."""

    function: Entry | AbstractFunction
    operands: dict[str, Syntax]
    options: dict[str, Any]
    primes: int = 0


class Calls:
    """Binds the calls of one formula.

    `used` holds the abstract functions that were found without being listed, `dims` the dimensions named in arguments.
    """

    def __init__(
        self,
        formula: Formula,
        declarations: Declarations,
        listed: Sequence[str],
        parts: Collection[str],
        limits: Limits,
    ) -> None:
        self.formula = formula
        self.declarations = declarations
        self.declared_dims = declarations.dims
        self.listed = listed
        self.parts = parts
        self.limits = limits
        self.used: dict[str, Call] = {}
        self.dims: set[str] = set()

    @property
    def abstract(self) -> tuple[str, ...]:
        """The abstract functions that were found, as they appear."""
        return tuple(sorted(self.used, key=lambda name: self.used[name].start))

    def bind(self, call: Call) -> Bound:
        """The function of a call and its arguments.

        Raises UnknownNameError for an unknown function, DomainError for arguments that it does not take, LimitError
        for options past the limits; all placed in the text.
        """
        try:
            function = self._function(call)
        except MatcalcError as error:
            raise self.formula.source.locate(error, call.start, call.name_end) from None
        try:
            return self._bound(call, function)
        except MatcalcError as error:
            raise self.formula.source.locate(error, call.start, call.end) from None

    def _function(self, call: Call) -> Entry | AbstractFunction:
        name = call.function
        taken = name in self.declarations.entries or name in self.parts
        if name in self.listed:
            return AbstractFunction(name, call.primes)
        entry = find(name)
        if entry is not None:
            return entry
        if not taken and not self.listed and name in ABSTRACT:
            self.used[name] = call
            return AbstractFunction(name, call.primes)
        if not taken and name in SIGMOIDS:
            entry = find("sigmoid")
            assert entry is not None
            return entry
        variables = {*self.declarations.entries, *self.parts}
        raise unknown_function(name, variables, [*self.listed, *ABSTRACT], bool(self.listed))

    def _bound(self, call: Call, function: Entry | AbstractFunction) -> Bound:
        if isinstance(function, AbstractFunction):
            if len(call.arguments) != 1 or call.keywords:
                raise DomainError(
                    f"{call.function} takes 1 argument, got {len(call.arguments) + len(call.keywords)}",
                    hint=f"write {call.function}(x)",
                )
            return Bound(function, {"x": call.arguments[0]}, {})
        if call.primes and not (isinstance(function, Elementwise) and len(function.parameters) == 1):
            raise DomainError(
                f"a prime is the derivative of an elementwise function of one argument, which {function.name} is not",
                hint="elementwise functions are tanh, exp, sigmoid, … and the abstract f, g, h",
            )
        if call.primes > self.limits.primes:
            raise LimitError(
                f"{call.primes} primes; the limit is {self.limits.primes}",
                hint="derivatives of higher order are what derive(…, order=6) simplifies at each step",
            )
        keywords = [name.name for name, _ in call.keywords]
        defaults = {p.name: p.default for p in function.arguments if not p.valued}
        bound = Bound(function, {}, defaults, call.primes)
        parameters = parameters_of(function, len(call.arguments), keywords)
        values = (*call.arguments, *(value for _, value in call.keywords))
        for parameter, value in zip(parameters, values, strict=True):
            if parameter.valued or (parameter.kind == "integer" and not _is_number(value)):
                bound.operands[parameter.name] = value
                bound.options.pop(parameter.name, None)
            else:
                bound.options[parameter.name] = self._option(parameter, value)
        return bound

    def _option(self, parameter: Parameter, value: Syntax) -> Any:
        try:
            if parameter.kind == "dimension":
                return self._dimension(value)
            found = _whole_number(value)
            if parameter.kind == "axis" and found not in (0, 1, -1, -2):
                raise DomainError(f"there is no axis {found}", hint="axis=0 gives a row, axis=1 a column")
            if parameter.kind == "integer" and abs(found) > self.limits.matrix_power:
                raise LimitError(
                    f"{shortened(str(found))} is past the limit of {self.limits.matrix_power:,}",
                    hint="powers are taken symbolically; smaller ones show the same pattern",
                )
        except MatcalcError as error:
            raise self.formula.source.locate(error, value.start, value.end) from None
        return found

    def _dimension(self, value: Syntax) -> Dim:
        """A dimension given as an argument: a name, a whole number, or a product of them."""
        if isinstance(value, Binary) and value.operator == "*":
            parts = []
            rest: Syntax = value
            while isinstance(rest, Binary) and rest.operator == "*":
                parts.append(self._dimension_part(rest.right))
                rest = rest.left
            parts.append(self._dimension_part(rest))
            dim = dim_product(reversed(parts))
        else:
            dim = self._dimension_part(value)
        if any(isinstance(part, int) and part < 1 for part in dim_parts(dim)):
            raise DomainError(
                f"a dimension is at least 1, not {dim_text(dim)}",
                hint="write a dimension's name, or 1, 2, 3, …",
            )
        check_dimension_limit(dim, self.limits)
        return dim

    def _dimension_part(self, value: Syntax) -> Dim:
        if not isinstance(value, Name):
            return _whole_number(value)
        name = value.name
        dims = self.declared_dims
        if name not in dims:
            if not self.declarations.open or name in self.declarations.entries or name in self.parts:
                known = ", ".join(sorted(dims)) or "none"
                error = UnknownNameError(
                    f"'{shortened(name)}' is not a dimension", hint=f"the declared dimensions are: {known}"
                )
                raise self.formula.source.locate(error, value.start, value.end)
            if not is_name(name):
                raise self.formula.source.locate(unknown_name(name, dims, (), True), value.start, value.end)
        self.dims.add(name)
        return name


def _is_number(value: Syntax) -> bool:
    while isinstance(value, Unary):
        value = value.operand
    return isinstance(value, Number)


def _whole_number(value: Syntax) -> int:
    sign = 1
    while isinstance(value, Unary):
        sign = -sign if value.operator == "-" else sign
        value = value.operand
    if isinstance(value, Number) and isinstance(value.value, int):
        return sign * value.value
    shown = f"{value.value}" if isinstance(value, Number) else "an expression"
    raise DomainError(f"a whole number is needed here, not {shown}", hint="write it as digits: 0, 1, 2")
