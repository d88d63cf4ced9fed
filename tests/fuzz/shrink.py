"""Smaller expressions with the same failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from tests.fuzz.terms import SCALAR, Case, Term
from tests.fuzz.twin import OutOfDomain, evaluate, numpy_twin


def smaller(case: Case) -> Iterator[Case]:
    """Simpler cases, the simplest first."""
    for name in case.used_definitions:
        part = case.definitions[name]
        yield _changed(
            case, lambda t, name=name, part=part: part if t.op == "ref" and t.given[0] == name else t
        )
        yield replace(case, term=part)
    for term in case.term.walk():
        if term is not case.term:
            yield replace(case, term=term)
    everything = sorted((t for body in case.terms for t in body.walk()), key=lambda t: -t.size)
    for term in everything:
        for inner in term.walk():
            if inner is not term and inner.shape == term.shape:
                yield _changed(case, lambda t, old=term, new=inner: new if t is old else t)
    for term in everything:
        if term.op in ("var", "number"):
            continue
        if term.shape == SCALAR:
            number = Term("number", SCALAR, (), (2,))
            yield _changed(case, lambda t, old=term, new=number: new if t is old else t)
        for name, variable in case.variables.items():
            if variable.grid == term.shape:
                plain = Term("var", term.shape, (), (name,))
                yield _changed(case, lambda t, old=term, new=plain: new if t is old else t)
    for name, variable in case.variables.items():
        if variable.properties:
            yield replace(case, variables={**case.variables, name: replace(variable, properties=())})
    if case.style != 1:
        yield replace(case, style=1)


def _changed(case: Case, change: Callable[[Term], Term]) -> Case:
    return replace(
        case,
        term=case.term.rebuilt(change),
        definitions={name: part.rebuilt(change) for name, part in case.definitions.items()},
    )


def is_good(case: Case) -> bool:
    """Whether the expression has a good value at its point."""
    try:
        with np.errstate(all="ignore"):
            return bool(
                np.all(np.isfinite(evaluate(case, numpy_twin(case.sizes, checked=True), case.values)))
            )
    except (OutOfDomain, np.linalg.LinAlgError, RecursionError):
        return False


def weight(case: Case) -> tuple[int, int, int]:
    """What is made smaller: terms, properties and variables, characters."""
    terms = sum(body.size for body in case.terms) + len(case.used_definitions)
    return (
        terms,
        len(case.variables) + sum(len(v.properties) for v in case.variables.values()),
        len(case.text),
    )


def _with_what_it_needs(case: Case) -> Case:
    """Without the variables that do not occur, unless only they declare a dimension."""
    fewer = case.with_variables(case.variables)
    dims = {dim for variable in fewer.variables.values() for dim in variable.shape}
    return fewer if case.used_dims <= dims else case


def minimal(case: Case, fails: Callable[[Case], bool], tries: int = 400) -> Case:
    """The smallest case found for which `fails` still holds."""
    best, left = case, tries
    found = True
    while found and left > 0:
        found = False
        for candidate in smaller(best):
            candidate = _with_what_it_needs(candidate)
            if weight(candidate) >= weight(best) or not is_good(candidate):
                continue
            left -= 1
            if fails(candidate):
                best, found = candidate, True
                break
            if left <= 0:
                break
    return best
