"""The examples run, and say what they should."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize(
    ("name", "said"),
    [("newton", "diagonal plus rank 50"), ("newton_cg", "step 11: |gradient| = ")],
)
def test_newton(name: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert said in printed
    assert "100% of the samples" in printed
