"""Checks of the welcome lesson: accept or reject at a threshold, and its two error rates."""

import numpy as np
import torch

from lib.checks.judge import edge, judge
from lib.evaluation import far_frr


def decide(attempt) -> bool | None:
    """`(scores (N,), threshold) -> bool (N,)`: accept where the score reaches the threshold."""

    def expected(scores, threshold):
        return np.array([score >= threshold for score in scores.tolist()])

    def draw(rng):
        return rng.uniform(-1, 1, rng.integers(1, 9)), round(rng.uniform(-1, 1), 2)

    edges = [
        edge("A larger score means more alike: accept it.", [0.75], 0.5),
        edge("A smaller score means less alike: reject it.", [0.25], 0.5),
        edge("A score equal to the threshold is accepted: use >=.", [0.5], 0.5),
        edge("A score of -0.75 means very different, not very alike.", [-0.75], 0.5),
        edge("A threshold may be negative.", [-0.5, -0.1], -0.25),
        edge("Return one answer for each score.", [0.25, 0.75, 0.5], 0.5),
    ]
    hint = "Accept where score >= threshold."
    return judge("decide", attempt, expected, edges, draw, hint, as_input=torch.tensor)


def error_rates(attempt) -> bool | None:
    """`(scores (N,), same (N,) bool, threshold) -> (FAR, FRR)`."""

    def draw(rng):
        size = rng.integers(2, 40)
        same = rng.random(size) < 0.4
        same[:2] = True, False  # both kinds of pair occur
        return rng.uniform(-1, 1, size), same, round(rng.uniform(-0.3, 0.7), 2)

    yes, no = True, False
    edges = [
        edge("The impostor is accepted and the owner is not.", [0.75, 0.25], [no, yes], 0.5),
        edge("Both decisions are correct: both rates are 0.", [0.75, 0.25], [yes, no], 0.5),
        edge(
            "The order is FAR, FRR. FAR is a share of the different pairs, not of all pairs.",
            *([0.9, 0.6, 0.1, 0.2, 0.3], [no, yes, no, no, no], 0.5),
        ),
        edge("A score equal to the threshold is accepted: use >=.", [0.5, 0.5], [no, yes], 0.5),
        edge(
            "FRR is the share of same pairs that are rejected; TAR = 1 - FRR is accepted.",
            *([0.1, 0.2, 0.9, 0.3], [yes, yes, yes, no], 0.5),
        ),
    ]
    hint = "Count the same pairs and the different pairs separately."
    return judge("error_rates", attempt, far_frr, edges, draw, hint, as_input=torch.tensor)
