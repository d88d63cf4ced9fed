"""A whole function in MATLAB or Julia: what is checked, the body, and the helpers beside it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from matcalc.codegen import julia, matlab
from matcalc.codegen.columnmajor import ColumnMajor
from matcalc.codegen.names import Names, derivative_name, identifier
from matcalc.codegen.numbers import dim_source
from matcalc.codegen.program import Program
from matcalc.codegen.signs import appearance, settle
from matcalc.codegen.sizes import array_shape, is_row, plan, used_dims
from matcalc.errors import DomainError
from matcalc.graph import Axes, Symbol
from matcalc.shapes.dims import dim_parts, dim_text

LANGUAGES: Mapping[str, Any] = {"matlab": (matlab, matlab.Matlab), "julia": (julia, julia.Julia)}


class _AsciiNames(Names):
    """Names of ASCII letters, since MATLAB knows no others: λ is lambda."""

    def fresh(self, wanted: str) -> str:
        return super().fresh("".join(map(_ascii, wanted)).lstrip("_") or "v")


class _ReadableNames(Names):
    """Names that Julia reads: what is all underscores can only be assigned to."""

    def fresh(self, wanted: str) -> str:
        return super().fresh(wanted if wanted.strip("_") else "v")


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    words = unicodedata.name(character, "v").split()
    # Unicode spells lambda its own way.
    return words[-1].lower().replace("lamda", "lambda") if words[-1].isalpha() else "v"


def foreign_source(
    program: Program,
    symbols: Sequence[Symbol],
    language: str,
    name: str,
    doc: str,
    keys: Sequence[str] | None,
    with_value: bool,
) -> str:
    """Source of a function of the variables, by place. Raises DomainError for what has no translation yet."""
    module, writer = LANGUAGES[language]
    first = appearance(program, symbols)
    settle(program, first)
    used = used_dims(program)
    sizes_of = plan(symbols, program.symbols(), used)
    names = (_AsciiNames if language == "matlab" else _ReadableNames)(module.RESERVED)
    arguments = {symbol: names.fresh(symbol.name) for symbol in sizes_of.symbols}
    abstract = {
        attributes: derivative_name(*attributes)
        for attributes in [program.instructions[ref].attributes for ref in program.places("abstract")]
    }
    for keyword in abstract.values():
        if names.fresh(keyword) != keyword:
            raise DomainError(f"'{keyword}' is both a variable and a function", hint="rename the variable")
    sizes = {dim: names.fresh(dim) for dim in (*sizes_of.origin, *sizes_of.given)}
    name = names.fresh(name)
    outputs = [names.fresh(wanted) for wanted in (["value", "gradient"] if with_value else ["result"])]
    turn = "{}.'" if language == "matlab" else "vec({})"
    inputs = {symbol: turn.format(text) if is_row(symbol) else text for symbol, text in arguments.items()}
    body: ColumnMajor = writer(program, names, inputs, sizes, abstract, first)
    body.translation = module.translation(names)
    results = body.write()
    found: dict[str, str | Mapping[str, str]] = {}
    if with_value:
        found[outputs[0]] = results.pop(0)
    last = outputs[-1]
    found[last] = (
        results[0]
        if keys is None
        else {identifier("".join(map(_ascii, key))): text for key, text in zip(keys, results, strict=True)}
    )
    checks = []
    for reading in sizes_of.readings:
        text, shape = arguments[reading.symbol], reading.shape
        if not shape and language == "julia":
            continue
        for dim, axis, whole in reading.defines:
            line = module.reading(sizes[dim], text, axis)
            rest = [part for part in dim_parts(whole) if part != dim]
            if rest:
                divisor = dim_source(tuple(rest), sizes)
                line = (
                    line.rstrip(";") + f" / ({divisor});" if language == "matlab" else f"{line} ÷ ({divisor})"
                )
            checks.append(line)
        checks += module.complaint(text, [dim_source(dim, sizes) for dim in shape], _shown(shape))
    if body.needs_eltype:
        arrays = [text for symbol, text in arguments.items() if symbol.axes]
        kinds = ", ".join(f"eltype({text})" for text in arrays)
        checks.append(f"T = {f'promote_type({kinds})' if len(arrays) > 1 else kinds or 'Float64'}")
    parameters = [*arguments.values(), *sorted(abstract.values()), *(sizes[dim] for dim in sizes_of.given)]
    shapes = ", ".join(f"{text} {_shown(array_shape(symbol))}" for symbol, text in arguments.items())
    lines = "".join(c if c.isprintable() or c == "\n" else " " for c in doc).splitlines()
    lines += ["", f"Sizes: {shapes}."] if doc and shapes else []
    helpers = body.translation.definitions
    return str(module.function(name, parameters, lines, checks, body.lines, found, helpers))


def _shown(shape: Axes) -> str:
    return f"({', '.join(map(dim_text, shape))})"
