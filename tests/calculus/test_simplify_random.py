"""Simplification over random expressions: value and shape stay, a second run finds nothing, order is no matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings

from matcalc.calculus.simplify import simplify
from matcalc.graph import Node, tidy
from tests.fuzz.laws import Subject
from tests.fuzz.strategies import cases
from tests.fuzz.terms import Case, Term

EXAMPLES = 250


def derivatives(subject: Subject) -> list[Node]:
    """The derivatives by every variable as the sweep leaves them."""
    return [tidy(derivation.laid_out)[0] for derivation in subject.derivatives.values()]


@settings(max_examples=EXAMPLES)
@given(cases())
def test_value_and_shape_stay(case: Case) -> None:
    subject = Subject(case)
    with np.errstate(all="ignore"):
        for node in (tidy(subject.expression.node)[0], *derivatives(subject)):
            made = simplify(node)
            assert made.axes == node.axes
            before, after = subject.reference(node), subject.reference(made)
            # Where a form is not defined (0/0) another may be.
            defined = np.isfinite(before)
            scale = 1 + np.abs(before[defined]).max(initial=0.0)
            np.testing.assert_allclose(after[defined] / scale, before[defined] / scale, atol=1e-8)


@settings(max_examples=EXAMPLES)
@given(cases())
def test_a_second_run_finds_nothing(case: Case) -> None:
    for node in derivatives(Subject(case)):
        made = simplify(node)
        assert tidy(made)[0] is made
        assert simplify(made) is made


@settings(max_examples=EXAMPLES)
@given(cases())
def test_order_is_no_matter(case: Case) -> None:
    def turned(term: Term) -> Term:
        return replace(term, args=term.args[::-1]) if term.op in ("add", "mul") else term

    other = replace(
        case,
        term=case.term.rebuilt(turned),
        definitions={name: part.rebuilt(turned) for name, part in case.definitions.items()},
    )
    for one, two in zip(derivatives(Subject(case)), derivatives(Subject(other)), strict=True):
        assert simplify(one) is simplify(two)
