"""The OpenAPI document holds: schemathesis asks everything that it allows, and what it forbids, with all its checks."""

from __future__ import annotations

import json
import subprocess
import sys
from html import unescape
from pathlib import Path

import httpx

from tests.api.service import Server

# JSON Schema can't say which texts are mathematics: those that are none get a 422.
CONFIGURATION = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 413, 422]
"""


def test_everything_that_is_answered_is_documented(server: Server, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    program = Path(sys.executable).with_name("schemathesis")
    options = ["--checks=all", "--max-examples=40", "--seed=1", "--no-color", "--generation-database=none"]
    run = subprocess.run(
        [program, "run", f"{server.url}/openapi.json", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    # Every operation was asked, in all ways that schemathesis knows.
    assert "Tested: 7" in run.stdout
    for phase in ("Examples", "Coverage", "Fuzzing"):
        assert f"✅ {phase}" in run.stdout


def test_examples_work(server: Server) -> None:
    """The document's named examples are good requests, and their answers have the documented fields."""
    document = server.client.get("/openapi.json").json()
    count = 0
    for path, operations in document["paths"].items():
        content = operations.get("post", {}).get("requestBody", {}).get("content", {})
        for example in content.get("application/json", {}).get("examples", {}).values():
            answer = server.client.post(path, json=example["value"])
            assert answer.status_code == 200, answer.text
            count += 1
    assert count >= 6


def test_the_document_names_every_route(server: Server) -> None:
    paths = server.client.get("/openapi.json").json()["paths"]
    v1 = {"/v1/derive", "/v1/evaluate", "/v1/parse", "/v1/functions"}
    assert v1 | {"/healthz", "/readyz", "/metrics"} == set(paths)
    for path in v1:
        (operation,) = paths[path].values()
        assert operation["description"]
        for status, response in operation["responses"].items():
            if status != "200":
                assert list(response["content"]) == ["application/problem+json"]


def test_its_page_is_for_people(server: Server) -> None:
    """The page about the API shows every route and form, loads nothing from elsewhere, and its examples are JSON."""
    response = httpx.get(f"{server.url}/docs")
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    text = response.text
    assert "://" not in text.replace("http://127.0.0.1:8000", "")
    document = server.client.get("/openapi.json").json()
    for path in document["paths"]:
        assert f"{path}</code>" in text
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in text
    first = unescape(text.split("<pre")[1].split("</pre>")[0]).split("-d '")[1].removesuffix("'")
    assert json.loads(first)["wrt"] == ["W", "b"]
