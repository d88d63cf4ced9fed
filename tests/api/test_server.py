"""Starting: quick, told where, and a mistake in the settings is a message."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

from tests.api.service import ROOT, Server, serving


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "matcalc", "serve", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_first_answer_comes_soon() -> None:
    """The benchmark holds two seconds; a busy machine must not fail the tests."""
    begin = time.monotonic()
    with serving() as server:
        assert server.derive("x.T @ A @ x").status_code == 200
        assert time.monotonic() - begin < 20


def test_a_port_in_use_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        run = start("--port", str(taken.getsockname()[1]))
    assert run.returncode == 2
    assert "can't listen at 127.0.0.1" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_port_that_there_is_not_is_told() -> None:
    for port in ("65536", "99999"):
        run = start(MATCALC_PORT=port)
        assert run.returncode == 2
        assert f"there is no port {port}" in run.stderr
    assert "there is no port -1" in start("--port=-1").stderr


def test_a_setting_that_makes_no_sense_is_told() -> None:
    for name, value in (("MATCALC_WORKERS", "many"), ("MATCALC_RATE_LIMIT", "often")):
        run = start("--port", "0", **{name: value})
        assert run.returncode == 2
        assert name in run.stderr
        assert "docs/service.md" in run.stderr
        assert "Traceback" not in run.stderr


def test_every_answer_has_safe_headers(server: Server) -> None:
    for response in (server.client.get("/"), server.client.get("/nothing"), server.derive("x.T @ x")):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "server" not in response.headers
        assert "set-cookie" not in response.headers


def test_files_of_the_page_are_asked_for_once(server: Server) -> None:
    first = server.client.get("/static/style.css")
    assert first.headers["content-encoding"] == "gzip"
    again = server.client.get("/static/style.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = server.client.get("/static/style.css", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == first.text
    assert server.client.head("/").status_code == 200
    font = server.client.get("/static/math.woff2")
    assert font.content[:4] == b"wOF2"
    assert len(font.content) < 200_000
