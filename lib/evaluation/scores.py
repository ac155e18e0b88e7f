"""Scored pairs as arrays, checked."""

import numpy as np

from lib.data.arrays import as_array


def as_pairs(scores, same) -> tuple[np.ndarray, np.ndarray]:
    """(float64 (N,), bool (N,)); ValueError where they do not fit together, or a kind of pair is missing."""
    scores, same = as_array(scores).astype(np.float64), as_array(same)
    if scores.ndim != 1 or scores.shape != same.shape:
        raise ValueError(f"scores and same must be (N,) both, not {scores.shape} and {same.shape}")
    if not np.isfinite(scores).all():
        raise ValueError(
            f"{(~np.isfinite(scores)).sum()} of {len(scores)} scores are NaN or infinite"
        )
    if same.dtype != bool and not np.isin(same, (0, 1)).all():
        raise ValueError("same must be bool, or 0 and 1")
    same = same.astype(bool)
    if same.all() or not same.any():
        raise ValueError(
            f"{'no different' if len(same) and same.all() else 'no same'} pairs among {len(same)}: both kinds are needed"
        )
    return scores, same


def pair_scores(embeddings, i, j) -> np.ndarray:
    """Cosine similarity of pairs of embeddings: (N, D), (M,), (M,) -> float64 (M,). A zero vector scores 0 with everything."""
    embeddings = as_array(embeddings).astype(np.float64)
    length = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / np.where(length > 0, length, 1)
    i, j = as_array(i), as_array(j)
    part = max(
        1, 2**23 // unit.shape[1]
    )  # all pairs of a few hundred images, as raw pixels, would be gigabytes at once
    scores = [
        np.einsum("md,md->m", unit[i[at : at + part]], unit[j[at : at + part]])
        for at in range(0, len(i), part)
    ]
    return np.concatenate([*scores, np.empty(0)]).clip(-1, 1)
