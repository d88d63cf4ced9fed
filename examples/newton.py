"""Newton's method with the structure of the Hessian: logistic regression with few samples and many features.

The Hessian XᵀDX + λI is a diagonal plus something of low rank, so that a step costs a solve of the size of the samples.
"""

from __future__ import annotations

import numpy as np

import matcalc as mc

LOSS = "sum(softplus(-(y * (X @ w)))) + lambda_/2 * w.T @ w"
SHAPES = "y: m, X: m n, w: n, lambda_: ()"


def newton(X: np.ndarray, y: np.ndarray, lambda_: float, steps: int = 20) -> np.ndarray:
    """The weights at which the gradient of the loss is nearly zero."""
    gradient = mc.derive(LOSS, "w", shapes=SHAPES).numpy()
    hessian = mc.derive(LOSS, "w", order=2, shapes=SHAPES)
    w = np.zeros(X.shape[1])
    for step in range(steps):
        g = gradient(y=y, X=X, w=w, lambda_=lambda_)
        operator = hessian.operator(y=y, X=X, w=w, lambda_=lambda_)
        print(f"step {step}: |gradient| = {np.linalg.norm(g):.1e} ({operator.structure})")
        if np.linalg.norm(g) < 1e-10:
            break
        w = w - operator.solve(g)
    return w


def main() -> None:
    """50 samples of 2,000 features."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 2000))
    y = np.sign(X[:, 0] + 0.1 * rng.standard_normal(50))
    w = newton(X, y, 1.0)
    print(f"{(np.sign(X @ w) == y).mean():.0%} of the samples are on their side")


if __name__ == "__main__":
    main()
