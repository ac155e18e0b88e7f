"""Checks of the lesson on embedding maps: PCA, the sigma of UMAP, how pure a map is."""

import numpy as np
from scipy.optimize import brentq

from lib.checks.judge import edge, judge
from lib.checks.one_shot import share_among_nearest


def pca_map(attempt) -> bool | None:
    """`x (N, D) -> (points (N, 2), share of the variance kept)`. Each axis may point either way."""

    def upright(points):  # the point furthest from zero is on the positive side of each axis
        furthest = points[np.abs(points).argmax(0), np.arange(points.shape[1])]
        return points * np.where(furthest < 0, -1, 1)

    def attempt_upright(x):
        answer = attempt(x)
        if isinstance(answer, tuple) and len(answer) == 2 and np.ndim(answer[0]) == 2:
            return upright(np.asarray(answer[0])), answer[1]
        return answer

    def expected(x):
        centred = x - x.mean(0)
        variance, directions = np.linalg.eigh(centred.T @ centred)  # the smallest first
        return upright(centred @ directions[:, [-1, -2]]), variance[-2:].sum() / variance.sum()

    def draw(rng):
        count, size = rng.integers((4, 2), (20, 12))
        axes = np.linalg.qr(rng.normal(size=(size, size)))[0] * (0.6 ** np.arange(size))[:, None]
        return (rng.normal(size=(count, size)) @ axes + rng.normal(size=size),)

    cross = np.concatenate([np.diag([4.0, 2.0, 1.0]), -np.diag([4.0, 2.0, 1.0])])
    edges = [
        edge("Variances 32, 8, 2: the map keeps 40/42, of *squared* singular values.", cross),
        edge("This cloud is far from zero: subtract its mean first.", cross + [10, -20, 5]),
        edge("The longest direction comes first, at its own length.", cross * [0.1, 1, 10]),
    ]
    hint = "Subtract the mean, then project on the two longest directions."
    return judge("pca_map", attempt_upright, expected, edges, draw, hint)


def umap_sigma(attempt) -> bool | None:
    """`distances (k,) -> sigma`, with which the weights of the k neighbours sum to log2(k)."""

    def expected(distances):
        gaps, target = distances - distances.min(), np.log2(len(distances))
        return brentq(lambda sigma: np.exp(-gaps / sigma).sum() - target, 1e-6, 1e6)

    def draw(rng):
        steps = rng.uniform(0.05, 1, rng.integers(4, 31))
        return (rng.permutation(steps.cumsum() * 10 ** rng.uniform(-1, 1)),)

    edges = [
        edge("With sigma 0.240 the weights sum to 2, as in the text.", [0.2, 0.3, 0.5, 0.9]),
        edge("Subtract the nearest distance first.", [5.2, 5.3, 5.5, 5.9]),
        edge("The nearest distance need not come first.", [0.9, 0.2, 0.5, 0.3]),
        edge("Ten times the distances, ten times the sigma.", [2.0, 3.0, 5.0, 9.0]),
        edge("15 weights sum to log2(15) = 3.9.", np.linspace(0.1, 1, 15)),
    ]
    hint = "The sum is too small or too large: halve the interval again."
    return judge("umap_sigma", attempt, expected, edges, draw, hint, tolerance=1e-3)


def purity(attempt) -> bool | None:
    """`(xy (N, 2), people (N,), k) -> float`: share of the k nearest that show the same person."""

    def expected(xy, people, k):
        return share_among_nearest(xy, people, k)

    def draw(rng):
        count = rng.integers(5, 20)
        return rng.normal(size=(count, 2)), rng.integers(0, 3, count), rng.integers(1, 5)

    row, pairs = np.array([[0, 0], [1, 0], [5, 0], [6.5, 0]]), [0, 0, 1, 1]
    edges = [
        edge("A point is not its own neighbour.", row[:3], [0, 1, 2], 1),
        edge("One of two neighbours is the same person: a share, not yes or no.", row, pairs, 2),
        edge("All nearest neighbours are correct.", [[0, 0], [0, 1], [3, 0], [3, 1.2]], pairs, 1),
        edge("Distance counts both axes.", [[0, 0], [0, 3], [1, 0], [1.1, 0]], pairs, 1),
    ]
    hint = "Take the k nearest without the point itself, and the mean over all points."
    return judge("purity", attempt, expected, edges, draw, hint)
