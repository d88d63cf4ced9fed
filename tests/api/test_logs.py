"""The log says what happened and not what was typed, unless it is asked to."""

from __future__ import annotations

import json

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
        assert ("secretname" in "\n".join(lines)) == text
