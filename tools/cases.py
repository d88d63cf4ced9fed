"""The corpus's derivations: their inputs, drawn by `domain`, and their references, computed by JAX.

A case is a line of tests/corpus/derivations.jsonl. The domain of an input says how to draw it, it declares no
property: what is drawn spd or invertible is drawn slightly non-symmetric, since with symmetric samples a lost
transpose goes unseen. The reference is `jax.jacobian` (order 2: `jax.hessian`) of the case's own `jax` source, in
float64, laid out as SPEC § 2 says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

CASES = Path(__file__).parents[1] / "tests" / "corpus" / "derivations.jsonl"
POINTS = 3
PROPERTIES = ("spd", "onehot", "simplex", "positive")

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Case:
    """One line of the corpus; tests/corpus/README.md says what each field means."""

    id: str
    level: str
    expr: str
    shapes: dict[str, str]
    sizes: dict[str, int]
    domain: dict[str, str]
    wrt: str
    order: int
    jax: str
    closed_form: str | None
    layout: str | None

    @property
    def in_scope(self) -> bool:
        """Whether the case must be right today."""
        return self.level in ("intro", "standard") and self.order == 1

    def size(self, name: str) -> tuple[int, ...]:
        """The array shape of an input."""
        return tuple(self.sizes.get(part) or int(part) for part in self.shapes[name].split())

    def declared(self) -> dict[str, str]:
        """The shapes, with the domains of all inputs but `wrt` as properties."""
        return {
            name: f"{shape or '()'} {self.domain[name]}"
            if name != self.wrt and self.domain[name] in PROPERTIES
            else shape
            for name, shape in self.shapes.items()
        }

    def numbered(self) -> tuple[str, dict[str, str]]:
        """The closed form and the shapes with integers for all sizes: a closed form may mix them, as in eye(12)."""
        names = "|".join(self.sizes.keys() - self.shapes.keys()) or "(?!)"
        text = re.sub(rf"\b({names})\b", lambda match: str(self.sizes[match[0]]), self.closed_form or "")
        return text, {name: " ".join(map(str, self.size(name))) for name in self.shapes}


def read_cases(path: Path = CASES) -> list[Case]:
    """The corpus, in its order."""
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [Case(**{key: row[key] for key in Case.__dataclass_fields__}) for row in rows]


# --- inputs


def _spd(rng: np.random.Generator, n: int) -> Array:
    factor = rng.standard_normal((n, n))
    return factor @ factor.T / n + np.eye(n)


def _invertible(rng: np.random.Generator, n: int) -> Array:
    left, _ = np.linalg.qr(rng.standard_normal((n, n)))
    right, _ = np.linalg.qr(rng.standard_normal((n, n)))
    return left @ np.diag(rng.uniform(0.5, 2.0, n)) @ right


def _onehot(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])]


def draw(domain: str, shape: tuple[int, ...], rng: np.random.Generator, *, exact: bool = False) -> Array:
    """A generic array of the domain; `exact` keeps to the letter of it (an spd matrix is then symmetric)."""
    if domain == "positive":
        return rng.uniform(0.5, 2.0, shape)
    if domain == "simplex":
        weights = rng.uniform(0.5, 2.0, shape)
        return weights / weights.sum(axis=-1, keepdims=True)
    if domain == "onehot":
        return _onehot(rng, shape)
    if domain == "spd":
        noise = 0 if exact else 0.05 * rng.standard_normal(shape)
        return _spd(rng, shape[0]) + noise
    if domain == "invertible":
        return _invertible(rng, shape[0])
    if domain == "any":
        return rng.standard_normal(shape)
    raise ValueError(f"no way to draw the domain {domain!r}")


def points(case: Case, count: int = POINTS, *, exact: bool = False) -> Iterator[dict[str, Array]]:
    """Inputs by name, the same for every run."""
    rng = np.random.default_rng([*case.id.encode(), exact])
    for _ in range(count):
        yield {
            name: np.asarray(draw(case.domain[name], case.size(name), rng, exact=exact))
            for name in case.shapes
        }


# --- references


Reference = Callable[[dict[str, Array]], tuple[Array, Array]]


def reference(case: Case) -> Reference:
    """A function of the inputs: the value, and its derivative by JAX with output axes before input axes."""
    import jax
    import jax.numpy as jnp

    # The corpus is our own test data; user input is never executed.
    function = eval(case.jax, {"jax": jax, "jnp": jnp})
    differentiate = jax.jacobian if case.order == 1 else jax.hessian
    both = jax.jit(
        lambda *inputs: (
            function(*inputs),
            differentiate(function, argnums=list(case.shapes).index(case.wrt))(*inputs),
        )
    )

    def at(values: dict[str, Array]) -> tuple[Array, Array]:
        with jax.enable_x64(True):
            value, derivative = both(*(jnp.asarray(values[name], dtype=float) for name in case.shapes))
            return np.asarray(value), np.asarray(derivative)

    return at


def laid_out(
    derivative: Array, output: tuple[int, ...], wrt: tuple[int, ...], layout: str, order: int = 1
) -> Array:
    """JAX's derivative, whose axes are the output's and then the input's, in a layout of SPEC § 2.

    A row (1, m) counts as m outputs; by a row, a scalar gives a row, otherwise it counts as n inputs.
    """
    if len(output) == 2 and output[0] == 1:
        derivative, output = derivative.reshape(derivative.shape[1:]), output[1:]
    if layout == "shape":
        row = len(wrt) == 2 and wrt[0] == 1
        kept = wrt[1:] if row and (output or order == 2) else wrt
        return derivative.reshape(output + kept * order)
    if order == 2 and output:
        raise ValueError("the second derivative of several outputs has no Jacobian form")
    groups = [wrt, wrt] if order == 2 else [output, wrt]
    axes, start = [], 0
    for group in groups:
        axes += reversed(range(start, start + len(group)))
        start += len(group)
    # Reversed axes in row order are the columns of vec.
    flat = derivative.transpose(axes)
    rows, columns = (int(np.prod(group)) for group in groups)
    if not groups[1]:
        return flat.reshape((rows,) if groups[0] else ())
    return flat.reshape(rows, columns)


def difference(ours: Array, theirs: Array) -> float:
    """The largest difference of two arrays of one shape, relative to the largest entry."""
    if not theirs.size:
        return 0.0
    scale = float(np.max(np.abs(theirs)))
    return float(np.max(np.abs(ours - theirs))) / (scale if scale > 1e-12 else 1.0)
