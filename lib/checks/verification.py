"""Checks of lesson 9: a threshold in another metric, a threshold chosen on one group and measured on another, a gallery with strangers."""

import math

import numpy as np

from lib.checks.judge import Case, judge


def to_cosine(attempt) -> bool | None:
    """(value, metric) -> the cosine of two unit vectors at that distance; metric is "cosine", "l2" or "squared l2"."""
    return judge(attempt, _conversions(), name="to_cosine")


def _conversions():
    yield Case(
        {"value": 1.0, "metric": "l2"},
        0.5,
        "two unit vectors one apart stand at 60 degrees: 1 - 1 / 2",
    )
    yield Case({"value": 1.5, "metric": "squared l2"}, 0.25, "it is squared already: 1 - 1.5 / 2")
    yield Case({"value": 0.4, "metric": "cosine"}, 0.4, "a cosine stays as it is")
    yield Case(
        {"value": 2.0, "metric": "l2"},
        -1.0,
        "square an L2 distance before you halve it; 2 is the largest there is, between opposite vectors",
    )
    yield Case({"value": 0.0, "metric": "squared l2"}, 1.0, "no distance: one and the same vector")
    rng = np.random.default_rng(0)
    for angle in rng.uniform(0, math.pi, 60):  # two vectors in the plane, measured with a ruler
        b = np.array([math.cos(angle), math.sin(angle)])
        apart = math.dist((1.0, 0.0), b)
        metric, value = (("cosine", b[0]), ("l2", apart), ("squared l2", apart * apart))[
            rng.integers(3)
        ]
        yield Case(
            {"value": float(value), "metric": metric},
            float(b[0]),
            f"these vectors stand {math.degrees(angle):.0f} degrees apart",
            random=True,
        )


def choose_and_measure(attempt) -> bool | None:
    """(chosen_scores, chosen_same, scores, same, far) -> (FAR, TAR) on the second group at the threshold of the first."""
    return judge(attempt, _two_groups(), name="choose_and_measure")


def _two_groups():
    yes, no = True, False
    yield _group(
        [0.1, 0.3, 0.5, 0.9],
        [no, no, no, yes],
        [0.6, 0.2, 0.7, 0.3],
        [no, no, yes, yes],
        0.4,
        "the first group sets the threshold, at 0.5, and the second one alone is measured",
    )
    yield _group(
        [0.1, 0.3, 0.5, 0.9],
        [no, no, no, yes],
        [0.2, 0.4, 0.6, 0.52, 0.55, 0.48],
        [no, no, no, yes, yes, yes],
        0.4,
        "the loosest threshold that holds is 0.5, where 1 in 3 strangers of the first group passes; return FAR, then TAR",
    )
    yield _group(
        [0.1, 0.2, 0.3, 0.4, 0.95, 0.5, 0.6, 0.7, 0.8, 0.9],
        [no] * 4 + [yes] * 6,
        [0.35, 0.25, 0.45, 0.1],
        [no, no, yes, yes],
        0.3,
        "FAR is a share of the pairs of *strangers*, not of all pairs",
    )
    yield _group(
        [0.2, 0.6, 0.8, 0.9],
        [no, no, yes, yes],
        [0.61, 0.1, 0.62, 0.3],
        [no, no, yes, yes],
        0.5,
        "a FAR of exactly `far` is allowed",
    )
    yield _group(
        [0.2, 0.6, 0.8, 0.9],
        [no, no, yes, yes],
        [0.6, 0.1, 0.6, 0.3],
        [no, no, yes, yes],
        0.5,
        "a score equal to the threshold is accepted",
    )
    yield _group(
        [0.2, 0.6, 0.6, 0.8, 0.7, 0.9],
        [no, no, no, no, yes, yes],
        [0.65, 0.75, 0.65, 0.72],
        [no, no, yes, yes],
        0.5,
        "two strangers share the score 0.6: at 0.6 three of four pass, so the smallest score that holds is 0.7",
    )
    rng = np.random.default_rng(1)
    for _ in range(60):
        groups = []
        for _ in range(2):
            same = rng.random(rng.integers(20, 60)) < 0.4
            same[:3] = yes, no, no
            scores = np.round(np.clip(rng.normal(0.3 + 0.35 * same, 0.15), 0, 0.99), 2)
            scores[0] = 1.0  # somebody genuine stands on top, so that some score always holds
            groups += [scores, same]
        yield _group(
            *groups,
            float(rng.choice([0.05, 0.1, 0.2, 0.3])),
            "choose on the first two arguments alone, measure on the next two alone",
            random=True,
        )


def _group(
    chosen_scores, chosen_same, scores, same, far: float, why: str, random: bool = False
) -> Case:
    """The expected rates by counting, pair by pair."""
    strangers = [s for s, y in zip(chosen_scores, chosen_same) if not y]
    threshold = min(
        t for t in chosen_scores if sum(s >= t for s in strangers) <= far * len(strangers) + 1e-9
    )
    others, genuine = ([s for s, y in zip(scores, same) if y == which] for which in (False, True))
    rates = tuple(sum(s >= threshold for s in group) / len(group) for group in (others, genuine))
    given = {
        "chosen_scores": np.array(chosen_scores),
        "chosen_same": np.array(chosen_same),
        "scores": np.array(scores),
        "same": np.array(same),
        "far": far,
    }
    return Case(given, rates, why, random)


def identify(attempt) -> bool | None:
    """(scores (Q, G), names of the G templates, threshold) -> Q answers, a name or None."""
    return judge(attempt, _crowds(), name="identify")


def _crowds():
    yield _crowd(
        [[0.2, 0.8], [0.7, 0.1], [0.6, 0.3]],
        ["Ada", "Bo"],
        0.5,
        "each row is a probe, and its largest score names it",
    )
    yield _crowd(
        [[0.4, 0.3]],
        ["Ada", "Bo"],
        0.5,
        "nobody in the gallery is alike enough: the answer is None",
    )
    yield _crowd(
        [[0.6, 0.9, 0.7]],
        ["Ada", "Bo", "Cy"],
        0.5,
        "three templates pass the threshold; the best of them counts, not the first or the last",
    )
    yield _crowd([[0.5, 0.1]], ["Ada", "Bo"], 0.5, "a score equal to the threshold is accepted")
    yield _crowd(
        [[0.9, 0.1, 0.8, 0.8]],
        ["Ada", "Ada", "Bo", "Bo"],
        0.5,
        "a person may have several templates: the best one speaks, not their mean or sum",
    )
    yield _crowd([[-0.3], [0.9]], ["Ada"], 0.0, "a gallery of one still has strangers")
    rng = np.random.default_rng(2)
    people = ["Ada", "Bo", "Cy", "Di", "Eve"]
    for _ in range(60):
        names = list(rng.choice(people, rng.integers(1, 9)))
        yield _crowd(
            rng.uniform(-0.2, 1, (rng.integers(1, 6), len(names))).round(3),
            [str(n) for n in names],
            round(float(rng.uniform(0.2, 0.9)), 2),
            "the name of the largest score in each row where that reaches the threshold, else None",
            random=True,
        )


def _crowd(scores, names: list[str], threshold: float, why: str, random: bool = False) -> Case:
    answers = []
    for row in scores:
        best = max(range(len(names)), key=lambda g: row[g])
        answers.append(names[best] if row[best] >= threshold else None)
    return Case(
        {"scores": np.array(scores), "names": names, "threshold": threshold}, answers, why, random
    )
