"""Functions of the table in MATLAB and Julia: read off their values, primitive by primitive.

A language says how it writes the primitives of NumPy; everything that the table makes of them follows. An elementwise
function of several operations, and what goes along the last axis, becomes a helper beside the generated function.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matcalc.codegen.helpers import ATOM, COMPARISON, POWER, PRODUCT, SUM, Text, counts_of, stem_of
from matcalc.codegen.names import Names
from matcalc.codegen.tracing import (
    Argument,
    Attribute,
    Call,
    Item,
    Library,
    NotTraceable,
    Operation,
    traced,
)
from matcalc.rules.entries import Elementwise, Function

_LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "**": POWER}
_ALIKE = ["exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "sign"]
# Longer parts are named.
_LONG = 48
# A template that is no more than a call.
_PLAIN = re.compile(r"(\w+)~?\(\{0\}(?:, \{\d\})*\)")
_NAMES = {"arcsin": "asin", "arccos": "acos", "arctan": "atan"}


@dataclass
class Translation:
    """A language: how it writes primitives, and what it needs for them.

    `primitives` are templates by NumPy's name, `{0}` the first argument; `special` whole functions, by their name in
    the table, as a definition, `words` as a template. `reductions` are templates for the last axis, of a vector and of
    more axes.
    """

    language: str
    dot: str
    inside: str
    power: str
    primitives: Mapping[str, str]
    reductions: Mapping[str, tuple[str, str]]
    special: Mapping[str, str]
    definition: str
    support: Mapping[str, str]
    words: Mapping[str, str] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    definitions: dict[str, str] = field(default_factory=dict)
    _known: dict[Any, str] = field(default_factory=dict)

    def call(
        self,
        function: Elementwise | Function,
        operands: Sequence[Text],
        parameters: Sequence[Any],
        entries: bool,
        rank: int,
    ) -> Text:
        """The function applied; `entries` says entry by entry of arrays, `rank` how many axes the first operand has.

        Raises NotTraceable where a primitive has no translation.
        """
        if function.name in self.words:
            return self.words[function.name].format(*(text for text, _ in operands)), ATOM
        if function.name in self.special:
            if function.name not in self._known:
                name = self._known[function.name] = self.names.fresh(function.name)
                self.definitions[name] = self.special[function.name].format(name=name)
            return f"{self._known[function.name]}({', '.join(text for text, _ in operands)})", ATOM
        trace = traced(function, len(operands), "numpy", parameters)
        whole = tuple(Argument(place) for place in range(len(operands)))
        dot = self.dot if entries else ""
        texts = [text for text, _ in operands]
        simple = isinstance(trace, Call) and trace.arguments == whole and isinstance(trace.function, Library)
        if simple and not trace.keywords and (word := self._word(trace.function)):
            return f"{word}{dot}({', '.join(texts)})", ATOM
        elementwise = isinstance(function, Elementwise)
        key = (function, rank if not elementwise else 0)
        if key not in self._known:
            name = self.names.fresh(function.name)
            arguments = ["x", "y", "z"][: len(operands)]
            writing = _Translated(self, arguments, rank, self.inside if elementwise else ".", elementwise)
            writing.whole = trace
            writing.shared = {part for part, count in counts_of(trace).items() if count > 1}
            body = writing.text(trace)[0]
            lines = "".join(f"    {line}\n" for line in writing.lines)
            doc = function.doc.split(";")[0].rstrip(".")
            self.definitions[name] = self.definition.format(
                name=name, arguments=", ".join(arguments), doc=doc, lines=lines, body=body
            )
            self._known[key] = name
        return f"{self._known[key]}{dot}({', '.join(texts)})", ATOM

    def _word(self, part: Library) -> str | None:
        name = part.name
        if name in _ALIKE or (part.module == "scipy.special" and name in ("erf", "erfc")):
            return name
        if name in _NAMES:
            return _NAMES[name]
        found = _PLAIN.fullmatch(self.primitives.get(name, ""))
        return found[1] if found and name not in self.support else None


class _Translated:
    """A trace in a language's words."""

    def __init__(
        self, of: Translation, arguments: Sequence[str], rank: int, dotted: str, scalar: bool
    ) -> None:
        self.of = of
        self.arguments = arguments
        self.rank = rank
        self.dotted = dotted
        # Whether a helper is of single entries, to be broadcast when called.
        self.scalar = scalar and of.dot == "."
        self.lines: list[str] = []
        self.whole: Any = None
        self.shared: set[Any] = set()
        self.names = Names(("e_", *arguments))
        self._named: dict[int, str] = {}

    def text(self, part: Any) -> Text:
        """The part, and how tightly it holds."""
        if id(part) in self._named:
            return self._named[id(part)], ATOM
        made, level = self._text(part)
        long = len(made) > _LONG and part is not self.whole
        if isinstance(part, Call | Item | Operation) and (long or id(part) in self.shared):
            name = self.names.numbered(stem_of(part))
            self.lines.append(f"{name} = {made};" if self.of.language == "MATLAB" else f"{name} = {made}")
            self._named[id(part)] = name
            return name, ATOM
        return made, level

    def _text(self, part: Any) -> Text:
        if isinstance(part, Argument):
            return self.arguments[part.place], ATOM
        if isinstance(part, Library) and part.name == "inf":
            return "Inf", ATOM
        if isinstance(part, Operation):
            return self._operation(part)
        if isinstance(part, Call):
            return self._call(part), ATOM
        if isinstance(part, Item):
            return self._item(part)
        if isinstance(part, int | float):
            text = repr(part)
            return text, SUM if text.startswith("-") else ATOM
        raise NotTraceable(repr(part))

    def _at(self, part: Any, level: int) -> str:
        text, own = self.text(part)
        return text if own >= level else f"({text})"

    def _operation(self, part: Operation) -> Text:
        if len(part.operands) == 1 and part.operator == "-":
            return f"-{self._at(part.operands[0], POWER)}", PRODUCT
        if len(part.operands) != 2 or part.operator == "@":
            raise NotTraceable(part.operator)
        left, right = part.operands
        level = _LEVELS.get(part.operator, COMPARISON)
        sign = {"**": self.of.power, "!=": "~="}.get(part.operator, part.operator)
        dotted = self.of.dot == "." or part.operator in ("*", "/", "**")
        sign = f"{self.dotted if dotted else ''}{sign}"
        if part.operator == "**":
            return f"{self._at(left, ATOM)}{sign}{self._at(right, ATOM)}", level
        return f"{self._at(left, level)} {sign} {self._at(right, level + 1)}", level

    def _call(self, part: Call) -> str:
        function = part.function
        if isinstance(function, Attribute) and function.name == "sum" and part.arguments == (-1,):
            return self._reduced("sum", self.text(function.value)[0])
        if not isinstance(function, Library) or part.keywords:
            raise NotTraceable(repr(function))
        name = function.name
        if name in ("amax", "amin") and part.arguments[1:] == (-1,):
            return self._reduced(name, self.text(part.arguments[0])[0])
        arguments = [self.text(argument)[0] for argument in part.arguments]
        if name in ("zeros_like", "ones_like"):
            return "0" if name == "zeros_like" else "1"
        dot = "" if self.scalar else self.of.dot
        word = name if name in _ALIKE or name in ("erf", "erfc") else _NAMES.get(name)
        if word is not None:
            return f"{word}{dot}({', '.join(arguments)})"
        template = self.of.primitives.get(name)
        if template is None:
            raise NotTraceable(name)
        support = self.of.support.get(name)
        if support is not None:
            self.of.definitions[name] = support
        # A dot in front of a bracket of a call broadcasts it.
        text = template.replace("~", dot)
        return text.format(*arguments)

    def _reduced(self, name: str, argument: str) -> str:
        vector, more = self.of.reductions[name]
        return (vector if self.rank == 1 else more).format(argument, self.rank)

    def _item(self, part: Item) -> Text:
        """Reduced axes are kept, so that a new last axis is there already."""
        if part.index == (Ellipsis, None):
            return self.text(part.value)
        if part.index == (Ellipsis, 0):
            return self.text(part.value)
        call = part.value
        if isinstance(call, Call) and call.function == Library("numpy", "linalg.slogdet") and part.index == 1:
            template = self.of.primitives["linalg.slogdet"]
            self.of.definitions["logabsdet"] = self.of.support["linalg.slogdet"]
            return template.format(*(self.text(argument)[0] for argument in call.arguments)), ATOM
        raise NotTraceable("a subscript")
