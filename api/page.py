"""The page: a few files of our own, read once, sent small, and let to load nothing from anywhere else."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files

from fastapi import APIRouter, FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

import matcalc as mc

from .font import Font
from .reference import reference

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
}
# The browser asks each time whether a file is still the same; the font, large and never changing, it keeps.
_FRESH, _LONG = "no-cache", "public, max-age=2592000"
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class File:
    """A file as it is sent, and its fingerprint."""

    content: bytes
    media_type: str
    caching: str = _FRESH

    @property
    def tag(self) -> str:
        """The fingerprint, as HTTP writes it."""
        return f'"{blake2b(self.content, digest_size=8).hexdigest()}"'


class Page:
    """All files of the page by name."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._files: dict[str, tuple[File, str, bytes]] = {}
        self._font = Font()
        for path in (files(__package__) / "page").iterdir():
            if path.name != "index.html":
                self._add(path.name, File(path.read_bytes(), _TYPES[path.name.rpartition(".")[2]]))

    def _add(self, name: str, file: File) -> tuple[File, str, bytes]:
        packed = b"" if name.endswith(".woff2") else gzip.compress(file.content, 9)
        self._files[name] = (file, file.tag, packed)
        return self._files[name]

    async def respond(self, name: str, request: Request) -> Response:
        """The response for a file. Raises HTTPException 404 for one that there is not."""
        found = self._files.get(name) or await self._made(name)
        if found is None:
            raise HTTPException(404)
        file, tag, packed = found
        headers = {
            "ETag": tag,
            "Cache-Control": file.caching,
            "Content-Security-Policy": POLICY,
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        if packed and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                packed, media_type=file.media_type, headers={**headers, "Content-Encoding": "gzip"}
            )
        return Response(file.content, media_type=file.media_type, headers=headers)

    async def _made(self, name: str) -> tuple[File, str, bytes] | None:
        """What is made when it is first asked for."""
        if name == "math.woff2":
            font = await self._font.get()
            return self._add(name, File(font, _TYPES["woff2"], _LONG)) if font else None
        if name == "index.html":
            # Not at the start: to know the targets, most of matcalc is loaded.
            targets = " ".join(await asyncio.to_thread(mc.code_targets))
            text = (files(__package__) / "page" / name).read_text("utf-8").replace("{{targets}}", targets)
            return self._add(name, File(text.encode(), _TYPES["html"]))
        if name == "docs":
            return self._add(name, File(reference(self._app.openapi()).encode(), _TYPES["html"]))
        return None


def _page(request: Request) -> Page:
    page = request.app.state.page
    assert isinstance(page, Page)
    return page


@router.api_route("/", methods=["GET", "HEAD"])
async def index(request: Request) -> Response:
    """The page."""
    return await _page(request).respond("index.html", request)


@router.api_route("/docs", methods=["GET", "HEAD"])
async def docs(request: Request) -> Response:
    """The OpenAPI document, for people."""
    return await _page(request).respond("docs", request)


@router.api_route("/static/{name}", methods=["GET", "HEAD"])
async def static(name: str, request: Request) -> Response:
    """A file of the page."""
    if name in ("docs", "index.html"):
        raise HTTPException(404)
    return await _page(request).respond(name, request)
