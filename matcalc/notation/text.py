"""Tree → text of the python dialect, which reads back as the same formula.

Python's precedence with its fewest brackets, but for one thing: where `*`, `/` and `@` of one level would mix, the
brackets that a reader needs stay: `(u * v) @ x.T`, `(W @ x) * u`, `(a / b) * c`. Scalars in front need none:
`2 * X.T @ r` and `2 * (X.T @ r)` are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from matcalc.notation.render import Item, Rendered, render, signed
from matcalc.notation.tree import (
    Addition,
    Call,
    Hadamard,
    Indexed,
    IndexForm,
    Literal,
    MatrixProduct,
    Name,
    Negative,
    Power,
    Quotient,
    Scaled,
    Transposed,
    Tree,
    Where,
)

# How a formula binds: what its outermost operator is.
WHERE, ARROW, SUM, UNARY, TIMES, OVER, MATMUL, SCALE, POWER, NUMBER, POSTFIX = (1 << k for k in range(11))

# What may stand in a place without brackets.
ATOMIC = NUMBER | POSTFIX
FACTOR = ATOMIC | POWER
PRODUCT = FACTOR | TIMES | OVER | MATMUL | SCALE
TERM = PRODUCT
ARGUMENT = TERM | UNARY | SUM
FORMULA = ARGUMENT | ARROW
FIRST_OF_MATMUL = FACTOR | MATMUL | SCALE
FIRST_OF_TIMES = FACTOR | TIMES | SCALE


def text(tree: Tree) -> str:
    """The formula in the python dialect: `2 * X.T @ (X @ w - y)`."""
    return "".join(render(tree, RULES))


def number_text(value: float | Fraction) -> str:
    """A number as the language reads it back: `2`, `3/4`, `0.1`; a float that is a small integer prints as one."""
    if type(value) is float and abs(value) < 1e16 and value == int(value):
        return str(int(value))
    return repr(value) if type(value) is float else str(value)


def _name(tree: Name) -> Rendered:
    # The size of a fused axis is a product of names, m*n.
    return (TIMES if "*" in tree.name else POSTFIX), (tree.name,)


def _literal(tree: Literal) -> Rendered:
    shown = number_text(tree.value)
    if shown[0] == "-":
        return UNARY, (shown,)
    return (OVER if "/" in shown else NUMBER), (shown,)


def _call(tree: Call) -> Rendered:
    items: list[Item] = [tree.function + "'" * tree.primes + "("]
    for index, argument in enumerate(tree.arguments):
        if index:
            items.append(", ")
        items.append((argument, ARGUMENT))
    for key, value in tree.keywords:
        items.append(f", {key}={value}" if len(items) > 1 else f"{key}={value}")
    items.append(")")
    return POSTFIX, items


def _transposed(tree: Transposed) -> Rendered:
    return POSTFIX, ((tree.body, POSTFIX), ".T")


def _chain(factors: tuple[Tree, ...], operator: str, first: int) -> list[Item]:
    items: list[Item] = [(factors[0], first)]
    for factor in factors[1:]:
        items.append(operator)
        items.append((factor, FACTOR))
    return items


def _matrix_product(tree: MatrixProduct) -> Rendered:
    return MATMUL, _chain(tree.factors, " @ ", FIRST_OF_MATMUL)


def _hadamard(tree: Hadamard) -> Rendered:
    return TIMES, _chain(tree.factors, " * ", FIRST_OF_TIMES)


# A scaled formula goes on in its body's own operator: `2 * A @ x` binds as `A @ x` does.
_BINDING_OF_BODY = {MatrixProduct: MATMUL, Hadamard: TIMES, Quotient: OVER}
_INLINE_BODY = FACTOR | MATMUL | TIMES | OVER


def _scaled(tree: Scaled) -> Rendered:
    scalars, body = tree.scalars, tree.body
    first = scalars[0]
    if type(first) is Literal and type(first.value) is Fraction and first.value.numerator == 1:
        # Half of a thing is the thing over two.
        rest: list[Item] = [*_chain(scalars[1:], " * ", FACTOR), " * "] if len(scalars) > 1 else []
        return OVER, [*rest, (body, _INLINE_BODY | (0 if rest else SCALE)), f" / {first.value.denominator}"]
    inner = first.value if type(first) is Literal else None
    items = _chain(scalars, " * ", FACTOR | OVER if type(inner) is Fraction else FACTOR)
    if type(body) is MatrixProduct and any(type(scalar) is Indexed for scalar in scalars):
        # Among entries a matrix product stands apart: `h[i] * (x.T @ y)`.
        return TIMES, [*items, " * ", (body, FACTOR)]
    items += (" * ", (body, _INLINE_BODY))
    return _BINDING_OF_BODY.get(type(body), SCALE), items


def _quotient(tree: Quotient) -> Rendered:
    return OVER, ((tree.numerator, PRODUCT), " / ", (tree.denominator, FACTOR))


def _power(tree: Power) -> Rendered:
    return POWER, ((tree.base, ATOMIC), "**", (tree.exponent, ATOMIC))


def _negative(tree: Negative) -> Rendered:
    return UNARY, ("-", (tree.body, TERM))


def _addition(tree: Addition) -> Rendered:
    sign, term = signed(*tree.terms[0])
    items: list[Item] = [(term, ARGUMENT)] if sign > 0 else ["-", (term, TERM)]
    for pair in tree.terms[1:]:
        sign, term = signed(*pair)
        items.append(" + " if sign > 0 else " - ")
        items.append((term, TERM))
    return SUM, items


def letters_text(letters: tuple[str, ...]) -> str:
    """Output letters: joined when each is a single character, `ij`, else `i1,j`."""
    return ("" if all(len(letter) == 1 for letter in letters) else ",").join(letters)


def _indexed(tree: Indexed) -> Rendered:
    return POSTFIX, ((tree.body, POSTFIX), f"[{','.join(tree.letters)}]")


def _index_form(tree: IndexForm) -> Rendered:
    shown = letters_text(tree.letters)
    return ARROW, ((tree.body, ARGUMENT), f" -> {shown}" if shown else " ->")


def _where(tree: Where) -> Rendered:
    items: list[Item] = [(tree.body, FORMULA)]
    for index, (name, part) in enumerate(tree.definitions):
        items.append(f", {name} = " if index else f" where {name} = ")
        items.append((part, ARGUMENT))
    return WHERE, items


RULES: dict[type[Tree], Callable[[Any], Rendered]] = {
    Name: _name,
    Literal: _literal,
    Call: _call,
    Transposed: _transposed,
    MatrixProduct: _matrix_product,
    Hadamard: _hadamard,
    Scaled: _scaled,
    Quotient: _quotient,
    Power: _power,
    Negative: _negative,
    Addition: _addition,
    Indexed: _indexed,
    IndexForm: _index_form,
    Where: _where,
}
