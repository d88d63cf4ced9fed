"""What the benchmark compares with: the corpus's expressions as SymPy's and tensorgrad's own objects.

The corpus is written in Python's syntax, so that one walk over Python's syntax tree serves both: a rival says what a
product or a function is among its objects. Each answers with the ways it has from these objects to LaTeX. SymPy's are
checked at a point, since it gets many wrong; tensorgrad's are taken on trust, since it evaluates with torch's named
tensors, which torch no longer has.
"""

from __future__ import annotations

import ast
import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from tools.cases import Array, Case

# Takes a tag for the names of the variables: another tag makes a new expression, which no cache has seen.
Way = Callable[[str], str]


class CannotDo(Exception):
    """The rival has no such operation, or gives up on the derivative."""


class Rival(ABC):
    """A symbolic system under test."""

    name: str

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
    def ways(self, case: Case, is_right: Callable[[Array], bool], inputs: Mapping[str, Array]) -> list[Way]:
        """The ways from objects to derivative to LaTeX that work, and are right at `inputs` where that can be seen.

        Raises CannotDo where none does.
        """

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
                return self.call(node.func.id, [read(argument) for argument in node.args], axis)
            raise CannotDo(ast.unparse(node))

        return walk(ast.parse(case.expr, mode="eval").body), names


_OPERATIONS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.MatMult: "@",
    ast.Pow: "**",
}


class SymPy(Rival):
    """SymPy by `MatrixSymbol`: the better of `expr.diff(X)` and its array module, form by form."""

    name = "SymPy"

    def __init__(self) -> None:
        import sympy

        self.sympy = sympy

    def size(self, dimension: str, case: Case, *, numbers: bool) -> Any:
        if dimension.isdigit():
            return int(dimension)
        return case.sizes[dimension] if numbers else self.sympy.Symbol(dimension, integer=True, positive=True)

    def symbols(self, case: Case, *, numbers: bool, tag: str) -> dict[str, Any]:
        names: dict[str, Any] = {}
        for name, shape in case.shapes.items():
            sizes = [self.size(dim, case, numbers=numbers) for dim in shape.split()]
            columns = [1] if len(sizes) == 1 else []
            names[name] = (
                self.sympy.MatrixSymbol(name, *sizes, *columns) if sizes else self.sympy.Symbol(name)
            )
        return names

    def _is_matrix(self, value: Any) -> bool:
        return bool(getattr(value, "is_Matrix", False))

    def _scalar(self, value: Any) -> Any:
        """A 1×1 matrix as a scalar; anything else as it is."""
        one = self._is_matrix(value) and value.shape == (1, 1)
        return self.sympy.Trace(value) if one else self.sympy.sympify(value)

    def transpose(self, value: Any) -> Any:
        return value.T if self._is_matrix(value) else value

    def operate(self, operation: str, left: Any, right: Any) -> Any:
        s = self.sympy
        if self._is_matrix(left) and self._is_matrix(right):
            if operation == "@":
                return left * right
            if operation in "+-" and left.shape == right.shape:
                # Traces of 1×1 matrices would be scalars, whose sums SymPy differentiates wrongly.
                return left + right if operation == "+" else left - right
        if operation == "*" and not self._is_matrix(left):
            return left * right
        left, right = self._scalar(left), self._scalar(right)
        matrices = self._is_matrix(left), self._is_matrix(right)
        if operation in "+-":
            right = right if operation == "+" else -right
            if matrices == (True, False):
                right = right * s.OneMatrix(*left.shape)
            if matrices == (False, True):
                left = left * s.OneMatrix(*right.shape)
            if any(matrices) and left.shape != right.shape:
                raise CannotDo("a sum that broadcasts")
            return left + right
        if operation in ("*", "@"):
            if all(matrices) and left.shape != right.shape:
                raise CannotDo("a product that broadcasts")
            return s.HadamardProduct(left, right) if all(matrices) else left * right
        if operation == "/":
            if matrices[1]:
                inverse = s.HadamardPower(right, -1)
                return s.HadamardProduct(left, inverse) if matrices[0] else left * inverse
            return left / right
        if matrices[1]:
            raise CannotDo("a matrix as exponent")
        return s.HadamardPower(left, right) if matrices[0] else left**right

    def call(self, function: str, arguments: Sequence[Any], axis: int | None) -> Any:
        s = self.sympy
        if function in ("eye", "ones", "zeros"):
            kind = {"eye": s.Identity, "ones": s.OneMatrix, "zeros": s.ZeroMatrix}[function]
            columns = [1] if function != "eye" and len(arguments) == 1 else []
            return kind(*arguments, *columns)
        x = arguments[0]
        rows, columns = x.shape if self._is_matrix(x) else (1, 1)
        ones, total = s.OneMatrix, None
        if function in ("sum", "mean"):
            if not self._is_matrix(x):
                return x
            total = x
            if axis in (None, 0):
                total = ones(1, rows) * total
            if axis in (None, 1):
                total = total * ones(columns, 1)
            count = (rows if axis in (None, 0) else 1) * (columns if axis in (None, 1) else 1)
            return self._scalar(total) / (count if function == "mean" else 1)
        if function == "norm":
            return s.sqrt(s.Trace(x.T * x))
        if function == "sse":
            difference = x - arguments[1]
            return s.Trace(difference.T * difference)
        if function == "logsumexp" and axis is None:
            return s.log(self.call("sum", [self.call("exp", [x], None)], None))
        if function == "softmax" and axis is None:
            exponentials = self.call("exp", [x], None)
            return self.operate("/", exponentials, self.call("sum", [exponentials], None))
        if function == "matrix_power":
            return s.MatPow(x, arguments[1])
        if function == "kron":
            return s.KroneckerProduct(*arguments)
        matrix = {"tr": s.Trace, "det": s.Determinant, "inv": s.Inverse, "diag": s.DiagMatrix}
        if function in matrix:
            return matrix[function](x)
        if function == "logdet":
            return s.log(s.Determinant(x))
        return self._elementwise(function, x)

    def _elementwise(self, function: str, x: Any) -> Any:
        s = self.sympy
        table: dict[str, Callable[[Any], Any]] = {
            **{
                name: getattr(s, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh")
            },
            **{name: getattr(s, name) for name in ("tanh", "erf", "sign")},
            "abs": s.Abs,
            "square": lambda t: t**2,
            "sigmoid": lambda t: 1 / (1 + s.exp(-t)),
            "softplus": lambda t: s.log(1 + s.exp(t)),
            "silu": lambda t: t / (1 + s.exp(-t)),
            "swish": lambda t: t / (1 + s.exp(-t)),
            "gelu": lambda t: t * (1 + s.erf(t / s.sqrt(2))) / 2,
            "relu": lambda t: s.Max(0, t),
            "heaviside": lambda t: s.Heaviside(t, 0),
        }
        if function not in table:
            raise CannotDo(function)
        if not self._is_matrix(x):
            return table[function](x)
        dummy = s.Dummy("t")
        return x.applyfunc(s.Lambda(dummy, table[function](dummy)))

    def _forms(self, expression: Any, variable: Any, order: int) -> list[Callable[[], Any]]:
        from sympy.tensor.array.expressions.arrayexpr_derivatives import array_derive
        from sympy.tensor.array.expressions.from_array_to_matrix import convert_array_to_matrix
        from sympy.tensor.array.expressions.from_matrix_to_array import convert_matrix_to_array

        def by_matrices() -> Any:
            return expression.diff(*[variable] * order)

        def by_arrays() -> Any:
            array = convert_matrix_to_array(expression)
            for _ in range(order):
                array = array_derive(array, variable)
            return convert_array_to_matrix(array)

        return [by_matrices, by_arrays]

    def ways(self, case: Case, is_right: Callable[[Array], bool], inputs: Mapping[str, Array]) -> list[Way]:
        expression, names = self.build(case, numbers=True)
        found: list[Way] = []
        wrong = False
        for index, form in enumerate(self._forms(expression, names[case.wrt], case.order)):
            try:
                value = self._value(self._checked(form()), names, inputs)
            except Exception:  # whatever a rival stumbles over is something that it cannot do
                continue
            if is_right(value):
                found.append(partial(self._printed, case, index))
            else:
                wrong = True
        if not found:
            raise CannotDo("wrong" if wrong else "no form of the derivative")
        return found

    def _printed(self, case: Case, index: int, tag: str) -> str:
        expression, names = self.build(case, tag=tag)
        return str(self.sympy.latex(self._forms(expression, names[case.wrt], case.order)[index]()))

    def _checked(self, derivative: Any) -> Any:
        if derivative.has(self.sympy.Derivative) or "ArrayDerivative" in self.sympy.srepr(derivative):
            raise CannotDo("a derivative that stays unevaluated")
        return derivative

    def _value(self, derivative: Any, names: Mapping[str, Any], inputs: Mapping[str, Array]) -> Array:
        """The entries of a derivative at a point, in SymPy's order of axes."""
        s = self.sympy
        numbers = {
            names[name]: s.ImmutableMatrix(np.reshape(value, names[name].shape))
            if value.ndim
            else s.Float(float(value))
            for name, value in inputs.items()
        }
        value = derivative.subs(numbers).doit()
        value = value.as_explicit() if hasattr(value, "as_explicit") else value
        entries = list(value) if hasattr(value, "shape") else [value]
        return np.array([float(s.N(entry)) for entry in s.flatten(entries)])


class Tensorgrad(Rival):
    """tensorgrad: a value is a tensor with an edge `r` for its rows and `c` for its columns, unless they are one."""

    name = "tensorgrad"

    def __init__(self) -> None:
        if importlib.util.find_spec("tensorgrad") is None:
            raise CannotDo("tensorgrad is not installed: pip install torch tensorgrad")
        import sympy
        import tensorgrad
        import tensorgrad.functions
        from tensorgrad.extras.to_latex import to_latex

        self.sympy, self.t, self.f = sympy, tensorgrad, tensorgrad.functions
        self.latex = to_latex

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
        if function not in (
            "exp",
            "log",
            "sqrt",
            "tanh",
            "sigmoid",
            "relu",
            "abs",
            "sign",
            "erf",
            "gelu",
            "maximum",
        ):
            raise CannotDo(function)
        return getattr(f, function)(*arguments)

    def _derivative(self, expression: Any, variable: Any, order: int) -> Any:
        for mark in ("_", "__")[:order]:
            expression = expression.grad(
                variable, {edge: edge + mark for edge in variable.edges}
            ).full_simplify()
        if "Derivative(" in repr(expression):
            raise CannotDo("a derivative that stays unevaluated")
        return expression

    def ways(self, case: Case, is_right: Callable[[Array], bool], inputs: Mapping[str, Array]) -> list[Way]:
        self._printed(case, "")
        return [partial(self._printed, case)]

    def _printed(self, case: Case, tag: str) -> str:
        expression, names = self.build(case, tag=tag)
        return str(self.latex(self._derivative(expression, names[case.wrt], case.order)))
