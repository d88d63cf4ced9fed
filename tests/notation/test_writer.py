"""What a mathematician would write: derivatives in matrix, Kronecker and index notation, and their way back."""

from __future__ import annotations

import pytest

import matcalc as mc

SHAPES = {
    "A": "m n",
    "B": "n p",
    "W": "m n",
    "X": "n p",
    "Y": "n p",
    "Q": "n n",
    "S": "n n spd",
    "x": "n",
    "y": "n",
    "u": "m",
    "b": "m",
    "c": "",
    "r": "1 n",
}

SHAPE_CONVENTION = [
    ("u.T @ f(W @ x + b)", "W", "(u * f'(W @ x + b)) @ x.T"),
    ("u.T @ f(W @ x + b)", "x", "W.T @ (u * f'(W @ x + b))"),
    ("f(W @ x + b)", "x", "diag(f'(W @ x + b)) @ W"),
    ("norm(W @ x - b)**2", "x", "2 * W.T @ (W @ x - b)"),
    ("norm(W @ x - b)", "x", "W.T @ (W @ x - b) / norm(W @ x - b)"),
    ("(x - y).T @ S @ (x - y)", "x", "2 * S @ (x - y)"),
    ("x.T @ Q @ x", "x", "(Q + Q.T) @ x"),
    ("tr(A @ X @ X.T @ A.T)", "X", "2 * A.T @ A @ X"),
    ("logdet(Q)", "Q", "inv(Q).T"),
    ("tr(inv(Q))", "Q", "-inv(Q).T @ inv(Q).T"),
    ("x.T @ diag(y) @ Q @ y", "x", "y * (Q @ y)"),
    ("r @ x", "r", "x.T"),
    ("sum(X)", "X", "ones(n, p)"),
    ("x", "x", "eye(n)"),
    ("softmax(x)", "x", "diag(softmax(x)) - softmax(x) @ softmax(x).T"),
    ("c**2 * x.T @ y / 3", "c", "2 * c * x.T @ y / 3"),
    ("sum(x) / c", "c", "-sum(x) / c**2"),
    ("A @ x", "A", "x[k] * eye(m)[i,j] -> ijk"),
    ("tr(X @ Y.T)**2", "X", "2 * sum(X * Y) * Y"),
]


@pytest.mark.parametrize("text, wrt, expected", SHAPE_CONVENTION)
def test_by_the_shape_convention(text: str, wrt: str, expected: str) -> None:
    assert mc.derive(text, wrt, shapes=SHAPES).text == expected


JACOBIANS = [
    ("A @ X", "X", "kron(eye(p), A)"),
    ("A @ X @ B.T", "X", "kron(B, A)"),
    ("X.T", "X", "commutation(n, p)"),
    ("inv(Q)", "Q", "-kron(inv(Q).T, inv(Q))"),
    ("tanh(X)", "X", "diag(vec(1 - tanh(X)**2))"),
    ("exp(A @ X)", "X", "diag(vec(exp(A @ X))) @ kron(eye(p), A)"),
    ("W @ x", "W", "kron(x.T, eye(m))"),
    ("sum(X**2)", "X", "2 * vec(X).T"),
    ("tr(X @ Y.T) * Y", "X", "vec(Y) @ vec(Y).T"),
    ("X", "X", "eye(n*p)"),
    ("c * X", "c", "vec(X)"),
]


@pytest.mark.parametrize("text, wrt, expected", JACOBIANS)
def test_jacobians(text: str, wrt: str, expected: str) -> None:
    shapes = {**SHAPES, "B": "q p"}
    assert mc.derive(text, wrt, shapes=shapes, layout="jacobian").text == expected


@pytest.mark.parametrize("layout", ["shape", "jacobian", "denominator"])
@pytest.mark.parametrize("text, wrt", [(row[0], row[1]) for row in SHAPE_CONVENTION])
def test_every_text_reads_back_to_the_node(text: str, wrt: str, layout: str) -> None:
    found = mc.derive(text, wrt, shapes=SHAPES, layout=layout)
    known = {"shapes": found.shapes, "functions": found.functions}
    assert mc.parse(found.text, **known).node is found.node
    assert mc.parse(found.expanded_text, **known) == found.expression
    if len(found.shape) < 3:
        indexed = mc.parse(found.index_notation, **known)
        assert found.expression in (indexed, indexed.T)


def test_a_difference_is_written_as_the_user_wrote_it() -> None:
    found = mc.derive("(b - W @ x).T @ (b - W @ x)", "x", shapes=SHAPES)
    assert found.text == "2 * W.T @ (W @ x - b)"
    assert mc.parse("(y - x)**2", shapes=SHAPES).text == "(y - x)**2"
    assert mc.parse("(x - y)**2", shapes=SHAPES).text == "(x - y)**2"


def test_signs_survive_when_one_difference_stands_inside_another() -> None:
    text = "cross_entropy(exp(c), exp(softsign(arccos(sigmoid(c)))))"
    found = mc.derive(text, "c", shapes=SHAPES, order=2)
    assert mc.parse(found.text, shapes=found.shapes) == found.expression


@pytest.mark.parametrize(
    "text",
    [
        "expm((x - (2 - Y)) @ tanh(c * Z))",
        "expm((x - (2 - Y)) @ tanh(c * Z) @ Z)",
        "expm((1 - Y) @ (c * (Z - Y)) @ tanh(c * Z))",
        "expm(expm((Y - Z) @ tanh(c * Z)) @ (1 - c * Y))",
    ],
)
def test_a_difference_in_the_argument_of_a_tensor_keeps_its_signs(text: str) -> None:
    """A factor x - y turned to y - x once took the one inside expm_jacobian(…) along: a wrong derivative."""
    shapes = "x: m, Y: m m, Z: m m, c:"
    found = mc.derive(text, "c", shapes=shapes)
    for shown in (found.text, found.expanded_text, found.index_notation):
        assert mc.parse(shown, shapes=shapes) == found.expression


def test_what_is_not_series_parallel_has_index_notation() -> None:
    text = "Q[i,j] * Q[i,k] * Q[i,l] * Q[j,k] * Q[j,l] * Q[k,l] ->"
    found = mc.derive(text, "Q", shapes="Q: n n")
    assert "->" in found.text
    assert mc.parse(found.text, shapes=found.shapes).node is found.node
    assert found.verify()


def test_shared_parts_are_named_once() -> None:
    network = "u.T @ tanh(W @ tanh(W @ tanh(A @ x + b) + b) + b)"
    found = mc.derive(network, "A", shapes={**SHAPES, "W": "m m"})
    body, _, definitions = found.text.partition(" where ")
    names = [definition.split(" = ")[0] for definition in definitions.split(", ")]
    assert names and all(body.count(name) + definitions.count(name) > 2 for name in names)
    assert len(found.text) < len(found.expanded_text)


def test_a_formula_too_long_without_names_is_refused() -> None:
    """What stands in a part that occurs often is written as often."""
    nested = "norm_spectral(singular_dyad(singular_dyad(singular_dyad(S))))"
    second = mc.derive(nested, "S", shapes="S: m p", order=2)
    assert "where" in second.text
    with pytest.raises(mc.LimitError):
        second.expanded_text  # noqa: B018
