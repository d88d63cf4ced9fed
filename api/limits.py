"""What is refused at the door: bodies that are too large, and clients that ask too often."""

from __future__ import annotations

import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import problem
from .settings import SettingError


class BodyLimit:
    """Refuses bodies above a number of bytes, told beforehand or counted as they come."""

    def __init__(self, app: ASGIApp, size: int) -> None:
        self._app = app
        self._size = size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        told = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not told.isdigit() or int(told[:20]) > self._size:
            await problem(413, self._message)(scope, receive, send)
            return
        count = 0

        async def counted() -> Message:
            nonlocal count
            message = await receive()
            count += len(message.get("body", b""))
            if count > self._size:
                raise HTTPException(413, self._message)
            return message

        await self._app(scope, counted, send)

    @property
    def _message(self) -> str:
        return f"a body may have {self._size:,} bytes"


def read_rate(text: str) -> RateLimitItem | None:
    """The rate that a setting such as "60/minute" asks for. Raises SettingError for what is no rate."""
    if not text:
        return None
    try:
        return parse(text)
    except ValueError:
        raise SettingError(f'MATCALC_RATE_LIMIT is a rate such as "60/minute", not {text!r}') from None


class RateLimit:
    """Refuses computations of a client beyond its rate; the page, its files and health are free."""

    def __init__(self, app: ASGIApp, rate: RateLimitItem) -> None:
        self._app = app
        self._rate = rate
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            client = (scope.get("client") or ("unknown", 0))[0]
            if not self._limiter.hit(self._rate, client):
                window = self._limiter.get_window_stats(self._rate, client)
                wait = max(1, math.ceil(window.reset_time - time.time()))
                response = problem(429, f"more than {self._rate}", headers={"Retry-After": str(wait)})
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)
