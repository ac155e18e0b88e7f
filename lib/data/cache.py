"""Rendered sets are made once and kept: one .npz a set, without pickle, written atomically.

    cached("glyphs", {"size": 28, "seed": 0}, sources=[__file__], make=lambda: ImageSet(...))

The file's name holds a hash of the options and of the source code that draws.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from lib.course import cache_dir
from lib.data.download import explained_write_errors
from lib.data.files import only_one, write_atomically
from lib.data.image_set import ImageSet


def cached(
    name: str, options: dict, sources: Sequence[str], make: Callable[[], ImageSet]
) -> ImageSet:
    """The set that `make()` renders, from the cache where a whole file is there.

    options, sources  plain values, and files of code, that the set depends on
    """
    code = b"".join(Path(source).read_bytes() for source in sources)
    key = hashlib.sha256(json.dumps(options, sort_keys=True).encode() + code).hexdigest()
    path = cache_dir() / f"{name}-{key[:16]}.npz"
    with suppress(Exception):  # of many kinds where the file is damaged; or it is not there
        return read(path)
    with explained_write_errors(path), only_one(path):
        with suppress(Exception):  # another process may have rendered it in the meantime
            return read(path)
        images = make()
        write(path, images)
    return images


def write(path: Path, images: ImageSet) -> None:
    arrays = dict(images=images.images, identity=images.identity, genuine=images.genuine)
    arrays |= {f"extra_{key}": value for key, value in images.extra.items()}
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, names=np.array(images.names), **arrays)
    write_atomically(path, content.getvalue())


def read(path: Path) -> ImageSet:
    """A stored set; an exception of some kind where the file is not what was written."""
    with zipfile.ZipFile(path) as archive:
        if (damaged := archive.testzip()) is not None:  # compares checksums
            raise zipfile.BadZipFile(f"{damaged} in {path} is damaged")
    with np.load(path, allow_pickle=False) as stored:
        arrays = dict(stored)
    main = {name: arrays.pop(name) for name in ("images", "identity", "genuine", "names")}
    main["names"] = tuple(main["names"].tolist())
    extra = {key.removeprefix("extra_"): value for key, value in arrays.items()}
    return ImageSet(**main, extra=extra)
