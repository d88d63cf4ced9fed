"""The syntax tree: precedence, places, and what a dialect's grammar accepts."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest

from matcalc.errors import DomainError, LimitError, MatcalcError, ParseError
from matcalc.language.limits import NO_LIMITS, Limits
from matcalc.language.parser import parse_text
from matcalc.language.syntax import (
    Binary,
    Call,
    Indexed,
    IndexForm,
    Name,
    Number,
    Superscript,
    Syntax,
    Transpose,
    Unary,
    postorder,
)
from tests.stopwatch import processor_seconds


def shown(part: Syntax) -> str:
    """The tree with every operation in parentheses."""
    match part:
        case Number():
            return repr(part.value)
        case Name():
            return part.name
        case Unary():
            return f"({part.operator}{shown(part.operand)})"
        case Binary():
            return f"({shown(part.left)}{part.operator}{shown(part.right)})"
        case Transpose():
            return f"{shown(part.operand)}.T"
        case Superscript():
            return f"{shown(part.operand)}^{part.exponent}"
        case Call():
            arguments = [
                *map(shown, part.arguments),
                *(f"{name.name}={shown(v)}" for name, v in part.keywords),
            ]
            return f"{part.function}{'′' * part.primes}({','.join(arguments)})"
        case Indexed():
            return f"{shown(part.body)}[{','.join(part.letters)}]"
        case IndexForm():
            return f"<{shown(part.body)}->{','.join(part.letters)}>"
    raise AssertionError(part)


TREES = {
    "x": "x",
    "1": "1",
    "1.5e3": "1500.0",
    ".5": "0.5",
    "a + b - c": "((a+b)-c)",
    "a - (b - c)": "(a-(b-c))",
    "a * b @ c / d": "(((a*b)@c)/d)",
    "a ⊙ b ∘ c ⊘ d": "(((a*b)*c)/d)",
    "-x**2": "(-(x**2))",
    "2**-n": "(2**(-n))",
    "a**b**c": "(a**(b**c))",
    "-2 * x": "((-2)*x)",
    "a * -b": "(a*(-b))",
    "+x": "(+x)",
    "x.T @ y": "(x.T@y)",
    "xᵀ @ y": "(x.T@y)",
    "(A @ x).T": "(A@x).T",
    "x.T.T": "x.T.T",
    "x . T": "x.T",
    "T.T": "T.T",
    "x.T**2": "(x.T**2)",
    "x²": "x^2",
    "A⁻¹ @ x": "(A^-1@x)",
    "f(x)": "f(x)",
    "f'(z)": "f′(z)",
    "f''(z)": "f′′(z)",
    "f′(z) + f″(z)": "(f′(z)+f′′(z))",
    "tanh'(x)": "tanh′(x)",
    "f()": "f()",
    "sum(A, axis=0)": "sum(A,axis=0)",
    "sum(A,)": "sum(A)",
    "g(f(x), y)": "g(f(x),y)",
    "A[i,k] * x[k] -> i": "<(A[i,k]*x[k])->i>",
    "A[ik] -> ki": "<A[i,k]->k,i>",
    "x[i] * y[i] ->": "<(x[i]*y[i])->>",
    "x[i1] * y[i2] -> i1, i2": "<(x[i1]*y[i2])->i1,i2>",
    "x[i] * y[s] -> is": "<(x[i]*y[s])->i,s>",
    "inv(X)[i,j] → ij": "<inv(X)[i,j]->i,j>",
    "(W @ x + b)[i] -> i": "<((W@x)+b)[i]->i>",
    "2 * (x[i] -> i) + y": "((2*<x[i]->i>)+y)",
    "(x.T @\n y)": "(x.T@y)",
    "  x\t+ y  ": "(x+y)",
}


@pytest.mark.parametrize(("text", "tree"), TREES.items())
def test_tree(text: str, tree: str) -> None:
    assert shown(parse_text(text).body) == tree


@pytest.mark.parametrize(
    ("text", "definitions"),
    [
        ("x where x = 2", [("x", "2")]),
        ("z + y where z = W @ x, y = z.T", [("z", "(W@x)"), ("y", "z.T")]),
        ("x[i] * y[i] -> where y = 2 * z,", [("y", "(2*z)")]),
        ("y where y = (A[i,k] * x[k] -> i)", [("y", "<(A[i,k]*x[k])->i>")]),
    ],
)
def test_definitions(text: str, definitions: list[tuple[str, str]]) -> None:
    found = [(d.name.name, shown(d.value)) for d in parse_text(text).definitions]
    assert found == definitions


def test_every_part_knows_its_place() -> None:
    text = "2 * (A + B).T @ f(x, axis=1) - (  y )[i]"
    formula = parse_text(f"({text} -> i) + c")
    texts = {formula.text(part) for part in postorder([formula.body])}
    assert {
        "2",
        "(A + B)",
        "(A + B).T",
        "2 * (A + B).T @ f(x, axis=1)",
        "f(x, axis=1)",
        "(  y )[i]",
        "c",
    } <= texts
    assert f"({text} -> i)" in texts


ERRORS = [
    ("", "empty", ""),
    ("@ x", "before '@'", "@"),
    ("x +", "after '+'", "+"),
    ("x.T @ (", "never closed", "("),
    ("(x", "never closed", "("),
    ("x)", "closes nothing", ")"),
    ("(x]", "closed by", "]"),
    ("()", "empty", ")"),
    ("x @ * y", "follow each other", "*"),
    ("X.T @@ y", "follow each other", "@"),
    ("2x", "missing between", "x"),
    ("2(x)", "missing between", "("),
    ("A^T", "A.T", "^"),
    ("(A @ B)^-1", "inv(A)", "^"),
    ("x^2", "x**2", "^"),
    ("A.T()", "without the parentheses", "("),
    ("1_000*x", "write 1000", "_000"),
    ("0x1F*x", "write 31", "x1F"),
    ("x y", "missing between", "y"),
    ("A x.T", "missing between", "x"),
    ("sum x", "parentheses", "x"),
    ("1..2", "one number", ".2"),
    ("1.2.3", "one number", ".3"),
    ("2j * x", "complex", "j"),
    ("0777", "starts with 0", "0777"),
    ("x' * y", "prime", "'"),
    ("'x'", "strings", "'"),
    ("f('x')", "strings", "'"),
    ("x .* y", "MATLAB", ".*"),
    ("x.^2", "MATLAB", ".^"),
    ("x.'", "MATLAB", ".'"),
    ("x^2", "'^'", "^"),
    ("\\frac{1}{2}", "dialect", "\\frac"),
    ("$x$", "'$'", "$"),
    ("x @ y \\", "backslash", "\\"),
    ("x // y", "'//'", "//"),
    ("x % y", "'%'", "%"),
    ("x == y", "comparisons", "=="),
    ("x < y", "comparisons", "<"),
    ("x & y", "logic", "&"),
    ("|x|", "bar", "|"),
    ("n!", "'!'", "!"),
    ("x; y", "';'", ";"),
    ("x # y", "comments", "#"),
    ("x[0]", "letter", "0"),
    ("x[0:2]", "':'", ":"),
    ("x[I] -> i", "not an index", "I"),
    ("[x, y]", "lists", "["),
    ("(x, y)", "comma", ","),
    ("x, y", "comma", ","),
    ("f(x,,y)", "before ','", ","),
    ("y = x", "'='", "="),
    ("x -> i -> j", "'->'", "->"),
    ("(x where x = 2)", "'where'", "where"),
    ("x where", "nothing is defined", "where"),
    ("x where z", "too early", "z"),
    ("x where z = 1 where y = 2", "'where'", "where"),
    ("x if c else y", "word of Python", "if"),
    ("import os", "word of Python", "import"),
    ("def f(x): return x", "word of Python", "def"),
    ("lambda: x", "word of Python", "lambda"),
    ("True", "not a value", "True"),
    ("x.shape", "'.shape'", ".shape"),
    ("x.t", "'.t'", ".t"),
    ("x.sum()", "'.sum'", ".sum"),
    ("x..T", "dot", "."),
    ("sum(axis=0, A)", "come last", "A"),
    ("x @", "after '@'", "@"),
    ("?", "'?'", "?"),
]


@pytest.mark.parametrize(("text", "message", "place"), ERRORS)
def test_errors_say_what_and_where(text: str, message: str, place: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_text(text)
    error = caught.value
    assert message in f"{error.message} {error.hint}"
    assert error.hint
    assert error.span is not None
    start, end = error.span
    assert text[start:end] == place
    assert error.text == text


HINTS = {
    "2x": "2*x",
    "sum x": "sum(x)",
    "x' @ y": "x.T",
    "x .* y": "write *",
    "x^2": "x**2",
    "A.I": "inv(A)",
    "x.sum()": "sum(x)",
    "A.H": ".T",
    "\\delta x^\\top": 'dialect="latex"',
    "W^{-1}": 'dialect="latex"',
    "np.outer(x, y)": 'dialect="numpy"',
    "lambda * x": "lambda_",
    "x < 0": "heaviside",
    "x.T @ (x": "')'",
}


@pytest.mark.parametrize(("text", "hint"), HINTS.items())
def test_hints_name_the_repair(text: str, hint: str) -> None:
    with pytest.raises(MatcalcError) as caught:
        parse_text(text)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("x" * 21, Limits(characters=20)),
        ("((x))", Limits(nesting=1)),
        ("f(f(f(x)))", Limits(nesting=2)),
        ("- - - x", Limits(nesting=2)),
        ("x**y**z**x", Limits(nesting=2)),
        ("x.T.T.T", Limits(nesting=2)),
        ("-(-(-(x)))", Limits(nesting=5)),
        ("12345678901", Limits(digits=10)),
        ("1.2345678901e5", Limits(digits=10)),
        ("1e400", Limits()),
        ("1e-400", Limits()),
        ("x⁹⁹⁹⁹⁹⁹", Limits()),
    ],
)
def test_limits(text: str, limits: Limits) -> None:
    with pytest.raises(LimitError) as caught:
        parse_text(text, limits=limits)
    assert caught.value.span is not None
    assert caught.value.hint or "power" in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        " + ".join(["x"] * 5_000),
        " @ ".join(["A"] * 5_000),
        "(x) + " * 3_000 + "x",
        "f(x) * " * 2_000 + "(-x.T)**2",
    ],
)
def test_long_sums_and_products_are_not_deep(text: str) -> None:
    assert isinstance(parse_text(text, limits=Limits(characters=10**6)).body, Binary)


def test_without_limits_depth_does_not_matter() -> None:
    depth = 20_000
    assert isinstance(parse_text("f(" * depth + "x" + ")" * depth, limits=NO_LIMITS).body, Call)
    assert isinstance(parse_text("-" * depth + "x", limits=NO_LIMITS).body, Unary)


def test_unknown_dialect() -> None:
    with pytest.raises(DomainError) as caught:
        parse_text("x", dialect="fortran")
    assert "python" in (caught.value.hint or "")


def test_lark_is_loaded_at_first_use() -> None:
    code = "import sys, matcalc.language; print('lark' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@pytest.mark.parametrize(
    "text",
    [
        "x" + " " * 19_000,
        "x" + " " * 9_000 + "+ x" + " " * 9_000,
        "f" + "'" * 9_000 + " " * 9_000 + "z",
        "'" * 19_000,
    ],
    ids=["behind", "between", "primes", "only primes"],
)
def test_spaces_cost_nothing(text: str) -> None:
    """A scanner that looks for tokens in spaces, again from each of them, would take minutes."""

    def read() -> None:
        with contextlib.suppress(ParseError):
            parse_text(text)

    assert processor_seconds(read, rounds=1) < 1
