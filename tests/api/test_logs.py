"""The log says what happened and not what was typed, unless it is asked to."""

from __future__ import annotations

import json
import socket

import pytest

from tests.api.service import serving


@pytest.mark.parametrize("text", [False, True])
def test_the_log(text: bool) -> None:
    with serving(log_text="on" if text else "off", workers=1) as server:
        secret = "secretname.T @ secretname"
        server.derive(secret, "secretname")
        server.derive(secret, "secretname")
        server.derive(secret + " + ", "secretname")
        server.client.get("/v1/functions?q=secretname")
        server.client.get("/secretname")
        values = {"secretname": [1e300, 1e300]}
        request = {"expression": "sum(exp(secretname))", "wrt": "secretname", "values": values}
        assert server.client.post("/v1/evaluate", json=request).json()["value"] == "Infinity"
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as line:
            line.sendall(b"secretname secretname secretname\r\n\r\n")
            line.recv(100)
        server.stop()
        first, *lines = server.log.read_text().splitlines()
        assert first.startswith("matcalc is at http://")
        events = [json.loads(line) for line in lines]
        assert [events[0]["event"], events[-1]["event"]] == ["started", "stopped"]
        requests = [event for event in events if event.get("route") == "/v1/derive"]
        assert [event["status"] for event in requests] == [200, 200, 422]
        assert [event["cached"] for event in requests] == [False, True, False]
        assert all(event["ms"] > 0 and event["level"] == "info" for event in requests)
        same = requests[0]["expression"] == requests[1]["expression"] != requests[2]["expression"]
        assert same
        assert any(event["level"] == "warning" and "Invalid HTTP" in event["event"] for event in events)
        assert ("secretname" in "\n".join(lines)) == text
