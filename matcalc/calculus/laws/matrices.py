"""Laws of matrices: inverses, orthogonal matrices."""

from __future__ import annotations

from matcalc.calculus.laws.law import Law

_INVERSE = "Horn & Johnson 2013, Matrix Analysis, section 0.5"
_ADJUGATE = "Horn & Johnson 2013, Matrix Analysis, section 0.8.2"
_ORTHOGONAL = "Horn & Johnson 2013, Matrix Analysis, section 2.1"
_EXPM = "Higham 2008, Functions of Matrices, sections 3.1 and 10.2"
_SPECTRAL = "Horn & Johnson 2013, Matrix Analysis, theorem 2.5.6"
_CROSS = "Golub & Van Loan 2013, Matrix Computations, section 1.3.8"
_PSEUDO = "Penrose 1955, A generalized inverse for matrices"

LAWS = (
    Law(
        "inv(X) @ X = eye(n)",
        "X: n n",
        _INVERSE,
        "X singular",
        unlike=("inv(X) @ X.T", "inv(X) * X", "inv(X) @ Y", "inv(X) @ diag(a) @ X"),
    ),
    Law("X @ inv(X) = eye(n)", "X: n n", _INVERSE, "X singular", unlike=("X.T @ inv(X)", "Y @ inv(X)")),
    Law(
        "X @ inv(Y @ X) = inv(Y)",
        "X: n n, Y: n n",
        _INVERSE,
        unlike=("X.T @ inv(Y @ X)", "inv(Y @ X)", "X @ inv(X + Y)", "Y @ inv(Y @ X)"),
    ),
    Law(
        "inv(X @ Y) @ X = inv(Y)",
        "X: n n, Y: n n",
        _INVERSE,
        unlike=("inv(X @ Y) @ X.T", "inv(X @ Y) * X", "inv(X @ Y) @ Y"),
    ),
    Law("X.T @ inv(Y @ X.T) = inv(Y)", "X: n n, Y: n n", _INVERSE, unlike=("X @ inv(Y @ X.T)",)),
    Law("inv(X.T @ Y) @ X.T = inv(Y)", "X: n n, Y: n n", _INVERSE, unlike=("inv(X.T @ Y) @ X",)),
    Law("adj(X) @ X = det(X) * eye(n)", "X: n n", _ADJUGATE, unlike=("adj(X) @ X.T",)),
    Law("X @ adj(X) = det(X) * eye(n)", "X: n n", _ADJUGATE, unlike=("X.T @ adj(X)",)),
    Law("pinv(X) @ X @ pinv(X) = pinv(X)", "X: m n", _PSEUDO, unlike=("pinv(X) @ X",)),
    Law("X @ pinv(X) @ X = X", "X: m n", _PSEUDO, unlike=("X @ pinv(X)",)),
    Law("X.T @ X @ pinv(X) = X.T", "X: m n", _PSEUDO, unlike=("X @ X.T @ pinv(X).T",)),
    Law("pinv(X) @ X @ X.T = X.T", "X: m n", _PSEUDO, unlike=("pinv(X) @ X @ Y.T",)),
    Law("pinv(X) @ pinv(X).T @ X.T = pinv(X)", "X: m n", _PSEUDO, unlike=("pinv(X) @ pinv(X).T @ Y.T",)),
    Law("X.T @ pinv(X).T @ pinv(X) = pinv(X)", "X: m n", _PSEUDO, unlike=("X.T @ pinv(X).T @ X.T",)),
    Law(
        "X @ pinv(X) - pinv(X).T @ X.T = zeros(m, m)",
        "X: m n",
        _PSEUDO,
        unlike=("X @ pinv(X) - pinv(Y).T @ Y.T", "X @ pinv(X) + pinv(X).T @ X.T"),
    ),
    Law("pinv(X) @ X - X.T @ pinv(X).T = zeros(n, n)", "X: m n", _PSEUDO, unlike=("pinv(X) @ X - X.T @ X",)),
    Law(
        "expm_jacobian(X)[i,j,k,l] * E[k,l] -> ij = expm_frechet(X, E)",
        "X: n n, E: n n",
        _EXPM,
        unlike=("expm_jacobian(X)[i,j,k,l] * E[l,k] -> i", "expm_jacobian(X)[i,j,k,l] * E[j,l] -> ik"),
    ),
    Law(
        "expm_jacobian(X)[i,j,k,l] * x[k] * y[l] -> ij = expm_frechet(X, x @ y.T)",
        "X: n n, x: n, y: n",
        _EXPM,
    ),
    Law("expm_jacobian(X)[i,j,k,l] * E[i,j] -> kl = expm_frechet(X.T, E)", "X: n n, E: n n", _EXPM),
    Law(
        "expm_frechet_jacobian(X, E)[i,j,k,l] * F[k,l] -> ij = expm_frechet2(X, E, F)",
        "X: n n, E: n n, F: n n",
        _EXPM,
    ),
    Law(
        "tr(X @ expm_frechet(X, E)) = tr(X @ expm(X) @ E)",
        "X: n n, E: n n",
        _EXPM,
        unlike=("tr(X.T @ expm_frechet(X, E))", "tr(Y @ expm_frechet(X, E))"),
    ),
    Law(
        "tr(X @ expm_frechet(t * X, E)) = tr(X @ expm(t * X) @ E)",
        "X: n n, E: n n, t: ()",
        _EXPM,
        unlike=("tr(X.T @ expm_frechet(t * X, E))",),
    ),
    Law(
        "eigvecsh(S) @ diag(eigvalsh(S)) @ eigvecsh(S).T = (S + S.T) / 2",
        "S: n n",
        _SPECTRAL,
        unlike=("eigvecsh(S).T @ diag(eigvalsh(S)) @ eigvecsh(S)",),
    ),
    Law("skew(eye(3), axis=1)[k,i,j] * v[k] -> ij = skew(v)", "v: 3", _CROSS),
    Law(
        "skew(eye(3), axis=1)[k,i,j] * v[i] -> jk = skew(v)",
        "v: 3",
        _CROSS,
        unlike=("skew(M, axis=1)[k,i,j] * v[i] -> jk where M = v @ v.T",),
    ),
    Law("skew(eye(3), axis=1)[k,i,j] * v[j] -> ik = -skew(v)", "v: 3", _CROSS),
    Law(
        "Q.T @ Q = eye(n)", "Q: n n orthogonal", _ORTHOGONAL, unlike=("X.T @ X", "Q @ Q", "Q.T @ diag(a) @ Q")
    ),
    Law("Q @ Q.T = eye(n)", "Q: n n orthogonal", _ORTHOGONAL, unlike=("X @ X.T",)),
    Law("logdet(Q) = 0", "Q: n n orthogonal", _ORTHOGONAL, unlike=("logdet(X)",)),
    Law("inv(Q) = Q.T", "Q: n n orthogonal", _ORTHOGONAL, unlike=("inv(X)",)),
)
