"""Smart constructors of the notation tree: products that flatten, transposes that cancel, scalars in front.

Each says in one place how a mathematician would join two formulas; the writers above only decide what to join.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from matcalc.graph.numbers import Coefficient
from matcalc.notation.tree import (
    SCALAR,
    Addition,
    Call,
    Hadamard,
    Literal,
    MatrixProduct,
    Negative,
    Power,
    Quotient,
    Scaled,
    Shape,
    Transposed,
    Tree,
)
from matcalc.shapes.dims import Dim, dim_text

ONE = Literal(SCALAR, 1)

# A product of this many transposed factors is shorter as the transpose of a product.
_WRAPPED_FROM = 3

_SYMMETRIC_CALLS = ("eye", "diag")


def literal(value: Coefficient) -> Tree:
    """A number as a scalar; a negative one is the negative of a positive."""
    return Negative(SCALAR, Literal(SCALAR, -value)) if value < 0 else Literal(SCALAR, value)


def is_scalar(tree: Tree) -> bool:
    """Whether the formula has one entry."""
    return tree.shape == SCALAR


def call(name: str, shape: Shape, *arguments: Tree, **keywords: object) -> Call:
    """`name(arguments, key=value)`."""
    return Call(shape, name, arguments, tuple((key, str(value)) for key, value in keywords.items()))


def sized(name: str, shape: Shape, *dims: Dim) -> Call:
    """A constructor that takes sizes: `eye(n)`, `ones(m, n)`."""
    from matcalc.notation.tree import Name

    return Call(shape, name, tuple(Name(SCALAR, dim_text(dim)) for dim in dims))


def eye(dim: Dim) -> Call:
    """The identity matrix."""
    return sized("eye", (dim, dim), dim)


def ones(rows: Dim, columns: Dim) -> Tree:
    """All ones: `ones(n)` for a column, `ones(m, n)` else."""
    return sized("ones", (rows, 1), rows) if columns == 1 else sized("ones", (rows, columns), rows, columns)


def diag(column: Tree) -> Tree:
    """The diagonal matrix of a column."""
    return call("diag", (column.shape[0], column.shape[0]), column)


def transposed(tree: Tree) -> Tree:
    """The transpose, pushed into products: (A B)ᵀ is Bᵀ Aᵀ; a double one cancels."""
    if tree.symmetric or is_scalar(tree):
        return tree
    shape = (tree.shape[1], tree.shape[0])
    if isinstance(tree, Transposed):
        return tree.body
    if isinstance(tree, MatrixProduct):
        return MatrixProduct(shape, tuple(transposed(factor) for factor in reversed(tree.factors)))
    if isinstance(tree, Scaled):
        return Scaled(shape, tree.scalars, transposed(tree.body))
    if isinstance(tree, Negative):
        return Negative(shape, transposed(tree.body))
    if isinstance(tree, Quotient) and is_scalar(tree.denominator):
        return Quotient(shape, transposed(tree.numerator), tree.denominator)
    if isinstance(tree, Call):
        if tree.function in _SYMMETRIC_CALLS:
            return tree
        if tree.function == "ones":
            return ones(*shape)
        if tree.function == "kron":
            turned = tuple(transposed(argument) for argument in tree.arguments)
            if sum(map(transposes, turned)) <= sum(map(transposes, tree.arguments)):
                return call("kron", shape, *turned)
    return Transposed(shape, tree)


def shorter_transposes(tree: Tree) -> Tree:
    """A product most of whose factors are transposed, as the transpose of the product of the others."""
    if isinstance(tree, MatrixProduct):
        count = sum(isinstance(factor, Transposed) for factor in tree.factors)
        if count >= _WRAPPED_FROM and count == len(tree.factors):
            shape = (tree.shape[1], tree.shape[0])
            return Transposed(
                tree.shape, MatrixProduct(shape, tuple(map(transposed, reversed(tree.factors))))
            )
    return tree


def matrix_product(*factors: Tree) -> Tree:
    """`A @ B @ …`, flat; scalars of a factor come to the front."""
    flat: list[Tree] = []
    scalars: list[Tree] = []
    for factor in factors:
        if isinstance(factor, Scaled):
            scalars += factor.scalars
            factor = factor.body
        flat += factor.factors if isinstance(factor, MatrixProduct) else (factor,)
    if len(flat) == 1:
        return scaled(scalars, flat[0])
    return scaled(scalars, MatrixProduct((flat[0].shape[0], flat[-1].shape[1]), tuple(flat)))


def transposes(tree: Tree) -> int:
    """How many transposes a product shows; the fewer, the easier to read."""
    factors = tree.factors if isinstance(tree, MatrixProduct) else (tree,)
    return sum(isinstance(factor, Transposed) for factor in factors)


def inner_product(a: Tree, b: Tree) -> Tree:
    """aᵀ b or bᵀ a of two columns, whichever shows fewer transposes."""
    first, second = matrix_product(transposed(a), b), matrix_product(transposed(b), a)
    return first if transposes(first) <= transposes(second) else second


def hadamard(factors: Sequence[Tree]) -> Tree:
    """The product entry by entry, flat; scalars go in front."""
    flat: list[Tree] = []
    scalars: list[Tree] = []
    rows: Dim = 1
    columns: Dim = 1
    for factor in factors:
        if isinstance(factor, Scaled) and not is_scalar(factor.body):
            scalars += factor.scalars
            factor = factor.body
        if is_scalar(factor):
            scalars.append(factor)
            continue
        flat += factor.factors if isinstance(factor, Hadamard) else (factor,)
        rows = factor.shape[0] if rows == 1 else rows
        columns = factor.shape[1] if columns == 1 else columns
    if not flat:
        return scaled(scalars[:-1], scalars[-1])
    body = flat[0] if len(flat) == 1 else Hadamard((rows, columns), tuple(flat))
    return scaled(scalars, body)


def scaled(scalars: Sequence[Tree], body: Tree) -> Tree:
    """Scalars times a formula."""
    if isinstance(body, Scaled):
        scalars, body = (*scalars, *body.scalars), body.body
    if body is ONE and scalars:
        scalars, body = scalars[:-1], scalars[-1]
    return Scaled(body.shape, tuple(scalars), body) if scalars else body


def power(base: Tree, exponent: Coefficient) -> Tree:
    """base ** exponent, with the square root written as such."""
    if exponent == 1:
        return base
    if exponent == Fraction(1, 2):
        return call("sqrt", base.shape, base)
    return Power(base.shape, base, literal(exponent))


def quotient(numerator: Tree, denominators: Sequence[Tree]) -> Tree:
    """numerator / (product of the denominators), entry by entry where they are not scalars."""
    if not denominators:
        return numerator
    below = hadamard(denominators)
    shape = (
        numerator.shape
        if is_scalar(below)
        else tuple(b if a == 1 else a for a, b in zip(numerator.shape, below.shape, strict=True))
    )
    return Quotient(shape, numerator, below)


def negative(tree: Tree) -> Tree:
    """-tree; two signs cancel."""
    return tree.body if isinstance(tree, Negative) else Negative(tree.shape, tree)


def addition(terms: Sequence[tuple[int, Tree]], shape: Shape) -> Tree:
    """A signed sum that starts with a positive term, if it has one."""
    terms = list(terms)
    for place, (sign, _) in enumerate(terms):
        if sign > 0:
            terms.insert(0, terms.pop(place))
            break
    if len(terms) == 1:
        sign, tree = terms[0]
        return tree if sign > 0 else negative(tree)
    return Addition(shape, tuple(terms))


def over(coefficient: Coefficient, scalars: Sequence[Tree], below: Sequence[Tree], body: Tree | None) -> Tree:
    """coefficient · scalars · body / below, for a positive coefficient: one fraction, numbers first."""
    top, bottom = list(scalars), list(below)
    if isinstance(coefficient, Fraction):
        if coefficient.numerator != 1:
            top.insert(0, Literal(SCALAR, coefficient.numerator))
        bottom.insert(0, Literal(SCALAR, coefficient.denominator))
    elif coefficient != 1:
        top.insert(0, Literal(SCALAR, coefficient))
    if body is None:
        numerator = scaled(top[:-1], top[-1]) if top else ONE
    else:
        numerator = scaled(top, body)
    return quotient(numerator, bottom)
