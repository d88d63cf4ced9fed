"""What terms mean, on arrays of two dimensions: NumPy, real or complex, and JAX.

Every operation is written from its textbook definition and analytic where the mathematics is, so that a complex step
differentiates it. `checked` raises OutOfDomain where an operation is undefined, ill-conditioned or at a kink.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tests.fuzz.matrix_functions import MatrixFunctions
from tests.fuzz.terms import Case, Term, dim_size

LARGEST = 300.0
MARGIN = 2e-3


class OutOfDomain(Exception):
    """The expression has no good value at this point."""


class Twin(MatrixFunctions):
    """The operations by name; a scalar is an array of shape (1, 1)."""

    def __init__(self, xp: Any, erf: Any, sizes: Mapping[str, int], checked: bool = False) -> None:
        self.xp = xp
        self._erf = erf
        self.sizes = sizes
        self.checked = checked

    def need(self, condition: Any) -> None:
        """Raises OutOfDomain unless all of `condition` holds."""
        if self.checked and not self.xp.all(condition):
            raise OutOfDomain

    def clear(self, x: Any, at: float = 0.0) -> Any:
        """`x`, which keeps clear of a kink."""
        self.need(abs(x.real - at) > MARGIN)
        return x

    def run(self, term: Term, args: list[Any]) -> Any:
        """The value of a term whose arguments have values."""
        paired = term.op != "index" and bool(term.given) and isinstance(term.given[0], tuple)
        given = [value for _, value in term.given] if paired else term.given
        return getattr(self, f"{term.op}_")(*args, *given)

    # Leaves and operators

    def number_(self, value: Any) -> Any:
        return self.xp.full((1, 1), float(value))

    def constant_(self, name: str) -> Any:
        return self.xp.full((1, 1), {"pi": math.pi}[name])

    def size_(self, dim: Any) -> Any:
        return self.xp.full((1, 1), float(dim_size(dim, self.sizes)))

    def add_(self, a: Any, b: Any) -> Any:
        return a + b

    def sub_(self, a: Any, b: Any) -> Any:
        return a - b

    def mul_(self, a: Any, b: Any) -> Any:
        return a * b

    def div_(self, a: Any, b: Any) -> Any:
        self.need(abs(b) > 0.1)
        return a / b

    def matmul_(self, a: Any, b: Any) -> Any:
        return a @ b

    def neg_(self, x: Any) -> Any:
        return -x

    def pos_(self, x: Any) -> Any:
        return x

    def transpose_(self, x: Any) -> Any:
        return x.T

    def power_(self, base: Any, exponent: Any) -> Any:
        self.need(base.real > 0.1)
        self.need(abs(exponent) < 6)
        return self.xp.exp(exponent * self.xp.log(base))

    def constant_power_(self, base: Any, exponent: float, text: str = "") -> Any:
        if exponent != int(exponent):
            self.need(base.real > 0.1)
            return self.xp.sqrt(base) ** int(2 * exponent)
        self.need(abs(base) > (0.1 if exponent < 0 else MARGIN if exponent == 0 else -1))
        result = self.xp.ones_like(base)
        for _ in range(abs(int(exponent))):
            result = result * base
        return 1 / result if exponent < 0 else result

    def superscript_(self, base: Any, exponent: int) -> Any:
        return self.constant_power_(base, exponent)

    def abstract_(self, x: Any, letter: str, order: int) -> Any:
        return abstract(self.xp, letter, order, x)

    # Constants with dimensions

    def eye_(self, n: Any) -> Any:
        return self.xp.eye(dim_size(n, self.sizes))

    def ones_(self, m: Any, n: Any = 1) -> Any:
        return self.xp.ones((dim_size(m, self.sizes), dim_size(n, self.sizes)))

    def zeros_(self, m: Any, n: Any = 1) -> Any:
        return self.xp.zeros((dim_size(m, self.sizes), dim_size(n, self.sizes)))

    def commutation_(self, m: Any, n: Any) -> Any:
        rows, columns = dim_size(m, self.sizes), dim_size(n, self.sizes)
        order = [i * 1 + j * rows for i in range(rows) for j in range(columns)]
        # vec(A)[i + j rows] = A[i, j] goes to vec(Aᵀ)[j + i columns].
        return self.xp.eye(rows * columns)[self.xp.asarray(order)]

    # Elementwise

    def exp_(self, x: Any) -> Any:
        self.need(x.real < 5)
        return self.xp.exp(x)

    def expm1_(self, x: Any) -> Any:
        return self.exp_(x) - 1

    def log_(self, x: Any) -> Any:
        self.need(x.real > 0.1)
        return self.xp.log(x)

    def log1p_(self, x: Any) -> Any:
        return self.log_(1 + x)

    def sqrt_(self, x: Any) -> Any:
        self.need(x.real > 0.1)
        return self.xp.sqrt(x)

    def square_(self, x: Any) -> Any:
        return x * x

    def abs_(self, x: Any) -> Any:
        return x * self.sign_(x)

    def sign_(self, x: Any) -> Any:
        return self.xp.where(self.clear(x).real > 0, 1.0, -1.0)

    def heaviside_(self, x: Any) -> Any:
        return self.xp.where(self.clear(x).real > 0, 1.0, 0.0)

    def sin_(self, x: Any) -> Any:
        return self.xp.sin(x)

    def cos_(self, x: Any) -> Any:
        return self.xp.cos(x)

    def tan_(self, x: Any) -> Any:
        self.need(abs(self.xp.cos(x)) > 0.2)
        return self.xp.sin(x) / self.xp.cos(x)

    def arcsin_(self, x: Any) -> Any:
        self.need(abs(x) < 0.95)
        return self.xp.arcsin(x)

    def arccos_(self, x: Any) -> Any:
        self.need(abs(x) < 0.95)
        return self.xp.arccos(x)

    def arctan_(self, x: Any) -> Any:
        return self.xp.arctan(x)

    def sinh_(self, x: Any) -> Any:
        return (self.exp_(x) - self.exp_(-x)) / 2

    def cosh_(self, x: Any) -> Any:
        return (self.exp_(x) + self.exp_(-x)) / 2

    def tanh_(self, x: Any) -> Any:
        self.need(abs(x) < 5)
        return self.xp.tanh(x)

    def erf_(self, x: Any) -> Any:
        self.need(abs(x) < 3)
        return self._erf(x)

    def sigmoid_(self, x: Any) -> Any:
        self.need(abs(x) < 8)
        return 1 / (1 + self.xp.exp(-x))

    def relu_(self, x: Any) -> Any:
        return x * self.heaviside_(x)

    def leaky_relu_(self, x: Any) -> Any:
        return self.xp.where(self.clear(x).real > 0, x, 0.01 * x)

    def prelu_(self, x: Any, a: Any) -> Any:
        return self.xp.where(self.clear(x).real > 0, x, a * x)

    def elu_(self, x: Any) -> Any:
        self.need(x.real < 5)
        return self.xp.where(self.clear(x).real > 0, x, self.xp.exp(x) - 1)

    def selu_(self, x: Any) -> Any:
        alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
        self.need(x.real < 5)
        return self.xp.where(self.clear(x).real > 0, scale * x, scale * alpha * (self.xp.exp(x) - 1))

    def gelu_(self, x: Any) -> Any:
        return x * (1 + self.erf_(x / math.sqrt(2))) / 2

    def gelu_tanh_(self, x: Any) -> Any:
        self.need(abs(x) < 3)
        return x * (1 + self.xp.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2

    def silu_(self, x: Any) -> Any:
        return x * self.sigmoid_(x)

    def softplus_(self, x: Any) -> Any:
        self.need(abs(x) < 8)
        return self.xp.log(1 + self.xp.exp(x))

    def softsign_(self, x: Any) -> Any:
        return x / (1 + self.abs_(x))

    def hard_tanh_(self, x: Any) -> Any:
        inside = abs(self.clear(self.clear(x, 1), -1).real) < 1
        return self.xp.where(inside, x, self.xp.where(x.real > 0, 1.0, -1.0))

    def hard_sigmoid_(self, x: Any) -> Any:
        inside = abs(self.clear(self.clear(x, 3), -3).real) < 3
        return self.xp.where(inside, (x + 3) / 6, self.xp.where(x.real > 0, 1.0, 0.0))

    def maximum_(self, x: Any, y: Any) -> Any:
        self.clear(x - y)
        return self.xp.where(x.real > y.real, x + 0 * y, y + 0 * x)

    def minimum_(self, x: Any, y: Any) -> Any:
        return -self.maximum_(-x, -y)

    # Reductions

    def sum_(self, x: Any, axis: Any = None) -> Any:
        return x.sum(axis=axis, keepdims=True)

    def mean_(self, x: Any, axis: Any = None) -> Any:
        count = x.size if axis is None else x.shape[axis]
        return x.sum(axis=axis, keepdims=True) / count

    def _top(self, x: Any, axis: Any) -> Any:
        """Where the largest entry is, along an axis."""
        if axis is None:
            return self._top(x.reshape(-1, 1), 0).reshape(x.shape)
        if self.checked and x.shape[axis] > 1:
            ranked = self.xp.sort(x.real, axis=axis)
            ranked = ranked if axis == 0 else ranked.T
            self.need(ranked[-1] - ranked[-2] > MARGIN)
        return self.xp.where(x.real == x.real.max(axis=axis, keepdims=True), 1.0, 0.0)

    def argmax_indicator_(self, x: Any, axis: Any = None) -> Any:
        return self._top(x, axis)

    def argmin_indicator_(self, x: Any, axis: Any = None) -> Any:
        return self._top(-x, axis)

    def max_(self, x: Any, axis: Any = None) -> Any:
        return (x * self._top(x, axis)).sum(axis=axis, keepdims=True)

    def min_(self, x: Any, axis: Any = None) -> Any:
        return -self.max_(-x, axis)

    def logsumexp_(self, x: Any, axis: Any = None) -> Any:
        self.need(abs(x) < 8)
        return self.xp.log(self.xp.exp(x).sum(axis=axis, keepdims=True))

    def softmax_(self, x: Any, axis: Any = None) -> Any:
        self.need(abs(x) < 8)
        return self.xp.exp(x) / self.xp.exp(x).sum(axis=axis, keepdims=True)

    def log_softmax_(self, x: Any, axis: Any = None) -> Any:
        return x - self.logsumexp_(x, axis)

    # Linear algebra

    def tr_(self, x: Any) -> Any:
        return self.xp.diag(x).sum().reshape(1, 1)

    def det_(self, x: Any) -> Any:
        self._good(x)
        return self.xp.linalg.det(x).reshape(1, 1)

    def logdet_(self, x: Any) -> Any:
        value = self.det_(x)
        return self.xp.log(self.xp.where(value.real > 0, value, -value))

    def inv_(self, x: Any) -> Any:
        self._good(x)
        return self.xp.linalg.inv(x)

    def diag_(self, x: Any) -> Any:
        return x.reshape(-1, 1) * self.xp.eye(x.size)

    def diagonal_(self, x: Any) -> Any:
        return self.xp.diag(x).reshape(-1, 1)

    def outer_(self, x: Any, y: Any) -> Any:
        return x.reshape(-1, 1) * y.reshape(1, -1)

    def dot_(self, x: Any, y: Any) -> Any:
        return x.reshape(1, -1) @ y.reshape(-1, 1)

    def kron_(self, a: Any, b: Any) -> Any:
        blocks = a[:, None, :, None] * b[None, :, None, :]
        return blocks.reshape(a.shape[0] * b.shape[0], a.shape[1] * b.shape[1])

    def vec_(self, x: Any) -> Any:
        return x.T.reshape(-1, 1)

    def norm_(self, x: Any) -> Any:
        square = self.sum_(x * x)
        self.need(square.real > 0.1)
        return self.xp.sqrt(square)

    def norm1_(self, x: Any) -> Any:
        return self.sum_(self.abs_(x))

    def norm_inf_(self, x: Any) -> Any:
        return self.max_(self.abs_(x))

    # Losses

    def surprise_(self, p: Any) -> Any:
        return -self.log_(p)

    def entropy_(self, p: Any) -> Any:
        return -self.sum_(p * self.log_(p))

    def cross_entropy_(self, p: Any, q: Any) -> Any:
        return -self.sum_(p * self.log_(q))

    def kl_divergence_(self, p: Any, q: Any) -> Any:
        return self.sum_(p * (self.log_(p) - self.log_(q)))

    def softmax_cross_entropy_(self, labels: Any, logits: Any) -> Any:
        axis = None if 1 in logits.shape else 1
        return -self.sum_(labels * self.log_softmax_(logits, axis))

    def binary_cross_entropy_(self, y: Any, p: Any) -> Any:
        return -self.sum_(y * self.log_(p) + (1 - y) * self.log_(1 - p))

    def sse_(self, a: Any, b: Any) -> Any:
        return self.sum_((a - b) ** 2)

    def mse_(self, a: Any, b: Any) -> Any:
        return self.mean_((a - b) ** 2)

    def huber_(self, r: Any, delta: Any = None) -> Any:
        delta = self.number_(1 if delta is None else delta) if not hasattr(delta, "shape") else delta
        return self.sum_(self.huber_entry_(r, delta))

    def huber_entry_(self, r: Any, delta: Any) -> Any:
        self.need(delta.real > 0.1)
        size = self.abs_(r)
        self.clear(size - delta)
        return self.xp.where(size.real <= delta.real, r * r / 2, delta * (size - delta / 2))

    def hinge_(self, y: Any, s: Any) -> Any:
        return self.sum_(self.relu_(1 - y * s))

    def gaussian_surprise_(self, x: Any, mu: Any) -> Any:
        difference = x - mu
        return self.sum_(difference**2) / 2 + difference.size * math.log(2 * math.pi) / 2

    # Index forms

    def index_(self, *args: Any) -> Any:
        from tests.fuzz.index_forms import value

        *operands, body, letters, sizes = args
        return value(self, operands, body, letters, {k: dim_size(d, self.sizes) for k, d in sizes})


RATES = {"f": (1.3, 0.4), "g": (0.7, -0.9), "h": (1.1, 1.7)}


def abstract(xp: Any, letter: str, order: int, x: Any) -> Any:
    """What f, g and h stand for in the tests: a sine with its own rate and phase, and its derivatives."""
    rate, phase = RATES[letter]
    return rate**order * xp.sin(rate * x + (phase + order * math.pi / 2))


def numpy_twin(sizes: Mapping[str, int], checked: bool = False) -> Twin:
    """On NumPy's arrays."""
    import numpy as np
    from scipy.special import erf

    return Twin(np, erf, sizes, checked)


def jax_twin(sizes: Mapping[str, int]) -> Twin:
    """On JAX's arrays."""
    import jax.numpy as jnp
    from jax.scipy.special import erf

    return Twin(jnp, erf, sizes)


def evaluate(case: Case, twin: Twin, values: Mapping[str, Any], term: Term | None = None) -> Any:
    """The value of the case's expression at `values`."""
    known: dict[str, Any] = {}

    def value(part: Term) -> Any:
        if part.op == "var":
            return values[part.given[0]]
        if part.op == "ref":
            name = part.given[0]
            if name not in known:
                known[name] = value(case.definitions[name])
            return known[name]
        result = twin.run(part, [value(arg) for arg in part.args])
        if twin.checked:
            twin.need(abs(result) < LARGEST)
        return result

    return value(case.term if term is None else term)
