"""Where the course runs: paths, budget, seed, device, and a check of the environment that says how to mend what it finds.

Everything else in `lib` may import this module; it imports nothing of `lib`, and torch only when a function needs it, so that
the check can also speak where torch is missing.
"""

import importlib.util
import os
import random
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
FREE_GIB = 2  # what the data sets and a training run need at most

# What a lesson imports, and the package that brings it. On Colab all but the last two are there already.
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
    "onnx": "onnx",
    "onnxscript": "onnxscript",
    "onnxruntime": "onnxruntime",
}
NEVER_TOUCHED = {
    "torch",
    "torchvision",
    "numpy",
    "ipywidgets",
}  # a second version of these breaks a running Colab
MOBILE = {"litert_torch": "litert-torch", "executorch": "executorch"}

T = TypeVar("T")


def cache_dir() -> Path:
    """Folder for downloads and rendered data, made on first use. `COURSE_CACHE` moves it."""
    path = Path(os.environ.get("COURSE_CACHE") or ROOT / "data" / "cache")
    path.mkdir(parents=True, exist_ok=True)
    return path


def budget() -> str:
    """`full`, what a reader gets, or `quick`, what the tests use (environment variable `COURSE_BUDGET`)."""
    value = os.environ.get("COURSE_BUDGET", "full")
    if value not in ("quick", "full"):
        raise ValueError(f"COURSE_BUDGET is {value!r}; it must be 'quick' or 'full'")
    return value


def by_budget(*, quick: T, full: T) -> T:
    """The one of two values that fits the budget, for example `steps = by_budget(quick=50, full=600)`."""
    return quick if budget() == "quick" else full


def device():
    """The best device there is: CUDA, else Apple's MPS, else the CPU. `COURSE_DEVICE` overrides it."""
    import torch

    if os.environ.get("COURSE_DEVICE"):
        return torch.device(os.environ["COURSE_DEVICE"])
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def seed_everything(seed: int = 0) -> None:
    """Seed Python, NumPy and torch, so that a lesson run twice on one machine shows the same figures."""
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def missing(packages: dict[str, str] = NEEDED) -> list[str]:
    """Names of the packages among `packages` (module -> package) that cannot be imported here."""
    return [
        package for module, package in packages.items() if importlib.util.find_spec(module) is None
    ]


def install_missing() -> list[str]:
    """Install what is missing, and nothing else: versions already here stay as they are. Returns the packages installed."""
    packages = missing()
    broken = sorted(NEVER_TOUCHED & set(packages))
    if broken:
        raise RuntimeError(
            f"{', '.join(broken)} missing; the course does not install these into a running notebook. "
            "Choose a runtime that has them, or follow the two commands of the README on your own machine."
        )
    if packages:
        # Pins on everything already installed: pip may add, never replace.
        pins = cache_dir() / "installed.txt"
        pins.write_text(
            "".join(sorted(f"{found.name}=={found.version}\n" for found in distributions()))
        )
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "-c", str(pins), *packages],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(
                f"{', '.join(packages)} could not be installed beside what this runtime has:\n{done.stderr.strip()[-800:]}"
            )
        importlib.invalidate_caches()
    return packages


def on_colab() -> bool:
    """True in a Google Colab runtime (or where a test sets `COURSE_COLAB=1`)."""
    return os.environ.get("COURSE_COLAB") == "1" or "COLAB_RELEASE_TAG" in os.environ


def start(seed: int = 0) -> None:
    """What every lesson's setup cell calls: on Colab add what is missing, then seed, then set the figures' style."""
    if on_colab() and (added := install_missing()):
        print("installed:", ", ".join(added))
    seed_everything(seed)
    from lib import plots

    plots.use_course_style()
    print(f"course ready: {device().type}, budget {budget()}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "present"


def check() -> bool:
    """Print one `[OK]` or `[FAIL]` line a requirement, each failure with its fix. Returns True when nothing failed."""
    results: list[tuple[bool, str, str]] = []
    results.append(
        (
            sys.version_info >= OLDEST_PYTHON,
            f"Python {sys.version_info.major}.{sys.version_info.minor}",
            "install Python 3.11 or newer, delete .venv, and run `make lab` again",
        )
    )
    absent = set(missing())
    for package in NEEDED.values():
        ok = package not in absent
        results.append(
            (
                ok,
                f"{package} {_version(package)}" if ok else package,
                f"run `make lab` again, or `pip install {package}`",
            )
        )
    free = shutil.disk_usage(cache_dir()).free / 2**30
    enough = free >= FREE_GIB
    results.append(
        (
            enough,
            f"disk: {'at least' if enough else 'less than'} {FREE_GIB} GiB free",
            "free some space, or set COURSE_CACHE to a larger disk",
        )
    )
    if "torch" not in absent:
        results.append((True, f"device: {device().type}", ""))
    for ok, what, fix in results:
        print(f"[OK]   {what}" if ok else f"[FAIL] {what}: {fix}")
    for package in missing(MOBILE):
        print(
            f"[--]   {package}: only needed in lesson 11, `pip install -r requirements-mobile.txt`"
        )
    return all(ok for ok, _, _ in results)


if __name__ == "__main__":
    sys.exit(0 if check() else 1)
