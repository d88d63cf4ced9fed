"""Binding of arguments, shapes, names; a user's own functions; simplifications when a node is built."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from matcalc.errors import DomainError, LimitError, MatcalcError, ShapeError, UnknownNameError
from matcalc.graph import (
    apply,
    contract,
    elementwise,
    identity,
    multiply,
    number,
    power,
    scale,
    symbol,
    transpose,
)
from matcalc.rules import AbstractFunction, Operand, all_functions, call, lookup, names
from matcalc.rules.custom import register_elementwise
from matcalc.rules.interpreter import evaluate
from matcalc.rules.registry import read_formula, unregister, usage_text

A = Operand(symbol("A", ("m", "n")), ("m", "n"))
B = Operand(symbol("B", ("n", "n")), ("n", "n"))
C = Operand(symbol("C", ("n", "n")), ("n", "n"))
x = Operand(symbol("x", ("n",)), ("n", 1))
y = Operand(symbol("y", ("m",)), ("m", 1))
c = Operand(symbol("c"), (1, 1))

SPEC_NAMES = """exp expm1 log log1p sqrt square abs sign sin cos tan arcsin arccos arctan sinh cosh tanh erf sigmoid
relu leaky_relu prelu elu selu gelu gelu_tanh silu swish softplus softsign hard_tanh hard_sigmoid
heaviside maximum minimum sum mean max min argmax_indicator argmin_indicator logsumexp tr det logdet
inv pinv adj matrix_power expm expm_frechet norm norm1 norm_inf diag diagonal outer dot kron vec
commutation softmax log_softmax surprise entropy cross_entropy kl_divergence softmax_cross_entropy
binary_cross_entropy sse mse huber hinge gaussian_surprise eye ones zeros norm_spectral norm_nuclear
eigvalsh cross skew"""


def test_the_table_has_what_the_contract_names() -> None:
    assert set(SPEC_NAMES.split()) <= names()


@pytest.mark.parametrize("entry", all_functions(), ids=lambda entry: entry.name)
def test_entries_say_what_they_are(entry: Any) -> None:
    assert entry.doc.endswith((".", ")")) and entry.name in usage_text(entry)
    assert lookup(entry.name) is entry and all(lookup(alias) is entry for alias in entry.aliases)
    assert pickle.loads(pickle.dumps(entry)) is entry and copy.deepcopy(entry) is entry


def test_unknown_names_get_a_hint() -> None:
    with pytest.raises(UnknownNameError) as caught:
        lookup("sigmiod")
    assert caught.value.hint == "did you mean sigmoid?"


@pytest.mark.parametrize(
    ("name", "positional", "keywords", "kind", "says"),
    [
        ("tr", (), {}, DomainError, "'X' is missing"),
        ("det", (B, B), {}, DomainError, "takes 1 argument, got 2"),
        ("kron", (A,), {}, DomainError, "takes 2 arguments, got 1"),
        ("matrix_power", (B,), {}, DomainError, "'k' is missing"),
        ("matrix_power", (B, 2.5), {}, DomainError, "whole number"),
        ("matrix_power", (B, 10**7), {}, LimitError, "1,000,000"),
        ("eye", ("n", "n", "n"), {}, DomainError, "takes 1 argument, got 3"),
        ("ones", (2.5,), {}, DomainError, "dimension"),
        ("zeros", (0,), {}, DomainError, "positive"),
        ("zeros", (-1,), {}, DomainError, "positive"),
        ("matrix_power", (B, x), {}, DomainError, "whole number or a scalar"),
        ("norm", (x, 1), {}, DomainError, "takes 1 argument, got 2"),
        ("cross", (x, x), {}, ShapeError, "(3, 1)"),
        ("sum", (A,), {"axis": 2}, DomainError, "'axis' of sum is 0"),
        ("sum", (A,), {"axis": True}, DomainError, "'axis' of sum is 0"),
        ("sum", (A,), {"axis": "rows"}, DomainError, "'axis' of sum is 0"),
        ("sum", (A,), {"dim": 0}, DomainError, "no argument 'dim'"),
        ("sum", (), {"x": x}, DomainError, "goes by its place"),
        ("sum", (A, 0), {"axis": 1}, DomainError, "given twice"),
        ("tr", (A,), {}, ShapeError, "does not fit (m, n): it takes (n, n)"),
        ("inv", (x,), {}, ShapeError, "(n, 1)"),
        ("diag", (A,), {}, ShapeError, "(m, n)"),
        ("dot", (x, y), {}, ShapeError, "(n, 1) and (m, 1)"),
        ("mse", (x, A), {}, ShapeError, "(n, 1) and (m, n)"),
        ("softmax", (A,), {}, ShapeError, "(m, n)"),
        ("maximum", (x, y), {}, ShapeError, "(n, 1) and (m, 1)"),
        ("prelu", (A, x), {}, ShapeError, "(m, n) and (n, 1)"),
    ],
)
def test_refusals(
    name: str, positional: tuple[Any, ...], keywords: dict[str, Any], kind: type[MatcalcError], says: str
) -> None:
    with pytest.raises(kind) as caught:
        call(lookup(name), *positional, **keywords)
    assert says in caught.value.message


def test_an_axis_of_a_softmax_is_hinted_at() -> None:
    with pytest.raises(ShapeError) as caught:
        call(lookup("softmax"), A)
    assert "axis=1" in str(caught.value.hint)


def test_elementwise_calls_broadcast() -> None:
    row = Operand(symbol("r", (1, "n")), (1, "n"))
    grid = call(lookup("maximum"), y, row)
    assert grid.shape == ("m", "n") and grid.node.axes == ("m", "n")
    values = {"y": np.arange(3.0), "r": np.arange(4.0)}
    np.testing.assert_array_equal(
        evaluate(grid.node, values), np.maximum(values["y"][:, None], values["r"][None])
    )
    assert call(lookup("maximum"), 0, y).shape == ("m", 1)


def inv(node: Any) -> Any:
    return apply(lookup("inv"), [node])


def test_simplifications_of_inverse_and_determinant() -> None:
    assert inv(inv(B.node)) is B.node
    assert inv(transpose(B.node)) is transpose(inv(B.node))
    assert inv(scale(3, B.node)) is scale(Fraction(1, 3), inv(B.node))
    assert inv(scale(-1, B.node)) is scale(-1, inv(B.node))
    assert inv(identity("n")) is identity("n")
    assert inv(contract([(x.node, "i")], "ii")) is contract([(power(x.node, -1), "i")], "ii")
    for name in ("det", "logdet"):
        assert apply(lookup(name), [transpose(B.node)]) is apply(lookup(name), [B.node])
    assert apply(lookup("det"), [identity("n")]) is number(1)
    assert apply(lookup("logdet"), [identity("n")]) is number(0)
    # A product with a scalar variable, a sum and a product of matrices stay as they are.
    for kept in (multiply(c.node, B.node), contract([(B.node, "ij"), (C.node, "jk")], "ik")):
        assert inv(kept).function.name == "inv"


def test_of_scalars() -> None:
    assert call(lookup("inv"), c).node is power(c.node, -1)
    assert call(lookup("det"), c).node is c.node
    assert call(lookup("logsumexp"), c).node is c.node
    assert call(lookup("softmax"), c).node is number(1)
    assert call(lookup("eye"), 1).node is number(1)
    assert call(lookup("ones"), 1, 1).node is number(1)
    assert call(lookup("tr"), c).node is c.node


def test_names_that_are_the_same_thing() -> None:
    assert call(lookup("sqrt"), x).node is power(x.node, Fraction(1, 2))
    assert call(lookup("square"), x).node is multiply(x.node, x.node)
    assert call(lookup("swish"), x).node is call(lookup("silu"), x).node
    assert call(lookup("matrix_power"), B, -1).node is call(lookup("inv"), B).node
    assert call(lookup("entropy"), x).node is call(lookup("cross_entropy"), x, x).node
    log = lookup("log")
    for axis in (0, 1):
        weights = call(lookup("softmax"), A, axis=axis).node
        assert elementwise(log, weights) is call(lookup("log_softmax"), A, axis=axis).node


@pytest.mark.parametrize(
    ("name", "at", "value"),
    [
        ("exp", (0,), 1),
        ("log", (1,), 0),
        ("sqrt", (4,), 2),
        ("sqrt", (Fraction(4, 9),), Fraction(2, 3)),
        ("square", (-3,), 9),
        ("sigmoid", (0,), Fraction(1, 2)),
        ("tanh", (0,), 0),
        ("cos", (0,), 1),
        ("abs", (Fraction(-1, 2),), Fraction(1, 2)),
        ("relu", (-0.5,), 0),
        ("maximum", (2, 3), 3),
        ("softsign", (1,), Fraction(1, 2)),
        ("hard_sigmoid", (1,), Fraction(2, 3)),
        ("heaviside", (0,), 0),
    ],
)
def test_exactly_known_values(name: str, at: tuple[Any, ...], value: Any) -> None:
    assert elementwise(lookup(name), *map(number, at)) is number(value)


@pytest.mark.parametrize(
    ("name", "at"), [("exp", 1), ("log", 2), ("log", 0), ("log", -1), ("sqrt", 2), ("sin", 1)]
)
def test_what_is_not_exactly_known_stays(name: str, at: int) -> None:
    assert elementwise(lookup(name), number(at)).children


def test_abstract_functions() -> None:
    f = AbstractFunction("f")
    assert f.derivative().derivative().name == "f''" and f.derivative() == AbstractFunction("f", 1)
    assert elementwise(f, x.node) is elementwise(AbstractFunction("f"), x.node)
    assert elementwise(f, x.node) is not elementwise(f.derivative(), x.node)


@pytest.fixture
def softstep() -> Iterator[Any]:
    entry = register_elementwise(
        "softstep", lambda xp, x: 0.5 * (1 + xp.tanh(3 * x)), "6*softstep(x)*(1 - softstep(x))"
    )
    yield entry
    unregister("softstep")


def test_a_users_own_function(softstep: Any) -> None:
    from matcalc.calculus.sweep import derive_nodes
    from matcalc.rules.laws import check_rule

    assert lookup("softstep") is softstep and softstep in all_functions()
    check_rule("softstep", derive_nodes)
    with pytest.raises(DomainError, match="already a function"):
        register_elementwise("softstep", lambda xp, x: x, "1")


@pytest.mark.parametrize(
    ("name", "value", "derivative", "says"),
    [
        ("tanh", lambda xp, x: x, "1", "already a function"),
        ("swish", lambda xp, x: x, "1", "already a function"),
        ("lambda", lambda xp, x: x, "1", "cannot be a function's name"),
        ("a b", lambda xp, x: x, "1", "cannot be a function's name"),
        ("cube", lambda xp, x: x**3, "2*x**2", "broken at"),
        ("cube", lambda xp, x: x**3, ("1", "2"), "a derivative and a domain for each"),
        ("cube", lambda xp, x: xp.log(x), "1/x", "not finite"),
        ("cube", lambda xp, x: x.sum(), "1", "one for each entry"),
        ("cube", lambda x: x, "1", "fails on NumPy arrays"),
        ("cube", lambda xp, x: x**3, "3*x**", ""),
        ("cube", lambda xp, x: x**3, "3*y**2", ""),
        ("cube", lambda xp, x: x**3, "tr(x)", ""),
    ],
)
def test_wrong_functions_are_refused_and_leave_no_trace(
    name: str, value: Any, derivative: Any, says: str
) -> None:
    before = names()
    with pytest.raises(MatcalcError) as caught:
        register_elementwise(name, value, derivative)
    assert says in caught.value.message
    assert names() == before


def test_functions_of_matcalc_stay() -> None:
    with pytest.raises(DomainError, match="comes with matcalc"):
        unregister("tanh")


def test_registration_from_many_threads() -> None:
    outcomes: list[str] = []

    def register_one() -> None:
        try:
            register_elementwise("contested", lambda xp, x: 2 * x, "2")
            outcomes.append("in")
        except DomainError:
            outcomes.append("refused")

    threads = [threading.Thread(target=register_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    unregister("contested")
    assert sorted(outcomes) == ["in"] + ["refused"] * 7


def test_formulas_are_short() -> None:
    """A formula is read for every derivative, so its node has few operators."""
    nodes = {letter: symbol(letter) for letter in ("x", "y", "a", "r", "delta")}
    for entry in all_functions():
        for text in getattr(entry, "derivatives", ()):
            assert read_formula(text, **nodes).weight <= 30, entry.name


def test_rules_load_no_array_library() -> None:
    code = "import sys, matcalc.rules; print('numpy' in sys.modules, 'jax' in sys.modules, 'scipy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False"] * 3
