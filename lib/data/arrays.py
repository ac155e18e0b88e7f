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


def unit_rows(x: np.ndarray) -> np.ndarray:
    """(..., D) -> the same with every row divided by its length; a row of zeros stays as it is."""
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.where(length > 0, length, 1)
