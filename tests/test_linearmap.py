"""Derivatives as linear maps: short, read back, and the same as the tensor applied to a change."""

from __future__ import annotations

import numpy as np
import pytest

import matcalc as mc
from matcalc.graph import normal
from tests.corpus_values import Sample, samples
from tests.notation.mathml import check_mathml

MAPS = [
    ("A @ X @ B", "X", "dX ↦ A @ dX @ B"),
    ("inv(X)", "X", "dX ↦ -inv(X) @ dX @ inv(X)"),
    ("X.T @ X", "X", "dX ↦ X.T @ dX + dX.T @ X"),
    ("X * Y", "X", "dX ↦ Y * dX"),
    ("tanh(W @ x + b)", "W", "dW ↦ (1 - tanh(W @ x + b)**2) * (dW @ x)"),
    ("x.T @ A", "x", "dx ↦ dx.T @ A"),
    ("logdet(X)", "X", "dX ↦ tr(inv(X) @ dX)"),
    ("x.T @ A @ x", "A", "dA ↦ x.T @ dA @ x"),
    ("diag(x)", "x", "dx ↦ diag(dx)"),
    ("kron(A, X)", "X", "dX ↦ kron(A, dX)"),
    ("vec(X)", "X", "dX ↦ vec(dX)"),
    ("alpha * x", "alpha", "dalpha ↦ dalpha * x"),
    ("dx * x", "x", "dx_1 ↦ dx * dx_1"),
]


@pytest.mark.parametrize(("expression", "wrt", "expected"), MAPS, ids=[row[0] for row in MAPS])
def test_text(expression: str, wrt: str, expected: str) -> None:
    found = mc.derive(expression, wrt).linear_map
    assert found.text == str(found) == repr(found) == expected


def test_the_change_lies_in_the_variable_s_subspace() -> None:
    found = mc.derive("S @ S", "S", shapes="S: n n spd").linear_map
    assert found.text == "dS ↦ S @ dS + dS @ S"
    assert found.shapes["dS"].properties == {"symmetric"}


def test_order_2_maps_to_the_change_of_the_gradient() -> None:
    found = mc.derive("norm(A @ X - B)**2", "X", order=2).linear_map
    assert found.text == "dX ↦ 2 * A.T @ A @ dX"


@pytest.mark.parametrize("name", ["ef", "iag", "et"])
def test_the_change_has_a_name_that_can_be_read(name: str) -> None:
    """def is a word of Python, diag and det are functions."""
    found = mc.derive(f"3 * {name}", name, shapes={name: "n"}).linear_map
    assert found.change == f"d{name}_1"
    assert mc.parse(found.image, shapes=found.shapes).shape == ("n",)


def test_notations() -> None:
    found = mc.derive("inv(X1)", "X1").linear_map
    assert found.latex == r"\mathrm{d}X_{1} \mapsto -X_{1}^{-1} \, \mathrm{d}X_{1} \, X_{1}^{-1}"
    assert found.unicode == "dX₁ ↦ −X₁⁻¹ dX₁ X₁⁻¹"
    root = check_mathml(found.mathml)
    shown = "".join(root.itertext()).translate(dict.fromkeys(range(0x2061, 0x2064)))
    assert shown == "dX1↦−X1−1dX1X1−1"


def test_every_layout_has_the_same_map() -> None:
    shown = {mc.derive("A @ X @ B", "X", layout=layout).linear_map.text for layout in ("shape", "jacobian")}
    assert shown == {"dX ↦ A @ dX @ B"}


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.case.id)
def test_the_map_is_the_tensor_applied(sample: Sample) -> None:
    derivation = sample.derivation
    found = derivation.linear_map
    variable = np.asarray(sample.values[sample.case.wrt])
    change = np.random.default_rng(1).normal(size=variable.shape)
    tensor = np.asarray(derivation.numpy()(**sample.of(derivation.shapes)))
    image = np.asarray(found.numpy()(**sample.of(derivation.shapes), **{found.change: change}))
    flat = tensor.reshape(-1, change.size) if tensor.size else tensor
    assert np.allclose(image.ravel(), flat @ change.ravel(), rtol=1e-8, atol=1e-8)
    again = mc.parse(found.image, shapes=found.shapes, functions=found.functions)
    assert normal(again.node) is normal(found.node)
    check_mathml(found.mathml)
