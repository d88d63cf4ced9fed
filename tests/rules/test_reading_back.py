"""Derivatives of every function, in every way to call it, as text: it reads back to the derivative's own node.

The text law of DESIGN section 3, run over every rule. What a function refuses, it refuses with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import matcalc as mc
from matcalc.rules import Entry, all_functions
from matcalc.rules.laws import calls_of

# Constants have nothing to differentiate by, and ** is written with its operator.
NOT_CALLED = ("**", "eye", "ones", "zeros", "commutation")


def written(entry: Entry, count: int, options: dict[str, Any]) -> str:
    """The call with variables x0, x1, …"""
    names = iter(f"x{k}" for k in range(count))
    arguments = []
    for parameter in entry.arguments:
        if parameter.valued:
            arguments.append(next(names))
        elif parameter.kind == "axis" and "axis" in options:
            arguments.append(f"axis={options['axis']}")
        elif parameter.kind == "integer":
            arguments.append(str(options[parameter.name]))
    return f"{entry.name}({', '.join(arguments)})"


def calls() -> Iterator[Any]:
    for entry in all_functions():
        if entry.name not in NOT_CALLED:
            for operands, options in calls_of(entry):
                declared = {
                    f"x{k}": ()
                    if each.shape == (1, 1)
                    else each.shape[:1]
                    if each.shape[1] == 1
                    else each.shape
                    for k, each in enumerate(operands)
                }
                text = written(entry, len(operands), options)
                yield pytest.param(entry, text, declared, id=f"{text} {list(declared.values())}")


@pytest.mark.parametrize(("entry", "text", "shapes"), list(calls()))
def test_derivatives_read_back(entry: Any, text: str, shapes: dict[str, Any]) -> None:
    for name in shapes:
        for order in (1, 2):
            try:
                made = mc.derive(text, name, shapes=shapes, order=order)
            except mc.DomainError as error:
                assert getattr(entry, "limited", ""), error
                assert error.hint
                continue
            again = mc.parse(made.text, shapes=made.shapes, functions=made.functions)
            assert again.node is made.node
            assert made.latex
