"""Scores of LFW's pairs, judged: accuracy over ten folds, EER, TAR, AUC, each with its interval."""

import numpy as np
import torch

from lib import course
from lib.evaluation import (
    auc,
    bootstrap_interval,
    equal_error_rate,
    lfw_accuracy,
    pair_scores,
    paired_interval,
    tar_at_far,
)
from tools.faces.face_alignment import DEVELOPMENT, Pairs

FARS = (1e-2, 1e-3)
KEYS, TITLES = ("eer", "tar2", "tar3", "auc"), ("EER", "TAR at FAR 1 %", "TAR at FAR 0.1 %", "AUC")


def resamples() -> int:
    return course.by_budget(quick=20, full=200)


def accuracy(scores, same, fold, groups=None) -> tuple[float, float]:
    """(mean, standard deviation) over folds, each with the threshold that is best on the others.

    groups  masks (M,) of the pairs that one network scores; a fold takes its threshold from the
            other folds of its group alone
    """
    groups = [np.ones(len(fold), bool)] if groups is None else groups
    parts = np.array(
        [[*lfw_accuracy(scores[g], same[g], fold[g]), len(np.unique(fold[g]))] for g in groups]
    )
    mean, std, folds = parts.T
    middle = np.average(mean, weights=folds)
    variance = np.average(std**2 + (mean - middle) ** 2, weights=folds)  # over all folds
    return float(middle), float(np.sqrt(variance))


def figures(scores, same) -> np.ndarray:
    """EER, TAR at each of FARS, AUC; NaN where there are too few different pairs."""
    tars = [
        tar_at_far(scores, same, far)[0] if far * (~same).sum() >= 1 - 1e-9 else np.nan
        for far in FARS
    ]
    return np.array([equal_error_rate(scores, same)[0], *tars, auc(scores, same)])


def row(
    method: str, scores: np.ndarray, pairs: Pairs, identity: np.ndarray, groups=None, **more
) -> dict:
    """Accuracy over folds, and the pooled figures with their intervals.

    A figure that these pairs cannot give is left out, and "source" says so.
    """
    i, j, same, fold = pairs
    mean, std = accuracy(scores, same, fold, groups)
    eight = ~np.isin(fold, DEVELOPMENT)
    eight_groups = groups and [group[eight] for group in groups]
    found = {
        "method": method,
        "mean": mean,
        "std": std,
        "eight": accuracy(scores[eight], same[eight], fold[eight], eight_groups)[0],
        "wrong": round(6000 * (1 - mean)) if len(i) == 6000 else None,
    }
    low, high = bootstrap_interval(
        figures, scores, same, (identity[i], identity[j]), resamples=resamples()
    )
    missing = []
    for name, title, value, *interval in zip(KEYS, TITLES, figures(scores, same), low, high):
        if np.isnan([value, *interval]).any():
            missing.append(title)
        else:
            found |= {name: float(value), f"{name}_interval": [float(end) for end in interval]}
    if missing:
        found["source"] = f"{(~same).sum()} different pairs are too few for {' and '.join(missing)}"
    print({k: v for k, v in found.items() if not k.endswith("interval")}, flush=True)
    return found | more


def gain(before: np.ndarray, after: np.ndarray, pairs: Pairs, identity: np.ndarray) -> dict:
    """{"points", "interval"}: how far the EER falls from scores `before` (M,) to `after` (M,)."""
    i, j, same, _ = pairs
    people = identity[i], identity[j]
    fall = equal_error_rate(before, same)[0] - equal_error_rate(after, same)[0]
    ends = paired_interval(equal_error_rate, before, after, same, people, resamples=resamples())
    return {"points": 100 * fall, "interval": [100 * end for end in ends]}


# -- methods without learning ----------------------------------------------------------------------


def grey(images: np.ndarray, side: int = 40) -> np.ndarray:
    """uint8 (N, H, W, 3) -> float (N, side * side), each image with mean 0 and variance 1"""
    x = torch.from_numpy(images.mean(3))[:, None].float()
    x = torch.nn.functional.interpolate(x, (side, side), mode="bilinear", antialias=True)
    x = x.flatten(1).numpy()
    return (x - x.mean(1, keepdims=True)) / (x.std(1, keepdims=True) + 1e-6)


def eigenface_scores(pixels: np.ndarray, i, j, fold, size: int = 128) -> np.ndarray:
    """Cosine of whitened principal components, computed without images of the pair's own fold."""
    scores = np.zeros(len(i))
    for one in np.unique(fold):
        test = fold == one
        others = np.setdiff1d(np.r_[i[~test], j[~test]], np.r_[i[test], j[test]])
        mean = pixels[others].mean(0)
        values, vectors = np.linalg.eigh(np.cov((pixels[others] - mean).T))
        basis = vectors[:, -size:] / np.sqrt(values[-size:].clip(1e-9))
        scores[test] = pair_scores((pixels - mean) @ basis, i[test], j[test])
    return scores
