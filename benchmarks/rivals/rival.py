"""A rival: how the corpus's expressions become its objects, and the forms in which it differentiates them.

The corpus is written in Python's syntax, so that one walk over Python's syntax tree serves all rivals: each says what
a product or a function is among its objects.
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from tools.cases import Array, Case

# Takes a tag for the names of the variables: another tag makes a new expression, which no cache has seen.
Way = Callable[[str], str]

_OPERATIONS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.MatMult: "@",
    ast.Pow: "**",
}


class CannotDo(Exception):
    """The rival has no such operation, or leaves the derivative as it stands."""


class Rival(ABC):
    """A symbolic system under test.

    `declines` are the exceptions by which it says that it has no such thing; any other is a failure of it.
    """

    name: ClassVar[str]
    declines: ClassVar[tuple[type[Exception], ...]] = (CannotDo,)

    @abstractmethod
    def symbols(self, case: Case, *, numbers: bool, tag: str) -> dict[str, Any]:
        """The case's inputs as the system's variables, with symbolic sizes or with integers."""

    @abstractmethod
    def size(self, dimension: str, case: Case, *, numbers: bool) -> Any:
        """A dimension by name."""

    @abstractmethod
    def operate(self, operation: str, left: Any, right: Any) -> Any:
        """`left @ right` and the like; operations are +, -, *, /, @, **."""

    @abstractmethod
    def transpose(self, value: Any) -> Any:
        """`value.T`."""

    @abstractmethod
    def call(self, function: str, arguments: Sequence[Any], axis: int | None) -> Any:
        """A function of the language."""

    @abstractmethod
    def forms(self) -> Sequence[Callable[[Any, Any, int], Any]]:
        """The system's ways to differentiate an expression by a variable, so many times."""

    @abstractmethod
    def latex(self, derivative: Any) -> str:
        """The derivative as LaTeX."""

    @abstractmethod
    def check(self, derivative: Any) -> None:
        """Raises CannotDo where a derivative was only written down, not taken."""

    @abstractmethod
    def value(self, derivative: Any, names: Mapping[str, Any], inputs: Mapping[str, Array]) -> Array | None:
        """The entries of a derivative at a point, in any order; None where the system has no means to tell."""

    def ways(self, case: Case) -> list[Way]:
        """From the case's expression to printed LaTeX, by each form."""
        return [partial(self._printed, case, form) for form in self.forms()]

    def _printed(self, case: Case, form: Callable[[Any, Any, int], Any], tag: str) -> str:
        expression, names = self.build(case, tag=tag)
        return self.latex(form(expression, names[case.wrt], case.order))

    def build(self, case: Case, *, numbers: bool = False, tag: str = "") -> tuple[Any, dict[str, Any]]:
        """The expression of the case and its variables."""
        names = self.symbols(case, numbers=numbers, tag=tag)

        def dimension(node: ast.expr) -> Any:
            return (
                ast.literal_eval(node)
                if isinstance(node, ast.Constant)
                else self.size(ast.unparse(node), case, numbers=numbers)
            )

        def walk(node: ast.expr) -> Any:
            if isinstance(node, ast.Constant):
                return node.value
            if isinstance(node, ast.Name) and node.id in names:
                return names[node.id]
            if isinstance(node, ast.BinOp):
                return self.operate(_OPERATIONS[type(node.op)], walk(node.left), walk(node.right))
            if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
                return self.operate("*", -1, walk(node.operand))
            if isinstance(node, ast.Attribute) and node.attr == "T":
                return self.transpose(walk(node.value))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                axis = next((ast.literal_eval(key.value) for key in node.keywords if key.arg == "axis"), None)
                read = dimension if node.func.id in ("eye", "ones", "zeros") else walk
                function, arguments = node.func.id, [read(argument) for argument in node.args]
                if function == "maximum" and arguments[0] == 0:
                    function, arguments = "relu", arguments[1:]
                return self.call(function, arguments, axis)
            raise CannotDo(ast.unparse(node))

        return walk(ast.parse(case.expr, mode="eval").body), names
