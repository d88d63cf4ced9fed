"""The derivation every deep-learning course does by hand: s = uᵀ f(W x + b), by u, W, x and b.

`make demo` prints it for an abstract f and for tanh: closed forms, shapes, LaTeX, values on real arrays, and the
evidence that they are right. Only public names of matcalc are used.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import matcalc as mc

SHAPES = "u: m, W: m n, x: n, b: m"
NAMES = ["u", "W", "x", "b"]


def show(
    title: str, expression: str, functions: tuple[str, ...], **callables: Callable[..., np.ndarray]
) -> None:
    """Derives, prints, evaluates and verifies one expression."""
    print(f"\n{title}\n{'=' * len(title)}")
    derivatives = mc.derive(expression, wrt=NAMES, shapes=SHAPES, functions=functions)
    for name in NAMES:
        d = derivatives[name]
        print(f"\n∂s/∂{name}  =  {d.unicode}")
        print(f"  shape  {' × '.join(map(str, d.shape))}")
        print(f"  text   {d.text}")
        print(f"  LaTeX  {d.latex}")

    rng = np.random.default_rng(0)
    sizes = {"m": 2, "n": 3}
    dims = {"u": ["m"], "W": ["m", "n"], "x": ["n"], "b": ["m"]}
    values = {name: rng.standard_normal([sizes[d] for d in dims[name]]).round(2) for name in NAMES}
    print("\nOn real arrays (m = 2, n = 3):")
    for name in NAMES:
        print(f"  {name} = {_inline(values[name])}")
    for name in NAMES:
        print(f"  ∂s/∂{name} = {_inline(derivatives[name].numpy()(**values, **callables))}")

    print("\nVerified at random points, in float64:")
    for name in NAMES:
        print(f"  ∂s/∂{name}: {derivatives[name].verify()}")


def _inline(array: np.ndarray) -> str:
    return np.array2string(np.asarray(array), precision=4, suppress_small=True, separator=", ").replace(
        "\n ", ""
    )


def main() -> None:
    """Both derivations: f left open, and f = tanh."""
    show(
        "s = uᵀ f(W x + b), f any elementwise function (evaluated with f = sin)",
        "u.T @ f(W @ x + b)",
        ("f",),
        f=np.sin,
        df=np.cos,
    )
    show("s = uᵀ tanh(W x + b)", "u.T @ tanh(W @ x + b)", ())


if __name__ == "__main__":
    main()
