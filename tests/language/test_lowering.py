"""From text to graph: every operator builds the node that the builders build, with its two-dimensional shape."""

from __future__ import annotations

from typing import Any

import pytest

from matcalc.errors import DomainError, LimitError, MatcalcError, ShapeError, UnknownNameError
from matcalc.graph import (
    Node,
    constant,
    contract,
    elementwise,
    identity,
    multiply,
    negate,
    normal,
    number,
    number_value,
    ones,
    power,
    size,
    subtract,
    symbol,
    zero,
)
from matcalc.language import Limits, Parsed, read
from matcalc.language.limits import NO_LIMITS
from matcalc.rules import AbstractFunction, lookup

SHAPES = "A: m n, B: n n, x: n, y: n, z: m, r: 1 n, c: (), u: 1, one: 1 1"
A, B = symbol("A", ("m", "n")), symbol("B", ("n", "n"))
x, y, z = symbol("x", ("n",)), symbol("y", ("n",)), symbol("z", ("m",))
r, c = symbol("r", (1, "n")), symbol("c")
f = AbstractFunction("f")


def lowered(text: str, **settings: Any) -> Parsed:
    return read(text, SHAPES, **settings)


SAME: list[tuple[str, Node, tuple[Any, ...]]] = [
    ("x", x, ("n", 1)),
    ("r", r, (1, "n")),
    ("u", symbol("u", (1,)), (1, 1)),
    ("3", number(3), (1, 1)),
    ("pi", constant("pi"), (1, 1)),
    ("n", size("n"), (1, 1)),
    ("A @ x", contract([(A, "ij"), (x, "j")], "i"), ("m", 1)),
    ("A.T @ z", contract([(A, "ij"), (z, "i")], "j"), ("n", 1)),
    ("z.T @ A", contract([(A, "ij"), (z, "i")], "j"), (1, "n")),
    ("z.T @ A @ x", contract([(A, "ij"), (z, "i"), (x, "j")], ""), (1, 1)),
    ("x.T @ y", contract([(x, "i"), (y, "i")], ""), (1, 1)),
    ("x @ y.T", contract([(x, "i"), (y, "j")], "ij"), ("n", "n")),
    ("x @ r", contract([(x, "i"), (r, "j")], "ij"), ("n", "n")),
    ("r @ x", contract([(x, "i"), (r, "i")], ""), (1, 1)),
    ("x @ c", contract([(x, "i"), (c, "")], "i"), ("n", 1)),
    ("one @ r", contract([(symbol("one", (1, 1)), ""), (r, "i")], "i"), (1, "n")),
    ("A.T", contract([(A, "ij")], "ji"), ("n", "m")),
    ("A.T.T", A, ("m", "n")),
    ("(A @ B).T", contract([(A, "ij"), (B, "jk")], "ki"), ("n", "m")),
    ("x.T", x, (1, "n")),
    ("c.T", c, (1, 1)),
    ("x * y", multiply(x, y), ("n", 1)),
    ("c * x", multiply(c, x), ("n", 1)),
    ("A * z", contract([(A, "ij"), (z, "i")], "ij"), ("m", "n")),
    ("A * x.T", contract([(A, "ij"), (x, "j")], "ij"), ("m", "n")),
    ("r * A", contract([(A, "ij"), (r, "j")], "ij"), ("m", "n")),
    ("x / y", multiply(x, power(y, -1)), ("n", 1)),
    ("x / 2", multiply(number(1) if False else power(number(2), -1), x), ("n", 1)),
    ("x - y", subtract(x, y), ("n", 1)),
    ("x - x", zero(("n",)), ("n", 1)),
    ("-x", negate(x), ("n", 1)),
    ("+x", x, ("n", 1)),
    ("x**2", power(x, 2), ("n", 1)),
    ("x²", power(x, 2), ("n", 1)),
    ("x**c", power(x, c), ("n", 1)),
    ("eye(n)", identity("n"), ("n", "n")),
    ("eye(3)", identity(3), (3, 3)),
    ("ones(n)", ones(("n",)), ("n", 1)),
    ("ones(m, n)", ones(("m", "n")), ("m", "n")),
    ("ones(1, n)", ones(("n",)), (1, "n")),
    ("zeros(m*n)", zero((("m", "n"),)), (("m", "n"), 1)),
    ("f(x)", elementwise(f, x), ("n", 1)),
    ("f''(x)", elementwise(AbstractFunction("f", 2), x), ("n", 1)),
    ("tanh(x)", elementwise(lookup("tanh"), x), ("n", 1)),
    ("sigma(x)", elementwise(lookup("sigmoid"), x), ("n", 1)),
    ("σ(x)", elementwise(lookup("sigmoid"), x), ("n", 1)),
    ("sum(A, axis=0)", contract([(A, "ij")], "j"), (1, "n")),
    ("sum(A, axis=-1)", contract([(A, "ij")], "i"), ("m", 1)),
    ("sum(A, 1)", contract([(A, "ij")], "i"), ("m", 1)),
    ("tr(B)", contract([(B, "ii")], ""), (1, 1)),
    ("h.T @ x where h = 2 * y", contract([(number(2), ""), (y, "i"), (x, "i")], ""), (1, 1)),
]


@pytest.mark.parametrize(("text", "node", "shape"), SAME, ids=[row[0] for row in SAME])
def test_node(text: str, node: Node, shape: tuple[Any, ...]) -> None:
    value = lowered(text).value
    assert normal(value.node) is normal(node)
    assert value.shape == shape


def test_numbers_are_exact_until_a_decimal_comes_in() -> None:
    assert str(number_value(lowered("1/3 + 1/6").value.node)) == "1/2"
    assert number_value(lowered("0.5 * 2").value.node) == 1
    assert isinstance(number_value(lowered("0.1 + 1").value.node), float)
    assert number_value(lowered("2**10 - 2**(-1)").value.node) is not None


def test_what_was_understood() -> None:
    parsed = read(
        "delta @ x.T where delta = u * f'(z), z = W @ x + b", "W: m n, x: n, b: m, u: m, unused: k", "f"
    )
    assert parsed.order == ("x", "u", "W", "b")
    assert parsed.functions == ("f",)
    assert list(parsed.names) == ["delta", "z"]
    assert parsed.names["delta"] in parsed.value.node.children
    assert {name: entry.text for name, entry in parsed.shapes.items()} == {
        "W": "m n", "x": "n", "b": "m", "u": "m", "unused": "k",
    }  # fmt: skip
    assert parsed.warnings == ()
    assert read("f(x) + g(x)").functions == ("f", "g")
    assert read("tanh(x)").functions == ()


def test_a_part_is_one_node() -> None:
    parsed = lowered("h.T @ h + sum(h) where h = tanh(A @ x)")
    (part,) = parsed.names.values()
    assert normal(parsed.value.node) is normal(
        lowered("tanh(A @ x).T @ tanh(A @ x) + sum(tanh(A @ x))").value.node
    )
    assert part is elementwise(lookup("tanh"), contract([(A, "ij"), (x, "j")], "i"))


def test_properties_reach_the_symbol() -> None:
    assert read("S", "S: n n spd").value.node is symbol("S", ("n", "n"), ("spd",))


def test_names_that_are_both() -> None:
    """A variable that bears a dimension's name hides its size, but not the dimension."""
    parsed = read("x.T @ n + sum(ones(n))", "x: n, n: n")
    assert parsed.order == ("x", "n")


@pytest.mark.parametrize(
    ("text", "count"),
    [("x + y.T", 1), ("x * y.T + x * y.T", 1), ("maximum(x, r)", 1), ("A + z", 0), ("x @ y.T", 0), ("x + c", 0)],
)  # fmt: skip
def test_a_column_with_a_row_warns(text: str, count: int) -> None:
    warnings = lowered(text).warnings
    assert len(warnings) == count
    assert all("column (n, 1)" in warning and "row (1, n)" in warning for warning in warnings)


def test_division_by_zero_warns() -> None:
    assert "divides by zero" in lowered("x / (1 - 1)").warnings[0]


ERRORS: list[tuple[str, type[MatcalcError], str, str]] = [
    ("x @ y", ShapeError, "did you mean x.T @ y (inner), x @ y.T (outer) or x * y (elementwise)?", "x @ y"),
    ("c + A @ A", ShapeError, "did you mean A.T @ A, A @ A.T or A * A (elementwise)?", "A @ A"),
    ("A @ x @ y", ShapeError, "did you mean A @ x @ y.T (outer)?", "A @ x @ y"),
    ("(x.T @ y) @ A", ShapeError, "(x.T @ y) * A", "(x.T @ y) @ A"),
    ("2 * A.T @ x", ShapeError, "did you mean 2 * A @ x?", "2 * A.T @ x"),
    ("x + A", ShapeError, "did you mean x + A.T", "x + A"),
    ("A + B + A", ShapeError, "m and n are two sizes", "A + B"),
    ("z + x.T + x", ShapeError, "", "z + x.T + x"),
    ("A * A.T", ShapeError, "A @ A.T (matrix product)", "A * A.T"),
    ("c ** x", ShapeError, "exponent is a scalar", "c ** x"),
    ("tr(A) + c", ShapeError, "square", "tr(A)"),
    ("tr(x)", ShapeError, "square", "tr(x)"),
    ("sse(A, A.T)", ShapeError, "one shape", "sse(A, A.T)"),
    ("sse(x, y.T)", ShapeError, "did you mean", "sse(x, y.T)"),
    ("maximum(x, A)", ShapeError, "one shape", "maximum(x, A)"),
    ("q + x", UnknownNameError, "not declared", "q"),
    ("X @ x", UnknownNameError, "did you mean x?", "X"),
    ("foo(x)", UnknownNameError, 'functions=("foo",)', "foo"),
    ("exp + x", UnknownNameError, "needs its argument", "exp"),
    ("x(y)", UnknownNameError, "is a variable", "x"),
    ("eye(k)", UnknownNameError, "declared dimensions are: m, n", "k"),
    ("eye(x)", UnknownNameError, "not a dimension", "x"),
    ("q where q = q + 1", UnknownNameError, "by itself", "q"),
    ("a where a = b, b = a", UnknownNameError, "by itself", "a"),
    ("a where a = 1, a = 2", UnknownNameError, "twice", "a"),
    ("x where x = 2", UnknownNameError, "defined anew", "x"),
    ("a where sum = 2, a = 1", UnknownNameError, "function", "sum"),
    ("0 / 0 * sum(x)", DomainError, "no value", "0 / 0 * sum(x)"),
    ("(x - x) / zeros(n)", DomainError, "no value", "(x - x) / zeros(n)"),
    ("sum(x) / 0 * 0", DomainError, "no value", "sum(x) / 0 * 0"),
    ("maximum(x)", DomainError, "takes 2 arguments", "maximum(x)"),
    ("f(x, y)", DomainError, "takes 1 argument", "f(x, y)"),
    ("sum(A, axis=2)", DomainError, "no axis 2", "2"),
    ("sum(A, axis=x)", DomainError, "whole number", "x"),
    ("sum(A, dim=0)", DomainError, "no argument 'dim'", "sum(A, dim=0)"),
    ("zeros(0*n)", DomainError, "at least 1", "0*n"),
    ("a + b where a = b, b = d + 1, d = b", UnknownNameError, "'b' is defined by itself", "b"),
    ("@".join(["B"] * 301), LimitError, "301 factors", "B"),
    ("zeros(-1)", DomainError, "at least 1", "-1"),
    ("ones(2.5)", DomainError, "whole number", "2.5"),
    ("maximum'(x, y)", DomainError, "prime", "maximum'(x, y)"),
    ("det'(B)", DomainError, "prime", "det'(B)"),
    ("A²", DomainError, "matrix_power(A, 2)", "A²"),
    ("B⁻¹", DomainError, "inv(B)", "B⁻¹"),
    ("9**9**9", LimitError, "1,000", "9**9"),
    ("9**999", LimitError, "no double", "999"),
    ("1e-300 * 1e-300 * x", LimitError, "smaller than a double", "1e-300 * 1e-300 * x"),
    ("x**1001", LimitError, "1,000", "1001"),
    ("tanh'''''(x)", LimitError, "5 primes", "tanh'''''(x)"),
    ("eye(10000000000)", LimitError, "limit", "10000000000"),
    ("matrix_power(B, 10000000)", LimitError, "limit", "10000000"),
]


@pytest.mark.parametrize(("text", "kind", "message", "place"), ERRORS, ids=[row[0] for row in ERRORS])
def test_errors(text: str, kind: type[MatcalcError], message: str, place: str) -> None:
    with pytest.raises(kind) as caught:
        lowered(text)
    error = caught.value
    assert message in f"{error.message} {error.hint}"
    assert error.hint
    assert error.span is not None
    start, end = error.span
    assert text[start:end] == place


def test_functions() -> None:
    for functions in ("phi psi", "phi, psi", ("phi", "psi"), [AbstractFunction("phi"), "psi"]):
        assert read("phi(x) + psi(x)", "x: n", functions).functions == ("phi", "psi")
    with pytest.raises(UnknownNameError, match="functions= lists others"):
        read("f(x)", "x: n", "phi")
    with pytest.raises(UnknownNameError, match="function"):
        read("x", "x: n", "tanh")
    with pytest.raises(UnknownNameError, match="both"):
        read("x", "x: n", "x")
    with pytest.raises(DomainError):
        read("x", "x: n", 5)  # type: ignore[arg-type]
    assert read("sigma * x", "x: n, sigma: ()").order == ("sigma", "x")
    with pytest.raises(UnknownNameError, match="variable"):
        read("sigma(x)", "x: n, sigma: ()")


def test_limits_are_settings() -> None:
    with pytest.raises(LimitError):
        read("x**11", limits=Limits(exponent=10))
    assert read("x**2000", limits=NO_LIMITS).value.shape == ("m", 1)


def test_ten_thousand_layers() -> None:
    depth = 10_000
    parsed = read("tanh(W @ " * depth + "x" + ")" * depth, "W: n n, x: n", limits=NO_LIMITS)
    assert parsed.value.shape == ("n", 1)
    assert read(" + ".join(["x"] * depth), limits=NO_LIMITS).value.shape == ("m", 1)
    assert read("-" * depth + "x", limits=NO_LIMITS).value.node is symbol("x", ("m",))


@pytest.mark.parametrize(
    ("made", "first"), [("kron(?, ?)", "x20: 2"), ("? @ ?.T @ ?", "x20: n n")], ids=["kron", "@"]
)
def test_parts_that_double_are_bounded(made: str, first: str) -> None:
    """Twenty short definitions make a million factors: they are refused, or stay what is shared."""
    parts = ", ".join(f"x{k} = {made.replace('?', f'x{k + 1}')}" for k in range(20))
    try:
        assert len(read(f"x0 where {parts}", first).names) == 20
    except LimitError as error:
        assert error.hint
