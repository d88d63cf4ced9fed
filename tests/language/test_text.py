"""What a text may consist of: pasted characters made plain, look-alikes refused, places kept."""

from __future__ import annotations

import pytest

from matcalc.errors import LimitError, ParseError
from matcalc.language.limits import Limits
from matcalc.language.text import read_text

PLAIN = {
    "x.T @ y": "x.T @ y",
    "\ufeffx": " x",
    "x\u00a0+\u202fy": "x + y",
    "x\u2212y": "x-y",
    "\uff21\uff0b\uff12": "A+2",
    "x\u3000y": "x y",
    "\u2126": "Ω",  # OHM SIGN composes to the Greek letter
    "δ ⊙ λ ∘ σ ⊘ xᵀ": "δ ⊙ λ ∘ σ ⊘ xᵀ",
    "f′(x) + y² → i": "f′(x) + y² → i",
    "х": "х",  # a Cyrillic letter is a letter; names are judged later
}

REFUSED = {
    "x\u200b": "not be visible",
    "x\u202ey": "not be visible",
    "x\x00": "not be visible",
    "x\x1b[2J": "not be visible",
    "\ud800": "not be visible",
    "a\ufeffb": "not be visible",
    "ﬁ": "fi",
    "𝐱 + y": "plain x",
    "ℝ": "plain R",
    "W₁": "1",
    "٣ * x": "write 3",
    "µ * x": "μ",
    "x·y": "elementwise",
    "x × y": "matrix product",
    "x – y": "plain minus",
    "f’(x)": "apostrophe",
    "√x": "sqrt",
    "∑x": "sum",
    "x ⊗ y": "kron",
    "x ≤ y": "comparison",
    "x̂": "xhat",
    "w⃗": "wvec",
    "☺": "delete",
}


@pytest.mark.parametrize(("given", "plain"), PLAIN.items())
def test_plain(given: str, plain: str) -> None:
    assert read_text(given).text == plain


@pytest.mark.parametrize(("given", "hint"), REFUSED.items())
def test_refused_with_the_plain_one_as_hint(given: str, hint: str) -> None:
    with pytest.raises(ParseError) as caught:
        read_text(given)
    error = caught.value
    assert error.hint is not None
    assert hint in error.hint
    assert error.span is not None
    assert error.text == given
    start, end = error.span
    assert end == start + 1


def test_places_are_those_of_the_given_text() -> None:
    given = "e\u0301 + n\u0303 + y"
    source = read_text(given)
    assert source.text == "é + ñ + y"
    at = source.text.index("y")
    start, end = source.span(at, at + 1)
    assert given[start:end] == "y"
    start, end = source.span(0, 1)
    assert given[start:end] == "e\u0301"
    assert source.span(len(source.text), len(source.text)) == (len(given), len(given))


def test_too_long() -> None:
    with pytest.raises(LimitError) as caught:
        read_text("x" * 11, Limits(characters=10))
    assert caught.value.span == (10, 11)
    assert read_text("x" * 10, Limits(characters=10)).text == "x" * 10


def test_no_text_at_all() -> None:
    with pytest.raises(ParseError):
        read_text(5)  # type: ignore[arg-type]


def test_a_terminal_gets_no_control_characters() -> None:
    with pytest.raises(ParseError) as caught:
        read_text("x + \x1b[31my\u202e\ud800")
    assert str(caught.value).replace("\n", "").isprintable()
