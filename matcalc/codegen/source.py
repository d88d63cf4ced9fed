"""A whole generated function: its signature, what is checked of the arguments, and the body."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matcalc.codegen.lower import lower
from matcalc.codegen.names import Names
from matcalc.codegen.numbers import dim_source, tuple_source
from matcalc.codegen.program import Program
from matcalc.codegen.sizes import Reading, SizePlan, array_shape, is_row, plan
from matcalc.codegen.statements import Statements
from matcalc.errors import DomainError
from matcalc.graph import Axes, Node, Symbol
from matcalc.rules.entries import Elementwise, Function
from matcalc.shapes.dims import Dim, dim_parts

Output = tuple[Node, Axes]


@dataclass(frozen=True, slots=True)
class Target:
    """An array library: its module, and the name by which generated source knows it."""

    library: str
    module: str
    alias: str


NUMPY = Target("numpy", "numpy", "np")
JAX = Target("jax", "jax.numpy", "jnp")
TARGETS = {"numpy": NUMPY, "jax": JAX}


@dataclass(frozen=True, slots=True)
class Source:
    """A generated function. `text` runs on its own; the rest says how to call it.

    `arguments` maps the variables it needs to its parameters, `functions` the abstract functions likewise (f, df, …),
    `sizes` the dimensions to be passed as integers. `helpers` are functions of the table that it calls by name.
    """

    text: str
    name: str
    target: Target
    plan: SizePlan
    arguments: Mapping[Symbol, str]
    functions: Mapping[str, str]
    sizes: Mapping[str, str]
    helpers: Mapping[str, Elementwise | Function]
    alias: str


def generate(
    outputs: Output | Mapping[str, Output],
    symbols: Sequence[Symbol],
    *,
    target: Target | str = NUMPY,
    name: str = "evaluate",
    doc: str = "",
) -> Source:
    """Source of a function that takes the variables by keyword and returns the array, or a dict of arrays by name.

    An output is a node and the shape of its array: () for a scalar, (n,) for a column, (1, n) for a row. `symbols` are
    the declared variables in order; those that neither occur nor show a size that is needed are left out.
    """
    if isinstance(target, str):
        if target not in TARGETS:
            raise DomainError(f"there is no target '{target}'", hint=f"choose from {', '.join(TARGETS)}")
        target = TARGETS[target]
    named = outputs if isinstance(outputs, Mapping) else {"": outputs}
    program = lower(list(named.values()))
    return _Writing(program, list(symbols), target, name).source(
        list(named) if isinstance(outputs, Mapping) else None, doc
    )


def derivative_name(letter: str, order: int) -> str:
    """The keyword under which an evaluator takes a derivative of f: f, df, d2f, d3f."""
    return letter if not order else f"d{letter}" if order == 1 else f"d{order}{letter}"


class _Writing:
    """One function being written."""

    def __init__(self, program: Program, symbols: Sequence[Symbol], target: Target, name: str) -> None:
        self.program = program
        self.target = target
        used = _used_dims(program)
        self.plan = plan(symbols, program.symbols(), used)
        self.mentioned = _mentioned(
            [*used, *(dim for symbol in self.plan.symbols for dim in symbol.axes)], used
        )
        self.names = Names()
        self.arguments = {symbol: self.names.fresh(symbol.name) for symbol in self.plan.symbols}
        self.abstract = {
            instruction.attributes: derivative_name(*instruction.attributes)
            for instruction in program.instructions
            if instruction.op == "abstract"
        }
        for keyword in self.abstract.values():
            if self.names.fresh(keyword) != keyword:
                raise DomainError(
                    f"'{keyword}' is both a variable and a function", hint="rename the variable"
                )
        self.sizes = {dim: self.names.fresh(dim) for dim in (*self.plan.origin, *self.plan.given)}
        self.alias = self.names.fresh(target.alias)
        self.name = self.names.fresh(name)

    def source(self, keys: Sequence[str] | None, doc: str) -> Source:
        inputs = {symbol: f"{text}[0]" if is_row(symbol) else text for symbol, text in self.arguments.items()}
        body = Statements(self.program, self.alias, self.target.library, self.names, inputs, self.sizes)
        body.abstract = dict(self.abstract)
        results = body.write()
        if keys is None:
            result = results[0]
        else:
            result = (
                "{" + ", ".join(f"{key!r}: {text}" for key, text in zip(keys, results, strict=True)) + "}"
            )
        lines = [line for reading in self.plan.readings for line in self._check(reading)]
        if body.needs_dtype:
            arrays = ", ".join(self.arguments.values())
            lines.append(f"dtype = {self.alias}.result_type({arrays or 'float'})")
        lines += [*body.lines, f"return {result}"]
        helpers = {text: function for function, text in body.helpers.items()}
        text = "\n".join([*self._head(helpers, doc), *(f"    {line}" for line in lines), ""])
        given = {dim: self.sizes[dim] for dim in self.plan.given}
        functions = {keyword: keyword for keyword in self.abstract.values()}
        return Source(
            text, self.name, self.target, self.plan, self.arguments, functions, given, helpers, self.alias
        )

    def _head(self, helpers: Mapping[str, Elementwise | Function], doc: str) -> list[str]:
        package, _, module = self.target.module.rpartition(".")
        where = f"import {self.target.module} as {self.alias}"
        lines = [f"from {package} import {module} as {self.alias}" if package else where]
        if helpers:
            lines = [*lines, "from matcalc.codegen.functions import library_function", ""]
            for text, function in helpers.items():
                lines.append(f"{text} = library_function({function.name!r}, {self.alias})")
        parameters = [
            *self.arguments.values(),
            *sorted(self.abstract.values()),
            *(self.sizes[dim] for dim in self.plan.given),
        ]
        signature = f"def {self.name}({'*, ' if parameters else ''}{', '.join(parameters)}):"
        return [*lines, "", "", signature, *_docstring(doc)]

    def _check(self, reading: Reading) -> list[str]:
        """Statements that read the sizes off a variable's shape, and complain where it does not fit."""
        text = self.arguments[reading.symbol]
        shape = array_shape(reading.symbol)
        lines = []
        expected = tuple_source(shape, self.sizes)
        if reading.defines:
            lines += _complaint(f"{text}.ndim != {len(shape)}", text, f"of the form {expected}", "")
            if not reading.checked and not any(name in self.mentioned for name, _, _ in reading.defines):
                return lines
            for name, axis, dim in reading.defines:
                rest = [part for part in dim_parts(dim) if part != name]
                divided = f" // ({dim_source(tuple(rest), self.sizes)})" if rest else ""
                lines.append(f"{self.sizes[name]} = {text}.shape[{axis}]{divided}")
            if len(reading.defines) == len(shape) and not reading.checked:
                bound = ", ".join(self.sizes[name] for name, _, _ in reading.defines)
                lines[2:] = [f"{bound}{',' if len(shape) == 1 else ''} = {text}.shape"]
        if reading.checked or not reading.defines:
            given = f" = {{{expected}}}" if any(not isinstance(dim, int) for dim in shape) else ""
            lines += _complaint(f"{text}.shape != {expected}", text, expected + given, self._origin(reading))
        return lines

    def _origin(self, reading: Reading) -> str:
        """Which other variable the expected sizes come from."""
        parts = [part for dim in reading.symbol.axes for part in dim_parts(dim)]
        sources = dict.fromkeys(self.plan.origin[part] for part in parts if part in self.plan.origin)
        others = [self.arguments[symbol] for symbol in sources if symbol is not reading.symbol]
        return "".join(f", since {other} has shape {{{other}.shape}}" for other in others[:1])


def _complaint(condition: str, argument: str, expected: str, reason: str) -> list[str]:
    return [
        f"if {condition}:",
        f'    raise ValueError(f"{argument} has shape {{{argument}.shape}}, expected {expected}{reason}")',
    ]


def _docstring(doc: str) -> list[str]:
    if not doc:
        return []
    safe = doc.replace("\\", "\\\\").replace('"', '\\"')
    first, *rest = "".join(c if c.isprintable() or c == "\n" else " " for c in safe).splitlines()
    if not rest:
        return [f'    """{first}"""']
    return [f'    """{first}', *(f"    {line}".rstrip() for line in rest), '    """']


def _used_dims(program: Program) -> list[Dim]:
    """The dimensions that the program's text will mention."""
    dims: dict[Dim, None] = {}
    for instruction, uses in zip(program.instructions, program.live(), strict=True):
        if not uses:
            continue
        if instruction.op in ("size", "eye", "reshape", "repeat"):
            dims.update(dict.fromkeys(instruction.attributes))
        elif instruction.op == "mask":
            dims.update(dict.fromkeys(instruction.attributes[1]))
    return list(dims)


def _mentioned(dims: Sequence[Dim], used: Sequence[Dim]) -> set[str | int]:
    """The names of sizes that are used for more than to be read: in the body, or to check another axis."""
    counts = Counter(part for dim in dims for part in dim_parts(dim))
    return {part for part, count in counts.items() if count > 1} | {
        part for dim in used for part in dim_parts(dim)
    }


def compiled(source: Source, error: type[Exception] = ValueError) -> Callable[..., Any]:
    """The function that the source defines. `error` is what it raises for shapes that do not fit."""
    # The source's own complaints become matcalc's errors; nothing else in it looks the name up.
    scope: dict[str, Any] = {"ValueError": error}
    # Only text that this package has generated is ever executed.
    exec(compile(source.text, f"<matcalc {source.name}>", "exec"), scope)
    function: Callable[..., Any] = scope[source.name]
    return function
