"""What is shipped: one name in site-packages, with the service inside it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_claims_no_other_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"matcalc"}
    assert "matcalc/api/__init__.py" in names
    assert "matcalc/py.typed" in names


def test_everything_that_the_sources_hold_is_shipped(wheel: Path) -> None:
    """Grammars and other data files count as well as modules."""
    listing = ["git", "ls-files", "-co", "--exclude-standard", "matcalc", "api"]
    listed = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    names = set(zipfile.ZipFile(wheel).namelist())
    missing = [name for name in listed if name not in names and f"matcalc/{name}" not in names]
    assert not missing


def test_the_service_is_found_in_an_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import matcalc.api; print(matcalc.api.__file__)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd="/", check=True, capture_output=True, text=True)
    assert run.stdout.strip() == str(tmp_path / "matcalc" / "api" / "__init__.py")


def test_the_service_is_found_in_a_checkout() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "import api; print(api.__file__)"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert run.stdout.strip() == str(ROOT / "api" / "__init__.py")
