"""The two commands and what they stand on: one list of requirements, clear failures, the Colab way, the stamped address."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from lib import course
from tools import setup, stamp

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
LISTS = ("requirements.txt", "requirements-mobile.txt", "requirements-site.txt")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def listed(file: str) -> set[str]:
    """Package names in a requirements file."""
    lines = (line.split("#")[0].strip() for line in (ROOT / file).read_text().splitlines())
    return {normal(re.match(r"[\w.-]+", line)[0]) for line in lines if line}


# --- one list ---------------------------------------------------------------------------------------------------------


def test_pyproject_and_conda_read_the_one_list():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    dynamic = project["tool"]["setuptools"]["dynamic"]
    assert dynamic["dependencies"] == {"file": ["requirements.txt"]}
    assert dynamic["optional-dependencies"] == {
        "mobile": {"file": ["requirements-mobile.txt"]},
        "site": {"file": ["requirements-site.txt"]},
    }
    assert {"dependencies", "optional-dependencies"} == set(project["project"]["dynamic"])
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert conda[-1] == {
        "pip": ["-c constraints.txt", "-r requirements.txt", "-r requirements-mobile.txt"]
    }
    assert all(not isinstance(entry, str) or re.match(r"python|pip$", entry) for entry in conda)


def test_constraints_pin_every_listed_package_inside_its_range():
    from packaging.requirements import Requirement

    pins = dict(re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", (ROOT / "constraints.txt").read_text()))
    pins = {normal(name): pin for name, pin in pins.items()}
    for file in LISTS:
        for line in (ROOT / file).read_text().splitlines():
            if line := line.split("#")[0].strip():
                need = Requirement(line)
                assert need.specifier.contains(pins[normal(need.name)]), (
                    f"{line}: constraints.txt has {pins[normal(need.name)]}"
                )


def sources() -> list[tuple[str, str]]:
    """(where, Python source) of everything the course runs: modules, tests, tools, and each lesson's code cells."""
    found = [
        (str(path.relative_to(ROOT)), path.read_text())
        for room in ("lib", "tests", "tools")
        for path in sorted((ROOT / room).rglob("*.py"))
    ]
    for path in LESSONS:
        cells = json.loads(path.read_text())["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        found.append(
            (
                path.name,
                "\n".join(re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", source) for source in code),
            )
        )
    return found


def imported(source: str) -> set[str]:
    """Top-level names of the modules that `source` imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def test_every_import_is_on_the_list():
    allowed = set().union(*map(listed, LISTS))
    owner = packages_distributions()
    ours = {"lib", "tools", "tests", "conftest"} | {
        path.stem for path in (ROOT / "tests").rglob("*.py")
    }
    for where, source in sources():
        for module in imported(source) - set(sys.stdlib_module_names) - ours - {"google"}:
            packages = {normal(package) for package in owner.get(module, [module])}
            assert packages & allowed, (
                f"{where} imports {module} ({', '.join(packages)}), which is on no list of requirements"
            )


def test_nothing_git_ignores_is_part_of_the_house():
    inside = [
        "lib/course.py",
        "lib/data/__init__.py",
        "data/README.md",
        "data/course_model.pt",
        "tests/conftest.py",
        "docs/x.png",
    ]
    ignored = subprocess.run(
        ["git", "check-ignore", *inside], cwd=ROOT, capture_output=True, text=True
    )
    assert ignored.stdout == ""


# --- set-up says what to do -------------------------------------------------------------------------------------------


def run_setup(folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """`tools/setup.py` in a copy of the course's lists under `folder`."""
    (folder / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "setup.py", folder / "tools")
    for name in setup.LISTS:
        shutil.copy(ROOT / name, folder)
    return subprocess.run(
        [sys.executable, "tools/setup.py"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_setup_without_a_registry_says_so_and_leaves_no_stamp(tmp_path):
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "UV_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_FIND_LINKS": str(tmp_path),
        "COURSE_SKIP_DISK_CHECK": "1",
    }
    done = run_setup(tmp_path, **nowhere)
    assert done.returncode == 1
    assert "registry could not be reached" in done.stderr
    assert not (tmp_path / ".venv" / "course-installed").exists()


def test_setup_is_done_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(setup, "ROOT", str(ROOT))
    monkeypatch.setattr(setup, "STAMP", str(tmp_path / "stamp"))
    monkeypatch.setattr(setup, "PYTHON", sys.executable)
    (tmp_path / "stamp").write_text(setup.fingerprint())
    monkeypatch.setattr(setup, "run", lambda command: pytest.fail(f"ran {command}"))
    setup.main()
    assert capsys.readouterr().out == ""


def test_setup_refuses_an_old_python_in_words(monkeypatch):
    monkeypatch.setattr(setup.sys, "version_info", (3, 9, 1))
    with pytest.raises(
        SystemExit, match="this is Python 3.9; the course needs Python 3.11 or newer"
    ):
        setup.main()


def test_setup_refuses_a_full_disk_in_words(monkeypatch, tmp_path):
    monkeypatch.setattr(setup, "STAMP", str(tmp_path / "none"))
    monkeypatch.setattr(
        setup.shutil, "disk_usage", lambda path: type("usage", (), {"free": 2**30})()
    )
    monkeypatch.delenv("COURSE_SKIP_DISK_CHECK", raising=False)
    with pytest.raises(SystemExit, match="1.0 GiB free on this disk, 9 needed"):
        setup.main()


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (
            "error: could not install packages due to an oserror: [errno 28] no space left on device",
            "disk is full",
        ),
        (
            "failed to fetch: dns error: failed to lookup address information",
            "registry could not be reached",
        ),
        ("error: no matching distribution found for torch>=2.10", "No package fits this machine"),
        ("something new", "The lines above say why"),
    ],
)
def test_a_failed_installation_is_explained(output, words):
    assert words in setup.explain(output)


# --- the environment check --------------------------------------------------------------------------------------------


def test_the_check_names_what_is_missing_and_its_fix(monkeypatch, capsys):
    monkeypatch.setattr(course, "NEEDED", {"torch": "torch", "no_such_module": "no-such-package"})
    monkeypatch.setattr(course.missing, "__defaults__", (course.NEEDED,))
    assert course.check() is False
    out = capsys.readouterr().out
    assert "[FAIL] no-such-package: run `make lab` again, or `pip install no-such-package`" in out
    assert "[OK]   torch" in out


def test_the_check_passes_here(capsys):
    assert course.check() is True
    assert "[FAIL]" not in capsys.readouterr().out


def test_an_unknown_budget_is_refused(monkeypatch):
    monkeypatch.setenv("COURSE_BUDGET", "fast")
    with pytest.raises(ValueError, match="must be 'quick' or 'full'"):
        course.budget()


# --- Colab ------------------------------------------------------------------------------------------------------------


def wheel(folder: Path, name: str, release: str, needs: str = "") -> None:
    """A package of one empty module, as a wheel."""
    module = name.replace("-", "_")
    info = f"{module}-{release}.dist-info"
    requires = f"Requires-Dist: {needs}\n" if needs else ""
    with zipfile.ZipFile(folder / f"{module}-{release}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{module}/__init__.py", "")
        archive.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {release}\n{requires}",
        )
        archive.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: course\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def colab(tmp_path):
    """A bare environment that looks like Colab's: torch 2.11, numpy 2.1.3, ipywidgets 7.7.1 there, onnx missing; wheels at hand."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    site = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            text=True,
        ).stdout.strip()
    )
    releases = {"torch": "2.11.0", "numpy": "2.1.3", "ipywidgets": "7.7.1"}
    stubs = {
        module: releases.get(package, "1.0")
        for module, package in course.NEEDED.items()
        if not module.startswith("onnx")
    }
    for module, release in stubs.items():
        (site / module).mkdir()
        (site / module / "__init__.py").write_text("")
        info = site / f"{course.NEEDED[module].replace('-', '_')}-{release}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {course.NEEDED[module]}\nVersion: {release}\n"
        )
    for release in ("2.1.3", "2.4.6"):
        wheel(wheels, "numpy", release)
    wheel(wheels, "onnxscript", "0.7")
    wheel(wheels, "onnxruntime", "1.32")

    def install() -> subprocess.CompletedProcess:
        code = (
            "from lib import course; from importlib.metadata import version\n"
            "print(course.install_missing(), version('torch'), version('numpy'), version('ipywidgets'))"
        )
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheels),
            "PIP_CONFIG_FILE": os.devnull,
            "COURSE_CACHE": str(tmp_path / "cache"),
        }
        return subprocess.run(
            [python, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True
        )

    return wheels, install


def test_on_colab_only_what_is_missing_is_installed(colab):
    wheels, install = colab
    wheel(wheels, "onnx", "1.23")
    assert install().stdout == "['onnx', 'onnxscript', 'onnxruntime'] 2.11.0 2.1.3 7.7.1\n"
    assert install().stdout == "[] 2.11.0 2.1.3 7.7.1\n"


def test_on_colab_a_package_that_wants_another_numpy_is_refused_rather_than_obeyed(colab):
    wheels, install = colab
    wheel(wheels, "onnx", "1.23", needs="numpy>=2.3")
    done = install()
    assert (
        done.returncode != 0
        and "could not be installed beside what this runtime has" in done.stderr
    )
    wheel(wheels, "onnx", "1.23")
    assert install().stdout.endswith("2.11.0 2.1.3 7.7.1\n")


def test_a_runtime_without_torch_is_not_given_another(monkeypatch):
    monkeypatch.setattr(course, "missing", lambda: ["torch", "onnx"])
    with pytest.raises(RuntimeError, match="torch missing"):
        course.install_missing()


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A local repository of the working tree as it is, committed or not: the address a setup cell may clone."""
    place = tmp_path_factory.mktemp("published")
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    for name in files:
        if (ROOT / name).is_file() and not name.startswith("notebooks/"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    author = ["-c", "user.name=course", "-c", "user.email=course@localhost"]
    for command in (["init", "-q"], ["add", "-A"], [*author, "commit", "-q", "-m", "course"]):
        subprocess.run(["git", *command], cwd=place, check=True)
    return place


def test_the_setup_cell_fetches_the_course_into_an_empty_folder_and_may_run_twice(tmp_path, clone):
    cell = stamp.SETUP.format(address="")
    code = f"cell = {cell!r}\nexec(cell, {{}})\nexec(cell, {{}})\nimport lib; print(lib.__file__)"
    environment = {
        **os.environ,
        "COURSE_REPOSITORY": str(clone),
        "COURSE_COLAB": "1",
        "COURSE_BUDGET": "quick",
    }
    for _ in range(2):  # a second kernel in the same folder finds what the first one fetched
        done = subprocess.run(
            [sys.executable, "-I", "-c", code],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("course ready") == 2 and "installed:" not in done.stdout
        assert str(tmp_path / "course" / "lib") in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["course"]


def test_a_lone_notebook_without_an_address_says_what_to_do(tmp_path):
    done = subprocess.run(
        [sys.executable, "-I", "-c", stamp.SETUP.format(address="")],
        cwd=tmp_path,
        env={**os.environ, "COURSE_REPOSITORY": ""},
        capture_output=True,
        text=True,
    )
    assert "open this notebook inside its folder, or set COURSE_REPOSITORY" in done.stderr


# --- the address ------------------------------------------------------------------------------------------------------


def test_every_lesson_has_the_one_setup_cell_and_no_dead_badge():
    address = stamp.address()
    for path in LESSONS:
        before = json.loads(path.read_text())
        assert (
            stamp.stamped(json.loads(path.read_text()), f"notebooks/{path.name}", address) == before
        ), f"{path.name}: run `make stamp`"
        assert ("colab.research" in path.read_text()) == bool(address)


def test_stamping_writes_the_address_everywhere_and_takes_it_out_again():
    lesson = {
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": ["# 3 · Title\n", "text"]},
            {
                "cell_type": "code",
                "metadata": {"tags": ["setup"]},
                "source": ["old"],
                "outputs": [1],
            },
        ]
    }
    url = "https://github.com/someone/course"
    with_address = stamp.stamped(json.loads(json.dumps(lesson)), "notebooks/03_x.ipynb", url)
    assert (
        "colab.research.google.com/github/someone/course/blob/main/notebooks/03_x.ipynb"
        in with_address["cells"][0]["source"][0]
    )
    assert f'"COURSE_REPOSITORY", "{url}"' in "".join(with_address["cells"][1]["source"])
    assert with_address["cells"][1]["outputs"] == [1]
    assert (
        stamp.stamped(json.loads(json.dumps(with_address)), "notebooks/03_x.ipynb", url)
        == with_address
    )
    without = stamp.stamped(with_address, "notebooks/03_x.ipynb", "")
    assert without["cells"][0] == lesson["cells"][0]


@pytest.mark.parametrize(
    "wrong", ["github.com/a/b", "https://example.com/a/b", "https://github.com/only-owner", ""]
)
def test_an_address_that_colab_cannot_open_is_refused(wrong):
    with pytest.raises(ValueError, match="OWNER/NAME"):
        stamp.set_address(wrong)
