"""einsum: what is printed, and that it computes the derivative when it is carried out."""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np
import pytest

import matcalc as mc
from tests.corpus_values import Sample, samples

EINSUM = [
    ("A @ X @ B", "X", "einsum('ik,lj->ijkl', A, B)"),
    ("inv(X)", "X", "-einsum('ik,lj->ijkl', inv(X), inv(X))"),
    ("X.T @ X", "X", "einsum('kj,il->ijkl', X, eye(n)) + einsum('ki,jl->ijkl', X, eye(n))"),
    ("u.T @ f(W @ x + b)", "W", "einsum('i,i,j->ij', u, f'(W @ x + b), x)"),
    ("x.T @ A @ x / alpha", "A", "einsum('i,j->ij', x, x) / alpha"),
    ("norm(A @ X - B)**2", "X", "2 * einsum('ki,kj->ij', A, A @ X - B)"),
    ("sum(X)", "X", "einsum('i,j->ij', ones(m), ones(n))"),
    ("3 * sum(x)", "alpha", "0"),
    ("exp(x)", "x", "einsum('i,ij->ij', exp(x), eye(m))"),
    ("alpha**2", "alpha", "2 * alpha"),
]


@pytest.mark.parametrize(("expression", "wrt", "expected"), EINSUM, ids=[row[0] for row in EINSUM])
def test_spelling(expression: str, wrt: str, expected: str) -> None:
    shapes = "x: n, alpha:" if wrt == "alpha" else None
    assert mc.derive(expression, wrt, shapes=shapes).einsum == expected


def test_an_expression_has_one_too() -> None:
    assert mc.parse("A @ x + b").einsum == "einsum('ij,j->i', A, x) + b"
    assert mc.parse("A[i,j] * x[k] -> ijk").einsum == "einsum('ij,k->ijk', A, x)"


def test_all_layouts_have_the_tensor_s() -> None:
    assert mc.derive("A @ X @ B", "X", layout="jacobian").einsum == "einsum('ik,lj->ijkl', A, B)"


def test_letters_are_no_names() -> None:
    derivation = mc.derive("A @ X @ B", "X", shapes="A: j k, X: k l, B: l i")
    assert derivation.einsum == "einsum('pr,sq->pqrs', A, B)"
    assert derivation.text == "A[p,r] * B[s,q] -> pqrs"


def test_what_einsum_cannot_say_is_refused() -> None:
    with pytest.raises(mc.DomainError, match="vec and kron"):
        mc.derive("kron(A, X)", "X").einsum  # noqa: B018


class Carried:
    """Carries out what `einsum` printed: sums and products of scalars with calls, the operands read by matcalc."""

    def __init__(self, sample: Sample, derivation: mc.Derivation) -> None:
        self.sample, self.derivation = sample, derivation
        self.body, _, self.named = derivation.einsum.partition(" where ")

    def value(self) -> Any:
        return self.of(ast.parse(self.body, mode="eval").body)

    def of(self, part: ast.expr) -> Any:
        if isinstance(part, ast.UnaryOp):
            return -self.of(part.operand)
        if isinstance(part, ast.BinOp) and "einsum(" in ast.unparse(part):
            left, right = self.of(part.left), self.of(part.right)
            operations = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide}
            return operations[type(part.op)](left, right)
        if isinstance(part, ast.Call) and ast.unparse(part.func) == "einsum":
            letters, *operands = part.args
            return np.einsum(ast.literal_eval(letters), *map(self.of, operands))
        return self.read(ast.unparse(part))

    def read(self, text: str) -> Any:
        wanted = set(re.findall(r"\w+", text))
        named = [one for one in re.split(r", (?=\w+ = )", self.named) if one]
        if wanted & {one.partition(" = ")[0] for one in named}:
            text = f"{text} where {self.named}"
        shapes = self.derivation.shapes
        read = mc.parse(text, shapes=shapes, functions=self.derivation.functions)
        value = np.asarray(read.numpy()(**self.sample.of(read.shapes)))
        return value[0] if value.ndim == 2 and value.shape[0] == 1 and read.shape[0] == 1 else value


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.case.id)
def test_einsum_computes_the_derivative(sample: Sample) -> None:
    derivation = sample.derivation
    expected = np.asarray(derivation.numpy()(**sample.of(derivation.shapes)))
    found = np.asarray(Carried(sample, derivation).value())
    if found.ndim < expected.ndim and 1 in expected.shape:
        expected = expected.reshape(found.shape)
    assert np.allclose(found, expected, rtol=1e-9, atol=1e-9), derivation.einsum
