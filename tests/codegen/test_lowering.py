"""The statements that expressions come to: the plainest array operations, in a sensible order."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest

from matcalc.codegen import compiled, generate
from matcalc.graph import (
    Node,
    Symbol,
    constant,
    contract,
    divide,
    elementwise,
    fuse,
    identity,
    linear,
    multiply,
    number,
    ones,
    power,
    size,
    subtract,
    symbol,
    tidy,
    transpose,
    zero,
)
from matcalc.rules import AbstractFunction, lookup
from tests.stopwatch import processor_seconds

A, B = symbol("A", ("m", "n")), symbol("B", ("n", "p"))
X, Y = symbol("X", ("n", "n")), symbol("Y", ("n", "n"))
x, y, u = symbol("x", ("n",)), symbol("y", ("n",)), symbol("u", ("m",))
r, a = symbol("r", (1, "n")), symbol("a")
T = contract([(A, "ij"), (A, "kj")], "ijk")


def body(node: Node, symbols: Sequence[Symbol] = (), target: str = "numpy") -> str:
    """The statements behind the checks of shapes."""
    text = generate((node, node.axes), symbols, target=target).text
    lines = [line.strip() for line in text.rpartition("\ndef ")[2].splitlines()[1:]]
    checks = ("if ", "raise ")
    kept = [line for line in lines if line and not line.startswith(checks) and ".shape" not in line]
    return "; ".join(kept)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (contract([(A, "ij"), (x, "j")], "i"), "return A @ x"),
        (contract([(A, "ij"), (u, "i")], "j"), "return A.T @ u"),
        (contract([(x, "i"), (y, "i")], ""), "return x @ y"),
        (contract([(u, "i"), (x, "j")], "ij"), "return np.outer(u, x)"),
        (contract([(u, "i"), (x, "j")], "ji"), "return np.outer(x, u)"),
        (contract([(A, "ij"), (B, "jk")], "ki"), "return (A @ B).T"),
        (contract([(A, "ij"), (A, "ij")], ""), "return (A**2).sum()"),
        (contract([(X, "ij"), (Y, "ji")], ""), "return (X * Y.T).sum()"),
        (contract([(X, "ij"), (Y, "ji")], "i"), "return (Y * X.T).sum(axis=0)"),
        (contract([(X, "ii")], ""), "return np.diagonal(X).sum()"),
        (contract([(A, "ij")], "j"), "return A.sum(axis=0)"),
        (contract([(u, "i"), (A, "ij")], "ij"), "return u[:, None] * A"),
        (contract([(A, "ij"), (x, "j")], "ij"), "return x * A"),
        (contract([(A, "ij"), (x, "j"), (B, "jk")], "ik"), "return (x * A) @ B"),
        # vectors first, whatever the order of the factors
        (contract([(A, "ij"), (B, "jk"), (symbol("k", ("p",)), "k")], "i"), "return A @ (B @ k)"),
        (contract([(x, "i"), (X, "ij"), (Y, "jk"), (y, "k")], ""), "return X.T @ x @ (Y @ y)"),
        (contract([(T, "ijk"), (x, "j")], "ik"), None),
        (contract([(x, "i")], "ii"), "return np.diag(x)"),
        (contract([(contract([(x, "i")], "ii"), "ij"), (y, "j")], "i"), "return x * y"),
        (contract([(identity("n"), "ij"), (y, "j")], "i"), "return y.copy()"),
        (transpose(A), "return A.T.copy()"),
        (identity("n"), "dtype = np.result_type(float); return np.eye(n, dtype=dtype)"),
        (
            linear([(1, X), (1, multiply(a, identity("n")))], ("n", "n")),
            "return add_to_diagonal(X.copy(), a)",
        ),
        (ones(("n", "p")), None),
        (zero(("n",)), None),
        (size("n"), None),
        (fuse(A, (2,)), "return A.reshape((m * n,)).copy()"),
        (divide(x, contract([(y, "i")], "")), "return x / y.sum()"),
        (divide(number(1), a), "return 1 / a"),
        (power(a, Fraction(-1, 2)), "return 1 / np.sqrt(a)"),
        (power(x, Fraction(2, 3)), "return x**(2 / 3)"),
        (power(x, a), "return x**a"),
        (power(power(x, 2), Fraction(1, 2)), "return np.sqrt(x**2)"),
        (linear([(Fraction(1, 2), x), (3, y)], ("n",)), "return x / 2 + 3 * y"),
        (linear([(-1, x)], ("n",)), "return -x"),
        (
            multiply(power(linear([(2, constant("pi"))], ()), Fraction(1, 2)), x),
            "return math.sqrt(2 * np.pi) * x",
        ),
        (elementwise(lookup("log"), x), "return np.log(x)"),
        (elementwise(AbstractFunction("f", 2), x), "return d2f(x)"),
        (contract([(r, "i"), (x, "i")], ""), None),
    ],
)
def test_statements(node: Node, expected: str | None) -> None:
    found = body(node)
    assert "einsum" not in found
    if expected is None:
        assert found
        return
    # Factors are ordered canonically, so that products may come either way round.
    assert sorted(found) == sorted(expected) or found == expected


def test_kronecker_products_are_called_by_name() -> None:
    product = fuse(contract([(A, "ij"), (B, "kl")], "ikjl"), (2, 2))
    assert body(product) == "return np.kron(A, B)"


def test_nothing_is_materialised_on_the_way() -> None:
    """Identities and diagonals inside products leave no trace."""
    inside = contract([(x, "i")], "ii")
    shifted = contract([(A, "ij"), (inside, "jk"), (B, "kl")], "il")
    for word in ("eye", "diag(", "where", "kron"):
        assert word not in body(shifted)


def test_shared_parts_are_computed_once() -> None:
    z = contract([(A, "ij"), (x, "j")], "i")
    s = elementwise(lookup("tanh"), z)
    text = generate({"s": (s, s.axes), "t": (power(s, 2), s.axes)}, (A, x)).text
    assert text.count("A @ x") == 1
    assert text.count("tanh") == 1
    assert '"""' not in text


def test_text_in_docstrings_is_only_text() -> None:
    hostile = 'a """\nimport os\n"""\\" \x00 ü'
    source = generate((x, ("n",)), (x,), doc=hostile)
    function = compiled(source)
    assert "import os" in str(function.__doc__)
    assert len(source.text.split("import os")) == 2


@pytest.mark.parametrize("name", ["lambda", "np", "ValueError", "dtype", "t1", "evaluate", "λ", "x'", "n"])
def test_names_never_clash(name: str) -> None:
    import numpy as np

    odd = symbol(name, ("n",))
    node = subtract(elementwise(lookup("sin"), multiply(odd, odd)), multiply(size("n"), ones(("n",))))
    (tidied,) = tidy(node)
    source = generate((tidied, ("n",)), (odd,))
    (argument,) = source.arguments.values()
    found = compiled(source)(**{argument: np.arange(4.0)})
    assert np.allclose(found, np.sin(np.arange(4.0) ** 2) - 4)


def test_many_factors_stay_near_linear() -> None:
    """Chains, stars and Hadamard products of thousands of factors: twice as many take about twice as long."""

    def seconds(count: int) -> float:
        matrices = [symbol(f"A{k}", ("n", "n")) for k in range(count)]
        vectors = [symbol(f"x{k}", ("n",)) for k in range(count)]
        products = [
            contract([(matrix, (k, k + 1)) for k, matrix in enumerate(matrices)], (0, count)),
            contract([(matrix, (k, "c")) for k, matrix in enumerate(matrices)], ("c",)),
            contract([(vector, "i") for vector in vectors], "i"),
        ]
        return processor_seconds(
            lambda: [
                compiled(generate((product, product.axes), [*matrices, *vectors])) for product in products
            ]
        )

    assert seconds(2000) < 12 * max(seconds(500), 0.02)


def test_fused_sizes_are_read_from_their_factors() -> None:
    import numpy as np

    long = symbol("v", (("m", "n"),))
    node = linear([(1, long), (1, fuse(A, (2,)))], long.axes)
    source = generate((node, node.axes), (A, long))
    found = compiled(source)(A=np.ones((2, 3)), v=np.ones(6))
    assert np.array_equal(found, 2 * np.ones(6))
    with pytest.raises(ValueError, match="expected"):
        compiled(source)(A=np.ones((2, 3)), v=np.ones(5))
