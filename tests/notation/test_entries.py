"""Index notation: entries inside functions too, unambiguous letters, and text that reads back."""

from __future__ import annotations

import re

import pytest

import matcalc as mc
from matcalc.notation.render import walk
from matcalc.notation.tree import IndexForm, MatrixProduct, Transposed, together
from tests.corpus_values import Sample, samples

SHAPES = "W: m n, x: n, b: m, u: m, A: m n, B: m n, C: n n, y: n, S: n n spd, a:"

INDEX = [
    ("u.T @ tanh(W @ x + b)", "b", "u[i] * (1 - tanh((W[i,j] * x[j] + b[i] -> i)[i])**2) -> i"),
    ("u.T @ f(W @ x + b)", "W", "u[i] * f'((W[i,k] * x[k] + b[i] -> i)[i]) * x[j] -> ij"),
    ("norm(W @ x - b)**2", "x", "2 * W[j,i] * (W[j,k] * x[k] - b[j]) -> i"),
    ("norm(W @ x - b)", "x", "W[j,i] * (W[j,k] * x[k] - b[j]) / norm((W[l,p] * x[p] - b[l] -> l)) -> i"),
    ("softmax(C @ x)", "y", "0 * ones(n)[i] * ones(n)[j] -> ij"),
    ("sum(exp(x * y))", "x", "exp(x[i] * y[i]) * y[i] -> i"),
    ("a * sum(exp(x * y))", "a", "exp((x[i] * y[i] -> i)[i]) ->"),
    ("a * sum(exp(sum(A, axis=1)))", "a", "exp((A[i,j] -> i)[i]) ->"),
    ("a / sum(x)", "x", "-a * ones(n)[i] / (x[j] ->)**2 -> i"),
    ("logdet(C * C)", "a", "0 ->"),
    ("a * tr(C @ C)", "a", "C[i,j] * C[j,i] ->"),
    ("x.T @ inv(S) @ x", "x", "2 * x[j] * inv(S)[i,j] -> i"),
    ("a * logdet(C + eye(n))", "a", "logdet((C[i,j] + eye(n)[i,j] -> ij)) ->"),
]


@pytest.mark.parametrize(("expression", "wrt", "expected"), INDEX, ids=[row[0] for row in INDEX])
def test_index_notation(expression: str, wrt: str, expected: str) -> None:
    assert mc.derive(expression, wrt, shapes=SHAPES).index_notation == expected


def test_letters_are_no_names() -> None:
    found = mc.derive("f(i @ p)", "p", shapes="i: j k, p: k")
    assert found.index_notation == "i[l,q] * f'((i[l,r] * p[r] -> l)[l]) -> lq"


def test_parts_that_are_named_are_forms_too() -> None:
    found = mc.derive("sum(tanh(W @ x + b)**3)", "b", shapes=SHAPES)
    body, _, named = found.index_notation.partition(" where ")
    assert body == "3 * t[i] * (1 - t[i]) -> i"
    assert named == "t = (tanh((W[i,j] * x[j] + b[i] -> i)[i])**2 -> i)"


def check(shown: mc.Expression | mc.Derivation) -> None:
    again = mc.parse(shown.index_notation, shapes=shown.shapes, functions=shown.functions)
    whole = shown.expression if isinstance(shown, mc.Derivation) else shown
    assert whole in (again, again.T) if len(shown.shape) < 3 else whole == again


@pytest.mark.parametrize("layout", ["shape", "jacobian", "denominator"])
@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.case.id)
def test_the_whole_corpus_reads_back(sample: Sample, layout: str) -> None:
    derived = sample.derived(layout)
    check(derived)
    check(derived.of)


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.case.id)
def test_there_are_entries_only(sample: Sample) -> None:
    """No matrix product, no transpose, no letter that is a name; a letter comes out of one form or is summed in one."""
    derived = sample.derivation
    if re.search(r"\b(vec|kron)\(", sample.case.expr):
        return
    tree = derived._formula(indices="entries")
    forms = [part for part in walk(tree) if isinstance(part, IndexForm)]
    assert forms
    assert not [part for part in walk(tree) if isinstance(part, MatrixProduct)]
    assert not [part for part in walk(tree) if isinstance(part, Transposed)] or "1 " in str(derived.shapes)
    letters = {letter for form in forms for place in form.letters for letter in together(place)}
    assert not letters & derived._taken


BELOW = [
    "sum(b @ y.T + 3 / (outer(u, y) * b), axis=0)",
    "sum(1.5 / (u * b) + b @ y.T, axis=0)",
    "(sum(b @ y.T + 1 / (u * b), axis=0) @ x) * y",
    "(b @ y.T + 1 / (u * b)) @ x",
    "u.T @ (b @ y.T + 1 / (u * b)) @ x",
]


@pytest.mark.parametrize("text", BELOW)
def test_nothing_is_summed_below_the_line(text: str) -> None:
    """The letter of a sum around several terms does not show that it is summed; twice in a denominator it has to."""
    check(mc.parse(text, shapes=SHAPES))


def test_a_deep_network() -> None:
    x, W = mc.vector("x", "n"), mc.matrix("W", "n", "n")
    hidden = x
    for _ in range(3_000):
        hidden = mc.tanh(W @ hidden)
    shown = hidden.index_notation
    assert shown.count("tanh") == 3_000
    assert shown.count("(") == shown.count(")")
