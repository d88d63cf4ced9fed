"""The derivation every deep-learning course does by hand: s = uᵀ f(W x + b), by u, W, x and b.

`make demo` prints it for an abstract f and for tanh: closed forms, shapes, LaTeX, values on real arrays, and the
evidence that they are right. Only public names of matcalc are used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import matcalc as mc

SHAPES = {"u": "m", "W": "m n", "x": "n", "b": "m"}
SIZES = {"m": 2, "n": 3}


def show(title: str, expression: str, **functions: Callable[..., Any]) -> bool:
    """Derives, prints, evaluates and verifies one expression; `functions` says what stands for f and f′ in numbers."""
    print(f"{title}\n{'─' * len(title)}")
    derivatives = mc.derive(expression, wrt=list(SHAPES), shapes=SHAPES)
    for name, d in derivatives.items():
        print(f"\n∂s/∂{name} = {d.unicode}")
        print(f"        shape  {' × '.join(map(str, d.shape))}")
        print(f"        text   {d.text}")
        print(f"        LaTeX  {d.latex}")
    evaluate(derivatives, functions)
    return verify(derivatives)


def evaluate(derivatives: Mapping[str, mc.Derivation], functions: Mapping[str, Callable[..., Any]]) -> None:
    """Prints the derivatives' values on small arrays."""
    rng = np.random.default_rng(3)
    values = {
        name: rng.normal(size=[SIZES[dim] for dim in shape.split()]).round(1)
        for name, shape in SHAPES.items()
    }
    print(f"\nOn real arrays: {', '.join(f'{name} = {inline(value)}' for name, value in values.items())}")
    for name, d in derivatives.items():
        print(f"  ∂s/∂{name} = {inline(d.numpy()(**values, **functions))}")


def verify(derivatives: Mapping[str, mc.Derivation]) -> bool:
    """Prints the largest relative errors against JAX and central differences, and whether all are small."""
    evidence = {name: d.verify() for name, d in derivatives.items()}
    first = evidence["u"]
    sizes = ", ".join(f"{name} = {size}" for name, size in first.sizes.items())
    print(
        f"\nVerified in {first.dtype} at {first.samples} random inputs ({sizes}); largest relative error against"
    )
    print(f"         {'  '.join(f'{check.against} on {check.device}' for check in first.checks)}")
    for name, found in evidence.items():
        errors = "  ".join(
            f"{check.error:<{len(check.against) + 4 + len(check.device)}.1e}" for check in found.checks
        )
        print(f"  ∂s/∂{name}  {errors}  {'agrees' if found else 'DISAGREES'}")
    print()
    return all(evidence.values())


def inline(array: Any) -> str:
    """An array on one line."""
    return np.array2string(np.asarray(array), precision=4, suppress_small=True, separator=", ").replace(
        "\n", ""
    )


def main() -> int:
    """Both derivations: f left open (sin stands for it in numbers), and f = tanh."""
    sound = [
        show("s = uᵀ f(W x + b), f any elementwise function", "u.T @ f(W @ x + b)", f=np.sin, df=np.cos),
        show("s = uᵀ tanh(W x + b)", "u.T @ tanh(W @ x + b)"),
    ]
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main())
