"""What the people of half of LFW's folds taught the course's model, judged on the other half."""

from typing import NamedTuple

import numpy as np

from lib.evaluation import equal_error_rate, pair_scores
from tools.faces import fine_tuning, gradient_tuning
from tools.faces.face_alignment import Pairs
from tools.faces.photographs import Photographs, Views
from tools.faces.rows import accuracy, gain

LAYER, GRADIENTS, BOTH = "a new last layer", "gradients", "gradients, then a new last layer"
METHODS = {
    LAYER: "course model, last layer from the other half's people",
    GRADIENTS: "course model, trained on with the other half's people",
    BOTH: "course model, trained on with the other half's people, then their last layer",
}
HALVES = {fine_tuning.FOLDS[0]: "folds 1 to 5", fine_tuning.FOLDS[1]: "folds 6 to 10"}


class Judged(NamedTuple):
    """Scores of the pairs by what one method learned from each half."""

    after: np.ndarray  # (2, M): one view, by each half's network, also of pairs it learned from
    one_view: np.ndarray  # (M,): each pair by the network that never met its people
    all_views: np.ndarray  # (M,)


def judge(
    by_half: list[tuple[Views, fine_tuning.Layer]], splits: list[fine_tuning.Split], pairs: Pairs
) -> Judged:
    """by_half  one a half: embeddings of all photographs, and the layer on top of them"""
    i, j, same, _ = pairs
    found = Judged(np.zeros((2, len(same))), *np.zeros((2, len(same))))
    for number, (split, (views, (mean, matrix))) in enumerate(zip(splits, by_half)):
        found.after[number] = pair_scores((views["aligned"] - mean) @ matrix, i, j)
        found.one_view[split.judge] = found.after[number][split.judge]
        mean_view = sum(views.values()) / len(views)
        every = pair_scores((mean_view - mean) @ matrix, i, j)
        found.all_views[split.judge] = every[split.judge]
    return found


def learn_from_halves(
    photographs: Photographs, splits: list[fine_tuning.Split], by_course: Views
) -> tuple[dict[str, list], list[dict], float]:
    """Let each half learn in each of METHODS.

    returns  method -> what `judge` takes, the choices made, the seconds that the trainings took
    """
    by_half: dict[str, list] = {method: [] for method in METHODS}
    choices, seconds = [], 0.0
    for split, half in zip(splits, HALVES.values()):
        people = photographs.faces.identity[split.learn]

        def of_half(views: Views, split=split) -> Views:
            return {view: vectors[split.learn] for view, vectors in views.items()}

        layer, rows = fine_tuning.fit_layer(of_half(by_course), people, half)
        tuned = gradient_tuning.tune(photographs.small_crops(split.learn), people, half)
        by_tuned = photographs.by_network(tuned.model, tuned.name)
        top, more = fine_tuning.fit_layer(of_half(by_tuned), people, half, tuned.trial)
        choices += rows + tuned.rows + more
        seconds += tuned.seconds
        by_half[LAYER].append((by_course, layer))
        by_half[GRADIENTS].append((by_tuned, fine_tuning.identity_layer(len(top[0]))))
        by_half[BOTH].append((by_tuned, top))
    return by_half, choices, seconds


def before_and_after(
    method: str,
    before: np.ndarray,
    after: np.ndarray,
    pairs: Pairs,
    identity: np.ndarray,
    splits: list[fine_tuning.Split],
) -> list[dict]:
    """Accuracy and EER on the other half's people, one row a half, one view a photograph.

    before  (M,) scores without what was learned
    after   (2, M) scores with what each half taught
    """
    _, _, same, fold = pairs
    rows = []
    for split, half, scores in zip(splits, HALVES.values(), after):
        other, own = split.judge, split.own

        def share_correct(threshold: float, where: np.ndarray, scores=scores) -> float:
            return float(np.mean((scores[where] >= threshold) == same[where]))

        own_threshold = max(np.sort(scores[own]), key=lambda at, own=own: share_correct(at, own))
        _, count = np.unique(identity[split.learn], return_counts=True)
        rows.append(
            {
                "how": method,
                "half": half,
                "photographs": len(split.learn),
                "people": len(count),
                "twice": int((count > 1).sum()),
                "accuracy_before": accuracy(before[other], same[other], fold[other])[0],
                "accuracy": accuracy(scores[other], same[other], fold[other])[0],
                "at_own_threshold": share_correct(own_threshold, other),
                "eer_before": equal_error_rate(before[other], same[other])[0],
                "eer": equal_error_rate(scores[other], same[other])[0],
            }
        )
    return rows


def gains(before: np.ndarray, judged: dict[str, Judged], pairs: Pairs, identity) -> list[dict]:
    """What each method gains over the course's model, and gradients over the layer."""
    layer = judged[LAYER].all_views
    compared = [(method, before, scores.one_view) for method, scores in judged.items()]
    compared += [
        ("gradients instead of the layer, four views each", layer, judged[GRADIENTS].all_views),
        ("both instead of the layer, four views each", layer, judged[BOTH].all_views),
    ]
    return [{"what": what, **gain(a, b, pairs, identity)} for what, a, b in compared]
