"""What is refused at the door."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.api.service import Server, serving

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("told", [True, False])
def test_a_body_that_is_too_large(server: Server, told: bool) -> None:
    """Whether its length is told beforehand or only seen as it comes."""
    body = b'{"expression": "' + b"x" * 1_000_000 + b'", "wrt": "x"}'
    parts = (body[start : start + 10_000] for start in range(0, len(body), 10_000))
    response = server.client.post("/v1/derive", content=body if told else parts, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_an_expression_that_is_too_long(server: Server) -> None:
    response = server.derive("x.T @ x" + " " * 4_000)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, "limit_error")
    assert problem["span"] == [4_000, 4_007]
    assert server.derive("x.T @ x" + " " * 3_990).status_code == 200


@pytest.fixture(scope="module")
def slow() -> Iterator[Server]:
    with serving(
        rate_limit="5/second", proxies="127.0.0.1", nodes=8, dimension=100, log_level="error"
    ) as running:
        yield running


def test_who_asks_too_often_has_to_wait(slow: Server) -> None:
    time.sleep(1.1)
    responses = [slow.derive("x.T @ x") for _ in range(12)]
    statuses = [response.status_code for response in responses]
    assert statuses[0] == 200
    refused = next(response for response in responses if response.status_code == 429)
    assert refused.json()["code"] == "rate_limited"
    assert refused.headers["content-type"] == "application/problem+json"
    # The page and health are free, and another client is another client.
    assert slow.client.get("/healthz").status_code == 200
    other = httpx.post(
        f"{slow.url}/v1/derive",
        json={"expression": "x.T @ x", "wrt": "x"},
        headers={"X-Forwarded-For": "192.0.2.7"},
    )
    assert other.status_code == 200
    time.sleep(int(refused.headers["retry-after"]) + 1)
    assert slow.derive("x.T @ x").status_code == 200


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"expression": "x.T @ A @ B @ C @ D @ E @ F @ tanh(x)"}, "8 parts"),
        ({"expression": "x.T @ x", "shapes": "x: 101"}, "100"),
    ],
)
def test_size_is_a_setting(slow: Server, request_: dict[str, str], words: str) -> None:
    time.sleep(1.1)
    response = slow.client.post("/v1/derive", json={**request_, "wrt": "x"})
    assert (response.status_code, response.json()["code"]) == (422, "limit_error")
    assert words in response.json()["detail"]
