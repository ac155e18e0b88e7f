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
SIZES = {"background": 9_464_212, "evaluation": 6_462_886}  # bytes of an archive


def files() -> tuple[Remote, ...]:
    """The archives of both parts, and of the official runs."""
    return _archive("background"), _archive("evaluation"), RUNS


def load(part: str = "background", size: int = 28) -> ImageSet:
    """Grey, ink dark on white, (N, size, size); the scans are 105x105.

    part     "background" (19,280 images), "evaluation" (13,180) or "both"
    returns  identity: the character, counted through the alphabets in alphabetical order; extra:
             `alphabet`, `drawer` (1 to 20); names "Greek/character18/0411_16"
    """
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
        rows = [line.split() for line in files[listing].decode().splitlines() if line.strip()]
        classes = sorted({shown for _, shown in rows})
        try:
            training = np.stack([_drawing(files[root + name], size) for name in classes])
            test = np.stack([_drawing(files[root + name], size) for name, _ in rows])
        except KeyError as error:
            raise DataError(f"{path} lacks {error}; {archive.AGAIN}") from None
        runs.append(Run(training, test, np.array([classes.index(shown) for _, shown in rows])))
    if not runs:
        raise DataError(f"{path} holds no class_labels.txt; {archive.AGAIN}")
    return runs


def _archive(part: str) -> Remote:
    from torchvision.datasets import Omniglot  # torchvision takes a second to import

    name = f"images_{part}"
    url, md5 = f"{Omniglot.download_url_prefix}/{name}.zip", Omniglot.zips_md5[name]
    return Remote(f"omniglot/{name}.zip", url, SIZES[part], f"md5:{md5}", check_zip)


def _part(part: str, size: int) -> ImageSet:
    path = _archive(part).fetch()
    options = {"part": part, "size": size, "archive": record(path).get("sha256")}
    return cached("omniglot", options, [__file__], lambda: _read(path, part, size))


def _read(path: Path, part: str, size: int) -> ImageSet:
    images, names, drawers = [], [], []
    with archive.open_zip(path) as opened:
        entries = archive.members(opened, ".png")
        for name, data in archive.read_all(opened, entries, title=f"reading {path.name}"):
            *_, alphabet, character, file = PurePosixPath(name).parts
            stem, _, drawer = file.rpartition(".")[0].rpartition("_")
            if not drawer.isdigit():
                raise DataError(f"{path} holds {name}, which is not named as 0411_16.png is")
            images.append(_drawing(data, size))
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


def _drawing(data: bytes, size: int) -> np.ndarray:
    """A drawing as uint8 (size, size), ink 0 on paper 255."""
    # BOX averages what falls into a pixel, so that thin strokes turn grey and do not vanish.
    scan = Image.open(io.BytesIO(data)).convert("L")
    return np.asarray(scan.resize((size, size), Image.Resampling.BOX))
