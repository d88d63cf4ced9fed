"""Results, mistakes and functions as plain data: what `--json` prints and what the HTTP service answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from matcalc.derivation import Derivation, Derivations
from matcalc.errors import MatcalcError
from matcalc.expression import Expression, parse
from matcalc.notation.shapedmathml import shaped_mathml
from matcalc.repairs import repairs
from matcalc.rules import Entry, all_functions, lookup
from matcalc.rules.registry import usage_text

# The status that HTTP has for a request that is well formed but can't be carried out.
UNPROCESSABLE = 422


def derivation_data(
    derived: Derivation | Derivations, code: Sequence[str] = (), verify: bool = False
) -> dict[str, Any]:
    """A derivative with every notation, code for the targets in `code`, and on demand its verification.

    Several derivatives come by name under "derivatives". Raises DomainError for an unknown target.
    """
    if isinstance(derived, Derivations):
        return {"derivatives": {name: derivation_data(one, code, verify) for name, one in derived.items()}}
    return {
        "text": derived.text,
        "latex": derived.latex,
        "mathml": shaped_mathml(derived.tree),
        "unicode": derived.unicode,
        "index_notation": derived.index_notation,
        "shape": list(derived.shape),
        "shapes": _shapes(derived),
        "layout": derived.layout,
        "order": derived.order,
        "steps": [],
        "code": {target: derived.code(target) for target in code},
        "warnings": list(derived.warnings),
        "verification": _evidence(derived.verify()) if verify else None,
    }


def expression_data(expression: Expression) -> dict[str, Any]:
    """How an expression was read: its notations, its shape and the shapes of its variables."""
    return {
        "text": expression.text,
        "latex": expression.latex,
        "mathml": shaped_mathml(expression.tree),
        "unicode": expression.unicode,
        "shape": list(expression.shape),
        "shapes": _shapes(expression),
        "symbols": {name: parse(name, shapes=expression.shapes).mathml for name in expression.shapes},
        "functions": list(expression.functions),
        "warnings": list(expression.warnings),
    }


def problem_data(error: MatcalcError, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A mistake as the problem details of RFC 9457, with its code, its place in the text and a hint.

    `given` holds the expression and what it was read with; then "repairs" lists what a program may change there, and
    "field" tells which of them the span points into.
    """
    data = {
        "type": "about:blank",
        "title": type(error).__name__,
        "status": UNPROCESSABLE,
        "detail": error.message,
        "code": error.code,
        "span": list(error.span) if error.span else None,
        "hint": error.hint,
    }
    if given is not None:
        texts = (name for name, text in given.items() if error.span and text == error.text)
        data["field"] = next(texts, None)
        data["repairs"] = repairs(error, given)
    return data


def code_targets() -> tuple[str, ...]:
    """The languages and libraries that derivatives can be written in as source code."""
    from matcalc.codegen.foreign import LANGUAGES
    from matcalc.codegen.source import TARGETS

    return (*TARGETS, *LANGUAGES)


def functions_data(names: Iterable[str] = ()) -> list[dict[str, Any]]:
    """What the table knows about these functions, or about all that can be called by name.

    Raises UnknownNameError for a name that is not in the table.
    """
    # Operators are in the table too, but nobody calls them by name.
    entries = [lookup(name) for name in names] or [e for e in all_functions() if e.name.isidentifier()]
    return [_row(entry) for entry in entries]


def _shapes(shown: Derivation | Expression) -> dict[str, str]:
    """The shapes of the variables as a user declares them."""
    return {name: str(shape) for name, shape in shown.shapes.items()}


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "usage": usage_text(entry),
        "doc": entry.doc,
        "aliases": list(entry.aliases),
        "derivatives": list(getattr(entry, "derivatives", ())),
        "kinks": entry.kinks,
        "citation": entry.citation,
    }


def _evidence(verification: Any) -> dict[str, Any]:
    """The evidence with its verdict: whether every comparison stayed within its tolerance."""
    assert is_dataclass(verification) and not isinstance(verification, type)
    data = asdict(verification)
    data["checks"] = [
        {**asdict(check), "passed": check.passed}
        for check in verification.checks  # type: ignore[attr-defined]
    ]
    return {"passed": bool(verification), "summary": str(verification), **data}
