"""Checks of the lesson on angular margins: ArcFace's angle, CosFace's logits, the smallest scale.

Expected values go through the angle itself, one number at a time, and the scale is a root search.
"""

import math

import numpy as np
import torch
from scipy.optimize import brentq

from lib.checks.judge import edge, judge


def arc_margin(attempt) -> bool | None:
    """`(cosine of any shape, margin in radians) -> the same shape`.

    cos(theta + m), and beyond theta = pi - m the guard cos(theta) - m sin(m).
    """

    def expected(cosine, margin):
        def one(value: float) -> float:
            theta = math.acos(min(1.0, max(-1.0, value)))
            if theta + margin < math.pi:
                return math.cos(theta + margin)
            return value - margin * math.sin(margin)

        return np.vectorize(one)(cosine.double().numpy())

    def draw(rng):
        return rng.uniform(-1, 1, rng.integers(1, 5, 2)), round(rng.uniform(0.1, 1.1), 2)

    edges = [
        edge("Without a margin nothing changes.", [0.5], 0.0),
        edge("cos(t + m) = cos(t) cos(m) - sin(t) sin(m), with m in radians.", [0.5], 0.7),
        edge("An embedding on its class still sees the angle m: cos(m).", [1.0], 0.5),
        edge(
            "Beyond theta = pi - m, cos(theta + m) grows again: use cos(theta) - m sin(m) there.",
            [-1.0],
            0.5,
        ),
        edge(
            "The guard begins at theta = pi - m, where cos(theta) = -cos(m).",
            [math.cos(math.pi - 0.6), math.cos(math.pi - 0.4)],
            0.5,
        ),
        edge("Rounding gives cosines just above 1: clamp before the root.", [1.0000001], 0.5),
        edge("Return the shape that came in.", [[0.2, -0.3], [0.9, 0.0]], 0.3),
    ]
    return judge(
        "arc_margin",
        attempt,
        expected,
        edges,
        draw,
        hint="The angle grows by m, up to the guard.",
        tolerance=1e-3,
        as_input=torch.tensor,
    )


def cosface_logits(attempt) -> bool | None:
    """`(cosines (N, C), labels (N,), scale, margin) -> logits (N, C)`."""

    def expected(cosines, labels, scale, margin):
        logits = cosines.double().numpy() * scale
        for row, label in enumerate(labels.tolist()):
            logits[row, label] -= scale * margin
        return logits

    def draw(rng):
        n, classes = rng.integers(2, 5, 2)
        cosines, labels = rng.uniform(-1, 1, (n, classes)), rng.integers(0, classes, n)
        return cosines, labels, round(rng.uniform(1, 64), 1), round(rng.uniform(0, 0.5), 2)

    edges = [
        edge("Every logit is a scaled cosine.", [[0.5, 0.5]], [0], 10.0, 0.0),
        edge(
            "Subtract the margin at the true class and at no other, then multiply by the scale.",
            [[0.5, 0.5]],
            [0],
            10.0,
            0.2,
        ),
        edge(
            "Each row has the margin at its own label: index rows and labels together.",
            [[0.9, 0.1, 0.0], [0.2, 0.8, 0.3]],
            [2, 1],
            1.0,
            0.5,
        ),
        edge(
            "Two images of one class have one margin each.",
            [[0.1, 0.2], [0.3, 0.4]],
            [0, 0],
            2.0,
            0.1,
        ),
    ]
    hint = "scale * (cosine - margin) at the true class, scale * cosine at the others."
    return judge("cosface_logits", attempt, expected, edges, draw, hint, as_input=torch.tensor)


def smallest_scale(attempt) -> bool | None:
    """`(classes, probability) -> s`: the scale at which a perfect network is that sure."""

    def expected(classes, probability):
        logits = np.full(classes, -1 / (classes - 1))  # at scale 1
        logits[0] = 1.0

        def missing(scale: float) -> float:
            powers = np.exp(scale * (logits - 1))
            return powers[0] / powers.sum() - probability

        return brentq(missing, 0.0, 100.0)

    def draw(rng):
        return rng.integers(2, 200), round(rng.uniform(0.6, 0.999), 3)

    edges = [
        edge("Two classes lie at cosine 1 and -1: the logits are s and -s.", 2, 0.9),
        edge("At scale 0 every class has the probability 1/C.", 4, 0.25),
        edge("Each of the C - 1 other classes counts, with cosine -1/(C - 1).", 3, 0.5),
        edge("With many classes the others lie nearly at right angles.", 10_000, 0.99),
    ]
    hint = "Put s back into the softmax and compare the probability."
    return judge("smallest_scale", attempt, expected, edges, draw, hint, tolerance=1e-4)
