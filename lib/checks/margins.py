"""Checks of the lesson on angular margins: ArcFace's angle, CosFace's head.

Expected values go through the angle itself, one number at a time.
"""

import math

import numpy as np
import torch

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


def cosface(attempt) -> bool | None:
    """`(e (B, D), weight (C, D), labels (B,), scale, margin) -> logits (B, C)`."""

    def expected(e, weight, labels, scale, margin):
        rows = [
            [_cosine(row, direction) - margin * (k == label) for k, direction in enumerate(weight)]
            for row, label in zip(e, labels.tolist())
        ]
        return scale * np.array(rows)

    def draw(rng):
        n, classes, size = rng.integers(2, 5, 3)
        e, weight = rng.normal(size=(n, size)), rng.normal(size=(classes, size))
        labels = rng.integers(0, classes, n)
        return e, weight, labels, round(rng.uniform(1, 64), 1), round(rng.uniform(0, 0.5), 2)

    two, plane = [[1.0, 0.0], [0.0, 1.0]], [[0.6, 0.8]]
    edges = [
        edge("Without a margin every logit is a scaled cosine.", plane, two, [0], 10.0, 0.0),
        edge("Only directions count: normalise the embeddings.", [[3.0, 4.0]], two, [0], 10.0, 0.0),
        edge(
            "Only directions count: normalise the class weights.",
            plane,
            [[2.0, 0.0], [0.0, 5.0]],
            [0],
            10.0,
            0.0,
        ),
        edge(
            "Subtract the margin at the true class and at no other, then multiply by the scale.",
            plane,
            two,
            [0],
            10.0,
            0.2,
        ),
        edge(
            "Each row has the margin at its own label: index rows and labels together.",
            [[0.6, 0.8], [0.8, -0.6]],
            two,
            [1, 0],
            1.0,
            0.5,
        ),
    ]
    hint = "scale * (cosine - margin) at the true class, scale * cosine at the others."
    return judge(
        "cosface", attempt, expected, edges, draw, hint, tolerance=1e-4, as_input=torch.tensor
    )


def _cosine(a, b) -> float:
    a, b = a.double().tolist(), b.double().tolist()
    return sum(x * y for x, y in zip(a, b)) / (math.hypot(*a) * math.hypot(*b))
