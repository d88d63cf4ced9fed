"""The log: a line of JSON for each request, without a word of what the user typed.

An expression is logged as a keyed hash: the same one is recognised within a run of the service, while nobody can find
out what it was by hashing guesses. `MATCALC_LOG_TEXT=on` writes the text itself.
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
import time
from hashlib import blake2b
from typing import Any

LOGGER = logging.getLogger("matcalc.service")
_KEY = secrets.token_bytes(16)


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, default=str)


def configure(level: str) -> None:
    """Sends the log to stderr. Raises ValueError for an unknown level."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    LOGGER.setLevel(level.upper())
    # What the server itself complains of: malformed requests, and exceptions, of which only the kind is told.
    for logger in (LOGGER, logging.getLogger("uvicorn.error")):
        logger.handlers = [handler]
        logger.propagate = False


def hashed(text: str) -> str:
    """What the log shows of a text."""
    return blake2b(text.encode("utf-8", "replace"), key=_KEY, digest_size=8).hexdigest()


def log(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """Writes an event with its fields."""
    if LOGGER.isEnabledFor(level):
        LOGGER.log(level, event, extra={"fields": fields})
