"""Random expressions as trees of their own, apart from matcalc's: written as text, and evaluated by the twin.

A term knows its operation, its arguments and the two-dimensional shape that it must have. Nothing here asks matcalc
anything, so that text, shape and value are a witness of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

Dim = int | str | tuple[Any, ...]
Shape = tuple[Dim, ...]
SCALAR: Shape = (1, 1)

# How tightly the operators of the language bind.
FORM, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)

BINARY = {
    "add": ("+", SUM),
    "sub": ("-", SUM),
    "mul": ("*", PRODUCT),
    "div": ("/", PRODUCT),
    "matmul": ("@", PRODUCT),
}
SPELLINGS = {"*": "*⊙∘", "/": "/⊘", "@": "@", "+": "+", "-": "-−"}
TRANSPOSES = (".T", "ᵀ", ".T")
ALIASES = {
    "log": ("log", "ln"),
    "arcsin": ("arcsin", "asin"),
    "arccos": ("arccos", "acos"),
    "arctan": ("arctan", "atan"),
    "silu": ("silu", "swish"),
    "tr": ("tr", "trace"),
    "sigmoid": ("sigmoid", "sigma", "σ"),
}
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, eq=False)
class Term:
    """An operation on arguments. `given` holds what is no expression: a number, an axis, a name, an index form."""

    op: str
    shape: Shape
    args: tuple[Term, ...] = ()
    given: tuple[Any, ...] = ()

    def walk(self) -> Iterator[Term]:
        """This term and all below it."""
        pending = [self]
        while pending:
            term = pending.pop()
            yield term
            pending.extend(term.args)

    @property
    def size(self) -> int:
        """How many terms there are."""
        return sum(1 for _ in self.walk())

    def rebuilt(self, change: Callable[[Term], Term]) -> Term:
        """The term with `change` applied from the leaves up."""
        args = tuple(arg.rebuilt(change) for arg in self.args)
        same = all(a is b for a, b in zip(args, self.args, strict=True))
        return change(self if same else replace(self, args=args))


@dataclass(frozen=True)
class Variable:
    """A declared variable: its shape as declared, its properties, and an array of two dimensions."""

    shape: Shape
    properties: tuple[str, ...]
    value: Any

    @property
    def declared(self) -> str:
        """As a user declares it."""
        return " ".join((*(map(dim_text, self.shape) if self.shape else ("()",)), *self.properties))

    @property
    def grid(self) -> Shape:
        """Rows and columns."""
        return (*self.shape, 1, 1)[:2] if len(self.shape) < 2 else self.shape


@dataclass(frozen=True)
class Case:
    """An expression with everything that it needs: parts named by `where`, variables, sizes of dimensions."""

    term: Term
    definitions: Mapping[str, Term]
    variables: Mapping[str, Variable]
    sizes: Mapping[str, int]
    functions: tuple[str, ...] = ()
    style: int = 0
    seed: int | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        """The expression as a user might type it; `style` seeds the choice among equal spellings."""
        return self.written(Random(self.style))

    @property
    def plain(self) -> str:
        """The same without fancy spellings."""
        return self.written(None)

    def written(self, style: Random | None) -> str:
        """The text, with its `where`."""
        used = self.used_definitions
        body = write(self.term, style)
        if not used:
            return body
        parts = [f"{name} = {write(self.definitions[name], style, SUM)}" for name in used]
        if style is not None:
            style.shuffle(parts)
        return f"{body} where {', '.join(parts)}"

    @property
    def used_definitions(self) -> list[str]:
        """The names that occur, in the order in which one needs the next."""
        found: dict[str, None] = {}
        pending = [self.term]
        while pending:
            for part in pending.pop().walk():
                if part.op == "ref" and part.given[0] not in found:
                    found[part.given[0]] = None
                    pending.append(self.definitions[part.given[0]])
        return list(found)

    @property
    def terms(self) -> list[Term]:
        """The body and the parts that it uses."""
        return [self.term, *(self.definitions[name] for name in self.used_definitions)]

    @property
    def used_dims(self) -> set[str]:
        """The names of dimensions that the text speaks of."""
        found: set[str] = set()
        for term in self.terms:
            for part in term.walk():
                if part.op == "size":
                    found.add(part.given[0])
                elif part.op in ("eye", "ones", "zeros", "commutation"):
                    for _, dim in part.given:
                        found.update(
                            one for one in (dim if isinstance(dim, tuple) else (dim,)) if isinstance(one, str)
                        )
        return found

    def with_variables(
        self, variables: Mapping[str, Variable], spare: bool = False, keep: Collection[str] = ()
    ) -> Case:
        """The case with the variables that it uses and those to keep; with `spare`, one more where there is one."""
        used = {part.given[0] for term in self.terms for part in term.walk() if part.op == "var"}
        extra = [name for name in variables if name not in used][: int(spare)]
        extra += [name for name in variables if name in keep or name.startswith("e_")]
        return replace(
            self, variables={name: one for name, one in variables.items() if name in used or name in extra}
        )

    @property
    def used_variables(self) -> list[str]:
        """The variables that occur, in the order of declaration."""
        found = {part.given[0] for term in self.terms for part in term.walk() if part.op == "var"}
        return [name for name in self.variables if name in found]

    @property
    def shapes(self) -> dict[str, str]:
        """The declarations."""
        return {name: self.variables[name].declared for name in self.variables}

    @property
    def values(self) -> dict[str, Any]:
        """The arrays by name."""
        return {name: variable.value for name, variable in self.variables.items()}


def dim_text(dim: Dim) -> str:
    """A dimension as typed: n, 6, m*n."""
    return "*".join(map(str, dim)) if isinstance(dim, tuple) else str(dim)


def dim_size(dim: Dim, sizes: Mapping[str, int]) -> int:
    """The number that a dimension is."""
    if isinstance(dim, tuple):
        result = 1
        for part in dim:
            result *= dim_size(part, sizes)
        return result
    return sizes[dim] if isinstance(dim, str) else dim


def times(a: Dim, b: Dim) -> Dim:
    """The dimension a·b, numbers first and names sorted."""
    parts = [part for dim in (a, b) for part in (dim if isinstance(dim, tuple) else (dim,))]
    number = 1
    for part in parts:
        number *= part if isinstance(part, int) else 1
    names = sorted(part for part in parts if isinstance(part, str))
    found = ([number] if number != 1 else []) + names
    return 1 if not found else found[0] if len(found) == 1 else tuple(found)


def write(term: Term, style: Random | None, least: int = FORM) -> str:
    """The text of a term, in parentheses where it binds less tightly than `least`."""
    text, tightness = _written(term, style)
    redundant = style is not None and tightness < ATOM and style.random() < 0.03
    return f"({text})" if tightness < least or redundant else text


def _written(term: Term, style: Random | None) -> tuple[str, int]:
    op, args = term.op, term.args
    if op in ("var", "ref", "size", "constant"):
        return str(term.given[0]), ATOM
    if op == "number":
        return number_text(term.given[0]), ATOM
    if op in BINARY:
        sign, own = BINARY[op]
        if style is not None and style.random() < 0.2:
            sign = style.choice(SPELLINGS[sign])
        tight = style is not None and style.random() < 0.2
        space = "" if tight else " "
        return f"{write(args[0], style, own)}{space}{sign}{space}{write(args[1], style, own + 1)}", own
    if op in ("neg", "pos"):
        return f"{'-' if op == 'neg' else '+'}{write(args[0], style, SIGN)}", SIGN
    if op == "transpose":
        mark = ".T" if style is None else style.choice(TRANSPOSES)
        text = write(args[0], style, ATOM)
        # 2.T is a number and a name.
        return f"({text}){mark}" if text[0].isdigit() else f"{text}{mark}", ATOM
    if op == "power":
        return f"{write(args[0], style, ATOM)}**{write(args[1], style, SIGN)}", POWER
    if op == "constant_power":
        return f"{write(args[0], style, ATOM)}**{term.given[1]}", POWER
    if op == "superscript":
        return f"{write(args[0], style, ATOM)}{str(term.given[0]).translate(SUPERSCRIPTS)}", ATOM
    if op == "index":
        from tests.fuzz.index_forms import written

        return written(term, style), FORM
    if op == "abstract":
        letter, order = term.given
        mark = "″" if order == 2 and style is not None and style.random() < 0.3 else "'" * order
        return f"{letter}{mark}({write(args[0], style, SUM)})", ATOM
    return _call(term, style), ATOM


def _call(term: Term, style: Random | None) -> str:
    name = term.op if style is None else style.choice(ALIASES.get(term.op, (term.op,)))
    arguments = [write(arg, style, SUM) for arg in term.args]
    for key, value in term.given:
        if isinstance(value, Term):
            arguments.append(f"{key}={write(value, style, SUM)}" if key else write(value, style, SUM))
        else:
            text = dim_text(value) if key != "axis" else str(value)
            arguments.append(f"{key}={text}" if key else text)
    return f"{name}({', '.join(arguments)})"


def number_text(value: Any) -> str:
    """A number as typed."""
    return repr(value)
