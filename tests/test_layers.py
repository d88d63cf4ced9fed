"""The layers of the architecture, read off the imports: docs/architecture.md tells why they are as they are.

A file imports from its own layer or from lower ones; within a layer the imports form no cycle. Imports inside
functions count as well: where a heavy library is loaded may be put off, what depends on what may not.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]

# The longest prefix that fits decides.
LAYERS = {
    "matcalc.errors": 0,
    "matcalc.shapes": 1,
    "matcalc.graph": 2,
    "matcalc.rules": 3,
    "matcalc.language": 4,
    "matcalc.calculus": 5,
    "matcalc.notation": 6,
    "matcalc.codegen": 6,
    "matcalc.numeric": 7,
    "matcalc.explain": 7,
    "matcalc.declared": 8,
    "matcalc.shown": 8,
    "matcalc.computed": 8,
    "matcalc.conditions": 8,
    "matcalc.notebook": 8,
    "matcalc.ranges": 8,
    "matcalc.remarks": 8,
    "matcalc.linearmap": 8,
    "matcalc.expression": 8,
    "matcalc.derivation": 8,
    "matcalc.gradients": 8,
    "matcalc.answers": 9,
    "matcalc.repairs": 9,
    "matcalc.homework": 9,
    "matcalc": 10,
    "api": 11,
    "matcalc.cli": 12,
    "matcalc.__main__": 12,
}
LONGEST_FILE = 400
HEAVY = ("jax", "sympy", "torch", "scipy", "lark", "fastapi", "pydantic")


class Import(NamedTuple):
    """`source`, a module of ours, imports `target`, another one, in line `line` of `path`."""

    source: str
    target: str
    path: str
    line: int


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources(root: Path) -> dict[str, Path]:
    """Our modules by name."""
    paths = sorted(path for top in ("matcalc", "api") for path in (root / top).rglob("*.py"))
    return {module_name(path, root): path for path in paths}


def targets(node: ast.stmt, module: str, is_package: bool) -> Iterator[str]:
    """The dotted names that an import statement of `module` asks for; `from a import b` asks for `a.b`."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            parents = module.split(".")
            parents = parents[: len(parents) - node.level + is_package]
            base = ".".join([*parents, *filter(None, [node.module])])
        yield from (f"{base}.{alias.name}" for alias in node.names)


def imports(root: Path) -> list[Import]:
    """Every import of one of our modules by another one."""
    modules, found = sources(root), []
    for module, path in modules.items():
        where = path.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name in (
                targets(node, module, path.name == "__init__.py") if isinstance(node, ast.stmt) else ()
            ):
                target = name if name in modules else name.rpartition(".")[0]
                if name.split(".")[0] in ("matcalc", "api") and target != module:
                    found.append(Import(module, target, where, node.lineno))
    return found


def layer(module: str) -> int | None:
    """The layer of a module; None for one that the table does not know."""
    if module == "matcalc":
        return LAYERS[module]
    name = module
    while name not in LAYERS and "." in name:
        name = name.rpartition(".")[0]
    return LAYERS.get(name) if name != "matcalc" else None


def violations(found: list[Import]) -> list[str]:
    """The imports that go up, a line each."""
    lines = []
    for item in found:
        here, there = layer(item.source), layer(item.target)
        if here is not None and there is not None and there > here:
            place = f"{item.path}:{item.line}: {item.source} (layer {here})"
            lines.append(f"{place} imports {item.target} (layer {there}), which is not below it")
        if item.source.split(".")[0] == "api" and item.target.startswith("matcalc."):
            lines.append(
                f"{item.path}:{item.line}: the service imports {item.target}, not a public name of matcalc"
            )
    return lines


def cycle(found: list[Import]) -> list[Import]:
    """The imports of a cycle, one a step, if there is one."""
    graph: dict[str, set[str]] = {}
    for item in found:
        graph.setdefault(item.source, set()).add(item.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        path = error.args[1][::-1]
        return [next(item for item in found if item[:2] == pair) for pair in pairwise(path)]
    return []


def test_every_module_has_a_layer() -> None:
    missing = [str(path) for module, path in sources(ROOT).items() if layer(module) is None]
    assert not missing, f"give these a layer in docs/architecture.md and in LAYERS: {missing}"


def test_imports_go_down() -> None:
    lines = violations(imports(ROOT))
    assert not lines, "\n" + "\n".join(lines)


def test_no_cycles() -> None:
    lines = [f"{item.path}:{item.line}: {item.source} imports {item.target}" for item in cycle(imports(ROOT))]
    assert not lines, "imports form a cycle:\n" + "\n".join(lines)


def test_files_are_one_idea() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources(ROOT).values()}
    long = [
        f"{path.relative_to(ROOT)}: {count} lines" for path, count in lengths.items() if count >= LONGEST_FILE
    ]
    assert not long, "\n".join(long)


def test_import_is_light() -> None:
    """`import matcalc` loads NumPy at most; the heavy libraries wait until they are used."""
    code = f"import sys, matcalc; print(*(name for name in {HEAVY} if name in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.split() == []


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        (
            {"matcalc/graph/node.py": "def f():\n    from matcalc.language import parse"},
            "matcalc/graph/node.py:2",
        ),
        ({"matcalc/graph/node.py": "from ..rules import table"}, "matcalc.rules (layer 3)"),
        ({"matcalc/graph/__init__.py": "from .. import derive"}, "matcalc (layer 10)"),
        ({"matcalc/errors.py": "import matcalc.shapes.dims"}, "matcalc.shapes.dims (layer 1)"),
        ({"api/app.py": "from matcalc.graph import node"}, "api/app.py:1: the service imports matcalc.graph"),
        ({"matcalc/calculus/a.py": "from matcalc import errors, api"}, "matcalc (layer 10)"),
        ({"matcalc/rules/a.py": "from matcalc.graph import node\nfrom .b import c"}, ""),
        ({"api/app.py": "import matcalc as mc\nfrom . import page"}, ""),
    ],
)
def test_the_offending_line_is_named(tmp_path: Path, files: dict[str, str], complaint: str) -> None:
    """The reader of imports is itself tested, on small trees; an empty complaint means that all is well."""
    packages = (
        "matcalc",
        "matcalc/shapes",
        "matcalc/graph",
        "matcalc/rules",
        "matcalc/language",
        "matcalc/calculus",
    )
    empty = {f"{package}/__init__.py": "" for package in (*packages, "api")}
    modules = {
        "matcalc/errors.py": "",
        "matcalc/shapes/dims.py": "",
        "matcalc/rules/b.py": "",
        "api/page.py": "",
    }
    for name, text in (empty | modules | files).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    lines = "\n".join(violations(imports(tmp_path)))
    assert complaint in lines
    assert bool(complaint) == bool(lines)


def test_a_cycle_is_found(tmp_path: Path) -> None:
    for name, text in {"a": "from matcalc.graph.b import f", "b": "\nimport matcalc.graph.a"}.items():
        path = tmp_path / "matcalc" / "graph" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert {(item.path, item.line) for item in cycle(imports(tmp_path))} == {
        ("matcalc/graph/a.py", 1),
        ("matcalc/graph/b.py", 2),
    }
