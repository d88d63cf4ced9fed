"""Random expressions over the whole language obey the laws of `tests.fuzz.laws`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.fuzz import laws
from tests.fuzz.grammar import generate
from tests.fuzz.shrink import is_good, minimal
from tests.fuzz.strategies import cases, table_cases
from tests.fuzz.terms import Case, Term

ROOT = Path(__file__).parents[2]


# Comparisons that exceed the limits of exact comparison: neither passed nor failed.
UNDECIDED: list[str] = []
EXAMPLES = 2000


@settings(max_examples=EXAMPLES)
@given(cases())
def test_all_laws_against_complex_steps(case: Case) -> None:
    UNDECIDED.extend(laws.check(case, second=case.style % 4 == 0).undecided[:1])


def test_nearly_everything_is_decided() -> None:
    assert len(UNDECIDED) <= EXAMPLES * 0.005, UNDECIDED


@settings(max_examples=150)
@given(table_cases())
def test_functions_of_the_table(case: Case) -> None:
    """Exact comparison decides fewer of these, which is not counted above; the values are compared in any case."""
    laws.check(case, second=case.style % 4 == 0)


@settings(max_examples=150)
@given(cases())
def test_derivatives_against_jax(case: Case) -> None:
    laws.agrees_with_jax(laws.Subject(case))


def test_results_depend_on_nothing_but_the_text() -> None:
    """Not on PYTHONHASHSEED, nor on the order of work or on what else is alive."""
    outputs = set()
    for seed, extra in (("1", []), ("2", []), ("3", ["backwards"])):
        command = [sys.executable, "-m", "tests.fuzz.batch", "0", "60", *extra]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        outputs.add(run.stdout)
    assert len(outputs) == 1


def test_nothing_is_left_behind() -> None:
    laws.nothing_is_left_behind(lambda: [laws.check(generate(seed)) for seed in range(20)] and None)


# The fuzzer itself


def test_cases_come_back_from_their_seed() -> None:
    assert [generate(seed).text for seed in range(50)] == [generate(seed).text for seed in range(50)]


def test_every_operation_is_generated() -> None:
    """Whatever the twin can evaluate is tried."""
    from tests.fuzz.twin import Twin

    known = {name[:-1] for name in dir(Twin) if name.endswith("_") and not name.startswith("_")}
    found = {part.op for seed in range(2500) for term in generate(seed).terms for part in term.walk()}
    assert known <= found, known - found


def test_every_function_of_the_table_is_known() -> None:
    """A function that the registry gains must be added to the twin, or named here with the reason."""
    from matcalc.rules import all_functions
    from tests.fuzz.twin import Twin

    # The power is an operator; the others have four axes where the twin has two, and only derivatives of expm show
    # them: laws try them there.
    elsewhere = {"**", "expm_jacobian", "expm_frechet_jacobian", "expm_frechet2_jacobian"}
    missing = {entry.name for entry in all_functions()} - elsewhere - {name[:-1] for name in dir(Twin)}
    assert not missing


def test_shrinking_keeps_the_failure() -> None:
    def fails(case: Case) -> bool:
        return any(part.op == "tanh" for term in case.terms for part in term.walk())

    case = next(case for case in map(generate, range(1000)) if fails(case) and case.term.size > 8)
    small = minimal(case, fails)
    assert fails(small)
    assert is_good(small)
    assert small.term.size <= 3


def test_unbalanced_latex_is_noticed() -> None:
    laws.check_latex(r"\left(\frac{1}{x}\right) \{ \leftarrow")
    for bad in (r"\left(x", r"{x}}", r"\left( { \right) }"):
        with pytest.raises(laws.Broken):
            laws.check_latex(bad)


def test_a_wrong_twin_is_noticed() -> None:
    """The laws can fail: another expression's text is told apart by value and derivative."""
    case = next(case for case in map(generate, range(1000)) if case.term.op == "mul" and case.used_variables)
    other = Term("add", case.term.shape, case.term.args)
    subject = laws.Subject(Case(other, case.definitions, case.variables, case.sizes), case.text)
    with pytest.raises(laws.Broken):
        laws.value_is_right(subject)
