"""Calibration: from a score to a log likelihood ratio (natural logarithm).

A ratio above 0 speaks for one identity, below 0 for two. Cllr is the mean cost of such values.
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
    """Cost of log likelihood ratios, in bits: 0 is perfect, 1 is what llr = 0 for every pair costs.

    llr     (N,) natural logarithms of likelihood ratios, not raw scores: calibrate those first
    source  Brummer, du Preez 2006
    """
    llr, same = as_pairs(llr, same)
    cost_same, cost_different = np.logaddexp(0, -llr[same]), np.logaddexp(0, llr[~same])
    return float((cost_same.mean() + cost_different.mean()) / (2 * np.log(2)))


def min_cllr(scores, same) -> float:
    """Cllr of the best monotone calibration of these scores, fitted on themselves, in bits.

    It is the cost of imperfect discrimination alone; what Cllr is above it, calibration costs.

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
    cost_same = share_same @ np.where(share_same > 0, bits_same, 0)
    cost_different = share_different @ np.where(share_different > 0, bits_different, 0)
    return float((cost_same + cost_different) / 2)


def fit_calibration(scores, same) -> Calibration:
    """The line from scores to log likelihood ratios with the least Cllr: logistic regression.

    Both kinds of pairs weigh one half. Fit it on other identities than those it is judged on. Where
    scores separate the kinds entirely, a small ridge keeps the slope finite.

    source  Brummer, du Preez 2006; Platt 1999
    """
    from sklearn.linear_model import LogisticRegression

    scores, same = as_pairs(scores, same)
    centre, spread = scores.mean(), scores.std()
    if spread == 0:
        return Calibration(0.0, 0.0)  # one score for every pair tells nothing
    weight = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())
    line = LogisticRegression(C=1e6, solver="newton-cholesky", tol=1e-10)
    line.fit(((scores - centre) / spread)[:, None], same, sample_weight=weight)
    slope = float(line.coef_[0, 0]) / spread
    return Calibration(float(slope), float(line.intercept_[0] - slope * centre))
