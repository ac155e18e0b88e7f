"""Intervals that resample identities, not pairs."""

import math
import warnings
from collections.abc import Callable

import numpy as np

from lib.data.arrays import as_array
from lib.evaluation.scores import as_pairs


def bootstrap_interval(
    metric: Callable,
    scores,
    same,
    identities,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
):
    """Percentile interval of `metric(scores, same)`, resampling identities: pairs that share a person are not independent.

    metric      returns a number, or a tuple whose first entry counts (`equal_error_rate`), or an array (a band, entry by entry)
    identities  (identity_i, identity_j), each (N,): the two identities of every pair; equal for a skilled forgery
    returns     (low, high). An identity drawn w times brings its own pairs w times, and pairs with one drawn v times w v times;
                draws in which the metric is undefined (no same pair left) are left out
    raises      ValueError for fewer than two identities, or where more than half the draws are undefined
    source      Bolle, Ratha, Pankanti 2004, subset bootstrap
    """
    scores, same = as_pairs(scores, same)
    first, second = (as_array(side) for side in identities)
    if first.shape != scores.shape or second.shape != scores.shape:
        raise ValueError(
            f"identities must be two arrays of {len(scores)}, not {first.shape} and {second.shape}"
        )
    order = np.argsort(-scores, kind="stable")  # once here, so that each draw comes sorted
    scores, same = scores[order], same[order]
    people, codes = np.unique(np.concatenate([first[order], second[order]]), return_inverse=True)
    i, j = np.split(codes, 2)
    if len(people) < 2:
        raise ValueError("one identity only: there is nothing to resample")
    rng = np.random.default_rng(seed)
    values = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(resamples):
            drawn = np.bincount(rng.integers(len(people), size=len(people)), minlength=len(people))
            times = np.where(i == j, drawn[i], drawn[i] * drawn[j])
            try:
                value = metric(np.repeat(scores, times), np.repeat(same, times))
            except ValueError:
                continue
            values.append(value[0] if isinstance(value, tuple) else value)
    if 2 * len(values) < resamples:
        raise ValueError(
            f"the metric is undefined in {resamples - len(values)} of {resamples} draws: too few identities or pairs for an interval"
        )
    low, high = np.percentile(np.stack(values), [50 * (1 - level), 50 * (1 + level)], axis=0)
    return (float(low), float(high)) if np.ndim(low) == 0 else (low, high)


def interval_over(values, groups, resamples: int = 2000, seed: int = 0) -> tuple[float, float]:
    """95 % percentile interval of the mean of `values` (N,), resampling whole groups (N,): runs, or characters."""
    values, (names, code) = (
        np.asarray(values, dtype=np.float64),
        np.unique(np.asarray(groups), return_inverse=True),
    )
    total, size = np.bincount(code, values), np.bincount(code)
    drawn = np.random.default_rng(seed).integers(len(names), size=(resamples, len(names)))
    low, high = np.percentile(total[drawn].sum(1) / size[drawn].sum(1), [2.5, 97.5])
    return float(low), float(high)


def wilson_interval(successes: float, trials: int) -> tuple[float, float]:
    """95 % interval of a share, as if all trials were independent (Wilson 1927): honest near 0 and 1, where p +- 2 s is not."""
    z, p = 1.959964, successes / trials
    middle, spread = (
        p + z * z / (2 * trials),
        z * math.sqrt(p * (1 - p) / trials + (z / (2 * trials)) ** 2),
    )
    return (middle - spread) / (1 + z * z / trials), (middle + spread) / (1 + z * z / trials)
