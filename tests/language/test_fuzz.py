"""Whatever is typed, it is read or refused with a matcalc error that says where and what to do."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from matcalc.errors import MatcalcError
from matcalc.language import read, read_shapes

SHAPES = "A: m n, B: n n, x: n, y: n, c: ()"
VOCABULARY = """x y A B c n z alpha f( tanh( sum( inv( softmax( eye( ones( kron( huber( ) ( [ ] , + - * / @ ** .T
' '' ᵀ ² ⊙ -> where = axis=0 1 2.5 1e9 0 i j [i] [i,j] [i,k] :. np. .t ^ \\ $ if lambda pi z=x"""
WORDS = VOCABULARY.split()
DECLARED = "x y : m n , 1 2 spd positive ( ) ... ; *"
texts = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="xyAB cn()[]+-*/@.T'ᵀ²⊙->,=1239ijeĸ́\u200b", max_size=30),
    st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=14).map("".join),
)


def outcome(text: Any, shapes: Any = None, functions: Any = ()) -> MatcalcError | None:
    try:
        read(text, shapes, functions)
    except MatcalcError as error:
        assert error.message
        assert error.hint
        if error.span is not None:
            assert error.text is not None
            assert 0 <= error.span[0] <= error.span[1] <= len(error.text)
        assert str(error).isprintable() or "\n" in str(error)
        return error
    return None


@given(texts, st.sampled_from([None, SHAPES, SHAPES + ", ..."]))
@example("ᵀ", None)
@example("x" + "́" * 5, None)
@example("²x", None)
@example("x.T." + "T" * 30, None)
@example("f'" * 20, SHAPES)
@example("1e9999999999", SHAPES)
@example("x[i] ->" * 3, SHAPES)
@example("0/0 + 0**(-1) + 0**0", None)
@example("ones(1)*ones(1,1)@eye(1)", None)
@example("kron(x, x.T)[i,j] -> ji", None)
def test_expressions(text: str, shapes: str | None) -> None:
    error = outcome(text, shapes)
    if error is not None and error.text == text and text.strip():
        assert error.span is not None


@given(st.one_of(st.text(max_size=30), st.lists(st.sampled_from(DECLARED.split())).map(" ".join)))
def test_declarations(shapes: str) -> None:
    try:
        read_shapes(shapes)
    except MatcalcError as error:
        assert error.hint


# Well-formed formulas: what is read without declarations is the same with the inferred ones declared.
ONE, TWO = (
    ("tanh", "f", "sum", "tr", "inv", "diag", "vec", "softmax", "norm", "exp"),
    ("maximum", "kron", "sse", "outer"),
)
leaves = st.sampled_from(
    ["x", "y", "u.T", "A", "B.T", "C", "alpha", "2", "1/2", "pi", "eye(n)", "ones(m)", "ones(1, n)"]
)
formulas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "@"]), inner),
        st.builds("{} {} {}".format, inner, st.sampled_from(["+", "-", "*", "/", "@"]), inner),
        st.builds("{}({})".format, st.sampled_from(ONE), inner),
        st.builds("{}({}, {})".format, st.sampled_from(TWO), inner, inner),
        st.builds("({}).T".format, inner),
        st.builds("-{}**2".format, inner),
        st.builds("sum({}, axis={})".format, inner, st.sampled_from([0, 1])),
        st.builds("(({})[i,j] * ({})[j,k] -> ik)".format, inner, inner),
        st.builds("(({})[i] * ({})[j] - alpha -> ij)".format, inner, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=300)
@given(formulas, formulas)
def test_well_formed(body: str, part: str) -> None:
    for text in (body, f"z + {body} where z = {part}"):
        if outcome(text) is None:
            parsed = read(text)
            again = read(text, {**parsed.shapes, "others": "m n"})
            assert again.value == parsed.value
            assert again.warnings == parsed.warnings


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(json, json, json)
def test_anything_at_all(text: Any, shapes: Any, functions: Any) -> None:
    """What a JSON document may hold where a text, shapes and functions belong."""
    outcome(text, shapes, functions)
    outcome("f(x) + y", shapes, functions)
