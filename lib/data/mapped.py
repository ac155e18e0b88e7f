"""Pixels of more than memory should hold lie in a file: the system reads the pages that are used.

A mapped array is a NumPy array that cannot be written to. Pages in use count as resident memory;
the system takes them back where memory runs short.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from lib.course import cache_dir
from lib.data.download import explained_write_errors
from lib.data.files import atomic_file, only_one

IN_MEMORY = 2**28  # bytes of pixels up to which a set lies in memory: 7,100 RGB images of 112x112
BLOCK = 1024  # images that are copied at once


def is_large(count: int, shape: tuple[int, ...]) -> bool:
    """True where `count` uint8 images of `shape` are more than memory should hold."""
    return count * int(np.prod(shape)) > IN_MEMORY


def select(images: np.ndarray, index: np.ndarray) -> np.ndarray:
    """`images[index]`; a large part of mapped images is mapped too, from a file without a name.

    The file disappears with the array. Images in memory stay in memory.
    """
    shape = images.shape[1:]
    if not isinstance(images, np.memmap) or not is_large(len(index), shape):
        return images[index]
    folder = cache_dir()
    with explained_write_errors(folder), tempfile.TemporaryFile(dir=folder) as file:
        _check_space(folder, len(index) * int(np.prod(shape)))
        for start in range(0, len(index), BLOCK):
            file.write(images[index[start : start + BLOCK]].tobytes())
        file.flush()
        return np.memmap(file, np.uint8, "r", shape=(len(index), *shape))


def keep(
    path: Path, count: int, shape: tuple[int, ...], make: Callable[[], Iterable[np.ndarray | None]]
) -> tuple[np.ndarray, np.ndarray]:
    """Mapped pixels of the file `path`, which is written first where it is missing or cut short.

    Only the user who writes the file can read it. Behind the pixels it holds which images exist.

    make     `count` images, uint8 of `shape`, or None in the place of one that cannot be read
    returns  (images (M, *shape), exists bool (count,) with M times True)
    """
    row = int(np.prod(shape))
    with explained_write_errors(path):
        exists = _exists(path, count, row)
        if exists is None:
            with only_one(path):
                exists = _exists(path, count, row)  # another process may have been here
                exists = _write(path, count, row, make) if exists is None else exists
        there = int(exists.sum())
        # NumPy cannot map nothing.
        images = np.memmap(path, np.uint8, "r", shape=(there, *shape)) if there else np.empty(0)
    return images, exists


def _exists(path: Path, count: int, row: int) -> np.ndarray | None:
    """Which of `count` images of `row` bytes a file holds; None where it is absent or cut short."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        length = file.seek(0, os.SEEK_END)
        file.seek(max(length - count, 0))
        exists = np.frombuffer(file.read(count), dtype=bool)
    return exists if length == int(exists.sum()) * row + count else None


def _write(path: Path, count: int, row: int, make: Callable[[], Iterable]) -> np.ndarray:
    exists = np.zeros(count, dtype=bool)
    with atomic_file(path, private=True) as file:
        _check_space(path.parent, count * (row + 1))
        for number, image in enumerate(make()):
            if image is not None:
                exists[number] = True
                file.write(image.tobytes())
        file.write(exists.tobytes())
    return exists


def _check_space(folder: Path, needed: int) -> None:
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
