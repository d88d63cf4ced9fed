"""The routes of the API. Each takes a validated request to the service; what they answer is in `models`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from starlette.responses import JSONResponse, Response

from . import metrics, models
from .service import Service

router = APIRouter()
Examples = dict[str, Any]


def _service(request: Request) -> Service:
    service = request.app.state.service
    assert isinstance(service, Service)
    return service


def _told(request: Request) -> dict[str, Any]:
    told: dict[str, Any] = request.scope.setdefault("state", {}).setdefault("told", {})
    return told


@router.post(
    "/v1/derive", response_model=None, responses={200: {"model": models.Derivative | models.Derivatives}}
)
async def derive(
    request: Request, asked: Annotated[models.DeriveRequest, Body(openapi_examples=models.EXAMPLES)]
) -> Response:
    """The derivative of an expression by a variable, or by several, in closed form."""
    return await _service(request).answer("derive", asked, _told(request))


@router.post("/v1/evaluate", response_model=None, responses={200: {"model": models.Evaluated}})
async def evaluate(
    request: Request,
    asked: Annotated[models.EvaluateRequest, Body(openapi_examples=models.EVALUATE_EXAMPLES)],
) -> Response:
    """The value of an expression and of its derivative at given values."""
    return await _service(request).answer("evaluate", asked, _told(request))


@router.post("/v1/parse", response_model=None, responses={200: {"model": models.Parsed}})
async def parse(
    request: Request, asked: Annotated[models.ParseRequest, Body(openapi_examples=models.PARSE_EXAMPLES)]
) -> Response:
    """How an expression is read: its notations, and the shapes as declared or inferred."""
    return await _service(request).answer("parse", asked, _told(request))


@router.get("/v1/functions", response_model=None, responses={200: {"model": list[models.Function]}})
async def functions(request: Request) -> Response:
    """The functions of the language."""
    return await _service(request).computed("functions", b"{}", _told(request))


@router.get("/healthz", response_model=models.Health)
async def healthz() -> models.Health:
    """Whether the process lives."""
    return models.Health(status="ok")


@router.get("/readyz", response_model=models.Health, responses={503: {"model": models.Health}})
async def readyz(request: Request) -> Response:
    """Whether computations are taken: a load balancer asks this."""
    ready = _service(request).pool.ready
    return JSONResponse({"status": "ok" if ready else "starting"}, 200 if ready else 503)


@router.get(
    "/metrics",
    response_model=None,
    response_class=Response,
    responses={200: {"content": {metrics.MEDIA_TYPE: {"schema": {"type": "string"}}}}},
)
async def prometheus(request: Request) -> Response:
    """Counts, times and sizes, for Prometheus."""
    return Response(_service(request).metrics.text(), headers={"Content-Type": metrics.MEDIA_TYPE})
