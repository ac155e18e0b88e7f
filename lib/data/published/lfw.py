"""Labeled Faces in the Wild: photographs of well-known people from news pages, and its official 6,000 pairs in ten folds.

    faces = load("lfw")                       # the 7,701 images that the pairs use
    i, j, same, fold = lfw.lfw_pairs()        # positions in `faces`

The first host is gone; scikit-learn's fetcher goes to a copy, and so does this. A mirror may hold that same archive as
`lfw/lfw-funneled.tgz`, or the smaller `lfw/lfw_view2_150.zip` (150x150 centre crops), each beside `lfw/pairs.txt`.

Source: Huang, Ramesh, Berg, Learned-Miller, Labeled Faces in the Wild, UMass Amherst 07-49, 2007.
"""

import io
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from lib.data import ImageSet, archive
from lib.data.cache import cached
from lib.data.download import DataError, NotThere, fetch, full_disk_is_said, is_zip, mirror, record

# The addresses and checksums of scikit-learn's fetcher (a test compares them), here so that the 243 MB come with a bar and can be resumed.
FILES = {
    "lfw-funneled.tgz": (
        "https://ndownloader.figshare.com/files/5976015",
        "b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a",
    ),
    "pairs.txt": (
        "https://ndownloader.figshare.com/files/5976006",
        "ea42330c62c92989f9d7c03237ed5d591365e89b3e649747777b70e692dc1592",
    ),
}


def load(size: int | tuple[int, int] = 112, crop: int = 112, everyone: bool = False) -> ImageSet:
    """The images that the official pairs use, sorted by name.

    size      side, or (height, width), in pixels
    crop      side of the centre square of the 250x250 photograph that is kept, 1 to 250 (the small mirror archive ends at 150)
    everyone  True for all 13,233 images of 5,749 people; needs the whole archive
    returns   RGB; identity: a person's place in the alphabet; names: "Abel_Pacheco_0001"
    """
    size = (size, size) if isinstance(size, int) else tuple(size)
    if not 1 <= crop <= 250:
        raise ValueError(f"crop={crop}; it must be 1 to 250 pixels of the 250x250 photograph")
    source = _small_archive() if not everyone else None
    if source and crop > 150:
        raise ValueError(
            f"crop={crop}, but {source} holds 150x150 centre crops; ask for 150 or less, or mirror lfw-funneled.tgz"
        )
    wanted = None if everyone else {name for pair in _pairs() for name in pair[:2]}
    source = source or _full_archive()
    options = {
        "size": list(size),
        "crop": crop,
        "everyone": everyone,
        "archive": record(source).get("sha256"),
        "pairs": len(wanted or ()),
    }

    def make() -> ImageSet:
        images = {}
        for name, data in tqdm(
            _photographs(source, wanted),
            total=len(wanted) if wanted else 13233,
            desc="reading lfw",
            unit="image",
            leave=False,
        ):
            images[name] = _cropped(data, crop, size, name)
        names = sorted(images)
        if wanted and len(wanted - images.keys()):
            raise DataError(
                f"{source} lacks {len(wanted - images.keys())} of the {len(wanted)} images that pairs.txt names, "
                f"{min(wanted - images.keys())} first; fetch it again"
            )
        people = [name.rpartition("_")[0] for name in names]
        _, identity = np.unique(people, return_inverse=True)
        return ImageSet(
            np.stack([images[name] for name in names]),
            identity,
            np.ones(len(names), dtype=bool),
            tuple(names),
        )

    with full_disk_is_said(source, "the decoded images"):
        return cached("lfw", options, [__file__], make)


def lfw_pairs(
    names: Iterable[str] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """View 2: (i, j, same, fold), each (6000,), in file order; ten folds (0 to 9) of 300 same and 300 different pairs.

    names  the images' names that i and j count in; None: those of `load()`
    """
    pairs = _pairs()
    names = sorted({name for pair in pairs for name in pair[:2]}) if names is None else names
    place = {name: index for index, name in enumerate(names)}
    if absent := {name for pair in pairs for name in pair[:2]} - place.keys():
        raise ValueError(
            f"{len(absent)} images of the pairs are not among these names, {min(absent)} first"
        )
    first, second, same, fold = zip(*pairs)
    return (
        np.array([place[name] for name in first]),
        np.array([place[name] for name in second]),
        np.array(same),
        np.array(fold),
    )


def parsed(text: str) -> list[tuple[str, str, bool, int]]:
    """pairs.txt as (name, name, same, fold); the first line is `folds pairs`, then a fold's same pairs, then its different ones."""
    header, *lines = [line.split() for line in text.splitlines() if line.strip()]
    folds, count = int(header[0]), int(header[1])
    pairs = []
    for row, line in enumerate(lines):
        same = len(line) == 3
        if len(line) not in (3, 4):
            raise ValueError(f"line {row + 2} has {len(line)} words")
        person, number, other, second = (line[0], line[1], line[0], line[2]) if same else line
        pairs.append(
            (f"{person}_{int(number):04d}", f"{other}_{int(second):04d}", same, row // (2 * count))
        )
    if len(pairs) != folds * 2 * count:
        raise ValueError(f"{len(pairs)} pairs where {folds * 2 * count} are announced")
    return pairs


def _fetched(name: str, check=None) -> Path:
    url, sha256 = FILES[name]
    return fetch(f"lfw/{name}", url, f"sha256:{sha256}", check)


def _pairs() -> list[tuple[str, str, bool, int]]:
    def check(path: Path) -> None:
        try:
            parsed(path.read_text())
        except (ValueError, IndexError, UnicodeDecodeError) as error:
            raise DataError(f"it is not LFW's list of pairs ({error})") from None

    return parsed(_fetched("pairs.txt", check).read_text())


def _small_archive() -> Path | None:
    """The archive of 150x150 crops, where the mirror holds it."""
    if not mirror():
        return None
    try:
        return fetch("lfw/lfw_view2_150.zip", None, check=is_zip)
    except NotThere:
        return None


def _full_archive() -> Path:
    def check(path: Path) -> None:
        if not tarfile.is_tarfile(path):
            raise DataError("it is not a tar archive")

    return _fetched("lfw-funneled.tgz", check)


def _photographs(source: Path, wanted: set[str] | None) -> Iterator[tuple[str, bytes]]:
    """(name, JPEG) of each photograph, read without unpacking anything to disk."""
    if source.suffix == ".zip":
        with archive.opened(source) as opened:
            for name, data in archive.read_all(opened, archive.members(opened, ".jpg")):
                if not wanted or Path(name).stem in wanted:
                    yield Path(name).stem, data
        return
    try:
        with tarfile.open(source, "r:gz") as opened:
            for entry in opened:
                if (
                    entry.isfile()
                    and entry.name.endswith(".jpg")
                    and (not wanted or Path(entry.name).stem in wanted)
                ):
                    yield Path(entry.name).stem, opened.extractfile(entry).read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(
            f"{source} is damaged ({error}); delete it and load again to fetch a fresh copy"
        ) from None


def _cropped(data: bytes, crop: int, size: tuple[int, int], name: str) -> np.ndarray:
    try:
        photograph = Image.open(io.BytesIO(data)).convert("RGB")
    except (OSError, ValueError):
        raise DataError(
            f"{name} is no image; delete LFW's archive from the cache and load again to fetch a fresh copy"
        ) from None
    left, top = (photograph.width - crop) / 2, (photograph.height - crop) / 2
    region = (left, top, left + crop, top + crop)
    return np.asarray(
        photograph.resize(
            (size[1], size[0]),
            Image.Resampling.BILINEAR if min(size) >= crop else Image.Resampling.BOX,
            box=region,
        )
    )
