"""What the functions of the table are called in a target, read off their own values.

A function's value is written once, on a namespace. Handing it a namespace that only records what is asked of it shows
whether it is one call of the library, `np.tanh(x)`, which is then written in place; every other function is called by
its name, and the generated source says where it comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matcalc.rules.entries import Elementwise, Function
from matcalc.rules.registry import lookup


class _Recorded:
    """A name in the library, such as `linalg.inv`, and what it was called with."""

    def __init__(self, name: str, arguments: tuple[Any, ...] | None = None) -> None:
        self._name = name
        self._arguments = arguments

    def __getattr__(self, name: str) -> _Recorded:
        if name.startswith("_") or self._arguments is not None:
            raise AttributeError(name)
        return _Recorded(f"{self._name}.{name}" if self._name else name)

    def __call__(self, *arguments: Any) -> _Recorded:
        return _Recorded(self._name, arguments)


class _Namespace(_Recorded):
    def __init__(self, library: str) -> None:
        super().__init__("")
        self.__name__ = library


class _Argument:
    """A stand-in for an array, with which nothing can be done but pass it on."""


def direct_call(function: Elementwise | Function, arity: int, library: str) -> str | None:
    """The dotted name of the one library function that `function` is, or None.

    `library` is the module's name, `numpy` or `jax.numpy`; `arity` the number of arrays and parameters.
    """
    arguments = tuple(_Argument() for _ in range(arity))
    try:
        found = function.value(_Namespace(library), *arguments)
    except Exception:
        # Whatever goes wrong, the value does more than pass its arguments on.
        return None
    if isinstance(found, _Recorded) and found._arguments == arguments:
        return found._name
    return None


def library_function(name: str, xp: Any) -> Callable[..., Any]:
    """A function of the table on the arrays of `xp` (numpy or jax.numpy), as generated source calls it."""
    value = lookup(name).value  # type: ignore[union-attr]

    def call(*arguments: Any) -> Any:
        return value(xp, *arguments)

    call.__name__ = name
    return call
