"""Scores of pairs: computed from embeddings, and checked before they are measured."""

import math

import numpy as np

from lib.data.arrays import as_array, as_floats, unit_rows


def as_pairs(scores, same) -> tuple[np.ndarray, np.ndarray]:
    """Scores and labels of pairs as arrays: float64 (N,), bool (N,).

    raises  ValueError where they do not fit together, or a kind of pair is missing
    """
    scores, same = as_floats(scores, "scores"), as_array(same)
    if scores.ndim != 1 or scores.shape != same.shape:
        raise ValueError(f"scores and same must be (N,) both, not {scores.shape} and {same.shape}")
    if bad := int((~np.isfinite(scores)).sum()):
        raise ValueError(f"{bad} of {len(scores)} scores are NaN or infinite")
    if same.dtype != bool and not np.isin(same, (0, 1)).all():
        fix = "are these identities? compare them first: identity[i] == identity[j]"
        raise ValueError(f"same must be bool, or 0 and 1; {fix}")
    same = same.astype(bool)
    if same.all() or not same.any():
        missing = "different" if len(same) and same.all() else "same"
        raise ValueError(f"no {missing} pairs among {len(same)}: both kinds are needed")
    return scores, same


def check_threshold(threshold, name: str = "threshold", cosine: bool = True) -> float:
    """The threshold as a float, wherever one enters.

    NaN is neither above nor below a score, so it would accept or reject everybody without a word.

    cosine  True: scores are cosines; False: any finite number will do
    raises  ValueError where it is no finite number, or no cosine
    """
    try:
        value = float(threshold)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value) or (cosine and not -1 <= value <= 1):
        needed = "a cosine, a number from -1 to 1" if cosine else "a finite number"
        raise ValueError(f"{name} must be {needed}, not {threshold!r}")
    return value


def check_margin(margin, name: str = "margin") -> float:
    """The margin as a float; ValueError where it is not from 0 to 2, as two cosines can differ."""
    if check_threshold(margin, name, cosine=False) < 0 or margin > 2:
        raise ValueError(f"{name} must be a number from 0 to 2, not {margin!r}")
    return float(margin)


def check_threshold_table(table, name: str = "a table of thresholds") -> tuple[list, list]:
    """(numbers of templates, thresholds) of a table of thresholds by the size of a gallery.

    table   {"templates": numbers that rise, "threshold": a cosine for each, none falling}
    raises  ValueError, in words, for anything else
    """
    try:
        sizes, values = table["templates"], table["threshold"]
        rising = all(a < b for a, b in zip(sizes, sizes[1:]))
        kept = all(a <= b for a, b in zip(values, values[1:]))
        fits = len(sizes) == len(values) > 0 and 1 <= sizes[0] and sizes[-1] < math.inf
        good = rising and kept and fits and -1 <= values[0] <= values[-1] <= 1
    except (KeyError, IndexError, TypeError):
        good = False
    if not good:
        raise ValueError(f"{name} has a cosine for each number of templates, both rising: {table}")
    return sizes, values


def pair_scores(embeddings, i, j) -> np.ndarray:
    """Cosine similarity of pairs of embeddings; a zero vector scores 0 with everything.

    embeddings  (N, D); i, j (M,) are the two rows of each pair
    returns     float64 (M,) in [-1, 1]
    raises      ValueError for other shapes, NaN, and rows that are not there
    """
    unit = unit_rows(as_floats(embeddings, "embeddings"))
    i, j = as_array(i), as_array(j)
    if unit.ndim != 2 or i.ndim != 1 or i.shape != j.shape:
        shapes = f"{unit.shape}, {i.shape} and {j.shape}"
        raise ValueError(f"embeddings must be (N, D), i and j (M,) both, not {shapes}")
    if not np.isfinite(unit).all():
        raise ValueError("embeddings hold NaN or infinite values: has the network diverged?")
    for rows in (i, j):
        if len(rows) and (
            rows.dtype.kind not in "iu" or not 0 <= rows.min() <= rows.max() < len(unit)
        ):
            raise ValueError(f"i and j must be rows, whole numbers from 0 to {len(unit) - 1}")
    part = max(1, 2**23 // unit.shape[1])  # pairs at once: raw pixels would take gigabytes
    scores = [np.empty(0)]
    for at in range(0, len(i), part):
        scores.append(np.einsum("md,md->m", unit[i[at : at + part]], unit[j[at : at + part]]))
    return np.concatenate(scores).clip(-1, 1)
