"""Checks of lesson 10: PCA by hand, the width of UMAP's neighbourhood, how pure a map's neighbourhoods are."""

import functools
import math

import numpy as np

from lib.checks.judge import Case, judge


def pca_shadow(attempt) -> bool | None:
    """(N, D) -> (points (N, 2), share of the spread that they keep). Each axis may point either way."""

    @functools.wraps(attempt)
    def upright(x):
        answer = attempt(x)
        if isinstance(answer, tuple) and len(answer) == 2 and np.ndim(answer[0]) == 2:
            return _upright(np.asarray(answer[0])), answer[1]
        return answer

    return judge(upright, _clouds(), name="pca_shadow")


def _upright(points: np.ndarray) -> np.ndarray:
    """Each axis turned so that its point furthest from zero lies on the positive side."""
    furthest = points[np.abs(points).argmax(0), np.arange(points.shape[1])]
    return points * np.where(furthest < 0, -1, 1)


def _clouds():
    cross = np.array(
        [
            [4.0, 0.0, 0.0],
            [-4.0, 0.0, 0.0],
            [0.0, 2.0, 0.0],
            [0.0, -2.0, 0.0],
            [0.0, 0.0, 1.0],
            [0.0, 0.0, -1.0],
        ]
    )
    yield _cloud(
        cross,
        "spreads of 32, 8 and 2: the wall keeps 40/42, and the shares are of *squared* singular values",
    )
    yield _cloud(cross + [10, -20, 5], "a cloud far from zero: take its mean away first")
    yield _cloud(
        cross * [0.1, 1, 10],
        "the longest direction comes first, whichever axis it is; the axes keep their lengths",
    )
    rng = np.random.default_rng(0)
    for _ in range(60):
        count, size = rng.integers(4, 20), rng.integers(2, 12)
        axes = np.linalg.qr(rng.normal(size=(size, size)))[0] * (0.6 ** np.arange(size))[:, None]
        yield _cloud(
            rng.normal(size=(count, size)) @ axes + rng.normal(size=size),
            "centred, turned onto its two longest directions",
            random=True,
        )


def _cloud(x, why: str, random: bool = False) -> Case:
    """The expected shadow from the eigenvectors of the covariance."""
    x = np.asarray(x, dtype=float)
    centred = x - x.mean(0)
    spread, directions = np.linalg.eigh(centred.T @ centred)  # smallest first
    return Case(
        {"x": x},
        (_upright(centred @ directions[:, [-1, -2]]), spread[-2:].sum() / spread.sum()),
        why,
        random,
    )


def sigma_of(attempt) -> bool | None:
    """Distances of a point's k neighbours -> the sigma with which their weights sum to log2(k)."""
    return judge(attempt, _neighbours(), tolerance=1e-3, name="sigma_of")


def _neighbours():
    yield _neighbour(
        [0.2, 0.3, 0.5, 0.9], "the numbers of the text: with sigma 0.240 the weights sum to 2"
    )
    yield _neighbour(
        [5.2, 5.3, 5.5, 5.9],
        "the nearest neighbour has weight 1 wherever it is: take its distance away first",
    )
    yield _neighbour([0.9, 0.2, 0.5, 0.3], "the nearest one need not come first in the list")
    yield _neighbour([2.0, 3.0, 5.0, 9.0], "ten times as far, ten times the sigma")
    yield _neighbour(
        list(np.linspace(0.1, 1, 15)), "15 neighbours: their weights sum to log2(15) = 3.9"
    )
    rng = np.random.default_rng(1)
    for _ in range(60):
        yield _neighbour(
            list(np.cumsum(rng.uniform(0.05, 1, rng.integers(4, 31))) * 10 ** rng.uniform(-1, 1)),
            "the sum falls short or runs over: halve the interval again",
            random=True,
        )


def _neighbour(distances: list[float], why: str, random: bool = False) -> Case:
    """The expected sigma by Newton's steps on its logarithm."""
    d = np.asarray(distances, dtype=float)
    gap, log_sigma = d - d.min(), math.log(np.mean(d - d.min()))
    for _ in range(100):
        weights = np.exp(-gap * math.exp(-log_sigma))
        slope = (weights * gap).sum() * math.exp(-log_sigma)
        log_sigma -= np.clip((weights.sum() - math.log2(len(d))) / slope, -1, 1)
    return Case({"distances": d}, math.exp(log_sigma), why, random)


def purity(attempt) -> bool | None:
    """(xy (N, 2), people (N,), k) -> the share of each point's k nearest on the map that show the same person."""
    return judge(attempt, _maps(), name="purity")


def _maps():
    yield _map(
        [[0, 0], [1, 0], [5, 0]],
        [0, 1, 2],
        1,
        "three people, one point each: a point is not its own neighbour",
    )
    yield _map(
        [[0, 0], [1, 0], [5, 0], [6.5, 0]],
        [0, 0, 1, 1],
        2,
        "of two neighbours one is the same person: a share, not yes or no",
    )
    yield _map(
        [[0, 0], [0, 1], [3, 0], [3, 1.2]],
        [0, 0, 1, 1],
        1,
        "two tidy pairs: all neighbours are right",
    )
    yield _map(
        [[0, 0], [0, 3], [1, 0], [1.1, 0]],
        [0, 0, 1, 1],
        1,
        "a map has two axes: distance is measured along both",
    )
    rng = np.random.default_rng(2)
    for _ in range(60):
        count = int(rng.integers(5, 20))
        yield _map(
            rng.normal(size=(count, 2)),
            rng.integers(0, 3, count),
            int(rng.integers(1, 5)),
            "the k nearest without the point itself, mean over all points",
            random=True,
        )


def _map(xy, people, k: int, why: str, random: bool = False) -> Case:
    shares = []
    for i, point in enumerate(xy):
        nearest = sorted(
            (j for j in range(len(xy)) if j != i), key=lambda j: math.dist(point, xy[j])
        )[:k]
        shares.append(sum(people[j] == people[i] for j in nearest) / k)
    return Case(
        {"xy": np.asarray(xy, dtype=float), "people": np.asarray(people), "k": k},
        sum(shares) / len(shares),
        why,
        random,
    )
