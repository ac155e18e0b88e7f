"""Rendered sets are made once and kept: one .npz a set, without pickle, written whole or not at all.

    cached("glyphs", {"size": 28, "seed": 0}, sources=[__file__], make=lambda: ImageSet(...)) -> ImageSet

The file's name is a fingerprint of the options and of the source code that draws, so neither can go stale.
"""

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from lib.course import cache_dir
from lib.data import ImageSet

DAMAGED = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)


def cached(
    name: str, options: dict, sources: Sequence[str], make: Callable[[], ImageSet]
) -> ImageSet:
    """The set that `make()` renders: from the cache where it is there and whole, else made and stored.

    options  plain values that the set depends on
    sources  files whose code it depends on
    """
    path = path_of(name, options, sources)
    if path.exists():
        try:
            return read(path)
        except DAMAGED:
            path.unlink()  # a damaged file is no file
    images = make()
    write(path, images)
    return images


def path_of(name: str, options: dict, sources: Sequence[str]) -> Path:
    """Where `cached` keeps this set."""
    text = json.dumps(options, sort_keys=True).encode() + b"".join(
        Path(source).read_bytes() for source in sources
    )
    return cache_dir() / f"{name}-{hashlib.sha256(text).hexdigest()[:16]}.npz"


def write(path: Path, images: ImageSet) -> None:
    """Store a set under a temporary name and rename it: a reader finds the whole file or none."""
    arrays = {
        "images": images.images,
        "identity": images.identity,
        "genuine": images.genuine,
        "names": np.array(images.names),
        **{f"extra_{key}": value for key, value in images.extra.items()},
    }
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read(path: Path) -> ImageSet:
    """A stored set; every array's checksum is compared first.

    raises  one of `DAMAGED` where the file is not what was written
    """
    with zipfile.ZipFile(path) as archive:
        if (broken := archive.testzip()) is not None:
            raise zipfile.BadZipFile(f"{broken} in {path} is damaged")
    with np.load(path, allow_pickle=False) as stored:
        arrays = dict(stored)
    extra = {key.removeprefix("extra_"): arrays[key] for key in arrays if key.startswith("extra_")}
    return ImageSet(
        arrays["images"],
        arrays["identity"],
        arrays["genuine"],
        tuple(arrays["names"].tolist()),
        extra,
    )
