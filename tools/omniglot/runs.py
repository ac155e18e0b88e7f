"""Lake's official 20 runs, of ten alphabets: 20-way one-shot questions within one alphabet."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from lib import data, evaluation, models
from lib.data.published.omniglot import Run
from lib.models import embed
from tools.omniglot.networks import pixels
from tools.omniglot.views import best_agreement, embed_views, turned_features, twins_scores

HAUSDORFF = "modified Hausdorff distance, 105x105"


def modified_hausdorff(a: np.ndarray, b: np.ndarray) -> float:
    """Minus the distance of two drawings as sets of ink pixels around their centres.

    source  Dubuisson and Jain 1994, as in Lake's demo
    """
    a, b = (torch.from_numpy(np.argwhere(image < 128).astype(np.float32)) for image in (a, b))
    apart = torch.cdist(a - a.mean(0), b - b.mean(0))
    return -max(float(apart.amin(1).mean()), float(apart.amin(0).mean()))


def similarities(runs: Sequence[Run], score: Callable) -> list[np.ndarray]:
    """(20, 20) of each run, by `score(test images, training images)`."""
    return [np.asarray(score(run.test, run.training)) for run in runs]


def answers(runs: Sequence[Run], found: list[np.ndarray]) -> np.ndarray:
    """(runs, 20): which questions are answered right by the most similar character."""
    correct = [evaluation.is_correct(one, run.answer) for run, one in zip(runs, found)]
    return np.stack(correct)


def matched_answers(runs: Sequence[Run], found: list[np.ndarray]) -> np.ndarray:
    """The same when it is known that the 20 answers differ: by the best one-to-one assignment."""
    assigned = [linear_sum_assignment(one, maximize=True)[1] for one in found]
    return np.stack([columns == run.answer for run, columns in zip(runs, assigned)])


def alphabets(runs: Sequence[Run], drawings: data.ImageSet) -> np.ndarray:
    """(runs,): the alphabet of each run, whose drawings are among those of the evaluation set."""
    known = {image.tobytes(): at for image, at in zip(drawings.images, drawings.extra["alphabet"])}
    return np.array([known[run.training[0].tobytes()] for run in runs])


def row(method: str, correct: np.ndarray, alphabet: np.ndarray) -> dict:
    """One row of the official runs, with an interval that resamples alphabets.

    correct   (runs, 20) from 0 to 1
    alphabet  (runs,): the 20 runs are of ten alphabets, two each
    """
    groups = np.repeat(alphabet, correct.shape[1])
    count = float(correct.sum())
    return {
        "method": method,
        "right": count,
        "of": correct.size,
        "share": count / correct.size,
        "interval": evaluation.interval_over(correct.ravel(), groups),
        "wilson": evaluation.wilson_interval(count, correct.size),
        "right_by_run": correct.sum(1).tolist(),
    }


def scores_of_twins(koch: models.KochNet, head: models.L1Head, turns: int = 1) -> Callable:
    """score(test images, training images) -> (20, 20) logits, summed over quarter turns."""

    def score(test, training):
        views = (turned_features(koch, images, turns) for images in (test, training))
        return twins_scores(head, *views)

    return score


def scores_of_glyphs(glyphs: models.GlyphNet, redrawn: int) -> dict[str, Callable]:
    """{method: score(test images, training images) -> (20, 20)}; redrawn: further views of each."""

    def by_cosine(test, training):
        return embed(glyphs, test) @ embed(glyphs, training).T

    def by_turns(test, training):
        first, second = (embed_views(glyphs, images, turns=4)[0] for images in (test, training))
        return first @ second.T

    def by_agreement(test, training):
        return best_agreement(
            *(embed_views(glyphs, images, turns=4, redrawn=redrawn) for images in (test, training))
        )

    turns, views = "GlyphNet, four quarter turns", 1 + redrawn
    return {
        "GlyphNet, one view": by_cosine,
        turns: by_turns,
        f"{turns}, best agreement of {views} x {views} views": by_agreement,
    }


def scores_untrained() -> dict[str, Callable]:
    """The same for what needs no training."""

    def by_pixels(test, training):
        return pixels(test) @ pixels(training).T

    def by_hausdorff(test, training):
        return [[modified_hausdorff(x, y) for y in training] for x in test]

    return {"raw pixels, cosine": by_pixels, HAUSDORFF: by_hausdorff}


def run_rows(
    methods: dict[str, Callable],
    runs: Sequence[Run],
    large_runs: Sequence[Run],
    alphabet: np.ndarray,
) -> list[dict]:
    """All methods on the runs; the last one is the headline, and also answers with a hint.

    large_runs  the same runs at 105x105
    alphabet    (runs,), what intervals resample
    """
    rows = [{"method": "guessing", "share": 1 / 20}]
    for method, score in methods.items():
        questions = large_runs if method == HAUSDORFF else runs
        found = similarities(questions, score)
        rows.append(row(method, answers(questions, found), alphabet))
    rows[-1]["headline"] = True
    told = "the same, told that the 20 answers differ (extra information)"
    return [*rows, row(told, matched_answers(runs, found), alphabet)]
