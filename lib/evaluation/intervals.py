"""95 % intervals that resample whole groups (people, characters, runs) instead of single pairs.

Pairs that share a person are not independent. Each draw takes as many groups as there are, with
replacement, and each group brings everything that belongs to it.
"""

import math
import warnings
from collections.abc import Callable

import numpy as np

from lib.data.arrays import as_array, as_floats, check_labels, check_whole_number
from lib.evaluation.scores import as_pairs


def bootstrap_interval(
    metric: Callable, scores, same, identities, *, resamples: int = 1000, seed: int = 0
):
    """95 % percentile interval of `metric(scores, same)`, resampling identities.

    An identity drawn w times brings its own pairs w times, and its pairs with an identity drawn
    v times w v times. Draws in which the metric is undefined (no same pair left) are left out.

    metric      returns a number, a tuple whose first entry counts, or an array (a band)
    identities  (identity_i, identity_j), each (N,): the two identities of every pair; equal for a
                skilled forgery
    returns     (low, high)
    raises      ValueError for fewer than two identities, or more than half the draws undefined
    source      Bolle, Ratha, Pankanti 2004, subset bootstrap
    """
    scores, same = as_pairs(scores, same)
    order = np.argsort(-scores, kind="stable")  # once here, so that each draw comes sorted

    def value(rows: np.ndarray):
        return _first(metric(scores[rows], same[rows]))

    return _over_pairs(value, order, identities, resamples, seed)


def paired_interval(
    metric: Callable, scores, baseline, same, identities, *, resamples: int = 1000, seed: int = 0
):
    """95 % interval of `metric(scores, same) - metric(baseline, same)`, same people for both.

    What two systems share cancels in the difference, so this interval says whether one of them is
    better; the overlap of their own two intervals does not.

    scores, baseline  (N,) scores of the same pairs by two systems
    others            as `bootstrap_interval`
    """
    scores, same = as_pairs(scores, same)
    baseline, _ = as_pairs(baseline, same)

    def difference(rows: np.ndarray):
        return _first(metric(scores[rows], same[rows])) - _first(metric(baseline[rows], same[rows]))

    return _over_pairs(difference, np.arange(len(same)), identities, resamples, seed)


def _first(value):
    return value[0] if isinstance(value, tuple) else value


def _over_pairs(value: Callable, order: np.ndarray, identities, resamples: int, seed: int):
    """2.5 and 97.5 percentiles of `value(rows)` over draws; rows repeat the pairs in this order."""
    first, second = (as_array(side) for side in identities)
    if first.shape != order.shape or second.shape != order.shape:
        shapes = f"not {first.shape} and {second.shape}"
        raise ValueError(f"identities must be two arrays of {len(order)}, {shapes}")
    check_whole_number("resamples", resamples, least=1)
    both = check_labels(np.concatenate([first[order], second[order]]), "identities", text=True)
    people, codes = np.unique(both, return_inverse=True)
    i, j = np.split(codes, 2)
    if len(people) < 2:
        raise ValueError("one identity only: there is nothing to resample")
    values = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a draw of few people may turn its scores
        for drawn in draw_groups(len(people), resamples, seed):
            times = np.bincount(drawn, minlength=len(people))
            rows = np.repeat(order, np.where(i == j, times[i], times[i] * times[j]))
            try:
                values.append(value(rows))
            except ValueError:
                continue
    if 2 * len(values) < resamples:
        failed = f"the metric is undefined in {resamples - len(values)} of {resamples} draws"
        raise ValueError(f"{failed}: too few identities or pairs for an interval")
    low, high = np.percentile(np.stack(values), [2.5, 97.5], axis=0)
    return (float(low), float(high)) if np.ndim(low) == 0 else (low, high)


def draw_groups(count: int, resamples: int, seed: int) -> np.ndarray:
    """(resamples, count): each row draws `count` of `count` groups with replacement."""
    return np.random.default_rng(seed).integers(count, size=(resamples, count))


def interval_over(
    values, groups, kinds=None, resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile interval of the mean of `values` (N,), resampling whole groups (N,).

    kinds  (N,), optional: the mean is that of the kinds' means, so each kind counts alike
           (balanced accuracy). A kind that a draw misses counts as 0
    """
    values, groups = as_floats(values, "values"), check_labels(groups, "groups", text=True)
    kinds = np.zeros_like(groups) if kinds is None else check_labels(kinds, "kinds", text=True)
    if not values.shape == groups.shape == kinds.shape or not np.isfinite(values).all():
        shapes = f"{values.shape}, {groups.shape} and {kinds.shape}"
        raise ValueError(f"values and groups (and kinds) must be (N,), values finite, not {shapes}")
    names, group = np.unique(groups, return_inverse=True)
    _, kind = np.unique(kinds, return_inverse=True)
    total, size = np.zeros((2, kind.max() + 1, len(names)))  # (kinds, groups) each
    np.add.at(total, (kind, group), values)
    np.add.at(size, (kind, group), 1)
    drawn = draw_groups(len(names), resamples, seed)
    means = total[:, drawn].sum(2) / np.maximum(size[:, drawn].sum(2), 1)  # (kinds, resamples)
    low, high = np.percentile(means.mean(0), [2.5, 97.5])
    return float(low), float(high)


def wilson_interval(successes: float, trials: int) -> tuple[float, float]:
    """95 % interval of a share, as if all trials were independent.

    Correct near 0 and 1 too, where p +- 2 standard errors is not.

    source  Wilson 1927
    """
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"{successes} successes of {trials} trials: from 0 to all of 1 or more")
    z, p = 1.959964, successes / trials
    centre = p + z * z / (2 * trials)
    half_width = z * math.sqrt(p * (1 - p) / trials + (z / (2 * trials)) ** 2)
    scale = 1 + z * z / trials
    return (centre - half_width) / scale, (centre + half_width) / scale
