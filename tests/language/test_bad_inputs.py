"""The corpus of bad inputs, read and lowered: the right kind of error, its place and a hint; nothing is run."""

from __future__ import annotations

import pytest

from matcalc.errors import MatcalcError
from matcalc.language import read
from tools.bad_inputs import BadInput, read_cases

CASES = read_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.id} {case.why}")
def test_bad_input(case: BadInput) -> None:
    try:
        read(case.expr, case.shapes)
    except MatcalcError as error:
        assert error.code in case.codes
        assert error.hint
        assert len(error.message) < 400
        if error.text == case.expr and case.expr.strip():
            assert error.span is not None
            start, end = error.span
            assert 0 <= start < end <= len(case.expr)
        assert str(error).replace("\n", "").isprintable()
    else:
        assert "ok" in case.codes or "wrt" in case.why
