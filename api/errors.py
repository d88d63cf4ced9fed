"""Every error as problem details (RFC 9457): the user's mathematics, the form of a request, unknown routes, limits."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from .work import encoded

MEDIA_TYPE = "application/problem+json"
_CODES = {
    400: ("undecodable", "send a JSON object in UTF-8"),
    404: ("not_found", "/docs lists the routes"),
    405: ("method_not_allowed", "the header Allow lists the methods; /docs shows how to ask"),
    413: ("too_large", "send less"),
    415: ("unsupported_media_type", "send JSON with the header Content-Type: application/json"),
    429: ("rate_limited", "ask again after the seconds that Retry-After tells"),
    500: ("internal_error", "this is a bug in matcalc; tell us which request it was"),
    503: ("busy", "ask again in a moment"),
}


class ProblemResponse(Response):
    """A response of type application/problem+json."""

    media_type = MEDIA_TYPE


def problem(
    status: int,
    detail: str,
    *,
    code: str | None = None,
    span: tuple[int, int] | None = None,
    hint: str | None = None,
    field: str | None = None,
    headers: dict[str, str] | None = None,
) -> ProblemResponse:
    """The response for a problem; what is not given is what the status usually means."""
    usual_code, usual_hint = _CODES.get(status, ("error", None))
    data: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code or usual_code,
        "span": span,
        "hint": hint or usual_hint,
    }
    if field is not None:
        data["field"] = field
    return ProblemResponse(encoded(data), status, headers)


def limit_problem(detail: str, hint: str, span: tuple[int, int] | None = None) -> ProblemResponse:
    """The problem of a computation that is larger or longer than the service allows."""
    return problem(422, detail, code="limit_error", span=span, hint=hint)


def install(app: FastAPI) -> None:
    """Makes every error of the app a problem."""
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_form)
    app.add_exception_handler(Exception, _of_bug)


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = {
        404: f"there is nothing at {request.url.path[:200]}",
        405: f"{request.url.path[:200]} is not asked by {request.method[:20]}",
        400: "the body could not be decoded",
    }
    detail = details.get(error.status_code, str(error.detail))
    return problem(error.status_code, detail, headers=dict(error.headers or {}))


async def _of_bug(request: Request, error: Exception) -> Response:
    return problem(500, "something went wrong inside the service")


async def _of_form(request: Request, error: Exception) -> Response:
    """What pydantic says about a request's form, the first complaint."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    kind, place = first["type"], [str(part) for part in first["loc"] if part != "body"]
    if kind == "json_invalid":
        reason = first.get("ctx", {}).get("error", "it is no JSON")
        return problem(400, f"the body could not be decoded: {reason}")
    if not place and kind == "missing":
        return problem(400, "the body is empty")
    if not place:
        content_type = request.headers.get("content-type", "")
        if not content_type.split(";")[0].strip().endswith("json"):
            return problem(415, "the body is not declared as JSON")
        return problem(
            422, "the body is not a JSON object", code="value_error", hint="/docs shows an example"
        )
    name = ".".join(place)
    hint = {
        "missing": f'give "{place[-1]}"',
        "extra_forbidden": f'leave out "{place[-1]}"; /docs lists the fields',
    }.get(kind, "/docs shows the form of every field")
    message = first["msg"][:1].lower() + first["msg"][1:]
    return problem(422, f"{name}: {message}"[:500], code="value_error", hint=hint, field=place[0])
