"""The application: routes, errors and limits put together around one service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI

from . import contract, errors, logs, page
from .limits import BodyLimit, RateLimit, read_rate
from .observe import Observe
from .routes import router
from .service import Service
from .settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application. Raises SettingError for a setting that does not hold what it needs."""
    settings = settings or Settings.from_environment()
    rate = read_rate(settings.rate_limit)
    logs.configure(settings.log_level)
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await service.pool.start()
        logs.log("started", workers=settings.workers)
        yield
        await service.pool.stop()
        logs.log("stopped")

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.service = service
    app.state.page = page.Page(app)
    app.include_router(router)
    app.include_router(page.router)
    contract.install(app, _version())
    errors.install(app)
    app.add_middleware(BodyLimit, size=settings.request_size)
    if rate is not None:
        app.add_middleware(RateLimit, rate=rate)
    routes = frozenset(getattr(route, "path", "") for route in (*router.routes, *page.router.routes))
    app.add_middleware(Observe, metrics=service.metrics, routes=routes)
    return app


def _version() -> str:
    try:
        return version("matcalc")
    except PackageNotFoundError:
        return "0"
