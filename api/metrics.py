"""What Prometheus reads at `/metrics`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .cache import Cache
from .pool import Pool

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class _Inner(Protocol):
    cache: Cache
    pool: Pool


class _State(Collector):
    """What the pool and the cache are like when they are asked."""

    def __init__(self, service: _Inner) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """The families."""
        pool, cache = self._service.pool, self._service.cache
        gauges = {
            "busy_workers": ("Workers that compute", pool.busy),
            "waiting_requests": ("Requests that wait for a worker", pool.waiting),
            "cache_bytes": ("Bytes held by the cache of answers", cache.size),
            "cache_entries": ("Answers held by the cache", len(cache)),
        }
        for name, (doc, value) in gauges.items():
            yield GaugeMetricFamily(f"matcalc_{name}", doc, value=value)
        yield CounterMetricFamily("matcalc_cache_hits", "Answers from the cache", value=cache.hits)
        yield CounterMetricFamily(
            "matcalc_cache_misses", "Answers that had to be computed", value=cache.misses
        )
        killed = CounterMetricFamily(
            "matcalc_workers_lost", "Workers that were killed or ended", labels=["reason"]
        )
        for reason, count in pool.killed.items():
            killed.add_metric([reason], count)
        yield killed


class Metrics:
    """Counts requests and their time; an instance of its own for each service."""

    def __init__(self, service: _Inner) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_State(service))
        self._requests = Counter("matcalc_requests", "Requests", ["route", "status"], registry=self._registry)
        self._seconds = Histogram(
            "matcalc_request_seconds",
            "Time to the answer",
            ["route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Counts a request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self._registry)
