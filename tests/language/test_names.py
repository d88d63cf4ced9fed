"""Names: what may be one, what the first letter says, what was meant."""

from __future__ import annotations

import pytest

from matcalc.errors import UnknownNameError
from matcalc.language.names import check_variable, is_name, kind_of, nearest, unknown_function, unknown_name


@pytest.mark.parametrize(
    "name", ["x", "W1", "b_2", "_x", "delta", "δ", "Σ", "lambda_", "xhat", "αβ1", "T", "e"]
)
def test_names(name: str) -> None:
    assert is_name(name)
    check_variable(name)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("", "begin with a letter"),
        ("2a", "begin with a letter"),
        ("<script>", "begin with a letter"),
        ("a b", "begin with a letter"),
        ("lambda", "lambda_"),
        ("for", "for_"),
        ("True", "True_"),
        ("where", "where_"),
        ("exp", "exp_"),
        ("sum", "sum_"),
        ("eye", "eye_"),
        ("pi", "pi_"),
        ("х", "Latin name is x"),
        ("é", "write e"),
        ("ŷ", "write yhat"),
    ],
)
def test_names_that_no_variable_has(name: str, hint: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        check_variable(name)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("W", "matrix"),
        ("W1", "matrix"),
        ("Sigma", "matrix"),
        ("Σ", "matrix"),
        ("_A", "matrix"),
        ("x", "column"),
        ("xhat", "column"),
        ("mux", "column"),
        ("eta_", "scalar"),
        ("alpha", "scalar"),
        ("alpha1", "scalar"),
        ("mu_x", "scalar"),
        ("lambda_", "scalar"),
        ("σ", "scalar"),
        ("σ2", "scalar"),
        ("phi", "scalar"),
        ("varepsilon", "scalar"),
    ],
)
def test_the_first_letter_says_what_a_name_is(name: str, kind: str) -> None:
    assert kind_of(name) == kind


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("Y", ["x", "y"], "y"),
        ("x_", ["x", "y"], "x"),
        ("b1", ["b_1"], "b_1"),
        ("δ", ["delta"], "delta"),
        ("lambda_", ["λ"], "λ"),
        ("х", ["x"], "x"),  # Cyrillic
        ("Α", ["A"], "A"),  # Greek
        ("ν", ["v"], "v"),  # Greek
        ("weigths", ["weights", "bias"], "weights"),
    ],
)
def test_the_name_that_was_meant(name: str, known: list[str], meant: str) -> None:
    assert f"did you mean {meant}?" in (nearest(name, known) or "")


def test_no_guess_is_better_than_a_wild_one() -> None:
    assert nearest("z", ["x", "y"]) is None


def test_unknown_names_and_functions() -> None:
    assert "needs its argument" in unknown_name("exp", [], [], True).message
    assert "q: n" in (unknown_name("q", ["x"], [], True).hint or "")
    assert "x * (…)" in (unknown_function("x", ["x"], [], False).hint or "")
    assert "sigmoid" in (unknown_function("sigmod", [], [], False).hint or "")
    assert 'functions=("g",)' in (unknown_function("g", [], ["f"], True).hint or "")
    assert ".T" in (unknown_function("transpose", [], [], False).hint or "")
    assert len(unknown_name("z" * 10_000, [], [], True).message) < 100
