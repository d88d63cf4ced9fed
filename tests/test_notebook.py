"""Notebooks: what IPython's own display machinery gets of expressions, derivatives and tables of them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter

import matcalc as mc
from tests.notation.mathml import NAMESPACE, check_mathml

EXPRESSION = "u.T @ tanh(W @ x + b)"


def displayed(shown: Any) -> dict[str, str]:
    data, _ = DisplayFormatter().format(shown)
    assert set(data) == {"text/plain", "text/latex", "text/html"}
    return dict(data)


@pytest.mark.parametrize(
    "shown",
    [mc.parse(EXPRESSION), mc.derive(EXPRESSION, "W"), mc.vector("x", "n")],
    ids=["expression", "derivative", "variable"],
)
def test_a_formula(shown: Any) -> None:
    data = displayed(shown)
    assert data["text/plain"] == repr(shown)
    assert data["text/latex"] == f"$\\displaystyle {shown.latex}$"
    (math,) = ET.fromstring(data["text/html"])
    assert math.tag == NAMESPACE + "math"
    assert check_mathml(shown.mathml).tag == math.tag


def test_warnings_are_shown() -> None:
    derivation = mc.derive("x.T @ inv(X) @ x", "X")
    assert derivation.warnings
    _, notes = ET.fromstring(displayed(derivation)["text/html"])
    assert [note.text for note in notes] == list(derivation.warnings)


def test_a_table_of_derivatives() -> None:
    derivations = mc.derive(EXPRESSION, ["W", "b", "u"])
    data = displayed(derivations)
    caption, head, body = ET.fromstring(data["text/html"])
    check_mathml(ET.tostring(caption[0], encoding="unicode"))
    assert [cell.text for cell in head[0]] == ["variable", "derivative", "shape"]
    assert ["".join(row[0].itertext()) for row in body] == ["W", "b", "u"]
    assert [row[2].text for row in body] == ["m × n", "m", "m"]
    for row in body:
        check_mathml(ET.tostring(row[1][0], encoding="unicode"))
    assert data["text/latex"].count("&=") == 3
    assert data["text/plain"] == repr(derivations)
