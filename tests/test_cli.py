"""The command line: what it prints, and that a mistake never ends in a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from matcalc.cli import main, shape_text

ROOT = Path(__file__).parents[1]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "matcalc", *arguments],
        cwd=ROOT,
        capture_output=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_derive_shows_every_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "u.T @ f(W @ x + b)", "--wrt", "W", "--wrt", "b", "--index"]) == 0
    printed = capsys.readouterr().out
    assert "∂/∂W" in printed
    assert "∂/∂b" in printed
    assert "(u * f'(W @ x + b)) @ x.T" in printed
    assert "m × n" in printed
    assert "column of m" in printed


def test_json_has_the_fields_of_the_service(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "x.T @ A @ x", "--wrt", "x", "--json", "--code", "numpy"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["text"] == "(A + A.T) @ x"
    assert answer["shape"] == ["m"]
    assert answer["shapes"] == {"x": "m", "A": "m m"}
    assert (answer["layout"], answer["order"], answer["warnings"]) == ("shape", 1, [])
    assert "def " in answer["code"]["numpy"]
    assert main(["derive", "x.T @ A @ x", "--wrt", "x", "--wrt", "A", "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)["derivatives"]
    assert list(answers) == ["x", "A"]
    assert answers["A"]["text"] == "x @ x.T"


def test_verification_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "sum(tanh(x))", "--wrt", "x", "--verify"]) == 0
    assert "JAX" in capsys.readouterr().out
    assert main(["derive", "sum(tanh(x))", "--wrt", "x", "--verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verification"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["x @ y", "--wrt", "x", "--shapes", "x: n, y: n"], "shape_error", ["x.T @ y", "^"]),
        (["x +", "--wrt", "x"], "syntax_error", ["^"]),
        (["x.T @ z", "--wrt", "x", "--shapes", "x: n"], "name_error", ["z", "^"]),
        (["x.T @ x", "--wrt", "q"], "name_error", ["q"]),
        (["x.T @ x", "--wrt", "x", "--order", "0"], "value_error", ["order"]),
        (["x.T @ x", "--wrt", "x", "--layout", "sideways"], "value_error", ["sideways"]),
        (["x.T @ x", "--wrt", "x", "--dialect", "cobol"], "value_error", ["cobol"]),
        (["x.T @ x", "--wrt", "x", "--code", "fortran"], "value_error", ["fortran"]),
        (["x.T @ x", "--wrt", "x", "--steps"], "value_error", ["step"]),
        (["x.T @ x", "--wrt", "x", "--shapes", "x: n n n"], "value_error", ["3 dimensions"]),
        (["x" * 30_000, "--wrt", "x"], "limit_error", []),
        (["", "--wrt", "x"], "syntax_error", []),
    ],
)
def test_a_mistake_is_told(
    arguments: list[str], code: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["derive", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("matcalc: ")
    assert "Traceback" not in printed.err
    assert "should not have happened" not in printed.err
    assert all(word in printed.err for word in words), printed.err
    assert main(["derive", *arguments, "--json"]) == 2
    problem = json.loads(capsys.readouterr().out)
    assert problem["status"] == 422
    assert problem["code"] == code


def test_a_formula_may_begin_with_a_minus(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "-sum(x)", "--wrt", "x"]) == 0
    assert "-ones(m)" in capsys.readouterr().out


def test_functions_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["functions"]) == 0
    printed = capsys.readouterr().out
    assert "tanh(x)" in printed
    assert "logsumexp(" in printed
    assert main(["functions", "tanh", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["derivatives"] == ["1 - tanh(x)**2"]
    assert main(["functions", "tanhh"]) == 2
    assert "did you mean tanh?" in capsys.readouterr().err


def test_shapes_in_words() -> None:
    assert [shape_text(s) for s in ((), ("n",), ("m", "n"), (1, "m*n"))] == [
        "scalar",
        "column of n",
        "m × n",
        "1 × m*n",
    ]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_terminal_without_greek(encoding: str) -> None:
    done = run("derive", "λ * x.T @ y", "--wrt", "x", PYTHONIOENCODING=encoding, PYTHONUTF8="1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"text" in done.stdout


def test_bytes_that_are_no_text() -> None:
    done = subprocess.run(
        [sys.executable.encode(), b"-m", b"matcalc", b"derive", b"x.T @ \xff\xfe", b"--wrt", b"x"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_a_reader_that_leaves() -> None:
    writer = subprocess.Popen(
        [sys.executable, "-m", "matcalc", "functions"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.close()
    complaints = writer.stderr.read()
    writer.stderr.close()
    assert writer.wait() in (0, 141)
    assert complaints == b""


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], ["derive", "--help"], ["--version"]):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 0
        assert "matcalc" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        main(["derive", "x.T @ x"])
    assert stop.value.code == 2
