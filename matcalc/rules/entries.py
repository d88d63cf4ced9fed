"""The kinds of entries that the table of functions holds.

`Elementwise` is a row of a table (tanh), `Function` the base of one final class per genuine function (inv),
`Composite` a name of the language for a formula of others (tr, norm). All three say how they are called, so that
the language needs to know none of them by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple

from matcalc.errors import UnknownNameError
from matcalc.graph import Node, elementwise
from matcalc.rules.operands import Operand, ShapeRule, broadcast, parse_rules
from matcalc.shapes.dims import Dim

Kind = Literal["operand", "scalar", "axis", "dimension", "integer"]


# Every entry under its name and its aliases; `matcalc.rules.registry` is its keeper.
ENTRIES: dict[str, Entry] = {}


class _Required:
    def __repr__(self) -> str:
        return "required"


REQUIRED: Any = _Required()


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """One argument of a call.

    `kind` says what the language hands over: an `operand` or a `scalar` is an `Operand` (a scalar of shape (1, 1)),
    an `axis` or an `integer` an int, a `dimension` a Dim. Operands are positional only; the others may be named.
    """

    name: str
    kind: Kind = "operand"
    default: Any = REQUIRED

    @property
    def valued(self) -> bool:
        """Whether the argument is an expression of the language rather than an option."""
        return self.kind in ("operand", "scalar")


class Condition(NamedTuple):
    """What must hold for a result to be right: `text` with `{}` where the operand is to be written, and the operand.

    It goes without saying where the operand is known to have the property `settled_by`.
    """

    text: str
    operand: Node
    settled_by: str = ""


class _ByName:
    """Pickles an entry as its name: functions are unique, and nodes that hold them must stay interned."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return _entry, (self.name,)  # type: ignore[attr-defined]

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self


def _entry(name: str) -> Any:
    if name not in ENTRIES:
        raise UnknownNameError(
            f"there is no function '{name}'", hint="register it first, as it was when pickled"
        )
    return ENTRIES[name]


@dataclass(frozen=True, slots=True, eq=False)
class Elementwise(_ByName):
    """An elementwise function, a row of the table.

    `derivatives` holds one formula of the language per parameter, in the parameters' names. `value(xp, *arrays)` is
    right on the namespaces of NumPy, JAX and torch and keeps the dtype. `fold(*operands)` may give a simpler node for
    exactly known cases (exp(0) = 1) or None. `domain` names the sampler of `matcalc.rules.samples` for each parameter.
    `kinks` says where the function is not differentiable and what value the printed formula takes there. Properties
    are told as by `Function`: `keeps` what its values have when the first operand does, `gives` what they always have.
    """

    name: str
    derivatives: tuple[str, ...]
    value: Callable[..., Any]
    doc: str
    parameters: tuple[str, ...] = ("x",)
    aliases: tuple[str, ...] = ()
    latex: str = ""
    domain: tuple[str, ...] = ("real",)
    kinks: str = ""
    smooth: bool = True
    citation: str = ""
    fold: Callable[..., Node | None] = lambda *operands: None
    shapes: str = "broadcast"
    refused: tuple[tuple[tuple[int, ...], ...], ...] = ()
    hint: str | None = None
    instead: str = ""
    keeps: frozenset[str] = frozenset()
    gives: frozenset[str] = frozenset()
    makes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    user: bool = False

    @property
    def arguments(self) -> tuple[Parameter, ...]:
        """How the function is called."""
        return tuple(map(Parameter, self.parameters))

    def shape_rules(self, options: Mapping[str, Any]) -> tuple[ShapeRule, ...]:
        """The shapes that fit; operands broadcast unless the row says otherwise."""
        return parse_rules(self.shapes)

    def lower(self, **arguments: Operand) -> Node:
        """The node of a call; shapes have been checked."""
        nodes, _ = broadcast(tuple(arguments.values()), f"the arguments of {self.name}")
        return elementwise(self, *nodes)

    def __repr__(self) -> str:
        return f"<elementwise {self.name}>"


@dataclass(frozen=True, slots=True)
class AbstractFunction:
    """An elementwise function of which only the letter is known; `order` counts its primes, `name` shows them."""

    letter: str
    order: int = 0

    @property
    def name(self) -> str:
        """`f''`: tells the derivatives of a function apart, as nodes need."""
        return self.letter + "'" * self.order

    def derivative(self) -> AbstractFunction:
        """f → f′ → f″ …"""
        return AbstractFunction(self.letter, self.order + 1)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Always one."""
        return ("x",)

    def fold(self, *operands: Node) -> Node | None:
        """Nothing is known about its values."""
        return None


class Function(_ByName, ABC):
    """A genuine function: neither a contraction nor elementwise. One final class each, one instance of it.

    `signature` is NumPy's gufunc notation: operands are batch axes followed by the core axes named there. The class
    docstring derives the pullback and `citation` says where to find it. Of properties: `keeps` are those of the operand
    that the value has too, `gives` those that it always has, `makes` what follows from one of the operand. `limited`
    is the reason why some derivatives, the second ones perhaps, are refused with a DomainError."""

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    signature: ClassVar[str]
    arguments: ClassVar[tuple[Parameter, ...]]
    shapes: ClassVar[str]
    axis_shapes: ClassVar[tuple[str, ...]] = ()
    doc: ClassVar[str]
    latex: ClassVar[str]
    domain: ClassVar[tuple[str, ...]]
    kinks: ClassVar[str] = ""
    citation: ClassVar[str] = ""
    refused: ClassVar[tuple[tuple[tuple[int, ...], ...], ...]] = ()
    hint: ClassVar[str | None] = None
    instead: ClassVar[str] = ""
    keeps: ClassVar[frozenset[str]] = frozenset()
    gives: ClassVar[frozenset[str]] = frozenset()
    makes: ClassVar[Mapping[str, frozenset[str]]] = {}
    limited: ClassVar[str] = ""

    def shape_rules(self, options: Mapping[str, Any]) -> tuple[ShapeRule, ...]:
        """The shapes that fit, given the options of the call."""
        return _rules_for_axis(self.shapes, self.axis_shapes, options)

    @abstractmethod
    def lower(self, *args: Any, **kwargs: Any) -> Node:
        """The node of a call in the language, its arguments by name; shapes have been checked."""

    @abstractmethod
    def value(self, xp: Any, *arrays: Any) -> Any:
        """The value on arrays of namespace `xp`, with any number of leading batch axes."""

    @abstractmethod
    def pullback(
        self,
        node: Node,
        index: int,
        cotangent: Node,
        o: tuple[Hashable, ...],
        b: tuple[Hashable, ...],
    ) -> Node:
        """The cotangent of operand `index`.

        `cotangent` has axes o + b + core output, where `o` labels the outputs of the sweep and `b` the batch; the
        result has axes o + b + core axes of the operand.
        """

    def build(self, operands: Sequence[Node], parameters: tuple[Hashable, ...]) -> Node | None:
        """A simpler node for f(operands), or None to keep the application."""
        return None

    def symmetric(self, operands: Sequence[Node], symmetric: Callable[[Node], bool]) -> bool:
        """Whether the square result is symmetric; `symmetric` answers for the operands."""
        return False

    def defined(self, node: Node) -> list[Condition]:
        """What must hold for the value of `node` to be defined."""
        return []

    def conditions(self, node: Node) -> list[Condition]:
        """What must hold for the derivative of `node` to be right."""
        return self.defined(node)

    def is_regular(self, *arrays: Any) -> bool:
        """Whether NumPy operands are well away from where the function is not differentiable: samples have to be."""
        return True

    def __repr__(self) -> str:
        return f"<function {self.name}>"


@dataclass(frozen=True, slots=True, eq=False)
class Composite(_ByName):
    """A name of the language for a contraction or a formula of other functions; leaves no trace in the graph.

    `build(**arguments)` gets an `Operand` per operand and plain values for the options and returns the node; the
    result's shape follows from `shapes`, or `axis_shapes` for axis 0 and 1 where the call has an axis. `refused`
    holds shapes of operands that do not fit, for the tests, `hint` the likeliest repair when shapes do not fit, and
    `instead` what to write where more arguments are given than there are.
    """

    name: str
    arguments: tuple[Parameter, ...]
    shapes: str
    build: Callable[..., Node]
    doc: str
    aliases: tuple[str, ...] = ()
    axis_shapes: tuple[str, ...] = ()
    latex: str = ""
    domain: tuple[str, ...] = ()
    kinks: str = ""
    citation: str = ""
    refused: tuple[tuple[tuple[int, ...], ...], ...] = ()
    hint: str | None = None
    instead: str = ""

    def shape_rules(self, options: Mapping[str, Any]) -> tuple[ShapeRule, ...]:
        """The shapes that fit, given the options of the call."""
        return _rules_for_axis(self.shapes, self.axis_shapes, options)

    def lower(self, **arguments: Any) -> Node:
        """The node of a call; shapes have been checked."""
        return self.build(**arguments)

    def __repr__(self) -> str:
        return f"<composite {self.name}>"


Entry = Elementwise | Function | Composite


def _rules_for_axis(
    shapes: str, axis_shapes: tuple[str, ...], options: Mapping[str, Any]
) -> tuple[ShapeRule, ...]:
    axis: Dim | None = options.get("axis")
    return parse_rules(shapes if axis is None else axis_shapes[int(str(axis)) % 2])
