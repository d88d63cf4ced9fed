"""Every function of the table on torch: tensors and numbers as arguments, and gradients that torch takes further."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import matcalc as mc
from matcalc.calculus.sweep import derive_nodes
from matcalc.errors import DomainError
from matcalc.graph import Node, Symbol, number, symbol, symbols
from matcalc.numeric.evaluator import Evaluator
from matcalc.rules import Elementwise, Operand, all_functions, call
from matcalc.rules.evidence import SIZES, double_precision
from matcalc.rules.laws import calls_of
from matcalc.rules.samples import sample
from matcalc.shapes.dims import dim_value

torch = pytest.importorskip("torch", reason="torch is an extra")

FUNCTIONS = all_functions()
BY_NAME = {"ids": lambda entry: entry.name}
UNIT = (1, 1)


def points(entry: Any, operands: list[Operand]) -> dict[str, Any]:
    """Values of the operands that are variables, inside the function's domain."""
    rng = np.random.default_rng(0)
    domains = itertools.chain(entry.domain, itertools.repeat("real"))
    return {
        operand.node.name: sample(rng, domain, [dim_value(dim, SIZES) for dim in operand.shape]).reshape(
            [dim_value(dim, SIZES) for dim in operand.node.axes]
        )
        for operand, domain in zip(operands, domains, strict=False)
        if isinstance(operand.node, Symbol)
    }


def first_call(entry: Any) -> tuple[list[Operand], dict[str, Any]]:
    """Operands of the first form of call that the function takes, and its options by name."""
    return calls_of(entry)[0]


def called(entry: Any, operands: list[Operand], options: dict[str, Any]) -> Operand:
    kinds = {parameter.name: parameter.kind for parameter in entry.arguments}
    return call(entry, *operands, *(value for name, value in options.items() if kinds[name] != "axis"))


def run(node: Node, target: str, values: dict[str, Any]) -> Any:
    """The node by its evaluator."""
    given = [symbol(name, of.axes) for name, of in {one.name: one for one in symbols(node)}.items()]
    evaluator = Evaluator((node, node.axes), given, target=target)
    sizes = {dim: SIZES[dim] for dim in evaluator.parameters if dim in SIZES}
    return evaluator(**{one.name: values[one.name] for one in given}, **sizes)


def with_numbers(entry: Any) -> Iterator[tuple[list[Operand], dict[str, Any]]]:
    """Calls with every operand as a vector and as a scalar, and with every choice of them as numbers."""
    first, options = first_call(entry)
    for shape in (first[0].shape, ("n", 1), UNIT):
        variables = [
            Operand(symbol(f"x{k}", tuple(dim for dim in own if dim != 1)), own)
            for k, own in enumerate(UNIT if one.shape == UNIT else shape for one in first)
        ]
        for chosen in itertools.product((False, True), repeat=len(variables)):
            signs = [-1 if domain == "real" else 1 for domain in entry.domain] or [1] * len(variables)
            numbers = [Operand(number(0.75 * sign), UNIT) for sign in signs]
            pairs = zip(variables, numbers, chosen, strict=True)
            yield [each if is_number else variable for variable, each, is_number in pairs], options


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "entry", [one for one in FUNCTIONS if sum(each.valued for each in one.arguments) > 1], **BY_NAME
)
def test_operands_may_be_numbers(entry: Any, dtype: Any) -> None:
    for operands, options in with_numbers(entry):
        try:
            node = called(entry, operands, options).node
        except mc.MatcalcError:
            # The function takes no operands of these shapes.
            continue
        if not symbols(node):
            continue
        values = {name: array.astype(dtype) for name, array in points(entry, operands).items()}
        found = run(node, "torch", {name: torch.tensor(array) for name, array in values.items()})
        expected = run(node, "numpy", values)
        assert found.numpy().dtype == dtype
        assert np.allclose(found, expected, rtol=1e-5 if dtype is np.float32 else 1e-12, equal_nan=True)


def results(entry: Any) -> Iterator[tuple[Node, dict[str, Any]]]:
    """The value of a function, its derivatives and, of one that works entry by entry, the second ones.

    JAX takes long for tensors, which are built of the same parts.
    """
    operands, options = first_call(entry)
    if isinstance(entry, Elementwise):
        # A scalar's second derivative is a scalar.
        operands = [Operand(symbol(f"x{k}"), UNIT) for k in range(len(operands))]
    node = called(entry, operands, options).node
    values = points(entry, operands)
    nodes = [node]
    variables = [operand.node for operand in operands if isinstance(operand.node, Symbol)]
    for order in range(2 if isinstance(entry, Elementwise) else 1):
        for variable in variables:
            try:
                nodes += derive_nodes(nodes[order], [variable])
            except DomainError:
                assert getattr(entry, "limited", "")
    yield from ((one, values) for one in nodes if symbols(one) and len(one.axes) <= 2)


@pytest.mark.parametrize("entry", FUNCTIONS, **BY_NAME)
def test_torch_differentiates_further(entry: Any) -> None:
    """Where JAX's gradient of the same result is finite, torch has one, and it is the same."""
    for node, values in results(entry):
        held = {one.name for one in symbols(node)}
        with double_precision():
            weights = np.random.default_rng(1).standard_normal([dim_value(dim, SIZES) for dim in node.axes])
            arrays = {name: jnp.asarray(values[name]) for name in held}
            expected = jax.grad(lambda at, n=node, w=weights: (run(n, "jax", at) * w).sum())(arrays)
        if not all(np.isfinite(array).all() for array in expected.values()):
            continue
        tensors = {name: torch.tensor(values[name], requires_grad=True) for name in held}
        (run(node, "torch", tensors) * torch.tensor(weights)).sum().backward()
        for name, tensor in tensors.items():
            assert np.allclose(tensor.grad, expected[name], rtol=1e-8, atol=1e-10)


def test_heaviside_on_torch() -> None:
    at = torch.tensor([-2.0, -0.0, 0.0, 3.0, torch.inf, -torch.inf], requires_grad=True)
    run_it = mc.parse("heaviside(x)", shapes="x: n").torch()
    assert run_it(x=at).tolist() == [0, 0, 0, 1, 1, 0]
    assert run_it(x=at.half()).dtype == torch.half
    of_one = mc.parse("heaviside(a)", shapes="a: ()").torch()

    def value(a: Any) -> Any:
        return of_one(a=a)

    assert torch.func.vmap(value)(at.detach()).tolist() == [0, 0, 0, 1, 1, 0]
    assert not torch.func.vmap(torch.func.grad(value))(at.detach()).any()
    assert not torch.func.jacrev(lambda x: run_it(x=x))(at.detach()).any()
