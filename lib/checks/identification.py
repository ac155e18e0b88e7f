"""Checks of the lesson on identification: a name for each probe, or none; a gallery's rates."""

import numpy as np

from lib.checks.judge import edge, judge

PEOPLE = ["Ada", "Bo", "Cy", "Di", "Eve"]


def identify(attempt) -> bool | None:
    """`(scores (Q, G), names of the G templates, threshold) -> Q answers`, each a name or None."""

    def expected(scores, names, threshold):
        answers = []
        for row in scores.tolist():
            score, name = max(zip(row, names))
            answers.append(name if score >= threshold else None)
        return answers

    def draw(rng):
        names = rng.choice(PEOPLE, rng.integers(1, 9)).tolist()
        scores = rng.uniform(-0.2, 1, (rng.integers(1, 6), len(names)))
        return scores, names, round(rng.uniform(0.2, 0.9), 2)

    edges = [
        edge(
            "Each row is a probe, and its largest score names it.",
            *([[0.2, 0.8], [0.7, 0.1], [0.6, 0.3]], ["Ada", "Bo"], 0.5),
        ),
        edge("Nobody reaches the threshold: None.", [[0.4, 0.3]], ["Ada", "Bo"], 0.5),
        edge("Take the best of the three.", [[0.6, 0.9, 0.7]], ["Ada", "Bo", "Cy"], 0.5),
        edge("A score equal to the threshold is accepted.", [[0.5, 0.1]], ["Ada", "Bo"], 0.5),
        edge(
            "Of a person's templates the best one counts, not the mean or sum.",
            *([[0.9, 0.1, 0.8, 0.8]], ["Ada", "Ada", "Bo", "Bo"], 0.5),
        ),
        edge("A gallery of one person still meets strangers.", [[-0.3], [0.9]], ["Ada"], 0.0),
    ]
    hint = "The name of each row's largest score where it reaches the threshold, else None."
    return judge("identify", attempt, expected, edges, draw, hint)


def rates_of_gallery(attempt) -> bool | None:
    """`(known (Q, P), owner (Q,), strangers (M, P), one_in) -> (FPIR, TPIR)`."""

    def expected(known, owner, strangers, one_in):
        highest = sorted((max(row) for row in strangers.tolist()), reverse=True)
        threshold = highest[len(highest) // one_in - 1]
        found = 0
        for row, person in zip(known.tolist(), owner.tolist()):
            found += max(row) >= threshold and row[person] == max(row)
        return sum(score >= threshold for score in highest) / len(highest), found / len(known)

    def draw(rng):
        people, one_in = rng.integers(2, 5), rng.choice([2, 4, 10])
        owner = rng.integers(people, size=rng.integers(3, 12))
        known = rng.uniform(-0.2, 0.7, (len(owner), people))
        known[np.arange(len(owner)), owner] += 0.3
        strangers = rng.uniform(-0.2, 0.9, (rng.integers(one_in, 4 * one_in), people))
        return known, owner, strangers, one_in

    strangers = [[0.1, 0.5], [0.3, 0.2], [0.4, 0.0], [0.2, 0.6]]  # best: 0.5, 0.3, 0.4, 0.6
    edges = [
        edge(
            "Two of four strangers may pass: the threshold is 0.5. One enrolled probe misses it.",
            *([[0.9, 0.1], [0.2, 0.8], [0.45, 0.1]], [0, 1, 0], strangers, 2),
        ),
        edge(
            "The second probe reaches the threshold under another person's name: not found.",
            *([[0.9, 0.1], [0.8, 0.7]], [0, 1], strangers, 2),
        ),
        edge(
            "The best of a stranger's scores counts, not each score: one of four may pass, at 0.6.",
            *([[0.55, 0.1], [0.2, 0.7]], [0, 1], strangers, 4),
        ),
        edge("A score equal to the threshold is accepted.", [[0.6, 0.1]], [0], strangers, 4),
        edge(
            "One in two of three strangers is one: round down.",
            *([[0.45, 0.1], [0.1, 0.55]], [0, 1], strangers[:3], 2),
        ),
    ]
    hint = "Sort the strangers' best scores; the owner must be best, and reach the threshold."
    return judge("rates_of_gallery", attempt, expected, edges, draw, hint)
