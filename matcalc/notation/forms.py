"""Functions that mathematics writes with signs of its own: X⁻¹, ‖x‖, A ⊗ B, Iₙ, √x, 1ᵀx.

A form is how a call looks in every notation; it answers None where the sign would not say what is meant, and then the
call is written as the function's name with its arguments. All other functions are their `latex` in the table.
`inv.T` is the form of a transposed inverse.
"""

from __future__ import annotations

from matcalc.notation.mathematical import (
    APPLIED,
    BASE,
    FACTOR,
    FORMULA,
    INDEXED,
    NUMBER,
    OPERAND,
    PRODUCT,
    SCRIPTED,
    SIGNED,
    TENSOR,
    TERM,
    Form,
    Notation,
    is_matrix,
    is_scalar,
)
from matcalc.notation.render import Item, Rendered
from matcalc.notation.tree import SCALAR, Call, Literal, Name, Negative, Power, Transposed


def _inverse(notation: Notation, tree: Call) -> Rendered:
    body = tree.arguments[0]
    if type(body) is Transposed:
        return _inverse_transposed(notation, Call(tree.shape, "inv", (body.body,)))
    return SCRIPTED, notation.scripted(((body, BASE),), (), (notation.inverse,))


def _inverse_transposed(notation: Notation, tree: Call) -> Rendered:
    return SCRIPTED, notation.scripted(((tree.arguments[0], BASE),), (), (notation.inverse_top,))


def _pseudoinverse(notation: Notation, tree: Call) -> Rendered:
    return SCRIPTED, notation.scripted(((tree.arguments[0], BASE),), (), (notation.mark("+"),))


def _matrix_power(notation: Notation, tree: Call) -> Rendered:
    body, power = tree.arguments
    return SCRIPTED, notation.scripted(((body, BASE),), (), notation.exponent(power, False, False))


def _square(notation: Notation, tree: Call) -> Rendered:
    body = tree.arguments[0]
    return notation.power(Power(tree.shape, body, Literal(SCALAR, 2)))


def _exponential(notation: Notation, tree: Call) -> Rendered | None:
    """e^x for short exponents; e to a matrix would be the matrix exponential."""
    body = tree.arguments[0]
    core = body.body if type(body) is Negative else body
    if is_matrix(body) or type(core) not in (Name, Literal) or "e" in notation.avoid:
        return None
    return SCRIPTED, notation.scripted((notation.mark("e"),), (), notation.exponent(body, False, False))


def _root(notation: Notation, tree: Call) -> Rendered:
    return notation.root(tree.arguments[0])


def _modulus(notation: Notation, tree: Call) -> Rendered | None:
    """|a|, and |x| entry by entry; |A| could be taken for the determinant."""
    body = tree.arguments[0]
    return None if is_matrix(body) else (APPLIED, notation.bars(1, ((body, FORMULA),)))


def _norm(notation: Notation, tree: Call) -> Rendered:
    body = tree.arguments[0]
    below = "F" if is_matrix(body) else "2"
    return APPLIED, notation.scripted(notation.bars(2, ((body, FORMULA),)), (notation.mark(below),), ())


def _entry_norm(below: str) -> Form:
    """The norm of all entries; of a matrix it is that of vec, since ‖A‖₁ is the largest column sum."""

    def form(notation: Notation, tree: Call) -> Rendered:
        body = tree.arguments[0]
        inner: list[Item] = [(body, FORMULA)]
        if is_matrix(body):
            inner = [notation.head("vec", 0), notation.opening, *inner, notation.closing]
        sign = notation.infinity if below == "inf" else notation.mark(below)
        return APPLIED, notation.scripted(notation.bars(2, inner), (sign,), ())

    return form


def _matrix_norm(below: str) -> Form:
    def form(notation: Notation, tree: Call) -> Rendered:
        sign = notation.upright(below) if below.isalpha() else notation.mark(below)
        return APPLIED, notation.scripted(notation.bars(2, ((tree.arguments[0], FORMULA),)), (sign,), ())

    return form


def _logdet(notation: Notation, tree: Call) -> Rendered:
    inside: tuple[Item, ...] = (
        notation.head("det", 0),
        notation.opening,
        (tree.arguments[0], FORMULA),
        notation.closing,
    )
    return APPLIED, (notation.head("log", 0), *notation.bars(1, inside))


def _between(sign: str) -> Form:
    """A ⊗ B, a × b: products of their own, in brackets beside any other."""

    def form(notation: Notation, tree: Call) -> Rendered:
        first, second = tree.arguments
        return TENSOR, ((first, FACTOR), getattr(notation, sign), (second, FACTOR))

    return form


def _outer(notation: Notation, tree: Call) -> Rendered:
    first, second = tree.arguments
    return PRODUCT, (
        (first, FACTOR),
        notation.gap,
        *notation.scripted(((second, BASE),), (), (notation.top,)),
    )


def _inner(notation: Notation, tree: Call) -> Rendered:
    first, second = tree.arguments
    return PRODUCT, (
        *notation.scripted(((first, BASE),), (), (notation.top,)),
        notation.gap,
        (second, FACTOR),
    )


def _sum(notation: Notation, tree: Call) -> Rendered | None:
    """1ᵀ x, X 1, 1ᵀ X 1: the sum as a product with ones, on the sides that are summed."""
    body = tree.arguments[0]
    options = dict(tree.keywords)
    axis = options.get("axis")
    if len(tree.arguments) > 1 or is_scalar(body):
        return None
    rows = axis == "0" or (axis is None and body.shape[0] != 1)
    columns = axis == "1" or (axis is None and body.shape[1] != 1)
    items: list[Item] = []
    if rows:
        items += (*notation.scripted((notation.ones,), (), (notation.top,)), notation.gap)
    items.append((body, FACTOR & ~NUMBER if rows else OPERAND))
    if columns:
        items += (notation.gap, notation.ones)
    return PRODUCT, items


def _sum_transposed(notation: Notation, tree: Call) -> Rendered | None:
    """(1ᵀ X)ᵀ is Xᵀ 1."""
    if dict(tree.keywords) != {"axis": "0"} or len(tree.arguments) != 1:
        return None
    above = notation.scripted(((tree.arguments[0], BASE),), (), (notation.top,))
    return PRODUCT, (*above, notation.gap, notation.ones)


def _sized(sign: str) -> Form:
    """Iₙ, 1ₙ, 0 with its size below: constants that are told apart by their dimensions."""

    def form(notation: Notation, tree: Call) -> Rendered:
        below: list[Item] = []
        for index, size in enumerate(tree.arguments):
            if index:
                below.append(notation.cross)
            below.append((size, FORMULA))
        return INDEXED, notation.scripted((getattr(notation, sign),), below, ())

    return form


def _commutation(notation: Notation, tree: Call) -> Rendered:
    rows, columns = tree.arguments
    return INDEXED, notation.scripted(
        (notation.mark("K"),), ((rows, FORMULA), notation.comma, (columns, FORMULA)), ()
    )


def _entropy(notation: Notation, tree: Call) -> Rendered | None:
    """H(p), and H(p, q) of two."""
    return None if "H" in notation.avoid else notation.with_arguments(notation.mark("H"), tree)


def _divergence(notation: Notation, tree: Call) -> Rendered:
    first, second = tree.arguments
    head = notation.scripted((notation.mark("D"),), (notation.upright("KL"),), ())
    inside = (notation.opening, (first, FORMULA), notation.parallel, (second, FORMULA), notation.closing)
    return APPLIED, (*head, notation.application, *inside)


def _squared_error(notation: Notation, tree: Call) -> Rendered:
    first, second = tree.arguments
    bars = notation.bars(2, ((first, FORMULA), notation.minus, (second, TERM)))
    below = "F" if is_matrix(first) or is_matrix(second) else "2"
    return SCRIPTED, notation.scripted(bars, (notation.mark(below),), (notation.mark("2"),))


def _surprise(notation: Notation, tree: Call) -> Rendered:
    head = notation.head("log", 0) + notation.application
    return SIGNED, (notation.sign, head, notation.opening, (tree.arguments[0], FORMULA), notation.closing)


def _with(count: int, form: Form) -> Form:
    """The form for calls with exactly so many arguments and no options; others are written by name."""

    def guarded(notation: Notation, tree: Call) -> Rendered | None:
        return form(notation, tree) if len(tree.arguments) == count and not tree.keywords else None

    return guarded


FORMS: dict[str, Form] = {
    "inv": _with(1, _inverse),
    "inv.T": _with(1, _inverse_transposed),
    "pinv": _with(1, _pseudoinverse),
    "matrix_power": _with(2, _matrix_power),
    "exp": _with(1, _exponential),
    "sqrt": _with(1, _root),
    "square": _with(1, _square),
    "abs": _with(1, _modulus),
    "norm": _with(1, _norm),
    "norm1": _with(1, _entry_norm("1")),
    "norm_inf": _with(1, _entry_norm("inf")),
    "norm_spectral": _with(1, _matrix_norm("op")),
    "norm_nuclear": _with(1, _matrix_norm("*")),
    "logdet": _with(1, _logdet),
    "kron": _with(2, _between("otimes")),
    "cross": _with(2, _between("cross")),
    "outer": _with(2, _outer),
    "dot": _with(2, _inner),
    "sum": _sum,
    "sum.T": _sum_transposed,
    "eye": _with(1, _sized("eye")),
    "ones": _sized("ones"),
    "zeros": _sized("zeros"),
    "commutation": _with(2, _commutation),
    "entropy": _with(1, _entropy),
    "cross_entropy": _with(2, _entropy),
    "kl_divergence": _with(2, _divergence),
    "sse": _with(2, _squared_error),
    "surprise": _with(1, _surprise),
}
