"""The OpenAPI document: what FastAPI reads off the routes, and the problems that every route may answer."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from . import errors, models

_TITLES = {
    400: "The body could not be decoded",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "A mistake in what was asked, or a computation beyond the limits",
    429: "Too many requests from one client",
    503: "Too many computations wait already",
}


def install(app: FastAPI, version: str) -> None:
    """Gives the app its document."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, version)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI, version: str) -> dict[str, Any]:
    document = get_openapi(
        title="matcalc",
        version=version,
        summary="Symbolic matrix calculus: derivatives in closed form, proven against autodiff.",
        routes=app.routes,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _, problems = models_json_schema(
        [(models.Problem, "serialization")], ref_template="#/components/schemas/{model}"
    )
    schemas.update(problems["$defs"])
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["responses"]["200"]["description"] = "The answer"
            if not path.startswith("/v1/"):
                continue
            statuses = _TITLES if method == "post" else (429, 503)
            for status in statuses:
                operation["responses"][str(status)] = {
                    "description": _TITLES[status],
                    "content": {errors.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
    return document
