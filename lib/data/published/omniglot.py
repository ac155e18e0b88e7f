"""Omniglot: 1,623 characters of 50 alphabets, each drawn once by twenty people. What faces are to identity, characters are here.

    load("omniglot", part="background")     # 30 alphabets to learn from
    load("omniglot", part="evaluation")     # 20 others to be tested on
    one_shot_runs()                         # the official 20 runs of 20-way one-shot classification

Address and checksums are those of torchvision's `Omniglot`; the archives are read without unpacking their 32,460 files.

Source: Lake, Salakhutdinov, Tenenbaum, Human-level concept learning through probabilistic program induction, Science 2015. MIT licence.
"""

import io
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from lib.data import ImageSet, archive
from lib.data.cache import cached
from lib.data.download import DataError, fetch, full_disk_is_said, is_zip, record

PARTS = ("background", "evaluation")
FIRST_IDENTITY = {
    "background": 0,
    "evaluation": 964,
}  # so that no character of one part shares a number with one of the other
FIRST_ALPHABET = {"background": 0, "evaluation": 30}
RUNS = "https://raw.githubusercontent.com/brendenlake/omniglot/master/python/one-shot-classification/all_runs.zip"


def load(part: str = "background", size: int = 28) -> ImageSet:
    """Grey, ink dark on white, (N, size, size); the scans are 105x105.

    part     "background" (19,280 images), "evaluation" (13,180) or "both"
    returns  identity: the character, numbered through alphabets in alphabetical order; extra: `alphabet`, `drawer` (1 to 20);
             names "Greek/character18/0411_16"
    """
    if part not in (*PARTS, "both"):
        raise ValueError(f"part={part!r}; it must be 'background', 'evaluation' or 'both'")
    sets = [_part(name, size) for name in (PARTS if part == "both" else [part])]
    if len(sets) == 1:
        return sets[0]
    first, second = sets
    return ImageSet(
        np.concatenate([first.images, second.images]),
        np.concatenate([first.identity, second.identity]),
        np.concatenate([first.genuine, second.genuine]),
        first.names + second.names,
        {key: np.concatenate([first.extra[key], second.extra[key]]) for key in first.extra},
    )


@dataclass(frozen=True)
class Run:
    """One run: which of `training` (20, H, W) is the same character as each of `test` (20, H, W)? `answer` (20,) says."""

    training: np.ndarray
    test: np.ndarray
    answer: np.ndarray


def one_shot_runs(size: int = 28) -> list[Run]:
    """The official runs, within one alphabet each; test and training come from two drawers."""
    path = fetch("omniglot/all_runs.zip", RUNS, check=is_zip)
    with archive.opened(path) as opened:
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
            raise DataError(
                f"{path} lacks {error}; delete it and load again to fetch a fresh copy"
            ) from None
        runs.append(Run(training, test, np.array([classes.index(shown) for _, shown in rows])))
    if not runs:
        raise DataError(
            f"{path} holds no class_labels.txt; delete it and load again to fetch a fresh copy"
        )
    return runs


def _part(part: str, size: int) -> ImageSet:
    from torchvision.datasets import Omniglot

    name = f"images_{part}"
    path = fetch(
        f"omniglot/{name}.zip",
        f"{Omniglot.download_url_prefix}/{name}.zip",
        f"md5:{Omniglot.zips_md5[name]}",
        is_zip,
    )
    with full_disk_is_said(path, "the decoded images"):
        return cached(
            "omniglot",
            {"part": part, "size": size, "archive": record(path).get("sha256")},
            [__file__],
            lambda: _read(path, part, size),
        )


def _read(path: Path, part: str, size: int) -> ImageSet:
    images, places = [], []
    with archive.opened(path) as opened:
        for name, data in archive.read_all(
            opened, archive.members(opened, ".png"), what=f"reading {path.name}"
        ):
            *_, alphabet, character, file = PurePosixPath(name).parts
            stem, _, drawer = file.rpartition(".")[0].rpartition("_")
            if not drawer.isdigit():
                raise DataError(
                    f"{path} holds {name}, which is not named as Omniglot's drawings are (0411_16.png)"
                )
            places.append((alphabet, character, stem, int(drawer)))
            images.append(_drawing(data, size))
    if not images:
        raise DataError(f"{path} holds no drawings; delete it and load again to fetch a fresh copy")
    alphabets, alphabet = np.unique([place[0] for place in places], return_inverse=True)
    _, identity = np.unique([f"{place[0]}/{place[1]}" for place in places], return_inverse=True)
    return ImageSet(
        np.stack(images),
        identity + FIRST_IDENTITY[part],
        np.ones(len(images), dtype=bool),
        tuple(f"{a}/{c}/{stem}_{drawer:02d}" for a, c, stem, drawer in places),
        {
            "alphabet": alphabet + FIRST_ALPHABET[part],
            "drawer": np.array([place[3] for place in places]),
        },
    )


def _drawing(data: bytes, size: int) -> np.ndarray:
    """A drawing as uint8 (size, size), ink 0 on paper 255; BOX averages, so that thin strokes turn grey and do not vanish."""
    return np.asarray(
        Image.open(io.BytesIO(data)).convert("L").resize((size, size), Image.Resampling.BOX)
    )
