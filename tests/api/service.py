"""A real server in a process of its own, on a free port of the loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

ROOT = Path(__file__).parents[2]


class Server:
    """A running service: its address, a client, its process and log."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.log = log
        self.client = httpx.Client(base_url=url, timeout=60)

    def derive(self, expression: str, wrt: object = "x", **more: object) -> httpx.Response:
        # Escaped, since a lone surrogate can't be sent otherwise.
        body = json.dumps({"expression": expression, "wrt": wrt, **more})
        return self.client.post("/v1/derive", content=body, headers={"content-type": "application/json"})

    def children(self) -> list[psutil.Process]:
        """The zygote and its workers, wherever they hang in the tree."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Stops it; returns its exit code."""
        self.client.close()
        self.process.send_signal(how)
        return self.process.wait(30)


@contextmanager
def serving(**settings: object) -> Iterator[Server]:
    """A server with these settings."""
    environment = {
        **os.environ,
        **{f"MATCALC_{name.upper()}": str(value) for name, value in settings.items()},
    }
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("w") as stream:
            command = [sys.executable, "-m", "matcalc", "serve", "--port", "0"]
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=stream)
        try:
            server = Server(process, _address(process, log), log)
            _wait(server)
            yield server
            if process.poll() is None:
                server.stop()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    while process.poll() is None:
        found = re.search(r"http://\S+(?=/\n)", log.read_text())
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(log.read_text())


def _wait(server: Server) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if server.client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.02)
    raise AssertionError(server.log.read_text())
