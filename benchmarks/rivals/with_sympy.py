"""SymPy by `MatrixSymbol`: the better of `expr.diff(X)` and its array module, form by form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.rivals.rival import CannotDo, Rival
from tools.cases import Array, Case


class SymPy(Rival):
    """SymPy's matrix expressions. It gets many derivatives wrong, and so its values are checked."""

    name = "SymPy"
    declines = (CannotDo, NotImplementedError)

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
                self.sympy.MatrixSymbol(name + tag, *sizes, *columns)
                if sizes
                else self.sympy.Symbol(name + tag)
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
            if all(matrices) and left.shape != right.shape:
                raise CannotDo("a quotient that broadcasts")
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
            column = [1] if function != "eye" and len(arguments) == 1 else []
            return kind(*arguments, *column)
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

    def forms(self) -> Sequence[Callable[[Any, Any, int], Any]]:
        return [_by_matrices, _by_arrays]

    def latex(self, derivative: Any) -> str:
        return str(self.sympy.latex(derivative))

    def check(self, derivative: Any) -> None:
        if derivative.has(self.sympy.Derivative) or "ArrayDerivative" in self.sympy.srepr(derivative):
            raise CannotDo("a derivative that stays unevaluated")

    def value(self, derivative: Any, names: Mapping[str, Any], inputs: Mapping[str, Array]) -> Array:
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


def _by_matrices(expression: Any, variable: Any, order: int) -> Any:
    return expression.diff(*[variable] * order)


def _by_arrays(expression: Any, variable: Any, order: int) -> Any:
    from sympy.tensor.array.expressions.arrayexpr_derivatives import array_derive
    from sympy.tensor.array.expressions.from_array_to_matrix import convert_array_to_matrix
    from sympy.tensor.array.expressions.from_matrix_to_array import convert_matrix_to_array

    array = convert_matrix_to_array(expression)
    for _ in range(order):
        array = array_derive(array, variable)
    return convert_array_to_matrix(array)
