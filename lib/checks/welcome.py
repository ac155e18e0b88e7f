"""Checks of lesson 0: a decision, and the two error rates of a threshold. Expected values are counted pair by pair."""

import numpy as np
import torch

from lib.checks.judge import Case, generator, judge


def decide(attempt) -> bool | None:
    """`(scores (N,), threshold) -> bool (N,)`: accept where the score reaches the threshold."""
    return judge(attempt, _decide_cases(), name="decide")


def _decide_cases():
    for scores, threshold, why in (
        ([0.75], 0.5, "a larger score is more alike: accept it"),
        ([0.25], 0.5, "a smaller score is less alike: turn it away"),
        ([0.5], 0.5, "a score that reaches the threshold exactly is accepted: >="),
        (
            [-0.75],
            0.5,
            "scores run from -1 to 1, and -0.75 is the opposite direction, not a strong yes",
        ),
        ([-0.5, -0.1], -0.25, "a threshold may lie below 0"),
        ([0.25, 0.75, 0.5], 0.5, "one answer for each score"),
    ):
        yield Case(
            {"scores": torch.tensor(scores), "threshold": threshold},
            np.array([score >= threshold for score in scores]),
            why,
        )
    rng = generator()
    for _ in range(100):
        scores = 2 * torch.rand(int(torch.randint(1, 9, (), generator=rng)), generator=rng) - 1
        threshold = round(2 * float(torch.rand((), generator=rng)) - 1, 2)
        expected = np.array([score >= threshold for score in scores.tolist()])
        yield Case(
            {"scores": scores, "threshold": threshold},
            expected,
            "accept where score >= threshold",
            True,
        )


def error_rates(attempt) -> bool | None:
    """`(scores (N,), same (N,) bool, threshold) -> (FAR, FRR)`: strangers accepted, same pairs rejected, each a share of its kind."""
    return judge(attempt, _rates_cases(), name="error_rates")


def _rates_cases():
    for scores, same, threshold, why in (
        (
            [0.75, 0.25],
            [False, True],
            0.5,
            "a stranger gets in and the owner does not: both rates are 1",
        ),
        ([0.75, 0.25], [True, False], 0.5, "everybody is judged right: both rates are 0"),
        (
            [0.9, 0.6, 0.1, 0.2, 0.3],
            [False, True, False, False, False],
            0.5,
            "the order is FAR, FRR; FAR is a share of the pairs of different people, not of all pairs, and not a count",
        ),
        ([0.5, 0.5], [False, True], 0.5, "a score at the threshold is accepted: >="),
        (
            [0.1, 0.2, 0.9, 0.3],
            [True, True, True, False],
            0.5,
            "FRR is the share of same pairs that are turned away; those let in are TAR = 1 - FRR",
        ),
    ):
        yield _rates_case(scores, same, threshold, why)
    rng = generator()
    for _ in range(100):
        n = int(torch.randint(2, 40, (), generator=rng))
        scores, same = 2 * torch.rand(n, generator=rng) - 1, torch.rand(n, generator=rng) < 0.4
        same[0], same[1] = True, False
        yield _rates_case(
            scores.tolist(),
            same.tolist(),
            round(float(torch.rand((), generator=rng)) - 0.3, 2),
            "count both kinds apart",
            True,
        )


def _rates_case(scores, same, threshold, why, random=False) -> Case:
    strangers = [score for score, alike in zip(scores, same) if not alike]
    owners = [score for score, alike in zip(scores, same) if alike]
    expected = (
        sum(score >= threshold for score in strangers) / len(strangers),
        sum(score < threshold for score in owners) / len(owners),
    )
    return Case(
        {
            "scores": torch.tensor(scores),
            "same": torch.from_numpy(np.array(same)),
            "threshold": threshold,
        },
        expected,
        why,
        random,
    )
