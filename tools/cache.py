"""Arrays that a measurement keeps in the cache: a run that was stopped goes on from them."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lib import course
from lib.data.files import write_atomically


def results_folder() -> Path:
    """Where tools.results keeps what it trained and computed."""
    return course.cache_dir() / "results"


def cached_array(path: Path, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """The array in a file; what `compute` returns is stored there first if there is no file."""
    if not path.exists():
        content = io.BytesIO()
        np.save(content, compute())
        write_atomically(path, content.getvalue())
    return np.load(path)
