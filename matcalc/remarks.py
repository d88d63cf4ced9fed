"""Remarks on a result: sentences with formulas in them, as text and as LaTeX."""

from __future__ import annotations

import re
from typing import Any

from matcalc.notation.latex import latex
from matcalc.notation.text import text
from matcalc.notation.tree import Tree

_SIGNS = {"=": "=", ">": ">", "<": "<", "!=": r"\neq"}
_ESCAPED = str.maketrans(
    {c: "\\" + c for c in "{}$&#%_"} | {"\\": r"\textbackslash ", "^": r"\^{}", "~": r"\~{}"}
)


class Remark(str):
    """A sentence, which is its text; `latex` is the same for a mathematics environment."""

    __slots__ = ("latex",)
    latex: str

    def __new__(cls, sentence: str, latex: str = "") -> Remark:
        """Words alone need no `latex` of their own."""
        made = super().__new__(cls, sentence)
        made.latex = latex or _words(sentence)
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (str(self), self.latex)


def remark(*parts: str | Tree) -> Remark:
    """Words, formulas, and between formulas the signs = > < !=, put together with spaces where the words have none."""
    sentence, shown = "", ""
    for part in parts:
        if part == "":
            continue
        if isinstance(part, Tree):
            written, typeset = text(part), latex(part)
        elif part in _SIGNS:
            written, typeset = f" {part} ", f" {_SIGNS[part]} "
        else:
            written, typeset = part, _words(part)
        sentence += written
        shown += typeset
    return Remark(sentence, shown)


def _words(words: str) -> str:
    """Words for mathematics mode."""
    return rf"\text{{{re.sub(r' +', ' ', words.translate(_ESCAPED))}}}"
