"""What the routes answer, over HTTP, against the library itself."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import matcalc as mc
from tests.api.service import ROOT, Server
from tools.bad_inputs import BadInput, read_cases

NOTATIONS = ("text", "latex", "unicode", "index_notation", "layout", "order")


@pytest.mark.parametrize(
    ("expression", "wrt", "options"),
    [
        ("u.T @ f(W @ x + b)", "W", {}),
        ("norm(X @ w - y)**2", "w", {"shapes": "X: k n, w: n, y: k", "code": ["numpy", "jax"]}),
        ("x.T @ A @ x", "x", {"order": 2, "layout": "jacobian"}),
        ("logdet(S)", "S", {"shapes": {"S": "n n spd"}}),
        ("sum(phi(x))", "x", {"functions": ["phi"]}),
        ("sum(relu(x))", "x", {}),
    ],
)
def test_derive_answers_what_the_library_says(
    server: Server, expression: str, wrt: str, options: dict[str, object]
) -> None:
    response = server.derive(expression, wrt, **options)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    code = options.pop("code", [])
    expected = mc.derive(expression, wrt, **options)
    answer = response.json()
    assert {name: answer[name] for name in NOTATIONS} == {name: getattr(expected, name) for name in NOTATIONS}
    assert answer["shape"] == list(expected.shape)
    assert answer["shapes"] == {name: str(shape) for name, shape in expected.shapes.items()}
    assert answer["code"] == {target: expected.code(target) for target in code}
    assert answer["warnings"] == list(expected.warnings)
    assert answer["verification"] is None
    assert answer["steps"] == []


def test_several_variables_come_by_name(server: Server) -> None:
    answer = server.derive("u.T @ f(W @ x + b)", ["W", "b"]).json()
    assert list(answer) == ["derivatives"]
    assert {name: one["text"] for name, one in answer["derivatives"].items()} == {
        "W": "(u * f'(W @ x + b)) @ x.T",
        "b": "u * f'(W @ x + b)",
    }


def test_verification_brings_its_evidence(server: Server) -> None:
    evidence = server.derive("u.T @ tanh(W @ x)", "W", verify=True).json()["verification"]
    assert evidence["passed"] is True
    assert len(set(evidence["sizes"].values())) == 2
    assert [check["passed"] for check in evidence["checks"]] == [True, True]
    assert all(0 <= check["error"] < check["tolerance"] for check in evidence["checks"])


def test_the_command_line_prints_the_same(server: Server) -> None:
    command = [sys.executable, "-m", "matcalc", "derive", "x.T @ A @ x", "--wrt", "x", "--wrt", "A", "--json"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    assert json.loads(printed) == server.derive("x.T @ A @ x", ["x", "A"]).json()


def test_evaluate(server: Server) -> None:
    rng = np.random.default_rng(5)
    values = {"x": rng.normal(size=3), "A": rng.normal(size=(3, 3)), "b": rng.normal(size=3)}
    asked = {name: array.tolist() for name, array in values.items()}
    request = {"expression": "x.T @ A @ x + b.T @ x", "wrt": "x", "values": asked}
    answer = server.client.post("/v1/evaluate", json=request).json()
    x, a, b = values.values()
    assert answer["value"] == pytest.approx(x @ a @ x + b @ x)
    assert answer["derivative"] == pytest.approx(list((a + a.T) @ x + b))
    answer = server.client.post("/v1/evaluate", json={**request, "wrt": ["b", "A"]}).json()
    assert answer["derivative"] == {"b": asked["x"], "A": pytest.approx(np.outer(x, x))}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"x": [1, 2]}, "name_error"),
        ({"x": [1, 2], "A": [[1, 2, 3]]}, "shape_error"),
        ({"x": [1, "two"], "A": [[1, 2], [3, 4]]}, "value_error"),
        ({"x": [1, [2]], "A": [[1, 2], [3, 4]]}, "value_error"),
        ({"x": None, "A": {}}, "value_error"),
    ],
)
def test_values_that_do_not_fit(server: Server, values: dict[str, object], code: str) -> None:
    response = server.client.post(
        "/v1/evaluate", json={"expression": "x.T @ A @ x", "wrt": "x", "values": values}
    )
    assert (response.status_code, response.json()["code"]) == (422, code)


def test_what_is_no_number_in_json_is_told_in_words(server: Server) -> None:
    request = {"expression": "norm(x)", "wrt": "x", "values": {"x": [0, 0]}}
    answer = server.client.post("/v1/evaluate", json=request).json()
    assert answer == {"value": 0.0, "derivative": ["NaN", "NaN"]}


def test_what_is_no_number_in_json_may_be_asked(server: Server) -> None:
    """As the texts that answers hold, and as the literals that many programs write."""
    told = {"expression": "sum(x**2)", "wrt": "x", "values": {"x": ["NaN", 1, "-Infinity", "Infinity"]}}
    literal = {**told, "values": {"x": [float("nan"), 1, float("-inf"), float("inf")]}}
    for request in (told, literal):
        response = server.client.post(
            "/v1/evaluate", content=json.dumps(request), headers={"content-type": "application/json"}
        )
        assert response.json() == {"value": "NaN", "derivative": ["NaN", 2.0, "-Infinity", "Infinity"]}


def test_parse_tells_how_it_was_read(server: Server) -> None:
    answer = server.client.post("/v1/parse", json={"expression": "u.T @ f(W @ x + b)"}).json()
    assert answer["shape"] == []
    assert answer["shapes"] == {"u": "m", "W": "m n", "x": "n", "b": "m"}
    assert answer["functions"] == ["f"]
    assert "W x + b" in answer["latex"]


def test_functions(server: Server) -> None:
    rows = {row["name"]: row for row in server.client.get("/v1/functions").json()}
    assert rows["tanh"]["derivatives"] == ["1 - tanh(x)**2"]
    assert {"logdet", "softmax", "kron"} <= set(rows)


def test_health(server: Server) -> None:
    for path in ("/healthz", "/readyz"):
        assert server.client.get(path).json() == {"status": "ok"}


def test_an_answer_is_remembered(server: Server) -> None:
    def count(name: str) -> float:
        text = server.client.get("/metrics").text
        return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))

    request = {"expression": "a_remembered.T @ x", "wrt": "x"}
    hits = count("matcalc_cache_hits_total")
    first = server.client.post("/v1/derive", json=request).json()
    # The same request, written another way.
    again = server.client.post("/v1/derive", content=json.dumps({**request, "order": 1}, indent=3))
    assert again.status_code == 415
    headers = {"content-type": "application/json"}
    again = server.client.post(
        "/v1/derive", content=json.dumps({**request, "order": 1}, indent=3), headers=headers
    )
    assert again.json() == first
    assert count("matcalc_cache_hits_total") == hits + 1
    assert count('matcalc_requests_total{route="/v1/derive",status="200"}') >= 2


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: f"{case.id} {case.why}")
def test_bad_input(server: Server, case: BadInput) -> None:
    """The corpus of bad inputs gives problems with a code, a place and a hint, never a 5xx."""
    response = server.derive(case.expr, case.wrt, shapes=case.shapes)
    if "ok" in case.codes and response.status_code == 200:
        return
    assert 400 <= response.status_code < 500, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["code"] in case.codes or response.status_code == 413
    assert problem["detail"]
    assert problem["hint"]
    assert "span" in problem
    if case.expr.strip() and problem["code"] in ("syntax_error", "shape_error"):
        start, end = problem["span"]
        assert 0 <= start <= end <= len(case.expr)
