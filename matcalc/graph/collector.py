"""Python's search for cycles, put off while a graph is built: graphs have none, and each search walks through them."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def collector_paused(build: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """The function with the collector paused while it runs, if it was not paused already."""

    @wraps(build)
    def run(*arguments: _Arguments.args, **options: _Arguments.kwargs) -> _Result:
        if not gc.isenabled():
            return build(*arguments, **options)
        gc.disable()
        try:
            return build(*arguments, **options)
        finally:
            gc.enable()

    return run
