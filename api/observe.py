"""Around every request: its time is taken, it is counted and logged, and its answer gets the safe headers."""

from __future__ import annotations

import logging
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .logs import log
from .metrics import Metrics

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Observe:
    """Outermost: it sees what the others refuse."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: frozenset[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            seconds = time.perf_counter() - start
            # A path that somebody made up is not a route, and not worth a line in the statistics.
            route = scope["path"] if scope["path"] in self._routes else "other"
            self._metrics.observe(route, status, seconds)
            told = scope.get("state", {}).get("told", {})
            level = logging.ERROR if status >= 500 else logging.INFO
            log(
                "request",
                level,
                method=scope["method"] if route != "other" else "",
                route=route,
                status=status,
                ms=round(seconds * 1000, 2),
                **told,
            )
