"""What a scan tells of the pen it was written with."""

import numpy as np
from scipy import ndimage

from lib.data.published.ink import ink_mask


def saturation(scan: np.ndarray) -> float:
    """Mean colour saturation of the ink of a scan (H, W, 3), 0 (grey) to 1."""
    ink = scan[ink_mask(scan)].astype(float)
    if not len(ink):
        return 0.0
    highest = ink.max(axis=1)
    return float(np.mean((highest - ink.min(axis=1)) / np.maximum(highest, 1)))


def mean_darkness(scan: np.ndarray) -> float:
    """Mean darkness of the ink of a scan (H, W, 3), 0 (white) to 1 (black)."""
    ink = scan[ink_mask(scan)]
    return float(1 - ink.mean() / 255) if len(ink) else 0.0


def stroke_width(scan: np.ndarray) -> float:
    """Mean width of the strokes in pixels, the area of the ink over half its outline.

    It depends on the pen's tip, and on how hard and how slowly the hand writes.
    """
    mask = ink_mask(scan)
    outline = mask & ~ndimage.binary_erosion(mask)
    return float(2 * mask.sum() / max(outline.sum(), 1))
