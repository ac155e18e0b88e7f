"""Checks of lesson 4: ArcFace's angle with its guard, CosFace's logits, and the scale that a sure answer needs.

Expected values go through the angle itself, one number at a time, and the scale through bisection.
"""

import math

import numpy as np
import torch

from lib.checks.judge import Case, generator, judge


def arc_margin(attempt) -> bool | None:
    """`(cosine any shape, margin in radians) -> the same shape`: cos(theta + m), beyond theta = pi - m cos(theta) - m sin(m)."""
    return judge(attempt, [*_arc_edges(), *_arc_at_random()], tolerance=1e-3, name="arc_margin")


def _arc_edges():
    def case(cosine, margin, why):
        return Case(
            {"cosine": torch.tensor(cosine), "margin": margin}, _arc(np.array(cosine), margin), why
        )

    yield case([0.5], 0.0, "without a margin nothing changes")
    yield case(
        [0.5], 0.7, "cos(theta + m) = cos(theta) cos(m) - sin(theta) sin(m), with m in radians"
    )
    yield case([1.0], 0.5, "on its class an embedding still sees the angle m: cos(m)")
    yield case(
        [-1.0],
        0.5,
        "opposite its class cos(theta + m) has come back up; beyond theta = pi - m it goes on as cos(theta) - m sin(m)",
    )
    yield case(
        [math.cos(math.pi - 0.6), math.cos(math.pi - 0.4)],
        0.5,
        "the guard begins at theta = pi - m, where cos(theta) = -cos(m), no sooner and no later",
    )
    yield case(
        [1.0000001],
        0.5,
        "rounding gives cosines a hair above 1: keep what goes into the root, or into acos, in its range",
    )
    yield case([[0.2, -0.3], [0.9, 0.0]], 0.3, "any shape comes back as it went in")


def _arc_at_random():
    rng = generator()
    for _ in range(100):
        shape = torch.randint(1, 5, (2,), generator=rng).tolist()
        cosine, margin = (
            2 * torch.rand(shape, generator=rng) - 1,
            round(0.1 + float(torch.rand((), generator=rng)), 2),
        )
        yield Case(
            {"cosine": cosine, "margin": margin},
            _arc(cosine.numpy(), margin),
            "the angle grows by m, up to the guard",
            True,
        )


def _arc(cosine: np.ndarray, margin: float) -> np.ndarray:
    def one(value: float) -> float:
        theta = math.acos(min(1.0, max(-1.0, value)))
        return (
            math.cos(theta + margin)
            if theta + margin < math.pi
            else value - margin * math.sin(margin)
        )

    return np.vectorize(one)(cosine.astype(np.float64))


def cosface_logits(attempt) -> bool | None:
    """`(cosines (N, C), labels (N,), scale, margin) -> logits (N, C)`: the margin off the right class, then the scale on all."""
    return judge(attempt, [*_cosface_edges(), *_cosface_at_random()], name="cosface_logits")


def _cosface_edges():
    def case(cosines, labels, scale, margin, why):
        given = {
            "cosines": torch.tensor(cosines),
            "labels": torch.tensor(labels),
            "scale": scale,
            "margin": margin,
        }
        return Case(given, _cosface(cosines, labels, scale, margin), why)

    yield case([[0.5, 0.5]], [0], 10.0, 0.0, "every logit is a scaled cosine")
    yield case(
        [[0.5, 0.5]],
        [0],
        10.0,
        0.2,
        "the margin makes the right class look further away, and no other class; the scale comes after it",
    )
    yield case(
        [[0.9, 0.1, 0.0], [0.2, 0.8, 0.3]],
        [2, 1],
        1.0,
        0.5,
        "each row has a margin in one place, its own label's: index rows and labels together",
    )
    yield case([[0.1, 0.2], [0.3, 0.4]], [0, 0], 2.0, 0.1, "two images of one class")


def _cosface_at_random():
    rng = generator()
    for _ in range(100):
        n, classes = (int(size) for size in torch.randint(2, 5, (2,), generator=rng))
        cosines, labels = (
            2 * torch.rand(n, classes, generator=rng) - 1,
            torch.randint(0, classes, (n,), generator=rng),
        )
        scale, margin = (
            round(1 + 63 * float(torch.rand((), generator=rng)), 1),
            round(0.5 * float(torch.rand((), generator=rng)), 2),
        )
        yield Case(
            {"cosines": cosines, "labels": labels, "scale": scale, "margin": margin},
            _cosface(cosines.tolist(), labels.tolist(), scale, margin),
            "scale * (cosine - margin at the right class)",
            True,
        )


def _cosface(cosines, labels, scale, margin) -> np.ndarray:
    return np.array(
        [
            [
                scale * (value - margin if place == label else value)
                for place, value in enumerate(row)
            ]
            for row, label in zip(cosines, labels)
        ]
    )


def smallest_scale(attempt) -> bool | None:
    """`(classes, probability) -> s`: where a perfect network gives the right class that probability under normalised softmax."""
    return judge(attempt, _scale_cases(), tolerance=1e-4, name="smallest_scale")


def _scale_cases():
    for classes, probability, why in (
        (2, 0.9, "two classes can lie opposite each other, at cosine -1: the logits are s and -s"),
        (4, 0.25, "at scale 0 every class has the probability 1/C"),
        (
            3,
            0.5,
            "the right class has cosine 1, and all the C - 1 others -1/(C - 1), and each of them counts",
        ),
        (10_000, 0.99, "with many classes the others stand nearly at right angles"),
    ):
        yield Case(
            {"classes": classes, "probability": probability}, _scale(classes, probability), why
        )
    rng = np.random.default_rng(0)
    for _ in range(50):
        classes, probability = int(rng.integers(2, 200)), round(float(rng.uniform(0.6, 0.999)), 3)
        yield Case(
            {"classes": classes, "probability": probability},
            _scale(classes, probability),
            "put s back into the softmax and look",
            random=True,
        )


def _scale(classes: int, probability: float) -> float:
    low, high = 0.0, 100.0
    for _ in range(80):
        middle = (low + high) / 2
        rivals = sum(math.exp(middle * (-1 / (classes - 1) - 1)) for _ in range(classes - 1))
        low, high = (middle, high) if 1 / (1 + rivals) < probability else (low, middle)
    return low
