"""MathML: elements as the notation wants them; a reader finds the tree's meaning; whatever is shown is well-formed."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import given, settings

import matcalc as mc
from matcalc.notation.mathml import mathml, mathml_name
from matcalc.notation.tree import (
    SCALAR,
    Addition,
    Call,
    Hadamard,
    Indexed,
    IndexForm,
    Literal,
    MatrixProduct,
    Name,
    Negative,
    Power,
    Quotient,
    Scaled,
    Transposed,
    Tree,
    Where,
)
from matcalc.rules import all_functions
from tests.notation.mathml import check_mathml, mathml_reader
from tests.notation.trees import (
    KINDS,
    SQUARE,
    all_trees,
    column,
    matrix,
    meaning,
    nested,
    number,
    scalar,
    trees,
)
from tools.cases import read_cases

a, n = scalar("a"), scalar("n")
x, u = column("x"), column("u")
A = matrix("A")
COLUMN, ROW, MATRIX = ("n", 1), (1, "n"), ("n", "n")
two = number(2)
Ax = MatrixProduct(COLUMN, (A, x))
norm = Call(SCALAR, "norm", (x,))
TIMES, APPLY, COMMA = "<mo>\u2062</mo>", "<mo>\u2061</mo>", "<mo>\u2063</mo>"
THIN = f'{TIMES}<mspace width="0.1667em"></mspace>'
MINUS = '<mo form="prefix">−</mo>'
OPEN, CLOSE = '<mo stretchy="false">(</mo>', '<mo stretchy="false">)</mo>'
APPLIED = f"{APPLY}<mrow>{OPEN}<mi>x</mi>{CLOSE}</mrow>"
BARS = '<mrow><mo form="prefix" stretchy="false">‖</mo><mi>x</mi><mo form="postfix" stretchy="false">‖</mo></mrow>'


def entry(body: Tree, *letters: str) -> Indexed:
    return Indexed(SCALAR, body, letters)


def applied(function: str, *arguments: Tree, primes: int = 0) -> Call:
    return Call(arguments[0].shape, function, arguments, (), primes)


MATHML: list[tuple[str, Tree, str]] = [
    ("a letter", a, "<mi>a</mi>"),
    ("a product", Ax, f"<mrow><mi>A</mi>{TIMES}<mi>x</mi></mrow>"),
    ("a transpose", Transposed(ROW, x), "<msup><mi>x</mi><mi>⊤</mi></msup>"),
    (
        "scripts on one another",
        Transposed(ROW, column("x1")),
        "<msubsup><mi>x</mi><mn>1</mn><mi>⊤</mi></msubsup>",
    ),
    ("an inverse", applied("inv", A), f"<msup><mi>A</mi><mrow>{MINUS}<mn>1</mn></mrow></msup>"),
    (
        "a transposed inverse",
        Transposed(MATRIX, applied("inv", A)),
        f"<msup><mi>A</mi><mrow>{MINUS}<mi>⊤</mi></mrow></msup>",
    ),
    ("an elementwise product", Hadamard(COLUMN, (x, u)), "<mrow><mi>x</mi><mo>⊙</mo><mi>u</mi></mrow>"),
    ("a norm", norm, f"<msub>{BARS}<mn>2</mn></msub>"),
    ("a squared norm", Power(SCALAR, norm, two), f"<msubsup>{BARS}<mn>2</mn><mn>2</mn></msubsup>"),
    ("a fraction", Quotient(COLUMN, x, a), "<mfrac><mi>x</mi><mi>a</mi></mfrac>"),
    (
        "brackets grow with a fraction, and the script is on them",
        Power(SCALAR, Quotient(SCALAR, a, n), two),
        "<msup><mrow><mo>(</mo><mfrac><mi>a</mi><mi>n</mi></mfrac><mo>)</mo></mrow><mn>2</mn></msup>",
    ),
    (
        "a half",
        Scaled(COLUMN, (number(Fraction(1, 2)),), x),
        f"<mrow><mfrac><mn>1</mn><mn>2</mn></mfrac>{TIMES}<mi>x</mi></mrow>",
    ),
    ("a sign", Negative(COLUMN, x), f"<mrow>{MINUS}<mi>x</mi></mrow>"),
    ("a difference", Addition(SCALAR, ((1, a), (-1, n))), "<mrow><mi>a</mi><mo>−</mo><mi>n</mi></mrow>"),
    (
        "a power on the name",
        Power(COLUMN, applied("tanh", x), two),
        f"<mrow><msup><mi>tanh</mi><mn>2</mn></msup>{APPLIED}</mrow>",
    ),
    (
        "a power of entries",
        Power(MATRIX, A, two),
        '<msup><mi>A</mi><mrow><mo lspace="0" rspace="0">⊙</mo><mn>2</mn></mrow></msup>',
    ),
    ("a square root", applied("sqrt", x), "<msqrt><mi>x</mi></msqrt>"),
    ("e", applied("exp", x), "<msup><mi>e</mi><mi>x</mi></msup>"),
    (
        "e is a variable",
        Scaled(COLUMN, (scalar("e"),), applied("exp", x)),
        f"<mrow><mi>e</mi>{THIN}<mi>exp</mi>{APPLIED}</mrow>",
    ),
    ("sigmoid", applied("sigmoid", x), f"<mrow><mi>σ</mi>{APPLIED}</mrow>"),
    ("a prime", applied("f", x, primes=1), f"<mrow><mrow><mi>f</mi><mo>′</mo></mrow>{APPLIED}</mrow>"),
    (
        "four primes",
        applied("f", x, primes=4),
        f"<mrow><msup><mi>f</mi><mrow>{OPEN}<mn>4</mn>{CLOSE}</mrow></msup>{APPLIED}</mrow>",
    ),
    ("a word before its argument", applied("relu", x), f"<mrow><mi>ReLU</mi>{APPLIED}</mrow>"),
    (
        "a word with an index",
        applied("gelu_tanh", x),
        f"<mrow><msub><mi>GELU</mi><mi>tanh</mi></msub>{APPLIED}</mrow>",
    ),
    ("an underscore in a word", applied("log_softmax", x), f"<mrow><mi>log_softmax</mi>{APPLIED}</mrow>"),
    ("the identity", Call(MATRIX, "eye", (n,)), "<msub><mi>I</mi><mi>n</mi></msub>"),
    ("ones", Call(COLUMN, "ones", (n,)), "<msub><mn>𝟏</mn><mi>n</mi></msub>"),
    (
        "a fused size",
        Call(COLUMN, "ones", (scalar("2*m*n"),)),
        f"<msub><mn>𝟏</mn><mrow><mn>2</mn>{TIMES}<mi>m</mi>{TIMES}<mi>n</mi></mrow></msub>",
    ),
    ("kron", applied("kron", A, A), "<mrow><mi>A</mi><mo>⊗</mo><mi>A</mi></mrow>"),
    ("an entry", entry(A, "i", "j"), f"<msub><mi>A</mi><mrow><mi>i</mi>{COMMA}<mi>j</mi></mrow></msub>"),
    (
        "a delta",
        entry(Call(MATRIX, "eye", (n,)), "i", "j"),
        f"<msub><mi>δ</mi><mrow><mi>i</mi>{COMMA}<mi>j</mi></mrow></msub>",
    ),
    ("a small number", number(1e-9), f"<msup><mn>10</mn><mrow>{MINUS}<mn>9</mn></mrow></msup>"),
    ("a decimal", Literal(SCALAR, 2.5), "<mn>2.5</mn>"),
    (
        "a sum over letters",
        IndexForm(SCALAR, Scaled(SCALAR, (entry(x, "k"),), entry(u, "k")), ()),
        "<mrow><munder><mo>∑</mo><mi>k</mi></munder><msub><mi>x</mi><mi>k</mi></msub>"
        f"{TIMES}<msub><mi>u</mi><mi>k</mi></msub></mrow>",
    ),
]


@pytest.mark.parametrize(("tree", "expected"), [row[1:] for row in MATHML], ids=[row[0] for row in MATHML])
def test_spelling(tree: Tree, expected: str) -> None:
    shown = mathml(tree)
    check_mathml(shown)
    assert shown == f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">{expected}</math>'


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lambda_", "<mi>λ</mi>"),
        ("δ", "<mi>δ</mi>"),
        ("Sigma", '<mi mathvariant="normal">Σ</mi>'),
        ("W_1", "<msub><mi>W</mi><mn>1</mn></msub>"),
        ("w_out", "<msub><mi>w</mi><mi>out</mi></msub>"),
        ("x_beta", "<msub><mi>x</mi><mi>β</mi></msub>"),
        ("yhat", '<mover accent="true"><mi>y</mi><mo stretchy="false">ˆ</mo></mover>'),
        ("rate", "<mi>rate</mi>"),
        ("x_a_b", "<msub><mi>x</mi><mi>a_b</mi></msub>"),
    ],
)
def test_names(name: str, expected: str) -> None:
    assert mathml_name(name) == expected


@pytest.mark.parametrize("name", ["<script>", "a&b", '"x"', "x_<b>", "<>"])
def test_names_are_escaped(name: str) -> None:
    """The language reads no such names, but a page must not depend on that."""
    tree = Addition(SCALAR, ((1, Name(SCALAR, name)), (1, Call(SCALAR, name, (a,)))))
    root = check_mathml(mathml(tree))
    assert not any(element.tag.endswith("script") for element in root.iter())
    assert "".join(root.itertext()).count("<") == 2 * name.count("<")


def test_where_is_a_table() -> None:
    tree = Where(COLUMN, applied("f", column("z")), (("z", Ax), ("r", Negative(COLUMN, x))))
    (table,) = check_mathml(mathml(tree))
    rows = ["".join(row.itertext()) for row in table]
    assert [row.translate(dict.fromkeys(range(0x2061, 0x2064))) for row in rows] == [
        "f(z),",
        "wherez=Ax",
        "r=−x",
    ]


def test_every_operator_in_every_place() -> None:
    for tree in all_trees(3):
        shown = mathml(tree)
        assert mathml_reader(shown).whole() == meaning(tree), shown


@given(trees())
@settings(max_examples=300, deadline=None)
def test_mathml_means_what_the_tree_means(tree: Tree) -> None:
    shown = mathml(tree)
    assert mathml_reader(shown).whole() == meaning(tree), shown


@pytest.mark.parametrize("kind", KINDS)
def test_deep_trees(kind: str) -> None:
    check_mathml(mathml(nested(kind, 10_000)))


def test_every_function_has_its_mathml() -> None:
    for one in all_functions():
        arguments = tuple(
            {"operand": Quotient(SQUARE, A, a), "integer": two}.get(parameter.kind, n)
            for parameter in one.arguments
            if parameter.kind != "axis"
        )
        shown = mathml(Negative(MATRIX, Call(MATRIX, one.name, arguments)))
        check_mathml(shown)
        assert "\\" not in shown


def derivations(layout: str) -> Iterator[mc.Derivation]:
    """The derivations of the corpus; those beyond what is read today are left out, in scope there are none."""
    for case in read_cases():
        try:
            yield mc.derive(case.expr, case.wrt, shapes=case.declared(), order=case.order, layout=layout)
        except mc.MatcalcError:
            assert not case.in_scope, case.expr


@pytest.mark.parametrize("layout", ["shape", "jacobian"])
def test_the_whole_corpus_is_well_formed(layout: str) -> None:
    count = 0
    for derivation in derivations(layout):
        check_mathml(derivation.mathml)
        check_mathml(derivation.of.mathml)
        count += 1
    assert count > 150
