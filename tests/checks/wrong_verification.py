"""Plausible wrong answers to the exercises of the lesson on verification.

A docstring holds the words that the check's message must contain, divided by |.
"""

import numpy as np


def to_cosine__the_half_is_missing(value, metric):
    """value = 1, metric = l2 | you returned 0; expected 0.5"""
    return {"cosine": value, "l2": 1 - value**2, "squared l2": 1 - value}[metric]


def to_cosine__l2_is_not_squared(value, metric):
    """metric = l2 | expected -1 | Square an L2 distance"""
    return value if metric == "cosine" else 1 - value / 2


def to_cosine__every_metric_is_a_distance(value, metric):
    """value = 0.4, metric = cosine | A cosine stays as it is"""
    return 1 - (value**2 if metric == "l2" else value) / 2


def to_cosine__squared_is_squared_again(value, metric):
    """metric = squared l2 | This distance is squared already"""
    return value if metric == "cosine" else 1 - value**2 / 2


def to_cosine__one_minus_the_cosine(value, metric):
    """metric = cosine | A cosine stays as it is"""
    return {"cosine": 1 - value, "l2": 1 - value**2 / 2, "squared l2": 1 - value / 2}[metric]


def to_cosine__formula_not_inverted(value, metric):
    """expected 0.5"""
    return {"cosine": value, "l2": 2 - 2 * value**2, "squared l2": 2 - 2 * value}[metric]


def to_cosine__sign_reversed(value, metric):
    """you returned -0.5; expected 0.5"""
    return {"cosine": -value, "l2": value**2 / 2 - 1, "squared l2": value / 2 - 1}[metric]


def _threshold(scores, same, far):
    return min(t for t in scores if (scores[~same] >= t).mean() <= far + 1e-12)


def _rates(scores, same, threshold):
    return (scores[~same] >= threshold).mean(), (scores[same] >= threshold).mean()


def choose_and_measure__the_threshold_is_fitted_where_it_is_measured(
    chosen_scores, chosen_same, scores, same, far
):
    """The first group sets the threshold"""
    return _rates(scores, same, _threshold(scores, same, far))


def choose_and_measure__measured_where_it_was_chosen(chosen_scores, chosen_same, scores, same, far):
    """only the second group is measured"""
    return _rates(chosen_scores, chosen_same, _threshold(chosen_scores, chosen_same, far))


def choose_and_measure__all_pairs_together(chosen_scores, chosen_same, scores, same, far):
    """At 0.5, the lowest threshold that holds"""
    s, y = np.append(chosen_scores, scores), np.append(chosen_same, same)
    return _rates(scores, same, _threshold(s, y, far))


def choose_and_measure__equal_is_not_accepted(chosen_scores, chosen_same, scores, same, far):
    """A score equal to the threshold is accepted"""
    at = _threshold(chosen_scores, chosen_same, far)
    return (scores[~same] > at).mean(), (scores[same] > at).mean()


def choose_and_measure__less_than_far_instead_of_at_most(
    chosen_scores, chosen_same, scores, same, far
):
    """exactly `far` is allowed"""
    return _rates(
        scores,
        same,
        min(t for t in chosen_scores if (chosen_scores[~chosen_same] >= t).mean() < far),
    )


def choose_and_measure__a_quantile_of_all_pairs(chosen_scores, chosen_same, scores, same, far):
    """At 0.5, the lowest threshold that holds"""
    return _rates(scores, same, np.quantile(chosen_scores, 1 - far))


def choose_and_measure__a_quantile_of_the_strangers(chosen_scores, chosen_same, scores, same, far):
    """At 0.5, the lowest threshold that holds"""
    return _rates(scores, same, np.quantile(chosen_scores[~chosen_same], 1 - far))


def choose_and_measure__a_share_of_all_pairs(chosen_scores, chosen_same, scores, same, far):
    """a share of the pairs of *different people*"""
    return _rates(
        scores,
        same,
        min(t for t in chosen_scores if ((chosen_scores >= t) & ~chosen_same).mean() <= far),
    )


def choose_and_measure__frr_instead_of_tar(chosen_scores, chosen_same, scores, same, far):
    """Return FAR, TAR"""
    accepted, found = _rates(scores, same, _threshold(chosen_scores, chosen_same, far))
    return accepted, 1 - found


def choose_and_measure__tar_first(chosen_scores, chosen_same, scores, same, far):
    """Return FAR, TAR"""
    return _rates(scores, same, _threshold(chosen_scores, chosen_same, far))[::-1]


def choose_and_measure__the_strictest_that_holds(chosen_scores, chosen_same, scores, same, far):
    """sets the threshold, 0.5"""
    return _rates(
        scores,
        same,
        max(t for t in chosen_scores if (chosen_scores[~chosen_same] >= t).mean() <= far),
    )
