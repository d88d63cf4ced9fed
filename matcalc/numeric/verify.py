"""Verification: the derivative's NumPy evaluator against JAX autodiff and against central differences.

JAX differentiates the expression itself, not the derivative, so it knows nothing of our rules; central differences
know nothing of any rules. What comes back is the evidence: the largest error, where, against what, on which device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from matcalc.codegen import JAX, NUMPY, Target, compiled, generate
from matcalc.codegen.sizes import array_shape
from matcalc.errors import DomainError
from matcalc.graph import Node, Symbol
from matcalc.graph import symbols as symbols_below
from matcalc.numeric.differences import Differences, Projection
from matcalc.numeric.samples import Sampler, concrete_functions, sizes_for
from matcalc.shapes.dims import dim_value

Array = np.ndarray[Any, Any]
Arrange = Callable[[Array], Array]

# Relative to the largest entry of the derivative.
AUTODIFF_TOLERANCE = 1e-8
DIFFERENCE_TOLERANCE = 1e-5
# Derivatives below this, relative to the expression's own value, count as rounding.
_NOTHING = 1e-8


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: the entry with the largest relative error among `entries`, in which sample, against what."""

    against: str
    device: str
    error: float
    tolerance: float
    sample: int
    index: tuple[int, ...]
    ours: float
    theirs: float
    entries: int

    @property
    def passed(self) -> bool:
        """Whether the error is within the tolerance; an error that is not a number is not."""
        return bool(self.error <= self.tolerance)

    def __str__(self) -> str:
        verdict = "agrees with" if self.passed else "DISAGREES with"
        line = f"{verdict} {self.against} on {self.device}: largest relative error {self.error:.1e}"
        line += f" (tolerance {self.tolerance:.0e}, {self.entries} entries)"
        if self.passed:
            return line
        return (
            line
            + f"; in sample {self.sample} at {list(self.index)} ours is {self.ours:.9g}, theirs {self.theirs:.9g}"
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """The evidence: what was compared, at how many random inputs of which sizes. True when every check passed."""

    checks: tuple[Check, ...]
    sizes: dict[str, int]
    samples: int
    seed: int
    dtype: str

    @property
    def passed(self) -> bool:
        """Whether something was checked and every check passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def largest_error(self) -> float:
        """The largest relative error against JAX."""
        return self.checks[0].error

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices that computed."""
        return tuple(dict.fromkeys(check.device for check in self.checks))

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        sizes = ", ".join(f"{name} = {size}" for name, size in self.sizes.items()) or "scalars"
        head = f"{'verified' if self.passed else 'NOT verified'} in {self.dtype}: "
        head += f"{self.samples} random inputs, {sizes}, seed {self.seed}"
        return "\n".join([head, *(f"  {check}" for check in self.checks)])

    __repr__ = __str__


def verify(
    output: Node,
    derivative: Node,
    wrt: Symbol | Sequence[Symbol],
    *,
    symbols: Sequence[Symbol] = (),
    arrange: Arrange | None = None,
    symmetric: str = "projected",
    samples: int = 3,
    seed: int = 0,
    device: Any = None,
) -> Verification:
    """Compare `derivative` of `output` by `wrt` (two symbols for order 2) with JAX and with central differences.

    The derivative's axes are those of the output and then those of each variable, unless `arrange` says how an array
    with these axes is laid out in it. By a symmetric or diagonal variable the references are projected as SPEC § 2
    says, `symmetric="cookbook"` included. `device` is None for JAX's default, "cpu", "gpu" or a JAX device.

    Raises DomainError when JAX or the device is missing, or no inputs are found at which the expression is smooth: a
    check that cannot run never passes.
    """
    if samples < 1:
        raise DomainError(f"verification needs at least one sample, got {samples}")
    variables = (wrt,) if isinstance(wrt, Symbol) else tuple(wrt)
    known = _all_symbols(symbols, [output, derivative, *variables])
    sizes = sizes_for([output, derivative, *known])
    sampler = Sampler([output], known, sizes, seed, smooth=[derivative])
    projection = Projection(variables, symmetric)
    ours = _function(derivative, known, sizes, NUMPY, np)
    forward = _function(output, known, sizes, NUMPY, np)
    differences = Differences(forward, variables, projection, sizes, seed)
    lay_out: Arrange = arrange or (lambda array: array)
    with _Autodiff(output, variables, known, sizes, device) as autodiff:
        by_jax = _Worst(f"JAX autodiff ({autodiff.mode})", AUTODIFF_TOLERANCE)
        by_steps = _Worst("central differences", DIFFERENCE_TOLERANCE)
        for number in range(samples):
            values = sampler.draw()
            with np.errstate(all="ignore"):
                found, size = ours(values), np.max(np.abs(forward(values)), initial=0.0)
                stepped = differences(values)
            floor = _NOTHING * max(1.0, float(size))
            rank = len(output.axes)
            by_jax.compare(number, found, lay_out(projection(autodiff(values), rank)), floor)
            by_steps.compare(number, found, lay_out(stepped), floor)
    checks = (by_jax.check(autodiff.device), by_steps.check("cpu (NumPy)"))
    return Verification(checks, sizes, samples, seed, "float64")


def _all_symbols(declared: Sequence[Symbol], nodes: Sequence[Node]) -> tuple[Symbol, ...]:
    return tuple(dict.fromkeys((*declared, *symbols_below(*nodes))))


def _function(
    node: Node, symbols: Sequence[Symbol], sizes: dict[str, int], target: Target, xp: Any
) -> Callable[[dict[str, Any]], Any]:
    """The generated function of a node, taking a dict of the inputs by name."""
    source = generate((node, node.axes), symbols, target=target)
    run = compiled(source)
    names = {text: symbol.name for symbol, text in source.arguments.items()}
    fixed: dict[str, Any] = {text: sizes[dim] for dim, text in source.sizes.items()}
    fixed |= concrete_functions([node], xp)

    def call(values: dict[str, Any]) -> Any:
        result = run(**{text: values[name] for text, name in names.items()}, **fixed)
        return np.asarray(result) if target is NUMPY else result

    return call


class _Worst:
    """The largest relative error so far."""

    def __init__(self, against: str, tolerance: float) -> None:
        self.against = against
        self.tolerance = tolerance
        self.entries = 0
        self.worst: tuple[float, int, tuple[int, ...], float, float] = (-1.0, 0, (), 0.0, 0.0)

    def compare(self, sample: int, ours: Array, theirs: Array, floor: float) -> None:
        """Takes one sample in. `theirs` may be a masked array: masked entries are not compared."""
        compared = ~np.ma.getmaskarray(theirs)
        reference = np.ma.getdata(theirs)
        if ours.shape != reference.shape:
            raise DomainError(f"the derivative has shape {ours.shape}, its reference {reference.shape}")
        if not compared.any():
            return
        self.entries += int(compared.sum())
        scale = max(float(np.max(np.abs(reference[compared]))), floor)
        errors = np.where(compared, np.abs(ours - reference) / scale, -1.0)
        # What is not a number on either side is an error beyond all others.
        errors[np.isnan(errors)] = np.inf
        index = tuple(int(k) for k in np.unravel_index(int(np.argmax(errors)), errors.shape))
        if errors[index] > self.worst[0]:
            self.worst = (float(errors[index]), sample, index, float(ours[index]), float(reference[index]))

    def check(self, device: str) -> Check:
        """What has been seen. Raises DomainError when nothing has."""
        if not self.entries:
            raise DomainError(f"nothing could be compared with {self.against}")
        error, sample, index, ours, theirs = self.worst
        return Check(self.against, device, error, self.tolerance, sample, index, ours, theirs, self.entries)


class _Autodiff:
    """JAX's derivative of the expression, in float64 for as long as the context lasts and on one device."""

    def __init__(
        self,
        output: Node,
        variables: tuple[Symbol, ...],
        symbols: Sequence[Symbol],
        sizes: dict[str, int],
        device: Any,
    ) -> None:
        try:
            import jax
        except ImportError as error:
            raise DomainError(
                "verification needs JAX, which is not installed", hint="pip install jax"
            ) from error
        self._jax = jax
        self._where = _device(jax, device)
        self._variables = variables
        self._shapes = {
            symbol.name: tuple(dim_value(dim, sizes) for dim in array_shape(symbol)) for symbol in symbols
        }
        self._small = {symbol: tuple(dim_value(dim, sizes) for dim in symbol.axes) for symbol in variables}
        outputs = int(np.prod([dim_value(dim, sizes) for dim in output.axes]))
        inputs = int(np.prod(self._small[variables[0]]))
        reverse = outputs <= inputs
        self.mode = (
            ("reverse mode" if reverse else "forward mode") if len(variables) == 1 else "forward over reverse"
        )
        self.device = ""
        self._forward = _function(output, symbols, sizes, JAX, jax.numpy)
        self._first = jax.jacrev if reverse or len(variables) == 2 else jax.jacfwd
        self._stack: Any = None
        self._derivative: Any = None

    def __enter__(self) -> _Autodiff:
        self._stack = _double_precision(self._jax)
        self._stack.__enter__()
        jax = self._jax
        names = [symbol.name for symbol in self._variables]

        def value(first: Any, second: Any, others: dict[str, Any]) -> Any:
            moved = {names[0]: first} if len(set(names)) == 1 else {names[0]: first, names[1]: second}
            arrays = {name: array.reshape(self._shapes[name]) for name, array in moved.items()}
            return self._forward({**others, **arrays})

        derivative = self._first(value, argnums=0)
        if len(names) == 2:
            derivative = jax.jacfwd(derivative, argnums=0 if names[0] == names[1] else 1)
        self._derivative = jax.jit(derivative)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)

    def __call__(self, values: dict[str, Array]) -> Array:
        """The derivative, axes of the output before those of the variables."""
        jax = self._jax
        with jax.default_device(self._where) if self._where is not None else _nothing():
            inputs = {name: jax.device_put(array, self._where) for name, array in values.items()}
            moved = [inputs[symbol.name].reshape(self._small[symbol]) for symbol in self._variables]
            result = self._derivative(moved[0], moved[-1], inputs)
            self.device = ", ".join(sorted(_device_name(each) for each in result.devices()))
            return np.asarray(result)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _double_precision(jax: Any) -> Any:
    """A context in which JAX computes in float64; the caller's configuration comes back after it."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    from jax.experimental import enable_x64

    return enable_x64()


def _device(jax: Any, device: Any) -> Any:
    if device is None or not isinstance(device, str):
        return device
    try:
        return jax.devices(device)[0]
    except RuntimeError as error:
        seen = ", ".join(_device_name(each) for each in jax.devices())
        raise DomainError(f"JAX sees no '{device}' device", hint=f"it sees {seen}") from error


def _device_name(device: Any) -> str:
    kind = "" if device.device_kind == device.platform else f" ({device.device_kind})"
    return f"{device.platform}:{device.id}{kind}"
