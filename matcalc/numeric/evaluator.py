"""Evaluators: arrays in, array out. Generated source does the work; here arguments are brought into its form.

Scalars are 0-d, columns (n,), rows (1, n), matrices 2-d. A column may come as (n, 1) and a row as (n,); a result shaped
like a column that came as (n, 1) goes back as (n, 1). The dtype follows the inputs; integers count as float64.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from matcalc.codegen import JAX, NUMPY, Target, compiled, derivative_name, generate
from matcalc.codegen.sizes import array_shape, result_shape
from matcalc.errors import DomainError, LimitError, MatcalcError, ShapeError, UnknownNameError
from matcalc.graph import Axes, Node, Symbol
from matcalc.numeric.arrays import arrays_of
from matcalc.numeric.functions import given_function, is_theirs
from matcalc.shapes.dims import dim_parts, dim_text

Output = tuple[Node, Axes]

_HIGHEST_DERIVATIVE = 4
_KEPT = 16


def numpy_evaluator(
    outputs: Output | Mapping[str, Output], symbols: Sequence[Symbol], functions: Iterable[str] = ()
) -> Evaluator:
    """An evaluator on NumPy arrays of a node and its shape, or of several by name (the result is then a dict).

    `symbols` are the declared variables, `functions` the letters of abstract functions. Shapes as in SPEC § 2: () for a
    scalar, (n,) for a column, (1, n) for a row.
    """
    return Evaluator(outputs, symbols, functions)


def jax_evaluator(
    outputs: Output | Mapping[str, Output], symbols: Sequence[Symbol], functions: Iterable[str] = ()
) -> Evaluator:
    """The same on JAX arrays: pure, and traceable under jit, vmap and grad."""
    return Evaluator(outputs, symbols, functions, target=JAX)


class Evaluator:
    """A callable that takes the variables by keyword and returns the array; `source` is the text that runs.

    Raises ShapeError naming the argument and both shapes, UnknownNameError for missing or unknown arguments, and
    DomainError for what is no array of numbers.
    """

    def __init__(
        self,
        outputs: Output | Mapping[str, Output],
        symbols: Sequence[Symbol],
        functions: Iterable[str] = (),
        *,
        target: Target | str = NUMPY,
        name: str = "evaluate",
        doc: str = "",
        names: Mapping[Node, str] | None = None,
        value: Output | None = None,
    ) -> None:
        self._many = isinstance(outputs, Mapping)
        self._paired = value is not None
        named = outputs if isinstance(outputs, Mapping) else {"": outputs}
        self._shapes = {key: result_shape(shape) for key, (_, shape) in named.items()}
        self._value_shape = result_shape(value[1]) if value else ()
        self._generated = generate(
            outputs, symbols, target=target, name=name, doc=doc, names=names, value=value
        )
        self._symbols = {symbol.name: symbol for symbol in symbols}
        self._symbols |= {symbol.name: symbol for symbol in self._generated.plan.symbols}
        self._functions = frozenset(functions)
        self._dims = {
            part
            for symbol in self._symbols.values()
            for dim in symbol.axes
            for part in dim_parts(dim)
            if isinstance(part, str)
        } | self._generated.sizes.keys()
        self.__name__ = name
        self._needed = {symbol.name: text for symbol, text in self._generated.arguments.items()}
        # What the quick way asks of the arguments: exactly these names, as arrays of floats.
        self._names = frozenset(self._needed)
        self._on_numpy = self._generated.target is NUMPY
        plain = all(text == argument for argument, text in self._needed.items())
        known = not self._generated.functions and not self._generated.sizes
        self._quick = plain and known
        # The forms of arguments of which some are not needed, and which have been looked at.
        self._known: set[tuple[object, ...]] = set()
        self._compile()

    def _compile(self) -> None:
        self._function = compiled(self._generated, ShapeError)
        self._arrays = arrays_of(self._generated.target)

    def __getstate__(self) -> dict[str, Any]:
        # A pickle holds the source, which is compiled where it is read.
        return {name: part for name, part in vars(self).items() if name not in ("_function", "_arrays")}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)
        self._compile()

    @property
    def source(self) -> str:
        """The generated function as text."""
        return self._generated.text

    @property
    def parameters(self) -> tuple[str, ...]:
        """What has to be given: variables, functions and sizes."""
        return (*self._needed, *self._generated.functions, *self._generated.sizes)

    def __repr__(self) -> str:
        return f"<{self._generated.target.library} evaluator of {', '.join(self.parameters) or 'nothing'}>"

    def __call__(self, /, *positional: Any, **values: Any) -> Any:
        """The array at `values`, given by keyword."""
        if positional:
            raise self.misplaced()
        if values and not self._needed:
            return self._in_dtype_of(values, self._carefully(values))
        if self._quick and values.keys() == self._names:
            if self._are_plain(values):
                try:
                    result = self._run(values)
                except ShapeError:
                    # A column may have come as (n, 1); else the careful way tells what is wrong.
                    return self._carefully(values)
                return result if type(result) is np.ndarray else self._finished(result, ())
            return self._carefully(values)
        key = self._form(values) if self._quick and len(values) > len(self._names) else None
        if key in self._known:
            return self._finished(self._run({name: values[name] for name in self._names}), ())
        return self._carefully(values, key)

    def misplaced(self) -> DomainError:
        """The error for arguments that are given by their places."""
        names = ", ".join(f"{name}=…" for name in self.parameters)
        return DomainError("arguments are given by name, not by place", hint=f"call it as ({names})")

    def _are_plain(self, values: Mapping[str, Any]) -> bool:
        """Whether all are arrays of floats of the library; the function looks at shapes itself."""
        if self._on_numpy:
            # As is_plain has it, in a third of the time.
            return False not in [
                type(value) is np.ndarray and value.dtype.kind == "f" for value in values.values()
            ]
        return all(map(self._arrays.is_plain, values.values()))

    def _form(self, values: Mapping[str, Any]) -> tuple[object, ...] | None:
        """Names, shapes and dtypes of arrays of which the function does not need all; None where one is no array."""
        key: list[object] = []
        for name, value in values.items():
            if type(value) is not np.ndarray:
                return None
            key += (name, value.shape, value.dtype)
        return tuple(key)

    def _run(self, arguments: Mapping[str, Any]) -> Any:
        try:
            return self._function(**arguments)
        except Exception as error:
            told = None if is_theirs(error, arguments.values()) else self._told(error, arguments)
            if told is None:
                raise
            raise told from error

    def _told(self, error: Exception, arguments: Mapping[str, Any]) -> MatcalcError | None:
        """What an error of the generated function means; None where it speaks for itself."""
        if isinstance(error, (*self._arrays.failures, ValueError)) and self._generated.target is not JAX:
            for symbol, text in self._generated.arguments.items():
                if "spd" in symbol.properties and not self._arrays.is_finite(arguments[text]):
                    hint = "it is declared spd, and a positive definite matrix has none"
                    return DomainError(f"'{symbol.name}' has entries that are nan or infinite", hint=hint)
        if isinstance(error, self._arrays.failures):
            return DomainError(f"the matrix functions fail at these values: {error}")
        if isinstance(error, ArithmeticError | ValueError):
            # Python's own numbers, as in log(0) and 1/0: no array could hold infinity.
            empty = any([0 in tuple(getattr(value, "shape", ())) for value in arguments.values()])
            when = " for arrays without entries" if empty else ", whatever its variables are"
            return DomainError(f"the formula has no value{when}: {error}")
        if isinstance(error, MemoryError):
            return LimitError(f"the result does not fit into memory: {error}")
        if isinstance(error, NotImplementedError) or (isinstance(error, TypeError) and self._on_numpy):
            return DomainError(f"the library has no such function of these numbers: {error}")
        # A library at work on what is no array yet, or an error of ours.
        return None

    def _carefully(self, values: Mapping[str, Any], form: tuple[object, ...] | None = None) -> Any:
        """Arguments of every form that is allowed, and an error that says what is wrong with the others.

        Arrays of a `form` that has been looked at, and were taken as they were, need no second look.
        """
        arguments, stacked = self._checked(values)
        if form and not stacked and all(array is values[name] for name, array in arguments.items()):
            if len(self._known) > _KEPT:
                self._known.clear()
            self._known.add(form)
        return self._finished(self._run(arguments), stacked)

    def _checked(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Axes]]:
        """The arguments of the generated function, and the axes of the columns that came as (n, 1)."""
        given, stacked = self._looked_at(values)
        arguments = {text: given[name] for name, text in self._needed.items()}
        arguments |= {text: given[keyword] for keyword, text in self._generated.functions.items()}
        arguments |= {text: _checked_size(dim, values[dim]) for dim, text in self._generated.sizes.items()}
        return arguments, stacked

    def arguments(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All that is given, needed or not, by its name: arrays, functions and sizes, checked and in their form."""
        return self._looked_at(values)[0]

    def _looked_at(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Axes]]:
        self._check_names(values)
        arrays = self._as_arrays({name: value for name, value in values.items() if name in self._symbols})
        stacked = [name for name, array in arrays.items() if _is_stacked(self._symbols[name], array)]
        # A variable may have the name of a dimension.
        others = values.keys() - self._symbols.keys()
        given: dict[str, Any] = {dim: _checked_size(dim, values[dim]) for dim in self._dims & others}
        sizes = {dim: (size, f"{dim} = {values[dim]}") for dim, size in given.items()}
        # Matrices first, as in the generated function: of a matrix and a vector at odds, the vector is to blame.
        for name, array in sorted(arrays.items(), key=lambda item: -len(self._symbols[item[0]].axes)):
            given[name] = self._fitted(self._symbols[name], array)
            _note_sizes(self._symbols[name], given[name], sizes)
        for keyword in self._generated.functions:
            given[keyword] = given_function(keyword, values[keyword], self._arrays)
        return given, [self._symbols[name].axes for name in stacked]

    def _check_names(self, values: Mapping[str, Any]) -> None:
        sizes, functions = self._generated.sizes, self._generated.functions
        missing = [name for name in self.parameters if name not in values]
        if missing:
            kind = "size" if missing[0] in sizes else "function" if missing[0] in functions else "argument"
            hint = f"it takes {', '.join(self.parameters)}"
            if kind == "size":
                hint = f"no variable shows this dimension: pass it as an integer, {missing[0]}=3"
            raise UnknownNameError(f"the {kind} '{missing[0]}' is missing", hint=hint)
        optional = {
            derivative_name(letter, order)
            for letter in self._functions
            for order in range(_HIGHEST_DERIVATIVE + 1)
        }
        for name in values:
            if (
                name in self._symbols
                or name in functions
                or name in sizes
                or name in optional
                or name in self._dims
            ):
                continue
            near = get_close_matches(name, [*self._symbols, *functions, *sizes], n=1)
            hint = f"did you mean {near[0]}?" if near else f"it takes {', '.join(self.parameters)}"
            raise UnknownNameError(f"there is no argument '{name}'", hint=hint)

    def _as_arrays(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Arrays of floats; numbers, lists and integers take the precision of the arrays beside them."""
        library = self._arrays
        first = next((value for value in values.values() if hasattr(value, "dtype")), None)
        arrays = {name: self._numeric(name, value, first) for name, value in values.items()}
        kinds = {name: library.kind(array) for name, array in arrays.items()}
        given = [name for name, value in values.items() if hasattr(value, "dtype")]
        weak = library.common({arrays[name].dtype for name in given if kinds[name] != "integer"})
        for name, array in arrays.items():
            if name in given and kinds[name] != "integer":
                continue
            arrays[name] = library.cast(
                array, library.common((weak, array.dtype)) if kinds[name] == "complex" else weak
            )
        return arrays

    def _numeric(self, name: str, value: Any, like: Any) -> Any:
        if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
            raise DomainError(f"'{name}' has masked entries", hint="fill them in, or leave them out")
        try:
            array = self._arrays.array(value, like)
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise DomainError(f"'{name}' is not an array of numbers: {error}") from error
        if self._arrays.kind(array) == "other":
            raise DomainError(f"'{name}' is not an array of numbers, its dtype is {array.dtype}")
        return array

    def _fitted(self, symbol: Symbol, array: Any) -> Any:
        """The array in the form of the generated function: (n, 1) to (n,) and (n,) to (1, n) for a row."""
        shape, given = array_shape(symbol), tuple(array.shape)
        if len(symbol.axes) == 0:
            wanted: tuple[int, ...] = ()
            fits = all(count == 1 for count in given)
        elif len(symbol.axes) == 1 and len(shape) == 2:
            wanted = (1, given[-1]) if given else ()
            fits = len(given) == 1 or (len(given) == 2 and given[0] == 1)
        elif len(symbol.axes) == 1:
            wanted = given[:1]
            fits = len(given) == 1 or (len(given) == 2 and given[1] == 1)
        else:
            wanted, fits = given, len(given) == len(shape)
        if not fits:
            form = ", ".join(map(dim_text, shape)) + ("," if len(shape) == 1 else "")
            raise ShapeError(
                f"'{symbol.name}' has shape {given}, expected ({form})", hint=_orientation(symbol, given)
            )
        return array if given == wanted else array.reshape(wanted)

    def _finished(self, result: Any, stacked: Sequence[Axes]) -> Any:
        if self._paired:
            value, gradient = result
            return self._returned(value, self._value_shape, stacked), self._gradient(gradient, stacked)
        return self._gradient(result, stacked)

    def _in_dtype_of(self, values: Mapping[str, Any], result: Any) -> Any:
        """What depends on no variable, in the dtype of those that are given all the same."""
        arrays = [self._arrays.array(value) for name, value in values.items() if name in self._symbols]
        dtypes = [array.dtype for array in arrays if self._arrays.kind(array) == "float"]
        if not dtypes:
            return result
        if isinstance(result, tuple):
            return tuple(self._in_dtype_of(values, part) for part in result)
        if isinstance(result, dict):
            return {key: self._in_dtype_of(values, part) for key, part in result.items()}
        return self._arrays.cast(result, self._arrays.common(dtypes))

    def _gradient(self, result: Any, stacked: Sequence[Axes]) -> Any:
        if self._many:
            return {key: self._returned(array, self._shapes[key], stacked) for key, array in result.items()}
        return self._returned(result, self._shapes[""], stacked)

    def _returned(self, array: Any, shape: Axes, stacked: Sequence[Axes]) -> Any:
        if stacked and len(shape) == 1 and shape in stacked:
            array = array.reshape((-1, 1))
        return array if type(array) is np.ndarray else self._arrays.array(array)


def _is_stacked(symbol: Symbol, array: Any) -> bool:
    """Whether a column came as (n, 1)."""
    return len(array_shape(symbol)) == 1 and array.ndim == 2


def _orientation(symbol: Symbol, given: tuple[int, ...]) -> str | None:
    if len(symbol.axes) == 1 and len(given) == 2 and 1 in given:
        return f"'{symbol.name}' is a {'row' if len(array_shape(symbol)) == 2 else 'column'}: transpose it"
    return None


def _note_sizes(symbol: Symbol, array: Any, sizes: dict[str, tuple[int, str]]) -> None:
    """Every dimension has one size, also where the generated function does not need the variable.

    `sizes` holds what is known: the size of a name, and what shows it.
    """
    given = tuple(array.shape)
    reason = ""
    fits = True
    for dim, count in zip(symbol.axes, given[len(given) - len(symbol.axes) :], strict=True):
        if isinstance(dim, str):
            known, reason_here = sizes.setdefault(dim, (count, f"'{symbol.name}' has shape {given}"))
            if known != count and fits:
                fits, reason = False, f", since {reason_here}"
        elif isinstance(dim, int) and dim != count:
            fits = False
    if not fits:
        shape = array_shape(symbol)
        names = ", ".join(map(dim_text, shape)) + ("," if len(shape) == 1 else "")
        expected = tuple(sizes[dim][0] if isinstance(dim, str) else dim for dim in shape)
        raise ShapeError(f"'{symbol.name}' has shape {given}, expected ({names}) = {expected}{reason}")


def _checked_size(dim: str, value: Any) -> int:
    try:
        size = int(value)
    except (TypeError, ValueError):
        size = 0
    if size < 1 or size != value:
        raise DomainError(f"the size '{dim}' is a positive integer, got {value!r}")
    return size
