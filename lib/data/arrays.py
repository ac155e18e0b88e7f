"""Scored pairs as arrays, checked: what `evaluation`, `calibration` and `identification` share."""

import numpy as np


def as_array(x) -> np.ndarray:
    """Lists, arrays, and tensors of any type from any device."""
    if not hasattr(x, "detach"):
        return np.asarray(x)
    x = x.detach().cpu()
    return (
        x.float() if x.dtype.itemsize == 2 and x.is_floating_point() else x
    ).numpy()  # NumPy knows no bfloat16


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
