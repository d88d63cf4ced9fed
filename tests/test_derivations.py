"""Every derivation of the corpus that is in scope is right, and as short as the books write it."""

from __future__ import annotations

import functools

import pytest

from tools.cases import Case, read_cases
from tools.corpus import ALLOWED_LENGTH, Outcome, judge

CASES = [case for case in read_cases() if case.in_scope]


@functools.cache
def outcome_of(index: int) -> Outcome:
    """The outcome of a case, computed once for all tests."""
    return judge(CASES[index])


@pytest.mark.parametrize("index", range(len(CASES)), ids=[case.id for case in CASES])
def test_derivation_is_right(index: int) -> None:
    outcome = outcome_of(index)
    case: Case = outcome.case
    assert outcome.verdict == "right", f"{case.expr} by {case.wrt}: {outcome.reason}"
    assert not outcome.book_reason, f"the book's {case.closed_form}: {outcome.book_reason}"


def test_results_are_short() -> None:
    ratios = [outcome.ratio for index in range(len(CASES)) if (outcome := outcome_of(index)).ratio]
    short = sum(ratio <= ALLOWED_LENGTH for ratio in ratios)
    assert len(ratios) > 100
    assert short / len(ratios) >= 0.9
