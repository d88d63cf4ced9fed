"""MATLAB source under GNU Octave, where that is installed, Julia source in `tests.codegen.julia`, and their syntax."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings

import matcalc as mc
from matcalc.codegen import matlab, source_text
from matcalc.codegen.julia import RESERVED
from matcalc.graph import Node
from tests.codegen import julia
from tests.codegen.graphs import SIZES, SYMBOLS, graphs, values
from tests.codegen.julia_arrays import ELEMENTWISE, SPECIAL_FUNCTIONS
from tests.codegen.julia_library import BASE, LINEAR_ALGEBRA
from tests.codegen.test_generated import assert_same, meaning
from tests.codegen.test_standalone import at_random
from tools.cases import points, read_cases

OCTAVE = shutil.which("octave-cli") or shutil.which("octave")
CASES = [
    ("u.T @ tanh(W2 @ tanh(W @ x + b) + c)", ["W", "W2", "b"], 1, "u: p, W2: p m, W: m n, x: n, b: m, c: p"),
    ("norm(X @ w - y)**2/2", "w", 1, "X: m n, w: n, y: m"),
    ("sum(softplus(-(y * (X @ w)))) + lambda_/2 * w.T @ w", "w", 2, "X: m n, y: m, w: n, lambda_: ()"),
    ("logsumexp(x) + lambda_/2 * x.T @ x", "x", 2, "x: n, lambda_: ()"),
    ("softmax(A @ x)", "x", 1, "A: m n, x: n"),
    ("sum(gelu(W @ x)) + sum(elu(x)) + sum(leaky_relu(x))", "x", 1, "W: m n, x: n"),
    ("softmax_cross_entropy(Y, X @ W)", "W", 1, "Y: m k, X: m n, W: n k"),
    ("logsumexp(X, axis=1).T @ y", "X", 1, "X: m n, y: m"),
    ("sum(logsumexp(X, axis=0))", "X", 1, "X: m n"),
    ("logdet(X) - tr(inv(X) @ A)", "X", 1, "X: n n, A: n n"),
    ("y.T @ inv(X) @ z", "y", 1, "X: n n, y: n, z: n"),
    ("det(X)", "X", 1, "X: n n"),
    ("sum(pinv(X))", "X", 1, "X: m n"),
    ("norm(X - U @ V.T)**2/2", "U", 2, "X: m n, U: m k, V: n k"),
    ("A @ X @ B", "X", 1, "A: m n, X: n p, B: p q"),
    ("inv(X)", "X", 1, "X: n n"),
    ("tanh(W @ x + b)", "x", 1, "W: m n, x: n, b: m"),
    ("tanh(x)", "x", 2, "x: n"),
    ("sum(huber(x - y))", "x", 1, "x: n, y: n"),
    ("max(x) + sum(maximum(x, y))", "x", 1, "x: n, y: n"),
    ("x @ r", "x", 1, "x: m, r: 1 n"),
    ("r @ A @ x", "r", 1, "r: 1 m, A: m n, x: n"),
    ("X * r", "X", 1, "X: m n, r: 1 n"),
    ("sum((X - r)**2)", "r", 1, "X: m n, r: 1 n"),
    ("norm(x)", "x", 2, "x: n"),
    ("mean(X, axis=0)", "X", 1, "X: m n"),
    ("vec(A @ X)", "X", 1, "A: m n, X: n p"),
    ("kron(A, X)", "X", 1, "A: m n, X: p q"),
    ("diag(x) @ A @ diag(y)", "x", 1, "x: m, A: m n, y: n"),
    ("sum(minimum(x, y)**3)", "x", 2, "x: n, y: n"),
    ("λ * sum(x**2)", "x", 2, "λ: (), x: n"),
    ("tr(X.T @ A @ X @ B)", "X", 2, "X: m n, A: m m, B: n n"),
    ("tanh(X)", "X", 1, "X: m n"),
    ("sum(x * logsumexp(diag(x), axis=1))", "x", 2, "x: n"),
    ("diag(x) @ A + x", "x", 1, "A: n n, x: n"),
    ("sum((diag(x) - y) * A)", "A", 1, "A: n n, x: n, y: n"),
]


def literal(array: Any) -> str:
    """A matrix of MATLAB; a vector is a column."""
    array = np.asarray(array, float)
    columns = np.atleast_2d(array) if array.ndim != 1 else array[:, None]
    return "[" + "; ".join(" ".join(repr(float(x)) for x in row) for row in columns) + "]"


Call = tuple[str, dict[str, Any]]


def octave(folder: Path, calls: list[Call]) -> list[Any]:
    """What Octave computes for sources with their arguments, in one process: arrays by field, or what went wrong."""
    if OCTAVE is None:
        pytest.skip("GNU Octave is not installed")
    lines = [f"addpath('{folder}');"]
    for number, (source, arguments) in enumerate(calls):
        head = re.match(r"function (\w+) = (\w+)\(([^)]*)\)", source)
        assert head is not None
        (folder / f"case{number}.m").write_text(source.replace(f"= {head[2]}(", f"= case{number}(", 1))
        names = [name.strip() for name in head[3].split(",") if name.strip()]
        lines += [
            "try",
            f"    r = case{number}({', '.join(literal(arguments[name]) for name in names)});",
            "    if isstruct(r), f = fieldnames(r); else, f = {''}; end",
            "    for k = 1:numel(f)",
            "        if isempty(f{k}), a = r; else, a = r.(f{k}); end",
            f"        printf('{number}|%s|%s|%s\\n', f{{k}}, num2str(size(a)), sprintf('%.17g ', double(a)));",
            "    end",
            "catch problem",
            f"    printf('{number}|error|0|%s\\n', problem.message);",
            "end",
        ]
    script = folder / "all_cases.m"
    script.write_text("\n".join(lines))
    command = [OCTAVE, "--no-gui", "--quiet", "--norc", str(script)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    found: list[Any] = [None] * len(calls)
    for line in run.stdout.splitlines():
        number, name, shape, entries = line.split("|", 3)
        if name == "error":
            found[int(number)] = entries
            continue
        array = np.array(entries.lower().split(), float).reshape([int(n) for n in shape.split()], order="F")
        found[int(number)] = (found[int(number)] or {}) | {name: array}
    return found


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What Octave computes for every case."""
    calls: list[Call] = []
    for expression, wrt, order, shapes in CASES:
        source = mc.derive(expression, wrt, order=order, shapes=shapes).code("matlab")
        drawn = values_of(expression, shapes)
        calls.append((source, {name.replace("λ", "lambda_"): array for name, array in drawn.items()}))
    return octave(tmp_path_factory.mktemp("octave"), calls)


def values_of(expression: str, shapes: str) -> dict[str, np.ndarray]:
    drawn = at_random(dict(mc.parse(expression, shapes=shapes).shapes))
    return {name: np.asarray(array) for name, array in drawn.items()}


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case[0] for case in CASES])
def test_octave_computes_the_same(number: int, results: list[Any]) -> None:
    expression, wrt, order, shapes = CASES[number]
    found = results[number]
    assert isinstance(found, dict), found
    expected = mc.derive(expression, wrt, order=order, shapes=shapes).numpy()(**values_of(expression, shapes))
    for name, array in expected.items() if isinstance(expected, dict) else [("", expected)]:
        assert np.allclose(found[name].reshape(array.shape), array, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("expression", "wrt", "order", "shapes"), CASES, ids=[case[0] for case in CASES])
def test_julia_computes_the_same(expression: str, wrt: Any, order: int, shapes: str) -> None:
    derivative = mc.derive(expression, wrt, order=order, shapes=shapes)
    drawn = values_of(expression, shapes)
    found, expected = run_julia(derivative.code("julia"), drawn), derivative.numpy()(**drawn)
    if not isinstance(expected, dict):
        found, expected = {"": found}, {"": expected}
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert np.shape(found[name]) == array.shape
        assert np.allclose(found[name], array, rtol=1e-9, atol=1e-12)


def run_julia(source: str, arguments: dict[str, Any]) -> Any:
    """What the source computes; a name that it needs itself has got an underscore."""
    return julia.run(source, {f"{name}_": array for name, array in arguments.items()} | arguments)


Derivation = tuple[str, Any, dict[str, Any], np.ndarray]


@pytest.fixture(scope="module")
def corpus() -> list[Derivation]:
    """Every derivative of the corpus: its name, itself, its arguments and its value at them."""
    found = []
    for case in read_cases():
        derivative = mc.derive(case.expr, case.wrt, shapes=case.declared(), order=case.order)
        evaluator = derivative.numpy()
        (drawn,) = points(case, 1, exact=True)
        arguments = {name: drawn[name] for name in evaluator.parameters}
        found.append((case.id, derivative, arguments, np.asarray(evaluator(**arguments))))
    return found


def test_octave_computes_the_corpus(tmp_path: Path, corpus: list[Derivation]) -> None:
    calls: list[Call] = [
        (derivative.code("matlab"), {name.replace("λ", "lambda"): array for name, array in arguments.items()})
        for _, derivative, arguments, _ in corpus
    ]
    wrong = []
    for (name, _, _, array), found in zip(corpus, octave(tmp_path, calls), strict=True):
        close = isinstance(found, dict) and np.allclose(found[""].reshape(array.shape), array, 1e-8, 1e-10)
        wrong += [] if close else [(name, found)]
    assert not wrong


def test_julia_computes_the_corpus(corpus: list[Derivation]) -> None:
    wrong = []
    for name, derivative, arguments, array in corpus:
        found = run_julia(derivative.code("julia"), arguments)
        close = np.shape(found) == array.shape and np.allclose(found, array, 1e-8, 1e-10)
        wrong += [] if close else [(name, found)]
    assert not wrong


@pytest.fixture(scope="module")
def drawn_graphs() -> list[Node]:
    """Tensors, broadcasts and diagonals of every kind."""
    nodes: list[Node] = []

    @settings(max_examples=200, phases=[Phase.generate])
    @given(graphs())
    def gather(node: Node) -> None:
        nodes.append(node)

    gather()
    return list(dict.fromkeys(nodes))


def test_what_matlab_source_calls_is_no_variable(corpus: list[Derivation]) -> None:
    """Every function that is called is one of the file's own, or a word that no variable gets."""
    for _, derivative, _, _ in corpus:
        code = re.sub(r"%.*|\w+\.\w+|'[^']*'", "", derivative.code("matlab").replace(".'", ""))
        own = set(re.findall(r"function \w+ = (\w+)", code))
        parameters = re.findall(r"\w+", " ".join(re.findall(r"function .*\((.*)\)", code)))
        variables = {*re.findall(r"(\w+) =", code), *parameters}
        called = set(re.findall(r"([A-Za-z]\w*)\(", code))
        assert called - own - variables <= set(matlab.RESERVED)
        assert variables.isdisjoint(matlab.RESERVED)


def test_powers_of_sizes_are_no_integers_in_julia() -> None:
    source = mc.derive("sqrt(1.5 + mean(X)**2)", "X", shapes="X: m n").code("julia")
    assert "m^" not in source
    assert "T(m)^" in source


def test_random_graphs(tmp_path: Path, drawn_graphs: list[Node]) -> None:
    given_values = {**values(0), **SIZES}
    calls = [
        (source_text((node, node.axes), SYMBOLS, target="matlab"), given_values) for node in drawn_graphs
    ]
    for node, found in zip(drawn_graphs, octave(tmp_path, calls), strict=True):
        assert isinstance(found, dict), found
        expected = meaning(node, 0)
        assert_same(found[""].reshape(expected.shape, order="F"), expected)


def test_random_graphs_in_julia(drawn_graphs: list[Node]) -> None:
    for node in drawn_graphs:
        source = source_text((node, node.axes), SYMBOLS, target="julia")
        assert_same(np.asarray(run_julia(source, {**values(0), **SIZES})), meaning(node, 0))


@pytest.mark.parametrize(("expression", "wrt", "order", "shapes"), CASES, ids=[case[0] for case in CASES])
@pytest.mark.parametrize("language", ["matlab", "julia"])
def test_syntax(expression: str, wrt: Any, order: int, shapes: str, language: str) -> None:
    """A real grammar of the language reads the source without an error."""
    tree_sitter = pytest.importorskip("tree_sitter", reason="tree-sitter reads the syntax")
    grammar = pytest.importorskip(f"tree_sitter_{language}", reason="tree-sitter reads the syntax")
    source = mc.derive(expression, wrt, order=order, shapes=shapes).code(language)
    parser = tree_sitter.Parser(tree_sitter.Language(grammar.language()))
    tree = parser.parse(source.encode())
    assert not tree.root_node.has_error, source


def test_own_words() -> None:
    assert "result = expm(A);" in mc.parse("expm(A)").code("matlab")
    assert "return exp(A)" in mc.parse("expm(A)").code("julia")


def test_value_and_gradients() -> None:
    pair = mc.value_and_grad("u.T @ tanh(W @ x)", ["W", "x"])
    matlab, source = pair.code("matlab"), pair.code("julia")
    assert "function [value, gradient] = value_and_grad(u, W, x)" in matlab
    assert "gradient.W = " in matlab
    assert re.search(r"return dot\(h, u\), \(W = .*, x = .*\)", source)
    drawn = values_of("u.T @ tanh(W @ x)", "u: m, W: m n, x: n")
    value, gradient = run_julia(source, drawn)
    expected, gradients = pair.numpy()(**drawn)
    assert np.allclose(value, expected)
    assert all(np.allclose(gradient[name], gradients[name]) for name in ("W", "x"))


def test_what_has_no_translation_is_refused() -> None:
    from matcalc.rules.custom import register_elementwise
    from matcalc.rules.registry import unregister

    register_elementwise("cubic_bump", lambda xp, x: x * xp.float_power(x, 2), "3*x**2")
    try:
        with pytest.raises(mc.DomainError, match="no MATLAB source for cubic_bump"):
            mc.parse("cubic_bump(x)").code("matlab")
    finally:
        unregister("cubic_bump")
    with pytest.raises(mc.DomainError, match="no code for 'fortran'"):
        mc.parse("tanh(x)").code("fortran")


def test_names_that_julia_needs_itself() -> None:
    """Variables and parts are called otherwise than what the source calls, and not by underscores alone."""
    used = {*BASE, *LINEAR_ALGEBRA, *ELEMENTWISE, *SPECIAL_FUNCTIONS}
    assert used <= set(RESERVED)
    assert "pinv_ = pinv(tanh.(X))" in mc.parse("sum(pinv(tanh(X))) * pinv(tanh(X))", shapes="X: m n").code(
        "julia"
    )
    assert "function value(v)" in mc.parse("sum(_)", shapes="_: n").code("julia")


def test_functions_along_an_axis_give_vectors_in_julia() -> None:
    """The sum along an axis keeps that axis in Julia, and one-column matrices are no vectors."""
    for text in ("logsumexp(X, axis=1)", "logsumexp(X, axis=1).T @ y", "diag(max(X, axis=1)) @ A"):
        parsed = mc.parse(text, shapes="X: m n, y: m, A: m p")
        drawn = values_of(text, "X: m n, y: m, A: m p")
        found, expected = run_julia(parsed.code("julia"), drawn), parsed.numpy()
        array = np.asarray(expected(**{name: drawn[name] for name in expected.parameters}))
        assert np.shape(found) == array.shape
        assert np.allclose(found, array)


def test_julia_transposes_once() -> None:
    assert "''" not in mc.derive("tr(inv(A @ A.T + eye(m))) * c", "A", shapes="A: m m, c: ()").code("julia")


def test_julia_factors_what_is_symmetric_but_for_rounding() -> None:
    """Julia's `cholesky` compares the two triangles to the last bit."""
    derivative = mc.derive("y.T @ inv(K) @ y", "y", shapes="K: n n spd, y: n")
    y, K = np.arange(1.0, 4.0), np.diag([2.0, 3.0, 4.0])
    K[0, 1] = 1e-16
    assert np.allclose(run_julia(derivative.code("julia"), {"K": K, "y": y}), derivative.numpy()(K=K, y=y))
