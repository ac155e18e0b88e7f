"""Labeled Faces in the Wild: news photographs of well-known people, and 6,000 pairs in ten folds.

    faces = load("lfw")                       # the 7,701 images that the pairs use
    i, j, same, fold = lfw.lfw_pairs()        # positions in `faces`

A mirror may hold the archive as `lfw/lfw-funneled.tgz`, or the smaller `lfw/lfw_view2_150.zip`
(150x150 centre crops), each beside `lfw/pairs.txt`.

Source: Huang, Ramesh, Berg, Learned-Miller, Labeled Faces in the Wild, UMass Amherst 07-49, 2007.
"""

import io
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from lib.data import archive
from lib.data.arrays import check_whole_number, height_and_width
from lib.data.cache import cached
from lib.data.download import DataError, Remote, check_zip, record
from lib.data.files import is_foreign
from lib.data.image_set import ImageSet

Pair = tuple[str, str, bool, int]  # two names of images, same, fold
MOST = 2**24  # bytes of a photograph; the largest has a thousandth of it


def load(size: int | tuple[int, int] = 112, crop: int = 112, everyone: bool = False) -> ImageSet:
    """The images that the official pairs use, sorted by name.

    size      side, or (height, width), in pixels
    crop      side of the centre square of the 250x250 photograph that is kept (at most 150, where
              the mirror has only the smaller archive)
    everyone  True for all 13,233 images of 5,749 people; needs the whole archive
    returns   RGB; identity: a person's place in the alphabet; names: "Abel_Pacheco_0001"
    """
    size = height_and_width(size)
    if check_whole_number("crop", crop, 1) > 250:
        raise ValueError(f"crop={crop}; it must be 1 to 250 pixels of the 250x250 photograph")
    path = (WHOLE if everyone else CROPS).fetch()
    if path.suffix == ".zip" and crop > 150:
        raise ValueError(f"crop={crop}, but {path} holds 150x150 centre crops; ask for 150")
    wanted = set() if everyone else _names(read_pairs())
    options = {"size": list(size), "crop": crop, "everyone": everyone, "pairs": len(wanted)}
    options["archive"] = record(path).get("sha256")
    return cached("lfw", options, [__file__], lambda: _read(path, wanted, crop, size))


def lfw_pairs(names: Iterable[str] | None = None) -> tuple[np.ndarray, ...]:
    """View 2: (i, j, same, fold), each (6000,); folds 0 to 9 of 300 same and 300 different pairs.

    names   the images' names that i and j count in; None: those of `load()`
    raises  ValueError where an image of the pairs is not among them
    """
    pairs = read_pairs()
    names = sorted(_names(pairs)) if names is None else names
    position = {name: index for index, name in enumerate(names)}
    if absent := _names(pairs) - position.keys():
        raise ValueError(f"{len(absent)} images of the pairs are missing, {min(absent)} first")
    rows = [(position[one], position[other], same, fold) for one, other, same, fold in pairs]
    return tuple(np.array(column) for column in zip(*rows))


def parse_pairs(text: str) -> list[Pair]:
    """pairs.txt as (name, name, same, fold).

    Its first line is `folds pairs`; each fold's same pairs follow, then its different pairs.
    """
    header, *lines = [line.split() for line in text.splitlines() if line.strip()]
    folds, count = int(header[0]), int(header[1])
    pairs = []
    for row, line in enumerate(lines):
        same = len(line) == 3
        if len(line) not in (3, 4):
            raise ValueError(f"line {row + 2} has {len(line)} words")
        person, number, other, second = (line[0], line[1], line[0], line[2]) if same else line
        names = f"{person}_{int(number):04d}", f"{other}_{int(second):04d}"
        pairs.append((*names, same, row // (2 * count)))
    if len(pairs) != folds * 2 * count:
        raise ValueError(f"{len(pairs)} pairs where {folds * 2 * count} are announced")
    return pairs


def _names(pairs: list[Pair]) -> set[str]:
    return {name for pair in pairs for name in pair[:2]}


def _pairs_of(path: Path) -> list[Pair]:
    try:
        return parse_pairs(path.read_text())
    except (ValueError, IndexError, ArithmeticError) as error:
        raise DataError(f"it is not LFW's list of pairs ({error})") from None


def _check_tar(path: Path) -> None:
    if not tarfile.is_tarfile(path):
        raise DataError("it is not a tar archive")


# As in scikit-learn's fetcher, which shows no progress of the 243 MB and does not resume.
PAIRS = Remote(
    "lfw/pairs.txt",
    "https://ndownloader.figshare.com/files/5976006",
    155_335,
    "sha256:ea42330c62c92989f9d7c03237ed5d591365e89b3e649747777b70e692dc1592",
    _pairs_of,
)
WHOLE = Remote(
    "lfw/lfw-funneled.tgz",
    "https://ndownloader.figshare.com/files/5976015",
    243_346_528,
    "sha256:b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a",
    _check_tar,
)
# Enough for the pairs, where a mirror holds it.
CROPS = Remote("lfw/lfw_view2_150.zip", None, WHOLE.size, check=check_zip, or_else=WHOLE)


def files() -> tuple[Remote, ...]:
    """What `load()` reads."""
    return PAIRS, CROPS


def read_pairs() -> list[Pair]:
    """The official pairs, downloaded if they are not there."""
    return _pairs_of(PAIRS.fetch())


def _read(path: Path, wanted: set[str], crop: int, size: tuple[int, int]) -> ImageSet:
    """The wanted photographs (all, where `wanted` is empty), cropped and scaled."""
    images = {}
    bar = {"total": len(wanted) or 13233, "desc": "reading lfw", "unit": "image", "leave": False}
    for name, data in tqdm(_photographs(path, wanted), **bar):
        images[name] = _cropped(data, crop, size, name)
    if absent := wanted - images.keys():
        raise DataError(
            f"{path} lacks {len(absent)} of the {len(wanted)} images that pairs.txt names, "
            f"{min(absent)} first; fetch it again"
        )
    names = sorted(images)
    _, identity = np.unique([name.rpartition("_")[0] for name in names], return_inverse=True)
    pictures = np.stack([images[name] for name in names])
    return ImageSet(pictures, identity, np.ones(len(names), dtype=bool), tuple(names))


def _photographs(path: Path, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """(name, JPEG) of each wanted photograph, read without unpacking anything to disk."""

    def is_wanted(name: str) -> bool:
        is_photograph = name.endswith(".jpg") and not is_foreign(Path(name).name)
        return is_photograph and (not wanted or Path(name).stem in wanted)

    if path.suffix == ".zip":
        with archive.open_zip(path) as opened:
            entries = [info for info in archive.members(opened) if is_wanted(info.filename)]
            for name, data in archive.read_all(opened, entries):
                yield Path(name).stem, data
        return
    try:
        with tarfile.open(path, "r:gz") as tar:
            for entry in tar:
                small = entry.isfile() and entry.size < MOST
                if small and is_wanted(entry.name) and (file := tar.extractfile(entry)):
                    yield Path(entry.name).stem, file.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path} is damaged ({error}); {archive.AGAIN}") from None


def _cropped(data: bytes, crop: int, size: tuple[int, int], name: str) -> np.ndarray:
    """The centre square of a photograph, scaled to `size`: uint8 (height, width, 3)."""
    try:
        photograph = Image.open(io.BytesIO(data)).convert("RGB")
    except Exception:  # Pillow raises errors of many kinds at damaged pictures
        raise DataError(f"{name} is no image; {archive.AGAIN}") from None
    left, top = (photograph.width - crop) / 2, (photograph.height - crop) / 2
    if min(left, top) < 0:
        raise DataError(f"{name} has {photograph.size} pixels, fewer than {crop}; {archive.AGAIN}")
    method = Image.Resampling.BILINEAR if min(size) >= crop else Image.Resampling.BOX
    box = (left, top, left + crop, top + crop)
    return np.asarray(photograph.resize((size[1], size[0]), method, box=box))
