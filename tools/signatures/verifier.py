"""A verifier for scanned signatures without a network: describe the strokes, compare with the references, let the descriptions vote.

    training, test = described("training"), described("test")
    axes = basis_of(training)
    distance = distances(test, needed(draws), axes)              # {"layout": (N, N), "outline": ..., ...}
    scored = scores(distance, draws, LINE, units)

Nothing is fitted to a test writer: the basis and the units come from the training writers, and so do threshold and calibration.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lib import course
from lib.data.cache import DAMAGED
from lib.data.download import record
from lib.data.published import ink, sigcomp2011
from lib.evaluation import Draw, Scored
from tools.signatures import stroke_features, strokes
from tools.signatures.distances import score_distances, unit_of, vote

LINE = ("layout", "outline", "strokes")  # the line alone: no pen in it
INK = (
    *LINE,
    "texture 1",
    "texture 3",
)  # with the grey of the ink, in which a pen may still be seen
PEN = ("saturation", "darkness", "width")  # what must not be looked at: the pen
PART = 40  # scans kept in one file


class Described(NamedTuple):
    """N scans, described."""

    rows: dict[str, np.ndarray]  # {name: (N, D)}, unit vectors; the names in PEN: (N, 1)
    places: list[np.ndarray]  # N arrays (M, 2)
    looks: list[np.ndarray]  # N arrays (M, 136), float16
    writer: np.ndarray  # (N,)
    forger: np.ndarray  # (N,), -1 for genuine
    names: tuple[str, ...]

    @property
    def genuine(self) -> np.ndarray:
        return self.forger < 0


def describe(scan: np.ndarray) -> dict[str, np.ndarray]:
    """All that is ever looked at of one scan (H, W, 3) at 400 dpi."""
    dark = ink.darkness(scan)
    mask = ink.ink_mask(scan, dark)
    around = ink.bounding_box(mask)
    dark, mask = dark[around], mask[around]
    line, grey = strokes.line(mask), ink.equalise(dark, mask)
    places, looks = stroke_features.surroundings(line)
    pen = {
        "saturation": ink.saturation(scan),
        "darkness": ink.mean_darkness(scan),
        "width": ink.stroke_width(scan),
    }
    return {
        "layout": stroke_features.layout(line),
        "outline": stroke_features.outline(strokes.outlines(line.page)),
        "texture 1": stroke_features.texture(grey, mask, 1),
        "texture 3": stroke_features.texture(grey, mask, 3),
        **{name: np.array([value]) for name, value in pen.items()},
        "places": places,
        "looks": looks.astype(np.float16),
    }


def described(
    part: str,
    language: str = "dutch",
    disclaimer: str | None = None,
    only: Sequence[int] | None = None,
) -> Described:
    """Describe one part of SigComp2011, or `only` some of its writers.

    Kept in the cache, PART scans a file: a run that was stopped goes on.
    """
    path = sigcomp2011.fetch_archive(part)
    sentence = sigcomp2011.accept_terms(disclaimer, {part: path})
    code = b"".join(
        Path(module.__file__).read_bytes() for module in (ink, strokes, stroke_features)
    )
    some = "" if only is None else str(sorted(int(writer) for writer in only))
    mark = hashlib.sha256(
        code + str(record(path).get("sha256")).encode() + language.encode() + some.encode()
    ).hexdigest()[:12]
    folder = course.cache_dir() / "results" / "signatures"
    folder.mkdir(parents=True, exist_ok=True)
    parts, waiting = [], []
    wanted = (
        one
        for one in sigcomp2011.read_scans(path, part, language, sentence)
        if only is None or one[1][0] in only
    )
    for number, (name, who, scan) in enumerate(wanted):
        file = folder / f"{part}-{mark}-{number // PART}.npz"
        if number % PART == 0:
            _keep(waiting, parts)
            waiting, known = [], _read(file)
            if known is not None:
                parts.append(known)
        if known is None:
            waiting.append((file, {**describe(scan), "who": np.array(who), "name": np.array(name)}))
    _keep(waiting, parts)
    every = [one for part in parts for one in part]
    who = np.stack([one["who"] for one in every])
    rows = {
        name: np.stack([one[name] for one in every])
        for name in ("layout", "outline", "texture 1", "texture 3", *PEN)
    }
    names = tuple(str(one["name"]) for one in every)
    return Described(
        rows,
        [one["places"] for one in every],
        [one["looks"] for one in every],
        who[:, 0],
        who[:, 1],
        names,
    )


def _keep(waiting: list, parts: list) -> None:
    """Write one file's worth of descriptions, whole or not at all."""
    if waiting:
        file, some = waiting[0][0], [one for _, one in waiting]
        new = file.with_suffix(".part.npz")
        np.savez(
            new, **{f"{n}/{key}": value for n, one in enumerate(some) for key, value in one.items()}
        )
        os.replace(new, file)
        parts.append(some)


def _read(file: Path) -> list[dict] | None:
    """What `_keep` wrote; None where it is not there or damaged."""
    if not file.exists():
        return None
    try:
        with np.load(file, allow_pickle=False) as stored:
            some: dict[int, dict] = {}
            for key in stored.files:
                n, _, name = key.partition("/")
                some.setdefault(int(n), {})[name] = stored[key]
        return [some[n] for n in range(len(some))]
    except DAMAGED:
        return None


def basis_of(training: Described) -> tuple[np.ndarray, np.ndarray]:
    """The basis on which surroundings are compared, from the training writers' signatures."""
    return stroke_features.basis([one.astype(np.float32) for one in training.looks])


def needed(draws: Sequence[Draw]) -> list[tuple[int, int]]:
    """The pairs of images that these draws compare, each once, the smaller number first."""
    pairs = set()
    for draw in draws:
        for other in np.concatenate([draw.references, draw.genuine, draw.skilled, draw.random]):
            pairs.update((min(r, other), max(r, other)) for r in draw.references if r != other)
    return sorted((int(i), int(j)) for i, j in pairs)


def distances(
    signatures: Described, pairs: Sequence[tuple[int, int]], axes: tuple[np.ndarray, np.ndarray]
) -> dict[str, np.ndarray]:
    """{name: (N, N)} for every name in INK; NaN in `strokes` for a pair that was not asked for."""
    from tqdm import tqdm

    n = len(signatures.writer)
    found = {}
    for name in (name for name in INK if name != "strokes"):
        inner = signatures.rows[name] @ signatures.rows[name].T  # unit vectors: d^2 = 2 - 2 cos
        found[name] = np.sqrt(np.maximum(2 - 2 * inner, 0))
    pieces = [
        stroke_features.pieces(*both, axes)
        for both in zip(signatures.places, (one.astype(np.float32) for one in signatures.looks))
    ]
    found["strokes"] = np.full((n, n), np.nan)
    for i, j in tqdm(pairs, desc="matching strokes", unit="pair", leave=False, mininterval=5):
        found["strokes"][i, j] = found["strokes"][j, i] = stroke_features.matched(
            pieces[i], pieces[j]
        )
    return found


def units(distance: dict[str, np.ndarray], draws: list[Draw]) -> dict[str, float]:
    """The unit of each description's score, from draws of training writers."""
    return {name: unit_of(score_distances(one, draws)) for name, one in distance.items()}


def scores(
    distance: dict[str, np.ndarray],
    draws: list[Draw],
    names: Sequence[str],
    unit: dict[str, float],
    owner=None,
) -> Scored:
    """The vote of these descriptions on every questioned signature."""
    return vote(
        [score_distances(distance[name], draws, owner) for name in names],
        [unit[name] for name in names],
    )
