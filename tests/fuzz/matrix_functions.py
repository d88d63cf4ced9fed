"""Functions of whole matrices in the twin: sums, limits and equations in place of decompositions.

A decomposition of LAPACK loses a complex step in its rounding errors. A power series, an iteration and Newton's method
are made of sums, products and solutions of linear systems, which carry it, and JAX differentiates them as they stand.
"""

from __future__ import annotations

from typing import Any

# ‖A‖ up to 4 needs fewer terms of the series than these; squared 14 times, 0.97 is below 1e-200.
LARGEST_EXPONENT, TERMS, NEWTON_STEPS, SQUARINGS = 4.0, 50, 30, 14
# How far apart eigenvalues and singular values keep, relative to the largest.
APART = 0.03


class MatrixFunctions:
    """What `Twin` says of cross products, exponentials, eigenvalues and singular values."""

    xp: Any
    checked: bool

    def need(self, condition: Any) -> None:
        """As in Twin."""
        raise NotImplementedError

    def _good(self, x: Any) -> None:
        """Raises OutOfDomain unless x has full rank and a small condition number."""
        if self.checked:
            self.need(self.xp.linalg.cond(x) < 50)

    def matrix_power_(self, x: Any, k: Any) -> Any:
        """x @ x @ … for a whole number, given as such or as the value of a scalar."""
        whole = int(getattr(k, "real", k).reshape(()).round()) if hasattr(k, "shape") else k
        self.need(abs(k - whole) == 0)
        if whole < 0:
            self._good(x)
            x = self.xp.linalg.inv(x)
        result = self.xp.eye(x.shape[0])
        for _ in range(abs(whole)):
            result = result @ x
        return result

    def adj_(self, x: Any) -> Any:
        self._good(x)
        return self.xp.linalg.det(x) * self.xp.linalg.inv(x)

    def pinv_(self, x: Any) -> Any:
        """From the normal equations."""
        if x.shape[0] < x.shape[1]:
            return self.pinv_(x.T).T
        self._good(x)
        return self.xp.linalg.solve(x.T @ x, x.T)

    # Cross products

    def skew_(self, x: Any, axis: Any = None) -> Any:
        (a, b, c), nothing = x.reshape(-1), x.reshape(-1)[0] * 0
        rows = ((nothing, -c, b), (c, nothing, -a), (-b, a, nothing))
        return self.xp.stack([self.xp.stack(row) for row in rows])

    def cross_(self, x: Any, y: Any) -> Any:
        return (self.skew_(x) @ y.reshape(-1, 1)).reshape(x.shape)

    def vee_(self, x: Any) -> Any:
        pairs = ((2, 1), (0, 2), (1, 0))
        return self.xp.stack([(x[i, j] - x[j, i]) / 2 for i, j in pairs]).reshape(3, 1)

    # The exponential: Σ Aᵏ/k!, and that series differentiated term by term

    def expm_(self, a: Any) -> Any:
        return self._exponential(a)[0]

    def expm_frechet_(self, a: Any, e: Any) -> Any:
        return self._exponential(a, e)[1]

    def expm_frechet2_(self, a: Any, e: Any, f: Any) -> Any:
        return self._exponential(a, e, f)[3]

    def _exponential(self, a: Any, e: Any = 0.0, f: Any = 0.0) -> Any:
        """exp(A), its derivatives in the directions E and F, and the second one in both."""
        self.need(self.xp.linalg.norm(a) < LARGEST_EXPONENT)
        e, f = a * 0 + e, a * 0 + f
        p, by_e, by_f, by_both = self.xp.eye(a.shape[0]) + a * 0, a * 0, a * 0, a * 0
        total = [p, by_e, by_f, by_both]
        for k in range(1, TERMS):
            by_both = (by_both @ a + by_e @ f + by_f @ e) / k
            by_e, by_f, p = (by_e @ a + p @ e) / k, (by_f @ a + p @ f) / k, p @ a / k
            total = [old + new for old, new in zip(total, (p, by_e, by_f, by_both), strict=True)]
        return total

    # Eigenvalues of the symmetric part

    def _eigenpairs(self, s: Any) -> list[tuple[Any, Any]]:
        """λ and v with S v = λ v and v · v = 1: Newton's method on these equations, from the real solution."""
        xp, n = self.xp, s.shape[0]
        s = (s + s.T) / 2
        values, vectors = xp.linalg.eigh(s.real)
        self.need(abs(values).max() > 0.1)
        self.need(values[1:] - values[:-1] > APART * abs(values).max())
        found = []
        for k in range(n):
            v, value = vectors[:, k : k + 1], values[k].reshape(1, 1)
            for _ in range(2):
                above = xp.concatenate((s - value * xp.eye(n), -v), 1)
                system = xp.concatenate((above, xp.concatenate((v.T, xp.zeros((1, 1))), 1)), 0)
                off = xp.concatenate((s @ v - value * v, (v.T @ v - 1) / 2), 0)
                step = xp.linalg.solve(system, off)
                v, value = v - step[:n], value - step[n:]
            found.append((value, v))
        return found

    def eigvalsh_(self, s: Any) -> Any:
        return self.xp.concatenate([value for value, _ in self._eigenpairs(s)], 0)

    def eigvecsh_(self, s: Any) -> Any:
        """The entry of each that is the largest in size is positive."""
        columns = []
        for _, v in self._eigenpairs(s):
            size = abs(v.real)
            if self.checked and len(size) > 1:
                ranked = self.xp.sort(size, axis=0)
                self.need(ranked[-1] - ranked[-2] > APART)
            largest = self.xp.where(size == size.max(), v.real, 0.0).sum()
            columns.append(v * self.xp.where(largest > 0, 1.0, -1.0))
        return self.xp.concatenate(columns, 1)

    # Singular values

    def _largest(self, x: Any) -> tuple[Any, Any]:
        """σ₁ and X v vᵀ: the projection v vᵀ is the limit of powers of Xᵀ X."""
        if self.checked:
            values = self.xp.linalg.svd(x, compute_uv=False)
            self.need(values[0] > 0.1)
            self.need(values[1:] < (1 - APART) * values[0])
        power = x.T @ x
        for _ in range(SQUARINGS):
            power = power / self.xp.trace(power)
            power = power @ power
        along = x @ (power / self.xp.trace(power))
        return self.xp.sqrt((along * along).sum().reshape(1, 1)), along

    def norm_spectral_(self, x: Any) -> Any:
        return self._largest(x)[0]

    def singular_dyad_(self, x: Any) -> Any:
        value, along = self._largest(x)
        return along / value

    def polar_(self, x: Any) -> Any:
        """The limit of the means of Y and its inverse transposed."""
        if x.shape[0] < x.shape[1]:
            return self.polar_(x.T).T
        self._good(x)
        y = x
        for _ in range(NEWTON_STEPS):
            y = (y + self.xp.linalg.solve(y.T @ y, y.T).T) / 2
        return y

    def norm_nuclear_(self, x: Any) -> Any:
        return (self.polar_(x) * x).sum().reshape(1, 1)
