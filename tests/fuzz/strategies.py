"""Random expressions for Hypothesis. `make fuzz` makes failing ones smaller still: it shrinks the expression itself."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.grammar import Grammar
from tests.fuzz.table import TableGrammar
from tests.fuzz.terms import Case


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A well-shaped expression over the whole language, with variables at which it is smooth."""
    return Grammar(draw(st.randoms(use_true_random=False))).case()


@st.composite
def table_cases(draw: st.DrawFn) -> Case:
    """One half of which are functions that only the table names: of eigenvalues, exponentials, cross products."""
    return TableGrammar(draw(st.randoms(use_true_random=False))).case()
