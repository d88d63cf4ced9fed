"""Declared shapes, in all the forms in which users give them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matcalc.errors import DomainError, LimitError, MatcalcError, UnknownNameError
from matcalc.language.declarations import NOTHING_DECLARED, Declaration, read_declaration, read_shapes
from matcalc.language.limits import Limits

READ: list[tuple[Any, dict[str, str]]] = [
    ("W: m n, x: n, b: m, c: ()", {"W": "m n", "x": "n", "b": "m", "c": "()"}),
    ("W: m, n, x: n", {"W": "m n", "x": "n"}),
    ("W:(m,n) x:(n,) c:", {"W": "m n", "x": "n", "c": "()"}),
    ("W: 3 4; r: 1 n\nx: n", {"W": "3 4", "r": "1 n", "x": "n"}),
    ("S: n n spd symmetric, p: n simplex,", {"S": "n n spd symmetric", "p": "n simplex"}),
    ("a: positive", {"a": "() positive"}),
    ("δ: n, v: m*n", {"δ": "n", "v": "m*n"}),
    ({"W": "m n", "c": "", "x": 3, "y": ("n",), "A": ["m", 2], "s": ()},
     {"W": "m n", "c": "()", "x": "3", "y": "n", "A": "m 2", "s": "()"}),
    ({"S": ("n", "n", "spd"), "x": np.int64(4)}, {"S": "n n spd", "x": "4"}),
    ([("x", "n"), ("y", "m")], {"x": "n", "y": "m"}),
    ({"x": Declaration(("n",), frozenset({"positive"}))}, {"x": "n positive"}),
    ({" x ": " n "}, {"x": "n"}),
    ("x: 1 1, y: 1", {"x": "1 1", "y": "1"}),
]  # fmt: skip


@pytest.mark.parametrize(("given", "entries"), READ)
def test_read(given: Any, entries: dict[str, str]) -> None:
    found = read_shapes(given)
    assert {name: entry.text for name, entry in found.entries.items()} == entries
    assert not found.open
    # What is shown reads back.
    assert read_shapes(", ".join(f"{name}: {text}" for name, text in entries.items())) == found
    assert read_shapes({name: entry.text for name, entry in found.entries.items()}) == found
    assert read_shapes(found) is found


@pytest.mark.parametrize("given", [None, {}, "", "  ", []])
def test_nothing_declared(given: Any) -> None:
    assert read_shapes(given) == NOTHING_DECLARED


@pytest.mark.parametrize(
    "given", ["x: n, ...", "x: n ...", "x: n,\n...", {"x": "n", "...": ""}, [("x", "n"), ...]]
)
def test_the_rest_is_inferred(given: Any) -> None:
    found = read_shapes(given)
    assert found.open
    assert list(found.entries) == ["x"]


def test_dims() -> None:
    assert read_shapes("W: m n, x: 3, v: p*m").dims == {"m", "n", "p"}
    assert read_declaration("n*m").shape == (("m", "n"),)


REFUSED: list[tuple[Any, type[MatcalcError], str]] = [
    ("x: 2.5", DomainError, "2.5"),
    ("x: 0", DomainError, "at least 1"),
    ({"x": -3}, DomainError, "at least 1"),
    ("x: n+1", DomainError, "n+1"),
    ("x: lambda", DomainError, "lambda"),
    ({"x": "__import__('os')"}, DomainError, "not a dimension"),
    ("x: 1e3", DomainError, "1e3"),
    ({"x": "٣"}, MatcalcError, "digit"),
    ({"x": [["n"]]}, DomainError, "not a dimension"),
    ({"x": True}, DomainError, "not a dimension"),
    ({"x": 2.5}, DomainError, "not a dimension"),
    ({"x": None}, DomainError, "not a dimension"),
    ("x: 1000000000000", LimitError, "limit"),
    ("x: " + "9" * 5000, LimitError, "digits"),
    ("x: 2000000000*n", LimitError, "limit"),
    ("T: m n p", DomainError, "too many"),
    ("A: n n sdp", DomainError, "spd"),
    ("A: symetric n n", DomainError, "symmetric"),
    ("A: m n symmetric", DomainError, "square"),
    ("x: n spd", DomainError, "square"),
    ("c: () onehot", DomainError, "scalar"),
    ("x: n positive m", DomainError, "after a property"),
    ("x: n, x: n", UnknownNameError, "twice"),
    ([("x", "n"), ("x", "m n")], UnknownNameError, "twice"),
    ("exp: n", UnknownNameError, "function"),
    ("for: n", UnknownNameError, "can't be a name"),
    ("2a: n", UnknownNameError, "can't be a name"),
    ("pi: ()", UnknownNameError, "constant"),
    ({"<script>": "n"}, UnknownNameError, "can't be a name"),
    ({5: "n"}, UnknownNameError, "not a int"),
    ("x", DomainError, "declares nothing"),
    ("m n, x: n", DomainError, "declares nothing"),
    ([("x",)], DomainError, "name and its dimensions"),
    (5, DomainError, "can't be read"),
]


@pytest.mark.parametrize(("given", "kind", "message"), REFUSED)
def test_refused(given: Any, kind: type[MatcalcError], message: str) -> None:
    with pytest.raises(kind) as caught:
        read_shapes(given)
    error = caught.value
    assert message in f"{error.message} {error.hint}"
    assert error.hint
    if isinstance(given, str):
        assert error.span is not None
        assert error.text == given


def test_the_place_of_a_bad_declaration() -> None:
    text = "W: m n, x: 2.5, b: m"
    with pytest.raises(DomainError) as caught:
        read_shapes(text)
    assert caught.value.span is not None
    start, end = caught.value.span
    assert text[start:end] == "x: 2.5"


def test_limits_are_settings() -> None:
    assert read_shapes("x: 10", Limits(dimension=10)).entries["x"].shape == (10,)
    with pytest.raises(LimitError):
        read_shapes("x: 11", Limits(dimension=10))
