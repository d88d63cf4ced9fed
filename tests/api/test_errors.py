"""Requests that are no requests: each is answered by a problem that says what to do instead."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.service import Server

GOOD: dict[str, Any] = {"expression": "x.T @ x", "wrt": "x"}
JSON = {"content-type": "application/json"}


def problem(response: Any) -> dict[str, Any]:
    """The problem of a response, after a look at its form."""
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "code", "span", "hint"} <= set(found)
    assert found["status"] == response.status_code
    assert found["detail"]
    assert found["hint"]
    return found


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("POST", "/v1/nothing", 404, "not_found"),
        ("GET", "/static/nothing.js", 404, "not_found"),
        ("GET", "/static/..%2fapp.py", 404, "not_found"),
        ("GET", "/v1/derive", 405, "method_not_allowed"),
        ("DELETE", "/v1/functions", 405, "method_not_allowed"),
        ("POST", "/", 405, "method_not_allowed"),
        ("PROPFIND", "/v1/derive", 405, "method_not_allowed"),
    ],
)
def test_routes_and_methods(server: Server, method: str, path: str, status: int, code: str) -> None:
    response = server.client.request(method, path)
    assert (response.status_code, problem(response)["code"]) == (status, code)
    if status == 405:
        assert response.headers["allow"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "undecodable"),
        (b"{", 400, "undecodable"),
        (b"\xff\xfe", 400, "undecodable"),
        (b'{"expression": "\xff", "wrt": "x"}', 400, "undecodable"),
        (b"[" * 100_000, 400, "undecodable"),
        (b'{"expression": ' + b"9" * 10_000 + b"}", 400, "undecodable"),
        (b"null", 422, "value_error"),
        (b"[]", 422, "value_error"),
        (b'"x.T @ x"', 422, "value_error"),
        (b"{}", 422, "value_error"),
        (b'{"expression": "x.T @ x"}', 422, "value_error"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_bodies(server: Server, body: bytes, status: int, code: str) -> None:
    response = server.client.post("/v1/derive", content=body, headers=JSON)
    assert (response.status_code, problem(response)["code"]) == (status, code)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"expression": 3}, "expression"),
        ({"expression": None}, "expression"),
        ({"wrt": []}, "wrt"),
        ({"wrt": ""}, "wrt"),
        ({"wrt": {"x": 1}}, "wrt"),
        ({"order": 0}, "order"),
        ({"order": 7}, "order"),
        ({"order": "second"}, "order"),
        ({"layout": "sideways"}, "layout"),
        ({"dialect": "cobol"}, "dialect"),
        ({"shapes": [1]}, "shapes"),
        ({"functions": "f"}, "functions"),
        ({"code": "numpy"}, "code"),
        ({"expresion": "x"}, "expresion"),
    ],
)
def test_fields(server: Server, change: dict[str, Any], field: str) -> None:
    response = server.client.post("/v1/derive", json={**GOOD, **change})
    found = problem(response)
    assert (response.status_code, found["code"], found["field"]) == (422, "value_error", field)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_the_type_of_a_body(server: Server, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}
    response = server.client.post("/v1/derive", content=json.dumps(GOOD), headers=headers)
    assert (response.status_code, problem(response)["code"]) == (415, "unsupported_media_type")


def test_a_mistake_brings_its_repairs(server: Server) -> None:
    found = problem(server.derive("x @ y"))
    assert found["span"] == [0, 5]
    assert found["field"] == "expression"
    assert found["repairs"][0] == {"label": "x.T @ y (inner)", "changes": {"expression": "x.T @ y"}}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"wrt": "q"}, "name_error"),
        ({"wrt": ["x", "q"]}, "name_error"),
        ({"shapes": "x: n n n"}, "value_error"),
        ({"shapes": {"y": "n"}}, "name_error"),
        ({"code": ["fortran"]}, "value_error"),
        ({"expression": "x.T @ x", "shapes": "x: 10000000000"}, "limit_error"),
        ({"shapes": "x: 1000000000", "verify": True}, "limit_error"),
        ({"expression": "+".join(["x.T @ x"] * 1000)}, "limit_error"),
        ({"expression": "(" * 3_000 + "x" + ")" * 900}, "limit_error"),
        ({"expression": "-" * 3_999 + "x"}, "limit_error"),
        ({"expression": "c**" * 1_300 + "c", "wrt": "c"}, "limit_error"),
        ({"expression": "9**9**9**9 * x.T @ x"}, "limit_error"),
        ({"expression": "sum(x**99999)"}, "limit_error"),
        ({"expression": "matrix_power(A, 10000000)", "wrt": "A"}, "limit_error"),
        ({"expression": "eye(99999999999) @ x"}, "limit_error"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_hostile_mathematics(server: Server, change: dict[str, Any], code: str) -> None:
    response = server.client.post("/v1/derive", json={**GOOD, **change})
    assert (response.status_code, problem(response)["code"]) == (422, code)
    assert len(response.content) < 5_000
