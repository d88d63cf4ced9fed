"""The Matrix Cookbook's chapter on derivatives: every identity holds as a node, not only in numbers."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import matcalc as mc
from matcalc.calculus.simplify import simplify
from matcalc.graph import Node, is_zero, normal, subtract, tidy
from matcalc.numeric.verification import verify

FILE = Path(__file__).with_name("cookbook.toml")


@dataclass(frozen=True)
class Identity:
    """A row of cookbook.toml; the file says what its keys mean."""

    number: int
    formula: str
    by: str
    shapes: str
    book: str
    left: str = "D"
    order: int = 1
    functions: str = ""
    symmetric: str = "projection"
    note: str = ""

    def derivative(self) -> Any:
        return mc.derive(
            self.formula,
            self.by,
            shapes=self.shapes,
            functions=self.functions,
            order=self.order,
            symmetric=self.symmetric,
        )

    def sides(self) -> tuple[Any, Any]:
        """What the book has on the left, with our derivative in it, and on the right."""
        made = self.derivative()
        texts = self.left.replace("D", f"({made.expanded_text})"), self.book.replace("\n", " ")
        left, book = (mc.parse(text, shapes=made.shapes, functions=made.functions) for text in texts)
        return (made if self.left == "D" else left), book


IDENTITIES = [Identity(**row) for row in tomllib.loads(FILE.read_text(encoding="utf-8"))["identity"]]
each = pytest.mark.parametrize("row", IDENTITIES, ids=lambda row: f"{row.number}-{row.formula}")


def is_proved(difference: Node) -> bool:
    """Whether the difference is nothing once laws and multiplying out have done what they can."""
    return is_zero(normal(simplify(tidy(difference)[0])))


@each
def test_our_derivative_is_the_books_form(row: Identity) -> None:
    ours, book = row.sides()
    assert ours.shape == book.shape
    assert is_proved(subtract(ours.node, book.node)), f"{ours.text}  is not  {book.text}"


@each
def test_it_agrees_with_automatic_differentiation(row: Identity) -> None:
    """The book's form itself, where that is the derivative, and ours."""
    made, book = row.derivative(), row.sides()[1]
    node = book.node if row.left == "D" else made.node
    assert verify(
        made.of.node,
        node,
        made._wrt,
        symbols=made._symbols,
        arrangement=made._plan,
        symmetric=row.symmetric,
        samples=2,
    )
    assert made.verify(samples=1)


@each
def test_a_changed_sign_is_noticed(row: Identity) -> None:
    """The proof tells apart what is not equal: the book's form with its sign changed, unless it is zero."""
    ours, book = row.sides()
    if not is_zero(book.node):
        assert not is_proved(subtract(ours.node, (-book).node))


def test_the_whole_chapter_is_there() -> None:
    left_out = {45, 68, 94, 96, 128, 134, 135, 136}
    numbers = [row.number for row in IDENTITIES]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(33, 143)) - left_out
