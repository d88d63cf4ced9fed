"""The functions of the table in Python source: one library call or a short expression in place, else a helper.

What the library has, `np.tanh(z)`, is called there. What is a short expression, `np.maximum(z, 0)`, is written where it
is used. Everything else (softmax, gelu, …) becomes a small function in front of the generated one, read off the value
that the table holds.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from matcalc.codegen.names import Names
from matcalc.codegen.tensors import clamped, tensor_places
from matcalc.codegen.tracing import (
    RECORDS,
    TUPLES,
    Argument,
    Attribute,
    Call,
    Item,
    Library,
    NotTraceable,
    Operation,
    is_library_call,
    rewritten,
    traced,
)
from matcalc.rules.entries import Elementwise, Function
from matcalc.rules.registry import lookup

Text = tuple[str, int]

# How tightly an expression holds together.
COMPARISON, SUM, PRODUCT, POWER, ATOM = range(5)
_LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "@": PRODUCT, "**": POWER}
# Up to this many operations a function is written in place.
_SHORT = 3
# Longer parts of a helper are named.
_LONG = 64
# Where a number serves as well as an array of it, since another operand is an array.
_LIKE = {"zeros_like": 0, "ones_like": 1}
_BINARY = frozenset({"maximum", "minimum", "logaddexp", "heaviside", "where"})
_STEMS = {"exp": "e", "amax": "top", "sum": "total", "abs": "size", "isfinite": "finite", "where": "kept"}
_STEMS |= {
    "eye": "identity",
    "expm": "exponential",
    "zeros_like": "zero",
    "ones_like": "one",
    "concatenate": "block",
}
# What only arranges the entries of its first argument.
_VIEWS = frozenset({"reshape", "moveaxis", "swapaxes", "broadcast_to"})


@dataclass
class Helpers:
    """The helpers and imports that a source needs; `alias` is the name of the library in it."""

    library: str
    alias: str
    names: Names
    definitions: list[str] = field(default_factory=list)
    imports: dict[str, dict[str, str]] = field(default_factory=dict)
    opaque: dict[str, str] = field(default_factory=dict)
    _known: dict[Any, Any] = field(default_factory=dict)
    _needed: dict[Any, set[int]] = field(default_factory=dict)

    def call(
        self,
        function: Elementwise | Function,
        operands: Sequence[Text],
        parameters: Sequence[Any] = (),
        ranks: Sequence[int] = (),
        numbers: tuple[int, ...] = (),
    ) -> Text:
        """The function applied to operands that are written as `operands`.

        `ranks` are their numbers of axes where these are the same in all calls; `numbers` are the places of those that
        are Python's numbers, of which torch has to know.
        """
        key = (function, len(operands), tuple(parameters), numbers)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._prepared(function, len(operands), parameters, ranks, numbers)
        if isinstance(known, str):
            return f"{known}({', '.join([text for text, _ in operands])})", ATOM
        return _Expression(self, operands).text(known)

    def _prepared(
        self,
        function: Elementwise | Function,
        arity: int,
        parameters: Sequence[Any],
        ranks: Sequence[int],
        numbers: Sequence[int],
    ) -> Any:
        """The trace if it is to be written in place, else the name of the helper."""
        # `max` is Python's own, and means something else.
        wanted = f"{function.name}_" if hasattr(builtins, function.name) else function.name
        try:
            trace = traced(function, arity, self.library, parameters, ranks)
            trace = clamped(trace, numbers) if self.library == "torch" else rewritten(trace, _with_number)
        except NotTraceable:
            name = self.names.fresh(wanted)
            self.opaque[name] = function.name
            return name
        if is_library_call(trace):
            whole = tuple(map(Argument, range(arity)))
            if trace == Call(trace.function, whole, ()):
                return _Expression(self, ()).text(trace.function)[0]
        counts = counts_of(trace)
        once = all(counts.get(("argument", place), 0) <= 1 for place in range(arity))
        if once and len(counts) - arity <= _SHORT and max(counts.values(), default=1) == 1:
            return trace
        name = self.names.fresh(wanted)
        self._define(name, function, arity, trace, counts)
        return name

    def tensor_places(
        self, function: Elementwise | Function, arity: int, known: Collection[int], numbers: Collection[int]
    ) -> set[int]:
        """Those of the operands `numbers`, that may be Python's numbers, for which torch needs tensors.

        The operands `known` are numbers for certain.
        """
        key = (function, arity, tuple(known), tuple(numbers))
        if key not in self._needed:
            try:
                trace = traced(function, arity, self.library)
                self._needed[key] = tensor_places(clamped(trace, known), numbers)
            except NotTraceable:
                self._needed[key] = set(numbers)
        return self._needed[key]

    def _define(
        self, name: str, function: Elementwise | Function, arity: int, trace: Any, counts: dict[Any, int]
    ) -> None:
        arguments = _argument_names(function, arity)
        names = Names((*arguments, self.alias))
        writing = _Expression(self, [(argument, ATOM) for argument in arguments])
        writing.shared = {key for key, count in counts.items() if count > 1 and isinstance(key, int)}
        writing.local = names
        writing.whole = trace
        result, _ = writing.text(trace)
        doc = function.doc.split(";")[0].rstrip(".")
        self.definitions += ["", "", f"def {name}({', '.join(arguments)}):", f'    """{doc}."""']
        self.definitions += [f"    {line}" for line in (*writing.lines, f"return {result}")]

    def written(self, name: str, lines: Sequence[str]) -> str:
        """The name of a helper that no function of the table is; `lines` follow its name, and say {library}."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self.names.fresh(name)
            first, *rest = [line.replace("{library}", self.alias) for line in lines]
            self.definitions += ["", "", f"def {known}{first}", *(f"    {line}" for line in rest)]
        return str(known)

    def imported(self, module: str, name: str) -> str:
        """The name by which the source knows `name` of another module."""
        known = self.imports.setdefault(module, {})
        if name not in known:
            known[name] = self.names.fresh(name)
        return known[name]


def _argument_names(function: Elementwise | Function, arity: int) -> list[str]:
    given = [
        parameter if isinstance(parameter, str) else parameter.name
        for parameter in (function.parameters if isinstance(function, Elementwise) else function.arguments)
    ]
    return given[:arity] if len(given) >= arity else [f"x{place}" for place in range(arity)]


def _with_number(part: Any) -> Any:
    """0 for zeros_like(x) beside another array: numbers leave the dtype alone."""
    if not is_library_call(part) or part.function.name not in _BINARY:
        return part
    numbers = [_LIKE.get(each.function.name) if is_library_call(each) else None for each in part.arguments]
    if sum(number is not None for number in numbers) != 1:
        return part
    pairs = zip(numbers, part.arguments, strict=True)
    return part._replace(arguments=tuple(b if a is None else a for a, b in pairs))


def counts_of(trace: Any) -> dict[Any, int]:
    """How often each part occurs: records by identity, arguments by place."""
    counts: dict[Any, int] = {}
    pending = [trace]
    while pending:
        part = pending.pop()
        if isinstance(part, Argument):
            key = ("argument", part.place)
            counts[key] = counts.get(key, 0) + 1
        elif isinstance(part, RECORDS):
            counts[id(part)] = counts.get(id(part), 0) + 1
            if counts[id(part)] == 1:
                pending += part
        elif isinstance(part, tuple) and not isinstance(part, Library):
            pending += part
    return counts


class _Expression:
    """A trace as Python text. Parts in `shared` are given local names, in `lines`."""

    def __init__(self, helpers: Helpers, operands: Sequence[Text]) -> None:
        self.helpers = helpers
        self.operands = operands
        self.shared: set[int] = set()
        # The trace of a helper, whose long parts are named as well.
        self.whole: Any = None
        self.local = Names()
        self.lines: list[str] = []
        self._named: dict[int, str] = {}
        self._tuples: dict[int, tuple[str, ...]] = {}

    def text(self, part: Any) -> Text:
        """The part, and how tightly it holds."""
        if id(part) in self._named:
            return self._named[id(part)], ATOM
        taken = isinstance(part, Item) and isinstance(part.index, int) and _gives_tuple(part.value)
        if taken and self.whole is not None:
            return self._unpacked(part.value)[part.index], ATOM
        made = self._text(part)
        if id(part) in self.shared or (
            self.whole is not None and part is not self.whole and len(made[0]) > _LONG
        ):
            name = self.local.numbered(stem_of(part, [text for text, _ in self.operands]))
            self.lines.append(f"{name} = {made[0]}")
            self._named[id(part)] = name
            return name, ATOM
        return made

    def _unpacked(self, part: Call) -> tuple[str, ...]:
        """The names of the parts of a tuple, which is taken apart where it is first used."""
        if id(part) not in self._tuples:
            wanted = TUPLES[part.function.name]
            names = tuple(self.local.fresh(name) for name in wanted)
            self.lines.append(f"{', '.join(names)} = {self._text(part)[0]}")
            self._tuples[id(part)] = names
        return self._tuples[id(part)]

    def _text(self, part: Any) -> Text:
        if isinstance(part, Argument):
            return self.operands[part.place]
        if isinstance(part, Library):
            return self._library(part), ATOM
        if isinstance(part, Attribute):
            return f"{self._at(part.value, ATOM)}.{part.name}", ATOM
        if isinstance(part, Item):
            return f"{self._at(part.value, ATOM)}[{self._index(part.index)}]", ATOM
        if isinstance(part, Call):
            return self._call(part), ATOM
        if isinstance(part, Operation):
            return self._operation(part)
        if isinstance(part, tuple):
            inside = ", ".join(self.text(each)[0] for each in part)
            return (f"({inside},)" if len(part) == 1 else f"({inside})"), ATOM
        number = repr(part)
        return number, SUM if number.startswith("-") else ATOM

    def _at(self, part: Any, level: int) -> str:
        text, own = self.text(part)
        return text if own >= level else f"({text})"

    def _library(self, part: Library) -> str:
        if part.module == self.helpers.library:
            return f"{self.helpers.alias}.{part.name}"
        return self.helpers.imported(part.module, part.name)

    def _call(self, part: Call) -> str:
        arguments = [self.text(argument)[0] for argument in part.arguments]
        arguments += [f"{name}={self.text(value)[0]}" for name, value in part.keywords]
        return f"{self._at(part.function, ATOM)}({', '.join(arguments)})"

    def _operation(self, part: Operation) -> Text:
        if len(part.operands) == 1:
            return f"{part.operator}{self._at(part.operands[0], POWER)}", PRODUCT
        level = _LEVELS.get(part.operator, COMPARISON)
        left, right = part.operands
        if part.operator == "**":
            return f"{self._at(left, ATOM)}**{self._at(right, ATOM)}", level
        return f"{self._at(left, level)} {part.operator} {self._at(right, level + 1)}", level

    def _index(self, index: Any) -> str:
        if isinstance(index, tuple) and not isinstance(index, RECORDS):
            return ", ".join(map(self._index, index))
        if index is Ellipsis:
            return "..."
        if isinstance(index, slice):
            ends = ["" if end is None else self.text(end)[0] for end in (index.start, index.stop)]
            return ":".join(ends)
        return self.text(index)[0]


def _gives_tuple(part: Any) -> bool:
    return is_library_call(part) and part.function.name in TUPLES


def stem_of(part: Any, arguments: Sequence[str] = ()) -> str:
    """What to call a part of a trace, in terms of the names of the arguments."""
    while True:
        called = part.function if isinstance(part, Call) else None
        last = called.name.rpartition(".")[2] if isinstance(called, Library | Attribute) else ""
        if isinstance(part, Item) and isinstance(part.value, Attribute) and part.value.name == "shape":
            return "n"
        if isinstance(part, Item):
            part = part.value
        elif last in _VIEWS and isinstance(called, Library):
            part = part.arguments[0]
        elif isinstance(part, Argument) and part.place < len(arguments):
            return arguments[part.place]
        elif isinstance(part, tuple) and not isinstance(part, (*RECORDS, Library, Argument)):
            return "rows"
        else:
            return _STEMS.get(last, "t")


def library_function(name: str, xp: Any) -> Callable[..., Any]:
    """A function of the table on the arrays of `xp`, for those whose value is no expression of arrays."""
    value = lookup(name).value  # type: ignore[union-attr]

    def call(*arguments: Any) -> Any:
        return value(xp, *arguments)

    call.__name__ = name
    return call
