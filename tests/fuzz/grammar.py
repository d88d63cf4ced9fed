"""Random well-shaped expressions over the whole language.

Terms are made from the shape that is wanted, downwards, and evaluated at once: an operation whose operands have no
good value there (a logarithm of a negative number, an ill-conditioned inverse, a kink) is dropped for another, so
that what comes out is defined and smooth at its own variables' values.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from tests.fuzz import index_forms
from tests.fuzz.terms import SCALAR, Case, Dim, Shape, Term, Variable, dim_size, times
from tests.fuzz.twin import LARGEST, OutOfDomain, Twin, numpy_twin

SIZES = {"n": 3, "m": 4, "p": 2, "q": 5}
MATRICES = ("A", "B", "W", "X", "M", "Y", "W1", "W_2", "Σ")
COLUMNS = ("x", "y", "u", "v", "b", "w", "z", "x_1", "yhat")
SCALARS = ("alpha", "beta", "c", "t", "λ", "lambda_", "δ", "delta", "mu")
PARTS = ("s", "r", "d", "e1", "rho", "H", "Z", "θ")

REAL = [
    "exp",
    "expm1",
    "square",
    "abs",
    "sign",
    "sin",
    "cos",
    "arctan",
    "sinh",
    "cosh",
    "tanh",
    "erf",
    "sigmoid",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "gelu_tanh",
    "silu",
    "softplus",
    "softsign",
    "hard_tanh",
    "hard_sigmoid",
    "heaviside",
    "tan",
]
POSITIVE = ["log", "sqrt", "log1p", "surprise"]
UNIT = ["arcsin", "arccos"]
TO_SCALAR = ["sum", "mean", "max", "min", "logsumexp", "norm", "norm1", "norm_inf"]
# Powers by value and as typed.
EXPONENTS: tuple[tuple[float, str], ...] = (
    *[(2, "2")] * 2,
    *[(value, str(value)) for value in (3, -1, -2, 0.5, 1, 0)],
    *[(value, f"({text})") for value, text in ((-1, "-1"), (0.5, "1/2"), (-0.5, "-1/2"), (1.5, "3/2"))],
    (2, "2.0"),
)
LOSSES = [
    "entropy",
    "cross_entropy",
    "kl_divergence",
    "softmax_cross_entropy",
    "binary_cross_entropy",
    "sse",
    "mse",
    "huber",
    "hinge",
    "gaussian_surprise",
    "dot",
]
PROPERTIES = ("symmetric", "symmetric", "spd", "diagonal", "orthogonal", "invertible")


class Grammar:
    """Makes one random case. `random` may be a `random.Random` or one of Hypothesis."""

    def __init__(self, random: Random, properties: bool = True) -> None:
        self.random = random
        self.numbers = np.random.default_rng(random.getrandbits(32))
        names = random.sample(("n", "m", "p", "q"), random.choice((2, 2, 3)))
        self.dims: list[Dim] = [*names, *((6,) if random.random() < 0.1 else ())]
        self.sizes = {name: SIZES[name] for name in names}
        self.properties = properties and random.random() < 0.4
        self.variables: dict[str, Variable] = {}
        self.definitions: dict[str, Term] = {}
        self.functions: list[str] = []
        self.value: dict[Term, Any] = {}
        self.twin: Twin = numpy_twin(self.sizes, checked=True)

    # The whole

    def case(self) -> Case:
        """An expression with its `where`, variables and all."""
        random = self.random
        budget = random.choice((1, 2, 3, 4, 5, 6, 8))
        for _ in range(random.choice((0, 0, 0, 1, 2))):
            name = random.choice([name for name in PARTS if name not in self.definitions])
            self.definitions[name] = self.term(self.any_shape(), random.choice((1, 2, 3)))
        term = self.tensor() if random.random() < 0.03 else None
        if term is None:
            term = self.term(SCALAR if random.random() < 0.45 else self.any_shape(), budget)
        case = Case(
            term, dict(self.definitions), {}, dict(self.sizes), tuple(self.functions), random.getrandbits(30)
        )
        case = case.with_variables(self.variables, spare=random.random() < 0.05)
        return case.with_variables({**self.variables, **self.witnesses(case)}, keep=case.variables)

    def witnesses(self, case: Case) -> dict[str, Variable]:
        """Unused variables that declare the dimensions which only constants bear."""
        known = {dim for variable in case.variables.values() for dim in variable.shape}
        missing = sorted(case.used_dims - known)
        return {f"e_{dim}": Variable((dim,), (), np.ones((self.sizes[dim], 1)) * 0.7) for dim in missing}

    def tensor(self) -> Term | None:
        """An index form of rank 3."""
        try:
            return self.made(index_forms.generate(self, tuple(self.any_dim() for _ in range(3)), 2))
        except OutOfDomain:
            return None

    def any_dim(self) -> Dim:
        """One of the dimensions of this case."""
        return self.random.choice(self.dims)

    def any_shape(self) -> Shape:
        """A scalar, a column, a row or a matrix."""
        return self.random.choice(
            (
                SCALAR,
                (self.any_dim(), 1),
                (self.any_dim(), 1),
                (1, self.any_dim()),
                (self.any_dim(), self.any_dim()),
                (self.any_dim(), self.any_dim()),
            )
        )

    def made(self, term: Term) -> Term:
        """The term with its value noted. Raises OutOfDomain where it has none."""
        if term not in self.value:
            if term.op == "var":
                value = self.variables[term.given[0]].value
            elif term.op == "ref":
                value = self.value[self.definitions[term.given[0]]]
            else:
                value = self.twin.run(term, [self.value[arg] for arg in term.args])
            if not np.all(np.isfinite(value)) or not np.all(abs(value) < LARGEST):
                raise OutOfDomain
            expected = tuple(dim_size(dim, self.sizes) for dim in term.shape)
            assert value.shape == expected, f"{term.op}: {value.shape} is not {expected}"
            self.value[term] = value
        return term

    def term(self, shape: Shape, budget: int) -> Term:
        """A random term of this shape with about `budget` operations."""
        if budget > 0 and not (budget == 1 and self.random.random() < 0.2):
            for _ in range(6):
                make = self.random.choice(self.makers(shape))
                try:
                    term = make(shape, budget - 1)
                    if term is not None:
                        return self.made(term)
                except OutOfDomain:
                    continue
        return self.leaf(shape)

    def makers(self, shape: Shape) -> list[Callable[[Shape, int], Term | None]]:
        """The ways to make something of this shape; the weight of one is how often it stands here."""
        fused = any(isinstance(dim, tuple) for dim in shape)
        found: list[Any] = [*[self.sum] * 3, *[self.product] * 4, self.quotient, self.signed, self.power,
                            *[self.elementwise] * 4, self.two_operands, self.abstract]  # fmt: skip
        if shape == SCALAR:
            found += [*[self.reduction] * 4, *[self.of_square] * 3, *[self.loss] * 3, *[self.matmul] * 4]
            return [*found, self.index_form, self.index_form]
        rows, columns = shape
        found += [*[self.matmul] * 5, self.transpose, self.transpose]
        if not fused:
            found += [self.index_form, self.index_form]
        if 1 in shape:
            found += [self.of_vector, self.of_vector, self.along_axis, self.along_axis]
            if columns == 1 and not fused:
                found += [self.diagonal]
        else:
            found += [self.outer, self.kron, self.softmax_of_matrix]
            if rows == columns:
                found += [*[self.square] * 4]
        if fused:
            found += [*[self.fused] * 6]
        return found

    # Leaves

    def leaf(self, shape: Shape) -> Term:
        """A variable, a constant, or a part named by `where`."""
        random = self.random
        if any(isinstance(dim, tuple) for dim in shape):
            return self.made(self.fused_leaf(shape))
        known = [name for name, part in self.definitions.items() if part.shape == shape]
        if known and random.random() < 0.5:
            return self.made(Term("ref", shape, (), (random.choice(known),)))
        if random.random() < (0.35 if shape == SCALAR else 0.1):
            return self.made(self.constant(shape))
        return self.variable(shape)

    def constant(self, shape: Shape) -> Term:
        """A number, a size, pi, ones, zeros or an identity."""
        random = self.random
        if shape == SCALAR:
            named = [dim for dim in self.dims if isinstance(dim, str)]
            kind = random.random()
            if kind < 0.15:
                return Term("size", SCALAR, (), (random.choice(named),))
            if kind < 0.25:
                return Term("constant", SCALAR, (), ("pi",))
            if kind < 0.35:
                above, below = random.choice(((1, 2), (3, 4), (1, 3), (2, 5)))
                return Term(
                    "div", SCALAR, tuple(self.made(Term("number", SCALAR, (), (k,))) for k in (above, below))
                )
            return Term("number", SCALAR, (), (random.choice((1, 2, 3, 2, 4, 0.5, 1.5, 0.25, 2.0, 0)),))
        rows, columns = shape
        if rows == columns and random.random() < 0.7:
            return Term("eye", shape, (), (("", rows),))
        name = "ones" if random.random() < 0.8 else "zeros"
        short = columns == 1 and random.random() < 0.7
        return Term(name, shape, (), (("", rows),) if short else (("", rows), ("", columns)))

    def variable(self, shape: Shape) -> Term:
        """A variable, known or new, or its transpose."""
        random = self.random
        known = [name for name, each in self.variables.items() if each.grid == shape]
        if known and (random.random() < 0.65 or len(self.variables) > 4):
            return self.made(Term("var", shape, (), (random.choice(known),)))
        turned = shape[::-1]
        if turned != shape and random.random() < (0.8 if shape[0] == 1 else 0.2):
            return self.made(Term("transpose", shape, (self.variable(turned),)))
        pool = SCALARS if shape == SCALAR else COLUMNS if 1 in shape else MATRICES
        name = random.choice([name for name in pool if name not in self.variables])
        declared = () if shape == SCALAR else shape[:1] if shape[1] == 1 else shape
        self.variables[name] = self.declare(declared)
        return self.made(Term("var", shape, (), (name,)))

    def declare(self, shape: Shape) -> Variable:
        """A new variable with its array, now and then with a property."""
        grid = (*shape, 1, 1)[:2] if len(shape) < 2 else shape
        sizes = tuple(dim_size(dim, self.sizes) for dim in grid)
        square = len(shape) == 2 and shape[0] == shape[1]
        wanted = self.properties and self.random.random() < 0.5
        values = self.numbers.uniform(-2, 2, sizes)
        if square and wanted:
            name = self.random.choice(PROPERTIES)
            return Variable(shape, (name,), with_property(name, self.well_conditioned(sizes[0])))
        if square:
            return Variable(shape, (), self.well_conditioned(sizes[0]))
        if wanted and len(shape) == 1 and self.random.random() < 0.3:
            return Variable(
                shape, ("simplex",), (weights := self.numbers.uniform(0.3, 2, sizes)) / weights.sum()
            )
        if wanted or self.random.random() < 0.25:
            return Variable(shape, ("positive",) if wanted else (), self.numbers.uniform(0.3, 2, sizes))
        return Variable(shape, (), values)

    def well_conditioned(self, size: int) -> Any:
        """A generic square matrix that can be inverted with ease."""
        while True:
            values = self.numbers.uniform(-2, 2, (size, size))
            if np.linalg.cond(values) < 12:
                return values

    def fused_leaf(self, shape: Shape) -> Term:
        """Something with fused axes and little else."""
        try:
            found = self.fused(shape, 0)
            if found is not None:
                return found
        except OutOfDomain:
            pass
        return Term("ones", shape, (), (("", shape[0]), ("", shape[1])))

    # Operators

    def overlaid(self, shape: Shape) -> tuple[Shape, Shape]:
        """Two shapes that broadcast to this one."""
        kind = self.random.random()
        if kind < 0.6 or shape == SCALAR:
            return shape, shape
        fewer = tuple(1 if self.random.random() < 0.6 else dim for dim in shape)
        pair = (shape, fewer) if self.random.random() < 0.5 else (fewer, shape)
        if kind > 0.95 and 1 not in shape:
            pair = ((shape[0], 1), (1, shape[1]))
        return pair

    def split(self, budget: int) -> tuple[int, int]:
        """A budget in two parts."""
        left = self.random.randint(0, budget)
        return left, budget - left

    def pair(self, op: str, shape: Shape, budget: int) -> Term:
        left, right = self.split(budget)
        a, b = self.overlaid(shape)
        return Term(op, shape, (self.term(a, left), self.term(b, right)))

    def sum(self, shape: Shape, budget: int) -> Term:
        """a + b, a - b."""
        return self.pair(self.random.choice(("add", "sub")), shape, budget)

    def product(self, shape: Shape, budget: int) -> Term:
        """a * b."""
        return self.pair("mul", shape, budget)

    def quotient(self, shape: Shape, budget: int) -> Term:
        """a / b."""
        return self.pair("div", shape, budget)

    def signed(self, shape: Shape, budget: int) -> Term:
        """-a, seldom +a."""
        return Term("neg" if self.random.random() < 0.9 else "pos", shape, (self.term(shape, budget),))

    def power(self, shape: Shape, budget: int) -> Term:
        """A power, with a constant or a scalar for its exponent."""
        if self.random.random() < 0.2:
            left, right = self.split(budget)
            return Term("power", shape, (self.positive(shape, left), self.term(SCALAR, right)))
        value, text = self.random.choice(EXPONENTS)
        if value in (2, 3, -1) and isinstance(value, int) and 1 in shape and self.random.random() < 0.3:
            return Term("superscript", shape, (self.term(shape, budget),), (value,))
        base = self.positive(shape, budget) if value != int(value) else self.term(shape, budget)
        return Term("constant_power", shape, (base,), (value, text))

    def transpose(self, shape: Shape, budget: int) -> Term:
        """a.T."""
        return Term("transpose", shape, (self.term(shape[::-1], budget),))

    def matmul(self, shape: Shape, budget: int) -> Term:
        """A @ B over any inner dimension."""
        left, right = self.split(budget)
        if self.random.random() < 0.08 and len(self.dims) > 1:
            return self.through_fused(shape, left, right)
        inner: Dim = self.any_dim()
        if 1 not in shape and self.random.random() < 0.25:
            inner = 1
        return Term(
            "matmul", shape, (self.term((shape[0], inner), left), self.term((inner, shape[1]), right))
        )

    def through_fused(self, shape: Shape, left: int, right: int) -> Term:
        """A product over an axis of m·n entries, now and then with a commutation matrix in it."""
        one, other = self.random.sample(self.dims, 2)
        inner = times(one, other)
        if dim_size(inner, self.sizes) > 15:
            raise OutOfDomain
        first, second = self.term((shape[0], inner), left), self.term((inner, shape[1]), right)
        if self.random.random() < 0.3:
            given = (("", one), ("", other))
            swap = self.made(Term("commutation", (inner, inner), (), given))
            first = self.made(Term("matmul", first.shape, (first, swap)))
        return Term("matmul", shape, (first, second))

    def elementwise(self, shape: Shape, budget: int) -> Term:
        """A function of the table."""
        kind = self.random.random()
        if kind < 0.7:
            return Term(self.random.choice(REAL), shape, (self.term(shape, budget),))
        if kind < 0.92:
            return Term(self.random.choice(POSITIVE), shape, (self.positive(shape, budget),))
        return Term(self.random.choice(UNIT), shape, (self.bounded(shape, budget),))

    def two_operands(self, shape: Shape, budget: int) -> Term:
        """maximum, minimum, prelu."""
        name = self.random.choice(("maximum", "minimum", "prelu"))
        if name != "prelu":
            return self.pair(name, shape, budget)
        return Term(name, shape, (self.term(shape, budget), self.term(SCALAR, 0)))

    def abstract(self, shape: Shape, budget: int) -> Term:
        """f(x), g'(x), h''(x)."""
        letter = self.random.choice("ffgh")
        if letter not in self.functions:
            self.functions.append(letter)
        return Term(
            "abstract", shape, (self.term(shape, budget),), (letter, self.random.choice((0, 0, 0, 1, 2)))
        )

    def positive(self, shape: Shape, budget: int) -> Term:
        """Something with positive entries, most of the time."""
        kind = self.random.random()
        if kind < 0.4:
            return self.term(shape, budget)
        inner = self.term(shape, max(budget - 1, 0))
        if kind < 0.6:
            return self.made(Term("exp", shape, (inner,)))
        if kind < 0.8:
            return self.made(Term(self.random.choice(("sigmoid", "softplus")), shape, (inner,)))
        squared = self.made(Term("constant_power", shape, (inner,), (2, "2")))
        return self.made(Term("add", shape, (squared, self.made(Term("number", SCALAR, (), (1,))))))

    def bounded(self, shape: Shape, budget: int) -> Term:
        """Something between -1 and 1."""
        inner = self.term(shape, max(budget - 1, 0))
        return self.made(Term(self.random.choice(("tanh", "sin", "sigmoid", "erf")), shape, (inner,)))

    def proportion(self, shape: Shape, budget: int) -> Term:
        """Something between 0 and 1."""
        inner = self.term(shape, max(budget - 1, 0))
        if 1 in shape and shape != SCALAR and self.random.random() < 0.4:
            return self.made(Term("softmax", shape, (inner,)))
        return self.made(Term("sigmoid", shape, (inner,)))

    def index_form(self, shape: Shape, budget: int) -> Term:
        """An index form in parentheses; a row is the transpose of one."""
        if shape[0] == 1 and shape != SCALAR:
            return Term("transpose", shape, (self.made(index_forms.generate(self, shape[::-1], budget)),))
        return index_forms.generate(self, shape, budget)

    # Functions

    def reduction(self, shape: Shape, budget: int) -> Term:
        """Of all entries."""
        return Term(self.random.choice(TO_SCALAR), SCALAR, (self.term(self.any_shape(), budget),))

    def along_axis(self, shape: Shape, budget: int) -> Term:
        """A row or a column from a matrix."""
        name = self.random.choice(("sum", "sum", "mean", "max", "min", "logsumexp"))
        row = shape[0] == 1
        other = self.any_dim()
        matrix = self.term((other, shape[1]) if row else (shape[0], other), budget)
        return Term(name, shape, (matrix,), (("axis", 0 if row else 1),))

    def of_vector(self, shape: Shape, budget: int) -> Term:
        """Functions of a vector that keep its shape."""
        name = self.random.choice(
            ("softmax", "softmax", "log_softmax", "argmax_indicator", "argmin_indicator")
        )
        return Term(name, shape, (self.term(shape, budget),))

    def softmax_of_matrix(self, shape: Shape, budget: int) -> Term:
        """Along an axis, or the indicators of all entries."""
        name = self.random.choice(("softmax", "softmax", "log_softmax", "argmax_indicator"))
        axis = self.random.choice((0, 1))
        given = () if name == "argmax_indicator" and self.random.random() < 0.4 else (("axis", axis),)
        return Term(name, shape, (self.term(shape, budget),), given)

    def square_shape(self) -> Shape:
        """n × n."""
        dim = self.any_dim()
        return dim, dim

    def of_square(self, shape: Shape, budget: int) -> Term:
        """tr, det, logdet."""
        name = self.random.choice(("tr", "tr", "det", "logdet"))
        wanted = self.square_shape()
        return Term(
            name, SCALAR, (self.term(wanted, budget) if name == "tr" else self.invertible(wanted, budget),)
        )

    def invertible(self, shape: Shape, budget: int) -> Term:
        """A square matrix that has an inverse, most of the time."""
        if self.random.random() < 0.6:
            return self.term(shape, budget)
        factor = self.term((shape[0], self.any_dim()), max(budget - 1, 0))
        turned = self.made(Term("transpose", factor.shape[::-1], (factor,)))
        square = self.made(Term("matmul", shape, (factor, turned)))
        return self.made(Term("add", shape, (square, self.made(Term("eye", shape, (), (("", shape[0]),))))))

    def square(self, shape: Shape, budget: int) -> Term:
        """inv, diag, matrix_power, A @ A.T."""
        kind = self.random.choice(("inv", "inv", "diag", "diag", "matrix_power", "gram"))
        if kind == "inv":
            return Term("inv", shape, (self.invertible(shape, budget),))
        if kind == "diag":
            vector = (shape[0], 1) if self.random.random() < 0.8 else (1, shape[0])
            return Term("diag", shape, (self.term(vector, budget),))
        if kind == "matrix_power":
            power = self.random.choice((2, 3, 2, -1, -2, 0, 1))
            return Term("matrix_power", shape, (self.invertible(shape, budget),), (("", power),))
        factor = self.term((shape[0], self.any_dim()), budget)
        return Term("matmul", shape, (factor, self.made(Term("transpose", factor.shape[::-1], (factor,)))))

    def diagonal(self, shape: Shape, budget: int) -> Term:
        """The diagonal of a matrix."""
        return Term("diagonal", shape, (self.term((shape[0], shape[0]), budget),))

    def outer(self, shape: Shape, budget: int) -> Term:
        """outer of rows or columns."""
        left, right = self.split(budget)
        a = (shape[0], 1) if self.random.random() < 0.8 else (1, shape[0])
        b = (shape[1], 1) if self.random.random() < 0.8 else (1, shape[1])
        return Term("outer", shape, (self.term(a, left), self.term(b, right)))

    def kron(self, shape: Shape, budget: int) -> Term:
        """kron of a column with a row, or with a scalar."""
        left, right = self.split(budget)
        shapes = self.random.choice(
            (((shape[0], 1), (1, shape[1])), ((1, shape[1]), (shape[0], 1)), (SCALAR, shape), (shape, SCALAR))
        )
        return Term("kron", shape, (self.term(shapes[0], left), self.term(shapes[1], right)))

    def fused(self, shape: Shape, budget: int) -> Term | None:
        """vec, kron and commutation: what has axes of two dimensions in one."""
        parts = [list(dim) if isinstance(dim, tuple) and len(dim) == 2 else dim for dim in shape]
        random = self.random
        if any(isinstance(part, tuple) for part in parts):
            return None
        for part in parts:
            if isinstance(part, list):
                random.shuffle(part)
        left, right = self.split(budget)
        rows, columns = parts
        if columns == 1 and isinstance(rows, list) and random.random() < 0.5:
            return Term("vec", shape, (self.term(tuple(rows), budget),))
        if (
            isinstance(rows, list)
            and isinstance(columns, list)
            and sorted(map(str, rows)) == sorted(map(str, columns))
        ):
            if random.random() < 0.3:
                return Term("commutation", shape, (), (("", rows[0]), ("", rows[1])))
            if random.random() < 0.2:
                return Term("eye", shape, (), (("", shape[0]),))
        if rows == 1 and isinstance(columns, list) and random.random() < 0.4:
            stacked = self.made(Term("vec", shape[::-1], (self.term(tuple(columns), budget),)))
            return Term("transpose", shape, (stacked,))
        split = [part if isinstance(part, list) else random.choice(([part, 1], [1, part])) for part in parts]
        a, b = (split[0][0], split[1][0]), (split[0][1], split[1][1])
        return Term("kron", shape, (self.term(a, left), self.term(b, right)))

    def loss(self, shape: Shape, budget: int) -> Term:
        """Losses and distances of distributions."""
        random = self.random
        name = random.choice(LOSSES)
        of = self.any_shape()
        left, right = self.split(budget)
        if name == "entropy":
            return Term(name, SCALAR, (self.positive(of, budget),))
        if name in ("cross_entropy", "kl_divergence"):
            return Term(name, SCALAR, (self.positive(of, left), self.positive(of, right)))
        if name == "binary_cross_entropy":
            return Term(name, SCALAR, (self.term(of, left), self.proportion(of, right)))
        if name == "huber":
            given = random.choice(((), (("", 1.5),), (("delta", 0.5),)))
            if random.random() < 0.3:
                return Term(name, SCALAR, (self.term(of, left), self.positive(SCALAR, right)))
            return Term(name, SCALAR, (self.term(of, budget),), given)
        if name == "dot":
            dim = self.any_dim()
            shapes = [random.choice(((dim, 1), (dim, 1), (1, dim))) for _ in range(2)]
            return Term(name, SCALAR, (self.term(shapes[0], left), self.term(shapes[1], right)))
        return Term(name, SCALAR, (self.term(of, left), self.term(of, right)))


def with_property(name: str, values: Any) -> Any:
    """A matrix that has the property, made of a generic one."""
    if name == "symmetric":
        return (values + values.T) / 2
    if name == "spd":
        return values @ values.T / 2 + np.eye(len(values)) / 2
    if name == "diagonal":
        return np.diag(np.diag(values) + np.sign(np.diag(values)) / 2)
    if name == "orthogonal":
        return np.linalg.qr(values)[0]
    return values


def generate(seed: int) -> Case:
    """The case of this seed. Every third draws from the whole table of functions, the others only by hand."""
    from dataclasses import replace

    from tests.fuzz.table import TableGrammar

    grammar = Grammar if seed % 3 else TableGrammar
    return replace(grammar(Random(seed)).case(), seed=seed)
