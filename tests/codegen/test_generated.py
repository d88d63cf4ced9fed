"""Generated source computes what the graph means, on every graph."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcalc.codegen import compiled, generate
from matcalc.errors import MatcalcError
from matcalc.graph import Node, tidy
from tests.codegen.graphs import SIZES, SYMBOLS, graphs, values
from tests.reference import evaluate


def run(node: Node, seed: int, target: str = "numpy", dtype: type = float) -> np.ndarray:
    source = generate((node, node.axes), SYMBOLS, target=target)
    given_values = values(seed, dtype)
    arguments = {text: given_values[symbol.name] for symbol, text in source.arguments.items()}
    if target == "jax":
        import jax.numpy as jnp

        arguments = {text: jnp.asarray(array) for text, array in arguments.items()}
    if target == "torch":
        import torch

        arguments = {text: torch.as_tensor(array) for text, array in arguments.items()}
    sizes = {text: SIZES[dim] for dim, text in source.sizes.items()}
    with np.errstate(all="ignore"):
        return np.asarray(compiled(source)(**arguments, **sizes))


def meaning(node: Node, seed: int) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(evaluate(node, values(seed), SIZES))


def assert_same(found: np.ndarray, expected: np.ndarray, tolerance: float = 1e-9) -> None:
    assert found.shape == expected.shape
    finite = np.isfinite(expected)
    scale = np.abs(expected[finite]).max(initial=1.0)
    assert np.isfinite(found[finite]).all()
    assert np.abs(found - expected)[finite].max(initial=0.0) <= tolerance * scale


@settings(max_examples=400)
@given(graphs(), st.integers(0, 5))
def test_random_graphs(node: Node, seed: int) -> None:
    expected = meaning(node, seed)
    assert_same(run(node, seed), expected)
    assert_same(run(tidy(node)[0], seed), expected)


@settings(max_examples=60)
@given(graphs())
def test_random_graphs_on_jax(node: Node) -> None:
    import jax

    with jax.enable_x64(True):
        assert_same(run(node, 0, "jax"), meaning(node, 0))


@settings(max_examples=60)
@given(graphs())
def test_random_graphs_on_torch(node: Node) -> None:
    pytest.importorskip("torch", reason="torch is an extra")
    assert_same(run(node, 0, "torch"), meaning(node, 0))


@settings(max_examples=100)
@given(graphs())
def test_single_precision_stays(node: Node) -> None:
    found = run(node, 0, dtype=np.float32)
    expected = meaning(node, 0)
    assert found.shape == expected.shape
    if any(isinstance(symbol, Node) for symbol in generate((node, node.axes), SYMBOLS).arguments):
        assert found.dtype == np.float32


def test_inputs_are_never_handed_out() -> None:
    node = SYMBOLS[6]
    array = values(0)["A"]
    source = generate((node, node.axes), SYMBOLS)
    assert not np.shares_memory(compiled(source)(A=array), array)


def test_unknown_target() -> None:
    from matcalc.errors import DomainError

    with pytest.raises(DomainError, match="fortran"):
        generate((SYMBOLS[0], ()), SYMBOLS, target="fortran")


def test_signs_of_several_differences_go_together() -> None:
    """Each difference as it reads best, where that leaves the product as it is."""
    import matcalc as mc

    layers = "u.T @ tanh(V @ tanh(W @ x + b) + c)"
    source = mc.value_and_grad(layers, ["W", "b", "V", "c"]).code()
    assert "delta2 = u * (1 - h2**2)" in source
    assert "delta1 = (V.T @ delta2) * (1 - h1**2)" in source
    assert "-delta" not in source


def test_a_contraction_is_planned_once_and_done_with_the_arrays_at_hand() -> None:
    """The same pattern with other arrays, with arrays that are one, and with sizes that differ."""
    import matcalc as mc

    rng = np.random.default_rng(0)
    text = "A @ diag(x) @ B + C @ diag(y) @ D + A @ diag(y) @ A + B @ diag(x) @ B.T + E @ diag(z) @ F"
    shapes = "A: n n, B: n n, C: n n, D: n n, E: n m, F: m n, x: n, y: n, z: m"
    values = {name: rng.standard_normal((5, 5)) for name in "ABCD"}
    values |= {"E": rng.standard_normal((5, 4)), "F": rng.standard_normal((4, 5))}
    values |= {"x": rng.standard_normal(5), "y": rng.standard_normal(5), "z": rng.standard_normal(4)}
    A, B, C, D, E, F, x, y, z = (values[name] for name in "ABCDEFxyz")
    expected = A * x @ B + C * y @ D + A * y @ A + B * x @ B.T + E * z @ F
    assert np.allclose(mc.parse(text, shapes=shapes).numpy()(**values), expected, rtol=1e-12)


def test_the_collector_runs_again() -> None:
    """It rests while source is generated, and only then, also after an error."""
    import gc

    node = SYMBOLS[6]
    for target in ("numpy", "fortran"):
        with contextlib.suppress(MatcalcError):
            generate((node, node.axes), SYMBOLS, target=target)
        assert gc.isenabled()
    gc.disable()
    try:
        generate((node, node.axes), SYMBOLS)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_names_in_helpers_are_readable() -> None:
    """Parts are called by what they are, and numbered."""
    import matcalc as mc

    source = mc.derive("tr(expm(X) @ A)", "X", order=2).code()
    assert "__" not in source
    assert "identity = np.reshape(np.eye(n * n" in source
    assert "A2 = A[..., None, None, :, :]" in source


def test_functions_of_a_single_vector_are_written_for_one() -> None:
    """Along the only axis is along all of them; of vectors and stacks of them one helper serves both."""
    import matcalc as mc

    alone = mc.parse("u.T @ softmax(x) + logsumexp(x)").code()
    assert "e = np.exp(x - x.max())\n    return e / e.sum()" in alone
    assert "-1" not in alone
    both = mc.parse("u.T @ softmax(x) + sum(softmax(X, axis=1))").code()
    assert both.count("def softmax") == 1
    assert "np.amax(x, -1)[..., None]" in both
