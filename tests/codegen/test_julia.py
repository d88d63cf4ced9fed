"""The interpreter of Julia that the tests use: it means what Julia means, and refuses what Julia refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.codegen.julia import evaluated, run
from tests.codegen.julia_arrays import JuliaError, UnknownJulia

A = np.arange(1.0, 7.0).reshape(2, 3)
S = np.array([[4.0, 1.0], [1.0, 3.0]])
G = np.array([[2.0, 1.0], [0.5, 3.0]])
T = np.arange(24.0).reshape(2, 3, 4)
v = np.array([1.0, 2.0])
w = np.array([3.0, 4.0, 5.0])
VALUES: dict[str, Any] = {"A": A, "S": S, "G": G, "T3": T, "v": v, "w": w, "x": 3.0, "n": 4}

# An expression, and the same in NumPy.
MEANINGS = [
    # How operators bind
    ("-v .^ 2", -(v**2)),
    ("-x^2", -9.0),
    ("-(x)^2", -9.0),
    ("-(v .- 3) .^ 2", -((v - 3) ** 2)),
    ("(-x)^2", 9.0),
    ("2^-x", 0.125),
    ("-v .^ 2 ./ 2", -(v**2) / 2),
    ("1 / 2 * x", 1.5),
    ("12 / x / 2", 2.0),
    ("10 - x - 2", 5.0),
    ("1 .+ x .* v .^ 2", 1 + 3 * v**2),
    ("2 * -x * x", -18.0),
    ("-v' * v", -5.0),
    ("A * w ./ 2", A @ w / 2),
    ("v .* A * w", (v[:, None] * A) @ w),
    ("x * G \\ v", np.linalg.solve(3 * G, v)),
    ("n ÷ 3 * 2", 2),
    ("n / 8", 0.5),
    ("n^-1", 0.25),
    ("n^(-2)", 0.0625),
    ("2 * n + 1 == 9 || throw(x)", True),
    # Products
    ("v' * v", 5.0),
    ("v * w'", np.outer(v, w)),
    ("v' * A", (v @ A)[None]),
    ("v' * A * w", v @ A @ w),
    ("A' * v", A.T @ v),
    ("(A' * v)' * w", v @ A @ w),
    ("(v')'", v),
    ("(2 * v') * v", 10.0),
    ("(2 .* v') * v", np.array([10.0])),
    ("v * (v' * S)", np.outer(v, v @ S)),
    ("x'", 3.0),
    ("A / 2 + A", 1.5 * A),
    # Broadcasting, from the first axis
    ("v .* A", v[:, None] * A),
    ("w' .* A", w * A),
    ("v .+ w'", v[:, None] + w),
    ("v .* T3", v[:, None, None] * T),
    ("A .* T3", A[:, :, None] * T),
    ("A .> 2", A > 2),
    ("max.(v, 1.5)", np.maximum(v, 1.5)),
    ("ifelse.(A .> 2, A, 0)", np.where(A > 2, A, 0)),
    ("clamp.(A, 2, 4)", np.clip(A, 2, 4)),
    ("float.(v .> 1)", np.array([0.0, 1.0])),
    ("tanh.(x)", np.tanh(3.0)),
    ("erf.(v) .+ erfc.(v)", np.ones(2)),
    # Arrays are column-major, and a sum along an axis keeps it
    ("vec(A)", A.ravel(order="F")),
    ("vec(v')", v),
    ("reshape(A, 3, 2)", A.reshape(3, 2, order="F")),
    ("reshape(A, (6,)...)", A.ravel(order="F")),
    ("permutedims(v)", v[None]),
    ("permutedims(A)", A.T),
    ("permutedims(v')", v[:, None]),
    ("permutedims(T3, (3, 1, 2))", T.transpose(2, 0, 1)),
    ("sum(A)", 21.0),
    ("sum(A, dims=1)", A.sum(0, keepdims=True)),
    ("sum(v, dims=2)", v),
    ("vec(sum(A, dims=2))", A.sum(1)),
    ("dropdims(sum(T3, dims=(1, 3)), dims=(1, 3))", T.sum((0, 2))),
    ("maximum(A, dims=2)", A.max(1, keepdims=True)),
    ("minimum(A)", 1.0),
    ("size(A, 1) + size(A, 2) + size(v, 2)", 6),
    ("w[1:end .!= 2]", w[[0, 2]]),
    ("A[2, :]", A[1]),
    ("v[:, 1]", v),
    ("[prod(w[1:end .!= k]) for k in eachindex(w)]", np.array([20.0, 15.0, 12.0])),
    ("zeros(Float64, 2, n)", np.zeros((2, 4))),
    ("ones(promote_type(eltype(n), eltype(A)), 2)", np.ones(2)),
    # Linear algebra
    ("Matrix{Float64}(I, n, n)", np.eye(4)),
    ("dot(v, G * v)", v @ G @ v),
    ("diagm(v)", np.diag(v)),
    ("diag(G)", np.diag(G)),
    ("kron(A, G)", np.kron(A, G)),
    ("G \\ v", np.linalg.solve(G, v)),
    ("cholesky(S) \\ v", np.linalg.solve(S, v)),
    ("cholesky(Symmetric(G)) \\ v", np.linalg.solve(np.array([[2.0, 1.0], [1.0, 3.0]]), v)),
    ("inv(G) * G", np.eye(2)),
    ("A * pinv(A)", np.eye(2)),
    ("exp(log(first(logabsdet(G))))", np.log(5.5)),
    ("exp(0 * G)", np.eye(2)),
    ("exp.(0 * G)", np.ones((2, 2))),
]


@pytest.mark.parametrize(("text", "expected"), MEANINGS, ids=[text for text, _ in MEANINGS])
def test_meaning(text: str, expected: Any) -> None:
    found = evaluated(text, **VALUES)
    assert np.shape(found) == np.shape(expected)
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    assert np.allclose(found, expected, rtol=1e-12, atol=1e-12)


# An expression, and the error that Julia throws.
ERRORS = [
    ("v * v", "MethodError"),
    ("v' * w'", "MethodError"),
    ("v + 1", "MethodError"),
    ("1 - v", "MethodError"),
    ("v + w", "DimensionMismatch"),
    ("v + v'", "DimensionMismatch"),
    ("v .+ w", "DimensionMismatch"),
    ("w .* A", "DimensionMismatch"),
    ("v' .* A", "DimensionMismatch"),
    ("A * v", "DimensionMismatch"),
    ("A * A", "DimensionMismatch"),
    ("v' * w", "DimensionMismatch"),
    ("T3'", "MethodError"),
    ("T3 * v", "MethodError"),
    ("1 / v", "MethodError"),
    ("v^2", "MethodError"),
    ("v > 1", "MethodError"),
    ("tanh(v)", "MethodError"),
    ("max(v, 1)", "MethodError"),
    ("exp(A)", "DimensionMismatch"),
    ("inv(A)", "DimensionMismatch"),
    ("inv(0 * G)", "SingularException"),
    ("cholesky(G)", "PosDefException"),
    ("cholesky(-S)", "PosDefException"),
    ("dot(v, w)", "DimensionMismatch"),
    ("diagm(v')", "MethodError"),
    ("diag(v)", "MethodError"),
    ("vec(x)", "MethodError"),
    ("permutedims(T3, (1, 2))", "ArgumentError"),
    ("permutedims(T3)", "MethodError"),
    ("reshape(A, 2, 2)", "DimensionMismatch"),
    ("dropdims(A, dims=1)", "ArgumentError"),
    ("sqrt(-x)", "DomainError"),
    ("log.(-v)", "DomainError"),
    ("(-x)^0.5", "DomainError"),
    ("n^(1 - n)", "DomainError"),
    ("asin(x)", "DomainError"),
    ("3037000500 * 3037000500", "OverflowError"),
    ("A[3, 1]", "BoundsError"),
    ("missing_name", "UndefVarError"),
    ("A === A", "UnknownJulia"),
    ("x < n < 5", "UnknownJulia"),
    ("2^x^2", "UnknownJulia"),
    ("2x", "UnknownJulia"),
    ("sin(G)", "MethodError"),
    ("sqrt.(v, v)", "MethodError"),
    ("sum.(A)", "UnknownJulia"),
    ("1 ? v : w", "ParseError|UnknownJulia"),
    ("v +", "ParseError"),
    ("throw(DimensionMismatch(\"size $(size(A)) of $n\"))", r"DimensionMismatch: size \(2, 3\) of 4"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "error"), ERRORS, ids=[text for text, _ in ERRORS])
def test_errors(text: str, error: str) -> None:
    with pytest.raises((JuliaError, UnknownJulia)) as found:
        evaluated(text, **VALUES)
    assert found.match(error) if found.type is JuliaError else "UnknownJulia" in error


def function(*lines: str, head: str = "using LinearAlgebra") -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f"{head}\n\nfunction f(A, v)\n{body}end\n"


def test_diagonals_and_slices_are_changed_in_place() -> None:
    source = function(
        "H = copy(A)",
        "H[diagind(H)] .+= v",
        "T = zeros(eltype(A), 2, 2, 2)",
        "for i in 1:2",
        "    T[i, :, i] = H[i, :]",
        "end",
        "return T, (value = sum(v), H = H)",
    )
    found, named = run(source, [S, v])
    assert np.allclose(named["H"], S + np.diag(v))
    assert named["value"] == 3.0
    assert np.allclose(found[0, :, 0], [5, 1])
    assert np.allclose(found[1, :, 1], [1, 5])
    assert not found[0, :, 1].any()


STATEMENTS = [
    (["A[diagind(A)] .+= w", "return A"], "UndefVarError"),
    (["H = copy(A)", "H[diagind(H)] .+= [1 2 3]", "return H"], "UnknownJulia"),
    (["H = copy(A)", "H[1, :] = 2", "return H"], "ArgumentError"),
    (["H = copy(A)", "H[1, :] = A", "return H"], "DimensionMismatch"),
    (["H = zeros(Int, 2)", "H[[2]] .= 2", "return H"], "UnknownJulia"),
    (["H = Matrix{Int}(I, 2, 2)", "H[diagind(H)] .+= 0.5", "return H"], "InexactError"),
    (["size = size(A)", "return size"], "UndefVarError"),
    (["if true", "end", "return A"], "UnknownJulia"),
    (["A"], "UnknownJulia"),
    (["__ = sum(A)", "return __"], "ErrorException"),
    (["return erf.(A)"], "UndefVarError"),
]


@pytest.mark.parametrize(("lines", "error"), STATEMENTS, ids=[lines[0] for lines, _ in STATEMENTS])
def test_statements_that_fail(lines: list[str], error: str) -> None:
    with pytest.raises((JuliaError, UnknownJulia)) as found:
        run(function(*lines), [S, v])
    assert found.match(error) if found.type is JuliaError else error == "UnknownJulia"


def test_arguments_stay_as_they_are() -> None:
    with pytest.raises(AssertionError, match="an argument was changed"):
        run(function("A[diagind(A)] .+= v", "return A"), [S, v])
    with pytest.raises(AssertionError, match="an argument was changed"):
        run(function("H = A'", "H[diagind(H)] .+= v", "return A"), [S, v])


def test_packages_have_to_be_loaded() -> None:
    for line, name in (("return diagm(v)", "diagm"), ("return A * I", "I"), ("return erfc.(v)", "erfc")):
        with pytest.raises(JuliaError, match=f"UndefVarError: {name}"):
            run(function(line, head="using SpecialFunctions: erf"), [S, v])
    with pytest.raises(UnknownJulia):
        run(function("return v", head="using Statistics"), [S, v])


def test_helpers_and_documentation() -> None:
    helper = '"""Twice."""\nfunction twice(x)\n    y = 2 * x\n    return y\nend\n\n'
    assert np.allclose(run(helper + function("return twice.(v)"), [S, v]), 2 * v)
    for text, error in (("costs $x", "UndefVarError"), (r"\sum", "backslash")):
        with pytest.raises((JuliaError, UnknownJulia), match=error):
            run(helper.replace("Twice", text) + function("return v"), [S, v])
    with pytest.raises(JuliaError, match="exp is defined already"):
        run(helper.replace("twice", "exp") + function("return v"), [S, v])
