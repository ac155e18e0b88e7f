"""Checks of the lesson on contrastive and triplet loss.

Expected losses and steps come from plain loops, and the expected gradient from finite differences.
"""

import math
from itertools import combinations

import numpy as np

from lib.checks.judge import double_tensor, edge, judge


def contrastive_step(attempt) -> bool | None:
    """`(e (B, D), labels (B,), margin, lr) -> (B, D)`.

    The embeddings after one step of gradient descent on the mean contrastive loss of all pairs.
    """

    def expected(e, labels, margin, lr):
        points = e.numpy()
        gradient, pairs = np.zeros_like(points), len(points) * (len(points) - 1) / 2
        for i, j in combinations(range(len(points)), 2):
            d = math.dist(points[i], points[j])
            slope = d if labels[i] == labels[j] else -max(0.0, margin - d)
            if d > 0:
                pull = slope * (points[i] - points[j]) / d / pairs
                gradient[i] += pull
                gradient[j] -= pull
        return points - lr * gradient

    def draw(rng):
        b, d = rng.integers(2, 6), rng.integers(1, 4)
        margin, lr = rng.uniform(0.5, 2.5, 2).round(2)
        return rng.normal(size=(b, d)), rng.integers(0, 3, b), margin, lr

    pair, far = [[0.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [2.0, 0.0]]
    on_one_spot = [[1.0, 2.0], [1.0, 2.0], [2.0, 2.0]]
    edges = [
        edge("A same pair moves together: each point by lr d.", pair, [5, 5], 2.0, 0.25),
        edge("A different pair moves apart by lr (margin - d) each.", pair, [5, 6], 1.5, 0.5),
        edge("Beyond the margin a different pair stays: max(0, ...).", far, [5, 6], 1.5, 0.5),
        edge("The margin is an argument, not always 1.", [[0.0], [0.8]], [5, 6], 0.5, 1.0),
        edge("Take one mean over all pairs.", [[0.0], [1.0], [3.0]], [5, 5, 6], 4.0, 0.5),
        edge("At d = 0 vector_norm has gradient 0, a root NaN.", on_one_spot, [5, 6, 6], 1.0, 0.5),
    ]
    hint = "Work out one pair by hand."
    return judge("contrastive_step", attempt, expected, edges, draw, hint, as_input=double_tensor)


def batch_hard_loss(attempt) -> bool | None:
    """`(e (B, D), labels (B,), margin) -> scalar`: batch-hard triplet loss of any batch.

    The mean is over the anchors that have a positive and a negative; 0 if there is none.
    """

    def expected(e, labels, margin):
        points, labels, terms = e.tolist(), labels.tolist(), []
        for i, (anchor, label) in enumerate(zip(points, labels)):
            d = [math.dist(anchor, other) for other in points]
            positives = [d[j] for j in range(len(d)) if labels[j] == label and j != i]
            negatives = [d[j] for j in range(len(d)) if labels[j] != label]
            if positives and negatives:
                terms.append(max(0.0, max(positives) - min(negatives) + margin))
        return sum(terms) / max(len(terms), 1)

    def draw(rng):
        b, d = rng.integers(2, 9), rng.integers(1, 4)
        return rng.normal(size=(b, d)), rng.integers(0, 3, b), round(rng.uniform(0.1, 2), 2)

    edges = [
        edge(
            "An anchor whose triplet costs nothing counts as 0 in the mean.",
            [[0.0], [1.0], [5.0], [5.0]],
            [5, 5, 6, 6],
            3.5,
        ),
        edge(
            "Of the positives the farthest counts.",
            [[0.0], [1.0], [2.0], [10.0], [10.0]],
            [5, 5, 5, 6, 6],
            8.0,
        ),
        edge(
            "Of the negatives the nearest counts.", [[0.0], [1.0], [3.0], [9.0]], [5, 5, 6, 6], 1.0
        ),
        edge(
            "Compare distances, not their squares.", [[0.0], [2.0], [3.0], [3.0]], [5, 5, 6, 6], 0.5
        ),
        edge(
            "An anchor without a positive is left out of the mean.",
            [[0.0], [1.0], [3.0]],
            [5, 5, 6],
            2.5,
        ),
        edge("Without negatives no anchor is left: return 0.", [[0.0], [1.0]], [5, 5], 1.0),
        edge("Without positives no anchor is left: return 0.", [[0.0], [1.0]], [5, 6], 2.0),
    ]
    hint = "Farthest positive minus nearest negative plus margin, row by row."
    return judge("batch_hard_loss", attempt, expected, edges, draw, hint, as_input=double_tensor)


def soft_triplet_gradient(attempt) -> bool | None:
    """`(a, p, n (N, D) each) -> (3, N, D)`: gradient of mean ln(1 + exp(d_ap - d_an))."""

    def expected(a, p, n):
        step = 1e-6
        points = np.stack([a.numpy(), p.numpy(), n.numpy()])  # (3, N, D)
        gradient = np.empty_like(points)
        for place in np.ndindex(points.shape):  # central differences: 0 where two points coincide
            up, down = points.copy(), points.copy()
            up[place] += step
            down[place] -= step
            gradient[place] = (_soft_triplet_loss(*up) - _soft_triplet_loss(*down)) / (2 * step)
        return gradient

    def draw(rng):
        return rng.normal(size=(3, *rng.integers(1, 5, 2)))

    edges = [
        edge(
            "The gradient points uphill: for a, sigma(0) = 1/2 times (a - p)/d_ap - (a - n)/d_an.",
            [[0.0]],
            [[1.0]],
            [[-1.0]],
        ),
        edge(
            "Directions are unit vectors, (a - p)/d_ap and (a - n)/d_an; the order is a, p, n.",
            [[0.0, 0.0]],
            [[3.0, 4.0]],
            [[0.0, 5.0]],
        ),
        edge("The slope is sigma(x) with x = d_ap - d_an.", [[0.0]], [[1.0]], [[3.0]]),
        edge("The loss is a mean: divide by N.", [[0.0]] * 2, [[1.0]] * 2, [[-1.0]] * 2),
        edge(
            "Where two points coincide, their distance has gradient 0, not 0/0.",
            [[1.0, 2.0]],
            [[1.0, 2.0]],
            [[2.0, 2.0]],
        ),
    ]
    return judge(
        "soft_triplet_gradient",
        attempt,
        expected,
        edges,
        draw,
        hint="Compare it with autograd's gradient, one triplet at a time.",
        tolerance=1e-4,
        as_input=double_tensor,
    )


def _soft_triplet_loss(a, p, n) -> float:
    terms = [math.dist(a[i], p[i]) - math.dist(a[i], n[i]) for i in range(len(a))]
    return sum(math.log1p(math.exp(term)) for term in terms) / len(terms)
