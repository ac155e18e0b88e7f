"""From a score to a likelihood ratio: how many times likelier is this score for one identity than for two? (through `lib.evaluation`)

A log likelihood ratio (natural logarithm) above 0 speaks for same, below 0 for different; Cllr is its price in bits.
"""

from typing import NamedTuple

import numpy as np

from lib.evaluation.scores import as_pairs


class Calibration(NamedTuple):
    """llr = slope * score + offset."""

    slope: float
    offset: float

    def __call__(self, scores) -> np.ndarray:
        return self.slope * np.asarray(scores, dtype=np.float64) + self.offset


def cllr(llr, same) -> float:
    """Cost of log likelihood ratios, in bits: 0 is perfect, 1 is a system that always says "I do not know" (llr 0).

    llr     (N,) natural logarithms of likelihood ratios, not raw scores: calibrate those first
    source  Brummer, du Preez 2006
    """
    llr, same = as_pairs(llr, same)
    return float(
        (np.logaddexp(0, -llr[same]).mean() + np.logaddexp(0, llr[~same]).mean()) / (2 * np.log(2))
    )


def min_cllr(scores, same) -> float:
    """Cllr of the best monotone calibration of these scores, fitted on themselves: what discrimination alone costs, in bits.

    source  Brummer, du Preez 2006: pool adjacent violators, both kinds of pairs weighing one half
    """
    from sklearn.isotonic import isotonic_regression

    scores, same = as_pairs(scores, same)
    _, which = np.unique(scores, return_inverse=True)  # equal scores get one likelihood ratio
    share_same = np.bincount(which, same) / same.sum()
    share_different = np.bincount(which, ~same) / (~same).sum()
    weight = share_same + share_different
    posterior = isotonic_regression(share_same / weight, sample_weight=weight)
    with np.errstate(divide="ignore"):
        bits_same, bits_different = -np.log2(posterior), -np.log2(1 - posterior)
    return float(
        (
            share_same @ np.where(share_same > 0, bits_same, 0)
            + share_different @ np.where(share_different > 0, bits_different, 0)
        )
        / 2
    )


def fit_calibration(scores, same) -> Calibration:
    """The straight line from scores to log likelihood ratios that costs least: logistic regression, both kinds weighing one half.

    Fit it on other identities than those it is judged on. Where scores separate the kinds entirely, the slope is held finite.

    source  Brummer, du Preez 2006; Platt 1999
    """
    scores, same = as_pairs(scores, same)
    centre, spread = scores.mean(), scores.std()
    if spread == 0:
        return Calibration(0.0, 0.0)  # one score for everything says nothing
    x = np.stack([(scores - centre) / spread, np.ones_like(scores)], axis=1)  # (N, 2)
    weight = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())
    ridge = np.diag([1e-6, 0.0])  # what holds the slope of separable scores

    def cost(line: np.ndarray) -> float:
        return (
            weight @ np.logaddexp(0, np.where(same, -1, 1) * (x @ line)) + line @ ridge @ line / 2
        )

    line = np.zeros(2)
    for _ in range(
        100
    ):  # Newton's method, halving a step that overshoots; under 20 rounds are usual
        p = 1 / (1 + np.exp(-(x @ line)))
        slope = x.T @ (weight * (p - same)) + ridge @ line
        step = np.linalg.solve(
            (x.T * (weight * p * (1 - p))) @ x + ridge + 1e-12 * np.eye(2), slope
        )
        while cost(line - step) > cost(line) and np.abs(step).max() > 1e-12:
            step /= 2
        line = line - step
        if np.abs(step).max() < 1e-10:
            break
    return Calibration(float(line[0] / spread), float(line[1] - line[0] * centre / spread))
