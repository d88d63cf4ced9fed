"""A user's functions among the arguments of an evaluator: what they give has to fit, what they raise is passed on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from matcalc.errors import DomainError, ShapeError
from matcalc.numeric.arrays import Arrays


class Given:
    """A function as the generated one calls it: it gives an array of its argument's shape, or a number for all entries.

    `error` is what the user's function has raised. Raises ShapeError and DomainError, naming the function, for a result
    of another shape and for one that is no array of numbers.
    """

    __slots__ = ("_arrays", "_function", "_keyword", "error")

    def __init__(self, keyword: str, function: Callable[[Any], Any], arrays: Arrays) -> None:
        self._keyword = keyword
        self._function = function
        self._arrays = arrays
        self.error: Exception | None = None

    def __call__(self, argument: Any) -> Any:
        try:
            result = self._function(argument)
        except Exception as error:
            self.error = error
            raise
        if not hasattr(argument, "dtype") and isinstance(result, int | float | complex):
            # Of a number in the formula, as in f(2): Python's numbers leave the dtype alone.
            return result
        wanted = tuple(getattr(argument, "shape", ()))
        array = self._array(result, argument)
        shape = tuple(array.shape)
        is_number = not hasattr(result, "dtype")
        if shape == () and (wanted or is_number):
            return self._arrays.filled(wanted, result if is_number else array, argument)
        if shape == wanted:
            return array
        raise ShapeError(
            f"'{self._keyword}' gives shape {shape} for an argument of shape {wanted}",
            hint="it works entry by entry: the result has the shape of the argument",
        )

    def _array(self, result: Any, argument: Any) -> Any:
        """The result as an array of the library; lists, integers and truth values take the argument's dtype."""
        library = self._arrays
        array = result
        if not isinstance(result, library.kinds):
            try:
                array = library.array(result, argument if hasattr(argument, "device") else None)
            except (TypeError, ValueError, RuntimeError) as error:
                raise DomainError(f"'{self._keyword}' gives no array of numbers: {error}") from error
        kind = library.kind(array)
        if kind == "other":
            raise DomainError(f"'{self._keyword}' gives no array of numbers, its dtype is {array.dtype}")
        weak = kind == "integer" or (kind == "float" and not hasattr(result, "dtype"))
        if weak and hasattr(argument, "dtype"):
            return library.cast(array, argument.dtype)
        return array


def given_function(keyword: str, value: Any, arrays: Arrays) -> Given:
    """The function that is given as `keyword`. Raises DomainError for what cannot be called."""
    if isinstance(value, Given):
        return value
    if not callable(value):
        raise DomainError(f"'{keyword}' is a function, to be given as a callable, got {type(value).__name__}")
    return Given(keyword, value, arrays)


def is_theirs(error: Exception, arguments: Iterable[Any]) -> bool:
    """Whether an error was raised by one of the user's functions among the arguments."""
    return any(isinstance(value, Given) and value.error is error for value in arguments)
