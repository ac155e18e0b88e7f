"""Is a picture good enough to be compared? Five measures, their limits, and the reason in words.

    refusal(crop, points)  # "" or "too dark: more light on the face"

A poor picture scores low with everybody, its owner too. Refusing it before it is compared tells the
person what to change, and keeps it out of the gallery, where it would harm every later comparison.
"""

from typing import NamedTuple

import numpy as np

# At each limit, a network no longer accepts one picture in ten of somebody enrolled. Measured with
# InsightFace's network on photographs of LFW (`python -m tools.faces.quality_limits`, folds 1, 2)
# and with the course's on synthetic faces; the stricter of the two stands here. They refuse 6 % of
# LFW's photographs of folds 3 to 10, most of them as turned away.
DARKEST, BRIGHTEST = 37.5, 193.0  # mean grey of the crop, 0 to 255
FLATTEST = 14.0  # standard deviation of grey
BLURRIEST = 0.37  # variance of the Laplacian at a quarter of the resolution, in variances of grey
SMALLEST = 11.0  # eye distance in pixels of the photograph
TURNED = 0.40  # offset of the nose from the middle between the eyes, in eye distances


class Quality(NamedTuple):
    """What was measured on one face; the units are those of the limits above."""

    grey: float
    spread: float
    sharpness: float
    eye_distance: float
    turn: float  # NaN where only the eyes are known


def measure(crop: np.ndarray, points) -> Quality:
    """Measure one aligned face.

    crop    uint8 (112, 112, 3), RGB
    points  (5, 2) or (4, 2) where eyes, nose and mouth are in the *photograph*, before alignment;
            (2, 2) where only the eyes are known
    raises  ValueError for other shapes or types
    """
    points = np.asarray(points, dtype=np.float64)
    fits = crop.shape == (112, 112, 3) and points.shape in ((5, 2), (4, 2), (2, 2))
    if crop.dtype != np.uint8 or not fits:
        given = f"{crop.dtype} {crop.shape} and {points.shape}"
        raise ValueError(f"a uint8 (112, 112, 3) crop and 5, 4 or 2 points, not {given}")
    grey = crop @ np.array([0.299, 0.587, 0.114])  # (112, 112)
    # In means of 4 x 4 pixels, which grain and JPEG hardly change: (28, 28), then (26, 26).
    small = grey.reshape(28, 4, 28, 4).mean((1, 3))
    above, below, left, right = small[:-2, 1:-1], small[2:, 1:-1], small[1:-1, :-2], small[1:-1, 2:]
    laplacian = left + right + above + below - 4 * small[1:-1, 1:-1]
    sharpness = float(laplacian.var()) / max(float(small.var()), 1e-6)
    across = points[1] - points[0]  # from eye to eye
    distance, turn = float(np.hypot(*across)), float("nan")
    if distance == 0:
        raise ValueError("both eyes lie on one point")
    if len(points) > 2:
        nose = points[2] - points[:2].mean(0)
        turn = abs(float(nose @ across)) / distance**2
    return Quality(float(grey.mean()), float(grey.std()), sharpness, distance, turn)


def refusal(crop: np.ndarray, points) -> str:
    """Why this face should not be compared, and what to do about it; "" where nothing is wrong.

    Arguments as for `measure`.
    """
    found = measure(crop, points)
    faults = {
        "face too small: come closer": found.eye_distance < SMALLEST,
        "turned away: look at the camera": found.turn > TURNED,
        "too dark: more light on the face": found.grey < DARKEST,
        "too bright: less light on the face": found.grey > BRIGHTEST,
        "too flat: no light and shade to see a face by": found.spread < FLATTEST,
        "too blurred: hold still, wipe the lens": found.sharpness < BLURRIEST,
    }
    return next((why for why, is_so in faults.items() if is_so), "")
