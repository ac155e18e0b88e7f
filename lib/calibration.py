"""From a score to a likelihood ratio: how many times likelier is this score for one identity than for two? (through `lib.evaluation`)

A log likelihood ratio (natural logarithm) above 0 speaks for same, below 0 for different; Cllr is its price in bits.
"""

from typing import NamedTuple

import numpy as np

from lib.scores import as_pairs


class Calibration(NamedTuple):
    """llr = slope * score + offset."""

    slope: float
    offset: float

    def __call__(self, scores) -> np.ndarray:
        return self.slope * np.asarray(scores, dtype=np.float64) + self.offset


def cllr(llr, same) -> float:
    """Cost of log likelihood ratios, in bits: 0 is perfect, 1 is a system that always says "I do not know" (llr 0).

    llr     (N,) natural logarithms of likelihood ratios, not raw scores: calibrate those first
    source  Brummer, du Preez 2006, equation 25
    """
    llr, same = as_pairs(llr, same)
    return float((np.logaddexp(0, -llr[same]).mean() + np.logaddexp(0, llr[~same]).mean()) / (2 * np.log(2)))


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
    return float((share_same @ np.where(share_same > 0, bits_same, 0) + share_different @ np.where(share_different > 0, bits_different, 0)) / 2)


def fit_calibration(scores, same) -> Calibration:
    """The straight line from scores to log likelihood ratios that costs least: logistic regression, both kinds weighing one half.

    Fit it on other identities than those it is judged on. Where scores separate the kinds entirely, the slope is held finite.

    source  Brummer, du Preez 2006; Platt 1999
    """
    from sklearn.linear_model import LogisticRegression

    scores, same = as_pairs(scores, same)
    centre, spread = scores.mean(), scores.std() or 1.0
    model = LogisticRegression(C=1e6 / len(scores), class_weight="balanced", solver="newton-cholesky", tol=1e-10, max_iter=200)
    model.fit(((scores - centre) / spread)[:, None], same)
    slope = float(model.coef_[0, 0]) / spread
    return Calibration(slope, float(model.intercept_[0]) - slope * centre)
