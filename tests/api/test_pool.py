"""Hostile computations: they are stopped, told to who asked, and nobody else notices."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Set

import httpx
import psutil
import pytest

from tests.api.service import Server, serving

ENDLESS = {"expression": "logsumexp(A @ tanh(B @ softmax(C @ x)))", "wrt": "x", "order": 6}
# An outer product of 30,000 by 30,000: 7 GB.
HUGE = {"expression": "sum(tanh(x @ x.T))", "wrt": "x", "values": {"x": [1.5] * 30_000}}


@pytest.fixture(scope="module")
def strict() -> Iterator[Server]:
    """A server with short patience and little room."""
    with serving(workers=2, time_limit=1.5, memory_limit=400) as running:
        time.sleep(2)  # JAX is loaded behind the scenes, and the first workers are replaced
        yield running


def workers(server: Server) -> set[int]:
    """The processes that compute, without the one that they are forked from."""
    zygote = psutil.Process(server.process.pid).children()[0]
    return {child.pid for child in zygote.children()}


def wait_for_workers(server: Server, count: int, before: Set[int] = frozenset(), kept: int = 0) -> set[int]:
    """Waits until there are `count` workers, `kept` of them from `before`."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = workers(server)
        if len(found) == count and len(found & before) == kept:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{workers(server)}, not {count} of which {kept} in {before}")


def wait_until_busy(server: Server) -> None:
    """Waits until a worker computes: what is asked of a service has arrived by then."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if "matcalc_busy_workers 1.0" in server.client.get("/metrics").text:
            return
        time.sleep(0.05)
    raise AssertionError("no worker computes")


def test_a_computation_that_takes_too_long_is_killed(strict: Server) -> None:
    before = wait_for_workers(strict, 2)
    start = time.monotonic()
    response = strict.client.post("/v1/derive", json=ENDLESS)
    assert 1.4 < time.monotonic() - start < 8
    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, "limit_error")
    assert "1.5 seconds" in problem["detail"]
    assert problem["hint"]
    wait_for_workers(strict, 2, before, kept=1)
    assert strict.derive("x.T @ A @ x").status_code == 200


def test_a_computation_that_takes_too_much_memory_is_killed(strict: Server) -> None:
    wait_for_workers(strict, 2)
    response = strict.client.post("/v1/evaluate", json=HUGE)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, "limit_error")
    assert "400 MiB" in problem["detail"]
    wait_for_workers(strict, 2)
    text = strict.client.get("/metrics").text
    assert 'matcalc_workers_lost_total{reason="memory"} 1.0' in text


def test_good_requests_live_beside_hostile_ones(strict: Server) -> None:
    """Both workers are kept busy by the hostile; the good wait for their turn, and none is lost."""
    hostile = [
        threading.Thread(
            target=strict.client.post, args=(path,), kwargs={"json": {**body, "functions": [f"g{k}"]}}
        )
        for k in range(3)
        for path, body in (("/v1/derive", ENDLESS), ("/v1/evaluate", HUGE))
    ]
    for thread in hostile:
        thread.start()
    answers = [strict.derive(f"x.T @ A{k} @ x") for k in range(30)]
    for thread in hostile:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 30
    wait_for_workers(strict, 2)


def test_a_worker_that_is_killed_from_outside_is_replaced(strict: Server) -> None:
    before = wait_for_workers(strict, 2)
    for pid in before:
        psutil.Process(pid).kill()
    assert strict.derive("y.T @ B @ y", "y").status_code == 200
    wait_for_workers(strict, 2, before)


def test_a_request_outlives_the_end_of_its_worker() -> None:
    """Killed from outside in the middle of its work: another worker does it again."""
    with serving(workers=1, time_limit=60) as server:
        statuses: list[int | None] = []
        asking = threading.Thread(target=_ask, args=(server, statuses))
        asking.start()
        wait_until_busy(server)
        for pid in workers(server):
            psutil.Process(pid).kill()
        asking.join()
        assert statuses == [200]
        assert 'matcalc_workers_lost_total{reason="crash"} 1.0' in server.client.get("/metrics").text


def test_the_zygote_may_die_too(strict: Server) -> None:
    zygote = psutil.Process(strict.process.pid).children()[0]
    zygote.kill()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and strict.derive("z.T @ B @ z", "z").status_code != 200:
        time.sleep(0.1)
    assert strict.derive("z.T @ B @ z + sum(z)", "z").status_code == 200


def test_a_crowd_is_told_to_come_back() -> None:
    with serving(workers=1, waiting=2, time_limit=2) as crowded:
        statuses: list[tuple[int, str | None]] = []

        def ask(k: int) -> None:
            response = crowded.client.post("/v1/derive", json={**ENDLESS, "functions": [f"g{k}"]})
            statuses.append((response.status_code, response.headers.get("retry-after")))

        asking = [threading.Thread(target=ask, args=(k,)) for k in range(6)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        assert sorted(statuses, key=str) == [(422, None)] * 3 + [(503, "1")] * 3


def test_who_asks_the_same_shares_one_computation() -> None:
    with serving(workers=1, time_limit=60) as server:
        request = {**ENDLESS, "order": 4}
        answers: list[str] = []
        asking = [
            threading.Thread(
                target=lambda: answers.append(server.client.post("/v1/derive", json=request).text)
            )
            for _ in range(8)
        ]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        assert len(set(answers)) == 1
        text = server.client.get("/metrics").text
        hits = next(line for line in text.splitlines() if line.startswith("matcalc_cache_hits_total"))
        assert float(hits.split()[1]) < 8


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left_behind(how: int) -> None:
    """Not even when the service is killed while its workers compute; asked to stop, it answers first."""
    with serving(workers=2, time_limit=60, shutdown=60) as server:
        statuses: list[int | None] = []
        asking = threading.Thread(target=_ask, args=(server, statuses))
        asking.start()
        wait_until_busy(server)
        family = server.children()
        assert len(family) == 3
        server.process.send_signal(how)
        code = server.process.wait(60)
        _, alive = psutil.wait_procs(family, timeout=5)
        assert not alive
        asking.join()
        assert statuses == [None if how == signal.SIGKILL else 200]
        # As shells have it: 130 for an interrupt, the signal itself else.
        assert code == (130 if how == signal.SIGINT else -how)


def _ask(server: Server, statuses: list[int | None]) -> None:
    try:
        response = server.client.post("/v1/derive", json={**ENDLESS, "order": 5}, timeout=120)
        statuses.append(response.status_code)
    except httpx.TransportError:
        statuses.append(None)
