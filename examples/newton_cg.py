"""Newton's method by conjugate gradients: only Hessian-vector products are needed, the Hessian is never formed.

Logistic regression with many samples; SciPy takes the operator as it is.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import cg

import matcalc as mc

LOSS = "sum(softplus(-(y * (X @ w)))) + lambda_/2 * w.T @ w"
SHAPES = "y: m, X: m n, w: n, lambda_: ()"


def newton_cg(X: np.ndarray, y: np.ndarray, lambda_: float, steps: int = 20) -> np.ndarray:
    """The weights at which the gradient of the loss is nearly zero; each step is solved as well as it is worth."""
    gradient = mc.derive(LOSS, "w", shapes=SHAPES).numpy()
    hessian = mc.derive(LOSS, "w", order=2, shapes=SHAPES)
    w = np.zeros(X.shape[1])
    for step in range(steps):
        g = gradient(y=y, X=X, w=w, lambda_=lambda_)
        size = np.linalg.norm(g)
        print(f"step {step}: |gradient| = {size:.1e}")
        if size < 1e-9:
            break
        operator = hessian.operator(y=y, X=X, w=w, lambda_=lambda_)
        direction, _ = cg(operator, g, rtol=min(0.1, size))
        w = w - direction
    return w


def main() -> None:
    """5,000 samples of 400 features."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((5000, 400))
    y = np.sign(X @ rng.standard_normal(400) + rng.standard_normal(5000))
    w = newton_cg(X, y, 1.0)
    print(f"{(np.sign(X @ w) == y).mean():.0%} of the samples are on their side")


if __name__ == "__main__":
    main()
