"""matcalc: symbolic matrix calculus. Derivatives in closed form, checked against JAX.

>>> import matcalc as mc
>>> mc.derive("x.T @ A @ x", wrt="x").text
'(A + A.T) @ x'

Every function of the table is here too, for expressions built as Python objects: `mc.tanh(W @ x + b)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matcalc.errors import (
    DomainError,
    LimitError,
    MatcalcError,
    ParseError,
    ShapeError,
    UnknownNameError,
)

if TYPE_CHECKING:
    from matcalc.answers import code_targets, derivation_data, expression_data, functions_data, problem_data
    from matcalc.derivation import Derivation, Derivations, derive
    from matcalc.expression import Expression, function, matrix, parse, scalar, vector
    from matcalc.gradients import ValueAndGrad, value_and_grad
    from matcalc.rules.custom import register_elementwise

# Loaded at first use, so that `import matcalc` stays light.
_PLACES = {
    "Derivation": "matcalc.derivation",
    "Derivations": "matcalc.derivation",
    "code_targets": "matcalc.answers",
    "derivation_data": "matcalc.answers",
    "expression_data": "matcalc.answers",
    "functions_data": "matcalc.answers",
    "problem_data": "matcalc.answers",
    "derive": "matcalc.derivation",
    "Expression": "matcalc.expression",
    "function": "matcalc.expression",
    "matrix": "matcalc.expression",
    "parse": "matcalc.expression",
    "scalar": "matcalc.expression",
    "vector": "matcalc.expression",
    "register_elementwise": "matcalc.rules.custom",
    "ValueAndGrad": "matcalc.gradients",
    "value_and_grad": "matcalc.gradients",
}

__all__ = [
    "Derivation",
    "Derivations",
    "DomainError",
    "Expression",
    "LimitError",
    "MatcalcError",
    "ParseError",
    "ShapeError",
    "UnknownNameError",
    "ValueAndGrad",
    "code_targets",
    "derivation_data",
    "derive",
    "expression_data",
    "function",
    "functions_data",
    "matrix",
    "parse",
    "problem_data",
    "register_elementwise",
    "scalar",
    "value_and_grad",
    "vector",
]


def __getattr__(name: str) -> Any:
    """A public name at its first use, or a function of the table."""
    if name.startswith("_"):
        raise AttributeError(f"module 'matcalc' has no attribute '{name}'")
    from importlib import import_module

    if name in _PLACES:
        # Rules read their formulas through the language, which is not below them.
        import_module("matcalc.language")
        found = getattr(import_module(_PLACES[name]), name)
    else:
        entry = import_module("matcalc.rules").find(name)
        if entry is None:
            raise AttributeError(f"module 'matcalc' has no attribute '{name}'")
        found = import_module("matcalc.expression").Callable(entry)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
