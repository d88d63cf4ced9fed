"""The service behind the routes: asks the cache, then the pool, and words what the pool's limits mean."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from pydantic_core import PydanticSerializationError
from starlette.responses import Response

from .cache import Cache
from .errors import ProblemResponse, limit_problem, problem
from .logs import hashed, log
from .metrics import Metrics
from .models import ParseRequest
from .pool import MIB, Busy, Crashed, Exceeded, Pool
from .settings import Settings


class JsonBytes(Response):
    """A body that is JSON already."""

    media_type = "application/json"


class Service:
    """One instance: its settings, pool, cache and metrics."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.pool = Pool(settings)
        self.cache = Cache(settings.cache * MIB)
        self.metrics = Metrics(self)
        self._flights: dict[bytes, asyncio.Task[Response]] = {}

    async def answer(self, kind: str, request: ParseRequest, told: dict[str, Any]) -> Response:
        """The response to a validated request; what the log may say of it goes into `told`."""
        text = request.expression
        told["expression"] = text if self.settings.log_text else hashed(text)
        room = self.settings.characters
        if len(text) > room:
            return limit_problem(
                f"the expression has {len(text):,} characters; the limit is {room:,}",
                "name repeated parts once with `where`",
                (room, len(text)),
            )
        return await self.computed(kind, _canonical(request), told)

    async def computed(self, kind: str, body: bytes, told: dict[str, Any]) -> Response:
        """The response from the cache or the pool; who asks the same at the same time shares one computation."""
        key = kind.encode() + b":" + body
        known = self.cache.get(key)
        told["cached"] = known is not None
        if known is not None:
            return _response(*known)
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.create_task(self._compute(kind, body, key))
            flight.add_done_callback(lambda _: self._flights.pop(key, None))
        # Whoever hangs up must not spoil it for the others.
        return await asyncio.shield(flight)

    async def _compute(self, kind: str, body: bytes, key: bytes) -> Response:
        settings = self.settings
        try:
            reply = await self.pool.run(kind, body)
        except Exceeded as error:
            log("stopped a computation", logging.WARNING, kind=kind, limit=error.what)
            if error.what == "time":
                return limit_problem(
                    f"the computation took longer than {settings.time_limit:g} seconds",
                    "take a smaller expression, or compute on your own machine: pip install matcalc",
                )
            return limit_problem(
                f"the computation needed more than {settings.memory_limit:,} MiB",
                "take smaller dimensions, or compute on your own machine: pip install matcalc",
            )
        except Busy:
            return problem(503, "too many computations wait already", headers={"Retry-After": "1"})
        except Crashed:
            log("crash", logging.ERROR, kind=kind)
            return problem(500, "the computation ended its process")
        if reply.bug:
            log("bug", logging.ERROR, kind=kind, where=reply.bug)
            return problem(500, "something went wrong in the computation")
        self.cache.put(key, reply.status, reply.body)
        return _response(reply.status, reply.body)


def _canonical(request: ParseRequest) -> bytes:
    """A validated request as bytes: the same for all ways of writing it."""
    try:
        return request.model_dump_json().encode()
    except PydanticSerializationError:
        # A lone surrogate, which the library tells the user about; escaped, it can travel there.
        return json.dumps(request.model_dump()).encode()


def _response(status: int, body: bytes) -> Response:
    return JsonBytes(body) if status == 200 else ProblemResponse(body, status)
