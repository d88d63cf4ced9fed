"""Every bad input of the corpus gets the stated kind of error, placed and with a hint; the valid ones work."""

from __future__ import annotations

import pytest

from tests.stopwatch import processor_seconds
from tools.bad_inputs import BadInput, outcome, read_cases

CASES = read_cases()
SHAPES = {"": (), "n": ("n",), "1": (), "m n": ("m", "n"), "n n": ("n", "n"), "1 n": (1, "n"), "1 1": ()}
LIMIT_SECONDS = 1.0  # benchmarks/ holds the 100 ms


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.id} {case.why}")
def test_bad_input(case: BadInput) -> None:
    outcomes = []
    seconds = processor_seconds(lambda: outcomes.append(outcome(case)), rounds=1)
    [(code, result)] = outcomes
    assert code in case.codes, f"{case.expr[:80]!r} gives {code}: {result}"
    assert seconds < LIMIT_SECONDS
    if code == "ok":
        if case.derivative_shape is not None:
            assert tuple(result.shape) == SHAPES[case.derivative_shape]
        if case.zero:
            assert result.text.startswith(("zeros", "0"))
    else:
        assert result.message
        assert result.hint, f"no hint for: {result}"
        if case.expr.strip() and code in ("syntax_error", "shape_error"):
            assert result.span is not None, f"no place for: {result}"
            start_, end = result.span
            assert 0 <= start_ <= end <= len(case.expr)
