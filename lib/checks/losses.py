"""Checks of the lesson on contrastive and triplet loss.

Expected losses come from plain loops, and the expected gradient from finite differences.
"""

import math

import numpy as np
import torch

from lib.checks.judge import double_tensor, edge, judge


def contrastive(attempt) -> bool | None:
    """`(d (N,), same (N,) bool, margin) -> scalar`: mean contrastive loss with Hadsell's 1/2."""

    def expected(d, same, margin):
        total = 0.0
        for distance, is_same in zip(d.tolist(), same):
            if is_same:
                total += distance * distance / 2
            elif distance < margin:
                total += (margin - distance) * (margin - distance) / 2
        return total / len(d)

    def draw(rng):
        n = rng.integers(1, 9)
        return rng.uniform(0, 2, n), rng.random(n) < 0.5, round(rng.uniform(0.2, 1.8), 2)

    yes, no = True, False
    edges = [
        edge(
            "A different pair beyond the margin costs nothing: max(0, margin - d), then square.",
            [1.5],
            [no],
            1.0,
        ),
        edge("A same pair costs half of its squared distance.", [2.0], [yes], 1.0),
        edge("A different pair costs half of (margin - d) squared.", [0.4], [no], 1.0),
        edge("The margin is an argument, not always 1.", [0.5], [no], 0.3),
        edge("Take one mean over all pairs, of both kinds.", [0.6] * 3, [yes, no, no], 1.0),
        edge("Both are (N,): (N,) with (N, 1) becomes N x N.", [0.2, 1.5], [yes, no], 1.0),
        edge("At distance 0 a different pair costs the most.", [0.0, 0.0], [yes, no], 1.0),
    ]
    hint = "Compare your loss with one pair worked by hand."
    return judge(
        "contrastive", attempt, expected, edges, draw, hint, count=200, as_input=torch.tensor
    )


def semi_hard(attempt) -> bool | None:
    """`(d_ap (B,), d_an (B, N), margin) -> bool (B, N)`: d_ap < d_an < d_ap + margin."""

    def expected(d_ap, d_an, margin):
        rows = zip(d_ap.tolist(), d_an.tolist())
        return np.array([[n > p and n - p < margin for n in row] for p, row in rows])

    def draw(rng):
        b, n = rng.integers(1, 6, 2)
        return rng.random(b), rng.uniform(0, 1.5, (b, n)), round(rng.uniform(0.05, 0.55), 2)

    edges = [
        edge("A negative nearer than the positive is hard.", [0.5], [[0.25]], 0.25),
        edge("A negative as far as the positive is not further.", [0.5], [[0.5]], 0.25),
        edge("At the margin a triplet costs nothing: use <, not <=.", [0.5], [[0.75]], 0.25),
        edge(
            "Further than the positive, by less than the margin: semi-hard.", [0.5], [[0.625]], 0.25
        ),
        edge("Beyond the margin a negative is easy.", [0.5], [[1.0]], 0.25),
        edge("Compare distances, not their squares.", [1.0], [[1.2]], 0.25),
        edge(
            "Row b of d_an belongs to positive b: give d_ap a second axis, d_ap[:, None].",
            [0.125, 1.0],
            [[0.25, 1.125], [0.25, 1.125]],
            0.25,
        ),
    ]
    hint = "d_ap < d_an < d_ap + margin, row by row."
    return judge(
        "semi_hard", attempt, expected, edges, draw, hint, count=200, as_input=torch.tensor
    )


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
