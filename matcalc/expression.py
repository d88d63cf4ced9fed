"""Expressions as Python objects: parsed from text, or built with Python's own operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from numbers import Real
from typing import Any

from matcalc.computed import Computation, Computed, said
from matcalc.declared import Declared, declarations
from matcalc.errors import DomainError, LimitError, ShapeError, UnknownNameError
from matcalc.graph import Node, closed, normal, number, symbol
from matcalc.graph.numbers import Coefficient, reduce
from matcalc.language.declarations import PROPERTIES, Declaration, declared
from matcalc.language.limits import LIMITS, NO_LIMITS
from matcalc.language.lowering import Parsed, read
from matcalc.language.names import check_variable
from matcalc.language.values import (
    Value,
    matmul,
    minus,
    negated,
    over,
    plus,
    times,
    to_the_power,
    transposed,
)
from matcalc.notation.tree import Tree
from matcalc.rules import AbstractFunction, call
from matcalc.rules.entries import Entry
from matcalc.shown import Shown, Vocabulary

# How often a formula is read and written again at most.
_READINGS = 16


class Expression(Shown, Computed):
    """A value of the language: `e.text`, `e.latex`, `e.shape`, `e.numpy()`; combine with `@ * / + - **` and `.T`.

    `==` compares normal forms, so that X.T @ (X @ t - y) equals X.T @ X @ t - X.T @ y; it is exact, never numeric.
    """

    # NumPy's scalars and arrays leave the operators to us.
    __array_ufunc__ = None

    # What an operator or a function was applied to; the vocabulary is gathered from there when it is asked for.
    _parts: tuple[Expression, ...] = ()
    _called: tuple[str, ...] = ()

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The variables, functions and names of the formula, in the order of their first appearance.

        Raises ShapeError when two parts declare one variable differently, UnknownNameError when a name is used both
        for a variable and for a function.
        """
        return _gathered(self)

    @property
    def value(self) -> Value:
        """The node with its two-dimensional shape."""
        return Value(self._given, self._shape)

    @property
    def computation(self) -> Computation:
        """The value, as evaluators and source have it."""
        return Computation(
            (self.node, self.shape),
            self._symbols,
            self._functions,
            "value",
            lambda: said(self),
            self._given_names,
        )

    # Notation --------------------------------------------------------------------------------------------------

    @property
    def node(self) -> Node:
        """The node of the index graph, in normal form, as typed."""
        return self.simplified

    def _formula_as_read(self, *, expanded: bool = False) -> tuple[Node, Tree]:
        """What is written says itself: read and written again, it is the same text.

        Where the formula of what was typed does not (in a product turned round other variables come first), that of
        its reading is taken, and so on.
        """
        from matcalc.notation.text import text as text_of

        seen: dict[str, tuple[Node, Tree]] = {}
        one = self
        while True:
            tree = one._formula(one.node, expanded=expanded)
            written = text_of(tree)
            turn = list(seen)[list(seen).index(written) :] if written in seen else []
            seen[written] = (one.node, tree)
            if turn:
                # Mostly one text, which says itself. Of several that say each other in turn it is always the same.
                return seen[min(turn)]
            found = self._read_back(written, self.node) if len(seen) < _READINGS else None
            if found is None:
                return seen[written]
            one = _parsed(found[1])

    # Equality --------------------------------------------------------------------------------------------------

    @cached_property
    def _normal(self) -> Node:
        return normal(self.node)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Shown) and not isinstance(other, Expression):
            return other == self
        if not isinstance(other, Expression):
            if not isinstance(other, Real):
                return NotImplemented
            other = _lifted(other)
        if self._shape != other._shape:
            return False
        if self.node is other.node:
            return True
        try:
            return self._normal is other._normal
        except LimitError:
            if closed(self.node) is closed(other.node):
                return True
            raise

    def __hash__(self) -> int:
        return hash(self._normal)

    def __bool__(self) -> bool:
        raise DomainError("an expression is neither true nor false", hint="compare with == or evaluate it")

    def __repr__(self) -> str:
        return self.text

    # Operators -------------------------------------------------------------------------------------------------

    @property
    def T(self) -> Expression:
        """The transpose."""
        return self._with(transposed(self.value))

    def _with(self, value: Value, *others: Expression) -> Expression:
        return _combined(value, (self, *others))

    def _operate(self, operator: Any, other: object, swapped: bool = False) -> Any:
        if not isinstance(other, (Expression, Real)) and not _is_number(other):
            return NotImplemented
        right = other if isinstance(other, Expression) else _lifted(other)
        a, b = (right, self) if swapped else (self, right)
        return _combined(operator(a.value, b.value), (a, b))

    def __matmul__(self, other: object) -> Any:
        return self._operate(matmul, other)

    def __rmatmul__(self, other: object) -> Any:
        return self._operate(matmul, other, True)

    def __add__(self, other: object) -> Any:
        return self._operate(plus, other)

    def __radd__(self, other: object) -> Any:
        return self._operate(plus, other, True)

    def __sub__(self, other: object) -> Any:
        return self._operate(minus, other)

    def __rsub__(self, other: object) -> Any:
        return self._operate(minus, other, True)

    def __mul__(self, other: object) -> Any:
        return self._operate(times, other)

    def __rmul__(self, other: object) -> Any:
        return self._operate(times, other, True)

    def __truediv__(self, other: object) -> Any:
        return self._operate(over, other)

    def __rtruediv__(self, other: object) -> Any:
        return self._operate(over, other, True)

    def __pow__(self, other: object) -> Any:
        return self._operate(to_the_power, other)

    def __rpow__(self, other: object) -> Any:
        return self._operate(to_the_power, other, True)

    def __neg__(self) -> Expression:
        return self._with(negated(self.value))

    def __pos__(self) -> Expression:
        return self


def parse(
    text: str,
    *,
    shapes: Any = None,
    functions: Sequence[Any] | str = (),
    dialect: str = "python",
    names: Mapping[str, str] | None = None,
) -> Expression:
    """The expression that `text` says.

    `shapes` declares variables ("W: m n, x: n" or a dict of the same); without it shapes are inferred from first
    letters. Raises ParseError, ShapeError, UnknownNameError, DomainError or LimitError, each with the place in the
    text and a hint.
    """
    if is_given(names):
        raise DomainError("names= belongs to dialects that are not read yet", hint="leave it out")
    # What a result says of itself is our own text: it may be longer than what users may type.
    own = isinstance(shapes, Mapping) and shapes and all(isinstance(one, Declared) for one in shapes.values())
    found = read(text, declarations(shapes), functions, dialect, NO_LIMITS if own else LIMITS)
    return _parsed(found)


def _parsed(found: Parsed) -> Expression:
    vocabulary = Vocabulary(found.shapes, found.functions, found.order, found.names, found.warnings)
    return Expression(found.value.node, found.value.shape, vocabulary)


def _variable(name: str, dims: Sequence[object], properties: Mapping[str, bool]) -> Expression:
    for key, value in properties.items():
        if key not in PROPERTIES:
            raise DomainError(f"there is no property '{key}'", hint=f"one of {', '.join(sorted(PROPERTIES))}")
        if not isinstance(value, bool):
            raise DomainError(f"the property '{key}' is True or False")
    if not isinstance(name, str):
        raise DomainError("a variable's name is a text")
    check_variable(name)
    declaration = declared(dims, [key for key, value in properties.items() if value])
    node = symbol(name, declaration.shape, declaration.properties)
    shape = declaration.shape
    grid = (1, 1) if not shape else (shape[0], 1) if len(shape) == 1 else shape
    return Expression(node, grid, Vocabulary({name: declaration}, (), (name,)))


def matrix(name: str, rows: object, columns: object, **properties: bool) -> Expression:
    """A matrix variable; dimensions are names or positive integers. `matrix("S", "n", "n", spd=True)`."""
    return _variable(name, (rows, columns), properties)


def vector(name: str, size: object, **properties: bool) -> Expression:
    """A column variable."""
    return _variable(name, (size,), properties)


def scalar(name: str, **properties: bool) -> Expression:
    """A scalar variable."""
    return _variable(name, (), properties)


class Callable:
    """A function of the table, or an abstract one, that applies to expressions."""

    def __init__(self, function: Entry | AbstractFunction) -> None:
        self.function = function
        self.name = function.name
        self.__doc__ = getattr(function, "doc", None) or f"The abstract elementwise function {self.name}."

    def __call__(self, *arguments: object, **options: object) -> Expression:
        """The function of `arguments`: expressions and numbers; options by name, such as axis=1."""
        lifted = [_argument(argument) for argument in arguments]
        used = tuple(one for one in lifted if isinstance(one, Expression))
        if isinstance(self.function, AbstractFunction):
            if len(used) != 1 or len(lifted) != 1 or options:
                raise DomainError(f"{self.name} takes 1 argument")
            from matcalc.graph import elementwise

            value = used[0].value
            made = Value(elementwise(self.function, value.node), value.shape)
            return _combined(made, used, (self.function.letter,))
        positional = [one.value if isinstance(one, Expression) else one for one in lifted]
        return _combined(call(self.function, *positional, **options), used)

    def prime(self) -> Callable:
        """The derivative of an abstract function."""
        if not isinstance(self.function, AbstractFunction):
            raise DomainError(f"{self.name} is no abstract function", hint="use derive")
        return Callable(self.function.derivative())

    def __repr__(self) -> str:
        return f"<function {self.name}>"


def function(name: str) -> Callable:
    """An abstract elementwise function, called as `phi(z)`; its derivatives are φ′, φ″, …"""
    if not isinstance(name, str):
        raise DomainError("a function's name is a text")
    check_variable(name)
    return Callable(AbstractFunction(name))


def is_given(option: object) -> bool:
    """Whether a list or a mapping of names was given, and not None or an empty one."""
    return not (option is None or (isinstance(option, (Mapping, Sequence)) and not option))


def _argument(argument: object) -> object:
    if isinstance(argument, Expression) or not _is_number(argument):
        return argument
    return argument if isinstance(argument, int) else _lifted(argument)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) or (getattr(value, "shape", None) == () and hasattr(value, "item"))


def _lifted(value: object) -> Expression:
    """A Python or NumPy number as a constant expression."""
    if isinstance(value, bool) or not _is_number(value):
        raise DomainError(f"{value!r} is not a number")
    plain: Coefficient = value.item() if hasattr(value, "item") else value  # type: ignore[assignment]
    if isinstance(plain, complex):
        raise DomainError("complex numbers are not supported")
    if not isinstance(plain, Real):
        raise DomainError(f"{value!r} is not a number")
    return Expression(number(reduce(plain)), (1, 1), Vocabulary())


def _combined(value: Value, parts: Sequence[Expression], functions: tuple[str, ...] = ()) -> Expression:
    made = Expression(value.node, value.shape)
    made._parts = tuple(parts)
    made._called = functions
    return made


def _gathered(root: Expression) -> Vocabulary:
    """The vocabulary of an expression from those of the parts it was built of, left to right, each part once."""
    declared: dict[str, Declaration] = {}
    functions: dict[str, None] = {}
    order: dict[str, None] = {}
    names: dict[str, Node] = {}
    warnings: dict[str, None] = {}
    seen: set[int] = set()
    pending = [root]
    while pending:
        part = pending.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if "vocabulary" not in part.__dict__:
            if part._called:
                functions.update(dict.fromkeys(part._called))
            pending.extend(reversed(part._parts))
            continue
        known = part.vocabulary
        for name, declaration in known.declared.items():
            if declared.setdefault(name, declaration) != declaration:
                raise ShapeError(
                    f"'{name}' is declared as ({declared[name]}) and as ({declaration})",
                    hint="two variables need two names",
                )
        order.update(dict.fromkeys(known.order))
        if known.functions or known.names or known.warnings:
            functions.update(dict.fromkeys(known.functions))
            names.update(known.names)
            warnings.update(dict.fromkeys(known.warnings))
    clash = functions.keys() & declared.keys()
    if clash:
        raise UnknownNameError(f"'{min(clash)}' is both a variable and a function")
    return Vocabulary(declared, tuple(functions), tuple(order), names, tuple(warnings))
