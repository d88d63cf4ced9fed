"""The layouts of one derivative are one derivative: from the tensor to the Jacobian and back, for the whole corpus."""

from __future__ import annotations

import pytest

import matcalc as mc
from matcalc.graph import fuse, normal, permute, split
from tests.corpus_values import Sample, samples

STANDS_FOR = [
    ("A @ X @ B", "X", "jacobian", "∂vec(Y)/∂vec(X) where Y = A @ X @ B"),
    ("A @ X @ B", "X", "denominator", "(∂vec(Y)/∂vec(X)).T where Y = A @ X @ B"),
    ("A @ X @ B", "X", "shape", "∂Y/∂X where Y = A @ X @ B"),
    ("W @ x", "W", "jacobian", "∂y/∂vec(W) where y = W @ x"),
    ("W @ x", "x", "jacobian", "∂y/∂x where y = W @ x"),
    ("logdet(X)", "X", "jacobian", "∂s/∂vec(X) where s = logdet(X)"),
    ("Y @ X", "X", "jacobian", "∂vec(Z)/∂vec(X) where Z = Y @ X"),
]


@pytest.mark.parametrize(("expression", "wrt", "layout", "expected"), STANDS_FOR)
def test_which_vec_is_meant_is_told(expression: str, wrt: str, layout: str, expected: str) -> None:
    assert mc.derive(expression, wrt, layout=layout).stands_for == expected


def test_of_order_2_it_is_the_gradient_that_is_stacked() -> None:
    derivation = mc.derive("logdet(X)", "X", order=2, layout="jacobian")
    assert derivation.stands_for == "∂vec(∂s/∂vec(X))/∂vec(X) where s = logdet(X)"


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.case.id)
def test_there_and_back(sample: Sample) -> None:
    tensor = sample.derivation.node
    jacobian, denominator = sample.derived("jacobian"), sample.derived("denominator")
    plan = jacobian._plan
    assert normal(fuse(permute(tensor, plan.order), plan.groups)) is normal(jacobian.node)
    moved = permute(tensor, plan.order).axes
    ends = [sum(plan.groups[: k + 1]) for k in range(len(plan.groups))]
    parts = [moved[end - count : end] for end, count in zip(ends, plan.groups, strict=True)]
    back = [plan.order.index(axis) for axis in range(len(plan.order))]
    assert normal(permute(split(jacobian.node, parts), back)) is normal(tensor)
    axes = len(jacobian.node.axes)
    turned = permute(jacobian.node, (1, 0)) if axes == 2 else jacobian.node
    assert normal(turned) is normal(denominator.node)
    assert denominator._plan.shape == jacobian._plan.shape[::-1]
