"""Set-up: the lists of packages, tools/setup.py, the environment check, Colab, the set-up cell."""

import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import pytest
import yaml

from lib import course
from lib.plots.palette import DIFFERENT, FORGERY, OTHERS, SAME
from tools import setup, setup_cell, stamp

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
LISTS = ("requirements.txt", "requirements-mobile.txt", "requirements-site.txt")
GIT = ["git", "-c", "user.name=course", "-c", "user.email=course@localhost"]
posix = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def cells(lesson: Path) -> list[dict]:
    return json.loads(read(lesson))["cells"]


# --- one list of packages -------------------------------------------------------------------------


def normal(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def listed(file: str) -> set[str]:
    """Package names in a requirements file."""
    lines = (line.split("#")[0].strip() for line in read(ROOT / file).splitlines())
    return {normal(re.match(r"[\w.-]+", line)[0]) for line in lines if line}


def test_pyproject_and_conda_read_the_one_list():
    project = tomllib.loads(read(ROOT / "pyproject.toml"))
    dynamic = project["tool"]["setuptools"]["dynamic"]
    assert dynamic["dependencies"] == {"file": ["requirements.txt"]}
    assert dynamic["optional-dependencies"] == {
        "mobile": {"file": ["requirements-mobile.txt"]},
        "site": {"file": ["requirements-site.txt"]},
    }
    assert set(project["project"]["dynamic"]) == {"dependencies", "optional-dependencies"}
    conda = yaml.safe_load(read(ROOT / "environment.yml"))["dependencies"]
    assert conda[-1] == {
        "pip": ["-c constraints.txt", "-r requirements.txt", "-r requirements-mobile.txt"]
    }
    assert all(not isinstance(entry, str) or re.match(r"python|pip$", entry) for entry in conda)


def test_constraints_pin_every_listed_package_inside_its_range():
    from packaging.requirements import Requirement

    pins = dict(re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", read(ROOT / "constraints.txt")))
    pins = {normal(name): pin for name, pin in pins.items()}
    for file in LISTS:
        for line in read(ROOT / file).splitlines():
            if line := line.split("#")[0].strip():
                need = Requirement(line)
                pin = pins[normal(need.name)]
                assert need.specifier.contains(pin), f"{line}: constraints.txt has {pin}"


def test_what_is_installed_alone_is_pinned_in_one_way_and_never_imported():
    lines = (line.split("#")[0].strip() for line in read(ROOT / setup.ALONE).splitlines())
    assert [line for line in lines if line] == list(course.ALONE.values())
    assert setup.ALONE in setup.LISTS and setup.ALONE in read(ROOT / "environment.yml")
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", pinned) for pinned in course.ALONE.values())
    for where, source in sources():
        assert not imported(source) & set(course.ALONE), where


def sources() -> list[tuple[str, str]]:
    """(where, Python source) of modules, tests, tools, and of each lesson's code cells."""
    paths = [path for room in ("lib", "tests", "tools") for path in (ROOT / room).rglob("*.py")]
    found = [(str(path.relative_to(ROOT)), read(path)) for path in sorted(paths)]
    for lesson in LESSONS:
        code = ["".join(cell["source"]) for cell in cells(lesson) if cell["cell_type"] == "code"]
        python = [re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", text) for text in code]
        found.append((lesson.name, "\n".join(python)))
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
    ours = {"lib", "tools", "tests", *(path.stem for path in (ROOT / "tests").rglob("*.py"))}
    for where, source in sources():
        for module in imported(source) - set(sys.stdlib_module_names) - ours - {"google"}:
            packages = {normal(package) for package in owner.get(module, [module])}
            assert packages & allowed, f"{where} imports {module}: no list has {packages}"


def test_git_ignores_no_file_of_the_course():
    kept = ["lib/course.py", "lib/data/__init__.py", "data/README.md", "data/course_model.pt"]
    kept += ["tests/conftest.py", "docs/x.png"]
    ignored = subprocess.run(
        ["git", "check-ignore", *kept], cwd=ROOT, capture_output=True, text=True
    )
    assert ignored.stdout == ""


# --- tools/setup.py -------------------------------------------------------------------------------


def test_an_old_python_can_read_the_set_up():
    new = (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.Match)
    assert not [
        node for node in ast.walk(ast.parse(read(Path(setup.__file__)))) if isinstance(node, new)
    ]


def test_set_up_without_a_registry_says_so_and_is_not_marked_as_done(tmp_path):
    (tmp_path / "tools").mkdir()
    shutil.copy(setup.__file__, tmp_path / "tools")
    for name in setup.LISTS:
        shutil.copy(ROOT / name, tmp_path)
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "UV_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_FIND_LINKS": str(tmp_path),
        "COURSE_SKIP_DISK_CHECK": "1",
    }
    done = subprocess.run(
        [sys.executable, "tools/setup.py"],
        cwd=tmp_path,
        env={**os.environ, **nowhere},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "registry could not be reached" in done.stderr
    assert not (tmp_path / ".venv" / "course-installed").exists()


def test_set_up_refuses_an_old_python_in_words(monkeypatch):
    monkeypatch.setattr(setup.sys, "version_info", (3, 9, 1))
    words = "this is Python 3.9; the course needs Python 3.11 or newer"
    with pytest.raises(SystemExit, match=words):
        setup.main()


def test_set_up_refuses_a_full_disk_in_words(monkeypatch, tmp_path):
    monkeypatch.setattr(setup, "STAMP", str(tmp_path / "none"))
    monkeypatch.setattr(setup.shutil, "disk_usage", lambda path: SimpleNamespace(free=2**30))
    monkeypatch.delenv("COURSE_SKIP_DISK_CHECK", raising=False)
    with pytest.raises(SystemExit, match="1.0 GiB free on this disk, 9 needed"):
        setup.main()


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("could not install packages: [errno 28] no space left on device", "disk is full"),
        ("failed to fetch: dns error: failed to lookup address", "registry could not be reached"),
        ("error: no matching distribution found for torch", "No package fits this machine"),
        ("something new", "The lines above say why"),
    ],
)
def test_a_failed_installation_is_explained(output, words):
    assert words in setup.explain(output)


def script(path: Path, text: str) -> None:
    """An executable shell script."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def stand_ins(tmp_path, monkeypatch):
    """`tools/setup.py` with a Python that installs nothing, writes down its arguments, and fails
    where they match a pattern. Called with the patterns and nvidia-smi's status; returns a label
    for each command that set-up gave."""
    labels = {
        r"venv": "venv",
        r"pip install .* uv$": "uv",
        r"uv pip compile .*--torch-backend=cpu": "ask for CPU builds",
        r"uv pip install .*--torch-backend=cpu .*mobile.txt": "install CPU builds",
        r"uv pip install .*mobile.txt": "install the registry's",
        r"uv pip install .*--no-deps -r requirements-alone.txt$": "alone",
        r"pip install .*mobile.txt": "pip",
        r"pip install .*--no-deps -r requirements-alone.txt$": "pip alone",
    }

    def run(fails: str, nvidia: int) -> list[str]:
        log, python = tmp_path / "log", tmp_path / "python"
        script(python, f'echo "$*" >> {log}\ncase "$*" in {fails}) exit 1;; esac')
        script(tmp_path / "nvidia-smi", f"exit {nvidia}")
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("COURSE_SKIP_DISK_CHECK", "1")
        monkeypatch.delenv("UV_TORCH_BACKEND", raising=False)
        monkeypatch.setattr(setup, "PYTHON", str(python))
        monkeypatch.setattr(setup, "STAMP", str(tmp_path / "stamp"))
        monkeypatch.setattr(setup.sys, "executable", str(python))
        monkeypatch.setattr(setup.sys, "platform", "linux")
        setup.main()
        setup.main()  # done once: the second call gives no command
        return [
            next(label for sign, label in labels.items() if re.search(sign, line))
            for line in log.read_text().splitlines()
        ]

    return run


@posix
@pytest.mark.parametrize(
    ("fails", "nvidia", "commands"),
    [
        ("nothing", 1, ["uv", "ask for CPU builds", "install CPU builds", "alone"]),
        ("nothing", 0, ["uv", "install the registry's", "alone"]),
        ("*compile*", 1, ["uv", "ask for CPU builds", "install the registry's", "alone"]),
        (
            "*pip\\ install*cpu*",
            1,
            ["uv", "ask for CPU builds", "install CPU builds", "install the registry's", "alone"],
        ),
        (
            "*-m\\ uv*",
            1,
            ["uv", "ask for CPU builds", "install the registry's", "pip", "pip alone"],
        ),
        ("*-m\\ uv*alone*", 0, ["uv", "install the registry's", "alone", "pip", "pip alone"]),
        ("*\\ uv", 1, ["uv", "pip", "pip alone"]),
    ],
)
def test_set_up_tries_the_small_torch_then_the_registry_s_then_pip(
    stand_ins, fails, nvidia, commands
):
    assert stand_ins(fails, nvidia) == ["venv", *commands]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the registry's torch is small")
def test_an_index_that_stays_silent_is_given_up(tmp_path, monkeypatch, capsys):
    pytest.importorskip("uv")
    script(tmp_path / "nvidia-smi", "exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    monkeypatch.delenv("UV_TORCH_BACKEND", raising=False)
    monkeypatch.setattr(setup, "PYTHON", sys.executable)
    monkeypatch.setattr(setup, "INDEX_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        assert setup.torch_options() == []
    assert time.monotonic() - begun < 5
    assert "That index cannot be reached" in capsys.readouterr().out


# --- python -m lib.course -------------------------------------------------------------------------


def test_the_check_names_a_missing_package_and_its_fix(capsys):
    assert course.check({"torch": "torch", "no_such_module": "no-such-package"}) is False
    out = capsys.readouterr().out
    assert "[FAIL] no-such-package: run `make lab` again, or `pip install no-such-package`" in out
    assert "[OK]   torch" in out


def test_the_check_says_how_to_install_what_is_installed_alone(monkeypatch, capsys):
    monkeypatch.setattr(course, "ALONE", {"no_such_module": "no-such-package==1.2"})
    assert course.check({"torch": "torch"}) is False
    fix = "[FAIL] no-such-package: run `make lab` again, or `pip install --no-deps no-such-package"
    assert f"{fix}==1.2`" in capsys.readouterr().out


def test_the_check_runs_where_torch_is_missing(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert course.check() is False
    out = capsys.readouterr().out
    assert "[FAIL] torch: run `make lab` again" in out
    assert "device" not in out


def test_the_check_passes_here(capsys):
    assert course.check() is True
    assert "[FAIL]" not in capsys.readouterr().out


def test_an_unknown_budget_is_refused(monkeypatch):
    monkeypatch.setenv("COURSE_BUDGET", "fast")
    with pytest.raises(ValueError, match="must be 'quick' or 'full'"):
        course.budget()


def test_the_figure_style_has_the_colours_of_the_palette():
    style = matplotlib.rc_params_from_file(course.FIGURE_STYLE, use_default_template=False)
    colours = style["axes.prop_cycle"].by_key()["color"]
    assert colours == [SAME, DIFFERENT, OTHERS[0], FORGERY, *OTHERS[1:3]]


# --- Colab ----------------------------------------------------------------------------------------


def wheel(folder: Path, name: str, release: str, needs: str = "", module: str = "") -> None:
    """A package of one empty module, as a wheel."""
    file = name.replace("-", "_")
    module = module or file
    info = f"{file}-{release}.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {release}\n"
    if needs:
        about += f"Requires-Dist: {needs}\n"
    tag = "Wheel-Version: 1.0\nGenerator: course\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(folder / f"{file}-{release}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{module}/__init__.py", "")
        archive.writestr(f"{info}/METADATA", about)
        archive.writestr(f"{info}/WHEEL", tag)
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def colab(tmp_path):
    """A bare environment like Colab's, with torch 2.11, numpy 2.1.3 and ipywidgets 7.7.1 but
    without onnx and the face finder, and a folder of wheels. Returns that folder and
    `install_missing` run in it."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    (python,) = (tmp_path / "venv").glob("[bS]*/python" + (".exe" if os.name == "nt" else ""))
    where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(where, capture_output=True, text=True).stdout.strip())
    releases = {"torch": "2.11.0", "numpy": "2.1.3", "ipywidgets": "7.7.1"}
    for module, package in course.NEEDED.items():
        if not module.startswith("onnx"):
            release = releases.get(package, "1.0")
            (site / module).mkdir()
            (site / module / "__init__.py").write_text("")
            info = site / f"{package.replace('-', '_')}-{release}.dist-info"
            info.mkdir()
            about = f"Metadata-Version: 2.1\nName: {package}\nVersion: {release}\n"
            (info / "METADATA").write_text(about)
    for name, release in (("numpy", "2.4.6"), ("onnxscript", "0.7"), ("onnxruntime", "1.32")):
        wheel(wheels, name, release)
    for module, pinned in course.ALONE.items():
        wheel(wheels, *pinned.split("=="), needs="tensorflow", module=module)

    def install() -> subprocess.CompletedProcess:
        code = (
            "from lib import course; from importlib.metadata import version as v\n"
            "print(course.install_missing(), v('torch'), v('numpy'), v('ipywidgets'))"
        )
        environment = {
            **{name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ},
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


def test_on_colab_missing_packages_are_added_and_no_other_is_replaced(colab):
    wheels, install = colab
    wheel(wheels, "onnx", "1.23", needs="numpy>=2.3")
    refused = install()
    assert refused.returncode != 0
    assert "could not be installed beside what this runtime has" in refused.stderr
    wheel(wheels, "onnx", "1.23")
    added = ["onnx", "onnxscript", "onnxruntime", *course.ALONE.values()]
    assert install().stdout == f"{added} 2.11.0 2.1.3 7.7.1\n"
    assert install().stdout == "[] 2.11.0 2.1.3 7.7.1\n"


def test_a_runtime_without_torch_is_not_given_another():
    with pytest.raises(RuntimeError, match="torch missing"):
        course.install_missing({"torch_that_is_not_here": "torch"})


# --- the set-up cell ------------------------------------------------------------------------------


def commit(folder: Path, files: dict[str, str]) -> None:
    """Make `folder` a git repository that holds `files`."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "course"]):
        subprocess.run([*GIT, *command], cwd=folder, check=True)


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    """The address of a bare repository with a small course, which prints where it was started."""
    place = tmp_path_factory.mktemp("published")
    small = "def start(): print('started', __file__)\n"
    commit(place / "work", {"lib/course.py": small, "lib/data.py": ""})
    subprocess.run([*GIT, "clone", "-q", "--bare", "work", "course.git"], cwd=place, check=True)
    return (place / "course.git").as_uri()


def run_cell(folder: Path, address: str = "", **environment: str) -> subprocess.CompletedProcess:
    """The set-up cell, run in `folder` by a Python that sees nothing of this course."""
    return subprocess.run(
        [sys.executable, "-I", "-c", setup_cell.source()],
        cwd=folder,
        env={**os.environ, "COURSE_REPOSITORY": address, **environment},
        capture_output=True,
        text=True,
    )


def test_the_cell_downloads_the_course_into_an_empty_folder_once(tmp_path, address):
    for _ in range(2):
        done = run_cell(tmp_path, address)
        assert done.stdout == f"started {tmp_path / 'course' / 'lib' / 'course.py'}\n", done.stderr
        (tmp_path / "course" / "mine.txt").write_text("a second download would delete this")
    assert [path.name for path in tmp_path.iterdir()] == ["course"]
    assert (tmp_path / "course" / "mine.txt").exists()


def test_a_tilde_in_the_address_is_the_home_folder(tmp_path, address):
    home = str(Path(address.removeprefix("file://")).parent)
    done = run_cell(tmp_path, "~/course.git", HOME=home, USERPROFILE=home)
    assert done.stdout == f"started {tmp_path / 'course' / 'lib' / 'course.py'}\n", done.stderr


@pytest.mark.parametrize("below", [".", "notebooks", "notebooks/deeper"])
def test_the_cell_finds_the_course_that_it_is_in(tmp_path, below):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "course.py").write_text("def start(): print('started', __file__)\n")
    (tmp_path / below).mkdir(parents=True, exist_ok=True)
    assert run_cell(tmp_path / below).stdout == f"started {tmp_path / 'lib' / 'course.py'}\n"


def test_on_colab_the_cell_starts_the_real_course(tmp_path):
    real = ("lib/__init__.py", "lib/course.py", "lib/course.mplstyle")
    commit(tmp_path / "published", {name: read(ROOT / name) for name in real})
    (tmp_path / "content").mkdir()
    there = (tmp_path / "published").as_uri()
    done = run_cell(tmp_path / "content", there, COURSE_COLAB="1", COURSE_BUDGET="quick")
    assert done.stdout.startswith("course ready: "), done.stderr  # and nothing was installed


def test_without_a_course_and_an_address_the_cell_says_what_to_do(tmp_path):
    words = "Open this notebook in the course's folder, or set COURSE_REPOSITORY."
    assert words in run_cell(tmp_path).stderr


def test_a_wrong_address_is_named_with_git_s_words(tmp_path):
    wrong = (tmp_path / "nobody").as_uri()
    last = run_cell(tmp_path, wrong).stderr.split("RuntimeError: ")[-1]
    assert f"No course here: check {wrong}, then run this cell again." in last
    assert "git: fatal: " in last
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", [".git/config", "notes.txt"], ids=["half a clone", "a folder"])
def test_a_folder_in_the_way_is_named_and_kept(tmp_path, address, file):
    mine = tmp_path / "course" / file
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    last = run_cell(tmp_path, address).stderr.split("RuntimeError: ")[-1]
    assert f"{tmp_path / 'course'} is in the way; rename or delete it" in last
    assert "git: fatal: destination path" in last
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]
    assert mine.read_text() == "mine"


def test_the_cell_is_short():
    lines = setup_cell.SOURCE.splitlines()
    assert lines[0] == "#@title Set-up", "Colab shows this line in place of the code"
    assert len([line for line in lines if line and not line.startswith("#")]) <= 15
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_every_lesson_has_the_set_up_cell_as_one_collapsed_line(lesson):
    (cell,) = (cell for cell in cells(lesson) if "setup" in cell["metadata"].get("tags", []))
    assert "".join(cell["source"]) == setup_cell.source(stamp.address())
    assert cell["metadata"] == setup_cell.METADATA


def test_the_first_figure_needs_few_faces():
    """600 faces take about 3 s on two cores; the first figure is to stand within 60 s."""
    drawn = 0
    for cell in cells(LESSONS[0]):
        text = "".join(cell["source"]) if cell["cell_type"] == "code" else ""
        for call in re.findall(r"load\(\s*\"synthetic-faces\"[^)]*\)", text):
            count = {word.arg: word.value.value for word in ast.parse(call).body[0].value.keywords}
            drawn += count["identities"] * count["images"]
        if "plots.show(" in text:
            break
    assert 0 < drawn <= 2000


# --- the published address ------------------------------------------------------------------------


def test_no_lesson_has_a_badge_without_an_address():
    for lesson in LESSONS:
        assert ("colab.research" in read(lesson)) == bool(stamp.address())


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
