"""Where the sizes come from: which variables show which dimension, and in what order they are read and checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from matcalc.codegen.program import Program
from matcalc.graph import Axes, Symbol
from matcalc.shapes.dims import Dim, dim_parts


def array_shape(symbol: Symbol) -> Axes:
    """The shape of a variable's array: (n,) for a column, (1, n) for a row."""
    if len(symbol.shape) == 2 and symbol.shape[0] == 1 and len(symbol.axes) == 1:
        return symbol.shape
    return symbol.axes


def result_shape(shape: Axes) -> Axes:
    """The shape of a result's array: a column given as (n, 1) is (n,), a (1, 1) value a scalar."""
    if len(shape) != 2 or shape[1] != 1:
        return tuple(shape)
    return () if shape[0] == 1 else (shape[0],)


def is_row(symbol: Symbol) -> bool:
    """Whether the variable is a row, whose array has a unit axis in front."""
    return len(array_shape(symbol)) > len(symbol.axes)


@dataclass(frozen=True, slots=True)
class Reading:
    """One variable's part: which axes of its array, of this shape, define sizes; `checked` when others must agree."""

    symbol: Symbol
    shape: Axes
    defines: tuple[tuple[str, int, Dim], ...]
    checked: bool


@dataclass(frozen=True, slots=True)
class SizePlan:
    """`symbols` are the variables that are needed, `readings` how their shapes are read, in this order.

    `given` are the dimensions that no variable shows, to be passed as integers.
    """

    symbols: tuple[Symbol, ...]
    readings: tuple[Reading, ...]
    given: tuple[str, ...]
    origin: dict[str, Symbol]


def plan(symbols: Sequence[Symbol], occurring: Iterable[Symbol], used: Iterable[Dim]) -> SizePlan:
    """How the sizes in `used` are found.

    `occurring` variables are needed in any case; others of `symbols` are drawn in where they alone show a size.
    """
    held = dict.fromkeys(occurring)
    order = {symbol: place for place, symbol in enumerate(dict.fromkeys((*symbols, *held)))}
    needed = [symbol for symbol in order if symbol in held]
    names = dict.fromkeys(part for dim in used for part in dim_parts(dim) if isinstance(part, str))
    known = _shown(needed)
    for name in names:
        if name not in known:
            source = next((symbol for symbol in symbols if name in _shown([symbol])), None)
            if source is not None:
                needed.append(source)
                known |= _shown([source])
    needed.sort(key=order.__getitem__)
    return _read(tuple(needed), names)


def _shown(symbols: Iterable[Symbol]) -> set[str]:
    """The names of dimensions that are whole axes of a variable."""
    return {dim for symbol in symbols for dim in symbol.axes if isinstance(dim, str)}


def _read(needed: tuple[Symbol, ...], names: Iterable[str]) -> SizePlan:
    # Matrices first: they show two sizes at once. What has a product of sizes as an axis waits for its factors.
    ranked = sorted(needed, key=lambda symbol: (tuple in map(type, symbol.axes), -len(symbol.axes)))
    known: dict[str, Symbol] = {}
    readings = []
    for symbol in ranked:
        defines: list[tuple[str, int, Dim]] = []
        checked = False
        shape = array_shape(symbol)
        for axis, dim in enumerate(shape):
            if isinstance(dim, int):
                checked = True
                continue
            parts = dim_parts(dim)
            unknown = {part for part in parts if isinstance(part, str) and part not in known}
            if len(unknown) == 1 and parts.count(next(iter(unknown))) == 1:
                (name,) = unknown
                known[name] = symbol
                defines.append((name, axis, dim))
                checked |= len(parts) > 1
            else:
                checked = True
        readings.append(Reading(symbol, shape, tuple(defines), checked))
    every = set(chain.from_iterable([symbol.axes for symbol in needed]))
    dims = {part for dim in every for part in dim_parts(dim) if isinstance(part, str)}
    given = tuple(name for name in dict.fromkeys((*names, *sorted(dims))) if name not in known)
    return SizePlan(needed, tuple(readings), given, known)


# What mentions sizes where it is written.
_MENTIONING = ("size", "eye", "reshape", "repeat", "add_diagonal", "scatter")


def used_dims(program: Program) -> list[Dim]:
    """The dimensions that the program's text will mention."""
    dims: dict[Dim, None] = {}
    for ref in program.places(*_MENTIONING):
        op, operands, attributes, axes = program.instructions[ref]
        if op == "scatter":
            dims.update(dict.fromkeys(attributes[1]))
        elif op != "add_diagonal":
            dims.update(dict.fromkeys(attributes))
        elif not program.rank(operands[1]):
            dims[axes[0]] = None
    return list(dims)
