"""What to say when two shapes do not fit: both shapes, what clashes, and the repair that would fit."""

from __future__ import annotations

import operator as operators
import re
from typing import NamedTuple

from matcalc.errors import ShapeError
from matcalc.shapes.broadcast import SCALAR, Same, Shape, broadcast_shape, is_scalar, matmul_shape
from matcalc.shapes.dims import dim_text

CHECK = "check what both sides are made of, or declare the shapes"
# A sign and a number in front do not keep a `.T` from reaching what is behind them.
_SCALED = re.compile(r"((?:-\s*)?(?:[\d.]+\s*\*\s*)?)(.*)", re.DOTALL)


class Side(NamedTuple):
    """An operand as it was written, and its shape."""

    text: str
    shape: Shape

    @property
    def transposed(self) -> Side:
        """`x.T`, and `x` of `x.T`."""
        factor, body = _SCALED.match(self.text).groups()  # type: ignore[union-attr]
        if not _is_atom(body):
            factor, body = "", f"({self.text})"
        text = body[:-2] if body.endswith(".T") else body + ".T"
        return Side(factor + text, self.shape[::-1])


def _is_atom(text: str) -> bool:
    """Whether a `.T` behind the text would transpose all of it."""
    depth = 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if depth == 0 and character in "+-*/@⊙∘⊘→":
            return False
    return True


def shape_text(shape: Shape) -> str:
    """The shape as users write it: `(m, n)`."""
    return "(" + ", ".join(map(dim_text, shape)) + ")"


def described(shape: Shape) -> str:
    """The shape in words: `a column (n, 1)`."""
    if is_scalar(shape):
        return "a scalar"
    if len(shape) != 2:
        return f"a tensor {shape_text(shape)}"
    kind = "column" if shape[1] == 1 else "row" if shape[0] == 1 else "matrix"
    return f"a {kind} {shape_text(shape)}"


def mismatch(operator: str, left: Side, right: Side, same: Same = operators.eq) -> ShapeError:
    """The error for `left operator right`; `same` says which dimensions a repair may take for one."""
    sides = f"{left.text} is {described(left.shape)}"
    if right != left:
        sides += f", {right.text} is {described(right.shape)}"
    if operator == "**":
        return ShapeError(
            f"an exponent is a scalar, but {right.text} is {described(right.shape)}",
            hint="sum, mean or an inner product makes a scalar; a power of a square matrix is matrix_power(A, 2)",
        )
    if operator == "@":
        return ShapeError(
            f"{left.text} @ {right.text} does not fit: {sides}{_inner(left, right)}",
            hint=_product(left, right, same),
        )
    return ShapeError(
        f"{left.text} {operator} {right.text} does not fit: {sides}",
        hint=_overlay(operator, left, right, same),
    )


def _inner(left: Side, right: Side) -> str:
    if len(left.shape) != 2 or len(right.shape) != 2:
        return "; tensors multiply in an index form only"
    columns, rows = dim_text(left.shape[1]), dim_text(right.shape[0])
    return f"; {columns} column{'s' * (columns != '1')} against {rows} row{'s' * (rows != '1')}"


def _product(left: Side, right: Side, same: Same) -> str:
    """What would fit instead of `left @ right`."""
    if len(left.shape) != 2 or len(right.shape) != 2:
        return "write it as an index form: A[i,j] * x[k] -> ijk"
    if SCALAR in (left.shape, right.shape):
        return f"a scalar is multiplied with *: {left.text} * {right.text}"
    vectors = all(1 in side.shape for side in (left, right))
    found: list[str] = []
    both = (left.transposed, right.transposed)
    for a, b in ((left.transposed, right), (left, right.transposed), both):
        shape = matmul_shape(a.shape, b.shape, same)
        if shape is not None and not (found and (a, b) == both):
            kind = "" if not vectors else " (inner)" if shape == SCALAR else " (outer)"
            found.append(f"{a.text} @ {b.text}{kind}")
    if all(map(same, left.shape, right.shape)):
        found.append(f"{left.text} * {right.text} (elementwise)")
    if not found and matmul_shape(right.shape, left.shape, same) is not None:
        found.append(f"{right.text} @ {left.text}")
    return _did_you_mean(found) or _sizes(left.shape[1:], right.shape[:1])


def _overlay(operator: str, left: Side, right: Side, same: Same) -> str:
    """What would fit instead of an elementwise `left operator right`."""
    if len(left.shape) != 2 or len(right.shape) != 2:
        return "tensors of equal shape can be added; for anything else write an index form"
    found: list[str] = []
    if operator == "*" and matmul_shape(left.shape, right.shape, same) is not None:
        found.append(f"{left.text} @ {right.text} (matrix product)")
    for a, b in ((left, right.transposed), (left.transposed, right)):
        fits = broadcast_shape(a.shape, b.shape, same)
        # A transposed vector fits any other one as a grid, which is hardly what was meant.
        if fits is not None and fits in (a.shape, b.shape) and a.text != b.text:
            found.append(f"{a.text} {operator} {b.text}")
    return _did_you_mean(found) or _sizes(left.shape, right.shape)


def _did_you_mean(found: list[str]) -> str | None:
    if not found:
        return None
    return "did you mean " + (
        f"{', '.join(found[:-1])} or {found[-1]}?" if len(found) > 1 else f"{found[0]}?"
    )


def _sizes(left: Shape, right: Shape) -> str:
    for a, b in zip(left, right, strict=True):
        if a != b and 1 not in (a, b):
            return f"{dim_text(a)} and {dim_text(b)} are two sizes; if they are one, declare them alike"
    return CHECK
