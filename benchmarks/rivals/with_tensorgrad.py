"""tensorgrad: tensors with named edges. Its answers are taken on trust, since it evaluates with torch's named tensors,
which torch no longer has.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from benchmarks.rivals.rival import CannotDo, Rival
from tools.cases import Case

# Functions that are called as they are.
_SAME = frozenset({"exp", "log", "sqrt", "tanh", "sigmoid", "relu", "abs", "sign", "erf", "gelu", "maximum"})


class Tensorgrad(Rival):
    """A value is a tensor with an edge `r` for its rows and `c` for its columns, unless they are one."""

    name = "tensorgrad"

    def __init__(self) -> None:
        if importlib.util.find_spec("tensorgrad") is None:
            raise CannotDo("tensorgrad is not installed: pip install torch tensorgrad")
        import sympy
        import tensorgrad
        import tensorgrad.functions
        from tensorgrad.extras.to_latex import to_latex

        self.sympy, self.t, self.f = sympy, tensorgrad, tensorgrad.functions
        self.to_latex = to_latex

    def size(self, dimension: str, case: Case, *, numbers: bool) -> Any:
        return self.sympy.Symbol(dimension)

    def symbols(self, case: Case, *, numbers: bool, tag: str) -> dict[str, Any]:
        names = {}
        for name, shape in case.shapes.items():
            edges = zip("rc", shape.split(), strict=False)
            sizes = {edge: self.size(dim, case, numbers=numbers) for edge, dim in edges if dim != "1"}
            names[name] = self.t.Variable(name + tag, **sizes)
        return names

    def _is_tensor(self, value: Any) -> bool:
        return isinstance(value, self.t.Tensor)

    def transpose(self, value: Any) -> Any:
        return value.rename(**{edge: {"r": "c", "c": "r"}[edge] for edge in value.edges})

    def operate(self, operation: str, left: Any, right: Any) -> Any:
        both = self._is_tensor(left) and self._is_tensor(right)
        if operation == "@" and both:
            left = left.rename(c="k") if "c" in left.edges else left
            right = right.rename(r="k") if "r" in right.edges else right
            if "k" in left.edges ^ right.edges:
                raise CannotDo("shapes")
            return left @ right
        if operation == "**":
            if self._is_tensor(right) or not self._is_tensor(left):
                raise CannotDo("a power with a tensor as exponent")
            return self.f.pow(left, right if isinstance(right, int) else Fraction(right))
        if operation == "/":
            if not self._is_tensor(right):
                return left * (1 / Fraction(right))
            return left * self.f.pow(right, -1)
        if operation in ("*", "@"):
            return left * right
        return left + right if operation == "+" else left - right

    def call(self, function: str, arguments: Sequence[Any], axis: int | None) -> Any:
        t, f = self.t, self.f
        if function == "eye":
            return t.Delta(arguments[0], "r", "c")
        if function in ("ones", "zeros"):
            sizes = dict(zip("rc", arguments, strict=False))
            return t.Ones(**sizes) if function == "ones" else t.Zero(**sizes)
        x = arguments[0]
        edge = None if axis is None else "rc"[axis]
        edges = {"r", "c"} & set(x.edges)
        if function in ("sum", "mean"):
            return getattr(f, function)(x, {edge} if edge else edges) if edges else x
        if function == "norm":
            return f.pow(f.sum(f.pow(x, 2)), Fraction(1, 2))
        if function == "sse":
            return f.sum(f.pow(x - arguments[1], 2))
        if function == "logsumexp":
            return f.log(f.sum(f.exp(x), {edge} if edge else edges))
        if function in ("softmax", "log_softmax"):
            return getattr(f, function)(x, {edge} if edge else edges)
        if function in ("tr", "det", "inv", "diag", "diagonal"):
            if function == "diag":
                return f.diag(x, ["r", "c"])
            if function == "diagonal":
                return f.diag(x, ["r"])
            name = {"tr": "trace", "inv": "inverse"}.get(function, function)
            if not hasattr(f, name):
                raise CannotDo(function)
            return getattr(f, name)(x)
        if function == "square":
            return f.pow(x, 2)
        if function not in _SAME:
            raise CannotDo(function)
        return getattr(f, function)(*arguments)

    def forms(self) -> Sequence[Callable[[Any, Any, int], Any]]:
        return [self._simplified]

    def _simplified(self, expression: Any, variable: Any, order: int) -> Any:
        for mark in ("_", "__")[:order]:
            edges = {edge: edge + mark for edge in variable.edges}
            expression = expression.grad(variable, edges).full_simplify()
        return expression

    def latex(self, derivative: Any) -> str:
        return str(self.to_latex(derivative))

    def check(self, derivative: Any) -> None:
        if "Derivative(" in repr(derivative):
            raise CannotDo("a derivative that stays unevaluated")

    def value(self, derivative: Any, names: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
        return None
