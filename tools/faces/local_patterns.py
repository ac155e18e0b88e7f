"""LFW's pairs without a network: local binary patterns on axes that half of the people gave.

    COURSE_MIRROR=../shared/data python -m tools.faces.local_patterns

Each half of LFW's folds gives the axes for the pairs of the other half, so a pair is scored by axes
that never met its people. How many axes are kept, each half chooses on a fifth of its own people.

Sources: Ahonen, Hadid, Pietikäinen 2006, patterns in a grid of cells. Garcia-Romero, Espy-Wilson
2011, PLDA with two covariances on vectors of one length.
"""

import json
from collections.abc import Callable

import numpy as np
from sklearn.decomposition import PCA

from lib import course, models
from lib.data import ImageSet
from lib.data.arrays import unit_rows
from lib.data.files import write_atomically
from lib.evaluation import equal_error_rate, pair_scores
from lib.phone import alignment
from tools.cache import results_folder
from tools.faces import fine_tuning
from tools.faces.face_alignment import Pairs, load_photographs, longest
from tools.faces.halves import HALVES
from tools.faces.rows import gain, row
from tools.results import page

CELLS, RADIUS = 8, 2  # cells along each side of the crop; pixels from the centre to its neighbours
METHODS = {
    "pca": "local binary patterns, whitened PCA without labels",
    "plda": "local binary patterns, PLDA from the other half's people",
}
Score = Callable[[np.ndarray, np.ndarray], np.ndarray]  # positions i, j -> scores


# -- describing ------------------------------------------------------------------------------------


def uniform_patterns() -> np.ndarray:
    """(256,): the bin of each pattern of eight bits; all with more than two changes share one."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    uniform = (bits != np.roll(bits, 1, axis=1)).sum(1) <= 2
    return np.where(uniform, np.cumsum(uniform) - 1, uniform.sum())


def describe(images: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, 3) -> (N, CELLS * CELLS * 59): square roots of the patterns' shares."""
    grey = images.mean(3).astype(np.float32)
    n, side = len(grey), grey.shape[1] - 2 * RADIUS
    inner = slice(RADIUS, RADIUS + side)
    code = np.zeros((n, side, side), np.uint8)
    for bit, turn in enumerate(np.arange(8) * np.pi / 4):
        down, right = np.rint(RADIUS * np.array([np.sin(turn), np.cos(turn)])).astype(int)
        shifted = np.roll(grey, (-down, -right), axis=(1, 2))
        code |= (shifted >= grey)[:, inner, inner].astype(np.uint8) << bit
    bins = uniform_patterns()
    cell = np.arange(side) * CELLS // side
    place = (cell[:, None] * CELLS + cell) * (bins.max() + 1) + bins[code]  # (N, side, side)
    length = CELLS * CELLS * (bins.max() + 1)
    counts = [np.bincount(one.ravel(), minlength=length) for one in place]
    return np.sqrt(np.array(counts, np.float32) / side**2)


# -- comparing -------------------------------------------------------------------------------------


def pca_scores(rows: np.ndarray, learn: np.ndarray, axes: int) -> np.ndarray:
    """(N, axes) unit vectors on the whitened axes of the photographs `learn` (without labels)."""
    found = PCA(axes, whiten=True, svd_solver="randomized", random_state=0).fit(rows[learn])
    return unit_rows(found.transform(rows))


def plda(vectors: np.ndarray, identity: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mean, matrix, spread): (x - mean) @ matrix varies by 1 within people, by spread between."""
    within = fine_tuning.within_people(vectors, identity)
    people, count = np.unique(identity, return_counts=True)
    within *= len(vectors) / (len(vectors) - len(people))  # each person's mean was estimated
    values, directions = np.linalg.eigh(within)
    white = directions / np.sqrt(values.clip(1e-9))
    total, turn = np.linalg.eigh(white.T @ np.cov(vectors.T) @ white)
    return vectors.mean(0), white @ turn, (total - 1).clip(0)


def plda_scores(x: np.ndarray, y: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Log likelihood ratio of one person against two, for each row of x and y."""
    total = 1 + spread
    apart = total**2 - spread**2
    squares = (x**2 + y**2) * (1 / total - total / apart)
    return (2 * np.log(total) - np.log(apart) + squares + 2 * spread * x * y / apart).sum(1) / 2


def scorers(
    rows: np.ndarray, identity: np.ndarray, learn: np.ndarray, axes: int
) -> dict[str, Score]:
    """Both methods, with axes from the photographs `learn` and, for PLDA, who is in them."""
    vectors = pca_scores(rows, learn, axes)
    mean, matrix, spread = plda(vectors[learn], identity[learn])
    turned = (vectors - mean) @ matrix
    return {
        "pca": lambda i, j: pair_scores(vectors, i, j),
        "plda": lambda i, j: plda_scores(turned[i], turned[j], spread),
    }


# -- judging ---------------------------------------------------------------------------------------


def choose(rows: np.ndarray, identity: np.ndarray, half: str) -> tuple[dict[str, int], list[dict]]:
    """The number of axes that errs least on a fifth of these people, by method; what was tried."""
    held = fine_tuning.held_out(identity)
    i, j, same = fine_tuning.pairs_among(identity[held])
    i, j = np.flatnonzero(held)[i], np.flatnonzero(held)[j]
    tried = []
    for axes in course.by_budget(quick=(10,), full=(100, 200, 400)):
        for name, score in scorers(rows, identity, np.flatnonzero(~held), axes).items():
            eer = equal_error_rate(score(i, j), same)[0]
            tried.append({"half": half, "method": METHODS[name], "axes": axes, "eer": eer})
    best = {}
    for name, method in METHODS.items():
        chosen = min((t for t in tried if t["method"] == method), key=lambda t: t["eer"])
        chosen["chosen"], best[name] = "chosen", chosen["axes"]
    return best, tried


def tables(faces: ImageSet, pairs: Pairs, square: dict, by_course: np.ndarray) -> list[dict]:
    """The tables "patterns", "pattern_choices" and "pattern_gains" of docs/results/faces.json.

    square     {"side", "down"}: the fixed crop
    by_course  (N, D) the course model's embeddings of that crop
    """
    (i, j, _, _), people = pairs, faces.identity
    crop = alignment.centre_square(square["side"], down=square["down"])
    parts = np.array_split(np.arange(len(faces)), max(1, len(faces) // 200))
    rows = np.concatenate([describe(alignment.crop(faces.images[p], *crop)) for p in parts])
    splits = fine_tuning.halves(people, pairs)
    scores, tried = {name: np.zeros(len(i)) for name in METHODS}, []
    for split, half in zip(splits, HALVES.values()):
        axes, more = choose(rows[split.learn], people[split.learn], half)
        tried += more
        for name in METHODS:
            score = scorers(rows, people, split.learn, axes[name])[name]
            scores[name][split.judge] = score(i[split.judge], j[split.judge])
    groups = [split.judge for split in splits]
    found = [row(METHODS[n], scores[n], pairs, people, groups) for n in METHODS]
    course_scores = pair_scores(by_course, i, j)
    gains = [
        {"what": METHODS[name], "from": before, **gain(scores_before, scores[name], pairs, people)}
        for name, before, scores_before in (
            ("pca", "course model, fixed crop", course_scores),
            ("plda", METHODS["pca"], scores["pca"]),
        )
    ]
    return [
        page.table("patterns", found),
        page.table("pattern_choices", tried),
        page.table("pattern_gains", gains),
    ]


def main() -> None:
    found, (faces, pairs) = page.record("faces"), load_photographs()
    square = longest(page.rows(found, "crops"))
    crop = alignment.centre_square(square["side"], down=square["down"])
    model = models.course_model()
    parts = np.array_split(np.arange(len(faces)), max(1, len(faces) // 200))
    crops = (alignment.crop(faces.images[part], *crop) for part in parts)
    by_course = np.concatenate([models.embed(model, part).numpy() for part in crops])
    new = tables(faces, pairs, square, by_course)
    names = [table["name"] for table in new]
    found["tables"] = [t for t in found["tables"] if t["name"] not in names] + new
    content = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    folder = course.by_budget(quick=results_folder(), full=page.FOLDER)
    write_atomically(folder / "faces.json", content.encode())


if __name__ == "__main__":
    main()
