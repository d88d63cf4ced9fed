"""JAX's derivatives of an expression, for comparison: they know the expression, and nothing of our rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from matcalc.codegen import JAX, NUMPY, Target, compiled, generate
from matcalc.codegen.sizes import array_shape
from matcalc.errors import DomainError
from matcalc.graph import Node, Symbol
from matcalc.numeric.samples import concrete_functions
from matcalc.shapes.dims import dim_value

Array = np.ndarray[Any, Any]


def generated_function(
    node: Node,
    symbols: Sequence[Symbol],
    sizes: dict[str, int],
    target: Target,
    xp: Any,
    stable: bool = False,
) -> Callable[[Mapping[str, Any]], Any]:
    """The generated function of a node, taking a dict of the inputs by name."""
    source = generate((node, node.axes), symbols, target=target, stable=stable)
    run = compiled(source)
    names = {text: symbol.name for symbol, text in source.arguments.items()}
    fixed: dict[str, Any] = {text: sizes[dim] for dim, text in source.sizes.items()}
    fixed |= concrete_functions([node], xp)

    def call(values: Mapping[str, Any]) -> Any:
        result = run(**{text: values[name] for text, name in names.items()}, **fixed)
        return np.asarray(result) if target is NUMPY else result

    return call


class Autodiff:
    """JAX's derivatives of an expression, in float64 for as long as the context lasts, and on one device.

    A call takes inputs by name and gives the derivative, axes of the output before those of the variables; `lower`
    gives that of one order less. `mode` and `device` say how and where it was computed.
    """

    def __init__(
        self,
        jax: Any,
        output: Node,
        variables: tuple[Symbol, ...],
        symbols: Sequence[Symbol],
        sizes: dict[str, int],
        device: Any,
    ) -> None:
        self._jax = jax
        self._where = device
        self._variables = variables
        self._shapes = {
            symbol.name: tuple(dim_value(dim, sizes) for dim in array_shape(symbol)) for symbol in symbols
        }
        self._small = {
            symbol.name: tuple(dim_value(dim, sizes) for dim in symbol.axes) for symbol in variables
        }
        outputs = math.prod(dim_value(dim, sizes) for dim in output.axes)
        reverse = len(variables) > 1 or outputs <= math.prod(self._small[variables[0].name])
        self.mode = (
            "forward over reverse" if len(variables) > 1 else "reverse mode" if reverse else "forward mode"
        )
        self.device = ""
        self._forward = generated_function(output, symbols, sizes, JAX, jax.numpy)
        self._reverse = reverse
        self._stack = ExitStack()
        self._derivatives: list[Any] = []

    def __enter__(self) -> Autodiff:
        self._stack.enter_context(double_precision(self._jax))
        if self._where is not None:
            self._stack.enter_context(self._jax.default_device(self._where))
        jax = self._jax
        # Each variable once, whichever orders it serves.
        names = list(self._small)

        def value(moved: tuple[Any, ...], others: dict[str, Any]) -> Any:
            arrays = {
                name: array.reshape(self._shapes[name]) for name, array in zip(names, moved, strict=True)
            }
            return self._forward({**others, **arrays})

        def by(function: Any, place: int, differentiate: Any) -> Any:
            def derivative(moved: tuple[Any, ...], others: dict[str, Any]) -> Any:
                def along(array: Any) -> Any:
                    return function((*moved[:place], array, *moved[place + 1 :]), others)

                return differentiate(along)(moved[place])

            return derivative

        functions = [value]
        for order, variable in enumerate(self._variables):
            differentiate = jax.jacrev if self._reverse and not order else jax.jacfwd
            functions.append(by(functions[-1], names.index(variable.name), differentiate))
        self._derivatives = [jax.jit(function) for function in functions[-2:]]
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def __call__(self, values: Mapping[str, Array]) -> Array:
        """The derivative at these inputs."""
        return self._run(self._derivatives[1], values)

    def lower(self, values: Mapping[str, Array]) -> Array:
        """The derivative of one order less."""
        return self._run(self._derivatives[0], values)

    def _run(self, derivative: Any, values: Mapping[str, Array]) -> Array:
        inputs = {name: self._jax.device_put(array, self._where) for name, array in values.items()}
        moved = tuple(inputs[name].reshape(shape) for name, shape in self._small.items())
        result = derivative(moved, inputs)
        self.device = ", ".join(sorted(map(_device_name, result.devices())))
        return np.asarray(result)


def import_jax() -> Any:
    """JAX, or a DomainError that says it is missing."""
    try:
        import jax
    except ImportError as error:
        raise DomainError("verification needs JAX, which is not installed", hint="pip install jax") from error
    return jax


def double_precision(jax: Any) -> Any:
    """A context in which JAX computes in float64; the caller's configuration comes back after it."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    from jax.experimental import enable_x64

    return enable_x64()


def find_device(jax: Any, device: Any) -> Any:
    """The JAX device of a name such as "cpu" or "gpu"; None and devices stay. Raises DomainError for a missing one."""
    if device is None or isinstance(device, jax.Device):
        return device
    if not isinstance(device, str):
        raise DomainError(f"a device is a name such as 'cpu' or one of jax.devices(), not {device!r}")
    try:
        return jax.devices(device)[0]
    except RuntimeError as error:
        seen = ", ".join(_device_name(each) for each in jax.devices())
        raise DomainError(f"JAX sees no '{device}' device", hint=f"it sees {seen}") from error


def _device_name(device: Any) -> str:
    kind = "" if device.device_kind == device.platform else f" ({device.device_kind})"
    return f"{device.platform}:{device.id}{kind}"
