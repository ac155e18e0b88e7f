"""What the tests share: the quick budget, the real archives where they are, one cache."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("COURSE_BUDGET", "quick")
os.environ.setdefault("MPLBACKEND", "agg")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real archives: `COURSE_REAL_DATA`, else `../shared/data`.

    Skips, with the reason, where it is absent.
    """
    folder = Path(os.environ.get("COURSE_REAL_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "sigcomp2011").is_dir():
        pytest.skip(
            "real archives absent: set COURSE_REAL_DATA to a folder that holds sigcomp2011/, lfw/ "
            "and omniglot/ as their publishers ship them"
        )
    return folder


@pytest.fixture(autouse=True)
def scratch_cache(tmp_path_factory, monkeypatch) -> None:
    """Synthetic sets are rendered once a test run, away from the reader's own cache.

    Under pytest-xdist all workers share one cache: their temporary folders have one parent.
    """
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    monkeypatch.setenv("COURSE_CACHE", os.environ.get("COURSE_TEST_CACHE") or str(base / "cache"))
