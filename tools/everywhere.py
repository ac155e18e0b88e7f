"""Run the course in other places than this one, each built anew and removed afterwards.

    make everywhere                              every place, one after the other
    make everywhere ARGS="colab"                 one place
    make everywhere ARGS="python3.12 --some 'tests/test_losses.py tests/test_pairs.py'"
    make everywhere ARGS="python3.12 --again"    what failed in the record, once more

    colab        tools/colab.txt installed; then the set-up cell downloads the course and adds what
                 is missing, no version that was there may change, and every lesson runs
    python3.11   the tests in a clone of the last commit, set up as a reader does it;
    python3.12   the same for the other Pythons
    python3.13
    elsewhere    blanks and letters beyond ASCII in the paths, a German locale, Kathmandu's time
                 zone, and processes that are spawned
    read-only    no file and no folder of the clone may be written; the cache is outside of it

The results are kept in docs/results/everywhere.json. Linux and macOS.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools import setup, setup_cell

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "docs" / "results" / "everywhere.json"
PLACES = ("colab", "python3.12", "python3.13", "elsewhere", "read-only", "python3.11")
SHOWN = ("torch", "numpy", "ipywidgets")  # packages whose versions are kept
TESTS = ["-q", "-n", "2", "-m", "not slow and not browser", "-p", "no:cacheprovider", "--color=no"]
TESTS += ["--ignore=tests/test_everywhere.py"]  # it reads the record, which this run writes
ALL = "all"
ODD = "Zwölf Gänse 双子"
SPAWN = 'import multiprocessing; multiprocessing.set_start_method("spawn", force=True)\n'
# root may write everywhere, unless this right is taken from it
HELD_TO_RIGHTS = ["setpriv", "--bounding-set=-dac_override"]
OWN = r"VIRTUAL_ENV|PYTHONPATH|PYTHONHOME|PYTEST_\w+|COURSE_(?!SKIP_DISK_CHECK)\w+|MAKE\w*"


def environment(**more: str) -> dict[str, str]:
    """The variables of `make test`, without what the caller set for its own run."""
    own = {key: value for key, value in setup.environment().items() if not re.fullmatch(OWN, key)}
    quick = {"COURSE_BUDGET": "quick", "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}
    return own | quick | more


def call(command: list, folder: Path, variables: dict[str, str], check: bool = True) -> str:
    """What a command prints, which is shown as well; RuntimeError where it fails."""
    print("$", shlex.join(map(str, command)).splitlines()[0][:200], flush=True)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    lines = []
    with subprocess.Popen(
        list(map(str, command)), cwd=folder, env=variables, encoding="utf-8", **pipes
    ) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    if check and process.returncode:
        raise RuntimeError(f"{Path(command[0]).name} ended with status {process.returncode}")
    return "".join(lines)


def interpreter(version: str) -> str:
    """The path of `python3.12` or another: on the search path, or among pyenv's."""
    name = f"python{version}"
    pyenv = (Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/{name}")
    for path in [shutil.which(name), *sorted(map(str, pyenv))]:
        # pyenv puts names on the search path that run only where a version is chosen
        if path and setup.answers([path, "-c", ""], 20):
            return path
    raise RuntimeError(f"{name} is not installed here")


def freeze(python: Path) -> dict[str, str]:
    """Name and version of every package of an environment."""
    command = [python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {package["name"]: package["version"] for package in json.loads(listed)}


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """One line for each package of `before` that `after` lacks or has in another version."""
    return [
        f"{name} {version} -> {after.get(name, 'gone')}"
        for name, version in sorted(before.items())
        if after.get(name) != version
    ]


def versions(python: Path) -> dict[str, str]:
    """The versions that the record shows."""
    command = [python, "-c", "import platform; print(platform.python_version())"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    packages = freeze(python)
    return {"python": said} | {name: packages.get(name, "absent") for name in SHOWN}


# -- places ----------------------------------------------------------------------------------------


def tested(output: str) -> dict:
    """The summary line and the failed tests of what pytest printed."""
    ends = re.findall(r"(?m)^=*\s*((?:\d+ \w+(?:, )?)+ in [\d.]+s)", output)
    failed = re.findall(r"(?m)^(?:FAILED|ERROR) (\S+)", output)
    if not ends:
        return {"summary": "pytest gave no summary", "failed": ["pytest"]}
    return {"summary": ends[-1], "failed": failed}


def clone(folder: Path) -> Path:
    """The last commit, in `folder`/course."""
    command = ["git", "clone", "--quiet", "--no-hardlinks", ROOT, folder / "course"]
    call(command, folder, environment())
    return folder / "course"


def run_tests(place: str, folder: Path, some: str) -> dict:
    """Set the course up in a clone, as a reader does, and run its tests."""
    variables = environment()
    if place == "elsewhere":
        folder = folder / ODD
        (folder / "tmp").mkdir(parents=True)
        variables |= {"TZ": "Asia/Kathmandu", "TMPDIR": str(folder / "tmp")} | german(folder)
    course = clone(folder)
    other = place.startswith("python")
    base = interpreter(place.removeprefix("python")) if other else sys.executable
    call([base, "tools/setup.py"], course, variables)
    python = course / ".venv" / "bin" / "python"
    if place == "elsewhere":
        (packages,) = (course / ".venv" / "lib").glob("python*/site-packages")
        (packages / "spawn.pth").write_text(SPAWN, encoding="utf-8")
    before = versions(python)
    part = shlex.split(some) if some != ALL else []
    command = [python, "-m", "pytest", *TESTS, *part]
    if place == "read-only":
        variables["COURSE_CACHE"] = str(folder / "cache")
        set_writable(course, False)
        command = (HELD_TO_RIGHTS if os.geteuid() == 0 else []) + command
    try:
        return before | tested(call(command, course, variables, check=False))
    finally:
        if place == "read-only":
            set_writable(course, True)


def german(folder: Path) -> dict[str, str]:
    """The variables of a German locale, which is made where glibc's tool for it is there."""
    made = shutil.which("localedef") and setup.answers(
        ["localedef", "-i", "de_DE", "-f", "UTF-8", str(folder / "de_DE.UTF-8")], 60
    )
    if not made:
        return {"LC_ALL": "C", "LANG": "C"}
    return {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "LOCPATH": str(folder)}


def set_writable(folder: Path, writable: bool) -> None:
    """Give or take the right to write a folder and what is in it.

    In .venv only folders: uv's cache and other environments share the files.
    """
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink() and (path.is_dir() or ".venv" not in path.parts):
            mode = path.stat().st_mode
            path.chmod(mode | 0o200 if writable else mode & ~0o222)


def lessons_run(paths: list[Path]) -> dict:
    """How many of these notebooks ran: one that did not is left as it was, run with more data."""
    budgets = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))["metadata"]["course"]["budget"]
        for path in paths
    }
    failed = [name for name, budget in budgets.items() if budget != "quick"]
    count = len(paths)
    return {"summary": f"{count - len(failed)} of {count} lessons ran", "failed": failed}


def run_lessons(_: str, folder: Path, some: str) -> dict:
    """An environment like Colab's; the set-up cell in it; then every lesson."""
    venv, python = folder / "venv", folder / "venv" / "bin" / "python"
    uv = [sys.executable, "-m", "uv"]
    variables = environment(COURSE_COLAB="1", COURSE_REPOSITORY=ROOT.as_uri())
    call([*uv, "venv", "-q", "--seed", "--python", interpreter("3.13"), venv], folder, variables)
    install = [*uv, "pip", "install", "-q", "--only-binary=:all:", *setup.torch_options()]
    listed = ["--python", python, "-r", ROOT / "tools" / "colab.txt"]
    call([*install, *listed], folder, variables)
    before = freeze(python)
    call([python, "-c", setup_cell.SOURCE], folder, variables)
    course = folder / "course"
    part = shlex.split(some) if some != ALL else sorted(course.glob("notebooks/[0-9]*.ipynb"))
    command = [python, "-m", "tools.notebooks", "run", *part, "--budget", "quick"]
    call(command, course, variables, check=False)
    found = versions(python) | lessons_run([course / path for path in part])
    after = freeze(python)
    added = sorted(f"{name} {version}" for name, version in after.items() if name not in before)
    return found | {"changed": changed(before, after), "added": added}


def repeat(row: dict, place: str, keep: bool = False) -> dict:
    """The row of a place after its failed tests ran once more; it keeps both summaries."""
    if not row["failed"]:
        return row
    again = visit(place, " ".join(map(shlex.quote, row["failed"])), keep)
    return row | {"failed": again["failed"], "again": f"{again['part']}: {again['summary']}"}


def visit(place: str, some: str = ALL, keep: bool = False) -> dict:
    """Build a place, run the course there, remove the place; returns its row of the record."""
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="everywhere-")).resolve()
    try:
        found = (run_lessons if place == "colab" else run_tests)(place, folder, some)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        found = {"summary": f"not run: {error}".replace(str(folder), "…"), "failed": [place]}
    finally:
        if keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    given = place if some == ALL else f"{place} --some {shlex.quote(some)}"
    seconds = round(time.monotonic() - started)
    return (
        {"command": f'make everywhere ARGS="{given}"', "part": some} | found | {"seconds": seconds}
    )


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make everywhere",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("places", nargs="*", metavar="place", help=", ".join(PLACES))
    parser.add_argument("--some", default=ALL, help="only these tests (colab: these notebooks)")
    parser.add_argument("--again", action="store_true", help="only what failed in the record")
    parser.add_argument("--keep", action="store_true", help="do not remove the places")
    options = parser.parse_args(given)
    if unknown := set(options.places) - set(PLACES):
        parser.error(f"no such place: {', '.join(sorted(unknown))}; known are {', '.join(PLACES)}")
    options.places = options.places or list(PLACES)
    return options


def main(given: list[str] | None = None) -> int:
    options = arguments(given)
    failed = False
    for place in options.places:
        record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
        if options.again and place not in record:
            raise SystemExit(f"{RECORD.name} has no row of {place}: run it without --again first")
        if options.again:
            row = repeat(record[place], place, options.keep)
        else:
            row = visit(place, options.some, options.keep)
        record[place] = row
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
        RECORD.write_text(text, encoding="utf-8")
        print(f"{place}: {row['summary']}, {row['seconds']} s", flush=True)
        failed = failed or bool(row["failed"] or row.get("changed"))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
