"""Checks of the lesson on one-shot learning: N-way answers, precision at k, a bootstrap."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from lib.checks.judge import edge, judge
from lib.data.arrays import unit_rows


def nearest_character(attempt) -> bool | None:
    """`(shots (N, K, D), probes (Q, D)) -> (Q,)`: the character with the largest mean cosine."""

    def expected(shots, probes):
        cosines = np.einsum("nkd,qd->qnk", unit_rows(shots), unit_rows(probes))
        return cosines.mean(2).argmax(1)

    def draw(rng):
        ways, shots, size, probes = rng.integers((2, 1, 2, 1), (7, 5, 9, 9))
        centres = rng.normal(size=(ways, 1, size))
        drawings = centres + 0.8 * rng.normal(size=(ways, shots, size))
        lengths = rng.uniform(0.2, 5, (ways, shots, 1))
        return drawings * lengths, rng.normal(size=(probes, size))

    edges = [
        edge("Normalise the shots first.", [[[10.0, 0.0]], [[0.5, 0.5]]], [[0.6, 0.5]]),
        edge(
            "Take the mean over all shots of a character, not the best shot.",
            *([[[1.0, 0.0], [-1.0, 0.1]], [[0.6, 0.8], [0.6, 0.8]]], [[1.0, 0.0]]),
        ),
        edge(
            "Do not normalise the mean of the unit vectors again.",
            *([[[1.0, 0.0], [-0.9, 0.436]], [[1.0, 0.0], [1.0, 0.0]]], [[0.3, 0.954]]),
        ),
        edge(
            "Return one answer for each probe; the largest cosine wins.",
            *([[[1.0, 0.0]], [[0.0, 1.0]], [[-1.0, 0.0]]], [[0.0, 2.0], [3.0, 1.0]]),
        ),
    ]
    hint = "Take the mean over a character's shots, then the best character."
    return judge("nearest_character", attempt, expected, edges, draw, hint)


def share_among_nearest(points, labels, k: int) -> float:
    """Mean share of a point's `k` nearest others (Euclidean distance) that have its label."""
    search = NearestNeighbors(n_neighbors=k).fit(points)
    nearest = search.kneighbors(return_distance=False)  # (N, k), without the point itself
    return float((labels[nearest] == labels[:, None]).mean())


def precision_at(attempt) -> bool | None:
    """`(vectors (N, D) of length 1, identity (N,), k) -> float`, each image once as the query."""

    def expected(vectors, identity, k):  # the nearest unit vectors have the largest cosines
        return share_among_nearest(vectors, identity, k)

    def draw(rng):
        count = rng.integers(5, 14)
        vectors = unit_rows(rng.normal(size=(count, rng.integers(2, 6))))
        return vectors, rng.integers(0, 4, count), rng.integers(1, 4)

    def circle(*degrees):
        angles = np.radians(degrees)
        return np.stack([np.cos(angles), np.sin(angles)], 1)

    edges = [
        edge("A query must not find itself; none has a partner.", circle(0, 90, 180), [0, 1, 2], 1),
        edge("One of two is correct: divide by k.", circle(0, 10, 90, 100), [0, 0, 1, 1], 2),
        edge("Only the first place counts at k = 1.", circle(0, 10, 25, 90), [0, 1, 0, 1], 1),
        edge(
            "Leave the query out by its index: the first two images are equal.",
            *(circle(30, 30, 75, 78), [0, 1, 1, 1], 1),
        ),
        edge(
            "All of the first k places count, and the most alike come first.",
            *(circle(0, 5, 40, 50, 170), [0, 0, 0, 1, 1], 3),
        ),
    ]
    hint = "Count the correct ones among the first k, divide by k, take the mean over all queries."
    return judge("precision_at", attempt, expected, edges, draw, hint)


def bootstrap_shares(attempt) -> bool | None:
    """`(is_correct (M,) bool, run (M,), draws (B, R)) -> shares (B,)` of correct answers."""

    def expected(is_correct, run, draws):
        shares = []
        for row in draws:
            drawn = [is_correct[run == number] for number in row]
            shares.append(np.concatenate(drawn).mean())
        return np.array(shares)

    def draw(rng):
        runs, answers = rng.integers(2, 6), rng.integers(8, 30)
        run = np.append(np.arange(runs), rng.integers(0, runs, answers - runs))  # none is empty
        return rng.random(answers) < 0.5, run, rng.integers(0, runs, (rng.integers(1, 7), runs))

    yes, no = True, False
    edges = [
        edge(
            "[0, 0] draws the whole of run 0 twice, and all of its answers are correct.",
            *([yes, yes, no, no], [0, 0, 1, 1], [[0, 0], [0, 1], [1, 1]]),
        ),
        edge(
            "Pool the answers of runs of different size; do not take the mean of their shares.",
            *([yes, no, no, no], [0, 1, 1, 1], [[0, 1]]),
        ),
        edge("A run drawn twice counts twice.", [yes, no, no], [0, 1, 1], [[0, 0, 1]]),
        edge("A draw names runs.", [no, yes, yes, no], [1, 0, 1, 0], [[1, 1], [0, 1]]),
    ]
    hint = "Gather the answers of each run as often as it is drawn, and take their mean."
    return judge("bootstrap_shares", attempt, expected, edges, draw, hint)
