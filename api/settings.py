"""The settings of the service, each from an environment variable; without any it serves a laptop or a small class."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

PREFIX = "MATCALC_"
LEVELS = ("debug", "info", "warning", "error")
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


class SettingError(ValueError):
    """An environment variable does not hold what its setting needs."""


def _setting(default: Any, doc: str) -> Any:
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. `MATCALC_PORT` is `port`, and so on."""

    host: str = _setting("127.0.0.1", "address to listen at")
    port: int = _setting(8000, "port to listen at; 0 takes a free one")
    workers: int = _setting(max(2, os.cpu_count() or 2), "processes that compute")
    time_limit: float = _setting(10.0, "seconds that one computation may take")
    memory_limit: int = _setting(1024, "MiB that a computing process may hold")
    waiting: int = _setting(1000, "computations that may wait for a process; beyond that the answer is 503")
    request_size: int = _setting(1_000_000, "bytes that a request's body may have")
    characters: int = _setting(4_000, "characters that an expression may have")
    nodes: int = _setting(5_000, "parts that an expression may have once it is read")
    dimension: int = _setting(10**6, "largest dimension that may be declared as a number")
    cache: int = _setting(64, "MiB of answers that are kept for the next who asks the same; 0 keeps none")
    rate_limit: str = _setting("", 'requests per client, such as "60/minute"; empty: no limit')
    proxies: str = _setting("", "addresses of proxies whose X-Forwarded-For is believed, with commas, or *")
    log_level: str = _setting("info", "debug, info, warning or error")
    log_text: bool = _setting(False, "write the users' expressions into the log, not only their hash")
    shutdown: float = _setting(10.0, "seconds that running requests are given when the service stops")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
        """The settings of an environment; what is `given` (and not None) goes before it.

        Raises SettingError, which names the variable.
        """
        environment = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for entry in fields(cls):
            name = PREFIX + entry.name.upper()
            if name in environment:
                values[entry.name] = _read(name, environment[name], entry.default)
                if entry.name == "log_level" and values[entry.name].lower() not in LEVELS:
                    raise SettingError(f"{name} is one of {', '.join(LEVELS)}, not {values[entry.name]!r}")
        values.update({name: value for name, value in given.items() if value is not None})
        return cls(**values)


def _read(name: str, text: str, default: Any) -> Any:
    """The value of a variable, of the default's type."""
    text = text.strip()
    if isinstance(default, bool):
        if text.lower() in (*_TRUE, *_FALSE):
            return text.lower() in _TRUE
        raise SettingError(f"{name} is on or off, not {text!r}")
    if isinstance(default, str):
        return text
    try:
        value = type(default)(text)
    except ValueError:
        raise SettingError(f"{name} is a number, not {text!r}") from None
    least = 1 if name == PREFIX + "WORKERS" else 0
    if not least <= value < float("inf"):
        raise SettingError(f"{name} is a finite number from {least} on, not {text}")
    return value
