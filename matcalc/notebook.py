"""What a notebook shows of a formula, by MIME type: MathML in HTML, LaTeX, or plain text, as the notebook prefers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Protocol

from matcalc.notation.latex import latex_name
from matcalc.notation.mathml import NAMESPACE, mathml_name


class Formula(Protocol):
    """What is shown: a formula with its shape."""

    @property
    def latex(self) -> str: ...

    @property
    def mathml(self) -> str: ...

    @property
    def shape(self) -> tuple[int | str, ...]: ...


def bundle(formula: Formula, warnings: Iterable[str], plain: str) -> dict[str, str]:
    """A formula, and in HTML below it what its warnings tell; `plain` is the text of a terminal."""
    told = "".join(f"<li>{escape(one)}</li>" for one in warnings)
    notes = f"<ul>{told}</ul>" if told else ""
    return {
        "text/plain": plain,
        "text/latex": f"$\\displaystyle {formula.latex}$",
        "text/html": f"<div>{formula.mathml}{notes}</div>",
    }


def table(of: Formula, derivatives: Mapping[str, Formula], plain: str) -> dict[str, str]:
    """The derivatives of one expression: a row for each variable, with the derivative and its shape."""
    rows, lines = [], []
    for name, one in derivatives.items():
        variable = f'<math xmlns="{NAMESPACE}">{mathml_name(name)}</math>'
        shape = " × ".join(map(str, one.shape)) or "scalar"
        rows.append(f"<tr><td>{variable}</td><td>{one.mathml}</td><td>{escape(shape)}</td></tr>")
        lines.append(rf"\frac{{\partial}}{{\partial {latex_name(name)}}} &= {one.latex}")
    aligned = r" \\ ".join(lines)
    head = "<thead><tr><th>variable</th><th>derivative</th><th>shape</th></tr></thead>"
    body = f"<tbody>{''.join(rows)}</tbody>"
    return {
        "text/plain": plain,
        "text/latex": rf"$\displaystyle \begin{{aligned}} {aligned} \end{{aligned}}$",
        "text/html": f"<table><caption>{of.mathml}</caption>{head}{body}</table>",
    }
