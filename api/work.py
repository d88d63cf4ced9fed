"""The work itself, done in a process of its own: a validated request in, a status and a JSON body out."""

from __future__ import annotations

import contextlib
import json
import math
import traceback
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import matcalc as mc

JSON = dict[str, Any]
# Entries that an evaluated array may have: more would be a body that nobody reads.
MAX_ENTRIES = 200_000
# How many derivatives a worker keeps at hand; the least recently used goes first.
RECENT = 64
_recent: dict[Any, mc.Derivation | mc.Derivations] = {}
# Numbers that JSON does not have, as texts.
_NO_JSON = ("NaN", "Infinity", "-Infinity")
# What an expression is read with.
READING = ("expression", "shapes", "functions", "dialect", "names")


class Limits(NamedTuple):
    """How large an expression may be once it is read; its length was looked at before it came here."""

    nodes: int
    dimension: int


class Answer(NamedTuple):
    """A finished response: its status and its JSON body. `bug` tells the log where an unexpected error arose."""

    status: int
    body: bytes
    bug: str = ""


def answer(kind: str, request: bytes, limits: Limits) -> Answer:
    """Does the work of a request. Whatever happens comes back as an answer."""
    asked = json.loads(request)
    try:
        return Answer(200, encoded(_TASKS[kind](asked, limits)))
    except mc.MatcalcError as error:
        return _problem(error, {name: asked[name] for name in READING if name in asked})
    except MemoryError:
        return _problem(
            mc.LimitError("this takes more memory than there is", hint="ask for something smaller")
        )
    except RecursionError:
        return _problem(mc.LimitError("this is nested too deeply", hint="name inner parts with `where`"))
    except Exception as error:
        # The message may quote the user; places in the code do not.
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        where = " < ".join(
            f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames)
        )
        return Answer(500, b"", f"{type(error).__name__} at {where}")


def _problem(error: mc.MatcalcError, given: JSON | None = None) -> Answer:
    data = mc.problem_data(error, given)
    return Answer(data["status"], encoded(data))


def encoded(data: Any) -> bytes:
    """JSON for any JSON reader: what is no number there is told in words."""
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(_finite(data), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # A lone surrogate that the user typed is shown, not sent.
    return text.encode("utf-8", "replace")


def _finite(data: Any) -> Any:
    if isinstance(data, float) and not math.isfinite(data):
        return "NaN" if math.isnan(data) else "Infinity" if data > 0 else "-Infinity"
    if isinstance(data, Mapping):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return data


# --- the tasks


def _parse(request: JSON, limits: Limits) -> JSON:
    return mc.expression_data(_read(request, limits))


def _derive(request: JSON, limits: Limits) -> JSON:
    derived = _derived(request, limits)
    return mc.derivation_data(derived, request["code"], request["verify"])


def _evaluate(request: JSON, limits: Limits) -> JSON:
    derived = _derived(request, limits)
    first = next(iter(derived.values())) if isinstance(derived, mc.Derivations) else derived
    if first.of.functions:
        raise mc.DomainError(
            f"{first.of.functions[0]} stands for any function, so it has no values",
            hint="take a function of the table, such as tanh",
        )
    values = {name: _numbers(name, value) for name, value in request["values"].items()}
    found = derived.numpy()(**_needed(values, derived.numpy()))
    return {
        "value": _listed(first.of.numpy()(**_needed(values, first.of.numpy()))),
        "derivative": {name: _listed(array) for name, array in found.items()}
        if isinstance(found, dict)
        else _listed(found),
    }


def _functions(request: JSON, limits: Limits) -> list[JSON]:
    return mc.functions_data()


_TASKS: dict[str, Callable[[JSON, Limits], Any]] = {
    "parse": _parse,
    "derive": _derive,
    "evaluate": _evaluate,
    "functions": _functions,
}


def _read(request: JSON, limits: Limits) -> mc.Expression:
    """The expression. Raises LimitError where it is larger than the service takes."""
    expression = mc.parse(request["expression"], **{name: request[name] for name in READING[1:]})
    for name, shape in expression.shapes.items():
        for dim in shape:
            if isinstance(dim, int) and dim > limits.dimension:
                raise mc.LimitError(
                    f"the dimension {dim} of {name} is larger than {limits.dimension:,}",
                    hint="give it a name: a derivative holds for every size",
                )
    seen, pending = {expression.node}, [expression.node]
    while pending:
        fresh = set(pending.pop().children) - seen
        seen |= fresh
        pending += fresh
        if len(seen) > limits.nodes:
            raise mc.LimitError(
                f"the expression has more than {limits.nodes:,} parts", hint="take a smaller one"
            )
    return expression


def _derived(request: JSON, limits: Limits) -> mc.Derivation | mc.Derivations:
    """The derivative; of late ones the one at hand: who looks at a derivative soon wants it verified, or as code.

    They are known by the node, however the text was spaced, together with everything that they are written with:
    nobody sees another's spelling.
    """
    expression = _read(request, limits)
    words = expression.vocabulary
    spelling = (
        tuple(words.declared.items()),
        words.functions,
        words.order,
        tuple(words.names.items()),
        words.warnings,
    )
    wrt = request["wrt"]
    asked = (tuple(wrt) if isinstance(wrt, list) else wrt, request["order"], request["layout"])
    key = (expression.node, expression.shape, spelling, asked)
    found = _recent.pop(key, None)
    if found is None:
        found = mc.derive(expression, wrt, order=request["order"], layout=request["layout"])
    assert isinstance(found, mc.Derivation | mc.Derivations)
    _recent[key] = found
    if len(_recent) > RECENT:
        del _recent[next(iter(_recent))]
    return found


def _needed(values: JSON, evaluator: Any) -> JSON:
    """The values that an evaluator takes: one that falls out of the derivative is needed by the expression only."""
    names = set(evaluator.parameters)
    return {name: value for name, value in values.items() if name in names}


def _numbers(name: str, value: Any) -> Any:
    """A value as it came, with the numbers that JSON does not have, and integers past 64 bits, as floats.

    Raises DomainError for anything else that is no number.
    """
    if isinstance(value, list):
        return [_numbers(name, entry) for entry in value]
    if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if value in _NO_JSON or isinstance(value, int):
        with contextlib.suppress(OverflowError):
            return float(value)
    raise mc.DomainError(
        f"a value of {name!r} is not a number",
        hint='give numbers, or the texts "NaN", "Infinity" and "-Infinity"',
    )


def _listed(array: Any) -> Any:
    """An array as nested lists."""
    if array.size > MAX_ENTRIES:
        raise mc.LimitError(
            f"the result has {array.size:,} entries; the service sends {MAX_ENTRIES:,}",
            hint="evaluate it on your own machine: code gives a function",
        )
    return array.tolist()
