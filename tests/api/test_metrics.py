"""What Prometheus reads: as many lines as there are routes, whatever people ask for."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tests.api.service import Server


def samples(server: Server) -> dict[tuple[str, tuple[str, ...]], float]:
    """The samples by name and labels."""
    response = server.client.get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(response.text)
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_status(server: Server) -> None:
    before = samples(server)
    server.derive("metric.T @ x")
    server.derive("metric @ x")
    after = samples(server)

    def more(name: str, *labels: str) -> float:
        return after[name, labels] - before.get((name, labels), 0)

    assert more("matcalc_requests_total", "/v1/derive", "200") == 1
    assert more("matcalc_requests_total", "/v1/derive", "422") == 1
    assert more("matcalc_request_seconds_count", "/v1/derive") == 2
    assert more("matcalc_cache_entries") == 2
    assert after["matcalc_busy_workers", ()] == 0
    assert {("matcalc_workers_lost_total", (why,)) for why in ("time", "memory", "crash")} <= set(after)


def test_made_up_paths_are_one_route(server: Server) -> None:
    server.client.get("/healthz/one")
    before = len(samples(server))
    for number in range(5):
        server.client.get(f"/made/up/{number}")
        server.client.get(f"/static/{number}.js")
    assert len(samples(server)) == before
