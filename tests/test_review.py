"""What readers with fresh eyes found: each row once failed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import matcalc as mc
from tests.stopwatch import processor_seconds


@pytest.mark.parametrize(
    "text, wrt, expected",
    [
        ("sign'(x)", "x", "zeros(m, m)"),
        ("sum(relu''(x))", "x", "zeros(m)"),
        ("u.T @ (x + relu''(x))", "u", "x"),
        ("x / sum(x)", "x", "eye(m) / sum(x) - x @ ones(1, m) / sum(x)**2"),
        ("log_softmax(x)", "x", "eye(m) - ones(m) @ softmax(x).T"),
        ("tr(A) * tr(A) * tr(A)", "A", "3 * tr(A)**2 * eye(m)"),
        ("norm(x) * (x.T @ x)", "x", "3 * norm(x) * x"),
    ],
)
def test_results(text: str, wrt: str, expected: str) -> None:
    found = mc.derive(text, wrt)
    assert found.text == expected
    assert found.verify()


@pytest.mark.parametrize(
    "text",
    [
        "*".join(f"sin({k} * x)" for k in range(1, 25)),
        "*".join(f"(x + {k})" for k in range(20)),
        "@".join(["x.T"] + ["A"] * 14 + ["x"]),
        "tr(matrix_power(A, 16))",
    ],
)
def test_long_products_are_not_searched_for_ever(text: str) -> None:
    # A bound on work, told in time: these once took minutes.
    assert processor_seconds(lambda: mc.derive(text, "A" if "A" in text else "x").latex, rounds=1) < 20


def test_a_variable_may_be_called_self() -> None:
    gradient = mc.derive("self.T @ self", "self").numpy()
    np.testing.assert_allclose(gradient(self=np.ones(2)), [2, 2])


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: mc.derive("x.T @ x", "x", shapes="x: 1000000000").verify(),
        lambda: mc.derive("x.T @ x", "x").verify(seed=-5),
        lambda: mc.derive("x.T @ x", "x").verify(samples=2.5),
        lambda: mc.derive("huber(x, -1)", "x"),
        lambda: mc.register_elementwise("nothing", lambda xp, x: x, 1),
    ],
)
def test_mistakes_are_told(attempt: object) -> None:
    with pytest.raises(mc.MatcalcError):
        attempt()


def test_a_function_may_be_registered_before_anything_else() -> None:
    script = (
        "import matcalc as mc\n"
        "mc.register_elementwise('cube', lambda xp, x: x**3, '3 * x**2')\n"
        "print(mc.derive('sum(cube(x))', 'x').text)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "3 * x**2"


def test_our_own_text_has_no_limits() -> None:
    found = mc.derive("((x + 1)**1000)**1000", "x")
    assert mc.parse(found.text, shapes=found.shapes).node is found.node


def test_declared_properties_settle_conditions() -> None:
    assert mc.derive("logdet(S)", "S", shapes="S: n n spd").warnings == ()
    assert mc.derive("inv(X)", "X").warnings == ("holds where X is invertible",)
