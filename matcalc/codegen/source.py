"""A whole generated function: its signature, what is checked of the arguments, and the body."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matcalc.codegen.foreign import LANGUAGES, foreign_source
from matcalc.codegen.helpers import Helpers
from matcalc.codegen.lower import lower
from matcalc.codegen.names import Names, derivative_name
from matcalc.codegen.numbers import dim_source, tuple_source
from matcalc.codegen.program import Program
from matcalc.codegen.python import PythonStatements
from matcalc.codegen.signs import appearance, settle
from matcalc.codegen.sizes import Reading, SizePlan, array_shape, is_row, plan, result_shape, used_dims
from matcalc.codegen.stable import prepared
from matcalc.errors import DomainError
from matcalc.graph import Axes, Node, Symbol, topological
from matcalc.graph.collector import collector_paused
from matcalc.shapes.dims import Dim, dim_parts, dim_text

Output = tuple[Node, Axes]


@dataclass(frozen=True, slots=True)
class Target:
    """An array library: its module, and the name by which generated source knows it."""

    library: str
    module: str
    alias: str

    def __reduce__(self) -> tuple[Any, ...]:
        # There is one of each.
        return _target, (self.library,)


NUMPY = Target("numpy", "numpy", "np")
JAX = Target("jax", "jax.numpy", "jnp")
TORCH = Target("torch", "torch", "torch")
TARGETS = {"numpy": NUMPY, "jax": JAX, "torch": TORCH}


def _target(library: str) -> Target:
    return TARGETS[library]


@dataclass(frozen=True, slots=True)
class Source:
    """A generated function. `text` runs on its own; the rest says how to call it.

    `arguments` maps the variables it needs to its parameters, `functions` the abstract functions likewise (f, df, …),
    `sizes` the dimensions to be passed as integers. `opaque` are functions of the table that it has to be given,
    since their value is no expression of arrays: a user's own, at most.
    """

    text: str
    name: str
    target: Target
    plan: SizePlan
    arguments: Mapping[Symbol, str]
    functions: Mapping[str, str]
    sizes: Mapping[str, str]
    opaque: Mapping[str, str]


def source_text(
    outputs: Output | Mapping[str, Output],
    symbols: Sequence[Symbol],
    *,
    target: str,
    name: str = "evaluate",
    doc: str = "",
    names: Mapping[Node, str] | None = None,
    value: Output | None = None,
) -> str:
    """The text alone, also for the languages that Python does not run: matlab and julia. Arguments as of `generate`."""
    if not isinstance(target, str):
        raise DomainError(
            f"a target is a name, not {target!r}", hint=f"one of {', '.join([*TARGETS, *LANGUAGES])}"
        )
    if target not in LANGUAGES:
        return generate(outputs, symbols, target=target, name=name, doc=doc, names=names, value=value).text
    program = _program(outputs, value, names, True)
    keys = list(outputs) if isinstance(outputs, Mapping) else None
    return foreign_source(program, symbols, target, name, doc, keys, value is not None)


@collector_paused
def generate(
    outputs: Output | Mapping[str, Output],
    symbols: Sequence[Symbol],
    *,
    target: Target | str = NUMPY,
    name: str = "evaluate",
    doc: str = "",
    names: Mapping[Node, str] | None = None,
    value: Output | None = None,
    stable: bool = True,
    checked: bool = True,
) -> Source:
    """Source of a function that takes the variables and returns the array, or a dict of arrays by name.

    An output is a node and its shape: () or (1, 1) for a scalar, (n,) or (n, 1) for a column, (1, n) for a row.
    `symbols` are the declared variables in order; those that neither occur nor show a size that is needed are left
    out. `names` is what the user calls some nodes. With `value` the function returns a pair, the value first. Unless
    `stable`, the graph is computed as it is: what is to be compared must not be rewritten. Unless `checked`, it takes
    its arguments to be of the right shapes.
    """
    if isinstance(target, str):
        if target not in TARGETS:
            raise DomainError(
                f"there is no code for '{target}'", hint=f"one of {', '.join([*TARGETS, *LANGUAGES])}"
            )
        target = TARGETS[target]
    program = _program(outputs, value, names, stable)
    keys = list(outputs) if isinstance(outputs, Mapping) else None
    return Writing(program, list(symbols), target, name).source(keys, value is not None, doc, checked)


def _program(
    outputs: Output | Mapping[str, Output],
    value: Output | None,
    names: Mapping[Node, str] | None,
    stable: bool,
) -> Program:
    named = list(outputs.values()) if isinstance(outputs, Mapping) else [outputs]
    wanted = [*([value] if value else []), *named]
    order = topological([node for node, _ in wanted])
    new = prepared([node for node, _ in wanted], order) if stable else {}
    called = {new.get(node, node): text for node, text in (names or {}).items()}
    return lower(
        [(new.get(node, node), result_shape(shape)) for node, shape in wanted],
        called,
        order=() if new else order,
    )


class Writing:
    """One function being written."""

    def __init__(self, program: Program, symbols: Sequence[Symbol], target: Target, name: str) -> None:
        self.program = program
        self.target = target
        self.first = appearance(program, symbols)
        settle(program, self.first)
        used = used_dims(program)
        self.plan = plan(symbols, program.symbols(), used)
        self.mentioned = _mentioned(
            [*used, *(dim for symbol in self.plan.symbols for dim in symbol.axes)], used
        )
        self.names = Names()
        self.arguments = {symbol: self.names.fresh(symbol.name) for symbol in self.plan.symbols}
        self.abstract = {
            attributes: derivative_name(*attributes)
            for attributes in [program.instructions[ref].attributes for ref in program.places("abstract")]
        }
        for keyword in self.abstract.values():
            if self.names.fresh(keyword) != keyword:
                raise DomainError(
                    f"'{keyword}' is both a variable and a function", hint="rename the variable"
                )
        self.sizes = {dim: self.names.fresh(dim) for dim in (*self.plan.origin, *self.plan.given)}
        # How shapes are written.
        self._shapes: dict[Axes, str] = {}
        self.alias = self.names.fresh(target.alias)
        self.name = self.names.fresh(name)

    def source(self, keys: Sequence[str] | None, with_value: bool, doc: str, checked: bool = True) -> Source:
        inputs = {symbol: f"{text}[0]" if is_row(symbol) else text for symbol, text in self.arguments.items()}
        body = PythonStatements(self.program, self.names, inputs, self.sizes, self.abstract, self.first)
        body.helpers = helpers = Helpers(self.target.module, self.alias, self.names)
        body.beside = self._beside()
        value, *results = body.write() if with_value else ["", *body.write()]
        result = results[0]
        if keys is not None:
            pairs = zip(keys, results, strict=True)
            result = "{" + ", ".join(f'"{key}": {text}' for key, text in pairs) + "}"
        read = self._check if checked else self._sizes_only
        lines = [line for reading in self.plan.readings for line in read(reading)]
        if self.target is TORCH:
            lines += self._tensors(body.numbers.scalars)
        if body.needs_dtype:
            lines.append(self._dtype())
        lines += [*body.lines, f"return {value}, {result}" if with_value else f"return {result}"]
        head = self._imports(helpers, body.needs_math)
        body_text = "\n    ".join(["", *lines])
        text = "\n".join([*head, *helpers.definitions, "", "", *self._signature(doc)]) + body_text + "\n"
        given = {dim: self.sizes[dim] for dim in self.plan.given}
        functions = {keyword: keyword for keyword in self.abstract.values()}
        return Source(
            text, self.name, self.target, self.plan, self.arguments, functions, given, helpers.opaque
        )

    def _imports(self, helpers: Helpers, needs_math: bool) -> list[str]:
        library = f"import {self.target.module}"
        library += f" as {self.alias}" if self.alias != self.target.module else ""
        others = [
            f"from {place} import {', '.join(n if n == a else f'{n} as {a}' for n, a in sorted(found.items()))}"
            for place, found in helpers.imports.items()
        ]
        lines = [*(["import math", ""] if needs_math else []), *sorted([library, *others], key=_import_order)]
        if helpers.opaque:
            lines += ["from matcalc.codegen.helpers import library_function", ""]
            lines += [
                f"{text} = library_function({name!r}, {self.alias})" for text, name in helpers.opaque.items()
            ]
        return lines

    def _signature(self, doc: str) -> list[str]:
        parameters = [
            *self.arguments.values(),
            *sorted(self.abstract.values()),
            *(self.sizes[dim] for dim in self.plan.given),
        ]
        if doc and self.arguments:
            shapes = ", ".join(
                f"{text} ({', '.join(map(dim_text, array_shape(symbol)))}{',' * (len(array_shape(symbol)) == 1)})"
                for symbol, text in self.arguments.items()
            )
            doc = f"{doc}\n\nShapes: {shapes}."
        return [f"def {self.name}({', '.join(parameters)}):", *_docstring(doc)]

    def _dtype(self) -> str:
        arguments = sorted(self.arguments.items(), key=lambda pair: -len(pair[0].axes))
        if self.target is TORCH:
            if not arguments:
                return 'dtype, device = torch.get_default_dtype(), "cpu"'
            symbol, text = arguments[0]
            text = text if symbol.axes else f"{self.alias}.as_tensor({text})"
            return f"dtype, device = {text}.dtype, {text}.device"
        return f"dtype = {self.alias}.result_type({', '.join(self.arguments.values()) or 'float'})"

    def _beside(self) -> str:
        """The options of a tensor that torch makes of a number: the dtype that numbers take beside the arguments."""
        arrays = [text for symbol, text in self.arguments.items() if symbol.axes]
        if arrays:
            return f"dtype={self.alias}.result_type({arrays[0]}, 1.0), device={arrays[0]}.device"
        if not self.arguments:
            return f"dtype={self.alias}.get_default_dtype()"
        return f"dtype={self.alias}.result_type({' + '.join(self.arguments.values())}, 1.0)"

    def _tensors(self, scalars: Collection[Symbol]) -> list[str]:
        """Statements that make tensors of plain numbers, for those `scalars` that functions of torch are called on."""
        lines = []
        for symbol, text in self.arguments.items():
            if symbol in scalars:
                made = f"{self.alias}.tensor({text}, {self._beside()})"
                lines += [f"if not {self.alias}.is_tensor({text}):", f"    {text} = {made}"]
        return lines

    def _check(self, reading: Reading) -> list[str]:
        """Statements that read the sizes off a variable's shape, and complain where it does not fit."""
        text = self.arguments[reading.symbol]
        shape = reading.shape
        lines = []
        expected = self._shapes.get(shape)
        if expected is None:
            expected = self._shapes[shape] = tuple_source(shape, self.sizes)
        if not shape:
            # A plain number will do.
            found = f'getattr({text}, "shape", ())' if self.target is TORCH else f"{self.alias}.shape({text})"
            return _complaint(f"{found} != ()", text, found.replace('"', "'"), "a scalar", "")
        given = f"tuple({text}.shape)" if self.target is TORCH else f"{text}.shape"
        if reading.defines:
            lines += _complaint(f"{text}.ndim != {len(shape)}", text, given, f"of the form {expected}", "")
            if not reading.checked and not any(name in self.mentioned for name, _, _ in reading.defines):
                return lines
            for name, axis, dim in reading.defines:
                rest = [part for part in dim_parts(dim) if part != name]
                divided = f" // ({dim_source(tuple(rest), self.sizes)})" if rest else ""
                lines.append(f"{self.sizes[name]} = {text}.shape[{axis}]{divided}")
            if len(reading.defines) == len(shape) > 1 and not reading.checked:
                bound = ", ".join(self.sizes[name] for name, _, _ in reading.defines)
                lines[2:] = [f"{bound} = {text}.shape"]
        if reading.checked or not reading.defines:
            sized = f" = {{{expected}}}" if any(not isinstance(dim, int) for dim in shape) else ""
            wrong = f"{text}.shape != {expected}"
            lines += _complaint(wrong, text, given, expected + sized, self._origin(reading))
        return lines

    def _sizes_only(self, reading: Reading) -> list[str]:
        text = self.arguments[reading.symbol]
        return [
            f"{self.sizes[name]} = {text}.shape[{axis}]"
            for name, axis, dim in reading.defines
            if name in self.mentioned and dim == name
        ]

    def _origin(self, reading: Reading) -> str:
        """Which other variable the expected sizes come from."""
        if not self.plan.origin:
            return ""
        parts = [part for dim in reading.symbol.axes for part in dim_parts(dim)]
        sources = dict.fromkeys(self.plan.origin[part] for part in parts if part in self.plan.origin)
        others = [self.arguments[symbol] for symbol in sources if symbol is not reading.symbol]
        return "".join(f", since {other} has shape {{{other}.shape}}" for other in others[:1])


def _complaint(condition: str, argument: str, given: str, expected: str, reason: str) -> list[str]:
    return [
        f"if {condition}:",
        f'    raise ValueError(f"{argument} has shape {{{given}}}, expected {expected}{reason}")',
    ]


def _import_order(line: str) -> tuple[bool, str]:
    # As isort has it: `import x` before `from x import y`.
    return line.startswith("from"), line.split()[1]


def _docstring(doc: str) -> list[str]:
    if not doc:
        return []
    safe = doc.replace("\\", "\\\\").replace('"', '\\"')
    first, *rest = "".join(c if c.isprintable() or c == "\n" else " " for c in safe).splitlines()
    if not rest:
        return [f'    """{first}"""']
    return [f'    """{first}', *(f"    {line}".rstrip() for line in rest), '    """']


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
