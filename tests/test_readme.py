"""The examples of the README and the docs do what they say.

A ```python block is a Python session, a ```console block a `matcalc` command line and what it prints.
"""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcalc.cli import main

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def settled(text: str) -> list[str]:
    """The words of an output, without what rounding and the machine decide."""
    return re.sub(r"\d\.\de-\d+|\w+:\d+(?=:)", "…", text).split()


def blocks(document: Path, language: str) -> Iterator[str]:
    return (text for kind, text in FENCE.findall(document.read_text(encoding="utf-8")) if kind == language)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_examples(document: Path) -> None:
    """The blocks of a document are one session."""
    session = "\n".join(blocks(document, "python"))
    example = doctest.DocTestParser().get_doctest(session, {}, document.name, str(document), 0)
    report: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_command_line_examples(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks(document, "console"):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = example.partition("\n")
            program, *arguments = shlex.split(command)
            assert program == "matcalc"
            main(arguments)
            printed = capsys.readouterr()
            assert settled(printed.out + printed.err) == settled(expected), command


def test_the_readme_has_examples() -> None:
    assert any(blocks(ROOT / "README.md", "python"))
    assert any(blocks(ROOT / "README.md", "console"))
