"""The one table of functions, and the one place where the arguments of a call are bound and its shapes are checked.

The language asks `parameters_of(entry, positional, keywords)` what each argument is, lowers the arguments
accordingly, and calls `invoke(entry, arguments)`. `call` does both for Python objects.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from numbers import Integral
from typing import Any, TypeVar

from matcalc.errors import DomainError, ShapeError, UnknownNameError
from matcalc.graph import Node
from matcalc.rules.entries import ENTRIES, REQUIRED, Entry, Parameter
from matcalc.rules.operands import Operand
from matcalc.shapes.broadcast import Shape
from matcalc.shapes.mismatch import shape_text

EntryT = TypeVar("EntryT", bound=Entry)

_lock = threading.Lock()
_formula_reader: list[Callable[..., Node]] = []


def register(entry: EntryT) -> EntryT:
    """Adds an entry under its name and aliases. Raises DomainError when one of them is taken."""
    names = (entry.name, *entry.aliases)
    with _lock:
        for name in names:
            if name in ENTRIES:
                raise DomainError(f"'{name}' is already a function of the table", hint="choose another name")
        ENTRIES.update(dict.fromkeys(names, entry))
    return entry


def unregister(name: str) -> None:
    """Takes a user's own function out again. Raises DomainError for one that comes with matcalc."""
    entry = lookup(name)
    if not getattr(entry, "user", False):
        raise DomainError(f"{name} comes with matcalc and stays")
    with _lock:
        for key in (entry.name, *entry.aliases):
            ENTRIES.pop(key, None)


def find(name: str) -> Entry | None:
    """The entry of this name or alias, or None."""
    return ENTRIES.get(name)


def lookup(name: str) -> Entry:
    """The entry of this name or alias. Raises UnknownNameError, with the nearest name as hint."""
    entry = ENTRIES.get(name)
    if entry is None:
        near = get_close_matches(name, list(ENTRIES), n=1)
        hint = f"did you mean {near[0]}?" if near else "`matcalc functions` lists all functions"
        raise UnknownNameError(f"there is no function '{name}'", hint=hint)
    return entry


def names() -> frozenset[str]:
    """Every name and alias of the table."""
    return frozenset(ENTRIES.copy())


def all_functions() -> tuple[Entry, ...]:
    """Every entry once, by name."""
    entries = ENTRIES.copy()
    return tuple(entries[name] for name in sorted(entries) if entries[name].name == name)


def use_formula_reader(reader: Callable[..., Node]) -> None:
    """Tells the rules how formulas are read: the language layer hands up `formula(text, **nodes)` when it loads."""
    _formula_reader[:] = [reader]


def read_formula(text: str, **nodes: Node) -> Node:
    """The node of a rule's formula with `nodes` for its names."""
    if not _formula_reader:
        raise DomainError("formulas need the language layer, which is not loaded")
    return _formula_reader[0](text, **nodes)


def parameters_of(entry: Entry, positional: int, keywords: Sequence[str] = ()) -> tuple[Parameter, ...]:
    """The parameter of each argument, positional ones first, then `keywords` in their order.

    Raises DomainError for too few, too many, repeated or unknown arguments.
    """
    known = entry.arguments
    if (
        not keywords
        and positional <= len(known)
        and all(p.default is not REQUIRED for p in known[positional:])
    ):
        return known[:positional]
    usage = usage_text(entry)
    if positional > len(known):
        raise DomainError(
            f"{entry.name} takes {_count(known)}, got {positional + len(keywords)}",
            hint=entry.instead or f"write {usage}",
        )
    given = list(known[:positional])
    by_name = {parameter.name: parameter for parameter in known}
    for keyword in keywords:
        parameter = by_name.get(keyword)
        if parameter is None:
            raise DomainError(
                f"{entry.name} has no argument '{keyword}'", hint=entry.instead or f"write {usage}"
            )
        if parameter.kind == "operand":
            raise DomainError(
                f"'{keyword}' of {entry.name} goes by its place, not its name", hint=f"write {usage}"
            )
        if parameter in given:
            raise DomainError(f"'{keyword}' of {entry.name} is given twice", hint=f"write {usage}")
        given.append(parameter)
    missing = [p.name for p in known if p.default is REQUIRED and p not in given]
    if missing:
        raise DomainError(
            f"{entry.name} takes {_count(known)}, got {positional}: '{missing[0]}' is missing",
            hint=f"write {usage}",
        )
    return tuple(given)


def invoke(entry: Entry, arguments: Mapping[str, Any]) -> Operand:
    """The value of a call whose arguments are bound by name; defaults fill what is missing.

    Raises ShapeError when the operands' shapes do not fit, DomainError for an option outside its range.
    """
    operands: dict[str, Operand] = {}
    options: dict[str, Any] = {}
    for parameter in entry.arguments:
        value = arguments.get(parameter.name, parameter.default)
        if parameter.valued:
            operands[parameter.name] = value if isinstance(value, Operand) else _number(value)
        else:
            options[parameter.name] = _option(entry, parameter, value)
    shape = result_shape(entry, [operand.shape for operand in operands.values()], options)
    return Operand(entry.lower(**operands, **options), shape)


def call(entry: Entry, *positional: Any, **keywords: Any) -> Operand:
    """`parameters_of` and `invoke` in one, for arguments that are lowered already."""
    parameters = parameters_of(entry, len(positional), tuple(keywords))
    values = (*positional, *keywords.values())
    return invoke(entry, {p.name: value for p, value in zip(parameters, values, strict=True)})


def result_shape(entry: Entry, shapes: Sequence[Shape], options: Mapping[str, Any]) -> Shape:
    """The shape of a call's result. Raises ShapeError, naming the shapes given and wanted, when they do not fit."""
    result = _fitting(entry, tuple(shapes), tuple(options.items()))
    if result is not None:
        return result
    given = " and ".join(map(shape_text, shapes))
    hint = entry.hint
    if options.get("axis", 0) is None and len(shapes) == 1 and 1 not in shapes[0]:
        hint = f"of a matrix say along which axis: {entry.name}({entry.arguments[0].name}, axis=1) works row by row"
    wanted = entry.shape_rules(options)[0].wanted()
    raise ShapeError(f"{entry.name} does not fit {given}: it takes {wanted}", hint=hint)


@lru_cache(maxsize=1024)
def _fitting(entry: Entry, shapes: tuple[Shape, ...], options: tuple[tuple[str, Any], ...]) -> Shape | None:
    """The shape of the result by the first rule of the function that the operands fit."""
    known = dict(options)
    found = (rule.match(shapes, known) for rule in entry.shape_rules(known))
    return next((shape for shape in found if shape is not None), None)


def usage_text(entry: Entry) -> str:
    """How the function is written: `sum(x, axis=…)`."""
    parts = []
    for parameter in entry.arguments:
        if parameter.default is REQUIRED:
            parts.append(parameter.name)
        elif parameter.kind == "axis":
            parts.append("axis=0 or 1")
        elif parameter.kind == "dimension":
            parts.append(f"{parameter.name} (optional)")
        else:
            parts.append(f"{parameter.name}={parameter.default}")
    return f"{entry.name}({', '.join(parts)})"


def _count(known: Sequence[Parameter]) -> str:
    least = sum(parameter.default is REQUIRED for parameter in known)
    span = str(least) if least == len(known) else f"{least} to {len(known)}"
    return f"{span} argument{'' if span == '1' else 's'}"


def _number(value: Any) -> Operand:
    from matcalc.graph import number

    try:
        return Operand(number(value), (1, 1))
    except (TypeError, ValueError) as error:
        raise DomainError(f"an argument is an expression or a number, not {value!r}") from error


def _option(entry: Entry, parameter: Parameter, value: Any) -> Any:
    if value is parameter.default:
        return value
    name = f"'{parameter.name}' of {entry.name}"
    if parameter.kind == "axis":
        if isinstance(value, bool) or not isinstance(value, Integral) or value not in (0, 1, -1, -2):
            raise DomainError(
                f"{name} is 0 (down the rows, giving a row) or 1 (giving a column), got {value!r}"
            )
        return int(value) % 2
    whole = isinstance(value, int) and not isinstance(value, bool)
    if parameter.kind == "integer" and isinstance(value, Operand):
        if value.shape != (1, 1):
            raise DomainError(
                f"{name} is a whole number or a scalar, got {shape_text(value.shape)}",
                hint=f'declare it as a scalar: shapes="{parameter.name}: (), ..."',
            )
        return value
    if parameter.kind == "integer" and not whole:
        raise DomainError(f"{name} is a whole number, got {value!r}")
    named = value.isidentifier() if isinstance(value, str) else type(value) is tuple
    if parameter.kind == "dimension" and not (named or (whole and value >= 1)):
        raise DomainError(f"{name} is a dimension's name or a positive whole number, got {value!r}")
    return value
