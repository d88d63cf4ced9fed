"""`matcalc serve`: the application behind uvicorn, in one process beside those that compute."""

from __future__ import annotations

import socket
import sys

import uvicorn

from matcalc import DomainError

from .app import create_app
from .settings import SettingError, Settings

_LAST_PORT = 65_535


def serve(host: str | None = None, port: int | None = None) -> None:
    """Serves until it is interrupted. Raises DomainError for a setting or a port that can't be taken."""
    try:
        settings = Settings.from_environment(host=host, port=port)
        app = create_app(settings)
    except SettingError as error:
        raise DomainError(str(error), hint="docs/service.md lists the settings") from error
    listening = _listen(settings.host, settings.port)
    name, number = listening.getsockname()[:2]
    shown = f"[{name}]" if ":" in name else name
    print(f"matcalc is at http://{shown}:{number}/", file=sys.stderr, flush=True)
    config = uvicorn.Config(
        app,
        loop="auto",
        http="auto",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.proxies or None,
        timeout_graceful_shutdown=max(1, round(settings.shutdown)),
    )
    uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, so that a port in use is told before anything is started."""
    if not 0 <= port <= _LAST_PORT:
        # Past it the system's own look-up begins again at 0, and would listen elsewhere.
        raise DomainError(f"there is no port {port}", hint=f"ports go from 0 to {_LAST_PORT}")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(found[0], found[1])
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(found[4])
        listening.listen(1024)
    except (OSError, OverflowError) as error:
        raise DomainError(
            f"can't listen at {host} port {port}: {error}", hint="take another --port"
        ) from error
    return listening
