"""A verifier for scanned signatures without a network: describe the strokes, compare, vote.

    training, test = describe_part("training"), describe_part("test")
    axes = basis_of(training)
    distance = distances(test, needed_pairs(draws), axes)      {"layout": (N, N), "outline": ...}
    scored = scores(distance, draws, LINE, units)

Nothing is fitted to a test writer: the basis and the units come from the training writers, and so
do threshold and calibration.
"""

import hashlib
import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from lib.data.download import record
from lib.data.files import write_atomically
from lib.data.published import ink, sigcomp2011
from lib.evaluation import Draw, Scored
from tools.cache import results_folder
from tools.signatures import pen, stroke_features, strokes
from tools.signatures.distances import score_distances, unit_of, vote

LINE = ("layout", "outline", "strokes")  # the line alone: no pen in it
INK = (*LINE, "texture 1", "texture 3")  # with the grey of the ink, in which a pen may be seen
PEN = ("saturation", "darkness", "width")  # of the pen alone, and never used
VECTORS = ("layout", "outline", "texture 1", "texture 3")  # descriptions that are unit vectors
PART = 40  # scans kept in one file


class Described(NamedTuple):
    """N scans, described."""

    rows: dict[str, np.ndarray]  # {name: (N, D)}, unit vectors; the names in PEN: (N, 1)
    places: list[np.ndarray]  # N arrays (M, 2)
    surroundings: list[np.ndarray]  # N arrays (M, 136), float16
    writer: np.ndarray  # (N,)
    forger: np.ndarray  # (N,), -1 for genuine
    names: tuple[str, ...]

    @property
    def genuine(self) -> np.ndarray:
        return self.forger < 0


# -- describing ------------------------------------------------------------------------------------


def describe(scan: np.ndarray) -> dict[str, np.ndarray]:
    """All that is used of one scan (H, W, 3) at 400 dpi."""
    dark = ink.darkness(scan)
    mask = ink.ink_mask(scan, dark)
    around = ink.bounding_box(mask)
    dark, mask = dark[around], mask[around]
    line, grey = strokes.line(mask), ink.equalise(dark, mask)
    places, surroundings = stroke_features.surroundings(line)
    return {
        "layout": stroke_features.layout(line),
        "outline": stroke_features.outline(strokes.outlines(line.page)),
        "texture 1": stroke_features.texture(grey, mask, 1),
        "texture 3": stroke_features.texture(grey, mask, 3),
        "saturation": np.array([pen.saturation(scan)]),
        "darkness": np.array([pen.mean_darkness(scan)]),
        "width": np.array([pen.stroke_width(scan)]),
        "places": places,
        "surroundings": surroundings.astype(np.float16),
    }


def describe_part(
    part: str,
    language: str = "dutch",
    disclaimer: str | None = None,
    only: Sequence[int] | None = None,
) -> Described:
    """Describe one part of SigComp2011, or `only` some of its writers.

    Kept in the cache, PART scans a file: a run that was stopped goes on.
    """
    path = sigcomp2011.ARCHIVES[part].fetch()
    sentence = sigcomp2011.accept_terms(disclaimer, {part: path})
    modules = (ink, pen, strokes, stroke_features)
    code = b"".join(Path(module.__file__).read_bytes() for module in modules)
    some = "" if only is None else str(sorted(int(writer) for writer in only))
    options = f"{record(path).get('sha256')}{language}{some}"
    mark = hashlib.sha256(code + options.encode()).hexdigest()[:12]
    scans = sigcomp2011.read_scans(path, part, language, sentence)
    wanted = (scan for scan in scans if only is None or scan[1][0] in only)
    found: list[dict] = []
    for number in itertools.count():
        batch = list(itertools.islice(wanted, PART))
        if not batch:
            return _joined(found)
        file = results_folder() / "signatures" / f"{part}-{mark}-{number}.npz"
        described = _read(file)
        if described is None:
            described = [
                {**describe(scan), "who": np.array(who), "name": np.array(name)}
                for name, who, scan in batch
            ]
            _write(file, described)
        found += described


def _joined(scans: list[dict]) -> Described:
    """Descriptions of single scans as one."""
    who = np.stack([scan["who"] for scan in scans])
    return Described(
        {name: np.stack([scan[name] for scan in scans]) for name in (*VECTORS, *PEN)},
        [scan["places"] for scan in scans],
        [scan["surroundings"] for scan in scans],
        who[:, 0],
        who[:, 1],
        tuple(str(scan["name"]) for scan in scans),
    )


def _write(file: Path, scans: list[dict]) -> None:
    """Keep the descriptions of some scans, whole or not at all."""
    content = io.BytesIO()
    arrays = {f"{n}/{key}": value for n, scan in enumerate(scans) for key, value in scan.items()}
    np.savez(content, **arrays)
    write_atomically(file, content.getvalue())


def _read(file: Path) -> list[dict] | None:
    """What `_write` wrote; None where it is not there or damaged."""
    if not file.exists():
        return None
    try:
        with np.load(file, allow_pickle=False) as stored:
            scans: dict[int, dict] = {}
            for key in stored.files:
                n, _, name = key.partition("/")
                scans.setdefault(int(n), {})[name] = stored[key]
        return [scans[n] for n in range(len(scans))]
    except Exception:  # a damaged file raises errors of many kinds
        return None


# -- comparing -------------------------------------------------------------------------------------


def basis_of(training: Described) -> tuple[np.ndarray, np.ndarray]:
    """The basis on which surroundings are compared, from the training writers' signatures."""
    return stroke_features.basis([one.astype(np.float32) for one in training.surroundings])


def needed_pairs(draws: Sequence[Draw]) -> list[tuple[int, int]]:
    """The pairs of images that these draws compare, each once, the smaller number first."""
    pairs = set()
    for draw in draws:
        for other in np.concatenate([draw.references, draw.genuine, draw.skilled, draw.random]):
            pairs.update((min(r, other), max(r, other)) for r in draw.references if r != other)
    return sorted((int(i), int(j)) for i, j in pairs)


def distances(
    signatures: Described, pairs: Sequence[tuple[int, int]], axes: tuple[np.ndarray, np.ndarray]
) -> dict[str, np.ndarray]:
    """{name: (N, N)} for every name in INK; NaN in `strokes` for a pair that is not in `pairs`."""
    found = {}
    for name in VECTORS:
        inner = signatures.rows[name] @ signatures.rows[name].T  # unit vectors: d^2 = 2 - 2 cos
        found[name] = np.sqrt(np.maximum(2 - 2 * inner, 0))
    pieces = [
        stroke_features.pieces(places, surroundings.astype(np.float32), axes)
        for places, surroundings in zip(signatures.places, signatures.surroundings)
    ]
    found["strokes"] = np.full((len(pieces), len(pieces)), np.nan)
    for i, j in tqdm(pairs, desc="matching strokes", unit="pair", leave=False, mininterval=5):
        apart = stroke_features.match_distance(pieces[i], pieces[j])
        found["strokes"][i, j] = found["strokes"][j, i] = apart
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
    kinds = [score_distances(distance[name], draws, owner) for name in names]
    return vote(kinds, [unit[name] for name in names])
