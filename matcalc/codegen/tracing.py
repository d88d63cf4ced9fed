"""What a function of the table does, as an expression: its value called on stand-ins that record what is asked of them.

A function's value is written once, on a namespace of arrays (`xp.exp(x)`). Handed a namespace that only records, it
leaves a tree of calls, operators and subscripts, from which every target writes the function in its own words. Values
are written for stacks of arrays; where an argument is known to be a single vector, what is done along its last axis is
done to all of it, `xp.amax(x, -1)[..., None]` is `x.max()`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from matcalc.rules.entries import Elementwise, Function


class Library(NamedTuple):
    """A name in a library: `Library("numpy", "linalg.inv")`."""

    module: str
    name: str


class Argument(NamedTuple):
    """A parameter of the function."""

    place: int


class Attribute(NamedTuple):
    """`value.name`"""

    value: Any
    name: str


class Call(NamedTuple):
    """`function(*arguments, **keywords)`"""

    function: Any
    arguments: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...]


class Item(NamedTuple):
    """`value[index]`"""

    value: Any
    index: Any


class Operation(NamedTuple):
    """`left operator right`, or `operator left` where right is missing."""

    operator: str
    operands: tuple[Any, ...]


RECORDS = (Attribute, Call, Item, Operation)


def is_library_call(part: Any) -> bool:
    """Whether a part of an expression is a function of a library being called."""
    return isinstance(part, Call) and isinstance(part.function, Library)


def rewritten(trace: Any, change: Callable[[Any], Any]) -> Any:
    """The expression with `change` of every record in it, operands first."""
    known: dict[int, Any] = {}

    def new(part: Any) -> Any:
        if not isinstance(part, tuple) or isinstance(part, Argument | Library):
            return part
        if id(part) not in known:
            inside = [new(each) for each in part]
            known[id(part)] = change(type(part)(*inside)) if isinstance(part, RECORDS) else tuple(inside)
        return known[id(part)]

    return new(trace)


# What gives a tuple, and what its parts are called.
TUPLES = {
    "linalg.svd": ("U", "S", "Vt"),
    "linalg.slogdet": ("sign", "log"),
    "linalg.eigh": ("w", "V"),
    "linalg.eig": ("w", "V"),
    "linalg.qr": ("Q", "R"),
}


class NotTraceable(Exception):
    """The value does more than array operations."""


# Work entry by entry, and so keep the number of axes.
_ENTRYWISE = frozenset({"exp", "log", "abs", "nan_to_num", "where", "zeros_like", "ones_like"})
_EXTREMES = {"amax": "max", "amin": "min"}
_LAST = (Ellipsis, None)


def traced(
    function: Elementwise | Function,
    arity: int,
    library: str,
    parameters: Sequence[Any] = (),
    ranks: Sequence[int | None] = (),
) -> Any:
    """The expression of `function` in terms of `Argument(0)`, …; raises NotTraceable.

    `library` is the module of the namespace: numpy, jax.numpy or torch. `parameters` are passed as they are. `ranks`
    are the numbers of axes of the arguments, where these are known.
    """
    known = ranks or [None] * arity
    arguments = [_Recorder(Argument(place), known[place]) for place in range(arity)]
    try:
        found = function.value(_Namespace(library), *arguments, *parameters)
    except Exception as error:
        # Whatever goes wrong, the value asks for more than can be recorded.
        raise NotTraceable(function.name) from error
    return _plain(found)


def _plain(value: Any) -> Any:
    """A recorder's record, also inside tuples and slices."""
    if isinstance(value, _Recorder):
        return value.record
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, slice):
        return slice(*map(_plain, (value.start, value.stop, value.step)))
    if isinstance(value, list):
        raise NotTraceable("a list")
    return value


class _Recorder:
    """Stands in for an array, a module or a method, and records what is done to it.

    `rank` is the number of axes of an array, or of that of which it is a method, where it is known; `narrow` is the
    record of a number that has been given an axis.
    """

    __slots__ = ("narrow", "rank", "record")
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, record: Any, rank: int | None = None, narrow: Any = None) -> None:
        self.record = record
        self.rank = rank
        self.narrow = narrow

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if isinstance(self.record, Library):
            module, path = self.record
            return _Recorder(Library(module, f"{path}.{name}" if path else name))
        return _Recorder(Attribute(self.record, name), self.rank)

    def __call__(self, *arguments: Any, **keywords: Any) -> _Recorder:
        reduction = None if keywords else self._of_a_vector(arguments)
        if reduction is not None:
            return _Recorder(Call(reduction, (), ()), 0)
        entrywise = isinstance(self.record, Library) and self.record.name in _ENTRYWISE
        rank = _joint(arguments) if entrywise else None
        plain = tuple((name, _plain(value)) for name, value in keywords.items())
        return _Recorder(Call(self.record, tuple(map(_plain, arguments)), plain), rank)

    def _of_a_vector(self, arguments: tuple[Any, ...]) -> Attribute | None:
        """The method that does without an axis what is asked for along the only axis there is."""
        made = self.record
        if isinstance(made, Attribute) and (made.name, self.rank, arguments) == ("sum", 1, (-1,)):
            return made
        if isinstance(made, Library) and made.name in _EXTREMES and arguments[1:] == (-1,):
            (array, _) = arguments
            return Attribute(array.record, _EXTREMES[made.name]) if _rank(array) == 1 else None
        return None

    def __getitem__(self, index: Any) -> _Recorder:
        if index == _LAST and self.rank == 0:
            return _Recorder(Item(self.record, index), 1, self.record)
        if index == (Ellipsis, 0) and self.narrow is not None:
            return _Recorder(self.narrow, 0)
        return _Recorder(Item(self.record, _plain(index)))

    def __bool__(self) -> bool:
        raise NotTraceable("a condition on an array's entries")

    def __iter__(self) -> Any:
        made = self.record
        name = made.function.name if isinstance(made, Call) and isinstance(made.function, Library) else ""
        if name not in TUPLES:
            raise NotTraceable("a loop over an array")
        return iter([self[place] for place in range(len(TUPLES[name]))])


def _rank(value: Any) -> int | None:
    if isinstance(value, _Recorder):
        return value.rank
    return 0 if isinstance(value, int | float) else None


def _joint(values: Sequence[Any]) -> int | None:
    """The number of axes of what is done to all of these entry by entry."""
    ranks = [_rank(value) for value in values]
    return None if None in ranks else max(ranks)  # type: ignore[type-var]


def _beside(value: Any, other: Any) -> Any:
    """An operand; a number that has been given an axis needs none beside a vector."""
    narrow = value.narrow if isinstance(value, _Recorder) else None
    among = isinstance(other, _Recorder) and other.narrow is None and other.rank == 1
    return _plain(value) if narrow is None or not among else narrow


def _operator(symbol: str, reflected: bool) -> Callable[[_Recorder, Any], _Recorder]:
    def record(self: _Recorder, other: Any) -> _Recorder:
        operands = (_beside(self, other), _beside(other, self))
        rank = None if symbol == "@" else _joint((self, other))
        return _Recorder(Operation(symbol, operands[::-1] if reflected else operands), rank)

    return record


def _unary(symbol: str) -> Callable[[_Recorder], _Recorder]:
    return lambda self: _Recorder(Operation(symbol, (self.record,)), self.rank)


for _name, _symbol in {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "pow": "**",
    "matmul": "@",
    "and": "&",
    "or": "|",
}.items():
    setattr(_Recorder, f"__{_name}__", _operator(_symbol, False))
    setattr(_Recorder, f"__r{_name}__", _operator(_symbol, True))
for _name, _symbol in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items():
    setattr(_Recorder, f"__{_name}__", _operator(_symbol, False))
for _name, _symbol in {"neg": "-", "invert": "~"}.items():
    setattr(_Recorder, f"__{_name}__", _unary(_symbol))


class _Namespace(_Recorder):
    """The library itself. `imported` gives its neighbours, such as scipy.special, without loading them."""

    __slots__ = ()

    def __init__(self, library: str) -> None:
        super().__init__(Library(library, ""))

    def __getattr__(self, name: str) -> Any:
        if name == "__name__":
            return self.record.module
        if name == "__imported__":
            return lambda module: _Recorder(Library(module, ""))
        return super().__getattr__(name)
