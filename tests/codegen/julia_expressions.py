"""Expressions of Julia: what a node of the syntax tree is worth, given the variables of a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.codegen import julia_arrays as arrays
from tests.codegen import julia_library as library
from tests.codegen.julia_arrays import UnknownJulia, fail, is_array, is_number, plain, shown

_MISSING = object()
_COLON = slice(None)
_COMPARISONS = [dot + sign for dot in ("", ".") for sign in ("==", "!=", "<", "<=", ">", ">=")]
_POWERS = ["^", ".^"]
_PUNCTUATION = frozenset(
    ("(", ")", "[", "]", "{", "}", ",", ".", "=", ":", "...", "'", "$", "end", "for", "function")
)
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Tree:
    """A node: its kind, its text, and what it consists of."""

    kind: str
    text: str
    parts: tuple[Tree, ...]

    @property
    def inside(self) -> list[Tree]:
        """The parts without the punctuation."""
        return [part for part in self.parts if part.kind not in _PUNCTUATION]

    def walk(self) -> list[Tree]:
        """This node and all below it."""
        return [self, *(below for part in self.parts for below in part.walk())]


def tree_of(node: Any) -> Tree:
    """The same as tree-sitter's node."""
    return Tree(node.type, node.text.decode(), tuple(tree_of(child) for child in node.children))


class Expressions:
    """The variables of a call, those that are local to the function, and what else is known by name."""

    def __init__(
        self,
        known: dict[str, Any],
        elementwise: dict[str, Callable[..., Any]],
        local: set[str],
        variables: dict[str, Any],
    ) -> None:
        self.known = known
        self.elementwise = elementwise
        self.local = local
        self.variables = variables
        # What `end` stands for.
        self.lengths: list[int] = []

    def value(self, tree: Tree) -> Any:
        """The value of an expression, for which there is a method of the name of its kind."""
        method = getattr(self, f"_{tree.kind}", None)
        if method is None:
            raise UnknownJulia(f"{tree.kind}: {tree.text}")
        return method(tree)

    # Atoms

    def _integer_literal(self, tree: Tree) -> int:
        if not tree.text.isdigit() or int(tree.text) > _LARGEST:
            raise UnknownJulia(f"the integer {tree.text}")
        return int(tree.text)

    def _float_literal(self, tree: Tree) -> float:
        return float(tree.text)

    def _identifier(self, tree: Tree) -> Any:
        name = tree.text
        if name == "end" and self.lengths:
            return self.lengths[-1]
        if not name.strip("_"):
            raise fail("ErrorException", f"all-underscore identifiers are write-only: {name}")
        if name in self.local:
            if name not in self.variables:
                raise fail("UndefVarError", f"{name}, a local variable, is used before it is assigned")
            return self.variables[name]
        if name not in self.known:
            raise fail("UndefVarError", name)
        return self.known[name]

    def _string_literal(self, tree: Tree) -> str:
        pieces = []
        # The closing quotation mark may be no node.
        for part in tree.parts[1:]:
            if part.kind == '"':
                continue
            if part.kind == "content" and "\\" not in part.text:
                pieces.append(part.text)
            elif part.kind == "string_interpolation":
                (inner,) = part.inside
                pieces.append(str(self.value(inner)))
            else:
                raise UnknownJulia(f"{part.kind}: {part.text}")
        return "".join(pieces)

    def _parenthesized_expression(self, tree: Tree) -> Any:
        (inner,) = tree.inside
        return self.value(inner)

    def _tuple_expression(self, tree: Tree) -> Any:
        """A tuple, or a named one, which is a dict."""
        parts = tree.inside
        if not any(part.kind == "named_field" for part in parts):
            return tuple(self.value(part) for part in parts)
        pairs = [part.inside for part in parts]
        names = [name.text for name, _ in pairs]
        if len(set(names)) != len(names):
            raise fail("ErrorException", f"a field is repeated: {tree.text}")
        return {name.text: self.value(part) for name, part in pairs}

    def _open_tuple(self, tree: Tree) -> tuple[Any, ...]:
        return tuple(self.value(part) for part in tree.inside)

    # Operators

    def _unary_expression(self, tree: Tree) -> Any:
        sign, operand = tree.parts
        if sign.text != "-":
            raise UnknownJulia(f"the sign {sign.text}")
        return arrays.negative(self.value(operand))

    def _adjoint_expression(self, tree: Tree) -> Any:
        return arrays.adjoint(self.value(tree.inside[0]))

    def _binary_expression(self, tree: Tree) -> Any:
        left, operator, right = tree.parts
        sign = operator.text
        if sign == "||":
            return self._either(left, right)
        if _is_chain(left, sign):
            raise UnknownJulia(f"a chain: {tree.text}")
        if sign in _POWERS and _is_sign(left):
            (base,) = left.parts[1].inside
            return arrays.negative(self._operation(sign, self.value(base), right))
        return self._operation(sign, self.value(left), right)

    def _operation(self, sign: str, first: Any, right: Tree) -> Any:
        second = self.value(right)
        if sign in _POWERS and _is_whole(right) and second < 0:
            # The power of a literal is a function of its own, which knows negative powers of integers.
            first = _inexact(first)
        if sign.startswith("."):
            return arrays.broadcast_operator(sign[1:], first, second)
        return arrays.operation(sign, first, second)

    def _either(self, left: Tree, right: Tree) -> Any:
        condition = self.value(left)
        if not isinstance(condition, bool):
            raise fail("TypeError", f"non-boolean {shown(condition)} used in boolean context")
        return condition or self.value(right)

    def _range_expression(self, tree: Tree) -> np.ndarray:
        first, _, last = tree.parts
        ends = self.value(first), self.value(last)
        if not all(type(one) is int for one in ends):
            raise UnknownJulia(f"the range {tree.text}")
        return np.arange(ends[0], ends[1] + 1)

    # Calls

    def _arguments(self, brackets: Tree) -> tuple[list[Any], dict[str, Any]]:
        places: list[Any] = []
        named: dict[str, Any] = {}
        for part in brackets.inside:
            if part.kind == "named_argument":
                name, _, value = part.parts
                named[name.text] = self.value(value)
            elif part.kind == "splat_expression":
                found = self.value(part.parts[0])
                places += found.tolist() if isinstance(found, np.ndarray) else found
            else:
                places.append(self.value(part))
        return places, named

    def _is_of_library(self, function: Tree) -> bool:
        """Whether a name is that of a function of numbers which the library has."""
        return (
            function.kind == "identifier"
            and function.text not in self.local
            and function.text in self.elementwise
        )

    def _call_expression(self, tree: Tree) -> Any:
        function, brackets = tree.parts
        places, named = self._arguments(brackets)
        if _is_sign(tree) and len(places) == 1 and not named:
            return arrays.negative(places[0])
        if self._is_of_library(function):
            if named:
                raise fail("MethodError", tree.text)
            if all(is_number(value) for value in places):
                return arrays.elementwise(function.text, self.elementwise[function.text], places)
            if function.text == "exp" and len(places) == 1:
                return library.matrix_exponential(places[0])
            raise fail("MethodError", f"{tree.text} of {', '.join(map(shown, places))}, a dot is missing")
        called = self.value(function)
        if not callable(called):
            raise fail("MethodError", f"{function.text} is no function")
        try:
            return called(*places, **named)
        except TypeError as error:
            raise fail("MethodError", f"{tree.text}: {error}") from error

    def _broadcast_call_expression(self, tree: Tree) -> Any:
        function, dot, brackets = tree.parts
        places, named = self._arguments(brackets)
        if named or dot.text != "." or function.kind != "identifier":
            raise UnknownJulia(tree.text)
        if self._is_of_library(function):
            return arrays.broadcast(function.text, self.elementwise[function.text], places)
        called = self.value(function)
        if not callable(called) or function.text in library.BASE or function.text in library.LINEAR_ALGEBRA:
            raise UnknownJulia(f"{tree.text} with a dot")
        return arrays.broadcast_call(called, places)

    def _parametrized_type_expression(self, tree: Tree) -> Callable[..., Any]:
        """Matrix{T}, to be called as Matrix{T}(I, n, n)."""
        name, brackets = tree.parts
        (parameter,) = brackets.inside
        kind = self.value(parameter)
        if self.value(name) != library.MATRIX:
            raise UnknownJulia(tree.text)
        return lambda filling, rows, columns: library.identity(kind, filling, rows, columns)

    # Loops and places

    def _comprehension_expression(self, tree: Tree) -> np.ndarray:
        entry, clause = tree.inside
        (binding,) = clause.inside
        name, values = self.binding(binding)
        found = self.repeated(name, values, lambda: self.value(entry))
        if not found or not all(is_number(value) for value in found):
            raise UnknownJulia(tree.text)
        return np.array(found)

    def binding(self, binding: Tree) -> tuple[str, list[int]]:
        """The variable of a loop and its values."""
        name, sign, values = binding.inside
        found = self.value(values)
        if sign.text != "in" or not isinstance(found, np.ndarray) or found.dtype != int:
            raise UnknownJulia(binding.text)
        return name.text, found.tolist()

    def repeated(self, name: str, values: Sequence[int], action: Callable[[], Any]) -> list[Any]:
        """The results of an action; the variable of a loop is the loop's own."""
        outer, local = self.variables.get(name, _MISSING), self.local
        self.local = {*local, name}
        results = []
        for value in values:
            self.variables[name] = value
            results.append(action())
        self.local = local
        self.variables.pop(name, None)
        if outer is not _MISSING:
            self.variables[name] = outer
        return results

    def places(self, current: Any, brackets: Tree) -> Any:
        """One index, of a vector or tuple from one on; of a matrix what `diagind` has returned."""
        (index,) = brackets.inside
        self.lengths.append(len(current))
        found = self.value(index)
        self.lengths.pop()
        if isinstance(found, library.Places) and found.shape == np.shape(current):
            return found
        if isinstance(current, np.ndarray) and current.ndim > 1:
            raise UnknownJulia(f"one index of {current.ndim} axes")
        if isinstance(found, np.ndarray) and found.ndim == 1 and found.dtype == bool:
            if len(found) != len(current):
                raise fail("BoundsError", f"{len(found)} conditions for {len(current)} entries")
            return np.flatnonzero(found) + 1
        if not isinstance(found, np.ndarray) or found.ndim != 1 or found.dtype != int:
            raise UnknownJulia(f"the index {brackets.text}")
        if found.size and not 1 <= found.min() <= found.max() <= len(current):
            raise fail("BoundsError", f"{found} of {len(current)} entries")
        return found

    def basic(self, current: np.ndarray, brackets: Tree) -> tuple[Any, ...]:
        """An integer or a colon for every axis, as NumPy counts; behind the last axis, 1 is a place as well."""
        index = [_COLON if part.text == ":" else self.value(part) for part in brackets.inside]
        while len(index) > current.ndim and type(index[-1]) is int and index[-1] == 1:
            index.pop()
        if len(index) != current.ndim:
            raise UnknownJulia(f"{len(index)} indices of {current.ndim} axes")
        for place, length in zip(index, current.shape, strict=True):
            if place is not _COLON and (type(place) is not int or not 1 <= place <= length):
                raise fail("BoundsError", f"{place} of {length}")
        return tuple(place if place is _COLON else place - 1 for place in index)

    def _index_expression(self, tree: Tree) -> Any:
        what, brackets = tree.parts
        current = self.value(what)
        if isinstance(current, tuple):
            return tuple(current[place - 1] for place in self.places(current, brackets))
        if not isinstance(current, np.ndarray):
            raise UnknownJulia(f"an index into {shown(current)}")
        if current.ndim == 1 and brackets.inside[0].kind not in ("integer_literal", "operator"):
            value = brackets.inside[0]
            if not (value.kind == "identifier" and type(self.variables.get(value.text)) is int):
                return current[self.places(current, brackets) - 1]
        found = current[self.basic(current, brackets)]
        return found.copy() if is_array(found) else plain(found)


def _is_chain(left: Tree, sign: str) -> bool:
    """Whether Julia does not go from the left as tree-sitter does: in a^b^c and a < b < c."""
    for signs in (_POWERS, _COMPARISONS):
        if sign in signs:
            return left.kind == "binary_expression" and left.parts[1].text in signs
    return False


def _is_sign(tree: Tree) -> bool:
    """Whether it is -(x), which tree-sitter takes for a call; for Julia -(x)^2 is -(x^2)."""
    return tree.kind == "call_expression" and tree.parts[0].text == "-"


def _is_whole(tree: Tree) -> bool:
    """Whether an exponent is an integer literal, also with a sign."""
    while tree.kind == "parenthesized_expression":
        (tree,) = tree.inside
    if tree.kind == "unary_expression" and tree.parts[0].text == "-":
        tree = tree.parts[1]
    return tree.kind == "integer_literal"


def _inexact(value: Any) -> Any:
    return (
        value.astype(float) if isinstance(value, np.ndarray) else float(value) if is_number(value) else value
    )
