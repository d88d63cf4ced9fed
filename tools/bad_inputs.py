"""The corpus of inputs that must be refused with the right kind of error, and of odd ones that are valid."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CASES = Path(__file__).parents[1] / "tests" / "corpus" / "bad_inputs.jsonl"


@dataclass(frozen=True)
class BadInput:
    """One line of the corpus; tests/corpus/README.md says what each field means."""

    id: str
    expr: str
    shapes: Any
    wrt: str
    codes: frozenset[str]
    why: str
    zero: bool
    derivative_shape: str | None


def expanded(value: Any) -> str:
    """A text, or what {"prefix", "unit", "times", "suffix"} stands for."""
    if isinstance(value, str):
        return value
    return expanded(value["prefix"]) + expanded(value["unit"]) * value["times"] + expanded(value["suffix"])


def declared(shapes: Any) -> Any:
    """The declarations as a user gives them: a dict, or the text form where a name is declared twice."""
    return (
        shapes
        if isinstance(shapes, dict)
        else ", ".join(f"{name}: {shape or '()'}" for name, shape in shapes)
    )


def read_cases(path: Path = CASES) -> list[BadInput]:
    """The corpus, in its order."""
    return [
        BadInput(
            id=row["id"],
            expr=expanded(row["expr"]),
            shapes=declared(row["shapes"]),
            wrt=row["wrt"],
            codes=frozenset([row["expect"], *row["accept"]]),
            why=row["why"],
            zero=row.get("expected_zero", False),
            derivative_shape=row.get("derivative_shape"),
        )
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    ]


def outcome(case: BadInput) -> tuple[str, Any]:
    """What becomes of a case: "ok" and the derivation, or the error's code and the error."""
    import matcalc as mc

    try:
        derivation = mc.derive(case.expr, case.wrt, shapes=case.shapes)
        _ = derivation.text, derivation.latex
    except mc.MatcalcError as error:
        return error.code, error
    return "ok", derivation
