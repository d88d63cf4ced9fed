"""What is cut out of the font holds every sign that our formulas show."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO
from pathlib import Path

import pytest

import matcalc as mc
from api.font import cut, made, whole
from tools.cases import read_cases

# fontTools asks for its own files in an old way.
pytestmark = pytest.mark.filterwarnings("ignore:path is deprecated")


def test_the_font_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fontTools.ttLib import TTFont

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    font = made()
    (kept,) = (tmp_path / "matcalc").iterdir()
    assert kept.read_bytes() == font
    kept.write_bytes(b"kept")
    assert made() == b"kept"
    read = TTFont(BytesIO(font))
    assert "MATH" in read
    # Its licence travels with it.
    assert "SIL Open Font License" in str(read["name"].getDebugName(13))
    signs = read.getBestCmap()
    formulas = "".join(mc.derive(case.expr, case.wrt, shapes=case.shapes).mathml for case in read_cases())
    shown = set(unescape(re.sub(r"<[^>]*>", "", formulas)))
    assert len(shown) > 60
    assert {sign for sign in shown if ord(sign) not in signs} == set()


def test_it_stays_what_it_was() -> None:
    assert len(cut(whole())) < 200_000
