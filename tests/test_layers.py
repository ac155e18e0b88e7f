"""Imports run downward through the packages of lib: the contracts stand in pyproject.toml."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "checks",
    "data",
    "evaluation",
    "export",
    "losses",
    "models",
    "phone",
    "plots",
    "training",
}


def lint(folder: Path) -> subprocess.CompletedProcess:
    """Run import-linter below `folder`, with the contracts of its pyproject.toml."""
    code = (
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )


def test_every_contract_of_the_layers_holds():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_lib_is_one_module_and_nine_packages_each_of_which_says_what_it_hands_over():
    found = {path.name for path in (ROOT / "lib").iterdir() if path.name != "__pycache__"}
    assert found == PACKAGES | {"__init__.py", "course.py", "course.mplstyle"}
    for package in PACKAGES:
        tree = ast.parse((ROOT / "lib" / package / "__init__.py").read_text())
        assert ast.get_docstring(tree), package


@pytest.mark.parametrize(
    "package, line, complaint",
    [
        ("data", "from lib.models import embed", "lib.data"),
        ("losses", "import lib.evaluation", "lib.losses"),
        ("evaluation", "from lib.data.download import fetch", "lib.evaluation"),
        ("course", "import lib.plots", "lib.course"),
        ("phone", "import tools.notebooks", "tools"),
        ("surplus", "", "surplus"),
    ],
)
def test_an_import_that_runs_upward_is_noticed(tmp_path, package, line, complaint):
    for name in (*PACKAGES, "course"):
        (tmp_path / "lib" / name).mkdir(parents=True)
        (tmp_path / "lib" / name / "__init__.py").touch()
    for name in ("archive", "cache", "download", "folder", "published", "synthetic"):
        (tmp_path / "lib" / "data" / f"{name}.py").write_text("def fetch(): ...\n")
    (tmp_path / "lib" / "models" / "__init__.py").write_text("def embed(): ...\n")
    (tmp_path / "lib" / "__init__.py").touch()
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").touch()
    (tmp_path / "tools" / "notebooks.py").touch()
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    assert lint(tmp_path).returncode == 0
    (tmp_path / "lib" / package).mkdir(exist_ok=True)
    (tmp_path / "lib" / package / "__init__.py").touch()
    (tmp_path / "lib" / package / "wrong.py").write_text(line + "\n")
    done = lint(tmp_path)
    assert done.returncode == 1 and complaint in done.stdout


@pytest.mark.parametrize("package", ["data", "losses", "evaluation", "models"])
def test_only_training_knows_of_several_processes(package):
    for path in (ROOT / "lib" / package).rglob("*.py"):
        assert "torch.distributed" not in path.read_text(), path


def test_three_modules_run_as_programs():
    found = {
        str(path.relative_to(ROOT / "lib"))
        for path in (ROOT / "lib").rglob("*.py")
        if 'if __name__ == "__main__":' in path.read_text()
    }
    assert found <= {"course.py", "training/__main__.py", "phone/__main__.py"}
