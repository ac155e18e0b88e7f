"""Error rates, curves and thresholds of a verifier, from scores of pairs.

Scores are similarities, as lists, arrays or tensors: negate a distance. Accept when score >=
threshold. Every function raises ValueError, in words, for NaN, for lengths that differ, and where
same or different pairs are missing.

FAR: share of different pairs accepted. FRR: share of same pairs rejected. TAR = 1 - FRR.
"""

import warnings
from typing import NamedTuple

import numpy as np

from lib.data.arrays import as_floats, check_labels, check_whole_number
from lib.evaluation.intervals import bootstrap_interval
from lib.evaluation.scores import as_pairs, check_threshold


class Roc(NamedTuple):
    """One point for each distinct score as threshold, the strictest first; each float64 (T,)."""

    far: np.ndarray
    tar: np.ndarray
    threshold: np.ndarray


def roc(scores, same) -> Roc:
    """The receiver operating characteristic: (FAR, TAR) at every threshold that makes a difference.

    returns `Roc`; the first point accepts nobody, at a finite threshold just above the best score
    source  as scikit-learn's roc_curve(drop_intermediate=False)
    """
    scores, same = as_pairs(scores, same)
    order = np.argsort(-scores, kind="stable")
    scores, same = scores[order], same[order]
    last = np.flatnonzero(np.append(np.diff(scores) != 0, True))  # equal scores go together
    accepted_same = np.cumsum(same)[last]
    accepted_different = last + 1 - accepted_same
    nobody = scores[0] + 1e-6 * max(1.0, abs(scores[0]))  # above the best score in float32 too
    far = np.append(0.0, accepted_different / accepted_different[-1])
    tar = np.append(0.0, accepted_same / accepted_same[-1])
    return Roc(far, tar, np.append(nobody, scores[last]))


def auc(scores, same) -> float:
    """Area under the ROC: how often a same pair scores above a different one; a tie counts half."""
    curve = roc(scores, same)
    return float(np.trapezoid(curve.tar, curve.far))


def far_frr(scores, same, threshold: float) -> tuple[float, float]:
    """(FAR, FRR) of accepting every score >= threshold."""
    scores, same = as_pairs(scores, same)
    accepted = scores >= check_threshold(threshold, cosine=False)
    return float(accepted[~same].mean()), float((~accepted[same]).mean())


def equal_error_rate(scores, same, identities=None) -> tuple[float, float]:
    """(EER, threshold) where FAR and FRR are equal, on straight lines between points of the ROC.

    identities  optional (identity_i, identity_j), each (N,), for the interval that `raises` needs
    warns       in words where the EER is above one half: then larger scores mean *less* alike
    raises      ValueError where moreover its 95 % interval over identities lies above one half
    """
    far, tar, threshold = roc(scores, same)
    gap = far - (1 - tar)  # rises from -1 to 1
    k = int(np.argmax(gap > -1e-12))
    if abs(gap[k]) < 1e-12:  # equal from this score down to the next: take the middle
        eer, at = far[k], (threshold[k] + threshold[k + 1]) / 2
    else:
        t = gap[k - 1] / (gap[k - 1] - gap[k])
        eer = far[k - 1] + t * (far[k] - far[k - 1])
        at = threshold[k - 1] + t * (threshold[k] - threshold[k - 1])
    if eer > 0.5:
        message = f"EER {eer:.1%}: above 50 %, so these scores are larger for *different* pairs. "
        message += "Are they distances? Negate them"
        if identities is not None:
            low, _ = bootstrap_interval(equal_error_rate, scores, same, identities, resamples=200)
            if low > 0.5:
                raise ValueError(message)
        warnings.warn(message, stacklevel=2)
    return float(eer), float(at)


def tar_at_far(scores, same, far: float) -> tuple[float, float]:
    """(TAR, threshold): true accept rate at the lowest threshold whose FAR does not exceed `far`.

    far     in (0, 1); needs at least 1 / far different pairs
    raises  ValueError if the pairs cannot resolve `far`
    source  ISO/IEC 19795-1; Grother et al., FRVT
    """
    scores, same = as_pairs(scores, same)
    different = int((~same).sum())
    if not 0 < far < 1 or far * different < 1 - 1e-9:
        needed = "must lie in (0, 1) and needs at least 1 / far different pairs"
        raise ValueError(f"far={far} {needed}; there are {different}")
    curve = roc(scores, same)
    k = np.flatnonzero(curve.far <= far + 1e-12)[-1]
    return float(curve.tar[k]), float(curve.threshold[k])


def lfw_accuracy(scores, same, folds=10, thresholds=None) -> tuple[float, float]:
    """(mean, standard deviation) of accuracy over folds, each with the others' best threshold.

    folds       a number of contiguous folds in file order, or (N,) the fold of each pair
    thresholds  the grid to choose from, strictest first; None: every midpoint between two
                neighbouring scores. Of equally good thresholds the first is taken
    returns     the standard deviation is the population's, a habit of later code. LFW's authors
                state the standard error of the mean instead: this number / sqrt(folds - 1)
    source      Huang et al. 2007 (LFW), view 2; InsightFace's `calculate_roc`, which takes squared
                distances d < t: pass -d and the grid -t
    """
    scores, same = as_pairs(scores, same)
    if isinstance(folds, (int, np.integer)):
        if check_whole_number("folds", folds, least=2) > len(scores):
            raise ValueError(f"folds={folds} must lie in 2 ... {len(scores)}, the number of pairs")
        folds = np.repeat(np.arange(folds), [len(part) for part in np.array_split(scores, folds)])
    folds = check_labels(folds, "folds", text=True)
    if folds.shape != scores.shape or len(np.unique(folds)) < 2:
        raise ValueError(f"folds: a number, or {len(scores)} fold numbers of two folds or more")
    if thresholds is not None:
        thresholds = as_floats(thresholds, "thresholds")
        if not (thresholds.size and np.isfinite(thresholds).all()):
            raise ValueError("thresholds must be one finite number or more")
    accuracies = []
    for fold in np.unique(folds):
        test = folds == fold
        train_scores, train_same = scores[~test], same[~test]
        grid = _midpoints(train_scores) if thresholds is None else thresholds
        threshold = grid[np.argmax(_correct(train_scores, train_same, grid))]
        accuracies.append(np.mean((scores[test] >= threshold) == same[test]))
    return float(np.mean(accuracies)), float(np.std(accuracies))


def _midpoints(scores: np.ndarray) -> np.ndarray:
    """Between every two neighbouring scores, and beyond both ends, strictest first."""
    distinct = np.unique(scores)[::-1]
    middles = (distinct[:-1] + distinct[1:]) / 2
    return np.concatenate([[distinct[0] + 1e-6], middles, [distinct[-1] - 1e-6]])


def _correct(scores: np.ndarray, same: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """How many pairs each threshold decides correctly: accepts if same, rejects if different."""
    rejected_same = np.searchsorted(np.sort(scores[same]), thresholds, side="left")
    rejected_different = np.searchsorted(np.sort(scores[~same]), thresholds, side="left")
    return same.sum() - rejected_same + rejected_different


def convert_threshold(value, source: str, target: str):
    """A threshold (or any value) for unit vectors in another metric: "cosine", "l2", "squared l2".

    l2^2 = 2 - 2 cos, so squared l2 1.5 is cosine 0.25 and l2 1.0 is cosine 0.5. Accept at or above
    a cosine, at or below a distance.

    raises  ValueError for values that unit vectors cannot have, such as a distance of 10
    """
    ranges = {"cosine": (-1, 1), "l2": (0, 2), "squared l2": (0, 4)}
    if source not in ranges or target not in ranges:
        raise ValueError(f"metrics are {', '.join(ranges)}; not {source!r} or {target!r}")
    value = as_floats(value, "value")
    low, high = ranges[source]
    if not ((value >= low - 1e-6) & (value <= high + 1e-6)).all():
        off = f"{source} of unit vectors lies in [{low}, {high}], not {value}"
        raise ValueError(f"{off}; are the embeddings normalised?")
    value = value.clip(low, high)
    squared = {"cosine": 2 - 2 * value, "l2": value**2, "squared l2": value}[source]
    result = {"cosine": 1 - squared / 2, "l2": np.sqrt(squared), "squared l2": squared}[target]
    return float(result) if result.ndim == 0 else result
