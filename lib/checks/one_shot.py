"""Checks of lesson 6: the answer of an N-way K-shot question, precision at k, shares of a test drawn anew by groups."""

import math

import numpy as np

from lib.checks.judge import Case, judge


def answers(attempt) -> bool | None:
    """(shots (N, K, D), probes (Q, D)) -> for each probe the number of the character with the largest mean cosine."""
    return judge(attempt, _questions(), name="answers")


def _questions():
    yield _question(
        [[[10.0, 0.0]], [[0.5, 0.5]]],
        [[0.6, 0.5]],
        "a long vector is no better answer: bring the shots to length 1 first",
    )
    yield _question(
        [[[1.0, 0.0], [-1.0, 0.1]], [[0.6, 0.8], [0.6, 0.8]]],
        [[1.0, 0.0]],
        "all shots of a character speak, by their mean; not the best of them alone",
    )
    yield _question(
        [[[1.0, 0.0], [-0.9, 0.436]], [[1.0, 0.0], [1.0, 0.0]]],
        [[0.3, 0.954]],
        "the mean of unit vectors is used as it is: brought to length 1 again, shots that contradict each other would count as sure",
    )
    yield _question(
        [[[1.0, 0.0]], [[0.0, 1.0]], [[-1.0, 0.0]]],
        [[0.0, 2.0], [3.0, 1.0]],
        "one answer a probe, and the largest similarity wins",
    )
    rng = np.random.default_rng(0)
    for _ in range(60):
        ways, shots, size, probes = (
            rng.integers(2, 7),
            rng.integers(1, 5),
            rng.integers(2, 9),
            rng.integers(1, 9),
        )
        middles = rng.normal(size=(ways, 1, size))
        drawings = (middles + 0.8 * rng.normal(size=(ways, shots, size))) * rng.uniform(
            0.2, 5, (ways, shots, 1)
        )
        yield _question(
            drawings,
            rng.normal(size=(probes, size)),
            "the mean over a character's shots, then the best of the characters",
            random=True,
        )


def _question(shots, probes, why: str, random: bool = False) -> Case:
    """The expected answers cosine by cosine."""

    def cosine(a, b):
        return sum(x * y for x, y in zip(a, b)) / math.hypot(*a) / math.hypot(*b)

    best = [
        max(range(len(shots)), key=lambda n: sum(cosine(shot, probe) for shot in shots[n]))
        for probe in probes
    ]
    return Case({"shots": np.array(shots), "probes": np.array(probes)}, np.array(best), why, random)


def precision_at(attempt) -> bool | None:
    """(vectors (N, D) of length 1, identity (N,), k) -> precision at k, each image as the query of all others."""
    return judge(attempt, _shelves(), name="precision_at")


def _shelves():
    yield _shelf(
        [0, 90, 180], [0, 1, 2], 1, "nobody has a partner here; a query must not find itself"
    )
    yield _shelf(
        [0, 10, 90, 100],
        [0, 0, 1, 1],
        2,
        "each query has one right partner, so one of its first two is right: divide by k",
    )
    yield _shelf([0, 10, 25, 90], [0, 1, 0, 1], 1, "the first place counts, not any place")
    yield _shelf(
        [30, 30, 75, 78],
        [0, 1, 1, 1],
        1,
        "the first two are equal images under two names: leave the query out by its number, not the first place of the list",
    )
    yield _shelf(
        [0, 5, 40, 50, 170],
        [0, 0, 0, 1, 1],
        3,
        "all of the first k places count, and the most alike come first",
    )
    rng = np.random.default_rng(1)
    for _ in range(60):
        count = int(rng.integers(4, 14))
        yield _shelf(
            rng.uniform(0, 360, count),
            rng.integers(0, 4, count),
            int(rng.integers(1, 4)),
            "right ones among the first k, divided by k, mean over all queries",
            random=True,
        )


def _shelf(degrees, identity, k: int, why: str, random: bool = False) -> Case:
    """Drawings on a circle: who is nearest is seen from the angles alone."""
    degrees, shares = np.asarray(degrees, dtype=float), []
    for query, at in enumerate(degrees):
        others = [n for n in range(len(degrees)) if n != query]
        apart = {n: abs((degrees[n] - at + 180) % 360 - 180) for n in others}
        shares.append(
            sum(identity[n] == identity[query] for n in sorted(others, key=apart.get)[:k]) / k
        )
    vectors = np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], 1)
    return Case(
        {"vectors": vectors, "identity": np.asarray(identity), "k": k},
        sum(shares) / len(shares),
        why,
        random,
    )


def drawn_anew(attempt) -> bool | None:
    """(right (M,), run (M,), draws (B, R)) -> for each row of draws the share of right answers in the runs drawn."""
    return judge(attempt, _studies(), name="drawn_anew")


def _studies():
    yield _study(
        [1, 1, 0, 0],
        [0, 0, 1, 1],
        [[0, 0], [0, 1], [1, 1]],
        "a row of draws names whole runs: [0, 0] is run 0 twice, all right",
    )
    yield _study(
        [1, 0, 0, 0],
        [0, 1, 1, 1],
        [[0, 1]],
        "runs of different size: pool the answers and count, do not average the runs' shares",
    )
    yield _study([1, 0, 0], [0, 1, 1], [[0, 0, 1]], "a run that is drawn twice counts twice")
    yield _study(
        [0, 1, 1, 0],
        [1, 0, 1, 0],
        [[1, 1], [0, 1]],
        "a draw is the number of a run, not of an answer",
    )
    rng = np.random.default_rng(2)
    for _ in range(60):
        runs, answers_given = int(rng.integers(2, 6)), int(rng.integers(8, 30))
        run = np.append(np.arange(runs), rng.integers(0, runs, answers_given - runs))
        yield _study(
            rng.integers(0, 2, answers_given),
            run,
            rng.integers(0, runs, (int(rng.integers(1, 7)), runs)),
            "gather the answers of each run drawn, as often as it is drawn, and take their mean",
            random=True,
        )


def _study(right, run, draws, why: str, random: bool = False) -> Case:
    shares = []
    for row in draws:
        gathered = [bool(r) for group in row for r, g in zip(right, run) if g == group]
        shares.append(sum(gathered) / len(gathered))
    return Case(
        {"right": np.array(right, dtype=bool), "run": np.array(run), "draws": np.array(draws)},
        np.array(shares),
        why,
        random,
    )
