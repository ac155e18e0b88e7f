"""Checks of the lesson on verification: metrics, and a threshold from other people."""

from lib.checks.judge import edge, judge
from lib.evaluation import convert_threshold


def to_cosine(attempt) -> bool | None:
    """`(value, metric) -> float`: the cosine of two unit vectors at that distance.

    metric  "cosine", "l2" or "squared l2"
    """

    def expected(value, metric):
        return convert_threshold(value, metric, "cosine")

    def draw(rng):
        metric = rng.choice(["cosine", "l2", "squared l2"])
        low, high = {"cosine": (-1, 1), "l2": (0, 2), "squared l2": (0, 4)}[metric]
        return round(rng.uniform(low, high), 3), metric

    edges = [
        edge("Unit vectors at distance 1 are 60 degrees apart: 1 - 1 / 2.", 1.0, "l2"),
        edge("This distance is squared already: 1 - 1.5 / 2.", 1.5, "squared l2"),
        edge("A cosine stays as it is.", 0.4, "cosine"),
        edge("Square an L2 distance before you halve it; 2 is the largest.", 2.0, "l2"),
        edge("Distance 0 means equal vectors.", 0.0, "squared l2"),
    ]
    hint = "Squared distance of unit vectors = 2 - 2 cosine."
    return judge("to_cosine", attempt, expected, edges, draw, hint)


def choose_and_measure(attempt) -> bool | None:
    """`(chosen_scores, chosen_same, scores, same, far) -> (FAR, TAR)` of the second group."""

    def expected(chosen_scores, chosen_same, scores, same, far):
        impostors = chosen_scores[~chosen_same].tolist()
        threshold = 1.0
        for candidate in sorted(chosen_scores.tolist(), reverse=True):
            if sum(score >= candidate for score in impostors) > far * len(impostors) + 1e-9:
                break
            threshold = candidate
        groups = scores[~same].tolist(), scores[same].tolist()
        return tuple(sum(score >= threshold for score in group) / len(group) for group in groups)

    def draw(rng):
        groups = []
        for _ in range(2):
            same = rng.random(rng.integers(20, 60)) < 0.4
            same[:3] = True, False, False
            scores = rng.normal(0.3 + 0.35 * same, 0.15).clip(0, 0.99).round(2)
            scores[0] = 1.0  # the best score is genuine, so some threshold always holds
            groups += [scores, same]
        return *groups, rng.choice([0.05, 0.1, 0.2, 0.3])

    hint = "Choose on the first two arguments alone, measure on the next two alone."
    return judge("choose_and_measure", attempt, expected, _two_groups(), draw, hint)


def _two_groups() -> list:
    yes, no = True, False
    simple = [0.1, 0.3, 0.5, 0.9], [no, no, no, yes]
    even = [0.2, 0.6, 0.8, 0.9], [no, no, yes, yes]
    uneven = [0.1, 0.2, 0.3, 0.4, 0.95, 0.5, 0.6, 0.7, 0.8, 0.9], [no] * 4 + [yes] * 6
    tied = [0.2, 0.6, 0.6, 0.8, 0.7, 0.9], [no, no, no, no, yes, yes]
    six = [0.2, 0.4, 0.6, 0.52, 0.55, 0.48], [no, no, no, yes, yes, yes]

    def four(*scores):
        return list(scores), [no, no, yes, yes]

    return [
        edge(
            "The first group sets the threshold, 0.5; only the second group is measured.",
            *(*simple, *four(0.6, 0.2, 0.7, 0.3), 0.4),
        ),
        edge(
            "At 0.5, the lowest threshold that holds, 1 of 3 impostors passes. Return FAR, TAR.",
            *(*simple, *six, 0.4),
        ),
        edge(
            "FAR is a share of the pairs of *different people*, not of all pairs.",
            *(*uneven, *four(0.35, 0.25, 0.45, 0.1), 0.3),
        ),
        edge("A FAR of exactly `far` is allowed.", *even, *four(0.61, 0.1, 0.62, 0.3), 0.5),
        edge("A score equal to the threshold is accepted.", *even, *four(0.6, 0.1, 0.6, 0.3), 0.5),
        edge(
            "Two impostor pairs share the score 0.6: there 3 of 4 pass, so the threshold is 0.7.",
            *(*tied, *four(0.65, 0.75, 0.65, 0.72), 0.5),
        ),
    ]
