"""Omniglot: 1,623 characters of 50 alphabets, each drawn once by twenty people.

    load("omniglot", part="background")     # 30 alphabets to learn from
    load("omniglot", part="evaluation")     # 20 others to test on
    one_shot_runs()                         # the official 20 runs of 20-way one-shot classification

Source: Lake, Salakhutdinov, Tenenbaum, Human-level concept learning through probabilistic program
induction, Science 2015. MIT licence.
"""

import io
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from PIL import Image

from lib.data import archive
from lib.data.arrays import check_whole_number
from lib.data.cache import cached
from lib.data.download import DataError, Remote, check_zip, record
from lib.data.image_set import ImageSet

# Numbers of characters and alphabets go on from part to part, so that no two share one.
FIRST_IDENTITY = {"background": 0, "evaluation": 964}
FIRST_ALPHABET = {"background": 0, "evaluation": 30}
REPOSITORY = "https://raw.githubusercontent.com/brendenlake/omniglot/master/python"
RUNS = Remote(
    "omniglot/all_runs.zip",
    f"{REPOSITORY}/one-shot-classification/all_runs.zip",
    352_787,
    check=check_zip,
)
# Addresses and checksums are those of torchvision's `Omniglot`; importing it takes a second.
ARCHIVES = {
    part: Remote(
        f"omniglot/images_{part}.zip", f"{REPOSITORY}/images_{part}.zip", size, md5, check_zip
    )
    for part, size, md5 in (
        ("background", 9_464_212, "md5:68d2efa1b9178cc56df9314c21c6e718"),
        ("evaluation", 6_462_886, "md5:6b91aef0f799c5bb55b94e3f2daec811"),
    )
}


def files() -> tuple[Remote, ...]:
    """The archives of both parts, and of the official runs."""
    return *ARCHIVES.values(), RUNS


def load(part: str = "background", size: int = 28) -> ImageSet:
    """Grey, ink dark on white, (N, size, size); the scans are 105x105.

    part     "background" (19,280 images), "evaluation" (13,180) or "both"
    returns  identity: the character, counted through the alphabets in alphabetical order; extra:
             `alphabet`, `drawer` (1 to 20); names "Greek/character18/0411_16"
    """
    check_whole_number("size", size, 1)
    parts = list(FIRST_IDENTITY) if part == "both" else [part]
    if not set(parts) <= set(FIRST_IDENTITY):
        raise ValueError(f"part={part!r}; it must be 'background', 'evaluation' or 'both'")
    return ImageSet.concatenate([_part(name, size) for name in parts])


class Run(NamedTuple):
    """One run: which of the training drawings is the same character as each test drawing?"""

    training: np.ndarray  # (20, H, W)
    test: np.ndarray  # (20, H, W)
    answer: np.ndarray  # (20,) positions in `training`


def one_shot_runs(size: int = 28) -> list[Run]:
    """The official runs, within one alphabet each; test and training come from two drawers."""
    path = RUNS.fetch()
    with archive.open_zip(path) as opened:
        files = dict(archive.read_all(opened, archive.members(opened, ".png", ".txt")))
    runs = []
    for listing in sorted(name for name in files if name.endswith("class_labels.txt")):
        root = listing.rpartition("run")[0]
        try:
            rows = [line.split() for line in files[listing].decode().splitlines() if line.strip()]
            classes = sorted({shown for _, shown in rows})
            training = np.stack([_drawing(files[root + name], size, name) for name in classes])
            test = np.stack([_drawing(files[root + name], size, name) for name, _ in rows])
        except KeyError as error:
            raise DataError(f"{path} lacks {error}; {archive.AGAIN}") from None
        except ValueError:
            raise DataError(f"{path}: {listing} is no list of two names a line") from None
        runs.append(Run(training, test, np.array([classes.index(shown) for _, shown in rows])))
    if not runs:
        raise DataError(f"{path} holds no class_labels.txt; {archive.AGAIN}")
    return runs


def _part(part: str, size: int) -> ImageSet:
    path = ARCHIVES[part].fetch()
    options = {"part": part, "size": size, "archive": record(path).get("sha256")}
    return cached("omniglot", options, [__file__], lambda: _read(path, part, size))


def _read(path: Path, part: str, size: int) -> ImageSet:
    images, names, drawers = [], [], []
    with archive.open_zip(path) as opened:
        entries = archive.members(opened, ".png")
        for name, data in archive.read_all(opened, entries, title=f"reading {path.name}"):
            *_, alphabet, character, file = ("", "", *PurePosixPath(name).parts)
            stem, dash, drawer = file.rpartition(".")[0].rpartition("_")
            if not dash or not drawer.isdecimal() or not alphabet:
                raise DataError(f"{path} holds {name}, which is not named as 0411_16.png is")
            images.append(_drawing(data, size, name))
            names.append(f"{alphabet}/{character}/{stem}_{int(drawer):02d}")
            drawers.append(int(drawer))
    if not images:
        raise DataError(f"{path} holds no drawings; {archive.AGAIN}")
    characters = [name.rpartition("/")[0] for name in names]
    identity = np.unique(characters, return_inverse=True)[1] + FIRST_IDENTITY[part]
    alphabets = [name.partition("/")[0] for name in names]
    _, number = np.unique(alphabets, return_inverse=True)
    extra = {"alphabet": number + FIRST_ALPHABET[part], "drawer": np.array(drawers)}
    return ImageSet(np.stack(images), identity, np.ones(len(images), bool), tuple(names), extra)


def _drawing(data: bytes, size: int, name: str) -> np.ndarray:
    """A drawing as uint8 (size, size), ink 0 on paper 255."""
    # BOX averages what falls into a pixel, so that thin strokes turn grey and do not vanish.
    try:
        scan = Image.open(io.BytesIO(data)).convert("L")
    except Exception:  # Pillow raises errors of many kinds at damaged pictures
        raise DataError(f"{name} is no drawing; {archive.AGAIN}") from None
    return np.asarray(scan.resize((size, size), Image.Resampling.BOX))
