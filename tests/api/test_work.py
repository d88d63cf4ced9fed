"""The work of a worker: what is kept at hand is the same derivation, and never in another's spelling."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api import work

LIMITS = work.Limits(5_000, 10**9)
DEFAULTS = {
    "shapes": None,
    "functions": [],
    "dialect": "python",
    "names": None,
    "order": 1,
    "layout": "shape",
    "code": [],
    "verify": False,
}


def derive(expression: str, wrt: Any = "x", **more: Any) -> dict[str, Any]:
    request = {**DEFAULTS, "expression": expression, "wrt": wrt, **more}
    answer = work.answer("derive", json.dumps(request).encode(), LIMITS)
    assert answer.status == 200, answer
    found: dict[str, Any] = json.loads(answer.body)
    return found


@pytest.fixture(autouse=True)
def nothing_at_hand() -> None:
    work._recent.clear()


def test_another_spacing_is_the_same_derivation() -> None:
    plain = derive("x.T @ A @ x")
    assert derive("x.T@(A @ x)", code=["numpy"]) == {
        **plain,
        "code": derive("x.T @ A @ x", code=["numpy"])["code"],
    }
    assert len(work._recent) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"expression": "x.T @ A @ x + b.T @ x"}, {"expression": "b.T @ x + x.T @ A @ x"}),
        (
            {"expression": "sum(z**2) + sum(z) where z = A @ x + b"},
            {"expression": "sum(r**2) + sum(r) where r = A @ x + b"},
        ),
        ({"expression": "x.T @ x", "shapes": "x: n"}, {"expression": "x.T @ x", "shapes": "x: n positive"}),
        ({"expression": "x.T @ x", "shapes": "x: n"}, {"expression": "x.T @ x", "shapes": "x: n, y: m"}),
        ({"expression": "sum(x)"}, {"expression": "sum(x) + 0 * sum(y)"}),
        ({"expression": "x.T @ A @ x"}, {"expression": "x.T @ A @ x", "order": 2}),
        ({"expression": "x.T @ A @ x"}, {"expression": "x.T @ A @ x", "layout": "jacobian"}),
        ({"expression": "x.T @ A @ x"}, {"expression": "x.T @ A @ x", "wrt": ["x"]}),
    ],
)
def test_nobody_sees_anothers_spelling(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Asked one after the other, both get what they would have got alone."""
    alone = []
    for request in (one, other):
        work._recent.clear()
        alone.append(derive(**request))
    for first, second in ((one, other), (other, one)):
        work._recent.clear()
        together = {id(first): derive(**first), id(second): derive(**second)}
        assert [together[id(one)], together[id(other)]] == alone


def test_what_is_at_hand_is_bounded() -> None:
    for number in range(work.RECENT + 10):
        derive(f"{number} * x.T @ x")
    assert len(work._recent) == work.RECENT


def test_a_bug_is_told_without_the_users_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(work.mc, "parse", broken)
    request = {**DEFAULTS, "expression": "secret", "wrt": "x"}
    answer = work.answer("derive", json.dumps(request).encode(), LIMITS)
    assert (answer.status, answer.body) == (500, b"")
    assert "secret" not in answer.bug
    assert answer.bug.startswith("KeyError at test_work.py:")


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_what_the_machine_refuses_is_a_limit(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def exhausted(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(work.mc, "parse", exhausted)
    answer = work.answer("derive", json.dumps({**DEFAULTS, "expression": "x", "wrt": "x"}).encode(), LIMITS)
    assert (answer.status, json.loads(answer.body)["code"]) == (422, "limit_error")


def test_numbers_that_json_does_not_have() -> None:
    nested = {"a": [float("nan"), (float("inf"), -float("inf"))], "b": 1.5}
    assert json.loads(work.encoded(nested)) == {"a": ["NaN", ["Infinity", "-Infinity"]], "b": 1.5}


@pytest.mark.parametrize(
    ("given", "gradient"),
    [
        (["NaN", 1, "-Infinity"], ["NaN", 2.0, "-Infinity"]),
        (["Infinity", 2], ["Infinity", 4.0]),
        ([10**20, 1], [2e20, 2.0]),
        ([2**63, -(2**63) - 1], [2.0**64, -(2.0**64)]),
    ],
)
def test_numbers_that_json_or_64_bits_do_not_have_are_values(given: list[Any], gradient: list[Any]) -> None:
    status, data = evaluated({"x": given})
    assert (status, data["derivative"]) == (200, gradient)


@pytest.mark.parametrize("given", [["nan"], ["1"], "1+1j", [None], {"a": 1}, [[{"a": 1}]], [10**400]])
def test_what_is_no_number_is_no_value(given: Any) -> None:
    status, data = evaluated({"x": given})
    assert (status, data["code"]) == (422, "value_error")
    assert "'x'" in data["detail"]
    assert "Infinity" in data["hint"]


def evaluated(values: Any) -> tuple[int, dict[str, Any]]:
    request = {**DEFAULTS, "expression": "sum(x**2)", "wrt": "x", "values": values}
    answer = work.answer("evaluate", json.dumps(request).encode(), LIMITS)
    return answer.status, json.loads(answer.body)
